"""From the state to files: raw events rotate into Parquet that `birdfall import` reads, and a wave
becomes a case."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from birdfall.model.errors import CaseError
from birdfall.model.schemas import TABLES, Rows, conform
from birdfall.model.settings import Settings
from birdfall.model.units import DAY_US, SECOND_US
from birdfall.record.atomic import fsync_folder, write_with
from birdfall.watch.model.wave import Wave
from birdfall.watch.store.database import State
from birdfall.watch.store.queries import case_rows, raw
from birdfall.watch.store.queries.sources import list_gaps, list_sources

if TYPE_CHECKING:
    from birdfall.record.case import Case

#: Rows of a file: raw events are written out when so many wait.
FILE_ROWS = 50_000
#: Rows and bytes of a row group, at most.
GROUP_ROWS, MAX_GROUP_BYTES = 2_000, 16 << 20
#: Rows that are taken into a case at a time.
CASE_BATCH_ROWS: Final = 1 << 16
_COVERED_TABLES: Final = ("acts", "follows", "statuses")
RAW_SCHEMA = pa.schema(
    [
        pa.field("source", pa.string()),
        pa.field("received", pa.timestamp("us", tz="UTC")),
        pa.field("data", pa.binary()),
    ],
    metadata={b"birdfall.raw": b"1"},
)


def rotate(state: State, folder: Path, *, everything: bool = False) -> list[Path]:
    """Move raw events from the state into Parquet files in `folder`, if enough wait.

    Parameters
    ----------
    state
        Opened for writing.
    folder
        Made if need be.
    everything
        Whether a file that is not full is written, too.

    Returns
    -------
    list of Path
        The new files.

    Notes ----- A file is written and synced before its rows leave the state in one transaction that
    also lists it: after a crash between the two the rows are still there, and the same file is
    written again.
    """
    made: list[Path] = []
    while True:
        bounds = raw.raw_bounds(state)
        if bounds is None:
            return made
        first, last = bounds
        if last - first + 1 < FILE_ROWS and not everything:
            return made
        last = min(last, first + FILE_ROWS - 1)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"raw-{first:012d}.parquet"
        write_with(path, partial(write_raw_file, state, first, last))
        fsync_folder(folder)
        with state.transaction():
            raw.replace_raw_by_file(state, path.name, first, last, path.stat().st_size)
        made.append(path)


def write_raw_file(state: State, first: int, last: int, path: Path) -> None:
    """Write raw steps `first` to `last` as Parquet, a group at a time: memory stays flat however
    many there are."""
    with pq.ParquetWriter(
        path, RAW_SCHEMA, compression="zstd", use_dictionary=["source"]
    ) as writer:
        for group in _group_rows(raw.iter_raw(state, first, last)):
            received = np.array([row.received for row in group], np.int64)
            columns = [
                _binary_array(pa.string(), [row.source.encode() for row in group]),
                pa.Array.from_buffers(
                    RAW_SCHEMA.field(1).type, len(group), [None, pa.py_buffer(received)]
                ),
                _binary_array(pa.binary(), [row.data for row in group]),
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=RAW_SCHEMA))


def _group_rows(rows: Iterable[raw.RawRow]) -> Iterator[list[raw.RawRow]]:
    """Rows in groups of `GROUP_ROWS`, or fewer where they are large."""
    group: list[raw.RawRow] = []
    size = 0
    for row in rows:
        group.append(row)
        size += len(row.data)
        if len(group) == GROUP_ROWS or size > MAX_GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _binary_array(kind: pa.DataType, values: list[bytes]) -> pa.Array:
    """An array from bytes as they are: pa.array would load pandas, 60 MB, to see whether they are
    of it."""
    offsets = np.zeros(len(values) + 1, np.int32)
    np.cumsum([len(v) for v in values], out=offsets[1:])
    return pa.Array.from_buffers(
        kind, len(values), [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(values))]
    )


def delete_raw_files(
    state: State,
    folder: Path,
    *,
    days: float | None = None,
    gigabytes: float | None = None,
    now: int,
    beside: int = 0,
) -> list[str]:
    """Remove the oldest raw files beyond an age or a size. What was measured from them stays in the
    state.

    Parameters
    ----------
    state
        Opened for writing.
    folder
        Where the files are.
    days, gigabytes
        Files older than this go, and the oldest while all are larger than this (10^9 bytes); None
        for no limit.
    now
        The machine's time in microseconds.
    beside
        Bytes of the state, which count as well.

    Returns
    -------
    list of str
        Names of the files that went.
    """
    gone: list[str] = []
    files = raw.list_raw_files(state)
    total = beside + sum(file.bytes for file in files)
    for file in files:
        path = folder / file.path
        # a file that is not there was removed, and the process died before that was written down
        old = not path.exists() or (
            days is not None and path.stat().st_mtime * 1e6 < now - days * DAY_US
        )
        large = gigabytes is not None and total > gigabytes * 1e9
        if not (old or large):
            break
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        with state.transaction():
            raw.delete_raw_file(state, file.path)
        total -= file.bytes
        gone.append(file.path)
    return gone


def case_from_wave(
    state: State, wave: Wave, folder: Path, *, title: str = "", public: tuple[str, ...] = ()
) -> Case:
    """Make a case of all the watch has seen, its question the wave.

    Parameters
    ----------
    state
        The state of the watch.
    wave
        The wave.
    folder
        The new case.
    title, public
        Title and public accounts of the case's settings.

    Raises
    ------
    CaseError
        The folder is taken, or not all from before the wave is kept: then it would lack what it is
        measured against.
    """
    with state.snapshot():
        if wave.begin < state.kept_from:
            kept_from = dt.datetime.fromtimestamp(state.kept_from // SECOND_US, dt.UTC)
            raise CaseError(
                f"what was before wave {wave.id} is no longer kept",
                where=str(state.path),
                why=f"All is kept from {kept_from:%Y-%m-%d %H:%M} UTC on; the wave began before.",
                fix="The accounts of listed waves can still be had: birdfall propose. Raw events, "
                "where they are kept longer, can be imported.",
            )
        # a case loads DuckDB, which a watch at work never needs
        from birdfall.record.case import Case

        settings = Settings(
            title=title or f"Wave {wave.id}",
            question=title,
            leaders=tuple(sorted(state.leaders)),
            public=public,
            simulated=state.meta("simulated") == "1",
        )
        case = Case.create(folder, settings)
        notes = (f"wave:{wave.id}",)
        case.append(_case_rows(state), source=state.path.name, reader="watch", notes=notes)
        return case


def _case_rows(state: State) -> Iterator[Rows]:
    name, since = state.path.name, state.kept_from
    yield from _batches("statuses", case_rows.select_statuses(state, name, since))
    yield from _batches("follows", case_rows.select_follows(state, name, since))
    yield from _batches("acts", case_rows.select_acts(state, name, since))
    yield from _batches("accounts", case_rows.select_accounts(state, name))
    yield from _coverage_rows(state)


def _coverage_rows(state: State) -> Iterator[Rows]:
    rows: list[tuple[int, int, str, str, str | None, str]] = []
    for source in list_sources(state):
        begun = max(source.begun, state.kept_from)
        if source.received > 0 and begun <= source.received:
            rows += [
                (begun, source.received, table, "watched", None, source.source)
                for table in _COVERED_TABLES
            ]
    for gap in list_gaps(state):
        begin = max(gap.begin, state.kept_from)
        if gap.end > begin:
            rows += [
                (begin, gap.end, table, "gap", gap.why, gap.source) for table in _COVERED_TABLES
            ]
    names = ("from", "to", "what", "kind", "note", "source")
    if rows:
        yield Rows("coverage", conform("coverage", _record_batch("coverage", names, rows)))


def _batches(table: str, cursor: sqlite3.Cursor) -> Iterator[Rows]:
    names = tuple(column[0] for column in cursor.description)
    while rows := cursor.fetchmany(CASE_BATCH_ROWS):
        yield Rows(table, conform(table, _record_batch(table, names, rows)))


def _record_batch(
    table: str, names: tuple[str, ...], rows: Sequence[Sequence[object] | sqlite3.Row]
) -> pa.RecordBatch:
    schema = TABLES[table]
    columns = list(zip(*(tuple(row) for row in rows), strict=True))
    arrays = []
    for name, column in zip(names, columns, strict=True):
        kind = schema.field(name).type
        plain = pa.array(column, pa.int64() if pa.types.is_timestamp(kind) else kind)
        arrays.append(plain.cast(kind))
    return pa.RecordBatch.from_arrays(arrays, names=list(names))
