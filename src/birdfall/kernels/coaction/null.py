"""How many co-actions two accounts would show if only activity and crowds were at work.

Degree null: with d acts per account, T co-actions in all and M = sum(d),
    kappa = 2 T / (M^2 - sum(d^2)),  lambda_uv = d_u d_v kappa,
    p_uv = P(Poisson(lambda_uv) >= weight_uv).
The expected co-actions over all pairs then add up to T exactly (with M^2 alone they fall short
where few accounts do much). Where lambda is large against the smaller activity the count cannot be
Poisson, being bounded by it: binomial tail instead.

Surprise: S = sum of w_o = log(U / c_o) over co-acted objects;
    log p <= min_theta [d_u d_v h(theta) - theta S],  h(theta) = sum_o q_o (exp(theta w_o) - 1),
tabulated once (Chernoff; q_o is object o's share of kappa).

Jitter: each act keeps account and object, its time is redrawn uniformly within +-reach; the
difference of two such redraws is triangular, so the chance that a pair of acts at distance d lies
within the window is a closed form; the tail of the sum over objects is exact (Poisson binomial, by
convolution).

Cost: O(1) per edge for the degree null; O(log grid) for surprise; O(objects * weight) per edge for
the jitter tail. Safe: all tails are natural logarithms, so nothing underflows.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def log_poisson_tail(weight: int, rate: float) -> float:
    """log P(X >= weight), X Poisson(rate)."""
    if weight <= 0:
        return 0.0
    if rate <= 0.0:
        return -np.inf
    if weight > rate:
        term = 1.0
        total = 1.0
        k = weight
        while term > 1e-17 * total:
            k += 1
            term *= rate / k
            total += term
        return min(
            0.0, weight * math.log(rate) - rate - math.lgamma(weight + 1.0) + math.log(total)
        )
    term = 1.0
    total = 1.0
    k = weight - 1
    while k > 0 and term > 1e-17 * total:
        term *= k / rate
        total += term
        k -= 1
    below = math.exp(
        (weight - 1) * math.log(rate) - rate - math.lgamma(float(weight)) + math.log(total)
    )
    return math.log1p(-min(below, 1.0 - 1e-16))


@njit(cache=True, nogil=True)
def log_binomial_tail(weight: int, trials: int, chance: float) -> float:
    """log P(X >= weight), X binomial(trials, chance)."""
    if weight <= 0 or chance >= 1.0:
        return 0.0
    if weight > trials or chance <= 0.0:
        return -np.inf
    odds = chance / (1.0 - chance)
    base = math.lgamma(trials + 1.0) + trials * math.log1p(-chance)
    log_odds = math.log(odds)
    if weight > trials * chance:
        term = 1.0
        total = 1.0
        k = weight
        while k < trials and term > 1e-17 * total:
            term *= odds * (trials - k) / (k + 1)
            total += term
            k += 1
        at = (
            base
            - math.lgamma(weight + 1.0)
            - math.lgamma(trials - weight + 1.0)
            + weight * log_odds
        )
        return min(0.0, at + math.log(total))
    k = weight - 1
    at = base - math.lgamma(k + 1.0) - math.lgamma(trials - k + 1.0) + k * log_odds
    term = 1.0
    total = 1.0
    while k > 0 and term > 1e-17 * total:
        term *= k / (odds * (trials - k + 1))
        total += term
        k -= 1
    return math.log1p(-min(math.exp(at + math.log(total)), 1.0 - 1e-16))


#: Above this share of the smaller activity, lambda is no longer rare: the binomial tail is used.
MAX_RARE_SHARE = 0.1


@njit(cache=True, nogil=True)
def degree_tails(
    lo: np.ndarray,
    hi: np.ndarray,
    weight: np.ndarray,
    activity: np.ndarray,
    kappa: float,
    rate: np.ndarray,
) -> np.ndarray:
    """log p float64[e] of each edge under the degree null. activity: int64[accounts].

    rate: float64[e] of given lambdas (stratified), or empty: d_u d_v kappa.
    """
    found = np.empty(len(weight), np.float64)
    for i in range(len(weight)):
        a, b = activity[lo[i]], activity[hi[i]]
        mean = rate[i] if len(rate) else float(a) * float(b) * kappa
        least = min(a, b)
        if mean > MAX_RARE_SHARE * least and weight[i] <= least:
            found[i] = log_binomial_tail(weight[i], least, mean / least)
        else:
            found[i] = log_poisson_tail(weight[i], mean)
    return found


def kappa_of(total: float, activity: np.ndarray) -> float:
    """The degree null's one scalar, from all co-actions and each account's activity."""
    d = activity.astype(np.float64)
    room = d.sum() ** 2 - (d * d).sum()
    return 2.0 * float(total) / room if room > 0 else 0.0


@njit(cache=True, nogil=True)
def profile_objects(
    key: np.ndarray,
    who: np.ndarray,
    starts: np.ndarray,
    time_bits: int,
    window: int,
    stamp: np.ndarray,
    activity: np.ndarray,
    at: np.ndarray,
    acts: np.ndarray,
    crowd: np.ndarray,
    pairs: np.ndarray,
) -> int:
    """Per object: where it begins, acts, distinct accounts, co-acting account pairs (at most);
    returns how many objects.

    stamp: int32[accounts] zeroed. activity: int64[accounts], distinct objects per account, filled.
    The four outputs: int64[n]. pairs: acts within the window of each other, capped by the pairs of
    accounts there are.
    """
    number = 0
    for p in range(len(starts) - 1):
        b = starts[p + 1]
        i = starts[p]
        while i < b:
            o = key[i] >> time_bits
            e = i
            low = i
            c = np.int64(0)
            distinct = np.int64(0)
            while e < b and (key[e] >> time_bits) == o:
                while key[low] + window < key[e]:
                    low += 1
                c += e - low
                if stamp[who[e]] != number + 1:
                    stamp[who[e]] = number + 1
                    activity[who[e]] += 1
                    distinct += 1
                e += 1
            at[number] = i
            acts[number] = e - i
            crowd[number] = distinct
            pairs[number] = min(c, distinct * (distinct - 1) // 2)
            number += 1
            i = e
    return number


#: The grid of theta on which the cumulant is tabulated.
THETA_GRID = np.concatenate(
    [np.geomspace(1e-3, 0.05, 40, endpoint=False), np.linspace(0.05, 12.0, 480)]
)


def cumulant(surprise: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """h and h' on `THETA_GRID`.

    surprise: float64[k] w_o; share: float64[k] q_o, which add up to kappa.
    """
    keep = share > 0
    surprise, share = surprise[keep], share[keep]
    # objects of one surprise are one term
    values, where = np.unique(np.round(surprise, 4), return_inverse=True)
    weight = np.bincount(where, share, len(values))
    grown = np.exp(np.minimum(THETA_GRID[:, None] * values[None, :], 700.0))
    return (grown - 1.0) @ weight, grown @ (weight * values)


def surprise_tails(
    scale: np.ndarray, total: np.ndarray, h: np.ndarray, slope: np.ndarray
) -> np.ndarray:
    """log p float64[e], an upper bound.

    scale: d_u d_v per edge; total: S per edge; h, slope from `cumulant`.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(scale > 0, total / np.maximum(scale, 1e-300), np.inf)
    k = np.clip(np.searchsorted(slope, ratio), 0, len(THETA_GRID) - 1)
    best = np.zeros(len(scale))
    for step in (-1, 0):  # the minimum lies between two points of the grid; either is a valid bound
        j = np.clip(k + step, 0, len(THETA_GRID) - 1)
        best = np.minimum(best, scale * h[j] - THETA_GRID[j] * total)
    return best


@njit(cache=True, nogil=True)
def _triangular(x: float, reach: float) -> float:
    """P(U1 - U2 <= x), U1 and U2 uniform on [-reach, reach]."""
    z = x / (2.0 * reach)
    if z <= -1.0:
        return 0.0
    if z >= 1.0:
        return 1.0
    return 0.5 * (1.0 + z) ** 2 if z < 0 else 1.0 - 0.5 * (1.0 - z) ** 2


@njit(cache=True, nogil=True)
def jitter_chance(distance: float, window: float, reach: float) -> float:
    """P(two acts `distance` apart lie within `window` once each is moved within +-reach)."""
    return float(_triangular(window - distance, reach) - _triangular(-window - distance, reach))


@njit(cache=True, nogil=True)
def log_poisson_binomial_tail(chances: np.ndarray, weight: int) -> float:
    """log P(at least `weight` of independent events with these chances happen); exact, O(len *
    weight).

    Small tails are summed from the top by Chernoff tilting, so that they keep their relative
    precision.
    """
    n = len(chances)
    if weight <= 0:
        return 0.0
    if weight > n:
        return -np.inf
    mean = chances.sum()
    tilt = 0.0
    if weight > mean:  # tilt so that the mean becomes the weight (bisection)
        low, high = 0.0, 60.0
        for _ in range(60):
            tilt = 0.5 * (low + high)
            grown = math.exp(tilt)
            m = 0.0
            for q in chances:
                m += q * grown / (1.0 - q + q * grown)
            if m < weight - 1e-9:
                low = tilt
            else:
                high = tilt
    grown = math.exp(tilt)
    log_norm = 0.0
    mass = np.zeros(n + 1)
    mass[0] = 1.0
    for i in range(n):
        q = chances[i]
        norm = 1.0 - q + q * grown
        log_norm += math.log(norm)
        q = q * grown / norm
        for k in range(i + 1, 0, -1):
            mass[k] = mass[k] * (1.0 - q) + mass[k - 1] * q
        mass[0] *= 1.0 - q
    total = 0.0
    for k in range(weight, n + 1):
        total += mass[k] * math.exp(-tilt * (k - weight))
    if total <= 0.0:
        return -np.inf
    return min(0.0, math.log(total) + log_norm - tilt * weight)


def benjamini_hochberg(log_p: np.ndarray, tests: float, alpha: float) -> tuple[np.ndarray, float]:
    """q-values float64[e] of log p-values among `tests` tests (the rest have p = 1), and the
    largest log p that passes alpha.

    Source: Benjamini & Hochberg 1995. It is -inf if nothing passes.
    """
    n = len(log_p)
    if not n:
        return np.empty(0), -np.inf
    order = np.argsort(log_p, kind="stable")
    ranked = np.exp(np.minimum(0.0, log_p[order] + np.log(tests) - np.log(np.arange(1, n + 1))))
    q = np.minimum.accumulate(ranked[::-1])[::-1]
    found = np.empty(n)
    found[order] = q
    passing = np.flatnonzero(q <= alpha)
    return found, float(log_p[order[passing[-1]]]) if len(passing) else -np.inf
