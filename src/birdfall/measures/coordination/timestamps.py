"""The times of a bare table as microseconds: time stamps, numbers of some unit, or texts in any
form that files may have.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.model.errors import UsageError, printable
from birdfall.model.findings import Note
from birdfall.sources.shared import timestamps
from birdfall.sources.table import arrow_columns

_UNIT_US: Final = {"s": 1_000_000, "ms": 1000, "us": 1}
#: From 2001 to 2099 in seconds since 1970: a whole column within is seconds, as one a thousand
#: times larger is milliseconds.
_PLAUSIBLE_SECONDS: Final = (978_307_200, 4_102_444_800)
#: Whole numbers below are less than a day of microseconds: seconds, most likely, of a clock of
#: their own.
_MAX_CLOCK_US: Final = 1 << 36
_MAX_TIME_US: Final = float(1 << 62)


def parse_times(column: pa.Array, unit: str | None = None) -> tuple[pa.Array, list[Note]]:
    """Microseconds since 1970 (int64, null where there is no time), and what a reader must know of
    how they were read.

    Numbers are in `unit` ("s", "ms", "us"). Without it a column that lies between 2001 and 2099 in
    seconds, milliseconds, microseconds or nanoseconds is taken for that; other whole numbers are
    microseconds, other fractions seconds. Texts are read as in files; those without a zone are
    taken as UTC, as time stamps without one are. Raises UsageError if they cannot be read.
    """
    if unit is not None and unit not in _UNIT_US:
        raise UsageError(f"there is no time unit {unit!r}", fix='Use "s", "ms" or "us".')
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        zone = getattr(kind, "tz", None)
        return column.cast(pa.timestamp("us", tz=zone), safe=False).cast(pa.int64()), []
    if pa.types.is_null(kind):
        return column.cast(pa.int64()), []
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _times_from_numbers(column, unit)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _times_from_texts(column.cast(pa.string()), unit)
    raise UsageError(
        f"times of type {kind} cannot be read", fix="Give time stamps, numbers or texts."
    )


def _times_from_numbers(column: pa.Array, unit: str | None) -> tuple[pa.Array, list[Note]]:
    whole = pa.types.is_integer(column.type)
    numbers = (
        None if whole else column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    )
    known = None if numbers is None else np.isfinite(numbers)
    if numbers is None or known is None:
        ends = pc.min_max(column).as_py()
        low, high = (ends["min"], ends["max"])
    else:
        low, high = (
            (float(numbers[known].min()), float(numbers[known].max()))
            if known.any()
            else (None, None)
        )
    if low is None or high is None:
        return pa.nulls(len(column), pa.int64()), []
    notes: list[Note] = []
    factor = _unit_by_size(low, high)
    if unit is not None:
        factor = _UNIT_US[unit]
    elif factor is None:
        factor = 1 if whole else _UNIT_US["s"]
        if whole and high < _MAX_CLOCK_US:
            notes.append(Note("times-look-like-seconds", {"last": int(high)}))
    elif factor != 1 and (whole or factor != _UNIT_US["s"]):
        named = next((name for name, size in _UNIT_US.items() if size == factor), "ns")
        notes.append(Note("times-told-by-size", {"unit": named}))
    if max(-low, high) * factor >= _MAX_TIME_US:
        raise UsageError(
            f"times such as {high:g} lie beyond all calendars",
            fix='Say their unit: time_unit="s", "ms" or "us".',
        )
    if numbers is not None and known is not None:
        return pa.array(
            np.where(known, np.round(numbers * factor), 0).astype(np.int64), mask=~known
        ), notes
    column = column.cast(pa.int64())
    if factor == 1:
        return column, notes
    return (pc.divide(column, 1000) if factor < 1 else pc.multiply(column, int(factor))), notes


def _unit_by_size(low: float, high: float) -> float | None:
    """Microseconds of one unit, if there is a unit by which all times are of this century."""
    for factor in (_UNIT_US["s"], _UNIT_US["ms"], 1, 0.001):
        if (
            _PLAUSIBLE_SECONDS[0] * 1e6 <= low * factor
            and high * factor < _PLAUSIBLE_SECONDS[1] * 1e6
        ):
            return factor
    return None


def _times_from_texts(column: pa.Array, unit: str | None) -> tuple[pa.Array, list[Note]]:
    """Each different text once, by the rules of files."""
    coded = column.dictionary_encode()
    texts = coded.dictionary
    numbers = pc.match_substring_regex(texts, r"^\s*[+-]?\d+(\.\d*)?\s*$")
    if unit is not None and len(texts) and pc.all(numbers).as_py():
        found, notes = _times_from_numbers(pc.utf8_trim_whitespace(texts).cast(pa.float64()), unit)
        return found.take(coded.indices), notes
    for zone in (None, timestamps.find_zone("UTC")):
        read = arrow_columns.time_reader(timestamps.TimeReader(zone))
        found = read(texts) if read is not None and len(texts) else None
        if found is not None:
            notes = [] if zone is None else [Note("times-without-zone", {})]
            return found.cast(pa.int64()).take(coded.indices), notes
    order = timestamps.majority_day_order(texts.to_pylist())
    reading, in_utc = (
        timestamps.TimeReader(None, None, order),
        timestamps.TimeReader(timestamps.find_zone("UTC"), None, order),
    )
    values: list[Any] = []
    zoneless, refused = 0, []
    for text in texts.to_pylist():
        try:
            try:
                values.append(reading.microseconds(text))
            except timestamps.NeedsZone:
                values.append(in_utc.microseconds(text))
                zoneless += 1
        except timestamps.NeedsDayOrder as error:
            raise UsageError(
                f'"{printable(text, 60)}" fits two dates, and no date of this column settles which',
                fix="Make time stamps of them first, such as with "
                "pandas.to_datetime(..., dayfirst=True).",
            ) from error
        except timestamps.NotATime:
            values.append(None)
            refused.append(text)
    if refused and len(refused) == len(texts):
        raise UsageError(
            f'"{printable(refused[0], 60)}" is not a time in any form known',
            fix="Give time stamps, numbers or ISO 8601.",
        )
    notes = [Note("times-without-zone", {})] if zoneless else []
    return pa.array(values, pa.int64()).take(coded.indices), notes
