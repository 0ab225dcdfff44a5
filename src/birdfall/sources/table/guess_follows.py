"""Who follows whom, as tables say it: in two columns, by a log of follows that begin and end, or by
the list of one account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from birdfall.model.errors import UsageError, printable
from birdfall.model.questions import Question
from birdfall.sources.shared.column_mapping import Emit
from birdfall.sources.table.column_choice import BARE_IDS, Chosen, are_known_handles, time_columns
from birdfall.sources.table.column_roles import squeeze_name
from birdfall.sources.table.guess_profiles import profile_emits
from birdfall.sources.table.handles import fold_handle
from birdfall.sources.table.mapping import KIND_WORDS


def edge_ends(chosen: Chosen) -> tuple[str | None, str | None]:
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


def follow_log(chosen: Chosen) -> list[Emit] | None:
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
    made = list(follow_emits(chosen, follower, followed))
    edges = made[0]
    known = {c: n for c, n in edges.columns.items() if c not in ("since", "until")}
    said = {"observation": "change"}
    dated = [
        replace(edges, columns=known | {c: when}, constants=said, only_if={kind: w}, ordered=())
        for c, w in (("since", begun), ("until", ended))
        if w
    ]
    return [*dated, *made[1:]]


def dated_follow(chosen: Chosen) -> str | None:
    """The column that says when each account of a list began or ceased to follow one that the list
    does not name; None if there is none.
    """
    if chosen.filled("text", "act_id", "object") or chosen.account() is None:
        return None
    listed = (chosen.filled("until"), chosen.filled("since"))
    return next((c for c in listed if c and _OF_FOLLOWS.search(squeeze_name(c))), None)


#: What stands in the names of columns that say when somebody followed.
_OF_FOLLOWS: Final = re.compile(r"follow|seguir|suivre|segu[ei]")


def list_of_one(
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
    columns |= chosen.present("since", "until")
    said = {"followed": fold_handle(followed) if folded else followed, "observation": "change"}
    yield Emit("follows", columns, said, handles=("follower",) if folded else ())
    yield from profile_emits(
        chosen, account, chosen.first("born"), ("account",) if folded else (), False
    )


def follow_emits(chosen: Chosen, follower: str, followed: str) -> Iterator[Emit]:
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


def is_edge_list(chosen: Chosen) -> bool:
    others = ("account_id", "account", "handle", "text", "object", "repost_id")
    return bool(
        chosen.first("edge_from")
        and chosen.first("edge_to")
        and not any(chosen.first(r) for r in others)
    )


def ask_if_acts(chosen: Chosen, where: str) -> None:
    """Raise UsageError if the edges may be acts: they have a time of their own, or an id."""
    spans = (chosen.filled("since"), chosen.filled("until"))
    span = next((c for c in spans if c and not _OF_FOLLOWS.search(squeeze_name(c))), None)
    timed = time_columns(chosen, "posted") or ((span,) if span else None)
    own = chosen.filled("act_id")
    if not (timed or (own and squeeze_name(own) not in BARE_IDS)):
        return
    raise edges_error(chosen, f'"{(timed or (own,))[0]}"', where)


def edges_error(chosen: Chosen, besides: str, where: str) -> UsageError:
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
