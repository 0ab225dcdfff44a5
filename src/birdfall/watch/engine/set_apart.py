"""What could not be read or kept when it came is kept now, where it can be."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from birdfall.watch.feeds.decode_again import decode_again
from birdfall.watch.model.events import StreamBatch
from birdfall.watch.model.step_text import step_from_text
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import ingest_again
from birdfall.watch.store.queries.set_apart import SetApartRow, delete_set_apart, iter_set_apart


def bring_back(state: State) -> int:
    """Try again to keep the steps that are set apart; how many were kept.

    What they tell is kept under its own times. The next watch counts it as it counts whatever comes
    late.

    Parameters
    ----------
    state
        Opened for writing; no watch uses it.
    """
    number = 0
    for row in list(iter_set_apart(state)):
        with state.transaction():
            try:
                ingest_again(state, row.source, _read_again(row))
            except sqlite3.OperationalError:
                raise
            except Exception:
                # it stays set apart, with the reason it has
                continue
            delete_set_apart(state, row)
            number += 1
    return number


def _read_again(row: SetApartRow) -> StreamBatch:
    """The step of a row; one that could not be read is read anew. Raises ValueError."""
    step = step_from_text(row.step)
    if not step.refused:
        return step
    return replace(step, events=tuple(decode_again(row.source, step.raw, step.received)))
