"""Scan statistics over time: which interval holds more events than its expectation explains.

Plain version: for every start i and every length L = 1, 2, 4, ...: c = sum(counts[i:i+L]),
m = sum(expected[i:i+L]); LLR = c ln(c/m) - (c+k) ln((c+k)/(m+k)) if c > m else 0. The largest wins.
Cost: O(n log n) for the dyadic scan, O(m^2) for the exact interval among m events. Safe: indices
stay within the prefix sums; no threads inside. Source: Kulldorff 1997 with a negative-binomial
likelihood (Tango and Takahashi 2005 discuss over-dispersion).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from birdfall.kernels.random_draws import poisson, seed_state, uniform

#: Windows that are judged together, at least.
_TOGETHER = 64
#: No window holds as many.
_MOST_EVENTS = 1e15


@njit(cache=True, nogil=True)
def excess(c: float, m: float, k: float) -> float:
    """Negative-binomial log-likelihood ratio of a raised mean.

    c: observed. m: expected, > 0. k: size (variance m + m^2 / k).
    """
    if c <= m or m <= 0.0:
        return 0.0
    if k > 1e7:  # Poisson limit
        return float(c * np.log(c / m) - (c - m))
    return float(c * np.log(c / m) - (c + k) * np.log((c + k) / (m + k)))


@njit(cache=True, nogil=True)
def dyadic_maximum(
    counts: np.ndarray, expected: np.ndarray, covered: np.ndarray, sizes: np.ndarray
) -> tuple[float, int, int]:
    """The largest excess over windows of 2^j steps, j < len(sizes).

    Parameters
    ----------
    counts, expected, covered
        float64[n], float64[n] and bool[n]; steps not covered count for nothing.
    sizes
        float64[J], the negative-binomial size of sums over 2^j steps.

    Returns
    -------
    value, first, length
        The log-likelihood ratio and the window [first, first + length); length 0 if none exceeds.

    Examples
    --------
    >>> ones = np.ones(8)
    >>> dyadic_maximum(np.r_[ones[:4], 20.0, 20.0, 1.0, 1.0], ones, ones > 0, ones * 5)[1:]
    (4, 2)
    """
    m_sum = _covered_sums(expected, covered)
    least = _least_expected(m_sum, len(sizes))
    value, first, length = _best_window(_covered_sums(counts, covered), m_sum, least, sizes)
    return value, first, length


@njit(cache=True, nogil=True)
def _covered_sums(values: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """Prefix sums over the steps that are covered, float64[n + 1]."""
    out = np.zeros(len(values) + 1)
    for i in range(len(values)):
        out[i + 1] = out[i] + (values[i] if covered[i] else 0.0)
    return out


@njit(cache=True, nogil=True)
def _least_expected(m_sum: np.ndarray, lengths: int) -> np.ndarray:
    """The least that any window of 2^j steps expects, of those that expect anything."""
    out = np.full(lengths, np.inf)
    for j in range(lengths):
        length = 1 << j
        for i in range(len(m_sum) - length):
            m = m_sum[i + length] - m_sum[i]
            if 0.0 < m < out[j]:
                out[j] = m
    return out


@njit(cache=True, nogil=True)
def _too_few(best: float, m: float, k: float) -> float:
    """So many events, or fewer, have no excess above `best` where `m` or more are expected."""
    if best <= 0.0:
        return 0.0
    enough = best - 1e-9 * (1.0 + best)
    found, step = np.floor(m), 1.0
    while step < _MOST_EVENTS and excess(found + step, m, k) < enough:
        found += step
        step *= 2.0
    while step > 1.0:
        step /= 2.0
        if excess(found + step, m, k) < enough:
            found += step
    return float(found)


@njit(cache=True, nogil=True)
def _may_exceed(
    c_from: np.ndarray,
    c_to: np.ndarray,
    m_from: np.ndarray,
    m_to: np.ndarray,
    k: float,
    best: float,
) -> bool:
    """Whether the parabola of one of these windows lies above `best`; float64[w], prefix sums at
    their ends. Without a branch, so that several are looked at in one instruction.
    """
    found = False
    for i in range(len(c_from)):
        m = m_to[i] - m_from[i]
        more = c_to[i] - c_from[i] - m
        found |= (more > 0.0) & (more * more * k > 2.0 * best * m * (m + k))
    return found


@njit(cache=True, nogil=True)
def _best_window(
    c_sum: np.ndarray, m_sum: np.ndarray, least: np.ndarray, sizes: np.ndarray
) -> tuple[float, int, int]:
    """`dyadic_maximum` of prefix sums; least: as of `_least_expected`."""
    n = len(c_sum) - 1
    best = 0.0
    at = 0
    long = 0
    for j in range(len(sizes)):
        length = 1 << j
        if length > n:
            break
        k = sizes[j]
        # Windows are judged together: what all of them expect bounds each from below, what any of
        # them holds from above.
        together = max(length >> 2, _TOGETHER)
        # Most windows hold too few events even for where least is expected.
        if not np.isfinite(least[j]):
            continue
        few = _too_few(best, least[j], k)
        for first in range(0, n - length + 1, together):
            end = min(first + together, n - length + 1)
            c = c_sum[end - 1 + length] - c_sum[first]
            if c <= few or c < 2:
                continue
            m = m_sum[first + length] - m_sum[end - 1]
            if m > 0.0 and (c <= m or (c - m) * (c - m) * k <= 2.0 * best * m * (m + k)):
                continue
            if not _may_exceed(
                c_sum[first:end],
                c_sum[first + length : end + length],
                m_sum[first:end],
                m_sum[first + length : end + length],
                k,
                best,
            ):
                continue
            for i in range(first, end):
                c = c_sum[i + length] - c_sum[i]
                if c <= few or c < 2:
                    continue
                m = m_sum[i + length] - m_sum[i]
                # The excess lies below its parabola at m, for its curvature falls in c: most
                # windows need no logarithm.
                if c <= m or (c - m) * (c - m) * k <= 2.0 * best * m * (m + k):
                    continue
                value = excess(c, m, k)
                if value > best:
                    best, at, long = value, i, length
                    few = _too_few(best, least[j], k)
    return best, at, long


@njit(cache=True, nogil=True)
def logarithmic(p: float) -> np.ndarray:
    """Cumulative probabilities of 1, 2, ... under the logarithmic distribution (Fisher 1943).

    Up to all but 1e-12 of it, float64[<= 2000]. p: its parameter in [0, 1); 0 is always one.
    """
    found = np.empty(2000)
    if p <= 0.0:
        found[0] = 1.0
        return found[:1]
    term = -p / np.log1p(-p)
    total = 0.0
    for i in range(2000):
        total += term / (i + 1)
        term *= p
        found[i] = total
        if total > 1.0 - 1e-12:
            return found[: i + 1]
    return found


@njit(cache=True, nogil=True)
def _draw_top_ratios(ratios: np.ndarray, tail: np.ndarray) -> None:
    """Draw the largest fiftieth of the sorted `ratios` afresh, in place.

    The largest of B uniforms, one below the other: as survival, exponential spacings (Renyi 1953).
    """
    blocks = len(ratios)
    spacing = 0.0
    for q in range(1, (blocks + 49) // 50 + 1):
        spacing += np.random.exponential() / (blocks - q + 1)
        depth = -np.log(-np.expm1(-spacing)) * 8.0
        i = min(int(depth), len(tail) - 2)
        part = min(depth, len(tail) - 1.0) - i
        ratios[blocks - q] = tail[i] + part * (tail[i + 1] - tail[i])


@njit(cache=True, nogil=True)
def _scatter_events(
    counts: np.ndarray,
    total: np.ndarray,
    low: int,
    high: int,
    mean: float,
    clumps: np.ndarray,
    state: np.ndarray,
) -> None:
    """Add a Poisson process along the expected total to steps [low, high) of `counts`.

    How many, then each anywhere; the step is guessed and corrected. total: float64[n + 1], prefix
    sums of the expected counts. mean: of the number of clumps. clumps: from `logarithmic`; with one
    entry events come one by one.
    """
    span = total[high] - total[low]
    per = (high - low) / span
    for _ in range(poisson(mean, state)):
        reached = uniform(state) * span
        at = min(low + int(reached * per), high - 1)
        reached += total[low]
        while at + 1 < high and total[at + 1] < reached:
            at += 1
        while at > low and total[at] >= reached:
            at -= 1
        number = 1.0
        if len(clumps) > 1:
            u = uniform(state)
            d = 0
            while d < len(clumps) - 1 and u > clumps[d]:
                d += 1
            number += d
        counts[at] += number


@njit(cache=True, nogil=True)
def null_maxima(
    expected: np.ndarray,
    covered: np.ndarray,
    sizes: np.ndarray,
    ranks: np.ndarray,
    block: int,
    bulk: np.ndarray,
    tail: np.ndarray,
    run: int,
    clump: float,
    replicates: int,
    seed: int,
) -> np.ndarray:
    """Largest excess of each of `replicates` records in which nothing happened.

    Parameters
    ----------
    expected, covered, sizes
        As for `dyadic_maximum`.
    ranks
        int64[B], 0 to B - 1: the order of the record's own blocks by observed / expected.
    block
        Steps per block.
    bulk
        float64[B], quantiles of the spread of levels by rank, ascending.
    tail
        float64[], its quantiles at 1 - exp(-x), x = 0, 1/8, 2/8, ...
    run
        Blocks drawn together.
    clump
        In [0, 1), parameter of the logarithmic number of events that come together in one step;
        0: one by one.
    replicates, seed
        Records drawn, and the seed.

    Returns
    -------
    float64[replicates]

    Notes
    -----
    Runs of blocks are drawn anew, so that what hangs together in time stays together (moving-block
    bootstrap, Kuensch 1989), and each rank gets its place in a fresh sample of a fitted spread: a
    bootstrap that could only repeat the largest value seen says nothing of a maximum (Bickel and
    Freedman 1981). Only the largest fiftieth is drawn afresh, for the rest does not make maxima.
    """
    np.random.seed(seed)
    n = len(expected)
    blocks = (n + block - 1) // block
    total = np.zeros(n + 1)
    for i in range(n):
        total[i + 1] = total[i] + expected[i]
    together = 1.0 if clump <= 0.0 else -clump / ((1.0 - clump) * np.log1p(-clump))
    clumps = logarithmic(clump)
    state = seed_state(seed)
    found = np.empty(replicates)
    counts = np.empty(n)
    m_sum = _covered_sums(expected, covered)
    least = _least_expected(m_sum, len(sizes))
    ratios = bulk.copy()
    for r in range(replicates):
        _draw_top_ratios(ratios, tail)
        counts[:] = 0.0
        b = 0
        while b < blocks:
            start = np.random.randint(0, len(ranks))
            for s in range(min(run, blocks - b)):
                ratio = ratios[ranks[(start + s) % len(ranks)]]
                low, high = b * block, min(n, (b + 1) * block)
                mean = (total[high] - total[low]) * ratio / together
                if clump <= 0.0 and mean > high - low:
                    for i in range(low, high):
                        counts[i] = poisson(expected[i] * ratio, state)
                elif total[high] > total[low]:
                    _scatter_events(counts, total, low, high, mean, clumps, state)
                b += 1
        found[r] = _best_window(_covered_sums(counts, covered), m_sum, least, sizes)[0]
    return found


@njit(cache=True, nogil=True)
def best_interval(
    times: np.ndarray,
    rate: float,
    k: float,
    least: float,
    starts: tuple[int, int],
    ends: tuple[int, int],
) -> tuple[float, int, int]:
    """The interval [times[i], times[j]], i < j, with the largest excess over a constant rate.

    Parameters
    ----------
    times
        float64[m], ascending, in units of 1 / rate.
    rate, k
        Expected events per unit of time, and their negative-binomial size.
    least
        Shortest duration counted, so that two events at once are not an infinite rate.
    starts, ends
        Half-open ranges of i and of j. Costs their product.

    Returns
    -------
    value, i, j
        The log-likelihood ratio and the interval.
    """
    best, first, last = 0.0, 0, 0
    for i in range(starts[0], starts[1]):
        for j in range(max(i + 1, ends[0]), ends[1]):
            c, m = j - i + 1.0, rate * max(times[j] - times[i], least)
            if c <= m or (c - m) * (c - m) * k <= 2.0 * best * m * (m + k):
                continue
            value = excess(c, m, k)
            if value > best:
                best, first, last = value, i, j
    return best, first, last


@njit(cache=True, nogil=True)
def onset_profile(times: np.ndarray, rate: float, k: float, least: float, last: int) -> np.ndarray:
    """The excess of [times[i], times[last]] for each first event i < last, float64[last]."""
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
