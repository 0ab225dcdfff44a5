"""Counting and permuting against plain sums, and against what scipy says of drawing without replacement."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdfall.kernels import enrichment as kernel
from birdfall.measures.audience_odds import e_value, pooled


def graph(seed, n=60, leaders=7):
    rng = np.random.default_rng(seed)
    audiences = [np.sort(rng.choice(n, rng.integers(0, n), replace=False)) for _ in range(leaders)]
    starts = np.r_[0, np.cumsum([len(a) for a in audiences])].astype(np.int64)
    follower = np.concatenate(audiences).astype(np.int32)
    fallen = (rng.random(n) < 0.3).astype(np.int8)
    stratum = rng.integers(0, 3, n).astype(np.int32)
    return audiences, starts, follower, fallen, stratum


@given(st.integers(0, 500))
def test_the_counting_pass_counts(seed):
    audiences, starts, follower, fallen, _ = graph(seed)
    out = np.zeros(len(audiences), np.int64)
    words = kernel.bitset(np.flatnonzero(fallen).astype(np.int64), len(fallen))
    kernel.fallen_per_audience(starts, follower, words, 0, len(audiences), out)
    assert out.tolist() == [int(fallen[a].sum()) for a in audiences]


def exact_moments(audience, fallen, stratum):
    """Mean and variance of hypergeometric draws, stratum by stratum, from scipy."""
    from scipy.stats import hypergeom

    mean = variance = 0.0
    for s in np.unique(stratum):
        inside = stratum == s
        total, hit, size = inside.sum(), fallen[inside].sum(), inside[audience].sum()
        mean += hypergeom.mean(total, hit, size)
        variance += hypergeom.var(total, hit, size) if total > 1 else 0
    return mean, variance


@given(st.integers(0, 300))
def test_moments_are_hypergeometric_within_strata(seed):
    audiences, starts, follower, fallen, stratum = graph(seed)
    total = np.bincount(stratum, minlength=3).astype(float)
    rate = np.bincount(stratum, fallen, minlength=3) / np.maximum(total, 1)
    spread = rate * (1 - rate) / np.maximum(total - 1, 1)
    mean, variance = np.zeros(7), np.zeros(7)
    kernel.moments(starts, follower, stratum, rate, spread, total, 0, 7, mean, variance)
    for a, audience in enumerate(audiences):
        assert (mean[a], variance[a]) == pytest.approx(exact_moments(audience, fallen, stratum), abs=1e-9)


def test_permutations_keep_strata_and_reach_the_right_maxima():
    audiences, starts, follower, fallen, stratum = graph(4)
    n, leaders = len(fallen), len(audiences)
    follows = [np.array([a for a in range(leaders) if i in audiences[a]], np.int32) for i in range(n)]
    back_starts = np.r_[0, np.cumsum([len(f) for f in follows])].astype(np.int64)
    moments = [exact_moments(a, fallen, stratum) for a in audiences]
    mean, deviation = np.array([m for m, _ in moments]), np.sqrt([v for _, v in moments])
    order = np.argsort(stratum, kind="stable").astype(np.int32)
    stratum_starts = np.r_[0, np.cumsum(np.bincount(stratum, minlength=3))].astype(np.int64)
    fallen_in = np.bincount(stratum, fallen, minlength=3).astype(np.int64)
    out = np.zeros(4000)
    kernel.permuted_maxima(
        back_starts, np.concatenate(follows), order, stratum_starts, fallen_in, mean, deviation, 0, 4000, 1, out
    )
    rng = np.random.default_rng(0)
    plain = []
    for _ in range(4000):
        drawn = np.zeros(n)
        for s in range(3):
            inside = np.flatnonzero(stratum == s)
            drawn[rng.choice(inside, fallen_in[s], replace=False)] = 1
        z = [(drawn[a].sum() - mean[i]) / deviation[i] if deviation[i] > 0 else 0 for i, a in enumerate(audiences)]
        plain.append(max(0.0, *z))
    for q in (0.25, 0.5, 0.9):
        assert np.quantile(out, q) == pytest.approx(np.quantile(plain, q), abs=0.12)


def test_pooled_odds_of_a_worked_example():
    """Two strata worked by hand with the formulas of Mantel and Haenszel and of Robins, Breslow and Greenland."""
    hit, size = np.array([8, 20]), np.array([100, 80])
    fallen, total = np.array([12, 32]), np.array([300, 200])
    a, b, c, d, n = (np.array(v, float) for v in ([8, 20], [92, 60], [4, 12], [196, 108], [300, 200]))
    r, s, p, q = a * d / n, b * c / n, (a + d) / n, (b + c) / n
    ratio = r.sum() / s.sum()
    variance = (
        (p * r).sum() / (2 * r.sum() ** 2)
        + (p * s + q * r).sum() / (2 * r.sum() * s.sum())
        + (q * s).sum() / (2 * s.sum() ** 2)
    )
    odds = pooled(hit, size, fallen, total)
    assert odds.ratio == pytest.approx(ratio)
    assert (odds.low, odds.high) == pytest.approx(
        (ratio * np.exp(-1.959964 * variance**0.5), ratio * np.exp(1.959964 * variance**0.5))
    )


def test_one_stratum_is_the_plain_odds_ratio_and_woolf_interval():
    odds = pooled(np.array([30]), np.array([100]), np.array([50]), np.array([300]))
    assert odds.ratio == pytest.approx(30 * 180 / (70 * 20))
    assert np.log(odds.high / odds.low) / 2 == pytest.approx(
        1.959964 * np.sqrt(1 / 30 + 1 / 70 + 1 / 20 + 1 / 180), rel=1e-6
    )


def test_an_empty_cell_gives_a_finite_interval():
    odds = pooled(np.array([10]), np.array([10]), np.array([10]), np.array([100]))
    assert np.isfinite([odds.ratio, odds.low, odds.high]).all()


def test_e_values():
    assert e_value(2.0) == pytest.approx(2 + 2**0.5)
    assert e_value(0.7) == 1.0
    assert e_value(5.3) == pytest.approx(10.07, abs=0.01)
