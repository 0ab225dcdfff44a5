"""A state that another program locks: the watch waits, says so, and keeps what comes on disk."""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Final

from birdfall.watch.engine.backlog import BACKLOG_FILE, Backlog
from birdfall.watch.feeds.base import Feed
from birdfall.watch.model.events import StreamBatch
from birdfall.watch.store.database import State

#: Seconds that a watch which is to end waits for a locked state.
STOP_WAIT_SECONDS: Final = 30.0


class LockedState:
    """Waits while the state is locked, and empties the queue of the feeds into a backlog.

    Parameters
    ----------
    state
        The state; from now on its transactions wait.
    waiting
        What feeds deliver.
    tell
        Told once that the state is locked, and once that it is free again.
    """

    def __init__(
        self,
        state: State,
        waiting: queue.Queue[tuple[Feed, list[StreamBatch]]],
        tell: Callable[[str], None],
    ) -> None:
        self._state, self._waiting, self._tell = state, waiting, tell
        self._since: float | None = None
        self.backlog = Backlog(state.path.with_name(BACKLOG_FILE), state.meta("backlog"))
        #: set when the watch is to end
        self.stop = threading.Event()
        state.wait_while_locked(self._wait)

    def report_end(self) -> None:
        """Say that the state could be written again, if it could not."""
        if self._since is not None:
            seconds = time.monotonic() - self._since
            self._since = None
            self._tell(f"the state can be written again, after {seconds:.0f} s")

    def _wait(self) -> None:
        moment = time.monotonic()
        if self._since is None:
            self._since = moment
            self._tell(
                f"{self._state.path}: another program locks the state; what comes is kept beside "
                f"it ({BACKLOG_FILE}) until it is free"
            )
        if self.stop.is_set() and moment - self._since > STOP_WAIT_SECONDS:
            raise sqlite3.OperationalError("another program locks it")
        batches: list[tuple[str, list[StreamBatch]]] = []
        while not self.backlog.is_full:
            try:
                feed, batch = self._waiting.get_nowait()
            except queue.Empty:
                break
            batches.append((feed.name, batch))
        if batches:
            self.backlog.add(batches)
