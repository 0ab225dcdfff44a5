"""What one frame of an AT Protocol event stream says, as a pure function of its bytes.

A frame of `com.atproto.sync.subscribeRepos` is two DAG-CBOR values (header, body). Nothing here reads a file or keeps
state, so a recording and a live connection decode alike. Only records a wave can be seen in are unpacked from the CAR
archive of a commit. CIDs come from libipld as plain bytes; they are used as keys only and never shown.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final, NamedTuple

import libipld

from birdfall.sources.shared.timestamps import EARLIEST_US, LATEST_US

#: Collections whose records become rows.
COLLECTIONS: Final = frozenset(
    {
        "app.bsky.actor.profile", "app.bsky.feed.like", "app.bsky.feed.post", "app.bsky.feed.repost",
        "app.bsky.graph.block", "app.bsky.graph.follow",
    }
)  # fmt: skip

#: The protocol's words for an account that is not active. A throttled or desynchronised account can still be seen.
STATUS_OF: Final = {
    "takendown": "taken_down", "suspended": "suspended", "deactivated": "deactivated", "deleted": "deleted",
    "throttled": "limited", "desynchronized": "limited",
}  # fmt: skip

#: A did or a record key longer than this is no name but an attack (the specification allows 2,048 and 512).
MAX_NAME_CHARS: Final = 2048


class FrameError(ValueError):
    """A frame or a line that cannot be taken; the text is the reason."""


class AccountEvent(NamedTuple):
    """The host says how an account stands. time: microseconds, the host's own; status: its word, where not active."""

    did: str
    time: int
    active: bool
    status: str | None
    sequence: int | None


class IdentityEvent(NamedTuple):
    """A handle was set or confirmed."""

    did: str
    time: int
    handle: str | None
    sequence: int | None


class RecordOperation(NamedTuple):
    """One record written or deleted. record: None for a deletion; problem: why a written record cannot be read."""

    action: str
    collection: str
    key: str
    record: dict[str, Any] | None
    problem: str | None = None


class CommitEvent(NamedTuple):
    """Records written and deleted at once. problem: why the operations are not all there."""

    did: str
    time: int
    operations: list[RecordOperation]
    sequence: int | None
    problem: str | None = None


class OtherEvent(NamedTuple):
    """An event with nothing for the record (#sync, #info); counted by its kind."""

    kind: str
    time: int | None
    sequence: int | None


Event = AccountEvent | IdentityEvent | CommitEvent | OtherEvent


def decode_frame(frame: bytes, wanted: frozenset[str] = COLLECTIONS) -> Event:
    """The event in `frame`. Raises FrameError, and nothing else, for bytes that are no event.

    wanted: collections whose records are unpacked; operations on others keep their place without a record.
    """
    try:
        parts = libipld.decode_dag_cbor_multi(frame)
    except (ValueError, RecursionError, OverflowError, MemoryError) as error:
        raise FrameError(f"not DAG-CBOR: {error}") from error
    if len(parts) != 2 or not isinstance(parts[0], dict) or not isinstance(parts[1], dict):
        raise FrameError("not a header and a body")
    header, body = parts
    if header.get("op") == -1:
        raise FrameError(f"the server reported an error: {body.get('error')}")
    kind = header.get("t")
    if kind == "#commit":
        return _commit(body, wanted)
    if kind == "#account":
        return parse_account(body)
    if kind == "#identity":
        return parse_identity(body)
    if not isinstance(kind, str):
        raise FrameError("the header names no type")
    return OtherEvent(kind, None, _sequence(body))


def parse_account(body: dict[str, Any]) -> AccountEvent:
    """An #account body, of a frame or of a line of JSON. Raises FrameError."""
    active, status = body.get("active"), body.get("status")
    if not isinstance(active, bool) or not (status is None or isinstance(status, str)):
        raise FrameError("an account event without a status that can be read")
    return AccountEvent(
        parse_name(body.get("did"), "did"),
        parse_time(body.get("time")),
        active,
        status,
        _sequence(body),
    )


def parse_identity(body: dict[str, Any]) -> IdentityEvent:
    """An #identity body, of a frame or of a line of JSON. Raises FrameError."""
    handle = body.get("handle")
    if not (handle is None or isinstance(handle, str)):
        raise FrameError("a handle that is no text")
    return IdentityEvent(
        parse_name(body.get("did"), "did"), parse_time(body.get("time")), handle, _sequence(body)
    )


def parse_name(value: Any, what: str) -> str:
    """`value` if it can be the name of an account or a record. Raises FrameError."""
    if not isinstance(value, str) or not value or len(value) > MAX_NAME_CHARS:
        raise FrameError(f"no usable {what}")
    if what == "did" and not value.startswith("did:"):
        raise FrameError("an account that is no did")
    return value


def parse_time(value: Any) -> int:
    """A time as the protocol writes it (RFC 3339 with a zone) in microseconds since 1970. Raises FrameError."""
    if not isinstance(value, str):
        raise FrameError("no time")
    try:
        moment = dt.datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise FrameError("a time without a zone")
        found = round(moment.timestamp() * 1_000_000)
    except (ValueError, OverflowError) as error:
        if isinstance(error, FrameError):
            raise
        raise FrameError("a time that cannot be read") from error
    if not EARLIEST_US <= found < LATEST_US:
        raise FrameError("an implausible time")
    return found


def _commit(body: dict[str, Any], wanted: frozenset[str]) -> CommitEvent:
    did, time = parse_name(body.get("repo"), "did"), parse_time(body.get("time"))
    listed = body.get("ops")
    if not isinstance(listed, list):
        raise FrameError("a commit without a list of operations")
    sequence = _sequence(body)
    headers = [_parse_operation(op) for op in listed]
    blocks: dict[bytes, Any] = {}
    problem = (
        "the commit was too big for the stream and came without its records"
        if body.get("tooBig") is True
        else None
    )
    if any(action != "delete" and collection in wanted for action, collection, _, _ in headers):
        try:
            blocks = libipld.decode_car(body.get("blocks"))[1]
        except (ValueError, TypeError, RecursionError, OverflowError, MemoryError) as error:
            problem = problem or f"the commit's archive cannot be read: {error}"
    operations = []
    for action, collection, key, cid in headers:
        record, missing = None, None
        if action != "delete" and collection in wanted:
            record = blocks.get(cid) if isinstance(cid, bytes) else None
            if not isinstance(record, dict):
                record, missing = None, problem or "the commit's archive lacks this record"
        operations.append(RecordOperation(action, collection, key, record, missing))
    return CommitEvent(did, time, operations, sequence, problem if not operations else None)


def _parse_operation(op: Any) -> tuple[str, str, str, Any]:
    if not isinstance(op, dict):
        raise FrameError("an operation that is no map")
    action, path = op.get("action"), op.get("path")
    if not isinstance(action, str) or not isinstance(path, str) or len(path) > MAX_NAME_CHARS:
        raise FrameError("an operation without action and path")
    collection, _, key = path.partition("/")
    return action, collection, key, op.get("cid")


def _sequence(body: dict[str, Any]) -> int | None:
    found = body.get("seq")
    return found if isinstance(found, int) and not isinstance(found, bool) else None
