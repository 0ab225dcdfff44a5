"""Cells of the grid of accounts, counted apart, are the edges of the whole without any summing.

Needs no engine.
"""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdfall.cluster.cells import CELL_BLOCKS, cell_edges, deal_blocks, encode_ids, side_of
from birdfall.kernels.coaction.coaction import coaction

ACTS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 4), st.integers(0, 300)), min_size=1, max_size=80
)


def sent(batches, sides, at_once):
    """Blocks to all cells of their side, as an engine does."""
    rows = []
    for batch in deal_blocks(batches, sides=sides, at_once=at_once):
        for block in batch.to_pylist():
            for other in set(range(sides)) - {block["side"]}:
                rows.append(
                    block | {"cell": min(block["side"], other) << 16 | max(block["side"], other)}
                )
    return pa.Table.from_pylist(rows, schema=CELL_BLOCKS)


@pytest.mark.parametrize("count", ["pairs", "objects"])
@given(
    ACTS,
    st.integers(2, 6),
    st.integers(1, 100),
    st.integers(1, 3),
    st.booleans(),
    st.integers(1, 50),
    st.integers(1, 7),
)
def test_cells_hold_every_pair_once_with_its_whole_weight(
    count, acts, sides, window, at_least, wide, at_once, cuts
):
    """wide: ids that are no small numbers. at_once, cuts: however the acts come in pieces."""
    account, object_, time = (np.array(c) for c in zip(*acts, strict=True))
    ids = account * 10**12 - 5 * 10**12 if wide else account
    things = object_ * -(10**11) if wide else object_
    table = pa.table({"account": ids, "object": things, "time": time})
    found = {}
    blocks = sent(table.to_batches(max(1, len(acts) // cuts)), sides, at_once)
    for batch in cell_edges(blocks, window=window, count=count, at_least=at_least, sides=sides):
        for row in batch.to_pylist():
            pair = tuple(sorted((row["lo"], row["hi"])))
            assert pair not in found, "a pair stands in two cells"
            found[pair] = row["weight"]
    columns = account.astype(np.int32), object_.astype(np.int32), time.astype(np.int64)
    edges = coaction(*columns, window=window, count=count, at_least=at_least)
    name = {int(a): int(i) for a, i in zip(account, ids, strict=True)}
    whole = {
        tuple(sorted((name[int(a)], name[int(b)]))): int(w)
        for a, b, w in zip(edges.lo, edges.hi, edges.weight, strict=True)
    }
    assert found == whole


def test_sides_are_even_whatever_the_codes():
    for codes in (
        np.arange(80_000),
        np.arange(80_000) * 64,
        np.arange(80_000) * (1 << 40) - (1 << 50),
    ):
        counts = np.bincount(side_of(codes, 8), minlength=8)
        assert counts.min() > 9_000 and counts.max() < 11_000


def test_small_numbers_are_their_own_codes_and_others_are_not():
    ids, codes = encode_ids(np.array([3, 1, 3]))
    assert ids[codes].tolist() == [3, 1, 3] and codes.tolist() == [3, 1, 3]
    for values in ([-1, 5, -1], [1 << 40, 2, 2], []):
        ids, codes = encode_ids(np.array(values, np.int64))
        assert ids[codes].tolist() == values and len(ids) == len(set(values))
