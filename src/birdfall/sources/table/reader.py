"""Any table: CSV, TSV, JSON Lines or Parquet through a mapping that is given, known from the columns, or guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as Dict
from contextlib import contextmanager
from pathlib import Path

from birdfall.model.errors import UsageError, printable
from birdfall.model.progress import Progress, silent
from birdfall.model.schemas import Part, Rows
from birdfall.sources.shared import json_array as elements
from birdfall.sources.shared import timestamps as times
from birdfall.sources.shared.open import head
from birdfall.sources.shared.protocol import Options
from birdfall.sources.shared.rejections import Rejections
from birdfall.sources.table.guess_columns import guess, known
from birdfall.sources.table.mapping import Mapping
from birdfall.sources.table.rows import Emitter
from birdfall.sources.table.sql_plan import Plan, Query, joined, literal, plan, quoted
from birdfall.sources.table.tabular import PARQUET, Tabular, tabular

NAME = "table"

#: Three numbers of which the first is no year: the only dates whose day and month can be confused.
_NUMBERED = re.compile(r"(?<!\d)[\d٠-٩۰-۹]{1,2}[-/.][\d٠-٩۰-۹]{1,2}[-/.][\d٠-٩۰-۹]{2}")


def sniff(path: Path, head: bytes) -> float:
    """Sure of Parquet, fairly sure of lines of objects and of text with a delimiter."""
    kind = kind_of(head)
    return {"parquet": 0.9, "json": 0.3, "csv": 0.2}[kind] if kind else 0.0


def kind_of(head: bytes) -> str | None:
    """ "parquet", "json" or "csv" by the first bytes; None for an empty file."""
    if not head:
        return None
    if head.startswith(PARQUET):
        return "parquet"
    return "json" if elements.is_json(head) else "csv"


def read(path: Path, options: Options, progress: Progress) -> Iterator[Rows | Part]:
    """The rows of one table. Raises UsageError when no mapping fits or a time zone or day order must be asked."""
    with opened(path, options, progress) as (table, mapping):
        yield from rows_of(table, mapping, options, progress)


def rows_of(
    table: Tabular, mapping: Mapping, options: Options, progress: Progress = silent
) -> Iterator[Rows]:
    """The rows that an opened table becomes by `mapping`. Raises as `read`."""
    table = table.reading(mapping.used)
    source = options.source_of(table.path)
    rejections = Rejections(source)
    query = Query(table.types, mapping.used)
    plans = plans_of(table, mapping, options, query)
    emitters = [Emitter(p, source, rejections, str(table.path)) for p in plans]
    done = 0
    for batch, lines in table.answers(query, rejections):
        checked: set[str] = set()
        for emitter in emitters:
            yield from emitter.rows(batch, lines, checked)
        yield from rejections.rows(at_least=1 << 12)
        done += len(lines)
        progress("read", done, table.rows_expected(done), "rows")
    for emitter in emitters:
        yield from emitter.rest()
    yield from rejections.rows()


@contextmanager
def opened(
    path: Path, options: Options, progress: Progress = silent
) -> Iterator[tuple[Tabular, Mapping]]:
    """The table and how its columns become rows."""
    kind = kind_of(head(path)) or "csv"
    with tabular(
        path, kind, allow_large=options.allow_large, staging=options.staging, progress=progress
    ) as table:
        yield table, mapping_for(table.types, options, str(path))


def mapping_for(types: Dict[str, str], options: Options, where: str) -> Mapping:
    """The mapping given, else the one known for these columns, else the guess. Raises UsageError without any."""
    mapping = options.mapping or known(types) or guess(types)
    if mapping is None:
        raise UsageError(
            f"the columns {', '.join(printable(c, 40) for c in list(types)[:20])} do not say what they are",
            where=where,
            fix="Write a mapping (docs/methods/sources.md) and give it with --mapping FILE.",
        )
    return mapping


def plans_of(table: Tabular, mapping: Mapping, options: Options, query: Query) -> list[Plan]:
    """One plan per emit, their expressions in `query`, with the day order of each time column settled over the whole column where it is needed."""
    zone = times.zone(options.time_zone or mapping.time_zone)
    date_format = options.date_format or mapping.date_format
    missing = mapping.used - set(table.types)
    sample = table.sample(sorted(mapping.used - missing))
    orders = {} if date_format else _orders(table, mapping, sample)
    return [
        plan(
            emit,
            query,
            table.types,
            sample,
            orders,
            zone=zone,
            date_format=date_format,
            file=str(table.path),
        )
        for emit in mapping.emits
    ]


def _orders(
    table: Tabular, mapping: Mapping, sample: list[dict[str, str | None]]
) -> dict[str, times.Order | None]:
    orders: dict[str, times.Order | None] = {}
    moments = {
        names
        for emit in mapping.emits
        for c, names in emit.columns.items()
        if c in ("time", "since", "until", "after", "created_at", "observed_at", "from", "to")
    }
    for names in sorted(moments):
        if any(n not in table.types or table.types[n] != "VARCHAR" for n in names):
            continue
        ambiguous = settled = None
        texts = [t for row in sample if _NUMBERED.search(t := joined(row, names))]
        settled = times.settled_order(texts)
        if settled is None:
            ambiguous = next((t for t in texts if _is_ambiguous(t)), None)
        if ambiguous is not None:
            # No row of the sample settles it: the whole column is asked.
            text = " || ' ' || ".join(f"coalesce({quoted(n)}, '')" for n in names)
            form = literal(
                r"^\D*(1[3-9]|2\d|3[01])[-/.]\d{1,2}[-/.]\d{2}|^\D*\d{1,2}[-/.](1[3-9]|2\d|3[01])[-/.]\d{2}"
            )
            query = Query(table.types, names)
            query.answer(f"CASE WHEN regexp_matches({text}, {form}) THEN {text} END")
            proofs = (
                t
                for batch, _ in table.answers(query, Rejections(""))
                for t in batch.column(0).drop_null().to_pylist()
            )
            settled = times.settled_order(proofs)
            if settled is None:
                raise times.needs_order(str(table.path), " + ".join(names), ambiguous)
        for name in names:
            orders[name] = settled
    return orders


def _is_ambiguous(text: str) -> bool:
    try:
        times.Reading(times.zone("UTC")).microseconds(text)
    except times.NeedsOrder:
        return True
    except ValueError:
        return False
    return False
