"""Coordination: accounts that act on the same objects within a window more than interest, activity and crowds explain.

Any trace of a record, several at once, or a bare table of (account, object, time). Exact co-action, a degree null with
interests and time blocks, and beside it what a shifted record and the customary fixed rule would have said.
Returns a finding of kind `coordination`. Method and its limits: docs/methods/coordination.md.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from birdfall.kernels.coaction.coaction import (
    DEFAULT_MEMORY_BYTES,
    CoactionCost,
    Count,
    estimate_cost,
)
from birdfall.measures.coordination import describe
from birdfall.measures.coordination.communities import find_groups, find_interests, place_newcomers
from birdfall.measures.coordination.dense_blocks import MAX_BLOCKS, find_dilute_groups
from birdfall.measures.coordination.describe import Grouping
from birdfall.measures.coordination.layers import (
    JITTER_WINDOWS,
    Layer,
    add_checks,
    build_layer,
    combine_layers,
    count_active_accounts,
    count_rule_edges,
)
from birdfall.measures.coordination.null_model import InterestStrata
from birdfall.measures.coordination.traces import (
    TRACES,
    TextObjects,
    Trace,
    read_trace,
    trace_from_table,
)
from birdfall.model.errors import (
    CannotAnswer,
    MemoryBudgetError,
    UsageError,
    WindowError,
    printable,
)
from birdfall.model.findings import Estimate, Finding, Input, Note
from birdfall.model.progress import Progress, silent
from birdfall.record.record import Record

KIND = "coordination"
METHOD = (
    "co-action within a window, exact (Giglietto et al. 2020)",
    "degree null with interests and time blocks, count and surprise (docs/methods/coordination.md)",
    "Benjamini-Hochberg over all pairs (1995)",
)
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(us|ms|s|sec|min|m|h|d)?\s*", re.ASCII)
_UNIT_US = {
    "us": 1,
    "ms": 1000,
    "s": 10**6,
    "sec": 10**6,
    "m": 60 * 10**6,
    "min": 60 * 10**6,
    "h": 3600 * 10**6,
    "d": 86400 * 10**6,
}


def applies_to(record: Record, trace: str | None = None) -> Note | None:
    """None if the record has acts of `trace` (or of any) by at least two accounts; else why not and what would help."""
    counts = trace_sizes(record)
    if trace is not None:
        if trace not in TRACES:
            raise UsageError(f"there is no trace {trace!r}", fix=f"Traces: {', '.join(TRACES)}.")
        return (
            None
            if counts.get(trace, 0) > 1
            else Note("no-acts-of-trace", {"trace": trace, "needs": "acts"})
        )
    return None if any(n > 1 for n in counts.values()) else Note("no-acts", {"needs": "acts"})


def trace_sizes(record: Record) -> dict[str, int]:
    """Accounts per trace the record can give, most first; traces without any are left out. `text` counts accounts with texts."""
    found: dict[str, int] = {}
    if record.has("acts"):
        rows = record.sql(
            "SELECT kind, count(DISTINCT account) FROM acts GROUP BY kind ORDER BY 2 DESC, 1"
        )
        found = {k: n for k, n in zip(*(c.to_pylist() for c in rows.columns)) if k in TRACES}
        if "hashtag" in found:
            found["hashtags"] = found["hashtag"]
        texts = (
            record.sql("SELECT count(DISTINCT account) FROM acts WHERE text IS NOT NULL")
            .column(0)[0]
            .as_py()
        )
        if texts:
            found["text"] = texts
    if record.has("follows"):
        edges = (
            record.sql("SELECT count(DISTINCT follower) FROM follows WHERE since IS NOT NULL")
            .column(0)[0]
            .as_py()
        )
        found["follow"] = max(found.get("follow", 0), edges)
    if record.has("statuses"):
        found["status"] = (
            record.sql("SELECT count(DISTINCT account) FROM statuses WHERE observation = 'change'")
            .column(0)[0]
            .as_py()
        )
    if record.has("accounts"):
        found["creation"] = (
            record.sql("SELECT count(DISTINCT account) FROM accounts WHERE created_at IS NOT NULL")
            .column(0)[0]
            .as_py()
        )
    return {k: n for k, n in sorted(found.items(), key=lambda i: (-i[1], i[0])) if n}


def coordination(
    data: Any,
    *,
    trace: str | Sequence[str] = "repost",
    window: str | dt.timedelta | float = "60s",
    at_least: int = 2,
    alpha: float = 0.01,
    null: Literal["degree", "none"] = "degree",
    count: Literal["pairs", "objects"] = "pairs",
    leave_out: Sequence[str] = (),
    before: dt.datetime | None = None,
    interests_from: Literal["acts", "none"] = "acts",
    seed: int = 0,
    preset: Literal["coortweet", "toolkit"] | None = None,
    preset_options: dict[str, Any] | None = None,
    groups: Literal["propagation", "louvain"] = "propagation",
    resolution: float = 1.0,
    sensitivity: bool = True,
    block_test: bool = True,
    text_objects: TextObjects | None = None,
    time_unit: str | None = None,
    memory: int = DEFAULT_MEMORY_BYTES,
    name: str | None = None,
    progress: Progress = silent,
) -> Finding:
    """Who moved together, on one or several traces.

    data: a Record, a Trace, or a table with columns account, object, time (Arrow, data frame, mapping, or a tuple of three).
    trace: one of `TRACES`, or several for a layered network; for a table, its name. window: inclusive; "60s", "5min", seconds
    or timedelta. at_least: smallest weight of an edge. alpha: false discovery rate. count: "pairs" of acts or distinct
    "objects" as weight; what is tested is always the objects. leave_out: objects by name, listed in `left_out`.
    before: interests are then told from the acts before it and the acts from it on are tested. interests_from: "none"
    tests without interests. groups, resolution: label propagation, or Louvain. block_test: look for groups whose pairs are
    each too weak. time_unit: of a table's numeric times ("s", "ms", "us"); told by their size if not given. memory: bytes for pairs at a time.
    Finding and tables: docs/reference/findings.md. Raises WindowError, UsageError, CannotAnswer (no acts), MemoryBudgetError.
    """
    width = check_request(window, at_least, alpha)
    for given, word, known in (
        (null, "null", ("degree", "none")),
        (groups, "way to find groups", ("propagation", "louvain")),
        (interests_from, "source of interests", ("acts", "none")),
    ):
        if given not in known:
            raise UsageError(
                f"there is no {word} {given!r}", fix=f"Use {' or '.join(map(repr, known))}."
            )
    leave_out = [leave_out] if isinstance(leave_out, str) else leave_out
    traces, inputs, limits = _read_traces(data, trace, text_objects, time_unit)
    if preset is not None:
        from birdfall.measures.coordination.peer_finding import peer_finding

        return peer_finding(traces, preset, width, preset_options or {}, inputs)
    parameters = {
        "trace": [t.name for t in traces],
        "window_s": width / 1e6,
        "at_least": at_least,
        "alpha": alpha,
        "null": null,
        "count": count,
        "leave_out": list(leave_out),
        "before": before,
        "interests_from": interests_from,
        "seed": seed,
        "groups": groups,
        "resolution": resolution,
        "jitter_s": JITTER_WINDOWS * width / 1e6,
        "sensitivity": sensitivity,
        "block_test": block_test,
    }
    layers: list[Layer] = []
    left_out: list[tuple[str, int, int]] = []
    heaviest = []
    for one in traces:
        cost = estimate_cost(one.account, one.object_, one.time, window=width, memory=memory)
        progress(cost_line(one, cost), 0, cost.pairs, "pairs")
        kept, gone = _leave_out(one, leave_out, cost.objects, cost.object_pairs, width)
        left_out += gone
        heaviest += [
            (one.objects[int(o)].as_py(), int(n), int(p))
            for o, n, p in zip(cost.objects[:20], cost.object_acts[:20], cost.object_pairs[:20])
        ]
        kept, strata, notes = _learn_interests(
            kept, before, interests_from if null == "degree" else "none", seed
        )
        limits += [] if null == "none" else [n for n in notes if n not in limits]
        if not len(kept):
            continue
        try:
            layer = build_layer(
                kept,
                window=width,
                at_least=at_least,
                count=_check_count(count),
                alpha=alpha,
                strata=strata,
                memory=memory,
            )
        except MemoryError as error:
            raise MemoryBudgetError(
                "the memory allowed cannot hold the pairs of this trace",
                where=one.name,
                fix="Allow more, or leave out the objects named by estimate_cost.",
            ) from error
        if null == "none":
            layer = describe.mark_untested(layer)
        else:
            layer = add_checks(layer, alpha=alpha, at_least=at_least, seed=seed, memory=memory)
        layers.append(layer)
        progress(f"coordination {one.name}", cost.pairs, cost.pairs, "pairs")
    unknown = sorted(set(leave_out) - {name for name, _, _ in left_out})
    if unknown:
        limits.append(Note("objects-to-leave-out-unknown", {"objects": unknown}))
    if not layers:
        raise CannotAnswer(
            "no acts are left to look at", fix="Choose another trace, or leave out fewer objects."
        )
    whole = combine_layers(layers, alpha)
    chosen = whole.q <= alpha if null == "degree" else np.ones(len(whole.lo), bool)
    strength = _edge_strength(whole.log_p) if null == "degree" else whole.weight.astype(float)
    members, group = find_groups(
        whole.lo[chosen],
        whole.hi[chosen],
        strength[chosen],
        method=groups,
        resolution=resolution,
        seed=seed,
    )
    grouping = Grouping(members, group)
    progress("coordination: groups", 0, None, "groups")
    table, neighbours = describe.sensitivity(layers, at_least, alpha, sensitivity)
    looked = (
        find_dilute_groups(layers, members, int(group.max(initial=0)), seed, alpha, progress)
        if block_test and null == "degree"
        else []
    )
    dilute = [b for b in looked if b.listed][:MAX_BLOCKS]
    if explained := sum(not b.listed for b in looked):
        limits.append(Note("blocks-explained", {"blocks": explained}))
    tables = describe.network_tables(
        layers,
        whole,
        chosen,
        grouping,
        dilute,
        neighbours,
        groups=groups,
        resolution=resolution,
        seed=seed,
        alpha=alpha,
    )
    tables["sensitivity"] = table
    if null == "none":
        tables = {key: describe.blank_test_columns(value) for key, value in tables.items()}
    tables["left_out"] = describe.left_out_table(left_out)
    tables["heaviest"] = describe.left_out_table(sorted(heaviest, key=lambda h: (-h[2], h[0]))[:20])
    significant = int(chosen.sum())
    limits += describe.limit_notes(layers, whole, null, left_out)
    estimates = _estimates(layers, whole.lo.size, significant, grouping, dilute, memory)
    if null == "none":
        estimates = {k: e for k, e in estimates.items() if k not in _TEST_ESTIMATES}
    answer: Literal["found", "nothing"] = "found" if significant or dilute else "nothing"
    return Finding(
        kind=KIND,
        name=name or f"{KIND}-{_slug(traces[0].name) if len(traces) == 1 else 'layers'}",
        answer=answer,
        estimates=estimates,
        parameters=parameters,
        inputs=inputs,
        limits=tuple(limits),
        method=METHOD,
        details={
            "layers": describe.layer_details(layers, alpha),
            "blocks": [
                describe.block_details(b, layers, any(b is d for d in dilute)) for b in looked
            ],
        },
        tables=tables,
        simulated=isinstance(data, Record) and data.settings.simulated,
    )


def check_request(
    window: str | dt.timedelta | float, at_least: int, alpha: float, trace: str | Sequence[str] = ()
) -> int:
    """The window in microseconds. trace: of a record or files. Raises WindowError or UsageError for what cannot be asked."""
    if at_least < 1:
        raise UsageError(
            f"an edge has at least 1 co-action, not {at_least}", fix="2 is usual (at_least)."
        )
    if not 0 < alpha < 1:
        raise UsageError(
            f"{alpha:g} is no false discovery rate",
            fix="Choose one between 0 and 1 (alpha); 0.01 is usual.",
        )
    for name in [trace] if isinstance(trace, str) else trace:
        if name not in TRACES:
            raise UsageError(f"there is no trace {name!r}", fix=f"Traces: {', '.join(TRACES)}.")
    return parse_window(window)


def parse_window(window: str | dt.timedelta | float) -> int:
    """A window as microseconds, at most `LONGEST`. Raises WindowError if it is no duration or not positive."""
    if isinstance(window, dt.timedelta):
        found = window // dt.timedelta(microseconds=1)
    elif isinstance(window, (int, float, np.integer, np.floating)) and not isinstance(window, bool):
        if not np.isfinite(window):
            raise WindowError(f"{window} is no window of time")
        found = round(min(float(window) * 1e6, MAX_WINDOW_US))
    else:
        match = _DURATION.fullmatch(str(window))
        if match is None:
            raise WindowError(
                f"{window!r} is no window of time", fix='Write "60s", "5min" or "2h".'
            )
        found = round(min(float(match[1]) * _UNIT_US[match[2] or "s"], MAX_WINDOW_US))
    if found <= 0:
        raise WindowError(f"a window must be longer than nothing, not {window}")
    return min(int(found), MAX_WINDOW_US)


#: 285 years in microseconds: what all acts of a record lie within, with room for the spans of the tests in 64 bits.
MAX_WINDOW_US = 1 << 53
#: Seconds and bytes of a whole finding, per act and per pair of acts within the window: two shared cores, 1 and 10 million acts.
SECONDS_PER_ACT, SECONDS_PER_PAIR, BYTES_PER_ACT = 2.7e-6, 2.2e-7, 250
#: An object with such a share of all pairs is named before they are spent on it.
HEAVY_SHARE = 0.2


def cost_line(trace: Trace, cost: CoactionCost) -> str:
    """What a finding on this trace will cost, in one line; where objects are most of a cost that is felt, which."""
    seconds = cost.acts * SECONDS_PER_ACT + cost.pairs * SECONDS_PER_PAIR
    memory = max(cost.memory, cost.acts * BYTES_PER_ACT)
    line = f"coordination {trace.name}: {cost.pairs:,} pairs of acts within the window, about {max(1.0, seconds):.0f} s and {memory / 1e9:.1f} GB"
    heavy = [
        (int(o), p / cost.pairs)
        for o, p in zip(cost.objects, cost.object_pairs)
        if p > HEAVY_SHARE * cost.pairs
    ]
    if seconds < 5 or not heavy:
        return line
    named = ", ".join(
        f"{printable(trace.objects[o].as_py(), 60)} ({share:.0%})" for o, share in heavy
    )
    return f"{line}; most pairs on {named}, which can be left out"


def _slug(name: str) -> str:
    """The name of a bare table's trace as part of a finding's name: "RT" is rt, "my acts" my-acts."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "acts"


def _check_count(count: str) -> Count:
    if count == "pairs":
        return "pairs"
    if count == "objects":
        return "objects"
    raise UsageError(f"there is no count {count!r}", fix='Use "pairs" or "objects".')


#: What only tests can tell.
_TEST_ESTIMATES = (
    "significant", "shifted_edges", "shifted_significant", "pairs_tested", "kappa", "jitter_ratio", "empirical_fdr",
)  # fmt: skip


def _edge_strength(log_p: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(1e-6, -log_p))


def _read_traces(
    data: Any, trace: str | Sequence[str], text_objects: TextObjects | None, time_unit: str | None
) -> tuple[list[Trace], tuple[Input, ...], list[Note]]:
    names = [trace] if isinstance(trace, str) else list(dict.fromkeys(trace))
    if not names:
        raise UsageError("no trace is named", fix=f"Traces: {', '.join(TRACES)}.")
    if isinstance(data, Record):
        traces = [read_trace(data, n, text_objects=text_objects) for n in names]
        limits = [Note("no-acts-of-trace", {"trace": t.name}) for t in traces if not len(t)]
        sources = sorted({t.source for t in traces})
        found = [t for t in traces if len(t)]
        if not found:
            held = ", ".join(f"{trace} ({n:,})" for trace, n in trace_sizes(data).items())
            raise CannotAnswer(
                f"the record has no acts of {', '.join(names)}",
                fix=f"It has, by accounts: {held}." if held else "It holds no acts at all.",
            )
        return found, tuple(data.input(s) for s in sources), limits
    if isinstance(data, Trace):
        if not len(data):
            raise CannotAnswer(f"there are no acts of {data.name}")
        return [data], (Input(data.source, len(data), describe.trace_digest(data)),), []
    made, limits = trace_from_table(
        data, name=names[0] if isinstance(trace, str) else "acts", time_unit=time_unit
    )
    if not len(made):
        raise CannotAnswer(
            "the table has no complete rows", fix="Give account, object and time in every row."
        )
    return [made], (Input("table", len(made), describe.trace_digest(made)),), limits


def _leave_out(
    trace: Trace, names: Sequence[str], objects: np.ndarray, pairs: np.ndarray, window: int
) -> tuple[Trace, list[tuple[str, int, int]]]:
    """The trace without the named objects, and (object, acts, pairs) of each."""
    if not names:
        return trace, []
    wanted = set(names)
    codes = np.array([i for i, o in enumerate(trace.objects.to_pylist()) if o in wanted], np.int64)
    gone = []
    for code in codes:
        own = trace.object_ == code
        cost = estimate_cost(trace.account[own], trace.object_[own], trace.time[own], window=window)
        gone.append((trace.objects[int(code)].as_py(), int(own.sum()), cost.pairs))
    return trace.filter(~np.isin(trace.object_, codes)), gone


def _learn_interests(
    trace: Trace, before: dt.datetime | None, source: str, seed: int
) -> tuple[Trace, InterestStrata | None, list[Note]]:
    """The acts to test, and the communities to test them within."""
    notes = []
    learned = tested = trace
    if before is not None:
        if before.tzinfo is None:
            before = before.replace(tzinfo=dt.UTC)
        cut = (before - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
        learned, tested = trace.filter(trace.time < cut), trace.filter(trace.time >= cut)
    elif source == "acts":
        notes.append(Note("interests-from-the-same-acts", {"trace": trace.name}))
    if source == "none" or not len(tested):
        return tested, None, [Note("interests-not-considered", {})] if source == "none" else notes
    accounts = int(trace.account.max()) + 1
    community, groups = find_interests(learned.account, learned.object_, accounts, seed=seed)
    if learned is not tested and groups > 1:
        community = place_newcomers(
            community, groups, learned.account, tested.account, tested.object_
        )
    return tested, InterestStrata(community, groups, learned is tested), notes


def _estimates(
    layers: list[Layer],
    edges: int,
    significant: int,
    grouping: Grouping,
    dilute: list[Any],
    memory: int,
) -> dict[str, Estimate]:
    claimed = count_rule_edges(layers, memory)

    def summed(values: list[int]) -> Estimate:
        return Estimate(int(sum(values)), "pairs", level=None, bounds="none")

    found = {
        "edges": summed([edges]),
        "significant": summed([significant]),
        "shifted_edges": summed([x.moved.edges for x in layers]),
        "shifted_significant": summed([x.moved.significant for x in layers]),
        "fixed_rule_edges": summed([claimed[0]]),
        "fixed_rule_3_edges": summed([claimed[1]]),
        "pairs_tested": summed([x.null.tests for x in layers]),
        "co_actions": Estimate(
            int(sum(x.null.total for x in layers)), "count", level=None, bounds="none"
        ),
        "groups": Estimate(
            int(grouping.group.max(initial=0)) + len(dilute), "count", level=None, bounds="none"
        ),
        "members": Estimate(len(grouping.members), "accounts", level=None, bounds="none"),
        "accounts": Estimate(count_active_accounts(layers), "accounts", level=None, bounds="none"),
        "acts": Estimate(
            int(sum(len(x.trace) for x in layers)), "events", level=None, bounds="none"
        ),
        "kappa": Estimate(float(layers[0].null.kappa), "ratio", level=None, bounds="none"),
        "jitter_ratio": Estimate(
            _finite(layers[0].jitter_ratio), "ratio", level=None, bounds="none"
        ),
    }
    own = sum(int((x.log_p <= x.cutoff).sum()) for x in layers)
    rate = min(1.0, sum(x.moved.significant for x in layers) / own) if own else None
    found["empirical_fdr"] = Estimate(rate, "share", level=None, bounds="none")
    return found


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
