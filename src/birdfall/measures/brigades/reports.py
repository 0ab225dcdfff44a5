"""Reports against accounts, as arrays, and when their targets fell and came back.

A report is an act of kind `report`; who is reported is its `target`, or its `object` where no
target is given. Reports of an account against itself are left out and counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa

from birdfall.kernels.content_order import colour_neighbours, order_by_colour
from birdfall.measures.suspensions import spells
from birdfall.record.record import Record
from birdfall.record.split import ByRows

_REPORTS = """
SELECT i.code AS reporter, t.code AS target, epoch_us(a.time) AS time
FROM acts a JOIN ids i ON i.id = a.account JOIN ids t ON t.id = coalesce(a.target, a.object)
WHERE a.kind = 'report'
ORDER BY time, reporter, target
"""
_UNKNOWN = """
SELECT count(*) FROM acts a LEFT JOIN ids t ON t.id = coalesce(a.target, a.object)
WHERE a.kind = 'report' AND t.code IS NULL
"""
_REPORT_ROWS = ByRows({"acts": "kind = 'report'"})
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
    rows = record.sql(_REPORTS, split=_REPORT_ROWS)
    reporter, target = (rows.column(c).to_numpy().astype(np.int32) for c in ("reporter", "target"))
    time = rows.column("time").to_numpy().astype(np.int64)
    others = reporter != target
    unknown = int(record.sql(_UNKNOWN, split=_REPORT_ROWS).column(0)[0].as_py())
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
        """bool[k]: whether the moment of each fall is known."""
        return np.asarray(self.after == self.by)


def read_falls(record: Record) -> TargetFalls:
    """Every fall of every account, by `measures.suspensions`."""
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


@dataclass(frozen=True)
class ReportAccounts:
    """The accounts of a log of reports, by codes in the order of what they did.

    Attributes
    ----------
    ids : string array, k
        The id of each.
    record_codes : int32[k]
        The record's own code of each.
    """

    ids: pa.Array
    record_codes: np.ndarray

    def decode(self, codes: np.ndarray) -> pa.Array:
        """The ids of accounts."""
        return self.ids.take(pa.array(codes))

    def record_code(self, codes: np.ndarray) -> np.ndarray:
        """int32[n]: the record's own codes of accounts."""
        return np.asarray(self.record_codes[codes], np.int32)


#: How often the colours of accounts are made of those they reported, and of who reported them.
_COLOUR_ROUNDS: Final = 2


def canonical_reports(
    record: Record, reports: Reports, falls: TargetFalls
) -> tuple[ReportAccounts, Reports, TargetFalls]:
    """Reports and falls by codes in the order of when accounts reported, were reported, and fell.

    The record's codes hang on its random key, and ids are but names; blocks and shuffles, which
    take accounts one after the other, would hang on them too. Accounts alike in all of this are
    told apart by their ids.
    """
    codes = np.unique(np.concatenate([reports.reporter, reports.target, falls.code]))
    reporter, target, code = (
        np.searchsorted(codes, c).astype(np.int32)
        for c in (reports.reporter, reports.target, falls.code)
    )
    ids = record.ids.decode(codes)
    colour = np.zeros(len(codes), np.uint64)
    moments = (falls.after, falls.by, falls.ended)
    alike = np.zeros(len(codes), np.uint64)
    for salt, moment in enumerate(moments, 3):
        alike += colour_neighbours(moment, code, colour, code, len(codes), salt)
    for _ in range(_COLOUR_ROUNDS):
        reported = colour_neighbours(reports.time, reporter, colour, target, len(codes), 1)
        reporting = colour_neighbours(reports.time, target, colour, reporter, len(codes), 2)
        colour = alike + reported + reporting
    order = order_by_colour(colour, ids)
    accounts = ReportAccounts(ids.take(pa.array(order)), codes[order].astype(np.int32))
    place = np.empty(len(codes), np.int32)
    place[order] = np.arange(len(codes), dtype=np.int32)
    reporter, target, code = place[reporter], place[target], place[code]
    rows = np.lexsort((target, reporter, reports.time))
    log = replace(reports, reporter=reporter[rows], target=target[rows], time=reports.time[rows])
    rows = np.lexsort((falls.by, code))
    fell = TargetFalls(code[rows], falls.after[rows], falls.by[rows], falls.ended[rows])
    return accounts, log, fell


def _microseconds(column: pa.ChunkedArray) -> np.ndarray:
    """int64[n] us; `NEVER` where null."""
    numbers = column.cast(pa.int64()).fill_null(NEVER)
    return np.asarray(numbers.to_numpy(), np.int64)
