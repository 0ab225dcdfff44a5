"""Waves in a regular series of totals, such as a platform's daily suspensions, without accounts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from birdfall.measures.waves.clock import ScanClock
from birdfall.measures.waves.describe import count_poisson_alarms
from birdfall.measures.waves.search import search


@dataclass(frozen=True, slots=True)
class CountWave:
    """One wave of a series of totals.

    Parameters
    ----------
    start, end
        Half-open interval [start, end), int64 microseconds since 1970 UTC.
    observed, expected
        Events in it, and those the base rate explains.
    p_value, p_kind
        As in `ScanWindow`.
    """

    start: int
    end: int
    observed: int
    expected: float
    p_value: float
    p_kind: str


@dataclass(frozen=True, slots=True)
class CountWaves:
    """The waves of a series, beside what a Poisson test would have called.

    Parameters
    ----------
    waves
        In order of time.
    poisson_alarms
        Days (or blocks of a short series) that a Poisson test at 1e-6 calls.
    variance_to_mean
        Of the raw block totals; 1 for a Poisson series.
    """

    waves: tuple[CountWave, ...]
    poisson_alarms: int
    variance_to_mean: float


def waves_from_counts(
    times: np.ndarray,
    counts: np.ndarray,
    *,
    alpha: float = 0.01,
    replicates: int = 999,
    seed: int = 0,
) -> CountWaves:
    """Find waves in a regular series of totals.

    Parameters
    ----------
    times
        int64[n], microseconds since 1970 UTC, equally spaced, ascending.
    counts
        int64[n], suspensions from each time to the next.
    alpha
        Chance of any false wave in the whole series.
    replicates
        Bootstrap series drawn.
    seed
        Seed of the draws.

    Returns
    -------
    CountWaves

    Examples
    --------
    >>> day = 86_400_000_000
    >>> counts = np.array([20, 22, 19, 21, 18, 23] * 20)
    >>> counts[70] = 900
    >>> found = waves_from_counts(np.arange(120) * day, counts, replicates=99)
    >>> [(wave.start // day, wave.observed) for wave in found.waves]
    [(70, 900)]
    """
    step = float(np.median(np.diff(times))) / 1e6
    clock = ScanClock(float(times[0]) / 1e6, step, len(times), np.ones(len(times), np.bool_), step)
    series = counts.astype(np.float64)
    searched = search(series, clock, alpha=alpha, replicates=replicates, seed=seed)
    base = searched.base
    found = tuple(
        CountWave(
            start=int(times[w.first]),
            end=int(times[w.first] + w.length * step * 1e6),
            observed=int(series[w.steps].sum()),
            expected=float(base.expected[w.steps].sum()),
            p_value=w.p,
            p_kind=w.p_kind,
        )
        for w in searched.windows
    )
    return CountWaves(found, count_poisson_alarms(series, clock, base), base.variance_to_mean)
