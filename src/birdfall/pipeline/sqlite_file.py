"""A case as one SQLite file that Datasette and DuckDB open as it is, with a table that says what it
holds.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

import pyarrow as pa

from birdfall.pipeline.csv_cells import plain_value
from birdfall.pipeline.shared_case import SharedCase

#: Columns that are looked up, where a table has them.
INDEXED: Final = (
    "account", "time", "object", "target", "follower", "followed", "since", "leader", "source_id",
    "target_id",
)  # fmt: skip
#: What the tables hold, for those who open the file without this documentation.
ABOUT: Final = {
    "accounts": "What is known of accounts, as it was seen at observed_at.",
    "acts": "Who did what to which object when.",
    "statuses": (
        "What the platform said of an account: a change at time (or after `after`), or seen so at "
        "time."
    ),
    "follows": "Who followed whom, from `since` until `until` where known.",
    "counts": "Numbers of followers over time.",
    "coverage": "What was watched when, with gaps and clock trouble.",
    "rejected": "Rows of the input that could not be taken, with the reason.",
    "findings": "Every measured answer, as JSON.",
}


def write_sqlite(path: Path, case: SharedCase) -> None:
    """Write all tables and findings of a case into a new SQLite file.

    Raises OSError where the disk does not take it.
    """
    try:
        _write(path, case)
    except sqlite3.OperationalError as error:
        # what SQLite says of a full disk, of a limit on sizes, and of a disk that fails
        code = errno.ENOSPC if "full" in str(error) else errno.EIO
        raise OSError(code, str(error), str(path)) from error


def _write(path: Path, case: SharedCase) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = OFF")
        rows: dict[str, int] = {}
        for table in case.tables("sqlite"):
            name = table.name.replace(".", "_")
            rows[name] = _fill(database, name, table.schema, table.batches)
        database.execute(
            'CREATE TABLE "findings" (name TEXT PRIMARY KEY, kind TEXT, answer TEXT, finding TEXT)'
        )
        findings = [(f.name, f.kind, f.answer, f.to_json()) for f in case.findings.values()]
        database.executemany('INSERT INTO "findings" VALUES (?, ?, ?, ?)', findings)
        rows["findings"] = len(findings)
        _describe(database, case, rows)
        database.commit()


def _fill(
    database: sqlite3.Connection, table: str, schema: pa.Schema, batches: Iterable[pa.Table]
) -> int:
    """One table with its rows and indexes; returns how many rows."""
    columns = ", ".join(f'"{f.name}" {_sqlite_type(f.type)}' for f in schema)
    database.execute(f'CREATE TABLE "{table}" ({columns})')
    marks = ", ".join("?" * len(schema))
    count = 0
    for batch in batches:
        rows = zip(*(c.to_pylist() for c in batch.columns), strict=True)
        database.executemany(
            f'INSERT INTO "{table}" VALUES ({marks})',
            ([plain_value(v) for v in row] for row in rows),
        )
        count += batch.num_rows
    for column in INDEXED:
        if column in schema.names:
            database.execute(f'CREATE INDEX "{table}_{column}" ON "{table}" ("{column}")')
    return count


def _describe(database: sqlite3.Connection, case: SharedCase, rows: dict[str, int]) -> None:
    """The table `about`: which case this is, made with what, and what each table holds."""
    settings = case.settings
    about: list[tuple[str, str, int | None]] = [
        ("title", settings.title or case.name, None),
        ("made with", case.software, None),
        ("times", "UTC, ISO 8601", None),
        ("time zone of the case", settings.time_zone or "UTC", None),
    ]
    about += [
        (f"table {name}", ABOUT.get(name, "A table of a finding of this name."), n)
        for name, n in rows.items()
    ]
    database.execute('CREATE TABLE "about" (what TEXT PRIMARY KEY, says TEXT, rows INTEGER)')
    database.executemany('INSERT INTO "about" VALUES (?, ?, ?)', about)


def _sqlite_type(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return "INTEGER"
    return "REAL" if pa.types.is_floating(kind) else "TEXT"
