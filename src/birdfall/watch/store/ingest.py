"""What a batch of stream steps changes in the state. What was seen before changes nothing.

All functions are called inside `State.transaction`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from birdfall.model.errors import printable
from birdfall.watch.model.events import (
    Event,
    Follow,
    Gap,
    Identity,
    Report,
    Status,
    StatusSnapshot,
    StreamBatch,
    Unfollow,
)
from birdfall.watch.model.step_text import step_to_text
from birdfall.watch.store.database import State, StatusChange
from birdfall.watch.store.queries.set_apart import hold_refused, insert_set_apart
from birdfall.watch.store.queries.sources import last_receipt_time

#: Characters kept of why a step could not be kept.
MAX_REASON_CHARS: Final = 200
#: Two sources that tell of one change date it within so many microseconds of each other.
MAX_ECHO_US: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class EdgeChange:
    """A follower won or lost by a watched leader. time: microseconds."""

    leader: str
    follower: str
    time: int


class KeptEvent(NamedTuple):
    """A change of status or a report that is new. time: its own, in microseconds; row: its number
    in its table; event: the change, or the account that was reported."""

    time: int
    row: int
    event: StatusChange | str


@dataclass(slots=True)
class Ingested:
    """What one batch changed.

    Parameters
    ----------
    changes, reports
        Status changes that were seen to happen, and new reports.
    events
        Both, in the order they were kept.
    follows, unfollows
        Edges of watched leaders that began and ended.
    unresolved
        Unfollows of edges that are not known.
    set_apart
        Why steps could not be kept, one reason each.
    kept
        The steps; of those that could not be kept the rest: no events, and the reason.
    """

    changes: list[StatusChange] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    events: list[KeptEvent] = field(default_factory=list)
    follows: list[EdgeChange] = field(default_factory=list)
    unfollows: list[EdgeChange] = field(default_factory=list)
    unresolved: int = 0
    set_apart: list[str] = field(default_factory=list)
    kept: list[StreamBatch] = field(default_factory=list)

    def extend(self, other: Ingested) -> None:
        """Add what another part of the batch changed."""
        self.changes += other.changes
        self.reports += other.reports
        self.events += other.events
        self.follows += other.follows
        self.unfollows += other.unfollows
        self.unresolved += other.unresolved
        self.set_apart += other.set_apart
        self.kept += other.kept


@dataclass(slots=True)
class _SourceProgress:
    """How far a source came in one batch. Moments are microseconds, 0 where there is none."""

    cursor: str | None = None
    epoch: str | None = None
    received: int = 0
    latest_event: int = 0
    begun: int = 0
    steps: int = 0
    refused: int = 0

    def add(self, step: StreamBatch) -> None:
        """One step more."""
        self.steps += bool(step.received)
        self.received = max(self.received, step.received)
        self.begun = self.begun or step.received
        if step.cursor is not None:
            self.cursor, self.epoch = step.cursor, step.epoch
        self.refused += bool(step.refused)
        self.latest_event = max([self.latest_event, *(event.time for event in step.events)])


def ingest_batch(
    state: State, source: str, batch: Iterable[StreamBatch], *, keep_raw: bool = True
) -> Ingested:
    """Write the steps of one source; what they changed.

    Parameters
    ----------
    state
        The state; a transaction is open.
    source
        The source's name in the state.
    batch
        Its next steps, in order.
    keep_raw
        Whether the steps are kept as they came, too.

    Notes
    -----
    A step that cannot be kept, whatever the reason, is set apart with it: the other steps and the
    cursor are kept. Only a state that cannot be written ends the batch.
    """
    steps = list(batch)
    try:
        with state.savepoint():
            return _ingest_steps(state, source, steps, keep_raw=keep_raw)
    except Exception as error:
        if _is_of_the_file(error):
            raise
    # one of them cannot be kept: step by step it is seen which
    whole = Ingested()
    for step in steps:
        try:
            with state.savepoint():
                whole.extend(_ingest_steps(state, source, [step], keep_raw=keep_raw))
        except Exception as error:
            if _is_of_the_file(error):
                raise
            whole.extend(_set_apart(state, source, step, error))
    return whole


def ingest_again(state: State, source: str, step: StreamBatch) -> Ingested:
    """Keep the events of a step that was set apart; what they changed. Its cursor is long past.

    Raises
    ------
    Exception
        Any, if it still cannot be kept; then nothing of it is.
    """
    ingested = Ingested()
    with state.savepoint():
        for event in _in_time_order(state.removed.leave_out(step)):
            _ingest_event(state, source, event, step.received, ingested)
    return ingested


def _set_apart(state: State, source: str, step: StreamBatch, error: Exception) -> Ingested:
    """Hold a step that cannot be kept, and keep that it came."""
    step = state.removed.leave_out(step)
    why = f"{type(error).__name__}: {printable(str(error), MAX_REASON_CHARS)}"
    received = step.received if _is_moment(step.received) else 0
    insert_set_apart(state, source, received, why, step_to_text(step))
    rest = StreamBatch(
        received or 1, (), step.cursor, step.epoch, refused=why, on_commit=step.on_commit
    )
    found = _ingest_steps(state, source, [rest], keep_raw=False)
    found.set_apart.append(why)
    return found


def _is_of_the_file(error: Exception) -> bool:
    """Whether an error is of the file and not of what was to be kept in it."""
    broken = isinstance(error, sqlite3.OperationalError | sqlite3.InternalError | MemoryError)
    return broken or type(error) is sqlite3.DatabaseError


def _is_moment(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 62


def _require_sound(event: Event) -> None:
    """Raises ValueError for an event that would be kept as something else than it says."""
    if not _is_moment(event.time):
        raise ValueError(f"a time that is none: {str(event.time)[:40]}")


def sound_times(step: StreamBatch) -> list[int]:
    """The times of the events of a step that have one."""
    times = (getattr(event, "time", None) for event in step.events)
    return [time for time in times if time is not None and _is_moment(time)]


def _in_time_order(step: StreamBatch) -> list[Event]:
    """The events of a step by their own times, so that their rows are numbered in that order."""
    for event in step.events:
        _require_sound(event)
    return sorted(step.events, key=lambda event: event.time)


def _ingest_steps(
    state: State, source: str, batch: list[StreamBatch], *, keep_raw: bool
) -> Ingested:
    """Write steps, all or none."""
    if state.removed:
        batch = [state.removed.leave_out(step) for step in batch]
    ingested, progress = Ingested(kept=batch), _SourceProgress()
    raw: list[tuple[int, bytes]] = []
    for step in batch:
        for gap in step.gaps:
            if not gap.begin:
                heard = _last_receipt_time(state, source, progress.received)
                gap = replace(gap, begin=heard or gap.end)
            note_gap(state, source, gap)
        progress.add(step)
        hold_refused(state, source, step)
        if keep_raw and step.raw:
            raw.append((step.received, step.raw))
        for event in _in_time_order(step):
            _ingest_event(state, source, event, step.received, ingested)
    if raw:
        _insert_raw(state, source, raw)
    _keep_progress(state, source, progress)
    return ingested


def add_follow(state: State, event: Follow) -> bool:
    """Keep an edge; whether it was new. One that ended later is not brought to life again."""
    if state.removed.knows(event.follower) or state.removed.knows(event.followed):
        return False
    ended = state.connection.execute(
        "SELECT max(until) FROM ends WHERE followed = ? AND follower = ?",
        (event.followed, event.follower),
    ).fetchone()[0]
    if ended is not None and ended >= event.time:
        return False
    done = state.connection.execute(
        "INSERT OR IGNORE INTO edges (followed, follower, key, since) VALUES (?, ?, ?, ?)",
        (event.followed, event.follower, event.key, event.time),
    )
    if done.rowcount != 1:
        return False
    # a follower is an active account, even if nothing else is known of it: audiences are compared
    # with all known accounts
    state.connection.execute(
        "INSERT OR IGNORE INTO standing (account, status, time) VALUES (?, 'active', ?)",
        (event.follower, event.time),
    )
    return True


def set_identity(state: State, event: Identity) -> None:
    """Keep what an account is called."""
    # an account is active at first: its first suspension is then a change from `active`
    state.connection.execute(
        "INSERT INTO standing (account, status, time, handle, client) "
        "VALUES (?1, 'active', ?2, ?3, ?4) ON CONFLICT (account) DO UPDATE SET handle = ?3, "
        "client = CASE ?4 WHEN '' THEN client ELSE ?4 END",
        (event.account, event.time, event.handle, event.client),
    )


def note_gap(state: State, source: str, gap: Gap) -> None:
    """Keep that a source was not seen for a while."""
    state.connection.execute(
        "INSERT INTO gaps (source, begin, end, why) VALUES (?, ?, ?, ?)",
        (source, gap.begin, gap.end, gap.why),
    )


def _ingest_event(
    state: State, source: str, event: Event, received: int, ingested: Ingested
) -> None:
    if isinstance(event, Status):
        found = _set_status(state, source, event, received)
        if found is not None:
            change, row = found
            ingested.changes.append(change)
            ingested.events.append(KeptEvent(change.time, row, change))
    elif isinstance(event, Follow):
        if event.followed in state.leaders and add_follow(state, event):
            ingested.follows.append(EdgeChange(event.followed, event.follower, event.time))
    elif isinstance(event, Unfollow):
        leader = _end_follow(state, event)
        if leader is not None:
            ingested.unfollows.append(EdgeChange(leader, event.follower, event.time))
        else:
            ingested.unresolved += 1
    elif isinstance(event, Report):
        number = _add_report(state, source, event, received)
        if number is not None:
            ingested.reports.append(event)
            ingested.events.append(KeptEvent(event.time, number, event.target))
    elif isinstance(event, StatusSnapshot):
        for change, row in _apply_snapshot(state, source, event, received):
            ingested.changes.append(change)
            ingested.events.append(KeptEvent(change.time, row, change))
    else:
        set_identity(state, event)


def _insert_raw(state: State, source: str, raw: list[tuple[int, bytes]]) -> None:
    """Raw steps go on from the last number ever given: files are named by it."""
    last = state.connection.execute(
        "SELECT coalesce((SELECT max(id) FROM raw), (SELECT max(last) FROM raw_files), 0)"
    ).fetchone()[0]
    state.connection.executemany(
        "INSERT INTO raw (id, source, received, data) VALUES (?, ?, ?, ?)",
        [(last + i, source, received, data) for i, (received, data) in enumerate(raw, 1)],
    )


def _keep_progress(state: State, source: str, progress: _SourceProgress) -> None:
    state.connection.execute(
        "INSERT INTO sources (source, cursor, epoch, received, event, steps, refused, begun) "
        "VALUES (?1, ?2, coalesce(?3, ''), ?4, ?5, ?6, ?7, ?8) "
        "ON CONFLICT (source) DO UPDATE SET cursor = coalesce(?2, cursor), "
        "epoch = coalesce(?3, epoch), received = max(received, ?4), event = max(event, ?5), "
        "steps = steps + ?6, refused = refused + ?7, "
        "begun = CASE begun WHEN 0 THEN ?8 ELSE begun END",
        (
            source,
            progress.cursor,
            progress.epoch,
            progress.received,
            progress.latest_event,
            progress.steps,
            progress.refused,
            progress.begun,
        ),
    )


def _last_receipt_time(state: State, source: str, within_batch: int) -> int:
    """When a source last sent something: within the batch, or as kept; 0 if never."""
    return max(within_batch, last_receipt_time(state, source))


def _set_status(
    state: State, source: str, event: Status, received: int
) -> tuple[StatusChange, int] | None:
    """The change that this makes and its row; None if it changes nothing."""
    row = state.connection.execute(
        "SELECT status, time, host, client FROM standing WHERE account = ?", (event.account,)
    ).fetchone()
    if row is not None and (
        row["status"] == event.status or _is_known_change(state, event, row["time"])
    ):
        # the same repeated, or the past read again after a server began anew: no news
        return None
    if row is not None and event.time < min(state.kept_from, row["time"]):
        # so old that it may have been known and forgotten
        return None
    previous = None if row is None else row["status"]
    host, client = event.host, event.client
    if row is not None:
        host, client = host or row["host"], client or row["client"]
    state.connection.execute(
        "INSERT INTO standing (account, status, time, host, client) VALUES (?1, ?2, ?3, ?4, ?5) "
        "ON CONFLICT (account) DO UPDATE SET status = ?2, time = ?3, host = ?4, client = ?5",
        (event.account, event.status, event.time, host, client),
    )
    change = StatusChange(
        event.account, event.status, previous, event.time, received, host, event.reason, client
    )
    done = state.connection.execute(
        "INSERT INTO changes (account, status, previous, time, received, source, host, reason, "
        "client) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            change.account,
            change.status,
            change.previous,
            change.time,
            change.received,
            source,
            change.host,
            change.reason,
            change.client,
        ),
    )
    return change, int(done.lastrowid or 0)


def _is_known_change(state: State, event: Status, stands_since: int) -> bool:
    """Whether this very change is known: clocks jump, so an older time alone proves nothing.

    Of two sources that tell of one change the later may come when it has been undone; it then dates
    it a little otherwise.
    """
    near = MAX_ECHO_US if event.time < stands_since else 0
    found = state.connection.execute(
        "SELECT 1 FROM changes WHERE account = ? AND time BETWEEN ? AND ? AND status = ?",
        (event.account, event.time - near, event.time + near, event.status),
    )
    return found.fetchone() is not None


def _apply_snapshot(
    state: State, source: str, event: StatusSnapshot, received: int
) -> list[tuple[StatusChange, int]]:
    """Change the accounts that differ from what is known; the changes with their rows.

    Where the snapshot does not count they are kept as `seen`: they changed at some time before,
    nobody knows when.
    """
    c = state.connection
    c.execute("CREATE TEMP TABLE IF NOT EXISTS listed (account TEXT PRIMARY KEY) WITHOUT ROWID")
    c.execute("DELETE FROM listed")
    c.executemany("INSERT OR IGNORE INTO listed VALUES (?)", [(a,) for a in event.accounts])
    fresh = c.execute(
        "SELECT l.account, s.status FROM listed l LEFT JOIN standing s USING (account) "
        "WHERE s.status IS NOT ? ORDER BY 1",
        (event.status,),
    ).fetchall()
    # of the accounts no longer listed only those from this source: accounts of other sources are
    # not on its list
    gone = c.execute(
        "SELECT account, status FROM standing s WHERE status = ?1 "
        "AND account NOT IN (SELECT account FROM listed) AND (SELECT source FROM changes c "
        "WHERE c.account = s.account ORDER BY c.id DESC LIMIT 1) = ?2 ORDER BY 1",
        (event.status, source),
    ).fetchall()
    found = []
    for account, previous, status in [
        *((*row, event.status) for row in fresh),
        *((*row, "active") for row in gone),
    ]:
        c.execute(
            "INSERT INTO standing (account, status, time) VALUES (?1, ?2, ?3) "
            "ON CONFLICT (account) DO UPDATE SET status = ?2, time = ?3",
            (account, status, event.time),
        )
        done = c.execute(
            "INSERT INTO changes (account, status, previous, time, received, source, seen) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (account, status, previous, event.time, received, source, int(not event.counts)),
        )
        change = StatusChange(account, status, previous, event.time, received, "", "")
        found.append((change, int(done.lastrowid or 0)))
    return found if event.counts else []


def _end_follow(state: State, event: Unfollow) -> str | None:
    """The leader whose edge ended; None if no such edge is known."""
    column = "followed" if event.followed else "key"
    row = state.connection.execute(
        f"SELECT followed, since FROM edges WHERE follower = ? AND {column} = ?",
        (event.follower, event.followed or event.key),
    ).fetchone()
    if row is None:
        return None
    state.connection.execute(
        "DELETE FROM edges WHERE followed = ? AND follower = ?", (row["followed"], event.follower)
    )
    state.connection.execute(
        "INSERT INTO ends (followed, follower, since, until) VALUES (?, ?, ?, ?)",
        (row["followed"], event.follower, row["since"], event.time),
    )
    return str(row["followed"])


def _add_report(state: State, source: str, event: Report, received: int) -> int | None:
    """Keep a report; its row, None if it is not new."""
    if event.time < state.kept_from:
        return None
    key = (
        f"{source}:{event.id}"
        if event.id
        else f"{source}:{event.reporter}:{event.target}:{event.time}"
    )
    kept = state.connection.execute(
        "SELECT reporter, target FROM reports WHERE key = ?", (key,)
    ).fetchone()
    if kept is not None and tuple(kept) != (event.reporter, event.target):
        # one of the two came spoiled under the number of the other: nobody can tell which
        key = f"{key}:{event.reporter}:{event.target}"
    done = state.connection.execute(
        "INSERT OR IGNORE INTO reports (key, reporter, target, time, received, source, reason) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (key, event.reporter, event.target, event.time, received, source, event.reason),
    )
    return int(done.lastrowid or 0) if done.rowcount == 1 else None
