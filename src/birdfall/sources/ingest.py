"""The way in: a file into a case, into a record in memory, or only looked into.

A file is taken whole or not at all; the rows of it that could not be taken are listed in the table
`rejected`.
"""

from __future__ import annotations

import itertools
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from birdfall.model.errors import BirdfallError, InputError
from birdfall.model.progress import Progress, silent
from birdfall.model.schemas import TABLES, Rows, conform
from birdfall.model.settings import Settings
from birdfall.record.atomic import digest
from birdfall.record.case import Case, Receipt
from birdfall.record.record import Record, from_tables
from birdfall.sources.registry import choose_source
from birdfall.sources.shared.column_mapping import ColumnMapping
from birdfall.sources.shared.follow_index import FollowIndex, load_follow_index
from birdfall.sources.shared.protocol import Source, SourceOptions, wants_follows
from birdfall.sources.shared.rejections import RejectedRow

#: How many rows `look_into` reads before it tells what it saw.
LOOK_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its type in the file, some values, whether the mapping reads it."""

    name: str
    type: str
    sample: tuple[str, ...]
    used: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What a file is, seen from its beginning.

    rows: per table, of those looked at. rejected: examples, as dicts.

    question: what must be said before the file can be imported (a time zone, a day order, a
    mapping); None: nothing.
    """

    path: str
    reader: str
    columns: tuple[Column, ...]
    mapping: ColumnMapping | None
    question: BirdfallError | None
    rows: dict[str, int]
    rejected: int
    examples: tuple[RejectedRow, ...]
    notes: tuple[str, ...]

    @property
    def unused(self) -> tuple[str, ...]:
        """Columns that the mapping does not read."""
        return tuple(c.name for c in self.columns if not c.used)


def ingest(
    case: Case,
    path: str | Path,
    *,
    mapping: ColumnMapping | None = None,
    reader: str | None = None,
    time_zone: str | None = None,
    date_format: str | None = None,
    allow_large: bool = False,
    progress: Progress = silent,
) -> Receipt:
    """Take a file into a case, whole or not at all.

    Raises InputError if the file cannot be read, UsageError if its times or columns must be
    explained first, CaseError if the case is in use. A file that was taken before is left out; the
    receipt says so.
    """
    place = Path(path)
    source = choose_source(place, reader)
    with tempfile.TemporaryDirectory(prefix="birdfall-") as staging:
        options = SourceOptions(
            time_zone,
            date_format,
            mapping,
            allow_large,
            Path(staging),
            known_follows=_known_follows(source, case),
        )
        said = {
            "time_zone": time_zone,
            "date_format": date_format,
            "mapping": mapping.to_toml() if mapping else None,
        }
        with ThreadPoolExecutor(1) as beside:
            known_by = beside.submit(digest, place)
            try:
                receipt = case.append(
                    source.read(place, options, progress),
                    source=place.name,
                    reader=source.NAME,
                    digest=known_by.result,
                    options={k: v for k, v in said.items() if v},
                    progress=progress,
                )
            except pa.ArrowException as error:
                raise _unreadable_error(place, error) from error
    return receipt


def load(
    *paths: str | Path,
    mapping: ColumnMapping | None = None,
    reader: str | None = None,
    time_zone: str | None = None,
    date_format: str | None = None,
    allow_large: bool = False,
    settings: Settings | None = None,
    progress: Progress = silent,
) -> Record:
    """Files as one record in memory, without a case. Raises as `ingest` does."""
    batches: dict[str, list[pa.RecordBatch]] = {}
    options = SourceOptions(time_zone, date_format, mapping, allow_large)
    known_follows = FollowIndex()
    for path in map(Path, paths):
        source = choose_source(path, reader)
        wanted = known_follows if wants_follows(source) else None
        for item in source.read(path, replace(options, known_follows=wanted), progress):
            if isinstance(item, Rows):
                batches.setdefault(item.table, []).append(conform(item.table, item.batch))
            else:
                import pyarrow.parquet as pq

                batches.setdefault(item.table, []).extend(pq.read_table(item.path).to_batches())
    return from_tables(
        {t: pa.Table.from_batches(b, TABLES[t]) for t, b in batches.items()}, settings
    )


def look_into(
    path: str | Path,
    *,
    mapping: ColumnMapping | None = None,
    reader: str | None = None,
    time_zone: str | None = None,
    date_format: str | None = None,
    allow_large: bool = False,
    limit: int = LOOK_ROWS,
) -> Look:
    """What a file is, from about its first `limit` rows.

    What would have to be asked stands in `question`, not raised.

    Raises InputError if the file cannot be read at all.
    """
    place = Path(path)
    source = choose_source(place, reader)
    options = SourceOptions(time_zone, date_format, mapping, allow_large)
    columns: tuple[Column, ...] = ()
    notes: tuple[str, ...] = ()
    question: BirdfallError | None = None
    if source.NAME == "table":
        columns, options, notes, question = _columns(place, options)
    counts: Counter[str] = Counter()
    examples: list[RejectedRow] = []
    if question is None:
        try:
            for item in _first_items(source, place, options):
                count = item.batch.num_rows if isinstance(item, Rows) else item.rows
                counts[item.table] += count
                if isinstance(item, Rows) and item.table == "rejected":
                    examples += item.batch.slice(0, 10 - len(examples)).to_pylist()
                if sum(counts.values()) >= limit:
                    break
        except InputError:
            raise
        except BirdfallError as error:
            question = error
    rejected = counts.pop("rejected", 0)
    return Look(
        str(path),
        source.NAME,
        columns,
        options.mapping,
        question,
        dict(counts),
        rejected,
        tuple(examples),
        notes,
    )


def _known_follows(source: Source, case: Case) -> FollowIndex | None:
    """The follows of the case, for a source whose unfollows name only the follow they end."""
    if not wants_follows(source):
        return None
    return load_follow_index(case.record()) if case.manifest.imports else FollowIndex()


def _first_items(source: Source, place: Path, options: SourceOptions) -> Any:
    return itertools.islice(source.read(place, options, silent), 10_000)


def _columns(
    place: Path, options: SourceOptions
) -> tuple[tuple[Column, ...], SourceOptions, tuple[str, ...], BirdfallError | None]:
    from birdfall.sources.shared.open import read_head
    from birdfall.sources.table.reader import choose_mapping, table_kind
    from birdfall.sources.table.tabular import open_table

    question: BirdfallError | None = None
    with open_table(
        place, table_kind(read_head(place)) or "csv", allow_large=options.allow_large, staging=None
    ) as table:
        try:
            options = replace(options, mapping=choose_mapping(table.types, options, str(place)))
        except BirdfallError as error:
            question = error
        used = options.mapping.used if options.mapping else set()
        first = table.sample()[:200]
        columns = tuple(
            Column(
                name,
                kind,
                tuple(list(dict.fromkeys(str(r[name])[:60] for r in first if r[name]))[:3]),
                name in used,
            )
            for name, kind in table.types.items()
        )
        return columns, options, tuple(table.notes), question


def _unreadable_error(place: Path, error: Exception) -> InputError:
    return InputError(
        f"this file cannot be read as it stands: {type(error).__name__}", where=str(place)
    )


__all__ = ["Column", "Look", "ingest", "load", "look_into"]
