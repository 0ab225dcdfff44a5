"""Rows of a small log of JSON lines (moderation events, changes of a wiki), buffers per table while it is read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from birdfall.model.schemas import Rows
from birdfall.sources.shared.batches import build_batch
from birdfall.sources.shared.coverage import ObservedSpans
from birdfall.sources.shared.rejections import Rejections

ROWS_PER_BATCH: Final = 1 << 16
COLUMNS: Final = {
    "accounts": ("account", "handle", "created_at", "observed_at"),
    "acts": (
        "account",
        "kind",
        "object",
        "time",
        "object_kind",
        "target",
        "text",
        "client",
        "act_id",
    ),
    "statuses": ("account", "status", "time", "observation", "reason"),
}


class UnusableLine(ValueError):
    """A line that cannot be taken; the text is the reason."""


class RowBuffers:
    """Rows that wait, what was refused, what was left out by kind, and from when to when the log runs."""

    def __init__(self, source: str) -> None:
        self.rejections = Rejections(source)
        self.skipped: Counter[str] = Counter()
        self.latest: int | None = None
        self._source = source
        # Hours without a report or a block are no sign of a broken log.
        self._spans = ObservedSpans(source, ("acts", "statuses"), silence=None)
        self._waiting: dict[str, list[tuple[Any, ...]]] = {table: [] for table in COLUMNS}

    def extend_span(self, time: int) -> None:
        """The log holds an event of `time`."""
        self.latest = time if self.latest is None else max(self.latest, time)
        self._spans.add_arrival(time, None)

    def add(self, table: str, *row: Any) -> None:
        """A row: the values of `COLUMNS[table]`, then the line."""
        self._waiting[table].append(row)

    def rows(self, *, at_least: int = 1) -> Iterator[Rows]:
        for table, waiting in self._waiting.items():
            if len(waiting) >= max(at_least, 1):
                self._waiting[table] = []
                yield Rows(table, build_batch(table, COLUMNS[table], waiting, self._source))
        yield from self.rejections.rows(at_least=at_least)

    def finish(self) -> Iterator[Rows]:
        for what, count in sorted(self.skipped.items()):
            self.rejections.add(None, None, count, what)
        yield from self.rows()
        yield from self._spans.rows()


def parse_line(line: bytes) -> dict[str, Any]:
    """A JSON object. Raises UnusableLine."""
    try:
        plain = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UnusableLine("not JSON") from error
    if not isinstance(plain, dict):
        raise UnusableLine("not a JSON object")
    return plain


def text_or_none(value: Any) -> str | None:
    """`value` if it is text that says something."""
    return value if isinstance(value, str) and value else None


def first_object(head: bytes) -> dict[str, Any] | None:
    """The object in the first line of a file's head; None if there is none."""
    try:
        return parse_line(head.lstrip().removeprefix(b"data: ").partition(b"\n")[0])
    except UnusableLine:
        return None
