"""Records of the AT Protocol in tables: what each row is, by the collection in its own address.

The record of a like, a repost, a follow or a block is no post; what it was done to stands in
another column, or the row says nothing that could be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from birdfall.model.errors import UsageError, printable
from birdfall.model.questions import Question
from birdfall.sources.shared.column_mapping import Emit
from birdfall.sources.table.column_choice import Chosen, time_columns

_RECORD: Final = re.compile(r"at://([^/\s]+)/([\w.\-]+)/[^/\s]+")
POSTS: Final = r"^at://[^/]+/app\.bsky\.feed\.post/"
#: Collections whose records do something to a post, or to an account.
_TO_POSTS: Final = {"app.bsky.feed.like": "like", "app.bsky.feed.repost": "repost"}
_TO_ACCOUNTS: Final = {"app.bsky.graph.follow": "follow", "app.bsky.graph.block": "block"}
_SILENT: Final = frozenset(("app.bsky.feed.post",))


def column_of_records(chosen: Chosen) -> str | None:
    """The column of addresses of records of which some are no posts; None if there is none."""
    column = chosen.filled("act_id")
    found = _collections(chosen, column) if column else set()
    return column if found - _SILENT else None


def record_emits(chosen: Chosen, records: str, where: str) -> Iterator[Emit]:
    """What was done by the records in a column.

    Raises UsageError if no column says to what, or if none of the records does anything.
    """
    found = _collections(chosen, records)
    known = _TO_POSTS | _TO_ACCOUNTS
    if not found & (known.keys() | _SILENT):
        raise UsageError(
            f'"{printable(records, 40)}" has records that are neither posts nor acts: '
            f"{printable(', '.join(sorted(found)), 80)}",
            where=where,
            fix="Posts, likes, reposts, follows and blocks are read.",
        )
    account, when = chosen.account(), time_columns(chosen, "posted")
    if when is None:
        return
    who = {"account": (account or records,), "time": when, "act_id": (records,)}
    extract = {} if account else {"account": r"^at://([^/]+)/"}
    for collection, kind in known.items():
        if collection not in found:
            continue
        thing = _column_of_objects(chosen, records, account, to_posts=collection in _TO_POSTS)
        if thing is None:
            raise _not_told_to_what_error(chosen, records, kind, where)
        matching = {records: rf"^at://[^/]+/{re.escape(collection)}/"}
        if kind == "follow":
            columns = {"follower": who["account"], "followed": (thing,), "since": when}
            begun = {"follower": extract["account"]} if extract else {}
            yield Emit(
                "follows", columns, {"observation": "change"}, matching=matching, extract=begun
            )
            continue
        said = {"kind": kind, "object_kind": "post" if collection in _TO_POSTS else "account"}
        columns = who | {"object": (thing,)}
        columns |= {} if collection in _TO_POSTS else {"target": (thing,)}
        yield Emit("acts", columns, said, matching=matching, extract=extract)


def are_also_posts(chosen: Chosen, records: str) -> bool:
    """Whether some of the records are posts."""
    return bool(_collections(chosen, records) & _SILENT)


def _collections(chosen: Chosen, column: str) -> set[str]:
    """The collections of the records whose addresses a column holds; none if it holds others."""
    matches = [_RECORD.fullmatch(v.strip()) for v in chosen.values(column)]
    return {m[2] for m in matches if m} if all(matches) else set()


def _column_of_objects(
    chosen: Chosen, records: str, account: str | None, *, to_posts: bool
) -> str | None:
    """The column of the posts, or of the accounts, to which something was done."""
    if said := chosen.said.get("object"):
        return said
    form = re.compile(POSTS if to_posts else r"did:\w+:|at://did:\w+:[^/]+/?$")
    for column in chosen.sample[0]:
        values = chosen.values(column)
        if column in (records, account) or not values:
            continue
        if sum(bool(form.match(v)) for v in values) * 2 > len(values) or (
            to_posts and _holds_both(values)
        ):
            return column
    return None


def _holds_both(values: list[str]) -> bool:
    """Whether posts and accounts stand in one column, as in a log of records of all kinds."""
    return any(re.match(POSTS, v) for v in values) and any(v.startswith("did:") for v in values)


def _not_told_to_what_error(chosen: Chosen, records: str, kind: str, where: str) -> UsageError:
    others = tuple(c for c in chosen.sample[0] if c != records)
    return UsageError(
        f'"{printable(records, 40)}" has records of kind "{kind}", and no column says to what that '
        "was done",
        where=where,
        why="The record of a like or a follow is no post.",
        fix="Say which column has the post or the account: --column object=NAME; if none has, "
        "export the subject of each record too.",
        questions=(
            Question("Which column has what this was done to?", "--column object=", others),
        ),
    )
