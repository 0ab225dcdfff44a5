"""Restart: where a killed watch resumes, so that its open tick is counted once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from birdfall.watch.store.database import State, StatusChange
from birdfall.watch.store.queries.falls import list_changes_after
from birdfall.watch.store.queries.reports import list_reports_after


@dataclass(slots=True)
class Place:
    """How far a watch has counted: the open tick, and the last row of each table that was counted.

    Parameters
    ----------
    tick
        The open tick; 0 before anything came.
    changes, reports
        Numbers of rows.
    """

    tick: int = 0
    changes: int = 0
    reports: int = 0

    @classmethod
    def kept(cls, state: State) -> Place:
        """The place at which the open tick began, as it is kept."""
        return cls(*(int(state.meta(name, "0")) for name in ("tick", "changes", "reports")))

    def keep(self, state: State) -> None:
        """Keep it; call inside a transaction, when a tick begins."""
        state.keep_meta(tick=self.tick, changes=self.changes, reports=self.reports)

    def note(self, event: StatusChange | str, row: int) -> None:
        """An event was counted, or need not be."""
        if isinstance(event, str):
            self.reports = max(self.reports, row)
        else:
            self.changes = max(self.changes, row)


def events_of_open_tick(state: State, begin: Place) -> Iterator[StatusChange | str]:
    """Falls, and accounts that were reported, that were counted since the open tick began."""
    yield from (change for change in list_changes_after(state, begin.changes) if change.falls)
    yield from (report.target for report in list_reports_after(state, begin.reports))
