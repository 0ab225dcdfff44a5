"""Events of an AT Protocol stream, decoded from its frames as a pure function of their bytes.

A frame of `com.atproto.sync.subscribeRepos` is two DAG-CBOR values (header, body). Nothing here
reads a file or keeps state, so a recording and a live connection decode alike. Only records a wave
can be seen in are unpacked from the CAR archive of a commit. CIDs come from libipld as plain bytes;
they are used as keys only and never shown.
"""

from __future__ import annotations

import datetime as dt
from typing import Final, NamedTuple

import libipld

from birdfall.sources.shared.json_object import UNREADABLE, JsonObject
from birdfall.sources.shared.timestamps import EARLIEST_US, LATEST_US, is_no_offset

#: Collections whose records become rows.
COLLECTIONS: Final = frozenset(
    {
        "app.bsky.actor.profile",
        "app.bsky.feed.like",
        "app.bsky.feed.post",
        "app.bsky.feed.repost",
        "app.bsky.graph.block",
        "app.bsky.graph.follow",
    }
)

#: The protocol's words for an account that is not active. A throttled or desynchronised account can
#: still be seen.
STATUS_OF: Final = {
    "takendown": "taken_down",
    "suspended": "suspended",
    "deactivated": "deactivated",
    "deleted": "deleted",
    "throttled": "limited",
    "desynchronized": "limited",
}

#: A did or a record key longer than this is no name but an attack (the specification allows 2,048
#: and 512).
MAX_NAME_CHARS: Final = 2048


class FrameError(ValueError):
    """A frame or a line that cannot be decoded; the text is the reason."""


class AccountEvent(NamedTuple):
    """The status of an account, by its host.

    time: microseconds, the host's own. status: the host's word, where the account is not active.
    """

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
    """One record written or deleted.

    record: None for a deletion. problem: why a written record cannot be read.
    """

    action: str
    collection: str
    key: str
    record: JsonObject | None
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
    """Decode the event in a frame.

    Parameters
    ----------
    frame
        The bytes of one message of the stream.
    wanted
        Collections whose records are unpacked; operations on others keep their place without a
        record.

    Raises
    ------
    FrameError
        For bytes that are no event; nothing else is raised.
    """
    try:
        parts = libipld.decode_dag_cbor_multi(frame)
    except (ValueError, RecursionError, OverflowError, MemoryError) as error:
        raise FrameError(f"not DAG-CBOR: {error}") from error
    if len(parts) != 2 or not isinstance(parts[0], dict) or not isinstance(parts[1], dict):
        raise FrameError("not a header and a body")
    header, body = JsonObject(parts[0]), JsonObject(parts[1])
    if header.value("op") == -1:
        raise FrameError(f"the server reported an error: {body.value('error')}")
    kind = header.text("t")
    if kind == "#commit":
        return _parse_commit(body, wanted)
    if kind == "#account":
        return parse_account(body)
    if kind == "#identity":
        return parse_identity(body)
    if kind is None:
        raise FrameError("the header names no type")
    return OtherEvent(kind, None, body.integer("seq"))


def parse_account(body: JsonObject) -> AccountEvent:
    """An #account body, of a frame or of a line of JSON. Raises FrameError."""
    active, status = body.flag("active"), body.value("status")
    if active is None or not (status is None or isinstance(status, str)):
        raise FrameError("an account event without a status that can be read")
    did, time = parse_name(body.value("did"), "did"), parse_time(body.value("time"))
    return AccountEvent(did, time, active, status, body.integer("seq"))


def parse_identity(body: JsonObject) -> IdentityEvent:
    """An #identity body, of a frame or of a line of JSON. Raises FrameError."""
    handle = body.value("handle")
    if not (handle is None or isinstance(handle, str)):
        raise FrameError("a handle that is no text")
    did, time = parse_name(body.value("did"), "did"), parse_time(body.value("time"))
    return IdentityEvent(did, time, handle, body.integer("seq"))


def parse_name(value: object, what: str) -> str:
    """`value` if it can be the name of an account or a record. Raises FrameError."""
    if not isinstance(value, str) or not value or len(value) > MAX_NAME_CHARS:
        raise FrameError(f"no usable {what}")
    if UNREADABLE in value:
        # two names with unreadable characters could be taken for one
        raise FrameError(f"a {what} with a character that cannot be read")
    if what == "did" and not value.startswith("did:"):
        raise FrameError("an account that is no did")
    return value


def parse_time(value: object) -> int:
    """A time as the protocol writes it (RFC 3339 with a zone), in microseconds since 1970.

    Raises
    ------
    FrameError
        If it is none, or lies outside 1990 to 2099.
    """
    if not isinstance(value, str):
        raise FrameError("no time")
    try:
        moment = dt.datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise FrameError("a time without a zone")
        if is_no_offset(moment):
            raise FrameError("a time with an offset that no place has")
        found = round(moment.timestamp() * 1_000_000)
    except (ValueError, OverflowError) as error:
        if isinstance(error, FrameError):
            raise
        raise FrameError("a time that cannot be read") from error
    if not EARLIEST_US <= found < LATEST_US:
        raise FrameError("an implausible time")
    return found


class _OperationHeader(NamedTuple):
    """One operation as a commit lists it, its record named by `cid` in the commit's archive."""

    action: str
    collection: str
    key: str
    cid: object


def _parse_commit(body: JsonObject, wanted: frozenset[str]) -> CommitEvent:
    did, time = parse_name(body.value("repo"), "did"), parse_time(body.value("time"))
    listed = body.value("ops")
    if not isinstance(listed, list):
        raise FrameError("a commit without a list of operations")
    headers = [_parse_operation(op) for op in listed]
    blocks, problem = {}, None
    if body.value("tooBig") is True:
        problem = "the commit was too big for the stream and came without its records"
    if any(h.action != "delete" and h.collection in wanted for h in headers):
        try:
            blocks = libipld.decode_car(body.value("blocks"))[1]
        except (ValueError, TypeError, RecursionError, OverflowError, MemoryError) as error:
            problem = problem or f"the commit's archive cannot be read: {error}"
    operations = []
    for action, collection, key, cid in headers:
        record, missing = None, None
        if action != "delete" and collection in wanted:
            block = blocks.get(cid) if isinstance(cid, bytes) else None
            if isinstance(block, dict):
                record = JsonObject(block)
            else:
                missing = problem or "the commit's archive lacks this record"
        operations.append(RecordOperation(action, collection, key, record, missing))
    return CommitEvent(
        did, time, operations, body.integer("seq"), problem if not operations else None
    )


def _parse_operation(op: object) -> _OperationHeader:
    if not isinstance(op, dict):
        raise FrameError("an operation that is no map")
    action, path = op.get("action"), op.get("path")
    if not isinstance(action, str) or not isinstance(path, str) or len(path) > MAX_NAME_CHARS:
        raise FrameError("an operation without action and path")
    collection, _, key = path.partition("/")
    return _OperationHeader(action, collection, key, op.get("cid"))
