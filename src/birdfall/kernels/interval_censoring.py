"""Events known only within intervals: how many lie in a window for certain, at most, most likely.

An event in (low, high] lies in (a, b] for certain if the interval does, possibly if the two
overlap. The most likely number is the sum of each event's probability to lie there under the
non-parametric maximum-likelihood estimate of when events happen (Turnbull 1976). All times int64
microseconds; an exact time t is the interval (t - 1, t].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

#: The estimate is accepted when no interval's likelihood could be raised by more than this share.
TOLERANCE, MAX_ROUNDS = 1e-4, 5000


def count_in_windows(
    low: np.ndarray, high: np.ndarray, begin: np.ndarray, end: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Certain and possible number of events in each window.

    Parameters
    ----------
    low, high
        int64[n], low < high, or low == high for an exact time.
    begin, end
        int64[w], begin < end; windows (begin, end].

    Returns
    -------
    certain, possible
        int64[w] each. Possible by two sorts, certain by a pass per window: windows are few.

    Examples
    --------
    >>> low, high = np.array([0, 5]), np.array([4, 20])
    >>> count_in_windows(low, high, np.array([0]), np.array([10]))
    (array([1]), array([2]))
    """
    low = np.where(low == high, high - 1, low)
    by_low, by_high = np.sort(low), np.sort(high)
    # All but those over by `begin` and those that start at `end` or later; no interval is both.
    possible = np.searchsorted(by_low, end, "left") - np.searchsorted(by_high, begin, "right")
    certain = np.array(
        [((low >= a) & (high <= b)).sum() for a, b in zip(begin, end, strict=True)], np.int64
    )
    return certain, possible.astype(np.int64)


@dataclass(frozen=True)
class Turnbull:
    """The estimate: a probability for each innermost interval. Within one, its place is unknown.

    Parameters
    ----------
    low, high
        int64[m], innermost intervals (low, high], disjoint, ascending.
    share
        float64[m], probabilities, sum 1.
    gap
        Log-likelihood per event that may be missing from the maximum.
    """

    low: np.ndarray
    high: np.ndarray
    share: np.ndarray
    gap: float


def turnbull(
    low: np.ndarray,
    high: np.ndarray,
    times: np.ndarray | None = None,
    *,
    tolerance: float = TOLERANCE,
) -> Turnbull:
    """The non-parametric maximum-likelihood estimate of when events in (low, high] happened.

    Parameters
    ----------
    low, high
        int64[n].
    times
        float64[n], how often each counts; None: once.
    tolerance
        Likelihood gradient above 1 at which the iteration stops.

    Notes
    -----
    Self-consistency (Turnbull 1976) over innermost intervals, O(n + m) a round by prefix sums;
    stopped by its own certificate: at the maximum no innermost interval has a likelihood gradient
    above 1 (Gentleman and Geyer 1994).
    """
    low = np.where(low == high, high - 1, low)
    pairs, place, number = np.unique(
        np.stack([low, high], axis=1), axis=0, return_inverse=True, return_counts=True
    )
    if times is not None:
        number = np.bincount(place.ravel(), weights=times, minlength=len(pairs))
    if not len(pairs):
        return Turnbull(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), 0.0)
    lows, highs = np.unique(pairs[:, 0]), np.unique(pairs[:, 1])
    # Innermost: a low end with a high end next; at one instant intervals end before others begin.
    ends = np.r_[highs, lows]
    opens = np.r_[np.zeros(len(highs), bool), np.ones(len(lows), bool)]
    order = np.lexsort((opens, ends))
    ends, opens = ends[order], opens[order]
    inner = np.flatnonzero(opens[:-1] & ~opens[1:])
    inner_low, inner_high = ends[inner], ends[inner + 1]
    first = np.searchsorted(inner_low, pairs[:, 0], "left")
    last = np.searchsorted(inner_high, pairs[:, 1], "right")
    total = number.sum()
    share = np.full(len(inner), 1 / len(inner))
    gap = 0.0
    often, gradient = number.astype(np.float64), np.empty(len(inner))
    for _ in range(MAX_ROUNDS):
        gap = likelihood_gradient(first, last, often, share, float(total), gradient) - 1
        if gap <= tolerance:
            break
        share = share * gradient
        share /= share.sum()
    return Turnbull(inner_low, inner_high, share, gap)


@njit(cache=True, nogil=True)
def likelihood_gradient(
    first: np.ndarray,
    last: np.ndarray,
    number: np.ndarray,
    share: np.ndarray,
    total: float,
    gradient: np.ndarray,
) -> float:
    """By how much more probability in an innermost interval would raise the likelihood.

    Parameters
    ----------
    first, last
        int64[n], each event may lie in the innermost intervals [first, last).
    number
        float64[n], how often each counts.
    share
        float64[m], the probability of each innermost interval.
    total
        The sum of `number`.
    gradient
        float64[m], written here: per event, 1 where nothing is gained.

    Returns
    -------
    float
        The largest of it.
    """
    upto, begin = np.zeros(len(share) + 1), np.zeros(len(share) + 1)
    end = np.zeros(len(share) + 1)
    for j in range(len(share)):
        upto[j + 1] = upto[j] + share[j]
    for i in range(len(first)):
        weight = number[i] / max(upto[last[i]] - upto[first[i]], 1e-300)
        begin[first[i]] += weight
        end[last[i]] += weight
    running, largest = 0.0, -np.inf
    for j in range(len(share)):
        running += begin[j] - end[j]
        gradient[j] = running / total
        largest = max(largest, gradient[j])
    return largest


def expected_number(
    low: np.ndarray, high: np.ndarray, begin: int, end: int, estimate: Turnbull
) -> float:
    """The expected number of events in (begin, end], each by its own interval.

    An innermost interval that the window cuts counts by the share of its length inside.
    """
    low = np.where(low == high, high - 1, low)
    near = (high > begin) & (low < end)
    if not near.any():
        return 0.0
    overlap = np.minimum(estimate.high, end) - np.maximum(estimate.low, begin)
    inside = estimate.share * np.clip(
        overlap / np.maximum(estimate.high - estimate.low, 1), 0.0, 1.0
    )
    whole, part = np.r_[0.0, np.cumsum(estimate.share)], np.r_[0.0, np.cumsum(inside)]
    first = np.searchsorted(estimate.low, low[near], "left")
    last = np.searchsorted(estimate.high, high[near], "right")
    mass = whole[last] - whole[first]
    return float(((part[last] - part[first]) / np.maximum(mass, 1e-300))[mass > 0].sum())
