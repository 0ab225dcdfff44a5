"""The same act twice in what people have: overlapping downloads, rows pasted again. It counts once,
whether it comes again in one file, in another, or in one that is taken into a case later.

Two acts are the same if they have the same id, account, kind and object; without an id if all that
is known of them is equal and their times are to the second. Several acts of one post (two hashtags)
differ in their object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.model.schemas import TABLES, Part, Rows
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
        with open_connection() as connection:
            for item in items:
                if isinstance(item, Rows) and item.table == "acts":
                    kept = self._first_rows(item.batch, connection)
                    if kept is not None:
                        self.count += item.batch.num_rows - len(kept)
                        item = Rows("acts", item.batch.take(pa.array(kept)))
                yield item
        if self.count > before:
            told = Rejections(source)
            told.add(None, None, self.count - before, REPEATED, _FIX)
            yield from told.rows()

    def _first_rows(
        self, batch: pa.RecordBatch, connection: duckdb.DuckDBPyConnection
    ) -> np.ndarray | None:
        """The rows of acts that did not come before (int64[n], ascending); None: all of them."""
        self._see_earlier()
        known = pa.Table.from_batches([batch.select([c for c in _TOLD if c in batch.schema.names])])
        hashes = (
            connection.from_arrow(known)
            .project(f"{_hash_of(batch.schema.names)} AS h")
            .to_arrow_table()
            .column("h")
            .to_numpy()
        )
        judged = self._judged(batch)
        values, firsts = np.unique(hashes, return_index=True)
        old = self._seen.holds(values)
        new = np.zeros(len(hashes), bool)
        new[firsts[~old]] = True
        self._seen.add(values[~old])
        keep = new | ~judged
        return None if keep.all() else np.flatnonzero(keep)

    def _see_earlier(self) -> None:
        """Look at the acts that were taken before, if that was not done."""
        earlier, self._earlier = self._earlier, None
        record = None if earlier is None else earlier()
        if record is not None and record.has("acts"):
            seen = record.sql(f"SELECT DISTINCT {_hash_of(_TOLD)} AS h FROM acts ORDER BY h")
            self._seen.add(seen.column("h").to_numpy())

    def _judged(self, batch: pa.RecordBatch) -> np.ndarray:
        """Which acts can be told apart: those with an id, and those whose time is to the second."""
        times = batch.column("time").cast(pa.int64()).to_numpy(zero_copy_only=False)
        if not self._to_the_second:
            self._to_the_second = bool((times % MINUTE_US != 0).any())
        judged = np.full(batch.num_rows, self._to_the_second)
        # of reports not all is told (a private filter hides its number): two may look like one
        judged &= pc.not_equal(batch.column("kind"), "report").to_numpy(zero_copy_only=False)
        if "act_id" in batch.schema.names:
            judged |= pc.is_valid(batch.column("act_id")).to_numpy(zero_copy_only=False)
        return judged


class _SeenNumbers:
    """Numbers that were seen, in sorted runs: each at least twice as long as the next, so that what
    is added is merged a few times only, however much there is.
    """

    def __init__(self) -> None:
        self._runs: list[np.ndarray] = []

    def holds(self, numbers: np.ndarray) -> np.ndarray:
        """Which of some numbers (uint64[n]) were seen (bool[n])."""
        found = np.zeros(len(numbers), bool)
        for run in self._runs:
            at = np.searchsorted(run, numbers)
            found |= run[np.minimum(at, len(run) - 1)] == numbers
        return found

    def add(self, numbers: np.ndarray) -> None:
        """See some numbers (uint64[n], ascending) that were not seen."""
        while self._runs and len(self._runs[-1]) < 2 * len(numbers):
            # a stable sort merges runs that are sorted
            numbers = np.sort(np.concatenate([self._runs.pop(), numbers]), kind="stable")
        if len(numbers):
            self._runs.append(numbers)


def _hash_of(names: Sequence[str]) -> str:
    """SQL of a number that equal acts share, whichever columns their file has."""
    told = ", ".join(n if n in names else "NULL::VARCHAR" for n in _TOLD)
    if "act_id" not in names:
        return f"hash({told})"
    return f"CASE WHEN act_id IS NULL THEN hash({told}) ELSE hash({_KEY}, act_id) END"
