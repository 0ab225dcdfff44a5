"""Scan statistics over time: which interval holds more events than its expectation explains.

Plain version: for every start i and every length L = 1, 2, 4, ...: c = sum(counts[i:i+L]), m = sum(expected[i:i+L]);
LLR = c ln(c/m) - (c+k) ln((c+k)/(m+k)) if c > m else 0. The largest wins.
Cost: O(n log n) for the dyadic scan, O(m^2) for the exact interval among m events. Safe: indices stay within the prefix sums; no
threads inside. Source: Kulldorff 1997 with a negative-binomial likelihood (Tango and Takahashi 2005 discuss over-dispersion).
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def excess(c: float, m: float, k: float) -> float:
    """Negative-binomial log-likelihood ratio of a raised mean: c observed, m > 0 expected, size k (var = m + m^2/k)."""
    if c <= m or m <= 0.0:
        return 0.0
    if k > 1e7:  # Poisson limit
        return c * np.log(c / m) - (c - m)
    return c * np.log(c / m) - (c + k) * np.log((c + k) / (m + k))


@njit(cache=True, nogil=True)
def dyadic_maximum(
    counts: np.ndarray, expected: np.ndarray, covered: np.ndarray, sizes: np.ndarray
) -> tuple[float, int, int]:
    """The largest excess over windows of 2^j steps, j < len(sizes): (LLR, first step, number of steps).

    counts, expected: float64[n]. covered: bool[n], steps not covered count for nothing. sizes: float64[J], the
    negative-binomial size of sums over 2^j steps.
    """
    n = len(counts)
    c_sum = np.zeros(n + 1)
    m_sum = np.zeros(n + 1)
    for i in range(n):
        seen = 1.0 if covered[i] else 0.0
        c_sum[i + 1] = c_sum[i] + counts[i] * seen
        m_sum[i + 1] = m_sum[i] + expected[i] * seen
    best = 0.0
    at = 0
    long = 0
    for j in range(len(sizes)):
        length = 1 << j
        if length > n:
            break
        for i in range(n - length + 1):
            c = c_sum[i + length] - c_sum[i]
            if c < 2:
                continue
            value = excess(c, m_sum[i + length] - m_sum[i], sizes[j])
            if value > best:
                best, at, long = value, i, length
    return best, at, long


@njit(cache=True, nogil=True)
def null_maxima(
    expected: np.ndarray,
    covered: np.ndarray,
    sizes: np.ndarray,
    ratios: np.ndarray,
    block: int,
    run: int,
    replicates: int,
    seed: int,
) -> np.ndarray:
    """Largest excess of each of `replicates` records in which nothing happened: runs of observed level ratios, drawn anew.

    ratios: float64[B], observed / expected per block of `block` steps, capped. run: blocks drawn together, so that what
    hangs together in time stays together (moving-block bootstrap, Kuensch 1989). Returns float64[replicates].
    """
    np.random.seed(seed)
    n = len(expected)
    blocks = (n + block - 1) // block
    found = np.empty(replicates)
    counts = np.empty(n)
    for r in range(replicates):
        b = 0
        while b < blocks:
            start = np.random.randint(0, len(ratios))
            for s in range(run):
                if b >= blocks:
                    break
                ratio = ratios[(start + s) % len(ratios)]
                for i in range(b * block, min(n, (b + 1) * block)):
                    counts[i] = np.random.poisson(expected[i] * ratio)
                b += 1
        found[r] = dyadic_maximum(counts, expected, covered, sizes)[0]
    return found


@njit(cache=True, nogil=True)
def best_interval(times: np.ndarray, rate: float, k: float, least: float) -> tuple[float, int, int]:
    """The interval [times[i], times[j]] with the largest excess over a constant `rate`: (LLR, i, j).

    times: float64[m], sorted, in units of 1/rate. least: the shortest duration counted, so that two events at once are not
    an infinite rate. O(m^2).
    """
    best, first, last = 0.0, 0, 0
    m = len(times)
    for i in range(m):
        for j in range(i + 1, m):
            value = excess(j - i + 1.0, rate * max(times[j] - times[i], least), k)
            if value > best:
                best, first, last = value, i, j
    return best, first, last


@njit(cache=True, nogil=True)
def onset_profile(times: np.ndarray, rate: float, k: float, least: float, last: int) -> np.ndarray:
    """For each possible first event i < last, the excess of [times[i], times[last]]: float64[last]."""
    out = np.zeros(last)
    for i in range(last):
        out[i] = excess(last - i + 1.0, rate * max(times[last] - times[i], least), k)
    return out


@njit(cache=True, nogil=True)
def densest(times: np.ndarray, width: float) -> tuple[int, int]:
    """The most events within `width` (inclusive): (number, index of the first)."""
    best, at, i = 0, 0, 0
    for j in range(len(times)):
        while times[j] - times[i] > width:
            i += 1
        if j - i + 1 > best:
            best, at = j - i + 1, i
    return best, at
