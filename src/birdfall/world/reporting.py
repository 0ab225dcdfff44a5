"""Who reports whom: honest reports all the time, honest pile-ons, and a crew that reuses its people against many.

Reports are acts of kind `report` on an account. A crew leaves out some targets (dilution) and reports bystanders (camouflage).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from birdfall.world.acts import moments_of
from birdfall.world.enforcement import Falls
from birdfall.world.population import Population
from birdfall.world.scenarios import Scenario


def reports(world: Scenario, people: Population, falls: Falls, rng: np.random.Generator) -> pa.Table:
    """Reports against accounts: honest ones all the time, and a crew's before the wave if a brigade made it."""
    begin = world.begin.timestamp()
    n = 4_000
    reporter = rng.integers(world.leaders, len(people), n).astype(np.int32)
    target = rng.choice(len(people), n, p=people.activity / people.activity.sum()).astype(np.int32)
    time = begin + rng.random(n) * world.days * 86400
    if world.cause == "brigade":
        hit = falls.account[falls.wave]
        crew = rng.choice(np.setdiff1d(np.arange(world.leaders, len(people)), hit), 140, replace=False)
        each = rng.integers(3, 9, len(hit))
        victim = np.repeat(np.arange(len(hit)), each)
        reporter = np.r_[reporter, rng.choice(crew, len(victim))].astype(np.int32)
        target = np.r_[target, hit[victim]].astype(np.int32)
        time = np.r_[time, falls.time[falls.wave][victim] - rng.exponential(240, len(victim)) - 5]
    keep = np.flatnonzero((reporter != target) & (time >= begin))
    keep = keep[np.argsort(time[keep], kind="stable")]
    ids = np.array(people.ids, object)
    return pa.table(
        {
            "account": pa.array(ids[reporter[keep]], pa.string()),
            "kind": pa.array(["report"] * len(keep)),
            "object": pa.array(ids[target[keep]], pa.string()),
            "time": moments_of(time[keep]),
            "object_kind": pa.array(["account"] * len(keep)),
            "target": pa.array(ids[target[keep]], pa.string()),
            "act_id": pa.array([f"r{i}" for i in range(len(keep))]),
        }
    )
