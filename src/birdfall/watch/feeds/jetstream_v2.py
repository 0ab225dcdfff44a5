"""Jetstream v2 (`network.bsky.jetstream.subscribeEvents`): the same news as v1, counted by sequence numbers of the server.

Frames are `{"$type": "message", "payload": {"$type": "...#account", "seq": 7, "did": ..., "time": ..., "account": {...}}}`; an error
frame is the last of its connection. A cursor is inclusive: the event it names comes again and is taken once. Three traps:
a cursor ahead of a server (it was reset) is answered with the live end and no word of it; one that is too old is refused with
`CursorTooOld`; a time in place of a number is moved up to what is kept, which `#info OutdatedCursor` tells. So the place in the
stream is kept as number and time, `7@1700000000000000`, and the time serves where the number does not.
Wire: github.com/bluesky-social/jetstream, docs/README.md and the lexicon (2026-08).
"""

from __future__ import annotations

import json
import struct
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from birdfall.sources.atproto import frames
from birdfall.watch.feeds.decode import WANTED_COLLECTIONS, DecodeError, events_from_atproto
from birdfall.watch.feeds.websocket import (
    JETSTREAM_REWIND_US,
    MAX_FRAME_BYTES,
    DictionaryDecompressor,
    WebSocketFeed,
)
from birdfall.watch.model.events import Event, Gap, StreamBatch

_TYPE_PREFIX = "network.bsky.jetstream.subscribeEvents#"
_REQUESTED_KINDS = (("kinds", "account"), ("kinds", "identity"), ("kinds", "commit"))
#: A dictionary of zstd begins so; its number follows (RFC 8878, section 5).
_MAGIC = b"\x37\xa4\x30\xec"


@dataclass(frozen=True, slots=True)
class JetstreamFrame:
    """One frame. said: what the server says of itself (an error's or an advisory's name); sequence, time: of an event."""

    events: tuple[Event, ...] = ()
    sequence: int | None = None
    time: int | None = None
    said: str = ""
    fatal: bool = False


def parse_message(line: bytes, received: int, host: str = "") -> JetstreamFrame:
    """What one frame says. Raises DecodeError, and nothing else."""
    try:
        plain = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DecodeError("not JSON") from error
    if not isinstance(plain, dict):
        raise DecodeError("not a frame")
    if plain.get("$type") == "error":
        return JetstreamFrame(
            said=str(plain.get("error") or "an error without a name")[:80], fatal=True
        )
    payload = plain.get("payload")
    if plain.get("$type") != "message" or not isinstance(payload, dict):
        raise DecodeError("a frame that is neither message nor error")
    kind = payload.get("$type")
    if not isinstance(kind, str) or not kind.startswith(_TYPE_PREFIX):
        raise DecodeError("a message of another stream")
    kind = kind.removeprefix(_TYPE_PREFIX)
    if kind == "info":
        return JetstreamFrame(said=str(payload.get("name") or "")[:80])
    sequence = payload.get("seq")
    if type(sequence) is not int or not 0 < sequence < 1 << 63:
        raise DecodeError("an event without its number")
    try:
        time = frames.parse_time(payload.get("time"))
        event = _event(kind, payload, time)
    except frames.FrameError as error:
        raise DecodeError(str(error)) from error
    return JetstreamFrame(tuple(events_from_atproto(event, received, host)), sequence, time)


def _event(kind: str, payload: dict[str, Any], time: int) -> frames.Event:
    body = payload.get(kind)
    if kind in ("account", "identity"):
        if not isinstance(body, dict):
            raise frames.FrameError(f"an #{kind} without its {kind}")
        return frames.parse_account(body) if kind == "account" else frames.parse_identity(body)
    if kind != "commit":
        return frames.OtherEvent(f"#{kind}"[:80], time, None)
    did = frames.parse_name(payload.get("did"), "did")
    action, collection = payload.get("operation"), payload.get("collection")
    if not isinstance(action, str) or not isinstance(collection, str):
        raise frames.FrameError("a commit without operation and collection")
    key, record = frames.parse_name(payload.get("rkey"), "record key"), payload.get("record")
    problem = (
        None if action == "delete" or isinstance(record, dict) else "the event lacks its record"
    )
    operation = frames.RecordOperation(
        action, collection, key, record if isinstance(record, dict) else None, problem
    )
    return frames.CommitEvent(did, time, [operation], None)


@dataclass
class JetstreamV2Feed(WebSocketFeed):
    """The feed. dictionary: a file of the service's zstd dictionary; without it the service is asked for it once.

    compressed: ask for compression at all. accounts: only these (10,000 at most).
    """

    dictionary: Path | None = None
    compressed: bool = True
    accounts: tuple[str, ...] = ()
    _unpack: DictionaryDecompressor | None = None
    _asked: tuple[int, int] | None = field(default=None, init=False)
    _clamped: bool = field(default=False, init=False)

    def subprotocols(self) -> list[str]:
        return ["xrpc.v1.json"]

    def address(self) -> str:
        asked: list[tuple[str, str]] = [
            *_REQUESTED_KINDS,
            *(("collections", c) for c in sorted(WANTED_COLLECTIONS)),
        ]
        asked += [("dids", a) for a in self.accounts]
        if self.compressed and self._unpack is None:
            self._unpack = self._learn()
        if self._unpack is not None:
            asked.append(("zstdDictionary", str(self._unpack.number)))
        self._asked, self._clamped = None, False
        if self.cursor is not None:
            sequence, time = parse_cursor(self.cursor)
            self._asked = sequence, time
            asked.append(("cursor", str(sequence or max(time - JETSTREAM_REWIND_US, 0))))
        elif self.start == "all":
            asked.append(("cursor", "0"))
        return (
            f"{self.url.rstrip('/')}/xrpc/network.bsky.jetstream.subscribeEvents?{urlencode(asked)}"
        )

    def read(self, message: bytes | str, received: int) -> StreamBatch:
        """One frame; binary ones are compressed."""
        raw = message if isinstance(message, bytes) else message.encode("utf-8", "replace")
        try:
            line = raw
            if isinstance(message, bytes):
                if self._unpack is None:
                    raise DecodeError("a compressed message that was not asked for")
                line = self._unpack(message)
            found = parse_message(line, received, self.host)
        except DecodeError as error:
            return StreamBatch(received, refused=str(error), raw=raw)
        if found.fatal:
            return StreamBatch(received, raw=line, refused=found.said, reconnect=True)
        if found.sequence is None or found.time is None:
            self._clamped = self._clamped or found.said == "OutdatedCursor"
            return StreamBatch(received, raw=line)
        return self._step(found, found.sequence, found.time, line, received)

    def _step(
        self, found: JetstreamFrame, sequence: int, time: int, line: bytes, received: int
    ) -> StreamBatch:
        asked, self._asked = self._asked, None
        clamped, self._clamped = self._clamped, False
        if asked is not None and asked[0] and sequence < asked[0]:
            # The server counts anew, and went on at its live end: what it has is read again, from the time on.
            epoch = str(int(self.epoch or "0") + 1)
            self.cursor, self.epoch = f"0@{asked[1]}", epoch
            gap = Gap(asked[1], time, "server-began-anew")
            return StreamBatch(received, (), self.cursor, epoch, line, (gap,), reconnect=True)
        gaps: tuple[Gap, ...] = ()
        if asked is not None and clamped and time > asked[1]:
            gaps = (Gap(asked[1], time, "cursor-too-old"),)
        return StreamBatch(received, found.events, f"{sequence}@{time}", self.epoch, line, gaps)

    def turned_away(self, status: int, body: bytes) -> str:
        """Refused before the stream began: what can be mended is mended for the next connection."""
        try:
            plain = json.loads(body)
        except (ValueError, RecursionError):
            plain = None
        name = str(plain.get("error"))[:80] if isinstance(plain, dict) else ""
        if name == "CursorTooOld" and self.cursor is not None:
            # by the time it is not refused: the server moves it up to what it keeps, and says so
            self.cursor = f"0@{parse_cursor(self.cursor)[1]}"
        elif name == "UnknownZstdDictionary":
            self._unpack, self.dictionary = None, None
        return f"HTTP {status} {name}".rstrip()

    def _learn(self) -> DictionaryDecompressor | None:
        """The dictionary, from its file or the service; None where there is none, and messages come plain."""
        data = self.dictionary.read_bytes() if self.dictionary is not None else self._download()
        number = dictionary_number(data)
        return DictionaryDecompressor(data, number) if number else None

    def _download(self) -> bytes:
        parts = urlsplit(self.url)
        scheme = "https" if parts.scheme == "wss" else "http"
        address = f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}/xrpc/network.bsky.jetstream.getZstdDictionary"
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                data: bytes = answer.read(MAX_FRAME_BYTES + 1)
        except (OSError, urllib.error.URLError, ValueError):
            return b""
        return data if len(data) <= MAX_FRAME_BYTES else b""


def parse_cursor(cursor: str) -> tuple[int, int]:
    """(sequence number or 0, time in microseconds) of a kept cursor."""
    sequence, _, time = cursor.partition("@")
    return int(sequence or 0), int(time or 0)


def dictionary_number(data: bytes) -> int:
    """The number in the head of a zstd dictionary; 0 if it is none."""
    return (
        int(struct.unpack_from("<I", data, 4)[0])
        if len(data) >= 8 and data.startswith(_MAGIC)
        else 0
    )
