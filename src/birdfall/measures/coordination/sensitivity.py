"""How firm a network and its groups are: over other windows, other thresholds, and other seeds."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from birdfall.measures.coordination import null_model
from birdfall.measures.coordination.communities import (
    Grouping,
    best_jaccard,
    find_groups,
)
from birdfall.measures.coordination.layers import Layer, build_layer
from birdfall.measures.coordination.options import CoordinationOptions

#: Other windows, as multiples of the one asked for.
WINDOW_FACTORS: Final = (0.5, 1.0, 2.0, 5.0)
#: A wider window that would cost more pairs of acts than this is left out.
MAX_WINDOW_PAIRS: Final = 2e8
#: Thresholds that the sensitivity table counts edges at, beside the one asked for.
THRESHOLDS: Final = (2, 3, 5)
#: Seeds that groups are found with once more.
OTHER_SEEDS: Final = 4


class WeightedEdges(NamedTuple):
    """lo, hi: int32[e]; weight: float64[e], minus the log p of each."""

    lo: np.ndarray
    hi: np.ndarray
    weight: np.ndarray


class _WindowRow(NamedTuple):
    """One row of the table `sensitivity`."""

    layer: str
    window_s: float
    at_least: int
    edges: int
    significant: int


_WINDOW_SCHEMA: Final = pa.schema(
    [
        ("layer", pa.string()),
        ("window_s", pa.float64()),
        ("at_least", pa.int32()),
        ("edges", pa.int64()),
        ("significant", pa.int64()),
    ]
)


def try_windows(
    layers: list[Layer], at_least: int, alpha: float, *, wanted: bool
) -> tuple[pa.Table, list[list[WeightedEdges]]]:
    """Edges and significant edges over windows and thresholds.

    Parameters
    ----------
    layers : list of Layer
        The network as asked for.
    at_least, alpha : int, float
        Its threshold and its false discovery rate.
    wanted : bool
        Whether other windows are tried; otherwise the table holds the one asked for.

    Returns
    -------
    Table, list of list of WeightedEdges
        The table [layer, window_s, at_least, edges, significant], edges counted by distinct
        objects; and, per other window, each layer's significant network.
    """
    rows: list[_WindowRow] = []
    networks = []
    for factor in WINDOW_FACTORS if wanted else (1.0,):
        per_layer = []
        for x in layers:
            if factor > 1 and x.pairs * factor > MAX_WINDOW_PAIRS:
                continue
            width = max(1, round(x.window * factor))
            other = x if factor == 1.0 else _rebuild(x, width, at_least, alpha)
            objects = other.objects if other is x else other.weight
            chosen = other.significant(alpha)
            for threshold in sorted({*THRESHOLDS, at_least}):
                if threshold >= min(2, at_least):
                    enough = objects >= threshold
                    numbers = int(enough.sum()), int((chosen & enough).sum())
                    rows.append(_WindowRow(x.trace.name, width / 1e6, threshold, *numbers))
            per_layer.append(
                WeightedEdges(other.lo[chosen], other.hi[chosen], -other.log_p[chosen])
            )
        if factor != 1.0:
            networks.append(per_layer)
    table = pa.Table.from_pylist([row._asdict() for row in rows], _WINDOW_SCHEMA)
    return table.sort_by([(c, "ascending") for c in ("layer", "window_s", "at_least")]), networks


def _rebuild(layer: Layer, window: int, at_least: int, alpha: float) -> Layer:
    """The layer anew with another window (us), within the same interests."""
    strata = None
    if layer.null.community.size and layer.null.per_room.shape[0] > 1:
        strata = null_model.InterestStrata(layer.null.community, layer.null.per_room.shape[0])
    return build_layer(
        layer.trace,
        window=window,
        at_least=min(2, at_least),
        count="objects",
        alpha=alpha,
        strata=strata,
    )


def seed_stability(
    edges: WeightedEdges, grouping: Grouping, asked: CoordinationOptions
) -> np.ndarray:
    """float64[groups]: mean best Jaccard similarity of each group over other seeds."""
    if not len(edges.lo):
        return np.empty(0)
    seeds = range(asked.seed + 1, asked.seed + 1 + OTHER_SEEDS)
    found = [best_jaccard(grouping, _group_edges(edges, asked, seed)) for seed in seeds]
    return np.asarray(np.mean(found, axis=0), np.float64)


def window_stability(
    networks: list[list[WeightedEdges]], grouping: Grouping, asked: CoordinationOptions
) -> list[float | None]:
    """Mean best Jaccard similarity of each group over other windows; None where none was tried."""
    found = []
    for layers in networks:
        if layers:
            lo, hi, weight = (np.concatenate(columns) for columns in zip(*layers, strict=True))
            key, where = np.unique(lo.astype(np.int64) << 32 | hi, return_inverse=True)
            joined = WeightedEdges(
                (key >> 32).astype(np.int32),
                (key & 0xFFFFFFFF).astype(np.int32),
                np.bincount(where, weight, len(key)),
            )
            found.append(best_jaccard(grouping, _group_edges(joined, asked, asked.seed)))
    return [float(v) for v in np.mean(found, axis=0)] if found else [None] * grouping.count


def _group_edges(edges: WeightedEdges, asked: CoordinationOptions, seed: int) -> Grouping:
    """The groups of another network, found as those of the network asked for."""
    return find_groups(
        edges.lo,
        edges.hi,
        np.maximum(1e-6, edges.weight),
        method=asked.groups,
        resolution=asked.resolution,
        seed=seed,
    )
