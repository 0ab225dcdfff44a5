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
    return hasattr(data, "__arrow_c_stream__") or isinstance(data, Mapping)


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
        table = pa.table(dict(data)) if isinstance(data, Mapping) else pa.table(data)
        pq.write_table(table, path)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise UsageError(
            "this table cannot be read", why=str(error)[:200], fix="Give columns of one type each."
        ) from error
