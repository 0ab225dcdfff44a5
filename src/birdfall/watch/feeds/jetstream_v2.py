"""Jetstream v2 (`network.bsky.jetstream.subscribeEvents`): the events of v1, counted by sequence
numbers of the server.

Frames are `{"$type": "message", "payload": {"$type": "...#account", "seq": 7, "did": ..., "time":
..., "account": {...}}}`; an error frame is the last of its connection. A cursor is inclusive: the
event it names comes again and is taken once. Three traps: a cursor ahead of a server (it was reset)
is answered with the live end and no word of it; one that is too old is refused with `CursorTooOld`;
a time in place of a number is moved up to what is kept, which `#info OutdatedCursor` tells. So the
place in the stream is kept as number and time, `7@1700000000000000`, and the time serves where the
number does not. Wire: github.com/bluesky-social/jetstream, docs/README.md and the lexicon
(2026-08).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from birdfall.sources.atproto import frames
from birdfall.sources.shared.json_object import JsonObject
from birdfall.watch.feeds.decode import WANTED_COLLECTIONS, events_from_atproto
from birdfall.watch.feeds.json_fields import DecodeError, JsonFields
from birdfall.watch.feeds.web import NoAnswer, WebLimits, ask
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
    """One parsed frame.

    Attributes
    ----------
    events
        What the watch needs of it.
    sequence, time
        Number and time, in microseconds, of an event; None for what the server says of itself.
    said
        Name of an error or advisory.
    fatal
        Whether the server ends the connection after it.
    """

    events: tuple[Event, ...] = ()
    sequence: int | None = None
    time: int | None = None
    said: str = ""
    fatal: bool = False


def parse_message(line: bytes, received: int, host: str = "") -> JetstreamFrame:
    """Parse one frame.

    `received` in microseconds; `host` is written into its events. Raises DecodeError.
    """
    frame = JsonFields.parse(line)
    if frame.text("$type") == "error":
        return JetstreamFrame(
            said=frame.label("error", 80) or "an error without a name", fatal=True
        )
    payload = frame.fields("payload")
    if frame.text("$type") != "message" or payload is None:
        raise DecodeError("a frame that is neither message nor error")
    kind = payload.text("$type") or ""
    if not kind.startswith(_TYPE_PREFIX):
        raise DecodeError("a message of another stream")
    kind = kind.removeprefix(_TYPE_PREFIX)
    if kind == "info":
        return JetstreamFrame(said=payload.label("name", 80))
    sequence = payload.integer("seq")
    if sequence is None or not 0 < sequence < 1 << 63:
        raise DecodeError("an event without its number")
    try:
        time = frames.parse_time(payload.members.get("time"))
        event = _decode_event(kind, payload, time)
    except frames.FrameError as error:
        raise DecodeError(str(error)) from error
    return JetstreamFrame(tuple(events_from_atproto(event, received, host)), sequence, time)


def _decode_event(kind: str, payload: JsonFields, time: int) -> frames.Event:
    if kind in ("account", "identity"):
        body = payload.fields(kind)
        if body is None:
            raise frames.FrameError(f"an #{kind} without its {kind}")
        if kind == "account":
            return frames.parse_account(JsonObject(body.members))
        return frames.parse_identity(JsonObject(body.members))
    if kind != "commit":
        return frames.OtherEvent(f"#{kind}"[:80], time, None)
    did = frames.parse_name(payload.members.get("did"), "did")
    action, collection = payload.text("operation"), payload.text("collection")
    if action is None or collection is None:
        raise frames.FrameError("a commit without operation and collection")
    key, record = (
        frames.parse_name(payload.members.get("rkey"), "record key"),
        payload.fields("record"),
    )
    lacking = action != "delete" and record is None
    operation = frames.RecordOperation(
        action,
        collection,
        key,
        None if record is None else JsonObject(record.members),
        "the event lacks its record" if lacking else None,
    )
    return frames.CommitEvent(did, time, [operation], None)


@dataclass
class JetstreamV2Feed(WebSocketFeed):
    """Reads a service of Jetstream v2.

    Attributes
    ----------
    dictionary
        File of the service's zstd dictionary; without it the service is asked for it once.
    compressed
        Whether compression is asked for; no longer after a message that could not be read with it.
    accounts
        Ids of the only accounts that are asked for, 10,000 at most; empty for all.
    """

    dictionary: Path | None = None
    compressed: bool = True
    accounts: tuple[str, ...] = ()
    _decompressor: DictionaryDecompressor | None = None
    _requested: tuple[int, int] | None = field(default=None, init=False)
    _clamped: bool = field(default=False, init=False)

    def subprotocols(self) -> list[str]:
        """The protocol that has frames as JSON."""
        return ["xrpc.v1.json"]

    def connection_url(self) -> str:
        """The address with the kinds of events that are wanted, the dictionary, and the cursor."""
        query: list[tuple[str, str]] = [
            *_REQUESTED_KINDS,
            *(("collections", c) for c in sorted(WANTED_COLLECTIONS)),
        ]
        query += [("dids", a) for a in self.accounts]
        if self.compressed and self._decompressor is None:
            self._decompressor = self._load_dictionary()
        if self._decompressor is not None:
            query.append(("zstdDictionary", str(self._decompressor.number)))
        self._requested, self._clamped = None, False
        if self.cursor is not None:
            sequence, time = parse_cursor(self.cursor)
            self._requested = sequence, time
            query.append(("cursor", str(sequence or max(time - JETSTREAM_REWIND_US, 0))))
        elif self.start == "all":
            query.append(("cursor", "0"))
        base = self.url.rstrip("/")
        return f"{base}/xrpc/network.bsky.jetstream.subscribeEvents?{urlencode(query)}"

    def decode_message(self, message: bytes | str, received: int) -> StreamBatch:
        """Decode one frame; binary ones are compressed."""
        raw = message if isinstance(message, bytes) else message.encode("utf-8", "replace")
        packed = isinstance(message, bytes) and self._decompressor is not None
        try:
            line = self._unpack(message) if isinstance(message, bytes) else raw
            found = parse_message(line, received, self.host)
        except DecodeError as error:
            if packed:
                # the dictionary may have come spoiled, and would make all of them unreadable
                self.compressed, self._decompressor = False, None
            return StreamBatch(received, refused=str(error), raw=raw, reconnect=packed)
        if found.fatal:
            return StreamBatch(received, raw=line, refused=found.said, reconnect=True)
        if found.sequence is None or found.time is None:
            self._clamped = self._clamped or found.said == "OutdatedCursor"
            return StreamBatch(received, raw=line)
        return self._step(found, found.sequence, found.time, line, received)

    def _unpack(self, message: bytes) -> bytes:
        if self._decompressor is None:
            raise DecodeError("a compressed message that was not asked for")
        return self._decompressor.decompress(message)

    def _step(
        self, found: JetstreamFrame, sequence: int, time: int, line: bytes, received: int
    ) -> StreamBatch:
        requested, self._requested = self._requested, None
        clamped, self._clamped = self._clamped, False
        if requested is not None and requested[0] and sequence < requested[0]:
            # The server counts anew, and went on at its live end: what it has is read again, from
            # the time on.
            epoch = str(int(self.epoch or "0") + 1)
            self.cursor, self.epoch = f"0@{requested[1]}", epoch
            gap = Gap(requested[1], time, "server-began-anew")
            return StreamBatch(received, (), self.cursor, epoch, line, (gap,), reconnect=True)
        gaps: tuple[Gap, ...] = ()
        if requested is not None and clamped and time > requested[1]:
            gaps = (Gap(requested[1], time, "cursor-too-old"),)
        return StreamBatch(received, found.events, f"{sequence}@{time}", self.epoch, line, gaps)

    def on_rejected(self, status: int, body: bytes) -> str:
        """Correct cursor or dictionary for the next connection, where the server refused them; the
        reason.
        """
        try:
            name = JsonFields.parse(body).label("error", 80)
        except DecodeError:
            name = ""
        if name == "CursorTooOld" and self.cursor is not None:
            # by the time it is not refused: the server moves it up to what it keeps, and says so
            self.cursor = f"0@{parse_cursor(self.cursor)[1]}"
        elif name == "UnknownZstdDictionary":
            self._decompressor, self.dictionary = None, None
        return f"HTTP {status} {name}".rstrip()

    def _load_dictionary(self) -> DictionaryDecompressor | None:
        """The dictionary, from its file or the service; None where there is none, and messages come
        uncompressed.
        """
        data = self.dictionary.read_bytes() if self.dictionary is not None else self._download()
        number = dictionary_number(data)
        return DictionaryDecompressor(data, number) if number else None

    def _download(self) -> bytes:
        parts = urlsplit(self.url)
        scheme = "https" if parts.scheme == "wss" else "http"
        base = f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        address = f"{base}/xrpc/network.bsky.jetstream.getZstdDictionary"
        try:
            answer = ask(address, limits=WebLimits(seconds=10, max_bytes=MAX_FRAME_BYTES))
        except NoAnswer:
            return b""
        return answer.body if answer.status == 200 else b""


def parse_cursor(cursor: str) -> tuple[int, int]:
    """(sequence number or 0, time in microseconds) of a stored cursor."""
    sequence, _, time = cursor.partition("@")
    return int(sequence or 0), int(time or 0)


def dictionary_number(data: bytes) -> int:
    """The number in the head of a zstd dictionary; 0 if it is none."""
    return (
        int(struct.unpack_from("<I", data, 4)[0])
        if len(data) >= 8 and data.startswith(_MAGIC)
        else 0
    )
