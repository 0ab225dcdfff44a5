"""Co-action: which accounts acted on the same object within a window, and how often.

    coaction(account, object_, time, window=...)   edges between accounts, exact, in bounded memory
    estimate_cost(account, object_, time, ...)     what it would cost, and on which objects

Plain version:
    for every object, for every pair of its acts with |t1 - t2| <= window and different accounts:
        weight[pair] += 1

Plan: order the acts (`order`); where windows are crowded, drop what no edge can need (`prune`) and
defer hubs; emit pairs into buckets, in as many passes as the memory allows (`emit`); count
(`count`). Cost: O(n log n) for n acts + O(1) per co-acting pair. Safe: threads are plain threads
around compiled code that holds no lock.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, NamedTuple

import numpy as np

from birdfall.kernels.coaction import cost as bound
from birdfall.kernels.coaction import count as counting
from birdfall.kernels.coaction import emit as emission
from birdfall.kernels.coaction.columns import MAX_ACTS, check_columns, drop_objects
from birdfall.kernels.coaction.order import OrderedActs, order_acts
from birdfall.kernels.coaction.prune import balanced_cuts, prune_acts, tally_acts

Count = Literal["pairs", "objects", "messages"]
MODES = {"pairs": emission.PAIRS, "objects": emission.OBJECTS, "messages": emission.MESSAGES}

#: Default of the bytes that a pass may hold in pairs.
DEFAULT_MEMORY_BYTES = 1 << 30
#: Less memory than this for pairs is refused.
MIN_MEMORY_BYTES = 1 << 16
#: Pruning costs a pass over the acts and pays only where windows are crowded.
PRUNE_PAIRS_PER_ACT = 10
#: Keys per bucket, as a power of two: the counting table then fits the second-level cache.
BUCKET_BITS = 15
#: Co-acting pairs one core handles in a second, for the announcement: measured on a 2-core AMD
#: EPYC, rounded down.
PAIRS_PER_SECOND = 25e6
ACTS_PER_SECOND = 12e6


@dataclass(frozen=True)
class CoactionEdges:
    """Edges between accounts, ordered by (lo, hi).

    Attributes
    ----------
    lo, hi : int32[e]
        Accounts, lo < hi; with count="messages" the source and the target.
    weight : int64[e]
        As counted.
    emitted : int or None
        Co-actions of all pairs; None where pruning left the total unknown.
    pairs : int
        Pairs of acts within the window, same-account ones included.
    passes : int
        How often the windows were walked.
    kept : int
        Acts that were left after pruning.
    """

    lo: np.ndarray
    hi: np.ndarray
    weight: np.ndarray
    emitted: int | None
    pairs: int
    passes: int
    kept: int

    def __len__(self) -> int:
        return len(self.weight)


@dataclass(frozen=True)
class CoactionCost:
    """What a run would cost.

    Attributes
    ----------
    acts, pairs : int
        Acts, and pairs of them within the window.
    seconds : float
        Of one core, an estimate before pruning.
    memory : int
        Bytes at the peak.
    passes : int
        How often the windows would be walked.
    objects, object_acts, object_pairs : int64[k]
        The heaviest objects with their acts and pairs, most pairs first.
    """

    acts: int
    pairs: int
    seconds: float
    memory: int
    passes: int
    objects: np.ndarray = field(repr=False)
    object_acts: np.ndarray = field(repr=False)
    object_pairs: np.ndarray = field(repr=False)


def coaction(
    account: np.ndarray,
    object_: np.ndarray,
    time: np.ndarray,
    *,
    window: int,
    count: Count = "pairs",
    at_least: int = 2,
    memory: int = DEFAULT_MEMORY_BYTES,
    leave_out: np.ndarray | None = None,
    threads: int = 2,
    prune: bool | None = None,
) -> CoactionEdges:
    """Edges between accounts that act on one object within a window.

    Parameters
    ----------
    account, object_ : int32[n]
        Dense codes >= 0.
    time : int64[n]
        Microseconds UTC, in any order.
    window : int
        Microseconds > 0, inclusive.
    count : {"pairs", "objects", "messages"}
        Weight of an edge: pairs of acts, distinct objects, or (directed) acts of the source that
        have at least one act of the target within the window.
    at_least : int
        The smallest weight kept.
    memory : int
        Bytes that pairs may take at a time; more pairs mean more passes, never another result.
    leave_out : int[k], optional
        Object codes to leave out.
    threads : int
        The result does not depend on it.
    prune : bool, optional
        Whether acts that no edge can need are dropped first; None decides by how crowded windows
        are.

    Returns
    -------
    CoactionEdges
        Exact, no sampling.

    Raises
    ------
    ValueError
        For a window <= 0, at_least < 1, codes that are negative or no int32, times that are missing
        or no whole numbers, unequal lengths, or 2^31 acts and more.
    MemoryError
        If `memory` is too small to hold even a hundredth of the acts' own space.
    OverflowError
        As `order_acts`.

    Notes
    -----
    Cost: O(n log n + pairs).

    References
    ----------
    Giglietto et al. 2020, coordinated link sharing.

    Examples
    --------
    >>> import numpy as np
    >>> who, what = np.array([0, 1, 0, 1], np.int32), np.array([0, 0, 1, 1], np.int32)
    >>> edges = coaction(who, what, np.array([0, 5, 90, 91]) * 1_000_000, window=60_000_000)
    >>> edges.lo.tolist(), edges.hi.tolist(), edges.weight.tolist()
    ([0], [1], [2])
    """
    account, object_, time = check_columns(account, object_, time, window, at_least)
    if memory < len(time) // 8 or memory < MIN_MEMORY_BYTES:
        raise MemoryError(f"{memory} bytes are too few for the pairs of {len(time)} acts")
    account, object_, time = drop_objects(account, object_, time, leave_out)
    if not len(time):
        none = np.empty(0, np.int32)
        return CoactionEdges(none, none.copy(), np.empty(0, np.int64), 0, 0, 0, 0)
    mode = MODES[count]
    with ThreadPoolExecutor(threads) as pool:
        acts = order_acts(account, object_, time, window, pool, threads)
        pairs, heavy = tally_acts(acts, pool, threads, 1 << 16)
        total = int(pairs.sum())
        crowded = total > PRUNE_PAIRS_PER_ACT * len(time) if prune is None else prune
        kinds = np.empty(0, np.int8)
        exact = True
        if crowded and at_least >= 2 and mode != emission.MESSAGES:
            acts, kinds = prune_acts(acts, at_least, mode, pool, threads)
            exact = len(acts.who) == len(time) and not len(kinds)
            pairs, heavy = tally_acts(acts, pool, threads, 1 << 16)
        deferred = (
            choose_hubs(heavy, int(pairs.sum()), at_least)
            if mode != emission.MESSAGES
            else heavy[:0]
        )
        exact = exact and not len(deferred)
        edges = _count_pairs(acts, pairs, deferred, kinds, mode, at_least, memory, pool, threads)
    found, weight, emitted, passes = edges
    return CoactionEdges(
        (found >> 32).astype(np.int32),
        (found & 0xFFFFFFFF).astype(np.int32),
        weight,
        emitted if exact else None,
        total,
        passes,
        len(acts.who),
    )


def estimate_cost(
    account: np.ndarray,
    object_: np.ndarray,
    time: np.ndarray,
    *,
    window: int,
    count: Count = "pairs",
    memory: int = DEFAULT_MEMORY_BYTES,
    heaviest: int = 100,
    threads: int = 2,
) -> CoactionCost:
    """What `coaction` would cost on these acts; no pairs are formed.

    Parameters
    ----------
    account, object_, time, window, count, memory, threads
        As of `coaction`.
    heaviest : int
        How many objects are listed, those with most pairs within the window.

    Returns
    -------
    CoactionCost

    Raises
    ------
    ValueError, OverflowError
        As `coaction`.

    Notes
    -----
    Cost: O(n log n).
    """
    account, object_, time = check_columns(account, object_, time, window, 1)
    if not len(time):
        none = np.empty(0, np.int64)
        return CoactionCost(0, 0, 0.0, 0, 0, none, none, none)
    with ThreadPoolExecutor(threads) as pool:
        acts = order_acts(account, object_, time, window, pool, threads)
        pairs, heavy = tally_acts(acts, pool, threads, 1)
    total = int(pairs.sum())
    objects = acts.objects_at(heavy[: 4 * heaviest, 0])
    order = np.lexsort((objects, -heavy[: 4 * heaviest, 2]))[:heaviest]
    bytes_needed = total * 8 * (2 if count == "messages" else 1)
    return CoactionCost(
        acts=len(time),
        pairs=total,
        seconds=len(time) / ACTS_PER_SECOND + total / PAIRS_PER_SECOND,
        memory=min(bytes_needed, memory) + 28 * len(time),
        passes=max(1, -(-bytes_needed // memory)),
        objects=objects[order],
        object_acts=heavy[order, 1],
        object_pairs=heavy[order, 2],
    )


def choose_hubs(heavy: np.ndarray, total: int, at_least: int) -> np.ndarray:
    """Hubs worth deferring: at most at_least - 1, each more than a fifth of what is left and a
    million pairs.
    """
    chosen = 0
    while chosen < min(at_least - 1, len(heavy)):
        pairs = int(heavy[chosen, 2])
        if pairs < 1_000_000 or pairs < 0.2 * total:
            break
        total -= pairs
        chosen += 1
    return heavy[:chosen]


def _count_pairs(
    acts: OrderedActs,
    pairs: np.ndarray,
    deferred: np.ndarray,
    kinds: np.ndarray,
    mode: int,
    at_least: int,
    memory: int,
    pool: ThreadPoolExecutor,
    threads: int,
) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Emit and count, pass by pass.

    Returns pairs (int64 keys in order), weights, co-actions emitted, passes.
    """
    # A message sees both sides of its window, so it can emit twice the pairs; a bound, lazily
    # touched.
    upper = pairs * 2 if mode == emission.MESSAGES else pairs
    total = int(upper.sum())
    passes = max(1, -(-total * 8 // memory))
    bucket_bits = min(14, max(1, (total >> BUCKET_BITS).bit_length(), (passes - 1).bit_length()))
    buckets = 1 << bucket_bits
    passes = min(passes, buckets)
    shift = 64 - bucket_bits
    cuts = balanced_cuts(acts.starts, threads, upper + 1)
    share = [int(upper[cuts[i] : cuts[i + 1]].sum()) for i in range(threads)]
    hubs = Hubs(
        np.zeros((len(deferred), acts.accounts + 1), np.int64),
        np.empty(int(deferred[:, 1].sum()), np.int64),
        mode == emission.PAIRS,
    )
    kind = count_type(acts.who, total) if mode == emission.PAIRS else np.int32
    base = 0
    for h, (position, size, _) in enumerate(deferred):
        bound.times_by_account(
            acts.key, acts.who, position, size, acts.time_bits, base, hubs.begin[h], hubs.times
        )
        base += int(size)
    found: list[np.ndarray] = []
    weights: list[np.ndarray] = []
    emitted = 0
    for number in range(passes):
        first, last = buckets * number // passes, buckets * (number + 1) // passes
        size = last - first
        sinks = [_new_sink(s, size) for s in share]

        emit = partial(_emit, acts, cuts, mode, kinds, deferred, (shift, first, size), sinks)
        emitted = sum(pool.map(emit, range(threads)))
        filled = [counting.bucket_lengths(at, head, following) for _, following, head, at in sinks]
        needed = np.sum(filled, axis=0)
        pieces = min(size, threads * 8)

        bounds = [size * j // pieces for j in range(pieces + 1)]
        count = partial(
            _count_buckets, sinks, needed, bounds, bucket_bits, at_least, hubs, acts.window, kind
        )
        for some, weight in pool.map(count, range(pieces)):
            found.append(some)
            weights.append(weight)
        sinks.clear()
    keys, weight = np.concatenate(found), np.concatenate(weights)
    counting.sort_by_pair(keys, weight, max(1, (acts.accounts - 1).bit_length()))
    return keys, weight, emitted, passes


def _emit(
    acts: OrderedActs,
    cuts: list[int],
    mode: int,
    kinds: np.ndarray,
    deferred: np.ndarray,
    buckets: tuple[int, int, int],
    sinks: list[Sink],
    thread: int,
) -> int:
    """Emit a thread's co-actions into its sink; returns how many keys there were.

    buckets: how far a hash is shifted, the first bucket of this pass, and how many it has.
    """
    shift, first, size = buckets
    keys, following, head, at = sinks[thread]
    scratch = acts.accounts if mode != emission.PAIRS or len(kinds) or len(deferred) else 1
    return int(
        emission.emit(
            acts.key,
            acts.who,
            acts.starts,
            cuts[thread],
            cuts[thread + 1],
            acts.time_bits,
            acts.window,
            mode,
            kinds,
            deferred[:, 0].copy(),
            np.zeros(scratch, np.int32),
            np.zeros(scratch, np.int32),
            shift,
            first,
            size,
            keys,
            following,
            head,
            at,
        )
    )


def count_type(who: np.ndarray, total: int) -> type[np.int32] | type[np.int64]:
    """int32, which counts faster, unless two accounts may co-act so often that it would run over:
    both acts of them all.
    """
    if total < MAX_ACTS:
        return np.int32
    busiest = np.sort(np.bincount(who))[-2:].tolist()
    return np.int32 if len(busiest) < 2 or busiest[0] * busiest[1] < MAX_ACTS else np.int64


class Hubs(NamedTuple):
    """What the accounts did on the deferred objects, see `count.collect_pairs`."""

    begin: np.ndarray
    times: np.ndarray
    once_only: bool


Sink = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _new_sink(share: int, size: int) -> Sink:
    """Room for a thread's keys of one pass. Pages are only touched when written.

    With several passes the buckets of one pass may hold more than their even share, up to all of a
    thread's pairs if they are few edges over and over: the room is virtual until used, so it is the
    whole upper bound.
    """
    chunks = share // emission.CHUNK + size + 64
    return (
        np.empty(chunks * emission.STRIDE, np.int64),
        np.empty(chunks, np.int64),
        np.full(size, -1, np.int64),
        np.full(size, -1, np.int64),
    )


def _count_buckets(
    sinks: list[Sink],
    needed: np.ndarray,
    bounds: list[int],
    bucket_bits: int,
    at_least: int,
    hubs: Hubs,
    window: int,
    kind: type[np.int32] | type[np.int64],
    piece: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Edges of the buckets [bounds[piece], bounds[piece + 1]), counted in `kind`."""
    pairs, weight = np.empty(1 << 12, np.int64), np.empty(1 << 12, np.int64)
    n = 0
    table, counts = np.empty(0, np.int64), np.empty(0, kind)
    for q in range(bounds[piece], bounds[piece + 1]):
        if not needed[q]:
            continue
        bits = max(4, int(needed[q] * 3).bit_length())
        if len(table) != 1 << bits:
            table, counts = np.empty(1 << bits, np.int64), np.zeros(1 << bits, kind)
        shift = max(0, 64 - bucket_bits - bits)
        for keys, following, head, at in sinks:
            counting.count_bucket(keys, following, head, at, q, shift, table, counts)
        most = n + int(needed[q]) // max(1, at_least - len(hubs.begin)) + 1
        if most > len(pairs):
            room = max(most, 2 * len(pairs))
            pairs = np.concatenate([pairs[:n], np.empty(room - n, np.int64)])
            weight = np.concatenate([weight[:n], np.empty(room - n, np.int64)])
        n = counting.collect_pairs(
            table,
            counts,
            at_least,
            hubs.begin,
            hubs.times,
            hubs.once_only,
            window,
            pairs,
            weight,
            n,
        )
    return pairs[:n].copy(), weight[:n].copy()
