"""A trace straight from files of rows: only the columns it needs are read, and no record is made.

    acts = acts_of_files([Path("tweets.csv")], "repost")     # None: this needs the whole record
    coordination(acts, preset="toolkit", window="60s")

The reader is the record's own, with its mapping cut down, so rows are taken and refused as they
would be there and accounts go by the same codes. What is not read is not judged: a text beyond all
bounds costs its row in a record, not here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.measures.coordination.file_columns import FileReading, column_guesses
from birdfall.measures.coordination.options import CoordinationOptions
from birdfall.measures.coordination.traces import Trace, trace_from_codes
from birdfall.measures.coordination.urls import normalise_url
from birdfall.model.errors import CannotAnswer
from birdfall.model.findings import Finding, Note
from birdfall.model.progress import Progress, silent
from birdfall.model.schemas import ACCOUNT_COLUMNS, TABLES, Part, Rows
from birdfall.record.ids import Ids, empty_ids
from birdfall.record.lookalikes import UNSEEN_PATTERN
from birdfall.sources.registry import choose_source
from birdfall.sources.shared.column_mapping import ColumnMapping, Emit
from birdfall.sources.shared.repeats import REPEATED, Repeats
from birdfall.sources.table import reader as tables

#: Traces whose acts stand row by row in the table `acts`, with what people saw of their object, if
#: anything.
DIRECT_TRACES: Final = {
    "repost": True, "quote": False, "reply": False, "like": True, "link": False, "mention": False,
    "report": False, "hashtag": False,
}  # fmt: skip
#: Traces whose object is the account acted on, where the row names one.
_TARGET_TRACES: Final = ("mention", "report")
#: Files that say themselves how they are read.
_UNSAID: Final = FileReading()
#: Columns of acts that are read for every trace.
_KEPT: Final = ("account", "target", "object", "time", "act_id", "platform", "within_s")
#: The key of records that are made without a case.
_RECORD_KEY: Final = b"birdfall"


@dataclass(frozen=True)
class FileActs:
    """The acts of one trace.

    ids: all accounts of the files, by code. rejected: rows that were refused, as in a record. read:
    per file whose columns were guessed, which was taken for what.
    """

    trace: Trace
    ids: Ids
    rejected: pa.Table
    accounts: tuple[pa.RecordBatch, ...] = ()
    read: tuple[str, ...] = ()

    def names(self) -> dict[str, str]:
        """Latest known handle of each account, as `Record.names` has it."""
        return _latest_handles(self.accounts)

    @property
    def limits(self) -> list[Note]:
        """What a finding must say of the rows that could not be taken."""
        rows = count_rejected_rows(self.rejected)
        return [Note("rows-without-account-object-or-time", {"rows": rows})] if rows else []


def count_rejected_rows(rejected: pa.Table) -> int:
    """How many rows of the files a table `rejected` speaks of: a row is refused once for each kind
    of row it would have made.
    """
    rejected = rejected.filter(pc.not_equal(rejected.column("reason"), REPEATED))
    rows: int = (
        rejected.select(["source", "line"]).group_by(["source", "line"]).aggregate([]).num_rows
    )
    return rows


def read_acts(
    paths: Sequence[Path],
    trace: str,
    reading: FileReading = _UNSAID,
    *,
    bare: bool = False,
    handles: bool = False,
    short_links: Mapping[str, str] | None = None,
    progress: Progress = silent,
) -> FileActs | None:
    """The acts of one trace in tables.

    Parameters
    ----------
    paths : sequence of Path
        The tables.
    trace : str
        One of `DIRECT_TRACES`; for others a record is needed.
    reading : FileReading
        How they are read.
    bare : bool
        Without languages and texts, which presets do not need; rows then stand as in the files.
    handles : bool
        Whether what `FileActs.names` says is read too.
    short_links : mapping
        As `normalise_url` takes them.
    progress : callable
        Told what is done.

    Returns
    -------
    FileActs or None
        None if a record is needed: for other traces, other kinds of file, or where each row says
        what kind of act it is.

    Raises
    ------
    BirdfallError
        As `sources.ingest.load`.
    """
    if trace not in DIRECT_TRACES:
        return None
    options = reading.source_options
    if len(paths) > 1 and not bare and _name_accounts_differently(paths, reading):
        return None
    acts: list[pa.RecordBatch] = []
    others: dict[str, list[pa.RecordBatch]] = {}
    read: list[str] = []
    repeats = Repeats()
    for path in paths:
        source = choose_source(path, reading.reader)
        if source.NAME != "table":
            return None
        with tables.open_mapped_table(path, options, progress) as (table, mapping):
            cut = _narrow_mapping(mapping, trace, bare, handles)
            if cut is None:
                return None
            read += column_guesses(path, mapping)
            rows: Iterator[Rows | Part] = tables.read_mapped_rows(table, cut, options, progress)
            for item in rows if bare else repeats.drop(rows, path.name):
                if not isinstance(item, Rows):
                    continue
                if item.table == "acts" and item.batch.column("kind")[0].as_py() == trace:
                    acts.append(item.batch)
                else:
                    others.setdefault(item.table, []).append(item.batch)
    return replace(_join_batches(acts, others, trace, bare, short_links), read=tuple(read))


def _name_accounts_differently(paths: Sequence[Path], reading: FileReading) -> bool:
    """Whether some tables give ids with handles and others handles alone, which a record joins."""
    by_both = by_handle = False
    for path in paths:
        if choose_source(path, reading.reader).NAME == "table":
            with tables.open_mapped_table(path, reading.source_options) as (_, mapping):
                by_both |= any(
                    "handle" in e.columns and "account" not in e.handles for e in mapping.emits
                )
                by_handle |= any("account" in e.handles for e in mapping.emits)
    return by_both and by_handle


def coordinate_files(
    paths: Sequence[Path],
    options: CoordinationOptions,
    reading: FileReading = _UNSAID,
    *,
    handles: bool = False,
    progress: Progress = silent,
) -> tuple[Finding, FileActs] | None:
    """The finding of `coordination` on files.

    Parameters
    ----------
    paths : sequence of Path
        Tables of acts.
    options : CoordinationOptions
        What is asked.
    reading : FileReading
        How the files are read.
    handles : bool
        Whether `FileActs.names` is wanted.
    progress : callable
        Told what is done.

    Returns
    -------
    (Finding, FileActs) or None
        The finding and what it was made from; None if a record is needed.

    Raises
    ------
    CannotAnswer
        If the files have no such acts. Other errors as `coordination` and `read_acts`.
    """
    # before files are read that may take minutes
    options.checked_window(known_traces=True)
    if len(options.traces) != 1:
        return None
    trace = options.traces[0]
    bare = options.preset is not None
    acts = read_acts(
        paths,
        trace,
        reading,
        bare=bare,
        handles=handles,
        short_links=options.short_links,
        progress=progress,
    )
    if acts is None:
        return None
    if not len(acts.trace):
        guesses = "; ".join(acts.read)
        raise CannotAnswer(
            f"the files have no acts of {trace}",
            why=guesses and f"They were read like this: {guesses}.",
            fix="See `birdfall look` for what they have, and say which column is what: "
            "--column account=NAME.",
        )
    # the measure's compiled code is loaded by another thread while files are read
    # (cli.coordinating)
    from birdfall.measures.coordination.measure import coordination

    finding = coordination(acts.trace, options, progress=progress)
    return finding.replace(limits=(*finding.limits, *acts.limits)), acts


def _narrow_mapping(
    mapping: ColumnMapping, trace: str, bare: bool, handles: bool
) -> ColumnMapping | None:
    """A mapping with the columns this needs: of its acts all, of the rest what names accounts.
    None: it will not do.
    """
    if any(e.table == "acts" and "kind" not in e.constants for e in mapping.emits):
        return None
    wanted = set(_KEPT) | (set() if bare else {"text", "language"})
    asked = [e for e in mapping.emits if e.table == "acts" and e.constants["kind"] == trace]
    others = [e for e in mapping.emits if e not in asked]
    whole = [] if handles else [e for e in others if _names_every_account(e, mapping)]
    told = {"handle", "observed_at", "created_at"} if handles else set()
    emits = [
        *(_narrow_emit(e, wanted) for e in asked),
        *(_narrow_emit(e, told) for e in whole[:1] or others),
    ]
    return replace(mapping, emits=tuple(emits))


def _names_every_account(emit: Emit, mapping: ColumnMapping) -> bool:
    """Whether an emit takes every row that has an account, and no other column of the file names
    accounts.
    """
    needs = {f.name for f in TABLES[emit.table] if not f.nullable} - set(emit.constants)
    conditions = (emit.conditions, emit.until, emit.find)
    columns = {
        e.columns[c]
        for e in mapping.emits
        for c in ACCOUNT_COLUMNS.get(e.table, ())
        if c in e.columns
    }
    return needs == {"account"} and not any(conditions) and columns == {emit.columns["account"]}


def _narrow_emit(emit: Emit, wanted: set[str]) -> Emit:
    """An emit that takes and skips the same rows, with the columns wanted, those that name
    accounts, and those without which no row is.
    """
    required = {f.name for f in TABLES[emit.table] if not f.nullable}
    kept = (
        wanted
        | required
        | set(ACCOUNT_COLUMNS.get(emit.table, ()))
        | set(emit.split)
        | set(emit.find)
        | set(emit.extract)
        | {emit.first_of or ""}
    )
    return replace(emit, columns={c: names for c, names in emit.columns.items() if c in kept})


def _join_batches(
    acts: list[pa.RecordBatch],
    others: dict[str, list[pa.RecordBatch]],
    trace: str,
    bare: bool,
    short_links: Mapping[str, str] | None,
) -> FileActs:
    schema = pa.schema([TABLES["acts"].field(c) for c in (*_KEPT, "text", "language")])
    table = pa.Table.from_batches([_fill_columns(b, schema) for b in acts], schema)
    account = _dictionary(table.column("account"))
    ids = _collect_ids(table, account, others)
    codes = ids.encode(account.dictionary)[account.indices.to_numpy()]
    time = table.column("time").cast(pa.int64()).to_numpy()
    column = table.column("object")
    if trace in _TARGET_TRACES:
        column = pc.coalesce(table.column("target"), column)
    objects, object_ = _encode_objects(_dictionary(column), trace, short_links)
    keep = object_ >= 0
    chosen = np.flatnonzero(keep)
    if not bare:  # in the order in which a record gives them
        chosen = chosen[np.lexsort((object_[keep], codes[keep], time[keep]))]
    whole = len(chosen) == len(keep) and bare
    rows = pa.array(chosen)
    content, text, language, platform, within = (
        table.column(c).combine_chunks() if whole else table.column(c).take(rows).combine_chunks()
        for c in ("act_id", "text", "language", "platform", "within_s")
    )
    made = trace_from_codes(
        trace,
        codes[chosen],
        object_[chosen],
        time[chosen],
        ids.id_of,
        objects,
        text if DIRECT_TRACES[trace] else None,
        language,
        "acts",
        content,
        platform,
        within,
    )
    rejected = pa.Table.from_batches(
        [_fill_columns(b, TABLES["rejected"]) for b in others.get("rejected", ())],
        TABLES["rejected"],
    )
    return FileActs(made, ids, rejected, tuple(others.get("accounts", ())))


def _dictionary(column: pa.ChunkedArray) -> pa.DictionaryArray:
    return column.combine_chunks().dictionary_encode()


def _encode_objects(
    coded: pa.DictionaryArray, trace: str, short_links: Mapping[str, str] | None
) -> tuple[pa.Array, np.ndarray]:
    """Sorted objects, and each act's code among them (int32[n]), -1 where it has none.

    Each distinct text is looked at once.
    """
    texts = coded.dictionary.cast(pa.string())
    if trace == "hashtag":
        texts = pc.utf8_ltrim(pc.utf8_trim(texts, " "), "#\N{FULLWIDTH NUMBER SIGN}")
        seen = pc.replace_substring_regex(texts, UNSEEN_PATTERN, "")
        texts = pc.utf8_normalize(pc.utf8_lower(seen), form="NFC")
    elif trace == "link":
        links = texts.to_pylist()
        texts = pa.array([normalise_url(t, short_links) for t in links], pa.string())
    values = pc.unique(texts.drop_null())
    values = values.take(pc.sort_indices(values))
    of_text = (
        pc.fill_null(pc.index_in(texts, value_set=values), -1)
        .to_numpy(zero_copy_only=False)
        .astype(np.int32)
    )
    indices = pc.fill_null(coded.indices, len(of_text)).to_numpy(zero_copy_only=False)
    return values, np.append(of_text, np.int32(-1))[indices]


def _collect_ids(
    table: pa.Table, account: pa.DictionaryArray, others: dict[str, list[pa.RecordBatch]]
) -> Ids:
    """All accounts, in the order a record would give them: table by table, column by column."""
    ids = empty_ids()
    for name in TABLES:
        for column in ACCOUNT_COLUMNS.get(name, ()):
            found = [
                pc.unique(b.column(column))
                for b in others.get(name, ())
                if column in b.schema.names
            ]
            if name == "acts":
                found.append(
                    account.dictionary if column == "account" else pc.unique(table.column(column))
                )
            if found:
                ids = ids.merge(pa.concat_arrays([f.cast(pa.string()) for f in found]), _RECORD_KEY)
    return ids


def _fill_columns(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = [
        batch.column(f.name).cast(f.type)
        if f.name in batch.schema.names
        else pa.nulls(batch.num_rows, f.type)
        for f in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _latest_handles(accounts: Iterable[pa.RecordBatch]) -> dict[str, str]:
    found: dict[str, tuple[int, str]] = {}
    for batch in accounts:
        if "handle" not in batch.schema.names:
            continue
        moments = [
            batch.column(c).cast(pa.int64()).to_pylist()
            if c in batch.schema.names
            else [None] * batch.num_rows
            for c in ("observed_at", "created_at")
        ]
        for account, handle, seen, made in zip(
            batch.column("account").to_pylist(),
            batch.column("handle").to_pylist(),
            *moments,
            strict=True,
        ):
            moment = seen if seen is not None else made if made is not None else 0
            if handle is not None and (account not in found or moment > found[account][0]):
                found[account] = (moment, handle)
    return {account: handle for account, (_, handle) in found.items()}
