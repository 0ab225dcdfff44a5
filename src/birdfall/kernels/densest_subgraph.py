"""The densest block of a weighted graph, by taking the least attached account away again and again.

Plain version: repeat { remember weight(S) / |S|; drop the node of S with the least weight to S };
return the best S seen. At least half the best density there is (Charikar 2000). Cost: O(e log e).
Safe: every edge enters the heap at most twice.
"""

from __future__ import annotations

import heapq

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def adjacency(
    lo: np.ndarray, hi: np.ndarray, weight: np.ndarray, nodes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Adjacency of an undirected graph as (begin int64[nodes + 1], other int32[2e], weight
    float64[2e]).
    """
    begin = np.zeros(nodes + 1, np.int64)
    for i in range(len(lo)):
        begin[lo[i] + 1] += 1
        begin[hi[i] + 1] += 1
    for x in range(nodes):
        begin[x + 1] += begin[x]
    place = begin[:-1].copy()
    other = np.empty(2 * len(lo), np.int32)
    carried = np.empty(2 * len(lo), np.float64)
    for i in range(len(lo)):
        a, b = lo[i], hi[i]
        other[place[a]] = b
        carried[place[a]] = weight[i]
        place[a] += 1
        other[place[b]] = a
        carried[place[b]] = weight[i]
        place[b] += 1
    return begin, other, carried


@njit(cache=True, nogil=True)
def densest_block(
    lo: np.ndarray, hi: np.ndarray, weight: np.ndarray, nodes: int
) -> tuple[np.ndarray, float]:
    """bool[nodes], the members of the densest block met while peeling, and its weight per member.

    lo, hi: int32[e] nodes; weight: float64[e] >= 0.
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
    order = np.empty(left, np.int64)
    gone = 0
    best, best_gone = 0.0, 0
    if left:
        best = total / left
    while left > 1 and len(heap):
        value, x = heapq.heappop(heap)
        if not inside[x] or value != attached[x]:
            continue
        inside[x] = False
        order[gone] = x
        gone += 1
        left -= 1
        for k in range(begin[x], begin[x + 1]):
            y = other[k]
            if inside[y]:
                total -= carried[k]
                attached[y] -= carried[k]
                heapq.heappush(heap, (attached[y], np.int64(y)))  # type: ignore[misc]
        if total / left > best:
            best = total / left
            best_gone = gone
    members = np.zeros(nodes, np.bool_)
    for x in range(nodes):
        members[x] = begin[x + 1] > begin[x]
    for k in range(best_gone):
        members[order[k]] = False
    return members, best
