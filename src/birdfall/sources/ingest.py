"""The way in: a file into a case, into a record in memory, or only looked into.

A file is taken whole or not at all; the rows of it that could not be taken are listed in the table
`rejected`.
"""

from __future__ import annotations

import itertools
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from birdfall.model.errors import BirdfallError, InputError
from birdfall.model.memory_limit import tells_of_memory
from birdfall.model.progress import Progress, silent
from birdfall.model.schemas import TABLES, Part, Rows, conform
from birdfall.model.settings import Settings
from birdfall.record.atomic import digest
from birdfall.record.case import Case, Receipt
from birdfall.record.record import Record, from_tables
from birdfall.sources.container import unpack
from birdfall.sources.registry import choose_source
from birdfall.sources.shared.column_mapping import ColumnMapping
from birdfall.sources.shared.follow_index import FollowIndex, load_follow_index
from birdfall.sources.shared.protocol import Source, SourceOptions, wants_follows
from birdfall.sources.shared.rejections import RejectedRow, Rejections
from birdfall.sources.shared.repeats import REPEATED, Repeats

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

    rows: per table, of those looked at. rejected: how many were refused, with examples as dicts.
    repeated: acts that came again, and count once.

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
    repeated: int = 0

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
    columns: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
    skip_lines: int | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
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
            columns=columns or {},
            constants=constants or {},
            skip_lines=skip_lines,
            encoding=encoding,
            sheet=sheet,
            known_follows=_known_follows(source, case),
        )
        said = {
            "time_zone": time_zone,
            "date_format": date_format,
            "mapping": mapping.to_toml() if mapping else None,
        } | _as_texts(options)
        repeats = Repeats(case.record if case.manifest.imports else None)
        items = _without_repeats(source, place, options, repeats, progress)
        with ThreadPoolExecutor(1) as beside:
            known_by = beside.submit(digest, place)
            try:
                receipt = case.append(
                    items,
                    source=place.name,
                    reader=source.NAME,
                    digest=known_by.result,
                    options={k: v for k, v in said.items() if v},
                    progress=progress,
                )
            except pa.ArrowException as error:
                if tells_of_memory(error):
                    raise  # which says nothing of the file
                raise _unreadable_error(place, error) from error
    if receipt.already or not repeats.count:
        return receipt
    # the row that tells of them is none that was refused
    return replace(receipt, repeated=repeats.count, rejected=receipt.rejected - 1)


def load(
    *paths: str | Path,
    mapping: ColumnMapping | None = None,
    reader: str | None = None,
    time_zone: str | None = None,
    date_format: str | None = None,
    allow_large: bool = False,
    columns: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
    skip_lines: int | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    settings: Settings | None = None,
    progress: Progress = silent,
) -> Record:
    """Files as one record in memory, without a case. Raises as `ingest` does."""
    batches: dict[str, list[pa.RecordBatch]] = {}
    options = SourceOptions(
        time_zone,
        date_format,
        mapping,
        allow_large,
        columns=columns or {},
        constants=constants or {},
        skip_lines=skip_lines,
        encoding=encoding,
        sheet=sheet,
    )
    known_follows, repeats = FollowIndex(), Repeats()
    for path in map(Path, paths):
        source = choose_source(path, reader)
        wanted = known_follows if wants_follows(source) else None
        told = replace(options, known_follows=wanted)
        for item in _without_repeats(source, path, told, repeats, progress):
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
    columns: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
    skip_lines: int | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    limit: int = LOOK_ROWS,
) -> Look:
    """What a file is, from about its first `limit` rows.

    What would have to be asked stands in `question`, not raised.

    Raises InputError if the file cannot be read at all.
    """
    place = Path(path)
    source = choose_source(place, reader)
    options = SourceOptions(
        time_zone,
        date_format,
        mapping,
        allow_large,
        columns=columns or {},
        constants=constants or {},
        skip_lines=skip_lines,
        encoding=encoding,
        sheet=sheet,
    )
    shown: tuple[Column, ...] = ()
    notes: tuple[str, ...] = ()
    question: BirdfallError | None = None
    if source.NAME == "table":
        shown, options, notes, question = _columns(place, options)
    counts: Counter[str] = Counter()
    examples: list[RejectedRow] = []
    repeated = 0
    if question is None:
        try:
            for item in _first_items(source, place, options):
                count = item.batch.num_rows if isinstance(item, Rows) else item.rows
                if isinstance(item, Rows) and item.table == "rejected":
                    item, again = _part_repeats(item)
                    repeated, count = repeated + again, item.batch.num_rows
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
        shown,
        options.mapping,
        question,
        dict(counts),
        rejected,
        tuple(examples),
        notes,
        repeated,
    )


def look_into_all(path: str | Path, **options: Any) -> list[Look]:
    """What a file is, and of one that holds files what each of them is; as `look_into`.

    Raises InputError if the file cannot be read at all.
    """
    place = Path(path)
    source = choose_source(place, options.get("reader"))
    if source.NAME != "container":
        return [look_into(path, **options)]
    told = Rejections(place.name)
    with tempfile.TemporaryDirectory(prefix="birdfall-") as folder:
        said = SourceOptions(
            allow_large=options.get("allow_large", False), sheet=options.get("sheet")
        )
        looks = [
            replace(
                look_into(member.path, **options | {"sheet": None}),
                path=f"{path}: {member.name}",
            )
            for member in unpack(place, Path(folder), said, told)
        ]
    # a note or an empty sheet beside data is no question
    useful = [look for look in looks if look.rows]
    return useful or looks or [look_into(path, **options)]


def _known_follows(source: Source, case: Case) -> FollowIndex | None:
    """The follows of the case, for a source whose unfollows name only the follow they end."""
    if not wants_follows(source):
        return None
    return load_follow_index(case.record()) if case.manifest.imports else FollowIndex()


def _first_items(source: Source, place: Path, options: SourceOptions) -> Any:
    items = _without_repeats(source, place, options, Repeats(), silent)
    return itertools.islice(items, 10_000)


#: Streams come with ids of their own and in parts: what came twice their readers know.
_STREAMS = ("atproto", "jetstream", "watch")


def _without_repeats(
    source: Source, place: Path, options: SourceOptions, repeats: Repeats, progress: Progress
) -> Iterator[Rows | Part]:
    items = _or_say_empty(source.read(place, options, progress), options.source_of(place))
    return items if source.NAME in _STREAMS else repeats.drop(items, options.source_of(place))


def _or_say_empty(items: Iterator[Rows | Part], label: str) -> Iterator[Rows | Part]:
    """`items`; if there is none, one refused row says so: nothing is no answer."""
    count = 0
    for item in items:
        count += item.batch.num_rows if isinstance(item, Rows) else item.rows
        yield item
    if not count:
        told = Rejections(label)
        told.add(None, None, None, "there is no row in this file", "Check that it is whole.")
        yield from told.rows()


def _part_repeats(item: Rows) -> tuple[Rows, int]:
    """Refused rows without those that tell of acts that came again, and how many did."""
    told = pc.equal(item.batch.column("reason"), REPEATED)
    again = sum(int(v) for v in item.batch.filter(told).column("value").to_pylist())
    return Rows("rejected", item.batch.filter(pc.invert(told))), again


def _as_texts(options: SourceOptions) -> dict[str, str | None]:
    """What a person said of a file's layout and columns, as an import keeps it."""
    pairs = {"columns": options.columns, "constants": options.constants}
    found: dict[str, str | None] = {
        name: ", ".join(f"{k}={v}" for k, v in said.items()) or None for name, said in pairs.items()
    }
    lines = None if options.skip_lines is None else str(options.skip_lines)
    return found | {"skip_lines": lines, "encoding": options.encoding, "sheet": options.sheet}


def _columns(
    place: Path, options: SourceOptions
) -> tuple[tuple[Column, ...], SourceOptions, tuple[str, ...], BirdfallError | None]:
    from birdfall.sources.shared.open import read_head
    from birdfall.sources.table.reader import choose_mapping, table_kind
    from birdfall.sources.table.tabular import open_table

    question: BirdfallError | None = None
    with open_table(
        place,
        table_kind(read_head(place)) or "csv",
        allow_large=options.allow_large,
        staging=None,
        encoding=options.encoding,
        skip_lines=options.skip_lines,
    ) as table:
        try:
            options = replace(options, mapping=choose_mapping(table, options, str(place)))
        except BirdfallError as error:
            question = error
        used = options.mapping.used if options.mapping else set()
        first = table.sample(rows=200)
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


__all__ = ["Column", "Look", "ingest", "load", "look_into", "look_into_all"]
