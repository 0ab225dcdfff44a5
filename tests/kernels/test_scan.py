"""Scan kernels against what a patient reader would compute."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from birdfall.kernels import crowding, scan

BULK = stats.gamma(2, scale=0.5).ppf((np.arange(50) + 0.5) / 50)
TAIL = stats.gamma(2, scale=0.5).isf(np.exp(-np.arange(321) / 8))


def plain_excess(c, m, k):
    """Log-likelihood of the best raised mean against the expected one, from scipy's negative
    binomial.
    """
    if c <= m:
        return 0.0
    log = lambda mean: stats.nbinom.logpmf(c, k, k / (k + mean))  # noqa: E731
    return log(c) - log(m)


@given(st.integers(1, 500), st.floats(0.01, 400), st.floats(0.2, 50))
def test_excess_is_the_likelihood_ratio(c, m, k):
    assert scan.excess(float(c), m, k) == pytest.approx(plain_excess(c, m, k), rel=1e-6, abs=1e-7)


@given(st.integers(2, 300), st.floats(0.1, 100))
def test_a_large_size_is_poisson(c, m):
    wanted = 0.0 if c <= m else stats.poisson.logpmf(c, c) - stats.poisson.logpmf(c, m)
    assert scan.excess(float(c), m, 1e9) == pytest.approx(wanted, rel=1e-6, abs=1e-8)


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=40),
    st.lists(st.booleans(), min_size=40, max_size=40),
    st.integers(1, 5),
)
def test_the_dyadic_maximum_is_the_best_of_all_windows(counts, seen, levels):
    counts = np.array(counts, float)
    covered = np.array(seen[: len(counts)])
    expected = np.linspace(0.5, 2, len(counts))
    sizes = np.linspace(1, 3, levels)
    best = 0.0
    for j in range(levels):
        for i in range(len(counts) - (1 << j) + 1):
            window = slice(i, i + (1 << j))
            c, m = (counts * covered)[window].sum(), (expected * covered)[window].sum()
            if c >= 2:
                best = max(best, plain_excess(c, m, sizes[j]) if m > 0 else 0.0)
    value, first, length = scan.dyadic_maximum(counts, expected, covered, sizes)
    assert value == pytest.approx(best, abs=1e-7)
    if length:
        window = slice(first, first + length)
        again = plain_excess(
            (counts * covered)[window].sum(),
            (expected * covered)[window].sum(),
            sizes[int(np.log2(length))],
        )
        assert again == pytest.approx(value, abs=1e-7)


@given(st.lists(st.floats(0, 100), min_size=2, max_size=30))
def test_the_best_interval_is_the_best_of_all_pairs(times):
    times = np.sort(np.array(times))
    value, i, j = scan.best_interval(times, 0.2, 2.0, 0.1, (0, len(times)), (0, len(times)))
    best = max(
        plain_excess(b - a + 1, 0.2 * max(times[b] - times[a], 0.1), 2.0)
        for a in range(len(times))
        for b in range(a + 1, len(times))
    )
    assert value == pytest.approx(best, abs=1e-7)
    assert i <= j


@given(st.lists(st.integers(0, 200), min_size=1, max_size=50), st.integers(0, 100))
def test_densest_counts_the_fullest_window(times, width):
    times = np.sort(np.array(times, float))
    number, first = scan.densest(times, float(width))
    assert number == max(((times >= t) & (times <= t + width)).sum() for t in times)
    assert ((times >= times[first]) & (times <= times[first] + width)).sum() == number


def test_null_records_repeat_for_a_seed_and_differ_between_seeds():
    arguments = (
        np.full(500, 0.5),
        np.ones(500, bool),
        np.full(6, 2.0),
        np.arange(50),
        10,
        BULK,
        TAIL,
        2,
        0.0,
        20,
    )
    one, two, other = (scan.null_maxima(*arguments, seed) for seed in (1, 1, 2))
    assert (one == two).all()
    assert (one != other).any()


def test_drawn_records_have_the_mean_and_the_spread_asked_for():
    # one step, one block: the maximum of a record is its own excess, so the record can be read back
    # from it
    sizes, seen = np.full(1, 2.0), np.ones(1, bool)
    for clump in (0.0, 0.6):
        found = scan.null_maxima(
            np.full(1, 30.0),
            seen,
            sizes,
            np.zeros(1, np.int64),
            1,
            np.ones(1),
            np.ones(321),
            1,
            clump,
            4000,
            3,
        )
        # Poisson, and compound Poisson with logarithmic clumps: variance / mean is 1 / (1 - clump)
        law = stats.nbinom(30 * (1 - clump) / clump, 1 - clump) if clump else stats.poisson(30)
        tail = law.sf(49)
        share = (found >= scan.excess(50.0, 30.0, 2.0)).mean()
        assert share == pytest.approx(tail, abs=4 * np.sqrt(tail / 4000) + 1e-3)


@given(st.integers(1, 300), st.floats(0.001, 0.9), st.integers(0, 300))
def test_crowding_is_the_binomial_likelihood_ratio(inside, share, outside):
    number = inside + outside
    wanted = 0.0
    if inside > number * share:
        log = stats.binom.logpmf
        wanted = log(inside, number, inside / number) - log(inside, number, share)
    assert crowding.crowding(float(inside), share, float(number)) == pytest.approx(
        wanted, rel=1e-6, abs=1e-7
    )


@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=40),
    st.integers(1, 300),
    st.integers(1, 9),
    st.lists(st.tuples(st.integers(0, 300), st.integers(1, 90)), max_size=3),
)
def test_walking_events_is_walking_steps(places, steps, lengths, gaps):
    covered = np.ones(steps, bool)
    for begin, length in gaps:
        covered[begin : begin + length] = False
    seen = np.flatnonzero(covered)
    if not len(seen):
        return
    at = np.sort(seen[np.array(places) % len(seen)])
    counts = np.bincount(at, minlength=steps).astype(float)
    wanted = crowding.most_crowded_window(counts, covered, lengths)[0]
    before = np.r_[0.0, np.cumsum(covered)]
    reach = crowding.covered_range(before, lengths)
    edges = crowding.coverage_edges(covered)
    assert edges.tolist() == [i for i in range(1, steps) if covered[i] != covered[i - 1]]
    assert crowding.greatest_crowding(at, before, reach, edges, lengths) == wanted
    # both ways, whichever the sizes chose
    for length in (1 << j for j in range(lengths) if 1 << j <= steps):
        walked = crowding.walk_windows(at, before, length, 0.0)
        assert crowding.judge_corners(at, before, edges, length, 0.0) == walked


@given(
    st.lists(st.integers(0, 9), min_size=2, max_size=40),
    st.lists(st.booleans(), min_size=40, max_size=40),
)
def test_the_most_crowded_window_is_the_best_of_all(counts, seen):
    counts, covered = np.array(counts, float), np.array(seen[: len(counts)])
    number, watched = (counts * covered).sum(), covered.sum()
    best = 0.0
    for j in range(4):
        for i in range(len(counts) - (1 << j) + 1):
            window = slice(i, i + (1 << j))
            inside = (counts * covered)[window].sum()
            if inside >= 2:
                best = max(best, crowding.crowding(inside, covered[window].sum() / watched, number))
    assert crowding.most_crowded_window(counts, covered, 4)[0] == pytest.approx(best, abs=1e-9)


def test_even_records_are_as_crowded_as_their_null_says():
    covered = np.ones(64, bool)
    null = np.sort(crowding.crowding_null_maxima(40, covered, 5, 64, 1e6, 2000, 1))
    rng = np.random.default_rng(2)
    drawn = [
        crowding.most_crowded_window(
            np.bincount(rng.integers(0, 64, 40), minlength=64).astype(float), covered, 5
        )[0]
        for _ in range(1000)
    ]
    assert stats.ks_2samp(null, drawn).pvalue > 0.001
