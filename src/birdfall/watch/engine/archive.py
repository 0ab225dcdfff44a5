"""From the state to files: raw events rotate into Parquet that `birdfall import` reads again, and a wave becomes a case."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from birdfall.model.errors import CaseError
from birdfall.model.schemas import TABLES, Rows, conform
from birdfall.model.settings import Settings
from birdfall.record.atomic import fsync_folder, write_with
from birdfall.watch.detect.wave_queries import Wave
from birdfall.watch.store.database import State

if TYPE_CHECKING:
    from birdfall.record.case import Case

#: Raw events are written out when so many wait, so many at a time.
ROWS, GROUP = 50_000, 2_000
#: A group ends at so many bytes, too.
LARGE = 16 << 20
RAW = pa.schema(
    [
        pa.field("source", pa.string()),
        pa.field("received", pa.timestamp("us", tz="UTC")),
        pa.field("data", pa.binary()),
    ],
    metadata={b"birdfall.raw": b"1"},
)


def rotate(state: State, folder: Path, *, everything: bool = False) -> list[Path]:
    """Move raw events from the state into a Parquet file in `folder`, if enough wait; the new files.

    The file is written and synced before its rows leave the state in one transaction that also lists it: after a crash
    between the two the rows are still there, and the same file is written again.
    """
    c = state.connection
    made: list[Path] = []
    while True:
        first, last = c.execute(
            "SELECT (SELECT min(id) FROM raw), (SELECT max(id) FROM raw)"
        ).fetchone()
        if first is None or (last - first + 1 < ROWS and not everything):
            return made
        last = min(last, first + ROWS - 1)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"raw-{first:012d}.parquet"
        write_with(path, partial(_write, state, first, last))
        fsync_folder(folder)
        with state.transaction():
            done = c.execute("DELETE FROM raw WHERE id <= ?", (last,))
            c.execute(
                "INSERT OR REPLACE INTO raw_files VALUES (?, ?, ?, ?, ?)",
                (path.name, first, last, done.rowcount, path.stat().st_size),
            )
        made.append(path)


def _write(state: State, first: int, last: int, path: Path) -> None:
    """Rows `first` to `last`, a group at a time, so that memory stays flat however many there are or however large."""
    query = "SELECT source, received, data FROM raw WHERE id BETWEEN ? AND ? ORDER BY id"
    with pq.ParquetWriter(path, RAW, compression="zstd", use_dictionary=["source"]) as writer:
        for group in _groups(state.connection.execute(query, (first, last))):
            received = np.array([r["received"] for r in group], np.int64)
            columns = [
                _bytes(pa.string(), [r["source"].encode() for r in group]),
                pa.Array.from_buffers(
                    RAW.field(1).type, len(group), [None, pa.py_buffer(received)]
                ),
                _bytes(pa.binary(), [r["data"] for r in group]),
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=RAW))


def _groups(rows: Iterable[Any]) -> Iterator[list[Any]]:
    """Rows in groups of `GROUP`, or fewer where they are large."""
    group: list[Any] = []
    size = 0
    for row in rows:
        group.append(row)
        size += len(row["data"])
        if len(group) == GROUP or size > LARGE:
            yield group
            group, size = [], 0
    if group:
        yield group


def _bytes(kind: pa.DataType, values: list[bytes]) -> pa.Array:
    """An array from bytes as they are: pa.array would load pandas, 60 MB, to see whether they are of it."""
    offsets = np.zeros(len(values) + 1, np.int32)
    np.cumsum([len(v) for v in values], out=offsets[1:])
    return pa.Array.from_buffers(
        kind, len(values), [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(values))]
    )


def forget(
    state: State,
    folder: Path,
    *,
    days: float | None = None,
    gigabytes: float | None = None,
    now: int,
    beside: int = 0,
) -> list[str]:
    """Remove the oldest raw files beyond an age or a size; their names. What was measured from them stays in the state.

    beside: bytes of the state, which count as well.
    """
    gone = []
    rows = state.connection.execute("SELECT path, bytes FROM raw_files ORDER BY first").fetchall()
    total = beside + sum(r["bytes"] for r in rows)
    for row in rows:
        path = folder / row["path"]
        # a file that is not there was removed, and the process died before that was written down
        old = not path.exists() or (
            days is not None and path.stat().st_mtime * 1e6 < now - days * 86_400_000_000
        )
        large = gigabytes is not None and total > gigabytes * 1e9
        if not (old or large):
            break
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        with state.transaction():
            state.connection.execute("DELETE FROM raw_files WHERE path = ?", (row["path"],))
        total -= row["bytes"]
        gone.append(str(row["path"]))
    return gone


def case_of(
    state: State, wave: Wave, folder: Path, *, title: str = "", public: tuple[str, ...] = ()
) -> Case:
    """A case with all the watch has seen, its question the wave.

    Raises CaseError if the folder is taken, or if not all from before the wave is kept: then it would lack what it is measured against.
    """
    with _unmoved(state):
        return _case_of(state, wave, folder, title, public)


@contextlib.contextmanager
def _unmoved(state: State) -> Iterator[None]:
    """The state as it is now, whatever the watch keeps or forgets meanwhile."""
    begun = not state.connection.in_transaction
    if begun:
        state.connection.execute("BEGIN")
        state.reread()
    try:
        yield
    finally:
        if begun:
            state.connection.execute("ROLLBACK")


def _case_of(state: State, wave: Wave, folder: Path, title: str, public: tuple[str, ...]) -> Case:
    if wave.begin < state.kept_from:
        raise CaseError(
            f"what was before wave {wave.id} is no longer kept",
            where=str(state.path),
            why=f"All is kept from {dt.datetime.fromtimestamp(state.kept_from // 1_000_000, dt.UTC):%Y-%m-%d %H:%M} UTC on; the wave began before.",
            fix="The accounts of listed waves can still be had: birdfall propose. Raw events, where they are kept longer, can be imported.",
        )
    # a case loads DuckDB, which a watch at work never needs
    from birdfall.record.case import Case

    settings = Settings(
        title=title or f"Wave {wave.id}",
        question=title,
        leaders=tuple(sorted(state.leaders)),
        public=public,
    )
    case = Case.create(folder, settings)
    case.append(_rows(state), source=state.path.name, reader="watch", notes=(f"wave:{wave.id}",))
    return case


def _rows(state: State) -> Any:
    c = state.connection
    name, since = state.path.name, state.kept_from
    # of the time before all is kept only how accounts stood when it ended: as when a watch begins
    yield from _batches(
        "statuses",
        c.execute(
            "SELECT account, status, max(time, ?1) AS time, CASE WHEN seen OR time < ?1 THEN 'seen' ELSE 'change' END AS observation, reason, "
            "?2 AS source, id AS line FROM changes c WHERE time >= ?1 OR (status != 'active' AND id = "
            "(SELECT max(id) FROM changes l WHERE l.account = c.account AND l.time < ?1)) ORDER BY id",
            (since, name),
        ),
    )
    yield from _batches(
        "follows",
        c.execute(
            "SELECT follower, followed, since, NULL AS until, 'change' AS observation, since AS observed_at, ? AS source FROM edges UNION ALL "
            "SELECT follower, followed, since, until, 'change', until, ? FROM ends WHERE until >= ? ORDER BY 3, 1, 2",
            (name, name, since),
        ),
    )
    yield from _batches(
        "acts",
        c.execute(
            "SELECT reporter AS account, 'report' AS kind, target AS object, time, 'account' AS object_kind, target, reason AS client, "
            "key AS act_id, ? AS source, id AS line FROM reports WHERE time >= ? ORDER BY id",
            (name, since),
        ),
    )
    yield from _batches(
        "accounts",
        c.execute(
            "SELECT account, handle, time AS observed_at, ? AS source FROM standing WHERE handle != '' ORDER BY account",
            (name,),
        ),
    )
    yield from _coverage(state)


def _coverage(state: State) -> Any:
    c = state.connection
    rows = []
    for source in c.execute(
        "SELECT source, begun, received FROM sources WHERE received > 0 ORDER BY source"
    ).fetchall():
        begun = max(source["begun"], state.kept_from)
        if begun <= source["received"]:
            rows += [
                (begun, source["received"], table, "watched", None, source["source"])
                for table in ("acts", "follows", "statuses")
            ]
    for gap in c.execute('SELECT source, "begin", "end", why FROM gaps ORDER BY id'):
        begin = max(gap["begin"], state.kept_from)
        if gap["end"] > begin:
            rows += [
                (begin, gap["end"], t, "gap", gap["why"], gap["source"])
                for t in ("acts", "follows", "statuses")
            ]
    names = ("from", "to", "what", "kind", "note", "source")
    if rows:
        yield Rows("coverage", conform("coverage", _batch("coverage", names, rows)))


def _batches(table: str, cursor: Any) -> Any:
    names = tuple(d[0] for d in cursor.description)
    while rows := cursor.fetchmany(1 << 16):
        yield Rows(table, conform(table, _batch(table, names, rows)))


def _batch(table: str, names: tuple[str, ...], rows: list[Any]) -> pa.RecordBatch:
    schema = TABLES[table]
    columns = list(zip(*(tuple(r) for r in rows), strict=True))
    arrays = []
    for name, column in zip(names, columns, strict=True):
        kind = schema.field(name).type
        plain = pa.array(column, pa.int64() if pa.types.is_timestamp(kind) else kind)
        arrays.append(plain.cast(kind))
    return pa.RecordBatch.from_arrays(arrays, names=list(names))
