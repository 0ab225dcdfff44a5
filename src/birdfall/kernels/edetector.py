"""The e-detector: evidence, tick by tick, that a stream now runs above its base rate, with a bound on false alarms.

Plain version, for multipliers theta_1 < ... < theta_J, count x of mean m and negative-binomial size k in this tick:
    LR_j = (theta_j (m + k) / (theta_j m + k))^x  ((m + k) / (theta_j m + k))^k
    R_j  = (R_j + 1) LR_j                            evidence = mean(R_j)
    alarm when evidence >= threshold
Guarantee: if, whatever happened before, the count of a tick has mean at most m and is no wider than size k says, the mean
number of ticks until an alarm is at least `threshold`. (Under the base rate E[LR_j] = 1, so evidence minus ticks is a
supermartingale; LR_j is increasing and convex in x, so lower means and narrower spreads only slow it down.) It does not
hold where `expected` runs below the truth, or where a tick depends on the one before and `expected` does not say so.

Cost: J multiplications per tick, O(1) in everything else; a run of empty ticks in closed form. Safe: the state is kept as
logarithms, so no wave overflows it; arrays are only read, the state returned is new; no threads inside.
Source: Shiryaev 1963 and Roberts 1966; e-detectors, Shin, Ramdas and Rinaldo 2023; many streams at once by e-BH (Wang and
Ramdas 2022), whose error over patience is bounded under any dependence (Dandapanthula and Ramdas 2025).
"""

from __future__ import annotations

import numpy as np
from numba import njit

#: From this size on the negative binomial is taken for its limit, the Poisson.
POISSON_SIZE = 1e7


def multipliers(number: int = 8, lowest: float = 1.5, highest: float = 100.0) -> np.ndarray:
    """float64[number], log-spaced: how many times the base rate a wave may run at. Waves between two cost little power."""
    if number < 1 or not 1.0 < lowest <= highest:
        raise ValueError("multipliers lie above 1, lowest first")
    return np.geomspace(lowest, highest, number)


def initial_state(number: int = 8) -> np.ndarray:
    """The state of a detector that has seen nothing: float64[number], log R_j = -inf."""
    return np.full(number, -np.inf)


@njit(cache=True, nogil=True)
def log_ratio(count: float, mean: float, size: float, theta: float) -> float:
    """log LR of `count` under mean theta * mean against mean; 0 where nothing could be expected (mean <= 0)."""
    if mean <= 0.0:
        return 0.0
    if size > POISSON_SIZE:
        return float(count * np.log(theta) - (theta - 1.0) * mean)
    # log1p: the plain quotient loses its digits where size is large
    shrink = np.log1p((theta - 1.0) * mean / (mean + size))
    return float(count * (np.log(theta) - shrink) - size * shrink)


@njit(cache=True, nogil=True)
def advance_tick(
    state: np.ndarray, count: float, mean: float, size: float, thetas: np.ndarray
) -> float:
    """One tick, in place; log of the evidence after it."""
    top = -np.inf
    for j in range(len(thetas)):
        # log(R + 1) without leaving logarithms
        grown = np.log1p(np.exp(state[j])) if state[j] < 30.0 else state[j] + np.exp(-state[j])
        state[j] = grown + log_ratio(count, mean, size, thetas[j])
        top = max(top, state[j])
    total = 0.0
    for j in range(len(thetas)):
        total += np.exp(state[j] - top)
    return float(top + np.log(total / len(thetas)))


@njit(cache=True, nogil=True)
def advance(
    state: np.ndarray,
    counts: np.ndarray,
    expected: np.ndarray,
    sizes: np.ndarray,
    covered: np.ndarray,
    thetas: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Take in ticks: (state after them, log evidence after each).

    state: float64[J] from `initial_state` or an earlier call. counts, expected, sizes: float64[n]. covered: bool[n]; a tick that was
    not watched changes nothing, for no data is not silence. thetas: float64[J] from `multipliers`. `state` is not altered.
    """
    now = state.copy()
    evidence = np.empty(len(counts))
    last = -np.inf
    top = now.max()
    if top > -np.inf:
        last = top + np.log(np.exp(now - top).mean())
    for t in range(len(counts)):
        if covered[t]:
            last = advance_tick(now, counts[t], expected[t], sizes[t], thetas)
        evidence[t] = last
    return now, evidence


@njit(cache=True, nogil=True)
def alarms(
    state: np.ndarray,
    counts: np.ndarray,
    expected: np.ndarray,
    sizes: np.ndarray,
    covered: np.ndarray,
    thetas: np.ndarray,
    threshold: float,
) -> tuple[np.ndarray, np.ndarray]:
    """As `advance`, starting anew after each alarm: (state after the last tick, ticks of the alarms as int64[a]).

    Started anew, alarms come on average at least `threshold` covered ticks apart while nothing happens.
    """
    now = state.copy()
    found = np.empty(len(counts), np.int64)
    number = 0
    bound = np.log(threshold)
    for t in range(len(counts)):
        if not covered[t]:
            continue
        if advance_tick(now, counts[t], expected[t], sizes[t], thetas) >= bound:
            found[number] = t
            number += 1
            now[:] = -np.inf
    return now, found[:number].copy()


@njit(cache=True, nogil=True)
def advance_many(
    states: np.ndarray,
    counts: np.ndarray,
    expected: np.ndarray,
    sizes: np.ndarray,
    thetas: np.ndarray,
    keep: bool,
) -> np.ndarray:
    """One tick of many detectors: log evidence after it, float64[K].

    states: float64[K, J], taken a tick further if `keep`, else left as they are. counts, expected, sizes: float64[K].
    """
    evidence = np.empty(len(counts))
    for k in range(len(counts)):
        row = states[k] if keep else states[k].copy()
        evidence[k] = advance_tick(row, counts[k], expected[k], sizes[k], thetas)
    return evidence


@njit(cache=True, nogil=True)
def skip_empty_ticks(
    state: np.ndarray, ticks: int, mean: float, size: float, thetas: np.ndarray
) -> np.ndarray:
    """The state after `ticks` covered ticks without an event, all of the same mean and size, in closed form.

    R -> q^n R + q (1 - q^n) / (1 - q) with q = LR(0): a stream need be touched only when something happens in it.
    """
    now = state.copy()
    if ticks <= 0:
        return now
    for j in range(len(thetas)):
        fall = log_ratio(0.0, mean, size, thetas[j])
        if fall == 0.0:  # nothing could be expected: each tick adds one start
            now[j] = np.log(np.exp(now[j]) + ticks) if now[j] < 700.0 else now[j]
            continue
        carried = now[j] + ticks * fall
        started = fall + np.log(np.expm1(ticks * fall) / np.expm1(fall))
        high, low = max(carried, started), min(carried, started)
        now[j] = high + np.log1p(np.exp(low - high))
    return now


@njit(cache=True, nogil=True)
def skip_empty_ticks_many(
    states: np.ndarray, ticks: int, expected: np.ndarray, sizes: np.ndarray, thetas: np.ndarray
) -> None:
    """`skip_empty_ticks` of many detectors, in place. states: float64[K, J]; expected, sizes: float64[K]."""
    for k in range(len(states)):
        if states[k].max() > -np.inf or expected[k] > 0.0:
            states[k] = skip_empty_ticks(states[k], ticks, expected[k], sizes[k], thetas)


@njit(cache=True, nogil=True)
def likely_onset(
    counts: np.ndarray,
    expected: np.ndarray,
    sizes: np.ndarray,
    covered: np.ndarray,
    thetas: np.ndarray,
) -> int:
    """The tick at which a change that is still on began most likely, judged at the last tick; len(counts) if none did.

    Greatest likelihood over starts and multipliers (the maximum of which the evidence is the sum).
    """
    best, at = 0.0, len(counts)
    for j in range(len(thetas)):
        total = 0.0
        for t in range(len(counts) - 1, -1, -1):
            if not covered[t]:
                continue
            total += log_ratio(counts[t], expected[t], sizes[t], thetas[j])
            if total > best:
                best, at = total, t
    return at


def threshold_for(tick_seconds: float, *, false_alarms_per_year: float) -> float:
    """The threshold at which a stream raises on average at most so many false alarms per watched year."""
    if tick_seconds <= 0 or false_alarms_per_year <= 0:
        raise ValueError("a tick lasts some time, and some false alarms must be allowed")
    return max(365.25 * 86400 / tick_seconds / false_alarms_per_year, 1.0)


def e_bh(log_evidence: np.ndarray, threshold: float) -> np.ndarray:
    """Which of K streams stand out together: bool[K].

    log_evidence: float64[K], of the same moment. The k strongest are chosen, k the largest with evidence_(k) >=
    threshold * K / k. The expected share of false ones among those chosen, at any stopping time, is at most its expected
    number of ticks divided by `threshold`, however the streams hang together (Dandapanthula and Ramdas 2025).
    """
    streams = len(log_evidence)
    chosen = np.zeros(streams, np.bool_)
    if not streams:
        return chosen
    order = np.argsort(-log_evidence, kind="stable")
    rank = np.arange(1, streams + 1)
    passing = np.flatnonzero(log_evidence[order] >= np.log(threshold) + np.log(streams / rank))
    if len(passing):
        chosen[order[: passing[-1] + 1]] = True
    return chosen
