"""Which rows of a table of posts are reposts, and of what."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from birdfall.model.errors import UsageError, printable
from birdfall.model.questions import Question
from birdfall.sources.shared.column_mapping import Emit
from birdfall.sources.table.column_choice import NO_ID, Chosen, are_known_handles
from birdfall.sources.table.column_roles import squeeze_name
from birdfall.sources.table.mapping import KIND_WORDS
from birdfall.sources.table.sql_plan import YES_WORDS

#: A post that repeats another's, as people and the first clients of Twitter wrote it.
_RETWEET_TEXT: Final = r"^\s*(?:RT|rt)\s+@\w+"


#: The author and the words of the post that such a text repeats.
_RETWEETED: Final = r"^\s*(?:(?:RT|rt)\s+)?((?s:.+))$"


REPOST_WORDS: Final = ("repost", *(w for w, kind in KIND_WORDS.items() if kind == "repost"))


def repost_emit(
    chosen: Chosen, columns: dict[str, tuple[str, ...]], text: str | None, kind: str | None
) -> Emit | None:
    """The emit of reposts; None if nothing tells which rows are some."""
    target = {"target": (t,)} if (t := chosen.filled("repost_of")) else {}
    fixed = {"kind": "repost", "object_kind": "post"}
    flag = chosen.filled("is_repost")
    either = chosen.filled("repost_or_quote_id")
    if either and kind:
        return Emit(
            "acts", columns | target | {"object": (either,)}, fixed, only_if={kind: REPOST_WORDS}
        )
    if (forwarded := _forwarded(chosen, columns, text)) is not None:
        return forwarded
    if column := chosen.filled("repost_id"):
        handles = ("object",) if are_known_handles(chosen, column) else ()
        if handles:
            fixed["object_kind"] = "account"
        return Emit(
            "acts", columns | target | {"object": (column,)}, fixed,
            skip_if={column: NO_ID}, handles=handles,
        )  # fmt: skip
    if text is None:
        return None
    named = Emit("acts", columns | target | {"object": (text,)}, fixed)
    named = replace(named, extract={"object": _RETWEETED})
    if flag:
        return replace(named, only_if={flag: YES_WORDS})
    words = {v.casefold() for v in chosen.values(kind)} if kind else set()
    if kind and words & set(REPOST_WORDS):
        return replace(named, only_if={kind: REPOST_WORDS})
    return replace(named, matching={text: _RETWEET_TEXT})


def refuse_reposts_of_nothing(
    chosen: Chosen, kind: str | None, text: str | None, where: str
) -> None:
    """Raise UsageError if some rows are reposts by their kind, and nothing says of what."""
    told = chosen.filled("repost_id", "repost_or_quote_id", "repost_of", "links")
    words = {v.casefold() for v in chosen.values(kind)} if kind else set()
    if kind is None or told or text or not words & set(REPOST_WORDS):
        return
    raise UsageError(
        f'"{printable(kind, 40)}" calls some rows reposts, and no column says of what',
        where=where,
        why="Reposts of different posts would be taken for posts of one's own.",
        fix="Say which column has the id of what was reposted with --column repost_of=NAME.",
        questions=(
            Question(
                "Which column has the id of what was reposted?", "--column repost_of=",
                tuple(c for c in (chosen.sample[0] if chosen.sample else ()) if c != kind),
            ),
        ),
    )  # fmt: skip


def with_target_handles(chosen: Chosen, made: Emit | None) -> Emit | None:
    """The emit, with the target as a handle where its column holds handles."""
    if made is None or not are_known_handles(chosen, made.columns.get("target", (None,))[0]):
        return made
    return replace(made, handles=(*made.handles, "target"))


def _forwarded(
    chosen: Chosen, columns: dict[str, tuple[str, ...]], text: str | None
) -> Emit | None:
    """The emit of messages that were forwarded: of a channel's message, which is told by its number
    there, else by its time, else by its words; None if no column says from whom.
    """
    source = next((c for c in chosen.columns("repost_of") if _is_forward(chosen, c)), None)
    if source is None:
        return None
    address = next((c for c in chosen.columns("repost_id") if "link" in squeeze_name(c)), None)
    if address is not None and chosen.values(address):
        thing: tuple[str, ...] = (address,)
    else:
        part = chosen.filled("forwarded_part") or text
        thing = (source, part) if part else (source,)
    return Emit(
        "acts", columns | {"target": (source,), "object": thing},
        {"kind": "repost", "object_kind": "post"}, skip_if={source: NO_ID},
    )  # fmt: skip


def _is_forward(chosen: Chosen, column: str) -> bool:
    named = squeeze_name(column)
    told = "forward" in named or named.startswith(
        ("fwd", "reenviad", "transfer", "encaminhad", "copyhistory")
    )
    return told and bool(chosen.values(column))


def rows_without(repost: Emit | None) -> Emit:
    """An emit that takes the rows which `repost` passes over."""
    if repost is None:
        return Emit("acts", {})
    return Emit(
        "acts",
        {},
        only_if=repost.skip_if,
        skip_if=repost.only_if,
        not_matching=repost.matching,
    )
