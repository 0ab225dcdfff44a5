"""Places for a coordination network.

Groups first, members inside their group; the same for every reader and every run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from birdfall.kernels.layout import pack_discs, spring_layout


@dataclass(frozen=True)
class Layout:
    """x, y: float64[n], all within the unit disc.

    centre, radius: of each group's disc, by group label as in `label`.
    """

    x: np.ndarray
    y: np.ndarray
    label: np.ndarray
    centre: np.ndarray
    radius: np.ndarray


def layout(
    n: int,
    source: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray,
    group: np.ndarray,
    *,
    seed: int = 7,
) -> Layout:
    """Places of n accounts.

    source, target: int32[e] in 0..n-1; weight: float64[e] > 0; group: int32[n], -1 for none.

    Accounts of no group are drawn as groups of one. Bit-identical for the same arguments.
    """
    if n == 0:
        none = np.empty(0)
        return Layout(none, none, np.empty(0, np.int64), np.empty((0, 2)), none)
    label, disc = _discs(n, group)
    sizes = np.bincount(disc, minlength=len(label))
    order = np.lexsort((label, -sizes))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    disc, label, sizes = rank[disc], label[order], sizes[order]
    radius = np.sqrt(sizes) * 1.25 + 0.35
    centre = pack_discs(radius, *_quotient(disc, source, target, weight, len(label)))
    # the first disc stands in the middle; the picture is centred on all of them
    low, high = (centre - radius[:, None]).min(axis=0), (centre + radius[:, None]).max(axis=0)
    centre -= (low + high) / 2
    x, y = _members(n, disc, source, target, weight, sizes, radius, centre, seed)
    reach = float(np.max(np.hypot(centre[:, 0], centre[:, 1]) + radius))
    return Layout(x / reach, y / reach, label, centre / reach, radius / reach)


def _discs(n: int, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A label per disc (the group; -1 - account for accounts alone), and each account's disc."""
    own = np.where(group >= 0, group, -1 - np.arange(n, dtype=np.int64))
    return np.unique(own, return_inverse=True)


def _quotient(
    disc: np.ndarray, source: np.ndarray, target: np.ndarray, weight: np.ndarray, discs: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    # loaded where a network is drawn: a report without one does not wait for it
    from scipy.sparse import coo_array

    a, b = disc[source], disc[target]
    across = a != b
    rows, columns = np.r_[a[across], b[across]], np.r_[b[across], a[across]]
    joined = coo_array(
        (np.r_[weight[across], weight[across]].astype(np.float64), (rows, columns)),
        shape=(discs, discs),
    ).tocsr()
    joined.sort_indices()
    return joined.indptr.astype(np.int64), joined.indices.astype(np.int64), joined.data


def _members(
    n: int,
    disc: np.ndarray,
    source: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray,
    sizes: np.ndarray,
    radius: np.ndarray,
    centre: np.ndarray,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(disc, kind="stable")
    starts = np.r_[0, np.cumsum(sizes)]
    local = np.empty(n, np.int64)
    local[order] = np.arange(n) - np.repeat(starts[:-1], sizes)
    inside = disc[source] == disc[target]
    edge_disc = disc[source[inside]]
    by_disc = np.argsort(edge_disc, kind="stable")
    edges = np.flatnonzero(inside)[by_disc]
    cuts = np.searchsorted(edge_disc[by_disc], np.arange(len(sizes) + 1))
    x, y = np.empty(n), np.empty(n)
    for d in range(len(sizes)):
        members = order[starts[d] : starts[d + 1]]
        mine = edges[cuts[d] : cuts[d + 1]]
        pull = (
            np.sqrt(weight[mine] / weight[mine].max()) / max(1.0, 2 * len(mine) / len(members))
            if len(mine)
            else np.empty(0)
        )
        place = spring_layout(
            len(members),
            local[source[mine]].astype(np.int32),
            local[target[mine]].astype(np.int32),
            pull,
            seed + d,
        )
        scale = 0.0 if len(members) == 1 else radius[d] - 0.6
        x[members] = centre[d, 0] + scale * place[:, 0]
        y[members] = centre[d, 1] + scale * place[:, 1]
    return x, y
