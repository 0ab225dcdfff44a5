"""Steps that could not be kept, held with their reasons until they are brought back: the table
`set_apart`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from birdfall.watch.store.database import State


class SetApartRow(NamedTuple):
    """A step that could not be kept. received: microseconds; step: as `step_to_text` writes it."""

    id: int
    source: str
    received: int
    why: str
    step: str


def insert_set_apart(state: State, source: str, received: int, why: str, step: str) -> None:
    """Hold a step; call inside a transaction."""
    state.connection.execute(
        "INSERT INTO set_apart (source, received, why, step) VALUES (?, ?, ?, ?)",
        (source, received, why, step),
    )


def iter_set_apart(state: State) -> Iterator[SetApartRow]:
    """The steps that are held, in the order they came."""
    rows = state.connection.execute(
        "SELECT id, source, received, why, step FROM set_apart ORDER BY id"
    )
    for row in rows:
        yield SetApartRow(*row)


def delete_set_apart(state: State, row: SetApartRow) -> None:
    """A step that was held is kept now: it is no longer counted as refused; call inside a
    transaction."""
    state.connection.execute("DELETE FROM set_apart WHERE id = ?", (row.id,))
    state.connection.execute(
        "UPDATE sources SET refused = max(refused - 1, 0) WHERE source = ?", (row.source,)
    )
