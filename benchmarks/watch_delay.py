"""How soon the watch calls a rate that rose, and how often it calls nothing at all: the tables of docs/methods/watch.md.

    python benchmarks/watch_delay.py [runs]

Delays are over seeds, by the rate before (events a minute), how many times it rose, and how long was watched before.
"""

import json
import sys

import numpy as np

from birdfall.watch.bank import STEP, Bank

PER_MINUTE = 60_000_000 // STEP


def delay(rate: float, times: float, hours: float, audiences: int, seed: int) -> float:
    """Seconds from the rise until it is called, whole ticks; infinity if not within ten minutes."""
    rng = np.random.default_rng(seed)
    bank = Bank()
    bank.tick = 1
    bank.add(["all", *(f"leader:{i}" for i in range(audiences))])
    teach = np.ones(len(bank), bool)
    for _ in range(int(hours * 60 * PER_MINUTE)):
        bank.put("all", rng.poisson(rate / PER_MINUTE))
        bank.close(teach=teach, covered=True)
    for tick in range(10 * PER_MINUTE):
        bank.put("all", rng.poisson(times * rate / PER_MINUTE))
        if bank.standing_out(bank.evidence()):
            return (tick + 1) * STEP / 1e6
        bank.close(teach=teach, covered=True)
    return float("inf")


def quiet(hours: float, audiences: int, seed: int, wander: float) -> int:
    """Alarms of a bank whose streams' levels change each hour by a Gamma of this relative spread."""
    rng = np.random.default_rng(seed)
    bank = Bank()
    bank.tick = 1
    bank.add(f"leader:{i}" for i in range(audiences))
    rates, alarms = np.geomspace(0.001, 3, audiences), 0
    for _ in range(int(hours)):
        level = rates * rng.gamma(1 / wander**2, wander**2, audiences)
        for _ in range(60 * PER_MINUTE):
            bank.count[:audiences] = rng.poisson(level)
            called = bank.standing_out(bank.evidence())
            alarms += bool(called)
            bank.begin_anew(called)
            bank.close(teach=np.ones(audiences, bool), covered=True)
    return alarms


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    for hours in (0.5, 6.0):
        for rate in (0.6, 6.0, 60.0, 600.0):
            for times in (3.0, 10.0):
                late = [delay(rate, times, hours, 100, seed) for seed in range(runs)]
                print(json.dumps({
                    "watched_hours": hours, "per_minute": rate, "times": times, "median_s": float(np.median(late)),
                    "within_60_s": round(float(np.mean(np.array(late) <= 60)), 2), "never": round(float(np.mean(np.isinf(late))), 2),
                }), flush=True)  # fmt: skip
    for wander in (0.0001, 0.33, 0.5):
        alarms = sum(quiet(24, 100, seed, wander) for seed in range(4))
        print(json.dumps({"quiet_days": 4, "streams": 100, "level_wanders": wander, "alarms": alarms, "allowed": round(4 / 365.25, 3)}), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
