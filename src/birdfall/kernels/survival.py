"""Time to an event under right censoring: the product-limit estimate with Greenwood's variance.

Kaplan and Meier, 1958, J. Am. Stat. Assoc. 53; Greenwood, 1926; band on the log-minus-log scale
(Kalbfleisch and Prentice, 1980), which stays within 0 and 1; before the first event Clopper and
Pearson's bound, 1934.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SurvivalCurve:
    """Share that had the event by each time, one entry per distinct duration, ascending.

    Parameters
    ----------
    time
        int64[n], in the unit of the durations.
    happened, low, high
        float64[n], shares and their band.
    at_risk, events, censored
        int64[n]; `at_risk` counts those with a duration of `time` or more.
    at_start
        Upper edge before the first duration.
    """

    time: NDArray[np.int64]
    happened: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    at_risk: NDArray[np.int64]
    events: NDArray[np.int64]
    censored: NDArray[np.int64]
    at_start: float

    def at(self, times: NDArray[np.int64]) -> NDArray[np.float64]:
        """Rows (happened, low, high) at each of `times`: float64[n, 3]."""
        table = np.column_stack((self.happened, self.low, self.high))
        table = np.vstack(([[0.0, 0.0, self.at_start]], table))
        return table[np.searchsorted(self.time, times, side="right")]


def kaplan_meier(
    durations: NDArray[np.int64], happened: NDArray[np.bool_], z: float = 1.959963984540054
) -> SurvivalCurve:
    """The product-limit estimate of durations under right censoring.

    Parameters
    ----------
    durations
        int64[n], not negative.
    happened
        bool[n]; the others are censored at their duration. An event and a censoring at one time:
        the event came first.
    z
        Standard normal quantile of the band.

    Examples
    --------
    >>> curve = kaplan_meier(np.array([1, 2, 3]), np.array([True, True, False]))
    >>> curve.happened.round(2).tolist()
    [0.33, 0.67, 0.67]
    """
    times, place = np.unique(durations, return_inverse=True)
    events = np.bincount(place[happened], minlength=len(times)).astype(np.int64)
    censored = np.bincount(place[~happened], minlength=len(times)).astype(np.int64)
    at_risk = len(durations) - np.concatenate(([0], np.cumsum(events + censored)[:-1])).astype(
        np.int64
    )
    if not len(times):
        none = np.empty(0)
        return SurvivalCurve(
            times.astype(np.int64), none, none, none, at_risk[:0], events, censored, 1.0
        )
    survival = np.cumprod(1 - events / at_risk).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.cumsum(
            np.where(events > 0, events / (at_risk * (at_risk - events).astype(np.float64)), 0.0)
        )
        theta = z * np.sqrt(spread) / np.abs(np.log(survival))
        upper, lower = survival ** np.exp(-theta), survival ** np.exp(theta)
    # Before the first event the variance is 0 and says nothing: the exact binomial bound of none.
    none_yet = 1 - NormalDist().cdf(-z) ** (1 / at_risk)
    inside = (survival > 0) & (survival < 1)
    # Where all had the event the variance is not defined: the band keeps its last lower edge.
    low = np.maximum.accumulate(np.where(inside, 1 - upper, 0.0)).astype(np.float64)
    high = np.maximum.accumulate(np.where(inside, 1 - lower, 1 - survival)).astype(np.float64)
    high = np.where(survival >= 1, none_yet, high)
    return SurvivalCurve(
        times, 1 - survival, low, high, at_risk, events, censored, float(none_yet[0])
    )
