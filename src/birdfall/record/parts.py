"""Parts: the Parquet files of one import, one per table, written while the rows are read.

Rows are gathered to groups of `ROWS_PER_GROUP`; a part that a reader has already written is moved
into place unless other rows of its table came with it.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple, TypedDict

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from birdfall.model.schemas import ACCOUNT_COLUMNS, TABLES, Part, Rows, conform
from birdfall.record.queries import open_connection
from birdfall.record.removed import RemovedNames, leave_out

#: Rows of one row group.
ROWS_PER_GROUP: Final = 1 << 17
#: Lists of accounts that are kept before they are made one.
MAX_ACCOUNT_LISTS: Final = 64
#: Rows looked at to tell whether the texts of a column repeat.
_REPEAT_SAMPLE_ROWS: Final = 1 << 14


class WrittenParts(NamedTuple):
    """What was written of one import.

    Parameters
    ----------
    rows
        Rows per table.
    accounts
        The accounts that the tables name (an account may stand there twice).
    removed
        Those of them that were removed from the case before, of whom no row was taken.
    left_out
        How many rows of theirs were not.
    """

    rows: dict[str, int]
    accounts: pa.Array
    removed: tuple[str, ...] = ()
    left_out: int = 0


def write_parts(
    items: Iterable[Rows | Part], staging: Path, removed: RemovedNames | None = None
) -> WrittenParts:
    """Write items into one Parquet file per table.

    Parameters
    ----------
    items
        Rows, and parts that a reader has written; a part's file is taken away where it can be
        moved as it is.
    staging
        The folder to write into.
    removed
        People of whom nothing is taken.
    """
    counts: dict[str, int] = {}
    ready: dict[str, list[Part]] = {}
    with _PartWriter(staging, removed or None) as writer:
        for item in items:
            if isinstance(item, Part):
                ready.setdefault(item.table, []).append(item)
                counts[item.table] = counts.get(item.table, 0) + item.rows
            elif item.batch.num_rows:
                counts[item.table] = counts.get(item.table, 0) + item.batch.num_rows
                writer.add(item.table, item.batch)
        for table, parts in ready.items():
            writer.take(table, parts)
        writer.finish()
    counts = {t: n - writer.left_out.get(t, 0) for t, n in counts.items()}
    return WrittenParts(
        {t: n for t, n in counts.items() if n},
        writer.accounts,
        writer.removed_accounts,
        sum(writer.left_out.values()),
    )


class _PartWriter:
    """One Parquet file per table, written in the background.

    One batch is written while the next is read; no more than one waits, so the memory stays
    bounded.
    """

    def __init__(self, staging: Path, removed: RemovedNames | None) -> None:
        self._staging, self._removed = staging, removed
        #: Rows of removed people by table.
        self.left_out: dict[str, int] = {}
        self._named: list[pa.Array] = []
        self._files: dict[str, pq.ParquetWriter] = {}
        self._waiting: dict[str, list[pa.RecordBatch]] = {}
        self._pool = ThreadPoolExecutor(1)
        self._writing: list[Future[None]] = []

    def __enter__(self) -> _PartWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
        for file in self._files.values():
            file.close()

    @property
    def accounts(self) -> pa.Array:
        """The accounts that the rows so far name, without those that were removed."""
        named = self._all_accounts
        gone = pa.array(self.removed_accounts, pa.string())
        return named.filter(pc.invert(pc.is_in(named, value_set=gone))) if len(gone) else named

    @property
    def removed_accounts(self) -> tuple[str, ...]:
        """The accounts that the rows name and that were removed from the case before."""
        if self._removed is None:
            return ()
        named = self._all_accounts.unique().drop_null().to_pylist()
        return tuple(filter(self._removed.knows, named))

    @property
    def _all_accounts(self) -> pa.Array:
        return pa.concat_arrays([pa.array([], pa.string()), *self._named])

    def add(self, table: str, batch: pa.RecordBatch) -> None:
        """Take rows of a table; they are written once they fill a row group."""
        self._waiting.setdefault(table, []).append(conform(table, batch))
        if sum(b.num_rows for b in self._waiting[table]) >= ROWS_PER_GROUP:
            self._flush(table)

    def take(self, table: str, parts: list[Part]) -> None:
        """Take what a reader has written: moved if it is all of its table, else copied."""
        alone = table not in self._files and table not in self._waiting and len(parts) == 1
        if alone and self._removed is None:
            self._named += _accounts_in(Path(parts[0].path), table)
            shutil.move(parts[0].path, self._staging / f"{table}.parquet")
            return
        for part in parts:
            for batch in pq.ParquetFile(part.path).iter_batches(ROWS_PER_GROUP):
                self._waiting.setdefault(table, []).append(conform(table, batch))
                self._flush(table)

    def finish(self) -> None:
        """Write what waits; raises what went wrong in the background."""
        for table in list(self._waiting):
            self._flush(table)
        for written in self._writing:
            written.result()

    def _flush(self, table: str) -> None:
        batches = self._waiting.pop(table, [])
        if not batches:
            return
        if self._writing:
            self._writing.pop().result()
        rows = pa.Table.from_batches(batches, TABLES[table])
        self._writing.append(self._pool.submit(self._write, table, rows))

    def _write(self, table: str, rows: pa.Table) -> None:
        named = [pc.unique(rows.column(c)) for c in ACCOUNT_COLUMNS.get(table, ())]
        if self._removed is not None:
            left = leave_out(rows, table, self._removed, self._removed.knows)
            rows = left.rows
            self.left_out[table] = self.left_out.get(table, 0) + left.gone
        if table not in self._files:
            self._files[table] = pq.ParquetWriter(
                self._staging / f"{table}.parquet",
                rows.schema,
                compression="zstd",
                compression_level=1,
                **_column_options(rows),
            )
        self._files[table].write_table(rows, row_group_size=ROWS_PER_GROUP)
        self._named.extend(named)
        if len(self._named) >= MAX_ACCOUNT_LISTS:
            self._named[:] = [pc.unique(pa.concat_arrays(self._named))]


class _ColumnOptions(TypedDict):
    """How Parquet keeps the columns of a table, by their names."""

    use_dictionary: list[str]
    column_encoding: dict[str, str]
    write_statistics: list[str]


def _column_options(rows: pa.Table) -> _ColumnOptions:
    """How a table's columns are kept, by its first rows.

    Numbers and times by their differences, texts that repeat by a dictionary.
    """
    times = [f.name for f in rows.schema if pa.types.is_timestamp(f.type)]
    numbers = [f.name for f in rows.schema if pa.types.is_integer(f.type)] + times
    return {
        "use_dictionary": [
            f.name
            for f in rows.schema
            if pa.types.is_string(f.type) and _has_repeats(rows.column(f.name))
        ],
        "column_encoding": dict.fromkeys(numbers, "DELTA_BINARY_PACKED"),
        # Only times are asked for by range; the bounds of texts would cost a fifth of the writing.
        "write_statistics": times,
    }


def _has_repeats(texts: pa.ChunkedArray) -> bool:
    """Whether a dictionary of the texts saves space: of a sample, at most half are different."""
    looked_at = texts.slice(0, _REPEAT_SAMPLE_ROWS)
    return bool(2 * pc.count_distinct(looked_at, mode="all").as_py() <= len(looked_at) + 2)


def _accounts_in(path: Path, table: str) -> list[pa.Array]:
    """The accounts that a Parquet file of `table` names."""
    found = []
    with contextlib.closing(open_connection()) as connection:
        for column in ACCOUNT_COLUMNS.get(table, ()):
            query = f'SELECT DISTINCT "{column}" FROM read_parquet($1)'
            found.append(
                connection.sql(query, params=[str(path)])
                .to_arrow_table()
                .column(0)
                .combine_chunks()
            )
    return [column.cast(pa.string()) for column in found]
