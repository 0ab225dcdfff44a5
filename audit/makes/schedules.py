"""People who share links of what interests them, and a farm whose clients post one list of links.

Links come out at any time, each on one subject, and people share what is new on theirs within a
day or so. The farm is given a list of links a day; a scheduler posts each from every account, at an
hour of that account's own: its accounts share much and are together within a minute by chance only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DAY_S = 86_400.0
#: Microseconds since 1970 of the first day.
BEGIN_US = 1_600_000_000_000_000


@dataclass(frozen=True)
class Shares:
    """account, link: names; time: int64[n] us; farm: names of the accounts of the farm."""

    account: list[str]
    link: list[str]
    time: np.ndarray
    farm: frozenset[str]


def shared_links(
    seed: int,
    *,
    people: int = 900,
    subjects: int = 12,
    days: int = 14,
    links_a_day: float = 25.0,
    farm: int = 20,
    ordered_a_day: int = 6,
) -> Shares:
    """One world.

    Parameters
    ----------
    links_a_day
        New links of each subject.
    farm, ordered_a_day
        Accounts of the farm, and links a day that it is given; each posts nine tenths of them.
    """
    rng = np.random.default_rng(seed)
    number = rng.poisson(links_a_day * days, subjects)
    out = [np.sort(rng.random(n)) * days * DAY_S for n in number]
    liked = [rng.pareto(1.3, n) + 0.2 for n in number]
    rows: list[tuple[str, str, float]] = []
    for person in range(people):
        of = int(rng.integers(subjects))
        for link in _taken(rng, rng.poisson(1.5 * days * rng.gamma(1.5, 1 / 1.5)), liked[of]):
            late = rng.lognormal(np.log(4 * 3600), 1.2)
            rows.append((f"person {person}", f"link {of} {link}", float(out[of][link] + late)))
    members = [f"client {i}" for i in range(farm)]
    hour = rng.random(farm) * DAY_S
    for day in range(days):
        for order in range(ordered_a_day if farm else 0):
            of = int(rng.integers(subjects))
            today = np.flatnonzero(out[of] // DAY_S == day)
            link = f"link {of} {rng.choice(today)}" if len(today) else f"ordered {day} {order}"
            for i, member in enumerate(members):
                if rng.random() < 0.9:
                    begin = (day + 1) * DAY_S + hour[i] + order * rng.uniform(300, 5400)
                    rows.append((member, link, float(begin)))
    account, shared, time = zip(*sorted(rows, key=lambda row: row[2]), strict=True)
    moments = BEGIN_US + (np.array(time) * 1e6).astype(np.int64)
    return Shares(list(account), list(shared), moments, frozenset(members))


def _taken(rng: np.random.Generator, number: int, liked: np.ndarray) -> np.ndarray:
    """So many links, each once, as often as they are liked. int64[<= number]."""
    if not len(liked):
        return np.empty(0, np.int64)
    chosen: np.ndarray = rng.choice(
        len(liked), min(number, len(liked)), replace=False, p=liked / liked.sum()
    )
    return chosen
