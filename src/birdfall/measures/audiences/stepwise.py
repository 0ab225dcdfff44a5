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
    odds, p
        Odds ratio and family-wise p given those before it.
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
        best = _strongest_audience(graph, fallen, of, number, now)
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
    return steps


def _strongest_audience(
    graph: AudienceGraph, fallen: np.ndarray, of: np.ndarray, number: int, now: AudienceTests
) -> tuple[int, PooledOddsRatio] | None:
    """The significant audience of largest statistic whose odds pass the floors.

    All are checked: a large audience can have a larger statistic than the one that was hit, and
    odds below the floor.
    """
    candidates = np.flatnonzero(now.significant)
    for a in candidates[np.argsort(-now.statistic[candidates], kind="stable")]:
        odds = odds_of(graph, fallen, of, number, int(a))
        if odds.raised:
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
