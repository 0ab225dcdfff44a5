"""What must hold of waves with tails, of what would have been found, of reinstatements and of
creations.
"""

from __future__ import annotations

import functools
from typing import Final

import numpy as np
import pyarrow as pa

from audit.makes import appeals, enforcement, newcomers
from birdfall.measures.creations import creations
from birdfall.measures.reinstatements import reinstatements
from birdfall.measures.waves import waves
from birdfall.model.findings import Finding
from birdfall.model.schemas import TIME
from birdfall.record.record import from_tables

BEGIN_S: Final = 1_614_556_800.0
FIRST_ACCOUNT_S: Final = 1_200_000_000.0
LENGTHS_S: Final = {"smallest_10min": 600.0, "smallest_1d": 86_400.0, "smallest_3d": 259_200.0}
#: Days of the records: of long waves only long records say anything.
RECORD_DAYS: Final = {"smallest_10min": 62, "smallest_1d": 62, "smallest_3d": 183}


def statuses(rows: list[appeals.Row]) -> pa.Table:
    """Status rows (account, status, second) as a table."""
    moments = [int((BEGIN_S + t) * 1e6) for _, _, t in rows]
    return pa.table(
        {
            "account": [a for a, _, _ in rows],
            "status": [s for _, s, _ in rows],
            "time": pa.array(moments, pa.int64()).cast(TIME),
            "observation": ["change"] * len(rows),
        }
    )


def _waves(seconds: np.ndarray, seed: int, replicates: int = 199) -> Finding:
    rows = [(f"user {i}", "suspended", float(t)) for i, t in enumerate(np.sort(seconds))]
    record = from_tables({"statuses": statuses(rows)})
    return waves(record, replicates=replicates, attributes=False, seed=seed)


def size_of_a_shape_is_covered(shape: str, seed: int) -> bool:
    """Whether a wave of that shape is found and its size lies within the interval.

    Where two waves are found, within the sum of both.
    """
    rng = np.random.default_rng(seed)
    size = int(rng.integers(150, 1200))
    a_day = float(np.exp(rng.uniform(np.log(20), np.log(400))))
    seconds = enforcement.month_with_a_wave(rng, shape, size, a_day=a_day)
    found = _waves(seconds, seed, 99)
    if found.answer != "found":
        return False
    rows = found.table("waves").to_pylist()
    low, high = (sum(r[c] for r in rows) for c in ("size_low", "size_high"))
    return bool(low <= size <= high)


@functools.lru_cache(maxsize=1000)
def _said_to_be_found(seed: int, falls: bytes) -> tuple[float | None, ...]:
    """Of a quiet record, the sizes that are said to be found; a row of each length asks for them.

    falls: seconds, float64, as bytes.
    """
    found = _waves(np.frombuffer(falls), seed)
    return tuple(found[key].value for key in LENGTHS_S)


def stated_wave_is_found(key: str, seed: int) -> bool:
    """Whether a wave of the size that is said to be found in nine records of ten is found."""
    rng = np.random.default_rng(seed)
    a_day = float(np.exp(rng.uniform(np.log(20), np.log(300))))
    days = RECORD_DAYS[key]
    quiet = enforcement.ordinary_falls(rng, days=days, a_day=a_day)
    size = _said_to_be_found(seed, quiet.tobytes())[list(LENGTHS_S).index(key)]
    begin = rng.uniform(15 / 62, 40 / 62) * days * enforcement.DAY_S
    wave = begin + rng.random(int(size or 0)) * LENGTHS_S[key]
    return _waves(np.concatenate([quiet, wave]), seed).answer == "found"


def _reinstated(rows: list[appeals.Row], seed: int) -> Finding:
    return reinstatements(from_tables({"statuses": statuses(rows)}), seed=seed)


def appeals_are_no_burst(seed: int) -> bool:
    """Whether months of appeals hold no mass reinstatement."""
    rows = appeals.ordinary_months(np.random.default_rng(seed))
    return _reinstated(rows, seed).answer == "nothing"


def one_decision_is_found(seed: int) -> bool:
    """Whether a mass reinstatement one to three times as large as is said to be found in nine
    records of ten is found, with its members.
    """
    rng = np.random.default_rng(seed)
    fell, back = appeals.appeals(rng)
    least = int(_reinstated(appeals.rows(fell, back), seed)["smallest_1d"].value or 0)
    rows, members = appeals.one_decision(rng, fell, back, int(least * rng.uniform(1, 3)))
    found = _reinstated(rows, seed)
    if found.answer != "found":
        return False
    named = {r["account"] for r in found.table("members").to_pylist()}
    told = not any(r["ran_out"] for r in found.table("bursts").to_pylist())
    return len(named & members) >= 0.95 * len(members) and told


def size_of_a_decision_is_covered(seed: int) -> bool:
    """Whether the size of a mass reinstatement that is found lies within its interval.

    Of the first record in which it is found.
    """
    rng = np.random.default_rng(seed)
    for _ in range(20):
        rows, members = appeals.one_decision(
            rng, *appeals.appeals(rng), int(rng.integers(300, 1200))
        )
        found = _reinstated(rows, seed)
        if found.answer == "found":
            bursts = found.table("bursts").to_pylist()
            low, high = (sum(r[c] for r in bursts) for c in ("size_low", "size_high"))
            return bool(low <= len(members) <= high)
    return False


def time_that_is_over_is_told(seed: int) -> bool:
    """Whether the end of temporary suspensions is told as such."""
    found = _reinstated(appeals.time_is_over(np.random.default_rng(seed)), seed)
    return any(note.code == "times-ran-out" for note in found.limits)


def _made(seconds: np.ndarray, seed: int) -> Finding:
    when = ((FIRST_ACCOUNT_S + seconds) * 1e6).astype(np.int64)
    accounts = [f"user {i}" for i in range(len(when))]
    table = pa.table({"account": accounts, "created_at": pa.array(when).cast(TIME)})
    return creations(from_tables({"accounts": table}), seed=seed)


def growth_is_no_burst(seed: int) -> bool:
    """Whether the newcomers of a growing platform are no burst."""
    rng = np.random.default_rng(seed)
    joined = newcomers.growing_platform(rng, int(rng.integers(100, 4000)))
    return _made(joined, seed).answer == "nothing"


def farm_is_found(seed: int) -> bool:
    """Whether accounts made within a week are found among 943."""
    rng = np.random.default_rng(seed)
    number = int(rng.integers(300, 800))
    farm = newcomers.farm(rng, number, rng.uniform(1, 7))
    joined = newcomers.growing_platform(rng, 943 - number)
    found = _made(np.concatenate([farm, joined]), seed)
    named = set(found.table("members").column("account").to_pylist())
    return len(named & {f"user {i}" for i in range(number)}) >= 0.8 * number


def stated_farm_is_found(seed: int) -> bool:
    """Whether a farm of the size that is said to be found in nine records of ten is found."""
    rng = np.random.default_rng(seed)
    joined = newcomers.growing_platform(rng, int(rng.integers(150, 3000)))
    size = _made(joined, seed)["smallest_1w"].value
    week = rng.uniform(1, 8) * 365 * newcomers.DAY_S + rng.random(int(size or 0)) * 604_800.0
    return _made(np.concatenate([joined, week]), seed).answer == "found"
