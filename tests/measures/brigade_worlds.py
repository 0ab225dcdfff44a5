"""Report logs with a known truth: honest reports, flaggers, pile-ons and dramas, and, if wanted, a
brigade among them.

Ordinary reports come all the time, from many who report seldom. Flaggers report much, each at their
own times. A pile-on brings up to hundreds of passers-by on one target within an hour; a drama
brings a circle of people on several targets in one evening. A brigade is a crew that is called on
several victims; each member follows a call with chance `joins` (dilution), reports others besides
(camouflage), and honest passers-by report the victims too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from birdfall.measures.brigades.reports import Reports

HOUR = 3600.0
START = 1_700_000_000_000_000


@dataclass(frozen=True)
class World:
    """reports, and the truth: crew and victims (codes), and targets with a pile-on or a drama."""

    reports: Reports
    crew: np.ndarray
    victims: np.ndarray
    crowded: np.ndarray
    accounts: int
    targets: int


def world(
    seed: int,
    *,
    crew: int = 0,
    victims: int = 6,
    joins: float = 1.0,
    camouflage: int = 0,
    passers: int = 30,
    lag_s: float = 120.0,
    hours: float = 1.0,
    targets: int = 1000,
    reporters: int = 6000,
    ordinary: int = 8000,
    flaggers: int = 15,
    pile_ons: int = 30,
    dramas: int = 6,
    days: int = 14,
    circle: int = 1500,
) -> World:
    """A log. Reporters have codes from 0, targets from `reporters`; the victims of the crew are the
    last targets.
    """
    rng = np.random.default_rng([seed, crew, int(1000 * joins), camouflage])
    span = days * 24 * HOUR
    activity = rng.pareto(1.5, reporters) + 0.1
    activity /= activity.sum()
    notable = rng.pareto(1.2, targets) + 0.1
    notable /= notable.sum()
    parts = [
        (
            rng.choice(reporters, ordinary, p=activity),
            rng.choice(targets, ordinary, p=notable),
            rng.random(ordinary) * span,
        )
    ]
    spam = rng.choice(targets, 150, replace=False)
    for flagger in rng.choice(reporters, flaggers, replace=False):
        parts.append((np.full(100, flagger), rng.choice(spam, 100), rng.random(100) * span))
    crowded = []

    def called(on: int, who: np.ndarray, at: float, lag: float) -> None:
        parts.append((who, np.full(len(who), on), at + rng.exponential(lag, len(who))))

    for _ in range(pile_ons):
        on = int(rng.integers(targets))
        size = int(np.clip(rng.lognormal(4.2, 0.9), 20, 400))
        called(on, rng.choice(reporters, size, replace=False), rng.random() * span, 1200.0)
        crowded.append(on)
    for _ in range(dramas):
        keen = rng.choice(reporters, circle, replace=False)
        evening = rng.random() * (span - 4 * HOUR)
        for on in rng.choice(targets, 4, replace=False):
            called(
                int(on),
                rng.choice(keen, int(rng.integers(40, 120)), replace=False),
                evening + rng.random() * HOUR,
                900.0,
            )
            crowded.append(int(on))
    members = rng.choice(reporters, crew, replace=False) if crew else np.zeros(0, np.int64)
    if crew:
        call = rng.random() * (span - 24 * HOUR) + np.sort(rng.random(victims)) * hours * HOUR
        for i in range(victims):
            called(targets + i, members[rng.random(crew) < joins], call[i], lag_s)
            called(targets + i, rng.choice(reporters, passers, replace=False), call[i], 1200.0)
        extra = np.repeat(members, camouflage)
        parts.append(
            (extra, rng.choice(targets, len(extra), p=notable), rng.random(len(extra)) * span)
        )
    who, on, at = (np.concatenate([p[i] for p in parts]) for i in range(3))
    order = np.lexsort((on, who, at))
    time = START + (at[order] * 1e6).astype(np.int64)
    found = Reports(who[order].astype(np.int32), (reporters + on[order]).astype(np.int32), time)
    hit = reporters + targets + np.arange(victims if crew else 0)
    return World(
        found,
        np.sort(members),
        hit,
        reporters + np.unique(crowded),
        reporters + targets + victims,
        targets,
    )


def acts(reports: Reports) -> pa.Table:
    """The log as the table `acts` of a record; account N is `aN`."""
    target = pa.array([f"a{t}" for t in reports.target])
    return pa.table(
        {
            "account": pa.array([f"a{u}" for u in reports.reporter]),
            "kind": pa.array(["report"] * len(reports)),
            "object": target,
            "time": pa.array(reports.time, pa.timestamp("us", tz="UTC")),
            "target": target,
        }
    )
