"""Negative-binomial counts per tick: upper bounds on rates, estimates of spread, and tail
probabilities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

#: Quantile of the Gamma bound, as a normal deviate: the rate lies below it in 39 of 40 streams.
RATE_BOUND_Z: Final = 1.96
#: The spread of a stream whose history does not show it, as `measures.waves` assumes it (which is
#: heavy to load).
ASSUMED_SIZE: Final = 1.0
#: Tolerated drift of a level before history exists: so many times the usual rate is no news.
ASSUMED_LIFT: Final = 3.0
#: Events in the last hour from which on its spread is believed.
MIN_SPREAD_EVENTS: Final = 20
#: Limits of a believed spread, as negative-binomial sizes: the widest and the narrowest.
MIN_SIZE, MAX_SIZE = 0.5, 50.0
#: The narrowest spread that less than an hour can show: a level may wander by a third from one hour
#: to the next, (1 / 3) ** -2.
MAX_YOUNG_SIZE: Final = 9.0


@dataclass(frozen=True, slots=True)
class LearnedBaseline:
    """What stored history says of a stream: expected events per tick, lifted; negative-binomial
    size of their spread."""

    expected: float
    size: float


def log_tail(number: float, mean: float, size: float) -> float:
    """Upper bound on the log chance that a negative binomial brings `number` or more.

    mean, size: of the distribution. Its terms fall at least as fast as the first two or the last
    two of them.
    """
    if number <= mean or mean <= 0.0:
        return 0.0
    size = min(size, 1e7)
    share = mean / (mean + size)
    term = math.lgamma(number + size) - math.lgamma(size) - math.lgamma(number + 1)
    term += number * math.log(share) + size * math.log1p(-share)
    return min(term - math.log1p(-max(share, share * (number + size) / (number + 1))), 0.0)


def rate_bound(events: np.ndarray, ticks: np.ndarray) -> np.ndarray:
    """The most a tick may bring of what brought so many events in so many ticks, float64[K]."""
    shape, ticks = events + 1.0, np.maximum(ticks, 1.0)
    # Wilson and Hilferty 1931: a Gamma variate's cube root is nearly normal
    bound = shape * (1 - 1 / (9 * shape) + RATE_BOUND_Z / (3 * np.sqrt(shape))) ** 3 / ticks
    found: np.ndarray = np.maximum(bound, ASSUMED_LIFT * events / ticks)
    return found


def spread_size(mean: np.ndarray, mean_square: np.ndarray, *, mature: np.ndarray) -> np.ndarray:
    """Negative-binomial sizes of counts by their moments, within what is believed, float64[K].

    Parameters
    ----------
    mean, mean_square
        Means of the counts and of their squares, float64[K].
    mature
        Which of them cover a whole hour, bool[K]: less can show no spread narrower than
        `MAX_YOUNG_SIZE`.
    """
    variance = mean_square - mean**2
    widest = np.where(mature, MAX_SIZE, MAX_YOUNG_SIZE)
    by_moments = mean**2 / np.maximum(variance - mean, 0.02 * mean**2 + 1e-9)
    found: np.ndarray = np.clip(by_moments, MIN_SIZE, widest)
    return found
