"""Which rows of a file were refused, and why.

Collected while reading, yielded as rows of the table `rejected`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict

import pyarrow as pa

from birdfall.model.schemas import TABLES, Rows

MAX_VALUE_CHARS = 200
ROWS_PER_BATCH = 1 << 14


class RejectedRow(TypedDict):
    """One row of the table `rejected`, as a dict."""

    column: str | None
    value: str | None
    reason: str
    fix: str | None
    source: str | None
    line: int | None


class Rejections:
    """Refused rows of one file, waiting to be yielded."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._waiting: list[tuple[str | None, str | None, str, str | None, int | None]] = []
        self.count = 0

    def add(
        self,
        line: int | None,
        column: str | None,
        value: object,
        reason: str,
        fix: str | None = None,
    ) -> None:
        """Refuse one row. line: from 1. value: what stood there, cut to 200 characters."""
        shown = (
            None
            if value is None
            else str(value)[:MAX_VALUE_CHARS].encode("utf-8", "replace").decode("utf-8")
        )
        self._waiting.append((column, shown, reason, fix, line))
        self.count += 1

    def rows(self, *, at_least: int = 1) -> Iterator[Rows]:
        """What is waiting, as one batch, if there are `at_least` so many; nothing else."""
        if len(self._waiting) < max(at_least, 1):
            return
        columns = list(zip(*self._waiting, strict=True))
        count = len(self._waiting)
        self._waiting = []
        names = ("column", "value", "reason", "fix", "source", "line")
        data = [*columns[:4], (self._source,) * count, columns[4]]
        schema = pa.schema([TABLES["rejected"].field(name) for name in names])
        arrays = [
            pa.array(list(values), schema.field(name).type)
            for name, values in zip(names, data, strict=True)
        ]
        yield Rows("rejected", pa.RecordBatch.from_arrays(arrays, schema=schema))
