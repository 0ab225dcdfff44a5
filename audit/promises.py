"""What is promised, and in how many worlds it must hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import pyarrow as pa

from audit import bursts, explained, followed, looks, reports
from audit.makes import delivery, enforcement, quiet
from audit.makes.sessions import people_with_apps
from birdfall.explanations.reference_worlds import reference
from birdfall.explanations.verdict import weigh_causes
from birdfall.measures.coordination import coordination
from birdfall.measures.waves import waves
from birdfall.model.schemas import TIME
from birdfall.record.record import from_tables

#: Seeds of audits begin here; no method was chosen on any of them. They move on whenever a method
#: is changed after a look at what it did in one of these worlds (last: everything below 6.2e9).
FIRST_SEED: Final = 6_200_000_000
#: Rows of a method that was changed after the others were drawn: what long bursts would have been
#: found, which 46 of 60 worlds of the first seeds broke.
POWER_SEED: Final = 6_300_000_000
BEGIN_S: Final = 1_614_556_800.0
DAY_S: Final = 86_400.0


@dataclass(frozen=True)
class Promise:
    """One row of the audit.

    Parameters
    ----------
    name, says
        A short name, and the sentence that is kept or broken.
    promised
        In what share of worlds it must hold.
    holds
        Whether it holds in the world of a seed.
    worlds, short
        How many worlds a whole audit looks at, and the short one.
    first_seed
        Of the first of them.
    """

    name: str
    says: str
    promised: float
    holds: Callable[[int], bool]
    worlds: int = 400
    short: int = 3
    first_seed: int = FIRST_SEED


def churn_stays(length: float, seed: int) -> bool:
    """Whether "nothing unusual" is among what is left, of the busiest window of a quiet month."""
    rng = np.random.default_rng(seed)
    known = quiet.what_counts_show(rng, quiet.quiet_month(rng), length)
    return "churn" in weigh_causes(dict(known), reference(), deep=False).members


def _moved_together(seed: int, **world: float) -> tuple[int, int, int, int]:
    """False pairs, planted pairs found, planted pairs, and groups without anybody planted."""
    drawn = people_with_apps(seed, **world)  # type: ignore[arg-type]
    found = coordination(drawn.table, trace="repost", window=60, sensitivity=False)
    ring = {f"person {a}" for a in drawn.ring}
    edges = [e for e in found.table("edges").to_pylist() if e["q_value"] <= 0.01]
    true = sum(e["source_id"] in ring and e["target_id"] in ring for e in edges)
    groups = [g for g in found.table("groups").to_pylist() if not ring & set(g["accounts"])]
    return len(edges) - true, true, len(ring) * (len(ring) - 1) // 2, len(groups)


def nobody_is_called(seed: int, **world: float) -> bool:
    """Whether neither a pair nor a group is called where nobody knows of anybody."""
    false, _, _, groups = _moved_together(seed, **world)
    return not false and not groups


def the_ring_is_found(seed: int, **world: float) -> bool:
    """Whether 94 % of a planted ring is found, and at most 1 % of the pairs called are false."""
    false, true, pairs, _ = _moved_together(seed, ring=20, **world)
    return true >= 0.94 * pairs and false <= 0.01 * (true + false)


def _waves_of(rows: list[tuple[str, str, float]], seed: int, replicates: int = 199) -> pa.Table:
    """The waves of status rows (account, status, second)."""
    moments = [int((BEGIN_S + t) * 1e6) for _, _, t in rows]
    statuses = pa.table(
        {
            "account": [a for a, _, _ in rows],
            "status": [s for _, s, _ in rows],
            "time": pa.array(moments, pa.int64()).cast(pa.timestamp("us")).cast(TIME),
            "observation": ["change"] * len(rows),
        }
    )
    record = from_tables({"statuses": statuses})
    found = waves(record, replicates=replicates, attributes=False, seed=seed)
    return found.table("waves") if found.answer == "found" else pa.table({"wave": []})


def _falls(seconds: np.ndarray) -> list[tuple[str, str, float]]:
    return [(f"user {i}", "suspended", float(t)) for i, t in enumerate(seconds)]


def no_wave_in(make: Callable[[np.random.Generator], np.ndarray], seed: int) -> bool:
    """Whether no wave is called in what is none."""
    return not _waves_of(_falls(make(np.random.default_rng(seed))), seed).num_rows


def no_wave_set_anew(seed: int) -> bool:
    """Whether blocks lifted and set anew are no wave."""
    return not _waves_of(delivery.set_anew(np.random.default_rng(seed)), seed).num_rows


def size_is_covered(seed: int) -> bool:
    """Whether the size of a wave that thins out lies within its interval."""
    found = _waves_of(_falls(delivery.thinning_wave(np.random.default_rng(seed))), seed, 99)
    if not found.num_rows:
        return False
    low, high = (found.column(c)[0].as_py() for c in ("size_low", "size_high"))
    return bool(low <= 400 <= high)


WINDOWS: Final = {
    "10 minutes": 600.0, "20 minutes": 1200.0, "1 hour": 3600.0, "6 hours": 21_600.0,
    "1 day": 86_400.0, "3 days": 259_200.0,
}  # fmt: skip
SESSIONS: Final[dict[str, dict[str, Any]]] = {
    "10 communities": {},
    "30 communities, opened twice a day": {"communities": 30, "opens_a_day": 2.0},
    "no communities": {"communities": 1, "posts_a_day": 300.0},
    "communities of 25": {
        "accounts": 600, "communities": 24, "posts_a_day": 25.0, "fresh_s": 1500.0,
    },
    "one act a session": {"one_at_a_time": True},
}  # fmt: skip

PROMISES: Final = (
    *(
        Promise(
            f"nothing unusual, {name}",
            f"the busiest {name} of a quiet month leave nothing unusual in the set",
            0.95,
            partial(churn_stays, length),
        )
        for name, length in WINDOWS.items()
    ),
    *(
        Promise(
            f"sessions, {name}",
            "where nobody knows of anybody no pair and no group is called",
            0.95,
            partial(nobody_is_called, **world),
            short=1,
        )
        for name, world in SESSIONS.items()
    ),
    Promise(
        "a ring among sessions",
        "94 % of the pairs of a dense ring are found, and 1 % of what is called is false",
        0.95,
        the_ring_is_found,
        short=1,
    ),
    Promise(
        "a quiet month",
        "no wave is called in a month of gamma rates",
        0.95,
        partial(no_wave_in, partial(quiet.quiet_month, pace=1.0)),
    ),
    Promise(
        "a backlog",
        "what an outage held back is no wave",
        0.95,
        partial(no_wave_in, delivery.outage),
    ),
    Promise(
        "an hourly queue",
        "a queue emptied once an hour makes no wave",
        0.95,
        partial(no_wave_in, delivery.hourly_queue),
    ),
    Promise(
        "weekday mornings",
        "a desk with hours makes no wave",
        0.95,
        partial(no_wave_in, delivery.weekday_mornings),
    ),
    Promise("set anew", "blocks set anew within seconds are no wave", 0.95, no_wave_set_anew),
    Promise(
        "size of a wave that thins out",
        "the interval of the size holds what fell",
        0.95,
        size_is_covered,
    ),
    Promise(
        "quarrels and habits",
        "people who report what they meet, and quarrel, are no brigade, and nobody is named",
        0.95,
        reports.nobody_is_a_crew,
    ),
    Promise(
        "a crew on accounts without a row",
        "six of seven members who go for 27 accounts are named, and nobody else",
        0.95,
        reports.the_crew_is_named,
    ),
    Promise(
        "a crew that coordination finds",
        "`brigades` finds it too, with half of its victims or more",
        0.95,
        reports.what_coordination_finds_is_found,
    ),
    *(
        Promise(
            f"size of {shape}",
            "the interval of the size holds what fell",
            0.95,
            partial(bursts.size_of_a_shape_is_covered, shape),
            short=1,
        )
        for shape in enforcement.SHAPES
    ),
    *(
        Promise(
            f"stated power, {length}",
            "a wave as large as is said to be found in nine records of ten is found",
            0.9,
            partial(bursts.stated_wave_is_found, key),
            short=1,
            first_seed=seed,
        )
        for key, length, seed in (
            ("smallest_10min", "10 minutes", FIRST_SEED),
            ("smallest_1d", "1 day", POWER_SEED),
            ("smallest_3d", "3 days", POWER_SEED),
        )
    ),
    Promise(
        "months of appeals",
        "ordinary reinstatements are no mass reinstatement",
        0.95,
        bursts.appeals_are_no_burst,
        short=1,
    ),
    Promise(
        "a mass reinstatement",
        "one as large as is said to be found is found, with 95 % of its members",
        0.9,
        bursts.one_decision_is_found,
        short=1,
        first_seed=POWER_SEED,
    ),
    Promise(
        "size of a mass reinstatement",
        "the interval of the size holds what came back",
        0.95,
        bursts.size_of_a_decision_is_covered,
        short=1,
    ),
    Promise(
        "temporary suspensions that end",
        "they are told as such",
        0.95,
        bursts.time_that_is_over_is_told,
        short=1,
    ),
    Promise(
        "newcomers of a growing platform",
        "they are not said to be made together",
        0.95,
        bursts.growth_is_no_burst,
        short=1,
    ),
    Promise(
        "accounts made within a week",
        "four fifths of them are named",
        0.95,
        bursts.farm_is_found,
        short=1,
    ),
    Promise(
        "stated power, accounts made within a week",
        "a burst as large as is said to be found in nine records of ten is found",
        0.9,
        bursts.stated_farm_is_found,
        short=1,
    ),
    *(
        Promise(
            f"returns by daily looks, {name} away",
            "the share back within four days, of the falls seen, lies within its interval",
            0.95,
            partial(looks.share_of_the_seen_is_covered, median_s),
            short=1,
        )
        for name, median_s in (("12 hours", 43_200.0), ("5 days", 432_000.0))
    ),
    Promise(
        "losses by daily looks",
        "a ledger counts who was away at a look, and says that shorter falls are in no number",
        0.95,
        looks.losses_at_looks_are_counted,
        short=1,
    ),
    *(
        Promise(
            f"{name}, from a list{more}",
            says,
            promised,
            partial(holds, returns=bool(more)),
            short=1,
        )
        for more in ("", " and returns")
        for name, says, promised, holds in (
            (
                "said 0.99",
                "a cause said with 0.99 or more is the cause",
                0.97,
                explained.what_is_sure_is_true,
            ),
            (
                "cause in the set",
                "the cause is among those left",
                0.95,
                explained.the_cause_is_in_the_set,
            ),
            (
                "one left",
                "one cause left alone is wrong no more often than is said",
                0.97,
                explained.the_one_left_is_the_cause,
            ),
        )
    ),
    Promise(
        "two audiences hit, their odds",
        "the interval of the odds of one of them that is named holds the odds",
        0.95,
        followed.odds_are_covered,
        short=1,
    ),
    Promise(
        "two audiences hit, nobody else named",
        "no third audience is named",
        0.95,
        followed.no_third_is_named,
        short=1,
    ),
    Promise(
        "two audiences hit, both named",
        "of two audiences with six times the odds both are named",
        0.75,
        followed.both_are_named,
        short=1,
    ),
    Promise(
        "no audience hit",
        "no audience is named where none was hit",
        0.95,
        followed.nobody_is_named,
        short=1,
    ),
)
