"""Permutation test of all audiences at once: the fallen drawn anew within strata."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from birdfall.kernels import tails
from birdfall.measures.audiences.follow_graph import (
    AudienceGraph,
    Draws,
    StratumRates,
)

#: From this many audiences on, the false discovery rate is held instead of the family-wise error.
FDR_MIN_AUDIENCES: Final = 100_000

#: Streams of random draws: a fixed number, so that no result hangs on how many cores there are.
STREAMS: Final = 2


@dataclass(frozen=True)
class PermutationPlan:
    """What is tested, by how many draws, at which level.

    Parameters
    ----------
    tested
        bool[audiences].
    permutations
        Draws.
    alpha
        Family-wise error, or false discovery rate from `many` audiences on.
    seed
        Of the draws.
    many
        Audiences from which the false discovery rate is held instead.
    """

    tested: np.ndarray
    permutations: int
    alpha: float
    seed: int
    many: int = FDR_MIN_AUDIENCES


@dataclass(frozen=True)
class AudienceTests:
    """Test results, one entry per audience.

    Parameters
    ----------
    count, mean
        Fallen followers, and how many are expected if the fallen are drawn at random.
    z
        (count - mean) / deviation.
    statistic
        z with a deviation of at least one account: what is ranked and tested.
    p
        Family-wise p.
    log_e
        Log e-value.
    e_bh
        bool, whether e-BH calls it.
    significant
        bool, by family-wise p, or by e-BH where audiences are very many.
    """

    count: np.ndarray
    mean: np.ndarray
    z: np.ndarray
    statistic: np.ndarray
    p: np.ndarray
    log_e: np.ndarray
    e_bh: np.ndarray
    significant: np.ndarray


def permutation_test(
    graph: AudienceGraph, fallen: np.ndarray, of: np.ndarray, number: int, plan: PermutationPlan
) -> AudienceTests:
    """Test every audience against draws of the fallen within strata.

    Parameters
    ----------
    graph
        The follow graph.
    fallen
        int8[n], 1 for an account that fell.
    of
        int32[n], stratum of each account.
    number
        Strata.
    plan
        What is tested and how.

    Notes
    -----
    The statistic is z with a deviation of at least one account, so that few expected fallen do not
    make a large z by themselves; whatever it is, the draws keep the family-wise error.

    References
    ----------
    Cochran (1954); Mantel and Haenszel (1959); Westfall and Young (1993), max-T; Wang and Ramdas
    (2022), e-BH.
    """
    total = np.bincount(of, minlength=number).astype(float)
    rate = np.divide(
        np.bincount(of, weights=fallen, minlength=number),
        total,
        out=np.zeros(number),
        where=total > 0,
    )
    spread = np.divide(rate * (1 - rate), total - 1, out=np.zeros(number), where=total > 1)
    count, mean, variance, log_e = graph.moments(
        fallen, of, StratumRates(rate, spread, total), plan.tested
    )
    deviation = np.where(plan.tested, np.sqrt(np.maximum(variance, 0)), 0.0)
    z = np.divide(count - mean, deviation, out=np.zeros(len(mean)), where=deviation > 0)
    # One fallen where 0.01 are expected has a z of 10, and would make the largest z of every draw.
    floored = np.where(deviation > 0, np.maximum(deviation, 1.0), 0.0)
    statistic = np.divide(count - mean, floored, out=np.zeros(len(mean)), where=floored > 0)
    drawn = np.sort(
        permuted_maxima(graph, fallen, of, number, mean, floored, plan.permutations, plan.seed)
    )
    above = len(drawn) - np.searchsorted(drawn, statistic - 1e-9, "left")
    p = (above + 1) / (plan.permutations + 1)
    called = select_by_e_bh(
        np.where(plan.tested, log_e, -np.inf), int(plan.tested.sum()), plan.alpha
    )
    significant = (
        (called if plan.tested.sum() >= plan.many else p <= plan.alpha) & plan.tested & (z > 0)
    )
    return AudienceTests(count, mean, z, statistic, p, log_e, called, significant)


def permuted_maxima(
    graph: AudienceGraph,
    fallen: np.ndarray,
    of: np.ndarray,
    number: int,
    mean: np.ndarray,
    deviation: np.ndarray,
    permutations: int,
    seed: int,
) -> np.ndarray:
    """The largest statistic of each draw, float64[permutations].

    mean, deviation: float64[audiences]; those of deviation 0 do not count.
    """
    order = graph.ordered_within(of).astype(np.int32)
    stratum_starts = np.r_[0, np.cumsum(np.bincount(of, minlength=number))].astype(np.int64)
    fallen_in = np.bincount(of, weights=fallen, minlength=number).astype(np.int64)
    cuts = [permutations * i // STREAMS for i in range(STREAMS + 1)]
    runs = tuple((first, last, _stream(seed, first)) for first, last in pairwise(cuts))
    draws = Draws(order, stratum_starts, fallen_in, runs)
    return graph.drawn_maxima(draws, mean, deviation)


def _stream(seed: int, first: int) -> int:
    """The seed of the draws from `first` on."""
    return int(np.random.SeedSequence([seed, first]).generate_state(1)[0] & 0x7FFFFFFF)


def select_by_e_bh(log_e: np.ndarray, number: int, alpha: float) -> np.ndarray:
    """Which of `number` hypotheses e-BH calls at false discovery rate `alpha`, bool[len(log_e)].

    It holds however they depend on each other. Those with the k largest e-values, for the
    largest k whose k-th is at least number / (k alpha) (Wang and Ramdas 2022).
    """
    order = np.argsort(-log_e, kind="stable")
    needed = np.log(max(number, 1)) - np.log(alpha) - np.log(np.arange(1, len(log_e) + 1))
    passed = np.flatnonzero(log_e[order] >= needed)
    called = np.zeros(len(log_e), bool)
    called[order[: passed[-1] + 1 if len(passed) else 0]] = True
    return called


def count_naive_hits(
    graph: AudienceGraph, fallen: np.ndarray, count: np.ndarray, tested: np.ndarray
) -> int:
    """How many audiences hypergeometric tests with Benjamini-Hochberg at 5 % would have called."""
    p = np.sort(
        tails.hypergeometric_tail(count[tested], graph.n, int(fallen.sum()), graph.sizes[tested])
    )
    passed = np.flatnonzero(p <= 0.05 * np.arange(1, len(p) + 1) / len(p))
    return int(passed[-1] + 1) if len(passed) else 0
