"""Which rows of the record a table becomes, by the roles of its columns.

Profiles are accounts, never acts at the time of their creation; a flag or a word about an account
is a status at the time when somebody looked; a row with a text or an id of its own is a post.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from birdfall.sources.shared.column_mapping import Emit
from birdfall.sources.table import at_records
from birdfall.sources.table.column_choice import (
    BARE_IDS,
    Chosen,
    are_known_handles,
    holds_addresses_of_posts,
    time_columns,
)
from birdfall.sources.table.column_roles import squeeze_name
from birdfall.sources.table.guess_follows import (
    ask_if_acts,
    dated_follow,
    edge_ends,
    edges_error,
    follow_emits,
    follow_log,
    is_edge_list,
    list_of_one,
)
from birdfall.sources.table.guess_posts import deletion_emits, post_emits
from birdfall.sources.table.guess_profiles import (
    ask_for_day_of_counts,
    ask_for_parts_of_dates,
    is_creation,
    profile_emits,
)
from birdfall.sources.table.guess_statuses import (
    ask_for_statuses,
    deed_emits,
    reason_as_status,
    refuse_removals_of_posts,
    status_emits,
    statuses_of_authors,
    when_looked,
)
from birdfall.sources.table.logged_deeds import deeds_to_accounts, is_log_of_deeds

#: Roles that only a table of accounts has without a text.
_PROFILE_ROLES: Final = (
    "born", "description", "followers", "following", "posts", "verified", "name", "location",
)  # fmt: skip


def guess_emits(chosen: Chosen, constants: dict[str, str], where: str) -> Iterator[Emit]:
    """The rows that each row of the table becomes. Raises UsageError for what must be asked."""
    follower, followed = edge_ends(chosen)
    if (records := at_records.column_of_records(chosen)) is not None:
        yield from at_records.record_emits(chosen, records, where)
        if at_records.are_also_posts(chosen, records):
            only = {records: at_records.POSTS}
            posts = post_emits(chosen, constants, where)
            yield from (replace(p, matching=p.matching | only) for p in posts)
    elif (log := follow_log(chosen)) is not None:
        yield from log
    elif follower and followed:
        yield from follow_emits(chosen, follower, followed)
    elif (dated := dated_follow(chosen)) is not None:
        yield from list_of_one(chosen, dated, constants, where)
    elif chosen.first("reporter") and (
        reported := chosen.first("target", "account_id", "account", "act_id")
    ):
        yield from _reports(chosen, reported)
    elif deeds := deeds_to_accounts(chosen):
        yield from deed_emits(chosen, deeds, where)
    elif _is_about_accounts(chosen, constants, where):
        if chosen.filled("edge_from") and chosen.filled("edge_to"):
            raise edges_error(chosen, "a name besides", where)
        yield from _account_emits(chosen, constants, where)
    elif is_edge_list(chosen):
        ask_if_acts(chosen, where)
        yield from follow_emits(
            chosen, chosen.columns("edge_from")[0], chosen.columns("edge_to")[0]
        )
    else:
        yield from deletion_emits(chosen)
        yield from post_emits(chosen, constants, where)
        yield from statuses_of_authors(chosen, where)


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


def _is_about_accounts(chosen: Chosen, constants: dict[str, str], where: str) -> bool:
    """Whether each row says something of an account, and none is an act. Raises UsageError for what
    is said of posts or of accounts.
    """
    says_status = bool(
        chosen.first("status", "suspended", "is_suspended", "deleted")
        or "status" in constants
        or reason_as_status(chosen)
    )
    act_id = chosen.filled("act_id")
    own_id = act_id is not None and squeeze_name(act_id) not in BARE_IDS
    if own_id:
        refuse_removals_of_posts(chosen, where)
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
    timed = any(not is_creation(c) for c in chosen.columns("posted"))
    # a handle beside a time: something was done then that no name of a column tells
    known = any(chosen.first(r) for r in _PROFILE_ROLES) or (chosen.first("handle") and not timed)
    if not known and chosen.filled("account_id", "account"):
        times = chosen.columns("posted")
        return not act_id and bool(times) and all(is_creation(c) for c in times)
    bare = act_id and chosen.filled("account_id", "account") and not chosen.first("followers")
    return bool(named and known and not bare and not chosen.first("url_of_a_post"))


def _account_emits(chosen: Chosen, constants: dict[str, str], where: str) -> Iterator[Emit]:
    account = chosen.filled("account_id") or _own_id(chosen) or chosen.account()
    if account is None and "account" not in constants:
        return
    who: dict[str, tuple[str, ...]] = {"account": (account,)} if account else {}
    fixed = {} if account else {"account": constants["account"]}
    created = chosen.first("born") or next(filter(is_creation, chosen.columns("posted")), None)
    chosen.take_away(created, "born")
    folded = ("account",) if are_known_handles(chosen, account) else ()
    statuses = list(status_emits(chosen, who, folded, constants, where))
    yield from (replace(s, constants=s.constants | fixed) for s in statuses)
    when = when_looked(chosen, where)
    counts = chosen.present("followers", "following", "posts")
    if counts and not when and not statuses:
        ask_for_parts_of_dates(chosen, where)
        ask_for_day_of_counts(chosen, account, where)
    if counts and when and not statuses:
        yield Emit("counts", who | {"time": when} | counts, fixed, handles=folded)
    told = bool(statuses) or bool(counts and when)
    if not told:
        ask_for_statuses(chosen, where)
    if account is None or (not told and is_log_of_deeds(chosen, account, created)):
        return
    yield from profile_emits(chosen, account, created, folded, bool(counts and when))


def _own_id(chosen: Chosen) -> str | None:
    act_id = chosen.filled("act_id")
    return act_id if act_id and squeeze_name(act_id) in BARE_IDS else None
