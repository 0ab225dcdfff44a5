"""Counts of finished ticks, and what detectors keep: the tables `ticks` and `detectors`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from birdfall.watch.model.detector_state import DetectorJson
from birdfall.watch.model.stream_key import StreamKey
from birdfall.watch.store.database import State


class TickRow(NamedTuple):
    """A tick in which something came: its begin in microseconds, events, and the most that was
    expected."""

    begin: int
    observed: int
    expected: float


def list_ticks(state: State, stream: StreamKey, begin: int, end: int) -> list[TickRow]:
    """Ticks of a stream that begin within [begin, end], in order; empty ones are not stored."""
    rows = state.connection.execute(
        'SELECT "begin", observed, expected FROM ticks WHERE stream = ? '
        'AND "begin" BETWEEN ? AND ? ORDER BY "begin"',
        (str(stream), begin, end),
    )
    return [TickRow(*row) for row in rows]


def first_tick(state: State, stream: StreamKey | None = None) -> int | None:
    """The begin of the first stored tick, of one stream or of any; None if there is none."""
    if stream is None:
        row = state.connection.execute("SELECT min(begin) FROM ticks").fetchone()
    else:
        row = state.connection.execute(
            "SELECT min(begin) FROM ticks WHERE stream = ?", (str(stream),)
        ).fetchone()
    return None if row[0] is None else int(row[0])


def find_detector(state: State, stream: StreamKey) -> DetectorJson | None:
    """What the detector of a stream keeps; None if it keeps nothing."""
    row = state.connection.execute(
        "SELECT state FROM detectors WHERE stream = ?", (str(stream),)
    ).fetchone()
    if row is None:
        return None
    kept: DetectorJson = json.loads(row[0])
    return kept


def delete_detectors(state: State, streams: Iterable[StreamKey]) -> None:
    """Detectors of streams that are no longer watched."""
    state.connection.executemany(
        "DELETE FROM detectors WHERE stream = ?", [(str(stream),) for stream in streams]
    )
