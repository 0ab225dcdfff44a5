"""Jetstream: an AT Protocol event stream as lines of JSON (plain, gzip or zstd), version 1 or 2.

The same events as `atproto` with less on the wire. A commit carries no time of its own, so its acts
stand at the time that Jetstream gives it (`time_us`, or `time` of version 2); account and identity
events carry the host's time, as in the full stream. A line of version 2 is a frame,
`{"$type": "message", "payload": {"$type": "...subscribeEvents#commit", ...}}`, or its payload
alone; the fields are those of the lexicon `network.bsky.jetstream.subscribeEvents`
(docs/methods/sources.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.sources.atproto import frames
from birdfall.sources.atproto.rows import RowBuilder
from birdfall.sources.shared import json_array
from birdfall.sources.shared.json_object import JsonObject, load_json
from birdfall.sources.shared.open import read_lines
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.record_rows import ROWS_PER_BATCH
from birdfall.sources.shared.timestamps import EARLIEST_US, LATEST_US

NAME = "jetstream"
WANTS_FOLLOWS = True
#: Beginning of the names of messages of version 2; before its release the stream was called
#: `subscribe`.
_STREAM: Final = "network.bsky.jetstream.subscribe"


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """One decoded frame of version 2.

    Parameters
    ----------
    event
        The event; None for a message of the server about itself.
    sequence
        The server's number, the cursor to resume from.
    time
        The time shown, in microseconds.
    witnessed
        When this server saw it, in microseconds; `time` where it is not given.
    message
        The name of an error or an advisory, with its text.
    fatal
        Whether the connection ends with it.
    """

    event: frames.Event | None = None
    sequence: int | None = None
    time: int | None = None
    witnessed: int | None = None
    message: str = ""
    fatal: bool = False


def sniff(_path: Path, head: bytes) -> float:
    """Certain when the first whole line is an event of either version."""
    line = json_array.skip_to_object(head).partition(b"\n")[0].rstrip(b"\r, ")
    if not line.startswith(b"{") or not (
        b'"time_us"' in line or _STREAM.encode() in line or b'"$type"' in line
    ):
        return 0.0
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        # one line may be longer than the head
        return 0.6 if b'"did"' in line and (b'"kind"' in line or _STREAM.encode() in line) else 0.0
    if not isinstance(event, dict):
        return 0.0
    version_1 = event.keys() >= {"did", "time_us", "kind"}
    return 1.0 if version_1 or is_frame(JsonObject(event)) else 0.0


def is_frame(plain: JsonObject) -> bool:
    """Whether an object is a frame of version 2, or the payload of one."""
    kind = plain.value("$type")
    if kind == "error":
        return plain.text("error") is not None
    payload = plain.child("payload") if kind == "message" else plain
    name = payload.text("$type") if payload else None
    return name is not None and name.startswith(_STREAM)


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """Rows of a file of Jetstream lines. What the server says of itself is a rejected row."""
    builder = RowBuilder(options.source_of(path), options.known_follows)
    size = path.stat().st_size
    for number, line, done in read_lines(path, allow_large=options.allow_large):
        if not line.strip():
            continue
        try:
            received, event = decode_line(
                line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            )
        except frames.FrameError as error:
            builder.reject(number, str(error), value=line[:200].decode("utf-8", "replace"))
        else:
            builder.add_event(number, event, received)
        if number % 1024 == 0:
            progress("read", done, size, "bytes")
            yield from builder.rows(at_least=ROWS_PER_BATCH)
    yield from builder.finish()


class JetstreamLine(NamedTuple):
    """A decoded line: when Jetstream saw the event, in microseconds, and the event."""

    received: int
    event: frames.Event


def decode_line(line: bytes) -> JetstreamLine:
    """Decode a line of either version.

    Raises
    ------
    FrameError
        For a line that holds no event; nothing else is raised.
    """
    try:
        value = load_json(line)
    except ValueError as error:
        raise frames.FrameError("not JSON") from error
    if not isinstance(value, dict):
        raise frames.FrameError("not an event")
    if "time_us" not in value and "$type" in value:
        frame = decode_frame(JsonObject(value))
        if frame.event is None or frame.witnessed is None:
            what = "ended the stream" if frame.fatal else "said"
            raise frames.FrameError(f"the server {what}: {frame.message}")
        return JetstreamLine(frame.witnessed, frame.event)
    # Read without JsonObject: this is done for every event of a day's stream.
    sent, kind = value.get("time_us"), value.get("kind")
    if type(sent) is not int or not EARLIEST_US <= sent < LATEST_US:
        raise frames.FrameError("no plausible time_us")
    body = value.get(kind) if isinstance(kind, str) else None
    if not isinstance(kind, str) or not isinstance(body, dict):
        raise frames.FrameError("an event of unknown kind")
    event = _parse_event(kind, value.get("did"), JsonObject(body), sent, None)
    return JetstreamLine(sent, event)


def decode_frame(plain: JsonObject) -> DecodedFrame:
    """Decode one frame of version 2: a recorded line, or a message as it arrives.

    A commit's fields stand in the payload itself, those of #account, #identity and #sync in an
    object of that name; a commit nested the same way is read too.

    Raises
    ------
    FrameError
        For a frame that holds no event; nothing else is raised.
    """
    if plain.value("$type") == "error":
        return DecodedFrame(
            message=_join_message(plain.text("error"), plain.text("message")), fatal=True
        )
    payload = plain.child("payload") if plain.value("$type") == "message" else plain
    name = payload.text("$type") if payload else None
    if payload is None or name is None or not name.startswith(_STREAM):
        raise frames.FrameError("a frame of another stream")
    kind = name.partition("#")[2]
    if kind == "info":
        return DecodedFrame(message=_join_message(payload.text("name"), payload.text("message")))
    sequence = payload.integer("seq")
    if sequence is None or not 0 <= sequence < 1 << 63:
        raise frames.FrameError("an event without its number")
    time = frames.parse_time(payload.value("time"))
    witnessed = time
    if payload.value("witnessedAt") is not None:
        witnessed = frames.parse_time(payload.value("witnessedAt"))
    body = payload.child(kind)
    if kind == "commit":
        body = body or payload
    if body is None:
        raise frames.FrameError(f"an #{kind[:40]} without its {kind[:40]}")
    event = _parse_event(kind, payload.value("did"), body, time, sequence)
    return DecodedFrame(event, sequence, time, witnessed)


def _parse_event(
    kind: str, account: object, body: JsonObject, time: int, sequence: int | None
) -> frames.Event:
    """The event of `kind` whose fields stand in `body`; account: that of a commit."""
    if kind == "account":
        return frames.parse_account(body)
    if kind == "identity":
        return frames.parse_identity(body)
    if kind != "commit":
        return frames.OtherEvent(f"#{kind}"[:80], time, sequence)
    did = frames.parse_name(account, "did")
    action, collection, key = body.text("operation"), body.text("collection"), body.text("rkey")
    if action is None or collection is None or key is None:
        raise frames.FrameError("a commit without operation, collection and rkey")
    record = body.child("record")
    problem = "the event lacks its record" if action != "delete" and record is None else None
    name = frames.parse_name(key, "record key")
    operation = frames.RecordOperation(action, collection, name, record, problem)
    return frames.CommitEvent(did, time, [operation], sequence)


def _join_message(name: str | None, message: str | None) -> str:
    return ": ".join(w for w in (name, message) if w)[:200] or "nothing that can be read"
