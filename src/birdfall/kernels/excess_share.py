"""How many of a group lie above what controls alone would show: the mixture proportion, from below and with confidence.

If a share p of the group is unlike the controls and the rest is like them, the group's distribution function is at least
(1 - p) times theirs everywhere, so p is at least 1 - F_group(c) / F_controls(c) at every c. The best c is sought with both
functions moved against us by the Dvoretzky-Kiefer-Wolfowitz band (Massart 1990), so `low` holds at all c together; the visible
share is read at that c (the best bin of Garg et al. 2021, on a single score whose direction is fixed beforehand).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

#: At thresholds below which fewer of the controls lie nothing is read: the ratio there is noise.
LEAST_CONTROLS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Excess:
    """Shares 0..1 of the group. low: at least, at the level asked. visible: the estimate. high: of the visible share, at the level."""

    low: float
    visible: float
    high: float
    threshold: float


def excess(group: np.ndarray, controls: np.ndarray, weight: np.ndarray | None = None, *, level: float = 0.95) -> Excess:
    """The share of `group` (float64[n]) above `controls` (float64[m]) with weights (float64[m] > 0; default: even).

    Larger scores are those of the kind looked for. Raises ValueError for an empty side.
    """
    if not len(group) or not len(controls):
        raise ValueError("an excess needs a group and controls")
    weight = np.ones(len(controls)) if weight is None else np.asarray(weight, float)
    points = np.unique(np.concatenate([group, controls]))
    f = np.searchsorted(np.sort(group), points, "right") / len(group)
    order = np.argsort(controls, kind="stable")
    summed = np.concatenate([[0.0], np.cumsum(weight[order])]) / weight.sum()
    g = summed[np.searchsorted(controls[order], points, "right")]
    delta = (1 - level) / 2
    off_f = _band(len(group), delta)
    off_g = _band(weight.sum() ** 2 / (weight**2).sum(), delta)
    read = (g >= LEAST_CONTROLS) & (g > off_g)
    if not read.any():
        return Excess(0.0, 0.0, 1.0, math.inf)
    ratio = (f + off_f)[read] / (g - off_g)[read]
    at = int(np.argmin(ratio))
    below, usual = float(f[read][at]), float(g[read][at])
    visible = 1 - below / usual
    high = 1 - max(below - off_f, 0.0) / min(usual + off_g, 1.0)
    low, visible, high = np.clip([1 - ratio[at], visible, high], 0.0, 1.0).tolist()
    return Excess(low, visible, high, float(points[read][at]))


def _band(n: float, delta: float) -> float:
    """One-sided Dvoretzky-Kiefer-Wolfowitz band at confidence 1 - delta."""
    return math.sqrt(math.log(1 / delta) / (2 * n))
