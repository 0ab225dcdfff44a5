"""Files of rows and columns, opened as something SQL can read: CSV in any dialect, Parquet, JSON Lines.

CSV is read by DuckDB. At the first row it cannot read (too few or too many cells, a broken quote, bytes that are not
UTF-8, an endless cell) a patient reader in Python goes on from that row, so that one bad row costs itself alone.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from birdfall.model.errors import InputError, printable
from birdfall.sources.open import compression, head, lines, opened
from birdfall.sources.plan import literal, quoted
from birdfall.sources.rejections import Rejections

SAMPLE_ROWS: Final = 10_000
BATCH: Final = 1 << 17
_PATIENT_BATCH: Final = 1 << 14
_LONGEST_LINE: Final = 4 << 20
_DELIMITERS: Final = (",", "\t", ";", "|")
PARQUET: Final = b"PAR1"


@dataclass
class Tabular:
    """One opened file. `types`: DuckDB types of its columns. `notes`: what a person should know about the reading."""

    path: Path
    plain: Path
    types: dict[str, str]
    kind: str
    connection: duckdb.DuckDBPyConnection
    delimiter: str = ","
    notes: list[str] = field(default_factory=list)
    sampled: list[dict[str, str | None]] = field(default_factory=list)

    def answers(
        self, layers: list[list[str]], rejections: Rejections, limit: int | None = None
    ) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
        """Batches of the query over all rows, with the row of the file of each answer. Rows it cannot read are refused.

        limit: so many rows are enough; more may come.
        """
        if self.kind == "parquet":
            yield from self._streamed(layers, f"read_parquet({literal(str(self.plain))})", 1, limit)
        elif self.kind == "json":
            yield from self._patient(layers, _json_rows(self.plain, list(self.types), rejections))
        else:
            done = 0
            try:
                for batch, rows in self._streamed(layers, self._csv(), 2, limit):
                    done += len(rows)
                    yield batch, rows
            except duckdb.Error:
                records = _csv_rows(self.plain, self.delimiter, list(self.types), rejections, done)
                yield from self._patient(layers, records)

    def sample(self) -> list[dict[str, str | None]]:
        """The first rows as texts."""
        if not self.sampled:
            unseen = Rejections("")
            select = [f"CAST({quoted(c)} AS VARCHAR) AS {quoted(c)}" for c in self.types]
            rows: list[dict[str, str | None]] = []
            for batch, _ in self.answers([select], unseen, SAMPLE_ROWS):
                rows += batch.slice(0, SAMPLE_ROWS - len(rows)).to_pylist()
                if len(rows) >= SAMPLE_ROWS:
                    break
            self.sampled = rows
        return self.sampled

    def _streamed(
        self, layers: list[list[str]], source: str, first: int, limit: int | None
    ) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
        number = first
        with self.connection.cursor() as cursor:
            cursor.execute("SET TimeZone = 'UTC'")
            query = _query(layers, self._trimmed(source)) + (f" LIMIT {limit}" if limit else "")
            for batch in cursor.sql(query).to_arrow_reader(BATCH):
                yield batch, np.arange(number, number + batch.num_rows)
                number += batch.num_rows

    def _patient(
        self, layers: list[list[str]], records: Iterator[tuple[int, tuple[str | None, ...]]]
    ) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
        names = list(self.types)
        while chunk := list(itertools.islice(records, _PATIENT_BATCH)):
            rows = np.array([line for line, _ in chunk], np.int64)
            columns = list(zip(*(cells for _, cells in chunk), strict=True))
            table = pa.table([pa.array(list(c), pa.string()) for c in columns], names=names)
            with self.connection.cursor() as cursor:
                cursor.execute("SET TimeZone = 'UTC'")
                cursor.register("rows_at_hand", table)
                answer = cursor.sql(_query(layers, self._trimmed("rows_at_hand"))).to_arrow_table()
            yield answer.combine_chunks().to_batches()[0], rows

    def _trimmed(self, source: str) -> str:
        """`source` with no blanks around its texts. Looking for blanks first is far cheaper than trimming every cell."""
        texts = [quoted(name) for name, kind in self.types.items() if kind == "VARCHAR"]
        if not texts:
            return source
        cases = ", ".join(
            f"CASE WHEN prefix({t}, ' ') OR suffix({t}, ' ') THEN trim({t}) ELSE {t} END AS {t}" for t in texts
        )
        return f"(SELECT * REPLACE ({cases}) FROM {source})"

    def _csv(self) -> str:
        columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in self.types)
        return (
            f"read_csv({literal(str(self.plain))}, auto_detect=false, header=true, delim={literal(self.delimiter)}, "
            f"quote='\"', escape='\"', columns={{{columns}}}, max_line_size={_LONGEST_LINE}, buffer_size={_LONGEST_LINE * 2}, "
            "null_padding=false, strict_mode=true)"
        )


@contextmanager
def tabular(path: Path, kind: str, *, allow_large: bool, staging: Path | None) -> Iterator[Tabular]:
    """`path` opened for reading, unpacked and recoded into a temporary file where that is needed.

    kind: "csv", "json" or "parquet". Raises InputError for a file that is empty, damaged or has no header.
    """
    from birdfall.record.query import connect

    with tempfile.TemporaryDirectory(prefix=".reading-", dir=staging) as folder, connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        plain, notes = _plain(path, kind, Path(folder), allow_large)
        if plain.stat().st_size == 0:
            raise InputError("this file is empty", where=str(path), fix="Check that it was downloaded or copied whole.")
        if kind == "parquet":
            yield Tabular(path, plain, _parquet_types(path, plain, connection), kind, connection, notes=notes)
        elif kind == "json":
            yield Tabular(path, plain, _json_types(path, plain), kind, connection, notes=notes)
        else:
            delimiter, header = dialect(head(plain).decode("utf-8", "replace"))
            names = _header(path, header, notes)
            types = dict.fromkeys(names, "VARCHAR")
            yield Tabular(path, plain, types, kind, connection, delimiter, notes)


def dialect(text: str) -> tuple[str, list[str]]:
    """The delimiter under which the first rows agree best, and the first row."""
    best: tuple[tuple[float, int], str, list[str]] | None = None
    for delimiter in _DELIMITERS:
        try:
            rows = [r for r in itertools.islice(csv.reader(io.StringIO(text), delimiter=delimiter), 50) if r]
        except csv.Error:
            continue
        if not rows:
            continue
        width = len(rows[0])
        # The last row may have been cut by the end of the head.
        checked = rows[:-1] if len(rows) > 2 else rows
        agreement = sum(len(r) == width for r in checked) / len(checked)
        score = (agreement if width > 1 else 0.0, width)
        if best is None or score > best[0]:
            best = (score, delimiter, rows[0])
    return (best[1], best[2]) if best else (",", [])


def _header(path: Path, header: list[str], notes: list[str]) -> list[str]:
    names: list[str] = []
    for number, cell in enumerate(header, 1):
        name = cell.strip().removeprefix("\ufeff").replace("\0", "") or f"column {number}"
        if name.casefold() in (n.casefold() for n in names):
            notes.append(f"duplicate-column:{printable(name, 60)}")
            name = next(
                f"{name} ({n})"
                for n in itertools.count(2)
                if f"{name} ({n})".casefold() not in map(str.casefold, names)
            )
        names.append(name)
    if not names:
        raise InputError("there is no header row", where=str(path), fix="The first row must name the columns.")
    return names


def _plain(path: Path, kind: str, folder: Path, allow_large: bool) -> tuple[Path, list[str]]:
    notes: list[str] = []
    plain = path
    packed = compression(path)
    if packed:
        plain = folder / "unpacked"
        with opened(path, allow_large=allow_large) as source, plain.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
    if kind == "parquet":
        return plain, notes
    encoding = _encoding(plain)
    if encoding != "utf-8":
        notes.append(f"encoding:{encoding}")
        recoded = folder / "recoded"
        with (
            plain.open("r", encoding=encoding, errors="replace", newline="") as text,
            recoded.open("w", encoding="utf-8", newline="") as out,
        ):
            shutil.copyfileobj(text, out, 1 << 20)
        plain = recoded
    return plain, notes


def _encoding(path: Path) -> str:
    """UTF-16 by its mark; Windows-1252 when more non-ASCII lines break UTF-8 than keep it; else UTF-8."""
    with path.open("rb") as file:
        start = file.read(4096)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        # Without a mark: ASCII text in UTF-16 has a NUL in every other place.
        if len(start) > 20 and start[1::2].count(0) > 0.8 * len(start[1::2]):
            return "utf-16-le"
        if len(start) > 20 and start[0::2].count(0) > 0.8 * len(start[0::2]):
            return "utf-16-be"
        if _is_utf8(path):
            return "utf-8"
        file.seek(0)
        good = bad = 0
        for line in itertools.islice(iter(lambda: file.readline(1 << 20), b""), 2_000_000):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                good += 1
            except UnicodeDecodeError:
                bad += 1
        return "cp1252" if bad > good else "utf-8"


def _is_utf8(path: Path) -> bool:
    """Whether the whole file is UTF-8. Arrow looks at it where it lies, many bytes at a time."""
    with pa.memory_map(str(path)) as mapped:
        content = mapped.read_buffer()
        ends = pa.py_buffer(np.array([0, content.size], np.int64))
        try:
            pa.Array.from_buffers(pa.large_string(), 1, [None, ends, content]).validate(full=True)
        except pa.ArrowInvalid:
            return False
    return True


def _parquet_types(path: Path, plain: Path, connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    try:
        pq.ParquetFile(plain).close()
        rows = connection.sql(f"DESCRIBE SELECT * FROM read_parquet({literal(str(plain))})").fetchall()
    except (pa.ArrowException, OSError, duckdb.Error) as error:
        raise InputError("this Parquet file is damaged", where=str(path), fix="Download or copy it again.") from error
    return {str(name): str(kind) for name, kind, *_ in rows}


def _json_types(path: Path, plain: Path) -> dict[str, str]:
    names: dict[str, str] = {}
    for _, line, _ in itertools.islice(lines(plain), 2_000):
        value = _object(line)
        if value is not None:
            names |= dict.fromkeys(flat(value), "VARCHAR")
    if not names:
        raise InputError(
            "no line of this file is a JSON object", where=str(path), fix="JSON Lines has one object a line."
        )
    return names


def flat(value: dict[str, Any], prefix: str = "") -> dict[str, str | None]:
    """A JSON object as texts, its inner objects under dotted names; lists stay JSON."""
    found: dict[str, str | None] = {}
    for key, inner in value.items():
        name = prefix + key.encode("utf-8", "replace").decode()
        if isinstance(inner, dict) and inner and prefix.count(".") < 4:
            found |= flat(inner, f"{name}.")
        elif inner is None:
            found[name] = None
        else:
            text = inner if isinstance(inner, str) else json.dumps(inner, ensure_ascii=False)
            found[name] = text.encode("utf-8", "replace").decode("utf-8")
    return found


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _json_rows(path: Path, names: list[str], rejections: Rejections) -> Iterator[tuple[int, tuple[str | None, ...]]]:
    for number, line, _ in lines(path):
        if not line.strip():
            continue
        value = _object(line)
        if value is None:
            rejections.add(
                number, None, line[:200].decode("utf-8", "replace"), "not a JSON object", "Mend or remove the line."
            )
            continue
        found = flat(value)
        yield number, tuple(found.get(name) for name in names)


def _csv_rows(
    path: Path, delimiter: str, names: list[str], rejections: Rejections, skip: int
) -> Iterator[tuple[int, tuple[str | None, ...]]]:
    """Records after the first `skip`, numbered from 2 as the header is row 1; empty rows are not counted."""
    csv.field_size_limit(1 << 30)
    number = 0
    with path.open("r", encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        records = csv.reader(text, delimiter=delimiter)
        while True:
            try:
                cells = next(records)
            except StopIteration:
                return
            except csv.Error as error:
                number += 1
                rejections.add(number, None, None, f"not readable as CSV: {error}", "Mend the row.")
                continue
            if not cells:
                continue
            number += 1
            if number <= skip + 1:
                continue
            if len(cells) != len(names):
                shown = delimiter.join(cells)
                rejections.add(number, None, shown, f"{len(cells)} cells where the header has {len(names)}",
                               "Put text that holds the delimiter in quotes.")  # fmt: skip
                continue
            broken = next((i for i, cell in enumerate(cells) if not _encodes(cell)), None)
            if broken is not None:
                shown = cells[broken].encode("utf-8", "replace").decode()
                rejections.add(number, names[broken], shown, "bytes that are not UTF-8", "Save the file as UTF-8.")
                continue
            yield number, tuple(cells)


def _encodes(cell: str) -> bool:
    if cell.isascii():
        return True
    try:
        cell.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _query(layers: list[list[str]], source: str) -> str:
    for inner in layers[:-1]:
        if inner:
            source = f"(SELECT *, {', '.join(inner)} FROM {source})"
    return f"SELECT {', '.join(layers[-1])} FROM {source}"
