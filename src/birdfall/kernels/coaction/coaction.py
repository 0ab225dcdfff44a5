"""Co-action: who acted on the same object within a window of whom, how often.

    coaction(account, object_, time, window=...)  edges between accounts, exact, ordered, in bounded memory
    estimate_cost(...)                             what it would cost, and which objects it would be spent on

Plain version: `for every object, every pair of its acts with |t1 - t2| <= window and different accounts: weight[pair] += 1`.
Plan: order the acts (`coaction_order`); where windows are crowded, drop what no edge can need and defer hubs
(`coaction_bound`); emit pairs into buckets, in as many passes as the memory allows (`coaction_emit`); count (`coaction_count`).
Cost: O(n log n) for n acts + O(1) per co-acting pair. Threads are plain threads around compiled code that holds no lock.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from birdfall.kernels.coaction import cost as bound
from birdfall.kernels.coaction import count as counting
from birdfall.kernels.coaction import emit as emission
from birdfall.kernels.coaction.order import OrderedActs, order_acts

Count = Literal["pairs", "objects", "messages"]
MODES = {"pairs": emission.PAIRS, "objects": emission.OBJECTS, "messages": emission.MESSAGES}

#: Bytes a pass may hold in pairs, unless told otherwise.
DEFAULT_MEMORY_BYTES = 1 << 30
#: Less memory than this for pairs is refused.
MIN_MEMORY_BYTES = 1 << 16
#: Pruning costs a pass over the acts and pays only where windows are crowded.
PRUNE_PAIRS_PER_ACT = 10
#: Keys per bucket, as a power of two: the counting table then fits the second-level cache.
BUCKET_BITS = 15
#: Co-acting pairs one core handles in a second, for the announcement: measured on a 2-core AMD EPYC, rounded down.
PAIRS_PER_SECOND = 25e6
ACTS_PER_SECOND = 12e6
#: Acts one run takes: numbers of acts within an object are 32 bits wide.
MAX_ACTS = 1 << 31


@dataclass(frozen=True)
class CoactionEdges:
    """lo, hi: int32[e]; weight: int64[e]; ordered by (lo, hi). With count="messages" lo is the source and hi the target.

    emitted: co-actions of all pairs, None where pruning left the total unknown. pairs: pairs of acts within the window,
    same-account ones included. passes: how often the windows were walked. kept: acts that were left after pruning.
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
    """What a run would cost. objects: the heaviest, int64 columns object, acts, pairs, most pairs first.

    pairs: pairs of acts within the window; seconds: of one core, an estimate before pruning; memory: bytes at the peak.
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

    account, object_: int32[n], dense codes >= 0. time: int64[n], microseconds UTC, any order. window: microseconds > 0,
    inclusive. count: "pairs" of acts, distinct "objects", or "messages" (directed: acts of the source that have at least
    one act of the target within the window). at_least: smallest weight kept. memory: bytes that pairs may take at a
    time; more pairs mean more passes, never another result. leave_out: object codes to leave out. prune: None decides.
    Returns `Edges`. Raises ValueError for a window <= 0, at_least < 1, codes that are negative or no int32, times that are missing or
    no whole numbers, unequal lengths, or 2^31 acts and more; MemoryError if
    `memory` is too small to hold even a hundredth of the acts' own space; OverflowError as in `ordered`.
    Cost: O(n log n + pairs). Source: co-action as in Giglietto et al. 2020; exact, no sampling.
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
        pairs, heavy = _tally(acts, pool, threads, 1 << 16)
        total = int(pairs.sum())
        crowded = total > PRUNE_PAIRS_PER_ACT * len(time) if prune is None else prune
        kinds = np.empty(0, np.int8)
        exact = True
        if crowded and at_least >= 2 and mode != emission.MESSAGES:
            acts, kinds = _prune(acts, at_least, mode, pool, threads)
            exact = len(acts.who) == len(time) and not len(kinds)
            pairs, heavy = _tally(acts, pool, threads, 1 << 16)
        deferred = (
            _choose_hubs(heavy, int(pairs.sum()), at_least)
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
    """What `coaction` would cost on these acts, with the `heaviest` objects by pairs within the window.

    Arguments and errors as `coaction`. Cost: O(n log n), no pairs are formed.
    """
    account, object_, time = check_columns(account, object_, time, window, 1)
    if not len(time):
        none = np.empty(0, np.int64)
        return CoactionCost(0, 0, 0.0, 0, 0, none, none, none)
    with ThreadPoolExecutor(threads) as pool:
        acts = order_acts(account, object_, time, window, pool, threads)
        pairs, heavy = _tally(acts, pool, threads, 1)
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


def check_columns(
    account: np.ndarray, object_: np.ndarray, time: np.ndarray, window: int, at_least: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The three columns in their types. Raises ValueError for what cannot be."""
    if window <= 0:
        raise ValueError(f"the window must be positive, not {window} microseconds")
    if at_least < 1:
        raise ValueError(f"at_least must be 1 or more, not {at_least}")
    if not len(account) == len(object_) == len(time):
        raise ValueError(f"{len(account)} accounts, {len(object_)} objects and {len(time)} times")
    if len(time) >= MAX_ACTS:
        raise ValueError(
            f"{len(time):,} acts are more than one run takes; cut the record in time, or spread it (docs/methods/sizing.md)"
        )
    return (
        _to_integers(account, "account", np.int32),
        _to_integers(object_, "object", np.int32),
        _to_integers(time, "time", np.int64),
    )


def _to_integers(values: np.ndarray, name: str, kind: type[np.signedinteger[Any]]) -> np.ndarray:
    """A column in its type. Raises ValueError, with the row, for what that type cannot hold: nothing is wrapped or cut."""
    column = np.asarray(values)
    if column.dtype == kind or not len(column):
        return np.ascontiguousarray(column, kind)
    if column.dtype.kind == "M" and name == "time":
        wrong, why = np.isnat(column), "is missing (NaT)"
        column = column.astype("datetime64[us]").astype(np.int64)
    elif column.dtype.kind in "iuf":
        limits = np.iinfo(kind)
        # as floats the limits of int64 are not exact; a float so large is no count of microseconds either
        low, high = (
            (limits.min, limits.max)
            if column.dtype.kind != "f"
            else (float(limits.min) / 2, float(limits.max) / 2)
        )
        with np.errstate(invalid="ignore"):
            wrong = ~((column >= low) & (column <= high) & (column == np.floor(column)))
        why = f"is no whole number from {limits.min} to {limits.max}"
    else:
        raise ValueError(f"{name} must be whole numbers, not {column.dtype}")
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(f"{name} of act {row} {why}: {values[row]}")
    return np.ascontiguousarray(column, kind)


def drop_objects(
    account: np.ndarray, object_: np.ndarray, time: np.ndarray, leave_out: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The acts on objects that are not left out."""
    if leave_out is None or not len(leave_out):
        return account, object_, time
    keep = ~np.isin(object_, np.asarray(leave_out))
    return account[keep], object_[keep], time[keep]


def _balanced_cuts(starts: np.ndarray, threads: int, weight: np.ndarray | None = None) -> list[int]:
    """Cuts between partitions that give each thread about the same acts, or the same weight."""
    parts = len(starts) - 1
    cumulated = starts if weight is None else np.concatenate([[0], np.cumsum(weight)])
    total = int(cumulated[-1])
    inner = [int(np.searchsorted(cumulated, total * i // threads)) for i in range(1, threads)]
    return [0, *(min(parts, cut) for cut in inner), parts]


def _tally(
    acts: OrderedActs, pool: ThreadPoolExecutor, threads: int, least: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs within the window per partition, and the heavy objects (position, acts, pairs), most pairs first."""
    pairs = np.zeros(len(acts.starts) - 1, np.int64)
    cuts = _balanced_cuts(acts.starts, threads)

    def one(i: int) -> np.ndarray:
        room = 1024
        while True:
            heavy = np.empty((room, 3), np.int64)
            found = bound.tally_pairs(
                acts.key,
                acts.starts,
                cuts[i],
                cuts[i + 1],
                acts.time_bits,
                acts.window,
                least,
                pairs,
                heavy,
            )
            if found <= room:
                return heavy[:found]
            room = found

    heavy = np.concatenate(list(pool.map(one, range(threads))))
    return pairs, heavy[np.lexsort((heavy[:, 0], -heavy[:, 2]))]


def _prune(
    acts: OrderedActs, at_least: int, mode: int, pool: ThreadPoolExecutor, threads: int
) -> tuple[OrderedActs, np.ndarray]:
    """The acts that an edge can need, and what each account is (empty if none is weak any more)."""
    key, who, starts = acts.key, acts.who, acts.starts
    kinds = np.zeros(acts.accounts, np.int8)
    for _ in range(3):
        cuts = _balanced_cuts(starts, threads)
        objects = np.zeros((threads, acts.accounts), np.int32)
        repeats = np.zeros((threads, acts.accounts), np.bool_)
        ends = np.zeros(len(starts) - 1, np.int64)

        def look(i: int) -> None:
            stamp = np.zeros(acts.accounts, np.int32)
            bound.count_company(
                key,
                who,
                starts,
                cuts[i],
                cuts[i + 1],
                acts.time_bits,
                acts.window,
                objects[i],
                repeats[i],
                stamp,
            )

        list(pool.map(look, range(threads)))
        company = objects.sum(0, dtype=np.int64)
        kinds[:] = bound.STRONG
        weak = company < at_least
        kinds[weak] = bound.FEW
        kinds[company <= 1] = bound.LONE
        if at_least <= 1:
            kinds[:] = bound.STRONG
        if mode == emission.PAIRS:
            kinds[repeats.any(0)] = bound.REPEATER

        def drop(i: int) -> None:
            stamp = np.zeros(acts.accounts, np.int32)
            whole = mode == emission.OBJECTS
            bound.drop_weak(
                key, who, starts, cuts[i], cuts[i + 1], acts.time_bits, kinds, whole, ends, stamp
            )

        list(pool.map(drop, range(threads)))
        new_starts = np.zeros(len(starts), np.int64)
        bound.close_gaps(key, who, starts, ends, new_starts)
        before, left = len(key), int(new_starts[-1])
        key, who, starts = key[:left], who[:left], new_starts
        if before - left < 0.05 * before:
            break
    left_over = kinds if mode == emission.PAIRS and left else np.empty(0, np.int8)
    return (
        OrderedActs(
            key,
            who,
            starts,
            acts.time_bits,
            acts.low_bits,
            acts.object_bits,
            acts.first,
            acts.quantum,
            acts.window,
            acts.accounts,
        ),
        left_over,
    )


def _choose_hubs(heavy: np.ndarray, total: int, at_least: int) -> np.ndarray:
    """Hubs worth deferring: at most at_least - 1, each more than a fifth of what is left and a million pairs."""
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
    """Emit and count, pass by pass. Returns pairs (int64 keys in order), weights, co-actions emitted, passes."""
    # A message sees both sides of its window, so it can emit twice the pairs; a bound, lazily touched.
    upper = pairs * 2 if mode == emission.MESSAGES else pairs
    total = int(upper.sum())
    passes = max(1, -(-total * 8 // memory))
    bucket_bits = min(14, max(1, (total >> BUCKET_BITS).bit_length(), (passes - 1).bit_length()))
    buckets = 1 << bucket_bits
    passes = min(passes, buckets)
    shift = 64 - bucket_bits
    cuts = _balanced_cuts(acts.starts, threads, upper + 1)
    share = [int(upper[cuts[i] : cuts[i + 1]].sum()) for i in range(threads)]
    hubs = Hubs(
        np.zeros((len(deferred), acts.accounts + 1), np.int64),
        np.empty(int(deferred[:, 1].sum()), np.int64),
        mode == emission.PAIRS,
    )
    kind = _count_type(acts.who, total) if mode == emission.PAIRS else np.int32
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
        sinks = [_new_sink(s, size, buckets, passes) for s in share]

        def walk(i: int) -> int:
            keys, following, head, at = sinks[i]
            scratch = acts.accounts if mode != emission.PAIRS or len(kinds) or len(deferred) else 1
            return int(
                emission.emit(
                    acts.key,
                    acts.who,
                    acts.starts,
                    cuts[i],
                    cuts[i + 1],
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

        emitted = sum(pool.map(walk, range(threads)))
        filled = [counting.bucket_lengths(at, head, following) for _, following, head, at in sinks]
        needed = np.sum(filled, axis=0)
        pieces = min(size, threads * 8)

        def tell(j: int) -> tuple[np.ndarray, np.ndarray]:
            return _count_buckets(
                sinks,
                needed,
                size * j // pieces,
                size * (j + 1) // pieces,
                bucket_bits,
                at_least,
                hubs,
                acts.window,
                kind,
            )

        for some, weight in pool.map(tell, range(pieces)):
            found.append(some)
            weights.append(weight)
        sinks.clear()
    keys, weight = np.concatenate(found), np.concatenate(weights)
    counting.sort_by_pair(keys, weight, max(1, (acts.accounts - 1).bit_length()))
    return keys, weight, emitted, passes


def _count_type(who: np.ndarray, total: int) -> type[np.signedinteger[Any]]:
    """int32, which counts faster, unless two accounts may co-act so often that it would run over: both acts of them all."""
    if total < MAX_ACTS:
        return np.int32
    busiest = np.sort(np.bincount(who))[-2:].tolist()
    return np.int32 if len(busiest) < 2 or busiest[0] * busiest[1] < MAX_ACTS else np.int64


class Hubs(NamedTuple):
    """What the accounts did on the deferred objects, see `coaction_count.take`."""

    begin: np.ndarray
    times: np.ndarray
    once_only: bool


Sink = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _new_sink(share: int, size: int, buckets: int, passes: int) -> Sink:
    """Room for a thread's keys of one pass. Pages are only touched when written.

    With several passes the buckets of one pass may hold more than their even share, up to all of a thread's pairs if
    they are few edges over and over: the room is virtual until used, so it is the whole upper bound.
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
    q0: int,
    q1: int,
    bucket_bits: int,
    at_least: int,
    hubs: Hubs,
    window: int,
    kind: type[np.signedinteger[Any]],
) -> tuple[np.ndarray, np.ndarray]:
    """Edges of buckets [q0, q1), counted in `kind`."""
    pairs, weight = np.empty(1 << 12, np.int64), np.empty(1 << 12, np.int64)
    n = 0
    table, counts = np.empty(0, np.int64), np.empty(0, kind)
    for q in range(q0, q1):
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
