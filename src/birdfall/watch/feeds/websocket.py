"""Event streams over WebSockets: the AT Protocol firehose, and Jetstream v1 with its compression.

Frames are gathered for a moment and put together, so that one transaction holds many. Sequence
numbers are cursors and nothing more: gaps in them are normal (a deleted account's events are taken
out of the past), and never counted as loss.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urldefrag, urlencode, urljoin, urlsplit

import zstandard
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
    SecurityError,
)
from websockets.frames import CloseCode
from websockets.typing import Subprotocol

from birdfall.model.errors import BirdfallError, UsageError, printable
from birdfall.sources.atproto import frames
from birdfall.watch.feeds.base import ConnectionLost, Put, ReconnectingFeed, Start, now
from birdfall.watch.feeds.decode import decode_frame, decode_jetstream
from birdfall.watch.feeds.json_fields import DecodeError
from birdfall.watch.feeds.web import describe_failure
from birdfall.watch.model.events import Gap, StreamBatch

#: Frames are put after so many of them, or so many seconds.
MAX_BATCH_STEPS, FLUSH_SECONDS = 1000, 0.1
#: The largest frame the protocol allows is 5 MB.
MAX_FRAME_BYTES = 8 << 20
#: Seconds until a stream must be open, and that its end may take.
OPEN_SECONDS, CLOSE_SECONDS = 10.0, 2.0
#: Jetstream's cursor is a time: after a loss it is set back by this much, and what comes twice is
#: taken once.
JETSTREAM_REWIND_US = 5_000_000
#: How far back Jetstream v1 can go.
JETSTREAM_LOOKBACK_US = 36 * 3_600_000_000
#: Answers in place of a stream that lead to another address.
REDIRECTS = frozenset({300, 301, 302, 303, 307, 308})


@dataclass
class WebSocketFeed(ReconnectingFeed, ABC):
    """Reads a WebSocket at `url`, `wss://host` or `ws://host:port`; `start` says where, if there is
    no cursor.
    """

    start: Start = "live"

    @property
    def host(self) -> str:
        """Name and port of the host, as events carry it."""
        return urlsplit(self.url).netloc

    @abstractmethod
    def connection_url(self) -> str:
        """The address to connect to, with the cursor."""

    @abstractmethod
    def decode_message(self, message: bytes | str, received: int) -> StreamBatch:
        """Decode one message that arrived at `received`, in microseconds."""

    def subprotocols(self) -> list[str]:
        """Names of the protocols that are offered to the server."""
        return []

    def on_rejected(self, status: int, body: bytes) -> str:
        """The reason why the server refused before the stream began; a subclass reads more from its
        body.
        """
        del body
        return f"HTTP {status}"

    def connect_once(self, put: Put, stop: threading.Event) -> None:
        """Read one connection until it breaks or `stop` is set. Raises ConnectionLost."""
        try:
            # the address may have to be asked for (a dictionary), outside the loop of events
            asyncio.run(self._read_connection(self.connection_url(), put, stop))
        except (ConnectionLost, BirdfallError):
            raise
        except Exception as error:
            raise ConnectionLost(describe_failure(error)) from error

    async def _read_connection(self, address: str, put: Put, stop: threading.Event) -> None:
        try:
            async with _ConnectWithinOrigin(
                address,
                max_size=MAX_FRAME_BYTES,
                compression=None,
                open_timeout=OPEN_SECONDS,
                close_timeout=CLOSE_SECONDS,
                ping_interval=20,
                ping_timeout=60,
                max_queue=4096,
                subprotocols=[Subprotocol(p) for p in self.subprotocols()] or None,
            ) as socket:
                self.health.mark_connected()
                await self._read_messages(socket, put, stop)
        except InvalidStatus as error:
            answer = error.response
            raise ConnectionLost(
                self.on_rejected(answer.status_code, bytes(answer.body or b""))
            ) from error
        except (ConnectionClosed, InvalidHandshake, SecurityError) as error:
            raise ConnectionLost(_describe_loss(error)) from error
        except InvalidURI as error:
            raise UsageError(
                "this is no address of a stream", where=self.url, fix="Write wss://host."
            ) from error
        if self.health.reason and not self.health.connected:
            raise ConnectionLost(self.health.reason)

    async def _read_messages(
        self, socket: ClientConnection, put: Put, stop: threading.Event
    ) -> None:
        """Decode messages until the connection ends, and put what waits ten times a second."""
        waiting: list[StreamBatch] = []

        async def flush_regularly() -> None:
            while True:
                await asyncio.sleep(FLUSH_SECONDS)
                self._flush(waiting, put)
                if stop.is_set() or self.health.reconnect:
                    await socket.close()
                    return

        flushing = asyncio.create_task(flush_regularly())
        try:
            async for message in socket:
                step = self.decode_message(message, now())
                waiting.append(step)
                if len(waiting) >= MAX_BATCH_STEPS:
                    self._flush(waiting, put)
                    await asyncio.sleep(0)
                if step.reconnect:
                    break
        finally:
            flushing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await flushing
            self._flush(waiting, put)

    def _flush(self, waiting: list[StreamBatch], put: Put) -> None:
        """Put what waits, and remember where to go on from."""
        if not waiting:
            return
        batch = waiting.copy()
        waiting.clear()
        put(batch)
        last = next((step for step in reversed(batch) if step.cursor is not None), None)
        if last is not None:
            self.cursor, self.epoch = last.cursor, last.epoch


class _ConnectWithinOrigin(connect):
    """Connects, and follows redirects only within the origin that was asked: scheme, host, port.

    A redirect elsewhere, or to an address that cannot be read, is a lost connection.
    """

    def process_redirect(self, exc: Exception) -> Exception | str:
        """The address to go on to, or the error that the connection ends with."""
        if not isinstance(exc, InvalidStatus) or exc.response.status_code not in REDIRECTS:
            return exc
        location = exc.response.headers.get("Location", "")
        try:
            target = urldefrag(urljoin(self.uri, location)).url
            parts, asked = urlsplit(target), urlsplit(self.uri)
            same = (parts.scheme, parts.hostname, parts.port) == (
                asked.scheme,
                asked.hostname,
                asked.port,
            )
        except ValueError:
            same = False
        if not location or not same or not target.isascii() or not target.isprintable():
            return SecurityError("a redirect elsewhere")
        return target


#: Why we closed a connection, by the code we closed it with.
_REFUSED_FRAMES: Final[dict[int, str]] = {
    CloseCode.PROTOCOL_ERROR: "frames that are no WebSocket's",
    CloseCode.INVALID_DATA: "a text that is no UTF-8",
    CloseCode.MESSAGE_TOO_BIG: f"a frame of more than {MAX_FRAME_BYTES >> 20} MiB",
    CloseCode.INTERNAL_ERROR: "the server answers no ping",
}


def _describe_loss(error: Exception) -> str:
    if isinstance(error, SecurityError):
        return "a redirect to another address, which is not followed"
    if not isinstance(error, ConnectionClosed):
        return "an answer that is no WebSocket's"
    if error.sent is not None and not error.rcvd_then_sent:
        return _REFUSED_FRAMES.get(error.sent.code, "the connection broke off")
    if error.rcvd is None:
        return "the connection broke off"
    reason = f": {printable(error.rcvd.reason, 80)}" if error.rcvd.reason else ""
    return f"closed by the server ({error.rcvd.code}{reason})"


class DictionaryDecompressor:
    """Decompresses messages that were compressed with a zstd dictionary, each by itself.

    dictionary: its bytes. number: its number, as the service names it.
    """

    def __init__(self, dictionary: bytes, number: int = 0) -> None:
        self.number = number
        self._decompressor = zstandard.ZstdDecompressor(
            dict_data=zstandard.ZstdCompressionDict(dictionary)
        )

    def decompress(self, message: bytes) -> bytes:
        """The message as it was.

        Raises DecodeError if it cannot be decompressed, or would be too large.
        """
        try:
            # a frame says how large it will be, and that much is set aside at once: never more than
            # a message may be
            if zstandard.frame_content_size(message) > MAX_FRAME_BYTES:
                raise DecodeError("a message that would be too large unpacked")
            plain: bytes = self._decompressor.decompress(message, max_output_size=MAX_FRAME_BYTES)
        except (zstandard.ZstdError, MemoryError) as error:
            raise DecodeError("a message that cannot be unpacked") from error
        return plain


@dataclass
class FirehoseFeed(WebSocketFeed):
    """Reads `com.atproto.sync.subscribeRepos` of a host or relay."""

    _clamped: bool = False

    def connection_url(self) -> str:
        """The address with the cursor: a sequence number."""
        self._clamped = False
        cursor = self.cursor if self.cursor is not None else "0" if self.start == "all" else None
        query = "" if cursor is None else "?" + urlencode({"cursor": cursor})
        return f"{self.url.rstrip('/')}/xrpc/com.atproto.sync.subscribeRepos{query}"

    def decode_message(self, message: bytes | str, received: int) -> StreamBatch:
        """Decode one frame.

        Messages of the server about itself are told apart from what cannot be decoded.
        """
        if isinstance(message, str):
            return StreamBatch(
                received,
                refused="a frame of text",
                raw=message.encode("utf-8", "replace")[:MAX_FRAME_BYTES],
            )
        try:
            events, sequence = decode_frame(message, received, self.host)
        except DecodeError as error:
            return self._handle_refusal(message, received, str(error))
        # #info is rare and short: looked for by its name only there
        if sequence is None and len(message) < 300 and b"OutdatedCursor" in message:
            # what the server no longer keeps was not seen: until the first event that it still has
            self._clamped = True
            return StreamBatch(0, epoch=self.epoch)
        gaps: tuple[Gap, ...] = ()
        if self._clamped:
            self._clamped = False
            gaps = (
                Gap(
                    0, frames.decode_frame(message, frozenset()).time or received, "cursor-too-old"
                ),
            )
        return StreamBatch(
            received,
            tuple(events),
            None if sequence is None else str(sequence),
            self.epoch,
            message,
            gaps,
        )

    def _handle_refusal(self, message: bytes, received: int, reason: str) -> StreamBatch:
        if "FutureCursor" in reason:
            # The server has begun to count anew (it was reset): all it still has is read again
            # under a new epoch.
            epoch = str(int(self.epoch or "0") + 1)
            self.start, self.cursor, self.epoch = "all", None, epoch
            gap = Gap(0, received, "server-began-anew")
            return StreamBatch(
                received, cursor="0", epoch=epoch, raw=message, gaps=(gap,), reconnect=True
            )
        if "ConsumerTooSlow" in reason:
            return StreamBatch(received, raw=message, reconnect=True)
        return StreamBatch(received, refused=reason, raw=message)


@dataclass
class JetstreamFeed(WebSocketFeed):
    """Reads Jetstream v1 (`/subscribe`).

    #account and #identity come whatever is asked for; of records only follows are asked for.

    Attributes
    ----------
    dictionary
        File of the zstd dictionary that the service publishes; with it messages come compressed.
    accounts
        Ids of the only accounts that are asked for; empty for all.
    """

    dictionary: Path | None = None
    accounts: tuple[str, ...] = ()
    _decompressor: DictionaryDecompressor | None = None
    _requested: int | None = None

    def connection_url(self) -> str:
        """The address with the collection that is wanted, and the cursor: a time, set back a
        little.
        """
        query: list[tuple[str, str]] = [("wantedCollections", "app.bsky.graph.follow")]
        query += [("wantedDids", a) for a in self.accounts]
        if self.dictionary is not None:
            query.append(("compress", "true"))
        if self.cursor is not None:
            self._requested = int(self.cursor)
            query.append(("cursor", str(max(self._requested - JETSTREAM_REWIND_US, 0))))
        elif self.start == "all":
            # the service moves it up to the oldest it keeps
            query.append(("cursor", "1"))
        return f"{self.url.rstrip('/')}/subscribe?{urlencode(query)}"

    def decode_message(self, message: bytes | str, received: int) -> StreamBatch:
        """Decode one message; binary ones are compressed with the dictionary."""
        packed = isinstance(message, bytes) and self.dictionary is not None
        try:
            line = self._decompress(message) if isinstance(message, bytes) else message.encode()
            events, sent = decode_jetstream(line, received, self.host)
        except DecodeError as error:
            raw = message if isinstance(message, bytes) else message.encode("utf-8", "replace")
            if packed:
                # the dictionary may be another one, with which none of them could be read
                self.dictionary, self._decompressor = None, None
            return StreamBatch(received, refused=str(error), raw=raw, reconnect=packed)
        return StreamBatch(
            received,
            tuple(events),
            str(sent),
            self.epoch,
            line,
            self._find_clamping(sent, received),
        )

    def _decompress(self, message: bytes) -> bytes:
        if self._decompressor is None:
            if self.dictionary is None:
                raise DecodeError("a compressed message that was not asked for")
            self._decompressor = DictionaryDecompressor(self.dictionary.read_bytes())
        return self._decompressor.decompress(message)

    def _find_clamping(self, sent: int, received: int) -> tuple[Gap, ...]:
        """The gap left by a cursor older than what the service keeps: it is moved up without a
        word.
        """
        requested, self._requested = self._requested, None
        if (
            requested is not None
            and received - requested > JETSTREAM_LOOKBACK_US
            and sent > requested
        ):
            return (Gap(requested, sent, "cursor-too-old"),)
        return ()
