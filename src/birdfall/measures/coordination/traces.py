"""Traces: the acts of one kind reduced to (account, object, time), from a record or from any table
of three columns.

repost, quote, reply, like: the post. mention, report, follow: the account acted on. hashtag: the
tag; hashtags: the set of tags of one post. link: the page (`coordination_links`). text: the cluster
of near-identical texts. status: the change of status, so that accounts that fall together co-act.
creation: accounts made within the window of each other.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.measures.coordination.options import TRACES
from birdfall.measures.coordination.timestamps import parse_times
from birdfall.measures.coordination.urls import normalise_url
from birdfall.model.errors import UsageError, printable
from birdfall.model.findings import Note
from birdfall.model.schemas import FALLEN
from birdfall.record.record import Record

#: A column of a bare table: Arrow, NumPy or pandas, or a sequence of texts, numbers or times.
Column: TypeAlias = pa.Array | np.ndarray | Sequence[str | int | float | dt.datetime | None]


class DataFrameLike(Protocol):
    """A data frame: pandas, polars and others."""

    @property
    def columns(self) -> Sequence[str]:
        """The names of its columns."""

    def __getitem__(self, name: str, /) -> Column:
        """One column."""


#: A bare table of acts: Arrow, a mapping of columns, rows as mappings, three columns, or a data
#: frame.
TableLike: TypeAlias = (
    pa.Table | Mapping[str, Column] | Sequence[Column | Mapping[str, str]] | DataFrameLike
)
#: Names that are joined for a digest: together they stay below what one Arrow text can hold.
_NAMES_PER_DIGEST_PART: Final = 1 << 18


@dataclass(frozen=True)
class Trace:
    """account, object_: int32[n] codes; time: int64[n] us. accounts, objects: string arrays by
    code.

    shown: per object an example of what people saw, where there is one. languages, contents
    (the act's own id, texts or whole numbers): per act, or None. source: the table it came from.
    """

    name: str
    account: np.ndarray
    object_: np.ndarray
    time: np.ndarray
    accounts: pa.Array
    objects: pa.Array
    shown: Mapping[int, str]
    languages: pa.Array | None
    source: str
    contents: pa.Array | None = None
    record_codes: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.time)

    def filter(self, keep: np.ndarray) -> Trace:
        """The acts where `keep` (bool[n]) holds."""
        languages = None if self.languages is None else self.languages.filter(pa.array(keep))
        return Trace(
            self.name,
            self.account[keep],
            self.object_[keep],
            self.time[keep],
            self.accounts,
            self.objects,
            self.shown,
            languages,
            self.source,
            None if self.contents is None else self.contents.filter(pa.array(keep)),
            self.record_codes,
        )

    def record_code(self, account: np.ndarray) -> np.ndarray:
        """int32[n]: the record's own codes of accounts of this trace."""
        return account if self.record_codes is None else self.record_codes[account]


def trace_digest(trace: Trace) -> str:
    """SHA-256 of the acts and names of a trace that no record holds."""
    found = hashlib.sha256()
    for column in (trace.account, trace.object_, trace.time):
        found.update(np.ascontiguousarray(column).tobytes())
    for names in (trace.accounts, trace.objects):
        for start in range(0, len(names), _NAMES_PER_DIGEST_PART):
            part = names.slice(start, _NAMES_PER_DIGEST_PART)
            found.update(b"\0" if start else b"")
            joined = pc.binary_join(pa.ListArray.from_arrays([0, len(part)], part), "\0")
            found.update(joined[0].as_buffer())
    return found.hexdigest()


def canonical_accounts(traces: list[Trace]) -> list[Trace]:
    """The traces with account codes in the order of the accounts' own ids, over those who act at
    all.

    A record gives codes in an order that hangs on its random key. What looks at accounts one after
    the other (groups, blocks, shuffles) would hang on it too; by these codes it does not.
    """
    ids = traces[0].accounts
    acts = np.zeros(len(ids), np.bool_)
    for trace in traces:
        acts[trace.account] = True
    codes = np.flatnonzero(acts).astype(np.int32)
    ids = ids.take(pa.array(codes))
    if (
        len(codes) == len(acts)
        and pc.all(pc.greater(ids.slice(1), ids.slice(0, len(ids) - 1))).as_py()
    ):
        return traces
    order = pc.sort_indices(ids)
    record_codes = codes[order.to_numpy()]
    place = np.zeros(len(acts), np.int32)
    place[record_codes] = np.arange(len(codes), dtype=np.int32)
    ids = ids.take(order)
    return [
        replace(trace, account=place[trace.account], accounts=ids, record_codes=record_codes)
        for trace in traces
    ]


_ACTS = """
SELECT i.code AS account, {object} AS object, epoch_us(a.time) AS time, {language} AS language,
{shown} AS shown, a.act_id AS content FROM acts a JOIN ids i ON i.id = a.account
WHERE a.kind = '{kind}' AND {object} IS NOT NULL
"""
_TAG = "lower(ltrim(trim(a.object), '#＃'))"
_OBJECTS = {
    "repost": "a.object", "quote": "a.object", "reply": "a.object", "like": "a.object",
    "link": "a.object",
    "mention": "coalesce(a.target, a.object)", "report": "coalesce(a.target, a.object)",
    "follow": "coalesce(a.target, a.object)", "hashtag": _TAG,
}  # fmt: skip
_SHOWN = {"repost": "a.text", "quote": "NULL", "reply": "NULL", "like": "a.text"}


_QUERIES = {
    "status": """
        SELECT i.code AS account, s.status AS object, epoch_us(s.time) AS time, NULL AS language,
        NULL AS shown, NULL AS content FROM statuses s JOIN ids i ON i.id = s.account
        WHERE s.observation = 'change' AND s."after" IS NULL AND list_contains($1, s.status)""",
    "creation": """
        SELECT DISTINCT i.code AS account, 'created' AS object, epoch_us(a.created_at) AS time,
        NULL AS language, NULL AS shown, NULL AS content
        FROM accounts a JOIN ids i ON i.id = a.account WHERE a.created_at IS NOT NULL""",
    "hashtags": f"""
        SELECT i.code AS account,
        array_to_string(list_sort(list_distinct(list({_TAG}))), ' ') AS object,
        epoch_us(a.time) AS time, any_value(a.language) AS language, NULL AS shown,
        any_value(a.act_id) AS content FROM acts a JOIN ids i ON i.id = a.account
        WHERE a.kind = 'hashtag'
        GROUP BY i.code, a.time, a.act_id HAVING count(DISTINCT {_TAG}) > 1""",
    "text": """
        SELECT i.code AS account, i.id AS id, a.text AS object, epoch_us(a.time) AS time,
        a.language AS language, a.text AS shown, a.act_id AS content
        FROM acts a JOIN ids i ON i.id = a.account
        WHERE a.kind IN ('post', 'reply', 'quote') AND a.text IS NOT NULL""",
}
_FOLLOWS = """UNION SELECT i.code, f.followed, epoch_us(f.since), NULL, NULL, NULL FROM follows f
JOIN ids i ON i.id = f.follower WHERE f.since IS NOT NULL"""


def _read_rows(record: Record, trace: str) -> pa.Table:
    """Rows [account, object, time, language, shown, content] by time, account and object."""
    if trace in _QUERIES:
        rows = record.sql(_QUERIES[trace], [list(FALLEN)] if trace == "status" else None)
    else:
        shown = _SHOWN.get(trace, "NULL")
        query = _ACTS.format(object=_OBJECTS[trace], kind=trace, language="a.language", shown=shown)
        rows = record.sql(query + (_FOLLOWS if trace == "follow" else ""))
    # texts are numbered as they come, so among those of one moment the accounts' own ids decide
    by = ("time", "id" if trace == "text" else "account", "object")
    return rows.sort_by([(column, "ascending") for column in by])


def read_trace(record: Record, trace: str) -> Trace:
    """The acts of one trace of a record.

    Parameters
    ----------
    record : Record
        What is read.
    trace : str
        One of `TRACES`.

    Returns
    -------
    Trace
        Account codes are the record's own.

    Raises
    ------
    UsageError
        For an unknown trace.
    """
    if trace not in TRACES:
        raise UsageError(f"there is no trace {trace!r}", fix=f"Traces: {', '.join(TRACES)}.")
    rows = _read_rows(record, trace)
    objects = rows.column("object").combine_chunks().cast(pa.string())
    if trace == "link":
        objects = _map_distinct(objects, normalise_url)
    if trace == "text":
        # compiled code that no other trace needs: half a second of start-up
        from birdfall.measures.coordination.text_clusters import text_objects

        objects = text_objects(objects).cast(pa.string())
    return _trace_from_texts(
        trace,
        rows.column("account").to_numpy().astype(np.int32),
        objects,
        rows.column("time").to_numpy().astype(np.int64),
        record.ids.id_of,
        rows.column("shown").combine_chunks(),
        rows.column("language").combine_chunks(),
        {"status": "statuses", "creation": "accounts"}.get(trace, "acts"),
        rows.column("content").combine_chunks(),
    )


def content_ids(trace: Trace) -> pa.Array:
    """Each act's own id (texts, or whole numbers); the row number where there is none, so that no
    two acts are taken for one.
    """
    contents = trace.contents
    if contents is not None and not contents.null_count:
        return contents
    contents = None if contents is None else contents.cast(pa.string())
    numbers = pa.array(np.arange(len(trace))).cast(pa.string())
    rows = pc.binary_join_element_wise(pa.scalar("row"), numbers, " ")
    return rows if contents is None else pc.coalesce(contents, rows)


def _map_distinct(values: pa.Array, change: Callable[[str], str]) -> pa.Array:
    """`change` applied once per distinct text."""
    coded = values.dictionary_encode()
    changed = pa.array([change(v) for v in coded.dictionary.to_pylist()], pa.string())
    return changed.take(coded.indices)


def _trace_from_texts(
    name: str,
    account: np.ndarray,
    objects: pa.Array,
    time: np.ndarray,
    accounts: pa.Array,
    shown: pa.Array | None,
    languages: pa.Array | None,
    source: str,
    contents: pa.Array | None,
) -> Trace:
    """Rows without an object are dropped (they share nothing: two posts without a link have no link
    in common).
    """
    if objects.null_count:
        keep = objects.is_valid()
        mask = keep.to_numpy(zero_copy_only=False)
        account, time, objects = account[mask], time[mask], objects.filter(keep)
        shown = None if shown is None else shown.filter(keep)
        languages = None if languages is None else languages.filter(keep)
        contents = None if contents is None else contents.filter(keep)
    values, codes = encode_values(objects)
    return trace_from_codes(
        name, account, codes, time, accounts, values, shown, languages, source, contents
    )


def trace_from_codes(
    name: str,
    account: np.ndarray,
    codes: np.ndarray,
    time: np.ndarray,
    accounts: pa.Array,
    values: pa.Array,
    shown: pa.Array | None,
    languages: pa.Array | None,
    source: str,
    contents: pa.Array | None,
) -> Trace:
    """A trace of acts whose objects are codes of `values`; columns of nulls count as none."""
    seen: dict[int, str] = {}
    if shown is not None and shown.null_count < len(shown):
        first = np.unique(codes[shown.is_valid().to_numpy(zero_copy_only=False)], return_index=True)
        texts = shown.drop_null().take(pa.array(first[1])).to_pylist()
        seen = dict(zip(first[0].tolist(), map(str, texts), strict=True))
    if languages is not None and languages.null_count == len(languages):
        languages = None
    if contents is not None and contents.null_count == len(contents):
        contents = None
    return Trace(name, account, codes, time, accounts, values, seen, languages, source, contents)


def trace_from_table(
    table: TableLike, *, name: str = "acts", time_unit: str | None = None
) -> tuple[Trace, list[Note]]:
    """A trace from an Arrow table, a mapping of columns, a data frame or a tuple (account, object,
    time).

    Columns account, object, time and optionally language, text, content (the act's own id). Times:
    as `coordination_times.moments` reads them. Returns the trace and what a reader must know of the
    reading (rows with an empty field, times told by their look). Raises UsageError if a column is
    missing or cannot be read.
    """
    columns = _table_columns(table)
    missing = [c for c in ("account", "object", "time") if c not in columns]
    if missing:
        raise UsageError(
            f"the table has no column {' and no column '.join(missing)}",
            why=_list_columns(columns) if columns else "",
            fix="Rename them, or say which is which: "
            'columns={"account": "user_id", "object": "url", "time": "posted_at"}.',
        )
    account, objects = (_as_ids(columns[c], c) for c in ("account", "object"))
    time, read = parse_times(_as_array(columns["time"]), time_unit)
    if not len(account) == len(objects) == len(time):
        raise UsageError("the columns of the table are not equally long")
    extra: dict[str, pa.Array] = {
        k: _as_texts(columns[k]) for k in ("language", "text") if k in columns
    }
    if "content" in columns:
        extra["content"] = _as_ids(columns["content"])
    notes = list(read)
    if account.null_count or objects.null_count or time.null_count:
        valid = np.logical_and.reduce(
            [c.is_valid().to_numpy(zero_copy_only=False) for c in (account, objects, time)]
        )
        notes.append(Note("rows-without-account-object-or-time", {"rows": int((~valid).sum())}))
        keep = pa.array(valid)
        account, objects, time = account.filter(keep), objects.filter(keep), time.filter(keep)
        extra = {k: column.filter(keep) for k, column in extra.items()}
    with ThreadPoolExecutor(1) as beside:
        others = beside.submit(encode_values, objects)
        names, codes = encode_values(account)
        values, objects_ = others.result()
    times = time.to_numpy(zero_copy_only=False).astype(np.int64)
    made = trace_from_codes(
        name,
        codes,
        objects_,
        times,
        names,
        values,
        extra.get("text"),
        extra.get("language"),
        "table",
        extra.get("content"),
    )
    return made, notes


def encode_values(values: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """The different values as sorted texts, and each one's place among them (int32[n]).

    values: texts or whole numbers, without nulls.

    Codes do not depend on the order of the input. Only different values are made texts and sorted.
    """
    if pa.types.is_dictionary(values.type):
        different, codes = _encode_used(
            values.dictionary.cast(pa.string()), values.indices.to_numpy(zero_copy_only=False)
        )
    elif pa.types.is_integer(values.type) and len(values):
        different, codes = _encode_numbers(values)
    else:
        seen = values.dictionary_encode()
        different, codes = seen.dictionary, seen.indices.to_numpy(zero_copy_only=False)
    texts = different.cast(pa.string())
    order = pc.sort_indices(texts)
    place = np.empty(len(texts), np.int32)
    place[order.to_numpy()] = np.arange(len(texts), dtype=np.int32)
    return texts.take(order), place[codes]


def _encode_used(entries: pa.Array, indices: np.ndarray) -> tuple[pa.Array, np.ndarray]:
    """The different entries that rows have, and each row's among them: a dictionary that was given
    may hold idle and double ones.
    """
    used = np.zeros(len(entries), bool)
    used[indices] = True
    different = pc.unique(entries.filter(pa.array(used)))
    found = pc.fill_null(pc.index_in(entries, value_set=different), -1)
    return different, found.to_numpy(zero_copy_only=False)[indices]


def _encode_numbers(values: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """The different numbers and each row's among them; by a table where they lie close together,
    which hashes none.
    """
    # narrow types could not hold the differences
    numbers = (
        values.to_numpy() if values.type.bit_width == 64 else values.cast(pa.int64()).to_numpy()
    )
    low = numbers.min()
    width = int(numbers.max()) - int(low) + 1
    if width > 4 * len(numbers) + (1 << 16):
        seen = values.dictionary_encode()
        return seen.dictionary, seen.indices.to_numpy(zero_copy_only=False)
    shifted = numbers - low
    there = np.zeros(width, bool)
    there[shifted] = True
    different = np.flatnonzero(there)
    place = np.empty(width, np.int32)
    place[different] = np.arange(len(different), dtype=np.int32)
    return pa.array(different.astype(numbers.dtype) + low), place[shifted]


def rename_columns(table: TableLike, names: Mapping[str, str]) -> dict[str, Column]:
    """A table's columns by our names.

    names: ours to the table's. Raises UsageError if one is not there.
    """
    columns = _table_columns(table)
    unknown = [n for n in names.values() if n not in columns]
    if unknown:
        raise UsageError(
            f"the table has no column {printable(str(unknown[0]), 60)!r}",
            fix=_list_columns(columns),
        )
    return {ours: columns[theirs] for ours, theirs in names.items()}


def _list_columns(columns: Mapping[str, Column]) -> str:
    """Which columns a table has, for people."""
    return f"It has: {', '.join(printable(str(c), 40) for c in list(columns)[:20])}."


def _table_columns(table: TableLike) -> dict[str, Column]:
    if isinstance(table, (pa.Table, pa.RecordBatch)):
        return {n: table.column(n) for n in table.schema.names}
    if isinstance(table, Mapping):
        return dict(table)
    if isinstance(table, Sequence) and table and all(isinstance(row, Mapping) for row in table):
        return _table_columns(pa.Table.from_pylist(list(table)))
    if isinstance(table, Sequence):
        if len(table) == 3 and not isinstance(table, (str, bytes)):
            return dict(zip(("account", "object", "time"), table, strict=True))
    elif hasattr(table, "__arrow_c_stream__") and not hasattr(table, "iloc"):
        return _table_columns(pa.table(table))  # polars, DuckDB and others
    elif hasattr(table, "columns") and hasattr(table, "__getitem__"):
        return {str(c): table[c] for c in table.columns}
    raise UsageError(
        "this is no table",
        fix="Give a record, an Arrow table, a data frame or (account, object, time).",
    )


def _as_array(values: Column) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        return values.combine_chunks()
    if isinstance(values, pa.Array):
        return values
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):  # numbers and texts side by side
        return pa.array([None if v is None or v != v else str(v) for v in values], pa.string())


def _as_texts(values: Column) -> pa.Array:
    return _as_ids(values).cast(pa.string())


#: Whole numbers beyond this are rounded by a float.
_MAX_EXACT_FLOAT: Final = 1 << 53


def _as_ids(values: Column, column: str = "") -> pa.Array:
    """Whole numbers as they are, all else as texts.

    Raises UsageError for ids that lost digits as floats.
    """
    array = _as_array(values)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_floating(array.type):
        numbers = array.to_numpy(zero_copy_only=False).astype(float)
        finite = np.isfinite(numbers)
        if (np.abs(numbers[finite]) >= _MAX_EXACT_FLOAT).any():
            raise UsageError(
                f"the column {column or 'of ids'} holds numbers of 16 digits and more as floats",
                why="Their last digits are gone, so that one account would be taken for another.",
                fix="Read the column as text, such as with dtype=str.",
            )
        whole = bool((numbers[finite] == np.floor(numbers[finite])).all())
        array = pa.array(
            np.where(finite, numbers, 0).astype(np.int64) if whole else numbers, mask=~finite
        )
    return array if pa.types.is_integer(array.type) else array.cast(pa.string())
