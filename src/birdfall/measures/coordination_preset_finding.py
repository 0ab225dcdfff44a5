"""A peer's network as a finding: its own edges, and no significance, since the peers have no null model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.measures.coordination_presets import coortweet, toolkit
from birdfall.measures.coordination_traces import Trace, content_ids
from birdfall.model.errors import UsageError
from birdfall.model.findings import Estimate, Finding, Input, Note

METHODS = {
    "coortweet": "CooRTweet detect_groups and generate_coordinated_network",
    "toolkit": "Coordination Network Toolkit 1.5.2, co_retweet",
}


def preset_finding(
    traces: list[Trace], preset: str, window: int, options: dict[str, Any], inputs: tuple[Input, ...],
) -> Finding:  # fmt: skip
    """`coordination-<preset>`: tables edges [source, target, source_id, target_id, weight, apart_s, above_threshold]."""
    if preset not in METHODS:
        raise UsageError(f"there is no preset {preset!r}", fix=f"Presets: {', '.join(sorted(METHODS))}.")
    if len(traces) != 1:
        raise UsageError("a preset takes one trace")
    trace = traces[0]
    ids = content_ids(trace)
    coded = ids.dictionary_encode()
    content = coded.indices.to_numpy(zero_copy_only=False).astype(np.int32)
    columns = (trace.account, trace.object_, content, trace.time)
    try:
        if preset == "toolkit":
            edges = toolkit(*columns, window=window, **options)
        else:
            same = pc.fill_null(pc.index_in(trace.objects, value_set=coded.dictionary), -1)
            equal = np.asarray(same.to_numpy(zero_copy_only=False), np.int32)
            edges = coortweet(*columns, window=window, object_content=equal, **options)
    except TypeError as error:
        raise UsageError(f"{preset} has no such option: {error}") from error
    names = trace.accounts
    table = pa.table(
        {
            "source": edges.lo, "target": edges.hi, "source_id": names.take(pa.array(edges.lo)),
            "target_id": names.take(pa.array(edges.hi)), "weight": edges.weight,
            "apart_s": pa.array(edges.apart, mask=np.isnan(edges.apart)),
            "above_threshold": edges.weight > edges.threshold,
        }
    )  # fmt: skip
    return Finding(
        kind="coordination",
        name=f"coordination-{preset}",
        answer="found" if len(edges.weight) else "nothing",
        estimates={"edges": Estimate(len(edges.weight), "pairs", level=None, bounds="none")},
        parameters={"trace": [trace.name], "window_s": window / 1e6, "preset": preset, **options},
        inputs=inputs,
        limits=(Note("no-null-model", {}),),
        method=(METHODS[preset],),
        tables={"edges": table},
    )
