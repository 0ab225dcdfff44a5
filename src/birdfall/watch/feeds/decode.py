"""From what a platform sends to what the watch needs, one pure function per wire format.

Each raises `DecodeError`, and nothing else, for bytes that cannot be taken; an event without news for the watch is an empty list.
"""

from __future__ import annotations

import json
from typing import Any

from birdfall.sources.atproto import frames
from birdfall.sources.atproto.frames import STATUS_OF
from birdfall.sources.shared.timestamps import (
    EARLIEST_US,
    LATEST_US,
    NotATime,
    TimeReader,
)
from birdfall.watch.model.events import Event, Follow, Identity, Report, Status, Unfollow

_FOLLOW = "app.bsky.graph.follow"
#: Only follows are unpacked from the archives of commits: four in five commits hold none.
WANTED_COLLECTIONS = frozenset({_FOLLOW})
#: An event of the future by more than this is a wrong clock: it then counts from when it arrived.
MAX_CLOCK_LEAD_US = 60_000_000


class DecodeError(ValueError):
    """What came cannot be taken; the text is the reason."""


def decode_frame(frame: bytes, received: int, host: str = "") -> tuple[list[Event], int | None]:
    """The news in one frame of `com.atproto.sync.subscribeRepos`, and its sequence number."""
    try:
        event = frames.decode_frame(frame, WANTED_COLLECTIONS)
    except frames.FrameError as error:
        raise DecodeError(str(error)) from error
    return events_from_atproto(event, received, host), event.sequence


def events_from_atproto(event: frames.Event, received: int, host: str = "") -> list[Event]:
    """The news in a decoded event of an AT Protocol stream."""
    if isinstance(event, frames.AccountEvent):
        status = "active" if event.active else STATUS_OF.get(event.status or "", "deactivated")
        said = "" if event.active else (event.status or "")[:80]
        return [Status(event.did, status, clamp_to_arrival(event.time, received), said, host)]
    if isinstance(event, frames.IdentityEvent):
        return [Identity(event.did, event.handle or "", clamp_to_arrival(event.time, received))]
    if isinstance(event, frames.CommitEvent):
        found: list[Event] = []
        for operation in event.operations:
            if operation.collection != _FOLLOW:
                continue
            time, key = clamp_to_arrival(event.time, received), f"{event.did}/{operation.key}"
            if operation.action == "delete":
                found.append(Unfollow(event.did, time, key))
            elif operation.problem is None and isinstance(
                subject := (operation.record or {}).get("subject"), str
            ):
                found.append(Follow(event.did, subject, time, key))
        return found
    return []


def decode_jetstream(line: bytes | str, received: int, host: str = "") -> tuple[list[Event], int]:
    """The news in one message of Jetstream v1, and its `time_us`."""
    from birdfall.sources.jetstream import decode_line

    try:
        sent, event = decode_line(line.encode() if isinstance(line, str) else line)
    except frames.FrameError as error:
        raise DecodeError(str(error)) from error
    return events_from_atproto(event, received, host), sent


def decode_ozone(plain: dict[str, Any]) -> list[Event]:
    """The news in one moderation event of Ozone."""
    event, subject = plain.get("event"), plain.get("subject")
    if not isinstance(event, dict) or not isinstance(subject, dict):
        raise DecodeError("not a moderation event")
    name = str(event.get("$type", "")).rpartition("#")[2]
    uri, did = subject.get("uri"), subject.get("did")
    if not isinstance(did, str):
        did = uri.removeprefix("at://").partition("/")[0] if isinstance(uri, str) else ""
    if not did.startswith("did:") or len(did) > frames.MAX_NAME_CHARS:
        raise DecodeError("a subject that is neither account nor record")
    time = parse_time(plain.get("createdAt"))
    if name == "modEventReport":
        by = plain.get("createdBy")
        if not isinstance(by, str) or not by.startswith("did:"):
            raise DecodeError("a report by nobody")
        reason = str(event.get("reportType") or "").rpartition("#")[2]
        return [Report(by, did, time, _id_text(plain.get("id")), reason[:80])]
    if name in ("modEventTakedown", "modEventReverseTakedown") and not uri:
        status = "taken_down" if name == "modEventTakedown" else "active"
        return [Status(did, status, time, str(event.get("comment") or "")[:200])]
    return []


def decode_mediawiki(plain: dict[str, Any]) -> list[Event]:
    """The news in one recent change of a MediaWiki: blocks, their lifting, and new accounts."""
    from birdfall.sources.mediawiki import account_of, is_address, time_of
    from birdfall.sources.shared.json_log import UnusableLine

    meta = plain.get("meta")
    if isinstance(meta, dict) and meta.get("domain") == "canary":
        # made by the service to show that the stream flows; nobody was blocked
        return []
    if plain.get("type") != "log" or plain.get("log_type") not in ("block", "newusers"):
        return []
    try:
        time, account = time_of(plain.get("timestamp")), account_of(plain)
    except (UnusableLine, KeyError) as error:
        raise DecodeError(str(error)) from error
    host = str(plain.get("wiki") or plain.get("server_name") or "")[:80]
    if plain["log_type"] == "newusers":
        return [Identity(account, account, time, True)]
    if is_address(account):
        return []
    parameters = plain.get("log_params")
    whole = not (isinstance(parameters, dict) and parameters.get("sitewide") is False)
    status = (
        "active" if plain.get("log_action") == "unblock" else "suspended" if whole else "limited"
    )
    return [Status(account, status, time, str(plain.get("comment") or "")[:200], host)]


def decode_mastodon(plain: dict[str, Any]) -> list[Event]:
    """The news in the body of a Mastodon webhook, or in `{"event": ..., "object": ...}` made of a page of its admin API."""
    body = plain.get("object")
    if not isinstance(body, dict):
        raise DecodeError("no object")
    name = str(plain.get("event", ""))
    if name.startswith("report."):
        target, by = body.get("target_account"), body.get("account")
        if not isinstance(target, dict) or not isinstance(by, dict):
            raise DecodeError("a report without both accounts")
        reported = Report(
            str(by.get("id")),
            str(target.get("id")),
            parse_time(body.get("created_at")),
            f"report:{_id_text(body.get('id'))}",
            str(body.get("category") or "")[:80],
        )
        return [reported] if name == "report.created" else []
    if not name.startswith("account."):
        return []
    if not isinstance(body.get("id"), str | int):
        raise DecodeError("an account without an id")
    time = parse_time(plain.get("created_at"))
    account = str(body["id"])
    handle = str(body.get("username") or "")[:200]
    host = str(body.get("domain") or "")[:200]
    status = (
        "suspended" if body.get("suspended") else "limited" if body.get("silenced") else "active"
    )
    by = body.get("created_by_application_id")
    client = f"application:{_id_text(by)}" if _id_text(by) else ""
    return [
        Identity(account, handle, time, name == "account.created", client),
        Status(account, status, time, "", host, client),
    ]


def decode_line(line: bytes | str, received: int) -> list[Event]:
    """One object of NDJSON: {"kind": "status", "account": ..., "status": ..., "time": ...}; also follow, unfollow, report,
    account, and heard, which says that all before it came. status may have `reason`, `host` and `client`, account `handle`, `created` and `client`. `time` is RFC 3339 with a zone or microseconds; without it the arrival counts.
    """
    try:
        plain = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DecodeError("not JSON") from error
    if not isinstance(plain, dict):
        raise DecodeError("not an object")
    given = plain.get("time")
    time = received if given is None else given if type(given) is int else parse_time(given)
    if not EARLIEST_US <= time < LATEST_US:
        raise DecodeError("an implausible time")
    kind = plain.get("kind")
    wanted = {
        "status": ("account", "status"),
        "follow": ("follower", "followed"),
        "unfollow": ("follower", "followed"),
        "report": ("account", "target"),
        "account": ("account",),
        "heard": (),
    }.get(kind if isinstance(kind, str) else "")
    if wanted is None:
        raise DecodeError("a kind that is none of status, follow, unfollow, report, account, heard")
    values = [plain.get(key) for key in wanted]
    if not all(isinstance(v, str) and 0 < len(v) <= frames.MAX_NAME_CHARS for v in values):
        raise DecodeError(f"{kind} needs {' and '.join(wanted)}, as texts")
    if kind == "heard":
        return []
    first, *rest = [str(v) for v in values]
    client = str(plain.get("client") or "")[:200]
    if kind == "status":
        from birdfall.model.schemas import STATUSES

        if rest[0] not in STATUSES:
            raise DecodeError(f"a status that is none of {', '.join(STATUSES)}")
        reason, host = (str(plain.get(key) or "")[:200] for key in ("reason", "host"))
        return [Status(first, rest[0], time, reason, host, client)]
    if kind == "follow":
        return [Follow(first, rest[0], time, f"{first}/{rest[0]}")]
    if kind == "unfollow":
        return [Unfollow(first, time, followed=rest[0])]
    if kind == "report":
        return [
            Report(
                first, rest[0], time, _id_text(plain.get("id")), str(plain.get("reason") or "")[:80]
            )
        ]
    return [
        Identity(
            first, str(plain.get("handle") or "")[:200], time, bool(plain.get("created")), client
        )
    ]


def parse_time(value: Any) -> int:
    """A time with a zone, in microseconds. Raises DecodeError."""
    if not isinstance(value, str):
        raise DecodeError("no time")
    try:
        found = TimeReader(None).microseconds(value)
    except (NotATime, ValueError) as error:
        raise DecodeError("a time that cannot be read") from error
    if not EARLIEST_US <= found < LATEST_US:
        raise DecodeError("an implausible time")
    return found


def clamp_to_arrival(time: int, received: int) -> int:
    """`time`, unless it lies in the future of its own arrival."""
    return received if time > received + MAX_CLOCK_LEAD_US else time


def _id_text(value: Any) -> str:
    return str(value)[:200] if isinstance(value, str | int) else ""
