"""The e-detector: evidence, tick by tick, that a stream runs above its base rate.

Plain version, for multipliers theta_1 < ... < theta_J, count x of mean m and negative-binomial size
k in this tick:

    LR_j = (theta_j (m + k) / (theta_j m + k))^x  ((m + k) / (theta_j m + k))^k
    R_j  = (R_j + 1) LR_j                            evidence = mean(R_j)
    alarm when evidence >= threshold

Guarantee: if, whatever happened before, the count of a tick has mean at most m and is no wider than
size k says, the mean number of ticks until an alarm is at least `threshold`. (Under the base rate
E[LR_j] = 1, so evidence minus ticks is a supermartingale; LR_j is increasing and convex in x, so
lower means and narrower spreads only slow it down.) It does not hold where `expected` runs below
the truth, or where a tick depends on the one before and `expected` does not account for it.

Cost: J multiplications per tick, O(1) in everything else; a run of empty ticks in closed form.
Safe: the state is kept as logarithms, so no wave overflows it; arrays are only read, the state
returned is new; no threads inside.

References
----------
Shiryaev (1963) and Roberts (1966); e-detectors: Shin, Ramdas and Rinaldo (2023); many streams at
once by e-BH (Wang and Ramdas 2022), whose error over patience is bounded under any dependence
(Dandapanthula and Ramdas 2025).
"""

from __future__ import annotations

import numpy as np
from numba import njit

#: From this size on the negative binomial is taken for its limit, the Poisson.
POISSON_SIZE = 1e7
YEAR_S = 365.25 * 86400


def multipliers(number: int = 8, lowest: float = 1.5, highest: float = 100.0) -> np.ndarray:
    """How many times the base rate a wave may run at: float64[number], log-spaced.

    Waves between two multipliers cost little power. Raises ValueError unless 1 < lowest <= highest.
    """
    if number < 1 or not 1.0 < lowest <= highest:
        raise ValueError("multipliers lie above 1, lowest first")
    return np.geomspace(lowest, highest, number)


def initial_state(number: int = 8) -> np.ndarray:
    """The state of a detector that has seen nothing: float64[number], log R_j = -inf."""
    return np.full(number, -np.inf)


@njit(cache=True, nogil=True)
def log_ratio(count: float, mean: float, size: float, theta: float) -> float:
    """log LR of `count` under mean theta * mean against mean; 0 where mean <= 0."""
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
    """Advance a detector by ticks.

    Parameters
    ----------
    state
        float64[J] from `initial_state` or an earlier call; not altered.
    counts, expected, sizes
        float64[n], counts with their means and negative-binomial sizes.
    covered
        bool[n]; a tick that was not watched changes nothing, for no data is not silence.
    thetas
        float64[J] from `multipliers`.

    Returns
    -------
    state
        float64[J], after the last tick.
    evidence
        float64[n], log evidence after each tick.

    Examples
    --------
    >>> thetas = multipliers()
    >>> ones = np.ones(3)
    >>> counts = np.array([1.0, 1.0, 40.0])
    >>> _, log_evidence = advance(initial_state(), counts, ones, ones * 5, ones > 0, thetas)
    >>> bool(log_evidence[2] > np.log(1000))
    True
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
    """Advance a detector, starting anew after each alarm.

    Parameters
    ----------
    state, counts, expected, sizes, covered, thetas
        As for `advance`.
    threshold
        Evidence of an alarm, at least 1.

    Returns
    -------
    state
        float64[J], after the last tick.
    ticks
        int64[a], ticks of the alarms. While nothing happens they come on average at least
        `threshold` covered ticks apart.
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
    """Advance many detectors by one tick.

    Parameters
    ----------
    states
        float64[K, J], advanced in place if `keep`, else left as they are.
    counts, expected, sizes
        float64[K].
    thetas
        float64[J].
    keep
        Whether the tick is over.

    Returns
    -------
    float64[K]
        Log evidence after the tick.
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
    """The state after covered ticks without an event, all of the same mean and size.

    In closed form: R -> q^n R + q (1 - q^n) / (1 - q) with q = LR(0). So a stream need be touched
    only when something happens in it. state: float64[J], not altered.
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
    """`skip_empty_ticks` of many detectors, in place.

    states: float64[K, J]. expected, sizes: float64[K].
    """
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
    """The tick at which a change that still lasts began most likely; len(counts) if none did.

    Greatest likelihood over starts and multipliers, judged at the last tick (the maximum of which
    the evidence is the sum). counts, expected, sizes: float64[n]. covered: bool[n].
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
    """The threshold at which a stream raises at most so many false alarms per watched year.

    Raises ValueError unless both numbers are positive.
    """
    if tick_seconds <= 0 or false_alarms_per_year <= 0:
        raise ValueError("tick_seconds must be positive, and some false alarms must be allowed")
    return max(YEAR_S / tick_seconds / false_alarms_per_year, 1.0)


def e_bh(log_evidence: np.ndarray, threshold: float) -> np.ndarray:
    """Select the streams that stand out together, bool[K].

    Parameters
    ----------
    log_evidence
        float64[K], of the same moment.
    threshold
        Evidence of an alarm of one stream.

    Notes
    -----
    The k strongest are chosen, k the largest with evidence_(k) >= threshold * K / k. The expected
    share of false ones among those chosen, at any stopping time, is at most its expected number of
    ticks divided by `threshold`, however the streams depend on each other (Dandapanthula and Ramdas
    2025).
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
