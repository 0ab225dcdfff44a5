"""Whose audience was hit: counting the fallen in every audience, and what chance does to all of them at once.

Plain version: `for leader: sum(fallen[f] for f in followers(leader))`, and the same for fallen accounts drawn anew within strata.
Cost: the counting pass reads each edge once; a permutation costs the degrees of the fallen only. Safe: bit set of n bits,
indices checked by construction (codes < n); threads write to separate rows.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def bitset(members: np.ndarray, n: int) -> np.ndarray:
    """uint64 words with the bits of `members` (codes < n) set: 64 accounts a word stay in cache where a byte mask would not."""
    words = np.zeros((n + 63) // 64, np.uint64)
    for m in members:
        words[m >> 6] |= np.uint64(1) << np.uint64(m & 63)
    return words


@njit(cache=True, nogil=True)
def fallen_per_audience(
    starts: np.ndarray, follower: np.ndarray, words: np.ndarray, first: int, last: int, out: np.ndarray
) -> None:
    """out[a]: how many of audience a's followers are in the bit set, for audiences first..last.

    starts: int64[leaders + 1] into follower: int32[edges].
    """
    for a in range(first, last):
        number = 0
        for e in range(starts[a], starts[a + 1]):
            f = follower[e]
            number += (words[f >> 6] >> np.uint64(f & 63)) & np.uint64(1)
        out[a] = number


@njit(cache=True, nogil=True)
def per_stratum(
    starts: np.ndarray, follower: np.ndarray, stratum: np.ndarray, fallen: np.ndarray, strata: int, audience: int
) -> tuple[np.ndarray, np.ndarray]:
    """For one audience: followers and fallen followers per stratum, int64[strata] each."""
    size = np.zeros(strata, np.int64)
    hit = np.zeros(strata, np.int64)
    for e in range(starts[audience], starts[audience + 1]):
        f = follower[e]
        size[stratum[f]] += 1
        hit[stratum[f]] += fallen[f]
    return size, hit


@njit(cache=True, nogil=True)
def moments(
    starts: np.ndarray, follower: np.ndarray, stratum: np.ndarray, rate: np.ndarray, spread: np.ndarray, total: np.ndarray,
    first: int, last: int, mean: np.ndarray, variance: np.ndarray,
) -> None:  # fmt: skip
    """Mean and variance of the fallen in each audience if the fallen were drawn at random within strata.

    rate: fallen / accounts per stratum; spread: rate (1 - rate) / (accounts - 1); total: accounts. Cochran 1954; Mantel and
    Haenszel 1959: mean = sum n_s rate_s, variance = sum n_s (N_s - n_s) rate_s (1 - rate_s) / (N_s - 1).
    """
    size = np.zeros(len(rate), np.int64)
    for a in range(first, last):
        size[:] = 0
        for e in range(starts[a], starts[a + 1]):
            size[stratum[follower[e]]] += 1
        m = 0.0
        v = 0.0
        for s in range(len(rate)):
            m += size[s] * rate[s]
            v += size[s] * (total[s] - size[s]) * spread[s]
        mean[a] = m
        variance[a] = v


@njit(cache=True, nogil=True)
def permuted_maxima(
    followed_starts: np.ndarray, followed: np.ndarray, order: np.ndarray, stratum_starts: np.ndarray, fallen_in: np.ndarray,
    mean: np.ndarray, deviation: np.ndarray, first: int, last: int, seed: int, out: np.ndarray,
) -> None:  # fmt: skip
    """out[r]: the largest z over all audiences when the fallen are drawn anew within strata, for replicates first..last.

    followed_starts, followed: whom each account follows, as CSR by account. order: accounts by stratum, stratum s being
    order[stratum_starts[s]:stratum_starts[s + 1]]; fallen_in: how many fell in each. Only audiences with deviation > 0 count.
    """
    np.random.seed(seed)
    pool = order.copy()
    count = np.zeros(len(mean), np.int32)
    touched = np.empty(len(mean), np.int32)
    for r in range(first, last):
        number = 0
        for s in range(len(fallen_in)):
            begin, end = stratum_starts[s], stratum_starts[s + 1]
            for k in range(fallen_in[s]):
                j = begin + k + int(np.random.random() * (end - begin - k))
                pool[begin + k], pool[j] = pool[j], pool[begin + k]
                f = pool[begin + k]
                for e in range(followed_starts[f], followed_starts[f + 1]):
                    a = followed[e]
                    if count[a] == 0:
                        touched[number] = a
                        number += 1
                    count[a] += 1
        best = 0.0
        for t in range(number):
            a = touched[t]
            if deviation[a] > 0:
                z = (count[a] - mean[a]) / deviation[a]
                if z > best:
                    best = z
            count[a] = 0
        out[r] = best
