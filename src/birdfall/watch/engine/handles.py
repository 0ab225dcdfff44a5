"""Which account a person means by the handle of a leader: streams and states know accounts by id only."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import quote, urlsplit

from birdfall.model.errors import UsageError, printable
from birdfall.watch.alerts.rules import Rule
from birdfall.watch.feeds.base import Feed
from birdfall.watch.model.events import Identity
from birdfall.watch.store.database import State

#: Sources whose accounts are all called did:...
_ATPROTO: Final = ("atproto:", "jetstream:", "jetstream2:", "ozone:")
_ASK: Final = "/xrpc/com.atproto.identity.resolveHandle?handle="
#: Seconds to wait for a host's answer, and the largest one.
PATIENCE, LARGEST = 10, 1 << 16


def resolve_leaders(
    leaders: Iterable[str],
    state: State,
    feeds: Iterable[Feed],
    names: Mapping[str, str],
    tell: Callable[[str], None],
) -> tuple[str, ...]:
    """The ids of leaders. names: the handles a case knows, by id. tell: told what a handle was taken for. Raises UsageError."""
    feeds = list(feeds)
    did_only = bool(feeds) and all(f.name.startswith(_ATPROTO) for f in feeds)
    found = []
    for leader in leaders:
        if leader.startswith("did:") or not (leader.startswith("@") or did_only):
            found.append(leader)
            continue
        handle = leader.removeprefix("@").lower()
        account = _known(state, leader, handle) or next(
            (a for a, n in names.items() if n.lower() == handle), ""
        )
        account = account or next(filter(None, (_asked(f, handle) for f in feeds)), "")
        if account:
            tell(f"{leader} is {account}")
            with state.transaction():
                state.name(Identity(account, handle, 0))
        elif did_only:
            raise UsageError(
                f"the account with the handle {leader!r} is not known here, nor to the source",
                why="Streams name accounts by id.",
                fix=f"Give its id, did:...; https://public.api.bsky.app{_ASK}{quote(handle)} tells it.",
            )
        else:
            tell(
                f"no account with the handle {leader} is known yet: it is watched as an id; give the id if it has another"
            )
        found.append(account or leader)
    return tuple(found)


def resolve_rule_leaders(
    rules: Iterable[Rule], watched: set[str], ids: Callable[[str], str], tell: Callable[[str], None]
) -> list[Rule]:
    """Rules with the ids of their leaders; those that wait for an audience nobody watches are told of."""
    found = [replace(rule, leader=ids(rule.leader)) if rule.leader else rule for rule in rules]
    for rule in found:
        if rule.leader and rule.leader not in watched:
            tell(
                f"rule {rule.name!r} cannot fire: the audience of {rule.leader} is not watched; add --leader {rule.leader}"
            )
    return found


def _known(state: State, leader: str, handle: str) -> str:
    row = state.connection.execute(
        "SELECT account FROM standing WHERE account = ?1 OR lower(handle) = ?2 ORDER BY account <> ?1, time DESC LIMIT 1",
        (leader, handle),
    ).fetchone()
    return "" if row is None else str(row[0])


def _asked(feed: Feed, handle: str) -> str:
    """What the host of a firehose says; empty where it says nothing."""
    parts = urlsplit(feed.url)
    if not feed.name.startswith("atproto:") or parts.scheme not in ("ws", "wss"):
        return ""
    address = f"{'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc.rpartition('@')[2]}{_ASK}{quote(handle, safe='')}"
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
            account = json.loads(answer.read(LARGEST)).get("did", "")
    except (OSError, ValueError, AttributeError, RecursionError):
        return ""
    return (
        account
        if isinstance(account, str)
        and account.startswith("did:")
        and printable(account, 300) == account
        else ""
    )
