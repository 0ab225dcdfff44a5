"""Targets under fire: accounts that are reported faster than an ordinary target.

One e-detector per target; its base rate is learned from the target's own past, from its usual rate,
and from all targets. Beside it the one integer everyone can count: the most reports on a target
within a minute. A target under fire is not a victim of a brigade: an honest pile-on fires as well.
Method: docs/methods/brigades.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from birdfall.kernels.edetector import multipliers
from birdfall.kernels.target_detector import detect_targets
from birdfall.measures.brigades.reports import Reports

MINUTE_US = 60_000_000
#: A tick is a minute, or a 256th of a shorter record, at least a second.
MAX_TICK_US, MIN_TICK_US, MIN_TICKS = MINUTE_US, 1_000_000, 256
#: The base rate comes from the targets with the fewest reports, this share of them: those under
#: fire are not ordinary.
ORDINARY_SHARE = 0.9
#: Slices of the record, the middle one of which tells how much a target is usually reported.
SLICES = 8


@dataclass(frozen=True)
class TargetFire:
    """Per reported target, by code.

    code: int32[k]; reports, reporters, busiest_minute: int64[k]; first, last: int64[k] us.

    log_evidence: float64[k], the most its detector gathered before it stopped; alarm: int64[k] us,
    the end of the tick of its alarm, or -1. threshold: log of the evidence an alarm takes. tick:
    us; base: reports per tick of an ordinary target; size: their dispersion.
    """

    code: np.ndarray
    reports: np.ndarray
    reporters: np.ndarray
    busiest_minute: np.ndarray
    first: np.ndarray
    last: np.ndarray
    log_evidence: np.ndarray
    alarm: np.ndarray
    threshold: float
    tick: int
    base: float
    size: float

    @property
    def under_fire(self) -> np.ndarray:
        """bool[k]."""
        return np.asarray(self.alarm >= 0)


def find_targets_under_fire(reports: Reports, *, false_alarms: float = 1.0) -> TargetFire:
    """Which targets are under fire, at most `false_alarms` false ones per 1,000 targets over the
    whole record.

    The threshold is ticks * 1000 / false_alarms: a detector on an ordinary target crosses it at
    most that often on average.
    """
    code, where = np.unique(reports.target, return_inverse=True)
    begin, end = int(reports.time.min()), int(reports.time.max())
    tick = int(np.clip((end - begin + 1) // MIN_TICKS, MIN_TICK_US, MAX_TICK_US))
    ticks = (end - begin) // tick + 1
    cell, count = np.unique(
        where.astype(np.int64) * ticks + (reports.time - begin) // tick, return_counts=True
    )
    of, at = cell // ticks, cell % ticks
    total = np.bincount(where, minlength=len(code))
    base, size = _ordinary_rate(total, of, count, ticks)
    starts = np.searchsorted(of, np.arange(len(code) + 1)).astype(np.int64)
    threshold = ticks * 1000.0 / false_alarms
    usual = _usual_rates(where, reports.time - begin, len(code), end - begin + 1) * tick
    evidence, alarm = detect_targets(
        starts, at, count.astype(np.int64), base, usual, size, multipliers(), np.log(threshold)
    )
    first, last = np.full(len(code), np.iinfo(np.int64).max), np.zeros(len(code), np.int64)
    np.minimum.at(first, where, reports.time)
    np.maximum.at(last, where, reports.time)
    return TargetFire(
        code,
        total,
        np.bincount(where[reports.first_mask()], minlength=len(code)),
        _busiest_minutes(where, reports.time, len(code)),
        first,
        last,
        evidence,
        np.where(alarm >= 0, begin + (alarm + 1) * tick, -1),
        float(np.log(threshold)),
        tick,
        base,
        size,
    )


def _ordinary_rate(
    total: np.ndarray, of: np.ndarray, count: np.ndarray, ticks: int
) -> tuple[float, float]:
    """Reports per tick of an ordinary target, and the negative-binomial size of a tick, from its
    moments.
    """
    bound = np.quantile(total, ORDINARY_SHARE, method="lower")
    quiet = total <= bound
    cells = float(quiet.sum()) * ticks
    base = float(total[quiet].sum()) / cells
    seen = count[quiet[of]].astype(float)
    pairs = float((seen * (seen - 1)).sum()) / cells
    size = base * base / (pairs - base * base) if pairs > base * base else 1e6
    return base, float(np.clip(size, 1e-3, 1e6))


def _usual_rates(where: np.ndarray, since: np.ndarray, targets: int, span: int) -> np.ndarray:
    """float64[targets]: reports per us in the middle one of the target's `SLICES` slices of the
    record: no burst shorter than half the record raises it, and who is always reported much is
    measured by that.
    """
    counts = np.zeros((targets, SLICES))
    np.add.at(counts, (where, since * SLICES // span), 1.0)
    return np.asarray(np.median(counts, axis=1) * SLICES / span, np.float64)


def _busiest_minutes(where: np.ndarray, time: np.ndarray, targets: int) -> np.ndarray:
    """int64[targets]: most reports on each within one minute of the clock: the baseline every
    detector is printed beside.
    """
    minute = (time - int(time.min())) // MINUTE_US
    cell, count = np.unique(
        where.astype(np.int64) * (int(minute.max()) + 1) + minute, return_counts=True
    )
    found = np.zeros(targets, np.int64)
    np.maximum.at(found, cell // (int(minute.max()) + 1), count)
    return found
