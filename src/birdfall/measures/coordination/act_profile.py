"""What the acts of a trace and its edges are made of: accounts, objects, crowds, evidence."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from birdfall.kernels.coaction import edges as tracing
from birdfall.kernels.coaction import meetings as meeting
from birdfall.kernels.coaction import null as nulls
from birdfall.kernels.coaction.order import OrderedActs, order_acts


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
        """Whether any account acted twice on an object."""
        return bool((self.acts != self.crowd).any())

    @property
    def surprise(self) -> np.ndarray:
        """w_o = log(U / c_o) per object in order, U the accounts that act at all."""
        known = max(1, int((self.activity > 0).sum()))
        return np.asarray(np.log(known / np.maximum(1, self.crowd)), np.float64)


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
    table = empty_edge_table(len(lo))
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


def meetings_of(
    crowd: ActProfile, lo: np.ndarray, hi: np.ndarray, apart: int
) -> tuple[np.ndarray, np.ndarray]:
    """How often the accounts of each edge met, int64[e], and the surprise of that, float64[e].

    A meeting is what they co-acted on within `apart` microseconds; of its objects the most
    surprising counts. lo, hi: int32[e], lo < hi.
    """
    order = crowd.order
    table = empty_edge_table(len(lo))
    tracing.index_edges(lo, hi, table)
    room = 1 << 14
    while True:
        edge, time, worth = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room)
        rows = meeting.co_acted_objects(
            order.key,
            order.who,
            order.starts,
            order.time_bits,
            order.window,
            crowd.surprise,
            lo,
            hi,
            table,
            edge,
            time,
            worth,
        )
        if rows <= room:
            break
        room = rows
    by = np.lexsort((worth[:rows], time[:rows], edge[:rows]))
    meetings, surprise = np.zeros(len(lo), np.int64), np.zeros(len(lo))
    meeting.count_meetings(
        edge[:rows][by],
        time[:rows][by],
        worth[:rows][by],
        apart // order.quantum,
        meetings,
        surprise,
    )
    return meetings, surprise


def empty_edge_table(edges: int) -> np.ndarray:
    return np.full(1 << max(4, int(2 * edges).bit_length()), -1, np.int64)
