"""Reports against accounts, as arrays, and when their targets fell and came back.

A report is an act of kind `report`; who is reported is its `target`, or its `object` where no
target is given. Reports of an account against itself are left out and counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from birdfall.measures.suspensions import spells
from birdfall.record.record import Record

_REPORTS = """
SELECT i.code AS reporter, t.code AS target, epoch_us(a.time) AS time
FROM acts a JOIN ids i ON i.id = a.account JOIN ids t ON t.id = coalesce(a.target, a.object)
WHERE a.kind = 'report'
ORDER BY time, reporter, target
"""
_UNKNOWN = """
SELECT count(*) FROM acts a LEFT JOIN ids t ON t.id = coalesce(a.target, a.object) WHERE a.kind = 'report' AND t.code IS NULL
"""
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Reports:
    """reporter, target: int32[n], the record's codes; time: int64[n] us; ordered by (time,
    reporter, target).

    of_self: reports of an account against itself. unknown: reports on what is no account of the
    record. Both are left out.
    """

    reporter: np.ndarray
    target: np.ndarray
    time: np.ndarray
    of_self: int = 0
    unknown: int = 0

    def __len__(self) -> int:
        return len(self.time)

    def filter(self, keep: np.ndarray) -> Reports:
        """The reports where `keep` (bool[n] or positions) holds."""
        return Reports(
            self.reporter[keep], self.target[keep], self.time[keep], self.of_self, self.unknown
        )

    def first_mask(self) -> np.ndarray:
        """bool[n]: whether it is the reporter's first on that target."""
        pair = self.reporter.astype(np.int64) << 32 | self.target
        found = np.zeros(len(self), bool)
        found[np.unique(pair, return_index=True)[1]] = True
        return found


def read_reports(record: Record) -> Reports:
    """All reports of a record."""
    rows = record.sql(_REPORTS)
    reporter, target = (rows.column(c).to_numpy().astype(np.int32) for c in ("reporter", "target"))
    time = rows.column("time").to_numpy().astype(np.int64)
    others = reporter != target
    unknown = int(record.sql(_UNKNOWN).column(0)[0].as_py())
    return Reports(reporter[others], target[others], time[others], int((~others).sum()), unknown)


@dataclass(frozen=True)
class TargetFalls:
    """When accounts fell: code int32[k]; after, by, ended int64[k] us, ordered by (code, by).

    It happened in (after, by], exactly then where both are equal; `after` is the least integer
    where there is no lower bound. ended: when the account was seen back (active again), `NEVER` if
    it was not.
    """

    code: np.ndarray
    after: np.ndarray
    by: np.ndarray
    ended: np.ndarray

    def __len__(self) -> int:
        return len(self.code)

    @property
    def exact(self) -> np.ndarray:
        return np.asarray(self.after == self.by)


def read_falls(record: Record) -> TargetFalls:
    """Every fall of every account, by `measures.spells`."""
    if not record.has("statuses"):
        none = np.zeros(0, np.int64)
        return TargetFalls(none.astype(np.int32), none, none, none)
    table = spells(record)
    code = table.column("code").to_numpy().astype(np.int32)
    after, by, ended = (
        _microseconds(table.column(c)) for c in ("fell_after", "fell_by", "ended_by")
    )
    lower = np.where(after == NEVER, np.iinfo(np.int64).min, after)
    back = np.array([s == "active" for s in table.column("ended_as").to_pylist()], bool)
    order = np.lexsort((by, code))
    return TargetFalls(code[order], lower[order], by[order], np.where(back, ended, NEVER)[order])


def _microseconds(column: pa.ChunkedArray) -> np.ndarray:
    """int64[n] us; `NEVER` where null."""
    numbers = column.cast(pa.int64()).fill_null(NEVER)
    return np.asarray(numbers.to_numpy(), np.int64)
