"""SQL that reads the times of a column, in the forms that its sample shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

from birdfall.sources.shared import timestamps
from birdfall.sources.table.cells import Cell, join_cells
from birdfall.sources.table.sql_text import quote_name, quote_text

_ISO: Final = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?"
#: Offsets that a place can have; others are left to Python, which says why they are none.
_ISO_ZONED: Final = _ISO + r"(?:Z|[+-](?:0\d|1[0-3]):\d\d|[+-]14:00)"
_ISO_LOCAL: Final = _ISO
_DAY: Final = r"\d{4}-\d\d-\d\d"
_WHOLE: Final = r"\d{9,19}"
_TWITTER: Final = "%a %b %d %H:%M:%S %z %Y"
#: Rows looked at for the forms of times that SQL is to read; the others are read by Python, more
#: slowly.
_TIME_SAMPLE_ROWS: Final = 1_000
_SLASHED: Final = ("{0} %H:%M:%S", "{0} %H:%M", "{0}")


def time_sql(
    cell: Cell, text: str, types: Mapping[str, str], rows: list[Mapping[str, str | None]], file: str
) -> str:
    zone = cell.reading.zone
    if len(cell.file_columns) == 1:
        name = cell.file_columns[0]
        kind, column = types[name], quote_name(name)
        if kind in ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"):  # older pandas has the finer
            return f"CAST({column} AS TIMESTAMPTZ)"
        if kind.startswith("TIMESTAMP") or kind == "DATE":
            if zone is None:
                shown = next((str(row[name]) for row in rows if row.get(name)), "")
                raise timestamps.zone_error(file, name, shown)
            return _moment(f"CAST({column} AS TIMESTAMP)", zone)
        if kind in ("DOUBLE", "FLOAT"):
            stamp = _stamp(f"round({column} * 1000000)")
            return f"CASE WHEN {column} BETWEEN 631152000 AND 4102444799 THEN {stamp} END"
    if cell.reading.format == timestamps.EXCEL:
        if zone is None:
            raise timestamps.zone_error(file, cell.shown, _sample_text(cell, rows))
        return "CAST(NULL AS TIMESTAMPTZ)"  # few are so written, and `times` reads them
    if cell.reading.format is not None:
        value = f"try_strptime({text}, {quote_text(cell.reading.format)})"
        if "%z" not in cell.reading.format.lower():
            if zone is None:
                raise timestamps.zone_error(file, cell.shown, _sample_text(cell, rows))
            value = _moment(value, zone)
        return f"CAST({value} AS TIMESTAMPTZ)"
    return _free_time(cell, text, rows)


def _free_time(cell: Cell, text: str, rows: list[Mapping[str, str | None]]) -> str:
    """SQL for the forms that occur in the sample; forms that do not occur are left to Python."""
    shown = [
        t for t in (join_cells(row, cell.file_columns) for row in rows[:_TIME_SAMPLE_ROWS]) if t
    ]
    zone = cell.reading.zone
    cases = []

    def occurs(pattern: str) -> bool:
        return any(re.fullmatch(pattern, t) for t in shown)

    if occurs(_ISO_ZONED):
        # Most files hold one form alone; LIKE knows it faster than a regular expression.
        cases.append(
            f"WHEN {text} LIKE '____-__-__T__:__:__Z' THEN TRY_CAST({text} AS TIMESTAMPTZ)"
        )
        cases.append(
            f"WHEN regexp_full_match({text}, '{_ISO_ZONED}') THEN TRY_CAST({text} AS TIMESTAMPTZ)"
        )
    if occurs(_WHOLE):
        number = f"TRY_CAST({text} AS BIGINT)"
        cases.append(
            f"WHEN regexp_full_match({text}, '\\d{{9,10}}') THEN {_stamp(f'{number} * 1000000')} "
            f"WHEN regexp_full_match({text}, '\\d{{12,13}}') THEN {_stamp(f'{number} * 1000')} "
            f"WHEN regexp_full_match({text}, '\\d{{15,16}}') THEN {_stamp(number)}"
        )
    if zone is not None:
        if occurs(_ISO_LOCAL) or occurs(_DAY):
            exact = f"{text} LIKE '____-__-__ __:__:__' OR {text} LIKE '____-__-__T__:__:__'"
            cases.append(f"WHEN {exact} THEN {_moment(f'TRY_CAST({text} AS TIMESTAMP)', zone)}")
            local = (
                f"regexp_full_match({text}, '{_ISO_LOCAL}') OR regexp_full_match({text}, '{_DAY}')"
            )
            cases.append(f"WHEN {local} THEN {_moment(f'TRY_CAST({text} AS TIMESTAMP)', zone)}")
        if cell.reading.order and occurs(r"\d{1,2}/\d{1,2}/\d{4}.*"):
            day = "%d/%m/%Y" if cell.reading.order == "dmy" else "%m/%d/%Y"
            forms = ", ".join(quote_text(f.format(day)) for f in _SLASHED)
            moment = _moment(f"try_strptime({text}, [{forms}])", zone)
            cases.append(f"WHEN contains({text}, '/') THEN {moment}")
    if occurs(r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d [+]0000 \d{4}"):
        bare = quote_text(_TWITTER.replace("%z", "+0000"))
        cases.append(
            f"WHEN contains({text}, ' +0000 ') THEN timezone('UTC', try_strptime({text}, {bare}))"
        )
    return f"CASE {' '.join(cases)} END" if cases else "CAST(NULL AS TIMESTAMPTZ)"


def _moment(clock: str, zone: ZoneInfo) -> str:
    """The moment at which a clock in `zone` showed `clock`, a TIMESTAMP.

    Of an hour that the clocks repeat, the first.
    """
    key = quote_text(zone.key)
    last = f"timezone({key}, {clock})"
    if zone.key == "UTC":
        return last
    earlier = " ".join(
        f"WHEN timezone({key}, {last} - INTERVAL {step} MINUTE) = {clock} "
        f"THEN {last} - INTERVAL {step} MINUTE"
        for step in (30, 60, 120)
    )
    return f"CASE {earlier} ELSE {last} END"


def _sample_text(cell: Cell, rows: list[Mapping[str, str | None]]) -> str:
    return next((t for t in (join_cells(row, cell.file_columns) for row in rows) if t), "")


def _stamp(microseconds: str) -> str:
    return f"timezone('UTC', make_timestamp(CAST({microseconds} AS BIGINT)))"


def plausible_sql(value: str) -> str:
    return (
        f"CASE WHEN ({value}) >= TIMESTAMPTZ '{timestamps.EARLIEST.isoformat()}' "
        f"AND ({value}) < TIMESTAMPTZ '{timestamps.LATEST.isoformat()}' THEN ({value}) END"
    )
