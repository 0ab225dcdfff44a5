"""Effect size over strata: pooled odds ratio with its interval, and its E-value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Z_95 = 1.959963984540054
#: Effects below these are not reported: they can be confounding that was not measured.
ODDS_RATIO_FLOOR, E_VALUE_FLOOR = 2.0, 3.0


@dataclass(frozen=True, slots=True)
class PooledOddsRatio:
    """Mantel-Haenszel odds ratio with its 95 % interval, and the E-value of the lower bound."""

    ratio: float
    low: float
    high: float
    e_value: float

    @property
    def raised(self) -> bool:
        """Whether it passes the floors below which nothing is called raised."""
        return self.ratio >= ODDS_RATIO_FLOOR and self.e_value >= E_VALUE_FLOOR


def pool_odds_ratio(
    hit: np.ndarray, size: np.ndarray, fallen: np.ndarray, total: np.ndarray
) -> PooledOddsRatio:
    """Pool the odds of falling inside an audience against outside over strata.

    Parameters
    ----------
    hit, size
        int64[strata], fallen and all followers.
    fallen, total
        float64[strata], fallen and all accounts.

    Notes
    -----
    Half a count is added to each cell of the sums where one is empty, so that no interval is
    infinite. Source: Mantel and Haenszel 1959; Robins, Breslow and Greenland 1986.

    Examples
    --------
    >>> one = np.array
    >>> odds = pool_odds_ratio(one([30]), one([100]), one([60]), one([1000]))
    >>> round(odds.ratio, 1), odds.raised
    (12.4, True)
    """
    a, b = hit.astype(float), (size - hit).astype(float)
    c, d = (fallen - hit).astype(float), (total - size - (fallen - hit)).astype(float)
    n = np.maximum(total.astype(float), 1)
    r, s = a * d / n, b * c / n
    if r.sum() == 0 or s.sum() == 0:
        a, b, c, d = a.sum() + 0.5, b.sum() + 0.5, c.sum() + 0.5, d.sum() + 0.5
        ratio = a * d / (b * c)
        deviation = float(np.sqrt(1 / a + 1 / b + 1 / c + 1 / d))
    else:
        ratio = float(r.sum() / s.sum())
        p, q = (a + d) / n, (b + c) / n
        variance = (
            (p * r).sum() / (2 * r.sum() ** 2)
            + (p * s + q * r).sum() / (2 * r.sum() * s.sum())
            + (q * s).sum() / (2 * s.sum() ** 2)
        )
        deviation = float(np.sqrt(variance))
    low, high = float(ratio * np.exp(-Z_95 * deviation)), float(ratio * np.exp(Z_95 * deviation))
    return PooledOddsRatio(float(ratio), low, high, e_value(low))


def e_value(ratio: float) -> float:
    """How strongly a hidden trait must go with both to explain a ratio away; 1 if none is needed.

    An odds ratio of a rare outcome is read as a risk ratio. Source: VanderWeele and Ding 2017.
    """
    if not np.isfinite(ratio) or ratio <= 1:
        return 1.0
    return float(ratio + np.sqrt(ratio * (ratio - 1)))
