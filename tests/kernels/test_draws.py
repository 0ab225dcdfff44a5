"""Random numbers of compiled loops: even, independent of each other as far as can be seen, Poisson,
the same for the same seed.
"""

import numpy as np
import pytest
from numba import njit
from scipy import stats

from birdfall.kernels.random_draws import poisson, seed_state, uniform


@njit
def many_uniform(number, seed):
    state = seed_state(seed)
    return np.array([uniform(state) for _ in range(number)])


@njit
def many_poisson(number, mean, seed):
    np.random.seed(seed)
    state = seed_state(seed)
    return np.array([poisson(mean, state) for _ in range(number)])


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1])
def test_uniform_is_even_and_does_not_follow_itself(seed):
    found = many_uniform(200_000, seed)
    assert found.min() >= 0 and found.max() < 1
    assert stats.kstest(found, "uniform").pvalue > 1e-3
    cells = np.histogram2d(found[:-1:2], found[1::2], bins=20, range=[[0, 1], [0, 1]])[0]
    assert stats.chisquare(cells.ravel()).pvalue > 1e-3
    assert abs(np.corrcoef(found[:-1], found[1:])[0, 1]) < 0.01


@pytest.mark.parametrize("mean", [0.01, 0.5, 3.0, 11.9, 12.0, 80.0])
def test_poisson_is_poisson(mean):
    found = many_poisson(100_000, mean, 7)
    top = int(stats.poisson.ppf(0.999, mean))
    seen = np.bincount(np.minimum(found, top + 1), minlength=top + 2)
    meant = np.r_[stats.poisson.pmf(np.arange(top + 1), mean), stats.poisson.sf(top, mean)] * len(
        found
    )
    kept = meant > 5
    seen, meant = np.r_[seen[kept], seen[~kept].sum()], np.r_[meant[kept], meant[~kept].sum()]
    assert stats.chisquare(seen[meant > 0], meant[meant > 0]).pvalue > 1e-3


def test_the_same_seed_draws_the_same():
    assert (many_uniform(100, 5) == many_uniform(100, 5)).all()
    assert (many_uniform(100, 5) != many_uniform(100, 6)).any()
    assert (many_poisson(100, 3.0, 5) == many_poisson(100, 3.0, 5)).all()
