"""How often the scan calls a wave where there is none, and whether it finds those that are there: a
smaller form of the benchmark.
"""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from wave_alarms import called, kinds

FEW = 40
SOME = [
    "daily, size 1, together 0.8",
    "daily, size 2.7, together 0.4",
    "daily, Poisson",
    "daily, random walk",
    "hourly, size 2.7, together 0.8",
    "hourly, Poisson",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", SOME)
def test_false_waves_stay_within_their_budget(name):
    clock, draw = kinds()[name]
    hits = sum(
        bool(called(draw(np.random.default_rng([seed, 59])), clock, 0.05, seed))
        for seed in range(FEW)
    )
    # beyond what chance does once in a hundred at a rate of one in twenty
    assert hits <= stats.binom.ppf(0.99, FEW, 0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("daily, size 6, together 0.4", 16),
        ("daily, Poisson", 4),
        ("hourly, size 6, together 0", 32),
    ],
)
def test_large_waves_are_found(name, times):
    clock, draw = kinds()[name]
    missed = 0
    for seed in range(10):
        counts = draw(np.random.default_rng([seed, 61]))
        counts[clock.steps // 2] += times * counts.mean()
        missed += not any(
            a <= clock.steps // 2 < a + n for a, n in called(counts, clock, 0.01, seed)
        )
    assert missed <= 1
