"""A wave detector designed from a stream's own past, and run over that past before it is armed.

An e-detector keeps its bound on false alarms only if no tick's mean lies above what it takes for
the base rate. Levels wander by themselves: an hour at four times the base rate is no wave where
such hours come every month. So the detector's base rate is raised to the level that a stream's own
ups and downs pass no more often than half the false alarms allowed; the other half is the
e-detector's. The live watch uses the same `Detector`. Method: docs/methods/waves.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtri

from birdfall.kernels import edetector
from birdfall.measures.waves.baseline import Baseline, fit_baseline

YEAR_S: Final = 365.25 * 86400


@dataclass(frozen=True)
class Detector:
    """How a stream is watched: feed `edetector.advance` with counts, expected * lift, and `size`.

    Parameters
    ----------
    step
        Seconds per tick.
    lift
        How many times the base rate still counts as nothing.
    size
        Negative-binomial size of a tick's count, given its level.
    threshold
        Evidence of an alarm.
    thetas
        float64[J], multipliers of the lifted rate.
    false_alarms_per_year
        The bound that is kept.
    """

    step: float
    lift: float
    size: float
    threshold: float
    thetas: np.ndarray
    false_alarms_per_year: float


@dataclass(frozen=True)
class BackTest:
    """What a detector would have done over a stream's past.

    Parameters
    ----------
    detector
        The detector that was run.
    base
        The base rate it was designed from.
    alarms
        int64[a], ticks at which an alarm began. The detector starts anew after an alarm and goes on
        calling while a wave lasts: calls no further apart than what hangs together in this stream
        (`base.run` blocks) are one alarm.
    years
        Years that were watched.
    allowed
        False alarms allowed in them.
    """

    detector: Detector
    base: Baseline
    alarms: np.ndarray
    years: float
    allowed: float


def design_detector(base: Baseline, step: float, *, false_alarms_per_year: float = 0.1) -> Detector:
    """Design the detector of a stream with this base rate.

    Parameters
    ----------
    base
        Fitted to the stream's past.
    step
        Seconds per tick.
    false_alarms_per_year
        Bound on false alarms per watched year.
    """
    runs = YEAR_S / (base.block * base.run * step)
    wide = np.sqrt(np.log1p(1 / base.block_size))
    # A run of blocks is one chance to pass the lift.
    beyond = -ndtri(min(false_alarms_per_year / 2 / runs, 0.5))
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

    Parameters
    ----------
    counts
        float64[n], events per tick.
    covered
        bool[n], ticks that were watched.
    step
        Seconds per tick.
    begin
        Start of the first tick, seconds since 1970 UTC.
    false_alarms_per_year
        Bound on false alarms per watched year.
    seed
        Seed of the fit's randomised transform.

    Returns
    -------
    BackTest

    Notes
    -----
    The level looks back only. Season and spread are those of the whole past, as they will be when
    the detector is armed after it.
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
