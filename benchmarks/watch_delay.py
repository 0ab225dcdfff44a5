"""How soon the watch calls a rate that rose, and how often it calls nothing at all.

The tables of docs/methods/watch.md.

    python benchmarks/watch_delay.py [runs]

Delays are over seeds, by the rate before (events a minute), how many times it rose, and how long
was watched before.
"""

import copy
import json
import sys

import numpy as np
from scipy import stats

from birdfall.watch.detect.chance_bounds import MAX_SIZE, MAX_YOUNG_SIZE
from birdfall.watch.detect.detector_bank import DetectorBank
from birdfall.watch.model.stream_key import ALL_FALLS, ALL_REPORTS, StreamKey
from birdfall.watch.model.ticks import TICK_US

PER_MINUTE = 60_000_000 // TICK_US


def watched(
    rate: float, hours: float, audiences: int, seed: int, within: float = 0.0
) -> tuple[DetectorBank, np.random.Generator]:
    """A bank that has watched `rate` events a minute for so long.

    `within` more in the first audience, nothing in the others.
    """
    rng = np.random.default_rng(seed)
    bank = DetectorBank()
    bank.tick = 1
    bank.add([ALL_FALLS, ALL_REPORTS, *(StreamKey.parse(f"leader:{i}") for i in range(audiences))])
    teach = np.ones(len(bank), bool)
    for _ in range(int(hours * 60 * PER_MINUTE)):
        bank.add_events(ALL_FALLS, rng.poisson(rate / PER_MINUTE))
        if within:
            number = rng.poisson(within / PER_MINUTE)
            bank.add_events(ALL_FALLS, number)
            bank.add_events(StreamKey.parse("leader:0"), number)
        bank.close_tick(teach=teach, covered=True)
    return bank, rng


def delay(
    bank: DetectorBank, rng: np.random.Generator, rate: float, times: float, others: float = -1.0
) -> float:
    """Seconds from the rise, at any moment of a tick, until the event at which it is called.

    Infinity if not within ten minutes.

    others: -1: all suspensions rise from `rate`; else the first audience does, beside so many
    events a minute outside of it.
    """
    rose, name = rng.random(), ALL_FALLS if others < 0 else StreamKey.parse("leader:0")
    k = bank.row[name]
    teach = np.ones(len(bank), bool)
    for tick in range(10 * PER_MINUTE + 1):
        calm = rose if not tick else 0.0
        before = rng.random(rng.poisson(calm * rate / PER_MINUTE)) * calm
        after = calm + rng.random(rng.poisson((1 - calm) * times * rate / PER_MINUTE)) * (1 - calm)
        moments = np.sort(np.r_[before, after])
        # evidence only grows with the events of a tick: the first that suffices is found by halving
        low, high = 0, len(moments) + 1
        outside = rng.poisson(max(others, 0.0) / PER_MINUTE)
        while high - low > 1:
            bank.count[k] = (low + high) // 2
            if k:
                bank.count[0] = bank.count[k] + outside
            called = name in bank.significant_streams(bank.evidence())
            low, high = (low, (low + high) // 2) if called else ((low + high) // 2, high)
        if high <= len(moments):
            return float(max(tick + moments[high - 1] - rose, 0.0) * TICK_US / 1e6)
        bank.count[k] = len(moments)
        if k:
            bank.count[0] = len(moments) + outside
        bank.close_tick(teach=teach, covered=True)
    return float("inf")


def quiet(hours: float, audiences: int, seed: int, wander: float) -> int:
    """Alarms of a bank whose levels change each hour by a Gamma of this relative spread."""
    rng = np.random.default_rng(seed)
    bank = DetectorBank()
    bank.tick = 1
    bank.add(StreamKey.parse(f"leader:{i}") for i in range(audiences))
    rates, alarms = np.geomspace(0.001, 3, audiences), 0
    for _ in range(int(hours)):
        level = rates * rng.gamma(1 / wander**2, wander**2, audiences)
        for _ in range(60 * PER_MINUTE):
            bank.count[:audiences] = rng.poisson(level)
            called = bank.significant_streams(bank.evidence())
            alarms += bool(called)
            bank.reset_evidence(called)
            bank.close_tick(teach=np.ones(audiences, bool), covered=True)
    return alarms


def quiet_whole(days: int, seed: int, wander: float) -> int:
    """Alarms of all suspensions: a new rate each day, its level changing each hour as above."""
    rng, alarms = np.random.default_rng(seed), 0
    for _ in range(days):
        bank, rate, last = DetectorBank(), 10 ** rng.uniform(-2, 1), -PER_MINUTE
        bank.tick = 1
        bank.add([ALL_FALLS, ALL_REPORTS])
        teach = np.ones(2, bool)
        for hour in range(24):
            level = rate * rng.gamma(1 / wander**2, wander**2)
            for tick in range(60 * PER_MINUTE):
                bank.count[0] = rng.poisson(level)
                now = hour * 60 * PER_MINUTE + tick
                if bank.count[0] and bank.significant_streams(bank.evidence()):
                    alarms += now - last > PER_MINUTE
                    last = now
                    bank.reset_evidence([ALL_FALLS])
                bank.close_tick(teach=teach, covered=True)
    return alarms


def bound(rate: float, times: float, lift: float, size: float) -> float:
    """The largest share of rises any detector calls within a minute at one false alarm a year.

    From the counts of that minute alone: the most powerful test (Neyman and Pearson 1933) of
    Poisson counts at `times` the rate, against negative binomial ones at `lift` times the rate, of
    this size a tick. `lift` 1 and a large size: were the rate known and steady.
    """
    chance = 60 / (365.25 * 86400)
    size *= PER_MINUTE
    null = stats.nbinom(size, size / (size + lift * rate))
    risen = stats.poisson(times * rate)
    least = int(null.isf(chance)) + 1
    between = (chance - null.sf(least - 1)) / null.pmf(least - 1)
    return float(risen.sf(least - 1) + between * risen.pmf(least - 1))


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    for rate in (0.6, 2.0, 6.0, 12.0, 20.0):
        print(
            json.dumps(
                {
                    "per_minute": rate,
                    "at_most_steady": round(bound(rate, 10, 1, 1e7), 3),
                    "at_most_young": round(bound(rate, 10, 3, MAX_YOUNG_SIZE), 3),
                    "at_most_grown": round(bound(rate, 10, 3, MAX_SIZE), 3),
                }
            ),
            flush=True,
        )
    for hours in (0.5, 6.0):
        for rate, many in (
            (0.6, (10,)),
            (2.0, (10,)),
            (6.0, (10,)),
            (12.0, (10,)),
            (20.0, (10,)),
            (60.0, (3, 4, 5, 6, 10)),
            (600.0, (10,)),
        ):
            late: dict[int, list[float]] = {times: [] for times in many}
            for seed in range(runs):
                bank, rng = watched(rate, hours, 100, seed)
                for times in many:
                    late[times].append(delay(copy.deepcopy(bank), rng, rate, times))
            for times in many:
                print(
                    json.dumps(
                        {
                            "watched_hours": hours,
                            "per_minute": rate,
                            "times": times,
                            "median_s": round(float(np.median(late[times])), 1),
                            "within_60_s": round(float(np.mean(np.array(late[times]) <= 60)), 2),
                            "never": round(float(np.mean(np.isinf(late[times]))), 2),
                        }
                    ),
                    flush=True,
                )
    for hours in (0.5, 6.0):
        for rate in (0.6, 2.0, 6.0, 12.0, 60.0):
            late_in = []
            for seed in range(runs):
                bank, rng = watched(60.0, hours, 100, seed, rate)
                late_in.append(delay(bank, rng, rate, 10, 60.0))
            print(
                json.dumps(
                    {
                        "audience": True,
                        "watched_hours": hours,
                        "per_minute": rate,
                        "outside_per_minute": 60,
                        "times": 10,
                        "median_s": round(float(np.median(late_in)), 1),
                        "within_60_s": round(float(np.mean(np.array(late_in) <= 60)), 2),
                        "never": round(float(np.mean(np.isinf(late_in))), 2),
                    }
                ),
                flush=True,
            )
    for wander in (0.0001, 0.33, 0.5):
        alarms = sum(quiet(24, 100, seed, wander) for seed in range(4))
        print(
            json.dumps(
                {
                    "quiet_days": 4,
                    "streams": 100,
                    "level_wanders": wander,
                    "alarms": alarms,
                    "allowed": round(4 / 365.25, 3),
                }
            ),
            flush=True,
        )
        alarms = quiet_whole(40, 0, wander)
        print(
            json.dumps(
                {
                    "quiet_days_of_all": 40,
                    "level_wanders": wander,
                    "alarms": alarms,
                    "allowed": round(40 / 365.25, 3),
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
