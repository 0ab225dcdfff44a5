"""MediaWiki EventStreams: recent changes as server-sent events, gone on with from the last id after a loss."""

from __future__ import annotations

import http.client
import json
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from birdfall.watch.feeds.base import Lost, Put, Reconnecting, now
from birdfall.watch.feeds.decode import Refused, from_change
from birdfall.watch.model.events import Arrived

#: A line longer than this is an attack.
LONGEST = 1 << 20


@dataclass
class Changes(Reconnecting):
    """`https://stream.wikimedia.org/v2/stream/recentchange`, or another address of that form. wiki: only this one, if given."""

    url: str = ""
    wiki: str = ""

    def once(self, put: Put, stop: threading.Event) -> None:
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
                raise Lost(f"HTTP {answer.status}")
            self.health.up()
            self._read(answer, put, stop)
        except (TimeoutError, http.client.HTTPException) as error:
            raise Lost(type(error).__name__) from error
        finally:
            connection.close()

    def _read(self, answer: http.client.HTTPResponse, put: Put, stop: threading.Event) -> None:
        identity: str | None = None
        data: list[bytes] = []
        while not stop.is_set() and not self.health.leave:
            line = answer.readline(LONGEST + 1)
            if not line:
                return
            if len(line) > LONGEST:
                raise Lost("a line too long")
            plain = line.rstrip(b"\r\n")
            if plain.startswith(b"data:"):
                data.append(plain[5:].lstrip())
            elif plain.startswith(b"id:"):
                identity = plain[3:].strip().decode("utf-8", "replace")
            elif not plain and (data or identity):
                if data:
                    put([self.step(b"\n".join(data), identity)])
                    self.cursor = identity or self.cursor
                data, identity = [], None

    def step(self, data: bytes, identity: str | None) -> Arrived:
        """One event. Changes that are no news for the watch leave only the cursor."""
        received = now()
        try:
            plain = json.loads(data)
            if not isinstance(plain, dict):
                raise Refused("not an object")
            events = from_change(plain) if not self.wiki or plain.get("wiki") == self.wiki else []
        except (Refused, ValueError, RecursionError) as error:
            return Arrived(
                received, cursor=identity, epoch=self.epoch, refused=str(error)[:200], raw=data
            )
        return Arrived(received, tuple(events), identity, self.epoch, data if events else b"")
