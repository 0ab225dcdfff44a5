"""The clock of a scan: begin, end, step and resolution of a record, and what was not watched."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from birdfall.measures.suspensions import StrayTimes
from birdfall.record.record import Record
from birdfall.record.split import ByParts

DAY_S: Final = 86400.0
#: Steps a scan may take, seconds.
STEPS_S: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400)
#: More steps cost time and show nothing: the base rate of a step is then next to nothing.
MAX_STEPS: Final = 65_000
#: Times are multiples of a unit if this share of them is.
_GRID_SHARE: Final = 0.95


@dataclass(frozen=True)
class ScanClock:
    """Equal steps of a record.

    Parameters
    ----------
    begin
        Start of the first step, seconds since 1970 UTC.
    step
        Length of a step, seconds; step i is [begin + i step, begin + (i + 1) step).
    steps
        How many there are.
    covered
        bool[steps], whether the step was watched.
    resolution
        How finely times are known, seconds.
    late
        Seconds by which a fall may lie before it was seen, where most are known within intervals.
    """

    begin: float
    step: float
    steps: int
    covered: np.ndarray
    resolution: float
    late: float = 0.0

    @cached_property
    def covered_seconds(self) -> float:
        """Seconds that were watched."""
        return float(self.covered.sum() * self.step)

    @property
    def begin_time(self) -> dt.datetime:
        """Start of the first step, UTC."""
        return to_datetime(self.begin)

    @property
    def end_time(self) -> dt.datetime:
        """End of the last step, UTC."""
        return to_datetime(self.begin + self.steps * self.step)

    def count_per_step(self, times: np.ndarray) -> np.ndarray:
        """Events per step, float64[steps]. times: int64[m] us; the end belongs to the last step."""
        at = np.floor((times / 1e6 - self.begin) / self.step).astype(np.int64)
        at = at[(at >= 0) & (at <= self.steps)]
        return np.bincount(np.minimum(at, self.steps - 1), minlength=self.steps).astype(np.float64)

    def edge(self, step: int) -> float:
        """Start of step number `step`, seconds since 1970 UTC."""
        return self.begin + step * self.step


def to_datetime(seconds: float) -> dt.datetime:
    """`seconds` since 1970 UTC, to the microsecond."""
    return dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(microseconds=round(seconds * 1e6))


def scan_clock(
    record: Record,
    low: np.ndarray,
    high: np.ndarray,
    step: float | None,
    stray: StrayTimes | None = None,
    phase: float | None = None,
) -> ScanClock:
    """The clock of a record's suspensions.

    Parameters
    ----------
    low, high
        int64[n] us, bounds of each fall.
    step
        Seconds; the finest that the times carry if None.
    stray
        Statuses that lie years away from the rest, over which the clock does not reach.
    phase
        Seconds after a whole number of steps at which steps begin; at the record's begin if None.
    """
    begin, end = _span(record, high)
    if stray is not None:
        begin, end = max(begin, stray.first / 1e6), min(end, stray.last / 1e6)
    late, resolution = _resolution(low, high)
    chosen = step or _step(end - begin, resolution)
    if resolution >= DAY_S:  # days begin at midnight
        begin = np.floor(begin / DAY_S) * DAY_S
        # An event of detection day d lies in (d - 1, d], and counts for the day it was seen.
        end = max(end, begin + chosen)
    if phase is not None:
        begin = np.floor((begin - phase) / chosen) * chosen + phase
    steps = max(
        1,
        int(np.ceil((end - begin) / chosen + 1e-9))
        + (1 if resolution >= chosen and len(high) else 0),
    )
    covered = np.ones(steps, np.bool_)
    for gap_begin, gap_end in _gaps(record):
        first = int(np.ceil((gap_begin - begin) / chosen))
        last = int(np.floor((gap_end - begin) / chosen))
        covered[max(first, 0) : max(last, 0)] = False
    return ScanClock(begin, float(chosen), steps, covered, resolution, late)


def _span(record: Record, high: np.ndarray) -> tuple[float, float]:
    """When statuses were watched, seconds: as coverage says, else the first and last known time."""
    rows = record.sql(
        """SELECT min(epoch_us("from")), max(epoch_us("to")) FROM coverage
        WHERE kind IN ('watched', 'sampled')
        AND what IN ('statuses', 'all', 'everything', 'stream')"""
    ).to_pylist()[0]
    low, up = rows.values()
    if low is not None:
        ends = [low, up] if not len(high) else [min(low, int(high.min())), max(up, int(high.max()))]
        return ends[0] / 1e6, ends[1] / 1e6
    ends = []
    for table, time in (("statuses", "time"), ("acts", "time"), ("follows", "observed_at")):
        found = record.sql(
            f"SELECT epoch_us(min({time})) AS low, epoch_us(max({time})) AS up FROM {table}",
            split=ByParts("SELECT min(low) AS low, max(up) AS up FROM parts", key=""),
        ).to_pylist()[0]
        ends += [end for end in found.values() if end is not None]
    return (min(ends) / 1e6, max(ends) / 1e6) if ends else (0.0, 0.0)


def _gaps(record: Record) -> list[tuple[float, float]]:
    rows = record.sql(
        """SELECT epoch_us("from") / 1e6 AS a, epoch_us("to") / 1e6 AS b FROM coverage
        WHERE kind = 'gap' AND what NOT IN ('accounts', 'acts', 'follows', 'counts') ORDER BY a"""
    )
    return list(zip(rows.column(0).to_pylist(), rows.column(1).to_pylist(), strict=True))


def _resolution(low: np.ndarray, high: np.ndarray) -> tuple[float, float]:
    """(Lateness, resolution) of falls in seconds: by their intervals, and by their common grid."""
    if not len(high):
        return 0.0, 1.0
    widths = (high - low)[high > low] / 1e6
    by_interval = float(np.median(widths)) if len(widths) > len(high) / 2 else 0.0
    by_grid = 0.0
    for unit in (86400, 3600, 60, 1):
        if (high % (unit * 10**6) == 0).mean() > _GRID_SHARE:
            by_grid = float(unit)
            break
    return by_interval, max(by_interval, by_grid)


def _step(span: float, resolution: float) -> float:
    """The finest step the data know that leaves a bearable number of steps."""
    for step in STEPS_S:
        if step >= resolution * 0.999 and span / step <= MAX_STEPS:
            return step
    return max(DAY_S, span / MAX_STEPS)
