"""Moderation events of Ozone (`tools.ozone.moderation`), one JSON object a line, as the service's queries return them.

A report becomes an act of kind `report`: who reported (`account`), whose account or post (`target`, `object`,
`object_kind`), the comment (`text`) and the kind of reason (`client`, as the protocol names it, without its namespace).
A takedown of an account and its reversal change its status; a takedown with a duration ends by itself, if that end
lies within the log. Takedowns of single posts and all other events (tags, notes, labels) are counted as left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.model.units import HOUR_US
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
from birdfall.sources.shared.timestamps import NotATime, TimeReader

NAME = "ozone"
_EVENT = "tools.ozone.moderation.defs#modEvent"


def sniff(path: Path, head: bytes) -> float:
    """Sure when the first line is a moderation event."""
    first = first_object(head)
    event = first.get("event") if first else None
    return (
        1.0 if isinstance(event, dict) and str(event.get("$type", "")).startswith(_EVENT) else 0.0
    )


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """Rows of a log of moderation events. A line that cannot be read is a rejected row."""
    log = ModerationLog(options.source_of(path))
    size = path.stat().st_size
    for number, line, done in read_lines(path, allow_large=options.allow_large):
        if not line.strip():
            continue
        try:
            log.add_event(number, parse_line(line))
        except UnusableLine as error:
            log.buffers.rejections.add(
                number, None, line[:200].decode("utf-8", "replace"), str(error)
            )
        if number % 1024 == 0:
            progress("read", done, size, "bytes")
            yield from log.buffers.rows(at_least=ROWS_PER_BATCH)
    log.close()
    yield from log.buffers.finish()


class ModerationLog:
    """Rows of one log, event by event."""

    def __init__(self, source: str) -> None:
        self.buffers = RowBuffers(source)
        self._handles: set[tuple[str, str]] = set()
        self._seen: set[int] = set()
        self._ends: dict[str, tuple[int, int]] = {}

    def add_event(self, number: int, plain: dict[str, Any]) -> None:
        event, subject = plain.get("event"), plain.get("subject")
        if not isinstance(event, dict) or not isinstance(subject, dict):
            raise UnusableLine("not a moderation event")
        time = _time(plain.get("createdAt"))
        identity = plain.get("id")
        if isinstance(identity, int):
            if identity in self._seen:
                self.buffers.skipped["an event that came twice with the same id"] += 1
                return
            self._seen.add(identity)
        kind = str(event.get("$type", ""))
        name = kind.removeprefix(_EVENT)
        uri = text_or_none(subject.get("uri"))
        did = text_or_none(subject.get("did")) or (
            uri.removeprefix("at://").partition("/")[0] if uri else None
        )
        by = text_or_none(plain.get("createdBy"))
        if did is None or not did.startswith("did:"):
            raise UnusableLine("a subject that is neither account nor record")
        self.buffers.extend_span(time)
        self._handle(number, did, plain.get("subjectHandle"), time)
        self._handle(number, by, plain.get("creatorHandle"), time)
        if name == "Report":
            if by is None:
                raise UnusableLine("a report by nobody")
            reason = text_or_none(event.get("reportType"))
            self.buffers.add(
                "acts",
                by,
                "report",
                uri or did,
                time,
                "post" if uri else "account",
                did,
                text_or_none(event.get("comment")),
                reason and reason.rpartition("#")[2],
                None if identity is None else str(identity),
                number,
            )
        elif name in ("Takedown", "ReverseTakedown") and uri is None:
            status = "taken_down" if name == "Takedown" else "active"
            self._expire(did, time)
            self.buffers.add(
                "statuses", did, status, time, "change", text_or_none(event.get("comment")), number
            )
            hours = event.get("durationInHours")
            if status == "taken_down" and isinstance(hours, (int, float)) and 0 < hours < 1e6:
                self._ends[did] = (time + round(hours * HOUR_US), number)
        else:
            what = (
                "of single records"
                if name in ("Takedown", "ReverseTakedown")
                else "hold nothing for the record"
            )
            self.buffers.skipped[f"{name[:80] or kind[:80]} events {what}"] += 1

    def close(self) -> None:
        """Takedowns whose time was up before the log ended."""
        for did in sorted(self._ends):
            self._expire(did, self.buffers.latest or 0)

    def _expire(self, did: str, now: int) -> None:
        end, number = self._ends.pop(did, (now + 1, 0))
        if end <= now:
            self.buffers.add("statuses", did, "active", end, "change", "expired", number)

    def _handle(self, number: int, did: str | None, handle: Any, time: int) -> None:
        known = text_or_none(handle)
        if did is not None and known is not None and (did, known) not in self._handles:
            self._handles.add((did, known))
            self.buffers.add("accounts", did, known, None, time, number)


def _time(value: Any) -> int:
    if not isinstance(value, str):
        raise UnusableLine("no createdAt")
    try:
        return TimeReader(None).microseconds(value)
    except (NotATime, ValueError) as error:
        raise UnusableLine("a createdAt that cannot be read") from error
