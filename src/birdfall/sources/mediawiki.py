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
from birdfall.sources.shared.json_log import (
    ROWS_PER_BATCH,
    Gathered,
    Unusable,
    first_object,
    parsed,
    text,
)
from birdfall.sources.shared.open import lines
from birdfall.sources.shared.protocol import Options
from birdfall.sources.shared.timestamps import EARLIEST_MICROSECOND, LATEST_MICROSECOND
from birdfall.sources.table.sql_plan import ended

NAME = "mediawiki"
_KEYS: Final = {"type", "title", "user", "timestamp"}
_USER_NAMESPACE: Final = 2


def sniff(path: Path, head: bytes) -> float:
    """Sure when the first line is a change of a wiki."""
    first = first_object(head)
    if first is None or not first.keys() >= _KEYS:
        return 0.0
    return 1.0 if "wiki" in first or "server_name" in first else 0.5


def read(path: Path, options: Options, progress: Progress) -> Iterator[Rows | Part]:
    """Rows of a file of changes. A line that cannot be read is a rejected row."""
    log = Log(options.source_of(path))
    size = path.stat().st_size
    for number, line, done in lines(path, allow_large=options.allow_large):
        plain = line.strip()
        # of server-sent events only the data lines speak
        if not plain or plain.startswith((b":", b"event:", b"id:", b"retry:")):
            continue
        try:
            log.take(number, parsed(plain.removeprefix(b"data:")))
        except Unusable as error:
            log.gathered.rejections.add(
                number, None, line[:200].decode("utf-8", "replace"), str(error)
            )
        if number % 1024 == 0:
            progress("read", done, size, "bytes")
            yield from log.gathered.rows(at_least=ROWS_PER_BATCH)
    log.end()
    yield from log.gathered.finish()


class Log:
    """Rows of one log, event by event."""

    def __init__(self, source: str) -> None:
        self.gathered = Gathered(source)
        self._wiki: str | None = None
        self._seen: set[int] = set()
        self._ends: dict[str, tuple[int, int]] = {}

    def take(self, number: int, change: dict[str, Any]) -> None:
        if not change.keys() >= _KEYS:
            raise Unusable("not a change of a wiki")
        time = time_of(change["timestamp"])
        wiki = text(change.get("wiki")) or ""
        if self._wiki is None:
            self._wiki = wiki
        if wiki != self._wiki:
            # A block holds on its own wiki only; one name on two wikis would mix two stories.
            self.gathered.left_out[
                "changes of another wiki than the first one's: give each its own file and case"
            ] += 1
            return
        identity = change.get("id")
        if isinstance(identity, int):
            if identity in self._seen:
                self.gathered.left_out["a change that came twice with the same id"] += 1
                return
            self._seen.add(identity)
        self.gathered.heard(time)
        kind, of = change["type"], (change.get("log_type"), change.get("log_action"))
        if kind in ("edit", "new"):
            self._edit(number, change, time)
        elif kind == "log" and of[0] == "block":
            self._block(number, change, time)
        elif kind == "log" and of[0] == "newusers":
            self.gathered.add("accounts", account_of(change), None, time, time, number)
        else:
            what = "/".join(str(v)[:40] for v in (kind, *of) if v)
            self.gathered.left_out[f"changes of kind {what} hold nothing for the record"] += 1

    def end(self) -> None:
        """Blocks whose time was up before the log ended."""
        for account in sorted(self._ends):
            self._due(account, self.gathered.latest or 0)

    def _edit(self, number: int, change: dict[str, Any], time: int) -> None:
        user, title = text(change["user"]), text(change["title"])
        if user is None or title is None:
            raise Unusable("an edit without user or page")
        identity = change.get("id")
        named = None if identity is None else str(identity)[:80]
        comment = text(change.get("comment"))
        self.gathered.add(
            "acts", user, "post", title, time, "page", None, comment, None, named, number
        )

    def _block(self, number: int, change: dict[str, Any], time: int) -> None:
        account = account_of(change)
        if is_address(account):
            self.gathered.left_out["blocks of network addresses are no accounts"] += 1
            return
        action = change.get("log_action")
        if action not in ("block", "reblock", "unblock"):
            raise Unusable("a block of unknown action")
        self._due(account, time)
        self._ends.pop(account, None)
        # without parameters the log says [] where it otherwise has an object
        given = change.get("log_params")
        parameters = given if isinstance(given, dict) else {}
        status = "active" if action == "unblock" else "suspended"
        if status == "suspended" and parameters.get("sitewide") is False:
            status = "limited"
        self.gathered.add(
            "statuses", account, status, time, "change", text(change.get("comment")), number
        )
        if action != "unblock":
            lasts = text(parameters.get("duration")) or text(parameters.get("expiry")) or "infinity"
            try:
                end = ended(time, lasts, None)
            except (ValueError, OverflowError):
                self.gathered.rejections.add(
                    number,
                    "duration",
                    lasts,
                    "the block is taken, its duration cannot be read: it counts as endless",
                )
                return
            if end is not None:
                self._ends[account] = (max(end, time), number)

    def _due(self, account: str, now: int) -> None:
        end, number = self._ends.get(account, (now + 1, 0))
        if end <= now:
            del self._ends[account]
            self.gathered.add("statuses", account, "active", end, "change", "expired", number)


def account_of(change: dict[str, Any]) -> str:
    """Whom a log entry is about. Raises Unusable."""
    title = text(change["title"])
    if title is None:
        raise Unusable("nobody is named")
    # the namespace has another name on every wiki; its number is the same
    name = (
        title.partition(":")[2]
        if change.get("namespace") == _USER_NAMESPACE and ":" in title
        else title
    )
    if not name:
        raise Unusable("nobody is named")
    return name


def is_address(account: str) -> bool:
    """Whether a block is of a network address."""
    try:
        ipaddress.ip_network(account, strict=False)
    except ValueError:
        return False
    return True


def time_of(value: Any) -> int:
    """The time of a change in microseconds. Raises Unusable."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unusable("a timestamp that is no whole number of seconds")
    microseconds = value * 1_000_000
    if not EARLIEST_MICROSECOND <= microseconds < LATEST_MICROSECOND:
        raise Unusable("an implausible timestamp")
    return microseconds
