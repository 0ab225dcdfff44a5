"""Messages about connections: which live source is connected, silent or lost, each said once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum

from birdfall.watch.engine.source_health import GRACE_US
from birdfall.watch.feeds.base import CONNECTED_BUT_SILENT, Feed, now


class _Reported(Enum):
    """What was last reported of a source."""

    CONNECTED = 1
    SILENT = 2
    LOST = 3


class ConnectionReporter:
    """Reports when live sources connect, fall silent or are lost.

    A loss is reported when it has lasted for the grace period, so that what heals within moments is
    not.

    Parameters
    ----------
    feeds
        The feeds of a watch; recordings are left out.
    log
        Receives one message per change.
    """

    def __init__(self, feeds: Iterable[Feed], log: Callable[[str], None]) -> None:
        self._feeds = [f for f in feeds if f.live]
        self._log = log
        self._reported: dict[str, _Reported] = {}

    def report(self) -> None:
        """Report what changed since the last call."""
        for feed in self._feeds:
            found = self._state_of(feed)
            if found is None or found is self._reported.get(feed.name):
                continue
            self._reported[feed.name] = found
            if found is _Reported.SILENT:
                self._log(f"{feed.name}: {CONNECTED_BUT_SILENT}; connected anew until it does")
            elif found is _Reported.CONNECTED:
                self._log(f"{feed.name}: connected")
            else:
                self._log(f"{feed.name}: not connected ({feed.health.reason}); tried again")

    @staticmethod
    def _state_of(feed: Feed) -> _Reported | None:
        health = feed.health
        if health.silent:
            # a new connection proves nothing: silence is reported once, until something arrives
            return _Reported.SILENT
        if health.connected:
            return _Reported.CONNECTED
        lost = health.since and not health.ended and now() - health.since > GRACE_US
        return _Reported.LOST if lost else None
