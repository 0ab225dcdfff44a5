"""The same acts and seed give the same groups, whatever the order of the rows and the codes that a
record's key draws.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birdfall.kernels.label_propagation import propagate_labels
from birdfall.measures.coordination import coordination, trace_from_table
from birdfall.measures.coordination.traces import Trace

sys.path.insert(0, str(Path(__file__).parent))
from coordination_worlds import world


def recoded(trace: Trace, seed: int) -> Trace:
    """The trace with its rows shuffled and its accounts coded anew, as another key would."""
    rng = np.random.default_rng(seed)
    accounts, rows = len(trace.accounts), rng.permutation(len(trace))
    codes = rng.permutation(accounts).astype(np.int32)
    return replace(
        trace,
        account=codes[trace.account[rows]],
        object_=trace.object_[rows],
        time=trace.time[rows],
        accounts=trace.accounts.take(pa.array(np.argsort(codes))),
    )


def as_sets(finding) -> list[tuple[str, frozenset[str]]]:
    """Groups and blocks in their order, each as its accounts."""
    return [(g["kind"], frozenset(g["accounts"])) for g in finding.table("groups").to_pylist()]


def edges_by_name(finding) -> dict[frozenset[str], tuple[float, float]]:
    return {
        frozenset((e["source_id"], e["target_id"])): (e["weight"], e["log_p"])
        for e in finding.table("edges").to_pylist()
    }


def loose_world() -> Trace:
    """Interests whose members meet now and then: many groups that hang together loosely."""
    w = world(3, decay=1800.0, accounts=600, objects=1200, silos=25, boost=200.0, planted=0)
    made, _ = trace_from_table(
        {
            "account": [f"account {a * 7919 % 10007}" for a in w.account],
            "object": w.object_,
            "time": w.time,
        }
    )
    return made


@pytest.mark.parametrize("method", ["propagation", "leiden"])
def test_neither_key_nor_rows_change_the_groups(method):
    trace = loose_world()
    asked = {"groups": method, "null": "none", "at_least": 2, "sensitivity": False}
    first = coordination(trace, **asked)
    groups, edges = as_sets(first), edges_by_name(first)
    assert len(groups) >= 40
    for seed in range(3):
        other = coordination(recoded(trace, seed), **asked)
        assert as_sets(other) == groups
        assert edges_by_name(other) == edges
        assert other.estimates == first.estimates
        codes = other.table("nodes").to_pydict()
        names = recoded(trace, seed).accounts.take(pa.array(codes["code"])).to_pylist()
        assert names == codes["account"], "the codes told are the record's own"
        assert codes["code"] == sorted(codes["code"])
        sources, targets = (other.table("edges").column(c).to_numpy() for c in ("source", "target"))
        assert (sources < targets).all()
        assert (np.lexsort((targets, sources)) == np.arange(len(sources))).all()


def test_blocks_without_a_significant_pair_do_not_hang_on_the_key():
    w = world(1, accounts=1000, objects=1500, decay=1800.0, planted=40, targets=60, members=5)
    trace, _ = trace_from_table(
        {"account": [f"a{a}" for a in w.account], "object": w.object_, "time": w.time}
    )
    asked = {"alpha": 0.05, "sensitivity": False}
    first = coordination(trace, **asked)
    assert first.details["blocks"]
    for seed in range(2):
        other = coordination(recoded(trace, seed), **asked)
        assert as_sets(other) == as_sets(first)
        assert [b["p_value"] for b in other.details["blocks"]] == [
            b["p_value"] for b in first.details["blocks"]
        ]


def plain_propagation(weights: np.ndarray, order: list[int]) -> list[int]:
    label = list(range(len(weights)))
    for _ in range(100):
        changes = 0
        for node in order:
            totals: dict[int, float] = {}
            for other in np.flatnonzero(weights[node]):
                totals[label[other]] = totals.get(label[other], 0.0) + weights[node, other]
            if totals:
                best = min(totals, key=lambda x: (-totals[x], x))
                changes += best != label[node]
                label[node] = best
        if not changes:
            break
    return label


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 12), st.floats(0.1, 0.9), st.integers(0, 1000))
def test_labels_spread_as_in_the_plain_version(nodes, share, seed):
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.integers(1, 5, (nodes, nodes)) * (rng.random((nodes, nodes)) < share), 1)
    weights = (upper + upper.T).astype(float)
    begin = np.concatenate([[0], np.cumsum((weights > 0).sum(1))]).astype(np.int64)
    other = np.nonzero(weights)[1].astype(np.int32)
    order = rng.permutation(nodes)
    labels = propagate_labels(begin, other, weights[weights > 0], order, 0)
    assert labels.tolist() == plain_propagation(weights, order.tolist())
