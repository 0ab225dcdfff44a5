"""Raw steps as they came, and the files they were put away in: the tables `raw` and `raw_files`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from birdfall.watch.store.database import State


class RawRow(NamedTuple):
    """One step as it came. received: microseconds."""

    source: str
    received: int
    data: bytes


class RawFile(NamedTuple):
    """A file of raw steps: its name within its folder, and its size."""

    path: str
    bytes: int


def raw_bounds(state: State) -> tuple[int, int] | None:
    """(first, last) number of the raw steps that wait; None if none does."""
    first, last = state.connection.execute(
        "SELECT (SELECT min(id) FROM raw), (SELECT max(id) FROM raw)"
    ).fetchone()
    return None if first is None else (int(first), int(last))


def iter_raw(state: State, first: int, last: int) -> Iterator[RawRow]:
    """Raw steps with numbers in [first, last], one at a time, so that memory stays flat."""
    for row in state.connection.execute(
        "SELECT source, received, data FROM raw WHERE id BETWEEN ? AND ? ORDER BY id",
        (first, last),
    ):
        yield RawRow(*row)


def replace_raw_by_file(state: State, name: str, first: int, last: int, size: int) -> None:
    """Raw steps up to `last` leave the state: they stand in the file `name` of `size` bytes."""
    done = state.connection.execute("DELETE FROM raw WHERE id <= ?", (last,))
    state.connection.execute(
        "INSERT OR REPLACE INTO raw_files VALUES (?, ?, ?, ?, ?)",
        (name, first, last, done.rowcount, size),
    )


def list_raw_files(state: State) -> list[RawFile]:
    """The files, oldest first."""
    rows = state.connection.execute("SELECT path, bytes FROM raw_files ORDER BY first")
    return [RawFile(*row) for row in rows.fetchall()]


def delete_raw_file(state: State, name: str) -> None:
    """A file is no longer there."""
    state.connection.execute("DELETE FROM raw_files WHERE path = ?", (name,))


def raw_file_bytes(state: State) -> int:
    """Bytes of all files."""
    row = state.connection.execute("SELECT coalesce(sum(bytes), 0) FROM raw_files").fetchone()
    return int(row[0])
