"""Reports against accounts, told from how they come about: people who meet what annoys them.

Somebody reports what comes before their eyes: each of many people looks at a few accounts a day,
most of them those that everybody looks at, and reports one now and then; some report again and
again. A quarrel sends a crowd to one account within the hour. A crew is told of a target and goes
there within minutes, each member who is awake; it reports nothing else, or some. Nobody is asked
whether the reported have a row of their own: most have none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BEGIN_US = 1_640_995_200_000_000
DAY_S = 86_400.0


@dataclass(frozen=True)
class ReportLog:
    """reporter, target: names; time: int64[n] us; crew, victims: who was told, and of whom."""

    reporter: list[str]
    target: list[str]
    time: np.ndarray
    crew: frozenset[str]
    victims: frozenset[str]

    @property
    def table(self) -> dict[str, object]:
        """As columns of acts; no target is named, only the object."""
        return {
            "account": self.reporter,
            "kind": ["report"] * len(self.reporter),
            "object": self.target,
            "time": self.time,
        }


def report_log(
    seed: int,
    *,
    people: int = 900,
    accounts: int = 700,
    days: float = 21.0,
    quarrels: int = 8,
    crew: int = 0,
    targets: int = 27,
    awake: float = 0.85,
    delay_s: float = 90.0,
) -> ReportLog:
    """A log of reports.

    Parameters
    ----------
    people, accounts, days
        Who looks, what can be looked at, and for how long.
    quarrels
        Crowds of 15 to 60 people who come to one account within an hour or so.
    crew, targets, awake, delay_s
        So many are told of so many targets; each goes with this chance, after this long on average.
    """
    rng = np.random.default_rng(seed)
    seen = rng.pareto(1.2, accounts) + 0.2
    seen /= seen.sum()
    temper = rng.gamma(0.35, 1.0, people)
    rows: list[tuple[str, str, float]] = []
    for person in range(people):
        for moment in rng.uniform(0, days * DAY_S, rng.poisson(1.6 * temper[person])):
            rows.append((f"p{person}", f"t{rng.choice(accounts, p=seen)}", float(moment)))
    for _ in range(quarrels):
        begin, whom = rng.uniform(0, days * DAY_S), rng.choice(accounts, p=seen)
        crowd = rng.choice(people, rng.integers(15, 60), replace=False)
        rows += [(f"p{p}", f"t{whom}", float(begin + rng.exponential(2400.0))) for p in crowd]
    members = [f"m{k}" for k in range(crew)]
    hit = rng.choice(accounts, targets if crew else 0, replace=False)
    for whom in hit:
        told = rng.uniform(0, days * DAY_S)
        for member in members:
            if rng.random() < awake:
                rows.append((member, f"t{whom}", float(told + rng.exponential(delay_s))))
    for member in members:
        for moment in rng.uniform(0, days * DAY_S, rng.poisson(4)):
            rows.append((member, f"t{rng.choice(accounts, p=seen)}", float(moment)))
    reporter, target, time = zip(*sorted(rows, key=lambda r: r[2]), strict=True)
    return ReportLog(
        list(reporter),
        list(target),
        BEGIN_US + (np.array(time) * 1e6).astype(np.int64),
        frozenset(members),
        frozenset(f"t{t}" for t in hit),
    )
