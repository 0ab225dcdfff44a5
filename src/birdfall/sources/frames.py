"""Tables in memory as files that the readers know: pandas, Polars, Arrow, DuckDB, mappings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from birdfall.model.errors import UsageError


def is_table(data: object) -> bool:
    """Whether `data` is a table in memory, by the Arrow interface or as columns by name."""
    return hasattr(data, "__arrow_c_stream__") or isinstance(data, Mapping) or _are_rows(data)


def column_names(data: Any) -> list[str]:
    """The names of the columns of a table in memory."""
    if _are_rows(data):
        return list(dict.fromkeys(str(name) for row in data for name in row))
    if isinstance(data, Mapping):
        return [str(name) for name in data]
    names = data.column_names if hasattr(data, "column_names") else getattr(data, "columns", ())
    return [str(name) for name in names]


def _are_rows(data: object) -> bool:
    """Whether `data` is a list of rows, each a mapping."""
    return isinstance(data, list) and bool(data) and all(isinstance(r, Mapping) for r in data)


def _as_arrow(data: Any) -> pa.Table:
    """A table in memory as Arrow; columns of several types side by side as texts."""
    if _are_rows(data):
        # of all rows: the first may lack columns
        names = list(dict.fromkeys(name for row in data for name in row))
        data = {name: [row.get(name) for row in data] for name in names}
    if isinstance(data, Mapping):
        return pa.table({str(name): _as_column(values) for name, values in data.items()})
    try:
        return pa.table(data)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        if not hasattr(data, "iloc"):
            raise
        return pa.table({str(name): _as_column(data[name]) for name in data.columns})


def _as_column(values: Any) -> Any:
    try:
        return values if isinstance(values, (pa.Array, pa.ChunkedArray)) else pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if v is None or v != v else str(v) for v in values], pa.string())


def write_table(data: Any, path: Path) -> None:
    """Write a table in memory as Parquet, to be read as any file is.

    Raises UsageError for what is none.
    """
    if not is_table(data):
        raise UsageError(
            f"a {type(data).__name__} is neither a path nor a table",
            fix="Give the path of a file, or a table of pandas, Polars, Arrow or DuckDB.",
        )
    try:
        pq.write_table(_as_arrow(data), path)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise UsageError(
            "this table cannot be read", why=str(error)[:200], fix="Give columns of one type each."
        ) from error
