"""Acts put in the order that co-action needs: by object, then by time, in partitions small enough
for the cache.

Plain version: `order = numpy.lexsort((time, object)); return object[order], time[order],
account[order]`.

Objects are scattered by an odd multiplier (a bijection on the bits in use, so it can be undone),
split by their high bits into partitions, and each partition is sorted by radix on ONE int64 per
act: the object's low bits above the time. Cost: O(n) with about (object + time bits) / 11 passes
over 12 bytes per act. Safe: keys keep 63 bits at most, checked before packing; partitions are
disjoint slices, so threads never write to the same place; nothing depends on the number of threads.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

#: Odd multiplier (2^32 / golden ratio) and, by `unscatter`, its inverse modulo any power of two.
SCATTER_FACTOR = 0x9E3779B1


@dataclass(frozen=True)
class OrderedActs:
    """Acts sorted by (partition, object, time).

    key: int64[n], object's low bits << time_bits | (time - first) / quantum. who: int32[n], account
    codes. starts: int64[P + 1], where each partition begins. window: int64, in quanta. accounts:
    largest code + 1.
    """

    key: np.ndarray
    who: np.ndarray
    starts: np.ndarray
    time_bits: int
    low_bits: int
    object_bits: int
    first: int
    quantum: int
    window: int
    accounts: int

    def objects_at(self, positions: np.ndarray) -> np.ndarray:
        """The object codes (int64) of the acts at `positions`."""
        positions = np.asarray(positions, np.int64)
        partition = np.searchsorted(self.starts, positions, "right") - 1
        scattered = (partition << self.low_bits) | (self.key[positions] >> self.time_bits)
        modulus = 1 << self.object_bits
        inverse = pow(SCATTER_FACTOR, -1, modulus) if self.object_bits else 0
        return np.array([int(x) * inverse % modulus for x in scattered], np.int64)

    def times_at(self, positions: np.ndarray) -> np.ndarray:
        """The times (int64 microseconds) of the acts at `positions`."""
        mask = (1 << self.time_bits) - 1
        return np.asarray((self.key[positions] & mask) * self.quantum + self.first, np.int64)


@njit(cache=True, nogil=True)
def _extent(
    account: np.ndarray, object_: np.ndarray, time: np.ndarray
) -> tuple[int, int, int, int, int, int, int]:
    """Largest and smallest codes, first and last time, greatest common divisor of the time
    differences.
    """
    a = a_low = np.int64(account[0])
    o = o_low = np.int64(object_[0])
    first = last = time[0]
    divisor = np.int64(0)
    for i in range(len(time)):
        a = max(a, account[i])
        a_low = min(a_low, account[i])
        o = max(o, object_[i])
        o_low = min(o_low, object_[i])
        t = time[i]
        first = min(first, t)
        last = max(last, t)
        if divisor == 0 or (divisor > 1 and (t - time[0]) % divisor != 0):
            x, y = divisor, abs(t - time[0])
            while y:
                x, y = y, x % y
            divisor = x
    return int(a), int(o), int(first), int(last), int(divisor), int(a_low), int(o_low)


@njit(cache=True, nogil=True)
def _histogram(
    object_: np.ndarray, i0: int, i1: int, mask: int, low: int, counts: np.ndarray
) -> None:
    for i in range(i0, i1):
        counts[((np.int64(object_[i]) * 0x9E3779B1) & mask) >> low] += 1


@njit(cache=True, nogil=True)
def _scatter(
    account: np.ndarray,
    object_: np.ndarray,
    time: np.ndarray,
    i0: int,
    i1: int,
    mask: int,
    low: int,
    first: int,
    quantum: int,
    time_bits: int,
    place: np.ndarray,
    key: np.ndarray,
    who: np.ndarray,
) -> None:
    low_mask = (np.int64(1) << low) - 1
    if (
        quantum == 1_000_000
    ):  # the common case, by a constant the compiler turns into a multiplication
        for i in range(i0, i1):
            x = (np.int64(object_[i]) * 0x9E3779B1) & mask
            d = place[x >> low]
            place[x >> low] = d + 1
            key[d] = ((x & low_mask) << time_bits) | ((time[i] - first) // 1_000_000)
            who[d] = account[i]
        return
    for i in range(i0, i1):
        x = (np.int64(object_[i]) * 0x9E3779B1) & mask
        d = place[x >> low]
        place[x >> low] = d + 1
        key[d] = ((x & low_mask) << time_bits) | ((time[i] - first) // quantum)
        who[d] = account[i]


@njit(cache=True, nogil=True)
def _sort(
    key: np.ndarray, who: np.ndarray, starts: np.ndarray, p0: int, p1: int, bits: int
) -> None:
    """Each partition by least-significant-digit radix on `bits` bits, 11 at most a pass."""
    largest = 0
    for p in range(p0, p1):
        largest = max(largest, starts[p + 1] - starts[p])
    key_b = np.empty(largest, np.int64)
    who_b = np.empty(largest, np.int32)
    counts = np.zeros(2050, np.int64)
    passes = (bits + 10) // 11
    width = (bits + passes - 1) // max(1, passes)
    for p in range(p0, p1):
        a = starts[p]
        n = starts[p + 1] - a
        if n < 2:
            continue
        if n <= 24:
            for i in range(a + 1, a + n):
                k, w = key[i], who[i]
                j = i - 1
                while j >= a and key[j] > k:
                    key[j + 1] = key[j]
                    who[j + 1] = who[j]
                    j -= 1
                key[j + 1] = k
                who[j + 1] = w
            continue
        source, source_who, target, target_who = (
            key[a : a + n],
            who[a : a + n],
            key_b[:n],
            who_b[:n],
        )
        flipped = False
        for z in range(passes):
            shift = z * width
            mask = (np.int64(1) << min(width, bits - shift)) - 1
            counts[: mask + 2] = 0
            for i in range(n):
                counts[((source[i] >> shift) & mask) + 1] += 1
            for i in range(mask + 1):
                counts[i + 1] += counts[i]
            for i in range(n):
                d = (source[i] >> shift) & mask
                c = counts[d]
                counts[d] = c + 1
                target[c] = source[i]
                target_who[c] = source_who[i]
            source, target = target, source
            source_who, target_who = target_who, source_who
            flipped = not flipped
        if flipped:
            key[a : a + n] = source
            who[a : a + n] = source_who


@njit(cache=True, nogil=True)
def _sort_ties(key: np.ndarray, who: np.ndarray, starts: np.ndarray, p0: int, p1: int) -> None:
    """Accounts in ascending order where object and time are equal, so that the order of the input
    does not matter.
    """
    for p in range(p0, p1):
        b = starts[p + 1]
        i = starts[p]
        while i + 1 < b:
            if key[i] != key[i + 1]:
                i += 1
                continue
            e = i + 2
            while e < b and key[e] == key[i]:
                e += 1
            who[i:e].sort()
            i = e


class _KeyLayout(NamedTuple):
    """How object and time share a key of 63 bits, and how keys are parted by the object's top bits.

    first, quantum, reach: microseconds, quanta in microseconds, and quanta. low: bits of the object
    that stay in the key.
    """

    first: int
    quantum: int
    reach: int
    time_bits: int
    low: int
    object_bits: int
    partition_bits: int
    accounts: int


def _plan_keys(
    account: np.ndarray, object_: np.ndarray, time: np.ndarray, window: int
) -> _KeyLayout:
    """The narrowest keys that hold these acts. Raises as `order_acts` does."""
    n = len(time)
    a, o, first, last, divisor, a_low, o_low = _extent(account, object_, time)
    if min(a_low, o_low) < 0:
        raise ValueError("account and object codes must not be negative")
    if first == np.iinfo(np.int64).min:
        raise ValueError("a time is missing (NaT)")
    if int(last) - int(first) >= 1 << 62:
        raise OverflowError(
            "the times lie too far apart for one key; times are microseconds since 1970"
        )
    quantum = max(1, int(divisor))
    span = (int(last) - int(first)) // quantum
    reach = min(int(window) // quantum, span)
    time_bits = max(1, (span + reach + 1).bit_length())
    object_bits = int(o).bit_length()
    partition_bits = min(
        object_bits, max(object_bits + time_bits - 63, min(11, (n >> 16).bit_length()))
    )
    low = object_bits - partition_bits
    if low + time_bits > 63 or partition_bits > 24:
        raise OverflowError(
            "the objects and the span of time are too many for one key; cut the record in time"
        )
    return _KeyLayout(
        int(first), quantum, reach, time_bits, low, object_bits, partition_bits, int(a) + 1
    )


def order_acts(
    account: np.ndarray,
    object_: np.ndarray,
    time: np.ndarray,
    window: int,
    pool: ThreadPoolExecutor,
    threads: int,
) -> OrderedActs:
    """`Ordered` acts. account, object_: int32[n] >= 0; time: int64[n] microseconds; window:
    microseconds >= 0; n > 0.

    Raises ValueError for negative codes and missing times (NaT), and OverflowError if objects and
    times together need more bits than a key has.
    """
    n, layout = len(time), _plan_keys(account, object_, time, window)
    first, quantum, reach, time_bits, low, object_bits, partition_bits, accounts = layout
    parts, mask = 1 << partition_bits, (1 << object_bits) - 1
    cuts = [n * i // threads for i in range(threads + 1)]
    counts = np.zeros((threads, parts), np.int64)
    list(
        pool.map(
            lambda i: _histogram(object_, cuts[i], cuts[i + 1], mask, low, counts[i]),
            range(threads),
        )
    )
    starts = np.zeros(parts + 1, np.int64)
    np.cumsum(counts.sum(0), out=starts[1:])
    place = starts[:-1] + np.vstack([np.zeros((1, parts), np.int64), np.cumsum(counts, 0)[:-1]])
    key, who = np.empty(n, np.int64), np.empty(n, np.int32)
    list(
        pool.map(
            lambda i: _scatter(
                account,
                object_,
                time,
                cuts[i],
                cuts[i + 1],
                mask,
                low,
                first,
                quantum,
                time_bits,
                place[i],
                key,
                who,
            ),
            range(threads),
        )
    )
    pieces = min(parts, threads * 4)

    def sort_piece(i: int) -> None:
        first_part, last_part = parts * i // pieces, parts * (i + 1) // pieces
        _sort(key, who, starts, first_part, last_part, low + time_bits)
        _sort_ties(key, who, starts, first_part, last_part)

    list(pool.map(sort_piece, range(pieces)))
    return OrderedActs(
        key, who, starts, time_bits, low, object_bits, first, quantum, reach, accounts
    )
