"""Which rows of the record a table becomes, by the roles of its columns.

Profiles are accounts, never acts at the time of their creation; a flag or a word about an account
is a status at the time when somebody looked; a row with a text or an id of its own is a post.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from birdfall.model.errors import UsageError, printable
from birdfall.model.questions import Question
from birdfall.model.schemas import STATUSES
from birdfall.sources.shared.column_mapping import Emit
from birdfall.sources.table import at_records
from birdfall.sources.table.column_choice import (
    NO_ID,
    Chosen,
    are_known_handles,
    holds_addresses_of_posts,
    time_columns,
)
from birdfall.sources.table.column_roles import squeeze_name
from birdfall.sources.table.guess_posts import deletion_emits, post_emits
from birdfall.sources.table.handles import fold_handle
from birdfall.sources.table.logged_deeds import is_log_of_deeds
from birdfall.sources.table.mapping import KIND_WORDS, STATUS_WORDS
from birdfall.sources.table.sql_plan import NO_WORDS, YES_WORDS

#: Names of an id that say of what only by the company they keep.
BARE_IDS: Final = ("id", "idstr", "uri")
#: Columns of times that begin so are times of looking.
_SEEN_NAMES: Final = (
    "observed", "collected", "checked", "date", "day", "fecha", "dia", "jour", "data", "تاريخ",
)  # fmt: skip
#: Roles that only a table of accounts has without a text.
_PROFILE_ROLES: Final = (
    "born", "description", "followers", "following", "posts", "verified", "name", "location",
)  # fmt: skip


def guess_emits(chosen: Chosen, constants: dict[str, str], where: str) -> Iterator[Emit]:
    """The rows that each row of the table becomes. Raises UsageError for what must be asked."""
    follower, followed = _edge_ends(chosen)
    if (records := at_records.column_of_records(chosen)) is not None:
        yield from at_records.record_emits(chosen, records, where)
        if at_records.are_also_posts(chosen, records):
            only = {records: at_records.POSTS}
            posts = post_emits(chosen, constants, where)
            yield from (replace(p, matching=p.matching | only) for p in posts)
    elif (log := _follow_log(chosen)) is not None:
        yield from log
    elif follower and followed:
        yield from _follow(chosen, follower, followed)
    elif (dated := _dated_follow(chosen)) is not None:
        yield from _list_of_one(chosen, dated, constants, where)
    elif chosen.first("reporter") and (
        reported := chosen.first("target", "account_id", "account", "act_id")
    ):
        yield from _reports(chosen, reported)
    elif _is_about_accounts(chosen, constants):
        if chosen.filled("edge_from") and chosen.filled("edge_to"):
            raise _edges_error(chosen, "a name besides", where)
        yield from _account_emits(chosen, constants, where)
    elif _is_edge_list(chosen):
        _ask_if_acts(chosen, where)
        yield from _follow(chosen, chosen.columns("edge_from")[0], chosen.columns("edge_to")[0])
    else:
        yield from deletion_emits(chosen)
        yield from post_emits(chosen, constants, where)
        yield from _statuses_of_authors(chosen, where)


def _edge_ends(chosen: Chosen) -> tuple[str | None, str | None]:
    """Who follows and who is followed; where one of them is not called so, it is the account."""
    follower, followed = chosen.first("follower"), chosen.first("followed")
    if bool(follower) == bool(followed):
        return follower, followed
    followed = followed or chosen.first("edge_to")
    besides = ("text", "object", "repost_id", "status", "suspended", "is_suspended", "followers")
    if not chosen.first(*besides):
        other = chosen.first("account_id", "account", "handle")
        return follower or other, followed or other
    return follower, followed


def _follow_log(chosen: Chosen) -> list[Emit] | None:
    """The emits of a log whose rows begin or end a follow, by a word; None if it is none."""
    kind, when = chosen.filled("kind"), time_columns(chosen, "posted")
    words = {v.casefold() for v in chosen.values(kind)} if kind else set()
    begun = tuple(sorted(w for w in words if KIND_WORDS.get(w, w) == "follow"))
    ended = tuple(sorted(w for w in words if KIND_WORDS.get(w, w) == "unfollow"))
    actor, other = chosen.first("follower"), chosen.account()
    followed = chosen.first("followed", "target", "edge_to", "object") or (other if actor else None)
    follower = actor or other
    if not (kind and when and follower and followed) or words != {*begun, *ended}:
        return None
    made = list(_follow(chosen, follower, followed))
    edges = made[0]
    known = {c: n for c, n in edges.columns.items() if c not in ("since", "until")}
    said = {"observation": "change"}
    dated = [
        replace(edges, columns=known | {c: when}, constants=said, only_if={kind: w}, ordered=())
        for c, w in (("since", begun), ("until", ended))
        if w
    ]
    return [*dated, *made[1:]]


def _dated_follow(chosen: Chosen) -> str | None:
    """The column that says when each account of a list began or ceased to follow one that the list
    does not name; None if there is none.
    """
    if chosen.filled("text", "act_id", "object") or chosen.account() is None:
        return None
    listed = (chosen.filled("until"), chosen.filled("since"))
    return next((c for c in listed if c and _OF_FOLLOWS.search(squeeze_name(c))), None)


#: What stands in the names of columns that say when somebody followed.
_OF_FOLLOWS: Final = re.compile(r"follow|seguir|suivre|segu[ei]")


def _list_of_one(
    chosen: Chosen, dated: str, constants: dict[str, str], where: str
) -> Iterator[Emit]:
    """Follows of the account whose list this is. Raises UsageError if nothing says whose."""
    account, followed = chosen.account(), constants.get("followed")
    assert account
    if followed is None:
        raise UsageError(
            f'"{printable(dated, 40)}" says when accounts began or ceased to follow, and nothing '
            "says whom",
            where=where,
            why="A follow has two ends, and the file names one.",
            fix="Say whose followers these are: --const followed=NAME.",
            questions=(Question("Whose followers are these?", "--const followed=", open=True),),
        )
    folded = are_known_handles(chosen, account)
    columns: dict[str, tuple[str, ...]] = {"follower": (account,)}
    columns |= _present(chosen, "since", "until")
    said = {"followed": fold_handle(followed) if folded else followed, "observation": "change"}
    yield Emit("follows", columns, said, handles=("follower",) if folded else ())
    yield from _profile(
        chosen, account, chosen.first("born"), ("account",) if folded else (), False
    )


def _follow(chosen: Chosen, follower: str, followed: str) -> Iterator[Emit]:
    seen = time_columns(chosen, "observed")
    began = chosen.filled("since")
    when = (began,) if began else None if seen else time_columns(chosen, "posted")
    ended = chosen.filled("until")
    columns: dict[str, tuple[str, ...]] = {"follower": (follower,), "followed": (followed,)}
    if seen:
        columns["observed_at"] = seen
    if when:
        columns["since"] = when
    if ended:
        columns["until"] = (ended,)
    handles = tuple(
        role
        for role, column in (("follower", follower), ("followed", followed))
        if are_known_handles(chosen, column)
    )
    said = {"observation": "change" if when or ended else "seen"}
    ordered = (when[0], ended) if when and ended and len(when) == 1 else ()
    yield Emit("follows", columns, said, handles=handles, ordered=ordered)
    # accounts go by the folded handle, and are shown by the one that stands in the file
    for role in handles:
        named = {"account": columns[role], "handle": columns[role]}
        yield Emit("accounts", named, first_of="account", handles=("account",))


def _is_edge_list(chosen: Chosen) -> bool:
    others = ("account_id", "account", "handle", "text", "object", "repost_id")
    return bool(
        chosen.first("edge_from")
        and chosen.first("edge_to")
        and not any(chosen.first(r) for r in others)
    )


def _ask_if_acts(chosen: Chosen, where: str) -> None:
    """Raise UsageError if the edges may be acts: they have a time of their own, or an id."""
    spans = (chosen.filled("since"), chosen.filled("until"))
    span = next((c for c in spans if c and not _OF_FOLLOWS.search(squeeze_name(c))), None)
    timed = time_columns(chosen, "posted") or ((span,) if span else None)
    own = chosen.filled("act_id")
    if not (timed or (own and squeeze_name(own) not in BARE_IDS)):
        return
    raise _edges_error(chosen, f'"{(timed or (own,))[0]}"', where)


def _edges_error(chosen: Chosen, besides: str, where: str) -> UsageError:
    begin, end = chosen.first("edge_from"), chosen.first("edge_to")
    return UsageError(
        f'each row goes from "{begin}" to "{end}", and nothing says whether that is a follow or '
        "an act",
        where=where,
        why=f"The rows have {besides}, which follows may have and acts may have.",
        fix=f"Of follows: --column 'follower={begin}' --column 'followed={end}'. Of acts, such as "
        f"retweets: --column 'account={begin}' --column 'object={end}' --const kind=repost.",
        questions=(
            Question(
                "Who is it that each row speaks of?", "--column ",
                (f"follower={begin}", f"account={begin}"),
            ),
        ),
    )  # fmt: skip


def _reports(chosen: Chosen, reported: str) -> Iterator[Emit]:
    reporter, when = chosen.first("reporter"), time_columns(chosen, "posted", "observed")
    if reporter is None or when is None:
        return
    act_id = next((c for c in chosen.columns("act_id") if c != reported), None)
    of_posts = _OF_POSTS.search(squeeze_name(reported)) is not None
    columns = {"account": (reporter,), "object": (reported,), "time": when}
    columns |= {} if of_posts else {"target": (reported,)}
    text = chosen.filled("text", "reason")
    columns |= {"text": (text,)} if text else {}
    columns |= {"act_id": (act_id,)} if act_id else {}
    folded = tuple(
        role
        for role, column in (("account", reporter), ("object", reported), ("target", reported))
        if are_known_handles(chosen, column)
    )
    if of_posts:
        folded = tuple(role for role in folded if role == "account")
    said = {"kind": "report", "object_kind": "post" if of_posts else "account"}
    yield Emit("acts", columns, said, handles=folded)


#: What stands in the names of columns of posts that were reported.
_OF_POSTS: Final = re.compile(r"post|status|tweet|content|url|publicaci")


def _is_about_accounts(chosen: Chosen, constants: dict[str, str]) -> bool:
    """Whether each row says something of an account, and none is an act."""
    says_status = bool(
        chosen.first("status", "suspended", "is_suspended", "deleted")
        or "status" in constants
        or _reason_as_status(chosen)
    )
    act_id = chosen.filled("act_id")
    own_id = act_id is not None and squeeze_name(act_id) not in BARE_IDS
    acts = chosen.filled("object", "repost_id", "links", "reply_id", "hashtags", "is_repost")
    if own_id and not chosen.first("status", "suspended", "is_suspended"):
        # what was deleted is the post that has the id
        says_status = says_status and not chosen.first("deleted")
    if own_id or acts or chosen.filled("text"):
        return says_status and not chosen.filled("text") and not acts
    if says_status:
        return True
    named = chosen.filled("account_id", "account", "handle") or act_id or "account" in constants
    if not says_status and holds_addresses_of_posts(chosen):
        return False
    timed = any(not _is_creation(c) for c in chosen.columns("posted"))
    # a handle beside a time: something was done then that no name of a column tells
    known = any(chosen.first(r) for r in _PROFILE_ROLES) or (chosen.first("handle") and not timed)
    if not known and chosen.filled("account_id", "account"):
        times = chosen.columns("posted")
        return not act_id and bool(times) and all(_is_creation(c) for c in times)
    bare = act_id and chosen.filled("account_id", "account") and not chosen.first("followers")
    return bool(named and known and not bare and not chosen.first("url_of_a_post"))


def _reason_as_status(chosen: Chosen) -> str | None:
    """The column of reasons where its words are statuses, as X's compliance answers have it."""
    column = chosen.filled("reason")
    if column is None or not chosen.first("kind"):
        return None
    known = all(v.casefold() in (*STATUS_WORDS, *STATUSES) for v in chosen.values(column))
    return column if known and chosen.values(column) else None


def _is_creation(column: str) -> bool:
    return squeeze_name(column).startswith(
        ("created", "datecreated", "creationtime", "creation", "creado", "criad", "cree")
    )


def _account_emits(chosen: Chosen, constants: dict[str, str], where: str) -> Iterator[Emit]:
    account = chosen.filled("account_id") or _own_id(chosen) or chosen.account()
    if account is None and "account" not in constants:
        return
    who: dict[str, tuple[str, ...]] = {"account": (account,)} if account else {}
    fixed = {} if account else {"account": constants["account"]}
    created = chosen.first("born") or next(filter(_is_creation, chosen.columns("posted")), None)
    chosen.take_away(created, "born")
    folded = ("account",) if are_known_handles(chosen, account) else ()
    statuses = list(_statuses(chosen, who, folded, constants, where))
    yield from (replace(s, constants=s.constants | fixed) for s in statuses)
    when = _looked(chosen, where)
    counts = _present(chosen, "followers", "following", "posts")
    if counts and not when and not statuses:
        _ask_for_parts_of_dates(chosen, where)
    if counts and when and not statuses:
        yield Emit("counts", who | {"time": when} | counts, fixed, handles=folded)
    told = bool(statuses) or bool(counts and when)
    if account is None or (not told and is_log_of_deeds(chosen, account, created)):
        return
    yield from _profile(chosen, account, created, folded, bool(counts and when))


def _ask_for_parts_of_dates(chosen: Chosen, where: str) -> None:
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


#: What columns of parts of dates are called, squeezed.
_PARTS_OF_DATES: Final = re.compile(
    r"(?:iso)?week(?:number|no)?|yearweek|month|yearmonth|year|quarter|semana|mes|ano|anio|semaine"
    r"|mois|annee|trimestre|أسبوع|الاسبوع|شهر|الشهر|سنة|السنة|woche|monat|jahr"
)


def _own_id(chosen: Chosen) -> str | None:
    act_id = chosen.filled("act_id")
    return act_id if act_id and squeeze_name(act_id) in BARE_IDS else None


def _present(chosen: Chosen, *roles: str) -> dict[str, tuple[str, ...]]:
    return {r: (c,) for r in roles if (c := chosen.filled(r))}


def _looked(chosen: Chosen, where: str) -> tuple[str, ...] | None:
    """The time at which accounts were looked at. Raises UsageError if two columns may tell it."""
    when = time_columns(chosen, "observed")
    if when:
        return when
    when = time_columns(chosen, "posted")
    if when is None or len(chosen.columns("posted")) < 2 or "time" in chosen.said:
        return when
    first, second = chosen.columns("posted")[:2]
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


def _statuses(
    chosen: Chosen,
    who: dict[str, tuple[str, ...]],
    folded: tuple[str, ...],
    constants: dict[str, str],
    where: str,
) -> Iterator[Emit]:
    if chosen.first("suspended", "deleted"):
        yield from _changes(chosen, who, folded)
        return
    word = chosen.first("status") or _reason_as_status(chosen)
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
    when = _looked(chosen, where)
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
    columns |= _present(chosen, "reason")
    yield Emit("statuses", columns, said, values, handles=folded)


def _statuses_of_authors(chosen: Chosen, where: str) -> Iterator[Emit]:
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
        columns |= _present(chosen, "reason") if column == fell else {}
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


def _profile(
    chosen: Chosen, account: str, created: str | None, folded: tuple[str, ...], counted: bool
) -> Iterator[Emit]:
    known = _present(chosen, "handle", "name", "description", "location", "verified")
    if not counted:
        known |= _present(chosen, "followers", "following", "posts")
    else:
        known |= _present(chosen, "followers", "following", "posts") if known else {}
    if created and (not chosen.sample or chosen.values(created)):
        known["created_at"] = (created,)
    if folded:  # shown by the handle as it stands in the file
        known.setdefault("handle", (account,))
    if not known:
        return
    seen = time_columns(chosen, "observed")
    columns = {"account": (account,)} | known | ({"observed_at": seen} if seen else {})
    yield Emit("accounts", columns, first_of="account", handles=folded)
