"""The peers' own definitions, reproduced edge for edge, so that results can be compared with published ones.

CooRTweet (Righetti & Balluff 2023): `detect_groups`, then `generate_coordinated_network`. Coordination Network Toolkit 1.5.2
(Graham, QUT): `co_retweet`. Semantics and their traps: docs/methods/coordination.md. Neither has a null model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from birdfall.kernels.coaction import coaction
from birdfall.kernels.coaction_pairs import pairs_of_acts


@dataclass(frozen=True)
class PresetEdges:
    """lo, hi (or source, target): int32[e]; weight: int64[e]; apart: mean |dt| in seconds, NaN where the peer has none."""

    lo: np.ndarray
    hi: np.ndarray
    weight: np.ndarray
    apart: np.ndarray
    threshold: float = 0.0


def coortweet_groups(
    account: np.ndarray, object_: np.ndarray, content: np.ndarray, time: np.ndarray, *, window: int,
    min_participation: int = 2, remove_loops: bool = True, object_content: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Pairs of rows (int64 row numbers, each of them once) that CooRTweet's `detect_groups` reports.

    account, object_, content: int32[n] codes; time: int64[n] us; window: us, inclusive. object_content: int32[objects], the
    content code that an object's id equals, -1 if none (for loops). Accounts with fewer than `min_participation` rows are
    left out first; of the pairs, those stay of which at least one side's content belongs to an account with that many paired rows.
    """
    rows = np.arange(len(time))
    shares = np.bincount(account, minlength=int(account.max(initial=-1)) + 1)
    rows = rows[shares[account] >= min_participation]
    a, b = pairs_of_acts(object_[rows], time[rows], window)
    a, b = rows[a], rows[b]
    if remove_loops:
        keep = (account[a] != account[b]) & (content[a] != content[b])
        if object_content is not None:
            same = object_content[object_[a]]
            keep &= (same < 0) | ((same != content[a]) & (same != content[b]))
        a, b = a[keep], b[keep]
    if not len(a):
        return a, b
    # rows that occur in some pair, each content once: an account qualifies by how many it has
    content_of = np.unique(np.concatenate([content[a], content[b]]))
    listed = np.isin(content, content_of) & (shares[account] >= min_participation)
    paired = np.bincount(account[listed], minlength=len(shares))
    good = np.unique(content[listed & (paired[account] >= min_participation)])
    keep = np.isin(content[a], good) | np.isin(content[b], good)
    return a[keep], b[keep]


def coortweet(
    account: np.ndarray, object_: np.ndarray, content: np.ndarray, time: np.ndarray, *, window: int,
    min_participation: int = 2, remove_loops: bool = True, edge_weight: float = 0.5,
    object_content: np.ndarray | None = None,
) -> PresetEdges:  # fmt: skip
    """Edges of `generate_coordinated_network(edge_weight=...)`: weight is the number of pairs, apart the mean |dt|.

    edge_weight: quantile of the weights; heavier edges are those the peer marks (`threshold`), all are returned.
    """
    a, b = coortweet_groups(
        account, object_, content, time, window=window, min_participation=min_participation,
        remove_loops=remove_loops, object_content=object_content,
    )  # fmt: skip
    x, y = account[a].astype(np.int64), account[b].astype(np.int64)
    key = np.minimum(x, y) << 32 | np.maximum(x, y)
    found, inverse, weight = np.unique(key, return_inverse=True, return_counts=True)
    seconds = np.abs(time[a] - time[b]) / 1e6
    apart = np.bincount(inverse, seconds, len(found)) / np.maximum(1, weight)
    threshold = float(np.quantile(weight, edge_weight)) if len(weight) else 0.0
    return PresetEdges(
        (found >> 32).astype(np.int32), (found & 0xFFFFFFFF).astype(np.int32), weight.astype(np.int64), apart, threshold
    )


def toolkit(
    account: np.ndarray, object_: np.ndarray, content: np.ndarray, time: np.ndarray, *, window: int, min_edge_weight: int = 1,
    loops: bool = False,
) -> PresetEdges:  # fmt: skip
    """Edges of `compute co_retweet`: directed, weight the number of distinct messages of the source that meet one of the target.

    Messages are de-duplicated by content id, the first kept; times are cut to whole seconds. loops: with self-loops,
    whose weight is the number of the account's messages, each of which meets itself.
    """
    # written backwards, so that of each message the first act is left
    first = np.full(int(content.max(initial=-1)) + 1, -1, np.int64)
    first[content[::-1]] = np.arange(len(content))[::-1]
    first = first[first >= 0]
    if len(first) < len(content):
        first.sort()
        account, object_, time = account[first], object_[first], time[first]
    time = time // 1_000_000 * 1_000_000
    edges = coaction(
        account, object_, time, window=window // 1_000_000 * 1_000_000 or 1, count="messages", at_least=min_edge_weight
    )
    lo, hi, weight = edges.lo, edges.hi, edges.weight
    if loops:
        own = np.bincount(account)
        who = np.flatnonzero(own >= max(1, min_edge_weight)).astype(np.int32)
        lo, hi = np.concatenate([lo, who]), np.concatenate([hi, who])
        weight = np.concatenate([weight, own[who]])
        order = np.lexsort((hi, lo))
        lo, hi, weight = lo[order], hi[order], weight[order]
    return PresetEdges(lo, hi, weight.astype(np.int64), np.full(len(lo), np.nan))
