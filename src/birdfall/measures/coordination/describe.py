"""What a coordination finding says beside its tables: estimates, details of layers and blocks,
limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypedDict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.measures.coordination.dense_blocks import MAX_PAIRS
from birdfall.measures.coordination.layers import (
    CombinedNetwork,
    Layer,
    count_active_accounts,
    count_rule_edges,
)
from birdfall.measures.coordination.options import NullName
from birdfall.measures.coordination.power import Power
from birdfall.measures.coordination.tables import MAX_LISTED_EDGES, NetworkFacts
from birdfall.model.findings import Estimate, Note

#: Of so few accounts a group is easily most, and its own rate is then what is usual.
FEW_ACCOUNTS: Final = 30
#: Estimates that only tests can give.
_TEST_ESTIMATES: Final = (
    "significant", "shifted_edges", "shifted_significant", "pairs_tested", "kappa", "jitter_ratio",
    "empirical_fdr",
)  # fmt: skip


class LayerDetails(TypedDict):
    """The figures of one layer on its own."""

    trace: str
    acts: int
    pairs: int
    edges: int
    significant: int
    kappa: float
    time_blocks: int
    interests: int
    shifted_edges: int
    shifted_significant: int
    fixed_rule_edges: int
    fixed_rule_3_edges: int
    jitter_ratio: float
    jitter_holds: bool


class BlockDetails(TypedDict):
    """A block that stands out from its shuffles: whether it is listed as a group, and why not."""

    trace: str
    members: int
    p_value: float
    explained_by_company: float
    on_two_objects: float
    told: bool


def layer_details(layers: list[Layer], alpha: float) -> list[LayerDetails]:
    """The figures of each layer on its own; `significant` counts edges with q <= alpha."""
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


def block_details(found: NetworkFacts) -> list[BlockDetails]:
    """The blocks that stand out from their shuffles, those that are no groups among them."""
    listed = {id(b) for b in found.listed_blocks}
    return [
        {
            "trace": found.layers[block.layer].trace.name,
            "members": len(block.members),
            "p_value": block.p,
            "explained_by_company": block.explained,
            "on_two_objects": block.on_two,
            "told": id(block) in listed,
        }
        for block in found.blocks
    ]


def limit_notes(
    layers: list[Layer],
    whole: CombinedNetwork,
    null: NullName,
    left_out: list[tuple[str, int, int]],
) -> list[Note]:
    """What the reader must know. left_out: (object, acts, pairs) of each object left out."""
    found = []
    if null == "none":
        found.append(Note("no-null-model", {}))
    for x in layers if null == "degree" else ():
        if (few := count_active_accounts([x])) < FEW_ACCOUNTS:
            found.append(Note("few-accounts", {"trace": x.trace.name, "accounts": few}))
        if x.pairs > MAX_PAIRS:
            found.append(
                Note(
                    "blocks-not-tested",
                    {"trace": x.trace.name, "pairs": x.pairs, "most": MAX_PAIRS},
                )
            )
        if not x.jitter_holds:
            found.append(
                Note(
                    "jitter-does-not-hold",
                    {"trace": x.trace.name, "ratio": _finite(x.jitter_ratio)},
                )
            )
    if len(whole.lo) > MAX_LISTED_EDGES:
        found.append(Note("edges-not-listed", {"edges": len(whole.lo), "listed": MAX_LISTED_EDGES}))
    if left_out:
        pairs = sum(x[2] for x in left_out)
        found.append(Note("objects-left-out", {"objects": len(left_out), "pairs": pairs}))
    return found


def power_notes(powers: list[Power]) -> list[Note]:
    """What would have been found where nothing was, or that nothing could have been."""
    found = []
    for power in powers:
        if power.none:
            found.append(Note("no-power", {"trace": power.trace, "possible": power.possible}))
            continue
        five, ten, many = power.meetings
        found.append(
            Note("power", {"trace": power.trace, "of_5": five, "of_10": ten, "of_25": many})
        )
    return found


def circle_notes(accounts: Mapping[str, int]) -> list[Note]:
    """Of each trace, how many accounts did most of what they did together, if any."""
    return [
        Note("closed-circle", {"trace": trace, "accounts": number})
        for trace, number in accounts.items()
        if number
    ]


def edges_across_platforms(found: NetworkFacts) -> int | None:
    """How many of the edges that count join accounts that act on no platform in common; None where
    the acts do not name two platforms.
    """
    traces = [x.trace for x in found.layers if x.trace.platforms is not None]
    named = sorted({p for t in traces for p in pc.unique(t.platforms).drop_null().to_pylist()})
    if len(named) < 2:
        return None
    size = 1 + max(int(t.account.max(initial=-1)) for t in traces)
    acts_on = np.zeros((size, len(named)), np.bool_)
    for trace in traces:
        codes = pc.fill_null(pc.index_in(trace.platforms, pa.array(named)), -1)
        platform = codes.to_numpy(zero_copy_only=False)
        told = platform >= 0
        acts_on[trace.account[told], platform[told]] = True
    ends = found.whole.lo[found.chosen], found.whole.hi[found.chosen]
    known = np.maximum(*ends) < size
    lo, hi = (acts_on[end[known]] for end in ends)
    return int((~(lo & hi).any(axis=1) & lo.any(axis=1) & hi.any(axis=1)).sum())


def _finite(value: float) -> float | None:
    """A number as JSON can hold it."""
    return float(value) if np.isfinite(value) else None


def _count(value: int, unit: str) -> Estimate:
    """A number without an interval."""
    return Estimate(int(value), unit, level=None, bounds="none")


def estimates(found: NetworkFacts, null: NullName, memory: int) -> dict[str, Estimate]:
    """The finding's numbers; without those that only tests can give if there is no null.

    memory: bytes for the pairs of the fixed rule.
    """
    layers = found.layers
    claimed = count_rule_edges(layers, memory)
    groups = found.grouping.count + len(found.listed_blocks)
    made = {
        "edges": _count(len(found.whole.lo), "pairs"),
        "significant": _count(found.chosen.sum(), "pairs"),
        "shifted_edges": _count(sum(x.moved.edges for x in layers), "pairs"),
        "shifted_significant": _count(sum(x.moved.significant for x in layers), "pairs"),
        "fixed_rule_edges": _count(claimed[0], "pairs"),
        "fixed_rule_3_edges": _count(claimed[1], "pairs"),
        "pairs_tested": _count(sum(x.null.tests for x in layers), "pairs"),
        "co_actions": _count(int(sum(x.null.total for x in layers)), "count"),
        "groups": _count(groups, "count"),
        "members": _count(len(found.grouping.members), "accounts"),
        "accounts": _count(count_active_accounts(layers), "accounts"),
        "acts": _count(sum(len(x.trace) for x in layers), "events"),
        "kappa": Estimate(float(layers[0].null.kappa), "ratio", level=None, bounds="none"),
        "jitter_ratio": Estimate(
            _finite(layers[0].jitter_ratio), "ratio", level=None, bounds="none"
        ),
    }
    own = sum(int((x.log_p <= x.cutoff).sum()) for x in layers)
    rate = min(1.0, sum(x.moved.significant for x in layers) / own) if own else None
    made["empirical_fdr"] = Estimate(rate, "share", level=None, bounds="none")
    if (crossing := edges_across_platforms(found)) is not None:
        made["across_platforms"] = _count(crossing, "pairs")
    if null == "none":
        return {key: e for key, e in made.items() if key not in _TEST_ESTIMATES}
    return made
