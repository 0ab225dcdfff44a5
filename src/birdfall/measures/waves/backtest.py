"""A wave detector made for a stream from its own past, and tried on it before it is armed.

An e-detector keeps its promise only if no tick's mean lies above what it takes for the base rate. Levels wander by themselves:
an hour at four times the base rate is no wave where such hours come every month. So the detector's base rate is raised to the
level that a stream's own ups and downs pass no more often than half the false alarms allowed; the other half is the
e-detector's. The live watch reads the same `Detector`. Method: docs/methods/waves.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from birdfall.kernels import edetector
from birdfall.measures.waves.baseline import Baseline, fit_baseline

YEAR_S = 365.25 * 86400


@dataclass(frozen=True)
class Detector:
    """How a stream is watched: feed `edetector.advance` with ticks of `step` seconds, expected * lift, and `size`.

    lift: how many times the base rate still counts as nothing. size: negative-binomial size of a tick, given its level.
    threshold: the evidence of an alarm. thetas: multipliers of the lifted rate. false_alarms_per_year: what is promised.
    """

    step: float
    lift: float
    size: float
    threshold: float
    thetas: np.ndarray
    false_alarms_per_year: float


@dataclass(frozen=True)
class BackTest:
    """What a detector would have done. alarms: int64[a], ticks at which one began. years: watched. allowed: false ones in them.

    The detector starts anew after an alarm and goes on calling while a wave lasts: calls no further apart than what hangs
    together in this stream (`base.run` blocks) are one alarm.
    """

    detector: Detector
    base: Baseline
    alarms: np.ndarray
    years: float
    allowed: float


def design_detector(base: Baseline, step: float, *, false_alarms_per_year: float = 0.1) -> Detector:
    """The detector of a stream with this base rate, of ticks of `step` seconds."""
    runs = YEAR_S / (base.block * base.run * step)
    wide = np.sqrt(np.log1p(1 / base.block_size))
    # a run of blocks is one chance to pass the lift
    beyond = stats.norm.isf(min(false_alarms_per_year / 2 / runs, 0.5))
    surplus = 1 / float(base.sizes[0]) - 1 / base.block_size
    return Detector(
        step=step,
        lift=float(max(np.exp(wide * beyond - wide**2 / 2), 1.0)),
        size=1 / surplus if surplus > 1e-9 else 1e9,
        threshold=edetector.threshold_for(step, false_alarms_per_year=false_alarms_per_year / 2),
        thetas=edetector.multipliers(),
        false_alarms_per_year=false_alarms_per_year,
    )


def back_test(
    counts: np.ndarray,
    covered: np.ndarray,
    step: float,
    begin: float,
    *,
    false_alarms_per_year: float = 0.1,
    seed: int = 0,
) -> BackTest:
    """Run a stream's detector over its past.

    counts: float64[n], events per tick of `step` seconds from `begin` (seconds since 1970 UTC). covered: bool[n]. The level
    looks back only; season and spread are those of the whole past, as they will be when the detector is armed after it.
    """
    base = fit_baseline(counts, covered, step, begin, trailing=True, seed=seed)
    made = design_detector(base, step, false_alarms_per_year=false_alarms_per_year)
    sizes = np.full(len(counts), made.size)
    _, calls = edetector.alarms(
        edetector.initial_state(len(made.thetas)),
        counts,
        base.expected * made.lift,
        sizes,
        covered,
        made.thetas,
        made.threshold,
    )
    alarms = calls[np.diff(calls, prepend=-len(counts)) > base.run * base.block]
    years = float(covered.sum()) * step / YEAR_S
    return BackTest(made, base, alarms, years, years * false_alarms_per_year)
