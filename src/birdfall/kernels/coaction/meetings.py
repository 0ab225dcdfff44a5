"""Meetings: the co-actions of a pair that lie close together in time count once.

Plain version: `tests/kernels/test_meetings.py`. Safe: rows beyond the room given are counted, not
written; each edge's rows are walked alone.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from birdfall.kernels.coaction.edges import find_edge


@njit(cache=True, nogil=True)
def co_acted_objects(
    key: np.ndarray,
    who: np.ndarray,
    starts: np.ndarray,
    time_bits: int,
    window: int,
    surprise: np.ndarray,
    lo: np.ndarray,
    hi: np.ndarray,
    table: np.ndarray,
    edge: np.ndarray,
    time: np.ndarray,
    worth: np.ndarray,
) -> int:
    """One row per (edge, object) co-acted on: the edge, the first time (in quanta) and the object's
    surprise; returns how many rows there are.

    surprise: float64 per object in order. lo, hi, table: edges by `index_edges`.
    """
    mask = (np.int64(1) << time_bits) - 1
    stamp = np.full(len(lo), -1, np.int64)
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
                while key[low] + window < key[r]:
                    low += 1
                for s in range(low, r):
                    if who[s] == who[r]:
                        continue
                    e = find_edge(who[s], who[r], lo, hi, table)
                    if e < 0 or stamp[e] == number:
                        continue
                    stamp[e] = number
                    if rows < len(edge):
                        edge[rows] = e
                        time[rows] = key[r] & mask
                        worth[rows] = surprise[number]
                    rows += 1
                r += 1
            i = r
    return rows


@njit(cache=True, nogil=True)
def count_meetings(
    edge: np.ndarray,
    time: np.ndarray,
    worth: np.ndarray,
    apart: int,
    meetings: np.ndarray,
    surprise: np.ndarray,
) -> None:
    """Add each edge's meetings to `meetings`, and the largest surprise of each to `surprise`.

    edge, time: int64[n], by edge and then by time. A meeting holds what begins no later than
    `apart` after its first co-action.
    """
    i = 0
    while i < len(edge):
        e, begin, best = edge[i], time[i], worth[i]
        i += 1
        while i < len(edge) and edge[i] == e and time[i] - begin <= apart:
            best = max(best, worth[i])
            i += 1
        meetings[e] += 1
        surprise[e] += best
