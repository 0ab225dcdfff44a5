"""Lockstep: which reports on a target have company that also reported other targets together, and
how dense a block they form.

Plain version, for every target and every two reports on it at most `window` apart, by accounts u
and v that form an edge (they reported at least two targets together): both reports are in lockstep;
each gains a partner. Cost: O(1) per pair of reports of accounts that have an edge; give only those.
Safe: arrays out are written by one thread.
"""

from __future__ import annotations

import heapq

import numpy as np
from numba import njit

from birdfall.kernels.coaction.edges import find_edge
from birdfall.kernels.densest_subgraph import adjacency


@njit(cache=True, nogil=True)
def count_partners(
    account: np.ndarray,
    object_: np.ndarray,
    time: np.ndarray,
    window: int,
    lo: np.ndarray,
    hi: np.ndarray,
    table: np.ndarray,
) -> np.ndarray:
    """int32[n]: acts of partners on the same object within the window of each act.

    account, object_: int32[n]; time: int64[n] us; ordered by (object, time). lo, hi: int32[e], lo <
    hi; table: from `coaction_trace.index_edges`.
    """
    found = np.zeros(len(account), np.int32)
    low = 0
    for r in range(len(account)):
        if object_[low] != object_[r]:
            low = r
        while time[low] + window < time[r]:
            low += 1
        for s in range(low, r):
            if account[s] != account[r] and find_edge(account[s], account[r], lo, hi, table) >= 0:
                found[s] += 1
                found[r] += 1
    return found


@njit(cache=True, nogil=True)
def count_near_pairs(object_: np.ndarray, time: np.ndarray, window: int) -> int:
    """How many pairs of acts lie on one object at most `window` us apart.

    Ordered by (object, time). Cost: O(n).
    """
    found = low = 0
    for r in range(len(time)):
        while object_[low] != object_[r] or time[low] + window < time[r]:
            low += 1
        found += r - low
    return found


@njit(cache=True, nogil=True)
def list_near_pairs(
    object_: np.ndarray, time: np.ndarray, window: int, number: int
) -> tuple[np.ndarray, np.ndarray]:
    """Those pairs, as positions left < right int32[number], by right. number: from `near_count`."""
    left, right = np.empty(number, np.int32), np.empty(number, np.int32)
    at = low = 0
    for r in range(len(time)):
        while object_[low] != object_[r] or time[low] + window < time[r]:
            low += 1
        for s in range(low, r):
            left[at] = s
            right[at] = r
            at += 1
    return left, right


@njit(cache=True, nogil=True)
def core_densities(lo: np.ndarray, hi: np.ndarray, weight: np.ndarray, nodes: int) -> np.ndarray:
    """float64[nodes]: the density of the densest block met while peeling that still held the node;
    0 without an edge.

    lo, hi: int32[e] nodes; weight: float64[e] > 0. Density is weight per node. The nodes of the
    greatest value are the densest block that peeling finds, at least half as dense as the densest
    there is (Charikar 2000). Cost: O(e log e).
    """
    begin, other, carried = adjacency(lo, hi, weight, nodes)
    attached = np.zeros(nodes)
    total = 0.0
    for x in range(nodes):
        for k in range(begin[x], begin[x + 1]):
            attached[x] += carried[k]
        total += 0.5 * attached[x]
    heap = [(attached[x], x) for x in range(nodes) if begin[x + 1] > begin[x]]
    heapq.heapify(heap)
    inside = np.zeros(nodes, np.bool_)
    for entry in heap:
        inside[entry[1]] = True
    left = len(heap)
    best = 0.0
    core = np.zeros(nodes)
    while len(heap):
        value, x = heapq.heappop(heap)
        if not inside[x] or value != attached[x]:
            continue
        best = max(best, total / left)
        core[x] = best
        inside[x] = False
        left -= 1
        for k in range(begin[x], begin[x + 1]):
            y = other[k]
            if inside[y]:
                total -= carried[k]
                attached[y] -= carried[k]
                heapq.heappush(heap, (attached[y], np.int64(y)))  # type: ignore[misc]
    return core
