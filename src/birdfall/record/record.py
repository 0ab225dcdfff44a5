"""The record as measures see it: read-only tables, queries over them, and the dictionary of ids.

A `Record` comes from a case on disk (`Case.record()`) or from Arrow tables in memory
(`from_tables`). Measures take a record and never learn which.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from birdfall.model.findings import Input
from birdfall.model.memory_limit import tells_of_memory
from birdfall.model.schemas import ACCOUNT_COLUMNS, TABLES, conform
from birdfall.model.settings import Settings
from birdfall.record.damage import damaged
from birdfall.record.identities import Identities, find_identities, resolved_sql
from birdfall.record.ids import Ids, empty_ids
from birdfall.record.queries import open_connection
from birdfall.record.split import EACH_ACCOUNT, ByRows, Split

#: What a named parameter of a query may be.
SqlValue = str | int | float | bool | bytes | dt.datetime | Sequence[str] | Sequence[int] | None

#: The parameters of a query, by position or by name.
SqlParameters = Sequence[object] | Mapping[str, SqlValue] | None


@dataclass(frozen=True)
class FollowEdges:
    """Follow edges by code.

    since, until: int64 microseconds, `NEVER` where unknown or still standing.
    """

    follower: np.ndarray
    followed: np.ndarray
    since: np.ndarray
    until: np.ndarray


NEVER = np.iinfo(np.int64).max
#: The columns of a table's own accounts: whom an act is about is none of them.
_WHOSE = {**dict.fromkeys(ACCOUNT_COLUMNS, ("account",)), "follows": ("follower", "followed")}


@dataclass(frozen=True)
class Record:
    """Read-only tables under their schema names, in a DuckDB connection of their own."""

    connection: duckdb.DuckDBPyConnection
    ids: Ids
    settings: Settings
    digests: Mapping[str, str]
    sizes: Mapping[str, int]
    #: The Parquet files that it lies over; none in memory.
    files: tuple[Path, ...] = ()
    #: The handles by which its files name accounts whose ids they give too.
    identities: Identities = field(default_factory=Identities)
    #: The dictionary with these handles, as the files tell accounts; None: `ids`.
    told_ids: Ids | None = None
    #: What was found of it so far (`birdfall.record.kept`).
    kept: dict[object, object] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __repr__(self) -> str:
        """How many rows; whoever prints a record into a notebook names nobody."""
        return f"<Record: {sum(self.sizes.values()):,} rows, {len(self.ids):,} accounts>"

    def has(self, table: str) -> bool:
        """Whether `table` holds at least one row."""
        return self.sizes.get(table, 0) > 0

    def table(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The whole of `table`, or some columns of it, in stored order."""
        chosen = ", ".join(f'"{c}"' for c in columns) if columns else "*"
        return self.sql(f"SELECT {chosen} FROM {table}")

    def sql(
        self,
        query: str,
        parameters: SqlParameters = None,
        *,
        split: Split | None = None,
    ) -> pa.Table:
        """An Arrow table from SQL over the record's tables and `ids` (id, code).

        split: how it is answered where the tables lie in parts; not read here, where they do not.

        Raises CaseError where a file of the record cannot be read to its end.
        """
        del split
        with self._explain_torn_files():
            return self.connection.sql(query, params=parameters).to_arrow_table()

    def batches(self, table: str, rows: int) -> Iterator[pa.Table]:
        """The whole of `table` in stored order, `rows` at a time; nothing else may be asked of the
        record meanwhile. Errors as of `sql`.
        """
        with self._explain_torn_files():
            for batch in self.connection.sql(f"SELECT * FROM {table}").to_arrow_reader(rows):
                yield pa.Table.from_batches([batch])

    @contextlib.contextmanager
    def _explain_torn_files(self) -> Iterator[None]:
        try:
            yield
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            if tells_of_memory(error):
                raise
            torn = next((path for path in self.files if not _is_readable(path)), None)
            if torn is None:
                raise
            raise damaged(torn, "its rows cannot be read") from error

    def input(self, table: str) -> Input:
        """What a finding says it was computed from."""
        return Input(table, self.sizes.get(table, 0), self.digests.get(table, ""))

    def count_accounts(self, table: str) -> int:
        """How many accounts `table` names."""
        columns = " UNION ALL ".join(f"SELECT {c} AS a FROM {table}" for c in _WHOSE[table])
        return int(self.sql(f"SELECT count(DISTINCT a) FROM ({columns})").column(0)[0].as_py())

    def edges(self, followed: Sequence[str] | None = None) -> FollowEdges:
        """Distinct follow edges by code, ordered by (followed, follower).

        With `followed` given, only the edges to these accounts.

        An edge seen or begun several times is one edge: its earliest `since`; its latest `until`,
        or `NEVER` if its last word is that it stands.
        """
        chosen = "" if followed is None else "WHERE f.followed IN (SELECT unnest($1))"
        rows = self.sql(
            f"""
            SELECT a.code AS follower, b.code AS followed,
                   coalesce(min(epoch_us(f.since)), {NEVER}) AS since,
                   CASE WHEN bool_or(f.until IS NULL
                                     AND coalesce(f.since, f.observed_at) >= last_until
                                     OR last_until IS NULL)
                        THEN {NEVER} ELSE max(epoch_us(f.until)) END AS until
            FROM (SELECT *, max(until) OVER (PARTITION BY follower, followed) AS last_until
                  FROM follows f {chosen}) f
            JOIN ids a ON a.id = f.follower JOIN ids b ON b.id = f.followed
            GROUP BY ALL ORDER BY followed, follower
            """,
            None if followed is None else [list(followed)],
            split=ByRows({"follows": "followed IN (SELECT unnest($1))"}, (list(followed or ()),)),
        )
        column = [rows.column(n).to_numpy() for n in ("follower", "followed", "since", "until")]
        return FollowEdges(*column)

    def names(self, of: Iterable[str] | None = None) -> dict[str, str]:
        """Latest known handle (or display name in the settings) of each account that has one.

        of: the accounts that are asked for; None: all.
        """
        wanted = None if of is None else sorted(set(of))
        if wanted == []:
            return {}
        chosen = "" if wanted is None else "AND account IN (SELECT unnest($1))"
        rows = self.sql(
            "SELECT account, arg_max(handle, "
            "coalesce(observed_at, created_at, TIMESTAMPTZ '1970-01-01')) AS handle "
            f"FROM accounts WHERE handle IS NOT NULL {chosen} GROUP BY account",
            None if wanted is None else [wanted],
            split=EACH_ACCOUNT,
        )
        found = dict(zip(rows.column(0).to_pylist(), rows.column(1).to_pylist(), strict=True))
        named = self.settings.names
        return found | {a: n for a, n in named.items() if wanted is None or a in wanted}


def from_tables(
    tables: Mapping[str, pa.Table], settings: Settings | None = None, *, key: bytes = b"birdfall"
) -> Record:
    """A record from Arrow tables in memory; columns that are missing are nulls.

    For notebooks, tests and the simulator.
    """
    settings = settings or Settings()
    connection = open_connection()
    digests, sizes, ids = {}, {}, empty_ids()
    for name, schema in TABLES.items():
        given = tables.get(name)
        if given is None:
            table = schema.empty_table()
        else:
            batches = [conform(name, batch) for batch in given.to_batches()]
            table = pa.Table.from_batches(batches, schema)
        connection.register(name, table)
        sizes[name] = table.num_rows
        digests[name] = _digest(table)
        for column in ACCOUNT_COLUMNS.get(name, ()):
            ids = ids.merge(table.column(column).combine_chunks(), key)
    connection.register("ids", ids.table())
    found = find_identities(connection) if sizes["accounts"] else Identities()
    if not found:
        return Record(connection, ids, settings, digests, sizes)
    connection.register("holders", found.holders)
    tables = {t: connection.sql(resolved_sql(t, t)).to_arrow_table() for t in ACCOUNT_COLUMNS}
    told, ids = ids, empty_ids()
    for name, resolved in tables.items():
        connection.register(name, resolved.cast(TABLES[name]))
        for column in ACCOUNT_COLUMNS[name]:
            ids = ids.merge(resolved.column(column).combine_chunks(), key)
    connection.register("ids", ids.table())
    settings = found.settings(settings)
    return Record(connection, ids, settings, digests, sizes, identities=found, told_ids=told)


def from_parquet(
    parts: Mapping[str, Sequence[tuple[Path, str, int]]], ids: Ids, settings: Settings
) -> Record:
    """A record over Parquet parts: per table a list of (path, digest, rows).

    Nothing is read until asked for.
    """
    connection = open_connection()
    told: dict[str, str] = {}
    digests, sizes = {}, {}
    for name, schema in TABLES.items():
        listed = parts.get(name, ())
        if listed:
            paths = [str(p) for p, _, _ in listed]
            quoted = ", ".join("'" + p.replace("'", "''") + "'" for p in paths)
            try:
                told[name] = _rows_of(name, f"[{quoted}]", connection)
                connection.execute(f"CREATE TEMP VIEW {name} AS {told[name]}")
            except duckdb.Error as error:
                if tells_of_memory(error):
                    raise
                torn = next((p for p, _, _ in listed if not _is_readable(p)), listed[0][0])
                raise damaged(torn, "it is no table of the record") from error
        else:
            connection.register(name, schema.empty_table())
        sizes[name] = sum(rows for _, _, rows in listed)
        digests[name] = (
            hashlib.sha256("\n".join(sorted(d for _, d, _ in listed)).encode()).hexdigest()
            if listed
            else ""
        )
    connection.register("ids", ids.table())
    files = tuple(path for listed in parts.values() for path, _, _ in listed)
    found = find_identities(connection) if sizes["accounts"] else Identities()
    if not found:
        return Record(connection, ids, settings, digests, sizes, files)
    connection.register("holders", found.holders)
    for name in (t for t in ACCOUNT_COLUMNS if t in told):
        resolved = resolved_sql(name, f"({told[name]})")
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {resolved}")
    known = found.without_handles(ids)
    connection.register("ids", known.table())
    settings = found.settings(settings)
    return Record(connection, known, settings, digests, sizes, files, found, ids)


def _rows_of(name: str, files: str, connection: duckdb.DuckDBPyConnection) -> str:
    """SQL of a table over Parquet files, of which older ones may lack columns."""
    source = f"read_parquet({files}, union_by_name = true)"
    there = set(connection.sql(f"SELECT * FROM {source}").columns)
    kinds = {pa.string(): "VARCHAR", pa.int64(): "BIGINT"}
    missing = [f for f in TABLES[name] if f.name not in there and f.type in kinds]
    lacking = "".join(f', NULL::{kinds[f.type]} AS "{f.name}"' for f in missing)
    return f"SELECT *{lacking} FROM {source}"


def _is_readable(path: Path) -> bool:
    """Whether every row of a Parquet file can be read."""
    with contextlib.closing(open_connection()) as connection:
        try:
            # every column: a count of rows would read none of them
            rows = connection.sql("SELECT * FROM read_parquet($1)", params=[str(path)])
            for _ in rows.to_arrow_reader():
                pass
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            if tells_of_memory(error):
                raise
            return False
    return True


def _digest(table: pa.Table) -> str:
    if not table.num_rows:
        return ""
    found = hashlib.sha256(f"{table.num_rows} {table.schema}".encode())
    # column by column, as one piece each: how the rows came in batches must not change the digest
    for column in table.combine_chunks().columns:
        for piece in column.chunks:
            batch = pa.RecordBatch.from_arrays([piece], names=[""])
            with pa.ipc.new_stream(pa.PythonFile(_HashWriter(found), "w"), batch.schema) as writer:
                writer.write_batch(batch)
    return found.hexdigest()


class _HashWriter(io.RawIOBase):
    """A file that goes into a hash and nowhere else."""

    def __init__(self, into: hashlib._Hash) -> None:
        self._into = into

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._into.update(data)
        return len(data)
