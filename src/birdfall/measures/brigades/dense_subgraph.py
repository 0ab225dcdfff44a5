"""The densest block of reporters and targets, by peeling the graph of the reports in lockstep.

Which reports lie near each other (on one target, within the window) does not depend on who made
them, so it is found once and kept while authors are exchanged: a shuffle then costs as much as
there are such pairs, not as there are reports.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from birdfall.kernels.coaction.lockstep import core_densities, count_near_pairs, list_near_pairs
from birdfall.measures.brigades.lockstep import find_partners, lockstep_pairs
from birdfall.measures.brigades.reports import Reports

#: Added to a target's reporters before the logarithm (Hooi et al. 2016).
LOG_OFFSET = 5.0
#: More pairs than this are not kept but counted anew for every shuffle, by the co-action kernel (16
#: bytes a pair).
MAX_KEPT_PAIRS = 20_000_000


@dataclass(frozen=True)
class ReportGraph:
    """A graph of reporters and targets.

    suspicion: of each, the density of the densest block met while peeling that held it.

    reporter, target: int32[e], distinct reports in lockstep. reporters, targets: int32, those in
    it, ascending; reporter_suspicion, target_suspicion: float64 beside them. density: the greatest.
    """

    reporter: np.ndarray
    target: np.ndarray
    reporters: np.ndarray
    targets: np.ndarray
    reporter_suspicion: np.ndarray
    target_suspicion: np.ndarray
    density: float


@dataclass(frozen=True)
class NearPairs:
    """Pairs of reports on one target within the window: left, right: int32[p], positions in the
    log, ordered by target.
    """

    left: np.ndarray
    right: np.ndarray


def find_near_pairs(reports: Reports, window: int) -> NearPairs | None:
    """The pairs of reports that lie near each other; None if they are too many to be kept."""
    order = np.lexsort((reports.time, reports.target))
    target, time = reports.target[order], reports.time[order]
    number = count_near_pairs(target, time, window)
    if number > MAX_KEPT_PAIRS:
        return None
    left, right = list_near_pairs(target, time, window, number)
    order = order.astype(np.int32)
    return NearPairs(order[left], order[right])


def peel_reports(reports: Reports, window: int, pairs: NearPairs | None = None) -> ReportGraph:
    """Peel the graph of the reports in lockstep.

    pairs: `near` of the same targets and times, if it is known.
    """
    pairs = pairs or find_near_pairs(reports, window)
    inside = (
        lockstep_by_pairs(reports, pairs)
        if pairs is not None
        else lockstep_by_coaction(reports, window)
    )
    edge = np.unique(reports.reporter[inside].astype(np.int64) << 32 | reports.target[inside])
    reporter, target = (edge >> 32).astype(np.int32), (edge & 0xFFFFFFFF).astype(np.int32)
    who, a = np.unique(reporter, return_inverse=True)
    whom, b = np.unique(target, return_inverse=True)
    if not len(edge):
        none = np.empty(0)
        return ReportGraph(reporter, target, who, whom, none, none, 0.0)
    weight = 1.0 / np.log(_count_reporters(reports, whom)[b] + LOG_OFFSET)
    value = core_densities(
        a.astype(np.int32), (b + len(who)).astype(np.int32), weight, len(who) + len(whom)
    )
    return ReportGraph(
        reporter, target, who, whom, value[: len(who)], value[len(who) :], float(value.max())
    )


def lockstep_by_pairs(reports: Reports, pairs: NearPairs) -> np.ndarray:
    """Positions (int64, ascending) of the reports near one by somebody who reported another target
    near its author too.
    """
    one, other = reports.reporter[pairs.left], reports.reporter[pairs.right]
    key = np.minimum(one, other).astype(np.int64) << 32 | np.maximum(one, other)
    order = np.argsort(key, kind="stable")
    order = order[(one != other)[order]]
    if not len(order):
        return np.zeros(0, np.int64)
    key, target = key[order], reports.target[pairs.left[order]]
    begin = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    # pairs come by target, and a stable sort leaves them so: two targets at least where first and
    # last differ
    last = np.r_[begin[1:], len(key)] - 1
    several = np.repeat(target[begin] != target[last], last - begin + 1)
    found: np.ndarray = np.unique(
        np.concatenate([pairs.left[order[several]], pairs.right[order[several]]])
    ).astype(np.int64)
    return found


def lockstep_by_coaction(reports: Reports, window: int) -> np.ndarray:
    """The same positions by the co-action kernel, where pairs are too many to keep."""
    lo, hi = lockstep_pairs(reports, window)
    return np.flatnonzero(find_partners(reports, lo, hi, window))


def densest_part(graph: ReportGraph) -> tuple[np.ndarray, np.ndarray]:
    """Members and targets (int32, ascending) of the densest block; of its largest part, if it falls
    into parts that share nobody.

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


def _count_reporters(reports: Reports, targets: np.ndarray) -> np.ndarray:
    """Distinct reporters of each of `targets` (int32, ascending)."""
    wanted = np.zeros(int(reports.target.max()) + 1, np.bool_)
    wanted[targets] = True
    mine = wanted[reports.target]
    pair = np.unique(reports.target[mine].astype(np.int64) << 32 | reports.reporter[mine])
    return np.bincount(np.searchsorted(targets, pair >> 32), minlength=len(targets))
