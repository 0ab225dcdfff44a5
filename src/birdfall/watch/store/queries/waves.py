"""Waves and bursts: the table `waves`."""

from __future__ import annotations

import json
import sqlite3
from typing import Final

from birdfall.watch.model.stream_key import StreamKey
from birdfall.watch.model.wave import Wave, WaveDetails, parse_details
from birdfall.watch.store.database import State

#: Waves that are listed, latest first: of these everything is kept.
LISTED_WAVES: Final = 200


def list_waves(state: State, *, open_only: bool = False, limit: int = -1) -> list[Wave]:
    """Waves, latest first. limit: at most so many; -1 for all."""
    where = "WHERE closed IS NULL" if open_only else ""
    rows = state.connection.execute(
        f"SELECT * FROM waves {where} ORDER BY id DESC LIMIT ?", (limit,)
    )
    return [_wave(row) for row in rows]


def find_wave(state: State, number: int) -> Wave | None:
    """One wave; None if no wave has this number."""
    row = state.connection.execute("SELECT * FROM waves WHERE id = ?", (number,)).fetchone()
    return None if row is None else _wave(row)


def list_waves_since(state: State, moment: int) -> list[Wave]:
    """Waves that are on, or were on (or called) at `moment` or later; latest first."""
    rows = state.connection.execute(
        "SELECT * FROM waves WHERE coalesce(closed, opened) >= ? OR closed IS NULL "
        "ORDER BY id DESC",
        (moment,),
    )
    return [_wave(row) for row in rows.fetchall()]


def last_suspension_wave(state: State) -> Wave | None:
    """The latest wave that suspensions called."""
    row = state.connection.execute(
        "SELECT * FROM waves WHERE stream NOT LIKE 'target:%' "
        "AND stream NOT IN ('reports', 'lockstep') ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return None if row is None else _wave(row)


def next_wave(state: State, after: int, before: int) -> Wave | None:
    """The first wave whose number lies between `after` and `before`, both exclusive."""
    row = state.connection.execute(
        "SELECT * FROM waves WHERE id > ? AND id < ? ORDER BY id LIMIT 1", (after, before)
    ).fetchone()
    return None if row is None else _wave(row)


def waves_version(state: State) -> tuple[int, int, int]:
    """Changes whenever a wave is called or ends."""
    row = state.connection.execute(
        "SELECT coalesce(max(id), 0), count(closed), coalesce(max(closed), 0) FROM waves"
    ).fetchone()
    return int(row[0]), int(row[1]), int(row[2])


def insert_wave(
    state: State,
    *,
    stream: StreamKey,
    begin: int,
    opened: int,
    closed: int | None,
    fallen: int,
    returned: int,
    expected: float,
    evidence: float,
    details: WaveDetails,
) -> int:
    """Keep a new wave; its number. The fields are those of `Wave`."""
    done = state.connection.execute(
        "INSERT INTO waves (stream, begin, opened, closed, fallen, returned, expected, evidence, "
        "details) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            str(stream),
            begin,
            opened,
            closed,
            fallen,
            returned,
            expected,
            evidence,
            _details_text(details),
        ),
    )
    return int(done.lastrowid or 0)


def update_wave(
    state: State,
    number: int,
    *,
    closed: int | None = None,
    fallen: int | None = None,
    returned: int | None = None,
    expected: float | None = None,
    details: WaveDetails | None = None,
) -> None:
    """Change a wave; what is None stays as it is."""
    state.connection.execute(
        "UPDATE waves SET closed = coalesce(?, closed), fallen = coalesce(?, fallen), "
        "returned = coalesce(?, returned), expected = coalesce(?, expected), "
        "details = coalesce(?, details) WHERE id = ?",
        (
            closed,
            fallen,
            returned,
            expected,
            None if details is None else _details_text(details),
            number,
        ),
    )


def _wave(row: sqlite3.Row) -> Wave:
    return Wave(
        row["id"],
        StreamKey.parse(row["stream"]),
        row["begin"],
        row["opened"],
        row["closed"],
        row["fallen"],
        row["returned"],
        row["expected"],
        row["evidence"],
        parse_details(row["details"]),
    )


def _details_text(details: WaveDetails) -> str:
    return json.dumps(details.to_json(), ensure_ascii=False, sort_keys=True)
