"""Tasks cut out of the acts, counted apart and summed, give the edges of the whole.

Needs no engine.
"""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdfall.cluster.partial import TASKS, partial_edges
from birdfall.kernels.coaction.coaction import coaction


def tasks(account, object_, time, hubs):
    """Acts laid out as `spark` does: {object: sides} for hubs, all others whole."""
    rows = []
    for a, o, t in zip(account, object_, time, strict=True):
        sides = hubs.get(int(o))
        if sides is None:
            rows.append((a, o, t, -1, -1, -1))
            continue
        side = hash(("side", int(a))) % sides
        rows += [(a, o, t, min(side, k), max(side, k), side) for k in range(sides)]
    columns = list(zip(*rows, strict=True)) or [[]] * 6
    return pa.table(
        [pa.array(np.array(c, np.int64)).cast(f.type) for c, f in zip(columns, TASKS, strict=True)],
        schema=TASKS,
    )


@pytest.mark.parametrize("count", ["pairs", "objects"])
@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.integers(0, 4), st.integers(0, 300)),
        min_size=1,
        max_size=80,
    ),
    st.dictionaries(st.integers(0, 4), st.integers(2, 4), max_size=3),
    st.integers(1, 100),
)
def test_partial_counts_sum_to_the_whole(count, acts, hubs, window):
    account, object_, time = (np.array(c) for c in zip(*acts, strict=True))
    total = Counter()
    for batch in partial_edges(tasks(account, object_, time, hubs), window=window, count=count):
        for row in batch.to_pylist():
            total[tuple(sorted((row["lo"], row["hi"])))] += row["weight"]
    edges = coaction(
        account.astype(np.int32),
        object_.astype(np.int32),
        time.astype(np.int64),
        window=window,
        count=count,
        at_least=1,
    )
    whole = {
        (int(a), int(b)): int(w) for a, b, w in zip(edges.lo, edges.hi, edges.weight, strict=True)
    }
    assert {k: v for k, v in total.items() if v} == whole
