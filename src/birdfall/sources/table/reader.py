"""Any table (CSV, TSV, JSON Lines, Parquet) by a mapping: given, known, or guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from birdfall.model.errors import InputError, printable
from birdfall.model.progress import Progress, silent
from birdfall.model.schemas import Part, Rows
from birdfall.sources.shared import json_array, timestamps
from birdfall.sources.shared.column_mapping import ColumnMapping
from birdfall.sources.shared.open import read_head
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.rejections import Rejections
from birdfall.sources.shared.time_words import zone_taken
from birdfall.sources.table.cells import join_cells
from birdfall.sources.table.chosen_roles import MAX_PLATFORMS
from birdfall.sources.table.column_roles import columns_by_role
from birdfall.sources.table.guess_columns import (
    find_ready_mapping,
    guess_mapping,
    unknown_columns_error,
)
from birdfall.sources.table.handles import fold_handle, looks_like_handle
from birdfall.sources.table.rounded_ids import rounded_columns
from birdfall.sources.table.rows import Emitter
from birdfall.sources.table.sql_plan import Plan, Query, build_plan
from birdfall.sources.table.sql_text import quote_name, quote_text
from birdfall.sources.table.tabular import PARQUET, Tabular, open_table
from birdfall.sources.table.telling_rows import telling_rows

NAME = "table"
#: Rows by whose values columns are told apart.
GUESS_ROWS = 1_000

#: Three numbers of which the first is no year: the only dates whose day and month can be confused.
#: In any digits: Latin, Arabic-Indic or Persian.
_DIGIT = r"[\d\u0660-\u0669\u06F0-\u06F9]"
_NUMBERED = re.compile(rf"(?<!\d){_DIGIT}{{1,2}}[-/.]{_DIGIT}{{1,2}}[-/.]{_DIGIT}{{2}}")


def sniff(_path: Path, head: bytes) -> float:
    """Sure of Parquet, fairly sure of lines of objects and of text with a delimiter."""
    kind = table_kind(head)
    return {"parquet": 0.9, "json": 0.3, "csv": 0.2}[kind] if kind else 0.0


def table_kind(head: bytes) -> str | None:
    """ "parquet", "json" or "csv" by the first bytes; None for an empty file."""
    if not head:
        return None
    if head.startswith(PARQUET):
        return "parquet"
    return "json" if json_array.is_json(head) else "csv"


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """The rows of one table.

    Raises UsageError when no mapping fits or a time zone or day order must be asked.
    """
    with open_mapped_table(path, options, progress) as (table, mapping):
        yield from read_mapped_rows(table, mapping, options, progress)


def read_mapped_rows(
    table: Tabular, mapping: ColumnMapping, options: SourceOptions, progress: Progress = silent
) -> Iterator[Rows]:
    """The rows that an opened table becomes by `mapping`. Raises as `read`."""
    table = table.restrict_to(mapping.used)
    source = options.source_of(table.path)
    rejections = Rejections(source)
    query = Query(table.types, mapping.used)
    plans = [_with_handles(p, table) for p in build_plans(table, mapping, options, query)]
    emitters = [Emitter(p, source, rejections, str(table.path)) for p in plans]
    done = silent_rows = 0
    for batch, lines in table.run_query(query, rejections):
        checked: set[str] = set()
        for emitter in emitters:
            yield from emitter.rows(batch, lines, checked)
        silent_rows += int(np.logical_and.reduce([e.passed_over for e in emitters]).sum())
        yield from rejections.rows(at_least=1 << 12)
        done += len(lines)
        progress("read", done, table.estimate_rows(done), "rows")
    for emitter in emitters:
        yield from emitter.finish()
    if all(e.plan.emit.first_of for e in emitters):  # nothing else is made of the rows
        again = max((e.repeated for e in emitters), default=0)
        if again:
            rejections.add(None, None, again, "accounts that stand further up: counted once")
    if silent_rows:
        rejections.add(None, None, silent_rows, "rows that hold nothing of what is read here")
    yield from rejections.rows()


@contextmanager
def open_mapped_table(
    path: Path, options: SourceOptions, progress: Progress = silent
) -> Iterator[tuple[Tabular, ColumnMapping]]:
    """The table and how its columns become rows."""
    kind = table_kind(read_head(path)) or "csv"
    with open_table(
        path,
        kind,
        allow_large=options.allow_large,
        staging=options.staging,
        progress=progress,
        encoding=options.encoding,
        skip_lines=options.skip_lines,
    ) as table:
        yield table, choose_mapping(table, options, str(path))


def choose_mapping(table: Tabular, options: SourceOptions, where: str) -> ColumnMapping:
    """The mapping given, else the one known for these columns, else the guess.

    Raises UsageError without any.
    """
    types = table.types
    mapping = options.mapping
    if mapping is None and not options.columns:
        mapping = find_ready_mapping(types)
    rounded = [] if options.mapping else rounded_columns(list(types), table.sample(rows=GUESS_ROWS))
    if mapping is not None and mapping.used & set(rounded):
        raise rounded_ids_error(rounded, where)
    if mapping is None:
        mapping = guess_mapping(
            [name for name in types if name not in rounded],
            telling_rows(table),
            options.columns,
            options.constants,
            zoned=options.time_zone is not None,
            where=where,
        )
        if mapping is not None:
            mapping = _with_platforms(mapping, table, options)
    if mapping is None and rounded:
        raise rounded_ids_error(rounded, where)
    table.notes += [f"rounded-ids:{name}" for name in rounded]
    if mapping is not None:
        table.notes += [f"zone-letters:{told}" for told in _zones_taken(mapping, table)]
    if mapping is None:
        sample = table.sample(rows=GUESS_ROWS)
        raise unknown_columns_error(list(types), sample, where, options.columns, options.constants)
    return mapping


def _zones_taken(mapping: ColumnMapping, table: Tabular) -> list[str]:
    """What was taken for zones by letters that mean several, in the columns of times."""
    timed = {
        n
        for emit in mapping.emits
        for c in ("time", "since", "until", "after", "observed_at")
        for n in emit.columns.get(c, ())
        if table.types.get(n) == "VARCHAR"
    }
    first = table.sample(sorted(timed), GUESS_ROWS) if timed else []
    return sorted({t for row in first for v in row.values() if v and (t := zone_taken(v))})


def _with_platforms(
    mapping: ColumnMapping, table: Tabular, options: SourceOptions
) -> ColumnMapping:
    """The mapping, with accounts told apart by platform where one name stands on several: who is
    called so here and there may be two people.
    """
    roles = columns_by_role(table.types)
    listed = {e.columns["account"] for e in mapping.emits if "account" in e.columns}
    names = {n for c in listed for n in c} - set(roles.get("account_id", ()))
    platforms = [c for c in roles.get("platform", ()) if c not in options.columns.values()]
    if "account" in options.columns or len(listed) != 1 or len(names) != 1 or not platforms:
        return mapping
    (name,), platform = names, platforms[0]
    shown = {
        v.casefold() for row in table.sample([platform], GUESS_ROWS) if (v := row.get(platform))
    }
    if not 2 <= len(shown) <= MAX_PLATFORMS or not _stand_on_several(table, name, platform):
        return mapping
    table.notes.append(f"names-on-several-platforms:{name}")
    told = tuple(
        replace(e, columns=e.columns | {"account": (platform, name)}, some_handles=())
        if "account" in e.columns
        else e
        for e in mapping.emits
    )
    return replace(mapping, emits=told)


def _stand_on_several(table: Tabular, name: str, platform: str) -> bool:
    """Whether any account's name stands beside more than one platform, in all rows."""
    query = Query(table.types, (name, platform))
    query.answer(query.text(quote_name(name)))
    query.answer(query.text(quote_name(platform)))
    seen: dict[str, str] = {}
    for batch, _ in table.run_query(query, Rejections("")):
        pairs = pa.table({"name": batch.column(0), "platform": batch.column(1)})
        for row in pairs.group_by(["name", "platform"]).aggregate([]).drop_null().to_pylist():
            where = row["platform"].casefold()
            if seen.setdefault(fold_handle(row["name"]), where) != where:
                return True
    return False


def rounded_ids_error(columns: list[str], where: str) -> InputError:
    """Ids that a spreadsheet rounded, and nothing else names who or what is meant."""
    named = ", ".join(f'"{printable(c, 40)}"' for c in columns)
    return InputError(
        f"the ids in {named} were rounded by a spreadsheet: from the 16th digit on all are zeros",
        where=where,
        why="Different accounts or posts would be taken for one, or for somebody else's.",
        fix="Export the file again with this column as text; the digits cannot be had back.",
    )


def build_plans(
    table: Tabular, mapping: ColumnMapping, options: SourceOptions, query: Query
) -> list[Plan]:
    """One plan per emit, with its expressions in `query`.

    The day order of each time column is settled over the whole column where it is needed.
    """
    zone = timestamps.find_zone(options.time_zone or mapping.time_zone)
    date_format = options.date_format or mapping.date_format
    missing = mapping.used - set(table.types)
    sample = table.sample(sorted(mapping.used - missing))
    orders: dict[str, timestamps.Order | None] = {}
    if date_format == "dmy" or date_format == "mdy":
        order: timestamps.Order = "dmy" if date_format == "dmy" else "mdy"
        orders, date_format = dict.fromkeys(mapping.used, order), None
    elif not date_format:
        orders = _settle_day_orders(table, mapping, sample)
    return [
        build_plan(
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


def _with_handles(plan: Plan, table: Tabular) -> Plan:
    """The plan with the handles that stand, with @ or address, in columns that hold ids too."""
    known: dict[str, frozenset[str]] = {}
    for column in plan.emit.some_handles:
        (name,) = plan.emit.columns[column]
        query = Query(table.types, (name,))
        said = query.text(quote_name(name))
        query.answer(f"CASE WHEN contains({said}, '@') OR contains({said}, '://') THEN {said} END")
        found: set[str] = set()
        for batch, _ in table.run_query(query, Rejections("")):
            texts = batch.column(0).drop_null().unique().to_pylist()
            found.update(fold_handle(t) for t in texts if looks_like_handle(t))
        known[column] = frozenset(found)
    return replace(plan, known_handles=known) if known else plan


def _settle_day_orders(
    table: Tabular, mapping: ColumnMapping, sample: list[dict[str, str | None]]
) -> dict[str, timestamps.Order | None]:
    orders: dict[str, timestamps.Order | None] = {}
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
        texts = [t for row in sample if _NUMBERED.search(t := join_cells(row, names))]
        settled = timestamps.majority_day_order(texts)
        if settled is None:
            ambiguous = next((t for t in texts if _is_ambiguous(t)), None)
        if ambiguous is not None:
            # No row of the sample settles it: the whole column is asked.
            text = " || ' ' || ".join(f"coalesce({quote_name(n)}, '')" for n in names)
            form = quote_text(
                r"^\D*(1[3-9]|2\d|3[01])[-/.]\d{1,2}[-/.]\d{2}|^\D*\d{1,2}[-/.](1[3-9]|2\d|3[01])[-/.]\d{2}"
            )
            query = Query(table.types, names)
            query.answer(f"CASE WHEN regexp_matches({text}, {form}) THEN {text} END")
            proofs = (
                t
                for batch, _ in table.run_query(query, Rejections(""))
                for t in batch.column(0).drop_null().to_pylist()
            )
            settled = timestamps.majority_day_order(proofs)
            if settled is None:
                raise timestamps.day_order_error(str(table.path), " + ".join(names), ambiguous)
        for name in names:
            orders[name] = settled
    return orders


def _is_ambiguous(text: str) -> bool:
    try:
        timestamps.TimeReader(timestamps.find_zone("UTC")).microseconds(text)
    except timestamps.NeedsDayOrder:
        return True
    except ValueError:
        return False
    return False
