"""The size of a wave that thins out, the base rate of a desk with hours, and what is found."""

import dataclasses

import numpy as np

from birdfall.measures.waves import waves
from birdfall.measures.waves.baseline import Baseline, fit_baseline
from birdfall.measures.waves.beyond_edges import widen_sizes
from birdfall.measures.waves.clock import ScanClock
from birdfall.measures.waves.describe import RefinedWave
from birdfall.record.record import from_tables
from builders import statuses

BEGIN = 1_614_556_800_000_000
HOUR_S, DAY_S = 3600.0, 86_400.0


def wave(start, end, observed):
    return RefinedWave(
        start, end, start, start, observed, 1.0, observed - 1.0, observed - 4.0, observed + 0.0,
        0.001, "monte_carlo", None, None, (start, start, end), 1 / HOUR_S,
    )  # fmt: skip


def base(clock, rate):
    size = np.full(12, 50.0)
    steady = fit_baseline(np.full(clock.steps, rate), clock.covered, clock.step, clock.begin)
    assert isinstance(steady, Baseline)
    return dataclasses.replace(steady, expected=np.full(clock.steps, rate), sizes=size)


def test_what_trails_off_beyond_an_edge_may_be_the_wave():
    clock = ScanClock(0.0, 60.0, 2880, np.ones(2880, bool), 1.0)
    ordinary = np.arange(0, 2 * DAY_S, HOUR_S)
    core, tail = 50_000 + np.arange(100.0), 50_200 + np.linspace(0, 12_000, 40)
    times = (np.sort(np.r_[ordinary, core, tail]) * 1e6).astype(np.int64)
    [alone] = widen_sizes([wave(50_000.0, 50_099.0, 100)], times, clock, base(clock, 1 / 60))
    assert 136 <= alone.size_high <= 165
    # another wave is never reached into
    both = [wave(50_000.0, 50_099.0, 100), wave(50_150.0, 62_300.0, 43)]
    first, _ = widen_sizes(both, times, clock, base(clock, 1 / 60))
    assert first.size_high == 100


def test_a_desk_with_hours_has_the_base_rate_of_its_hours():
    """Of whose pieces most are empty: its months are no wave of themselves."""
    rng = np.random.default_rng(2)
    days = np.array([d for d in range(84) if d % 7 < 5])
    seconds = np.repeat(days, 20) * DAY_S + 8 * HOUR_S + rng.random(20 * len(days)) * 9 * HOUR_S
    steps = 84 * 96
    clock = ScanClock(0.0, 900.0, steps, np.ones(steps, bool), 1.0)
    counts = np.bincount((seconds // 900).astype(int), minlength=steps).astype(float)
    fitted = fit_baseline(counts, clock.covered, 900.0, 0.0)
    assert 0.8 * len(seconds) < fitted.expected.sum() < 1.25 * len(seconds)


def test_a_wave_that_is_said_to_be_found_is_found():
    rng = np.random.default_rng(11)
    quiet = rng.random(800) * 64 * DAY_S

    def found(seconds):
        moments = (BEGIN + np.sort(seconds) * 1e6).astype(np.int64)
        rows = [(f"a{i}", "suspended", int(t)) for i, t in enumerate(moments)]
        record = from_tables({"statuses": statuses(rows)})
        return waves(record, replicates=199, attributes=False)

    finding = found(quiet)
    assert finding.answer == "nothing"
    day = finding["smallest_1d"].value
    assert 4 < finding["smallest_10min"].value < day < 100
    assert found(np.r_[quiet, 20 * DAY_S + rng.random(day) * DAY_S]).answer == "found"
