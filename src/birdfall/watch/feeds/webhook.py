"""Mastodon's webhooks: a small HTTP server that accepts deliveries signed with the secret."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import socket
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from birdfall.model.errors import UsageError
from birdfall.model.whole_number import whole_number
from birdfall.watch.feeds.base import ConnectionHealth, Put, now
from birdfall.watch.feeds.decode import decode_mastodon
from birdfall.watch.feeds.json_fields import DecodeError, JsonFields
from birdfall.watch.model.events import StreamBatch

#: Largest delivery, in bytes.
MAX_BODY_BYTES = 1 << 20
#: Deliveries handled at once; more are answered 503, and sent again.
MAX_CONCURRENT_DELIVERIES = 32
#: Connections that are open at once, and seconds for which one may be: to say what it has to, and
#: to be told that it is kept.
MAX_CONNECTIONS, MAX_DELIVERY_SECONDS = 200, 25.0
#: Seconds between looks for connections that take too long.
CHECK_SECONDS = 0.5


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


class _DeliveryServer(ThreadingHTTPServer):
    """Takes deliveries, each in a thread of its own, with a bound of how many and how long: who
    says slowly what there is to say holds up nobody."""

    daemon_threads = True
    request_queue_size = MAX_CONNECTIONS

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        # which connections are open, and since when; oldest first
        self._open: dict[socket.socket, float] = {}
        self._guard = threading.Lock()
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection; beyond the bound it takes the place of the oldest."""
        with self._guard:
            if len(self._open) >= MAX_CONNECTIONS:
                _end(next(iter(self._open)))
                del self._open[next(iter(self._open))]
            self._open[request] = time.monotonic()
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """A connection is over."""
        with self._guard:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """What a connection ended in: nothing is said of one that the other side broke off."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def service_actions(self) -> None:
        """End connections that take too long; called each `CHECK_SECONDS`."""
        with self._guard:
            late = time.monotonic() - MAX_DELIVERY_SECONDS
            for request in [one for one, begun in self._open.items() if begun < late]:
                _end(request)
                del self._open[request]


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


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
                length = whole_number(self.headers.get("Content-Length", ""), MAX_BODY_BYTES)
                if length is None:
                    self._answer(413)
                    return
                # read whole before it takes one of the places: who is slow holds none
                body = self.rfile.read(length)
                if len(body) < length:
                    self._answer(400)
                    return
                if not room.acquire(blocking=False):
                    self._answer(503)
                    return
                try:
                    self._receive(body)
                finally:
                    room.release()

            def _receive(self, body: bytes) -> None:
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
            host = self.bind.strip("[]")
            listening = _DeliveryServer((host, self.port), Handler)
        except OSError as error:
            raise UsageError(
                f"webhooks cannot be taken at {self.bind}:{self.port}",
                why=str(error.strerror),
                fix="Choose another port.",
            ) from error
        with listening as server:
            self.bound = server.server_address[1]
            self.health.mark_connected()
            threading.Thread(
                target=server.serve_forever, args=(CHECK_SECONDS,), daemon=True
            ).start()
            stop.wait()
            server.shutdown()
        self.health.connected = False
