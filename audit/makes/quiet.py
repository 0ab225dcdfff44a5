"""Months in which nothing happens: moderators work at a pace that changes from day to day and from
ten minutes to ten minutes.
"""

from __future__ import annotations

import numpy as np

DAY_S = 86_400.0
CELL_S = 600.0


def quiet_month(
    rng: np.random.Generator, *, days: int = 30, shape: float = 2.7, pace: float | None = None
) -> np.ndarray:
    """Seconds at which accounts are suspended, float64[n], ascending.

    shape: of the gamma rates of ten minutes. pace: per ten minutes; drawn between 0.5 and 10.
    """
    mean = np.exp(rng.uniform(np.log(0.5), np.log(10.0))) if pace is None else pace
    day = np.exp(rng.normal(0.0, 0.4, days))
    cells = int(DAY_S / CELL_S)
    counts = rng.poisson(mean * rng.gamma(shape, 1 / shape, (days, cells)) * day[:, None]).ravel()
    times = (np.repeat(np.arange(len(counts)), counts) + rng.random(int(counts.sum()))) * CELL_S
    return np.sort(times)
