"""The order in which steps of a source are counted, and what a recording says of the time.

Steps are cut where something is counted or a tick ends, so that whatever is judged is judged from
what had come by then, however the steps were cut into batches on their way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from birdfall.watch.engine.source_health import CATCH_UP_US, GRACE_US
from birdfall.watch.model.events import Report, Status, StatusSnapshot, StreamBatch
from birdfall.watch.model.ticks import TICK_US
from birdfall.watch.store.database import State


def is_counted(step: StreamBatch) -> bool:
    """Whether a step may hold something that is counted."""
    return any(isinstance(event, Status | Report | StatusSnapshot) for event in step.events)


def cut_where_counted(batch: Sequence[StreamBatch]) -> Iterator[list[StreamBatch]]:
    """The steps of a batch, cut after each that is counted and where a tick ends."""
    chunk: list[StreamBatch] = []
    for step in batch:
        if chunk and _tick_of(step) > _tick_of(chunk[0]):
            yield chunk
            chunk = []
        chunk.append(step)
        if is_counted(step):
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _tick_of(step: StreamBatch) -> int:
    return (step.received - GRACE_US) // TICK_US if type(step.received) is int else 0


class RecordedTime:
    """What time it is by a recording: when its steps arrived, as long as they arrived in time.

    Parameters
    ----------
    state
        Remembers which recordings are behind: those tell the time by their events alone.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._late: dict[str, bool] = {}

    def moment_of(self, source: str, chunk: Sequence[StreamBatch]) -> int:
        """Up to when everything has come before the first of these steps, microseconds; 0 where
        that is not known."""
        return 0 if self._is_late(source) else chunk[0].received - GRACE_US

    def note(self, source: str, chunk: Sequence[StreamBatch]) -> None:
        """These steps were kept; call inside a transaction."""
        for step in chunk:
            newest = max((event.time for event in step.events), default=None)
            if newest is None:
                continue
            late = newest < step.received - CATCH_UP_US
            if late != self._is_late(source):
                self._late[source] = late
                self._state.keep_meta(**{f"late:{source}": int(late)})

    def _is_late(self, source: str) -> bool:
        if source not in self._late:
            self._late[source] = self._state.meta(f"late:{source}") == "1"
        return self._late[source]
