"""A trace from a bare table of (account, object, time), whatever holds it.

Arrow, data frames, mappings, tuples.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol, TypeAlias

import numpy as np
import pyarrow as pa

from birdfall.measures.coordination.timestamps import parse_times
from birdfall.measures.coordination.traces import Trace, trace_from_codes
from birdfall.measures.coordination.value_codes import encode_values
from birdfall.model.errors import UsageError, printable
from birdfall.model.findings import Note

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


def trace_from_table(
    table: TableLike, *, name: str = "acts", time_unit: str | None = None
) -> tuple[Trace, list[Note]]:
    """A trace from an Arrow table, a mapping of columns, a data frame or a tuple (account, object,
    time).

    Columns account, object, time and optionally language, text, content (the act's own id). Times:
    as `timestamps` reads them. Returns the trace and notes on the reading (rows with an empty
    field, times guessed from their form). Raises UsageError if a column is missing or cannot be
    read.
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
