"""Targets under fire: against whom reports come faster than against an ordinary target.

One e-detector per target, whose base rate it learns from the target's own past and from all targets; e-BH over all of
them. Beside it the one integer everyone can count: the most reports on a target within a minute. A target under fire is not
a victim of a brigade: an honest pile-on fires as well. Method: docs/methods/brigades.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from birdfall.kernels.edetector import e_bh, multipliers
from birdfall.kernels.fire import watch
from birdfall.measures.brigade_reports import Reports

MINUTE = 60_000_000
#: A tick is a minute, or a 256th of a shorter record, at least a second.
LONGEST, SHORTEST, TICKS = MINUTE, 1_000_000, 256
#: The base rate comes from the targets with the fewest reports, this share of them: those under fire are not ordinary.
ORDINARY = 0.9


@dataclass(frozen=True)
class Fire:
    """Per reported target, by code. code: int32[k]; reports, reporters, busiest_minute: int64[k]; first, last: int64[k] us.

    log_evidence: float64[k] where its detector stopped; alarm: int64[k] us, the end of the tick of its alarm, or -1; chosen:
    bool[k], stands out among all targets. tick: us; base: reports per tick of an ordinary target; size: their dispersion.
    """

    code: np.ndarray
    reports: np.ndarray
    reporters: np.ndarray
    busiest_minute: np.ndarray
    first: np.ndarray
    last: np.ndarray
    log_evidence: np.ndarray
    alarm: np.ndarray
    chosen: np.ndarray
    tick: int
    base: float
    size: float


def targets_under_fire(reports: Reports, *, false_alarms: float = 1.0) -> Fire:
    """Which targets are under fire, at most `false_alarms` false ones per 1,000 targets over the whole record.

    The threshold is ticks * 1000 / false_alarms: a detector on an ordinary target crosses it at most that often on average.
    """
    code, where = np.unique(reports.target, return_inverse=True)
    begin, end = int(reports.time.min()), int(reports.time.max())
    tick = int(np.clip((end - begin + 1) // TICKS, SHORTEST, LONGEST))
    ticks = (end - begin) // tick + 1
    cell, count = np.unique(where.astype(np.int64) * ticks + (reports.time - begin) // tick, return_counts=True)
    of, at = cell // ticks, cell % ticks
    total = np.bincount(where, minlength=len(code))
    base, size = _ordinary(total, of, count, ticks)
    starts = np.searchsorted(of, np.arange(len(code) + 1)).astype(np.int64)
    threshold = ticks * 1000.0 / false_alarms
    stopped, alarm, _ = watch(starts, at, count.astype(np.int64), ticks, base, size, multipliers(), np.log(threshold))
    first, last = np.full(len(code), np.iinfo(np.int64).max), np.zeros(len(code), np.int64)
    np.minimum.at(first, where, reports.time)
    np.maximum.at(last, where, reports.time)
    chosen = e_bh(stopped, threshold) & (alarm >= 0)
    return Fire(
        code, total, np.bincount(where[reports.first()], minlength=len(code)), _busiest_minute(where, reports.time, len(code)),
        first, last, stopped, np.where(alarm >= 0, begin + (alarm + 1) * tick, -1), chosen, tick, base, size,
    )  # fmt: skip


def _ordinary(total: np.ndarray, of: np.ndarray, count: np.ndarray, ticks: int) -> tuple[float, float]:
    """Reports per tick of an ordinary target, and the negative-binomial size of a tick, from its moments."""
    bound = np.quantile(total, ORDINARY, method="lower")
    quiet = total <= bound
    cells = float(quiet.sum()) * ticks
    base = float(total[quiet].sum()) / cells
    seen = count[quiet[of]].astype(float)
    pairs = float((seen * (seen - 1)).sum()) / cells
    size = base * base / (pairs - base * base) if pairs > base * base else 1e6
    return base, float(np.clip(size, 1e-3, 1e6))


def _busiest_minute(where: np.ndarray, time: np.ndarray, targets: int) -> np.ndarray:
    """int64[targets]: most reports on each within one minute of the clock: the baseline every detector is printed beside."""
    minute = (time - int(time.min())) // MINUTE
    cell, count = np.unique(where.astype(np.int64) * (int(minute.max()) + 1) + minute, return_counts=True)
    found = np.zeros(targets, np.int64)
    np.maximum.at(found, cell // (int(minute.max()) + 1), count)
    return found
