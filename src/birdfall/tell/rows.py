"""Rows of findings' tables, by the columns the report reads; the tables hold more.

`pyarrow.Table.to_pylist` gives plain dicts: these types name what is in them.
"""

from __future__ import annotations

import datetime as dt
from typing import TypedDict


class WaveRow(TypedDict):
    """A row of the table "waves" of a finding of waves."""

    wave: int
    start: dt.datetime
    end: dt.datetime
    duration_s: float
    observed: float
    expected: float
    p_value: float


#: A row of the tables "series" and "minutes" of a finding of waves: counts of one step [from, to).
CountRow = TypedDict(
    "CountRow",
    {
        "from": dt.datetime,
        "to": dt.datetime,
        "observed": int,
        "low": float,
        "high": float,
        "covered": bool,
    },
)


class ReturnRow(TypedDict):
    """A row of the table "curve" of a finding of returns: the share back after so many seconds."""

    after_s: float
    returned: float
    low: float
    high: float


class LevelRow(TypedDict):
    """A row of the table "series" of a ledger: followers at a time."""

    time: dt.datetime
    followers: int


class AudienceRow(TypedDict):
    """A row of the table "audiences" of a finding of audiences."""

    leader: str
    role: str
    outcome: str
    odds_ratio: float
    or_low: float
    or_high: float


class DropRow(TypedDict):
    """A row of the table "drops" of a finding of counts: one account on a day many lost."""

    wave: int
    account: str
    before: float
    after: float
    gross: float
    gross_low: float
    gross_high: float
    hazard: float
    role: str
    rebuilt: bool


class CountFallRow(TypedDict):
    """A row of the table "waves" of a finding of counts: a day on which many accounts lost."""

    wave: int
    start: dt.datetime
    accounts_hit: int
    accounts: int
    net: float
    gross: float
    median_hazard: float
    largest_hazard: float
    largest_account: str | None


class RatioRow(TypedDict):
    """A row of the table "ratios" of counts and reconciliations: one audience against another."""

    leader: str
    control: str
    ratio: float | None
    low: float | None
    high: float | None
    naive_ratio: float | None


class FigureRow(TypedDict):
    """A row of the table "figures" of a reconciliation: one published figure."""

    id: str
    said_by: str | None
    relation: str
    value: float
    kind: str
    consistent: bool | None
    needed_growth: float | None
    growth_low: float | None
    growth_high: float | None


class PublishedFigure(TypedDict):
    """A row of the table "published" of a reconciliation: anything that was published."""

    id: str
    when: str
    said_by: str
    quantity: str
    relation: str
    value: float | None
    unit: str
    window: str
    population: str
    kind: str
    source: str


class GroupRow(TypedDict):
    """A row of the table "groups" of a coordination finding."""

    group: int
    kind: str
    members: int
    density: float
    coactive_share: float
    accounts: list[str] | None
    span_s: float | None
    languages: str | None


class ExampleRow(TypedDict):
    """A row of the table "examples" of a coordination finding: two accounts on one object."""

    group: int
    layer: str
    account: str
    other: str
    object: str
    shown: str | None
    apart_s: float
