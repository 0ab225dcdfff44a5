"""The interface between an engine and the kernel: acts of tasks in, partial edges out, in Arrow.

A task is either all acts of one object, or one cell of a hub object's grid (see `spark`). The
kernel is the one that runs on a single machine; nothing of its counting is done again here.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from birdfall.kernels.coaction.coaction import Count, coaction

#: Acts of tasks. `cell_i` <= `cell_j` is the cell of a hub's grid, `side` the row or column the
#: account stands in; all three are -1 for objects that are whole.
TASKS = pa.schema(
    [
        pa.field("account", pa.int64()),
        pa.field("object", pa.int64()),
        pa.field("time", pa.int64()),
        pa.field("cell_i", pa.int32()),
        pa.field("cell_j", pa.int32()),
        pa.field("side", pa.int32()),
    ]
)
PARTIAL = pa.schema(
    [pa.field("lo", pa.int64()), pa.field("hi", pa.int64()), pa.field("weight", pa.int64())]
)


def partial_edges(acts: pa.Table, *, window: int, count: Count) -> Iterator[pa.RecordBatch]:
    """Edges of the tasks in `acts`, each pair of acts counted in exactly one task.

    Parameters
    ----------
    acts
        Acts of whole tasks (schema `TASKS`).
    window
        Microseconds > 0, inclusive.
    count
        As of `kernels.coaction`, where the counting is described.

    Yields
    ------
    pyarrow.RecordBatch
        Edges (schema `PARTIAL`): one batch for all whole objects, one per cell of a hub. The same
        pair may come from several, so the caller sums.
    """
    columns = {name: acts.column(name).to_numpy() for name in TASKS.names}
    whole = columns["cell_i"] < 0
    if whole.any():
        yield _count_tasks(columns, np.flatnonzero(whole), window, count)
    hubs = np.flatnonzero(~whole)
    if not len(hubs):
        return
    keys = np.stack([columns[n][hubs].astype(np.int64) for n in ("object", "cell_i", "cell_j")])
    order = np.lexsort(keys[::-1])
    sorted_keys = keys[:, order]
    starts = np.flatnonzero(np.r_[True, (np.diff(sorted_keys, axis=1) != 0).any(axis=0)])
    for begin, end in zip(starts, np.r_[starts[1:], len(order)], strict=True):
        yield _count_tasks(columns, hubs[order[begin:end]], window, count)


def _count_tasks(
    columns: dict[str, np.ndarray], rows: np.ndarray, window: int, count: Count
) -> pa.RecordBatch:
    """Edges of one task, or of all whole objects together.

    In a cell off the diagonal only pairs across it count.
    """
    ids, account = np.unique(columns["account"][rows], return_inverse=True)
    _, object_ = np.unique(columns["object"][rows], return_inverse=True)
    edges = coaction(
        account.astype(np.int32),
        object_.astype(np.int32),
        columns["time"][rows],
        window=window,
        count=count,
        at_least=1,
        threads=1,
    )
    lo, hi, weight = edges.lo, edges.hi, edges.weight
    if columns["cell_i"][rows[0]] != columns["cell_j"][rows[0]]:
        side = np.empty(len(ids), np.int32)
        side[account] = columns["side"][rows]
        across = side[lo] != side[hi]
        lo, hi, weight = lo[across], hi[across], weight[across]
    return pa.RecordBatch.from_arrays([ids[lo], ids[hi], pa.array(weight)], schema=PARTIAL)
