"""Recent changes of a MediaWiki (the `recentchange` stream or its export), one JSON object a line, also as `data:` lines.

Blocks of accounts are suspensions: `block` and `reblock` suspend (a block of some pages only limits), `unblock`
restores, and a block with a duration ends by itself with the reason "expired", if that end lies within the log. Blocks
of network addresses are no accounts and are counted as left out. Sign-ups say when an account began; edits are acts of
kind `post` on the page. An account is its user name, without the namespace.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.model.units import SECOND_US
from birdfall.sources.shared.json_log import (
    ROWS_PER_BATCH,
    RowBuffers,
    UnusableLine,
    first_object,
    parse_line,
    text_or_none,
)
from birdfall.sources.shared.open import read_lines
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.timestamps import EARLIEST_US, LATEST_US
from birdfall.sources.table.sql_plan import end_of

NAME = "mediawiki"
_KEYS: Final = {"type", "title", "user", "timestamp"}
_USER_NAMESPACE: Final = 2


def sniff(path: Path, head: bytes) -> float:
    """Sure when the first line is a change of a wiki."""
    first = first_object(head)
    if first is None or not first.keys() >= _KEYS:
        return 0.0
    return 1.0 if "wiki" in first or "server_name" in first else 0.5


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """Rows of a file of changes. A line that cannot be read is a rejected row."""
    log = WikiLog(options.source_of(path))
    size = path.stat().st_size
    for number, line, done in read_lines(path, allow_large=options.allow_large):
        plain = line.strip()
        # of server-sent events only the data lines speak
        if not plain or plain.startswith((b":", b"event:", b"id:", b"retry:")):
            continue
        try:
            log.add_event(number, parse_line(plain.removeprefix(b"data:")))
        except UnusableLine as error:
            log.buffers.rejections.add(
                number, None, line[:200].decode("utf-8", "replace"), str(error)
            )
        if number % 1024 == 0:
            progress("read", done, size, "bytes")
            yield from log.buffers.rows(at_least=ROWS_PER_BATCH)
    log.close()
    yield from log.buffers.finish()


class WikiLog:
    """Rows of one log, event by event."""

    def __init__(self, source: str) -> None:
        self.buffers = RowBuffers(source)
        self._wiki: str | None = None
        self._seen: set[int] = set()
        self._ends: dict[str, tuple[int, int]] = {}

    def add_event(self, number: int, change: dict[str, Any]) -> None:
        if not change.keys() >= _KEYS:
            raise UnusableLine("not a change of a wiki")
        time = time_of(change["timestamp"])
        wiki = text_or_none(change.get("wiki")) or ""
        if self._wiki is None:
            self._wiki = wiki
        if wiki != self._wiki:
            # A block holds on its own wiki only; one name on two wikis would mix two stories.
            self.buffers.skipped[
                "changes of another wiki than the first one's: give each its own file and case"
            ] += 1
            return
        identity = change.get("id")
        if isinstance(identity, int):
            if identity in self._seen:
                self.buffers.skipped["a change that came twice with the same id"] += 1
                return
            self._seen.add(identity)
        self.buffers.extend_span(time)
        kind, of = change["type"], (change.get("log_type"), change.get("log_action"))
        if kind in ("edit", "new"):
            self._edit(number, change, time)
        elif kind == "log" and of[0] == "block":
            self._block(number, change, time)
        elif kind == "log" and of[0] == "newusers":
            self.buffers.add("accounts", account_of(change), None, time, time, number)
        else:
            what = "/".join(str(v)[:40] for v in (kind, *of) if v)
            self.buffers.skipped[f"changes of kind {what} hold nothing for the record"] += 1

    def close(self) -> None:
        """Blocks whose time was up before the log ended."""
        for account in sorted(self._ends):
            self._expire(account, self.buffers.latest or 0)

    def _edit(self, number: int, change: dict[str, Any], time: int) -> None:
        user, title = text_or_none(change["user"]), text_or_none(change["title"])
        if user is None or title is None:
            raise UnusableLine("an edit without user or page")
        identity = change.get("id")
        named = None if identity is None else str(identity)[:80]
        comment = text_or_none(change.get("comment"))
        self.buffers.add(
            "acts", user, "post", title, time, "page", None, comment, None, named, number
        )

    def _block(self, number: int, change: dict[str, Any], time: int) -> None:
        account = account_of(change)
        if is_address(account):
            self.buffers.skipped["blocks of network addresses are no accounts"] += 1
            return
        action = change.get("log_action")
        if action not in ("block", "reblock", "unblock"):
            raise UnusableLine("a block of unknown action")
        self._expire(account, time)
        self._ends.pop(account, None)
        # without parameters the log says [] where it otherwise has an object
        given = change.get("log_params")
        parameters = given if isinstance(given, dict) else {}
        status = "active" if action == "unblock" else "suspended"
        if status == "suspended" and parameters.get("sitewide") is False:
            status = "limited"
        self.buffers.add(
            "statuses", account, status, time, "change", text_or_none(change.get("comment")), number
        )
        if action != "unblock":
            lasts = (
                text_or_none(parameters.get("duration"))
                or text_or_none(parameters.get("expiry"))
                or "infinity"
            )
            try:
                end = end_of(time, lasts, None)
            except (ValueError, OverflowError):
                self.buffers.rejections.add(
                    number,
                    "duration",
                    lasts,
                    "the block is taken, its duration cannot be read: it counts as endless",
                )
                return
            if end is not None:
                self._ends[account] = (max(end, time), number)

    def _expire(self, account: str, now: int) -> None:
        end, number = self._ends.get(account, (now + 1, 0))
        if end <= now:
            del self._ends[account]
            self.buffers.add("statuses", account, "active", end, "change", "expired", number)


def account_of(change: dict[str, Any]) -> str:
    """Whom a log entry is about. Raises UnusableLine."""
    title = text_or_none(change["title"])
    if title is None:
        raise UnusableLine("nobody is named")
    # the namespace has another name on every wiki; its number is the same
    name = (
        title.partition(":")[2]
        if change.get("namespace") == _USER_NAMESPACE and ":" in title
        else title
    )
    if not name:
        raise UnusableLine("nobody is named")
    return name


def is_address(account: str) -> bool:
    """Whether a block is of a network address."""
    try:
        ipaddress.ip_network(account, strict=False)
    except ValueError:
        return False
    return True


def time_of(value: Any) -> int:
    """The time of a change in microseconds. Raises UnusableLine."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise UnusableLine("a timestamp that is no whole number of seconds")
    microseconds = value * SECOND_US
    if not EARLIEST_US <= microseconds < LATEST_US:
        raise UnusableLine("an implausible timestamp")
    return microseconds
