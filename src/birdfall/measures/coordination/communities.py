"""Groups: who belongs together in a network of significant edges, how firmly, and what blocks stand out without any such edge.

Label propagation finds small groups, Louvain (with a resolution) merges them; both by networkit, one thread and a seed, so
the same edges give the same groups. Interests (large communities of accounts by the objects they share at all) come
from the same library on the graph of accounts and objects. Method: docs/methods/coordination.md.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

GroupMethod = Literal["propagation", "louvain"]


def _partition(
    nodes: int,
    lo: np.ndarray,
    hi: np.ndarray,
    weight: np.ndarray,
    method: GroupMethod,
    resolution: float,
    seed: int,
    refine: bool = True,
) -> np.ndarray:
    """int64[nodes] community of each node, by networkit; the caller's thread count is put back."""
    import networkit

    before = networkit.getCurrentNumberOfThreads()
    networkit.setNumberOfThreads(1)
    try:
        networkit.setSeed(seed, False)
        graph = networkit.GraphFromCoo(
            (weight.astype(np.float64), (lo.astype(np.uint64), hi.astype(np.uint64))),
            n=nodes,
            weighted=True,
            directed=False,
        )
        if method == "propagation":
            found = networkit.community.PLP(graph)
        else:
            found = networkit.community.PLM(graph, refine=refine, gamma=resolution)
        found.run()
        return np.array(found.getPartition().getVector(), np.int64)
    finally:
        networkit.setNumberOfThreads(before)


def find_groups(
    lo: np.ndarray,
    hi: np.ndarray,
    weight: np.ndarray,
    *,
    method: GroupMethod = "propagation",
    resolution: float = 1.0,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Members (int32 codes, ascending) and their group (int32 from 1, largest first) of a network's edges.

    Ties in size go to the group with the smallest code, so numbers do not depend on the library's labels.
    """
    if not len(lo):
        return np.empty(0, np.int32), np.empty(0, np.int32)
    members, ends = np.unique(np.concatenate([lo, hi]), return_inverse=True)
    a, b = ends[: len(lo)], ends[len(lo) :]
    label = _partition(len(members), a, b, weight, method, resolution, seed)
    return members.astype(np.int32), _rank_by_size(label)


def _rank_by_size(label: np.ndarray) -> np.ndarray:
    """Labels as 1, 2, ... by size, then by first member."""
    _, first, inverse, size = np.unique(
        label, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(size), np.int32)
    rank[np.lexsort((first, -size))] = np.arange(1, len(size) + 1)
    return rank[inverse].astype(np.int32)


def find_interests(
    account: np.ndarray,
    object_: np.ndarray,
    accounts: int,
    *,
    seed: int = 0,
    most: int = 24,
    resolution: float = 1.0,
) -> tuple[np.ndarray, int]:
    """Large communities of accounts by what they act on at all, whenever: (int64[accounts], how many).

    0 is everybody who belongs to none that holds at least a fiftieth of the accounts and fifty of them: a small group must not
    become a stratum of its own, or it would explain itself away. Popular objects weigh little (1 / log2(1 + crowd)).
    """
    found = np.zeros(accounts, np.int64)
    who, what = _sample_pairs(account, object_)
    if not len(who):
        return found, 1
    people, who = np.unique(who, return_inverse=True)
    things, what = np.unique(what, return_inverse=True)
    weight = 1.0 / np.log2(1.0 + np.bincount(what)[what])
    label = _partition(
        len(people) + len(things),
        who,
        what + len(people),
        weight,
        "louvain",
        resolution,
        seed,
        False,
    )
    # every account, sampled or not, goes where most of its acts on sampled objects lie
    of_object = np.full(int(object_.max()) + 1, -1, np.int64)
    of_object[things] = label[len(people) :]
    at = of_object[object_]
    known = at >= 0
    vote = _majority_label(account[known], at[known], accounts)
    vote[people] = label[: len(people)]
    values, inverse, size = np.unique(vote[vote >= 0], return_inverse=True, return_counts=True)
    large = np.flatnonzero(size >= max(50, (vote >= 0).sum() / 50))
    large = large[np.argsort(-size[large], kind="stable")][: most - 1]
    number = np.zeros(len(values), np.int64)
    number[large] = np.arange(1, len(large) + 1)
    found[vote >= 0] = number[inverse]
    return found, len(large) + 1


#: Accounts with fewer acts than this before are told by whom they meet later.
MIN_KNOWN_ACTS = 6


def place_newcomers(
    community: np.ndarray,
    groups: int,
    learned: np.ndarray,
    account: np.ndarray,
    object_: np.ndarray,
) -> np.ndarray:
    """`community` (from `interests`) with those hardly known from before placed by the company they keep later: int64[accounts].

    learned: int32, account of each act that `community` was learnt from. account, object_: the acts that are tested. An
    object belongs where most of those known who act on it belong; an account known from fewer than `FEW` acts goes where
    most of its objects belong, and stays where it is if none belongs anywhere.
    """
    known = np.bincount(learned, minlength=len(community))[: len(community)] >= MIN_KNOWN_ACTS
    tells = known[account] & (community[account] > 0)
    place = _majority_label(object_[tells], community[account][tells], int(object_.max()) + 1)
    asks = ~known[account] & (place[object_] >= 0)
    vote = _majority_label(account[asks], place[object_[asks]], len(community))
    return np.where(vote >= 0, vote, community)


#: Acts that are looked at to tell interests apart: enough for a few dozen communities, quick enough not to be felt.
MAX_SAMPLED_ACTS = 250_000


def _sample_pairs(account: np.ndarray, object_: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct (account, object) of whole objects with company, at most about `SAMPLE` acts, chosen by a hash of the object."""
    if not len(account):
        return account, object_
    crowd = np.bincount(object_)
    wanted = crowd > 1
    total = int(crowd[wanted].sum())
    if total > MAX_SAMPLED_ACTS:
        scattered = (
            np.arange(len(crowd), dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        ) >> np.uint64(11)
        wanted &= scattered < np.uint64(int((1 << 53) * (MAX_SAMPLED_ACTS / total)))
    keep = wanted[object_]
    pairs = np.unique(account[keep].astype(np.int64) << 32 | object_[keep])
    return pairs >> 32, pairs & 0xFFFFFFFF


def _majority_label(account: np.ndarray, label: np.ndarray, accounts: int) -> np.ndarray:
    """int64[accounts]: the commonest label of each account, the smallest of equals; -1 for those without."""
    found = np.full(accounts, -1, np.int64)
    if len(account):
        labels = int(label.max()) + 1
        cells, times = np.unique(account.astype(np.int64) * labels + label, return_counts=True)
        order = np.lexsort((-cells, times))  # the last of an account's cells in this order wins
        found[cells[order] // labels] = cells[order] % labels
    return found


def best_jaccard(
    one: np.ndarray, one_group: np.ndarray, other: np.ndarray, other_group: np.ndarray
) -> np.ndarray:
    """float64[groups of one]: the best Jaccard similarity of each group to a group of the other partition."""
    groups = int(one_group.max()) if len(one_group) else 0
    best = np.zeros(groups)
    if not groups or not len(other):
        return best
    at = np.searchsorted(other, one)
    at[at == len(other)] = 0
    shared = other[at] == one
    size = np.bincount(one_group, minlength=groups + 1)
    other_size = np.bincount(other_group)
    pairs, common = np.unique(
        one_group[shared].astype(np.int64) << 32 | other_group[at[shared]], return_counts=True
    )
    for pair, n in zip(pairs, common):
        g, h = int(pair >> 32), int(pair & 0xFFFFFFFF)
        best[g - 1] = max(best[g - 1], n / (size[g] + other_size[h] - n))
    return best
