"""Taking one account out of a state: its rows, and its names wherever else they stand."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from birdfall.watch.model.stream_key import StreamKey, StreamKind
from birdfall.watch.store.database import State

#: Columns that hold an account, by table: rows that name it go.
ACCOUNT_COLUMNS: Final = {
    "standing": ("account",),
    "changes": ("account",),
    "leaders": ("account",),
    "edges": ("followed", "follower"),
    "ends": ("followed", "follower"),
    "reports": ("reporter", "target"),
}
#: Tables with a row for each stream, some of which are of one account.
STREAM_TABLES: Final = ("detectors", "ticks")
#: Columns that say which stream or source a row is of: their names are not those of people.
KEPT_COLUMNS: Final = ("source",)


def delete_account(state: State, account: str) -> dict[str, int]:
    """Delete the rows of an account and about it; how many went, by table. Call inside a
    transaction."""
    gone: dict[str, int] = {}
    for table, columns in ACCOUNT_COLUMNS.items():
        named = " OR ".join(f"{column} = ?1" for column in columns)
        done = state.connection.execute(f"DELETE FROM {table} WHERE {named}", (account,))
        gone[table] = done.rowcount
    streams = [str(StreamKey(kind, account)) for kind in (StreamKind.LEADER, StreamKind.TARGET)]
    for table in STREAM_TABLES:
        done = state.connection.execute(f"DELETE FROM {table} WHERE stream IN (?, ?)", streams)
        gone[table] = done.rowcount
    state.drop_caches()
    return {table: number for table, number in gone.items() if number}


def delete_raw(state: State, names: Callable[[bytes], bool]) -> int:
    """Delete the waiting raw steps that `names` says hold an account, but for the number of the
    last; how many went. Call inside a transaction."""
    rows = state.connection.execute("SELECT id, data FROM raw ORDER BY id")
    gone = [row[0] for row in rows if names(row[1])]
    state.connection.executemany("UPDATE raw SET data = x'' WHERE id = ?", [(n,) for n in gone])
    return len(gone)


def replace_texts(state: State, clean: Callable[[str], str]) -> int:
    """Change every text of the state as `clean` does; how many changed. Call inside a
    transaction."""
    changed = 0
    for table, key, columns in _text_columns(state):
        for column in columns:
            rows = state.connection.execute(f"SELECT {', '.join(key)}, {column} FROM {table}")
            new = [
                (text, *row[:-1])
                for row in rows
                if isinstance(row[-1], str) and (text := clean(row[-1])) != row[-1]
            ]
            where = " AND ".join(f"{name} = ?" for name in key)
            state.connection.executemany(
                f"UPDATE OR REPLACE {table} SET {column} = ? WHERE {where}", new
            )
            changed += len(new)
    return changed


def change_raw_file(state: State, name: str, rows: int, size: int) -> None:
    """A file of raw steps was written again with so many rows and bytes."""
    state.connection.execute(
        "UPDATE raw_files SET rows = ?, bytes = ? WHERE path = ?", (rows, size, name)
    )


def overwrite_deleted(state: State) -> None:
    """From now on what is deleted is overwritten with zeros."""
    state.connection.execute("PRAGMA secure_delete = ON")


def compact(state: State) -> None:
    """Write the file again without what was deleted; call outside a transaction."""
    state.connection.execute("VACUUM")
    state.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _text_columns(state: State) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    """Each table with the columns of its key, and those of its columns that hold words."""
    tables = state.connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    for table in [row[0] for row in tables]:
        columns: list[sqlite3.Row] = state.connection.execute(
            f"PRAGMA table_info({table})"
        ).fetchall()
        key = [row["name"] for row in columns if row["pk"]]
        words = [
            row["name"]
            for row in columns
            if row["type"] == "TEXT" and row["name"] not in KEPT_COLUMNS
        ]
        yield table, key, words


def iter_accounts(state: State) -> Iterator[str]:
    """Every account that the state knows, each once."""
    parts = (
        f"SELECT {column} FROM {table}"
        for table, columns in ACCOUNT_COLUMNS.items()
        for column in columns
    )
    for row in state.connection.execute(" UNION ".join(parts)):
        yield str(row[0])


def accounts_of_handle(state: State, handle: str) -> list[str]:
    """The accounts that have this handle (in lower case) now."""
    found = state.connection.execute(
        "SELECT account FROM standing WHERE lower(handle) = ? ORDER BY account", (handle,)
    )
    return [str(row[0]) for row in found]
