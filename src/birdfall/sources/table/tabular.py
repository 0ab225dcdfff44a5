"""Files of rows and columns, opened as something that can be asked.

CSV in any dialect, Parquet, JSON Lines.

Of text files the columns that are used come as texts, many rows at a time; what a text means Arrow
finds at once where a whole column is written in one common form (`shortcuts`), and SQL where it is
not. Parquet comes in the same way if the columns that are used hold texts and whole numbers, and is
asked in SQL if they hold more.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from birdfall.model.errors import InputError
from birdfall.model.memory_limit import tells_of_memory
from birdfall.model.progress import Progress, silent
from birdfall.record.queries import open_connection
from birdfall.sources.shared import decompress, json_lines
from birdfall.sources.shared.open import read_head
from birdfall.sources.shared.rejections import Rejections
from birdfall.sources.table import delimited
from birdfall.sources.table.sql_plan import Query
from birdfall.sources.table.sql_text import NULL_WORDS, quote_name, quote_text, trim_source

SAMPLE_ROWS: Final = 10_000
BATCH_ROWS: Final = 1 << 17
_SLOW_BATCH_ROWS: Final = 1 << 14
_SAMPLE_BLOCK_BYTES: Final = 1 << 20
PARQUET: Final = b"PAR1"
_NULL_WORDS: Final = pa.array(NULL_WORDS, pa.string())
#: Columns of Parquet that are as good as texts: their texts say all that is in them.
_AS_TEXTS: Final = frozenset(
    (
        "VARCHAR",
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "UBIGINT",
    )
)


@dataclass
class Tabular:
    """One opened file.

    `types`: DuckDB types of its columns. `has_balanced_quotes`: whether its quotes close. `notes`:
    what a person should know about the reading."""

    path: Path
    plain: Path
    types: dict[str, str]
    kind: str
    connection: duckdb.DuckDBPyConnection
    delimiter: str = ","
    has_balanced_quotes: bool = True
    notes: list[str] = field(default_factory=list)
    #: how many bytes have been read, as the only item
    place: list[int] = field(default_factory=lambda: [0])
    in_texts: bool = True
    lines_above: int = 0
    _first: pa.Table | None = None

    def restrict_to(self, used: Collection[str]) -> Tabular:
        """This file, of which the columns `used` are to be read: as texts, if nothing is lost."""
        if self.in_texts or not all(self.types.get(name) in _AS_TEXTS for name in used):
            return self
        return replace(
            self, types={name: "VARCHAR" for name in self.types if name in used}, in_texts=True
        )

    def run_query(
        self, query: Query, rejections: Rejections
    ) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
        """Batches of the query's answers over all rows, with the row of the file of each.

        Rows that cannot be read are refused.
        """
        if not self.in_texts:
            source = f"read_parquet({quote_text(str(self.plain))})"
            yield from self._stream_sql(
                query.sql(
                    trim_source(source, self._types_of(query)), [*query.plain, *query.answers]
                )
            )
            return
        for texts, rows in self.read_texts(query.used, rejections):
            yield self._evaluate(query, texts), rows

    def sample(
        self, names: Sequence[str] | None = None, rows: int = SAMPLE_ROWS
    ) -> list[dict[str, str | None]]:
        """The first `rows` as texts; only some columns of them if `names` are given."""
        if self._first is None:
            try:
                self._first = self._read_first_rows()
            except duckdb.Error as error:
                if tells_of_memory(error):
                    raise
                raise _damaged_parquet_error(self.path) from error
        return list(self._first.select(names or list(self.types)).slice(0, rows).to_pylist())

    def estimate_rows(self, rows: int) -> int | None:
        """About how many rows the file has, by the `rows` that were read of it so far."""
        if self.kind == "parquet":
            return int(pq.read_metadata(self.plain).num_rows)
        size, read = self.plain.stat().st_size, self.place[0]
        return rows if read >= size else round(rows * size / read) if rows and read else None

    def _types_of(self, query: Query) -> dict[str, str]:
        return {name: self.types[name] for name in query.used}

    def _read_first_rows(self) -> pa.Table:
        if not self.in_texts:
            select = ", ".join(
                f"CAST({quote_name(c)} AS VARCHAR) AS {quote_name(c)}" for c in self.types
            )
            source = trim_source(f"read_parquet({quote_text(str(self.plain))})", self.types)
            batches = [
                b for b, _ in self._stream_sql(f"SELECT {select} FROM {source} LIMIT {SAMPLE_ROWS}")
            ]
        else:
            batches = []
            for texts, _ in self.read_texts(list(self.types), Rejections(""), _SAMPLE_BLOCK_BYTES):
                batches.append(texts)
                if sum(b.num_rows for b in batches) >= SAMPLE_ROWS:
                    break
        schema = pa.schema([(name, pa.string()) for name in self.types])
        return pa.Table.from_batches([b.cast(schema) for b in batches], schema).slice(
            0, SAMPLE_ROWS
        )

    def _stream_sql(self, query: str) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
        number = 1
        with self.connection.cursor() as cursor:
            cursor.execute("SET TimeZone = 'UTC'")
            for batch in cursor.sql(query).to_arrow_reader(BATCH_ROWS):
                yield batch, np.arange(number, number + batch.num_rows)
                number += batch.num_rows

    def read_texts(
        self, used: Sequence[str], rejections: Rejections, block: int | None = None
    ) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
        """The columns `used` of a text file as clean texts, and the row of the file of each."""
        names = list(self.types)
        block = block or delimited.BLOCK_BYTES
        if self.kind == "parquet":
            yield from self._read_parquet_texts(
                used, SAMPLE_ROWS if block == _SAMPLE_BLOCK_BYTES else BATCH_ROWS
            )
            return
        if self.kind == "json":
            yield from _batch_records(
                json_lines.read_records(self.plain, used, rejections, self.place), used
            )
            return
        done = 0
        self.place[0] = 0
        try:
            if not self.has_balanced_quotes:
                raise pa.ArrowInvalid("a quote that is never closed")
            for batch in delimited.read_blocks(self.plain, self.delimiter, names, used, block):
                texts = _clean_texts(batch, words=False)
                self.place[0] += block
                begin = done + 2 + self.lines_above
                done += texts.num_rows
                lines = np.arange(begin, begin + texts.num_rows)
                yield _without_headers(texts, lines, rejections)
        except pa.ArrowInvalid:
            records = delimited.read_records(
                self.plain,
                self.delimiter,
                names,
                used,
                rejections,
                done,
                self.place,
                self.lines_above,
            )
            for texts, rows in _batch_records(records, used):
                yield _without_headers(texts, rows, rejections)

    def _read_parquet_texts(
        self, used: Sequence[str], rows: int
    ) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
        """The columns `used` of a Parquet file as clean texts, and the row of each, from 1."""
        number = 1
        with pq.ParquetFile(self.plain) as file:
            try:
                for batch in file.iter_batches(rows, columns=list(used)):
                    texts = [_to_text(batch.column(name)) for name in used]
                    yield (
                        _clean_texts(
                            pa.RecordBatch.from_arrays(texts, names=list(used)), words=True
                        ),
                        np.arange(number, number + batch.num_rows),
                    )
                    number += batch.num_rows
            except (pa.ArrowException, OSError) as error:
                if tells_of_memory(error):
                    raise
                raise _damaged_parquet_error(self.path) from error

    def _evaluate(self, query: Query, texts: pa.RecordBatch) -> pa.RecordBatch:
        found = {name: texts.column(name) for name in query.plain}
        for answer, way in query.shortcuts.items():
            values = way(texts)
            if values is not None:
                found[answer] = values
                if raw := query.raw.get(answer):
                    found[raw] = pa.nulls(texts.num_rows, pa.string())
        rest = [name for name in query.answers if name not in found]
        if rest:
            with self.connection.cursor() as cursor:
                cursor.execute("SET TimeZone = 'UTC'")
                cursor.register("rows_at_hand", pa.Table.from_batches([texts]))
                answer = (
                    cursor.sql(query.sql("rows_at_hand", rest)).to_arrow_table().combine_chunks()
                )
            found |= {name: _single_chunk(answer.column(name)) for name in rest}
        return pa.RecordBatch.from_arrays(list(found.values()), names=list(found))


@contextmanager
def open_table(
    path: Path,
    kind: str,
    *,
    allow_large: bool,
    staging: Path | None,
    progress: Progress = silent,
    encoding: str | None = None,
    skip_lines: int | None = None,
) -> Iterator[Tabular]:
    """`path` opened for reading, unpacked and recoded into a temporary file where that is needed.

    kind: "csv", "json" or "parquet". encoding, skip_lines: as a person said.

    Raises InputError for a file that is empty, damaged or has no header.
    """
    with (
        tempfile.TemporaryDirectory(prefix=".reading-", dir=staging) as folder,
        open_connection() as connection,
    ):
        connection.execute("SET enable_progress_bar = false")
        plain, notes = decompress.copy_as_utf8(
            path,
            Path(folder),
            text=kind != "parquet",
            allow_large=allow_large,
            progress=progress,
            encoding=encoding,
        )
        if plain.stat().st_size == 0:
            raise InputError(
                "this file is empty",
                where=str(path),
                fix="Check that it was downloaded or copied whole.",
            )
        if kind == "parquet":
            types = _parquet_types(path, plain, connection)
            yield Tabular(path, plain, types, kind, connection, notes=notes, in_texts=False)
        elif kind == "json":
            types = dict.fromkeys(json_lines.column_names(path, plain), "VARCHAR")
            yield Tabular(path, plain, types, kind, connection, notes=notes)
        else:
            head = read_head(plain).decode("utf-8-sig", "replace")
            layout = delimited.detect_layout(head, skip_lines)
            if layout.skip or layout.backslash:
                plain = decompress.copy_rows(plain, Path(folder), layout.skip, layout.backslash)
                notes += [f"lines-above:{layout.skip}"] if layout.skip else []
                notes += ["backslash-quotes"] if layout.backslash else []
            types = dict.fromkeys(delimited.column_names(path, layout.header, notes), "VARCHAR")
            yield Tabular(
                path,
                plain,
                types,
                kind,
                connection,
                layout.delimiter,
                delimited.has_balanced_quotes(plain, layout.delimiter),
                notes,
                lines_above=layout.skip,
            )


def _parquet_types(
    path: Path, plain: Path, connection: duckdb.DuckDBPyConnection
) -> dict[str, str]:
    try:
        pq.ParquetFile(plain).close()
        rows = connection.sql(
            f"DESCRIBE SELECT * FROM read_parquet({quote_text(str(plain))})"
        ).fetchall()
    except (pa.ArrowException, OSError, duckdb.Error) as error:
        if tells_of_memory(error):
            raise
        raise _damaged_parquet_error(path) from error
    return {str(name): str(kind) for name, kind, *_ in rows}


def _damaged_parquet_error(path: Path) -> InputError:
    return InputError(
        "this Parquet file is damaged", where=str(path), fix="Download or copy it again."
    )


def _to_text(column: pa.Array) -> pa.Array:
    """Texts as they are if they are UTF-8, whole numbers as their digits.

    Raises ArrowInvalid otherwise.
    """
    if pa.types.is_integer(column.type):
        return column.cast(pa.string())
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.string()).cast(pa.binary()).cast(pa.string())


def _without_headers(
    texts: pa.RecordBatch, lines: np.ndarray, rejections: Rejections
) -> tuple[pa.RecordBatch, np.ndarray]:
    """The rows but those that name the columns again, as in files that were put together."""
    names = texts.schema.names
    again = np.ones(texts.num_rows if names else 0, bool)
    for name in names:
        same = pc.fill_null(pc.equal(texts.column(name), name), False)
        again &= same.to_numpy(zero_copy_only=False)
        if not again.any():
            return texts, lines
    if not len(again):
        return texts, lines
    for line in lines[again].tolist():
        rejections.add(line, None, names[0], "the header again")
    return texts.filter(pa.array(~again)), lines[~again]


def _batch_records(
    records: Iterator[tuple[int, tuple[str | None, ...]]], names: Sequence[str]
) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
    while chunk := list(itertools.islice(records, _SLOW_BATCH_ROWS)):
        columns = zip(*(cells for _, cells in chunk), strict=True)
        batch = pa.RecordBatch.from_arrays(
            [pa.array(list(c), pa.string()) for c in columns], names=list(names)
        )
        yield _clean_texts(batch, words=True), np.array([line for line, _ in chunk], np.int64)


def _clean_texts(batch: pa.RecordBatch, *, words: bool) -> pa.RecordBatch:
    """`batch` with no blanks around its texts and no `="..."` of spreadsheets.

    words: nulls for words that say nothing, too.
    """
    columns = []
    for column in batch.columns:
        begun, ended = _first_and_last_bytes(column)
        blank = bool((begun == 32).any() or (ended == 32).any())
        if blank:
            column = pc.ascii_trim(column, characters=" ")
        formula = bool((begun == ord("=")).any() and (ended == ord('"')).any())
        if formula:
            column = pc.replace_substring_regex(column, r'^="([^"]*)"$', r"\1")
        if (begun == ord('"')).any():  # an id that was put in quotes twice, to be kept as text
            column = pc.replace_substring_regex(column, r'^"(\d+)"$', r"\1")
        if (begun == ord("'")).any():  # a spreadsheet's sign that a number is text
            column = pc.replace_substring_regex(column, r"^'(\d+)$", r"\1")
        if blank or formula or words:
            nothing = pc.is_in(column, value_set=_NULL_WORDS)
            if pc.any(nothing).as_py():
                column = pc.if_else(nothing, pa.scalar(None, pa.string()), column)
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _first_and_last_bytes(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The first and last bytes of all texts that are not empty, without a copy of each text."""
    data = texts.buffers()[2]
    if data is None or not len(texts):
        return np.array([], np.uint8), np.array([], np.uint8)
    ends = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    letters = np.frombuffer(data, np.uint8)
    full = ends[:-1] < ends[1:]
    return letters[ends[:-1][full]], letters[ends[1:][full] - 1]


def _single_chunk(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
