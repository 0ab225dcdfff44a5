"""What else could explain a network.

Jittered times, shifted clocks, and what the customary fixed rule claims.

These stand beside the degree null. Method: docs/methods/coordination.md.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from birdfall.kernels.coaction import edges as tracing
from birdfall.kernels.coaction import null as nulls
from birdfall.kernels.coaction.coaction import DEFAULT_MEMORY_BYTES, coaction
from birdfall.kernels.coaction.order import order_acts
from birdfall.measures.coordination.act_profile import empty_edge_table, profile_acts, trace_edges
from birdfall.measures.coordination.null_model import DegreeNull, bonferroni_log_p


def _index_edges(lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    table = empty_edge_table(len(lo))
    tracing.index_edges(lo, hi, table)
    return table


@dataclass(frozen=True)
class JitterNull:
    """log p per edge under interval jitter.

    seen, expected: co-acting act pairs of accounts without a significant edge.

    holds: whether these agree; where they do not, ordinary acts are themselves faster than the
    jitter, and the log_p mean nothing.
    """

    log_p: np.ndarray
    seen: float
    expected: float

    @property
    def ratio(self) -> float:
        """Pairs seen over pairs expected; NaN where none is expected."""
        return self.seen / self.expected if self.expected > 0 else float("nan")

    @property
    def holds(self) -> bool:
        """Whether ordinary accounts co-act about as often as their jittered selves."""
        return self.expected >= 10 and self.ratio <= JITTER_TOLERANCE


#: Ordinary accounts may co-act this much more often than their jittered selves before the jitter
#: null is refused.
JITTER_TOLERANCE = 1.25


def jitter_null(
    account: np.ndarray,
    object_: np.ndarray,
    time: np.ndarray,
    window: int,
    reach: int,
    edges: tuple[np.ndarray, np.ndarray],
    objects: np.ndarray,
    significant: np.ndarray,
) -> JitterNull:
    """The jitter null for edges (lo, hi), whose co-acted objects are `objects`; reach: microseconds
    each act may move by.

    significant: bool[e], edges whose accounts are left out of the check on ordinary accounts.
    """
    lo, hi = edges
    wide = window + 2 * reach
    with ThreadPoolExecutor(2) as pool:
        order = order_acts(account, object_, time, wide, pool, 2)
        near, far = window // order.quantum, max(1, reach // order.quantum)
        skip = np.zeros(order.accounts, np.bool_)
        skip[lo[significant]] = True
        skip[hi[significant]] = True
        found = np.zeros(2)
        tracing.jitter_balance(
            order.key, order.who, order.starts, order.time_bits, near, far, skip, 20_000_000, found
        )
        if not len(lo):
            return JitterNull(np.empty(0), found[0], found[1])
        mine = np.zeros(order.accounts, np.bool_)
        mine[lo] = True
        mine[hi] = True
        keep = mine[account]
        order = order_acts(account[keep], object_[keep], time[keep], wide, pool, 2)
        near, far = window // order.quantum, max(1, reach // order.quantum)
    table = _index_edges(lo, hi)
    edge, chance = np.empty(1 << 16, np.int64), np.empty(1 << 16)
    while True:
        rows = tracing.jitter(
            order.key,
            order.who,
            order.starts,
            order.time_bits,
            near,
            far,
            lo,
            hi,
            table,
            edge,
            chance,
        )
        if rows <= len(edge):
            break
        edge, chance = np.empty(rows, np.int64), np.empty(rows)
    by = np.argsort(edge[:rows], kind="stable")
    begin = np.searchsorted(edge[:rows][by], np.arange(len(lo) + 1))
    ranked = chance[:rows][by]
    log_p = np.array(
        [
            nulls.log_poisson_binomial_tail(ranked[begin[i] : begin[i + 1]], int(objects[i]))
            for i in range(len(lo))
        ]
    )
    return JitterNull(log_p, found[0], found[1])


def shift_times(
    account: np.ndarray, time: np.ndarray, window: int, seed: int, reach: int | None = None
) -> np.ndarray:
    """Times with every account's own acts moved together by one random offset within +-reach,
    circularly over the record.

    What an account likes, its rhythm and the hour stay; what two accounts do at the same minute
    does not. reach: default four hours or 240 windows, whichever is more: the hour of the day stays
    about the same, and two accounts drawn almost the same offset, which stay together, are rare
    (one pair in 240).
    """
    reach = max(4 * 3600 * 1_000_000, 240 * window) if reach is None else reach
    rng = np.random.default_rng(seed)
    offset = rng.integers(-reach, reach + 1, int(account.max()) + 1)
    first, last = int(time.min()), int(time.max())
    span = last - first + 1
    unit = _clock_unit_us(time)
    return np.asarray(first + (time - first + offset[account] // unit * unit) % span, np.int64)


def _clock_unit_us(time: np.ndarray) -> int:
    """One second where all times are whole seconds apart, else one microsecond."""
    return 1_000_000 if not ((time - time[0]) % 1_000_000).any() else 1


@dataclass(frozen=True)
class ShiftedCounts:
    """The same network after the shift: how many edges it has and how many of them the null would
    still call significant.
    """

    edges: int
    significant: int


def count_shifted_edges(
    account: np.ndarray,
    object_: np.ndarray,
    time: np.ndarray,
    window: int,
    at_least: int,
    null: DegreeNull,
    cutoff: float,
    seed: int,
    memory: int = DEFAULT_MEMORY_BYTES,
) -> ShiftedCounts:
    """Edges after a circular shift, and how many of them pass the very cutoff (log p) of the
    network as it happened.
    """
    moved = shift_times(account, time, window, seed)
    edges = coaction(
        account, object_, moved, window=window, count="objects", at_least=at_least, memory=memory
    )
    if not len(edges):
        return ShiftedCounts(0, 0)
    traced = trace_edges(profile_acts(account, object_, moved, window), edges.lo, edges.hi)
    rate = null.rate(edges.lo, edges.hi)
    log_p = bonferroni_log_p(
        null.count_log_p(edges.lo, edges.hi, edges.weight, rate),
        null.surprise_log_p(traced.surprise, rate),
    )
    return ShiftedCounts(len(edges), int((log_p <= cutoff).sum()))


#: The customary rules' window.
RULE_WINDOW_US = 60_000_000


def count_fixed_rule_edges(
    account: np.ndarray, object_: np.ndarray, time: np.ndarray, memory: int = DEFAULT_MEMORY_BYTES
) -> tuple[int, int]:
    """Pairs that the customary rules would claim: at least 2, and at least 3, co-actions within 60
    seconds.
    """
    edges = coaction(
        account, object_, time, window=RULE_WINDOW_US, count="pairs", at_least=2, memory=memory
    )
    return len(edges), int((edges.weight >= 3).sum())
