"""What a source of live events is, and how it stays connected.

A feed runs in a thread of its own and hands on lists of `Arrived`. It is told where to go on from; what it handed on and
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
from birdfall.watch.model.events import Arrived

#: What is said of a source that is connected and mute.
MUTE = "connected, but says nothing"
Put = Callable[[list[Arrived]], None]
#: Waits between attempts to connect, in seconds: doubled each time, with chance in it so that many watchers spread out.
SHORTEST_WAIT, LONGEST_WAIT = 0.25, 30.0
#: A server may ask for so long a wait, and no longer.
LONGEST_ASKED = 900.0


def now() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000


@dataclass
class Health:
    """How a feed stands. since: microseconds, when it last became so. said: what was last wrong, a code."""

    connected: bool = False
    since: int = 0
    said: str = ""
    attempts: int = 0
    ended: bool = False
    #: connected, but says nothing that it used to say (`heard`); then the feed is asked to leave this connection for another
    mute: bool = False
    leave: bool = False

    def up(self) -> None:
        """Connected."""
        self.connected, self.since, self.attempts, self.said = True, now(), 0, ""

    def down(self, said: str) -> None:
        """Not connected any more, and why."""
        if self.connected or not self.since:
            self.since = now()
        self.connected, self.said = False, said[:200]
        self.attempts += 1


class Feed(Protocol):
    """One source. name: its key in the state. live: whether time goes on when it is silent (a recording's does not).

    A feed with `pushed` set is told what is new by another side that can fall silent; a poller asks, and is answered.
    """

    name: str
    live: bool
    health: Health

    def run(self, cursor: str | None, epoch: str, put: Put, stop: threading.Event) -> None:
        """Hand on what comes, from after `cursor`, until `stop` is set or the source ends."""
        ...


def reason(error: BaseException) -> str:
    """Why a connection failed, in a word or two."""
    if isinstance(error, socket.gaierror):
        return "no such host"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    return "timed out" if isinstance(error, TimeoutError) else type(error).__name__


class Lost(Exception):
    """A connection was lost or not made; the text is a code. The feed connects again, after `wait` seconds at the earliest."""

    def __init__(self, said: str, wait: float = 0.0) -> None:
        super().__init__(said)
        self.wait = min(max(wait, 0.0), LONGEST_ASKED)


@dataclass
class Reconnecting:
    """A feed over connections that break. A subclass makes one connection in `once`, and keeps `cursor` and `epoch` right.

    `once` ends when `health.leave` is set.
    """

    name: str
    live: bool = True
    pushed: ClassVar[bool] = True
    health: Health = field(default_factory=Health)
    cursor: str | None = None
    epoch: str = ""

    def once(self, put: Put, stop: threading.Event) -> None:
        """One connection, from `cursor` on. Raises Lost when it breaks."""
        raise Lost("a feed without a connection")

    def run(self, cursor: str | None, epoch: str, put: Put, stop: threading.Event) -> None:
        """Connect, and again after each loss, until stopped."""
        self.cursor, self.epoch = cursor, epoch
        wait = SHORTEST_WAIT
        while not stop.is_set():
            asked = 0.0
            self.health.leave = False
            connected_before = self.health.since if self.health.connected else 0
            try:
                self.once(put, stop)
                said = MUTE if self.health.leave else "closed by the server"
            except Lost as error:
                said, asked = str(error), error.wait
            except BirdfallError:
                raise
            except Exception as error:
                # whatever an answer was that nobody thought of: the source is asked again, and said to be down meanwhile
                said = reason(error)
            if self.health.connected and self.health.since != connected_before:
                wait = SHORTEST_WAIT
            self.health.down(said)
            stop.wait(max(wait * random.uniform(0.5, 1.5), asked))
            wait = min(wait * 2, LONGEST_WAIT)
        self.health.connected = False
