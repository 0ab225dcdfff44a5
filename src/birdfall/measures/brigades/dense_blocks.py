"""The densest suspicious block: reporters and targets that hang together more densely than shuffled
reports do.

Only reports in lockstep count, a report on a target that c reporters reported by 1 / log(c + 5), so
that a much-reported target lends little (FRAUDAR, Hooi et al. 2016). Peeling finds the block; how
dense the densest block of shuffled reports is says whether it is one. Blocks are taken out one by
one. Method: docs/methods/brigades.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from birdfall.measures.brigades.crew import CrewFit, fit_crew
from birdfall.measures.brigades.dense_subgraph import (
    LOG_OFFSET,
    ReportGraph,
    densest_part,
    find_near_pairs,
    peel_reports,
)
from birdfall.measures.brigades.reports import Reports

#: A report is in a crowd if at least so many others came to its target within the window, over and
#: above `USUAL` times what the target's own rate would bring.
MIN_COMPANY, USUAL_FACTOR = 3, 4.0

#: "crowds": reports in crowds are exchanged with such, solitary ones with solitary ones, since
#: those who report much on their own do not join crowds as often; "all": any with any, for a log
#: that is nearly all one crew's.
ShuffleNull = Literal["crowds", "all"]
SHUFFLE_NULLS: tuple[ShuffleNull, ...] = ("crowds", "all")


@dataclass(frozen=True)
class ReportBlock:
    """members, targets: int32 codes, ascending; reports: distinct ones in lockstep inside; density;
    first, last: int64 us.

    p: of its density among the densest blocks of shuffled reports, twice the smaller of two nulls;
    null: which of them; shuffled: the greatest density a shuffle of that null reached. crew:
    whether its people come back more often than one crowd would (`measures.brigades.crew`).
    """

    members: np.ndarray
    targets: np.ndarray
    reports: int
    density: float
    first: int
    last: int
    p: float
    null: ShuffleNull
    shuffled: float
    crew: CrewFit

    @property
    def reuse(self) -> float:
        """Targets of the block each member reported, on average."""
        return self.reports / len(self.members)


@dataclass(frozen=True)
class BlockSearch:
    """blocks: those with a crew, densest first.

    circles: blocks beyond chance that an honest circle may be. left: greatest density of what is
    left.
    """

    blocks: list[ReportBlock]
    circles: int
    left: float


def find_blocks(
    reports: Reports,
    *,
    window: int,
    shuffles: int = 199,
    alpha: float = 0.01,
    most: int = 10,
    seed: int = 0,
) -> BlockSearch:
    """The blocks that neither chance nor one crowd explains, densest first.

    p = 2 (1 + shuffles as dense) / (1 + shuffles), for two nulls are asked; shuffling stops as soon
    as that exceeds alpha. A block's members and likely crew leave with all their reports before the
    next is sought, so a large brigade does not hide a smaller one; a block that one crowd explains
    leaves too, and is counted as a circle.
    """
    found: list[ReportBlock] = []
    rest = reports
    left = 0.0
    circles = 0
    for round_ in range(2 * most):
        if not len(rest):
            return BlockSearch(found, circles, 0.0)
        graph = peel_reports(rest, window)
        left = graph.density
        if left <= 0 or len(found) == most:
            break
        block = _test_block(rest, graph, window, shuffles, alpha, [seed, round_])
        if block is None:
            break
        gone = block.members
        if not block.crew.is_firm(alpha):
            circles += 1
        else:
            found.append(block)
            gone = np.union1d(gone, block.crew.likely_members)
        rest = rest.filter(~np.isin(rest.reporter, gone))
    return BlockSearch(found, circles, left)


def _test_block(
    reports: Reports, graph: ReportGraph, window: int, shuffles: int, alpha: float, seed: list[int]
) -> ReportBlock | None:
    """The densest block of `graph`, if either null leaves it standing."""
    members, targets = densest_part(graph)
    if len(members) < 2 or len(targets) < 2:
        return None
    own = np.isin(reports.reporter, members) & np.isin(reports.target, targets)
    times = reports.time[own]
    edges = int((np.isin(graph.reporter, members) & np.isin(graph.target, targets)).sum())
    for null in SHUFFLE_NULLS:
        p, highest = _shuffle_p(
            reports, window, graph.density, null, shuffles, alpha / len(SHUFFLE_NULLS), seed
        )
        if p * len(SHUFFLE_NULLS) <= alpha:
            crew = fit_crew(reports, members, targets, window, seed)
            return ReportBlock(
                members,
                targets,
                edges,
                graph.density,
                int(times.min()),
                int(times.max()),
                min(1.0, p * len(SHUFFLE_NULLS)),
                null,
                highest,
                crew,
            )
    return None


def _shuffle_p(
    reports: Reports,
    window: int,
    density: float,
    null: ShuffleNull,
    shuffles: int,
    alpha: float,
    seed: list[int],
) -> tuple[float, float]:
    """(p, greatest density of a shuffle). At least as many shuffles as alpha needs."""
    number = max(shuffles, int(np.ceil(1.0 / alpha)) - 1)
    as_dense, highest = 0, 0.0
    pairs = find_near_pairs(reports, window)
    for shuffled in _shuffle_reporters(reports, null, window, number, seed):
        reached = peel_reports(shuffled, window, pairs).density
        highest = max(highest, reached)
        as_dense += reached >= density
        if (1 + as_dense) / (1 + number) > alpha:
            break
    return (1 + as_dense) / (1 + number), highest


def _shuffle_reporters(
    reports: Reports, null: ShuffleNull, window: int, number: int, seed: list[int]
) -> Iterator[Reports]:
    """Reports whose authors are exchanged: every reporter keeps how many, every target how many and
    when.
    """
    kind = crowd_mask(reports, window) if null == "crowds" else np.zeros(len(reports), bool)
    sides = [part for part in (np.flatnonzero(kind), np.flatnonzero(~kind)) if len(part)]
    for i in range(number):
        rng = np.random.default_rng([*seed, SHUFFLE_NULLS.index(null), i])
        reporter = np.empty_like(reports.reporter)
        for side in sides:
            reporter[side] = rng.permutation(reports.reporter[side])
        yield Reports(reporter, reports.target, reports.time)


def count_company(reports: Reports, window: int) -> np.ndarray:
    """int64[n]: other reports on the same target within `window` us of each."""
    order = np.lexsort((reports.time, reports.target))
    # one axis on which targets lie further apart than the window
    span = int(reports.time.max() - reports.time.min()) + 2 * window + 1
    place = np.unique(reports.target[order], return_inverse=True)[1].astype(np.int64) * span
    place += reports.time[order] - int(reports.time.min())
    found = np.empty(len(reports), np.int64)
    found[order] = (
        np.searchsorted(place, place + window, "right")
        - np.searchsorted(place, place - window, "left")
        - 1
    )
    return found


def crowd_mask(reports: Reports, window: int) -> np.ndarray:
    """bool[n]: whether each report came in a crowd, for its target."""
    span = max(1, int(reports.time.max() - reports.time.min()))
    usual = np.bincount(reports.target)[reports.target] * min(1.0, 2 * window / span)
    return np.asarray(count_company(reports, window) >= MIN_COMPANY + USUAL_FACTOR * usual, bool)


def max_unseen_reports(density: float, members: int, targets: int, share: float) -> float:
    """The most reports in lockstep that an undetected block may hold: the camouflage bound of
    peeling.

    density: of the densest block found in what is left. A block of `members` and `targets` whose
    members make at least `share` of each target's reporters has density at least reports /
    log(members / share + 5) / (members + targets); peeling finds at least half of the densest, so
    more reports than this would have been found, whatever else the members reported (Hooi et al.
    2016, theorem on camouflage).
    """
    return float(2.0 * density * (members + targets) * np.log(members / share + LOG_OFFSET))
