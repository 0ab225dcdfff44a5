"""Groups of a weighted network by label propagation: every account takes the label that most of its
neighbours carry.

Plain version: `label = range(n)`; visit the nodes in the given order, again and again: each takes
the label with the greatest total weight among its neighbours (the smallest of equals), until hardly
one changes (Raghavan, Albert and Kumara 2007). Cost: O(edges) per sweep, a few dozen sweeps. Safe:
one thread; the answer depends on nothing but the arguments, so the same network in the same order
gives the same labels on every machine.
"""

from __future__ import annotations

import numpy as np
from numba import njit

#: Sweeps after which labels that still change are taken as they are.
MAX_SWEEPS = 100


@njit(cache=True, nogil=True)
def propagate_labels(
    begin: np.ndarray,
    other: np.ndarray,
    weight: np.ndarray,
    order: np.ndarray,
    max_changes: int,
) -> np.ndarray:
    """Labels of the nodes of an undirected network.

    Parameters
    ----------
    begin : int64[nodes + 1]
        Where each node's neighbours begin in `other` and `weight`.
    other, weight : int32[2e], float64[2e]
        The neighbours, and the weights (> 0) of the edges to them; every edge stands there twice.
    order : int64[nodes]
        The order in which the nodes are visited.
    max_changes : int
        Sweeps end as soon as no more nodes than this changed in one.

    Returns
    -------
    int64[nodes]
        Labels; each is the number of a node.
    """
    nodes = len(begin) - 1
    label = np.arange(nodes)
    active = np.ones(nodes, np.bool_)
    total = np.zeros(nodes)
    touched = np.empty(nodes, np.int64)
    for _ in range(MAX_SWEEPS):
        changes = 0
        for node in order:
            if not active[node] or begin[node] == begin[node + 1]:
                continue
            labels = 0
            for k in range(begin[node], begin[node + 1]):
                there = label[other[k]]
                if total[there] == 0.0:
                    touched[labels] = there
                    labels += 1
                total[there] += weight[k]
            best = touched[0]
            for i in range(1, labels):
                there = touched[i]
                if total[there] > total[best] or (total[there] == total[best] and there < best):
                    best = there
            for i in range(labels):
                total[touched[i]] = 0.0
            if best == label[node]:
                active[node] = False
                continue
            label[node] = best
            changes += 1
            for k in range(begin[node], begin[node + 1]):
                active[other[k]] = True
        if changes <= max_changes:
            break
    return label
