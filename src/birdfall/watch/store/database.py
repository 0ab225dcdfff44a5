"""The state of a watch, in one SQLite file: what was seen, what stands, what was alarmed, and where to go on.

One transaction holds a batch's events, every state they change, the detectors and the cursor: after a crash the stream
goes on from the cursor and what it says again changes nothing, so each event counts once. WAL with synchronous=FULL: what
was committed survives the power going off.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from birdfall.model.errors import CaseError
from birdfall.model.schemas import FALLEN
from birdfall.watch.model.events import (
    Follow,
    Gap,
    Identity,
    Report,
    Status,
    StatusSnapshot,
    StreamBatch,
    Unfollow,
)

FORMAT: Final = 3
#: Files up to so many bytes are looked through when a watch begins: a second or so.
CHECKED: Final = 512 << 20
#: Two sources that tell of one change date it within so many microseconds of each other.
ECHO: Final = 10_000_000

_SCHEMA: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sources (source TEXT PRIMARY KEY, cursor TEXT, epoch TEXT NOT NULL DEFAULT '', received INTEGER NOT NULL DEFAULT 0,
    event INTEGER NOT NULL DEFAULT 0, steps INTEGER NOT NULL DEFAULT 0, refused INTEGER NOT NULL DEFAULT 0,
    begun INTEGER NOT NULL DEFAULT 0, connected INTEGER NOT NULL DEFAULT 0, since INTEGER NOT NULL DEFAULT 0, said TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
CREATE TABLE standing (account TEXT PRIMARY KEY, status TEXT NOT NULL, time INTEGER NOT NULL, handle TEXT,
    host TEXT NOT NULL DEFAULT '', client TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
CREATE TABLE changes (id INTEGER PRIMARY KEY, account TEXT NOT NULL, status TEXT NOT NULL, previous TEXT, time INTEGER NOT NULL,
    received INTEGER NOT NULL, source TEXT NOT NULL, host TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '',
    client TEXT NOT NULL DEFAULT '', seen INTEGER NOT NULL DEFAULT 0);
CREATE INDEX changes_time ON changes (time);
CREATE INDEX changes_account ON changes (account, time);
CREATE TABLE leaders (account TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE edges (followed TEXT NOT NULL, follower TEXT NOT NULL, key TEXT NOT NULL, since INTEGER NOT NULL,
    PRIMARY KEY (followed, follower)) WITHOUT ROWID;
CREATE INDEX edges_key ON edges (follower, key);
CREATE TABLE ends (id INTEGER PRIMARY KEY, followed TEXT NOT NULL, follower TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL);
CREATE TABLE reports (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, reporter TEXT NOT NULL, target TEXT NOT NULL,
    time INTEGER NOT NULL, received INTEGER NOT NULL, source TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '');
CREATE INDEX reports_target ON reports (target, time);
CREATE INDEX reports_time ON reports (time);
CREATE TABLE gaps (id INTEGER PRIMARY KEY, source TEXT NOT NULL, begin INTEGER NOT NULL, end INTEGER NOT NULL, why TEXT NOT NULL);
CREATE TABLE detectors (stream TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE ticks (stream TEXT NOT NULL, begin INTEGER NOT NULL, observed INTEGER NOT NULL, expected REAL NOT NULL, high REAL NOT NULL,
    evidence REAL NOT NULL, PRIMARY KEY (stream, begin)) WITHOUT ROWID;
CREATE TABLE waves (id INTEGER PRIMARY KEY, stream TEXT NOT NULL, begin INTEGER NOT NULL, opened INTEGER NOT NULL, closed INTEGER,
    fallen INTEGER NOT NULL, returned INTEGER NOT NULL, expected REAL NOT NULL, evidence REAL NOT NULL, details TEXT NOT NULL);
CREATE TABLE alerts (id INTEGER PRIMARY KEY, key TEXT NOT NULL, kind TEXT NOT NULL, rule TEXT NOT NULL, time INTEGER NOT NULL,
    body TEXT NOT NULL);
CREATE INDEX alerts_key ON alerts (key, id);
CREATE TABLE deliveries (alert INTEGER NOT NULL, channel TEXT NOT NULL, done INTEGER, tries INTEGER NOT NULL DEFAULT 0, next INTEGER NOT NULL,
    said TEXT NOT NULL DEFAULT '', PRIMARY KEY (alert, channel)) WITHOUT ROWID;
CREATE TABLE rules (name TEXT PRIMARY KEY, rule TEXT NOT NULL, armed INTEGER NOT NULL, backtest TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE raw (id INTEGER PRIMARY KEY, source TEXT NOT NULL, received INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE raw_files (path TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
"""
#: What brings a state of an earlier format to the next one.
_NEWER: Final = {
    1: (
        "ALTER TABLE standing ADD COLUMN host TEXT NOT NULL DEFAULT ''", "ALTER TABLE standing ADD COLUMN client TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE changes ADD COLUMN client TEXT NOT NULL DEFAULT ''",
    ),
    2: ("ALTER TABLE changes ADD COLUMN seen INTEGER NOT NULL DEFAULT 0",),
}  # fmt: skip


class OlderError(CaseError):
    """A state of an earlier format, opened only to be read: opened to be written it is brought up to date."""


@dataclass(frozen=True, slots=True)
class StatusChange:
    """An account's status became another one. `previous` is None where it was not known."""

    account: str
    status: str
    previous: str | None
    time: int
    received: int
    host: str
    reason: str
    client: str = ""

    @property
    def falls(self) -> bool:
        return self.status in FALLEN and self.previous not in FALLEN

    @property
    def returns(self) -> bool:
        return self.previous in FALLEN and self.status == "active"


@dataclass(frozen=True, slots=True)
class Ingested:
    """What one batch changed: status changes, new reports, follows and unfollows of watched leaders (leader, account, time)."""

    changes: tuple[StatusChange, ...]
    reports: tuple[Report, ...]
    follows: tuple[tuple[str, str, int], ...]
    unfollows: tuple[tuple[str, str, int], ...]
    unresolved: int


class State:
    """The file. One process writes; any number read (`read_only`)."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.connection = connection
        self.path = path
        self._leaders: set[str] | None = None
        self._kept_from: int | None = None

    @classmethod
    def open(cls, path: str | Path, *, read_only: bool = False, check: bool = False) -> State:
        """The state in `path`, made if need be (unless read-only). Raises CaseError if it is none, broken, or of another format.

        check: look through the whole file for damage first, if it is no larger than `CHECKED` bytes.
        """
        place = Path(path)
        if read_only:
            if not place.exists():
                raise CaseError(
                    "there is no watch here", where=str(place), fix="Start one with: birdfall watch"
                )
            connection = sqlite3.connect(
                f"file:{place.resolve().as_posix()}?mode=ro", uri=True, check_same_thread=False
            )
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(place, isolation_level=None, check_same_thread=False)
            place.chmod(0o600)
        connection.row_factory = sqlite3.Row
        try:
            if not read_only:
                _prepare(connection)
            row = connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
            if check and place.stat().st_size <= CHECKED:
                said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
                if said != "ok":
                    raise sqlite3.DatabaseError(said)
        except sqlite3.DatabaseError as error:
            connection.close()
            raise _broken(place, error) from error
        if row is None or int(row[0]) != FORMAT:
            connection.close()
            raise _other_format(place, 0 if row is None else int(row[0]))
        return cls(connection, place)

    def close(self) -> None:
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that happens inside is kept together, or not at all."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            # on a full disk SQLite has taken all back by itself
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            self.reread()
            raise

    def reread(self) -> None:
        """Forget what was remembered of the file: it has changed otherwise."""
        self._leaders = self._kept_from = None

    @property
    def kept_from(self) -> int:
        """From when on all is kept, in microseconds; 0 if nothing was forgotten (`watch.keeping`)."""
        if self._kept_from is None:
            self._kept_from = int(self.meta("kept_from", "0"))
        return self._kept_from

    # -- taking in ------------------------------------------------------------------------------------------------

    def watch_leaders(self, accounts: Iterable[str]) -> None:
        """Keep the edges of these accounts from now on."""
        with self.transaction():
            self.connection.executemany(
                "INSERT OR IGNORE INTO leaders VALUES (?)", [(a,) for a in accounts]
            )
        self._leaders = None

    @property
    def leaders(self) -> set[str]:
        if self._leaders is None:
            self._leaders = {
                row[0] for row in self.connection.execute("SELECT account FROM leaders")
            }
        return self._leaders

    def ingest(
        self, source: str, batch: Iterable[StreamBatch], *, keep_raw: bool = True
    ) -> Ingested:
        """A batch into the state; call inside `transaction`. What was seen before changes nothing."""
        changes: list[StatusChange] = []
        reports: list[Report] = []
        follows: list[tuple[str, str, int]] = []
        unfollows: list[tuple[str, str, int]] = []
        raw: list[tuple[str, int, bytes]] = []
        unresolved = steps = refused = received = latest = begun = 0
        cursor: str | None = None
        epoch: str | None = None
        for step in batch:
            steps += bool(step.received)
            for gap in step.gaps:
                self.note_gap(
                    source,
                    gap
                    if gap.begin
                    else replace(gap, begin=self._last_heard(source, received) or gap.end),
                )
            received = max(received, step.received)
            begun = begun or step.received
            if step.cursor is not None:
                cursor, epoch = step.cursor, step.epoch
            refused += bool(step.refused)
            if keep_raw and step.raw:
                raw.append((source, step.received, step.raw))
            for event in step.events:
                latest = max(latest, event.time)
                if isinstance(event, Status):
                    change = self._status(source, event, step.received)
                    if change is not None:
                        changes.append(change)
                elif isinstance(event, Follow):
                    if event.followed in self.leaders and self._follow(event):
                        follows.append((event.followed, event.follower, event.time))
                elif isinstance(event, Unfollow):
                    leader = self._unfollow(event)
                    if leader is not None:
                        unfollows.append((leader, event.follower, event.time))
                    else:
                        unresolved += 1
                elif isinstance(event, Report):
                    if self._report(source, event, step.received):
                        reports.append(event)
                elif isinstance(event, StatusSnapshot):
                    changes += self._listed(source, event, step.received)
                else:
                    self.name(event)
        if raw:
            after = self._last_raw()
            rows = [(after + i, *row) for i, row in enumerate(raw, 1)]
            self.connection.executemany(
                "INSERT INTO raw (id, source, received, data) VALUES (?, ?, ?, ?)", rows
            )
        self.connection.execute(
            "INSERT INTO sources (source, cursor, epoch, received, event, steps, refused, begun) VALUES (?1, ?2, coalesce(?3, ''), ?4, ?5, ?6, ?7, ?8) "
            "ON CONFLICT (source) DO UPDATE SET cursor = coalesce(?2, cursor), epoch = coalesce(?3, epoch), received = max(received, ?4), "
            "event = max(event, ?5), steps = steps + ?6, refused = refused + ?7, begun = CASE begun WHEN 0 THEN ?8 ELSE begun END",
            (source, cursor, epoch, received, latest, steps, refused, begun),
        )
        return Ingested(
            tuple(changes), tuple(reports), tuple(follows), tuple(unfollows), unresolved
        )

    def _last_raw(self) -> int:
        """The number of the last raw event: of those put away, if none waits, as files are named by it."""
        row = self.connection.execute(
            "SELECT coalesce((SELECT max(id) FROM raw), (SELECT max(last) FROM raw_files), 0)"
        )
        return int(row.fetchone()[0])

    def _last_heard(self, source: str, within: int) -> int:
        """When a source was last heard: within the batch, or as kept; 0 if never."""
        row = self.connection.execute(
            "SELECT received FROM sources WHERE source = ?", (source,)
        ).fetchone()
        return max(within, 0 if row is None else int(row[0]))

    def _status(self, source: str, event: Status, received: int) -> StatusChange | None:
        row = self.connection.execute(
            "SELECT status, time, host, client FROM standing WHERE account = ?", (event.account,)
        ).fetchone()
        if row is not None and (row["status"] == event.status or self._heard(event, row["time"])):
            # the same said again, or the past read again after a server began anew: no news
            return None
        if row is not None and event.time < min(self.kept_from, row["time"]):
            # so old that it may have been known and forgotten
            return None
        previous = None if row is None else row["status"]
        host, client = event.host, event.client
        if row is not None:
            host, client = host or row["host"], client or row["client"]
        self.connection.execute(
            "INSERT INTO standing (account, status, time, host, client) VALUES (?1, ?2, ?3, ?4, ?5) "
            "ON CONFLICT (account) DO UPDATE SET status = ?2, time = ?3, host = ?4, client = ?5",
            (event.account, event.status, event.time, host, client),
        )
        self.connection.execute(
            "INSERT INTO changes (account, status, previous, time, received, source, host, reason, client) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                event.account,
                event.status,
                previous,
                event.time,
                received,
                source,
                host,
                event.reason,
                client,
            ),
        )
        return StatusChange(
            event.account, event.status, previous, event.time, received, host, event.reason, client
        )

    def _listed(self, source: str, event: StatusSnapshot, received: int) -> list[StatusChange]:
        """Those who differ from what is known. Those that do not count are kept as `seen`: at some time before, nobody knows when."""
        c = self.connection
        c.execute("CREATE TEMP TABLE IF NOT EXISTS listed (account TEXT PRIMARY KEY) WITHOUT ROWID")
        c.execute("DELETE FROM listed")
        c.executemany("INSERT OR IGNORE INTO listed VALUES (?)", [(a,) for a in event.accounts])
        fresh = c.execute(
            "SELECT l.account, s.status FROM listed l LEFT JOIN standing s USING (account) WHERE s.status IS NOT ? ORDER BY 1",
            (event.status,),
        ).fetchall()
        # of those who are no longer listed, only whom this source told of: another one's accounts are none of its list
        gone = c.execute(
            "SELECT account, status FROM standing s WHERE status = ?1 AND account NOT IN (SELECT account FROM listed) AND "
            "(SELECT source FROM changes c WHERE c.account = s.account ORDER BY c.id DESC LIMIT 1) = ?2 ORDER BY 1",
            (event.status, source),
        ).fetchall()
        found = []
        for account, previous, status in [(*r, event.status) for r in fresh] + [
            (*r, "active") for r in gone
        ]:
            c.execute(
                "INSERT INTO standing (account, status, time) VALUES (?1, ?2, ?3) ON CONFLICT (account) DO UPDATE SET status = ?2, time = ?3",
                (account, status, event.time),
            )
            c.execute(
                "INSERT INTO changes (account, status, previous, time, received, source, seen) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (account, status, previous, event.time, received, source, int(not event.counts)),
            )
            found.append(StatusChange(account, status, previous, event.time, received, "", ""))
        return found if event.counts else []

    def _heard(self, event: Status, stands_since: int) -> bool:
        """Whether this very change is known: clocks jump, so an older time alone proves nothing.

        Of two sources that tell of one change the later may come when it has been undone; it then dates it a little otherwise.
        """
        near = ECHO if event.time < stands_since else 0
        found = self.connection.execute(
            "SELECT 1 FROM changes WHERE account = ? AND time BETWEEN ? AND ? AND status = ?",
            (event.account, event.time - near, event.time + near, event.status),
        )
        return found.fetchone() is not None

    def know(self, event: Follow) -> bool:
        """Take in an edge known from elsewhere; call inside `transaction`. Whether it was new."""
        return self._follow(event)

    def _follow(self, event: Follow) -> bool:
        ended = self.connection.execute(
            "SELECT max(until) FROM ends WHERE followed = ? AND follower = ?",
            (event.followed, event.follower),
        ).fetchone()[0]
        if ended is not None and ended >= event.time:
            return False
        done = self.connection.execute(
            "INSERT OR IGNORE INTO edges (followed, follower, key, since) VALUES (?, ?, ?, ?)",
            (event.followed, event.follower, event.key, event.time),
        )
        if done.rowcount != 1:
            return False
        # who follows is an account that is up, though nothing else was ever heard of it: audiences are compared among all that are known
        self.connection.execute(
            "INSERT OR IGNORE INTO standing (account, status, time) VALUES (?, 'active', ?)",
            (event.follower, event.time),
        )
        return True

    def _unfollow(self, event: Unfollow) -> str | None:
        query = "SELECT followed, since FROM edges WHERE follower = ? AND " + (
            "followed = ?" if event.followed else "key = ?"
        )
        row = self.connection.execute(
            query, (event.follower, event.followed or event.key)
        ).fetchone()
        if row is None:
            return None
        self.connection.execute(
            "DELETE FROM edges WHERE followed = ? AND follower = ?",
            (row["followed"], event.follower),
        )
        self.connection.execute(
            "INSERT INTO ends (followed, follower, since, until) VALUES (?, ?, ?, ?)",
            (row["followed"], event.follower, row["since"], event.time),
        )
        return str(row["followed"])

    def _report(self, source: str, event: Report, received: int) -> bool:
        if event.time < self.kept_from:
            return False
        key = (
            f"{source}:{event.id}"
            if event.id
            else f"{source}:{event.reporter}:{event.target}:{event.time}"
        )
        done = self.connection.execute(
            "INSERT OR IGNORE INTO reports (key, reporter, target, time, received, source, reason) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (key, event.reporter, event.target, event.time, received, source, event.reason),
        )
        return done.rowcount == 1

    def name(self, event: Identity) -> None:
        """What an account is called; call inside `transaction`."""
        # an account first heard of is up: its first suspension is then a change from `active`
        self.connection.execute(
            "INSERT INTO standing (account, status, time, handle, client) VALUES (?1, 'active', ?2, ?3, ?4) "
            "ON CONFLICT (account) DO UPDATE SET handle = ?3, client = CASE ?4 WHEN '' THEN client ELSE ?4 END",
            (event.account, event.time, event.handle, event.client),
        )

    def note_gap(self, source: str, gap: Gap) -> None:
        """Remember that a stream was not seen for a while; call inside `transaction`."""
        self.connection.execute(
            "INSERT INTO gaps (source, begin, end, why) VALUES (?, ?, ?, ?)",
            (source, gap.begin, gap.end, gap.why),
        )

    def cursor(self, source: str) -> tuple[str | None, str]:
        """Where to go on reading `source`, and the epoch that holds for."""
        row = self.connection.execute(
            "SELECT cursor, epoch FROM sources WHERE source = ?", (source,)
        ).fetchone()
        return (None, "") if row is None else (row["cursor"], row["epoch"])

    def meta(self, key: str, otherwise: str = "") -> str:
        """A value kept under a name."""
        row = self.connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return otherwise if row is None else str(row[0])

    def keep_meta(self, **values: object) -> None:
        """Keep values under names; call inside `transaction`."""
        self.connection.executemany(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            [(key, str(value)) for key, value in values.items()],
        )

    def keep_health(self, source: str, connected: bool, since: int, said: str) -> None:
        """How a source's connection stands; call inside `transaction`."""
        self.connection.execute(
            "INSERT INTO sources (source, connected, since, said) VALUES (?1, ?2, ?3, ?4) "
            "ON CONFLICT (source) DO UPDATE SET connected = ?2, since = ?3, said = ?4",
            (source, int(connected), since, said),
        )

    def leaders_of(self, account: str) -> list[str]:
        """Watched leaders that an account follows."""
        rows = self.connection.execute("SELECT followed FROM edges WHERE follower = ?", (account,))
        return [row[0] for row in rows]

    # -- what detectors and rules keep ----------------------------------------------------------------------------

    def detectors(self) -> dict[str, dict[str, Any]]:
        """The state of every detector, by stream."""
        return {
            r["stream"]: json.loads(r["state"])
            for r in self.connection.execute("SELECT stream, state FROM detectors")
        }

    def keep_detectors(self, states: Mapping[str, Mapping[str, Any]]) -> None:
        """Call inside `transaction`."""
        self.connection.executemany(
            "INSERT INTO detectors VALUES (?, ?) ON CONFLICT (stream) DO UPDATE SET state = excluded.state",
            [(stream, json.dumps(state)) for stream, state in states.items()],
        )

    def keep_ticks(self, ticks: Iterable[tuple[str, int, int, float, float, float]]) -> None:
        """(stream, begin, observed, expected, high, evidence) per finished tick; call inside `transaction`."""
        self.connection.executemany(
            "INSERT OR REPLACE INTO ticks VALUES (?, ?, ?, ?, ?, ?)", list(ticks)
        )


def _other_format(place: Path, found: int) -> CaseError:
    if 0 < found < FORMAT:
        return OlderError(
            "this state was kept by an earlier Birdfall",
            where=str(place),
            fix="Begin a watch on it once: that brings it up to date.",
        )
    return CaseError(
        "this state is of another format", where=str(place), fix="Use the Birdfall that wrote it."
    )


def _broken(place: Path, error: sqlite3.DatabaseError) -> CaseError:
    if isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error):
        return CaseError(
            f"this state cannot be read: {error}",
            where=str(place),
            fix="Check its rights and the disk.",
        )
    return CaseError(
        "this file is no watch's state, or it is damaged",
        where=str(place),
        why=str(error)[:200],
        fix="Name another with --state; raw events put away beside it can be imported anew.",
    )


def unwritable(place: Path, error: sqlite3.DatabaseError) -> CaseError:
    """What a watch says when its state cannot be written any more."""
    return CaseError(
        f"the state cannot be written: {error}",
        where=str(place),
        why="What was kept until now is whole, and says where to go on.",
        fix="Make room on the disk, or mend it, and start again with the same --state.",
    )


def _prepare(connection: sqlite3.Connection) -> None:
    if not connection.execute("PRAGMA page_count").fetchone()[0]:
        # only a file that is still empty can be told to give back room
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA busy_timeout = 10000")
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone() is None:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA.strip().split(";\n"):
            if statement.strip():
                connection.execute(statement)
        connection.execute("INSERT INTO meta VALUES ('format', ?)", (str(FORMAT),))
        connection.execute("COMMIT")
    connection.execute("CREATE INDEX IF NOT EXISTS ends_pair ON ends (follower, followed, until)")
    found = int(connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()[0])
    while found in _NEWER:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _NEWER[found]:
            connection.execute(statement)
        found += 1
        connection.execute("UPDATE meta SET value = ? WHERE key = 'format'", (str(found),))
        connection.execute("COMMIT")
