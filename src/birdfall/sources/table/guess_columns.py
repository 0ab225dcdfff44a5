"""What the columns of an unknown table probably are, by their names and by their first values.

Always shown, never hidden. What two columns could equally be is asked, not taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from birdfall.model.errors import UsageError, printable
from birdfall.model.questions import Question
from birdfall.sources.shared.column_mapping import ColumnMapping, Emit
from birdfall.sources.table.chosen_roles import choose_roles
from birdfall.sources.table.column_choice import (
    ROLES,
    Chosen,
    part_handles,
    say_utc,
    states_zone,
    time_columns,
)
from birdfall.sources.table.guess_emits import guess_emits
from birdfall.sources.table.handles import fold_handle, looks_like_handle
from birdfall.sources.table.listed_accounts import refuse_listed_accounts
from birdfall.sources.table.mapping import ready_mapping, ready_mapping_names

#: Columns of the record that hold times.
_TIMES: Final = ("time", "since", "until", "after", "created_at", "observed_at")


def find_ready_mapping(columns: Iterable[str]) -> ColumnMapping | None:
    """A mapping that comes with Birdfall whose columns are all there, the one that uses the most.

    None if none fits.
    """
    names = set(columns)
    fitting = [
        ready_mapping(n)
        for n in ready_mapping_names()
        if ready_mapping(n).used <= names and len(ready_mapping(n).used) >= 3
    ]
    return max(fitting, key=lambda m: (len(m.used), m.name), default=None)


def guess_mapping(
    columns: Iterable[str],
    sample: Sequence[Mapping[str, str | None]] = (),
    said: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
    *,
    zoned: bool = False,
    where: str = "",
) -> ColumnMapping | None:
    """A mapping by the names of columns and their first values; None if they say too little.

    Parameters
    ----------
    columns
        The names of the file's columns.
    sample
        Its first rows, as texts.
    said
        Role to column, where a person said it.
    constants
        Role to what is so in every row, where a person said it.
    zoned
        Whether the zone of times without one is known.
    where
        The file, for questions.

    Raises
    ------
    UsageError
        If what is missing is one thing that a person can say.
    """
    listed = list(columns)
    chosen = choose_roles(listed, sample, said or {}, where, zoned=zoned)
    guessed = guess_emits(chosen, dict(constants or {}), where)
    emits = tuple(part_handles(chosen, emit) for emit in guessed)
    emits = emits or tuple(_counts_beside(listed, chosen))
    if not emits:
        _refuse_days_across(listed, where)
        return None
    refuse_listed_accounts(chosen, emits, where)
    timed = {n for e in emits for c in _TIMES for n in e.columns.get(c, ())}
    zoneless = [n for n in timed if not states_zone(chosen, n)]
    return ColumnMapping(emits, "UTC" if say_utc(zoneless) else None, name="guessed")


def _refuse_days_across(columns: Sequence[str], where: str) -> None:
    """Raise UsageError if columns are called by days."""
    days = [c for c in columns if _DAY_NAME.fullmatch(c.strip())]
    if len(days) < 2:
        return
    raise UsageError(
        f'the columns are days, from "{days[0]}" to "{days[-1]}"',
        where=where,
        why="A row of Birdfall's tables tells one day, and what was so on it.",
        fix="Write one row for each account and day: account, day, and the count or status "
        "(in a spreadsheet: unpivot; in pandas: melt; in R: pivot_longer).",
    )


#: A day as the name of a column.
_DAY_NAME: Final = re.compile(
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2}))(?:[T ][\d:Z]+)?"
)


def _counts_beside(columns: Sequence[str], chosen: Chosen) -> Iterator[Emit]:
    """One emit of counts for each column that is called by a handle, where the rows are times."""
    when = time_columns(chosen, "observed", "posted")
    counted = [c for c in columns if looks_like_handle(c)]
    if not when or not counted or {*when, *counted} != set(columns):
        return
    for column in counted:
        yield Emit(
            "counts",
            {"time": when, "followers": (column,)},
            {"account": fold_handle(column)},
            skip_if_null=(column,),
        )


class UnknownColumns(UsageError):
    """Nothing says what the columns of a table are."""


def unknown_columns_error(
    columns: Sequence[str],
    sample: Sequence[Mapping[str, str | None]],
    where: str,
    said: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
) -> UnknownColumns:
    """What a table lacks, what it has, and how to say which column is what; said and constants: as
    for `guess_mapping`.
    """
    told = said or {}
    chosen = choose_roles(columns, sample, told, where)
    # those that are nothing yet come first
    known = {c for listed in chosen.by_role.values() for c in listed}
    names = tuple(sorted((c for c in columns if c not in told.values()), key=known.__contains__))
    asked = [
        Question(f"Which column {question}?", f"--column {role}=", names)
        for role, question, roles in (
            ("account", "is the account", ("account_id", "account", "handle")),
            ("time", "is the time", ("posted", "observed")),
            (
                "object",
                "says what was done or seen",
                ("object", "text", "act_id", "status", "followers", "repost_id"),
            ),
        )
        if chosen.first(*roles) is None
        and not (chosen.kinds and role == "object")
        and role not in (constants or {})
    ]
    shown = "; ".join(_shown_column(chosen, c) for c in list(columns)[:12])
    roles = ", ".join(ROLES)
    empty = [c for c in columns if chosen.sample and not chosen.values(c)]
    without = f"no row has a value in {', '.join(_shown_column(chosen, c) for c in empty[:12])}."
    missing = " ".join(q.asks for q in asked) or (
        without if empty else "it is not clear what each row is."
    )
    return UnknownColumns(
        f"the columns do not say what they are: {missing}",
        where=where,
        why=f"The file has {shown}{' and more' if len(columns) > 12 else ''}.",
        fix=f"Say which column is what, such as --column account=NAME (roles: {roles}; "
        "object:KIND for other things), or what is so in every row with --const ROLE=VALUE.",
        questions=tuple(asked),
    )


def _shown_column(chosen: Chosen, column: str) -> str:
    values = list(dict.fromkeys(chosen.values(column)))[:3]
    told = ", ".join(printable(v, 24) for v in values)
    return f'"{printable(column, 40)}"' + (f" ({told})" if told else "")
