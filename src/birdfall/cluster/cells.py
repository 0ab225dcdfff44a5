"""The grid of accounts: acts in blocks by the side of their account, and the edges of each cell.

Every pair of accounts is counted in exactly one cell: a pair across two sides in theirs, a pair
within a side in the cell right of the diagonal (the last side's pairs in the cell of the first and
the last). So the edges of a cell are final, nothing is summed. An engine moves blocks, columns of a
few hundred thousand acts packed into one row, which costs it far less than a row for each act.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from birdfall.kernels.coaction.coaction import Count, coaction

#: Acts of one side: `account` and `object` packed as int32 or int64, `time` as int64 microseconds,
#: `acts` of each.
BLOCKS = pa.schema(
    [
        pa.field("side", pa.int32()),
        pa.field("acts", pa.int32()),
        pa.field("account", pa.binary()),
        pa.field("object", pa.binary()),
        pa.field("time", pa.binary()),
    ]
)
#: A block sent to one cell of its side. cell: row * 2^16 + column, row < column.
CELL_BLOCKS = BLOCKS.append(pa.field("cell", pa.int32()))
EDGES = pa.schema(
    [pa.field("lo", pa.int64()), pa.field("hi", pa.int64()), pa.field("weight", pa.int64())]
)

#: Acts taken together before they are dealt into blocks: a block of a grid of four sides is then
#: about a megabyte.
ACTS_AT_ONCE = 1 << 18
#: Sides that a cell's number has room for.
MAX_SIDES = 1 << 15


def side_of(account: np.ndarray, sides: int) -> np.ndarray:
    """The side (uint16[n]) each account (int64[n]) stands on.

    By a hash of all its bits (the finalizer of MurmurHash3).
    """
    mixed = account.astype(np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    mixed = (mixed ^ (mixed >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return ((mixed >> np.uint64(33)) % np.uint64(sides)).astype(np.uint16)


def deal_blocks(
    batches: Iterable[pa.RecordBatch], *, sides: int, at_once: int = ACTS_AT_ONCE
) -> Iterator[pa.RecordBatch]:
    """Acts (columns account, object, time.

    Integers without nulls) as blocks of their sides (schema `BLOCKS`).
    """
    held: list[pa.RecordBatch] = []
    waiting = 0
    for batch in batches:
        held.append(batch)
        waiting += batch.num_rows
        if waiting >= at_once:
            yield _blocks(held, sides)
            held, waiting = [], 0
    if waiting:
        yield _blocks(held, sides)


def _blocks(held: list[pa.RecordBatch], sides: int) -> pa.RecordBatch:
    acts = pa.Table.from_batches(held)
    account, object_, time = (
        acts.column(n).to_numpy().astype(np.int64, copy=False)
        for n in ("account", "object", "time")
    )
    side = side_of(account, sides)
    order = np.argsort(side, kind="stable")
    counts = np.bincount(side, minlength=sides)
    ends = np.cumsum(counts)
    columns = [_narrow(account)[order], _narrow(object_)[order], time[order]]
    chosen = np.flatnonzero(counts).tolist()
    packed = [
        [column[ends[s] - counts[s] : ends[s]].tobytes() for s in chosen] for column in columns
    ]
    return pa.RecordBatch.from_arrays(
        [
            pa.array(chosen, pa.int32()),
            pa.array(counts[chosen], pa.int32()),
            *(pa.array(p, pa.binary()) for p in packed),
        ],
        schema=BLOCKS,
    )


def _narrow(values: np.ndarray) -> np.ndarray:
    small = not len(values) or (values.min() >= -(1 << 31) and values.max() < 1 << 31)
    return values.astype(np.int32) if small else values


def cell_edges(
    blocks: pa.Table, *, window: int, count: Count, at_least: int, sides: int
) -> Iterator[pa.RecordBatch]:
    """Edges of the cells in `blocks`, which hold all acts of their two sides.

    Parameters
    ----------
    blocks
        Blocks of whole cells (schema `CELL_BLOCKS`).
    window
        Microseconds > 0, inclusive.
    count, at_least
        As of `kernels.coaction`, where the counting is described.
    sides
        Of the grid.

    Yields
    ------
    pyarrow.RecordBatch
        Edges of one cell (schema `EDGES`).
    """
    cells = blocks.column("cell").to_numpy()
    for cell in np.unique(cells).tolist():
        own = blocks.take(pa.array(np.flatnonzero(cells == cell)))
        side = np.repeat(own.column("side").to_numpy(), own.column("acts").to_numpy())
        ids, account = encode_ids(_unpack_column(own, "account"))
        _, object_ = encode_ids(_unpack_column(own, "object"))
        time = _unpack_column(own, "time")
        edges = coaction(
            account, object_, time, window=window, count=count, at_least=at_least, threads=1
        )
        side_by_code = np.full(len(ids), -1, np.int32)
        side_by_code[account] = side
        first, second = side_by_code[edges.lo], side_by_code[edges.hi]
        row, column = cell >> 16, cell & 0xFFFF
        mine = first != second
        if column == row + 1:
            mine |= (first == row) & (second == row)
        if row == 0 and column == sides - 1:
            mine |= (first == column) & (second == column)
        chosen = np.flatnonzero(mine)
        arrays = [ids[edges.lo[chosen]], ids[edges.hi[chosen]], edges.weight[chosen]]
        yield pa.RecordBatch.from_arrays([pa.array(a, pa.int64()) for a in arrays], schema=EDGES)


def _unpack_column(blocks: pa.Table, name: str) -> np.ndarray:
    """One column of all blocks in a row."""
    found = []
    for acts, packed in zip(blocks.column("acts").to_pylist(), blocks.column(name), strict=True):
        buffer = packed.as_buffer()
        found.append(np.frombuffer(buffer, np.int32 if buffer.size == 4 * acts else np.int64))
    return np.concatenate(found)


def encode_ids(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(ids int64[k], codes int32[n]).

    The values themselves where they are small, else in the order they come.
    """
    if len(values) and values.min() >= 0 and values.max() < min(1 << 31, 4 * len(values) + 1024):
        return np.arange(int(values.max()) + 1), values.astype(np.int32)
    found = pa.array(values).dictionary_encode()
    return found.dictionary.to_numpy().astype(np.int64), found.indices.to_numpy()
