"""The densest suspicious block: reporters and targets that hang together more densely than shuffled reports do.

Only reports in lockstep count, a report on a target that c reporters reported by 1 / log(c + 5), so that a much-reported target
lends little (FRAUDAR, Hooi et al. 2016). Peeling finds the block; how dense the densest block of shuffled reports is says
whether it is one. Blocks are taken out one by one. Method: docs/methods/brigades.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from birdfall.kernels.lockstep import cores
from birdfall.measures.brigade_crew import Crew, crew_of
from birdfall.measures.brigade_lockstep import in_lockstep, pairs_together
from birdfall.measures.brigade_reports import Reports

#: Added to a target's reporters before the logarithm (Hooi et al. 2016).
OFFSET = 5.0
#: A report is in a crowd if at least so many others came to its target within the window, over and above `USUAL` times what the
#: target's own rate would bring.
COMPANY, USUAL = 3, 4.0

#: "crowds": reports in crowds are exchanged with such, solitary ones with solitary ones, since those who report much on their
#: own do not join crowds as often; "all": any with any, for a log that is nearly all one crew's.
Null = Literal["crowds", "all"]
NULLS: tuple[Null, ...] = ("crowds", "all")


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
class Block:
    """members, targets: int32 codes, ascending; reports: distinct ones in lockstep inside; density; first, last: int64 us.

    p: of its density among the densest blocks of shuffled reports, twice the smaller of two nulls; null: which of them;
    shuffled: the greatest density a shuffle of that null reached. crew: whether its people come back more often than one
    crowd would (measures.brigade_crew).
    """

    members: np.ndarray
    targets: np.ndarray
    reports: int
    density: float
    first: int
    last: int
    p: float
    null: Null
    shuffled: float
    crew: Crew

    @property
    def reuse(self) -> float:
        """Targets of the block each member reported, on average."""
        return self.reports / len(self.members)


@dataclass(frozen=True)
class Found:
    """blocks: those with a crew, densest first. circles: blocks beyond chance that an honest circle may be. left: greatest density
    of what is left.
    """

    blocks: list[Block]
    circles: int
    left: float


def dense(reports: Reports, window: int) -> Dense:
    """Peel the graph of the reports in lockstep."""
    lo, hi = pairs_together(reports, window)
    inside = in_lockstep(reports, lo, hi, window) > 0
    edge = np.unique(reports.reporter[inside].astype(np.int64) << 32 | reports.target[inside])
    reporter, target = (edge >> 32).astype(np.int32), (edge & 0xFFFFFFFF).astype(np.int32)
    who, a = np.unique(reporter, return_inverse=True)
    whom, b = np.unique(target, return_inverse=True)
    if not len(edge):
        none = np.empty(0)
        return Dense(reporter, target, who, whom, none, none, 0.0)
    weight = 1.0 / np.log(_crowd(reports)[target] + OFFSET)
    value = cores(a.astype(np.int32), (b + len(who)).astype(np.int32), weight, len(who) + len(whom))
    return Dense(reporter, target, who, whom, value[: len(who)], value[len(who) :], float(value.max()))


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
    parts, label = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(number, number)), directed=False)
    if parts == 1:
        return members, targets
    largest = label == np.bincount(label[a], minlength=parts).argmax()
    return members[largest[: len(members)]], targets[largest[len(members) :]]


def _crowd(reports: Reports) -> np.ndarray:
    """Distinct reporters of each target, by code."""
    pair = np.unique(reports.target.astype(np.int64) << 32 | reports.reporter)
    return np.bincount(pair >> 32, minlength=int(reports.target.max()) + 1)


def blocks(
    reports: Reports, *, window: int, shuffles: int = 199, alpha: float = 0.01, most: int = 10, seed: int = 0
) -> Found:
    """The blocks that neither chance nor one crowd explains, densest first.

    p = 2 (1 + shuffles as dense) / (1 + shuffles), for two nulls are asked; shuffling stops as soon as that exceeds alpha. A
    block's members and likely crew leave with all their reports before the next is sought, so a large brigade does not hide a smaller one;
    a block that one crowd explains leaves too, and is counted as a circle.
    """
    found: list[Block] = []
    rest = reports
    left = 0.0
    circles = 0
    for round_ in range(2 * most):
        if not len(rest):
            return Found(found, circles, 0.0)
        graph = dense(rest, window)
        left = graph.density
        if left <= 0 or len(found) == most:
            break
        block = _judged(rest, graph, window, shuffles, alpha, [seed, round_])
        if block is None:
            break
        gone = block.members
        if not block.crew.firm(alpha):
            circles += 1
        else:
            found.append(block)
            gone = np.union1d(gone, block.crew.likely)
        rest = rest.of(~np.isin(rest.reporter, gone))
    return Found(found, circles, left)


def _judged(reports: Reports, graph: Dense, window: int, shuffles: int, alpha: float, seed: list[int]) -> Block | None:
    """The densest block of `graph`, if either null leaves it standing."""
    members, targets = densest_part(graph)
    if len(members) < 2 or len(targets) < 2:
        return None
    own = np.isin(reports.reporter, members) & np.isin(reports.target, targets)
    times = reports.time[own]
    edges = int((np.isin(graph.reporter, members) & np.isin(graph.target, targets)).sum())
    for null in NULLS:
        p, highest = _chance(reports, window, graph.density, null, shuffles, alpha / len(NULLS), seed)
        if p * len(NULLS) <= alpha:
            crew = crew_of(reports, members, targets, window, seed)
            return Block(
                members, targets, edges, graph.density, int(times.min()), int(times.max()), min(1.0, p * len(NULLS)), null,
                highest, crew,
            )  # fmt: skip
    return None


def _chance(
    reports: Reports, window: int, density: float, null: Null, shuffles: int, alpha: float, seed: list[int]
) -> tuple[float, float]:
    """(p, greatest density of a shuffle). At least as many shuffles as alpha needs."""
    number = max(shuffles, int(np.ceil(1.0 / alpha)) - 1)
    as_dense, highest = 0, 0.0
    for shuffled in _shuffled(reports, null, window, number, seed):
        reached = dense(shuffled, window).density
        highest = max(highest, reached)
        as_dense += reached >= density
        if (1 + as_dense) / (1 + number) > alpha:
            break
    return (1 + as_dense) / (1 + number), highest


def _shuffled(reports: Reports, null: Null, window: int, number: int, seed: list[int]) -> Iterator[Reports]:
    """Reports whose authors are exchanged: every reporter keeps how many, every target how many and when."""
    kind = in_crowd(reports, window) if null == "crowds" else np.zeros(len(reports), bool)
    by = np.argsort(kind, kind="stable")
    for i in range(number):
        draw = np.random.default_rng([*seed, NULLS.index(null), i]).random(len(reports))
        reporter = np.empty_like(reports.reporter)
        reporter[by] = reports.reporter[np.lexsort((draw, kind))]
        yield Reports(reporter, reports.target, reports.time)


def company(reports: Reports, window: int) -> np.ndarray:
    """int64[n]: other reports on the same target within `window` us of each."""
    order = np.lexsort((reports.time, reports.target))
    # one axis on which targets lie further apart than the window
    span = int(reports.time.max() - reports.time.min()) + 2 * window + 1
    place = np.unique(reports.target[order], return_inverse=True)[1].astype(np.int64) * span
    place += reports.time[order] - int(reports.time.min())
    found = np.empty(len(reports), np.int64)
    found[order] = np.searchsorted(place, place + window, "right") - np.searchsorted(place, place - window, "left") - 1
    return found


def in_crowd(reports: Reports, window: int) -> np.ndarray:
    """bool[n]: whether each report came in a crowd, for its target."""
    span = max(1, int(reports.time.max() - reports.time.min()))
    usual = np.bincount(reports.target)[reports.target] * min(1.0, 2 * window / span)
    return np.asarray(company(reports, window) >= COMPANY + USUAL * usual, bool)


def most_unseen(density: float, members: int, targets: int, share: float) -> float:
    """The most reports in lockstep that an undetected block may hold: the camouflage bound of peeling.

    density: of the densest block found in what is left. A block of `members` and `targets` whose members make at least
    `share` of each target's reporters has density at least reports / log(members / share + 5) / (members + targets); peeling
    finds at least half of the densest, so more reports than this would have been found, whatever else the members reported
    (Hooi et al. 2016, theorem on camouflage).
    """
    return float(2.0 * density * (members + targets) * np.log(members / share + OFFSET))
