"""Targets under fire: one e-detector per target, touched only when a report comes.

Plain version, per target: before each tick its rate is (1 + reports so far) / (1 / base + ticks so
far), the mean of a gamma prior of one report at the base rate, but never below its usual rate; the
tick's count goes through the e-detector of `kernels.edetector`; empty ticks in closed form. The
detector stops at its first alarm, or at the end of the record. Cost: O(multipliers) per tick with a
report. Safe: every target writes its own row.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from birdfall.kernels.edetector import advance_tick, skip_empty_ticks


@njit(cache=True, nogil=True)
def detect_targets(
    begin: np.ndarray,
    tick: np.ndarray,
    count: np.ndarray,
    base: float,
    usual: np.ndarray,
    size: float,
    thetas: np.ndarray,
    bound: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Run a detector over the reports of every target.

    Parameters
    ----------
    begin
        int64[k + 1], where each target's rows in `tick` and `count` begin.
    tick, count
        int64[n], ticks with reports, ascending within a target, and how many.
    base
        Reports per tick of an ordinary target.
    usual
        float64[k], reports per tick of each target.
    size
        Negative-binomial size of a tick's count.
    thetas
        float64[J] from `edetector.multipliers`.
    bound
        Log of the threshold.

    Returns
    -------
    highest
        float64[k], largest log evidence.
    alarm
        int64[k], tick of the alarm, or -1.
    """
    number = len(begin) - 1
    alarm = np.full(number, -1, np.int64)
    highest = np.full(number, -np.inf)
    for k in range(number):
        state = np.full(len(thetas), -np.inf)
        past = 0
        at = 0
        for i in range(begin[k], begin[k + 1]):
            own = min(size, 1.0 + past)
            state = skip_empty_ticks(
                state, tick[i] - at, max(usual[k], (1.0 + past) / (1.0 / base + at)), own, thetas
            )
            mean = max(usual[k], (1.0 + past) / (1.0 / base + tick[i]))
            evidence = advance_tick(state, float(count[i]), mean, own, thetas)
            highest[k] = max(highest[k], evidence)
            past += count[i]
            at = tick[i] + 1
            if evidence >= bound:
                alarm[k] = tick[i]
                break
    return highest, alarm
