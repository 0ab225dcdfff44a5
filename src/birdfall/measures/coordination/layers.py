"""One layer of a coordination network, from a trace to tested edges, and several layers seen as
one.

A layer's p-value asks how the number, and the surprise, of co-acted objects compares with what
activity, interests, time of day and the objects' crowds bring about. Layers are combined by the
harmonic mean p with the factor that makes it valid under any dependence (Vovk & Wang 2020): one
click may leave a repost, a link and a hashtag, so layers are never independent and Fisher's sum
would count one act three times.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from birdfall.kernels.coaction.coaction import DEFAULT_MEMORY_BYTES, Count, coaction
from birdfall.measures.coordination import null_model
from birdfall.measures.coordination.act_profile import (
    ActProfile,
    meetings_of,
    profile_acts,
    trace_edges,
)
from birdfall.measures.coordination.comparisons import (
    RULE_WINDOW_US,
    ShiftedCounts,
    count_fixed_rule_edges,
    count_shifted_edges,
    jitter_null,
)
from birdfall.measures.coordination.null_model import DegreeNull, InterestStrata
from birdfall.measures.coordination.traces import Trace

#: How far the jitter null moves an act, in windows.
JITTER_WINDOWS = 10
#: What a pair shares within so many microseconds is one meeting: people act in sessions.
SESSION_US = 1800 * 1_000_000
#: Pairs above this p by single co-actions are not asked how often they met: it would be larger.
MAX_ASKED_P = 0.05


@dataclass(frozen=True)
class Layer:
    """A trace's edges, ordered by (lo, hi), with what the nulls say of them.

    Logs are natural; jitter NaN where not asked.

    by_rule: whether the edges are those of "two or more in 60 s". weight: as counted; objects:
    distinct co-acted objects; first, last: us; cutoff: largest log p that passes.
    """

    trace: Trace
    window: int
    by_rule: bool
    crowd: ActProfile
    null: DegreeNull
    lo: np.ndarray
    hi: np.ndarray
    weight: np.ndarray
    objects: np.ndarray
    count_log_p: np.ndarray
    surprise_log_p: np.ndarray
    log_p: np.ndarray
    q: np.ndarray
    cutoff: float
    jitter_log_p: np.ndarray
    first: np.ndarray
    last: np.ndarray
    pairs: int
    jitter_ratio: float = float("nan")
    jitter_holds: bool = False
    fixed: tuple[int, int] = (0, 0)
    moved: ShiftedCounts = field(default_factory=lambda: ShiftedCounts(0, 0))

    def __len__(self) -> int:
        return len(self.lo)

    def significant(self, alpha: float) -> np.ndarray:
        """bool[e]."""
        return self.q <= alpha


def build_layer(
    trace: Trace,
    *,
    window: int,
    at_least: int,
    count: Count = "pairs",
    alpha: float = 0.01,
    strata: InterestStrata | None = None,
    in_blocks: bool = True,
    memory: int = DEFAULT_MEMORY_BYTES,
) -> Layer:
    """Edges of one trace (at least one act) and their significance; no jitter, shift or fixed rule
    yet.
    """
    columns = (trace.account, trace.object_, trace.time)
    edges = coaction(*columns, window=window, count=count, at_least=at_least, memory=memory)
    crowd = profile_acts(*columns, window)
    total = edges.emitted
    if count != "objects" and crowd.repeats:
        total = coaction(
            *columns, window=window, count="objects", at_least=at_least, memory=memory
        ).emitted
    null = null_model.degree_null(crowd, total, strata, in_blocks)
    traced = trace_edges(crowd, edges.lo, edges.hi)
    rate = null.rate(edges.lo, edges.hi)
    counted = null.count_log_p(edges.lo, edges.hi, traced.objects, rate)
    surprised = null.surprise_log_p(traced.surprise, rate)
    log_p = null_model.bonferroni_log_p(counted, surprised)
    asked = np.flatnonzero(log_p < np.log(MAX_ASKED_P))
    counted[asked], surprised[asked] = meeting_log_p(
        crowd, null, edges.lo[asked], edges.hi[asked], rate[asked], window
    )
    log_p[asked] = null_model.bonferroni_log_p(counted[asked], surprised[asked])
    q, cutoff = null_model.pair_q_values(edges.lo, edges.hi, log_p, null.tests, alpha)
    by_rule = count == "pairs" and at_least == 2 and window == RULE_WINDOW_US
    return Layer(
        trace,
        window,
        by_rule,
        crowd,
        null,
        edges.lo,
        edges.hi,
        edges.weight,
        traced.objects,
        counted,
        surprised,
        log_p,
        q,
        cutoff,
        np.full(len(edges), np.nan),
        traced.first,
        traced.last,
        edges.pairs,
    )


def meeting_log_p(
    crowd: ActProfile,
    null: DegreeNull,
    lo: np.ndarray,
    hi: np.ndarray,
    rate: np.ndarray,
    window: int,
) -> tuple[np.ndarray, np.ndarray]:
    """log p of how often each pair met, and of the surprise of that.

    Who opens an app acts several times within a minute, on what is new there; two who open it at
    one time co-act on all of that by one coincidence. So what a pair shares within `SESSION_US`
    counts once, with its most surprising object. Meetings are some of the co-actions, so the rate
    of co-actions bounds theirs, and both tails still err on the side of fewer pairs.
    """
    if not len(lo):
        return np.empty(0), np.empty(0)
    meetings, surprise = meetings_of(crowd, lo, hi, max(SESSION_US, window))
    return null.count_log_p(lo, hi, meetings, rate), null.surprise_log_p(surprise, rate)


def add_checks(
    layer: Layer, *, alpha: float, at_least: int, seed: int, memory: int = DEFAULT_MEMORY_BYTES
) -> Layer:
    """The layer with jitter on its significant edges, its shifted twin, and what the fixed rule
    would have claimed.
    """
    trace = layer.trace
    chosen = layer.significant(alpha)
    jitter = jitter_null(
        trace.account,
        trace.object_,
        trace.time,
        layer.window,
        JITTER_WINDOWS * layer.window,
        (layer.lo[chosen], layer.hi[chosen]),
        layer.objects[chosen],
        np.ones(int(chosen.sum()), np.bool_),
    )
    log_p = layer.jitter_log_p.copy()
    if jitter.holds:
        log_p[chosen] = jitter.log_p
    columns = (trace.account, trace.object_, trace.time)
    moved = count_shifted_edges(
        *columns, layer.window, at_least, layer.null, layer.cutoff, seed, memory
    )
    fixed = (
        (len(layer), int((layer.weight >= 3).sum()))
        if layer.by_rule
        else count_fixed_rule_edges(*columns, memory)
    )
    return replace(
        layer,
        jitter_log_p=log_p,
        jitter_ratio=jitter.ratio,
        jitter_holds=jitter.holds,
        moved=moved,
        fixed=fixed,
    )


def skip_tests(layer: Layer) -> Layer:
    """The layer with every edge counted as it stands: no null, q 0."""
    none = np.zeros(len(layer))
    columns = (layer.trace.account, layer.trace.object_, layer.trace.time)
    fixed = count_fixed_rule_edges(*columns)
    return replace(layer, log_p=none - 1.0, q=none, cutoff=0.0, fixed=fixed)


def count_rule_edges(layers: list[Layer], memory: int = DEFAULT_MEMORY_BYTES) -> tuple[int, int]:
    """Pairs of accounts that the customary rules would claim on any layer; a pair on several counts
    once.
    """
    if len(layers) == 1:
        return layers[0].fixed
    keys, weights = [], []
    for x in layers:
        edges = (
            x
            if x.by_rule
            else coaction(
                x.trace.account,
                x.trace.object_,
                x.trace.time,
                window=RULE_WINDOW_US,
                count="pairs",
                at_least=2,
                memory=memory,
            )
        )
        keys.append(edges.lo.astype(np.int64) << 32 | edges.hi)
        weights.append(edges.weight)
    key, weight = np.concatenate(keys), np.concatenate(weights)
    return len(np.unique(key)), len(np.unique(key[weight >= 3]))


@dataclass(frozen=True)
class CombinedNetwork:
    """Pairs of accounts over all layers, by (lo, hi): weight is the sum, layers how many have them,
    first, last: us.
    """

    lo: np.ndarray
    hi: np.ndarray
    weight: np.ndarray
    layers: np.ndarray
    log_p: np.ndarray
    q: np.ndarray
    first: np.ndarray
    last: np.ndarray


def count_active_accounts(layers: list[Layer]) -> int:
    """How many accounts act at all on any layer."""
    acts = [np.bincount(x.trace.account) for x in layers]
    most = max(len(a) for a in acts)
    return int(np.count_nonzero(np.sum([np.pad(a, (0, most - len(a))) for a in acts], axis=0)))


def combine_layers(layers: list[Layer], alpha: float) -> CombinedNetwork:
    """All layers as one network. A pair that a layer does not list has p = 1 there.

    p = min(1, c K / sum of 1 / p_k) with K layers, c = 1 for one, 2 for two, e ln K for more (Vovk
    & Wang 2020).
    """
    count = len(layers)
    key = np.concatenate([layer.lo.astype(np.int64) << 32 | layer.hi for layer in layers])
    # one layer's edges are in order and each there once
    found, where = (key, np.arange(len(key))) if count == 1 else np.unique(key, return_inverse=True)
    present = np.bincount(where, minlength=len(found))
    weight = np.bincount(where, np.concatenate([x.weight for x in layers]), len(found)).astype(
        np.int64
    )
    log_p = np.concatenate([x.log_p for x in layers])
    smallest = np.zeros(len(found))
    np.minimum.at(smallest, where, log_p)
    inverse = np.bincount(where, np.exp(np.maximum(-700.0, smallest[where] - log_p)), len(found))
    inverse = inverse + (count - present) * np.exp(np.maximum(-700.0, smallest))
    factor = {1: 1.0, 2: 2.0}.get(count, np.e * np.log(max(2, count)))
    joined = np.minimum(
        0.0, np.log(factor * count) + smallest - np.log(np.maximum(inverse, 1e-300))
    )
    if count == 1:
        joined = smallest
    active = count_active_accounts(layers)
    tests = active * (active - 1) // 2
    ends = found >> 32, found & 0xFFFFFFFF
    q, _ = null_model.pair_q_values(*ends, joined, tests, alpha)
    first, last = (
        np.full(len(found), np.iinfo(np.int64).max),
        np.full(len(found), np.iinfo(np.int64).min),
    )
    np.minimum.at(first, where, np.concatenate([x.first for x in layers]))
    np.maximum.at(last, where, np.concatenate([x.last for x in layers]))
    return CombinedNetwork(
        (found >> 32).astype(np.int32),
        (found & 0xFFFFFFFF).astype(np.int32),
        weight,
        present,
        joined,
        q,
        first,
        last,
    )
