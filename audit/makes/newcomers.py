"""When accounts were made: a platform that grows, and a farm that makes many in a few days."""

from __future__ import annotations

import numpy as np

DAY_S = 86_400.0
YEARS = 9


def growing_platform(rng: np.random.Generator, number: int) -> np.ndarray:
    """Seconds at which newcomers joined a platform that grows slowly, then fast, then slowly.

    Weekends bring fewer, some months more, and hours follow the sun. float64[number], ascending.
    """
    days = YEARS * 365
    at = np.arange(days)
    rate = 1 / (1 + np.exp(-(at / days - rng.uniform(0.2, 0.6)) * rng.uniform(4, 10))) + 0.1
    rate *= np.repeat(rng.lognormal(0, 0.4, days // 30 + 1), 30)[:days]
    rate *= np.where(at % 7 >= 5, 0.8, 1.0)
    day = rng.choice(days, number, p=rate / rate.sum())
    hour = (15 + 5 * rng.standard_normal(number)) % 24
    return np.sort(day * DAY_S + hour * 3600)


def farm(rng: np.random.Generator, number: int, days: float) -> np.ndarray:
    """Accounts made by hand and script in batches over a few days. float64[number]."""
    batches = rng.random(max(3, number // 40)) * days
    chosen = rng.choice(batches, number)
    begin = rng.uniform(2, YEARS - 1) * 365
    return (begin + chosen) * DAY_S + rng.exponential(600.0, number)
