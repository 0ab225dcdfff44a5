"""From a mapping to SQL that reads most cells at once, and plain Python for the cells that SQL could not read.

The query gives one row for each row of the file, in order: every value, and beside a value that did not parse the text
that stood there. Python then reads those texts with all the patience of `sources.times`, or says why they are refused.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa

from birdfall.model.errors import UsageError, Where
from birdfall.model.schemas import TABLES
from birdfall.sources.shared import timestamps
from birdfall.sources.table import arrow_columns
from birdfall.sources.table.mapping import KIND_WORDS, WORDS, Emit

#: Words with which a cell says that nothing stands in it.
NULL_WORDS: Final = ("", "null", "NULL", "None", "nan", "NaN", r"\N")
_ISO: Final = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?"
_ISO_ZONED: Final = _ISO + r"(?:Z|[+-]\d\d:\d\d)"
_ISO_LOCAL: Final = _ISO
_DAY: Final = r"\d{4}-\d\d-\d\d"
_WHOLE: Final = r"\d{9,19}"
_TWITTER: Final = "%a %b %d %H:%M:%S %z %Y"
#: Rows looked at for the forms of times that SQL is to read; the others are read by Python, more slowly.
_TIME_SAMPLE_ROWS: Final = 1_000
_SLASHED: Final = ("{0} %H:%M:%S", "{0} %H:%M", "{0}")


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of one emit: where it comes from and what it must be.

    answer, raw: columns of the query's answer with the value, and with the text where there is no value (None for texts).
    """

    column: str
    file_columns: tuple[str, ...]
    kind: str  # "time", "count", "flag", "word", "text"
    required: bool
    reading: timestamps.TimeReader
    words: tuple[str, ...]
    answer: str
    raw: str | None
    thousands: str | None = None

    @property
    def shown(self) -> str:
        """The file's column, as a rejection names it."""
        return " + ".join(self.file_columns)


@dataclass(frozen=True, slots=True)
class Plan:
    """One emit, ready to run. skip, until: columns of the query's answer (until None: the emit has none)."""

    emit: Emit
    cells: tuple[Cell, ...]
    skip: str
    until: str | None


class Query:
    """What all emits of a file ask of its rows: expressions in three layers, each over the one before (texts, values, answers).

    An expression that several emits need is computed once: a name belongs to an expression, not to an emit. A column of
    texts that is asked for as it stands is its own answer. shortcuts: answers that Arrow may find without SQL.
    """

    def __init__(self, types: Mapping[str, str], used: Iterable[str] | None = None) -> None:
        self.used = [c for c in types if used is None or c in set(used)]
        self._texts = {quote_name(c): c for c, kind in types.items() if kind == "VARCHAR"}
        # no column of the file begins so
        self._stem = "birdfall "
        while any(c.casefold().startswith(self._stem) for c in types):
            self._stem += "x"
        self._layers: tuple[dict[str, str], ...] = ({}, {}, {})
        self.plain: dict[str, None] = {}
        self.shortcuts: dict[str, Callable[[pa.RecordBatch], pa.Array | None]] = {}
        #: the answer that holds the text where a value is missing, per answer that has a shortcut
        self.raw: dict[str, str] = {}

    def text(self, expression: str) -> str:
        """The text of a column, as a name for SQL."""
        return (
            expression if expression in self._texts else quote_name(self._register(0, expression))
        )

    def value(self, expression: str) -> str:
        """A value made of texts, as a name for SQL."""
        return (
            expression if expression in self._texts else quote_name(self._register(1, expression))
        )

    def answer(self, expression: str) -> str:
        """A column of the answer, its bare name."""
        if expression in self._texts:
            self.plain[self._texts[expression]] = None
            return self._texts[expression]
        return self._register(2, expression)

    def use_arrow(
        self, answer: str, text: str, way: arrow_columns.ArrowReader | None, raw: str | None = None
    ) -> None:
        """`way` may find `answer` from the column `text`; then no text is left for the answer `raw`."""
        if way is None or text not in self._texts:
            return
        name = self._texts[text]
        self.shortcuts[answer] = lambda batch: way(batch.column(name))
        if raw is not None:
            self.raw[answer] = raw

    def _register(self, layer: int, expression: str) -> str:
        names = self._layers[layer]
        return names.setdefault(expression, f"{self._stem}{'tva'[layer]}{len(names)}")

    @property
    def answers(self) -> dict[str, str]:
        """Name and expression of every answer that is no plain column."""
        return {name: expression for expression, name in self._layers[2].items()}

    def sql(self, source: str, answers: Iterable[str]) -> str:
        """The query for some answers over `source`, whose texts must be without blanks and words for nothing."""
        for names in self._layers[:2]:
            if names:
                inner = ", ".join(
                    f"{expression} AS {quote_name(name)}" for expression, name in names.items()
                )
                source = f"(SELECT *, {inner} FROM {source})"
        wanted = self.answers
        asked = [
            f"{wanted[name]} AS {quote_name(name)}" if name in wanted else quote_name(name)
            for name in answers
        ]
        return f"SELECT {', '.join(asked)} FROM {source}"


def build_plan(
    emit: Emit,
    query: Query,
    types: Mapping[str, str],
    sample: Iterable[Mapping[str, str | None]],
    orders: Mapping[str, timestamps.Order | None],
    *,
    zone: ZoneInfo | None,
    date_format: str | None,
    file: str,
) -> Plan:
    """One emit, its expressions put into `query`. types: DuckDB types of the file's columns. orders: day order per column, where settled.

    Raises UsageError if the file lacks a column, or if its times need a zone that was not given.
    """
    missing = sorted(emit.used - set(types))
    if missing:
        raise UsageError(
            f"the mapping reads a column {missing[0]!r} that is not there",
            where=file,
            fix=f"The file has: {', '.join(list(types)[:40])}.",
        )
    rows = list(sample)
    cells = []
    schema = TABLES[emit.table]
    for column, names in emit.columns.items():
        field = schema.field(column)
        kind = "word" if column in WORDS else _kind(field.type)
        reading = timestamps.TimeReader(
            zone, date_format, next((orders[n] for n in names if orders.get(n)), None)
        )
        sign = _thousands([join_cells(row, names) for row in rows]) if kind == "count" else None
        cell = Cell(
            column, names, kind, not field.nullable, reading, WORDS.get(column, ()), "", None, sign
        )
        text = query.text(_join_texts(names, types))
        value = _value(cell, text, types, emit, rows, file)
        if kind == "text":
            cells.append(replace(cell, answer=query.answer(value)))
            query.use_arrow(cells[-1].answer, text, _shortcut(cell, emit))
            continue
        found = query.value(value)
        checked = _plausible(found) if kind == "time" else found
        raw = query.answer(f"CASE WHEN ({checked}) IS NULL THEN {text} END")
        cells.append(replace(cell, answer=query.answer(checked), raw=raw))
        query.use_arrow(cells[-1].answer, text, _shortcut(cell, emit), raw)
    until = query.answer(query.text(_text(emit.until, types))) if emit.until else None
    return Plan(emit, tuple(cells), _skip(emit, types, query), until)


def quote_name(name: str) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"


def _kind(type_: pa.DataType) -> str:
    if pa.types.is_timestamp(type_):
        return "time"
    if pa.types.is_integer(type_):
        return "count"
    return "flag" if pa.types.is_boolean(type_) else "text"


def _text(name: str, types: Mapping[str, str]) -> str:
    kind = types[name]
    column = quote_name(name)
    if kind in ("DOUBLE", "FLOAT"):
        # An id that passed through a spreadsheet or pandas: whole up to 2^53, beyond that its last digits are gone.
        whole = f"{column} = round({column}) AND abs({column}) < 9007199254740992"
        column = f"CASE WHEN isnan({column}) THEN NULL WHEN {whole} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) ELSE CAST({column} AS VARCHAR) END"
    elif kind != "VARCHAR":
        return f"CAST({column} AS VARCHAR)"
    if column != quote_name(name):
        return f"CASE WHEN {column} IN ({_LISTED}) THEN NULL ELSE {column} END"
    return column


_LISTED: Final = ", ".join(quote_text(n) for n in NULL_WORDS)


def trim_source(source: str, types: Mapping[str, str]) -> str:
    """`source` with no blanks around its texts, and nulls for words that say nothing.

    Looking for blanks first is far cheaper than trimming every cell; the length is known without a look at the text.
    """
    texts = [quote_name(name) for name, kind in types.items() if kind == "VARCHAR"]
    if not texts:
        return source
    longest = max(map(len, NULL_WORDS))
    trimmed = ", ".join(
        f"CASE WHEN prefix({t}, ' ') OR suffix({t}, ' ') THEN trim({t}) ELSE {t} END AS {t}"
        for t in texts
    )
    kept = ", ".join(
        f"CASE WHEN strlen({t}) <= {longest} AND {t} IN ({_LISTED}) THEN NULL ELSE {t} END AS {t}"
        for t in texts
    )
    return f"(SELECT * REPLACE ({kept}) FROM (SELECT * REPLACE ({trimmed}) FROM {source}))"


def _join_texts(names: tuple[str, ...], types: Mapping[str, str]) -> str:
    texts = [_text(n, types) for n in names]
    return texts[0] if len(texts) == 1 else "(" + " || ' ' || ".join(f"({t})" for t in texts) + ")"


def _value(
    cell: Cell,
    text: str,
    types: Mapping[str, str],
    emit: Emit,
    rows: list[Mapping[str, str | None]],
    file: str,
) -> str:
    if cell.kind == "time":
        return _time(cell, text, types, rows, file)
    if cell.kind == "count":
        number = f"TRY_CAST({text} AS BIGINT)"
        return f"CASE WHEN regexp_full_match({text}, '\\d+') THEN {number} END"
    if cell.kind == "flag":
        return (
            f"CASE lower({text}) "
            + " ".join(f"WHEN {quote_text(k)} THEN {v}" for k, v in _FLAGS.items())
            + " END"
        )
    chosen = emit.values.get(cell.column, {})
    if cell.kind == "word":
        cases = _cases(cell, emit)
        return (
            f"CASE lower({text}) "
            + " ".join(f"WHEN {quote_text(k)} THEN {quote_text(v)}" for k, v in cases.items())
            + " END"
        )
    if chosen:
        return (
            f"CASE {text} "
            + " ".join(f"WHEN {quote_text(k)} THEN {quote_text(v)}" for k, v in chosen.items())
            + f" ELSE {text} END"
        )
    return text


_FLAGS: Final = dict.fromkeys(("true", "1", "yes", "t"), True) | dict.fromkeys(
    ("false", "0", "no", "f"), False
)


def _cases(cell: Cell, emit: Emit) -> dict[str, str]:
    """The file's words, in small letters, to ours."""
    common = KIND_WORDS if cell.column == "kind" and emit.table == "acts" else {}
    cases = (
        common
        | {w: w for w in cell.words}
        | {k.casefold(): v for k, v in emit.values.get(cell.column, {}).items()}
    )
    return {k: v for k, v in cases.items() if v in cell.words}


def _shortcut(cell: Cell, emit: Emit) -> arrow_columns.ArrowReader | None:
    """How Arrow may find a cell's values; to be used on a column of texts only."""
    if cell.kind == "time":
        return arrow_columns.time_reader(cell.reading)
    if cell.kind == "count":
        return arrow_columns.read_counts
    if cell.kind == "flag":
        return arrow_columns.word_reader(_FLAGS, pa.bool_(), fold=True)
    if cell.kind == "word":
        return arrow_columns.word_reader(_cases(cell, emit), pa.string(), fold=True)
    chosen = emit.values.get(cell.column, {})
    return (
        arrow_columns.word_reader(chosen, pa.string(), fold=False, others_stay=True)
        if chosen
        else None
    )


def _time(
    cell: Cell, text: str, types: Mapping[str, str], rows: list[Mapping[str, str | None]], file: str
) -> str:
    zone = cell.reading.zone
    if len(cell.file_columns) == 1:
        name = cell.file_columns[0]
        kind, column = types[name], quote_name(name)
        if kind == "TIMESTAMP WITH TIME ZONE":
            return column
        if kind.startswith("TIMESTAMP") or kind == "DATE":
            if zone is None:
                shown = next((str(row[name]) for row in rows if row.get(name)), "")
                raise timestamps.zone_error(file, name, shown)
            return _moment(f"CAST({column} AS TIMESTAMP)", zone)
        if kind in ("DOUBLE", "FLOAT"):
            return f"CASE WHEN {column} BETWEEN 631152000 AND 4102444799 THEN {_stamp(f'round({column} * 1000000)')} END"
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
            cases.append(
                f"WHEN contains({text}, '/') THEN {_moment(f'try_strptime({text}, [{forms}])', zone)}"
            )
    if occurs(r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d [+]0000 \d{4}"):
        bare = quote_text(_TWITTER.replace("%z", "+0000"))
        cases.append(
            f"WHEN contains({text}, ' +0000 ') THEN timezone('UTC', try_strptime({text}, {bare}))"
        )
    return f"CASE {' '.join(cases)} END" if cases else "CAST(NULL AS TIMESTAMPTZ)"


def _moment(clock: str, zone: ZoneInfo) -> str:
    """The moment at which a clock in `zone` showed `clock`, a TIMESTAMP; of an hour that the clocks repeat, the first."""
    key = quote_text(zone.key)
    last = f"timezone({key}, {clock})"
    if zone.key == "UTC":
        return last
    earlier = " ".join(
        f"WHEN timezone({key}, {last} - INTERVAL {step} MINUTE) = {clock} THEN {last} - INTERVAL {step} MINUTE"
        for step in (30, 60, 120)
    )
    return f"CASE {earlier} ELSE {last} END"


def join_cells(row: Mapping[str, str | None], names: tuple[str, ...]) -> str:
    """The text of several columns of a sample row; empty if one is missing."""
    texts = [row.get(name) or "" for name in names]
    return " ".join(t.strip() for t in texts) if all(texts) else ""


def _sample_text(cell: Cell, rows: list[Mapping[str, str | None]]) -> str:
    return next((t for t in (join_cells(row, cell.file_columns) for row in rows) if t), "")


def _stamp(microseconds: str) -> str:
    return f"timezone('UTC', make_timestamp(CAST({microseconds} AS BIGINT)))"


def _plausible(value: str) -> str:
    return (
        f"CASE WHEN ({value}) >= TIMESTAMPTZ '{timestamps.EARLIEST.isoformat()}' "
        f"AND ({value}) < TIMESTAMPTZ '{timestamps.LATEST.isoformat()}' THEN ({value}) END"
    )


def _skip(emit: Emit, types: Mapping[str, str], query: Query) -> str:
    """The answer that says which rows the emit passes over."""
    conditions = [f"{query.text(_text(n, types))} IS NULL" for n in emit.skip_if_null]
    conditions += [f"{query.text(_text(n, types))} IS NOT NULL" for n in emit.skip_if_present]
    for name, words in emit.only_if.items():
        listed = ", ".join(quote_text(w.casefold()) for w in words)
        conditions.append(
            f"coalesce(lower({query.text(_text(name, types))}) NOT IN ({listed}), true)"
        )
    answer = query.answer(f"({' OR '.join(conditions) or 'false'})")
    if all(
        types[n] == "VARCHAR" for n in (*emit.skip_if_null, *emit.skip_if_present, *emit.only_if)
    ):
        query.shortcuts[answer] = partial(
            arrow_columns.skipped_rows,
            if_null=emit.skip_if_null,
            if_present=emit.skip_if_present,
            only_if=emit.only_if,
        )
    return answer


def read_cell(cell: Cell, text: str, file: str) -> Any:
    """The value of a text that SQL could not read. Raises ValueError with the reason, or UsageError if it must be asked."""
    if cell.kind == "time":
        try:
            return cell.reading.microseconds(text)
        except timestamps.NeedsZone:
            raise timestamps.zone_error(file, cell.shown, text) from None
        except timestamps.NeedsDayOrder:
            raise timestamps.day_order_error(file, cell.shown, text) from None
    if cell.kind == "count":
        return _count(timestamps.ascii_digits(text), cell.thousands)
    if cell.kind == "word":
        raise ValueError(f"no {cell.column} that Birdfall knows")
    raise ValueError("neither true nor false")


def _count(text: str, thousands: str | None) -> int:
    if thousands and re.fullmatch(rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+", text):
        text = text.replace(thousands, "")
    if re.fullmatch(r"\d+(?:\.0*)?", text):
        number = int(text.split(".")[0])
    elif re.fullmatch(r"\d{1,3}(?:([ ,.'\u00a0\u202f])\d{3})(?:\1\d{3})+|\d{1,3}[ ']\d{3}", text):
        number = int(re.sub(r"\D", "", text))
    elif re.fullmatch(r"-\d+(?:\.\d*)?", text):
        raise ValueError("a negative count")
    elif re.fullmatch(r"\d+(?:[.,]\d+)+", text):
        raise ValueError("not a whole number, or one whose sign may part thousands or decimals")
    else:
        raise ValueError("not a whole number")
    if number >= 1 << 63:
        raise ValueError("a number too large")
    return number


def _thousands(texts: Iterable[str]) -> str | None:
    """The sign that parts thousands in a column of counts: one that always stands before three digits; None if none does.

    A follower cannot be counted in parts, so 1.234 is a thousand and more, unless 12.5 in the same column shows that the
    sign parts decimals.
    """
    for sign in ".,":
        signed = [t for t in texts if sign in t]
        if signed and all(
            re.fullmatch(rf"\d{{1,3}}(?:{re.escape(sign)}\d{{3}})+", t) for t in signed
        ):
            return sign
    return None


def fix_of(cell: Cell, reason: str = "") -> str:
    """What a person can do about a refused cell."""
    if "digits are lost" in reason:
        return "Export the file again with this column as text; the digits cannot be had back."
    if reason == timestamps.DAY_NUMBER:
        return "Say --date-format excel, or format the column as a date and save the file again."
    if "bytes long" in reason or "NUL" in reason:
        return "Leave the row out, or mend the cell."
    return {
        "time": "Correct the time, or say its form with --date-format.",
        "count": "Write whole numbers from 0, such as 1234.",
        "word": f"Write a known word, or say with --mapping what this one means; known: {', '.join(cell.words)}.",
        "flag": "Write true or false.",
    }.get(cell.kind, "Fill the cell, or leave the row out.")


def time_array(values: list[int]) -> pa.Array:
    """Microseconds as the record's times."""
    return pa.array(values, pa.int64()).cast(pa.timestamp("us", tz="UTC"))


def where(file: str, cell: Cell) -> Where:
    return Where(file, column=cell.shown)


def end_of(start: int, text: str, zone: ZoneInfo | None) -> int | None:
    """When something that began at `start` and lasts `text` ends, in microseconds; None if it does not end.

    text: "24 hours", "6 months", "infinity", "indefinite" or an absolute time (UTC unless it says otherwise). Raises
    ValueError if it is none of these.
    """
    plain = text.strip().casefold()
    if plain in ("infinity", "infinite", "indefinite", "never", "permanent", ""):
        return None
    parts = re.findall(
        r"(\d+)\s*(second|sec|minute|min|hour|day|week|fortnight|month|year)s?", plain
    )
    if parts and not re.sub(
        r"(\d+)\s*(second|sec|minute|min|hour|day|week|fortnight|month|year)s?|[\s,]|and", "", plain
    ):
        moment = dt.datetime.fromtimestamp(start / 1e6, dt.UTC)
        for count, unit in parts:
            moment = _add_duration(moment, int(count), unit)
        return round(moment.timestamp() * 1e6)
    return timestamps.TimeReader(zone or ZoneInfo("UTC")).microseconds(text)


def _add_duration(moment: dt.datetime, count: int, unit: str) -> dt.datetime:
    seconds = {
        "second": 1,
        "sec": 1,
        "minute": 60,
        "min": 60,
        "hour": 3600,
        "day": 86400,
        "week": 604800,
        "fortnight": 1209600,
    }
    try:
        if unit in seconds:
            return moment + dt.timedelta(seconds=count * seconds[unit])
        months = moment.month - 1 + count * (12 if unit == "year" else 1)
        first = moment.replace(year=moment.year + months // 12, month=months % 12 + 1, day=1)
        # As MediaWiki (PHP) counts: a month after 31 January is 3 March, not 28 February.
        return first + dt.timedelta(days=moment.day - 1)
    except (OverflowError, ValueError) as error:
        raise ValueError("a duration beyond all calendars") from error
