"""Waves of enforcement as desks and machines make them, in months of ordinary falls.

A list is worked through by a queue that tires, by workers that join one after another, by a machine
and then by hand; a slow campaign goes on for days. Ordinary falls come by day more than by night,
and some days have more of them than others. Each wave has a known size.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

DAY_S = 86_400.0


def ordinary_falls(
    rng: np.random.Generator, *, days: int = 30, a_day: float = 120.0, uneven: float = 0.3
) -> np.ndarray:
    """Seconds of ordinary falls: the hours follow the sun, the days differ. float64[n], ascending.

    uneven: standard deviation of the logarithm of a day's rate.
    """
    each = rng.poisson(a_day * np.exp(rng.normal(-(uneven**2) / 2, uneven, days)))
    hour = 14.0 + 5.0 * rng.standard_normal(int(each.sum()))
    return np.sort((np.repeat(np.arange(days), each) + hour % 24 / 24) * DAY_S)


def tiring_queue(rng: np.random.Generator, size: int) -> np.ndarray:
    """The easy ones fall at once, the hard ones take ever longer (Weibull of shape 0.6)."""
    return rng.weibull(0.6, size) * rng.uniform(300, 3600)


def long_tail(rng: np.random.Generator, size: int) -> np.ndarray:
    """Reports that trail off as a power of the time (Lomax of index 1.5)."""
    return rng.pareto(1.5, size) * rng.uniform(120, 1800)


def workers_that_join(rng: np.random.Generator, size: int) -> np.ndarray:
    """A pace that grows until the list is empty."""
    return np.sqrt(rng.random(size)) * rng.uniform(900, 14_400)


def machine_then_hand(rng: np.random.Generator, size: int) -> np.ndarray:
    """Four fifths within minutes by a machine, the rest by hand over hours."""
    by_hand = rng.random(size) < 0.2
    quick, slow = rng.uniform(60, 900), rng.uniform(3600, 21_600)
    return np.where(by_hand, quick + rng.random(size) * slow, rng.random(size) * quick)


SHAPES: Final[dict[str, Callable[[np.random.Generator, int], np.ndarray]]] = {
    "a queue that tires": tiring_queue,
    "a long tail": long_tail,
    "workers that join": workers_that_join,
    "a machine, then by hand": machine_then_hand,
}


def month_with_a_wave(
    rng: np.random.Generator, shape: str, size: int, **ordinary: float
) -> np.ndarray:
    """A month of ordinary falls with one wave of that shape. Seconds, float64[n], ascending."""
    begin = rng.uniform(8, 20) * DAY_S
    wave = begin + SHAPES[shape](rng, size)
    return np.sort(np.concatenate([ordinary_falls(rng, **ordinary), wave]))  # type: ignore[arg-type]


def campaign(
    rng: np.random.Generator, *, days: int, a_day: float, size: int, length_s: float
) -> np.ndarray:
    """Ordinary falls, and a campaign of an even pace over `length_s`. Seconds, ascending."""
    begin = rng.uniform(0.3, 0.6) * days * DAY_S
    usual = ordinary_falls(rng, days=days, a_day=a_day)
    return np.sort(np.concatenate([usual, begin + rng.random(size) * length_s]))
