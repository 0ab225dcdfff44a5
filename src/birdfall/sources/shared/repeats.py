"""The same act twice in what people have: overlapping downloads, rows pasted again. It counts once,
whether it comes again in one file, in another, or in one that is taken into a case later.

Two acts are the same if they have the same id, account, kind and object; without an id if all that
is known of them is equal and their times are to the second. Several acts of one post (two hashtags)
differ in their object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.model.schemas import TABLES, Part, Rows, conform
from birdfall.model.units import MINUTE_US
from birdfall.record.queries import open_connection
from birdfall.record.record import Record
from birdfall.sources.shared.rejections import Rejections

#: The reason with which the table `rejected` tells how many acts came again; `value` is the number.
REPEATED: Final = "the same acts again, counted once"
_FIX: Final = "Nothing need be done: each act counts once."
_KEY: Final = "account, kind, object, time"
#: All that is told of an act, wherever it is told.
_TOLD: Final = tuple(n for n in TABLES["acts"].names if n not in ("source", "line"))
#: SQL of a number that equal acts share.
_HASH: Final = (
    f"CASE WHEN act_id IS NULL THEN hash({', '.join(_TOLD)}) ELSE hash({_KEY}, act_id) END"
)
#: Acts that are looked at together, at most: what a question to DuckDB costs is paid once for them.
_ACTS_AT_ONCE: Final = 1 << 17
#: Bits of a number by which most of those that were not seen are known at once.
_MARK_BITS: Final = 24


class Repeats:
    """Acts that were seen before in the same reading, and how many came again.

    Parameters
    ----------
    earlier
        What was taken before; its acts are looked at once the first of these acts comes.
    """

    def __init__(self, earlier: Callable[[], Record] | None = None) -> None:
        self.count = 0
        self._earlier = earlier
        self._seen = _SeenNumbers()
        self._to_the_second = False

    def drop(self, items: Iterator[Rows | Part], source: str) -> Iterator[Rows | Part]:
        """`items` without acts that came before; at the end one refused row tells how many.

        source: what that row carries in `source`.
        """
        before = self.count
        waiting: list[pa.RecordBatch] = []
        rows = 0
        with open_connection() as connection:
            for item in items:
                if isinstance(item, Rows) and item.table == "acts":
                    waiting.append(conform("acts", item.batch))
                    rows += item.batch.num_rows
                    if rows < _ACTS_AT_ONCE:
                        continue
                yield from self._new_acts(waiting, connection)
                waiting, rows = [], 0
                if not (isinstance(item, Rows) and item.table == "acts"):
                    yield item
            yield from self._new_acts(waiting, connection)
        if self.count > before:
            told = Rejections(source)
            told.add(None, None, self.count - before, REPEATED, _FIX)
            yield from told.rows()

    def _new_acts(
        self, batches: list[pa.RecordBatch], connection: duckdb.DuckDBPyConnection
    ) -> Iterator[Rows]:
        """The acts that did not come before, batch by batch."""
        if not batches:
            return
        new = self._which_are_new(pa.Table.from_batches(batches), connection)
        begin = 0
        for batch in batches:
            if new is not None:
                kept = new[begin : begin + batch.num_rows]
                begin += batch.num_rows
                if not kept.all():
                    self.count += int((~kept).sum())
                    batch = batch.filter(pa.array(kept))
            yield Rows("acts", batch)

    def _which_are_new(
        self, acts: pa.Table, connection: duckdb.DuckDBPyConnection
    ) -> np.ndarray | None:
        """Which acts did not come before (bool[n]); None: all of them."""
        self._see_earlier()
        hashes = (
            connection.from_arrow(acts.select(list(_TOLD)))
            .project(f"{_HASH} AS h")
            .to_arrow_table()
            .column("h")
            .to_numpy()
        )
        judged = self._judged(acts)
        values = np.sort(hashes)  # far sooner done than with the places, which are seldom needed
        if (values[1:] != values[:-1]).all() and not self._seen.holds(values).any():
            self._seen.add(values)
            return None
        values, firsts = np.unique(hashes, return_index=True)
        old = self._seen.holds(values)
        new = np.zeros(len(hashes), bool)
        new[firsts[~old]] = True
        self._seen.add(values[~old])
        keep = new | ~judged
        return None if keep.all() else keep

    def _see_earlier(self) -> None:
        """Look at the acts that were taken before, if that was not done."""
        earlier, self._earlier = self._earlier, None
        record = None if earlier is None else earlier()
        if record is not None and record.has("acts"):
            seen = record.sql(f"SELECT DISTINCT {_HASH} AS h FROM acts ORDER BY h")
            self._seen.add(seen.column("h").to_numpy())

    def _judged(self, acts: pa.Table) -> np.ndarray:
        """Which acts can be told apart: those with an id, and those whose time is to the second."""
        told_apart: np.ndarray = pc.is_valid(acts.column("act_id")).to_numpy()
        if not self._to_the_second:
            times = acts.column("time").cast(pa.int64()).to_numpy()
            self._to_the_second = bool((times % MINUTE_US != 0).any())
        if not self._to_the_second or told_apart.all():
            return told_apart
        # of reports not all is told (a private filter hides its number): two may look like one
        no_report: np.ndarray = pc.not_equal(acts.column("kind"), "report").to_numpy()
        judged: np.ndarray = np.logical_or(told_apart, no_report)
        return judged


class _SeenNumbers:
    """Numbers that were seen, in sorted runs: each at least twice as long as the next, so that what
    is added is merged a few times only, however much there is.
    """

    def __init__(self) -> None:
        self._runs: list[np.ndarray] = []
        self._marks = np.zeros(0, bool)

    def holds(self, numbers: np.ndarray) -> np.ndarray:
        """Which of some numbers (uint64[n]) were seen (bool[n])."""
        found = np.zeros(len(numbers), bool)
        if not self._runs:
            return found
        maybe = np.flatnonzero(self._marks[_mark(numbers)])
        for run in self._runs:
            at = np.searchsorted(run, numbers[maybe])
            found[maybe] |= run[np.minimum(at, len(run) - 1)] == numbers[maybe]
        return found

    def add(self, numbers: np.ndarray) -> None:
        """See some numbers (uint64[n], ascending) that were not seen."""
        if len(numbers):
            if not len(self._marks):
                self._marks = np.zeros(1 << _MARK_BITS, bool)
            self._marks[_mark(numbers)] = True
        while self._runs and len(self._runs[-1]) < 2 * len(numbers):
            # a stable sort merges runs that are sorted
            numbers = np.sort(np.concatenate([self._runs.pop(), numbers]), kind="stable")
        if len(numbers):
            self._runs.append(numbers)


def _mark(numbers: np.ndarray) -> np.ndarray:
    """The first bits of some numbers (uint64[n])."""
    return (numbers >> np.uint64(64 - _MARK_BITS)).astype(np.int64)
