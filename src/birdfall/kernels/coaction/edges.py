"""What stands behind each edge: its objects, first and last co-action, surprise, and the chances
under jitter.

Plain version: for every object and every pair of its acts within the window whose accounts form an
edge, add to that edge. Edges are looked up in an open-addressing table; give only the acts of
accounts that have an edge. Cost: O(1) per pair of such acts. Safe: an edge's cell is written by one
thread, in the order of the acts, so sums do not depend on how many there are.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from birdfall.kernels.coaction.null import jitter_chance


@njit(cache=True, nogil=True)
def index_edges(lo: np.ndarray, hi: np.ndarray, table: np.ndarray) -> None:
    """Fill `table` (int64, power of two > 1.5 e, all -1) with edge numbers by their pair's hash."""
    mask = np.int64(len(table) - 1)
    for i in range(len(lo)):
        key = (np.int64(lo[i]) << 32) | np.int64(hi[i])
        h = np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20)) & mask
        while table[h] >= 0:
            h = (h + 1) & mask
        table[h] = i


@njit(cache=True, nogil=True)
def find_edge(x: int, y: int, lo: np.ndarray, hi: np.ndarray, table: np.ndarray) -> int:
    """The number of the edge between x and y, -1 if there is none."""
    a, b = min(x, y), max(x, y)
    mask = np.int64(len(table) - 1)
    key = (np.int64(a) << 32) | np.int64(b)
    h = np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20)) & mask
    while table[h] >= 0:
        i = table[h]
        if lo[i] == a and hi[i] == b:
            return int(i)
        h = (h + 1) & mask
    return -1


#: Columns of an edge's cell: its pair, pairs of acts, objects, first and last time, sum of
#: distances, last object, surprise (as float64).
PAIR, PAIRS, OBJECTS, FIRST, LAST, APART, STAMP, SURPRISE = range(8)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, nogil=True)
def sieve_edges(cells: np.ndarray, table: np.ndarray, sieve: np.ndarray) -> None:
    """Fill `table` (int64, power of two > 1.5 e, all -1) with edge numbers, and set each edge's bit
    in `sieve` (uint64, power of two).
    """
    mask = np.int64(len(table) - 1)
    bits = np.uint64(64 * len(sieve) - 1)
    for i in range(len(cells)):
        hashed = np.uint64(cells[i, PAIR]) * _GOLDEN
        bit = (hashed >> np.uint64(24)) & bits
        sieve[bit >> np.uint64(6)] |= np.uint64(1) << (bit & np.uint64(63))
        h = np.int64(hashed >> np.uint64(20)) & mask
        while table[h] >= 0:
            h = (h + 1) & mask
        table[h] = i


@njit(cache=True, nogil=True)
def trace_cells(
    key: np.ndarray,
    who: np.ndarray,
    starts: np.ndarray,
    time_bits: int,
    window: int,
    table: np.ndarray,
    sieve: np.ndarray,
    surprise: np.ndarray,
    own: int,
    cells: np.ndarray,
    cells_float: np.ndarray,
    on_object: np.ndarray,
    active: np.ndarray,
) -> None:
    """Fill the cells (int64[e, 8] and the same memory as float64) of the edges whose pair's hash is
    even (own 0) or odd (own 1).

    surprise: float64[objects in order]. on_object: int64[objects], co-actions of edges per object.
    active: bool[acts], whether the act is part of a co-action of some edge. Most pairs of acts
    belong to no edge: a bit of the sieve, which the cache holds, tells so; an edge's cell is one
    line of memory.
    """
    number = np.int64(-1)
    mask = (np.int64(1) << time_bits) - 1
    slots = np.int64(len(table) - 1)
    bits = np.uint64(64 * len(sieve) - 1)
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
                    x, y = who[s], who[r]
                    k = (np.int64(min(x, y)) << 32) | np.int64(max(x, y))
                    hashed = np.uint64(k) * _GOLDEN
                    if np.int64(hashed >> np.uint64(63)) != own:
                        continue
                    bit = (hashed >> np.uint64(24)) & bits
                    if not (sieve[bit >> np.uint64(6)] >> (bit & np.uint64(63))) & np.uint64(1):
                        continue
                    h = np.int64(hashed >> np.uint64(20)) & slots
                    e = table[h]
                    while e >= 0 and cells[e, PAIR] != k:
                        h = (h + 1) & slots
                        e = table[h]
                    if e < 0:
                        continue
                    cells[e, PAIRS] += 1
                    cells[e, APART] += key[r] - key[s]
                    cells[e, FIRST] = min(cells[e, FIRST], key[s] & mask)
                    cells[e, LAST] = max(cells[e, LAST], key[r] & mask)
                    on_object[number] += 1
                    active[r] = True
                    active[s] = True
                    if cells[e, STAMP] != number:
                        cells[e, STAMP] = number
                        cells[e, OBJECTS] += 1
                        cells_float[e, SURPRISE] += surprise[number]
                r += 1
            i = r


@njit(cache=True, nogil=True)
def jitter(
    key: np.ndarray,
    who: np.ndarray,
    starts: np.ndarray,
    time_bits: int,
    window: int,
    reach: int,
    lo: np.ndarray,
    hi: np.ndarray,
    table: np.ndarray,
    edge: np.ndarray,
    chance: np.ndarray,
) -> int:
    """One row per (edge, object) with acts within window + 2 reach: the chance to co-act under
    jitter; returns how many rows.

    For accounts that act several times on the object the chances of its act pairs are added (at
    most 1): an upper bound, so the tail is conservative. Rows beyond the length of `edge` are
    counted, not written.
    """
    wide = window + 2 * reach
    stamp = np.full(len(lo), -1, np.int64)
    row = np.zeros(len(lo), np.int64)
    rows = 0
    number = np.int64(-1)
    for p in range(len(starts) - 1):
        b = starts[p + 1]
        i = starts[p]
        while i < b:
            o = key[i] >> time_bits
            number += 1
            low = i
            r = i
            while r < b and (key[r] >> time_bits) == o:
                while key[low] + wide < key[r]:
                    low += 1
                for s in range(low, r):
                    if who[s] == who[r]:
                        continue
                    e = find_edge(who[s], who[r], lo, hi, table)
                    if e < 0:
                        continue
                    if stamp[e] != number:
                        stamp[e] = number
                        row[e] = rows
                        rows += 1
                        if row[e] < len(edge):
                            edge[row[e]] = e
                            chance[row[e]] = 0.0
                    if row[e] < len(edge):
                        c = jitter_chance(float(key[r] - key[s]), float(window), float(reach))
                        chance[row[e]] = min(1.0, chance[row[e]] + c)
                r += 1
            i = r
    return rows


@njit(cache=True, nogil=True)
def jitter_balance(
    key: np.ndarray,
    who: np.ndarray,
    starts: np.ndarray,
    time_bits: int,
    window: int,
    reach: int,
    skip: np.ndarray,
    budget: int,
    found: np.ndarray,
) -> None:
    """Co-acting act pairs seen (found[0]) and expected under jitter (found[1]) among accounts not
    in `skip` (bool[accounts]).

    Stops after `budget` pairs of acts. Where the jitter null holds for ordinary accounts the two
    agree.
    """
    wide = window + 2 * reach
    spent = 0
    for p in range(len(starts) - 1):
        b = starts[p + 1]
        i = starts[p]
        while i < b and spent < budget:
            o = key[i] >> time_bits
            low = i
            r = i
            while r < b and (key[r] >> time_bits) == o:
                while key[low] + wide < key[r]:
                    low += 1
                if spent < budget and not skip[who[r]]:
                    for s in range(low, r):
                        if who[s] == who[r] or skip[who[s]]:
                            continue
                        spent += 1
                        d = key[r] - key[s]
                        found[0] += 1.0 if d <= window else 0.0
                        found[1] += jitter_chance(float(d), float(window), float(reach))
                r += 1
            i = r


@njit(cache=True, nogil=True)
def strata_pairs(
    key: np.ndarray,
    who: np.ndarray,
    starts: np.ndarray,
    time_bits: int,
    window: int,
    community: np.ndarray,
    block: int,
    counts: np.ndarray,
) -> None:
    """Add to counts[c, c', b] (c <= c') the co-acting act pairs by the accounts' communities and
    the later act's time block.

    community: int64[accounts]; block: quanta per block.
    """
    mask = (np.int64(1) << time_bits) - 1
    for p in range(len(starts) - 1):
        b = starts[p + 1]
        i = starts[p]
        while i < b:
            o = key[i] >> time_bits
            low = i
            r = i
            while r < b and (key[r] >> time_bits) == o:
                while key[low] + window < key[r]:
                    low += 1
                z = (key[r] & mask) // block
                c = community[who[r]]
                for s in range(low, r):
                    if who[s] != who[r]:
                        d = community[who[s]]
                        counts[min(c, d), max(c, d), z] += 1
                r += 1
            i = r


@njit(cache=True, nogil=True)
def count_company(
    key: np.ndarray,
    who: np.ndarray,
    starts: np.ndarray,
    time_bits: int,
    window: int,
    community: np.ndarray,
    usual: np.ndarray,
    prior: float,
    found: np.ndarray,
) -> None:
    """Add to found[c] how often pairs of acts on one object lie within the window, inside community
    c and beside it.

    Over the objects with two or more acts of c: pairs inside c within the window (column 0), how
    many would be if they were as close in time as the other pairs on the same object (1), other
    pairs (2), of them within the window (3). usual: float64[c], share of other pairs within the
    window over all such objects, which stands in with the weight of `prior` pairs; pass zeros first
    to learn it from columns 2 and 3. Pairs of one account are pairs, never within the window.
    """
    communities = len(usual)
    size, near = np.zeros(communities, np.int64), np.zeros(communities, np.int64)
    for p in range(len(starts) - 1):
        b = starts[p + 1]
        i = starts[p]
        while i < b:
            o = key[i] >> time_bits
            low = i
            r = i
            total = np.int64(0)
            size[:] = 0
            near[:] = 0
            while r < b and (key[r] >> time_bits) == o:
                while key[low] + window < key[r]:
                    low += 1
                c = community[who[r]]
                size[c] += 1
                for s in range(low, r):
                    if who[s] != who[r]:
                        total += 1
                        if community[who[s]] == c:
                            near[c] += 1
                r += 1
            n = r - i
            for c in range(communities):
                if size[c] > 1:
                    inside = size[c] * (size[c] - 1) / 2
                    other, apart = n * (n - 1) / 2 - inside, total - near[c]
                    found[c, 0] += near[c]
                    found[c, 1] += inside * (apart + prior * usual[c]) / (other + prior)
                    found[c, 2] += other
                    found[c, 3] += apart
            i = r


@njit(cache=True, nogil=True)
def strata_rates(
    lo: np.ndarray,
    hi: np.ndarray,
    community: np.ndarray,
    begin: np.ndarray,
    blocks: np.ndarray,
    acts: np.ndarray,
    kappa: np.ndarray,
) -> np.ndarray:
    """lambda float64[e] = sum over blocks of d_u(b) d_v(b) kappa[c_u, c_v, b]; acts per account and
    block as ragged rows.
    """
    found = np.zeros(len(lo))
    for e in range(len(lo)):
        u, v = lo[e], hi[e]
        c, d = min(community[u], community[v]), max(community[u], community[v])
        a, b = begin[u], begin[v]
        while a < begin[u + 1] and b < begin[v + 1]:
            if blocks[a] == blocks[b]:
                found[e] += acts[a] * acts[b] * kappa[c, d, blocks[a]]
                a += 1
                b += 1
            elif blocks[a] < blocks[b]:
                a += 1
            else:
                b += 1
    return found
