"""The densest block of reporters and targets, by peeling the graph of the reports in lockstep.

Which reports lie near each other (on one target, within the window) does not depend on who made them, so it is found once and kept
while authors are exchanged: a shuffle then costs as much as there are such pairs, not as there are reports.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from birdfall.kernels.coaction.lockstep import cores, near_count, near_pairs
from birdfall.measures.brigades.lockstep import in_lockstep, pairs_together
from birdfall.measures.brigades.reports import Reports

#: Added to a target's reporters before the logarithm (Hooi et al. 2016).
OFFSET = 5.0
#: More pairs than this are not kept but counted anew for every shuffle, by the co-action kernel (16 bytes a pair).
MOST_PAIRS = 20_000_000


@dataclass(frozen=True)
class Dense:
    """A graph of reporters and targets. suspicion: of each, the density of the densest block met while peeling that held it.

    reporter, target: int32[e], distinct reports in lockstep. reporters, targets: int32, those in it, ascending;
    reporter_suspicion, target_suspicion: float64 beside them. density: the greatest.
    """

    reporter: np.ndarray
    target: np.ndarray
    reporters: np.ndarray
    targets: np.ndarray
    reporter_suspicion: np.ndarray
    target_suspicion: np.ndarray
    density: float


@dataclass(frozen=True)
class Near:
    """Pairs of reports on one target within the window: left, right: int32[p], positions in the log, ordered by target."""

    left: np.ndarray
    right: np.ndarray


def near(reports: Reports, window: int) -> Near | None:
    """The pairs of reports that lie near each other; None if they are too many to be kept."""
    order = np.lexsort((reports.time, reports.target))
    target, time = reports.target[order], reports.time[order]
    number = near_count(target, time, window)
    if number > MOST_PAIRS:
        return None
    left, right = near_pairs(target, time, window, number)
    order = order.astype(np.int32)
    return Near(order[left], order[right])


def dense(reports: Reports, window: int, pairs: Near | None = None) -> Dense:
    """Peel the graph of the reports in lockstep. pairs: `near` of the same targets and times, if it is known."""
    pairs = pairs or near(reports, window)
    inside = (
        _together(reports, pairs) if pairs is not None else _together_by_coaction(reports, window)
    )
    edge = np.unique(reports.reporter[inside].astype(np.int64) << 32 | reports.target[inside])
    reporter, target = (edge >> 32).astype(np.int32), (edge & 0xFFFFFFFF).astype(np.int32)
    who, a = np.unique(reporter, return_inverse=True)
    whom, b = np.unique(target, return_inverse=True)
    if not len(edge):
        none = np.empty(0)
        return Dense(reporter, target, who, whom, none, none, 0.0)
    weight = 1.0 / np.log(_crowd(reports, whom)[b] + OFFSET)
    value = cores(a.astype(np.int32), (b + len(who)).astype(np.int32), weight, len(who) + len(whom))
    return Dense(
        reporter, target, who, whom, value[: len(who)], value[len(who) :], float(value.max())
    )


def _together(reports: Reports, pairs: Near) -> np.ndarray:
    """Positions (int64, ascending) of the reports near one by somebody who reported another target near its author too."""
    one, other = reports.reporter[pairs.left], reports.reporter[pairs.right]
    key = np.minimum(one, other).astype(np.int64) << 32 | np.maximum(one, other)
    order = np.argsort(key, kind="stable")
    order = order[(one != other)[order]]
    if not len(order):
        return np.zeros(0, np.int64)
    key, target = key[order], reports.target[pairs.left[order]]
    begin = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    # pairs come by target, and a stable sort leaves them so: two targets at least where first and last differ
    last = np.r_[begin[1:], len(key)] - 1
    several = np.repeat(target[begin] != target[last], last - begin + 1)
    found: np.ndarray = np.unique(
        np.concatenate([pairs.left[order[several]], pairs.right[order[several]]])
    ).astype(np.int64)
    return found


def _together_by_coaction(reports: Reports, window: int) -> np.ndarray:
    lo, hi = pairs_together(reports, window)
    return np.flatnonzero(in_lockstep(reports, lo, hi, window))


def densest_part(graph: Dense) -> tuple[np.ndarray, np.ndarray]:
    """Members and targets (int32, ascending) of the densest block; of its largest part, if it falls into parts that share nobody.

    Two crews of like density are peeled as one.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    members = graph.reporters[graph.reporter_suspicion >= graph.density]
    targets = graph.targets[graph.target_suspicion >= graph.density]
    inside = np.isin(graph.reporter, members) & np.isin(graph.target, targets)
    a = np.searchsorted(members, graph.reporter[inside])
    b = np.searchsorted(targets, graph.target[inside]) + len(members)
    number = len(members) + len(targets)
    if not number:
        return members, targets
    parts, label = connected_components(
        coo_array((np.ones(len(a)), (a, b)), shape=(number, number)), directed=False
    )
    if parts == 1:
        return members, targets
    largest = label == np.bincount(label[a], minlength=parts).argmax()
    return members[largest[: len(members)]], targets[largest[len(members) :]]


def _crowd(reports: Reports, targets: np.ndarray) -> np.ndarray:
    """Distinct reporters of each of `targets` (int32, ascending)."""
    wanted = np.zeros(int(reports.target.max()) + 1, np.bool_)
    wanted[targets] = True
    mine = wanted[reports.target]
    pair = np.unique(reports.target[mine].astype(np.int64) << 32 | reports.reporter[mine])
    return np.bincount(np.searchsorted(targets, pair >> 32), minlength=len(targets))
