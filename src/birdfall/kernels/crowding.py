"""Short records: which window holds more of a record's events than its share of the time.

Plain version: for every start and every length L = 1, 2, 4, ...: the log-likelihood ratio of the
events inside against an even rate while watched (`most_crowded_window`). Cost: O(n log n) by steps;
by events (`greatest_crowding`), which draws of records without waves take, O(events log n) and the
windows that can still win. Safe: indices stay within the prefix sums; no threads inside. Source:
Kulldorff 1997, conditional on the number of events.
"""

from __future__ import annotations

import numpy as np
from numba import njit

#: Corners are judged where there are so many times fewer of them than steps: each costs more.
CORNERS_PAY = 4


@njit(cache=True, nogil=True)
def crowding(events: float, share: float, number: float) -> float:
    """Log-likelihood ratio of `events` of `number` in a `share` of the time watched.

    Conditional on `number` (Kulldorff 1997).
    """
    mean = number * share
    if events <= mean or share >= 1.0:
        return 0.0
    value = events * np.log(events / mean)
    if events < number:
        value += (number - events) * np.log((number - events) / (number - mean))
    return float(value)


@njit(cache=True, nogil=True, inline="always")
def _crowding_above(events: float, share: float, number: float, best: float) -> float:
    """The larger of `best` and `crowding`, which needs no logarithm in most windows.

    It lies below its parabola at the mean, whose curvature is the larger of those at its ends.
    """
    mean = number * share
    more = events - mean
    flattest = min(mean * (number - mean), events * (number - events))
    if more <= 0.0 or more * more * number < 1.999999 * best * flattest:
        return best
    return float(max(best, crowding(events, share, number)))


@njit(cache=True, nogil=True)
def most_crowded_window(
    counts: np.ndarray, covered: np.ndarray, lengths: int
) -> tuple[float, int, int]:
    """The window of 2^j steps, j < lengths, most crowded against an even rate while watched.

    Arguments and result as for `scan.dyadic_maximum`.
    """
    n = len(counts)
    c_sum = np.zeros(n + 1)
    t_sum = np.zeros(n + 1)
    for i in range(n):
        seen = 1.0 if covered[i] else 0.0
        c_sum[i + 1] = c_sum[i] + counts[i] * seen
        t_sum[i + 1] = t_sum[i] + seen
    best, at, long = 0.0, 0, 0
    if t_sum[n] <= 0.0:
        return best, at, long
    for j in range(lengths):
        length = 1 << j
        if length > n:
            break
        for i in range(n - length + 1):
            c = c_sum[i + length] - c_sum[i]
            if c < 2:
                continue
            value = crowding(c, (t_sum[i + length] - t_sum[i]) / t_sum[n], c_sum[n])
            if value > best:
                best, at, long = value, i, length
    return best, at, long


@njit(cache=True, nogil=True)
def covered_range(t_sum: np.ndarray, lengths: int) -> np.ndarray:
    """The fewest (of those with any) and most covered steps of windows of 2^j steps, float64[J, 2].

    t_sum: float64[n + 1], covered steps before each.
    """
    out = np.zeros((lengths, 2))
    for j in range(lengths):
        length = 1 << j
        least, most = np.inf, 0.0
        for i in range(len(t_sum) - length):
            t = t_sum[i + length] - t_sum[i]
            most = max(most, t)
            if 0.0 < t < least:
                least = t
        out[j, 0], out[j, 1] = least, most
    return out


@njit(cache=True, nogil=True)
def walk_windows(at: np.ndarray, t_sum: np.ndarray, length: int, best: float) -> float:
    """The larger of `best` and the greatest crowding of windows of `length` steps that hold two
    events or more; arguments as of `greatest_crowding`.
    """
    n, number = len(t_sum) - 1, len(at)
    begin, low, high = 0, 0, 0
    for e in range(number - 1):
        # a window that holds this event and the next begins in between
        for i in range(max(begin, at[e + 1] - length + 1), min(at[e], n - length) + 1):
            while low < number and at[low] < i:
                low += 1
            while high < number and at[high] < i + length:
                high += 1
            share = (t_sum[i + length] - t_sum[i]) / t_sum[n]
            best = _crowding_above(float(high - low), share, float(number), best)
            begin = i + 1
    return best


@njit(cache=True, nogil=True)
def coverage_edges(covered: np.ndarray) -> np.ndarray:
    """The steps at which watching begins or ends, int64[edges]. covered: bool[n]."""
    out = np.empty(len(covered), np.int64)
    number = 0
    for i in range(1, len(covered)):
        if covered[i] != covered[i - 1]:
            out[number] = i
            number += 1
    return out[:number]


@njit(cache=True, nogil=True)
def _crowding_at(
    starts: np.ndarray, shift: int, at: np.ndarray, t_sum: np.ndarray, length: int, best: float
) -> float:
    """The larger of `best` and the greatest crowding of the windows of `length` steps that begin
    at `starts` + `shift`, int64[s], ascending, and hold two events or more.
    """
    n, number = len(t_sum) - 1, len(at)
    low, high = 0, 0
    for s in range(len(starts)):
        i = min(max(starts[s] + shift, 0), n - length)
        while low < number and at[low] < i:
            low += 1
        while high < number and at[high] < i + length:
            high += 1
        if high - low >= 2:
            share = (t_sum[i + length] - t_sum[i]) / t_sum[n]
            best = _crowding_above(float(high - low), share, float(number), best)
    return best


@njit(cache=True, nogil=True)
def judge_corners(
    at: np.ndarray, t_sum: np.ndarray, edges: np.ndarray, length: int, best: float
) -> float:
    """As `walk_windows`, by the windows that can be the most crowded.

    From one window to the next the events inside stay, but where one enters or leaves; in between
    the time watched is least at an end, or where watching begins or ends at an end of the window.
    """
    for shift in (0, 1, -length, 1 - length):
        best = _crowding_at(at, shift, at, t_sum, length, best)
    for shift in (0, -length):
        best = _crowding_at(edges, shift, at, t_sum, length, best)
    return best


@njit(cache=True, nogil=True)
def greatest_crowding(
    at: np.ndarray, t_sum: np.ndarray, reach: np.ndarray, edges: np.ndarray, lengths: int
) -> float:
    """The value of `most_crowded_window` by walking events instead of steps.

    at: int64[events], ascending, the covered steps at which they are. t_sum: float64[n + 1],
    covered steps before each. reach: as of `covered_range`. edges: as of `coverage_edges`.
    """
    n, number = len(t_sum) - 1, len(at)
    few_corners = 4 * number + 2 * len(edges) < n // CORNERS_PAY
    best = 0.0
    for j in range(lengths):
        length = 1 << j
        if length > n:
            break
        most, first = 0, 0
        for last in range(number):
            while at[last] - at[first] >= length:
                first += 1
            most = max(most, last - first + 1)
        if most < 2:
            continue
        # no window of this length is more crowded than the most events in the fewest steps
        bound = crowding(float(most), reach[j, 0] / t_sum[n], float(number))
        if reach[j, 0] == reach[j, 1]:
            best = max(best, bound)
        elif bound > best - 1e-9 * (1.0 + best):
            if few_corners:
                best = judge_corners(at, t_sum, edges, length, best)
            else:
                best = walk_windows(at, t_sum, length, best)
    return best


@njit(cache=True, nogil=True)
def crowding_null_maxima(
    events: int,
    covered: np.ndarray,
    lengths: int,
    block: int,
    size: float,
    replicates: int,
    seed: int,
) -> np.ndarray:
    """Largest crowding of `replicates` records of `events` events, float64[replicates].

    They are spread over blocks of `block` steps with gamma(size) rates. covered: bool[n].
    """
    np.random.seed(seed)
    n = len(covered)
    found = np.empty(replicates)
    total = np.empty(n)
    at = np.empty(events, np.int64)
    t_sum = np.zeros(n + 1)
    for i in range(n):
        t_sum[i + 1] = t_sum[i] + (1.0 if covered[i] else 0.0)
    reach = covered_range(t_sum, lengths)
    edges = coverage_edges(covered)
    for r in range(replicates):
        run = 0.0
        for begin in range(0, n, block):
            weight = np.random.gamma(size, 1.0 / size)
            for i in range(begin, min(n, begin + block)):
                run += weight if covered[i] else 0.0
                total[i] = run
        for e in range(events):
            at[e] = min(int(np.searchsorted(total, np.random.random() * run)), n - 1)
        at.sort()
        found[r] = greatest_crowding(at, t_sum, reach, edges, lengths)
    return found
