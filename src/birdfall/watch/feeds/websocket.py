"""Event streams over WebSockets: the AT Protocol firehose, and Jetstream v1 with its compression.

Frames are gathered for a moment and handed on together, so that one transaction keeps many. Sequence numbers are cursors and
nothing more: gaps in them are normal (a deleted account's events are taken out of the past), and never counted as loss.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from birdfall.model.errors import UsageError
from birdfall.sources.atproto import frames
from birdfall.watch.feeds.base import ConnectionLost, Put, ReconnectingFeed, Start, now
from birdfall.watch.feeds.decode import DecodeError, decode_frame, decode_jetstream
from birdfall.watch.model.events import Gap, StreamBatch

#: A batch is handed on after so many frames or seconds.
MAX_BATCH_STEPS, FLUSH_SECONDS = 1000, 0.1
#: The largest frame the protocol allows is 5 MB.
MAX_FRAME_BYTES = 8 << 20
#: Jetstream's cursor is a time: after a loss it is set back by this much, and what comes twice is taken once.
JETSTREAM_REWIND_US = 5_000_000
#: How far back Jetstream v1 can go.
JETSTREAM_LOOKBACK_US = 36 * 3_600_000_000


@dataclass
class WebSocketFeed(ReconnectingFeed, ABC):
    """One WebSocket. url: `wss://host` or `ws://host:port`. start: "live" or "all", where nothing is known yet."""

    start: Start = "live"

    @property
    def host(self) -> str:
        """The host's name, as events carry it."""
        return urlsplit(self.url).netloc

    @abstractmethod
    def address(self) -> str:
        """Where to connect, with where to go on from."""

    @abstractmethod
    def read(self, message: bytes | str, received: int) -> StreamBatch:
        """What a message says."""

    def subprotocols(self) -> list[str]:
        """Names of protocols that are offered."""
        return []

    def turned_away(self, status: int, body: bytes) -> str:
        """The server refused before the stream began: a code for what it said."""
        return f"HTTP {status}"

    def connect_once(self, put: Put, stop: threading.Event) -> None:
        asyncio.run(self._once(put, stop))

    async def _once(self, put: Put, stop: threading.Event) -> None:
        from websockets.asyncio.client import connect
        from websockets.exceptions import (
            ConnectionClosed,
            InvalidHandshake,
            InvalidStatus,
            InvalidURI,
        )
        from websockets.typing import Subprotocol

        waiting: list[StreamBatch] = []

        def flush() -> None:
            if waiting:
                batch = waiting.copy()
                waiting.clear()
                put(batch)
                last = next((a for a in reversed(batch) if a.cursor is not None), None)
                if last is not None:
                    self.cursor, self.epoch = last.cursor, last.epoch

        async def beat(socket: object) -> None:
            while True:
                await asyncio.sleep(FLUSH_SECONDS)
                flush()
                if stop.is_set() or self.health.reconnect:
                    await socket.close()  # type: ignore[attr-defined]
                    return

        try:
            async with connect(
                self.address(),
                max_size=MAX_FRAME_BYTES,
                compression=None,
                open_timeout=10,
                close_timeout=2,
                ping_interval=20,
                ping_timeout=60,
                max_queue=4096,
                subprotocols=[Subprotocol(p) for p in self.subprotocols()] or None,
            ) as socket:
                self.health.mark_connected()
                beating = asyncio.create_task(beat(socket))
                try:
                    async for message in socket:
                        step = self.read(message, now())
                        waiting.append(step)
                        if len(waiting) >= MAX_BATCH_STEPS:
                            flush()
                            await asyncio.sleep(0)
                        if step.reconnect:
                            break
                finally:
                    beating.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await beating
                    flush()
        except InvalidStatus as error:
            raise ConnectionLost(
                self.turned_away(error.response.status_code, bytes(error.response.body or b""))
            ) from error
        except (ConnectionClosed, InvalidHandshake) as error:
            raise ConnectionLost(type(error).__name__) from error
        except InvalidURI as error:
            raise UsageError(
                "this is no address of a stream", where=self.url, fix="Write wss://host."
            ) from error
        if self.health.reason and not self.health.connected:
            raise ConnectionLost(self.health.reason)


class DictionaryDecompressor:
    """Messages compressed with a dictionary, each by itself. number: the dictionary's. Raises DecodeError."""

    def __init__(self, dictionary: bytes, number: int = 0) -> None:
        import zstandard

        self.number = number
        self._zstandard = zstandard
        self._press = zstandard.ZstdDecompressor(
            dict_data=zstandard.ZstdCompressionDict(dictionary)
        )

    def __call__(self, message: bytes) -> bytes:
        try:
            # a frame says how large it will be, and that much is set aside at once: never more than a message may be
            size = self._zstandard.frame_content_size(message)
            if size > MAX_FRAME_BYTES:
                raise DecodeError("a message that would be too large unpacked")
            plain: bytes = self._press.decompress(message, max_output_size=MAX_FRAME_BYTES)
        except (self._zstandard.ZstdError, MemoryError) as error:
            raise DecodeError("a message that cannot be unpacked") from error
        return plain


@dataclass
class FirehoseFeed(WebSocketFeed):
    """`com.atproto.sync.subscribeRepos` of a host or relay."""

    _clamped: bool = False

    def address(self) -> str:
        self._clamped = False
        cursor = self.cursor if self.cursor is not None else "0" if self.start == "all" else None
        query = "" if cursor is None else "?" + urlencode({"cursor": cursor})
        return f"{self.url.rstrip('/')}/xrpc/com.atproto.sync.subscribeRepos{query}"

    def read(self, message: bytes | str, received: int) -> StreamBatch:
        """One frame. What a server says of itself is told apart from what cannot be read."""
        if isinstance(message, str):
            return StreamBatch(
                received,
                refused="a frame of text",
                raw=message.encode("utf-8", "replace")[:MAX_FRAME_BYTES],
            )
        try:
            events, sequence = decode_frame(message, received, self.host)
        except DecodeError as error:
            return self._said(message, received, str(error))
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

    def _said(self, message: bytes, received: int, reason: str) -> StreamBatch:
        if "FutureCursor" in reason:
            # The server has begun to count anew (it was reset): all it still has is read again under a new epoch.
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
    """Jetstream v1 (`/subscribe`). #account and #identity come whatever is asked for; of records only follows are.

    dictionary: the file of the zstd dictionary that the service publishes; with it messages come compressed.
    """

    dictionary: Path | None = None
    accounts: tuple[str, ...] = ()
    _unpack: DictionaryDecompressor | None = None
    _asked: int | None = None

    def address(self) -> str:
        asked: list[tuple[str, str]] = [("wantedCollections", "app.bsky.graph.follow")]
        asked += [("wantedDids", a) for a in self.accounts]
        if self.dictionary is not None:
            asked.append(("compress", "true"))
        if self.cursor is not None:
            self._asked = int(self.cursor)
            asked.append(("cursor", str(max(self._asked - JETSTREAM_REWIND_US, 0))))
        elif self.start == "all":
            # the service moves it up to the oldest it keeps
            asked.append(("cursor", "1"))
        return f"{self.url.rstrip('/')}/subscribe?{urlencode(asked)}"

    def read(self, message: bytes | str, received: int) -> StreamBatch:
        """One message; binary ones are compressed with the dictionary."""
        try:
            line = self._unpacked(message) if isinstance(message, bytes) else message.encode()
            events, sent = decode_jetstream(line, received, self.host)
        except DecodeError as error:
            raw = message if isinstance(message, bytes) else message.encode("utf-8", "replace")
            return StreamBatch(received, refused=str(error), raw=raw)
        return StreamBatch(
            received, tuple(events), str(sent), self.epoch, line, self._clamped(sent, received)
        )

    def _unpacked(self, message: bytes) -> bytes:
        if self._unpack is None:
            if self.dictionary is None:
                raise DecodeError("a compressed message that was not asked for")
            self._unpack = DictionaryDecompressor(self.dictionary.read_bytes())
        return self._unpack(message)

    def _clamped(self, sent: int, received: int) -> tuple[Gap, ...]:
        """The service moves a cursor that is older than what it keeps up to what it has, and does not say so."""
        asked, self._asked = self._asked, None
        if asked is not None and received - asked > JETSTREAM_LOOKBACK_US and sent > asked:
            return (Gap(asked, sent, "cursor-too-old"),)
        return ()
