"""Lockstep: which reports on a target have company that also reported other targets together.

Plain version, for every target and every two reports on it at most `window` apart, by accounts u and v that form an edge
(they reported at least two targets together): both reports are in lockstep; each gains a partner.
Cost: O(1) per pair of reports of accounts that have an edge; give only those. Safe: arrays out are written by one thread.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from birdfall.kernels.coaction_trace import _find


@njit(cache=True, nogil=True)
def partners(
    account: np.ndarray, object_: np.ndarray, time: np.ndarray, window: int, lo: np.ndarray, hi: np.ndarray,
    table: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """int32[n]: acts of partners on the same object within the window of each act.

    account, object_: int32[n]; time: int64[n] us; ordered by (object, time). lo, hi: int32[e], lo < hi; table: from
    `coaction_trace.index_edges`.
    """
    found = np.zeros(len(account), np.int32)
    low = 0
    for r in range(len(account)):
        if object_[low] != object_[r]:
            low = r
        while time[low] + window < time[r]:
            low += 1
        for s in range(low, r):
            if account[s] != account[r] and _find(account[s], account[r], lo, hi, table) >= 0:
                found[s] += 1
                found[r] += 1
    return found
