"""The same act twice in what people have: overlapping downloads, rows pasted again. It counts once.

Two acts are the same if they have the same id, account, kind and object; without an id if all that
is known of them is equal and their times are to the second. Several acts of one post (two hashtags)
differ in their object.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.model.schemas import Part, Rows
from birdfall.model.units import MINUTE_US
from birdfall.record.queries import open_connection
from birdfall.sources.shared.rejections import Rejections

#: The reason with which the table `rejected` tells how many acts came again; `value` is the number.
REPEATED: Final = "the same acts again, counted once"
_FIX: Final = "Nothing need be done: each act counts once."
_KEY: Final = ("account", "kind", "object", "time")


class Repeats:
    """Acts that were seen before in the same reading, and how many came again."""

    def __init__(self) -> None:
        self.count = 0
        self._seen = np.array([], np.uint64)
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
        names = [n for n in batch.schema.names if n not in ("source", "line")]
        key = ", ".join(_KEY)
        rest = [n for n in names if n not in _KEY]
        if "act_id" in names:
            key += ", act_id"
            rest.remove("act_id")
            told = [f"CASE WHEN act_id IS NULL THEN {n} END" for n in rest]
        else:
            told = rest
        known = pa.Table.from_batches([batch.select(names)])
        hashes = (
            connection.from_arrow(known)
            .project(f"hash({', '.join([key, *told])}) AS h")
            .to_arrow_table()
            .column("h")
            .to_numpy()
        )
        judged = self._judged(batch)
        values, firsts = np.unique(hashes, return_index=True)
        at = np.searchsorted(self._seen, values)
        old = self._seen[np.minimum(at, len(self._seen) - 1)] == values if len(self._seen) else None
        new = np.zeros(len(hashes), bool)
        new[firsts if old is None else firsts[~old]] = True
        fresh = values if old is None else values[~old]
        self._seen = np.insert(self._seen, np.searchsorted(self._seen, fresh), fresh)
        keep = new | ~judged
        return None if keep.all() else np.flatnonzero(keep)

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
