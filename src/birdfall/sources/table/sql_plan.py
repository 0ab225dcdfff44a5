"""From a mapping to SQL that reads most cells at once, and Python for the cells it could not.

The query gives one row for each row of the file, in order: every value, and beside a value that did
not parse its text. Python then reads those texts (times by `shared.timestamps`) or says why they
are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

import pyarrow as pa

from birdfall.model.errors import UsageError
from birdfall.model.schemas import TABLES
from birdfall.sources.shared import timestamps
from birdfall.sources.shared.column_mapping import Emit
from birdfall.sources.table import arrow_columns, time_grain
from birdfall.sources.table.cells import Cell, join_cells, thousands_sign
from birdfall.sources.table.mapping import KIND_WORDS, STATUS_WORDS, WORDS
from birdfall.sources.table.sql_text import NULL_WORDS_SQL, quote_name, quote_text
from birdfall.sources.table.sql_times import plausible_sql, time_sql


@dataclass(frozen=True, slots=True)
class Plan:
    """One emit, ready to run.

    skip, until: columns of the query's answer (until None: the emit has none). known_handles: per
    record column of `emit.some_handles`, the handles that stand in it with @ or address, folded.
    ordered: begin and end of the rows, of which the end must not come first; end_text: the answer
    with the text of the end. coarse: the answer
    with the texts of times that may name no second; None: all name one, or `grain` seconds.
    """

    emit: Emit
    cells: tuple[Cell, ...]
    skip: str
    until: str | None
    reading: timestamps.TimeReader
    ordered: tuple[Cell, ...] = ()
    end_text: str | None = None
    coarse: str | None = None
    grain: int = 0
    known_handles: Mapping[str, frozenset[str]] = field(default_factory=dict)


class Query:
    """What all emits of a file ask of its rows.

    Expressions in three layers, each over the one before (texts, values, answers).

    An expression that several emits need is computed once: a name belongs to an expression, not to
    an emit. A column of texts that is asked for as it stands is its own answer. shortcuts: answers
    that Arrow may find without SQL.
    """

    def __init__(self, types: Mapping[str, str], used: Iterable[str] | None = None) -> None:
        self.used = [c for c in types if used is None or c in set(used)]
        self._texts = {quote_name(c): c for c, kind in types.items() if kind == "VARCHAR"}
        # no column of the file begins so
        self._stem = "birdfall "
        while any(c.casefold().startswith(self._stem) for c in types):
            self._stem += "x"
        self._layers: tuple[dict[str, str], ...] = ({}, {}, {})
        #: what reads the time that columns of the file tell together
        self.times: dict[tuple[str, ...], str] = {}
        self.plain: dict[str, None] = {}
        self.shortcuts: dict[str, Callable[[pa.RecordBatch], pa.Array | None]] = {}
        self.matches = arrow_columns.PatternMatches()
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
        """`way` may find `answer` from the column `text`; no text is then left for `raw`."""
        if way is None or text not in self._texts:
            return
        name = self._texts[text]
        self.shortcuts[answer] = lambda batch: way(batch.column(name))
        if raw is not None:
            self.raw[answer] = raw

    def look_in_texts(self, cell: Cell, emit: Emit) -> None:
        """Arrow may find what a pattern of the emit finds in the one column of a cell."""
        way, pattern = arrow_columns.found_in_rows, emit.find.get(cell.column, "")
        if not pattern and (begin := _BEHIND.fullmatch(emit.extract[cell.column])):
            way, pattern = arrow_columns.texts_behind, begin[1]
        if pattern and len(cell.file_columns) == 1:
            self.shortcuts[cell.answer] = partial(
                way, column=cell.file_columns[0], pattern=pattern, emit=emit, matches=self.matches
            )

    def _register(self, layer: int, expression: str) -> str:
        names = self._layers[layer]
        return names.setdefault(expression, f"{self._stem}{'tva'[layer]}{len(names)}")

    @property
    def answers(self) -> dict[str, str]:
        """Name and expression of every answer that is no plain column."""
        return {name: expression for expression, name in self._layers[2].items()}

    def sql(self, source: str, answers: Iterable[str]) -> str:
        """Query some answers over `source`, of texts without blanks or words for nothing."""
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
    """One emit, its expressions put into `query`.

    types: DuckDB types of the file's columns. orders: day order per column, where settled.

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
    conditions = _skip_conditions(emit, types, query)
    cells = []
    schema = TABLES[emit.table]

    def reading_of(names: tuple[str, ...]) -> timestamps.TimeReader:
        order = next((orders[n] for n in names if orders.get(n)), None)
        return timestamps.TimeReader(zone, date_format, order)

    def asked(cell: Cell) -> Cell:
        """The cell with its answers, which are put into the query."""
        text = query.text(_join_texts(cell.file_columns, types))
        if cell.kind == "time":  # the same columns are the time of most emits
            if cell.file_columns not in query.times:
                query.times[cell.file_columns] = time_sql(cell, text, types, rows, file)
            value = query.times[cell.file_columns]
        else:
            value = _value(cell, text, emit)
        if conditions and (cell.column in emit.find or cell.column in emit.extract):
            # looking through a text costs most of all: not in rows that are passed over
            value = f"CASE WHEN NOT ({' OR '.join(conditions)}) THEN {value} END"
        if cell.kind == "text":
            found = replace(cell, answer=query.answer(value))
            if cell.column in emit.extract or cell.column in emit.find:
                if all(types[n] == "VARCHAR" for n in (*cell.file_columns, *emit.conditions)):
                    query.look_in_texts(found, emit)
            else:
                query.use_arrow(found.answer, text, _shortcut(cell, emit))
            return found
        said = query.value(value)
        checked = plausible_sql(said) if cell.kind == "time" else said
        raw = query.answer(f"CASE WHEN ({checked}) IS NULL THEN {text} END")
        found = replace(cell, answer=query.answer(checked), raw=raw)
        query.use_arrow(found.answer, text, _shortcut(cell, emit), raw)
        return found

    for column, names in emit.columns.items():
        field = schema.field(column)
        kind = "word" if column in WORDS else _kind(field.type)
        sign = thousands_sign([join_cells(row, names) for row in rows]) if kind == "count" else None
        words = WORDS.get(column, ())
        required = not field.nullable
        reading = reading_of(names)
        cells.append(asked(Cell(column, names, kind, required, reading, words, "", None, sign)))
    ordered = tuple(
        asked(Cell("time", (name,), "time", False, reading_of((name,)), (), "", None))
        for name in emit.ordered
    )
    until = query.answer(query.text(_text(emit.until, types))) if emit.until else None
    coarse, grain = _coarse(emit, types, query, date_format)
    return Plan(
        emit,
        tuple(cells),
        _skip(emit, types, query, conditions),
        until,
        timestamps.TimeReader(zone, date_format),
        ordered,
        query.answer(query.text(_text(emit.ordered[1], types))) if ordered else None,
        coarse,
        grain,
    )


def _coarse(
    emit: Emit, types: Mapping[str, str], query: Query, date_format: str | None
) -> tuple[str | None, int]:
    """The answer with the times of an emit that may name no second, and how many seconds all of
    them leave open, if that is known.
    """
    names = emit.columns.get("time", ())
    changes = emit.table == "statuses" and emit.constants.get("observation") == "change"
    if not names or not (emit.table == "acts" or changes):
        return None, 0
    kinds = {types[n] for n in names}
    if kinds == {"DATE"}:
        return None, time_grain.grain_of("2024-01-31") or 0
    if kinds != {"VARCHAR"} or date_format == timestamps.EXCEL:
        return None, 0
    if date_format is not None:
        return None, time_grain.grain_of_format(date_format) or 0
    text = query.text(_join_texts(names, types))
    exact = quote_text(time_grain.EXACT_PATTERN)
    answer = query.answer(f"CASE WHEN NOT regexp_matches({text}, {exact}) THEN {text} END")
    query.use_arrow(answer, text, time_grain.coarse_texts)
    return answer, 0


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
        # An id that passed through a spreadsheet or pandas: whole up to 2^53, beyond that its last
        # digits are gone.
        whole = f"{column} = round({column}) AND abs({column}) < 9007199254740992"
        column = (
            f"CASE WHEN isnan({column}) THEN NULL "
            f"WHEN {whole} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) "
            f"ELSE CAST({column} AS VARCHAR) END"
        )
    elif kind != "VARCHAR":
        return f"CAST({column} AS VARCHAR)"
    if column != quote_name(name):
        return f"CASE WHEN {column} IN ({NULL_WORDS_SQL}) THEN NULL ELSE {column} END"
    return column


def _join_texts(names: tuple[str, ...], types: Mapping[str, str]) -> str:
    texts = [_text(n, types) for n in names]
    return texts[0] if len(texts) == 1 else "(" + " || ' ' || ".join(f"({t})" for t in texts) + ")"


def _value(cell: Cell, text: str, emit: Emit) -> str:
    if cell.kind == "count":
        number = f"TRY_CAST({text} AS BIGINT)"
        return f"CASE WHEN regexp_full_match({text}, '\\d+') THEN {number} END"
    if cell.kind == "flag":
        return (
            f"CASE lower({text}) "
            + " ".join(f"WHEN {quote_text(k)} THEN {v}" for k, v in _FLAGS.items())
            + " END"
        )
    if pattern := emit.find.get(cell.column):
        return f"regexp_extract_all({text}, {quote_text(pattern)}, {_group(pattern)})"
    if pattern := emit.extract.get(cell.column):
        found = f"regexp_extract({text}, {quote_text(pattern)}, {_group(pattern)})"
        if match := _BEHIND.fullmatch(pattern):  # the same, and far sooner told
            found = f"regexp_replace({text}, {quote_text(match[1])}, '')"
        text = f"nullif(trim({found}), '')"
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


#: A pattern that takes all that stands behind something.
_BEHIND: Final = re.compile(r"(\^.*)" + re.escape("((?s:.+))$"))


def _group(pattern: str) -> int:
    """Which group of a pattern holds the value: the first if it has one, else all of it."""
    return int(re.search(r"(?<!\\)\((?!\?)", pattern) is not None)


#: Words that say yes or no, in five languages; small letters.
YES_WORDS: Final = ("true", "1", "yes", "y", "t", "sí", "si", "oui", "vrai", "sim", "نعم", "1.0")
NO_WORDS: Final = ("false", "0", "no", "n", "f", "non", "faux", "não", "nao", "لا", "0.0")
_FLAGS: Final = dict.fromkeys(YES_WORDS, True) | dict.fromkeys(NO_WORDS, False)


def _cases(cell: Cell, emit: Emit) -> dict[str, str]:
    """The file's words, in small letters, to ours."""
    common = {"kind": KIND_WORDS, "status": STATUS_WORDS}.get(cell.column, {})
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


def _skip(emit: Emit, types: Mapping[str, str], query: Query, conditions: list[str]) -> str:
    """The answer that says which rows the emit passes over."""
    answer = query.answer(f"({' OR '.join(conditions) or 'false'})")
    if all(types[n] == "VARCHAR" for n in emit.conditions):
        query.shortcuts[answer] = partial(
            arrow_columns.skipped_rows, emit=emit, matches=query.matches
        )
    return answer


def _skip_conditions(emit: Emit, types: Mapping[str, str], query: Query) -> list[str]:
    """SQL of what each makes the emit pass over a row."""

    def text(name: str) -> str:
        return query.text(_text(name, types))

    def listed(words: Iterable[str]) -> str:
        return ", ".join(quote_text(w.casefold()) for w in words)

    conditions = [f"{text(n)} IS NULL" for n in emit.skip_if_null]
    conditions += [f"{text(n)} IS NOT NULL" for n in emit.skip_if_present]
    for name, words in emit.only_if.items():
        conditions.append(f"coalesce(lower({text(name)}), '') NOT IN ({listed(words)})")
    for name, words in emit.skip_if.items():
        conditions.append(f"coalesce(lower({text(name)}), '') IN ({listed(words)})")
    for name, pattern in emit.matching.items():
        found = f"regexp_matches({text(name)}, {quote_text(pattern)})"
        conditions.append(f"NOT coalesce({found}, false)")
    for name, pattern in emit.not_matching.items():
        conditions.append(f"coalesce(regexp_matches({text(name)}, {quote_text(pattern)}), false)")
    return conditions
