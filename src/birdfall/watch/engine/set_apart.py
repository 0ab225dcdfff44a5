"""What could not be kept when it came is kept now, where it can be."""

from __future__ import annotations

import sqlite3

from birdfall.watch.model.step_text import step_from_text
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import ingest_again
from birdfall.watch.store.queries.set_apart import delete_set_apart, iter_set_apart


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
                ingest_again(state, row.source, step_from_text(row.step))
            except sqlite3.OperationalError:
                raise
            except Exception:
                # it stays set apart, with the reason it has
                continue
            delete_set_apart(state, row)
            number += 1
    return number
