"""What must hold of audiences where two were hit."""

from __future__ import annotations

import functools

import numpy as np
import pyarrow as pa

from audit.bursts import statuses
from audit.makes.follows import Followed, followed
from birdfall.measures.audiences import audiences
from birdfall.measures.waves import waves
from birdfall.model.findings import Finding
from birdfall.model.schemas import TIME
from birdfall.record.record import from_tables

ODDS = 6.0


def _audiences(world: Followed, seed: int) -> Finding:
    follower, known = zip(*world.follows, strict=True)
    follows = pa.table(
        {
            "follower": follower,
            "followed": known,
            "since": pa.array([0] * len(follower), pa.int64()).cast(TIME),
            "observation": ["change"] * len(follower),
        }
    )
    rows = [(account, "suspended", second) for account, second in world.falls]
    record = from_tables({"statuses": statuses(rows), "follows": follows})
    wave = waves(record, replicates=49, attributes=False, seed=seed)
    return audiences(record, wave, permutations=199, seed=seed)


@functools.lru_cache(maxsize=1000)
def _hit_and_named(seed: int) -> tuple[frozenset[str], frozenset[str]]:
    """The two audiences that were hit and those that are named; two rows ask it of each world."""
    world = followed(np.random.default_rng(seed), odds=ODDS)
    named = _audiences(world, seed).table("explanation").column("leader").to_pylist()
    return frozenset(world.hit), frozenset(named)


def both_are_named(seed: int) -> bool:
    """Whether of thirty audiences the two that were hit are named."""
    hit, named = _hit_and_named(seed)
    return hit <= named


def no_third_is_named(seed: int) -> bool:
    """Whether of thirty audiences none is named but the two that were hit."""
    hit, named = _hit_and_named(seed)
    return named <= hit


def odds_are_covered(seed: int) -> bool:
    """Whether the odds of one of two audiences that were hit lie within their interval.

    Of the first world in which both are named; which of the two is drawn.
    """
    rng = np.random.default_rng(seed)
    for _ in range(10):
        world = followed(rng, odds=ODDS)
        rows = _audiences(world, seed).table("explanation").to_pylist()
        row = {r["leader"]: r for r in rows}
        one = world.hit[int(rng.integers(len(world.hit)))]
        if set(world.hit) <= set(row):
            return bool(row[one]["or_low"] <= ODDS <= row[one]["or_high"])
    return False


def nobody_is_named(seed: int) -> bool:
    """Whether no audience is named where none was hit."""
    world = followed(np.random.default_rng(seed), hit=0, odds=1.0)
    return not _audiences(world, seed).table("explanation").num_rows
