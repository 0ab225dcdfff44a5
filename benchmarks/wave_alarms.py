"""How often the wave scan is wrong, and what it finds.

`python benchmarks/wave_alarms.py [--records 200] [--first 0] [--only NAME]`.

Draws records in which nothing happened (counts that are negative binomial, hang together in time
and have a season; Poisson counts; levels that drift; simulated quiet worlds) from seeds of its own
and prints for each kind the share in which the scan called any wave at alpha 0.01 and 0.05, with an
exact interval (Clopper and Pearson 1934); then plants waves of several sizes in the same records
and prints the share found. Several processes at once share the work with --only.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from scipy import stats

from birdfall.measures.waves.clock import ScanClock
from birdfall.measures.waves.search import search

DAY = 86400.0
#: A Monday.
BEGIN = 1_600_041_600.0
Draw = Callable[[np.random.Generator], np.ndarray]


def clock_of(steps: int, step: float) -> ScanClock:
    return ScanClock(BEGIN, step, steps, np.ones(steps, np.bool_), step)


def levels(rng: np.random.Generator, steps: int, size: float, together: float) -> np.ndarray:
    """float64[steps] of mean 1.

    Gamma(size) at every step, joined by a normal AR(1) of coefficient `together` (a copula).
    """
    noise = rng.standard_normal(steps)
    for t in range(1, steps):
        noise[t] = together * noise[t - 1] + np.sqrt(1 - together**2) * noise[t]
    return stats.gamma.ppf(stats.norm.cdf(noise), size) / size


def season(steps: int, step: float) -> np.ndarray:
    at = BEGIN + (np.arange(steps) + 0.5) * step
    hour = 1 + 0.7 * np.sin(2 * np.pi * at / DAY) if step < DAY else np.ones(steps)
    return hour * np.where((at // DAY + 3) % 7 >= 5, 0.6, 1.16)


def ar1(steps: int, step: float, mean: float, size: float, together: float) -> Draw:
    return lambda rng: rng.poisson(
        mean * season(steps, step) * levels(rng, steps, size, together)
    ).astype(float)


def drifting(steps: int, step: float, mean: float, how: str) -> Draw:
    def draw(rng: np.random.Generator) -> np.ndarray:
        at = np.linspace(0, 1, steps)
        walk = np.cumsum(rng.standard_normal(steps)) * 0.08 * np.sqrt(step / DAY)
        level = {
            "line to fourfold": 1 + 3 * at,
            "random walk": np.exp(walk - walk.mean()),
            "step to twofold": 1.0 + (at > 0.5),
        }[how]
        return rng.poisson(mean * level * season(steps, step) * rng.gamma(4, 0.25, steps)).astype(
            float
        )

    return draw


def fine(per_day: float, days: int, size: float) -> Draw:
    """Minutes of a stream whose hours have gamma(size) rates."""

    def draw(rng: np.random.Generator) -> np.ndarray:
        hours = np.repeat(levels(rng, days * 24, size, 0.5), 60)
        return rng.poisson(per_day / 1440 * season(days * 1440, 60.0) * hours).astype(float)

    return draw


def kinds() -> dict[str, tuple[ScanClock, Draw]]:
    found: dict[str, tuple[ScanClock, Draw]] = {}
    for name, steps, step, mean in (("daily", 400, DAY, 150.0), ("hourly", 60 * 24, 3600.0, 8.0)):
        for size in (1.0, 2.7, 6.0):
            for together in (0.0, 0.4, 0.8):
                found[f"{name}, size {size:g}, together {together:g}"] = (
                    clock_of(steps, step),
                    ar1(steps, step, mean, size, together),
                )
        found[f"{name}, Poisson"] = (clock_of(steps, step), ar1(steps, step, mean, 1e6, 0.0))
        for how in ("line to fourfold", "random walk", "step to twofold"):
            found[f"{name}, {how}"] = (clock_of(steps, step), drifting(steps, step, mean, how))
    found["minutes, 200 a day, size 2"] = (clock_of(42 * 1440, 60.0), fine(200, 42, 2.0))
    found["minutes, 20 a day, size 2"] = (clock_of(42 * 1440, 60.0), fine(20, 42, 2.0))
    found["minutes, 200 a day, Poisson"] = (clock_of(42 * 1440, 60.0), fine(200, 42, 1e6))
    return found


def called(counts: np.ndarray, clock: ScanClock, alpha: float, seed: int) -> list[tuple[int, int]]:
    """(first step, steps) of every wave called."""
    return [
        (w.first, w.length)
        for w in search(counts, clock, alpha=alpha, replicates=999, seed=seed).windows
    ]


def share(hits: int, of: int) -> str:
    low = stats.beta.ppf(0.025, hits, of - hits + 1) if hits else 0.0
    high = stats.beta.ppf(0.975, hits + 1, of - hits) if hits < of else 1.0
    return f"{hits:4}/{of} {100 * hits / of:5.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def false_alarms(name: str, clock: ScanClock, draw: Draw, first: int, records: int) -> None:
    at_5 = at_1 = 0
    for seed in range(first, first + records):
        counts = draw(np.random.default_rng([seed, 41]))
        if called(counts, clock, 0.05, seed):
            at_5 += 1
            at_1 += bool(called(counts, clock, 0.01, seed))
    print(
        f"{name:36} false waves at 0.05: {share(at_5, records)}   at 0.01: {share(at_1, records)}",
        flush=True,
    )


def power(name: str, clock: ScanClock, draw: Draw, first: int, records: int) -> None:
    """A wave in one step of several times the mean, or in ten minutes, at a random place."""
    sizes = (30, 60, 120, 240) if clock.step < 3600 else (4, 8, 16, 32)
    row = []
    for size in sizes:
        found = 0
        for seed in range(first, first + records):
            rng = np.random.default_rng([seed, 43])
            counts = draw(np.random.default_rng([seed, 41]))
            at = int(rng.integers(clock.steps // 20, clock.steps - clock.steps // 20))
            if clock.step < 3600:
                counts[at : at + 10] += rng.multinomial(size, np.full(10, 0.1))
            else:
                counts[at] += rng.poisson(size * counts.mean())
            found += any(a <= at + 9 and at <= a + n for a, n in called(counts, clock, 0.01, seed))
        unit = "accounts" if clock.step < 3600 else "x mean"
        row.append(f"{size} {unit} {found}/{records}")
    print(f"{name:36} found at 0.01: {', '.join(row)}", flush=True)


def worlds(first: int, records: int) -> None:
    from birdfall import simulate

    at_5 = at_1 = 0
    for seed in range(first, first + records):
        world = simulate("quiet", seed=seed)
        if world.waves(alpha=0.05, seed=seed, attributes=False).answer == "found":
            at_5 += 1
            at_1 += world.waves(alpha=0.01, seed=seed, attributes=False).answer == "found"
    print(
        f"{'quiet worlds':36} false waves at 0.05: {share(at_5, records)}"
        f"   at 0.01: {share(at_1, records)}",
        flush=True,
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--records", type=int, default=200)
    arguments.add_argument("--first", type=int, default=10_000, help="first seed")
    arguments.add_argument("--only", default="", help="kinds whose name holds this")
    arguments.add_argument(
        "--power", type=int, default=40, help="records per size of wave; 0 leaves it out"
    )
    chosen = arguments.parse_args()
    for name, (clock, draw) in kinds().items():
        if chosen.only in name:
            false_alarms(
                name,
                clock,
                draw,
                chosen.first,
                chosen.records if clock.step >= 3600 else max(1, chosen.records // 2),
            )
            if chosen.power:
                power(name, clock, draw, chosen.first, chosen.power)
    if chosen.only in "quiet worlds":
        worlds(chosen.first, max(1, chosen.records // 3))


if __name__ == "__main__":
    main()
