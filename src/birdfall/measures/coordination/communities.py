"""Groups: who belongs together in a network of significant edges, and which interests its accounts
share.

Label propagation finds small groups; Leiden's algorithm (with a resolution) merges them. Interests
are large communities of accounts by the objects they act on at all, by Leiden's algorithm on the
graph of accounts and objects. One thread and a seed: where codes are those of
`traces.canonical_codes`, the same data give the same groups, whatever the order of the rows, the
key of the pseudonyms and how accounts are called. Method: docs/methods/coordination.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import graspologic_native
import numpy as np
from scipy import sparse

from birdfall.kernels.label_propagation import propagate_labels
from birdfall.measures.coordination.options import GroupMethod

#: Full cycles of Leiden's algorithm for groups; the second mends what the first settled too early.
GROUP_CYCLES = 2
#: Label propagation ends when fewer than one node in so many still changes.
NODES_PER_CHANGE = 100_000


@dataclass(frozen=True)
class Grouping:
    """Who belongs to which group.

    Attributes
    ----------
    members : int32[m]
        Account codes, ascending.
    group : int32[m]
        The group of each, from 1, the largest first.
    """

    members: np.ndarray
    group: np.ndarray

    @property
    def count(self) -> int:
        """How many groups there are."""
        return int(self.group.max(initial=0))


def _adjacency(nodes: int, lo: np.ndarray, hi: np.ndarray, weight: np.ndarray) -> sparse.csr_array:
    """The symmetric matrix of an undirected network, float64[nodes, nodes]; columns of a row
    ascend.
    """
    ends = (np.concatenate([lo, hi]), np.concatenate([hi, lo]))
    matrix = sparse.csr_array((np.tile(weight.astype(np.float64), 2), ends), shape=(nodes, nodes))
    matrix.sort_indices()
    return matrix


def _leiden(matrix: sparse.csr_array, resolution: float, seed: int, cycles: int) -> np.ndarray:
    """int64[nodes]: the community of each node by Leiden's algorithm (Traag, Waltman and van Eck
    2019).
    """
    nodes = matrix.shape[0]
    _, community = graspologic_native.leiden_csr(
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int32),
        matrix.data,
        nodes,
        resolution=resolution,
        iterations=cycles,
        seed=seed,
    )
    return np.fromiter((community[node] for node in range(nodes)), np.int64, nodes)


def _propagate(matrix: sparse.csr_array, seed: int) -> np.ndarray:
    """int64[nodes]: labels by propagation, the nodes visited in an order drawn from the seed."""
    nodes = matrix.shape[0]
    return np.asarray(
        propagate_labels(
            matrix.indptr.astype(np.int64),
            matrix.indices.astype(np.int32),
            matrix.data,
            np.random.default_rng(seed).permutation(nodes),
            nodes // NODES_PER_CHANGE,
        )
    )


def find_groups(
    lo: np.ndarray,
    hi: np.ndarray,
    weight: np.ndarray,
    *,
    method: GroupMethod = "propagation",
    resolution: float = 1.0,
    seed: int = 0,
) -> Grouping:
    """The groups of a network.

    Parameters
    ----------
    lo, hi : int32[e]
        The accounts that each edge joins.
    weight : float64[e]
        How strongly, > 0.
    method : {"propagation", "leiden", "louvain"}
        Label propagation, or Leiden's algorithm ("louvain" means it too).
    resolution : float
        Of Leiden's algorithm: larger makes smaller groups.
    seed : int
        Of the order of visits, or of Leiden's algorithm.

    Returns
    -------
    Grouping
        Ties in size go to the group with the smallest code, so numbers do not depend on the labels.
    """
    if not len(lo):
        return Grouping(np.empty(0, np.int32), np.empty(0, np.int32))
    members, ends = np.unique(np.concatenate([lo, hi]), return_inverse=True)
    matrix = _adjacency(len(members), ends[: len(lo)], ends[len(lo) :], weight)
    if method == "propagation":
        label = _propagate(matrix, seed)
    else:
        label = _leiden(matrix, resolution, seed, GROUP_CYCLES)
    return Grouping(members.astype(np.int32), _rank_by_size(label))


def _rank_by_size(label: np.ndarray) -> np.ndarray:
    """int32[n]: labels as 1, 2, ... by size, then by first member."""
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
    """Large communities of accounts by what they act on at all, whenever.

    Parameters
    ----------
    account, object_ : int32[n]
        Codes of the acts.
    accounts : int
        Largest account code + 1.
    seed, resolution : int, float
        Of Leiden's algorithm.
    most : int
        At most so many communities are told apart, everybody else included.

    Returns
    -------
    int64[accounts], int
        The community of each account, and how many there are. 0 is everybody who belongs to none
        that holds at least a fiftieth of the accounts and fifty of them: a small group must not
        become a stratum of its own, or it would explain itself away.

    Notes
    -----
    Popular objects weigh little: 1 / log2(1 + crowd).
    """
    found = np.zeros(accounts, np.int64)
    who, what = _sample_pairs(account, object_)
    if not len(who):
        return found, 1
    people, who = np.unique(who, return_inverse=True)
    things, what = np.unique(what, return_inverse=True)
    weight = 1.0 / np.log2(1.0 + np.bincount(what)[what])
    matrix = _adjacency(len(people) + len(things), who, what + len(people), weight)
    label = _leiden(matrix, resolution, seed, 1)
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


#: Accounts with fewer earlier acts than this are placed by the accounts they meet later.
MIN_KNOWN_ACTS = 6


def place_newcomers(
    community: np.ndarray, learned: np.ndarray, account: np.ndarray, object_: np.ndarray
) -> np.ndarray:
    """Communities with accounts hardly known from before placed by the company they keep later.

    Parameters
    ----------
    community : int64[accounts]
        From `find_interests`.
    learned : int32[k]
        The account of each act that `community` was learnt from.
    account, object_ : int32[n]
        The acts that are tested.

    Returns
    -------
    int64[accounts]
        An object belongs where most of those known who act on it belong; an account known from
        fewer than `MIN_KNOWN_ACTS` acts goes where most of its objects belong, and stays where it
        is if none belongs anywhere.
    """
    known = np.bincount(learned, minlength=len(community))[: len(community)] >= MIN_KNOWN_ACTS
    counted = known[account] & (community[account] > 0)
    place = _majority_label(object_[counted], community[account][counted], int(object_.max()) + 1)
    asked = ~known[account] & (place[object_] >= 0)
    vote = _majority_label(account[asked], place[object_[asked]], len(community))
    return np.where(vote >= 0, vote, community)


#: Acts looked at to tell interests apart: enough for a few dozen communities, in well under a
#: second.
MAX_SAMPLED_ACTS = 250_000


def _sample_pairs(account: np.ndarray, object_: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct (account, object) of whole objects with company, chosen by a hash of the object.

    About `MAX_SAMPLED_ACTS` acts at most.
    """
    if not len(account):
        return account, object_
    crowd = np.bincount(object_)
    wanted = crowd > 1
    total = int(crowd[wanted].sum())
    if total > MAX_SAMPLED_ACTS:
        codes = np.arange(len(crowd), dtype=np.uint64)
        scattered = (codes * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(11)
        wanted &= scattered < np.uint64(int((1 << 53) * (MAX_SAMPLED_ACTS / total)))
    keep = wanted[object_]
    pairs = np.unique(account[keep].astype(np.int64) << 32 | object_[keep])
    return pairs >> 32, pairs & 0xFFFFFFFF


def _majority_label(account: np.ndarray, label: np.ndarray, accounts: int) -> np.ndarray:
    """int64[accounts]: commonest label of each account, the smallest of equals; -1 without any."""
    found = np.full(accounts, -1, np.int64)
    if len(account):
        labels = int(label.max()) + 1
        cells, times = np.unique(account.astype(np.int64) * labels + label, return_counts=True)
        order = np.lexsort((-cells, times))  # the last of an account's cells in this order wins
        found[cells[order] // labels] = cells[order] % labels
    return found


def best_jaccard(one: Grouping, other: Grouping) -> np.ndarray:
    """float64[groups of one]: the best Jaccard similarity of each group to a group of the other."""
    best = np.zeros(one.count)
    if not one.count or not len(other.members):
        return best
    at = np.searchsorted(other.members, one.members)
    at[at == len(other.members)] = 0
    shared = other.members[at] == one.members
    size = np.bincount(one.group, minlength=one.count + 1)
    other_size = np.bincount(other.group)
    pairs, common = np.unique(
        one.group[shared].astype(np.int64) << 32 | other.group[at[shared]], return_counts=True
    )
    for pair, n in zip(pairs, common, strict=True):
        g, h = int(pair >> 32), int(pair & 0xFFFFFFFF)
        best[g - 1] = max(best[g - 1], n / (size[g] + other_size[h] - n))
    return best
