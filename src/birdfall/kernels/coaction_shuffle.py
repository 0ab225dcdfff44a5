"""Co-acting pairs of a trace whose acts have changed hands: what blocks of accounts are compared with.

Plain version: `who[cell] = permuted(who[cell])` for every cell of acts; then, for every object and every pair of its acts within the
window by different accounts, add the object once to that pair, with its surprise.
The order of the acts by object and time does not depend on who did them, so it is made once and every shuffle reuses it.
Cost: O(acts) to shuffle, O(1) per pair of acts within the window (one open-addressing table).
Safe: the table has room for every pair of acts and a third more; each thread has its own; an object's number fits 39 bits and
a pair's objects 24; the generator is splitmix64, the same on
every machine.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from birdfall.kernels.minhash import mix

#: How often a repeated act looks for another to change hands with before it is left as it is.
TRIES = 30


@njit(cache=True, nogil=True)
def _slot(account: int, object_: int, table: np.ndarray) -> int:
    """Where (account, object) stands in `table` (int64[s, 2]: pair, acts), entered with no acts if it was not there."""
    mask = np.int64(len(table) - 1)
    k = (np.int64(account) << 32) | np.int64(object_)
    h = np.int64((np.uint64(k) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20)) & mask
    while table[h, 0] >= 0 and table[h, 0] != k:
        h = (h + 1) & mask
    if table[h, 0] < 0:
        table[h, 0] = k
        table[h, 1] = 0
    return int(h)


@njit(cache=True, nogil=True)
def changed_hands(
    who: np.ndarray, object_: np.ndarray, by_cell: np.ndarray, begin: np.ndarray, seed: int
) -> np.ndarray:
    """`who` (int32[n], in order of the acts) with the accounts of each cell's acts permuted, nobody twice on one object if possible.

    object_: int32[n], the object of each act. by_cell: int64[n], positions cell by cell; begin: int64[cells + 1].
    Uniform permutations (Fisher and Yates), then acts that repeat an account on an object change hands with random others of the
    cell: two acts of one account on one object are one co-action, so repeats would thin the shuffled network out.
    """
    found = who.copy()
    n = len(who)
    state = mix(np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15))
    for c in range(len(begin) - 1):
        for i in range(begin[c + 1] - 1, begin[c], -1):
            state += np.uint64(0x9E3779B97F4A7C15)
            # the top 53 bits as a fraction: the bias is below n / 2^53
            share = np.float64(mix(state) >> np.uint64(11)) / 9007199254740992.0
            j = begin[c] + np.int64(share * (i - begin[c] + 1))
            a, b = by_cell[i], by_cell[j]
            found[a], found[b] = found[b], found[a]
    size = 64
    while size < 4 * n:
        size *= 2
    table = np.full((size, 2), -1, np.int64)
    for i in range(n):
        table[_slot(found[i], object_[i], table), 1] += 1
    room = size - size // 8 - n  # entries that swaps may still add
    for c in range(len(begin) - 1):
        length = begin[c + 1] - begin[c]
        for at in range(begin[c], begin[c + 1]):
            i = by_cell[at]
            mine = _slot(found[i], object_[i], table)
            if table[mine, 1] < 2:
                continue
            for _ in range(TRIES):
                if room < 2:
                    break
                state += np.uint64(0x9E3779B97F4A7C15)
                share = np.float64(mix(state) >> np.uint64(11)) / 9007199254740992.0
                j = by_cell[begin[c] + np.int64(share * length)]
                if found[j] == found[i] or object_[j] == object_[i]:
                    continue
                theirs, ours = _slot(found[j], object_[i], table), _slot(found[i], object_[j], table)
                room -= 2
                if table[theirs, 1] == 0 and table[ours, 1] == 0:
                    table[mine, 1] -= 1
                    table[_slot(found[j], object_[j], table), 1] -= 1
                    table[theirs, 1] += 1
                    table[ours, 1] += 1
                    found[i], found[j] = found[j], found[i]
                    break
    return found


#: Surprise is summed in steps of 2^-20: whole numbers add up to the same in any order.
STEP = 1048576.0


@njit(cache=True, nogil=True)
def repeated_pairs(
    key: np.ndarray, who: np.ndarray, starts: np.ndarray, time_bits: int, window: int, surprise: np.ndarray, at_least: int,
    slots: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """lo, hi int32[e], distinct co-acted objects int64[e] and their surprise float64[e] of pairs with `at_least` objects.

    surprise: float64 per object in order. slots: int64[s, 3], working space, s a power of two of at least 1.3 times the
    pairs of acts within the window: the pair, the last object above how many, the surprise in steps.
    """
    slots[:, 0] = -1
    mask = np.int64(len(slots) - 1)
    number = np.int64(-1)
    kept = np.int64(0)
    for p in range(len(starts) - 1):
        b = starts[p + 1]
        i = starts[p]
        while i < b:
            o = key[i] >> time_bits
            number += 1
            worth = np.int64(surprise[number] * STEP)
            low = i
            r = i
            while r < b and (key[r] >> time_bits) == o:
                while key[low] + window < key[r]:
                    low += 1
                for s in range(low, r):
                    if who[s] == who[r]:
                        continue
                    k = (np.int64(min(who[s], who[r])) << 32) | np.int64(max(who[s], who[r]))
                    h = np.int64((np.uint64(k) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20)) & mask
                    while slots[h, 0] >= 0 and slots[h, 0] != k:
                        h = (h + 1) & mask
                    if slots[h, 0] < 0:
                        slots[h, 0] = k
                        slots[h, 1] = number << 24 | 1
                        slots[h, 2] = worth
                        kept += at_least == 1
                    elif slots[h, 1] >> 24 != number:
                        count = np.int64((slots[h, 1] & 0xFFFFFF) + 1)
                        slots[h, 1] = number << 24 | count
                        slots[h, 2] += worth
                        kept += count == at_least
                r += 1
            i = r
    lo, hi = np.empty(kept, np.int32), np.empty(kept, np.int32)
    objects, sums = np.empty(kept, np.int64), np.empty(kept, np.float64)
    e = 0
    for at in range(len(slots)):
        if slots[at, 0] >= 0 and slots[at, 1] & 0xFFFFFF >= at_least:
            lo[e] = np.int32(slots[at, 0] >> 32)
            hi[e] = np.int32(slots[at, 0] & 0xFFFFFFFF)
            objects[e] = slots[at, 1] & 0xFFFFFF
            sums[e] = slots[at, 2] / STEP
            e += 1
    return lo, hi, objects, sums
