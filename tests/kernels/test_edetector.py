"""The e-detector against its formula in plain arithmetic, and its bound on quiet streams."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from birdfall.kernels import edetector

THETAS = edetector.multipliers()


def plain(counts, means, sizes, covered):
    """Evidence after each tick, straight from the definition with scipy's negative binomial."""
    log = lambda x, mean, k: stats.nbinom.logpmf(x, k, k / (k + mean))  # noqa: E731
    runs = np.zeros(len(THETAS))
    out = []
    for x, m, k, seen in zip(counts, means, sizes, covered, strict=True):
        if seen:
            runs = (runs + 1) * np.exp([log(x, theta * m, k) - log(x, m, k) for theta in THETAS])
        out.append(runs.mean())
    return np.array(out)


ticks = st.lists(
    st.tuples(st.integers(0, 40), st.floats(0.05, 20), st.floats(0.3, 50), st.booleans()),
    min_size=1,
    max_size=25,
)


def columns(rows):
    counts, means, sizes, covered = zip(*rows, strict=True)
    return np.array(counts, float), np.array(means), np.array(sizes), np.array(covered)


@given(ticks)
def test_evidence_follows_the_definition(rows):
    counts, means, sizes, covered = columns(rows)
    _, evidence = edetector.advance(
        edetector.initial_state(), counts, means, sizes, covered, THETAS
    )
    assert np.exp(evidence) == pytest.approx(plain(counts, means, sizes, covered), rel=1e-6)


@given(ticks, st.integers(0, 25))
def test_a_stream_taken_in_two_parts_is_the_same_stream(rows, cut):
    parts = columns(rows)
    whole, evidence = edetector.advance(edetector.initial_state(), *parts, THETAS)
    between, first = edetector.advance(edetector.initial_state(), *(p[:cut] for p in parts), THETAS)
    kept = between.copy()
    after, second = edetector.advance(between, *(p[cut:] for p in parts), THETAS)
    assert (between == kept).all()
    assert (after == whole).all()
    assert np.r_[first, second] == pytest.approx(evidence, rel=1e-12)


@given(st.integers(0, 60), st.floats(0.01, 5), st.floats(0.3, 1e9), st.integers(0, 30))
def test_empty_ticks_in_one_go_are_empty_ticks_one_by_one(number, mean, size, before):
    state, _ = edetector.advance(
        edetector.initial_state(),
        np.array([float(before)]),
        np.array([mean]),
        np.array([size]),
        np.array([True]),
        THETAS,
    )
    slow, _ = edetector.advance(
        state,
        np.zeros(number),
        np.full(number, mean),
        np.full(number, size),
        np.ones(number, bool),
        THETAS,
    )
    assert edetector.skip_empty_ticks(state, number, mean, size, THETAS) == pytest.approx(
        slow, rel=1e-8, abs=1e-8
    )


@pytest.mark.parametrize(("mean", "size"), [(0.3, 0.5), (3.6, 1.0), (40.0, 3.0)])
def test_the_likelihood_ratio_is_worth_one_on_average(mean, size):
    x = np.arange(0, int(mean * 1000 + 8000))
    for theta in (1.5, 5.0, 100.0):
        log = np.array([edetector.log_ratio(float(c), mean, size, theta) for c in x])

        def worth(m, k, log=log):
            return np.exp(stats.nbinom.logpmf(x, k, k / (k + m)) + log).sum()

        assert worth(mean, size) == pytest.approx(1.0, abs=2e-3)
        # a lower mean, or a narrower spread, only makes it less
        assert worth(0.8 * mean, size) < 1
        assert worth(mean, 3 * size) < 1


def test_a_huge_size_is_poisson():
    for theta in (1.5, 30.0):
        assert edetector.log_ratio(7.0, 3.0, 9e6, theta) == pytest.approx(
            edetector.log_ratio(7.0, 3.0, 1e9, theta), rel=1e-4
        )


def test_no_wave_is_too_large_for_the_state():
    counts = np.full(2000, 1e5)
    state, evidence = edetector.advance(
        edetector.initial_state(), counts, np.ones(2000), np.ones(2000), np.ones(2000, bool), THETAS
    )
    assert np.isfinite(state).all() and np.isfinite(evidence).all()
    assert (np.diff(evidence) > 0).all()


@pytest.mark.parametrize("size", [0.5, 3.0, 1e9])
def test_false_alarms_come_no_closer_than_promised(size):
    rng = np.random.default_rng(17)
    n, mean, threshold = 400_000, 3.6, 1000.0
    counts = (
        rng.poisson(mean, n) if size > 1e7 else rng.negative_binomial(size, size / (size + mean), n)
    )
    _, found = edetector.alarms(
        edetector.initial_state(),
        counts.astype(float),
        np.full(n, mean),
        np.full(n, size),
        np.ones(n, bool),
        THETAS,
        threshold,
    )
    assert len(found) <= n / threshold


def test_a_poisson_detector_breaks_that_promise_on_a_wide_stream():
    rng = np.random.default_rng(17)
    n, mean = 100_000, 3.6
    counts = rng.negative_binomial(1.0, 1 / (1 + mean), n).astype(float)
    _, found = edetector.alarms(
        edetector.initial_state(),
        counts,
        np.full(n, mean),
        np.full(n, 1e9),
        np.ones(n, bool),
        THETAS,
        1000.0,
    )
    assert len(found) > 10 * n / 1000.0


def test_a_wave_is_called_in_its_first_minute_and_its_onset_named():
    rng = np.random.default_rng(3)
    mean, size, n = 3.6, 1.0, 600
    counts = rng.negative_binomial(size, size / (size + mean), n).astype(float)
    counts[500:510] += 660
    means, sizes, seen = np.full(n, mean), np.full(n, size), np.ones(n, bool)
    _, found = edetector.alarms(edetector.initial_state(), counts, means, sizes, seen, THETAS, 1e8)
    assert found[0] == 500
    assert edetector.likely_onset(counts[:505], means[:505], sizes[:505], seen[:505], THETAS) == 500


def test_ticks_not_watched_change_nothing():
    counts = np.array([9.0, 99.0, 9.0])
    means, sizes = np.ones(3), np.full(3, 2.0)
    _, gap = edetector.advance(
        edetector.initial_state(), counts, means, sizes, np.array([True, False, True]), THETAS
    )
    _, without = edetector.advance(
        edetector.initial_state(), counts[::2], means[:2], sizes[:2], np.ones(2, bool), THETAS
    )
    assert gap[0] == gap[1]
    assert gap[[0, 2]] == pytest.approx(without)


@given(st.lists(st.integers(0, 12), min_size=0, max_size=12))
def test_e_bh_is_the_largest_passing_set(exponents):
    threshold = 16
    evidence = np.array(exponents, float) * np.log(2)
    chosen = edetector.e_bh(evidence, float(threshold))
    values = sorted((Fraction(2) ** e for e in exponents), reverse=True)
    most = max(
        (
            k
            for k in range(1, len(values) + 1)
            if values[k - 1] >= Fraction(threshold * len(values), k)
        ),
        default=0,
    )
    # on the very edge the logarithm may fall either way
    edge = any(
        values[k - 1] == Fraction(threshold * len(values), k) for k in range(1, len(values) + 1)
    )
    assert chosen.sum() == most or edge
    if chosen.any() and not chosen.all():
        assert evidence[chosen].min() >= evidence[~chosen].max()


def test_the_threshold_says_how_often():
    assert edetector.threshold_for(60.0, false_alarms_per_year=0.1) == pytest.approx(
        10 * 365.25 * 1440
    )
    with pytest.raises(ValueError, match="false alarms"):
        edetector.threshold_for(60.0, false_alarms_per_year=0)
