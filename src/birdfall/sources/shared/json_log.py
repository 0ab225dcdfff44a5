"""Row buffers for JSON Lines event logs: moderation events, changes of a wiki, deliveries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from birdfall.model.schemas import Rows
from birdfall.sources.shared.coverage import ObservedSpans
from birdfall.sources.shared.json_object import JsonObject, load_json, parse_json_object
from birdfall.sources.shared.record_rows import RecordRow, RowBuffers, StatusRow
from birdfall.sources.shared.timestamps import EARLIEST_US, LATEST_US, NotATime, TimeReader

#: How much of a rejected line is shown.
MAX_SHOWN_BYTES: Final = 200


class UnusableLine(ValueError):
    """A line that cannot be used; the text is the reason."""


class EventLog:
    """Rows of one log, its rejected lines, what was skipped by kind, and the time it spans."""

    def __init__(self, source: str, tables: tuple[str, ...] = ("acts", "statuses")) -> None:
        self._buffers = RowBuffers(source)
        self.rejections = self._buffers.rejections
        self.skipped: Counter[str] = Counter()
        #: the time of the latest event, in microseconds; None: there was none
        self.latest: int | None = None
        # Hours without a report or a block are no sign of a broken log.
        self._spans = ObservedSpans(source, tables, silence=None)

    def extend_span(self, time: int) -> None:
        """Note that the log holds an event of `time`."""
        self.latest = time if self.latest is None else max(self.latest, time)
        self._spans.add_arrival(time, None)

    def add(self, row: RecordRow) -> None:
        """Keep a row for the next batch of its table."""
        self._buffers.add(row)

    def reject_line(self, number: int, line: bytes, reason: str) -> None:
        """Note a line that cannot be used."""
        shown = line[:MAX_SHOWN_BYTES].decode("utf-8", "replace")
        self.rejections.add(number, None, shown, reason)

    def rows(self, *, at_least: int = 1) -> Iterator[Rows]:
        """What is waiting, per table that has `at_least` so many rows."""
        yield from self._buffers.batches(at_least=at_least)

    def finish(self) -> Iterator[Rows]:
        """All that is left, the coverage, and what was skipped, with its number."""
        for what, count in sorted(self.skipped.items()):
            self.rejections.add(None, None, count, what)
        yield from self.rows()
        yield from self._spans.rows()


class StatusLog:
    """Statuses of one log that tells how an account stands, again and again: only what differs from
    before is a change, and the rest is counted as skipped."""

    def __init__(self, events: EventLog) -> None:
        self._events = events
        self._known: dict[str, str] = {}

    def add(
        self, account: str, status: str, time: int, number: int, reason: str | None = None
    ) -> None:
        """Take the status of `account` at `time`, told by line `number`."""
        if self._known.get(account) == status:
            self._events.skipped["a status that the account already had"] += 1
            return
        self._known[account] = status
        self._events.add(StatusRow(account, status, time, number, reason=reason))


def moment_of(text: str | None) -> int:
    """A time with a zone, in microseconds.

    Raises
    ------
    UnusableLine
        If it is missing, unreadable or implausible.
    """
    if text is None:
        raise UnusableLine("no time")
    try:
        found = TimeReader(None).microseconds(text)
    except (NotATime, ValueError) as error:
        raise UnusableLine("a time that cannot be read") from error
    if not EARLIEST_US <= found < LATEST_US:
        raise UnusableLine("an implausible time")
    return found


def parse_line(line: bytes) -> JsonObject:
    """The JSON object of a line.

    Raises
    ------
    UnusableLine
        If the line holds none.
    """
    try:
        value = load_json(line)
    except ValueError as error:
        raise UnusableLine("not JSON") from error
    if not isinstance(value, dict):
        raise UnusableLine("not a JSON object")
    return JsonObject(value)


def first_object(head: bytes) -> JsonObject | None:
    """The object in the first line of a file's head; None if there is none."""
    return parse_json_object(head.lstrip().removeprefix(b"data: ").partition(b"\n")[0])
