"""Jetstream v1: an AT Protocol event stream as lines of JSON (plain, gzip or zstd).

The same events as `atproto` with less on the wire: a commit carries no time of its own, so its acts stand at `time_us`,
when Jetstream sent it; account and identity events carry the host's time, as in the full stream.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.sources import atproto_frames as frames
from birdfall.sources.atproto_rows import ROWS_PER_BATCH, Builder, Follows
from birdfall.sources.open import lines
from birdfall.sources.source import Options
from birdfall.sources.times import EARLIEST_MICROSECOND, LATEST_MICROSECOND

NAME = "jetstream"


def sniff(path: Path, head: bytes) -> float:
    """Sure when the first whole line is an event of the wire."""
    line = head.lstrip().partition(b"\n")[0]
    if not line.startswith(b"{") or b'"time_us"' not in line:
        return 0.0
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        # one line may be longer than the head
        return 0.6 if b'"did"' in line and b'"kind"' in line else 0.0
    return 1.0 if isinstance(event, dict) and event.keys() >= {"did", "time_us", "kind"} else 0.0


def read(path: Path, options: Options, progress: Progress, *, follows: Follows | None = None) -> Iterator[Rows | Part]:
    """Rows of a file of Jetstream lines; as `atproto.read`."""
    builder = Builder(options.source_of(path), follows)
    size = path.stat().st_size
    for number, line, done in lines(path, allow_large=options.allow_large):
        if not line.strip():
            continue
        try:
            received, event = decode_line(line)
        except frames.FrameError as error:
            builder.reject(number, str(error), value=line[:200].decode("utf-8", "replace"))
        else:
            builder.take(number, event, received)
        if number % 1024 == 0:
            progress("read", done, size, "bytes")
            yield from builder.rows(at_least=ROWS_PER_BATCH)
    yield from builder.finish()


def decode_line(line: bytes) -> tuple[int, frames.Event]:
    """(when Jetstream sent it, in microseconds; the event). Raises FrameError, and nothing else."""
    try:
        plain = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise frames.FrameError("not JSON") from error
    if not isinstance(plain, dict):
        raise frames.FrameError("not an event")
    sent = plain.get("time_us")
    if not isinstance(sent, int) or isinstance(sent, bool) or not EARLIEST_MICROSECOND <= sent < LATEST_MICROSECOND:
        raise frames.FrameError("no plausible time_us")
    kind = plain.get("kind")
    body = plain.get(kind) if isinstance(kind, str) else None
    if not isinstance(body, dict):
        raise frames.FrameError("an event of unknown kind")
    if kind == "account":
        return sent, frames.account(body)
    if kind == "identity":
        return sent, frames.identity(body)
    if kind != "commit":
        return sent, frames.Other(f"#{kind}"[:80], sent, None)
    return sent, _commit(plain, body, sent)


def _commit(plain: dict[str, Any], body: dict[str, Any], sent: int) -> frames.Commit:
    did = frames.name(plain.get("did"), "did")
    action, collection, key = (body.get(k) for k in ("operation", "collection", "rkey"))
    if not isinstance(action, str) or not isinstance(collection, str) or not isinstance(key, str):
        raise frames.FrameError("a commit without operation, collection and rkey")
    record, problem = body.get("record"), None
    if action != "delete" and not isinstance(record, dict):
        record, problem = None, "the event lacks its record"
    operation = frames.Operation(action, collection, frames.name(key, "record key"), record, problem)
    return frames.Commit(did, sent, [operation], None)
