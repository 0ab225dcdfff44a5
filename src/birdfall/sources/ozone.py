"""Moderation events of Ozone (`tools.ozone.moderation`), one JSON object a line, or in pages.

A report becomes an act of kind `report`: who reported (`account`), whose account or post
(`target`, `object`, `object_kind`), the comment (`text`) and the kind of reason (`client`, as the
protocol names it, without its namespace). A takedown of an account and its reversal change its
status; a takedown with a duration ends by itself, if that end lies within the log. Takedowns of
single posts and all other events (tags, notes, labels) are counted as skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.model.units import HOUR_US
from birdfall.sources.shared.json_log import EventLog, UnusableLine, first_object, parse_line
from birdfall.sources.shared.json_object import UNREADABLE, JsonObject
from birdfall.sources.shared.json_pages import items_of
from birdfall.sources.shared.open import read_lines
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.record_rows import ROWS_PER_BATCH, AccountRow, ActRow, StatusRow
from birdfall.sources.shared.timestamps import NotATime, TimeReader

NAME = "ozone"
_EVENT: Final = "tools.ozone.moderation.defs#modEvent"
_PAGE: Final = re.compile(rb'"events"\s*:\s*\[')
#: Durations of takedowns are below this; more is no duration.
MAX_TAKEDOWN_HOURS: Final = 1e6


def sniff(_path: Path, head: bytes) -> float:
    """Certain when the first line is a moderation event, or a page of them (`queryEvents`)."""
    first = first_object(head)
    event = first.child("event") if first else None
    if event and str(event.value("$type")).startswith(_EVENT):
        return 1.0
    return 0.95 if _PAGE.search(head) and _EVENT.encode() in head else 0.0


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """Rows of a log of moderation events. A line that cannot be read is a rejected row."""
    log = ModerationLog(options.source_of(path))
    size = path.stat().st_size
    for number, line, done in read_lines(path, allow_large=options.allow_large):
        if not line.strip():
            continue
        try:
            found = parse_line(line)
            page = items_of(found, "events")
            # pages begin with the latest
            for event in [found] if page is None else reversed(page):
                log.add_event(number, event)
        except UnusableLine as error:
            log.events.reject_line(number, line, str(error))
        if number % 1024 == 0:
            progress("read", done, size, "bytes")
            yield from log.events.rows(at_least=ROWS_PER_BATCH)
    log.close()
    yield from log.events.finish()


class ModerationLog:
    """Rows of one log of moderation events, event by event."""

    def __init__(self, source: str) -> None:
        self.events = EventLog(source)
        self._handles: set[tuple[str, str]] = set()
        self._seen: set[int] = set()
        # account: when its takedown ends, and the line of the takedown
        self._ends: dict[str, tuple[int, int]] = {}

    def add_event(self, number: int, plain: JsonObject) -> None:
        """Take the event of line `number`. Raises UnusableLine."""
        event, subject = plain.child("event"), plain.child("subject")
        if event is None or subject is None:
            raise UnusableLine("not a moderation event")
        time = _event_time(plain.value("createdAt"))
        identity = plain.value("id")
        if isinstance(identity, int):
            if identity in self._seen:
                self.events.skipped["an event that came twice with the same id"] += 1
                return
            self._seen.add(identity)
        kind = str(event.fields.get("$type", ""))
        name = kind.removeprefix(_EVENT)
        uri = subject.filled_text("uri")
        did = subject.filled_text("did")
        if did is None and uri is not None:
            did = uri.removeprefix("at://").partition("/")[0]
        by = plain.filled_text("createdBy")
        if did is None or not did.startswith("did:"):
            raise UnusableLine("a subject that is neither account nor record")
        if UNREADABLE in did or UNREADABLE in (by or ""):
            raise UnusableLine("a name with a character that cannot be read")
        self.events.extend_span(time)
        self._add_handle(number, did, plain.filled_text("subjectHandle"), time)
        self._add_handle(number, by, plain.filled_text("creatorHandle"), time)
        if name == "Report":
            act_id = None if identity is None else str(identity)
            self._add_report(number, event, by, did, uri, time, act_id)
        elif name in ("Takedown", "ReverseTakedown") and uri is None:
            self._add_takedown(number, event, did, time, reversed_=name != "Takedown")
        else:
            single = name in ("Takedown", "ReverseTakedown")
            what = "of single records" if single else "hold nothing for the record"
            self.events.skipped[f"{name[:80] or kind[:80]} events {what}"] += 1

    def close(self) -> None:
        """End the takedowns whose time was up before the log ended."""
        for did in sorted(self._ends):
            self._expire(did, self.events.latest or 0)

    def _add_report(
        self,
        number: int,
        event: JsonObject,
        by: str | None,
        did: str,
        uri: str | None,
        time: int,
        act_id: str | None,
    ) -> None:
        if by is None:
            raise UnusableLine("a report by nobody")
        reason = event.filled_text("reportType")
        self.events.add(
            ActRow(
                by,
                "report",
                uri or did,
                time,
                number,
                "post" if uri else "account",
                did,
                event.filled_text("comment"),
                client=reason and reason.rpartition("#")[2],
                act_id=act_id,
            )
        )

    def _add_takedown(
        self, number: int, event: JsonObject, did: str, time: int, *, reversed_: bool
    ) -> None:
        self._expire(did, time)
        status = "active" if reversed_ else "taken_down"
        self.events.add(StatusRow(did, status, time, number, reason=event.filled_text("comment")))
        hours = event.value("durationInHours")
        if not reversed_ and isinstance(hours, (int, float)) and 0 < hours < MAX_TAKEDOWN_HOURS:
            self._ends[did] = (time + round(hours * HOUR_US), number)

    def _expire(self, did: str, now: int) -> None:
        end, number = self._ends.pop(did, (now + 1, 0))
        if end <= now:
            self.events.add(StatusRow(did, "active", end, number, reason="expired"))

    def _add_handle(self, number: int, did: str | None, handle: str | None, time: int) -> None:
        if did is not None and handle is not None and (did, handle) not in self._handles:
            self._handles.add((did, handle))
            self.events.add(AccountRow(did, number, handle, observed_at=time))


def _event_time(value: object) -> int:
    if not isinstance(value, str):
        raise UnusableLine("no createdAt")
    try:
        return TimeReader(None).microseconds(value)
    except (NotATime, ValueError) as error:
        raise UnusableLine("a createdAt that cannot be read") from error
