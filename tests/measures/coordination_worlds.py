"""Worlds with known truth for the coordination measure: cascades, popularity, silos, rhythm, with a
planted group or none.

`benchmarks/coordination_null.py` draws them from fresh seeds and prints the table of
docs/methods/coordination.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SECOND = 1_000_000
START = 1_380_000_000
DAY = 86400
#: Where the acts from which interests are learnt end and those that are tested begin, in worlds
#: whose interests are known.
KNOWN_UNTIL = START + 8 * DAY


@dataclass(frozen=True)
class World:
    """account, object_: int32; time: int64 us; group: bool[accounts], who was planted; silo:
    int64[accounts].
    """

    account: np.ndarray
    object_: np.ndarray
    time: np.ndarray
    group: np.ndarray
    silo: np.ndarray


def world(
    seed: int,
    *,
    decay: float = 3600.0,
    popularity: float = 1.3,
    silos: int = 10,
    boost: float = 8.0,
    planted: int = 20,
    targets: int = 30,
    members: int = 14,
    accounts: int = 3000,
    objects: int = 4000,
    repeat: float = 0.0,
    spread: float = 45.0,
    evening: float = 0.0,
    rhythm: bool = False,
    since: float = 0.0,
) -> World:
    """Accounts choose objects by popularity (Pareto tail) and interest, and act on them while they
    are alive.

    decay: seconds, mean delay after the object's peak. boost: how much more an account likes its
    silo's objects. planted: size of the group; on each of `targets` objects `members` of it act
    within `spread` seconds. since: days after which the group begins. evening: share of the objects
    that all peak within one hour. rhythm: objects peak by day and hardly at night.
    """
    rng = np.random.default_rng(seed)
    silo, home = rng.integers(0, silos, accounts), rng.integers(0, silos, objects)
    popular = rng.pareto(popularity, objects) + 1
    peak = rng.random(objects) * 27 * DAY
    slow = rng.lognormal(0, 1.0, objects)
    if rhythm:
        peak = peak // DAY * DAY + rng.normal(14.0, 3.0, objects) * 3600
    if evening:
        peak = np.where(rng.random(objects) < evening, 20 * DAY + rng.random(objects) * 3600, peak)
    who, what, when = [], [], []
    for u in range(accounts):
        chance = popular * np.where(home == silo[u], boost, 1.0)
        o = np.unique(
            rng.choice(
                objects, int(np.clip(rng.lognormal(2.8, 0.8), 3, 300)), p=chance / chance.sum()
            )
        )
        if repeat:
            o = np.repeat(o, rng.geometric(1 - repeat, len(o)))
        who.append(np.full(len(o), u))
        what.append(o)
        when.append(peak[o] + rng.exponential(decay * slow[o]))
    group = np.zeros(accounts, bool)
    if planted:
        chosen = rng.choice(accounts, planted, replace=False)
        group[chosen] = True
        open_ = np.flatnonzero(peak >= since * DAY) if since else objects
        for o in rng.choice(open_, targets, replace=False):
            mates = rng.choice(chosen, members, replace=False)
            start = peak[o] + rng.exponential(decay * slow[o])
            who.append(mates)
            what.append(np.full(members, o))
            when.append(start + rng.random(members) * spread)
    return World(
        np.concatenate(who).astype(np.int32),
        np.concatenate(what).astype(np.int32),
        np.round(np.concatenate(when)).astype(np.int64) * SECOND + START * SECOND,
        group,
        silo.astype(np.int64),
    )


#: name: (parameters, whether the accounts' interests are known from before)
WORLDS: dict[str, tuple[dict[str, float], bool]] = {
    "slow cascades (6 h)": ({"decay": 6 * 3600}, False),
    "cascades of 10 min": ({"decay": 600}, False),
    "fast cascades (2 min)": ({"decay": 120}, False),
    "fast, heavier tail (a = 1.1)": ({"decay": 120, "popularity": 1.1}, False),
    "fast, heaviest tail (a = 0.9)": ({"decay": 120, "popularity": 0.9}, False),
    "fast, repeated acts": ({"decay": 120, "repeat": 0.3}, False),
    "by day, not by night": ({"decay": 600, "rhythm": True}, False),
    "one evening of news": ({"decay": 120, "evening": 0.3}, False),
    "silos x60, interests unknown": ({"decay": 120, "boost": 60}, False),
    "silos x60, interests known": ({"decay": 120, "boost": 60, "since": 8}, True),
    "large group (150), interests from its own acts": (
        {"decay": 600, "planted": 150, "targets": 80, "members": 60},
        False,
    ),
    "large group (150), interests from before it": (
        {"decay": 600, "planted": 150, "targets": 80, "members": 60, "since": 8},
        True,
    ),
    "nobody, slow cascades (6 h)": ({"decay": 6 * 3600, "planted": 0}, False),
    "nobody, fast cascades": ({"decay": 120, "planted": 0}, False),
    "nobody, heaviest tail (a = 0.9)": ({"decay": 120, "planted": 0, "popularity": 0.9}, False),
    "nobody, one evening of news": ({"decay": 120, "planted": 0, "evening": 0.3}, False),
    "nobody, silos x60 unknown": ({"decay": 120, "planted": 0, "boost": 60}, False),
    "nobody, silos x60 known": ({"decay": 120, "planted": 0, "boost": 60}, True),
    "dilute group (40 targets, 5 of 25)": (
        {"decay": 600, "targets": 40, "members": 5, "planted": 25},
        False,
    ),
    "dilute group (60 targets, 5 of 25)": (
        {"decay": 600, "targets": 60, "members": 5, "planted": 25},
        False,
    ),
    "dilute group (100 targets, 5 of 40)": (
        {"decay": 600, "targets": 100, "members": 5, "planted": 40},
        False,
    ),
}
