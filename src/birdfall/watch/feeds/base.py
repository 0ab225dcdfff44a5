"""The interface of a feed (a source of live events), and the base of feeds that reconnect.

A feed runs in a thread of its own and delivers lists of steps (`StreamBatch`) in the order they
came. It gets the cursor to resume from: steps that were delivered but not committed when the
process died are delivered again, and the state counts each once. `put` blocks while the watch is
busy, so no feed can fill the memory.

Other packages bring feeds of their own by the entry point group `birdfall.feeds`
(`feeds.registry`): the name of the entry point is the scheme, and it loads a `FeedOpener`. A feed
over connections that break is best made from `ReconnectingFeed`.
"""

from __future__ import annotations

import random
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal, Protocol

from birdfall.model.errors import BirdfallError
from birdfall.watch.feeds.web import describe_failure
from birdfall.watch.model.events import StreamBatch

#: What is said of a source that is connected and mute.
CONNECTED_BUT_SILENT = "connected, but says nothing"
Put = Callable[[list[StreamBatch]], None]
Start = Literal["live", "all"]
#: Waits between attempts to connect, in seconds: doubled each time, with chance in it so that many
#: watchers spread out.
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
    """One source of events. All but `health` stay as they are while the feed runs."""

    @property
    def name(self) -> str:
        """Key of the source in the state, unique within a watch, such as `wiki:HOST`."""
        ...

    @property
    def live(self) -> bool:
        """Whether time goes on while the source is silent; a recording has a clock of its own."""
        ...

    @property
    def pushed(self) -> bool:
        """Whether another side sends by itself, and could fall silent unnoticed.

        A poller asks and is answered: its silence is an error of its own.
        """
        ...

    @property
    def host(self) -> str:
        """Host that events of this source are about, as they carry it; empty if they name none."""
        ...

    @property
    def url(self) -> str:
        """Address of the server that is asked; empty if there is none."""
        ...

    @property
    def health(self) -> ConnectionHealth:
        """How the connection stands."""
        ...

    def run(self, cursor: str | None, epoch: str, put: Put, stop: threading.Event) -> None:
        """Deliver what comes until `stop` is set or the source ends.

        Parameters
        ----------
        cursor
            The last `StreamBatch.cursor` that was committed; None at the first start.
        epoch
            The epoch that cursor belongs to.
        put
            Takes a list of steps, and blocks while the watch is busy.
        stop
            Set when the watch ends; to be looked at at least twice a second.

        Raises
        ------
        BirdfallError
            If the source cannot be read at all; that ends the watch.
        """
        ...


@dataclass(frozen=True, slots=True)
class FeedOptions:
    """What was asked for beyond the address of a source.

    Attributes
    ----------
    start
        Where to begin if the state knows no cursor: "live" from now on, "all" with everything the
        server still has.
    dictionary
        File of the zstd dictionary that compressed messages need; None to ask the service for it,
        where it has one.
    """

    start: Start = "live"
    dictionary: Path | None = None


class FeedOpener(Protocol):
    """Makes the feed of one scheme; what entry points in the group `birdfall.feeds` load."""

    def __call__(self, text: str, options: FeedOptions, /) -> Feed:
        """Open the feed that `text` names.

        Parameters
        ----------
        text
            The source as it was written, with its scheme: `SCHEME:ADDRESS`.
        options
            What was asked for beyond the address.

        Raises
        ------
        UsageError
            If `text` is no address of this scheme.
        """
        ...


class ConnectionLost(Exception):
    """A connection was lost or not made; the text is a code.

    The feed connects again, after `wait` seconds at the earliest.
    """

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = min(max(wait, 0.0), MAX_REQUESTED_WAIT_SECONDS)


@dataclass
class ReconnectingFeed(ABC):
    """A feed over connections that break: connects again after each loss, at growing intervals.

    A subclass makes one connection in `connect_once`, and keeps `cursor` and `epoch` up to date.
    Whatever it raises after a source was once connected is a loss, and tried again; only before
    that does a BirdfallError end the watch, as an address that cannot be right.

    `connect_once` ends when `health.reconnect` is set.
    """

    name: str
    live: bool = True
    pushed: ClassVar[bool] = True
    url: str = ""
    health: ConnectionHealth = field(default_factory=ConnectionHealth)
    cursor: str | None = None
    epoch: str = ""

    @property
    def host(self) -> str:
        """Host that events are about; empty unless a subclass knows one."""
        return ""

    @abstractmethod
    def connect_once(self, put: Put, stop: threading.Event) -> None:
        """Make one connection and put what comes, from `cursor` on. Raises ConnectionLost."""

    def run(self, cursor: str | None, epoch: str, put: Put, stop: threading.Event) -> None:
        """Connect, and again after each loss, until `stop` is set."""
        self.cursor, self.epoch = cursor, epoch
        wait = MIN_WAIT_SECONDS
        # a cursor is of an earlier watch, which was connected to this address
        connected_once = cursor is not None
        while not stop.is_set():
            asked = 0.0
            self.health.reconnect = False
            connected_before = self.health.since if self.health.connected else 0
            try:
                self.connect_once(put, stop)
                said = CONNECTED_BUT_SILENT if self.health.reconnect else "closed by the server"
            except ConnectionLost as error:
                said, asked = str(error), error.wait
            except BirdfallError as error:
                # only an address that never worked is refused: one that did is mended by waiting,
                # and the other sources go on
                connected_once = connected_once or self.health.connected
                if not connected_once:
                    raise
                said = error.what
            except Exception as error:
                # whatever an answer was that nobody thought of: the source is asked again, and said
                # to be down meanwhile
                said = describe_failure(error)
            connected_once = connected_once or self.health.connected
            if self.health.connected and self.health.since != connected_before:
                wait = MIN_WAIT_SECONDS
            self.health.mark_lost(said)
            stop.wait(max(wait * random.uniform(0.5, 1.5), asked))
            wait = min(wait * 2, MAX_WAIT_SECONDS)
        self.health.connected = False
