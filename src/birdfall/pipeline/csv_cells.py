"""CSV that no spreadsheet takes for formulas and no terminal for commands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from birdfall.pipeline.text_bytes import bytes_of, iso_times

#: Characters that repaint a terminal or turn the reading order around; tabs and line ends are left,
#: a CSV holds them.
REPAINTING: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)
#: What a text begins with that a spreadsheet takes for a formula.
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
#: Texts that `safe_cell` changes, as Arrow's patterns (RE2) have it.
UNSAFE_PATTERN: Final = (
    r"^[=+\-@\t\r\n]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{80}-\x{9f}"
    r"\x{200e}\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}]"
)
#: The bytes in which such texts begin and characters of `REPAINTING` stand: those of one byte, the
#: first of those of several, and which second byte follows it.
_FORMULA_BYTES: Final = np.frombuffer("".join(FORMULA_STARTS).encode(), np.uint8)
_CONTROL: Final = np.zeros(256, np.bool_)
_BEGINS_REPAINTING: Final = np.zeros(256, np.bool_)
_REPAINTING_SECOND: Final = np.zeros((256, 256), np.bool_)
for _code in (*range(0x2070), 0x7F):
    _bytes = chr(_code).encode()
    if REPAINTING.match(chr(_code)) is None:
        continue
    if len(_bytes) == 1:
        _CONTROL[_code] = True
    else:
        _BEGINS_REPAINTING[_bytes[0]] = True
        _REPAINTING_SECOND[_bytes[0], _bytes[1]] = True
_HEADER: Final = pcsv.WriteOptions(include_header=True, quoting_style="needed")
_ROWS: Final = pcsv.WriteOptions(include_header=False, quoting_style="needed")


def safe_cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula and no terminal for a command.

    Text that begins like a formula is given a leading apostrophe; control characters and overrides
    of the writing direction are written out, as `\\x1b`. Parquet and SQLite keep every text as it
    was.
    """
    if not isinstance(value, str):
        return value
    shown = REPAINTING.sub(lambda found: f"\\x{ord(found[0]):02x}", value)
    return "'" + shown if shown.startswith(FORMULA_STARTS) else shown


def _may_be_unsafe(texts: pa.StringArray) -> bool:
    """Whether `safe_cell` may change some of these texts, by a look at all their bytes at once."""
    signs, begins = bytes_of(texts)
    if np.isin(signs[begins], _FORMULA_BYTES).any() or _CONTROL[signs].any():
        return True
    # of what has several bytes, only what begins like a control character or an override does
    begin = np.flatnonzero(_BEGINS_REPAINTING[signs])
    return bool(_REPAINTING_SECOND[signs[begin], signs[begin + 1]].any())


def _in_one(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def write_csv(path: Path, table: pa.Table) -> None:
    """Write one table as CSV."""
    write_csv_batches(path, table.schema, [table])


def write_csv_batches(path: Path, schema: pa.Schema, batches: Iterable[pa.Table]) -> None:
    """Write a table that comes in batches as CSV."""
    with path.open("wb") as file:
        header = {name: pa.array([], pa.string()) for name in schema.names}
        pcsv.write_csv(pa.table(header), file, _HEADER)
        for batch in batches:
            cells = [_cells(column) for column in batch.columns]
            pcsv.write_csv(pa.table(cells, names=schema.names), file, _ROWS)


def plain_value(value: Any) -> Any:
    """A value CSV and SQLite can hold: times in ISO 8601 with their zone, lists as JSON, true and
    false as 1 and 0.
    """
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value


def _iso_times(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """Times as `plain_value` writes them, all at once."""
    zone = "+00:00" if column.type.tz else ""
    whole = iso_times(_in_one(column), zone)
    if whole is not None:
        return whole
    plain = column.cast(pa.timestamp("us")).cast(pa.string())
    days = pc.utf8_slice_codeunits(plain, 0, 10)
    # whole seconds without their zeros
    clocks = pc.replace_substring_regex(pc.utf8_slice_codeunits(plain, 11), r"\.000000$", "")
    return pc.binary_join_element_wise(days, pc.binary_join_element_wise(clocks, zone, ""), "T")


def _cells(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """A column as a CSV shows it: numbers as they are, true and false as 1 and 0, all else as safe
    text.
    """
    kind = column.type
    if pa.types.is_boolean(kind):
        return column.cast(pa.int8())
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind):
        return column
    if not pa.types.is_string(kind):
        if kind in (pa.timestamp("us"), pa.timestamp("us", "UTC")):
            return _iso_times(column)
        return pa.array([safe_cell(plain_value(v)) for v in column.to_pylist()], pa.string())
    texts = _in_one(column)
    if not _may_be_unsafe(texts):
        return texts
    risky = pc.fill_null(pc.match_substring_regex(texts, UNSAFE_PATTERN), False)
    safe = pa.array([safe_cell(v) for v in texts.filter(risky).to_pylist()], pa.string())
    return pc.replace_with_mask(texts, risky, safe)
