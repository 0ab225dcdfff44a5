"""What tables say of accounts themselves: names, creation, counts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from birdfall.model.errors import UsageError, printable
from birdfall.model.questions import Question
from birdfall.sources.shared.column_mapping import Emit
from birdfall.sources.table.column_choice import Chosen, looks_like_time, time_columns
from birdfall.sources.table.column_roles import squeeze_name


def is_creation(column: str) -> bool:
    return squeeze_name(column).startswith(
        ("created", "datecreated", "creationtime", "creation", "creado", "criad", "cree")
    )


def ask_for_parts_of_dates(chosen: Chosen, where: str) -> None:
    """Raise UsageError if counts stand beside weeks, months or years, and no day is told."""
    names = list(chosen.sample[0]) if chosen.sample else []
    parts = [c for c in names if _PARTS_OF_DATES.fullmatch(squeeze_name(c))]
    if not parts:
        return
    listed = ", ".join(f'"{printable(c, 40)}"' for c in parts)
    raise UsageError(
        f"{listed} tell no day on which these counts were so",
        where=where,
        why="Counts of different times would be taken for one.",
        fix="Write the day of each count in one column, such as 2021-03-01, and say which with "
        "--column time=NAME.",
        questions=(
            Question("Which column is the day of the counts?", "--column time=", open=True),
        ),
    )


def ask_for_day_of_counts(chosen: Chosen, account: str | None, where: str) -> None:
    """Raise UsageError if one account has several counts, and a column of times whose name says
    nothing may tell when.
    """
    counted = chosen.filled("followers", "following", "posts")
    pairs = {(row.get(account or ""), row.get(counted or "")) for row in chosen.sample}
    if len(pairs) == len({one for one, _ in pairs}):
        return
    known = {c for listed in chosen.by_role.values() for c in listed}
    others = [c for c in (chosen.sample[0] if chosen.sample else ()) if c not in known]
    dated = tuple(
        c for c in others if (v := chosen.values(c)[:50]) and all(map(looks_like_time, v))
    )
    if not dated:
        return
    raise UsageError(
        f'accounts have several values in "{printable(counted or "", 40)}", and no column is known '
        "to say when each was so",
        where=where,
        why="Of each account one count would be kept, and the others lost.",
        fix="Say which column has the time: --column observed_at=NAME.",
        questions=(
            Question(
                "Which column says when this was so?",
                "--column observed_at=",
                dated,
            ),
        ),
    )


#: What columns of parts of dates are called, squeezed.
_PARTS_OF_DATES: Final = re.compile(
    r"(?:iso)?week(?:number|no)?|yearweek|month|yearmonth|year|quarter|semana|mes|ano|anio|semaine"
    r"|mois|annee|trimestre|أسبوع|الاسبوع|شهر|الشهر|سنة|السنة|woche|monat|jahr"
)


def profile_emits(
    chosen: Chosen, account: str, created: str | None, folded: tuple[str, ...], counted: bool
) -> Iterator[Emit]:
    known = chosen.present("handle", "name", "description", "location", "verified")
    if not counted:
        known |= chosen.present("followers", "following", "posts")
    else:
        known |= chosen.present("followers", "following", "posts") if known else {}
    if created and (not chosen.sample or chosen.values(created)):
        known["created_at"] = (created,)
    if folded:  # shown by the handle as it stands in the file
        known.setdefault("handle", (account,))
    if not known:
        return
    seen = time_columns(chosen, "observed")
    columns = {"account": (account,)} | known | ({"observed_at": seen} if seen else {})
    yield Emit("accounts", columns, first_of="account", handles=folded)
