"""Return curves of absences known only within intervals: Turnbull's estimate, and its band.

A fall in (a, b] that ended in (c, d] lasted more than c - b and at most d - a; one not seen to end,
longer than it is known to have lasted. The share returned by a time is the non-parametric
maximum-likelihood estimate over those intervals (Turnbull, 1976). Its band is a bootstrap of the
absences; within an innermost interval, where the likelihood is flat, both edges are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from birdfall.kernels.interval_censoring import Turnbull, turnbull
from birdfall.model.findings import Estimate, Note
from birdfall.model.units import SECOND_US

#: A duration that has not ended is shorter than this.
ENDLESS_US: Final = 2**61
#: Draws of the bootstrap, and distinct intervals beyond which durations are rounded outward.
BOOTSTRAP_DRAWS, MAX_DISTINCT_INTERVALS = 200, 4_000
#: How much likelihood per fall a drawn curve may miss: its noise is far larger.
DRAW_TOLERANCE: Final = 1e-3
#: Intervals are wide if the middle one is more than this share of the middle duration.
WIDE_SHARE: Final = 0.05

Times = NDArray[np.int64]


def are_wide(shortest: Times, longest: Times, came: NDArray[np.bool_]) -> bool:
    """Whether durations in (shortest, longest] are known too roughly to be taken for exact.

    shortest, longest: int64[n], microseconds. came: bool[n], seen to end.
    """
    if not came.any():
        return False
    width = np.median((longest - shortest)[came])
    return bool(width > WIDE_SHARE * max(float(np.median((longest + shortest)[came] / 2)), 1.0))


@dataclass(frozen=True)
class IntervalCurve:
    """Turnbull's estimate of the share returned, with its band at every innermost interval.

    Parameters
    ----------
    estimate
        Of durations, microseconds.
    edges
        float64[m + 1, 2], (low, high) of the share returned before the first innermost interval and
        after each.
    longest_known
        How long absences were followed, microseconds.
    ends
        int64[k], ends of innermost intervals.
    at_risk, events, censored
        int64[k], per end.
    limits
        Notes for the finding.
    """

    estimate: Turnbull
    edges: NDArray[np.float64]
    longest_known: int
    ends: Times
    at_risk: Times
    events: Times
    censored: Times
    limits: tuple[Note, ...]
    exact: bool = False

    def at(self, after: Times) -> NDArray[np.float64]:
        """Rows (returned, low, high) at each of `after`, float64[n, 3]. after: int64[n], us."""
        one = self.estimate
        upto = np.r_[0.0, np.cumsum(one.share)]
        done = np.searchsorted(one.high, after, side="right")
        begun = np.searchsorted(one.low, after, side="left")
        inside = np.minimum(done, len(one.low) - 1)
        width = np.maximum(one.high[inside] - one.low[inside], 1)
        part = np.clip((after - one.low[inside]) / width, 0.0, 1.0) * (begun > done)
        # What never ended has no place at which it would have.
        part = np.where(one.high[inside] >= ENDLESS_US, 0.0, part)
        value = np.minimum(upto[done] + part * (upto[begun] - upto[done]), 1.0)
        reach = np.where(one.high[inside] >= ENDLESS_US, done, begun)
        return np.column_stack(
            (value, np.minimum(self.edges[done, 0], value), np.maximum(self.edges[reach, 1], value))
        )

    def share(self, after: int | None, level: float) -> Estimate:
        """The share returned `after` so many us (None: by the end); no value beyond follow-up."""
        if after is not None and after > self.longest_known:
            return Estimate(None, "share", level=level)
        when = self.longest_known if after is None else after
        value, low, high = self.at(np.array([when], dtype=np.int64))[0].tolist()
        return Estimate(value, "share", low, high, level)

    def half(self, level: float) -> Estimate:
        """When half had returned, in seconds, by inverting estimate and band."""
        times = np.unique(
            np.r_[self.estimate.low, self.estimate.high[self.estimate.high < ENDLESS_US]]
        )
        rows = self.at(times)
        reached = [np.flatnonzero(rows[:, i] >= 0.5 - 1e-9) for i in range(3)]
        middle, late, early = (float(times[r[0]]) / SECOND_US if len(r) else None for r in reached)
        return Estimate(middle, "seconds", early, late, level)

    def table(self, schema: pa.Schema, most: int) -> pa.Table:
        """Rows at ends of innermost intervals, at most `most`; left out ones count in the next."""
        rows = np.arange(len(self.ends))
        if len(rows) > most:
            rows = np.unique(np.linspace(0, len(self.ends) - 1, most).round().astype(np.int64))
        at = self.at(self.ends[rows])
        events, censored = (
            np.diff(np.cumsum(c)[rows], prepend=0) for c in (self.events, self.censored)
        )
        columns = [
            self.ends[rows] / SECOND_US,
            at[:, 0],
            at[:, 1],
            at[:, 2],
            self.at_risk[rows],
            events,
            censored,
        ]
        return pa.table(
            [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema
        )


def interval_curve(
    shortest: Times,
    longest: Times,
    came: NDArray[np.bool_],
    level: float,
    limits: tuple[Note, ...],
    seed: int = 0,
) -> IntervalCurve:
    """Estimate the return curve of absences that lasted (shortest, longest].

    Parameters
    ----------
    shortest, longest
        int64[n], n >= 1, microseconds.
    came
        bool[n]; the others lasted longer than `shortest`.
    level
        Of the band.
    limits
        Notes to carry on.
    seed
        Of the bootstrap.
    """
    high = np.where(came, np.maximum(longest, shortest), ENDLESS_US)
    estimate = turnbull(shortest, high)
    edges = _band(shortest, high, estimate, level, seed)
    finite = np.unique(
        np.r_[estimate.high[estimate.high < ENDLESS_US], np.maximum(shortest.max(), 1)]
    ).astype(np.int64)
    place = np.searchsorted(
        finite,
        np.where(came, np.minimum(high, finite[-1]), np.minimum(shortest, finite[-1])),
        side="left",
    )
    events, censored = (
        np.bincount(place[w], minlength=len(finite)).astype(np.int64) for w in (came, ~came)
    )
    at_risk = len(came) - np.r_[0, np.cumsum(events + censored)[:-1]]
    notes = (*limits, Note("curve-from-intervals", {"falls": len(came), "draws": BOOTSTRAP_DRAWS}))
    known = int(max(shortest.max(), estimate.high[estimate.high < ENDLESS_US].max(initial=0)))
    return IntervalCurve(
        estimate, edges, known, finite, at_risk.astype(np.int64), events, censored, notes
    )


def _band(
    low: Times, high: Times, estimate: Turnbull, level: float, seed: int
) -> NDArray[np.float64]:
    """Pointwise bootstrap quantiles of the share after each interval, float64[m + 1, 2]."""
    low, high = _round_outward(low, high)
    pairs, number = np.unique(np.stack([low, high], axis=1), axis=0, return_counts=True)
    rng = np.random.default_rng(seed)
    total = int(number.sum())
    tail = (1 - level) / 2
    least, most = (
        np.empty((BOOTSTRAP_DRAWS, len(estimate.high) + 1)),
        np.empty((BOOTSTRAP_DRAWS, len(estimate.high) + 1)),
    )
    for draw in range(BOOTSTRAP_DRAWS):
        weight = rng.multinomial(total, number / total)
        kept = weight > 0
        again = turnbull(pairs[kept, 0], pairs[kept, 1], weight[kept], tolerance=DRAW_TOLERANCE)
        upto = np.r_[0.0, np.cumsum(again.share)]
        at = np.r_[estimate.low[:1], estimate.high]
        done, begun = (
            np.searchsorted(again.high, at, side="right"),
            np.searchsorted(again.low, at, side="left"),
        )
        endless = again.high[np.minimum(done, len(again.high) - 1)] >= ENDLESS_US
        # What stands in an interval not yet over may have come by then, or not.
        least[draw], most[draw] = upto[done], upto[np.where(endless, done, begun)]
    found = np.column_stack((np.quantile(least, tail, axis=0), np.quantile(most, 1 - tail, axis=0)))
    # No draw can show a return that did not happen: the exact binomial bound of none among all.
    none = 1 - tail ** (1 / total)
    found[:, 1] = np.maximum(found[:, 1], none)
    return np.maximum.accumulate(np.clip(found, 0.0, 1.0), axis=0)


def _round_outward(low: Times, high: Times) -> tuple[Times, Times]:
    """Intervals rounded outward until few are distinct: wider, and so never surer than the data."""
    grid = SECOND_US
    while True:
        if len(np.unique(np.stack([low, high], axis=1), axis=0)) <= MAX_DISTINCT_INTERVALS:
            return low, high
        low, high = low // grid * grid, np.where(high >= ENDLESS_US, high, -(-high // grid) * grid)
        grid *= 4
