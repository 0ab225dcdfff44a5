"""The rows that make a case of a state: the tables of a case, out of those of the watch.

Each function gives a cursor whose column names are those of the case's table. since: from when all
is kept, in microseconds; of the time before only how accounts stood when it ended, as when a watch
begins.
"""

from __future__ import annotations

import sqlite3

from birdfall.watch.store.database import State


def select_statuses(state: State, source: str, since: int) -> sqlite3.Cursor:
    """Status changes from `since` on, and for accounts that were down then, the last one before."""
    return state.connection.execute(
        "SELECT account, status, max(time, ?1) AS time, "
        "CASE WHEN seen OR time < ?1 THEN 'seen' ELSE 'change' END AS observation, reason, "
        "?2 AS source, id AS line FROM changes c WHERE time >= ?1 OR (status != 'active' AND id = "
        "(SELECT max(id) FROM changes l WHERE l.account = c.account AND l.time < ?1)) ORDER BY id",
        (since, source),
    )


def select_follows(state: State, source: str, since: int) -> sqlite3.Cursor:
    """Edges that last, and those that ended from `since` on."""
    return state.connection.execute(
        "SELECT follower, followed, since, NULL AS until, 'change' AS observation, "
        "since AS observed_at, ? AS source FROM edges UNION ALL "
        "SELECT follower, followed, since, until, 'change', until, ? FROM ends WHERE until >= ? "
        "ORDER BY 3, 1, 2",
        (source, source, since),
    )


def select_acts(state: State, source: str, since: int) -> sqlite3.Cursor:
    """Reports from `since` on, as acts."""
    return state.connection.execute(
        "SELECT reporter AS account, 'report' AS kind, target AS object, time, "
        "'account' AS object_kind, target, reason AS client, key AS act_id, ? AS source, "
        "id AS line FROM reports WHERE time >= ? ORDER BY id",
        (source, since),
    )


def select_accounts(state: State, source: str) -> sqlite3.Cursor:
    """Accounts whose handle is known."""
    return state.connection.execute(
        "SELECT account, handle, time AS observed_at, ? AS source FROM standing "
        "WHERE handle != '' ORDER BY account",
        (source,),
    )
