"""What lies behind a pair and a group of a network: the acts side by side, and who came first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa

from birdfall.app.network_view import NetworkQuery, NetworkView
from birdfall.app.open_case import OpenCase
from birdfall.measures.coordination import Trace, read_trace
from birdfall.record.listing import rows_of_accounts
from birdfall.record.record import Record, from_tables

#: Meetings of a pair that a page shows, the earliest first, and members of a group by name.
MAX_MEETINGS, MAX_MEMBERS = 50, 60
#: Members of a group whose acts are looked through for who came first.
MAX_SEARCHED_MEMBERS: Final = 400
#: The tables that a trace is read from, where it is not from acts alone.
TABLES_OF: Final = {
    "status": ("statuses",),
    "creation": ("accounts",),
    "follow": ("acts", "follows"),
}
#: Objects of a group that are shown.
MAX_OBJECTS: Final = 10


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two acts on one object, next to each other in time, in microseconds."""

    object: str
    shown: str
    first: int
    second: int

    @property
    def apart_s(self) -> float:
        """How far they lie apart, in seconds: negative if the second account was first."""
        return (self.second - self.first) / 1e6


@dataclass(frozen=True, slots=True)
class PairPanel:
    """A pair: by code, the trace, the window, and where they met.

    Parameters
    ----------
    first_code, second_code
        The two.
    layer
        The trace on which they met.
    meetings
        The earliest of their meetings.
    total
        How many there are.
    first_leads
        In how many of them the first of the two came first; `together`: at the same moment.
    """

    first_code: int
    second_code: int
    layer: str
    meetings: tuple[Meeting, ...]
    total: int
    first_leads: int
    together: int


@dataclass(frozen=True, slots=True)
class Leader:
    """A member of a group, and on how many of its objects it came first."""

    code: int
    objects: int


@dataclass(frozen=True, slots=True)
class SharedObject:
    """What a group shared: co-actions and accounts. shown: what people saw, or ""."""

    layer: str
    object: str
    shown: str
    co_actions: int
    accounts: int


@dataclass(frozen=True, slots=True)
class GroupPanel:
    """A group.

    Parameters
    ----------
    number
        Of the group.
    kind
        `edges` or `block`.
    members
        The codes of its accounts, those with the most pairs first.
    size, pairs, density
        Accounts, pairs, and the share of possible pairs.
    first, last
        When they first and last met, in microseconds; None: never within a window.
    joined
        When a quarter, half, three quarters and all of them had met another; of those of one moment
        the largest.
    languages
        Of its acts.
    stability_windows
        How alike the group is at other windows, from 0 to 1; None: not told.
    objects
        What it shared most.
    leaders
        Who came first on shared objects, the most often first; empty for large groups.
    """

    number: int
    kind: str
    members: tuple[int, ...]
    size: int
    pairs: int
    density: float
    first: int | None
    last: int | None
    joined: tuple[tuple[float, int], ...]
    languages: str
    stability_windows: float | None
    objects: tuple[SharedObject, ...]
    leaders: tuple[Leader, ...]


def describe_pair(opened: OpenCase, view: NetworkView, first: int, second: int) -> PairPanel | None:
    """A pair of a network; None if its accounts never met in it."""
    found = view.select(NetworkQuery(certainty="all", account=first))
    known = [p for p in found.pairs(0, found.edges.num_rows) if second in (p.source, p.target)]
    if not known or first == second:
        return None
    window = int(float(view.finding.parameters.get("window_s", 60)) * 1e6)
    met: list[Meeting] = []
    for layer in view.layers:
        met += _meetings(opened, layer, first, second, window)
    met.sort(key=lambda m: (m.first, m.second, m.object))
    ahead = sum(m.first < m.second for m in met)
    equal = sum(m.first == m.second for m in met)
    layers = ", ".join(view.layers)
    return PairPanel(first, second, layers, tuple(met[:MAX_MEETINGS]), len(met), ahead, equal)


def describe_group(opened: OpenCase, view: NetworkView, number: int) -> GroupPanel | None:
    """A group of a network; None if there is none of that number."""
    return _describe_group(opened, view, number)


@lru_cache(maxsize=32)
def _describe_group(opened: OpenCase, view: NetworkView, number: int) -> GroupPanel | None:
    rows = view.finding.table("groups").to_pylist()
    row = next((r for r in rows if r["group"] == number), None)
    if row is None:
        return None
    codes = [int(c) for c in opened.record.ids.encode(pa.array(row["accounts"], pa.string()))]
    inside = view.select(NetworkQuery(group=number))
    degree = _degrees(codes, inside.edges)
    objects = [
        SharedObject(r["layer"], r["object"], r["shown"] or "", r["co_actions"], r["accounts"])
        for r in view.finding.table("top_objects").to_pylist()
        if r["group"] == number
    ]
    return GroupPanel(
        number=number,
        kind=row["kind"],
        members=tuple(sorted(codes, key=lambda c: (-degree.get(c, 0), c))),
        size=row["members"],
        pairs=row["edges"],
        density=row["density"],
        first=_microseconds(row["first"]),
        last=_microseconds(row["last"]),
        joined=_joined(inside.edges, row["members"]),
        languages=row["languages"] or "",
        stability_windows=row["stability_windows"],
        objects=tuple(objects[:MAX_OBJECTS]),
        leaders=_leaders(opened, view, codes),
    )


def _degrees(codes: Sequence[int], edges: pa.Table) -> dict[int, int]:
    ends = np.r_[edges.column("source").to_numpy(), edges.column("target").to_numpy()]
    found, counts = np.unique(ends, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True)) if len(codes) else {}


def _joined(edges: pa.Table, size: int) -> tuple[tuple[float, int], ...]:
    """When shares of the members had met another within the group."""
    first = edges.column("first").cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
    ends = np.r_[edges.column("source").to_numpy(), edges.column("target").to_numpy()]
    if not len(ends):
        return ()
    times = np.r_[first, first]
    order = np.lexsort((times, ends))
    _, begin = np.unique(ends[order], return_index=True)
    met = np.sort(times[order][begin])
    shares = ((s, int(np.ceil(s * size)) - 1) for s in (0.25, 0.5, 0.75, 1.0))
    by_time = {int(met[n]): share for share, n in shares if 0 <= n < len(met)}
    return tuple((share, moment) for moment, share in by_time.items())


def _leaders(opened: OpenCase, view: NetworkView, codes: Sequence[int]) -> tuple[Leader, ...]:
    """How often each member was the first of them on an object that several of them acted on."""
    if not 1 < len(codes) <= MAX_SEARCHED_MEMBERS:
        return ()
    counts: dict[str, int] = {}
    for layer in view.layers:
        trace = trace_of(opened, layer, codes)
        order = np.lexsort((trace.account, trace.time, trace.object_))
        objects, account, time = (a[order] for a in (trace.object_, trace.account, trace.time))
        if not len(objects):
            continue
        changes = np.flatnonzero(objects[1:] != objects[:-1]) + 1
        begins, ends = [0, *changes.tolist()], [*changes.tolist(), len(objects)]
        for begin, end in zip(begins, ends, strict=True):
            earliest = set(account[begin:end][time[begin:end] == time[begin]].tolist())
            if len(set(account[begin:end].tolist())) > 1 and len(earliest) == 1:
                name = trace.accounts[earliest.pop()].as_py()
                counts[name] = counts.get(name, 0) + 1
    known = [(opened.record.ids.code(account), n) for account, n in counts.items()]
    found = [Leader(code, n) for code, n in known if code is not None]
    return tuple(sorted(found, key=lambda one: (-one.objects, one.code)))


def trace_of(opened: OpenCase, layer: str, codes: Sequence[int]) -> Trace:
    """The acts of these accounts on a trace, from a record of theirs alone."""
    wanted = TABLES_OF.get(layer, ("acts",))
    tables = opened.ask(lambda record: rows_of_accounts(record, codes, wanted))
    small: Record = from_tables(tables, opened.settings)
    return read_trace(small, layer)


def _meetings(opened: OpenCase, layer: str, first: int, second: int, window: int) -> list[Meeting]:
    """Acts of two accounts on one object, each with the nearest of the other's within the window,
    in microseconds.
    """
    trace = trace_of(opened, layer, [first, second])
    ids = [opened.record.ids.id_of[code].as_py() for code in (first, second)]
    places = trace.accounts.to_pylist()
    own = [trace.account == (places.index(one) if one in places else -1) for one in ids]
    found = []
    for shared in np.intersect1d(trace.object_[own[0]], trace.object_[own[1]]).tolist():
        times = [np.sort(trace.time[mask & (trace.object_ == shared)]) for mask in own]
        for moment in times[0].tolist():
            nearest = int(times[1][np.argmin(np.abs(times[1] - moment))])
            if abs(nearest - moment) <= window:
                name = trace.objects[shared].as_py()
                found.append(Meeting(name, trace.shown.get(shared, ""), moment, nearest))
    return found


def _microseconds(moment: dt.datetime | None) -> int | None:
    if moment is None:
        return None
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
