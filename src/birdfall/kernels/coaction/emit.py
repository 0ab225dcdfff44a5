"""Every co-acting pair of accounts, written once per co-action into hash buckets.

Plain version, per object with acts sorted by time:
    for r in acts: for s in acts before r with time >= time[r] - window:
        if who[s] != who[r]: emit(min, max)
`OBJECTS` emits a pair of accounts once per object; `MESSAGES` emits (account of r, account of s)
once per act r and distinct account s. A pair is lo << 32 | hi.

Pairs go to a small buffer, then through 64-byte lines into chunks of 512 keys chained per bucket,
so memory is written in whole cache lines and no bucket's size need be known before. Cost: one
multiplication and about 10 bytes per co-action. Safe: a thread has its own sink, sized by an upper
bound counted before; codes are below 2^31, so a key never turns negative.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from birdfall.kernels.coaction.cost import FEW, LONE, REPEATER

PAIRS, OBJECTS, MESSAGES = 0, 1, 2
CHUNK = 512
#: Distance of chunks: not a power of two, or all buckets' write heads would fall on the same cache
#: sets.
STRIDE = 520
BUFFER = 4096


@njit(cache=True, nogil=True)
def _drain(
    buffer: np.ndarray,
    n: int,
    shift: int,
    first: int,
    buckets: int,
    lines: np.ndarray,
    filled: np.ndarray,
    keys: np.ndarray,
    following: np.ndarray,
    head: np.ndarray,
    at: np.ndarray,
    used: np.ndarray,
) -> None:
    """Spread n keys over the buckets [first, first + buckets) of this pass; others belong to
    another pass.
    """
    for i in range(n):
        key = buffer[i]
        q = np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(shift)) - first
        if q < 0 or q >= buckets:
            continue
        k = filled[q]
        lines[q * 8 + k] = key
        if k == 7:
            d = at[q]
            if d < 0 or d % STRIDE == CHUNK:
                c = used[0]
                used[0] = c + 1
                following[c] = head[q]
                head[q] = c
                d = c * STRIDE
            for j in range(8):
                keys[d + j] = lines[q * 8 + j]
            at[q] = d + 8
            filled[q] = 0
        else:
            filled[q] = k + 1


@njit(cache=True, nogil=True)
def _finish(
    buckets: int,
    lines: np.ndarray,
    filled: np.ndarray,
    keys: np.ndarray,
    following: np.ndarray,
    head: np.ndarray,
    at: np.ndarray,
    used: np.ndarray,
) -> None:
    """Write what is left in the lines."""
    for q in range(buckets):
        if filled[q]:
            d = at[q]
            if d < 0 or d % STRIDE == CHUNK:
                c = used[0]
                used[0] = c + 1
                following[c] = head[q]
                head[q] = c
                d = c * STRIDE
            for j in range(filled[q]):
                keys[d + j] = lines[q * 8 + j]
            at[q] = d + filled[q]


@njit(cache=True, nogil=True)
def emit(  # noqa: C901 - one compiled loop; its state is too much to hand on for every pair
    key: np.ndarray,
    who: np.ndarray,
    starts: np.ndarray,
    p0: int,
    p1: int,
    time_bits: int,
    window: int,
    mode: int,
    kinds: np.ndarray,
    deferred: np.ndarray,
    seen: np.ndarray,
    local_of: np.ndarray,
    shift: int,
    first: int,
    buckets: int,
    keys: np.ndarray,
    following: np.ndarray,
    head: np.ndarray,
    at: np.ndarray,
) -> int:
    """Emit the co-actions of partitions [p0, p1); returns how many keys there were, other passes'
    included.

    kinds: int8[accounts] after pruning, or empty. deferred: positions of objects whose pairs are
    added when counting (all of them for OBJECTS, those of two accounts that act once for PAIRS).
    seen, local_of: int32[accounts] scratch, zeroed. The sink: keys, following (chunk chain), head,
    at (per bucket, -1).
    """
    lines = np.empty(buckets * 8, np.int64)
    filled = np.zeros(buckets, np.int64)
    used = np.zeros(1, np.int64)
    buffer = np.empty(BUFFER + 8, np.int64)
    bp: int = 0
    total = 0
    number = 0
    token = 0
    cap = 1024
    local = np.empty(cap, np.int32)
    count = np.empty(cap, np.int32)
    mark = np.zeros(cap, np.int32)
    lows = np.empty(cap, np.int64)
    begin = np.empty(cap + 1, np.int32)
    order = np.empty(cap, np.int32)
    pruned = len(kinds) > 0
    for p in range(p0, p1):
        b = starts[p + 1]
        i = starts[p]
        while i < b:
            o = key[i] >> time_bits
            e = i
            low = i
            some = False
            weak = False
            while e < b and (key[e] >> time_bits) == o:
                if e > i and key[e] - key[e - 1] <= window:
                    some = True
                if pruned and kinds[who[e]] >= LONE:
                    weak = True
                e += 1
            n = e - i
            if not some:
                i = e
                continue
            later = False
            for h in range(len(deferred)):
                if deferred[h] == i:
                    later = True
            if later and mode == OBJECTS:
                i = e
                continue
            accounts = 0
            repeated = False
            if mode == OBJECTS or weak or later:
                number += 1
                if n > cap:
                    cap = 2 * n
                    local = np.empty(cap, np.int32)
                    count = np.empty(cap, np.int32)
                    mark = np.zeros(cap, np.int32)
                    lows = np.empty(cap, np.int64)
                    begin = np.empty(cap + 1, np.int32)
                    order = np.empty(cap, np.int32)
                    token = 0
                for r in range(n):
                    x = who[i + r]
                    if seen[x] == number:
                        u = local_of[x]
                        count[u] += 1
                        repeated = True
                    else:
                        seen[x] = number
                        u = accounts
                        local_of[x] = u
                        count[u] = 1
                        accounts += 1
                    local[r] = u
            if mode == MESSAGES:
                number += 1
                low = i
                high = i
                for r in range(i, e):
                    k = key[r]
                    while key[low] + window < k:
                        low += 1
                    while high < e and key[high] <= k + window:
                        high += 1
                    x = np.int64(who[r])
                    number += 1
                    for s in range(low, high):
                        y = np.int64(who[s])
                        if y != x and seen[y] != number:
                            seen[y] = number
                            buffer[bp] = (x << 32) | y
                            bp += 1
                            if bp >= BUFFER:
                                total += bp
                                _drain(
                                    buffer,
                                    bp,
                                    shift,
                                    first,
                                    buckets,
                                    lines,
                                    filled,
                                    keys,
                                    following,
                                    head,
                                    at,
                                    used,
                                )
                                bp = 0
            elif not (repeated or weak or later):
                low = i
                for r in range(i, e):
                    k = key[r]
                    while key[low] + window < k:
                        low += 1
                    x = np.int64(who[r])
                    s = low
                    while s < r:
                        stop = min(r, s + BUFFER - bp)
                        for z in range(s, stop):
                            y = np.int64(who[z])
                            buffer[bp] = (min(x, y) << 32) | max(x, y)
                            bp += int(x != y)
                        s = stop
                        if bp >= BUFFER:
                            total += bp
                            _drain(
                                buffer,
                                bp,
                                shift,
                                first,
                                buckets,
                                lines,
                                filled,
                                keys,
                                following,
                                head,
                                at,
                                used,
                            )
                            bp = 0
            else:
                # two accounts that act once here; of the weak only FEW, and only with a REPEATER
                low = i
                for r in range(i, e):
                    k = key[r]
                    while key[low] + window < k:
                        low += 1
                    lows[r - i] = low
                    if later or count[local[r - i]] > 1:
                        continue
                    x = np.int64(who[r])
                    kind = kinds[x] if weak else 0
                    if kind == LONE:
                        continue
                    for s in range(low, r):
                        if count[local[s - i]] > 1:
                            continue
                        y = np.int64(who[s])
                        if weak:
                            other = kinds[y]
                            if other == LONE or (kind == FEW and other != REPEATER):
                                continue
                            if other == FEW and kind != REPEATER:
                                continue
                        buffer[bp] = (min(x, y) << 32) | max(x, y)
                        bp += 1
                        if bp >= BUFFER:
                            total += bp
                            _drain(
                                buffer,
                                bp,
                                shift,
                                first,
                                buckets,
                                lines,
                                filled,
                                keys,
                                following,
                                head,
                                at,
                                used,
                            )
                            bp = 0
                if repeated:
                    begin[0] = 0
                    for u in range(accounts):
                        begin[u + 1] = begin[u] + (count[u] if count[u] > 1 else 0)
                    for r in range(n):
                        u = local[r]
                        if count[u] > 1:
                            order[begin[u]] = r
                            begin[u] += 1
                    f = 0
                    for u in range(accounts):
                        g = begin[u]  # by now the end of u's acts in `order`
                        if count[u] > 1:
                            token += 1
                            for z in range(f, g):
                                r = order[z]
                                x = np.int64(who[i + r])
                                k = key[i + r]
                                s = lows[r] - i
                                while s < n and key[i + s] <= k + window:
                                    v = local[s]
                                    if (
                                        v != u
                                        and (count[v] == 1 or v > u)
                                        and (mode == PAIRS or mark[v] != token)
                                    ):
                                        mark[v] = token
                                        y = np.int64(who[i + s])
                                        buffer[bp] = (min(x, y) << 32) | max(x, y)
                                        bp += 1
                                        if bp >= BUFFER:
                                            total += bp
                                            _drain(
                                                buffer,
                                                bp,
                                                shift,
                                                first,
                                                buckets,
                                                lines,
                                                filled,
                                                keys,
                                                following,
                                                head,
                                                at,
                                                used,
                                            )
                                            bp = 0
                                    s += 1
                        f = g
            i = e
    total += bp
    _drain(buffer, bp, shift, first, buckets, lines, filled, keys, following, head, at, used)
    _finish(buckets, lines, filled, keys, following, head, at, used)
    return total
