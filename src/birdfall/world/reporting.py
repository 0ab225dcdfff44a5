"""Reports: honest ones all the time, honest pile-ons, and a crew that reports many targets.

Reports are acts of kind `report` on an account. A crew leaves out some targets (dilution) and
reports bystanders (camouflage).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from birdfall.world.acts import to_timestamps
from birdfall.world.enforcement import SimulatedFalls, parameters_of
from birdfall.world.population import Population
from birdfall.world.scenarios import Scenario
from birdfall.world.timing import siege


def reports(
    world: Scenario, people: Population, falls: SimulatedFalls, rng: np.random.Generator
) -> pa.Table:
    """Reports against accounts.

    Honest ones all the time, and a crew's before the wave if a brigade made it.
    """
    begin = world.begin.timestamp()
    n = 4_000
    reporter = rng.integers(world.leaders, len(people), n).astype(np.int32)
    target = rng.choice(len(people), n, p=people.activity / people.activity.sum()).astype(np.int32)
    time = begin + rng.random(n) * world.days * 86400
    besieged = falls.trigger == "brigade"
    if besieged.any():
        more = _siege(world, people, falls.account[besieged], falls.time[besieged], rng)
        reporter, target, time = (
            np.r_[old, new] for old, new in zip((reporter, target, time), more, strict=True)
        )
    keep = np.flatnonzero((reporter != target) & (time >= begin))
    keep = keep[np.argsort(time[keep], kind="stable")]
    ids = np.array(people.ids, object)
    return pa.table(
        {
            "account": pa.array(ids[reporter[keep].astype(np.int64)], pa.string()),
            "kind": pa.array(["report"] * len(keep)),
            "object": pa.array(ids[target[keep].astype(np.int64)], pa.string()),
            "time": to_timestamps(time[keep]),
            "object_kind": pa.array(["account"] * len(keep)),
            "target": pa.array(ids[target[keep].astype(np.int64)], pa.string()),
            "act_id": pa.array([f"r{i}" for i in range(len(keep))]),
        }
    )


def _siege(
    world: Scenario, people: Population, hit: np.ndarray, fell: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reporter, target and time of a crew's reports.

    Each target falls with the one that reaches the threshold.

    A tenth as many targets again are reported too seldom to fall, and some bystanders to hide
    among.
    """
    values = parameters_of(world, "brigade").by_trigger["brigade"]
    plan = siege(values)
    free = np.setdiff1d(np.arange(world.leaders, len(people)), hit)
    crew = rng.choice(free, plan.crew, replace=False)
    spared = rng.choice(free, len(hit) // 10, replace=False)
    # who of the crew reaches a target first is any of it: a random order per target, the first
    # `threshold` in it
    order = np.argsort(rng.random((len(hit), plan.crew)), axis=1)[:, : plan.threshold]
    lag = np.sort(rng.exponential(values["lag_s"], (len(hit), plan.threshold)), axis=1)
    time = fell[:, None] - 1 - (lag[:, -1:] - lag)
    few = rng.integers(1, max(plan.threshold, 2), len(spared))
    failed = np.repeat(spared, few)
    onset = fell.min() if len(fell) else world.onset.timestamp()
    hidden = rng.choice(free, round(0.3 * order.size))
    loose = len(failed) + len(hidden)
    reporter = np.r_[crew[order].ravel(), rng.choice(crew, loose)]
    target = np.r_[np.repeat(hit, plan.threshold), failed, hidden]
    return reporter, target, np.r_[time.ravel(), onset + rng.random(loose) * world.duration_s]
