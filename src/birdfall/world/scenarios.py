"""Scenarios: what is simulated, in numbers.

The night of 31 October 2013 under several causes, and a month in which nothing fell.

Figures of the night are those that were published (6,600 of the president's followers in ten
minutes from 17:50 in Caracas, some 7,000 accounts in all, a minister's 32,000, 1, 17,000);
audiences are scaled down so that a laptop can do it in a minute. What nobody published is elicited
and marked so. Names of accounts are invented.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Final, Literal

from birdfall.model.errors import UsageError

Cause = Literal["none", "purge", "brigade", "error", "targeted"]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One world. Times are UTC; rates per day; shares 0..1."""

    name: str
    cause: Cause
    #: Beginning and length of the record, so that a base rate can be seen before the night.
    begin: dt.datetime = dt.datetime(2013, 9, 26, tzinfo=dt.UTC)
    days: int = 42
    #: Population and graph, scaled (elicited): accounts, distinct follows, leaders with an audience
    #: worth a test.
    accounts: int = 60_000
    follows: int = 450_000
    leaders: int = 400
    communities: int = 8
    acts: int = 260_000
    #: Followers of the president and of the opposition leader, scaled from 1.43 M and 3.6 M.
    leader_audience: int = 24_000
    control_audience: int = 30_000
    #: The wave: 17:50 in Caracas (UTC-04:30), six hundred seconds, 6,600 followers, 7,000 in all.
    onset: dt.datetime = dt.datetime(2013, 10, 31, 22, 20, tzinfo=dt.UTC)
    duration_s: float = 600.0
    fallen: int = 7_000
    fallen_followers: int = 6_600
    #: Ordinary suspensions: mean per day, negative-binomial size per hour (real streams: 1 to 6),
    #: share reversed (2 to 6 %).
    base_per_day: float = 120.0
    base_size: float = 2.0
    base_restored: float = 0.04
    #: Restorations after the wave: share back within the record, median delay in hours (by cause,
    #: elicited).
    restored: float = 0.45
    restored_median_h: float = 40.0
    #: States of accounts in the population (elicited): inauthentic, authentic with a sharing app.
    inauthentic: float = 0.12
    with_app: float = 0.10
    #: Further causes of the wave with their shares of it (elicited); the leading one has the rest.
    mixture: tuple[tuple[Cause, float], ...] = ()
    #: A pure clean-up: hazard of an authentic account relative to an inauthentic one (elicited;
    #: below what the priors allow for).
    leak: float = 0.00125
    #: A brigade's crew, the share of targets a member leaves out, the reports that suspend, mean
    #: seconds from call to report (elicited).
    crew: float = 80
    dilution: float = 0.8
    threshold: float = 6
    lag_s: float = 60.0
    #: Of those not restored, the share that appealed in vain (elicited).
    appeals_refused: float = 0.25
    #: What is seen: hours from the onset in which nothing was recorded, and the share of acts that
    #: were.
    gaps_h: tuple[tuple[float, float], ...] = ()
    sampled: float = 1.0

    def split_by_cause(self, number: int) -> list[tuple[Cause, int]]:
        """`number` accounts by the cause that hits them, the leading cause first."""
        others = [(cause, round(number * share)) for cause, share in self.mixture]
        return [(self.cause, number - sum(n for _, n in others)), *others]


CARACAS: Final = Scenario("caracas-2013", "error")

_NIGHTS: Final = (
    CARACAS,
    replace(CARACAS, name="caracas-2013-error"),
    # bought followers go in one sweep; few come back
    replace(
        CARACAS,
        name="caracas-2013-purge",
        cause="purge",
        restored=0.04,
        restored_median_h=72,
        inauthentic=0.34,
    ),
    # reporters trip a threshold; most are restored on appeal, slowly
    replace(
        CARACAS,
        name="caracas-2013-brigade",
        cause="brigade",
        restored=0.6,
        restored_median_h=60,
    ),
    # a list is carried out; few come back, the known ones first
    replace(
        CARACAS,
        name="caracas-2013-targeted",
        cause="targeted",
        restored=0.12,
        restored_median_h=80,
    ),
    # an honest rule against bought accounts that also hits people with a sharing app
    replace(
        CARACAS,
        name="caracas-2013-mixed",
        cause="purge",
        mixture=(("error", 0.35),),
        restored=0.3,
        inauthentic=0.25,
    ),
    # the same night as the first, through a recorder that failed twice and kept one act of five
    replace(
        CARACAS,
        name="caracas-2013-gaps",
        gaps_h=((-75.0, -70.5), (26.0, 29.0)),
        sampled=0.2,
    ),
    replace(CARACAS, name="caracas-2013-churn", cause="none"),
)
_QUIET: Final = Scenario(
    "quiet",
    "none",
    begin=dt.datetime(2014, 2, 3, tzinfo=dt.UTC),
    onset=dt.datetime(2014, 3, 10, 22, 20, tzinfo=dt.UTC),
)
#: All scenarios, by name.
SCENARIOS: Final[dict[str, Scenario]] = {s.name: s for s in (*_NIGHTS, _QUIET)}


def scenario(name: str) -> Scenario:
    """A scenario by name. Raises UsageError naming those there are."""
    if name not in SCENARIOS:
        raise UsageError(
            f"there is no scenario {name!r}", fix=f"Scenarios: {', '.join(SCENARIOS)}."
        )
    return SCENARIOS[name]
