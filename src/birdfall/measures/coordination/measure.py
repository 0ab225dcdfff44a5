"""Coordination: accounts that act on the same objects within a window more than interest, activity
and crowds explain.

Any trace of a record, several at once, or a bare table of (account, object, time). Exact co-action,
a degree null with interests and time blocks, and beside it what a shifted record and the customary
fixed rule would have said. Returns a finding of kind `coordination`. Method and its limits:
docs/methods/coordination.md.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Unpack

import numpy as np
import pyarrow as pa

from birdfall.kernels.coaction.coaction import estimate_cost
from birdfall.measures.coordination import describe
from birdfall.measures.coordination.applies import trace_sizes
from birdfall.measures.coordination.bare_tables import TableLike, trace_from_table
from birdfall.measures.coordination.communities import find_groups, find_interests, place_newcomers
from birdfall.measures.coordination.cost import cost_line
from birdfall.measures.coordination.dense_blocks import MAX_BLOCKS, DiluteBlock, find_dilute_groups
from birdfall.measures.coordination.layers import (
    JITTER_WINDOWS,
    Layer,
    add_checks,
    build_layer,
    combine_layers,
    skip_tests,
)
from birdfall.measures.coordination.null_model import InterestStrata
from birdfall.measures.coordination.options import (
    TRACES,
    CoordinationKeywords,
    CoordinationOptions,
    InterestSource,
)
from birdfall.measures.coordination.peer_methods import peer_finding
from birdfall.measures.coordination.peer_options import PeerName
from birdfall.measures.coordination.power import count_closed_circles, power_of
from birdfall.measures.coordination.sensitivity import try_windows
from birdfall.measures.coordination.tables import (
    NetworkFacts,
    blank_test_columns,
    network_tables,
    object_table,
)
from birdfall.measures.coordination.time_grain import settle_coarse_times
from birdfall.measures.coordination.traces import (
    Trace,
    canonical_codes,
    read_trace,
    trace_digest,
)
from birdfall.model.errors import CannotAnswer, MemoryBudgetError, UsageError
from birdfall.model.findings import Finding, Input, Note
from birdfall.model.progress import Progress, silent
from birdfall.record.lookalikes import find_lookalikes
from birdfall.record.record import Record

KIND: Final = "coordination"
#: Raised whenever the same data may give other numbers. 2: groups by Leiden's algorithm and label
#: propagation in an order that hangs on neither rows nor keys. 3: what a pair shares within half an
#: hour counts once. 4: hashtags and hosts as one reads them (composed letters, punycode), and times
#: without seconds are intervals. 5: groups and blocks hang on how accounts are called no more.
#: 6: a pair tied to no third account needs a thousand times the evidence.
METHOD_VERSION: Final = 6
METHOD: Final = (
    "co-action within a window, exact (Giglietto et al. 2020)",
    "degree null with interests and time blocks, count and surprise (docs/methods/coordination.md)",
    "Benjamini-Hochberg over all pairs (1995)",
)
#: Objects listed by the pairs that their acts cause.
MAX_HEAVIEST: Final = 20


def coordination(
    data: Record | Trace | TableLike,
    options: CoordinationOptions | None = None,
    *,
    progress: Progress = silent,
    **keywords: Unpack[CoordinationKeywords],
) -> Finding:
    """Who acted in concert, on one or several traces.

    Parameters
    ----------
    data : Record, Trace or table
        A table has columns account, object, time: Arrow, a data frame, a mapping, or a tuple of
        three.
    options : CoordinationOptions, optional
        What is asked; its fields may be given as keywords instead.
    progress : callable
        Told what is done, and what it will cost before it is spent.

    Returns
    -------
    Finding
        Of kind `coordination`; its tables are described in docs/reference/findings.md. The same
        data and seed give the same groups, whatever the order of rows, the names of accounts and
        the key of the record.

    Raises
    ------
    WindowError, UsageError
        For what cannot be asked.
    CannotAnswer
        If there are no such acts.
    MemoryBudgetError
        If `memory` is too small for the pairs.

    References
    ----------
    Giglietto et al. 2020; Benjamini and Hochberg 1995; docs/methods/coordination.md.

    Examples
    --------
    >>> acts = {
    ...     "account": ["ana", "ben", "ana", "ben", "eva"],
    ...     "object": ["p1", "p1", "p2", "p2", "p9"],
    ...     "time": [0, 10_000_000, 90_000_000, 95_000_000, 0],
    ... }
    >>> coordination(acts, trace="repost", null="none").estimates["edges"].value
    1
    """
    asked = CoordinationOptions(**keywords) if options is None else options
    window = asked.checked_window()
    traces, inputs, limits = _read_traces(data, asked)
    if asked.preset is not None:
        return _peer_finding(traces, asked.preset, asked, window, inputs)
    traces, coarse = settle_coarse_times(traces, window)
    limits += coarse
    if alike := find_lookalikes(traces[0].accounts):
        limits.append(Note("ids-look-alike", {"groups": len(alike)}))
    read = _build_layers(canonical_codes(traces), asked, window, progress)
    return _measure(read, asked, limits, progress).replace(
        name=_finding_name(asked, traces),
        inputs=inputs,
        parameters=_parameters(asked, [t.name for t in traces], window),
        simulated=isinstance(data, Record) and data.settings.simulated,
    )


def _peer_finding(
    traces: list[Trace],
    preset: PeerName,
    asked: CoordinationOptions,
    window: int,
    inputs: tuple[Input, ...],
) -> Finding:
    """The edges of another tool, as a finding of this version."""
    finding = peer_finding(traces, preset, window, asked.preset_options or {}, inputs)
    return finding.replace(method_version=METHOD_VERSION)


def _finding_name(asked: CoordinationOptions, traces: list[Trace]) -> str:
    """The name that was given, else the kind and what was done together."""
    return asked.name or f"{KIND}-{_slug(traces[0].name) if len(traces) == 1 else 'layers'}"


def _measure(
    read: _ReadLayers, asked: CoordinationOptions, reading_limits: list[Note], progress: Progress
) -> Finding:
    """What the layers show as one network; the question and the inputs are the caller's."""
    found = _find_network(read.layers, asked, progress)
    limits = [*reading_limits, *(n for n in read.notes if n not in reading_limits)]
    if explained := sum(not b.listed for b in found.blocks):
        limits.append(Note("blocks-explained", {"blocks": explained}))
    limits += describe.limit_notes(read.layers, found.whole, asked.null, read.left_out)
    anything = bool(found.chosen.any()) or bool(found.listed_blocks)
    if not anything and asked.null == "degree":
        limits += describe.power_notes([power_of(x, asked.alpha) for x in read.layers])
        limits += describe.circle_notes(
            {x.trace.name: count_closed_circles(x) for x in read.layers}
        )
    return Finding(
        kind=KIND,
        name=KIND,
        answer="found" if anything else "nothing",
        estimates=describe.estimates(found, asked.null, asked.memory),
        limits=tuple(limits),
        method=METHOD,
        details={
            "layers": describe.layer_details(read.layers, asked.alpha),
            "blocks": describe.block_details(found),
        },
        tables=_tables(read, found, asked),
        method_version=METHOD_VERSION,
    )


def _tables(
    read: _ReadLayers, found: NetworkFacts, asked: CoordinationOptions
) -> dict[str, pa.Table]:
    """The finding's tables; without a null model the columns of its tests are blank."""
    sensitivity, neighbours = try_windows(
        read.layers, asked.at_least, asked.alpha, wanted=asked.sensitivity
    )
    tables = network_tables(found, neighbours, asked)
    tables["sensitivity"] = sensitivity
    if asked.null == "none":
        tables = {key: blank_test_columns(value) for key, value in tables.items()}
    tables["left_out"] = object_table(read.left_out)
    heaviest = sorted(read.heaviest, key=lambda h: (-h[2], h[0]))[:MAX_HEAVIEST]
    tables["heaviest"] = object_table(heaviest)
    return tables


@dataclass
class _ReadLayers:
    """Layers while they are built, and what was met on the way: (object, acts, pairs) left out and
    heaviest.
    """

    layers: list[Layer] = field(default_factory=list)
    left_out: list[tuple[str, int, int]] = field(default_factory=list)
    heaviest: list[tuple[str, int, int]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def _build_layers(
    traces: list[Trace], asked: CoordinationOptions, window: int, progress: Progress
) -> _ReadLayers:
    """Every trace as a layer of tested edges; traces without acts are none.

    Raises CannotAnswer if no layer is left.
    """
    found = _ReadLayers()
    leave_out = asked.objects_left_out
    for trace in traces:
        cost = estimate_cost(
            trace.account, trace.object_, trace.time, window=window, memory=asked.memory
        )
        progress(cost_line(trace, cost), 0, cost.pairs, "pairs")
        kept, gone = _leave_out(trace, leave_out, window)
        found.left_out += gone
        heaviest = slice(0, MAX_HEAVIEST)
        columns = (cost.objects[heaviest], cost.object_acts[heaviest], cost.object_pairs[heaviest])
        for object_, acts, pairs in zip(*columns, strict=True):
            found.heaviest.append((trace.objects[int(object_)].as_py(), int(acts), int(pairs)))
        source = asked.interests_from if asked.null == "degree" else "none"
        kept, strata, notes = _learn_interests(kept, asked.before, source, asked.seed)
        found.notes += [] if asked.null == "none" else notes
        if not len(kept):
            continue
        found.layers.append(_build_layer(kept, asked, window, strata))
        progress(f"coordination {trace.name}", cost.pairs, cost.pairs, "pairs")
    unknown = sorted(set(leave_out) - {name for name, _, _ in found.left_out})
    if unknown:
        found.notes.append(Note("objects-to-leave-out-unknown", {"objects": unknown}))
    if not found.layers:
        raise CannotAnswer(
            "no acts are left to look at", fix="Choose another trace, or leave out fewer objects."
        )
    return found


def _build_layer(
    trace: Trace, asked: CoordinationOptions, window: int, strata: InterestStrata | None
) -> Layer:
    """A layer with its checks, or with every edge counted as it stands."""
    try:
        layer = build_layer(
            trace,
            window=window,
            at_least=asked.at_least,
            count=asked.count,
            alpha=asked.alpha,
            strata=strata,
            memory=asked.memory,
        )
    except MemoryError as error:
        raise MemoryBudgetError(
            "the memory allowed cannot hold the pairs of this trace",
            where=trace.name,
            fix="Allow more, or leave out the objects named by estimate_cost.",
        ) from error
    if asked.null == "none":
        return skip_tests(layer)
    return add_checks(
        layer, alpha=asked.alpha, at_least=asked.at_least, seed=asked.seed, memory=asked.memory
    )


def _find_network(
    layers: list[Layer], asked: CoordinationOptions, progress: Progress
) -> NetworkFacts:
    """The layers as one network: edges that count, their groups, and blocks without such edges."""
    whole = combine_layers(layers, asked.alpha)
    if asked.null == "degree":
        chosen = whole.q <= asked.alpha
        strength = np.maximum(1e-6, -whole.log_p)
    else:
        chosen = np.ones(len(whole.lo), bool)
        strength = whole.weight.astype(float)
    grouping = find_groups(
        whole.lo[chosen],
        whole.hi[chosen],
        strength[chosen],
        method=asked.groups,
        resolution=asked.resolution,
        seed=asked.seed,
    )
    progress("coordination: groups", 0, None, "groups")
    blocks: list[DiluteBlock] = []
    if asked.block_test and asked.null == "degree":
        blocks = find_dilute_groups(layers, grouping, asked.seed, asked.alpha, progress)
    listed = [b for b in blocks if b.listed][:MAX_BLOCKS]
    return NetworkFacts(layers, whole, chosen, grouping, blocks, listed)


def _parameters(asked: CoordinationOptions, names: list[str], window: int) -> dict[str, object]:
    """What was asked, as the finding states it."""
    return {
        "trace": names,
        "window_s": window / 1e6,
        "at_least": asked.at_least,
        "alpha": asked.alpha,
        "null": asked.null,
        "count": asked.count,
        "leave_out": asked.objects_left_out,
        "before": asked.before,
        "interests_from": asked.interests_from,
        "seed": asked.seed,
        "groups": asked.groups,
        "resolution": asked.resolution,
        "jitter_s": JITTER_WINDOWS * window / 1e6,
        "sensitivity": asked.sensitivity,
        "block_test": asked.block_test,
        **({"short_links": dict(asked.short_links)} if asked.short_links else {}),
    }


def _slug(name: str) -> str:
    """A bare table's trace as part of a finding's name: "RT" is rt, "my acts" my-acts."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "acts"


def _read_traces(
    data: Record | Trace | TableLike, asked: CoordinationOptions
) -> tuple[list[Trace], tuple[Input, ...], list[Note]]:
    """The traces that are asked for, what they were read from, and what a reader must know of the
    reading.
    """
    names = asked.traces
    if not names:
        raise UsageError("no trace is named", fix=f"Traces: {', '.join(TRACES)}.")
    if isinstance(data, Record):
        traces = [read_trace(data, n, asked.short_links) for n in names]
        limits = [Note("no-acts-of-trace", {"trace": t.name}) for t in traces if not len(t)]
        sources = sorted({t.source for t in traces})
        found = [t for t in traces if len(t)]
        if not found:
            held = ", ".join(f"{trace} ({n:,})" for trace, n in trace_sizes(data).items())
            none = UsageError if not set(names) & set(TRACES) else CannotAnswer
            raise none(
                f"the record has no acts of {', '.join(names)}",
                fix=f"It has, by accounts: {held}." if held else "It holds no acts at all.",
            )
        return found, tuple(data.input(s) for s in sources), limits
    if isinstance(data, Trace):
        if not len(data):
            raise CannotAnswer(f"there are no acts of {data.name}")
        return [data], (Input(data.source, len(data), trace_digest(data)),), []
    made, limits = trace_from_table(
        data,
        name=names[0] if isinstance(asked.trace, str) else "acts",
        time_unit=asked.time_unit,
    )
    if not len(made):
        raise CannotAnswer(
            "the table has no complete rows", fix="Give account, object and time in every row."
        )
    return [made], (Input("table", len(made), trace_digest(made)),), limits


def _leave_out(
    trace: Trace, names: Sequence[str], window: int
) -> tuple[Trace, list[tuple[str, int, int]]]:
    """The trace without the named objects, and (object, acts, pairs within the window) of each."""
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
    trace: Trace, before: dt.datetime | None, source: InterestSource, seed: int
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
        community = place_newcomers(community, learned.account, tested.account, tested.object_)
    return tested, InterestStrata(community, groups, learned is tested), notes
