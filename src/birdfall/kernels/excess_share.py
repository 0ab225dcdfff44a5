"""Excess share: how much of a group lies above what controls alone would show, from below.

If a share p of the group is unlike the controls and the rest is like them, the group's distribution
function is at least (1 - p) times theirs everywhere, so p is at least
1 - F_group(c) / F_controls(c) at every c. Tested at a few quantiles of the controls, both functions
moved against us by exact binomial bounds (Clopper and Pearson 1934) shared out among them, so `low`
holds at all of them together; the visible share is read at the best (the best bin of Garg et al.
2021). Bands that hold at every c (Massart 1990) are as wide as in the middle; these are half as
wide where few are left, and there small shares show.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import betaincinv

#: Quantiles of the controls at which shares are compared: what is machine-like lies high.
CONTROL_QUANTILES: Final = (0.1, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98)


@dataclass(frozen=True, slots=True)
class Excess:
    """Share of a group beyond its controls, 0..1.

    Parameters
    ----------
    low
        At least so much, at the level given.
    visible
        The estimate.
    high
        Upper bound of the visible share, at the level.
    threshold
        Score above which it is read.
    """

    low: float
    visible: float
    high: float
    threshold: float


def excess(
    group: np.ndarray,
    controls: np.ndarray,
    weight: np.ndarray | None = None,
    *,
    level: float = 0.95,
) -> Excess:
    """The share of a group above its controls.

    Parameters
    ----------
    group
        float64[n], scores; larger ones are of the kind looked for.
    controls, weight
        float64[m], scores and weights > 0 (even if None).
    level
        Of the bounds.

    Raises
    ------
    ValueError
        For an empty side.

    Examples
    --------
    >>> controls = np.linspace(0, 1, 1000)
    >>> found = excess(np.r_[np.linspace(0, 1, 700), np.full(300, 2.0)], controls)
    >>> round(found.visible, 2), found.low > 0.2
    (0.3, True)
    """
    if not len(group) or not len(controls):
        raise ValueError("an excess needs a group and controls")
    weight = np.ones(len(controls)) if weight is None else np.asarray(weight, float)
    order = np.argsort(controls, kind="stable")
    ordered, summed = controls[order], np.cumsum(weight[order]) / weight.sum()
    at = np.minimum(np.searchsorted(summed, np.array(CONTROL_QUANTILES) - 1e-12), len(ordered) - 1)
    points = np.unique(ordered[at])
    f = np.searchsorted(np.sort(group), points, "right") / len(group)
    g = np.r_[0.0, summed][np.searchsorted(ordered, points, "right")]
    even = float(weight.sum() ** 2 / (weight**2).sum())
    delta = (1 - level) / 2 / len(points)
    f_low, f_high = _bounds(f, len(group), delta)
    g_low, g_high = _bounds(g, even, delta)
    if not (g_low > 0).any():
        return Excess(0.0, 0.0, 1.0, math.inf)
    ratio = np.where(g_low > 0, f_high / np.maximum(g_low, 1e-12), np.inf)
    best = int(np.argmin(ratio))
    low, visible, high = 1 - ratio[best], 1 - f[best] / g[best], 1 - f_low[best] / g_high[best]
    low, visible, high = np.clip([low, visible, high], 0.0, 1.0).tolist()
    return Excess(low, visible, high, float(points[best]))


def _bounds(share: np.ndarray, n: float, delta: float) -> tuple[np.ndarray, np.ndarray]:
    """One-sided bounds of shares seen among n, each at confidence 1 - delta."""
    k = share * n
    low = np.where(k > 0, betaincinv(np.maximum(k, 1e-9), n - k + 1, delta), 0.0)
    high = np.where(k < n, betaincinv(k + 1, np.maximum(n - k, 1e-9), 1 - delta), 1.0)
    return low, high
