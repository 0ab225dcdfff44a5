"""How the sources stand, and when they were not seen: the tables `sources` and `gaps`."""

from __future__ import annotations

from typing import NamedTuple

from birdfall.watch.store.database import State


class SourceRow(NamedTuple):
    """One source, as the watch last wrote it. Moments are microseconds, 0 where there is none.

    received: when a step last came; event: the latest event's own time; begun: when the first step
    came; since: when its connection last changed; said: what was last wrong.
    """

    source: str
    received: int
    event: int
    steps: int
    refused: int
    begun: int
    connected: bool
    since: int
    said: str


class GapRow(NamedTuple):
    """A time in which a source was not seen: [begin, end] in microseconds. why: a code."""

    id: int
    source: str
    begin: int
    end: int
    why: str


def list_sources(state: State) -> list[SourceRow]:
    """The sources, by name."""
    rows = state.connection.execute(
        "SELECT source, received, event, steps, refused, begun, connected, since, said "
        "FROM sources ORDER BY source"
    )
    return [
        SourceRow(
            row["source"],
            row["received"],
            row["event"],
            row["steps"],
            row["refused"],
            row["begun"],
            bool(row["connected"]),
            row["since"],
            row["said"],
        )
        for row in rows.fetchall()
    ]


def list_gaps(state: State) -> list[GapRow]:
    """All gaps, in the order they were noted."""
    rows = state.connection.execute('SELECT id, source, "begin", "end", why FROM gaps ORDER BY id')
    return [GapRow(*row) for row in rows]


def list_gaps_of(state: State, source: str, limit: int) -> list[GapRow]:
    """The last gaps of a source, latest first."""
    rows = state.connection.execute(
        'SELECT id, source, "begin", "end", why FROM gaps WHERE source = ? '
        "ORDER BY id DESC LIMIT ?",
        (source, limit),
    )
    return [GapRow(*row) for row in rows]


def list_gaps_within(state: State, begin: int, end: int) -> list[GapRow]:
    """Gaps that touch [begin, end], earliest first."""
    rows = state.connection.execute(
        'SELECT id, source, "begin", "end", why FROM gaps WHERE "end" >= ? AND "begin" <= ? '
        'ORDER BY "begin"',
        (begin, end),
    )
    return [GapRow(*row) for row in rows]


def latest_event(state: State) -> int:
    """The own time of the latest event of any source; 0 if nothing came yet."""
    row = state.connection.execute("SELECT max(event) FROM sources").fetchone()
    return int(row[0] or 0)


def has_connection(state: State) -> bool:
    """Whether any source was connected when the watch last wrote."""
    row = state.connection.execute("SELECT sum(connected) FROM sources").fetchone()
    return bool(row[0])


def last_receipt_time(state: State, source: str) -> int:
    """When a source last sent something, in microseconds; 0 if never."""
    row = state.connection.execute(
        "SELECT received FROM sources WHERE source = ?", (source,)
    ).fetchone()
    return 0 if row is None else int(row[0])


def first_observation(state: State) -> int | None:
    """Begin of the observations: when the first source began, or its first event happened; None
    if there are none."""
    row = state.connection.execute(
        "SELECT (SELECT min(begun) FROM sources WHERE begun > 0), "
        "(SELECT min(time) FROM changes), (SELECT min(since) FROM edges)"
    ).fetchone()
    return min((int(v) for v in row if v is not None), default=None)


def state_version(state: State) -> str:
    """Changes whenever a page over the state would look different."""
    row = state.connection.execute(
        "SELECT (SELECT max(id) FROM changes), (SELECT max(id) FROM reports), "
        "(SELECT max(id) FROM alerts), (SELECT sum(tries) FROM deliveries), "
        "(SELECT sum(connected) FROM sources), (SELECT value FROM meta WHERE key = 'tick'), "
        "(SELECT sum(fallen) + sum(returned) + count(closed) FROM waves)"
    ).fetchone()
    return "-".join(str(v) for v in row)
