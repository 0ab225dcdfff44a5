"""Acts that no edge can need are set aside, and how the work is shared among threads.

What decides is compiled (`cost`); here it is run over the partitions, again and again while it
pays.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np

from birdfall.kernels.coaction import cost as bound
from birdfall.kernels.coaction.emit import OBJECTS, PAIRS
from birdfall.kernels.coaction.order import OrderedActs

#: Rounds of pruning, and the share of the acts that one must drop for another to be tried.
MAX_ROUNDS, MIN_DROPPED_SHARE = 3, 0.05


def balanced_cuts(starts: np.ndarray, threads: int, weight: np.ndarray | None = None) -> list[int]:
    """Cuts between partitions that give each thread about the same acts, or the same weight."""
    parts = len(starts) - 1
    cumulated = starts if weight is None else np.concatenate([[0], np.cumsum(weight)])
    total = int(cumulated[-1])
    inner = [int(np.searchsorted(cumulated, total * i // threads)) for i in range(1, threads)]
    return [0, *(min(parts, cut) for cut in inner), parts]


def tally_acts(
    acts: OrderedActs, pool: ThreadPoolExecutor, threads: int, least: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of acts within the window per partition, and the objects that have many of them.

    Parameters
    ----------
    acts : OrderedActs
        The acts.
    pool, threads : ThreadPoolExecutor, int
        What it runs on.
    least : int
        Objects with at least so many pairs are listed.

    Returns
    -------
    int64[partitions], int64[k, 3]
        Pairs, same-account ones included; and position, acts and pairs of the objects, most pairs
        first.
    """
    pairs = np.zeros(len(acts.starts) - 1, np.int64)
    cuts = balanced_cuts(acts.starts, threads)

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


def _look_for_company(
    acts: OrderedActs, cuts: list[int], objects: np.ndarray, repeats: np.ndarray, thread: int
) -> None:
    """Fill a thread's rows of `objects` and `repeats`: what each account did in its partitions."""
    bound.count_company(
        acts.key,
        acts.who,
        acts.starts,
        cuts[thread],
        cuts[thread + 1],
        acts.time_bits,
        acts.window,
        objects[thread],
        repeats[thread],
        np.zeros(acts.accounts, np.int32),
    )


def _drop_acts(
    acts: OrderedActs,
    cuts: list[int],
    kinds: np.ndarray,
    drop_all_weak: bool,
    ends: np.ndarray,
    thread: int,
) -> None:
    """Drop, in place, what no edge can need from a thread's partitions; `ends`: where they end."""
    bound.drop_weak(
        acts.key,
        acts.who,
        acts.starts,
        cuts[thread],
        cuts[thread + 1],
        acts.time_bits,
        kinds,
        drop_all_weak,
        ends,
        np.zeros(acts.accounts, np.int32),
    )


def prune_acts(
    acts: OrderedActs, at_least: int, mode: int, pool: ThreadPoolExecutor, threads: int
) -> tuple[OrderedActs, np.ndarray]:
    """The acts that an edge can need.

    Parameters
    ----------
    acts : OrderedActs
        Its arrays are written over.
    at_least : int
        The smallest weight of an edge, 2 or more.
    mode : int
        `PAIRS` or `OBJECTS`.
    pool, threads : ThreadPoolExecutor, int
        What it runs on.

    Returns
    -------
    OrderedActs, int8[accounts]
        What is left, and what each account is (see `cost`); empty if none is weak any more.
    """
    kinds = np.zeros(acts.accounts, np.int8)
    for _ in range(MAX_ROUNDS):
        cuts = balanced_cuts(acts.starts, threads)
        objects = np.zeros((threads, acts.accounts), np.int32)
        repeats = np.zeros((threads, acts.accounts), np.bool_)
        list(pool.map(partial(_look_for_company, acts, cuts, objects, repeats), range(threads)))
        company = objects.sum(0, dtype=np.int64)
        kinds[:] = bound.STRONG
        kinds[company < at_least] = bound.FEW
        kinds[company <= 1] = bound.LONE
        if mode == PAIRS:
            kinds[repeats.any(0)] = bound.REPEATER
        ends = np.zeros(len(acts.starts) - 1, np.int64)
        list(
            pool.map(partial(_drop_acts, acts, cuts, kinds, mode == OBJECTS, ends), range(threads))
        )
        starts = np.zeros(len(acts.starts), np.int64)
        bound.close_gaps(acts.key, acts.who, acts.starts, ends, starts)
        before, left = len(acts.key), int(starts[-1])
        acts = replace(acts, key=acts.key[:left], who=acts.who[:left], starts=starts)
        if before - left < MIN_DROPPED_SHARE * before:
            break
    return acts, kinds if mode == PAIRS and len(acts.key) else np.empty(0, np.int8)
