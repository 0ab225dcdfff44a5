"""Steps that could not be read or kept, held with their reasons until they are brought back: the
table `set_apart`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from birdfall.watch.model.events import StreamBatch
from birdfall.watch.model.step_text import step_from_text, step_to_text
from birdfall.watch.store.database import State

#: How many steps that nobody could read are held of a source, and of how many bytes in all: a
#: server may send nothing else. What is beyond is counted, and stands among the raw events.
MAX_HELD_STEPS: Final = 10_000
MAX_HELD_BYTES: Final = 64 << 20


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
    state.held.pop(row.source, None)
    state.connection.execute("DELETE FROM set_apart WHERE id = ?", (row.id,))
    state.connection.execute(
        "UPDATE sources SET refused = max(refused - 1, 0) WHERE source = ?", (row.source,)
    )


def hold_refused(state: State, source: str, step: StreamBatch) -> None:
    """Hold a step that could not be read, within the bounds; call inside a transaction."""
    if not step.refused or not step.raw:
        return
    if source not in state.held:
        row = state.connection.execute(
            "SELECT count(*), coalesce(sum(length(step)), 0) FROM set_apart WHERE source = ?",
            (source,),
        ).fetchone()
        state.held[source] = (row[0], row[1])
    steps, size = state.held[source]
    text = step_to_text(step)
    if steps < MAX_HELD_STEPS and size + len(text) <= MAX_HELD_BYTES:
        insert_set_apart(state, source, step.received, step.refused, text)
        state.held[source] = (steps + 1, size + len(text))


def count_unheld(state: State) -> dict[str, int]:
    """How many refused steps of each source are counted and not held; sources without any are left
    out."""
    rows = state.connection.execute(
        "SELECT source, refused - (SELECT count(*) FROM set_apart s WHERE s.source = o.source) "
        "FROM sources o ORDER BY source"
    )
    return {str(row[0]): int(row[1]) for row in rows if row[1] > 0}


def delete_old_set_apart(state: State, before: int, limit: int) -> int:
    """Delete held steps that came before a moment, at most `limit`; how many went."""
    state.held.clear()
    return state.connection.execute(
        "DELETE FROM set_apart WHERE id IN "
        "(SELECT id FROM set_apart WHERE received < ? ORDER BY id LIMIT ?)",
        (before, limit),
    ).rowcount


def clean_set_apart(
    state: State, leave_out: Callable[[StreamBatch], StreamBatch], names: Callable[[bytes], bool]
) -> int:
    """Take an account out of the held steps; how many changed. Call inside a transaction.

    Parameters
    ----------
    leave_out
        Gives a step without what it tells of the account.
    names
        Whether bytes hold the account's name.
    """
    changed = 0
    for row in list(iter_set_apart(state)):
        try:
            step = step_from_text(row.step)
        except ValueError:
            # what it holds cannot be told apart: all of it goes
            state.connection.execute("DELETE FROM set_apart WHERE id = ?", (row.id,))
            changed += 1
            continue
        clean = leave_out(step)
        if names(clean.raw):
            clean = replace(clean, raw=b"")
        if clean == step:
            continue
        changed += 1
        if clean.events:
            state.connection.execute(
                "UPDATE set_apart SET step = ? WHERE id = ?", (step_to_text(clean), row.id)
            )
        else:
            state.connection.execute("DELETE FROM set_apart WHERE id = ?", (row.id,))
    return changed
