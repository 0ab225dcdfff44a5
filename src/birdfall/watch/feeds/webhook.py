"""Mastodon's webhooks: a small HTTP server that accepts deliveries signed with the secret."""

from __future__ import annotations

import hashlib
import hmac
import threading
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from birdfall.model.errors import UsageError
from birdfall.watch.feeds.base import ConnectionHealth, Put, now
from birdfall.watch.feeds.decode import decode_mastodon
from birdfall.watch.feeds.json_fields import DecodeError, JsonFields
from birdfall.watch.model.events import StreamBatch

#: Largest delivery, in bytes.
MAX_BODY_BYTES = 1 << 20
#: Deliveries handled at once; more are answered 503, and sent again.
MAX_CONCURRENT_DELIVERIES = 32


def is_signed(body: bytes, secret: str, signature: str) -> bool:
    """Whether `signature` (header X-Hub-Signature, "sha256=<hex>") was made of `body` with
    `secret`; in constant time.
    """
    wanted = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "replace"))


def decode_delivery(body: bytes, received: int) -> StreamBatch:
    """Decode one delivery; `received` in microseconds."""
    try:
        events = decode_mastodon(JsonFields.parse(body))
    except DecodeError as error:
        return StreamBatch(received, refused=str(error)[:200], raw=body)
    return StreamBatch(received, tuple(events), raw=body)


@dataclass
class MastodonWebhookFeed:
    """Receives Mastodon's webhooks.

    A delivery is answered 200 only after it was committed; Mastodon sends it again otherwise.
    `bound` is the port that the server listens on, for `port` 0.
    """

    name: str
    secret: str
    bind: str = "127.0.0.1"
    port: int = 8472
    live: bool = True
    pushed: ClassVar[bool] = False
    host: ClassVar[str] = ""
    url: ClassVar[str] = ""
    health: ConnectionHealth = field(default_factory=ConnectionHealth)
    bound: int = 0

    def run(self, cursor: str | None, epoch: str, put: Put, stop: threading.Event) -> None:
        """Serve until `stop` is set. Raises UsageError if the address cannot be bound."""
        del cursor, epoch  # deliveries have no order to go on from
        secret, room = self.secret, threading.BoundedSemaphore(MAX_CONCURRENT_DELIVERIES)

        class Handler(BaseHTTPRequestHandler):
            timeout = 10
            server_version, sys_version = "birdfall", ""

            def do_POST(self) -> None:
                if not room.acquire(blocking=False):
                    self._answer(503)
                    return
                try:
                    self._receive()
                finally:
                    room.release()

            def _receive(self) -> None:
                length = self.headers.get("Content-Length", "")
                if not length.isdigit() or int(length) > MAX_BODY_BYTES:
                    self._answer(413)
                    return
                body = self.rfile.read(int(length))
                if not is_signed(body, secret, self.headers.get("X-Hub-Signature", "")):
                    self._answer(401)
                    return
                kept = threading.Event()
                put([replace(decode_delivery(body, now()), on_commit=kept.set)])
                self._answer(200 if kept.wait(10) else 503)

            def _answer(self, code: int) -> None:
                self.send_response(code)
                self.send_header("Content-Length", "0")
                self.send_header("Connection", "close")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Deliveries are counted in the state, not written to a log."""

        try:
            listening = ThreadingHTTPServer((self.bind, self.port), Handler)
        except OSError as error:
            raise UsageError(
                f"webhooks cannot be taken at {self.bind}:{self.port}",
                why=str(error.strerror),
                fix="Choose another port.",
            ) from error
        with listening as server:
            server.daemon_threads = True
            self.bound = server.server_address[1]
            self.health.mark_connected()
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stop.wait()
            server.shutdown()
        self.health.connected = False
