"""What is told of a coordination network: its edges, members, groups, what they acted on, and how firm all this is."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.kernels.coaction.coaction import coaction
from birdfall.measures.coordination import null_model as significance
from birdfall.measures.coordination.communities import GroupMethod, best_jaccard, find_groups
from birdfall.measures.coordination.dense_blocks import MAX_PAIRS, DiluteBlock
from birdfall.measures.coordination.layers import (
    CombinedNetwork,
    Layer,
    build_layer,
    count_active_accounts,
)
from birdfall.measures.coordination.null_model import EdgeEvidence, profile_acts, trace_edges
from birdfall.measures.coordination.traces import Trace
from birdfall.model.findings import Note
from birdfall.model.schemas import TIME

#: At most so many edges stand in the table, the most significant first; the estimates count them all.
MAX_LISTED_EDGES = 200_000
#: Of so many groups, the largest, the objects and examples are told.
MAX_DESCRIBED_GROUPS = 50
WINDOW_FACTORS = (0.5, 1.0, 2.0, 5.0)
#: Names that are joined for a digest: together they stay below what one Arrow text can hold.
_NAMES_PER_DIGEST_PART = 1 << 18


@dataclass(frozen=True)
class Grouping:
    """members: int32 codes, ascending; group: int32 from 1."""

    members: np.ndarray
    group: np.ndarray


def trace_digest(trace: Trace) -> str:
    """SHA-256 of a bare table's trace."""
    found = hashlib.sha256()
    for column in (trace.account, trace.object_, trace.time):
        found.update(np.ascontiguousarray(column).tobytes())
    for names in (trace.accounts, trace.objects):
        for start in range(0, len(names), _NAMES_PER_DIGEST_PART):
            part = names.slice(start, _NAMES_PER_DIGEST_PART)
            found.update(b"\0" if start else b"")
            found.update(
                pc.binary_join(pa.ListArray.from_arrays([0, len(part)], part), "\0")[0].as_buffer()
            )
    return found.hexdigest()


def mark_untested(layer: Layer) -> Layer:
    """Every edge counted as it stands: no null, q 0."""
    none = np.zeros(len(layer))
    fixed = significance.count_fixed_rule_edges(
        layer.trace.account, layer.trace.object_, layer.trace.time
    )
    return replace(layer, log_p=none - 1.0, q=none, cutoff=0.0, fixed=fixed)


def blank_test_columns(table: pa.Table) -> pa.Table:
    """`table` with nothing in the columns of tests that were not made."""
    for name in (
        "p_value",
        "q_value",
        "log_p",
        "degree_p",
        "surprise_p",
        "jitter_p",
        "significant",
    ):
        if name in table.column_names:
            column = table.column_names.index(name)
            table = table.set_column(column, name, pa.nulls(len(table), table.column(name).type))
    return table


#: Of so few accounts a group is easily most, and its own rate is then what is usual.
FEW_ACCOUNTS = 30


def layer_details(layers: list[Layer], alpha: float) -> list[dict[str, Any]]:
    """The figures of each layer on its own."""
    return [
        {
            "trace": x.trace.name,
            "acts": len(x.trace),
            "pairs": x.pairs,
            "edges": len(x),
            "significant": int(x.significant(alpha).sum()),
            "kappa": x.null.kappa,
            "time_blocks": x.null.per_room.shape[2] if x.null.per_room.size else 1,
            "interests": x.null.per_room.shape[0] if x.null.per_room.size else 1,
            "shifted_edges": x.moved.edges,
            "shifted_significant": x.moved.significant,
            "fixed_rule_edges": x.fixed[0],
            "fixed_rule_3_edges": x.fixed[1],
            "jitter_ratio": x.jitter_ratio,
            "jitter_holds": x.jitter_holds,
        }
        for x in layers
    ]


def block_details(block: DiluteBlock, layers: list[Layer], told: bool) -> dict[str, Any]:
    """A block that stands out from its shuffles, whether it is told as a group or not, and why not."""
    return {
        "trace": layers[block.layer].trace.name,
        "members": len(block.members),
        "p_value": block.p,
        "explained_by_company": block.explained,
        "on_two_objects": block.on_two,
        "told": told,
    }


def limit_notes(
    layers: list[Layer], whole: CombinedNetwork, null: str, left_out: list[tuple[str, int, int]]
) -> list[Note]:
    """What the reader must know."""
    found = []
    if null == "none":
        found.append(Note("no-null-model", {}))
    for x in layers:
        if null == "degree" and (few := count_active_accounts([x])) < FEW_ACCOUNTS:
            found.append(Note("few-accounts", {"trace": x.trace.name, "accounts": few}))
        if null == "degree" and x.pairs > MAX_PAIRS:
            found.append(
                Note(
                    "blocks-not-tested",
                    {"trace": x.trace.name, "pairs": x.pairs, "most": MAX_PAIRS},
                )
            )
        if null == "degree" and not x.jitter_holds:
            found.append(
                Note(
                    "jitter-does-not-hold",
                    {"trace": x.trace.name, "ratio": _finite(x.jitter_ratio)},
                )
            )
    if len(whole.lo) > MAX_LISTED_EDGES:
        found.append(Note("edges-not-listed", {"edges": len(whole.lo), "listed": MAX_LISTED_EDGES}))
    if left_out:
        found.append(
            Note(
                "objects-left-out", {"objects": len(left_out), "pairs": sum(x[2] for x in left_out)}
            )
        )
    return found


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def left_out_table(rows: list[tuple[str, int, int]]) -> pa.Table:
    """[object, events, pairs]."""
    return pa.table(
        [
            pa.array([r[0] for r in rows], pa.string()),
            *(pa.array([r[k] for r in rows], pa.int64()) for k in (1, 2)),
        ],
        names=["object", "events", "pairs"],
    )


def sensitivity(
    layers: list[Layer], at_least: int, alpha: float, wanted: bool
) -> tuple[pa.Table, list[list[tuple[np.ndarray, np.ndarray, np.ndarray]]]]:
    """Edges and significant edges over windows and thresholds; and, per other window, each layer's significant network.

    The first layer with the most acts is varied. Edges are counted by distinct objects. A window that would cost more than
    2e8 pairs is left out.
    """
    rows: list[tuple[str, float, int, int, int]] = []
    networks = []
    for factor in WINDOW_FACTORS if wanted else (1.0,):
        per_layer = []
        for x in layers:
            width = max(1, round(x.window * factor))
            if factor > 1 and x.pairs * factor > 2e8:
                continue
            if factor == 1.0:
                other, objects = x, x.objects
            else:
                strata = None
                if x.null.community.size and x.null.per_room.shape[0] > 1:
                    strata = significance.InterestStrata(x.null.community, x.null.per_room.shape[0])
                other = build_layer(
                    x.trace,
                    window=width,
                    at_least=min(2, at_least),
                    count="objects",
                    alpha=alpha,
                    strata=strata,
                )
                objects = other.weight
            chosen = other.significant(alpha)
            for m in sorted({2, 3, 5, at_least}):
                if m >= min(2, at_least):
                    rows.append(
                        (
                            x.trace.name,
                            width / 1e6,
                            m,
                            int((objects >= m).sum()),
                            int((chosen & (objects >= m)).sum()),
                        )
                    )
            per_layer.append((other.lo[chosen], other.hi[chosen], -other.log_p[chosen]))
        if factor != 1.0:
            networks.append(per_layer)
    table = pa.table(
        {
            "layer": pa.array([r[0] for r in rows], pa.string()),
            "window_s": pa.array([r[1] for r in rows], pa.float64()),
            "at_least": pa.array([r[2] for r in rows], pa.int32()),
            "edges": pa.array([r[3] for r in rows], pa.int64()),
            "significant": pa.array([r[4] for r in rows], pa.int64()),
        }
    )
    return table.sort_by(
        [("layer", "ascending"), ("window_s", "ascending"), ("at_least", "ascending")]
    ), networks


def network_tables(
    layers: list[Layer],
    whole: CombinedNetwork,
    chosen: np.ndarray,
    grouping: Grouping,
    dilute: list[DiluteBlock],
    neighbours: list[list[tuple[np.ndarray, np.ndarray, np.ndarray]]],
    *,
    groups: GroupMethod,
    resolution: float,
    seed: int,
    alpha: float,
) -> dict[str, pa.Table]:
    """The finding's tables but for sensitivity and left_out."""
    names = layers[0].trace.accounts
    found = {"edges": _edge_table(layers, names)}
    if len(layers) > 1:
        found["combined"] = _combined_table(whole, names)
    lo, hi = whole.lo[chosen], whole.hi[chosen]
    traced = [_trace_on_layer(x, lo, hi) for x in layers]
    stable_seeds = _seed_stability(lo, hi, -whole.log_p[chosen], grouping, groups, resolution, seed)
    stable_windows = _window_stability(neighbours, grouping, groups, resolution, seed)
    found["nodes"] = _node_table(layers, traced, lo, hi, grouping, names)
    rows: list[dict[str, Any]] = []
    top: list[dict[str, Any]] = []
    examples: list[dict[str, Any]] = []
    group_of = np.zeros(int(max(lo.max(initial=0), hi.max(initial=0))) + 1, np.int32)
    group_of[grouping.members] = grouping.group
    inside = group_of[lo] if len(lo) else np.empty(0, np.int32)
    inside = np.where(inside == (group_of[hi] if len(hi) else inside), inside, 0)
    layers = [_keep_accounts(x, [grouping.members, *(b.members for b in dilute)]) for x in layers]
    for g in range(1, int(grouping.group.max(initial=0)) + 1):
        members = grouping.members[grouping.group == g]
        own = inside == g
        rows.append(
            _group_row(
                layers,
                members,
                lo[own],
                hi[own],
                g,
                "edges",
                None,
                stable_seeds[g - 1],
                stable_windows[g - 1],
                top,
                examples,
            )
        )
    for z, block in enumerate(dilute):
        g = len(stable_seeds) + z + 1
        x = layers[block.layer]
        edges = coaction(
            *_member_acts(x.trace, block.members), window=x.window, count="objects", at_least=1
        )
        rows.append(
            _group_row(
                [x],
                block.members,
                edges.lo,
                edges.hi,
                g,
                "block",
                block.p,
                None,
                None,
                top,
                examples,
            )
        )
    found["groups"] = pa.Table.from_pylist(rows, _GROUPS)
    found["top_objects"] = pa.Table.from_pylist(top, _TOP)
    found["examples"] = pa.Table.from_pylist(examples, _EXAMPLES)
    return found


_TEXT, _INT, _FLOAT = pa.string(), pa.int64(), pa.float64()
_GROUPS = pa.schema(
    [
        ("group", pa.int32()), ("kind", _TEXT), ("members", _INT), ("edges", _INT), ("density", _FLOAT), ("p_value", _FLOAT), ("first", TIME),
        ("last", TIME), ("span_s", _FLOAT), ("objects", _INT), ("co_actions", _INT), ("activity", _INT), ("coactive_share", _FLOAT),
        ("top_object", _TEXT), ("top_layer", _TEXT), ("languages", _TEXT), ("stability_seeds", _FLOAT), ("stability_windows", _FLOAT), ("accounts", pa.list_(_TEXT)),
    ]
)  # fmt: skip
_TOP = pa.schema(
    [
        ("group", pa.int32()),
        ("layer", _TEXT),
        ("object", _TEXT),
        ("co_actions", _INT),
        ("accounts", _INT),
        ("acts", _INT),
        ("shown", _TEXT),
    ]
)
_EXAMPLES = pa.schema(
    [
        ("group", pa.int32()), ("layer", _TEXT), ("object", _TEXT), ("account", _TEXT), ("time", TIME), ("other", _TEXT),
        ("other_time", TIME), ("apart_s", _FLOAT), ("shown", _TEXT),
    ]
)  # fmt: skip


def _times(values: np.ndarray) -> pa.Array:
    return pa.array(values, pa.int64()).cast(pa.timestamp("us")).cast(TIME)


def _p_values(log_p: np.ndarray) -> pa.Array:
    return pa.array(np.exp(log_p), mask=np.isnan(log_p))


def _edge_table(layers: list[Layer], names: pa.Array) -> pa.Table:
    """All layers' edges, each layer's most significant `LISTED` at most, by layer, source, target."""
    parts = []
    for x in layers:
        keep = np.arange(len(x))
        if len(x) > MAX_LISTED_EDGES:
            keep = np.sort(np.lexsort((x.hi, x.lo, x.log_p))[:MAX_LISTED_EDGES])
        lo, hi = x.lo[keep], x.hi[keep]
        parts.append(
            pa.table(
                {
                    "source": lo,
                    "target": hi,
                    "source_id": names.take(pa.array(lo)),
                    "target_id": names.take(pa.array(hi)),
                    "weight": x.weight[keep],
                    "objects": x.objects[keep],
                    "p_value": _p_values(x.log_p[keep]),
                    "q_value": x.q[keep],
                    "log_p": x.log_p[keep],
                    "degree_p": _p_values(x.count_log_p[keep]),
                    "surprise_p": _p_values(x.surprise_log_p[keep]),
                    "jitter_p": _p_values(x.jitter_log_p[keep]),
                    "first": _times(x.first[keep]),
                    "last": _times(x.last[keep]),
                    "layer": pa.array([x.trace.name] * len(keep), pa.string()),
                }
            )
        )
    return pa.concat_tables(parts)


def _combined_table(whole: CombinedNetwork, names: pa.Array) -> pa.Table:
    keep = np.arange(len(whole.lo))
    if len(keep) > MAX_LISTED_EDGES:
        keep = np.sort(np.lexsort((whole.hi, whole.lo, whole.log_p))[:MAX_LISTED_EDGES])
    lo, hi = whole.lo[keep], whole.hi[keep]
    return pa.table(
        {
            "source": lo,
            "target": hi,
            "source_id": names.take(pa.array(lo)),
            "target_id": names.take(pa.array(hi)),
            "weight": whole.weight[keep],
            "layers": whole.layers[keep].astype(np.int32),
            "p_value": _p_values(whole.log_p[keep]),
            "q_value": whole.q[keep],
            "log_p": whole.log_p[keep],
            "first": _times(whole.first[keep]),
            "last": _times(whole.last[keep]),
        }
    )


def _keep_accounts(layer: Layer, members: list[np.ndarray]) -> Layer:
    """The layer with the acts of these accounts alone: what is told of groups looks at no others."""
    wanted = np.zeros(int(layer.trace.account.max(initial=-1)) + 1, np.bool_)
    for codes in members:
        wanted[codes[codes < len(wanted)]] = True
    return replace(layer, trace=layer.trace.filter(wanted[layer.trace.account]))


def _member_acts(trace: Trace, members: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    keep = np.isin(trace.account, members)
    return trace.account[keep], trace.object_[keep], trace.time[keep]


def _trace_on_layer(layer: Layer, lo: np.ndarray, hi: np.ndarray) -> EdgeEvidence | None:
    """What stands behind these edges on one layer; None if none of their accounts acts there."""
    acts = _member_acts(layer.trace, np.union1d(lo, hi))
    if not len(acts[0]):
        return None
    return trace_edges(profile_acts(*acts, layer.window), lo, hi)


def _node_table(
    layers: list[Layer],
    traced: list[EdgeEvidence | None],
    lo: np.ndarray,
    hi: np.ndarray,
    grouping: Grouping,
    names: pa.Array,
) -> pa.Table:
    top = int(grouping.members.max(initial=-1)) + 1
    degree = np.bincount(np.concatenate([lo, hi]), minlength=top)
    activity, active = np.zeros(top, np.int64), np.zeros(top, np.int64)
    for x, behind in zip(layers, traced):
        activity += np.bincount(x.trace.account[x.trace.account < top], minlength=top)[:top]
        if behind is not None:
            n = min(top, len(behind.co_acts))
            active[:n] += behind.co_acts[:n]
    m = grouping.members
    return pa.table(
        {
            "code": m,
            "account": names.take(pa.array(m)),
            "group": grouping.group,
            "degree": degree[m].astype(np.int64),
            "activity": activity[m],
            "coactive_share": active[m] / np.maximum(1, activity[m]),
        }
    )


def _seed_stability(
    lo: np.ndarray,
    hi: np.ndarray,
    weight: np.ndarray,
    grouping: Grouping,
    method: GroupMethod,
    resolution: float,
    seed: int,
) -> np.ndarray:
    """Mean best Jaccard similarity of each group over four other seeds."""
    found = [
        best_jaccard(
            grouping.members,
            grouping.group,
            *find_groups(
                lo,
                hi,
                np.maximum(1e-6, weight),
                method=method,
                resolution=resolution,
                seed=seed + k,
            ),
        )
        for k in range(1, 5)
    ]
    return np.mean(found, axis=0) if len(lo) else np.empty(0)


def _window_stability(
    networks: list[list[tuple[np.ndarray, np.ndarray, np.ndarray]]],
    grouping: Grouping,
    method: GroupMethod,
    resolution: float,
    seed: int,
) -> list[float | None]:
    """Mean best Jaccard similarity of each group over the other windows; None where none was tried."""
    groups = int(grouping.group.max(initial=0))
    found = []
    for layers in networks:
        if layers:
            lo, hi, weight = (np.concatenate([layer[k] for layer in layers]) for k in range(3))
            key, where = np.unique(lo.astype(np.int64) << 32 | hi, return_inverse=True)
            joined = np.bincount(where, weight, len(key))
            lo, hi = (key >> 32).astype(np.int32), (key & 0xFFFFFFFF).astype(np.int32)
            found.append(
                best_jaccard(
                    grouping.members,
                    grouping.group,
                    *find_groups(
                        lo,
                        hi,
                        np.maximum(1e-6, joined),
                        method=method,
                        resolution=resolution,
                        seed=seed,
                    ),
                )
            )
    return [float(v) for v in np.mean(found, axis=0)] if found else [None] * groups


def _group_row(
    layers: list[Layer],
    members: np.ndarray,
    lo: np.ndarray,
    hi: np.ndarray,
    number: int,
    kind: str,
    p: float | None,
    seeds: float | None,
    windows: float | None,
    top: list[dict[str, Any]],
    examples: list[dict[str, Any]],
) -> dict[str, Any]:
    """One row of `groups`; its objects and examples are appended to `top` and `examples`."""
    names = layers[0].trace.accounts
    first, last, objects, co_actions, activity, active = None, None, 0, 0, 0, 0
    languages: Counter[str] = Counter()
    own: list[dict[str, Any]] = []
    for x in layers:
        keep = np.isin(x.trace.account, members)
        acts = (x.trace.account[keep], x.trace.object_[keep], x.trace.time[keep])
        activity += int(keep.sum())
        if not keep.any() or not len(lo):
            continue
        if x.trace.languages is not None:
            languages.update(v for v in x.trace.languages.filter(pa.array(keep)).to_pylist() if v)
        crowd = profile_acts(*acts, x.window)
        behind = trace_edges(crowd, lo, hi)
        if not behind.pairs.any():
            continue
        some = behind.pairs > 0
        start, end = int(behind.first[some].min()), int(behind.last[some].max())
        first, last = (
            start if first is None else min(first, start),
            end if last is None else max(last, end),
        )
        objects += int((behind.on_object > 0).sum())
        co_actions += int(behind.objects.sum())
        active += int(behind.co_acts.sum())
        if number <= MAX_DESCRIBED_GROUPS:
            codes = crowd.order.objects_at(crowd.at)
            for k in np.lexsort((codes, -behind.on_object))[:10]:
                if behind.on_object[k]:
                    code = int(codes[k])
                    own.append(
                        {
                            "group": number,
                            "layer": x.trace.name,
                            "object": x.trace.objects[code].as_py(),
                            "co_actions": int(behind.on_object[k]),
                            "accounts": int(crowd.crowd[k]),
                            "acts": int(crowd.acts[k]),
                            "shown": x.trace.shown.get(code),
                        }
                    )
                    if len(own) <= 3:
                        examples += _closest_example(x, acts, code, number, names)
    own.sort(key=lambda r: (-r["co_actions"], r["layer"], r["object"]))
    top += own[:10]
    n = len(members)
    return {
        "group": number,
        "kind": kind,
        "members": n,
        "edges": len(lo),
        "density": len(lo) / max(1.0, n * (n - 1) / 2),
        "p_value": p,
        "first": first,
        "last": last,
        "span_s": None if first is None or last is None else (last - first) / 1e6,
        "objects": objects,
        "co_actions": co_actions,
        "activity": activity,
        "coactive_share": active / max(1, activity),
        "top_object": own[0]["object"] if own else None,
        "top_layer": own[0]["layer"] if own else None,
        "languages": " ".join(
            k for k, _ in sorted(languages.items(), key=lambda i: (-i[1], i[0]))[:3]
        )
        or None,
        "stability_seeds": seeds,
        "stability_windows": windows,
        "accounts": names.take(pa.array(members)).to_pylist(),
    }


def _closest_example(
    layer: Layer,
    acts: tuple[np.ndarray, np.ndarray, np.ndarray],
    code: int,
    number: int,
    names: pa.Array,
) -> list[dict[str, Any]]:
    """The two acts of different members that are closest in time on one object."""
    own = acts[1] == code
    account, time = acts[0][own], acts[2][own]
    order = np.lexsort((account, time))
    account, time = account[order], time[order]
    different = np.flatnonzero(account[1:] != account[:-1])
    if not len(different):
        return []
    k = different[np.argmin(time[different + 1] - time[different])]
    return [
        {
            "group": number,
            "layer": layer.trace.name,
            "object": layer.trace.objects[code].as_py(),
            "account": names[int(account[k])].as_py(),
            "time": int(time[k]),
            "other": names[int(account[k + 1])].as_py(),
            "other_time": int(time[k + 1]),
            "apart_s": float(time[k + 1] - time[k]) / 1e6,
            "shown": layer.trace.shown.get(code),
        }
    ]
