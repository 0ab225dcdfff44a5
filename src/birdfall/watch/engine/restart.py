"""Restart: where a killed watch resumes, so that its open tick is counted once."""

from __future__ import annotations

from collections.abc import Iterator

from birdfall.watch.model.ticks import TICK_US
from birdfall.watch.store.database import State, StatusChange
from birdfall.watch.store.queries.falls import list_changes_after
from birdfall.watch.store.queries.reports import list_reports_after
from birdfall.watch.store.queries.sources import last_closed_rows

#: A fall, or the account a report is about, with its time in microseconds.
TimedEvent = tuple[int, StatusChange | str]


def remember_place(state: State, tick: int) -> None:
    """Keep which tick is open, and the last rows that belong to finished ones; call inside a
    transaction."""
    changes, reports = last_closed_rows(state, tick * TICK_US)
    state.keep_meta(tick=tick, changes=changes, reports=reports)


def events_of_open_tick(state: State) -> Iterator[TimedEvent]:
    """Falls and reports that were stored after the last finished tick, in the order of their own
    times."""
    changes = list_changes_after(state, int(state.meta("changes", "0")))
    reports = list_reports_after(state, int(state.meta("reports", "0")))
    events: list[TimedEvent] = [(change.time, change) for change in changes if change.falls]
    events += [(report.time, report.target) for report in reports]
    yield from sorted(events, key=lambda event: event[0])
