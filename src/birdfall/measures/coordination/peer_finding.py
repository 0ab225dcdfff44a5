"""A peer's network as a finding: its own edges, and no significance, since the peers have no null model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.measures.coordination.peer_methods import (
    CoortweetEdges,
    PeerEdges,
    coortweet_edges,
    toolkit_edges,
)
from birdfall.measures.coordination.peer_options import PEER_METHODS, check_options
from birdfall.measures.coordination.traces import Trace, content_ids
from birdfall.model.errors import UsageError
from birdfall.model.findings import Estimate, Finding, Input, Note


def peer_finding(
    traces: list[Trace],
    preset: str,
    window: int,
    options: dict[str, Any],
    inputs: tuple[Input, ...],
) -> Finding:
    """`coordination-<preset>`: tables edges [source, target, source_id, target_id, weight, apart_s, above_threshold,
    with coortweet contents, contents_y, symmetry] and nodes."""
    if preset not in PEER_METHODS:
        raise UsageError(
            f"there is no preset {preset!r}", fix=f"Presets: {', '.join(sorted(PEER_METHODS))}."
        )
    if len(traces) != 1:
        raise UsageError("a preset takes one trace")
    trace = traces[0]
    check_options(preset, options)
    ids = content_ids(trace)
    edges: PeerEdges
    if preset == "toolkit":
        edges = toolkit_edges(
            trace.account, trace.object_, content_codes(ids), trace.time, window=window, **options
        )
    else:
        coded = ids.dictionary_encode()
        content = coded.indices.to_numpy(zero_copy_only=False).astype(np.int32)
        same = pc.fill_null(
            pc.index_in(trace.objects, value_set=coded.dictionary.cast(pa.string())), -1
        )
        equal = np.asarray(same.to_numpy(zero_copy_only=False), np.int32)
        edges = coortweet_edges(
            trace.account,
            trace.object_,
            content,
            trace.time,
            window=window,
            object_content=equal,
            **options,
        )
    names = trace.accounts
    table = pa.table(
        {
            "source": edges.lo,
            "target": edges.hi,
            "source_id": names.take(pa.array(edges.lo)),
            "target_id": names.take(pa.array(edges.hi)),
            "weight": edges.weight,
            "apart_s": pa.array(edges.apart, mask=np.isnan(edges.apart)),
            "above_threshold": edges.weight > edges.threshold,
        }
    )
    if isinstance(edges, CoortweetEdges):
        for key, values in (
            ("contents", edges.contents),
            ("contents_y", edges.contents_y),
            ("symmetry", edges.symmetry),
        ):
            table = table.append_column(key, pa.array(values))
    return Finding(
        kind="coordination",
        name=f"coordination-{preset}",
        answer="found" if len(edges.weight) else "nothing",
        estimates={
            "edges": Estimate(len(edges.weight), "pairs", level=None, bounds="none"),
            "accounts": Estimate(
                int(np.count_nonzero(np.bincount(trace.account))),
                "accounts",
                level=None,
                bounds="none",
            ),
            "acts": Estimate(len(trace), "events", level=None, bounds="none"),
        },
        parameters={"trace": [trace.name], "window_s": window / 1e6, "preset": preset, **options},
        inputs=inputs,
        limits=(Note("no-null-model", {}),),
        method=(PEER_METHODS[preset],),
        tables={"edges": table, "nodes": _node_table(trace, edges)},
    )


def content_codes(ids: pa.Array) -> np.ndarray:
    """int32[n], equal where the ids are. Ids that are whole numbers and rise are each their own, which is soon seen."""
    if not pa.types.is_integer(ids.type):
        whole = (
            pc.all(pc.ascii_is_decimal(ids)).as_py()
            and (pc.max(pc.binary_length(ids)).as_py() or 0) <= 18
        )
        numbers = ids.cast(pa.int64()).to_numpy() if whole else None
    else:
        numbers = ids.to_numpy()
    if numbers is not None and bool((numbers[1:] > numbers[:-1]).all()):
        return np.arange(len(ids), dtype=np.int32)
    codes: np.ndarray = (
        ids.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int32)
    )
    return codes


def _node_table(trace: Trace, edges: PeerEdges) -> pa.Table:
    """Accounts that have an edge. No groups are looked for: the peers leave that to other tools."""
    activity = np.bincount(trace.account, minlength=len(trace.accounts))
    linked = np.zeros(len(activity), bool)
    linked[edges.lo] = linked[edges.hi] = True
    code = np.flatnonzero(linked).astype(np.int32)
    return pa.table(
        {
            "code": code,
            "account": trace.accounts.take(pa.array(code)),
            "group": pa.nulls(len(code), pa.int32()),
            "activity": activity[code],
        }
    )
