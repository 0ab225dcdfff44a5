"""The pairs of acts themselves, row by row: for definitions that look at more than accounts,
objects and times.

Plain version: `[(i, j) for i < j if object[i] == object[j] and |time[i] - time[j]| <= window]`.
Cost: O(n log n + pairs), 16 bytes per pair: for preset definitions and small data; `coaction` never
lists pairs. Safe: counted first, then filled.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _walk(
    object_: np.ndarray, time: np.ndarray, window: int, a: np.ndarray, b: np.ndarray, fill: bool
) -> int:
    low = 0
    n = 0
    for r in range(len(time)):
        while object_[low] != object_[r] or time[r] - time[low] > window:
            low += 1
        if fill:
            for s in range(low, r):
                a[n] = s
                b[n] = r
                n += 1
        else:
            n += r - low
    return n


def pairs_of_acts(
    object_: np.ndarray, time: np.ndarray, window: int
) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers int64[k] of all pairs of acts on one object within the window (inclusive), the
    earlier act first.

    object_: int32[n]; time: int64[n] us, any order.
    """
    order = np.lexsort((time, object_))
    o, t = object_[order], time[order]
    none = np.empty(0, np.int64)
    n = _walk(o, t, window, none, none, False)
    a, b = np.empty(n, np.int64), np.empty(n, np.int64)
    _walk(o, t, window, a, b, True)
    return order[a], order[b]
