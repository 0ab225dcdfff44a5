"""What others do with acts on shared objects, each at one setting, nothing tuned.

Each method takes account and object codes and times, and gives pairs that it calls, with a weight;
who is in a called pair is called. Written from the papers, for `labelled.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.stats import hypergeom, poisson

from birdfall.kernels.coaction.coaction import coaction

WINDOW_US = 60_000_000
#: Accounts with fewer objects are left out, as the methods' authors do.
MIN_OBJECTS = 10
#: Pairs of shared objects beyond this are too many for a table of all pairs.
MAX_PAIRS = 30_000_000


@dataclass(frozen=True)
class Called:
    """Pairs int64[e] with weights, and the weight of every account, float64[accounts]."""

    lo: np.ndarray
    hi: np.ndarray
    score: np.ndarray


Method = Callable[[np.ndarray, np.ndarray, np.ndarray, int], Called]


def _called(lo: np.ndarray, hi: np.ndarray, weight: np.ndarray, keep: np.ndarray, n: int) -> Called:
    score = np.zeros(n)
    np.maximum.at(score, lo, weight)
    np.maximum.at(score, hi, weight)
    return Called(lo[keep], hi[keep], score)


def fixed_rule(account: np.ndarray, object_: np.ndarray, time: np.ndarray, n: int) -> Called:
    """Two co-actions or more within 60 s (Giglietto et al. 2020)."""
    found = coaction(account, object_, time, window=WINDOW_US, count="pairs", at_least=2)
    return _called(found.lo, found.hi, found.weight, np.ones(len(found), bool), n)


def _shared(account: np.ndarray, object_: np.ndarray, n: int) -> tuple[np.ndarray, ...]:
    """Pairs with a shared object, how many they share, and the table of who acted on what."""
    pairs = np.unique(account.astype(np.int64) << 32 | object_)
    who, what = pairs >> 32, pairs & 0xFFFFFFFF
    table = sparse.csr_array((np.ones(len(who)), (who, what)), shape=(n, int(object_.max()) + 1))
    crowd = np.bincount(what).astype(float)
    if (crowd * (crowd - 1) / 2).sum() > MAX_PAIRS:
        raise MemoryError("more pairs of shared objects than a table of all pairs may hold")
    both = sparse.triu(table @ table.T, 1).tocoo()
    return both.row.astype(np.int64), both.col.astype(np.int64), both.data, table


def _by_bh(p: np.ndarray, tests: int, alpha: float = 0.01) -> np.ndarray:
    order = np.argsort(p)
    good = p[order] <= alpha * np.arange(1, len(p) + 1) / tests
    keep = np.zeros(len(p), bool)
    if good.any():
        keep[order[: np.flatnonzero(good)[-1] + 1]] = True
    return keep


def hypergeometric(account: np.ndarray, object_: np.ndarray, _: np.ndarray, n: int) -> Called:
    """More shared objects than draws without a memory bring; Benjamini-Hochberg at 1 %."""
    lo, hi, shared, table = _shared(account, object_, n)
    degree = np.diff(table.indptr)
    objects = int((table.sum(0) > 0).sum())
    log_p = hypergeom.logsf(shared - 1, objects, degree[lo], degree[hi])
    active = int((degree > 0).sum())
    keep = _by_bh(np.exp(log_p), active * (active - 1) // 2)
    return _called(lo, hi, -log_p, keep, n)


def bicm(account: np.ndarray, object_: np.ndarray, _: np.ndarray, n: int) -> Called:
    """More shared objects than the bipartite configuration model (Saracco et al. 2015) brings,
    by a Poisson tail; Benjamini-Hochberg at 1 %.
    """
    lo, hi, shared, table = _shared(account, object_, n)
    degree, crowd = np.diff(table.indptr), np.asarray(table.sum(0)).ravel()
    k, of, many = np.unique(degree[degree > 0], return_inverse=True, return_counts=True)
    c, number = np.unique(crowd[crowd > 0], return_counts=True)
    x, y = k / np.sqrt(degree.sum()), c / np.sqrt(degree.sum())
    for _round in range(500):
        x = k / (number * y / (1 + np.outer(x, y))).sum(1)
        y = c / (many[:, None] * x[:, None] / (1 + np.outer(x, y))).sum(0)
    chance = np.outer(x, y) / (1 + np.outer(x, y))
    rate = (chance * number) @ chance.T
    place = np.full(n, -1)
    place[degree > 0] = of
    log_p = poisson.logsf(shared - 1, rate[place[lo], place[hi]])
    active = len(of)
    return _called(lo, hi, -log_p, _by_bh(np.exp(log_p), active * (active - 1) // 2), n)


def _cosines(account: np.ndarray, object_: np.ndarray, n: int) -> tuple[np.ndarray, ...]:
    """Pairs and their TF-IDF cosines, of accounts with enough objects."""
    enough = np.bincount(np.unique(account.astype(np.int64) << 32 | object_) >> 32, minlength=n)
    keep = enough[account] >= MIN_OBJECTS
    if not keep.any():
        none = np.empty(0, np.int64)
        return none, none, np.empty(0)
    account, object_ = account[keep], object_[keep]
    _shared(account, object_, n)
    times = sparse.coo_array(
        (np.ones(len(account)), (account, object_)), shape=(n, int(object_.max()) + 1)
    ).tocsr()
    crowd = np.asarray((times > 0).sum(0)).ravel()
    weighted = times.multiply(np.log(len(np.unique(account)) / np.maximum(1, crowd))).tocsr()
    norm = np.sqrt(np.asarray(weighted.multiply(weighted).sum(1)).ravel())
    weighted = sparse.diags_array(1 / np.maximum(norm, 1e-12)) @ weighted
    both = sparse.triu(weighted @ weighted.T, 1).tocsr()
    both.sort_indices()
    both = both.tocoo()
    return both.row.astype(np.int64), both.col.astype(np.int64), both.data


def tfidf_cosine(account: np.ndarray, object_: np.ndarray, _: np.ndarray, n: int) -> Called:
    """The most alike 0.5 % of pairs by TF-IDF cosine (Pacheco et al. 2021), ten objects or more."""
    lo, hi, cosine = _cosines(account, object_, n)
    keep = cosine >= np.quantile(cosine, 0.995) if len(cosine) else np.zeros(0, bool)
    return _called(lo, hi, cosine, keep, n)


def centrality(account: np.ndarray, object_: np.ndarray, _: np.ndarray, n: int) -> Called:
    """Nodes of that network above the 95th percentile of eigenvector centrality (Luceri et al.
    2024 prune nodes so; their percentile is chosen by data).
    """
    lo, hi, cosine = _cosines(account, object_, n)
    if not len(lo):
        return _called(lo, hi, cosine, np.zeros(0, bool), n)
    ends = (np.r_[lo, hi], np.r_[hi, lo])
    network = sparse.csr_array((np.r_[cosine, cosine], ends), shape=(n, n))
    central = np.ones(n) / np.sqrt(n)
    for _round in range(200):
        central = network @ central + 1e-9
        central /= np.linalg.norm(central)
    nodes = np.unique(np.r_[lo, hi])
    top = central >= np.quantile(central[nodes], 0.95)
    return Called(lo[top[lo] & top[hi]], hi[top[lo] & top[hi]], central)


def permutation(account: np.ndarray, object_: np.ndarray, _: np.ndarray, n: int) -> Called:
    """Pairs more alike than in 199 shuffles of who acted (p < 0.01, no correction), ten objects or
    more: the question that coordinationz 0.2 asks.
    """
    lo, hi, cosine = _cosines(account, object_, n)
    key = lo << 32 | hi
    above = np.zeros(len(key))
    rng = np.random.default_rng(0)
    for _round in range(199):
        a, b, other = _cosines(rng.permutation(account), object_, n)
        there = np.isin(a << 32 | b, key)
        at = np.searchsorted(key, (a << 32 | b)[there])
        above[at] += other[there] >= cosine[at]
    p = (1 + above) / 200
    return _called(lo, hi, -np.log(p) + cosine * 1e-3, p < 0.01, n)


OTHERS: dict[str, Method] = {
    "fixed rule, 60 s, 2": fixed_rule,
    "hypergeometric": hypergeometric,
    "BiCM": bicm,
    "TF-IDF cosine, 99.5 %": tfidf_cosine,
    "centrality, 95 %": centrality,
    "permutation, p < 0.01": permutation,
}
