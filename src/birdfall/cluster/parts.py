"""Parts of tables on a worker: rows into blocks, and the SQL of a measure over those of a part.

A block is some rows of one table as an Arrow stream, packed into one row of the engine: the engine
then moves a few large values instead of a row for each act, and the types stay those of the record.
The SQL runs in the same database as on one machine (DuckDB), so its answers are the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import duckdb
import pyarrow as pa

from birdfall.record.queries import open_connection
from birdfall.record.record import SqlParameters

#: Rows of `table` that belong to `part`, as an Arrow stream.
BLOCKS: Final = pa.schema(
    [pa.field("part", pa.int32()), pa.field("table", pa.string()), pa.field("rows", pa.binary())]
)
BLOCKS_DDL: Final = "part int, table string, rows binary"
#: The answer of a part, in pieces.
ANSWERS: Final = pa.schema([pa.field("answer", pa.binary())])
ANSWERS_DDL: Final = "answer binary"
#: Rows dealt into parts at once, and rows of an answer in one piece.
ROWS_AT_ONCE: Final = 1 << 18

BatchMap = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


def packed(table: pa.Table) -> bytes:
    """A table as an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def unpacked(rows: bytes) -> pa.Table:
    """The table of an Arrow stream."""
    with pa.ipc.open_stream(pa.py_buffer(rows)) as reader:
        return reader.read_all()


def as_answers(found: pa.Table) -> Iterator[pa.RecordBatch]:
    """An answer in pieces, each packed into one row."""
    for start in range(0, found.num_rows, ROWS_AT_ONCE):
        piece = packed(found.slice(start, ROWS_AT_ONCE))
        yield pa.RecordBatch.from_arrays([pa.array([piece], pa.binary())], schema=ANSWERS)


def deal(table: str, schema: pa.Schema, key: str, parts: int) -> BatchMap:
    """The work of a worker that deals rows of a table into parts by a hash of `key`.

    schema: of the columns that are kept, among them the key; a null key goes to part 0.
    """

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with contextlib.closing(open_connection()) as connection:
            for rows in _in_pieces(batches, schema):
                connection.register("dealt", rows)
                ordered = connection.sql(
                    f'SELECT *, coalesce(hash("{key}") % {parts}, 0)::INT AS part_of_row '
                    "FROM dealt ORDER BY part_of_row"
                ).to_arrow_table()
                connection.unregister("dealt")
                yield _blocks(table, ordered)

    return work


def _blocks(table: str, ordered: pa.Table) -> pa.RecordBatch:
    """Rows ordered by their part (the last column) as one block for each part."""
    counts = ordered.column("part_of_row").value_counts().to_pylist()
    rows = ordered.drop_columns(["part_of_row"])
    blocks, start = [], 0
    for count in counts:
        blocks.append(packed(rows.slice(start, count["counts"])))
        start += count["counts"]
    numbers = [count["values"] for count in counts]
    columns = [
        pa.array(numbers, pa.int32()),
        pa.array([table] * len(numbers), pa.string()),
        pa.array(blocks, pa.binary()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=BLOCKS)


def answer_blocks(
    query: str,
    parameters: SqlParameters,
    schemas: Sequence[tuple[str, pa.Schema]],
    *,
    given: Mapping[str, pa.Table] | None = None,
    then: Callable[[pa.Table], Iterator[pa.RecordBatch]] = as_answers,
) -> BatchMap:
    """The work of a worker that answers `query` over the blocks it was sent: one part.

    schemas: of all tables the query reads; one that no block holds is empty. given: small tables
    that all parts are given. then: what is made of the answer.
    """

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        held: dict[str, list[pa.Table]] = {name: [] for name, _ in schemas}
        for batch in batches:
            names = batch.column("table").to_pylist()
            for name, rows in zip(names, batch.column("rows").to_pylist(), strict=True):
                held[name].append(unpacked(rows))
        if not any(held.values()):
            return
        tables = {n: pa.concat_tables([s.empty_table(), *held.pop(n)]) for n, s in schemas}
        with contextlib.closing(open_connection()) as connection:
            yield from then(_ask(connection, {**tables, **(given or {})}, query, parameters))

    return work


def answer_rows(table: str, schema: pa.Schema, query: str, parameters: SqlParameters) -> BatchMap:
    """The work of a worker that answers `query` over whatever rows of `table` lie with it."""

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with contextlib.closing(open_connection()) as connection:
            for rows in _in_pieces(batches, schema):
                yield from as_answers(_ask(connection, {table: rows}, query, parameters))

    return work


def _ask(
    connection: duckdb.DuckDBPyConnection,
    tables: dict[str, pa.Table],
    query: str,
    parameters: SqlParameters,
) -> pa.Table:
    for name, rows in tables.items():
        connection.register(name, rows)
    found = connection.sql(query, params=parameters).to_arrow_table()
    for name in tables:
        connection.unregister(name)
    return found


def _in_pieces(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """The rows of `batches` in the types of `schema`, at least `ROWS_AT_ONCE` together."""
    held: list[pa.RecordBatch] = []
    waiting = 0
    for batch in batches:
        held.append(_conform(batch, schema))
        waiting += batch.num_rows
        if waiting >= ROWS_AT_ONCE:
            yield pa.Table.from_batches(held)
            held, waiting = [], 0
    if waiting:
        yield pa.Table.from_batches(held)


def _conform(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = [batch.column(field.name).cast(field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, names=schema.names)
