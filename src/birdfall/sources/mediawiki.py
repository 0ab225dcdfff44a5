"""Recent changes of a MediaWiki (the `recentchange` stream or its export), one JSON object a line.

The lines may be those of server-sent events (`data: {...}`). Blocks of accounts are suspensions:
`block` and `reblock` suspend (a block of some pages only limits), `unblock` restores, and a block
with a duration ends by itself with the reason "expired", if that end lies within the log. Blocks of
network addresses are no accounts and are counted as skipped. Sign-ups say when an account began;
edits are acts of kind `post` on the page. An account is its user name, without the namespace.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.model.units import SECOND_US
from birdfall.sources.shared.durations import end_of
from birdfall.sources.shared.json_log import EventLog, UnusableLine, first_object, parse_line
from birdfall.sources.shared.json_object import UNREADABLE, JsonObject
from birdfall.sources.shared.open import read_lines
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.record_rows import ROWS_PER_BATCH, AccountRow, ActRow, StatusRow
from birdfall.sources.shared.timestamps import EARLIEST_US, LATEST_US

NAME = "mediawiki"
_KEYS: Final = {"type", "title", "user", "timestamp"}
_USER_NAMESPACE: Final = 2
#: Lines of server-sent events that hold no data.
_STREAM_FIELDS: Final = (b":", b"event:", b"id:", b"retry:")


def sniff(_path: Path, head: bytes) -> float:
    """Certain when the first line is a change of a wiki."""
    first = first_object(head)
    if first is None or not first.keys() >= _KEYS:
        return 0.0
    return 1.0 if "wiki" in first or "server_name" in first else 0.5


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """Rows of a file of changes. A line that cannot be read is a rejected row."""
    log = WikiLog(options.source_of(path))
    size = path.stat().st_size
    for number, line, done in read_lines(path, allow_large=options.allow_large):
        data = line.strip()
        if not data or data.startswith(_STREAM_FIELDS):
            continue
        try:
            log.add_event(number, parse_line(data.removeprefix(b"data:")))
        except UnusableLine as error:
            log.events.reject_line(number, line, str(error))
        if number % 1024 == 0:
            progress("read", done, size, "bytes")
            yield from log.events.rows(at_least=ROWS_PER_BATCH)
    log.close()
    yield from log.events.finish()


def is_change(plain: JsonObject) -> bool:
    """Whether an object has what each change of a wiki has."""
    return plain.keys() >= _KEYS


class WikiLog:
    """Rows of one log of changes, change by change."""

    def __init__(self, source: str) -> None:
        self.events = EventLog(source)
        self._wiki: str | None = None
        self._seen: set[int] = set()
        # account: when its block ends, and the line of the block
        self._ends: dict[str, tuple[int, int]] = {}

    def add_event(self, number: int, change: JsonObject) -> None:
        """Take the change of line `number`. Raises UnusableLine."""
        if not is_change(change):
            raise UnusableLine("not a change of a wiki")
        time = time_of(change.require("timestamp"))
        wiki = change.filled_text("wiki") or ""
        if self._wiki is None:
            self._wiki = wiki
        if wiki != self._wiki:
            # A block holds on its own wiki only; one name on two wikis would mix two stories.
            self.events.skipped[
                "changes of another wiki than the first one's: give each its own file and case"
            ] += 1
            return
        identity = change.value("id")
        if isinstance(identity, int):
            if identity in self._seen:
                self.events.skipped["a change that came twice with the same id"] += 1
                return
            self._seen.add(identity)
        self.events.extend_span(time)
        kind, log = change.require("type"), (change.value("log_type"), change.value("log_action"))
        if kind in ("edit", "new"):
            self._add_edit(number, change, time)
        elif kind == "log" and log[0] == "block":
            self._add_block(number, change, time)
        elif kind == "log" and log[0] == "newusers":
            account = account_of(change)
            self.events.add(AccountRow(account, number, created_at=time, observed_at=time))
        else:
            what = "/".join(str(v)[:40] for v in (kind, *log) if v)
            self.events.skipped[f"changes of kind {what} hold nothing for the record"] += 1

    def close(self) -> None:
        """End the blocks whose time was up before the log ended."""
        for account in sorted(self._ends):
            self._expire(account, self.events.latest or 0)

    def _add_edit(self, number: int, change: JsonObject, time: int) -> None:
        user, title = change.filled_text("user"), change.filled_text("title")
        if user is None or title is None:
            raise UnusableLine("an edit without user or page")
        identity = change.value("id")
        act_id = None if identity is None else str(identity)[:80]
        comment = change.filled_text("comment")
        self.events.add(
            ActRow(user, "post", title, time, number, "page", None, comment, act_id=act_id)
        )

    def _add_block(self, number: int, change: JsonObject, time: int) -> None:
        account = account_of(change)
        if is_address(account):
            self.events.skipped["blocks of network addresses are no accounts"] += 1
            return
        action = change.value("log_action")
        if action not in ("block", "reblock", "unblock"):
            raise UnusableLine("a block of unknown action")
        self._expire(account, time)
        self._ends.pop(account, None)
        # without parameters the log says [] where it otherwise has an object
        parameters = change.child("log_params") or JsonObject({})
        status = "active" if action == "unblock" else "suspended"
        if status == "suspended" and parameters.value("sitewide") is False:
            status = "limited"
        reason = change.filled_text("comment")
        self.events.add(StatusRow(account, status, time, number, reason=reason))
        if action != "unblock":
            self._keep_end(number, account, time, parameters)

    def _keep_end(self, number: int, account: str, time: int, parameters: JsonObject) -> None:
        duration = parameters.filled_text("duration") or parameters.filled_text("expiry")
        try:
            end = end_of(time, duration or "infinity", None)
        except (ValueError, OverflowError):
            self.events.rejections.add(
                number,
                "duration",
                duration,
                "the block is taken, its duration cannot be read: it counts as endless",
            )
            return
        if end is not None:
            self._ends[account] = (max(end, time), number)

    def _expire(self, account: str, now: int) -> None:
        end, number = self._ends.get(account, (now + 1, 0))
        if end <= now:
            del self._ends[account]
            self.events.add(StatusRow(account, "active", end, number, reason="expired"))


def account_of(change: JsonObject) -> str:
    """The account that a log entry is about. Raises UnusableLine."""
    title = change.filled_text("title")
    if title is None:
        raise UnusableLine("nobody is named")
    # the namespace has another name on every wiki; its number is the same
    if change.value("namespace") == _USER_NAMESPACE and ":" in title:
        title = title.partition(":")[2]
    if not title:
        raise UnusableLine("nobody is named")
    if UNREADABLE in title:
        raise UnusableLine("a name with a character that cannot be read")
    return title


def is_address(account: str) -> bool:
    """Whether a block is of a network address or a range of them."""
    try:
        ipaddress.ip_network(account, strict=False)
    except ValueError:
        return False
    return True


def time_of(value: object) -> int:
    """The time of a change, whole seconds since 1970, in microseconds. Raises UnusableLine."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise UnusableLine("a timestamp that is no whole number of seconds")
    microseconds = value * SECOND_US
    if not EARLIEST_US <= microseconds < LATEST_US:
        raise UnusableLine("an implausible timestamp")
    return microseconds
