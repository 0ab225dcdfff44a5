"""Events within intervals: bounds by counting, the estimate against a slow one and its
certificate.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birdfall.kernels.interval_censoring import count_in_windows, expected_number, turnbull

intervals = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), min_size=1, max_size=25)


def ends(rows):
    low = np.array([a for a, _ in rows], np.int64)
    return low, low + np.array([w for _, w in rows], np.int64)


def inside(low, high, begin, end):
    """Which microseconds of (low, high] lie in (begin, end], one by one."""
    instants = range(low + 1, high + 1) if low < high else [high]
    return [begin < t <= end for t in instants]


@given(
    intervals, st.lists(st.tuples(st.integers(0, 40), st.integers(1, 15)), min_size=1, max_size=8)
)
def test_bounds_are_what_counting_one_by_one_says(rows, windows):
    low, high = ends(rows)
    begin, end = ends(windows)
    certain, possible = count_in_windows(low, high, begin, end)
    for w in range(len(begin)):
        told = [inside(a, b, begin[w], end[w]) for a, b in zip(low, high, strict=True)]
        assert certain[w] == sum(all(t) for t in told)
        assert possible[w] == sum(any(t) for t in told)


def slow_turnbull(low, high, rounds=4000):
    """EM over single instants: shares of instants in the same innermost interval add up to the
    estimate's.
    """
    low = np.where(low == high, high - 1, low)
    instants = np.arange(low.min() + 1, high.max() + 1)
    holds = (low[:, None] < instants) & (instants <= high[:, None])
    share = np.full(len(instants), 1 / len(instants))
    for _ in range(rounds):
        mass = holds * share
        share = (mass / mass.sum(axis=1, keepdims=True)).mean(axis=0)
    return share, holds


@settings(max_examples=40)
@given(intervals)
def test_the_estimate_is_as_likely_as_a_slow_one(rows):
    low, high = ends(rows)
    estimate = turnbull(low, high)
    assert estimate.share.sum() == pytest.approx(1)
    assert (estimate.low[1:] >= estimate.high[:-1]).all()
    share, holds = slow_turnbull(low, high)
    lows = np.where(low == high, high - 1, low)
    mine = [
        estimate.share[(estimate.low >= a) & (estimate.high <= b)].sum()
        for a, b in zip(lows, high, strict=True)
    ]
    assert np.log(mine).sum() >= np.log((holds * share).sum(axis=1)).sum() - len(rows) * 2e-4


def test_exact_times_give_the_empirical_distribution():
    times = np.array([5, 9, 9, 20], np.int64)
    estimate = turnbull(times, times)
    assert estimate.high.tolist() == [5, 9, 20]
    assert estimate.share == pytest.approx([0.25, 0.5, 0.25])


def test_a_sharp_wave_draws_the_loosely_known_to_it():
    # 50 exact falls in (100, 110]; 40 more known only to lie in (0, 200]; 10 spread over the rest
    low = np.r_[np.arange(50) % 10 + 100, np.zeros(40), np.arange(0, 200, 20)].astype(np.int64)
    high = np.r_[np.arange(50) % 10 + 101, np.full(40, 200), np.arange(0, 200, 20) + 1].astype(
        np.int64
    )
    estimate = turnbull(low, high)
    certain, possible = count_in_windows(low, high, np.array([100]), np.array([110]))
    # five sixths of what is exactly known fell there, one more by chance
    assert expected_number(low, high, 100, 110, estimate) == pytest.approx(
        51 + 40 * 51 / 60, abs=0.1
    )
    assert certain[0] == 51
    assert possible[0] == 91


def test_many_overlapping_intervals_end_with_their_certificate():
    rng = np.random.default_rng(4)
    t = rng.integers(0, 10_000, 20_000)
    low = t - rng.integers(1, 500, len(t))
    high = t + rng.integers(0, 500, len(t))
    estimate = turnbull(low, high)
    assert estimate.gap < 0.01
    assert expected_number(low, high, 2000, 4000, estimate) == pytest.approx(
        ((t > 2000) & (t <= 4000)).sum(), rel=0.03
    )
