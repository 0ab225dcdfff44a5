"""Rows gathered one by one, as Arrow batches of the record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from birdfall.model.schemas import TABLES, TIME


def build_batch(
    table: str, names: Sequence[str], rows: Sequence[tuple[Any, ...]], source: str
) -> pa.RecordBatch:
    """`rows` of (one value per name, line) as rows of `table`. Times are int microseconds or None. rows: not empty."""
    columns = list(zip(*rows, strict=True))
    schema = TABLES[table]
    arrays, fields = [], []
    for name, values in zip((*names, "line"), columns, strict=True):
        field = schema.field(name)
        if field.type == TIME:
            arrays.append(pa.array(values, pa.int64()).cast(TIME))
        else:
            arrays.append(
                text_array(values) if field.type == pa.string() else pa.array(values, field.type)
            )
        fields.append(field)
    arrays.append(pa.repeat(pa.scalar(source), len(rows)))
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema([*fields, schema.field("source")]))


def text_array(values: Sequence[str | None]) -> pa.Array:
    """Text as Arrow; half characters that JSON can carry (lone surrogates) become question marks."""
    try:
        return pa.array(values, pa.string())
    except (UnicodeEncodeError, pa.ArrowException):
        return pa.array(
            [None if v is None else v.encode("utf-8", "replace").decode("utf-8") for v in values],
            pa.string(),
        )
