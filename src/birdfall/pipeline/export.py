"""A case in other tools' forms: CSV, Parquet, and an SQLite file that Datasette and DuckDB open as it is.

What leaves the case is meant to be shared, so accounts go by pseudonym, except those the case lists as public; names,
descriptions, places and texts of others stay behind, and ids inside objects are replaced by keyed digests. `identified`
exports everything as it stands, for those who may hold it.
"""

from __future__ import annotations

import hmac
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from birdfall.model.errors import UsageError
from birdfall.model.schemas import TABLES
from birdfall.record.atomic import explain_write_errors, write_with
from birdfall.record.case import Case
from birdfall.record.ids import Ids, pseudonym
from birdfall.record.record import Record

Format = Literal["csv", "parquet", "sqlite"]

ROWS: Final = 65_536
#: Characters that repaint a terminal or turn the reading order around; tabs and line ends are left, a CSV holds them.
_REPAINTS: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)
#: Texts that `safe_cell` changes, as Arrow's patterns (RE2) have it.
_UNSAFE: Final = r"^[=+\-@\t\r\n]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{80}-\x{9f}\x{200e}\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}]"
_HEADER: Final = pcsv.WriteOptions(include_header=True, quoting_style="needed")
_ROWS: Final = pcsv.WriteOptions(include_header=False, quoting_style="needed")
#: Columns of the SQLite file that are looked up, where a table has them.
INDEXED: Final = (
    "account",
    "time",
    "object",
    "target",
    "follower",
    "followed",
    "since",
    "leader",
    "source_id",
    "target_id",
)
#: What the tables hold, for those who open the SQLite file without this documentation.
ABOUT: Final = {
    "accounts": "What is known of accounts, as it was seen at observed_at.",
    "acts": "Who did what to which object when.",
    "statuses": "What the platform said of an account: a change at time (or after `after`), or seen so at time.",
    "follows": "Who followed whom, from `since` until `until` where known.",
    "counts": "Numbers of followers over time.",
    "coverage": "What was watched when, with gaps and clock trouble.",
    "rejected": "Rows of the input that could not be taken, with the reason.",
    "findings": "Every measured answer, as JSON.",
}

#: Columns that can tell who a person is, left empty for all who are not public.
PERSONAL: Final = ("handle", "name", "description", "location", "text", "value", "example", "shown")
#: Columns that name things by the platform's ids, which contain or lead to accounts.
IDENTIFYING: Final = ("object", "act_id", "top_object")
#: Columns of findings and tables that hold account ids.
ACCOUNTS: Final = (
    "account", "target", "follower", "followed", "leader", "control", "largest_account", "source_id", "target_id", "reporter", "other",
)  # fmt: skip
#: Columns that hold lists of them.
ACCOUNT_LISTS: Final = ("accounts", "target_ids")
#: Kinds of object that are words rather than ids.
OPEN_OBJECTS: Final = ("hashtag", "hashtags", "link", "text", "page", "status", "creation")
#: Columns that say of what kind the object beside them is.
OBJECT_KINDS: Final = ("object_kind", "layer", "top_layer")


def export(case: Case, form: Format, out: Path, *, identified: bool = False) -> list[Path]:
    """Write the record and all findings' tables of `case`; returns the files made.

    csv and parquet make a folder with one file per table, sqlite makes one file. Raises UsageError if `out` exists.
    """
    if out.exists():
        raise UsageError(
            "this name is taken", where=str(out), fix="Choose another with -o, or remove it."
        )
    view = _view(case, identified)
    with explain_write_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        if form == "sqlite":
            write_with(out, lambda path: _sqlite(path, case, view))
            return [out]
        out.mkdir(parents=True)
    made = []
    for name, schema, batches in _tables(case, view):
        path = out / f"{name}.{form}"
        if form == "csv":
            write_with(path, partial(_csv, schema=schema, pieces=batches))
        else:
            write_with(path, partial(_parquet, schema=schema, pieces=batches))
        made.append(path)
    return made


def safe_cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula and no terminal for a command.

    Text that begins like a formula is given a leading apostrophe; control characters and overrides of the writing
    direction are written out, as `\\x1b`. Parquet and SQLite keep every text as it was.
    """
    if not isinstance(value, str):
        return value
    shown = _REPAINTS.sub(lambda found: f"\\x{ord(found[0]):02x}", value)
    return "'" + shown if shown.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else shown


View = Callable[[pa.Table], pa.Table]


class HasIds(Protocol):
    """A record, or whatever else knows which account has which code."""

    @property
    def ids(self) -> Ids: ...


def _view(case: Case, identified: bool) -> View:
    if identified:
        return lambda table: table
    record = case.record()
    public = set(record.settings.public)
    key = case.key
    return lambda table: pseudonymised(table, record, public, key)


def pseudonymised(table: pa.Table, record: HasIds, public: set[str], key: bytes) -> pa.Table:
    """`table` with account ids as pseudonyms, personal columns emptied and platform ids as keyed digests."""

    accounts = [f.name for f in table.schema if f.name in ACCOUNTS and pa.types.is_string(f.type)]
    lists = [f.name for f in table.schema if f.name in ACCOUNT_LISTS and pa.types.is_list(f.type)]

    def shown(account: str | None) -> str | None:
        if account is None or account in public:
            return account
        code = record.ids.code(account) if account not in codes else codes[account]
        return pseudonym(code) if code is not None else _digest(account)

    def _digest(text: str) -> str:
        return "id-" + hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256").hex()[:16]

    wanted = {v for c in accounts for v in table.column(c).unique().to_pylist() if v is not None}
    wanted |= {
        v for c in lists for v in pc.list_flatten(table.column(c)).to_pylist() if v is not None
    }
    ordered = sorted(wanted)
    codes = dict(
        zip(
            ordered,
            (int(c) if c >= 0 else None for c in record.ids.encode(pa.array(ordered, pa.string()))),
            strict=True,
        )
    )
    owner = next((c for c in ("account", "leader", "follower") if c in table.column_names), None)
    owners = table.column(owner).to_pylist() if owner else [None] * table.num_rows
    kind = next((c for c in OBJECT_KINDS if c in table.column_names), None)
    kinds = table.column(kind).to_pylist() if kind else [None] * table.num_rows
    columns = []
    for field in table.schema:
        column = table.column(field.name)
        if field.name in accounts:
            column = pa.array([shown(v) for v in column.to_pylist()], pa.string())
        elif field.name in lists:
            column = pa.array(
                [None if v is None else list(map(shown, v)) for v in column.to_pylist()], field.type
            )
        elif field.name in PERSONAL and pa.types.is_string(field.type):
            column = pa.array(
                [v if o in public else None for v, o in zip(column.to_pylist(), owners)],
                pa.string(),
            )
        elif field.name in IDENTIFYING and pa.types.is_string(field.type):
            column = pa.array(
                [
                    v if v is None or k in OPEN_OBJECTS else _digest(v)
                    for v, k in zip(column.to_pylist(), kinds)
                ],
                pa.string(),
            )
        columns.append(column)
    return pa.table(columns, names=table.column_names)


def _tables(case: Case, view: View) -> Iterator[tuple[str, pa.Schema, Iterator[pa.Table]]]:
    """Name, schema and pieces of every table of the case that has rows."""
    record = case.record()
    for name, schema in TABLES.items():
        if record.has(name):
            yield (
                name,
                pa.schema([pa.field(f.name, f.type) for f in schema]),
                _pieces(record, name, view),
            )
    for finding in case.findings().values():
        for table_name, table in sorted(finding.tables.items()):
            shown = view(table)
            yield f"{finding.name}.{table_name}".replace("-", "_"), shown.schema, iter([shown])


def _pieces(record: Record, name: str, view: View) -> Iterator[pa.Table]:
    reader = record.connection.sql(f"SELECT * FROM {name}").to_arrow_reader(ROWS)
    for batch in reader:
        yield view(pa.Table.from_batches([batch]))


def _csv(path: Path, schema: pa.Schema, pieces: Iterator[pa.Table]) -> None:
    with path.open("wb") as f:
        pcsv.write_csv(pa.table({n: pa.array([], pa.string()) for n in schema.names}), f, _HEADER)
        for piece in pieces:
            pcsv.write_csv(
                pa.table([_cells(c) for c in piece.columns], names=schema.names), f, _ROWS
            )


def _cells(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """A column as a CSV shows it: numbers as they are, true and false as 1 and 0, all else as safe text."""
    kind = column.type
    if pa.types.is_boolean(kind):
        return column.cast(pa.int8())
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind):
        return column
    if not pa.types.is_string(kind):
        if not pa.types.is_timestamp(kind):
            return pa.array([safe_cell(_plain(v)) for v in column.to_pylist()], pa.string())
        known = column.combine_chunks().dictionary_encode()
        return pa.array([_plain(v) for v in known.dictionary.to_pylist()], pa.string()).take(
            known.indices
        )
    texts = column.combine_chunks()
    risky = pc.fill_null(pc.match_substring_regex(texts, _UNSAFE), False)
    safe = pa.array([safe_cell(v) for v in texts.filter(risky).to_pylist()], pa.string())
    return pc.replace_with_mask(texts, risky, safe)


def write_csv(path: Path, table: pa.Table) -> None:
    """One table as CSV that no spreadsheet runs."""
    _csv(path, table.schema, iter([table]))


def _parquet(path: Path, schema: pa.Schema, pieces: Iterator[pa.Table]) -> None:
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for piece in pieces:
            writer.write_table(piece.cast(schema))


def _sqlite(path: Path, case: Case, view: View) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = OFF")
        filled: dict[str, int] = {}
        for name, schema, pieces in _tables(case, view):
            table = name.replace(".", "_")
            filled[table] = _fill(database, table, schema, pieces)
        database.execute(
            'CREATE TABLE "findings" (name TEXT PRIMARY KEY, kind TEXT, answer TEXT, finding TEXT)'
        )
        findings = [(f.name, f.kind, f.answer, f.to_json()) for f in case.findings().values()]
        database.executemany('INSERT INTO "findings" VALUES (?, ?, ?, ?)', findings)
        filled["findings"] = len(findings)
        _about(database, case, filled)
        database.commit()


def _fill(
    database: sqlite3.Connection, table: str, schema: pa.Schema, pieces: Iterator[pa.Table]
) -> int:
    """One table with its rows and indexes; returns how many rows."""
    columns = ", ".join(f'"{f.name}" {_sqlite_type(f.type)}' for f in schema)
    database.execute(f'CREATE TABLE "{table}" ({columns})')
    marks = ", ".join("?" * len(schema))
    count = 0
    for piece in pieces:
        rows = zip(*(c.to_pylist() for c in piece.columns))
        database.executemany(
            f'INSERT INTO "{table}" VALUES ({marks})', ([_plain(v) for v in row] for row in rows)
        )
        count += piece.num_rows
    for column in INDEXED:
        if column in schema.names:
            database.execute(f'CREATE INDEX "{table}_{column}" ON "{table}" ("{column}")')
    return count


def _about(database: sqlite3.Connection, case: Case, filled: dict[str, int]) -> None:
    """The table `about`: which case this is, made with what, and what each table holds."""
    settings = case.settings
    rows: list[tuple[str, str, int | None]] = [
        ("title", settings.title or case.path.name, None),
        ("made with", case.manifest.software, None),
        ("times", "UTC, ISO 8601", None),
        ("time zone of the case", settings.time_zone or "UTC", None),
    ]
    rows += [
        (f"table {name}", ABOUT.get(name, "A table of a finding of this name."), n)
        for name, n in filled.items()
    ]
    database.execute('CREATE TABLE "about" (what TEXT PRIMARY KEY, says TEXT, rows INTEGER)')
    database.executemany('INSERT INTO "about" VALUES (?, ?, ?)', rows)


def _sqlite_type(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return "INTEGER"
    return "REAL" if pa.types.is_floating(kind) else "TEXT"


def _plain(value: Any) -> Any:
    """A value CSV and SQLite can hold; times in ISO 8601 with their zone."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (list, dict)):
        import json

        return json.dumps(value, ensure_ascii=False, default=str)
    return value
