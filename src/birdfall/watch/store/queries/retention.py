"""What retention looks at and deletes, a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from birdfall.model.schemas import FALLEN
from birdfall.watch.store.database import State


class EventTable(StrEnum):
    """Tables of events that are swept in the order they were kept."""

    CHANGES = "changes"
    REPORTS = "reports"


class OldEvent(NamedTuple):
    """A row of an event table: its number, the account concerned, and its time in microseconds."""

    id: int
    account: str
    time: int


class StoredChange(NamedTuple):
    """A status change as retention sees it. seen: how things stood, not a change that was seen to
    happen."""

    id: int
    status: str
    previous: str | None
    time: int
    seen: bool

    @property
    def falls(self) -> bool:
        """Whether an account that was up fell."""
        return not self.seen and self.status in FALLEN and (self.previous or "") not in FALLEN


class StoredAlert(NamedTuple):
    """An old alert: its number and key."""

    id: int
    key: str


class FileRoom(NamedTuple):
    """Pages of the SQLite file: free ones, all, their bytes, and whether free ones can be given
    back."""

    free_pages: int
    pages: int
    page_bytes: int
    can_shrink: bool


def earliest_moment(state: State) -> int | None:
    """When the earliest source began, or the earliest event happened; None if nothing is kept."""
    row = state.connection.execute(
        "SELECT (SELECT min(begun) FROM sources WHERE begun > 0), "
        "(SELECT min(time) FROM changes), (SELECT min(time) FROM reports)"
    ).fetchone()
    return min((int(v) for v in row if v is not None), default=None)


def next_tick_stream(state: State, after: str) -> str | None:
    """The text of the first stream with ticks that comes after `after`; None if there is none."""
    row = state.connection.execute(
        "SELECT min(stream) FROM ticks WHERE stream > ?", (after,)
    ).fetchone()
    return None if row[0] is None else str(row[0])


def delete_ticks(state: State, stream: str, begin: int, end: int, limit: int) -> int:
    """Delete ticks of a stream that begin in [begin, end), at most `limit`; how many went."""
    return state.connection.execute(
        "DELETE FROM ticks WHERE stream = ?1 AND begin IN "
        "(SELECT begin FROM ticks WHERE stream = ?1 AND begin >= ?2 AND begin < ?3 LIMIT ?4)",
        (stream, begin, end, limit),
    ).rowcount


def list_next_events(state: State, table: EventTable, after: int, limit: int) -> list[OldEvent]:
    """Rows after number `after`, in order, but for the latest of all.

    The latest stays in any case: SQLite would give its number again, and what comes later must have
    a larger one.
    """
    account = "account" if table is EventTable.CHANGES else "target"
    rows = state.connection.execute(
        f"SELECT id, {account}, time FROM {table.value} WHERE id > ? "
        f"AND id < (SELECT max(id) FROM {table.value}) ORDER BY id LIMIT ?",
        (after, limit),
    )
    return [OldEvent(*row) for row in rows]


def list_changes_of(state: State, account: str, until: int | None = None) -> list[StoredChange]:
    """The changes of an account, up to row number `until` if given, in order."""
    rows = state.connection.execute(
        "SELECT id, status, previous, time, seen FROM changes "
        "WHERE account = ? AND id <= coalesce(?, id) ORDER BY id",
        (account, until),
    )
    return [StoredChange(row[0], row[1], row[2], row[3], bool(row[4])) for row in rows]


def accounts_changed_within(state: State, begin: int, end: int) -> set[str]:
    """Accounts with a change within [begin, end]."""
    rows = state.connection.execute(
        "SELECT account FROM changes WHERE time BETWEEN ? AND ?", (begin, end)
    )
    return {row[0] for row in rows}


def list_reports_of(state: State, target: str, until: int) -> list[OldEvent]:
    """Reports of an account up to row number `until`."""
    rows = state.connection.execute(
        "SELECT id, target, time FROM reports WHERE id <= ? AND target = ?", (until, target)
    )
    return [OldEvent(*row) for row in rows]


def list_reports_within(state: State, begin: int, end: int, until: int) -> list[OldEvent]:
    """Reports within [begin, end] up to row number `until`."""
    rows = state.connection.execute(
        "SELECT id, target, time FROM reports WHERE id <= ? AND time BETWEEN ? AND ?",
        (until, begin, end),
    )
    return [OldEvent(*row) for row in rows]


def delete_events(state: State, table: EventTable, numbers: Iterable[int]) -> None:
    """Delete these rows of an event table."""
    state.connection.executemany(
        f"DELETE FROM {table.value} WHERE id = ?", [(number,) for number in numbers]
    )


def delete_old_ends(state: State, before: int, limit: int) -> int:
    """Delete ends of follows before a moment that say nothing any more, at most `limit`; how many
    went.

    Of an edge that ended the last end stays: a list made before it must not bring the edge to life
    again.
    """
    return state.connection.execute(
        "DELETE FROM ends WHERE id IN (SELECT e.id FROM ends e WHERE e.until < ? AND (EXISTS "
        "(SELECT 1 FROM ends l WHERE l.follower = e.follower AND l.followed = e.followed "
        "AND (l.until, l.id) > (e.until, e.id)) OR EXISTS (SELECT 1 FROM edges g "
        "WHERE g.followed = e.followed AND g.follower = e.follower)) LIMIT ?)",
        (before, limit),
    ).rowcount


def delete_gaps(state: State, numbers: Iterable[int]) -> None:
    """Delete these gaps."""
    state.connection.executemany("DELETE FROM gaps WHERE id = ?", [(number,) for number in numbers])


def list_old_alerts(state: State, before: int, max_tries: int) -> list[StoredAlert]:
    """Alerts before a moment that no channel waits for any more, but for the latest of all."""
    rows = state.connection.execute(
        "SELECT id, key FROM alerts a WHERE time < ? AND id < (SELECT max(id) FROM alerts) "
        "AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.alert = a.id AND d.done IS NULL "
        "AND d.tries < ?)",
        (before, max_tries),
    )
    return [StoredAlert(*row) for row in rows]


def delete_alerts(state: State, numbers: Sequence[int]) -> None:
    """Delete these alerts and their deliveries."""
    keys = [(number,) for number in numbers]
    state.connection.executemany("DELETE FROM deliveries WHERE alert = ?", keys)
    state.connection.executemany("DELETE FROM alerts WHERE id = ?", keys)


def file_room(state: State) -> FileRoom:
    """How much of the file nothing uses."""
    free, pages, size, way = (
        state.connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("freelist_count", "page_count", "page_size", "auto_vacuum")
    )
    return FileRoom(free, pages, size, way == 2)


def release_pages(state: State, pages: int) -> None:
    """Give free pages back to the disk, at most so many; call outside a transaction."""
    state.connection.execute(f"PRAGMA incremental_vacuum({pages:d})").fetchall()
