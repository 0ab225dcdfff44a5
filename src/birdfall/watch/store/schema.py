"""The tables of a watch's state, the migrations to their present form, and the errors of a file
that cannot be used."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Final

from birdfall.model.errors import CaseError

FORMAT: Final = 4

SCHEMA: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sources (source TEXT PRIMARY KEY, cursor TEXT, epoch TEXT NOT NULL DEFAULT '',
    received INTEGER NOT NULL DEFAULT 0, event INTEGER NOT NULL DEFAULT 0,
    steps INTEGER NOT NULL DEFAULT 0, refused INTEGER NOT NULL DEFAULT 0,
    begun INTEGER NOT NULL DEFAULT 0, connected INTEGER NOT NULL DEFAULT 0,
    since INTEGER NOT NULL DEFAULT 0, said TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
CREATE TABLE standing (account TEXT PRIMARY KEY, status TEXT NOT NULL, time INTEGER NOT NULL,
    handle TEXT, host TEXT NOT NULL DEFAULT '', client TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
CREATE TABLE changes (id INTEGER PRIMARY KEY, account TEXT NOT NULL, status TEXT NOT NULL,
    previous TEXT, time INTEGER NOT NULL, received INTEGER NOT NULL, source TEXT NOT NULL,
    host TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '',
    client TEXT NOT NULL DEFAULT '', seen INTEGER NOT NULL DEFAULT 0);
CREATE INDEX changes_time ON changes (time);
CREATE INDEX changes_account ON changes (account, time);
CREATE TABLE leaders (account TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE edges (followed TEXT NOT NULL, follower TEXT NOT NULL, key TEXT NOT NULL,
    since INTEGER NOT NULL, PRIMARY KEY (followed, follower)) WITHOUT ROWID;
CREATE INDEX edges_key ON edges (follower, key);
CREATE TABLE ends (id INTEGER PRIMARY KEY, followed TEXT NOT NULL, follower TEXT NOT NULL,
    since INTEGER NOT NULL, until INTEGER NOT NULL);
CREATE TABLE reports (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, reporter TEXT NOT NULL,
    target TEXT NOT NULL, time INTEGER NOT NULL, received INTEGER NOT NULL, source TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '');
CREATE INDEX reports_target ON reports (target, time);
CREATE INDEX reports_time ON reports (time);
CREATE TABLE gaps (id INTEGER PRIMARY KEY, source TEXT NOT NULL, begin INTEGER NOT NULL,
    end INTEGER NOT NULL, why TEXT NOT NULL);
CREATE TABLE detectors (stream TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE ticks (stream TEXT NOT NULL, begin INTEGER NOT NULL, observed INTEGER NOT NULL,
    expected REAL NOT NULL, high REAL NOT NULL, evidence REAL NOT NULL,
    PRIMARY KEY (stream, begin)) WITHOUT ROWID;
CREATE TABLE waves (id INTEGER PRIMARY KEY, stream TEXT NOT NULL, begin INTEGER NOT NULL,
    opened INTEGER NOT NULL, closed INTEGER, fallen INTEGER NOT NULL, returned INTEGER NOT NULL,
    expected REAL NOT NULL, evidence REAL NOT NULL, details TEXT NOT NULL);
CREATE TABLE alerts (id INTEGER PRIMARY KEY, key TEXT NOT NULL, kind TEXT NOT NULL,
    rule TEXT NOT NULL, time INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX alerts_key ON alerts (key, id);
CREATE TABLE deliveries (alert INTEGER NOT NULL, channel TEXT NOT NULL, done INTEGER,
    tries INTEGER NOT NULL DEFAULT 0, next INTEGER NOT NULL, said TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (alert, channel)) WITHOUT ROWID;
CREATE TABLE rules (name TEXT PRIMARY KEY, rule TEXT NOT NULL, armed INTEGER NOT NULL,
    backtest TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE raw (id INTEGER PRIMARY KEY, source TEXT NOT NULL, received INTEGER NOT NULL,
    data BLOB NOT NULL);
CREATE TABLE raw_files (path TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL,
    rows INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE set_apart (id INTEGER PRIMARY KEY, source TEXT NOT NULL, received INTEGER NOT NULL,
    why TEXT NOT NULL, step TEXT NOT NULL);
"""
#: The tables that a state of any format has.
STATE_TABLES: Final = frozenset(re.findall(r"CREATE TABLE (\w+)", SCHEMA)) - {"set_apart"}
#: Statements that bring a state of an earlier format to the next one.
MIGRATIONS: Final = {
    1: (
        "ALTER TABLE standing ADD COLUMN host TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE standing ADD COLUMN client TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE changes ADD COLUMN client TEXT NOT NULL DEFAULT ''",
    ),
    2: ("ALTER TABLE changes ADD COLUMN seen INTEGER NOT NULL DEFAULT 0",),
    3: (
        "CREATE TABLE set_apart (id INTEGER PRIMARY KEY, source TEXT NOT NULL, "
        "received INTEGER NOT NULL, why TEXT NOT NULL, step TEXT NOT NULL)",
    ),
}


class OlderError(CaseError):
    """A state of an earlier format was opened read-only; opening it for writing migrates it."""


def other_format_error(place: Path, found: int) -> CaseError:
    """The error for a state of another format than `FORMAT`."""
    if 0 < found < FORMAT:
        return OlderError(
            "this state was kept by an earlier Birdfall",
            where=str(place),
            fix="Begin a watch on it once: that brings it up to date.",
        )
    return CaseError(
        "this state is of another format", where=str(place), fix="Use the Birdfall that wrote it."
    )


def broken_file_error(place: Path, error: sqlite3.DatabaseError | OSError) -> CaseError:
    """The error for a file that is damaged, unreadable or no state."""
    told = str(error)
    if isinstance(error, OSError) or (
        # what SQLite calls a bad query is a file that is not as a state is
        isinstance(error, sqlite3.OperationalError)
        and not any(said in told for said in ("malformed", "no such", "not a database"))
    ):
        done = "written" if "readonly" in told else "read"
        return CaseError(
            f"this state cannot be {done}: {getattr(error, 'strerror', None) or told}",
            where=str(place),
            fix="Check its rights and the disk.",
        )
    return CaseError(
        "this file is no watch's state, or it is damaged",
        where=str(place),
        why=told[:200],
        fix="Name another with --state; raw events put away beside it can be imported anew.",
    )


def write_error(place: Path, error: sqlite3.DatabaseError) -> CaseError:
    """The error for a state that cannot be written any more."""
    return CaseError(
        f"the state cannot be written: {error}",
        where=str(place),
        why="What was kept until now is whole, and says where to go on.",
        fix="Make room on the disk, or mend it, and start again with the same --state.",
    )


def create_tables(connection: sqlite3.Connection) -> None:
    """Make the tables in an empty file."""
    # only a file that is still empty can be told to give back room
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN IMMEDIATE")
    for statement in SCHEMA.strip().split(";\n"):
        if statement.strip():
            connection.execute(statement)
    connection.execute("INSERT INTO meta VALUES ('format', ?)", (str(FORMAT),))
    connection.execute("COMMIT")


def prepare_connection(connection: sqlite3.Connection, found: int) -> None:
    """Set the pragmas; migrate a state of an earlier format, `found`, to `FORMAT`."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA busy_timeout = 10000")
    connection.execute("CREATE INDEX IF NOT EXISTS ends_pair ON ends (follower, followed, until)")
    while found in MIGRATIONS:
        connection.execute("BEGIN IMMEDIATE")
        for statement in MIGRATIONS[found]:
            connection.execute(statement)
        found += 1
        connection.execute("UPDATE meta SET value = ? WHERE key = 'format'", (str(found),))
        connection.execute("COMMIT")
