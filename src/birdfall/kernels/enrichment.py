"""Audience enrichment: count the fallen in every audience, and in draws of the fallen.

Plain version: `for leader: sum(fallen[f] for f in followers(leader))`, and the same for fallen
accounts drawn anew within strata. Cost: the counting pass reads each edge once; a permutation costs
the degrees of the fallen and one pass over the audiences. Safe: codes are below n by construction,
so they are taken as unsigned (no test for indices counted from the end, which halves the speed); a
count fits int32 as no audience has 2^31 followers; threads write to separate rows.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def bitset(members: np.ndarray, n: int) -> np.ndarray:
    """uint64[ceil(n / 64)] with the bits of `members` (codes < n) set.

    64 accounts a word stay in cache where a byte mask would not.
    """
    words = np.zeros((n + 63) // 64, np.uint64)
    for m in members:
        words[m >> 6] |= np.uint64(1) << np.uint64(m & 63)
    return words


@njit(cache=True, nogil=True)
def fallen_per_audience(
    starts: np.ndarray,
    follower: np.ndarray,
    words: np.ndarray,
    first: int,
    last: int,
    out: np.ndarray,
) -> None:
    """Count the followers of audiences [first, last) that are in a bit set, into out[a].

    starts, follower: int64[leaders + 1] into int32[edges]. words: uint64, from `bitset`. out:
    int64[leaders].
    """
    for a in range(first, last):
        number = np.uint64(0)
        for e in range(np.uint64(starts[a]), np.uint64(starts[a + 1])):
            f = np.uint64(follower[e])
            number += (words[f >> np.uint64(6)] >> (f & np.uint64(63))) & np.uint64(1)
        out[a] = number


@njit(cache=True, nogil=True)
def followed_by_fallen(
    starts: np.ndarray, followed: np.ndarray, fallen: np.ndarray, out: np.ndarray
) -> None:
    """Add one to out[a] for each follow edge of the accounts `fallen` to audience a.

    Costs their degrees only. starts, followed: int64[n + 1] into int32[edges], whom each account
    follows.
    """
    for f in fallen:
        for e in range(np.uint64(starts[f]), np.uint64(starts[f + 1])):
            out[np.uint64(followed[e])] += 1


@njit(cache=True, nogil=True)
def transpose_edges(
    starts: np.ndarray, follower: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """The same edges by account: int64[n + 1] into int32[edges], audiences ascending.

    One counting sort.
    """
    begin = np.zeros(n + 1, np.int64)
    for f in follower:
        begin[f + 1] += 1
    for i in range(n):
        begin[i + 1] += begin[i]
    place = begin[:-1].copy()
    followed = np.empty(len(follower), np.int32)
    for a in range(len(starts) - 1):
        for e in range(starts[a], starts[a + 1]):
            f = follower[e]
            followed[place[f]] = a
            place[f] += 1
    return begin, followed


@njit(cache=True, nogil=True)
def moments(
    starts: np.ndarray,
    follower: np.ndarray,
    stratum: np.ndarray,
    rate: np.ndarray,
    spread: np.ndarray,
    total: np.ndarray,
    boosts: np.ndarray,
    first: int,
    last: int,
    count: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    log_e: np.ndarray,
) -> None:
    """What drawing the fallen at random within strata does to audiences [first, last).

    Parameters
    ----------
    starts, follower, stratum
        int64[leaders + 1] into int32[edges]; int32[n], stratum of each account.
    rate, spread, total
        float64[strata]: fallen / accounts; rate (1 - rate) / (accounts - 1); accounts.
    boosts
        float64[B], multiples of the rate that the e-value averages over.
    count
        int64[leaders], fallen per audience.
    mean, variance, log_e
        float64[leaders], results: mean and variance of the fallen, and the log e-value.

    Notes
    -----
    Mean = sum n_s rate_s, variance = sum n_s (N_s - n_s) rate_s (1 - rate_s) / (N_s - 1) (Cochran
    1954; Mantel and Haenszel 1959). The e-value is the mean over boosts b of
    b^count / prod (1 + rate_s (b - 1))^n_s: a hypergeometric has no larger moment generating
    function than the binomial of its mean (Hoeffding 1963), so its expectation is at most 1 if
    nothing is raised.
    """
    size = np.zeros(len(rate), np.int64)
    grown = _grown_rates(rate, boosts)
    for a in range(first, last):
        size[:] = 0
        for e in range(np.uint64(starts[a]), np.uint64(starts[a + 1])):
            size[np.uint64(stratum[np.uint64(follower[e])])] += 1
        mean[a], variance[a], log_e[a] = _moments(
            size, rate, spread, total, boosts, grown, count[a]
        )


@njit(cache=True, nogil=True)
def _grown_rates(rate: np.ndarray, boosts: np.ndarray) -> np.ndarray:
    """What a follower of each stratum takes from the log e-value, float64[B, strata]."""
    grown = np.empty((len(boosts), len(rate)))
    for b in range(len(boosts)):
        for s in range(len(rate)):
            grown[b, s] = np.log1p(rate[s] * (boosts[b] - 1.0))
    return grown


@njit(cache=True, nogil=True)
def _moments(
    size: np.ndarray,
    rate: np.ndarray,
    spread: np.ndarray,
    total: np.ndarray,
    boosts: np.ndarray,
    grown: np.ndarray,
    count: int,
) -> tuple[float, float, float]:
    """Mean, variance and log e-value of one audience of `size` (int64[strata]) followers."""
    m = 0.0
    v = 0.0
    for s in range(len(rate)):
        m += size[s] * rate[s]
        v += size[s] * (total[s] - size[s]) * spread[s]
    term = np.empty(len(boosts))
    for b in range(len(boosts)):
        t = count * np.log(boosts[b])
        for s in range(len(rate)):
            t -= size[s] * grown[b, s]
        term[b] = t
    top = term.max()
    return m, v, top + np.log(np.exp(term - top).mean())


@njit(cache=True, nogil=True)
def moments_of_sizes(
    sizes: np.ndarray,
    rate: np.ndarray,
    spread: np.ndarray,
    total: np.ndarray,
    boosts: np.ndarray,
    count: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    log_e: np.ndarray,
) -> None:
    """As `moments`, of audiences whose followers were counted elsewhere.

    sizes: int64[leaders, strata], followers of each audience per stratum.
    """
    grown = _grown_rates(rate, boosts)
    for a in range(len(sizes)):
        mean[a], variance[a], log_e[a] = _moments(
            sizes[a], rate, spread, total, boosts, grown, count[a]
        )


@njit(cache=True, nogil=True)
def permuted_counts(
    followed_starts: np.ndarray,
    followed: np.ndarray,
    order: np.ndarray,
    stratum_starts: np.ndarray,
    fallen_in: np.ndarray,
    seed: int,
    out: np.ndarray,
) -> None:
    """Add the fallen followers of every audience in every draw to `out`.

    The draws are those of `permuted_maxima` with the same seed, whatever edges are given: of the
    edges of one part, the counts are that part's.

    Parameters
    ----------
    followed_starts, followed, order, stratum_starts, fallen_in
        As of `permuted_maxima`.
    out
        int32[draws, leaders], results.
    """
    np.random.seed(seed)
    pool = order.copy()
    for r in range(len(out)):
        for s in range(len(fallen_in)):
            begin, end = stratum_starts[s], stratum_starts[s + 1]
            for k in range(fallen_in[s]):
                j = begin + k + int(np.random.random() * (end - begin - k))
                pool[begin + k], pool[j] = pool[j], pool[begin + k]
                f = pool[begin + k]
                for e in range(followed_starts[f], followed_starts[f + 1]):
                    out[r, followed[e]] += 1


@njit(cache=True, nogil=True)
def permuted_maxima(
    followed_starts: np.ndarray,
    followed: np.ndarray,
    order: np.ndarray,
    stratum_starts: np.ndarray,
    fallen_in: np.ndarray,
    mean: np.ndarray,
    deviation: np.ndarray,
    first: int,
    last: int,
    seed: int,
    out: np.ndarray,
) -> None:
    """The largest z over all audiences in replicates [first, last) of the fallen, into out[r].

    Parameters
    ----------
    followed_starts, followed
        int64[n + 1] into int32[edges], audiences each account is in.
    order, stratum_starts
        int32[n], accounts by stratum; stratum s is
        order[stratum_starts[s]:stratum_starts[s + 1]].
    fallen_in
        int64[strata], how many fell in each.
    mean, deviation
        float64[leaders]; only audiences with deviation > 0 count.
    out
        float64[replicates], results.

    Notes
    -----
    All fallen of a replicate are drawn before any is counted: the rows of several accounts are then
    fetched from memory at once.
    """
    np.random.seed(seed)
    pool = order.copy()
    drawn = np.empty(fallen_in.sum(), np.int32)
    scale = np.zeros(len(mean))
    for a in range(len(mean)):
        if deviation[a] > 0:
            scale[a] = 1.0 / deviation[a]
    count = np.zeros(len(mean), np.int32)
    for r in range(first, last):
        number = 0
        for s in range(len(fallen_in)):
            begin, end = stratum_starts[s], stratum_starts[s + 1]
            for k in range(fallen_in[s]):
                j = begin + k + int(np.random.random() * (end - begin - k))
                pool[begin + k], pool[j] = pool[j], pool[begin + k]
                drawn[number] = pool[begin + k]
                number += 1
        for d in drawn:
            f = np.uint64(d)
            for e in range(
                np.uint64(followed_starts[f]), np.uint64(followed_starts[f + np.uint64(1)])
            ):
                count[np.uint64(followed[e])] += 1
        best = 0.0
        for a in range(len(mean)):
            best = max(best, (count[a] - mean[a]) * scale[a])
            count[a] = 0
        out[r] = best
