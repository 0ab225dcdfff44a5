"""What was published, row by row: all of it, which figures cannot both be true, and profiles that
were rebuilt.

Rows without a number are kept too: what the platform said, or "thousands". Method:
docs/methods/counts.md.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Final, Literal

import pyarrow as pa

from birdfall.measures.follower_counts.reconciliation import Fact, read_facts

#: Two figures speak of the same event if so many days lie between them, at most.
SAME_EVENT_DAYS: Final = 1
#: Levels of one account within so many days are one story.
STORY_DAYS: Final = 7
#: A profile is rebuilt whose level falls to this share of what it was, and is ten times that later.
REBUILT_SHARE, REBUILT_TIMES = 0.01, 10
#: Words of a quantity that speak of accounts that came back.
_RESTORED: Final = ("restor", "reinstat")

#: Why two figures cannot both be true.
Conflict = Literal["differ", "part-larger-than-whole"]

PUBLISHED: Final = pa.schema([
    ("id", pa.string()), ("when", pa.string()), ("said_by", pa.string()),
    ("quantity", pa.string()), ("relation", pa.string()), ("value", pa.float64()),
    ("unit", pa.string()), ("window", pa.string()), ("population", pa.string()),
    ("kind", pa.string()), ("source", pa.string()),
])  # fmt: skip
CONFLICTS: Final = pa.schema([("id", pa.string()), ("other", pa.string()), ("why", pa.string())])
REBUILT: Final = pa.schema([
    ("population", pa.string()), ("before", pa.float64()), ("lowest", pa.float64()),
    ("later", pa.float64()),
])  # fmt: skip


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One row of a table of published figures, as it was given; `value` None where there is none.

    `kind` is "restored" for figures of accounts that came back, whatever the table calls them.
    """

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


def published_tables(data: bytes, name: str) -> dict[str, pa.Table]:
    """The tables `published`, `conflicts` and `rebuilt` of a table of published figures.

    Raises InputError as `read_facts` does.
    """
    facts = {f.id: f for f in read_facts(data, name)}
    rows = list(_read_rows(data, facts))
    losses = [facts[r.id] for r in rows if r.kind == "gross" and r.id in facts]
    conflicts = [
        {"id": one.id, "other": other.id, "why": why}
        for one, other in combinations(losses, 2)
        if (why := _conflict(one, other)) is not None
    ]
    rebuilt = [asdict(r) for r in _rebuilt_profiles(list(facts.values()))]
    return {
        "published": pa.Table.from_pylist([asdict(r) for r in rows], schema=PUBLISHED),
        "conflicts": pa.Table.from_pylist(conflicts, schema=CONFLICTS),
        "rebuilt": pa.Table.from_pylist(rebuilt, schema=REBUILT),
    }


def _read_rows(data: bytes, facts: dict[str, Fact]) -> Iterator[PublishedRow]:
    for row in csv.DictReader(io.StringIO(data.decode("utf-8-sig"))):
        said = {k: (row[k] or "").strip() for k in PUBLISHED.names if k in row}
        fact = facts.get(row["id"])
        quantity = said["quantity"].casefold()
        kind = "restored" if any(w in quantity for w in _RESTORED) else said["kind"]
        value = None if fact is None else fact.value
        texts = {**said, "kind": kind, "when": row["when_local"] or ""}
        texts.pop("value", None)
        yield PublishedRow(value=value, **texts)


def _conflict(one: Fact, other: Fact) -> Conflict | None:
    """Why two figures of losses cannot both be true; None if they can, or are of different
    things.
    """
    if abs((one.date - other.date).days) > SAME_EVENT_DAYS:
        return None
    same = _population(one) == _population(other)
    for part, whole in ((one, other), (other, one)):
        # a figure of a window is part of one that names none
        covers = whole.window in ("", part.window)
        larger = _bounds(part)[0] > _bounds(whole)[1]
        if same and covers and larger:
            return "differ"
        if covers and larger and _population(whole) == "all" and _population(part) != "all":
            return "part-larger-than-whole"
    return None


def _population(fact: Fact) -> str:
    return fact.population.strip().casefold()


def _bounds(fact: Fact) -> tuple[float, float]:
    """The least and the most that a figure's wording allows; "over" allows any more."""
    low, high = fact.range
    return low, float("inf") if fact.relation == "over" else high


@dataclass(frozen=True, slots=True)
class _Rebuilt:
    """One row of `REBUILT`."""

    population: str
    before: float
    lowest: float
    later: float


def _rebuilt_profiles(facts: Sequence[Fact]) -> Iterator[_Rebuilt]:
    """Accounts whose level fell to almost nothing and came back within days, in table order."""
    levels = [f for f in facts if f.kind == "level"]
    for population in dict.fromkeys(_population(f) for f in levels):
        own = sorted((f for f in levels if _population(f) == population), key=lambda f: f.date)
        for place, lowest in enumerate(own):
            before = max((f.value for f in own[:place] if _near(f, lowest)), default=0.0)
            later = max((f.value for f in own[place + 1 :] if _near(f, lowest)), default=0.0)
            fell = lowest.value <= REBUILT_SHARE * before
            if fell and later >= REBUILT_TIMES * max(lowest.value, 1.0):
                yield _Rebuilt(lowest.population, before, lowest.value, later)
                break


def _near(one: Fact, other: Fact) -> bool:
    return abs(one.date - other.date) <= dt.timedelta(days=STORY_DAYS)
