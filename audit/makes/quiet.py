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


def busiest(times: np.ndarray, length: float) -> np.ndarray:
    """The events of the fullest window of `length` seconds."""
    ends = np.searchsorted(times, times + length, "right")
    first = int((ends - np.arange(len(times))).argmax())
    return times[first : ends[first]]


def what_counts_show(
    rng: np.random.Generator, times: np.ndarray, length: float, days: int = 30
) -> dict[str, float]:
    """What is known of the fullest window from counts alone, in the terms of `explain`."""
    window = busiest(times, length)
    number = len(window)
    usual = len(times) / (days * DAY_S) * (window[-1] - window[0])
    low, high = np.quantile(window, [0.05, 0.95])
    daily = np.bincount((times // DAY_S).astype(int), minlength=days)
    return {
        "log10_size": float(np.log10(number + 0.5)),
        "log10_excess": float(np.log10((number + 0.5) / (usual + 0.5))),
        "log10_duration_s": float(np.log10(high - low + 1)),
        "log_hazard_ratio": float(rng.normal(0, 0.3)),
        "log10_dispersion": float(np.log10(daily.var() / daily.mean() + 0.1)),
    }
