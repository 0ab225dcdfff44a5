"""Jetstream: an AT Protocol event stream as lines of JSON (plain, gzip or zstd), as version 1 or version 2 sends it.

The same events as `atproto` with less on the wire. A commit carries no time of its own, so its acts stand at the time that
Jetstream gives it (`time_us`, or `time` of version 2); account and identity events carry the host's time, as in the full
stream. A line of version 2 is a frame, `{"$type": "message", "payload": {"$type": "...subscribeEvents#commit", ...}}`, or its
payload alone; the fields are those of the lexicon `network.bsky.jetstream.subscribeEvents` (docs/methods/sources.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.sources.atproto import frames
from birdfall.sources.atproto.rows import ROWS_PER_BATCH, Follows, RowBuilder, Unfollows
from birdfall.sources.shared import json_array
from birdfall.sources.shared.open import read_lines
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.timestamps import EARLIEST_US, LATEST_US

NAME = "jetstream"
#: Names of the messages of version 2 begin so; before its release the stream was called `subscribe`.
_STREAM: Final = "network.bsky.jetstream.subscribe"


@dataclass(frozen=True, slots=True)
class JetstreamFrame:
    """What one frame of version 2 says.

    event: None for a word of the server about itself. sequence: the server's number, the cursor to resume from. time: the
    time shown, witnessed: when this server saw it, both in microseconds (the second is the first, where it is not told).
    message: the name of an error or an advisory, with its message; fatal: the connection ends with it.
    """

    event: frames.Event | None = None
    sequence: int | None = None
    time: int | None = None
    witnessed: int | None = None
    message: str = ""
    fatal: bool = False


def sniff(path: Path, head: bytes) -> float:
    """Sure when the first whole line is an event of either wire."""
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
    return 1.0 if event.keys() >= {"did", "time_us", "kind"} or is_frame(event) else 0.0


def is_frame(plain: dict[str, Any]) -> bool:
    """Whether an object is a frame of version 2, or the payload of one."""
    kind = plain.get("$type")
    if kind == "error":
        return isinstance(plain.get("error"), str)
    payload = plain.get("payload") if kind == "message" else plain
    name = payload.get("$type") if isinstance(payload, dict) else None
    return isinstance(name, str) and name.startswith(_STREAM)


def read(
    path: Path,
    options: SourceOptions,
    progress: Progress,
    *,
    follows: Follows | None = None,
    unfollows: Unfollows | None = None,
) -> Iterator[Rows | Part]:
    """Rows of a file of Jetstream lines; as `atproto.read`. What the server says of itself is a rejected row."""
    builder = RowBuilder(options.source_of(path), follows, unfollows)
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


def decode_line(line: bytes) -> tuple[int, frames.Event]:
    """(when Jetstream saw it, in microseconds; the event) of a line of either wire. Raises FrameError, and nothing else."""
    try:
        plain = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise frames.FrameError("not JSON") from error
    if not isinstance(plain, dict):
        raise frames.FrameError("not an event")
    if "time_us" not in plain and "$type" in plain:
        frame = decode_frame(plain)
        if frame.event is None or frame.witnessed is None:
            raise frames.FrameError(
                f"the server {'ended the stream' if frame.fatal else 'said'}: {frame.message}"
            )
        return frame.witnessed, frame.event
    sent = plain.get("time_us")
    if not isinstance(sent, int) or isinstance(sent, bool) or not EARLIEST_US <= sent < LATEST_US:
        raise frames.FrameError("no plausible time_us")
    kind = plain.get("kind")
    body = plain.get(kind) if isinstance(kind, str) else None
    if not isinstance(body, dict):
        raise frames.FrameError("an event of unknown kind")
    if kind == "account":
        return sent, frames.parse_account(body)
    if kind == "identity":
        return sent, frames.parse_identity(body)
    if kind != "commit":
        return sent, frames.OtherEvent(f"#{kind}"[:80], sent, None)
    return sent, _commit(plain, body, sent, None)


def decode_frame(plain: dict[str, Any]) -> JetstreamFrame:
    """One frame of version 2, as JSON gave it: a recorded line, or a message as it arrives. Raises FrameError, and nothing else.

    A commit's fields stand in the payload itself, those of #account, #identity and #sync in an object of that name; a
    commit nested the same way is read too.
    """
    if plain.get("$type") == "error":
        return JetstreamFrame(
            message=_join_message(plain.get("error"), plain.get("message")), fatal=True
        )
    payload = plain.get("payload") if plain.get("$type") == "message" else plain
    name = payload.get("$type") if isinstance(payload, dict) else None
    if not isinstance(payload, dict) or not isinstance(name, str) or not name.startswith(_STREAM):
        raise frames.FrameError("a frame of another stream")
    kind = name.partition("#")[2]
    if kind == "info":
        return JetstreamFrame(message=_join_message(payload.get("name"), payload.get("message")))
    sequence = payload.get("seq")
    if type(sequence) is not int or not 0 <= sequence < 1 << 63:
        raise frames.FrameError("an event without its number")
    time = frames.parse_time(payload.get("time"))
    witnessed = (
        frames.parse_time(payload["witnessedAt"])
        if payload.get("witnessedAt") is not None
        else time
    )
    return JetstreamFrame(_event(kind, payload, time, sequence), sequence, time, witnessed)


def _event(kind: str, payload: dict[str, Any], time: int, sequence: int) -> frames.Event:
    body = payload.get(kind)
    if kind == "commit":
        return _commit(payload, body if isinstance(body, dict) else payload, time, sequence)
    if not isinstance(body, dict):
        raise frames.FrameError(f"an #{kind[:40]} without its {kind[:40]}")
    if kind == "account":
        return frames.parse_account(body)
    if kind == "identity":
        return frames.parse_identity(body)
    return frames.OtherEvent(f"#{kind}"[:80], time, sequence)


def _join_message(name: Any, message: Any) -> str:
    words = [w for w in (name, message) if isinstance(w, str) and w]
    return ": ".join(words)[:200] or "nothing that can be read"


def _commit(
    plain: dict[str, Any], body: dict[str, Any], sent: int, sequence: int | None
) -> frames.CommitEvent:
    did = frames.parse_name(plain.get("did"), "did")
    action, collection, key = (body.get(k) for k in ("operation", "collection", "rkey"))
    if not isinstance(action, str) or not isinstance(collection, str) or not isinstance(key, str):
        raise frames.FrameError("a commit without operation, collection and rkey")
    record, problem = body.get("record"), None
    if action != "delete" and not isinstance(record, dict):
        record, problem = None, "the event lacks its record"
    operation = frames.RecordOperation(
        action, collection, frames.parse_name(key, "record key"), record, problem
    )
    return frames.CommitEvent(did, sent, [operation], sequence)
