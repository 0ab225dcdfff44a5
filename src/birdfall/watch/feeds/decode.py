"""From what a platform sends to what the watch needs, one pure function per wire format.

Each raises `DecodeError`, and nothing else, for what cannot be decoded; an event without news for
the watch is an empty list.
"""

from __future__ import annotations

from birdfall.sources import jetstream, mediawiki, watch_lines
from birdfall.sources.atproto import frames
from birdfall.sources.atproto.frames import STATUS_OF
from birdfall.sources.shared.json_log import UnusableLine, moment_of
from birdfall.sources.shared.json_object import UNREADABLE, JsonObject
from birdfall.watch.feeds.json_fields import DecodeError, JsonFields
from birdfall.watch.model.events import Event, Follow, Identity, Report, Status, Unfollow

#: Longest free text (a comment, a handle) and longest code (a reason, a category) that is kept, in
#: characters.
MAX_TEXT_CHARS, MAX_CODE_CHARS = 200, 80
_FOLLOW = "app.bsky.graph.follow"
#: Only follows are unpacked from the archives of commits: four in five commits hold none.
WANTED_COLLECTIONS = frozenset({_FOLLOW})
#: An event of the future by more than this is a wrong clock: it then counts from when it arrived.
MAX_CLOCK_LEAD_US = 60_000_000


def decode_frame(frame: bytes, received: int, host: str = "") -> tuple[list[Event], int | None]:
    """Decode one frame of `com.atproto.sync.subscribeRepos`: its events and its sequence number."""
    try:
        event = frames.decode_frame(frame, WANTED_COLLECTIONS)
    except frames.FrameError as error:
        raise DecodeError(str(error)) from error
    return events_from_atproto(event, received, host), event.sequence


def events_from_atproto(event: frames.Event, received: int, host: str = "") -> list[Event]:
    """The events of a decoded frame or message of an AT Protocol stream that the watch needs."""
    if isinstance(event, frames.AccountEvent):
        status = "active" if event.active else STATUS_OF.get(event.status or "", "deactivated")
        reason = "" if event.active else (event.status or "")[:MAX_CODE_CHARS]
        return [Status(event.did, status, clamp_to_arrival(event.time, received), reason, host)]
    if isinstance(event, frames.IdentityEvent):
        return [Identity(event.did, event.handle or "", clamp_to_arrival(event.time, received))]
    if isinstance(event, frames.CommitEvent):
        return _follow_events(event, clamp_to_arrival(event.time, received))
    return []


def _follow_events(commit: frames.CommitEvent, time: int) -> list[Event]:
    found: list[Event] = []
    for operation in commit.operations:
        if operation.collection != _FOLLOW:
            continue
        key = f"{commit.did}/{operation.key}"
        if operation.action == "delete":
            found.append(Unfollow(commit.did, time, key))
        elif operation.problem is None:
            subject = operation.record.text("subject") if operation.record else None
            if subject is not None:
                found.append(Follow(commit.did, subject, time, key))
    return found


def decode_jetstream(line: bytes | str, received: int, host: str = "") -> tuple[list[Event], int]:
    """Decode one message of Jetstream v1: its events and its `time_us`."""
    try:
        sent, event = jetstream.decode_line(line.encode() if isinstance(line, str) else line)
    except frames.FrameError as error:
        raise DecodeError(str(error)) from error
    return events_from_atproto(event, received, host), sent


def decode_ozone(item: JsonFields) -> list[Event]:
    """Decode one moderation event of Ozone: reports, takedowns and their reversal."""
    event, subject = item.fields("event"), item.fields("subject")
    if event is None or subject is None:
        raise DecodeError("not a moderation event")
    kind = event.label("$type", MAX_TEXT_CHARS).rpartition("#")[2]
    uri, did = subject.text("uri"), subject.text("did")
    if did is None:
        did = "" if uri is None else uri.removeprefix("at://").partition("/")[0]
    if not did.startswith("did:") or len(did) > frames.MAX_NAME_CHARS:
        raise DecodeError("a subject that is neither account nor record")
    _require_readable(did)
    time = parse_time(item.text("createdAt"))
    if kind == "modEventReport":
        by = item.text("createdBy")
        if by is None or not by.startswith("did:"):
            raise DecodeError("a report by nobody")
        _require_readable(by)
        reason = event.label("reportType", MAX_TEXT_CHARS).rpartition("#")[2]
        return [Report(by, did, time, item.identifier("id"), reason[:MAX_CODE_CHARS])]
    if kind in ("modEventTakedown", "modEventReverseTakedown") and not subject.flag("uri"):
        status = "taken_down" if kind == "modEventTakedown" else "active"
        return [Status(did, status, time, event.label("comment", MAX_TEXT_CHARS))]
    return []


def decode_mediawiki(change: JsonFields) -> list[Event]:
    """Decode one recent change of a MediaWiki: blocks, their lifting, and new accounts."""
    meta = change.fields("meta")
    if meta is not None and meta.text("domain") == "canary":
        # made by the service to show that the stream flows; nobody was blocked
        return []
    kind = change.text("log_type")
    if change.text("type") != "log" or kind not in ("block", "newusers"):
        return []
    try:
        time = mediawiki.time_of(change.members.get("timestamp"))
        account = mediawiki.account_of(JsonObject(change.members))
    except (UnusableLine, KeyError) as error:
        raise DecodeError(str(error)) from error
    if kind == "newusers":
        return [Identity(account, account, time, True)]
    if mediawiki.is_address(account):
        return []
    host = change.label("wiki", MAX_CODE_CHARS) or change.label("server_name", MAX_CODE_CHARS)
    parameters = change.fields("log_params")
    partial = parameters is not None and parameters.is_false("sitewide")
    status = "limited" if partial else "suspended"
    if change.text("log_action") == "unblock":
        status = "active"
    return [Status(account, status, time, change.label("comment", MAX_TEXT_CHARS), host)]


def decode_mastodon(delivery: JsonFields) -> list[Event]:
    """Decode the body of a Mastodon webhook, or `{"event": ..., "object": ...}` made of a page of
    its admin API.
    """
    body = delivery.fields("object")
    if body is None:
        raise DecodeError("no object")
    name = delivery.label("event", MAX_TEXT_CHARS)
    if name.startswith("report."):
        return _decode_mastodon_report(body) if name == "report.created" else []
    if not name.startswith("account."):
        return []
    account = body.identifier("id")
    if not account:
        raise DecodeError("an account without an id")
    _require_readable(account)
    time = parse_time(delivery.text("created_at"))
    host = body.label("domain", MAX_TEXT_CHARS)
    status = (
        "suspended" if body.flag("suspended") else "limited" if body.flag("silenced") else "active"
    )
    application = body.identifier("created_by_application_id")
    client = f"application:{application}" if application else ""
    handle = body.label("username", MAX_TEXT_CHARS)
    return [
        Identity(account, handle, time, name == "account.created", client),
        Status(account, status, time, "", host, client),
    ]


def _decode_mastodon_report(body: JsonFields) -> list[Event]:
    target, by = body.fields("target_account"), body.fields("account")
    if target is None or by is None:
        raise DecodeError("a report without both accounts")
    reporter, reported = by.label("id", MAX_TEXT_CHARS), target.label("id", MAX_TEXT_CHARS)
    _require_readable(reporter, reported)
    return [
        Report(
            reporter,
            reported,
            parse_time(body.text("created_at")),
            f"report:{body.identifier('id')}",
            body.label("category", MAX_CODE_CHARS),
        )
    ]


def decode_line(line: bytes | str, received: int) -> list[Event]:
    """Decode one line of Birdfall's own NDJSON.

    Parameters
    ----------
    line
        An object such as `{"kind": "status", "account": ..., "status": ..., "time": ...}`. Kinds:
        status (may have `reason`, `host`, `client`), follow, unfollow, report (may have `id`,
        `reason`), account (may have `handle`, `created`, `client`), and heard, which says that all
        before it came. `time` is RFC 3339 with a zone, or microseconds.
    received
        When the line arrived, in microseconds; the time of a line that has none.
    """
    item = JsonFields.parse(line)
    try:
        kind, values, time = watch_lines.parts_of(JsonObject(item.members), received)
    except UnusableLine as error:
        raise DecodeError(str(error)) from error
    match kind:
        case "status":
            return [_line_status(item, values[0], values[1], time)]
        case "follow":
            follower, followed = values
            return [Follow(follower, followed, time, f"{follower}/{followed}")]
        case "unfollow":
            follower, followed = values
            return [Unfollow(follower, time, followed=followed)]
        case "report":
            reporter, target = values
            reason = item.label("reason", MAX_CODE_CHARS)
            return [Report(reporter, target, time, item.identifier("id"), reason)]
        case "account":
            handle, client = (item.label(key, MAX_TEXT_CHARS) for key in ("handle", "client"))
            return [Identity(values[0], handle, time, item.flag("created"), client)]
    return []


def _line_status(item: JsonFields, account: str, status: str, time: int) -> Status:
    reason, host, client = (item.label(key, MAX_TEXT_CHARS) for key in ("reason", "host", "client"))
    return Status(account, status, time, reason, host, client)


def _require_readable(*names: str) -> None:
    """Raises DecodeError if a character of a name could not be read: two could be taken for one."""
    if any(UNREADABLE in name for name in names):
        raise DecodeError("a name with a character that cannot be read")


def parse_time(text: str | None) -> int:
    """A time with a zone, in microseconds.

    Raises DecodeError if it is missing, unreadable or implausible.
    """
    try:
        return moment_of(text)
    except UnusableLine as error:
        raise DecodeError(str(error)) from error


def clamp_to_arrival(time: int, received: int) -> int:
    """`time`, unless it lies in the future of its own arrival."""
    return received if time > received + MAX_CLOCK_LEAD_US else time
