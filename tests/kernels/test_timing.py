"""Timing signals against plain reference code, and the mixture share against truth and its
promise.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birdfall.kernels.excess_share import excess
from birdfall.kernels.timing import GAP_BINS, MAX_PATTERN_LENGTH, SIGNALS, timing

SECOND, HOUR, DAY = 1_000_000, 3_600_000_000, 86_400_000_000


def alone(times):
    values, moments = timing(np.array([0, len(times)]), np.array(times, np.int64))
    return dict(zip(SIGNALS, values[0].tolist(), strict=True)), int(moments[0])


def entropy_slowly(gaps, cuts):
    """Corrected conditional entropy, pattern by pattern."""
    symbols = [sum(g > c for c in cuts) for g in gaps]
    best, before, first = np.inf, 0.0, 0.0
    for length in range(1, MAX_PATTERN_LENGTH + 1):
        patterns = [tuple(symbols[i : i + length]) for i in range(len(symbols) - length + 1)]
        if len(patterns) < 2:
            break
        counts = [patterns.count(p) for p in dict.fromkeys(patterns)]
        entropy = -sum(c / len(patterns) * np.log(c / len(patterns)) for c in counts)
        first = entropy if length == 1 else first
        best = min(best, entropy - before + counts.count(1) / len(patterns) * first)
        before = entropy
    return best


@given(st.lists(st.integers(1, 10_000), min_size=19, max_size=60))
@settings(max_examples=60, deadline=None)
def test_signals_equal_plain_code(gaps):
    times = np.cumsum([0, *gaps]) * SECOND
    found, moments = alone(times)
    assert moments == len(times)
    n, r = len(gaps), np.std(gaps) / np.mean(gaps)
    burstiness = (np.sqrt(n + 1) * r - np.sqrt(n - 1)) / ((np.sqrt(n + 1) - 2) * r + np.sqrt(n - 1))
    assert found["regularity"] == pytest.approx(-burstiness)
    micro = np.array(gaps) * SECOND
    cuts = np.quantile(micro, np.arange(1, GAP_BINS) / GAP_BINS)
    assert found["repetition"] == pytest.approx(
        1 - entropy_slowly(micro.tolist(), cuts) / np.log(GAP_BINS)
    )
    seconds = np.bincount((times // SECOND) % 60, minlength=60)
    usual = len(times) / 60
    chi = ((seconds - usual) ** 2).sum() / usual
    assert found["full_second"] == pytest.approx((chi - 59) / (59 * (len(times) - 1)))


def test_a_clockwork_is_told_from_a_person():
    rng = np.random.default_rng(3)
    person = np.sort(rng.integers(0, 40, 400) * DAY + (8 + 12 * rng.random(400)) * HOUR).astype(
        np.int64
    )
    machine = np.arange(400, dtype=np.int64) * HOUR + 7 * SECOND
    values, _ = timing(np.array([0, 400, 800]), np.concatenate([person, machine]))
    found = {name: values[:, k] for k, name in enumerate(SIGNALS)}
    for name in SIGNALS:
        assert found[name][1] > found[name][0], name
    assert found["regularity"][1] == pytest.approx(1)
    assert found["full_second"][1] == pytest.approx(1, abs=0.01)
    assert found["sleepless"].tolist() == [12.0, 24.0]


def test_too_little_says_nothing_and_one_moment_counts_once():
    found, moments = alone([5 * SECOND] * 50 + [6 * SECOND])
    assert moments == 2
    assert all(np.isnan(v) for v in found.values())
    few, _ = alone(np.arange(30) * HOUR)
    assert not np.isnan(few["regularity"])
    assert np.isnan(few["sleepless"]), "thirty hours have no rhythm of days"


@pytest.mark.parametrize("share", [0.0, 0.2, 0.6])
def test_the_lower_bound_keeps_its_promise(share):
    """In at most one of twenty draws is more claimed than there is (allowed for chance: 200
    draws).
    """
    rng = np.random.default_rng(int(share * 10))
    false = []
    for _ in range(200):
        controls = rng.normal(size=400)
        unlike = rng.random(300) < share
        group = np.where(unlike, rng.normal(2, 1, 300), rng.normal(size=300))
        found = excess(group, controls)
        assert 0 <= found.low <= found.visible <= found.high <= 1
        false.append(found.low > unlike.mean())
    assert np.mean(false) <= 0.05


def test_what_is_visible_grows_with_the_share():
    rng = np.random.default_rng(1)
    controls = rng.normal(size=5000)
    visible = [
        excess(
            np.concatenate(
                [rng.normal(4, 1, round(2000 * s)), rng.normal(size=round(2000 * (1 - s)))]
            ),
            controls,
        ).visible
        for s in (0.1, 0.4, 0.8)
    ]
    assert visible == pytest.approx([0.1, 0.4, 0.8], abs=0.07)


def test_weights_are_controls_counted_several_times():
    rng = np.random.default_rng(2)
    group, controls = rng.normal(1, 1, 300), rng.normal(size=200)
    twice = excess(group, np.repeat(controls, 3))
    weighted = excess(group, controls, np.full(200, 3.0))
    even = excess(group, controls)
    assert weighted == even, "even weights change nothing"
    assert twice.low >= weighted.low, "copies pretend to be more controls than there are"
    with pytest.raises(ValueError):
        excess(np.array([]), controls)
