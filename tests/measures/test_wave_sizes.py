"""The size of a wave that thins out, the base rate of a desk with hours, and what is found."""

import dataclasses

import numpy as np
import pytest

from birdfall.measures.waves import power, waves
from birdfall.measures.waves.baseline import Baseline, fit_baseline
from birdfall.measures.waves.beyond_edges import widen_sizes
from birdfall.measures.waves.clock import ScanClock
from birdfall.measures.waves.describe import RefinedWave
from birdfall.measures.waves.power import smallest_planted
from birdfall.measures.waves.search import search
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


def uneven_days(seed, days, a_day):
    """A quiet record in hours: each day has a level of its own, and a noon."""
    rng = np.random.default_rng(seed)
    hours = 1 + np.sin(np.arange(24) / 24 * 2 * np.pi)
    rates = rng.gamma(4.0, a_day / 4.0, days)[:, None] * hours / hours.sum()
    return ScanClock(0.0, HOUR_S, 24 * days, np.ones(24 * days, bool), 1.0), rng.poisson(
        rates
    ).ravel().astype(float)


def how_often_found(seeds, length, days):
    """(records in which a wave of the size that is said is found, records of which it is said)."""
    found = asked = 0
    for seed in seeds:
        clock, quiet = uneven_days(seed, days, 60.0)
        looked = search(quiet, clock, alpha=0.01, replicates=199, seed=seed)
        size = smallest_planted(quiet, looked, clock, length * DAY_S, seed=5)
        if size is None:
            continue
        rng = np.random.default_rng([seed, 1])
        moments = (rng.uniform(0.1, 0.8) * days + rng.random(size) * length) * 24
        counts = quiet + np.bincount(moments.astype(int), minlength=len(quiet))
        asked += 1
        found += bool(search(counts, clock, alpha=0.01, replicates=199, seed=seed).windows)
    return found, asked


def test_a_wave_of_a_day_as_large_as_is_said_is_found_where_days_differ():
    # of what was only reckoned from the base rate, neither was found
    assert how_often_found((1, 7), 1.0, 62) == (2, 2)


@pytest.mark.slow
@pytest.mark.parametrize(("length", "days"), [(1.0, 62), (3.0, 183)])
def test_waves_of_days_as_large_as_is_said_are_found_where_days_differ(length, days):
    found, asked = how_often_found(range(12), length, days)
    assert asked >= 10 and found >= asked - 1


def test_nothing_is_said_of_waves_that_the_record_cannot_hold_or_that_hide_themselves(monkeypatch):
    clock, quiet = uneven_days(3, 62, 60.0)
    looked = search(quiet, clock, alpha=0.01, replicates=99, seed=3)

    def smallest(days, **other):
        return smallest_planted(
            quiet, dataclasses.replace(looked, **other), clock, days * DAY_S, seed=5
        )

    assert smallest(3) is None, "sixty-two days hold too few of three"
    assert smallest(1, base=dataclasses.replace(looked.base, blocks=59)) is None
    half = dataclasses.replace(clock, covered=np.arange(clock.steps) % 24 < 12)
    assert smallest_planted(quiet, looked, half, DAY_S, seed=5) is None, "no whole day was watched"
    assert smallest(1, null_threshold=1e9) is None, "more than a million"
    monkeypatch.setattr(power, "BEYOND_CHANCE", 1e5)
    assert smallest(1) is None
