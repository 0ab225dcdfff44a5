"""Handles of leaders: streams and states know accounts by id only, people by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final
from urllib.parse import quote, urlsplit

from birdfall.model.errors import UsageError, printable
from birdfall.watch.alerts.rules import Rule
from birdfall.watch.feeds.base import Feed
from birdfall.watch.feeds.json_fields import DecodeError, JsonFields
from birdfall.watch.feeds.web import NoAnswer, WebLimits, ask
from birdfall.watch.model.events import Identity
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import set_identity
from birdfall.watch.store.queries.accounts import find_account

#: Sources whose accounts are all called did:...
_ATPROTO_SOURCES: Final = ("atproto:", "jetstream:", "jetstream2:", "ozone:")
_RESOLVE_PATH: Final = "/xrpc/com.atproto.identity.resolveHandle?handle="
#: How long a host's answer may take, and how large it may be.
ANSWER_LIMITS: Final = WebLimits(seconds=10, max_bytes=1 << 16)


def resolve_leaders(
    leaders: Iterable[str],
    state: State,
    feeds: Iterable[Feed],
    names: Mapping[str, str],
    tell: Callable[[str], None],
) -> tuple[str, ...]:
    """The ids of leaders.

    Parameters
    ----------
    leaders
        Ids, or handles with an @ (without one, where all sources know accounts as did:...).
    state
        Handles that the watch knows; one that is found is kept.
    feeds
        The sources: a firehose's host is asked.
    names
        The handles that a case knows, by id.
    tell
        Told what a handle was taken for.

    Raises
    ------
    UsageError
        Nobody knows a handle, and the sources know accounts by id only.
    """
    feeds = list(feeds)
    did_only = bool(feeds) and all(f.name.startswith(_ATPROTO_SOURCES) for f in feeds)
    found = []
    for leader in leaders:
        if leader.startswith("did:") or not (leader.startswith("@") or did_only):
            found.append(leader)
            continue
        handle = leader.removeprefix("@").lower()
        account = (
            find_account(state, leader, handle)
            or next((a for a, name in names.items() if name.lower() == handle), "")
            or next(filter(None, (ask_host(feed, handle) for feed in feeds)), "")
        )
        if account:
            tell(f"{leader} is {account}")
            with state.transaction():
                set_identity(state, Identity(account, handle, 0))
        elif did_only:
            address = f"https://public.api.bsky.app{_RESOLVE_PATH}{quote(handle)}"
            raise UsageError(
                f"the account with the handle {leader!r} is not known here, nor to the source",
                why="Streams name accounts by id.",
                fix=f"Give its id, did:...; {address} tells it.",
            )
        else:
            tell(
                f"no account with the handle {leader} is known yet: it is watched as an id; "
                "give the id if it has another"
            )
        found.append(account or leader)
    return tuple(found)


def resolve_rule_leaders(
    rules: Iterable[Rule],
    watched: AbstractSet[str],
    id_of: Callable[[str], str],
    tell: Callable[[str], None],
) -> list[Rule]:
    """Rules with the ids of their leaders.

    watched: leaders whose audiences are watched; id_of: the id of a leader that a rule names; tell:
    called with a message for each rule whose audience is not watched.
    """
    found = [replace(rule, leader=id_of(rule.leader)) if rule.leader else rule for rule in rules]
    for rule in found:
        if rule.leader and rule.leader not in watched:
            tell(
                f"rule {rule.name!r} cannot fire: the audience of {rule.leader} is not watched; "
                f"add --leader {rule.leader}"
            )
    return found


def ask_host(feed: Feed, handle: str) -> str:
    """What the host of a firehose says; empty where it says nothing."""
    parts = urlsplit(feed.url)
    if not feed.name.startswith("atproto:") or parts.scheme not in ("ws", "wss"):
        return ""
    scheme = "https" if parts.scheme == "wss" else "http"
    host = parts.netloc.rpartition("@")[2]
    address = f"{scheme}://{host}{_RESOLVE_PATH}{quote(handle, safe='')}"
    try:
        answer = ask(address, limits=ANSWER_LIMITS)
        account = JsonFields.parse(answer.body).text("did") or ""
    except (NoAnswer, DecodeError):
        return ""
    known = answer.status == 200 and account.startswith("did:")
    return account if known and printable(account, 300) == account else ""
