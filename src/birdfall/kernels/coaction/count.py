"""Buckets of pairs counted: how often each pair of accounts co-acted, for those at or above the
threshold.

Plain version: `pairs, weight = numpy.unique(keys, return_counts=True)`, then keep `weight >=
at_least`, bucket by bucket.

Each bucket is counted in an open-addressing table that stays in the second-level cache, straight
from its chunks. Objects that were deferred add one to a pair whose two acts there lie within the
window: since at most m - 1 objects are deferred and each adds at most one, a pair of weight m must
have been emitted at least once. Cost: O(1) per key; ordering the edges is a radix sort. Safe:
tables hold at most two thirds; weights are int64.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from birdfall.kernels.coaction.emit import CHUNK, STRIDE


@njit(cache=True, nogil=True)
def bucket_lengths(at: np.ndarray, head: np.ndarray, following: np.ndarray) -> np.ndarray:
    """int64[buckets]: keys in each bucket of one sink."""
    found = np.zeros(len(head), np.int64)
    for q in range(len(head)):
        c = head[q]
        if c >= 0:
            found[q] = at[q] - c * STRIDE
            c = following[c]
            while c >= 0:
                found[q] += CHUNK
                c = following[c]
    return found


@njit(cache=True, nogil=True)
def count_bucket(
    keys: np.ndarray,
    following: np.ndarray,
    head: np.ndarray,
    at: np.ndarray,
    q: int,
    shift: int,
    table: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Add bucket q of one sink to the table (size a power of two; counts zero where empty)."""
    mask = np.uint64(len(table) - 1)
    one = np.uint64(1)
    c = head[q]
    if c < 0:
        return
    n = at[q] - c * STRIDE
    while c >= 0:
        chunk = keys[c * STRIDE : c * STRIDE + n]
        for key in chunk:
            # unsigned, so that no index needs a look at whether it counts from the end
            h = ((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(shift)) & mask
            while counts[h] != 0 and table[h] != key:
                h = (h + one) & mask
            table[h] = key
            counts[h] += 1
        n = CHUNK
        c = following[c]


@njit(cache=True, nogil=True)
def _meet(times: np.ndarray, a: int, a_end: int, b: int, b_end: int, window: int) -> bool:
    """Whether two ascending runs of times hold two that lie within the window."""
    while a < a_end and b < b_end:
        d = times[a] - times[b]
        if abs(d) <= window:
            return True
        if d < 0:
            a += 1
        else:
            b += 1
    return False


@njit(cache=True, nogil=True)
def collect_pairs(
    table: np.ndarray,
    counts: np.ndarray,
    at_least: int,
    begin: np.ndarray,
    times: np.ndarray,
    once_only: bool,
    window: int,
    pairs: np.ndarray,
    weight: np.ndarray,
    n: int,
) -> int:
    """Append the pairs that reach the threshold to pairs and weight from n on, empty the table,
    return the new n.

    begin: int64[h, accounts + 1] and times: what the accounts did on the deferred objects
    (`times_by_account`); once_only: a deferred object adds only to two accounts that acted once on
    it (the others were emitted).
    """
    floor = max(1, at_least - len(begin))
    for h in range(len(table)):
        c = np.int64(counts[h])
        if c >= floor:
            key = table[h]
            for z in range(len(begin)):
                a, a_end = begin[z, key >> 32], begin[z, (key >> 32) + 1]
                b, b_end = begin[z, key & 0xFFFFFFFF], begin[z, (key & 0xFFFFFFFF) + 1]
                if once_only and (a_end - a > 1 or b_end - b > 1):
                    continue
                if _meet(times, a, a_end, b, b_end, window):
                    c += 1
            if c >= at_least:
                pairs[n] = key
                weight[n] = c
                n += 1
        counts[h] = 0
    return n


@njit(cache=True, nogil=True)
def sort_by_pair(pairs: np.ndarray, weight: np.ndarray, bits: int) -> None:
    """Order (pairs, weight) by pair, in place; codes have `bits` bits."""
    n = len(pairs)
    other = np.empty(n, np.int64)
    other_weight = np.empty(n, np.int64)
    counts = np.zeros(2050, np.int64)
    source, source_weight, target, target_weight = pairs, weight, other, other_weight
    flipped = False
    for half in range(2):
        done = 0
        while done < bits:
            width = min(11, bits - done)
            shift = done + 32 * half
            mask = (np.int64(1) << width) - 1
            counts[:] = 0
            for i in range(n):
                counts[((source[i] >> shift) & mask) + 1] += 1
            for i in range(mask + 1):
                counts[i + 1] += counts[i]
            for i in range(n):
                d = (source[i] >> shift) & mask
                c = counts[d]
                counts[d] = c + 1
                target[c] = source[i]
                target_weight[c] = source_weight[i]
            source, target = target, source
            source_weight, target_weight = target_weight, source_weight
            flipped = not flipped
            done += width
    if flipped:
        pairs[:] = source
        weight[:] = source_weight
