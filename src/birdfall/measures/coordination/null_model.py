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
from birdfall.kernels.coaction.coaction import DEFAULT_MEMORY_BYTES, coaction
from birdfall.kernels.coaction.order import OrderedActs, order_acts

#: Time blocks are no shorter than this, nor so short that a block holds fewer acts than
#: `ACTS_PER_BLOCK`.
MIN_BLOCK_US = 6 * 3600 * 1_000_000
MIN_ACTS_PER_BLOCK = 2000
#: At most so many communities are told apart; the rest are one.
COMMUNITIES = 24


@dataclass(frozen=True)
class ActProfile:
    """What the nulls need to know of a trace: its acts in order, and what each account and object
    did.

    activity: int64[accounts], distinct objects per account. at, acts, crowd, pairs: int64 per
    object in order (position, acts, distinct accounts, co-acting pairs at most). repeats: whether
    any account acted twice on an object.
    """

    order: OrderedActs
    activity: np.ndarray
    at: np.ndarray
    acts: np.ndarray
    crowd: np.ndarray
    pairs: np.ndarray

    @property
    def repeats(self) -> bool:
        return bool((self.acts != self.crowd).any())

    @property
    def surprise(self) -> np.ndarray:
        """w_o = log(U / c_o) per object in order, U the accounts that act at all."""
        known = max(1, int((self.activity > 0).sum()))
        return np.asarray(np.log(known / np.maximum(1, self.crowd)), np.float64)


@dataclass(frozen=True)
class InterestStrata:
    """Who belongs to which community.

    community: int64[accounts]; count: how many; from_tested: told from the tested acts alone.
    """

    community: np.ndarray
    count: int
    from_tested: bool = False


def profile_acts(
    account: np.ndarray, object_: np.ndarray, time: np.ndarray, window: int
) -> ActProfile:
    """`Crowd` of a trace's acts (arrays as for `coaction`, at least one act)."""
    with ThreadPoolExecutor(2) as pool:
        order = order_acts(account, object_, time, window, pool, 2)
    n = len(order.who)
    columns = [np.empty(n, np.int64) for _ in range(4)]
    activity = np.zeros(order.accounts, np.int64)
    objects = nulls.profile_objects(
        order.key,
        order.who,
        order.starts,
        order.time_bits,
        order.window,
        np.zeros(order.accounts, np.int32),
        activity,
        *columns,
    )
    return ActProfile(order, activity, *(c[:objects].copy() for c in columns))


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


@dataclass(frozen=True)
class EdgeEvidence:
    """What stands behind each edge: pairs, objects int64; surprise float64; first, last int64 us;
    apart float64 seconds on average.

    on_object: co-actions of the edges per object in order; co_acts: int64[accounts], acts that are
    part of a co-action.
    """

    pairs: np.ndarray
    objects: np.ndarray
    surprise: np.ndarray
    first: np.ndarray
    last: np.ndarray
    apart: np.ndarray
    on_object: np.ndarray
    co_acts: np.ndarray


def trace_edges(crowd: ActProfile, lo: np.ndarray, hi: np.ndarray) -> EdgeEvidence:
    """Walk the windows once more for the edges (lo, hi: int32[e], lo < hi)."""
    order = crowd.order
    cells = np.zeros((len(lo), 8), np.int64)
    cells[:, tracing.PAIR] = lo.astype(np.int64) << 32 | hi
    cells[:, tracing.FIRST] = 1 << 62
    cells[:, tracing.STAMP] = -1
    table = _empty_table(len(lo))
    sieve = np.zeros(max(1, len(table) // 8), np.uint64)
    tracing.sieve_edges(cells, table, sieve)
    on_object = np.zeros((2, len(crowd.at)), np.int64)
    active = np.zeros((2, len(order.who)), np.bool_)

    def walk(own: int) -> None:
        tracing.trace_cells(
            order.key,
            order.who,
            order.starts,
            order.time_bits,
            order.window,
            table,
            sieve,
            crowd.surprise,
            own,
            cells,
            cells.view(np.float64),
            on_object[own],
            active[own],
        )

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(walk, range(2)))
    co_acts = np.bincount(order.who[active[0] | active[1]], minlength=order.accounts).astype(
        np.int64
    )
    unit = order.quantum
    pairs = cells[:, tracing.PAIRS].copy()
    return EdgeEvidence(
        pairs,
        cells[:, tracing.OBJECTS].copy(),
        cells.view(np.float64)[:, tracing.SURPRISE].copy(),
        cells[:, tracing.FIRST] * unit + order.first,
        cells[:, tracing.LAST] * unit + order.first,
        cells[:, tracing.APART] * (unit / 1e6) / np.maximum(1, pairs),
        on_object.sum(axis=0),
        co_acts,
    )


def _empty_table(edges: int) -> np.ndarray:
    return np.full(1 << max(4, int(2 * edges).bit_length()), -1, np.int64)


def _table(lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    table = _empty_table(len(lo))
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
        return self.seen / self.expected if self.expected > 0 else float("nan")

    @property
    def holds(self) -> bool:
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
    table = _table(lo, hi)
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
