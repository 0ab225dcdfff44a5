"""The tables of a coordination finding: edges, nodes, groups with their objects and examples,
objects left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa

from birdfall.kernels.coaction.coaction import coaction
from birdfall.measures.coordination.act_profile import EdgeEvidence, profile_acts, trace_edges
from birdfall.measures.coordination.communities import Grouping
from birdfall.measures.coordination.dense_blocks import DiluteBlock
from birdfall.measures.coordination.groups import (
    EXAMPLE_SCHEMA,
    GROUP_SCHEMA,
    TOP_SCHEMA,
    DescribedGroup,
    GroupToDescribe,
    describe_group,
    member_acts,
)
from birdfall.measures.coordination.layers import CombinedNetwork, Layer
from birdfall.measures.coordination.options import CoordinationOptions
from birdfall.measures.coordination.sensitivity import (
    WeightedEdges,
    seed_stability,
    window_stability,
)
from birdfall.measures.coordination.traces import Trace
from birdfall.model.schemas import TIME

#: At most so many edges stand in the table, the most significant first; the estimates count them
#: all.
MAX_LISTED_EDGES: Final = 200_000
#: Columns that only tests can fill.
_TEST_COLUMNS: Final = (
    "p_value", "q_value", "log_p", "degree_p", "surprise_p", "jitter_p", "significant",
)  # fmt: skip


@dataclass(frozen=True)
class NetworkFacts:
    """What was found on the layers.

    Attributes
    ----------
    layers : list of Layer
        The layers with acts.
    whole : CombinedNetwork
        All layers as one network, of e edges.
    chosen : bool[e]
        The edges that count: significant ones, or all of them without a null.
    grouping : Grouping
        The groups of these.
    blocks : list of DiluteBlock
        Blocks beyond their shuffles.
    listed_blocks : list of DiluteBlock
        Those of them that are listed as groups.
    """

    layers: list[Layer]
    whole: CombinedNetwork
    chosen: np.ndarray
    grouping: Grouping
    blocks: list[DiluteBlock]
    listed_blocks: list[DiluteBlock]


def network_tables(
    found: NetworkFacts, neighbours: list[list[WeightedEdges]], asked: CoordinationOptions
) -> dict[str, pa.Table]:
    """The finding's tables of the network itself: edges, combined, nodes, groups, top_objects,
    examples.

    neighbours: per other window, each layer's significant network.
    """
    trace = found.layers[0].trace
    made = {"edges": _edge_table(found.layers)}
    if len(found.layers) > 1:
        made["combined"] = _combined_table(found.whole, trace)
    lo, hi = found.whole.lo[found.chosen], found.whole.hi[found.chosen]
    made["nodes"] = _node_table(found.layers, lo, hi, found.grouping)
    edges = WeightedEdges(lo, hi, -found.whole.log_p[found.chosen])
    described = _describe_groups(found, edges, neighbours, asked)
    for name, schema, rows in (
        ("groups", GROUP_SCHEMA, [d.row for d in described]),
        ("top_objects", TOP_SCHEMA, [t for d in described for t in d.top]),
        ("examples", EXAMPLE_SCHEMA, [e for d in described for e in d.examples]),
    ):
        made[name] = pa.Table.from_pylist([row._asdict() for row in rows], schema)
    return made


def _describe_groups(
    found: NetworkFacts,
    edges: WeightedEdges,
    neighbours: list[list[WeightedEdges]],
    asked: CoordinationOptions,
) -> list[DescribedGroup]:
    """The groups of significant edges, the largest first, then the blocks."""
    grouping = found.grouping
    stable_seeds = seed_stability(edges, grouping, asked)
    stable_windows = window_stability(neighbours, grouping, asked)
    inside = _edge_groups(grouping, edges.lo, edges.hi)
    shown = [grouping.members, *(b.members for b in found.listed_blocks)]
    layers = [_keep_accounts(x, shown) for x in found.layers]
    described = []
    for g in range(1, grouping.count + 1):
        own = inside == g
        group = GroupToDescribe(
            g,
            grouping.members[grouping.group == g],
            edges.lo[own],
            edges.hi[own],
            layers,
            stability_seeds=float(stable_seeds[g - 1]),
            stability_windows=stable_windows[g - 1],
        )
        described.append(describe_group(group))
    for g, block in enumerate(found.listed_blocks, grouping.count + 1):
        x = layers[block.layer]
        pairs = coaction(
            *member_acts(x.trace, block.members), window=x.window, count="objects", at_least=1
        )
        group = GroupToDescribe(g, block.members, pairs.lo, pairs.hi, [x], p_value=block.p)
        described.append(describe_group(group))
    return described


def _edge_groups(grouping: Grouping, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    """int32[e]: the group that both ends of an edge are in, 0 if they are in two."""
    if not len(lo):
        return np.empty(0, np.int32)
    group_of = np.zeros(int(max(lo.max(), hi.max())) + 1, np.int32)
    group_of[grouping.members] = grouping.group
    return np.where(group_of[lo] == group_of[hi], group_of[lo], 0)


def _timestamps(values: np.ndarray) -> pa.Array:
    """Microseconds as time stamps."""
    return pa.array(values, pa.int64()).cast(pa.timestamp("us")).cast(TIME)


def _p_values(log_p: np.ndarray) -> pa.Array:
    """p from its logarithm, null where it is NaN."""
    return pa.array(np.exp(log_p), mask=np.isnan(log_p))


def _most_significant(log_p: np.ndarray, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    """Positions of the most significant edges, `MAX_LISTED_EDGES` at most, ascending."""
    if len(lo) <= MAX_LISTED_EDGES:
        return np.arange(len(lo))
    return np.sort(np.lexsort((hi, lo, log_p))[:MAX_LISTED_EDGES])


@dataclass(frozen=True)
class _Ends:
    """Edges by the record's own codes: source < target, in that order. keep: which edges these are,
    int64[k].
    """

    source: np.ndarray
    target: np.ndarray
    keep: np.ndarray
    ids: dict[str, pa.Array]


def _edge_ends(trace: Trace, keep: np.ndarray, lo: np.ndarray, hi: np.ndarray) -> _Ends:
    """The ends of the edges `keep`, ordered by the record's codes."""
    a, b = trace.record_code(lo[keep]), trace.record_code(hi[keep])
    swapped = a > b
    source, target = np.where(swapped, b, a), np.where(swapped, a, b)
    order = np.lexsort((target, source))
    first = np.where(swapped, hi[keep], lo[keep])[order]
    second = np.where(swapped, lo[keep], hi[keep])[order]
    ids = {
        "source_id": trace.accounts.take(pa.array(first)),
        "target_id": trace.accounts.take(pa.array(second)),
    }
    return _Ends(source[order].astype(np.int32), target[order].astype(np.int32), keep[order], ids)


def _edge_table(layers: list[Layer]) -> pa.Table:
    """All layers' edges, each layer's most significant at most, by layer, source, target."""
    parts = []
    for x in layers:
        ends = _edge_ends(x.trace, _most_significant(x.log_p, x.lo, x.hi), x.lo, x.hi)
        keep = ends.keep
        parts.append(
            pa.table(
                {
                    "source": ends.source,
                    "target": ends.target,
                    **ends.ids,
                    "weight": x.weight[keep],
                    "objects": x.objects[keep],
                    "p_value": _p_values(x.log_p[keep]),
                    "q_value": x.q[keep],
                    "log_p": x.log_p[keep],
                    "degree_p": _p_values(x.count_log_p[keep]),
                    "surprise_p": _p_values(x.surprise_log_p[keep]),
                    "jitter_p": _p_values(x.jitter_log_p[keep]),
                    "first": _timestamps(x.first[keep]),
                    "last": _timestamps(x.last[keep]),
                    "layer": pa.array([x.trace.name] * len(keep), pa.string()),
                }
            )
        )
    return pa.concat_tables(parts)


def _combined_table(whole: CombinedNetwork, trace: Trace) -> pa.Table:
    """The edges of all layers as one network, the most significant at most, by source, target."""
    ends = _edge_ends(trace, _most_significant(whole.log_p, whole.lo, whole.hi), whole.lo, whole.hi)
    keep = ends.keep
    return pa.table(
        {
            "source": ends.source,
            "target": ends.target,
            **ends.ids,
            "weight": whole.weight[keep],
            "layers": whole.layers[keep].astype(np.int32),
            "p_value": _p_values(whole.log_p[keep]),
            "q_value": whole.q[keep],
            "log_p": whole.log_p[keep],
            "first": _timestamps(whole.first[keep]),
            "last": _timestamps(whole.last[keep]),
        }
    )


def _keep_accounts(layer: Layer, members: list[np.ndarray]) -> Layer:
    """The layer with the acts of these accounts alone: all that is said of groups."""
    wanted = np.zeros(int(layer.trace.account.max(initial=-1)) + 1, np.bool_)
    for codes in members:
        wanted[codes[codes < len(wanted)]] = True
    return replace(layer, trace=layer.trace.filter(wanted[layer.trace.account]))


def _trace_on_layer(layer: Layer, lo: np.ndarray, hi: np.ndarray) -> EdgeEvidence | None:
    """What stands behind these edges on one layer; None if none of their accounts acts there."""
    acts = member_acts(layer.trace, np.union1d(lo, hi))
    return trace_edges(profile_acts(*acts, layer.window), lo, hi) if len(acts[0]) else None


def _node_table(
    layers: list[Layer], lo: np.ndarray, hi: np.ndarray, grouping: Grouping
) -> pa.Table:
    """The accounts with an edge that counts, by the record's own codes."""
    trace = layers[0].trace
    size = int(grouping.members.max(initial=-1)) + 1
    degree = np.bincount(np.concatenate([lo, hi]), minlength=size)
    activity, active = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for x in layers:
        activity += np.bincount(x.trace.account[x.trace.account < size], minlength=size)[:size]
        behind = _trace_on_layer(x, lo, hi)
        if behind is not None:
            n = min(size, len(behind.co_acts))
            active[:n] += behind.co_acts[:n]
    order = np.argsort(trace.record_code(grouping.members), kind="stable")
    m = grouping.members[order]
    return pa.table(
        {
            "code": trace.record_code(m),
            "account": trace.accounts.take(pa.array(m)),
            "group": grouping.group[order],
            "degree": degree[m].astype(np.int64),
            "activity": activity[m],
            "coactive_share": active[m] / np.maximum(1, activity[m]),
        }
    )


def blank_test_columns(table: pa.Table) -> pa.Table:
    """`table` with nothing in the columns of tests that were not made."""
    for name in _TEST_COLUMNS:
        if name in table.column_names:
            column = table.column_names.index(name)
            table = table.set_column(column, name, pa.nulls(len(table), table.column(name).type))
    return table


def object_table(rows: list[tuple[str, int, int]]) -> pa.Table:
    """Objects with their acts and pairs of acts within the window: [object, events, pairs]."""
    return pa.table(
        [
            pa.array([r[0] for r in rows], pa.string()),
            *(pa.array([r[k] for r in rows], pa.int64()) for k in (1, 2)),
        ],
        names=["object", "events", "pairs"],
    )
