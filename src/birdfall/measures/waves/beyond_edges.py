"""How many falls a wave may have beyond its edges.

A wave that thins out is cut where it can no longer be told from the base rate, and what falls after
that is part of it all the same. Times in seconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from birdfall.measures.waves.baseline import Baseline
from birdfall.measures.waves.clock import DAY_S, ScanClock
from birdfall.measures.waves.describe import RefinedWave

#: How far beyond an edge is looked: so many durations, but at least and at most so many seconds.
REACH_DURATIONS: Final = 32
LEAST_REACH_S, MOST_REACH_S = 6 * 3600.0, DAY_S
#: Where times are whole steps: so many durations.
REACH_OF_STEPS: Final = 4
#: A surplus is followed as far as it exceeds the base rate by so many standard deviations, and is
#: bounded by what the base rate may have brought less: two bounds of 98 %, one for either side.
FOLLOWED_DEVIATIONS, BOUND_DEVIATIONS = 0.5, 2.33


def widen_sizes(
    found: Sequence[RefinedWave], times: np.ndarray, clock: ScanClock, base: Baseline
) -> list[RefinedWave]:
    """Waves whose upper bound of size allows for what may lie beyond their edges.

    times: int64[n] us. Another wave, and a time that was not watched, are never reached into.
    """
    seconds = np.sort(times) / 1e6
    usual = np.r_[0.0, np.cumsum(np.where(clock.covered, base.expected, 0.0))]
    widened = []
    for wave in found:
        others = [w for w in found if w is not wave]
        after = min((w.start for w in others if w.start > wave.end), default=np.inf)
        before = max((w.end for w in others if w.end < wave.start), default=-np.inf)
        reach = _reach(wave)
        surplus = _surplus(seconds, wave.end, min(wave.end + reach, after), clock, base, usual)
        surplus += _surplus(
            seconds, wave.start, max(wave.start - reach, before), clock, base, usual
        )
        widened.append(replace(wave, size_high=wave.size_high + surplus))
    return widened


def _reach(wave: RefinedWave) -> float:
    duration = wave.end - wave.start
    if wave.whole_steps:
        return REACH_OF_STEPS * duration
    return min(max(REACH_DURATIONS * duration, LEAST_REACH_S), MOST_REACH_S)


def _surplus(
    seconds: np.ndarray,
    edge: float,
    limit: float,
    clock: ScanClock,
    base: Baseline,
    usual: np.ndarray,
) -> float:
    """The upper bound of the events between `edge` and `limit` that the base rate does not explain.

    seconds: float64[n], ascending. usual: float64[steps + 1], events expected up to each step.
    """
    if limit >= edge:
        # an event at an edge of whole steps belongs to the step that begins there
        first, last = np.searchsorted(seconds, [edge, limit], "right")
        if clock.resolution >= clock.step * 0.999:
            first, last = np.searchsorted(seconds, [edge, limit], "left")
        near = seconds[first:last]
    else:
        first, last = np.searchsorted(seconds, [limit, edge], "left")
        near = seconds[first:last][::-1]
    if not len(near):
        return 0.0
    if clock.resolution >= clock.step * 0.999:
        # what was counted in a step was seen when it ended, or had begun
        step = np.floor((near - clock.begin) / clock.step + 1e-9) + (limit >= edge)
        near = clock.begin + step * clock.step
    steps = (near - clock.begin) / clock.step
    at = np.interp(steps, np.arange(len(usual)), usual)
    mean = np.abs(at - np.interp((edge - clock.begin) / clock.step, np.arange(len(usual)), usual))
    away = np.maximum(np.abs(near - edge) / clock.step, 1.0)
    length = np.minimum(np.round(np.log2(away)).astype(np.int64), len(base.sizes) - 1)
    spread = np.sqrt(mean + mean**2 / base.sizes[length])
    more = np.arange(1, len(near) + 1) - mean
    farthest = int(np.argmax(more - FOLLOWED_DEVIATIONS * spread))
    if more[farthest] <= FOLLOWED_DEVIATIONS * spread[farthest]:
        return 0.0
    return float(more[farthest] + BOUND_DEVIATIONS * spread[farthest])
