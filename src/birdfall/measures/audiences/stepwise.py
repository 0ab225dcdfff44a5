"""Explaining away: the smallest set of audiences that explains a wave.

The strongest audience is conditioned on and the rest tested again, until none is raised. Without
this, every audience that overlaps with one that was hit looks hit too. Method:
docs/methods/audiences.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from birdfall.kernels.odds_ratio import PooledOddsRatio, pool_odds_ratio
from birdfall.measures.audiences.follow_graph import AudienceGraph
from birdfall.measures.audiences.permutation import AudienceTests, PermutationPlan, permutation_test
from birdfall.measures.audiences.strata import AccountStrata
from birdfall.model.progress import Progress

#: No wave is explained by more audiences than a reader can take in.
MAX_STEPS: Final = 12


@dataclass(frozen=True, slots=True)
class ExplanationStep:
    """One audience of the explanation.

    Parameters
    ----------
    audience
        Its number in the graph.
    odds
        Odds ratio of who follows it and no other of the explanation, against who follows none of
        it.
    p
        Family-wise p given those before it.
    fallen, share
        Fallen followers it adds, and their share of all fallen.
    covered
        Share of all fallen covered by it and those before.
    """

    audience: int
    odds: PooledOddsRatio
    p: float
    fallen: int
    share: float
    covered: float


def explain_away(
    graph: AudienceGraph,
    fallen: np.ndarray,
    groups: AccountStrata,
    first: AudienceTests,
    plan: PermutationPlan,
    progress: Progress,
) -> list[ExplanationStep]:
    """Find the audiences that explain a wave, strongest first.

    Parameters
    ----------
    fallen
        int8[n], 1 for an account that fell.
    groups
        Strata of all accounts.
    first
        The test of all audiences before any was taken.
    plan
        How the rest are tested.
    progress
        Called after each step.
    """
    of, number = groups.of, groups.number
    left, now, steps = plan.tested.copy(), first, list[ExplanationStep]()
    covered = np.zeros(graph.n, bool)
    fell = fallen > 0
    every = max(int(fell.sum()), 1)
    while len(steps) < MAX_STEPS:
        best = _strongest_audience(graph, fallen, (of, groups.of), covered, now)
        if best is None and steps:
            # those who follow none of the audiences taken: no fall of the others blurs them
            now = permutation_test(
                graph,
                np.where(covered, 0, fallen).astype(np.int8),
                of,
                number,
                replace(plan, tested=left, seed=plan.seed + MAX_STEPS + len(steps)),
            )
            best = _strongest_audience(graph, fallen, (of, groups.of), covered, now)
        if best is None:
            break
        a, odds = best
        inside = np.zeros(graph.n, bool)
        inside[graph.audience(a)] = True
        new = int((inside & ~covered & fell).sum())
        covered |= inside
        steps.append(
            ExplanationStep(
                a, odds, float(now.p[a]), new, new / every, int((covered & fell).sum()) / every
            )
        )
        progress("audiences: explaining away", len(steps), None, "audiences")
        left[a] = False
        _, of = np.unique(of.astype(np.int64) * 2 + inside, return_inverse=True)
        of = of.astype(np.int32)
        number = int(of.max()) + 1
        now = permutation_test(
            graph, fallen, of, number, replace(plan, tested=left, seed=plan.seed + len(steps))
        )
    return joint_estimates(graph, fallen, groups, steps)


def joint_estimates(
    graph: AudienceGraph, fallen: np.ndarray, groups: AccountStrata, steps: list[ExplanationStep]
) -> list[ExplanationStep]:
    """The steps with the odds of each audience estimated beside all others of the explanation.

    Whoever follows two of them is left out, and those who follow none are compared with: an
    audience that was hit too would halve the odds of another as one of those it is compared with.
    Holds whether being in two of them is worse than being in one or not.
    """
    if len(steps) < 2:
        return steps
    times = np.zeros(graph.n, np.int64)
    for step in steps:
        times[graph.audience(step.audience)] += 1
    found = []
    for step in steps:
        inside = np.zeros(graph.n, bool)
        inside[graph.audience(step.audience)] = True
        kept = (times == 0) | (inside & (times == 1))
        found.append(replace(step, odds=odds_within(inside, kept, fallen, groups.of)))
    return found


def odds_within(
    inside: np.ndarray, kept: np.ndarray, fallen: np.ndarray, of: np.ndarray
) -> PooledOddsRatio:
    """The odds of falling inside an audience against outside, over some accounts and all strata.

    Parameters
    ----------
    inside, kept
        bool[n], who follows, and who is compared.
    fallen
        int8[n], 1 for an account that fell.
    of
        int32[n], stratum of each account.
    """
    number = int(of.max(initial=0)) + 1
    mine, fell = inside & kept, kept & (fallen > 0)
    hit, size, every_fallen, total = (
        np.bincount(of[rows], minlength=number) for rows in (mine & fell, mine, fell, kept)
    )
    return pool_odds_ratio(hit, size, every_fallen, total)


def _strongest_audience(
    graph: AudienceGraph,
    fallen: np.ndarray,
    strata: tuple[np.ndarray, np.ndarray],
    covered: np.ndarray,
    now: AudienceTests,
) -> tuple[int, PooledOddsRatio] | None:
    """The significant audience of largest statistic whose odds pass the floors.

    All are checked: a large audience can have a larger statistic than the one that was hit, and
    odds below the floor. The odds are those given the audiences taken before, or those among
    whoever follows none of these: where it is no worse to be in two audiences than in one, the odds
    within those taken are 1, and halve the odds over all.

    strata: int32[n] of all accounts, given the audiences taken and not. covered: bool[n], who
    follows one of these.
    """
    given, plain = strata
    candidates = np.flatnonzero(now.significant)
    for a in candidates[np.argsort(-now.statistic[candidates], kind="stable")]:
        inside = np.zeros(graph.n, bool)
        inside[graph.audience(int(a))] = True
        odds = odds_within(inside, np.ones(graph.n, bool), fallen, given)
        if odds.raised or odds_within(inside, ~covered, fallen, plain).raised:
            return int(a), odds
    return None


def odds_of(
    graph: AudienceGraph, fallen: np.ndarray, of: np.ndarray, number: int, a: int
) -> PooledOddsRatio:
    """The odds of falling inside audience `a` against outside, pooled over strata."""
    followers = graph.audience(a)
    size = np.bincount(of[followers], minlength=number)
    hit = np.bincount(of[followers[fallen[followers] > 0]], minlength=number)
    return pool_odds_ratio(
        hit,
        size,
        np.bincount(of, weights=fallen, minlength=number),
        np.bincount(of, minlength=number),
    )
