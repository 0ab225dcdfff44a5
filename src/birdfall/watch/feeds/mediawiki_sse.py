"""MediaWiki EventStreams: recent changes as server-sent events, resumed from the last event id
after a loss.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import httpx

from birdfall.watch.feeds.base import ConnectionLost, Put, ReconnectingFeed, now
from birdfall.watch.feeds.decode import decode_mediawiki
from birdfall.watch.feeds.json_fields import DecodeError, JsonFields
from birdfall.watch.feeds.web import CONNECT_SECONDS, describe_failure, open_answer
from birdfall.watch.model.events import StreamBatch

#: Longest line, and longest event, that is read, in bytes; a longer one breaks the connection.
MAX_LINE_BYTES = 1 << 20
#: Longest event id that is kept, in characters; those of EventStreams have some 300.
MAX_ID_CHARS: Final = 10_000
#: Seconds for which a stream may send nothing: the service sends something every few seconds.
IDLE_SECONDS: Final = 15.0
#: Seconds between looks at whether the watch ends.
STOP_CHECK_SECONDS: Final = 0.2


@dataclass
class MediaWikiFeed(ReconnectingFeed):
    """Reads `https://stream.wikimedia.org/v2/stream/recentchange`, or another address of that form.

    wiki: database name of the only wiki that is watched, such as "enwiki"; empty for all.
    """

    wiki: str = ""

    def connect_once(self, put: Put, stop: threading.Event) -> None:
        """Read one connection until it breaks or `stop` is set. Raises ConnectionLost."""
        asyncio.run(self._read_until_stopped(put, stop))

    async def _read_until_stopped(self, put: Put, stop: threading.Event) -> None:
        reading = asyncio.create_task(self._read_connection(put))
        while not reading.done() and not stop.is_set() and not self.health.reconnect:
            await asyncio.wait({reading}, timeout=STOP_CHECK_SECONDS)
        if not reading.done():
            reading.cancel()
        try:
            await reading
        except asyncio.CancelledError:
            return
        except ConnectionLost:
            raise
        except Exception as error:
            raise ConnectionLost(describe_failure(error)) from error

    async def _read_connection(self, put: Put) -> None:
        headers = {"Accept": "text/event-stream"}
        if self.cursor:
            headers["Last-Event-ID"] = self.cursor
        opened = open_answer(self.url, headers, idle_seconds=IDLE_SECONDS)
        # what comes before the body has one bound over all: a line of it could come byte by byte
        async with asyncio.timeout(CONNECT_SECONDS + IDLE_SECONDS) as head, opened as answer:
            head.reschedule(None)
            if answer.status_code != 200:
                raise ConnectionLost(f"HTTP {answer.status_code}")
            kind = answer.headers.get("content-type", "text/event-stream")
            if not kind.lower().startswith("text/event-stream"):
                raise ConnectionLost("an answer that is no stream of events")
            self.health.mark_connected()
            await self._read(answer, put)

    async def _read(self, answer: httpx.Response, put: Put) -> None:
        identity: str | None = None
        data: list[bytes] = []
        size = 0
        async for line in _lines(answer):
            if line.startswith(b"data:"):
                data.append(line[5:].lstrip())
                size += len(line)
                if size > MAX_LINE_BYTES:
                    raise ConnectionLost("an event too long")
            elif line.startswith(b"id:"):
                identity = _usable_id(line[3:].strip())
            elif not line and (data or identity):
                if data:
                    put([self.decode_event(b"\n".join(data), identity)])
                    self.cursor = identity or self.cursor
                data, identity, size = [], None, 0

    def decode_event(self, data: bytes, identity: str | None) -> StreamBatch:
        """Decode one event. Changes that are no news for the watch leave only the cursor.

        data: the event's data lines, joined. identity: its id, which is the cursor after it.
        """
        received = now()
        try:
            change = JsonFields.parse(data)
            wanted = not self.wiki or change.text("wiki") == self.wiki
            events = decode_mediawiki(change) if wanted else []
        except DecodeError as error:
            refused = str(error)[:200]
            return StreamBatch(
                received, cursor=identity, epoch=self.epoch, refused=refused, raw=data
            )
        return StreamBatch(received, tuple(events), identity, self.epoch, data if events else b"")


def _usable_id(identity: bytes) -> str | None:
    """An event id that can be sent back as a header; None if it cannot, and resumes nothing."""
    text = identity.decode("ascii", "replace")
    plain = text.isascii() and text.isprintable() and len(text) <= MAX_ID_CHARS
    return text if plain else None


async def _lines(answer: httpx.Response) -> AsyncIterator[bytes]:
    """The lines of an answer as they come, without their ends; an unfinished last one is none."""
    waiting = bytearray()
    async for part in answer.aiter_raw():
        waiting += part
        *lines, rest = waiting.split(b"\n")
        waiting = rest
        for line in lines:
            if len(line) > MAX_LINE_BYTES:
                raise ConnectionLost("a line too long")
            yield bytes(line).rstrip(b"\r")
        if len(waiting) > MAX_LINE_BYTES:
            raise ConnectionLost("a line too long")
