"""Observation of a world: everything, one look a day, or follower counts only, with coverage.

full: every change with its time, follows, acts, reports and daily counts. snapshots: statuses as
one look a day would find them. Tiers, each adding to the one before: counts; list (who was seen
suspended on which day); timelines (acts); reinstatement (who was seen back); reports. A scenario
may have gaps in what was recorded and keep a share of the acts only; both stand in the coverage.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np
import pyarrow as pa

from birdfall.model.errors import UsageError
from birdfall.model.schemas import TIME
from birdfall.world.enforcement import SimulatedFalls
from birdfall.world.follows import Follows
from birdfall.world.population import MINISTER, Population
from birdfall.world.scenarios import Scenario

DAY_S = 86400.0
TIERS: Final = ("counts", "list", "timelines", "reinstatement", "reports")
#: Tables that a recorder writes as it goes, and misses when it fails.
STREAMED: Final = ("acts", "statuses")
OBSERVED: Final = ("full", "snapshots", *TIERS)


def observe_world(
    world: Scenario,
    people: Population,
    graph: Follows,
    falls: SimulatedFalls,
    acts: pa.Table,
    reports: pa.Table,
    how: str,
    rng: np.random.Generator,
) -> dict[str, pa.Table]:
    """The record's tables under one way of looking. Raises UsageError for an unknown one."""
    if how not in OBSERVED:
        raise UsageError(f"there is no way of looking {how!r}", fix=f"Ways: {', '.join(OBSERVED)}.")
    tables = {"counts": counts(world, people, graph, falls)}
    tier = len(TIERS) if how in ("full", "snapshots") else TIERS.index(how) + 1
    if tier >= 2:
        tables["statuses"] = (
            changes(people, falls)
            if how == "full"
            else sightings(world, people, falls, back=tier >= 4)
        )
        tables["accounts"] = accounts(world, people)
        tables["follows"] = follows(world, people, graph, exact=how == "full")
    if tier >= 3:
        tables["acts"] = acts
    if tier >= 5:
        tables["acts"] = pa.concat_tables([acts, reports], promote_options="default")
    tables = _drop_unrecorded(world, tables, rng)
    tables["coverage"] = coverage(world, sorted(tables))
    source = f"simulated:{world.name}"
    return {name: _add_provenance(table, f"{source}:{name}") for name, table in tables.items()}


def accounts(world: Scenario, people: Population) -> pa.Table:
    """Profiles, as seen at the beginning of the record."""
    return pa.table(
        {
            "account": people.ids,
            "handle": people.handles,
            "name": pa.array(people.names, pa.string()),
            "created_at": to_nullable_timestamps(people.created),
            "language": people.language,
            "observed_at": pa.array([world.begin] * len(people), TIME),
        }
    )


def changes(people: Population, falls: SimulatedFalls) -> pa.Table:
    """Every change with its time."""
    back = np.isfinite(falls.back)
    account = np.r_[falls.account, falls.account[back]]
    time = np.r_[falls.time, falls.back[back]]
    status = np.r_[falls.status, np.full(back.sum(), "active")]
    order = np.lexsort((account, time))
    ids = np.array(people.ids, object)
    return pa.table(
        {
            "account": pa.array(ids[account[order]], pa.string()),
            "status": pa.array(status[order].tolist()),
            "time": to_nullable_timestamps(time[order]),
            "observation": ["change"] * len(order),
        }
    )


def sightings(
    world: Scenario, people: Population, falls: SimulatedFalls, *, back: bool
) -> pa.Table:
    """One look a day.

    Up on the day before, down at the first look after, up again at the first look after the return.
    """
    end = world.begin.timestamp() + world.days * DAY_S
    seen_down = np.ceil(falls.time / DAY_S) * DAY_S
    gone_before = seen_down >= np.where(
        np.isfinite(falls.back), falls.back, np.inf
    )  # down and up between two looks
    shown = ~gone_before & (seen_down <= end)
    rows = [
        (falls.account[shown], np.full(shown.sum(), "active"), seen_down[shown] - DAY_S),
        (falls.account[shown], falls.status[shown], seen_down[shown]),
    ]
    if back:
        returned = shown & np.isfinite(falls.back)
        seen_up = np.ceil(falls.back / DAY_S) * DAY_S
        rows.append((falls.account[returned], falls.status[returned], seen_up[returned] - DAY_S))
        rows.append((falls.account[returned], np.full(returned.sum(), "active"), seen_up[returned]))
        still = shown & ~np.isfinite(falls.back)
        rows.append((falls.account[still], falls.status[still], np.full(still.sum(), end)))
    account, status, time = (np.concatenate(c) for c in zip(*rows, strict=True))
    order = np.lexsort((status, account, time))
    ids = np.array(people.ids, object)
    return pa.table(
        {
            "account": pa.array(ids[account[order]], pa.string()),
            "status": pa.array(status[order].tolist()),
            "time": to_nullable_timestamps(time[order]),
            "observation": ["seen"] * len(order),
        }
    )


def follows(world: Scenario, people: Population, graph: Follows, *, exact: bool) -> pa.Table:
    """Edges; those older than the record were seen at its beginning."""
    ids = np.array(people.ids, object)
    keep = np.ones(len(graph.follower), bool) if exact else graph.since < world.begin.timestamp()
    known = np.isfinite(graph.since[keep])
    until = (
        np.where(np.isfinite(graph.until[keep]), graph.until[keep], np.nan)
        if exact
        else np.full(keep.sum(), np.nan)
    )
    return pa.table(
        {
            "follower": pa.array(ids[graph.follower[keep]], pa.string()),
            "followed": pa.array(ids[graph.followed[keep]], pa.string()),
            "since": to_nullable_timestamps(np.where(known, graph.since[keep], np.nan)),
            "until": to_nullable_timestamps(until),
            "observation": pa.array(np.where(known, "change", "seen").tolist()),
            "observed_at": pa.array([None if k else world.begin for k in known], TIME),
        }
    )


def counts(world: Scenario, people: Population, graph: Follows, falls: SimulatedFalls) -> pa.Table:
    """Followers of the cast: daily, hourly around the night.

    The minister's profile is rebuilt after its own return.
    """
    begin, onset = world.begin.timestamp(), world.onset.timestamp()
    looks = np.unique(
        np.r_[begin + np.arange(world.days + 1) * DAY_S, onset + np.arange(-12, 49) * 3600.0 + 300]
    )
    looks = looks[(looks >= begin) & (looks <= begin + world.days * DAY_S)]
    down = np.full(len(people), np.inf)
    back = np.full(len(people), np.inf)
    down[falls.account], back[falls.account] = falls.time, falls.back
    rows = []
    for leader in range(5):
        edges = graph.edges_to(leader)
        who = graph.follower[edges]
        since = np.maximum(graph.since[edges], -np.inf)
        until = graph.until[edges]
        number = _standing(since, until, looks)
        hidden_from = np.maximum(since, down[who])
        hidden_to = np.minimum(until, back[who])
        hides = hidden_from < hidden_to
        number -= _standing(hidden_from[hides], hidden_to[hides], looks)
        if leader == MINISTER and np.isfinite(down[MINISTER]):
            number = _rebuilt(number, looks, down[MINISTER], back[MINISTER])
        rows += [(people.ids[leader], t, int(k)) for t, k in zip(looks, number, strict=True)]
    account, time, followers = zip(*rows, strict=True)
    return pa.table(
        {
            "account": list(account),
            "time": to_nullable_timestamps(np.array(time)),
            "followers": pa.array(followers, pa.int64()),
        }
    )


def _standing(since: np.ndarray, until: np.ndarray, looks: np.ndarray) -> np.ndarray:
    """How many intervals [since, until) hold at each look."""
    return np.searchsorted(np.sort(since), looks, "right") - np.searchsorted(
        np.sort(until), looks, "right"
    )


def _rebuilt(number: np.ndarray, looks: np.ndarray, down: float, back: float) -> np.ndarray:
    """Counts of an account that was itself suspended.

    None while it is down, one on its return, half after six hours.
    """
    hours = np.maximum(
        0.0, (looks - back) / 3600 - 1
    )  # for the first hour nothing but one follower is shown
    share = np.minimum(1.0, 0.53 * hours / 6)
    shown = np.where(looks < down, number, np.where(looks < back, 0, np.maximum(1, number * share)))
    return shown.astype(np.int64)


def _drop_unrecorded(
    world: Scenario, tables: dict[str, pa.Table], rng: np.random.Generator
) -> dict[str, pa.Table]:
    """The tables without rows in a gap of the recorder, and with the share of acts it kept."""
    tables = dict(tables)
    for name in sorted(set(STREAMED) & set(tables)):
        seconds = tables[name].column("time").cast(pa.int64()).to_numpy() / 1e6
        kept = np.ones(len(seconds), bool)
        for begin, end in gaps(world):
            kept &= (seconds < begin.timestamp()) | (seconds >= end.timestamp())
        if name == "acts" and world.sampled < 1:
            kept &= rng.random(len(kept)) < world.sampled
        if not kept.all():
            tables[name] = tables[name].filter(pa.array(kept))
    return tables


def gaps(world: Scenario) -> list[tuple[dt.datetime, dt.datetime]]:
    """Beginning and end of every gap of the recorder."""
    return [
        (world.onset + dt.timedelta(hours=a), world.onset + dt.timedelta(hours=b))
        for a, b in world.gaps_h
    ]


def coverage(world: Scenario, tables: list[str]) -> pa.Table:
    """What was recorded when: each table, its gaps, and the share of acts that was kept."""
    end = world.begin + dt.timedelta(days=world.days)
    rows = []
    for table in tables:
        sampled = table == "acts" and world.sampled < 1
        kind, rate = ("sampled", world.sampled) if sampled else ("watched", None)
        rows.append((world.begin, end, table, kind, rate))
        rows += [(a, b, table, "gap", None) for a, b in gaps(world) if table in STREAMED]
    columns = list(zip(*rows, strict=True))
    return pa.table(
        {
            "from": pa.array(columns[0], TIME),
            "to": pa.array(columns[1], TIME),
            "what": list(columns[2]),
            "kind": list(columns[3]),
            "rate": pa.array(columns[4], pa.float64()),
            "note": ["simulated"] * len(rows),
        }
    )


def to_nullable_timestamps(seconds: np.ndarray) -> pa.Array:
    """Timestamps from seconds since 1970; NaN is null."""
    missing = ~np.isfinite(seconds)
    whole = np.where(missing, 0, np.round(np.where(missing, 0, seconds) * 1e6)).astype(np.int64)
    return pa.array(whole, mask=missing).cast(TIME)


def _add_provenance(table: pa.Table, source: str) -> pa.Table:
    n = table.num_rows
    table = table.append_column("source", pa.array([source] * n, pa.string()))
    return table.append_column("line", pa.array(np.arange(1, n + 1), pa.int64()))
