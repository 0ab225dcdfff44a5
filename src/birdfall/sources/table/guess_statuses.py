"""What became of accounts, as tables say it: by words, by flags, by times of falls and returns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from birdfall.model.errors import UsageError, printable
from birdfall.model.questions import Question
from birdfall.model.schemas import STATUSES
from birdfall.sources.shared.column_mapping import Emit
from birdfall.sources.table.column_choice import (
    NO_ID,
    Chosen,
    are_known_handles,
    looks_like_time,
    time_columns,
)
from birdfall.sources.table.column_roles import squeeze_name
from birdfall.sources.table.logged_deeds import who_was_affected
from birdfall.sources.table.mapping import STATUS_WORDS
from birdfall.sources.table.sql_plan import NO_WORDS, YES_WORDS

#: Columns of times that begin so are times of looking.
_SEEN_NAMES: Final = (
    "observed", "collected", "checked", "date", "day", "fecha", "dia", "jour", "data", "تاريخ",
)  # fmt: skip


def reason_as_status(chosen: Chosen) -> str | None:
    """The column of reasons where its words are statuses, as X's compliance answers have it."""
    column = chosen.filled("reason")
    if column is None or not chosen.first("kind"):
        return None
    known = all(v.casefold() in (*STATUS_WORDS, *STATUSES) for v in chosen.values(column))
    return column if known and chosen.values(column) else None


def when_looked(chosen: Chosen, where: str) -> tuple[str, ...] | None:
    """The time at which accounts were looked at. Raises UsageError if two columns may tell it."""
    when = time_columns(chosen, "observed")
    if when:
        return when
    when = time_columns(chosen, "posted")
    dated = [
        c for c in chosen.columns("posted") if any(map(looks_like_time, chosen.values(c)[:50]))
    ]
    if when is None or len(dated) < 2 or "time" in chosen.said:
        return when
    first, second = dated[:2]
    pairs = [(r.get(first), r.get(second)) for r in chosen.sample]
    if any(a and b and a[:10] != b[:10] for a, b in pairs) and len(when) == 1:
        raise UsageError(
            f'either "{first}" or "{second}" may be the time at which this was so',
            where=where,
            why=f"The first row has {pairs[0][0]!r} and {pairs[0][1]!r}.",
            fix=f"Say which: --column 'time={first}' or --column 'time={second}'.",
            questions=(
                Question(
                    "Which column is the time at which this was so?",
                    "--column time=",
                    (first, second),
                ),
            ),
        )
    return when


def status_emits(
    chosen: Chosen,
    who: dict[str, tuple[str, ...]],
    folded: tuple[str, ...],
    constants: dict[str, str],
    where: str,
) -> Iterator[Emit]:
    if chosen.first("suspended", "deleted"):
        yield from _changes(chosen, who, folded)
        return
    word = chosen.first("status") or reason_as_status(chosen)
    flag = chosen.first("is_suspended")
    if not (word or flag or "status" in constants):
        return
    columns = dict(who)
    said: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    if "status" in constants:
        said["status"] = constants["status"]
    else:
        columns["status"] = (word or flag or "",)
        if not word:
            values["status"] = dict.fromkeys(YES_WORDS, "suspended") | dict.fromkeys(
                NO_WORDS, "active"
            )
    when = when_looked(chosen, where)
    seen = bool(
        not word
        or (when and when[0] in chosen.columns("observed"))
        or (when and squeeze_name(when[0]).startswith(_SEEN_NAMES))
    )
    if when is None:
        given = constants.get("observed_at") or constants.get("time")
        if given is None:
            raise _not_told_when_error(where)
        said["time"], seen = given, "time" not in constants
    else:
        columns["time"] = when
    said["observation"] = "seen" if seen else "change"
    columns |= chosen.present("reason")
    yield Emit("statuses", columns, said, values, handles=folded)


def deed_emits(chosen: Chosen, deeds: str, where: str) -> Iterator[Emit]:
    """Changes of statuses, from a log of what was done to accounts. Raises UsageError if two
    columns may name the account, or two the time.
    """
    account, when = who_was_affected(chosen, where), when_looked(chosen, where)
    if account is None or when is None:
        return
    columns = {"account": (account,), "status": (deeds,), "time": when}
    folded = ("account",) if are_known_handles(chosen, account) else ()
    said = {"observation": "change"}
    yield Emit("statuses", columns | chosen.present("reason"), said, handles=folded)
    if folded:
        shown: dict[str, tuple[str, ...]] = {"account": (account,), "handle": (account,)}
        yield Emit("accounts", shown, first_of="account", handles=folded)


def ask_for_statuses(chosen: Chosen, where: str) -> None:
    """Raise UsageError if a column whose name says nothing has words of what became of accounts."""
    known = {c for listed in chosen.by_role.values() for c in listed}
    for name in chosen.sample[0] if chosen.sample else ():
        words = {v.casefold().strip() for v in chosen.values(name)} - set(NO_ID)
        fallen = {w for w in words if STATUS_WORDS.get(w, w) in STATUSES and w != "active"}
        if name in known or not words or not all(w in STATUS_WORDS or w in STATUSES for w in words):
            continue
        if any(STATUS_WORDS.get(w, w) != "active" and not w.isdecimal() for w in fallen):
            raise UsageError(
                f'"{printable(name, 40)}" has words of what became of accounts '
                f"({printable(', '.join(sorted(words)[:3]), 60)}), and its name does not say so",
                where=where,
                why="The accounts would be read without what became of them.",
                fix=f"Say so: --column 'status={name}'.",
                questions=(
                    Question("Which column says what became of them?", "--column status=", (name,)),
                ),
            )


def refuse_removals_of_posts(chosen: Chosen, where: str) -> None:
    """Raise UsageError if posts stand beside a time of removal, which may be theirs or that of the
    account.
    """
    removed = chosen.filled("suspended")
    if removed is None or removed in chosen.said.values():
        return
    name = squeeze_name(removed)
    if not _REMOVED.search(name) or _OF_SOMEBODY.search(name):
        return
    raise UsageError(
        f'"{printable(removed, 40)}" says when something was removed, a post or its author',
        where=where,
        why="Accounts whose posts were removed would be taken for suspended.",
        fix=f"If the accounts were suspended: --column 'suspended_at={removed}'. If they deleted "
        f"the posts themselves: --column 'deleted_at={removed}'. What a platform did to posts is "
        "not read.",
        questions=(
            Question(
                "What was removed then?",
                "--column ",
                (f"suspended_at={removed}", f"deleted_at={removed}"),
            ),
        ),
    )


#: What is done to posts and to accounts, and names that say to accounts.
_REMOVED: Final = re.compile(r"remov|takedown|takendown|retirad|supprim|eliminad")
_OF_SOMEBODY: Final = re.compile(r"user|account|cuenta|conta|compte|profile|perfil|author")


def statuses_of_authors(chosen: Chosen, where: str) -> Iterator[Emit]:
    """What became of the authors of posts, where a flag beside the posts says it, at the time when
    somebody looked. Raises UsageError if that is not told.
    """
    flag, account = chosen.filled("is_suspended"), chosen.account()
    if flag is None or account is None:
        return
    if any(v.casefold() not in (*YES_WORDS, *NO_WORDS) for v in chosen.values(flag)):
        return
    when = time_columns(chosen, "observed")
    if when is None:
        raise _not_told_when_error(where)
    said = {"observation": "seen"}
    values = dict.fromkeys(YES_WORDS, "suspended") | dict.fromkeys(NO_WORDS, "active")
    folded = ("account",) if are_known_handles(chosen, account) else ()
    columns = {"account": (account,), "status": (flag,), "time": when}
    yield Emit("statuses", columns, said, {"status": values}, skip_if_null=(flag,), handles=folded)


def _not_told_when_error(where: str) -> UsageError:
    return UsageError(
        "this says what became of accounts, but not when somebody looked",
        where=where,
        why="An account may have fallen at any time before that.",
        fix="Say when it was looked at: --const observed_at=2021-10-18T12:00:00Z "
        "(or --column observed_at=NAME if a column says it).",
        questions=(Question("When was this looked at?", "--const observed_at=", open=True),),
    )


def _changes(
    chosen: Chosen, who: dict[str, tuple[str, ...]], folded: tuple[str, ...]
) -> Iterator[Emit]:
    fell, back = chosen.first("suspended", "deleted"), chosen.first("reversed")
    last_seen = chosen.filled("last_seen")
    for role, status in (
        ("suspended", "suspended"),
        ("deleted", "deleted"),
        ("reversed", "active"),
    ):
        column = chosen.first(role)
        if column is None or fell is None:
            continue
        columns, told = who | {"time": (column,)}, chosen.values(column)
        if column == fell and last_seen:
            columns["after"] = (last_seen,)
        columns |= chosen.present("reason") if column == fell else {}
        ordered = (fell, back) if back else ()
        if column == fell and last_seen and not back:
            ordered = (last_seen, fell)
        made = Emit(
            "statuses",
            columns,
            {"status": status, "observation": "change"},
            skip_if_null=(column,),
            skip_if={column: NO_ID} if any(v.casefold() in NO_ID for v in told) else {},
            handles=folded,
            ordered=ordered,
        )
        if back is None or not any(v.casefold() in NO_ID for v in chosen.values(back)):
            yield made
            continue
        # "no" for a time of return: there was none
        yield replace(made, skip_if=made.skip_if | {back: NO_ID})
        if column != back:
            yield replace(made, only_if={back: NO_ID}, ordered=())
