"""Tails and quantiles of counts against scipy.stats, which is right and slow to load."""

import numpy as np
import pytest
from scipy import stats

from birdfall.kernels import tails

RNG = np.random.default_rng(1)
N = 3_000
SIZE = np.exp(RNG.uniform(-3, 12, N))
MEAN = np.exp(RNG.uniform(-5, 8, N))
COUNT = np.floor(RNG.poisson(MEAN) * RNG.uniform(0.3, 2, N))
SUCCESS = SIZE / (SIZE + MEAN)


@pytest.mark.parametrize("share", [0.005, 0.025, 0.5, 0.975, 0.995])
def test_quantiles(share):
    assert (tails.poisson_quantile(share, MEAN) == stats.poisson.ppf(share, MEAN)).all()
    ours = [
        tails.negative_binomial_quantile(share, s, p) for s, p in zip(SIZE, SUCCESS, strict=True)
    ]
    assert (np.array(ours) == stats.nbinom.ppf(share, SIZE, SUCCESS)).all()


def test_tails():
    near = {"rtol": 1e-12, "atol": 0}
    np.testing.assert_allclose(
        tails.poisson_tail(COUNT, MEAN), stats.poisson.sf(COUNT - 1, MEAN), **near
    )
    for most in (COUNT, COUNT - 1):
        ours = [
            tails.negative_binomial_share(k, s, p)
            for k, s, p in zip(most, SIZE, SUCCESS, strict=True)
        ]
        np.testing.assert_allclose(ours, stats.nbinom.cdf(most, SIZE, SUCCESS), **near)
    for trials, chance in ((1, 0.5), (20, 0.1), (3_000, 0.97)):
        for least in {0, 1, trials // 2, trials - 1, trials, trials + 1}:
            wanted = stats.binom.sf(least - 1, trials, chance)
            assert tails.binomial_tail(least, trials, chance) == pytest.approx(wanted, rel=1e-12)


def test_even_counts():
    for counts in ([5, 5, 5, 5], [9, 0, 3, 1, 2], RNG.poisson(40, 10)):
        wanted = stats.chisquare(counts).pvalue
        assert tails.even_counts_p(np.array(counts)) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize(
    ("population", "marked"), [(40, 11), (2_000, 60), (2_000, 1_900), (90_000, 900)]
)
def test_hypergeometric_tail(population, marked):
    drawn = RNG.integers(1, population, 400)
    spread = np.sqrt(drawn * marked / population)
    least = np.floor(drawn * marked / population + RNG.normal(0, 3, 400) * spread)
    least = np.clip(least, 0, np.minimum(drawn, marked) + 1)
    wanted = stats.hypergeom.sf(least - 1, population, marked, drawn)
    found = tails.hypergeometric_tail(least, population, marked, drawn)
    np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-12)
