"""What a source of live events is, and how it stays connected.

A feed runs in a thread of its own and hands on lists of `StreamBatch`. It is told where to go on from; what it handed on and
was not kept when the process died comes again, and the state takes it once. `put` blocks while the watch is busy, so no
feed can fill the memory.
"""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from birdfall.model.errors import BirdfallError
from birdfall.watch.model.events import StreamBatch

#: What is said of a source that is connected and mute.
CONNECTED_BUT_SILENT = "connected, but says nothing"
Put = Callable[[list[StreamBatch]], None]
#: Waits between attempts to connect, in seconds: doubled each time, with chance in it so that many watchers spread out.
MIN_WAIT_SECONDS, MAX_WAIT_SECONDS = 0.25, 30.0
#: A server may ask for so long a wait, and no longer.
MAX_REQUESTED_WAIT_SECONDS = 900.0


def now() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000


@dataclass
class ConnectionHealth:
    """The connection of a feed, written by the feed's thread and read by the watch.

    Attributes
    ----------
    connected
        Whether the feed is connected now.
    since
        When `connected` last changed, in microseconds; 0 before the first attempt.
    reason
        Why the last connection failed or ended, a short code; empty while connected.
    attempts
        Failed connections in a row.
    ended
        The source has no more to give: a recording was read to its end, or a pipe was closed.
    silent
        Connected, but without the events that are usual for this source (`engine.silence`).
    reconnect
        Set by the watch to ask a silent feed to close this connection and open another.
    """

    connected: bool = False
    since: int = 0
    reason: str = ""
    attempts: int = 0
    ended: bool = False
    silent: bool = False
    reconnect: bool = False

    def mark_connected(self) -> None:
        """Record that the connection stands."""
        self.connected, self.since, self.attempts, self.reason = True, now(), 0, ""

    def mark_lost(self, reason: str) -> None:
        """Record that the connection was lost or not made; `reason` is cut to 200 characters."""
        if self.connected or not self.since:
            self.since = now()
        self.connected, self.reason = False, reason[:200]
        self.attempts += 1


class Feed(Protocol):
    """One source. name: its key in the state. live: whether time goes on when it is silent (a recording's does not).

    A feed with `pushed` set is told what is new by another side that can fall silent; a poller asks, and is answered.
    """

    name: str
    live: bool
    health: ConnectionHealth

    def run(self, cursor: str | None, epoch: str, put: Put, stop: threading.Event) -> None:
        """Hand on what comes, from after `cursor`, until `stop` is set or the source ends."""
        ...


def failure_reason(error: BaseException) -> str:
    """Why a connection failed, in a word or two."""
    if isinstance(error, socket.gaierror):
        return "no such host"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    return "timed out" if isinstance(error, TimeoutError) else type(error).__name__


class ConnectionLost(Exception):
    """A connection was lost or not made; the text is a code. The feed connects again, after `wait` seconds at the earliest."""

    def __init__(self, said: str, wait: float = 0.0) -> None:
        super().__init__(said)
        self.wait = min(max(wait, 0.0), MAX_REQUESTED_WAIT_SECONDS)


@dataclass
class ReconnectingFeed:
    """A feed over connections that break. A subclass makes one connection in `connect_once`, and keeps `cursor` and `epoch` right.

    `connect_once` ends when `health.reconnect` is set.
    """

    name: str
    live: bool = True
    pushed: ClassVar[bool] = True
    health: ConnectionHealth = field(default_factory=ConnectionHealth)
    cursor: str | None = None
    epoch: str = ""

    def connect_once(self, put: Put, stop: threading.Event) -> None:
        """One connection, from `cursor` on. Raises ConnectionLost when it breaks."""
        raise ConnectionLost("a feed without a connection")

    def run(self, cursor: str | None, epoch: str, put: Put, stop: threading.Event) -> None:
        """Connect, and again after each loss, until `stop` is set."""
        self.cursor, self.epoch = cursor, epoch
        wait = MIN_WAIT_SECONDS
        while not stop.is_set():
            asked = 0.0
            self.health.reconnect = False
            connected_before = self.health.since if self.health.connected else 0
            try:
                self.connect_once(put, stop)
                said = CONNECTED_BUT_SILENT if self.health.reconnect else "closed by the server"
            except ConnectionLost as error:
                said, asked = str(error), error.wait
            except BirdfallError:
                raise
            except Exception as error:
                # whatever an answer was that nobody thought of: the source is asked again, and said to be down meanwhile
                said = failure_reason(error)
            if self.health.connected and self.health.since != connected_before:
                wait = MIN_WAIT_SECONDS
            self.health.mark_lost(said)
            stop.wait(max(wait * random.uniform(0.5, 1.5), asked))
            wait = min(wait * 2, MAX_WAIT_SECONDS)
        self.health.connected = False
