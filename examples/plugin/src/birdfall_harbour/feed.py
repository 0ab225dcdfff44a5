"""A feed: watches a Harbour log as if its events came now, `birdfall watch harbour:LOG`."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from birdfall.model.errors import UsageError
from birdfall.watch.feeds.base import ConnectionHealth, FeedOptions, Put
from birdfall.watch.model.events import Event, Follow, Status, StreamBatch, Unfollow
from birdfall_harbour.log import COLUMNS, HEADER, STATUSES, microseconds

#: Steps handed over at a time.
BATCH_STEPS = 500


@dataclass
class LogFeed:
    """The events of a log in order; its cursor is the number of the line."""

    name: str
    path: Path
    live: bool = False
    pushed: ClassVar[bool] = False
    host: ClassVar[str] = ""
    url: ClassVar[str] = ""
    health: ConnectionHealth = field(default_factory=ConnectionHealth)

    def run(self, cursor: str | None, epoch: str, put: Put, stop: threading.Event) -> None:
        """Put the events after `cursor`."""
        self.health.mark_connected()
        waiting = []
        for number, line in self._lines():
            if stop.is_set():
                break
            if number <= int(cursor or 0):
                continue
            waiting.append(_decode(line, str(number), epoch))
            if len(waiting) >= BATCH_STEPS:
                put(waiting)
                waiting = []
        if waiting:
            put(waiting)
        self.health.connected, self.health.ended = False, True

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        with self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if number > 2:
                    yield number, line.rstrip(b"\r\n")


def open_log(text: str, _options: FeedOptions) -> LogFeed:
    """Open the log that `harbour:LOG` names. Raises UsageError."""
    path = Path(text.partition(":")[2])
    if not path.is_file() or not path.read_bytes()[: len(HEADER)] == HEADER:
        raise UsageError("this is no log of a Harbour forum", where=str(path))
    return LogFeed(f"harbour:{path.name}", path)


def _decode(line: bytes, cursor: str, epoch: str) -> StreamBatch:
    cells = line.decode("utf-8", "replace").split("\t")
    try:
        time = microseconds(cells[0])
        _, member, what, about, ref = cells
    except ValueError:
        reason = f"a line without {', '.join(COLUMNS)}"
        return StreamBatch(0, cursor=cursor, epoch=epoch, raw=line, refused=reason)
    events: tuple[Event, ...] = ()
    if what in STATUSES:
        events = (Status(member, STATUSES[what], time, about),)
    elif what == "follow":
        events = (Follow(member, about, time, ref),)
    elif what == "unfollow":
        events = (Unfollow(member, time, ref),)
    return StreamBatch(time, events, cursor, epoch, line)
