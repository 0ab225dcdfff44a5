"""What a co-action run will cost, object by object, and which acts can be set aside because no edge
can need them.

Plain version of the bound: an edge of weight >= m joins two accounts that share m objects, unless
one of them acted more than once on some object. An account that repeats nowhere and has company on
fewer than m objects ("weak") can therefore only be joined to one that repeats; its acts on objects
without such an account are dropped, exactly.

Cost: one two-pointer pass over the ordered acts each. Safe: counts are int64; an account's arrays
are per thread.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def tally_pairs(
    key: np.ndarray,
    starts: np.ndarray,
    p0: int,
    p1: int,
    time_bits: int,
    window: int,
    least: int,
    pairs: np.ndarray,
    heavy: np.ndarray,
) -> int:
    """Pairs of acts within the window per partition (into `pairs`), same-account pairs included.

    heavy: int64[k, 3], filled with (position, acts, pairs) of objects with at least `least` pairs;
    returns how many there are, which may exceed k.
    """
    found = 0
    for p in range(p0, p1):
        b = starts[p + 1]
        i = starts[p]
        total = np.int64(0)
        while i < b:
            o = key[i] >> time_bits
            low = i
            e = i
            c = np.int64(0)
            while e < b and (key[e] >> time_bits) == o:
                k = key[e]
                while key[low] + window < k:
                    low += 1
                c += e - low
                e += 1
            if c >= least:
                if found < len(heavy):
                    heavy[found, 0] = i
                    heavy[found, 1] = e - i
                    heavy[found, 2] = c
                found += 1
            total += c
            i = e
        pairs[p] = total
    return found


@njit(cache=True, nogil=True)
def count_company(
    key: np.ndarray,
    who: np.ndarray,
    starts: np.ndarray,
    p0: int,
    p1: int,
    time_bits: int,
    window: int,
    objects: np.ndarray,
    repeats: np.ndarray,
    stamp: np.ndarray,
) -> None:
    """Per account: on how many objects it has another act in its window, and whether it repeats on
    any object.
    """
    number = np.int32(0)
    for p in range(p0, p1):
        b = starts[p + 1]
        i = starts[p]
        while i < b:
            o = key[i] >> time_bits
            number += 1
            low = i
            high = i
            r = i
            while r < b and (key[r] >> time_bits) == o:
                k = key[r]
                while key[low] + window < k:
                    low += 1
                high = max(high, r)
                while high < b and (key[high] >> time_bits) == o and key[high] <= k + window:
                    high += 1
                x = who[r]
                s = stamp[x]
                if s == number or s == -number:
                    repeats[x] = True
                if high - low > 1:
                    if s != number:
                        objects[x] += 1
                    stamp[x] = number
                elif s != number:  # seen on this object, without company so far
                    stamp[x] = -number
                r += 1
            i = r


#: What an account can be after `company`. LONE and FEW are the weak: one, or fewer than m, objects
#: with company.
STRONG, REPEATER, LONE, FEW = 0, 1, 2, 3


@njit(cache=True, nogil=True)
def drop_weak(
    key: np.ndarray,
    who: np.ndarray,
    starts: np.ndarray,
    p0: int,
    p1: int,
    time_bits: int,
    kinds: np.ndarray,
    whole: bool,
    ends: np.ndarray,
    stamp: np.ndarray,
) -> None:
    """Drop, in place, the weak accounts' acts that no edge can need; `ends`: new partition ends.

    whole: all of them. Otherwise a LONE account's act stays where some account acts repeatedly on
    the object, a FEW account's where some account acts that is a REPEATER anywhere.
    """
    number = np.int32(0)
    for p in range(p0, p1):
        b = starts[p + 1]
        i = starts[p]
        w = i
        while i < b:
            o = key[i] >> time_bits
            number += 1
            e = i
            here = False
            anywhere = False
            while e < b and (key[e] >> time_bits) == o:
                if not whole and kinds[who[e]] == REPEATER:
                    anywhere = True
                    if stamp[who[e]] == number:
                        here = True
                    stamp[who[e]] = number
                e += 1
            for r in range(i, e):
                kind = kinds[who[r]]
                if kind < LONE or (kind == LONE and here) or (kind == FEW and anywhere):
                    key[w] = key[r]
                    who[w] = who[r]
                    w += 1
            i = e
        ends[p] = w


@njit(cache=True, nogil=True)
def close_gaps(
    key: np.ndarray, who: np.ndarray, starts: np.ndarray, ends: np.ndarray, new_starts: np.ndarray
) -> None:
    """Move what `drop_weak` left together, in place."""
    w = np.int64(0)
    for p in range(len(ends)):
        s = starts[p]
        new_starts[p] = w
        for i in range(s, ends[p]):
            key[w] = key[i]
            who[w] = who[i]
            w += 1
    new_starts[len(ends)] = w


@njit(cache=True, nogil=True)
def times_by_account(
    key: np.ndarray,
    who: np.ndarray,
    i: int,
    n: int,
    time_bits: int,
    base: int,
    begin: np.ndarray,
    times: np.ndarray,
) -> None:
    """Times (in quanta) of the acts i..i+n by account: those of account x go to
    times[begin[x]:begin[x + 1]], ascending.

    begin: int64[accounts + 1], zeroed before; times: filled from `base` on.
    """
    mask = (np.int64(1) << time_bits) - 1
    for r in range(i, i + n):
        begin[who[r] + 1] += 1
    begin[0] = base
    for x in range(len(begin) - 1):
        begin[x + 1] += begin[x]
    for r in range(i, i + n):
        times[begin[who[r]]] = key[r] & mask
        begin[who[r]] += 1
    for x in range(len(begin) - 1, 0, -1):
        begin[x] = begin[x - 1]
    begin[0] = base
