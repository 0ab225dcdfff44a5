"""The nulls' tails against slow exact computation and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from birdfall.kernels.coaction import null as nulls
from birdfall.kernels.densest_subgraph import densest_block


@given(st.integers(0, 60), st.floats(1e-8, 50))
def test_poisson_tail_is_scipys(weight, rate):
    exact = stats.poisson.sf(
        weight - 1, rate
    )  # its logarithm is -inf where this underflows; ours goes on
    assert np.exp(nulls.log_poisson_tail(weight, rate)) == pytest.approx(
        exact, rel=1e-6, abs=1e-300
    )


@given(st.integers(0, 40), st.integers(1, 40), st.floats(1e-6, 0.999))
def test_binomial_tail_is_scipys(weight, trials, chance):
    exact = stats.binom.sf(weight - 1, trials, chance)
    assert np.exp(nulls.log_binomial_tail(weight, trials, chance)) == pytest.approx(
        exact, rel=1e-6, abs=1e-300
    )


def test_tails_far_out_do_not_underflow():
    assert nulls.log_poisson_tail(500, 1e-3) < -5000
    assert np.isfinite(nulls.log_binomial_tail(400, 500, 1e-6))


@settings(max_examples=60)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=10), st.integers(0, 11))
def test_poisson_binomial_tail_is_the_sum_over_all_outcomes(chances, weight):
    exact = np.array([1.0])
    for q in chances:
        exact = np.convolve(exact, [1 - q, q])
    tail = exact[weight:].sum() if weight < len(exact) else 0.0
    assert np.exp(nulls.log_poisson_binomial_tail(np.array(chances), weight)) == pytest.approx(
        tail, rel=1e-6, abs=1e-12
    )


def test_small_poisson_binomial_tails_keep_their_precision():
    exact = stats.binom.logsf(29, 40, 1e-4)
    assert nulls.log_poisson_binomial_tail(np.full(40, 1e-4), 30) == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("distance", [0.0, 30.0, 60.0, 400.0, 1200.0, 1259.0, 1400.0])
def test_jitter_chance_is_that_of_moving_both_acts(distance):
    rng = np.random.default_rng(1)
    moved = distance + rng.uniform(-600, 600, 400_000) - rng.uniform(-600, 600, 400_000)
    assert nulls.jitter_chance(distance, 60.0, 600.0) == pytest.approx(
        (abs(moved) <= 60).mean(), abs=1.5e-3
    )


@given(st.floats(0, 3000), st.floats(1, 300), st.floats(1, 1500))
def test_jitter_chances_add_up_to_the_window(distance, window, reach):
    assert 0 <= nulls.jitter_chance(distance, window, reach) <= 1
    assert nulls.jitter_chance(distance + window + 2 * reach, window, reach) < 1e-20


def test_kappa_returns_as_many_co_actions_as_there_were():
    d = np.array([1, 2, 3, 50, 400])
    kappa = nulls.kappa_of(77.0, d)
    pairs = np.triu(np.outer(d, d), 1).sum()
    assert kappa * pairs == pytest.approx(77)


def test_surprise_bound_is_never_below_the_truth():
    """Simulated compound Poisson sums of surprise: the bound must be at least the share that
    reaches S.
    """
    rng = np.random.default_rng(2)
    surprise = np.array([0.5, 2.0, 6.0])
    share = np.array([0.3, 0.05, 0.004])
    h, slope = nulls.cumulant(surprise, share)
    total = sum(rng.poisson(q * 2.0, 400_000) * w for q, w in zip(share, surprise, strict=True))
    for s in (2.0, 4.0, 6.0, 8.0, 12.0):
        bound = np.exp(nulls.surprise_tails(np.array([2.0]), np.array([s]), h, slope))[0]
        assert bound >= (total >= s).mean() * 0.98
        assert bound <= 60 * max((total >= s).mean(), 1e-4)


def test_rarer_objects_are_more_surprising():
    h, slope = nulls.cumulant(np.array([1.0, 7.0]), np.array([1e-4, 1e-7]))
    common, rare = nulls.surprise_tails(np.array([100.0, 100.0]), np.array([2.0, 14.0]), h, slope)
    assert rare < common - 5


def slow_bh(p, tests, alpha):
    ranked = sorted(p)
    passing = [x for k, x in enumerate(ranked, 1) if x <= alpha * k / tests]
    return max(passing, default=-1)


@given(st.lists(st.floats(1e-12, 1), max_size=30), st.integers(30, 5000))
def test_benjamini_hochberg_by_the_book(p, tests):
    p = np.array(p)
    q, cutoff = nulls.benjamini_hochberg(np.log(p), tests, 0.01)
    assert (q <= 0.01).tolist() == (p <= slow_bh(p, tests, 0.01) * (1 + 1e-12)).tolist()
    if (q <= 0.01).any():
        assert np.exp(cutoff) == pytest.approx(p[q <= 0.01].max())


def test_densest_block_is_found_in_the_noise():
    rng = np.random.default_rng(4)
    lo, hi = np.triu_indices(60, 1)
    keep = rng.random(len(lo)) < 0.1
    keep |= hi < 8
    lo, hi = lo[keep].astype(np.int32), hi[keep].astype(np.int32)
    weight = np.where(hi < 8, 5.0, 0.5)
    members, density = densest_block(lo, hi, weight, 60)
    assert np.flatnonzero(members).tolist() == list(range(8))
    assert density == pytest.approx(5.0 * 28 / 8)


@settings(max_examples=40)
@given(st.integers(2, 7), st.integers(0, 2**31))
def test_peeling_reaches_half_the_best_density(nodes, seed):
    rng = np.random.default_rng(seed)
    lo, hi = np.triu_indices(nodes, 1)
    weight = rng.random(len(lo)) * (rng.random(len(lo)) < 0.6)
    best = 0.0
    for code in range(1, 1 << nodes):
        inside = np.array([code >> k & 1 for k in range(nodes)], bool)
        best = max(best, weight[inside[lo] & inside[hi]].sum() / inside.sum())
    members, density = densest_block(lo.astype(np.int32), hi.astype(np.int32), weight, nodes)
    assert density >= best / 2 - 1e-9
    inside = members[lo] & members[hi]
    assert density == pytest.approx(weight[inside].sum() / members.sum())
