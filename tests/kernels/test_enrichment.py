"""Counting and permuting against plain sums, and against drawing without replacement."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdfall.kernels import enrichment as kernel
from birdfall.kernels.odds_ratio import e_value, pool_odds_ratio


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
    mean, variance, log_e = np.zeros(7), np.zeros(7), np.zeros(7)
    count = np.array([fallen[a].sum() for a in audiences])
    boosts = np.array([1.5, 4.0])
    kernel.moments(
        starts, follower, stratum, rate, spread, total, boosts, 0, 7, count, mean, variance, log_e
    )
    for a, audience in enumerate(audiences):
        assert (mean[a], variance[a]) == pytest.approx(
            exact_moments(audience, fallen, stratum), abs=1e-9
        )
        plain = np.mean(
            [
                np.prod([b ** fallen[f] / (1 + rate[stratum[f]] * (b - 1)) for f in audience])
                for b in boosts
            ]
        )
        assert np.exp(log_e[a]) == pytest.approx(plain)


def test_the_e_value_of_an_audience_nobody_targeted_has_a_mean_of_at_most_one():
    """Exactly: the e-value of every number of fallen, weighted by how probable scipy says it is."""
    from scipy.stats import hypergeom

    n, hit, size = 200, 40, 60
    starts, follower = np.array([0, size], np.int64), np.arange(size, dtype=np.int32)
    stratum, rate = np.zeros(n, np.int32), np.array([hit / n])
    spread, total = np.zeros(1), np.array([float(n)])
    weighted = 0.0
    for number in range(hit + 1):
        log_e = np.zeros(1)
        kernel.moments(
            starts,
            follower,
            stratum,
            rate,
            spread,
            total,
            np.array([1.5, 2.0, 4.0, 8.0]),
            0,
            1,
            np.array([number]),
            np.zeros(1),
            np.zeros(1),
            log_e,
        )
        weighted += hypergeom.pmf(number, n, hit, size) * np.exp(log_e[0])
    assert 0.1 < weighted <= 1


@given(st.integers(0, 300))
def test_edges_turned_around_are_the_same_edges(seed):
    audiences, starts, follower, fallen, _ = graph(seed)
    begin, followed = kernel.transpose_edges(starts, follower, len(fallen))
    for i in range(len(fallen)):
        assert followed[begin[i] : begin[i + 1]].tolist() == [
            a for a, m in enumerate(audiences) if i in m
        ]
    out = np.zeros(len(audiences), np.int64)
    kernel.followed_by_fallen(begin, followed, np.flatnonzero(fallen), out)
    assert out.tolist() == [int(fallen[a].sum()) for a in audiences]


def test_the_family_wise_p_of_a_single_audience_is_the_exact_hypergeometric_tail():
    """With one audience and one stratum there is nothing but drawing without replacement."""
    from scipy.stats import hypergeom

    n, hit, size = 120, 30, 40
    begin = np.r_[0, np.cumsum(np.arange(n) < size)].astype(np.int64)
    mean, deviation = hypergeom.mean(n, hit, size), hypergeom.std(n, hit, size)
    out = np.zeros(20_000)
    kernel.permuted_maxima(
        begin,
        np.zeros(size, np.int32),
        np.arange(n, dtype=np.int32),
        np.array([0, n]),
        np.array([hit]),
        np.array([mean]),
        np.array([deviation]),
        0,
        len(out),
        5,
        out,
    )
    for number in (11, 12, 13, 14, 16):
        exact = hypergeom.sf(number - 1, n, hit, size)
        found = (out >= (number - mean) / deviation - 1e-9).mean()
        assert found == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / len(out)))


def test_permutations_keep_strata_and_reach_the_right_maxima():
    audiences, _starts, _follower, fallen, stratum = graph(4)
    n, leaders = len(fallen), len(audiences)
    follows = [
        np.array([a for a in range(leaders) if i in audiences[a]], np.int32) for i in range(n)
    ]
    back_starts = np.r_[0, np.cumsum([len(f) for f in follows])].astype(np.int64)
    moments = [exact_moments(a, fallen, stratum) for a in audiences]
    mean, deviation = np.array([m for m, _ in moments]), np.sqrt([v for _, v in moments])
    order = np.argsort(stratum, kind="stable").astype(np.int32)
    stratum_starts = np.r_[0, np.cumsum(np.bincount(stratum, minlength=3))].astype(np.int64)
    fallen_in = np.bincount(stratum, fallen, minlength=3).astype(np.int64)
    out = np.zeros(4000)
    kernel.permuted_maxima(
        back_starts,
        np.concatenate(follows),
        order,
        stratum_starts,
        fallen_in,
        mean,
        deviation,
        0,
        4000,
        1,
        out,
    )
    rng = np.random.default_rng(0)
    plain = []
    for _ in range(4000):
        drawn = np.zeros(n)
        for s in range(3):
            inside = np.flatnonzero(stratum == s)
            drawn[rng.choice(inside, fallen_in[s], replace=False)] = 1
        z = [
            (drawn[a].sum() - mean[i]) / deviation[i] if deviation[i] > 0 else 0
            for i, a in enumerate(audiences)
        ]
        plain.append(max(0.0, *z))
    for q in (0.25, 0.5, 0.9):
        assert np.quantile(out, q) == pytest.approx(np.quantile(plain, q), abs=0.12)


#: Admissions to Berkeley in 1973 by department: men admitted and refused, women admitted and
#: refused (Bickel, Hammel and O'Connell 1975).
BERKELEY = np.array(
    [
        [512, 313, 89, 19],
        [353, 207, 17, 8],
        [120, 205, 202, 391],
        [138, 279, 131, 244],
        [53, 138, 94, 299],
        [22, 351, 24, 317],
    ]
)


def test_pooled_odds_and_interval_are_those_that_r_gives_for_berkeley():
    """R, mantelhaen.test(UCBAdmissions): odds ratio 0.9046968, 95 % interval 0.7719074 to 1.0603298
    (Robins et al. 1986).
    """
    a, b, c, d = BERKELEY.T
    odds = pool_odds_ratio(a, a + b, a + c, a + b + c + d)
    assert odds.ratio == pytest.approx(0.9046968, abs=5e-8)
    assert (odds.low, odds.high) == pytest.approx((0.7719074, 1.0603298), abs=5e-8)


def test_moments_give_the_chi_square_that_r_gives_for_berkeley():
    """R, mantelhaen.test(UCBAdmissions): X-squared 1.4269 with its correction for continuity. Men
    are the audience.
    """
    a, b, c, d = BERKELEY.T
    total, hit = (a + b + c + d).astype(float), a + c
    stratum = np.repeat(np.arange(6, dtype=np.int32), a + b + c + d)
    inside = np.concatenate([np.arange(n) < m for n, m in zip(a + b + c + d, a + b, strict=True)])
    follower = np.flatnonzero(inside).astype(np.int32)
    rate = hit / total
    mean, variance, count = np.zeros(1), np.zeros(1), np.array([a.sum()])
    kernel.moments(
        np.array([0, len(follower)]),
        follower,
        stratum,
        rate,
        rate * (1 - rate) / (total - 1),
        total,
        np.array([2.0]),
        0,
        1,
        count,
        mean,
        variance,
        np.zeros(1),
    )
    assert (abs(count[0] - mean[0]) - 0.5) ** 2 / variance[0] == pytest.approx(1.4269, abs=5e-5)


def test_pooled_odds_of_a_worked_example():
    """Two strata worked by hand with the formulas of Mantel and Haenszel and of Robins, Breslow and
    Greenland.
    """
    hit, size = np.array([8, 20]), np.array([100, 80])
    fallen, total = np.array([12, 32]), np.array([300, 200])
    a, b, c, d, n = (
        np.array(v, float) for v in ([8, 20], [92, 60], [4, 12], [196, 108], [300, 200])
    )
    r, s, p, q = a * d / n, b * c / n, (a + d) / n, (b + c) / n
    ratio = r.sum() / s.sum()
    variance = (
        (p * r).sum() / (2 * r.sum() ** 2)
        + (p * s + q * r).sum() / (2 * r.sum() * s.sum())
        + (q * s).sum() / (2 * s.sum() ** 2)
    )
    odds = pool_odds_ratio(hit, size, fallen, total)
    assert odds.ratio == pytest.approx(ratio)
    assert (odds.low, odds.high) == pytest.approx(
        (ratio * np.exp(-1.959964 * variance**0.5), ratio * np.exp(1.959964 * variance**0.5))
    )


def test_one_stratum_is_the_plain_odds_ratio_and_woolf_interval():
    odds = pool_odds_ratio(np.array([30]), np.array([100]), np.array([50]), np.array([300]))
    assert odds.ratio == pytest.approx(30 * 180 / (70 * 20))
    assert np.log(odds.high / odds.low) / 2 == pytest.approx(
        1.959964 * np.sqrt(1 / 30 + 1 / 70 + 1 / 20 + 1 / 180), rel=1e-6
    )


def test_an_empty_cell_gives_a_finite_interval():
    odds = pool_odds_ratio(np.array([10]), np.array([10]), np.array([10]), np.array([100]))
    assert np.isfinite([odds.ratio, odds.low, odds.high]).all()


def test_e_values():
    assert e_value(2.0) == pytest.approx(2 + 2**0.5)
    assert e_value(0.7) == 1.0
    assert e_value(5.3) == pytest.approx(10.07, abs=0.01)


@given(st.integers(0, 60))
def test_counts_of_parts_of_the_edges_sum_to_the_draws_of_the_whole(seed):
    """Each part of the followers tallies the same draws; their sums give the same maxima."""
    audiences, starts, follower, fallen, stratum = graph(seed)
    begin, followed = kernel.transpose_edges(starts, follower, len(fallen))
    order = np.argsort(stratum, kind="stable").astype(np.int32)
    stratum_starts = np.r_[0, np.cumsum(np.bincount(stratum, minlength=3))].astype(np.int64)
    fallen_in = np.bincount(stratum, fallen, minlength=3).astype(np.int64)
    draws = (order, stratum_starts, fallen_in)
    mean, deviation = np.linspace(0.5, 3, len(audiences)), np.linspace(1, 2, len(audiences))
    whole = np.zeros(12)
    kernel.permuted_maxima(begin, followed, *draws, mean, deviation, 0, 12, seed, whole)
    summed = np.zeros((12, len(audiences)), np.int32)
    for part in range(3):
        mine = np.repeat(np.arange(len(fallen)) % 3 == part, np.diff(begin))
        degrees = np.where(np.arange(len(fallen)) % 3 == part, np.diff(begin), 0)
        part_starts = np.r_[0, np.cumsum(degrees)].astype(np.int64)
        kernel.permuted_counts(part_starts, followed[mine], *draws, seed, summed)
    found = np.maximum(((summed - mean) * (1.0 / deviation)).max(axis=1), 0)
    assert found.tolist() == whole.tolist()


@given(st.integers(0, 60))
def test_moments_of_sizes_counted_elsewhere_are_those_of_the_edges(seed):
    audiences, starts, follower, fallen, stratum = graph(seed)
    total = np.bincount(stratum, minlength=3).astype(float)
    rate = np.bincount(stratum, fallen, minlength=3) / np.maximum(total, 1)
    spread = rate * (1 - rate) / np.maximum(total - 1, 1)
    boosts, count = np.array([1.5, 4.0]), np.array([int(fallen[a].sum()) for a in audiences])
    of_edges, of_sizes = np.zeros((3, len(audiences))), np.zeros((3, len(audiences)))
    kernel.moments(
        starts, follower, stratum, rate, spread, total, boosts, 0, len(audiences), count, *of_edges
    )
    sizes = np.array([np.bincount(stratum[a], minlength=3) for a in audiences], np.int64)
    kernel.moments_of_sizes(
        sizes.reshape(len(audiences), 3), rate, spread, total, boosts, count, *of_sizes
    )
    assert of_sizes.tolist() == of_edges.tolist()
