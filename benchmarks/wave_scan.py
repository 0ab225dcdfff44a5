"""How long the wave scan takes, against sorting the same times.

`python benchmarks/wave_scan.py [--events 10000000]`.

Prints seconds and ratios of one run on one machine: numpy's sort of the event times, the count and
base rate, the scan of one series, 999 records in which nothing happened, and the e-detector per
tick.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from birdfall.kernels import edetector, scan
from birdfall.measures.waves.baseline import fit_baseline
from birdfall.measures.waves.clock import ScanClock
from birdfall.measures.waves.search import search


def timed(name: str, events: int, work, *, against: float | None = None) -> float:
    begin = time.perf_counter()
    work()
    took = time.perf_counter() - begin
    ratio = "" if against is None else f"   {took / against:6.2f} x the sort"
    print(f"{name:42} {took:8.3f} s   {events / took / 1e6:9.1f} M/s{ratio}")
    return took


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=10_000_000)
    arguments.add_argument("--days", type=float, default=365.0)
    chosen = arguments.parse_args()
    rng = np.random.default_rng(0)
    level = rng.gamma(2, 0.5, int(chosen.days * 24))
    hours = rng.multinomial(chosen.events, level / level.sum())
    times = ((np.repeat(np.arange(len(hours)), hours) + rng.random(chosen.events)) * 3.6e9).astype(
        np.int64
    )
    # one wave, so that all 999 records are drawn
    times[:: max(1, chosen.events // 20_000)] = int(chosen.days / 2 * 86400e6)
    rng.shuffle(times)
    steps = int(chosen.days * 86400 / 600)
    clock = ScanClock(0.0, 600.0, steps, np.ones(steps, np.bool_), 1e-6)
    small = ScanClock(0.0, 600.0, 2000, np.ones(2000, np.bool_), 1e-6)
    search(
        rng.poisson(3.0, 2000).astype(float), small, alpha=0.01, replicates=19, seed=0
    )  # compiles
    sort = timed("numpy sort of the times", chosen.events, lambda: np.sort(times))
    timed("count into steps", chosen.events, lambda: clock.counted(times), against=sort)
    counts = clock.counted(times)
    timed("base rate", steps, lambda: fit_baseline(counts, clock.covered, 600.0, 0.0), against=sort)
    timed(
        "search with 999 records",
        chosen.events,
        lambda: search(counts, clock, alpha=0.01, replicates=999, seed=0),
        against=sort,
    )
    base = fit_baseline(counts, clock.covered, 600.0, 0.0)
    timed(
        "one scan of all dyadic windows",
        steps,
        lambda: scan.dyadic_maximum(counts, base.expected, clock.covered, base.sizes),
    )
    ticks = 5_000_000
    x, m, k, seen = (
        rng.poisson(0.06, ticks).astype(float),
        np.full(ticks, 0.06),
        np.full(ticks, 3.0),
        np.ones(ticks, bool),
    )
    thetas = edetector.multipliers()
    edetector.alarms(edetector.initial_state(), x[:9], m[:9], k[:9], seen[:9], thetas, 1e300)
    timed(
        "e-detector, ticks of eight multipliers",
        ticks,
        lambda: edetector.alarms(edetector.initial_state(), x, m, k, seen, thetas, 1e300),
    )


if __name__ == "__main__":
    main()
