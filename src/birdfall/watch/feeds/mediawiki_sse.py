"""MediaWiki EventStreams: recent changes as server-sent events, resumed from the last event id
after a loss.
"""

from __future__ import annotations

import http.client
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from birdfall.watch.feeds.base import ConnectionLost, Put, ReconnectingFeed, now
from birdfall.watch.feeds.decode import decode_mediawiki
from birdfall.watch.feeds.json_fields import DecodeError, JsonFields
from birdfall.watch.model.events import StreamBatch

#: Longest line that is read, in bytes; a longer one breaks the connection.
MAX_LINE_BYTES = 1 << 20


@dataclass
class MediaWikiFeed(ReconnectingFeed):
    """Reads `https://stream.wikimedia.org/v2/stream/recentchange`, or another address of that form.

    wiki: database name of the only wiki that is watched, such as "enwiki"; empty for all.
    """

    wiki: str = ""

    def connect_once(self, put: Put, stop: threading.Event) -> None:
        """Read one connection until it breaks or `stop` is set. Raises ConnectionLost."""
        parts = urlsplit(self.url)
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        connection = kind(parts.netloc, timeout=15)
        headers = {"Accept": "text/event-stream", "User-Agent": "birdfall"}
        if self.cursor:
            headers["Last-Event-ID"] = self.cursor
        try:
            connection.request(
                "GET",
                (parts.path or "/") + ("?" + parts.query if parts.query else ""),
                headers=headers,
            )
            answer = connection.getresponse()
            if answer.status != 200:
                raise ConnectionLost(f"HTTP {answer.status}")
            self.health.mark_connected()
            self._read(answer, put, stop)
        except (TimeoutError, http.client.HTTPException) as error:
            raise ConnectionLost(type(error).__name__) from error
        finally:
            connection.close()

    def _read(self, answer: http.client.HTTPResponse, put: Put, stop: threading.Event) -> None:
        identity: str | None = None
        data: list[bytes] = []
        while not stop.is_set() and not self.health.reconnect:
            line = answer.readline(MAX_LINE_BYTES + 1)
            if not line:
                return
            if len(line) > MAX_LINE_BYTES:
                raise ConnectionLost("a line too long")
            plain = line.rstrip(b"\r\n")
            if plain.startswith(b"data:"):
                data.append(plain[5:].lstrip())
            elif plain.startswith(b"id:"):
                identity = plain[3:].strip().decode("utf-8", "replace")
            elif not plain and (data or identity):
                if data:
                    put([self.decode_event(b"\n".join(data), identity)])
                    self.cursor = identity or self.cursor
                data, identity = [], None

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
