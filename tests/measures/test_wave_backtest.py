"""The detector tried on history: quiet streams stay within what is promised, waves are called in
minutes.
"""

import numpy as np
import pytest

from birdfall.measures.waves.backtest import back_test
from tiers import some_fast

BEGIN = 1_380_000_000.0


def ticks(rng, days=42, per_day=200.0):
    """Events per minute of a stream with nights and busy hours."""
    level = np.repeat(rng.gamma(2, 0.5, days * 24), 60)
    season = 1 + 0.7 * np.sin(2 * np.pi * np.arange(days * 1440) / 1440)
    return rng.poisson(per_day / 1440 * season * level).astype(float)


@pytest.mark.parametrize("per_day", some_fast([20.0, 2000.0, 200.0], 2))
def test_quiet_streams_keep_the_promise(per_day):
    alarms = allowed = 0.0
    for seed in range(12):
        counts = ticks(np.random.default_rng(seed), per_day=per_day)
        tried = back_test(
            counts, np.ones(len(counts), bool), 60.0, BEGIN, false_alarms_per_year=2.0
        )
        alarms += len(tried.alarms)
        allowed += tried.allowed
    # as many as are allowed on average, give or take what Poisson counts do
    assert alarms <= allowed + 3 * np.sqrt(allowed)


def test_a_wave_is_called_within_minutes_and_once():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        counts = ticks(rng)
        counts[30_000:30_010] += rng.multinomial(600, np.full(10, 0.1))
        tried = back_test(counts, np.ones(len(counts), bool), 60.0, BEGIN)
        (alarm,) = tried.alarms
        assert 30_000 <= alarm <= 30_002


def test_a_gap_raises_no_alarm_and_is_not_watched_time():
    counts = ticks(np.random.default_rng(1))
    covered = np.ones(len(counts), bool)
    covered[10_000:20_000] = False
    counts[10_000:20_000] = 500.0
    tried = back_test(counts, covered, 60.0, BEGIN)
    assert not len(tried.alarms)
    assert tried.years == pytest.approx(covered.sum() * 60 / (365.25 * 86400))
