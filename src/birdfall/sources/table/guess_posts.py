"""Posts as tables: which rows are posts, reposts, replies and quotes, and what they hold.

A repost is told by the id of what was reposted, else by a flag, a word or a text that begins with
"RT @"; an empty id, 0 and -1 mean none. A row's own address is never a thing that it shares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from birdfall.model.errors import UsageError, printable
from birdfall.model.questions import Question
from birdfall.model.schemas import ACT_KINDS
from birdfall.sources.shared.column_mapping import Emit
from birdfall.sources.table.column_choice import (
    NO_ID,
    Chosen,
    are_known_handles,
    holds_addresses_of_posts,
    is_own_address,
    states_zone,
    time_columns,
)
from birdfall.sources.table.done_to_posts import (
    DONE_KINDS,
    done_to_posts,
    is_of_blockers,
    refuse_doers_among_authors,
)
from birdfall.sources.table.guess_reposts import (
    refuse_reposts_of_nothing,
    repost_emit,
    rows_without,
    with_target_handles,
)
from birdfall.sources.table.logged_deeds import is_shared, refuse_shared_posts, refuse_unknown_deeds
from birdfall.sources.table.mapping import KIND_WORDS
from birdfall.sources.table.signs_in_texts import HASHTAGS, LINKS, MENTIONS

#: An address in a column of addresses, with or without its scheme.
_LISTED_LINK: Final = (
    r"((?:https?://)?[\pL\pN_-]+(?:[.@:][\pL\pN_-]+)+(?:[/?#](?:[^\s|;'\"\]]*[^\s|;,'\"\]])?)?)"
)
#: How lists of objects in a cell name what they hold, the fuller first.
_LISTED: Final = {
    "hashtags": ("text", "tag", "name", "title"),
    "links": ("unwound_url", "expanded_url", "expandedUrl", "expanded", "url"),
    "mentions": ("id_str", "id", "screen_name", "username"),
}
_FIND: Final = {"hashtags": HASHTAGS, "links": LINKS, "mentions": MENTIONS}
_ENTITIES: Final = {
    "hashtags": {"kind": "hashtag", "object_kind": "hashtag"},
    "links": {"kind": "link", "object_kind": "url"},
    "mentions": {"kind": "mention", "object_kind": "account"},
}

QUOTE_WORDS: Final = ("quote", *(w for w, kind in KIND_WORDS.items() if kind == "quote"))
REPLY_WORDS: Final = ("reply", *(w for w, kind in KIND_WORDS.items() if kind == "reply"))
LIKE_WORDS: Final = ("like", *(w for w, kind in KIND_WORDS.items() if kind == "like"))
#: Kinds of acts by which nothing is written.
_NO_POSTS: Final = ("like", "follow", "unfollow", "block", "report")


def post_emits(chosen: Chosen, constants: dict[str, str], where: str = "") -> Iterator[Emit]:
    """Acts, and the accounts of their authors; none if no account or no time is told.

    Raises UsageError if only the time at which posts were collected is told, or not of what a
    repost is.
    """
    account = chosen.account() or chosen.first("account_id", "account", "handle")
    if account is None and "account" not in constants:
        return
    act_id, text = chosen.filled("act_id"), chosen.filled("text")
    if text is None and holds_addresses_of_posts(chosen):
        text = chosen.filled("description")
    if not (act_id or text or chosen.filled("object", "url", "links", "repost_id")):
        act_id, text = chosen.first("act_id"), chosen.first("text")
    if act_id == account:
        act_id = None
    refuse_doers_among_authors(chosen, account, where)
    refuse_unknown_deeds(chosen, constants, where)
    shared, own = _addresses(chosen, act_id)
    act_id = act_id or own
    base: dict[str, tuple[str, ...]] = {"account": (account,)} if account else {}
    folded = ("account",) if are_known_handles(chosen, account) else ()
    said = _said(chosen, text, act_id)
    kind = _kind_column(chosen)
    held = (shared, *chosen.kinds.values(), chosen.filled("hashtags"), chosen.filled("mentions"))
    thing = _thing(chosen, act_id, text, kind, held)
    if not (thing or act_id or text or any(held) or chosen.filled("repost_id")):
        return
    if (when := _posted(chosen, where)) is None:
        return
    base["time"] = when
    done = None if thing else done_to_posts(chosen, act_id, base, text, constants, where)
    if done is None and act_id and not (thing or text or kind or "kind" in constants):
        refuse_shared_posts(chosen, act_id, DONE_KINDS, where)
    if done is not None:
        made = [replace(done, handles=folded)]
    elif thing is not None:
        said = {c: n for c, n in said.items() if c != "act_id" or n != (thing,)}
        acted = _on_object(chosen, base | {"object": (thing,)} | said, kind, constants)
        made = [replace(acted, handles=folded), *_uses(chosen, base | said, folded, besides=thing)]
    else:
        refuse_reposts_of_nothing(chosen, kind, text, where)
        made = list(_posts(chosen, base, said, act_id or text, kind, folded, shared, constants))
    so = {c: constants[c] for c in ("platform",) if c in constants}
    if account is None:
        so["account"] = constants["account"]
    yield from (replace(emit, constants=emit.constants | so) for emit in made)
    if account is not None:
        yield from _authors(chosen, account, folded)


def _thing(
    chosen: Chosen,
    act_id: str | None,
    text: str | None,
    kind: str | None,
    held: tuple[str | None, ...],
) -> str | None:
    """The column of what was acted on, where rows are acts on things and no posts."""
    named = (c for c in chosen.columns("object") if not chosen.sample or chosen.values(c))
    thing = next((c for c in named if not _is_own_id(chosen, c, act_id)), None)
    if act_id and kind and not (thing or text) and is_shared(chosen, act_id):
        return act_id
    if thing or act_id or text:
        return thing
    account, target = chosen.account(), chosen.filled("target")
    if target and is_of_blockers(account):
        return target
    if kind:
        return next(filter(None, (*held, target)), None)
    return None if any(held) else chosen.first("object", "links", "url")


def _posted(chosen: Chosen, where: str) -> tuple[str, ...] | None:
    """The columns of the time of posts; None if there are none. Raises UsageError if nothing but
    the time of their collection is told.
    """
    empty = chosen.first("posted")
    when = time_columns(chosen, "posted") or ((empty,) if empty else None)
    if when is None and (looked := time_columns(chosen, "observed")):
        raise _no_time_of_posts(looked[0], where)
    return when


def _no_time_of_posts(column: str, where: str) -> UsageError:
    """Posts of which only is told when somebody collected them."""
    return UsageError(
        f'"{printable(column, 40)}" says when the posts were collected, and nothing says when '
        "they were written",
        where=where,
        why="Collected together, they would seem to have been written together.",
        fix="Say which column has the time of the posts with --column time=NAME.",
        questions=(
            Question("Which column is the time of the posts?", "--column time=", open=True),
        ),
    )


def deletion_emits(chosen: Chosen) -> Iterator[Emit]:
    """Deletions of posts, where no time of theirs is told but that at which they were deleted."""
    account, own = chosen.account(), chosen.filled("act_id")
    deleted = chosen.filled("deleted")
    if time_columns(chosen, "posted", "observed") is None and account and own and deleted:
        columns = {"account": account, "object": own, "time": deleted, "act_id": own}
        yield Emit(
            "acts", {role: (column,) for role, column in columns.items()},
            {"kind": "delete", "object_kind": "post"}, skip_if_null=(deleted,),
            handles=("account",) if are_known_handles(chosen, account) else (),
        )  # fmt: skip


def _on_object(
    chosen: Chosen,
    columns: dict[str, tuple[str, ...]],
    kind: str | None,
    constants: dict[str, str],
) -> Emit:
    """Acts on the objects of a column, of the kind that a column or a person says."""
    target = chosen.filled("target")
    if target:
        columns = columns | {"target": (target,)}
    of_people = {"object_kind": "account"} if columns["object"] == (target,) else {}
    if kind:
        return Emit("acts", columns | {"kind": (kind,)}, of_people)
    if of_people and is_of_blockers(*columns["account"]):
        return Emit("acts", columns, {"kind": "block"} | of_people)
    if "object_kind" in constants:
        said = {"kind": constants.get("kind", "use"), "object_kind": constants["object_kind"]}
        return Emit("acts", columns, said)
    return Emit("acts", columns, {"kind": constants.get("kind", "repost")})


def _uses(
    chosen: Chosen,
    columns: dict[str, tuple[str, ...]],
    folded: tuple[str, ...],
    besides: str | None = None,
) -> Iterator[Emit]:
    """Things of other kinds that posts use: images, songs, what a person named; conversations where
    they are no column of the posts.
    """
    told = {c: names for c, names in columns.items() if c != "text"}
    thread = told.pop("conversation", ())
    for kind, column in chosen.kinds.items():
        if column in (besides, *thread):
            continue
        made = Emit(
            "acts", told | {"object": (column,)}, {"kind": "use", "object_kind": kind},
            skip_if={column: NO_ID}, handles=folded,
        )  # fmt: skip
        yield replace(made, split=("object",)) if _are_lists(chosen.values(column)) else made


def _are_lists(values: list[str]) -> bool:
    """Whether cells hold several things each: in brackets, or parted by bars."""
    return any(re.fullmatch(r"\[.*\]", v) or "|" in v for v in values)


def _is_own_id(chosen: Chosen, column: str, act_id: str | None) -> bool:
    """Whether a column holds the id of each row itself, which is nothing that was acted on."""
    if act_id in (None, column) or column == chosen.said.get("object"):
        return act_id == column
    rows = [row for row in chosen.sample if row.get(column)]
    if chosen.filled("text") and not chosen.filled("kind"):
        # beside texts, what no two rows have is what each wrote
        ids = {row[column] for row in rows}
        if len(ids) == len(rows) == len(chosen.sample) > 1:
            return True
    return bool(rows) and all(row[column] == row.get(act_id or "") for row in rows)


def _addresses(chosen: Chosen, act_id: str | None) -> tuple[str | None, str | None]:
    """The column of addresses that rows share, and that of their own."""
    shared, own = chosen.filled("links"), None
    for column in chosen.columns("url"):
        if not is_own_address(chosen, column, act_id):
            shared = shared or column
        elif own is None:
            own = column
    return shared, own


def _said(chosen: Chosen, text: str | None, act_id: str | None) -> dict[str, tuple[str, ...]]:
    found = {"text": text, "act_id": act_id}
    found |= {role: chosen.filled(role) for role in ("language", "client", "platform")}
    if text or act_id:
        found["conversation"] = chosen.filled("conversation")
    return {role: (column,) for role, column in found.items() if column}


def _kind_column(chosen: Chosen) -> str | None:
    """A column whose words are kinds of acts, all that are known of them."""
    for column in chosen.columns("kind"):
        words = {v.casefold() for v in chosen.values(column)}
        if column == chosen.said.get("kind") or not chosen.sample:
            return column
        if any(w in KIND_WORDS or w in ACT_KINDS for w in words):
            return column
    return None


def _posts(
    chosen: Chosen,
    base: dict[str, tuple[str, ...]],
    said: dict[str, tuple[str, ...]],
    own: str | None,
    kind: str | None,
    folded: tuple[str, ...],
    shared: str | None,
    constants: dict[str, str],
) -> Iterator[Emit]:
    text = said.get("text", (None,))[0]
    repost = with_target_handles(chosen, repost_emit(chosen, base | said, text, kind))
    others = rows_without(repost)
    words = {v.casefold() for v in chosen.values(kind)} if kind else set()
    if kind and (silent := [w for w in sorted(words) if KIND_WORDS.get(w, w) in _NO_POSTS]):
        others = replace(
            others, skip_if=others.skip_if | {kind: (*others.skip_if.get(kind, ()), *silent)}
        )
    if kind and own is not None and words & set(LIKE_WORDS):
        yield Emit(
            "acts", base | {"object": (own,)}, {"kind": "like", "object_kind": "post"},
            only_if={kind: LIKE_WORDS}, handles=folded,
        )  # fmt: skip
    if own is not None:
        yield replace(
            others, columns=base | said | {"object": (own,)},
            constants={"kind": constants.get("kind", "post"), "object_kind": "post"},
            handles=folded,
        )  # fmt: skip
    if repost is not None:
        yield replace(repost, handles=(*folded, *repost.handles))
    ids = {c: said[c] for c in ("act_id", "platform") if c in said}
    thread = {c: said[c] for c in ("conversation",) if c in said}
    yield from _uses(chosen, base | ids | thread, folded)
    if own is not None and (deleted := chosen.filled("deleted")):
        yield Emit(
            "acts", base | ids | {"object": (own,), "time": (deleted,)},
            {"kind": "delete", "object_kind": "post"}, skip_if_null=(deleted,), handles=folded,
        )  # fmt: skip
    either = chosen.filled("repost_or_quote_id")
    for name, listed in (("quote", QUOTE_WORDS), ("reply", REPLY_WORDS)):
        if either and kind and not chosen.filled(f"{name}_id"):
            yield Emit(
                "acts", base | ids | {"object": (either,)}, {"kind": name, "object_kind": "post"},
                only_if={kind: listed}, skip_if={either: NO_ID}, handles=folded,
            )  # fmt: skip
    for role, name in (("reply_id", "reply"), ("quote_id", "quote")):
        if column := chosen.filled(role):
            target = chosen.filled("reply_to") if name == "reply" else None
            columns = base | ids | {"object": (column,)}
            columns |= {"target": (target,)} if target else {}
            yield Emit(
                "acts", columns, {"kind": name, "object_kind": "post"},
                skip_if={column: NO_ID}, handles=folded,
            )  # fmt: skip
    for role, said_as in _ENTITIES.items():
        column = shared if role == "links" else chosen.filled(role)
        yield from _entities(chosen, role, column, text, base | ids, said_as, others, folded)


def _entities(
    chosen: Chosen,
    role: str,
    column: str | None,
    text: str | None,
    columns: dict[str, tuple[str, ...]],
    said_as: dict[str, str],
    others: Emit,
    folded: tuple[str, ...],
) -> Iterator[Emit]:
    """The hashtags, links or mentions of posts: by their column, else out of the text."""
    source = column or text
    if source is None:
        return
    made = replace(
        others,
        columns=columns | {"object": (source,)},
        constants=said_as,
        handles=folded,
    )
    if role == "mentions" and are_handles_of(chosen, column):
        made = replace(made, handles=(*folded, "object"))
    if column is None:
        yield replace(made, find={"object": _FIND[role]})
        return
    made = replace(made, skip_if_null=(column,))
    values = chosen.values(column)
    if any("{" in v for v in values):
        keys = [k for k in _LISTED[role] if any(f'{k}"' in v or f"{k}'" in v for v in values)]
        key = keys[0] if keys else _LISTED[role][0]
        yield replace(made, find={"object": rf"""['"]{key}['"]\s*:\s*['"]?([^'",\}}]+)"""})
    elif role == "links" and any("://" in v for v in values):
        yield replace(made, find={"object": _LISTED_LINK})
    else:
        yield replace(made, split=("object",))


def are_handles_of(chosen: Chosen, column: str | None) -> bool:
    """Whether the mentions of posts are handles: words, where ids would be numbers."""
    if column is None:
        return True
    values = chosen.values(column)
    return bool(values) and not any(c.isdigit() and len(v) > 9 for v in values for c in v[:1])


def _authors(chosen: Chosen, account: str, folded: tuple[str, ...]) -> Iterator[Emit]:
    """What the rows say of who wrote them."""
    handle = next(
        (
            c
            for role in ("handle", "account")
            for c in chosen.columns(role)
            if c != account and chosen.values(c)
        ),
        None,
    )
    if handle is None and folded:  # shown as it stands in the file
        handle = account
    known: dict[str, tuple[str, ...]] = {"handle": (handle,)} if handle else {}
    for role, name in (
        ("name", "name"), ("born", "created_at"), ("followers", "followers"),
        ("following", "following"), ("posts", "posts"), ("verified", "verified"),
    ):  # fmt: skip
        if (column := chosen.filled(role)) and column not in (account, handle):
            if name == "created_at" and not states_zone(chosen, column):
                continue  # not worth a question: it is no time of any act
            known[name] = (column,)
    if known:
        if handle not in (None, account) and (seen := time_columns(chosen, "observed", "posted")):
            known["observed_at"] = seen
        yield Emit("accounts", {"account": (account,)} | known, first_of="account", handles=folded)
