"""The product-limit estimate against the definition, counted by hand."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdfall.kernels.survival import kaplan_meier


def by_definition(rows, time, z=1.959963984540054):
    """(share, low, high) at `time` from (duration, happened), one factor per distinct time."""
    survival, spread = Fraction(1), Fraction(0)
    for moment in sorted({d for d, e in rows if e and d <= time}):
        at_risk = sum(d >= moment for d, _ in rows)
        events = sum(d == moment and e for d, e in rows)
        survival *= 1 - Fraction(events, at_risk)
        spread += Fraction(events, at_risk * (at_risk - events)) if events < at_risk else 0
    if survival in (0, 1):
        return float(1 - survival), None, None
    width = z * math.sqrt(spread) / abs(math.log(survival))
    s = float(survival)
    return 1 - s, 1 - s ** math.exp(-width), 1 - s ** math.exp(width)


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=40))
def test_it_is_the_product_of_the_shares_that_stayed(rows):
    durations, happened = (np.array(c) for c in zip(*rows, strict=True))
    curve = kaplan_meier(durations, happened)
    highest = 0.0
    for place, time in enumerate(curve.time.tolist()):
        share, low, high = by_definition(rows, time)
        assert curve.happened[place] == pytest.approx(share, abs=1e-12)
        assert curve.at_risk[place] == sum(d >= time for d, _ in rows)
        assert curve.events[place] == sum(d == time and e for d, e in rows)
        assert curve.censored[place] == sum(d == time and not e for d, e in rows)
        if low is not None:
            highest = max(highest, high)
            assert curve.low[place] <= share <= curve.high[place] + 1e-12
            assert curve.high[place] == pytest.approx(highest, abs=1e-9)
            assert curve.low[place] >= low - 1e-9
    assert (np.diff(curve.happened) >= -1e-12).all() and (np.diff(curve.low) >= 0).all()


def test_a_published_example():
    # Remission under 6-mercaptopurine (Freireich et al., 1963; the textbook example): S(6) = 0.857,
    # S(10) = 0.753, S(23) = 0.448 with Greenwood standard errors 0.076, 0.096, 0.135
    durations = np.array(
        [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    )
    happened = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0], dtype=bool)
    curve = kaplan_meier(durations, happened)
    share = 1 - curve.at(np.array([6, 10, 23]))[:, 0]
    assert share == pytest.approx([0.857, 0.753, 0.448], abs=5e-4)
    low, high = curve.at(np.array([10]))[0, 1:]
    # log-minus-log limits of S(10), computed from S = 0.7529 and its standard error 0.0963
    width = 1.959963984540054 * 0.0963 / (0.7529 * abs(math.log(0.7529)))
    assert [1 - high, 1 - low] == pytest.approx(
        [0.7529 ** math.exp(width), 0.7529 ** math.exp(-width)], abs=1e-3
    )


def test_before_the_first_event_the_band_is_that_of_none_among_all():
    curve = kaplan_meier(np.array([5] * 30), np.zeros(30, dtype=bool))
    # Clopper and Pearson for 0 of 30
    assert curve.at(np.array([0, 5])).tolist() == [[0, 0, pytest.approx(0.11570, abs=1e-4)]] * 2


def test_the_band_covers_what_it_says():
    rng, inside, runs = np.random.default_rng(5), 0, 600
    for _ in range(runs):
        event, stop = rng.exponential(1000, 80), rng.uniform(200, 2500, 80)
        curve = kaplan_meier(np.minimum(event, stop).astype(np.int64), event <= stop)
        _, low, high = curve.at(np.array([700]))[0]
        inside += low <= 1 - math.exp(-0.7) <= high
    # 95 % of 600 is 570; the binomial standard deviation is 5.3
    assert 550 <= inside <= 590
