"""Which co-acting pairs the nulls do not explain: degree null, surprise, jitter, shifted time, and
the fixed rule beside them.

Works on the arrays of one trace. The statistic that is tested is always the number of distinct
objects two accounts co-acted on: repeated acts on one object come in clumps, which no Poisson tail
covers. Method: docs/methods/coordination.md.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from birdfall.kernels.coaction import edges as tracing
from birdfall.kernels.coaction import null as nulls
from birdfall.kernels.coaction.order import OrderedActs
from birdfall.measures.coordination.act_profile import ActProfile

#: Time blocks are no shorter than this, nor so short that a block holds fewer acts than
#: `ACTS_PER_BLOCK`.
MIN_BLOCK_US = 6 * 3600 * 1_000_000
MIN_ACTS_PER_BLOCK = 2000
#: Evidence that a pair tied to no third account needs, times that of others. Chosen on worlds of
#: people who open an app often and share a small interest, too small to be a community of its own:
#: there one record of ten brought out one such pair, with up to 250 times the evidence.
LONE_PAIR_FACTOR = 1000.0
#: At most so many communities are told apart; the rest are one.
COMMUNITIES = 24


@dataclass(frozen=True)
class InterestStrata:
    """Who belongs to which community.

    community: int64[accounts]; count: how many; from_tested: told from the tested acts alone.
    """

    community: np.ndarray
    count: int
    from_tested: bool = False


@dataclass(frozen=True)
class DegreeNull:
    """The degree null of one trace, ready to be asked about any edge.

    kappa: of all acts; total: co-actions (account pair and object); tests: pairs of accounts.
    per_room: float64[c, c, b], kappa by community pair and time block (empty if not stratified),
    with each account's acts per block as ragged rows (begin, blocks, acts). h, slope: the cumulant
    of surprise. from_tested: communities are those of the tested acts.
    """

    kappa: float
    total: float
    tests: int
    activity: np.ndarray
    community: np.ndarray
    per_room: np.ndarray
    begin: np.ndarray
    blocks: np.ndarray
    acts: np.ndarray
    h: np.ndarray
    slope: np.ndarray
    from_tested: bool = False

    def rate(self, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
        """lambda float64[e]: the larger of the unstratified and the stratified expectation."""
        flat: np.ndarray = self.activity[lo].astype(float) * self.activity[hi] * self.kappa
        if not self.per_room.size:
            return flat
        half = len(lo) // 2

        def rates(part: slice) -> np.ndarray:
            columns = (self.community, self.begin, self.blocks, self.acts, self.per_room)
            return np.asarray(tracing.strata_rates(lo[part], hi[part], *columns))

        with ThreadPoolExecutor(2) as pool:
            stratified = np.concatenate(list(pool.map(rates, (slice(0, half), slice(half, None)))))
        return np.asarray(np.maximum(flat, stratified))

    def count_log_p(
        self, lo: np.ndarray, hi: np.ndarray, objects: np.ndarray, rate: np.ndarray
    ) -> np.ndarray:
        """log p of the number of co-acted objects."""
        return np.asarray(nulls.degree_tails(lo, hi, objects, self.activity, self.kappa, rate))

    def surprise_log_p(self, surprise: np.ndarray, rate: np.ndarray) -> np.ndarray:
        """log p, an upper bound, of the surprise of the co-acted objects."""
        if not self.kappa:
            return np.zeros(len(rate))
        return nulls.surprise_tails(rate / self.kappa, surprise, self.h, self.slope)


def bonferroni_log_p(count: np.ndarray, surprise: np.ndarray) -> np.ndarray:
    """log p of the better of two statistics under one null: twice the smaller (Bonferroni)."""
    return np.asarray(np.minimum(0.0, np.minimum(count, surprise) + np.log(2.0)))


def pair_q_values(
    lo: np.ndarray, hi: np.ndarray, log_p: np.ndarray, tests: int, alpha: float
) -> tuple[np.ndarray, float]:
    """q-values float64[e] of pairs among `tests` pairs, and the largest log p that passes alpha.

    By Benjamini and Hochberg (1995). Two accounts that nothing ties to a third need
    `LONE_PAIR_FACTOR` times the evidence: of millions of pairs the few that chance brings out stand
    alone, and tails that far out are the least sure.

    Parameters
    ----------
    lo, hi
        The two accounts of each pair, int[e].
    log_p
        Of each pair; all others have p = 1.
    tests, alpha
        How many pairs there are, and the level.
    """
    q, cutoff = nulls.benjamini_hochberg(log_p, max(1, tests), alpha)
    chosen = np.flatnonzero(q <= alpha)
    ends = np.concatenate([lo[chosen], hi[chosen]])
    _, where, ties = np.unique(ends, return_inverse=True, return_counts=True)
    tied = ties[where].reshape(2, -1).max(axis=0) > 1 if len(chosen) else np.empty(0, np.bool_)
    lone = chosen[~tied]
    q[lone] = np.minimum(1.0, LONE_PAIR_FACTOR * q[lone])
    return q, cutoff


def degree_null(
    crowd: ActProfile,
    total: int | None,
    strata: InterestStrata | None = None,
    in_blocks: bool = True,
) -> DegreeNull:
    """The degree null of a trace.

    total: co-actions as the kernel counted them in "objects"; None where it pruned, then an upper
    bound takes their place, which is conservative.
    """
    active = crowd.activity[crowd.activity > 0]
    upper = float(crowd.pairs.sum())
    co_actions = upper if total is None else float(total)
    kappa = nulls.kappa_of(co_actions, active)
    share = crowd.pairs * (nulls.kappa_of(1.0, active) * (co_actions / upper if upper else 0.0))
    h, slope = nulls.cumulant(crowd.surprise, share)
    tests = len(active) * (len(active) - 1) // 2
    none = np.empty(0, np.int64)
    if not in_blocks and strata is None:
        return DegreeNull(
            kappa,
            co_actions,
            tests,
            crowd.activity,
            none,
            np.empty((0, 0, 0)),
            none,
            none,
            none,
            h,
            slope,
        )
    community = np.zeros(crowd.order.accounts, np.int64) if strata is None else strata.community
    groups = 1 if strata is None else strata.count
    per_room, begin, blocks, acts = _stratify(crowd, kappa, co_actions, community, groups)
    return DegreeNull(
        kappa,
        co_actions,
        tests,
        crowd.activity,
        community,
        per_room,
        begin,
        blocks,
        acts,
        h,
        slope,
        strata is not None and strata.from_tested,
    )


def _stratify(
    crowd: ActProfile, kappa: float, total: float, community: np.ndarray, groups: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """kappa by community pair and time block, and each account's acts per block.

    A stratum's kappa is its co-actions over its products of activity, with one co-action's worth of
    the global kappa added, so that an empty stratum falls back to the global one.
    """
    order = crowd.order
    times = order.key & ((1 << order.time_bits) - 1)
    span = int(times.max()) + 1
    blocks = max(1, min(span * order.quantum // MIN_BLOCK_US, len(times) // MIN_ACTS_PER_BLOCK))
    block = -(-span // blocks)
    blocks = -(-span // block)
    counts = np.zeros((groups, groups, blocks), np.int64)
    tracing.strata_pairs(
        order.key, order.who, order.starts, order.time_bits, order.window, community, block, counts
    )
    cell, acts = _count_distinct(
        order.who.astype(np.int64) * blocks + times // block, order.accounts * blocks
    )
    who, where = cell // blocks, cell % blocks
    begin = np.searchsorted(who, np.arange(order.accounts + 1)).astype(np.int64)
    stratum = community[who] * blocks + where
    sums, squares = (
        np.bincount(stratum, acts.astype(float) ** power, groups * blocks).reshape(groups, blocks)
        for power in (1, 2)
    )
    room = sums[:, None, :] * sums[None, :, :]
    for c in range(groups):
        room[c, c] = (room[c, c] - squares[c]) / 2
    seen = counts.sum()
    prior = 1.0
    per_room = np.full(room.shape, kappa)
    some = (room > 0) & (kappa > 0)
    if seen:
        per_room[some] = (counts[some] * (total / seen) + prior) / (room[some] + prior / kappa)
    if groups > 1:
        own = np.arange(groups)
        per_room[own, own] *= np.minimum(1.0, company_share(order, community, groups))[:, None]
    return per_room, begin, where.astype(np.int64), acts.astype(np.int64)


#: So many counters are still faster than sorting; more of them leave the cache.
MAX_COUNTERS = 1 << 24


def _count_distinct(values: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Distinct values (int64, 0 <= value < size), ascending, and how often each occurs; by counting
    where that is less than sorting.
    """
    if size > min(32 * len(values), MAX_COUNTERS):
        return np.unique(values, return_counts=True)
    counts = np.bincount(values, minlength=size)
    found = np.flatnonzero(counts)
    return found, counts[found]


#: So many pairs of the usual closeness stand beside what an object itself shows.
COMPANY_PRIOR = 4.0


def company_share(order: OrderedActs, community: np.ndarray, groups: int) -> np.ndarray:
    """float64[c]: co-actions inside each community that the timing of others on the same objects
    explains, over those seen.

    About 1 where a community is one of interest: its members come to an object as others do. Near 0
    where it is one hand: there the community would explain its own coordination away, so its kappa
    is cut to what company explains. Three standard deviations of the count, and three co-actions,
    are allowed on top.
    """
    seen, explained = count_company(order, community, groups)
    return np.asarray((explained + 3.0 * np.sqrt(explained) + 3.0) / np.maximum(1.0, seen))


def count_company(
    order: OrderedActs, community: np.ndarray, groups: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of acts within the window inside each community, float64[c], and how many there would
    be with others' timing.
    """
    columns = (order.key, order.who, order.starts, order.time_bits, order.window, community)
    first, found = np.zeros((groups, 4)), np.zeros((groups, 4))
    tracing.count_company(*columns, np.zeros(groups), COMPANY_PRIOR, first)
    tracing.count_company(
        *columns, first[:, 3] / np.maximum(1.0, first[:, 2]), COMPANY_PRIOR, found
    )
    return found[:, 0], found[:, 1]
