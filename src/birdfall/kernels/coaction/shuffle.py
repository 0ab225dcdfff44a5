"""Co-acting pairs of a trace whose acts have changed hands: what blocks of accounts are compared
with.

Plain version: `who[cell] = permuted(who[cell])` for every cell of acts; then, for every object and
every pair of its acts within the window by different accounts, add the object once to that pair,
with its surprise. The order of the acts by object and time does not depend on who did them, so it
is made once and every shuffle reuses it. An act with no other on its object within the window makes
no pair whoever did it: who takes it over is not drawn. Cost: O(acts that have company) to shuffle,
O(1) per pair of acts within the window: pairs are laid out by a hash first, so each table they are
counted in fits the cache. Safe: a table has room for every pair laid out for it and a third more;
an object's number fits 31 bits; the generator is splitmix64, the same on every machine.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from birdfall.kernels.minhash import mix

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
#: How often a repeated act looks for another to change hands with before it is left as it is.
MAX_EXCHANGE_TRIES = 30


@njit(cache=True, nogil=True)
def _slot(account: int, object_: int, table: np.ndarray) -> int:
    """Where (account, object) stands in `table` (int64[s, 2]: pair, acts), entered with no acts if
    it was not there.
    """
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
def _draw_share(state: np.uint64) -> float:
    """A number in [0, 1) by a state's top 53 bits; the bias of n times it is below n / 2^53."""
    return float(np.float64(mix(state) >> np.uint64(11)) / 9007199254740992.0)


@njit(cache=True, nogil=True)
def _permute_cells(
    found: np.ndarray, by_cell: np.ndarray, begin: np.ndarray, live: np.ndarray, state: np.uint64
) -> np.uint64:
    """Give the first `live` acts of each cell accounts drawn from the whole cell without
    replacement.

    These are the first steps of Fisher and Yates; the other acts keep what is left. Returns the
    state.
    """
    for c in range(len(begin) - 1):
        for i in range(begin[c], begin[c] + live[c]):
            state += _GOLDEN
            j = i + np.int64(_draw_share(state) * (begin[c + 1] - i))
            a, b = by_cell[i], by_cell[j]
            found[a], found[b] = found[b], found[a]
    return state


@njit(cache=True, nogil=True)
def _count_acts(
    found: np.ndarray,
    object_: np.ndarray,
    by_cell: np.ndarray,
    begin: np.ndarray,
    live: np.ndarray,
) -> np.ndarray:
    """Table int64[s, 2] of acts that matter, by account and object, with room for some more."""
    size = 64
    while size < 4 * live.sum():
        size *= 2
    table = np.full((size, 2), -1, np.int64)
    for c in range(len(begin) - 1):
        for at in range(begin[c], begin[c] + live[c]):
            table[_slot(found[by_cell[at]], object_[by_cell[at]], table), 1] += 1
    return table


@njit(cache=True, nogil=True)
def _spread_repeats(
    found: np.ndarray,
    object_: np.ndarray,
    by_cell: np.ndarray,
    begin: np.ndarray,
    live: np.ndarray,
    state: np.uint64,
) -> None:
    """Acts that repeat an account on an object change hands with random others of their cell.

    Two acts of one account on one object are one co-action, so repeats would thin the network out.
    """
    table = _count_acts(found, object_, by_cell, begin, live)
    room = len(table) - len(table) // 8 - live.sum()  # entries that swaps may still add
    for c in range(len(begin) - 1):
        length = begin[c + 1] - begin[c]
        for at in range(begin[c], begin[c] + live[c]):
            i = by_cell[at]
            mine = _slot(found[i], object_[i], table)
            if table[mine, 1] < 2:
                continue
            for _ in range(MAX_EXCHANGE_TRIES):
                if room < 2:
                    break
                state += _GOLDEN
                other = begin[c] + np.int64(_draw_share(state) * length)
                j = by_cell[other]
                if found[j] == found[i] or object_[j] == object_[i]:
                    continue
                theirs = _slot(found[j], object_[i], table)
                room -= 1
                if table[theirs, 1] != 0:
                    continue
                if other < begin[c] + live[c]:
                    ours = _slot(found[i], object_[j], table)
                    room -= 1
                    if table[ours, 1] != 0:
                        continue
                    table[_slot(found[j], object_[j], table), 1] -= 1
                    table[ours, 1] += 1
                table[mine, 1] -= 1
                table[theirs, 1] += 1
                found[i], found[j] = found[j], found[i]
                break


@njit(cache=True, nogil=True)
def exchange_accounts(
    who: np.ndarray,
    object_: np.ndarray,
    by_cell: np.ndarray,
    begin: np.ndarray,
    live: np.ndarray,
    seed: int,
) -> np.ndarray:
    """Accounts of the acts, permuted within cells, nobody twice on one object if possible.

    Parameters
    ----------
    who, object_ : int32[n]
        The account and the object of each act, in order.
    by_cell : int64[m]
        Positions of acts, cell by cell.
    begin : int64[cells + 1]
        Where each cell begins in `by_cell`.
    live : int64[cells]
        How many of a cell's first positions matter, for they have company.
    seed : int
        Not negative.

    Returns
    -------
    int32[n]
    """
    found = who.copy()
    state = _permute_cells(found, by_cell, begin, live, mix(np.uint64(seed) + _GOLDEN))
    _spread_repeats(found, object_, by_cell, begin, live, state)
    return found


#: Surprise is summed in steps of 2^-20: whole numbers add up to the same in any order.
STEP = 1048576.0
#: Pairs are laid out in so many parts, by the top bits of their hash.
PARTS = 256
_TOP = np.uint64(56)


@njit(cache=True, nogil=True)
def _lay_out_pairs(
    key: np.ndarray,
    who: np.ndarray,
    starts: np.ndarray,
    time_bits: int,
    window: int,
    place: np.ndarray,
    pairs: np.ndarray,
    numbers: np.ndarray,
) -> None:
    """Every pair of acts within the window by different accounts, written where its part of `place`
    (int64[PARTS]) stands.

    pairs: int64, lo << 32 | hi; numbers: int32, which object in order. With `pairs` empty they are
    only counted in `place`.
    """
    number = np.int64(-1)
    write = len(pairs) > 0
    for p in range(len(starts) - 1):
        b = starts[p + 1]
        i = starts[p]
        while i < b:
            o = key[i] >> time_bits
            number += 1
            low = i
            r = i
            while r < b and (key[r] >> time_bits) == o:
                while key[low] + window < key[r]:
                    low += 1
                for s in range(low, r):
                    if who[s] == who[r]:
                        continue
                    k = (np.int64(min(who[s], who[r])) << 32) | np.int64(max(who[s], who[r]))
                    part = np.int64((np.uint64(k) * _GOLDEN) >> _TOP)
                    if write:
                        pairs[place[part]] = k
                        numbers[place[part]] = np.int32(number)
                    place[part] += 1
                r += 1
            i = r


@njit(cache=True, nogil=True)
def repeated_pairs(
    key: np.ndarray,
    who: np.ndarray,
    starts: np.ndarray,
    time_bits: int,
    window: int,
    surprise: np.ndarray,
    at_least: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """lo, hi int32[e], distinct co-acted objects int64[e] and their surprise float64[e] of pairs
    with `at_least` objects.

    surprise: float64 per object in order. The order of the pairs means nothing.
    """
    ends = np.zeros(PARTS, np.int64)
    _lay_out_pairs(
        key, who, starts, time_bits, window, ends, np.empty(0, np.int64), np.empty(0, np.int32)
    )
    most = np.int64(ends.max())
    total = np.int64(0)
    for part in range(PARTS):
        ends[part], total = total, total + ends[part]
    pairs, numbers = np.empty(total, np.int64), np.empty(total, np.int32)
    if total:
        _lay_out_pairs(key, who, starts, time_bits, window, ends, pairs, numbers)
    size = 16
    while size * 3 < most * 4:
        size *= 2
    slots = np.empty((size, 4), np.int64)  # pair, last object, objects, surprise in steps
    lo, hi = np.empty(total // at_least, np.int32), np.empty(total // at_least, np.int32)
    objects, sums = np.empty(total // at_least, np.int64), np.empty(total // at_least, np.float64)
    e = 0
    begin = np.int64(0)
    for part in range(PARTS):
        size = 16
        while size * 3 < (ends[part] - begin) * 4:
            size *= 2
        mask = np.int64(size - 1)
        slots[:size, 0] = -1
        for at in range(begin, ends[part]):
            k = pairs[at]
            number = np.int64(numbers[at])
            h = np.int64((np.uint64(k) * _GOLDEN) >> np.uint64(20)) & mask
            while slots[h, 0] >= 0 and slots[h, 0] != k:
                h = (h + 1) & mask
            if slots[h, 0] < 0:
                slots[h, 0] = k
                slots[h, 1] = -1
                slots[h, 2] = 0
                slots[h, 3] = 0
            if slots[h, 1] != number:
                slots[h, 1] = number
                slots[h, 2] += 1
                slots[h, 3] += np.int64(surprise[number] * STEP)
        begin = ends[part]
        for slot in range(size):
            if slots[slot, 0] >= 0 and slots[slot, 2] >= at_least:
                lo[e] = np.int32(slots[slot, 0] >> 32)
                hi[e] = np.int32(slots[slot, 0] & 0xFFFFFFFF)
                objects[e] = slots[slot, 2]
                sums[e] = slots[slot, 3] / STEP
                e += 1
    return lo[:e].copy(), hi[:e].copy(), objects[:e].copy(), sums[:e].copy()
