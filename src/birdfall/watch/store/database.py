"""The state of a watch in one SQLite file: events, the current status of accounts, alerts, and the
cursors from which streams resume.

One transaction holds a batch's events, all state that they change, the detectors and the cursor:
after a crash the stream resumes at the cursor, and repeated events change nothing, so each event
counts once. WAL with synchronous=FULL: what was committed survives a power cut.

This package holds all SQL of the watch: here what every part needs, in `ingest` what a batch
changes, in `queries` the rest by theme.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from birdfall.model.errors import CaseError
from birdfall.model.schemas import FALLEN
from birdfall.watch.model.detector_state import DetectorJson
from birdfall.watch.model.stream_key import StreamKey
from birdfall.watch.store.removed_accounts import RemovedAccounts
from birdfall.watch.store.schema import (
    FORMAT,
    broken_file_error,
    other_format_error,
    prepare_connection,
)
from birdfall.watch.store.state_file import create, is_there, read_format

#: Files up to so many bytes are checked for damage when a watch begins: that takes a second or so.
MAX_CHECKED_BYTES: Final = 512 << 20
#: Milliseconds between looks at whether a locked file is free again.
LOOK_MILLISECONDS: Final = 1000


@dataclass(frozen=True, slots=True)
class StatusChange:
    """An account's status became another one.

    Parameters
    ----------
    account, status
        Whose, and what it is now.
    previous
        What it was; None where that is not known.
    time, received
        The platform's time of the change, and when it came: microseconds.
    host, reason, client
        Where the account is, why it changed, and the app it acts through; empty where that is not
        known.
    """

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
        """Whether an account that was up fell."""
        return self.status in FALLEN and self.previous not in FALLEN

    @property
    def returns(self) -> bool:
        """Whether a fallen account is up again."""
        return self.previous in FALLEN and self.status == "active"


class TickValues(NamedTuple):
    """A finished tick of a stream. begin: microseconds; high: the most events that would have been
    no news."""

    stream: StreamKey
    begin: int
    observed: int
    expected: float
    high: float
    evidence: float = 0.0


class State:
    """The file. One process writes it; any number read it (`read_only`)."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.connection = connection
        self.path = path
        self._leaders: set[str] | None = None
        self._kept_from: int | None = None
        #: Whom the watch keeps nothing of any more.
        self.removed = RemovedAccounts.of(path)
        self._while_locked: Callable[[], None] | None = None
        #: Of each source how many refused steps are held and their bytes; read when needed.
        self.held: dict[str, tuple[int, int]] = {}

    @classmethod
    def open(cls, path: str | Path, *, read_only: bool = False, check: bool = False) -> State:
        """Open the state in `path`; it is made if need be, unless read-only.

        Parameters
        ----------
        path
            The SQLite file.
        read_only
            Only read it, while another process may write.
        check
            Look through the whole file for damage first, if it has at most `MAX_CHECKED_BYTES`.

        Raises
        ------
        CaseError
            The file is no state, is broken, or is of another format.
        """
        place = Path(path)
        if not is_there(place):
            if read_only:
                raise CaseError(
                    "there is no watch here",
                    where=str(place),
                    fix="Start one with: birdfall watch",
                )
            create(place)
        found = read_format(place)
        if read_only and found < FORMAT:
            raise other_format_error(place, found)
        connection = None
        try:
            connection = _connect(place, read_only)
            if check and place.stat().st_size <= MAX_CHECKED_BYTES:
                said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
                if said != "ok":
                    raise sqlite3.DatabaseError(said)
            if not read_only:
                prepare_connection(connection, found)
                place.chmod(0o600)
        except (sqlite3.DatabaseError, OSError) as error:
            if connection is not None:
                connection.close()
            raise broken_file_error(place, error) from error
        try:
            return cls(connection, place)
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all that happens inside together, or not at all."""
        self._begin()
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            # on a full disk SQLite has rolled back by itself
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            self.drop_caches()
            raise

    def _begin(self) -> None:
        while True:
            try:
                self.connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if self._while_locked is None or not is_locked(error):
                    raise
                self._while_locked()

    def wait_while_locked(self, meanwhile: Callable[[], None]) -> None:
        """Wait for as long as another program locks the file, whenever a transaction begins.

        Parameters
        ----------
        meanwhile
            Called about once a second while it waits. What it raises ends the waiting.
        """
        self._while_locked = meanwhile
        self.connection.execute(f"PRAGMA busy_timeout = {LOOK_MILLISECONDS}")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Within a transaction: keep all that happens inside together, or nothing of it."""
        self.connection.execute("SAVEPOINT step")
        try:
            yield
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK TO step")
                self.connection.execute("RELEASE step")
            self.drop_caches()
            raise
        self.connection.execute("RELEASE step")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read the state as it is now, whatever the watch writes meanwhile."""
        begun = not self.connection.in_transaction
        if begun:
            self.connection.execute("BEGIN")
            self.drop_caches()
        try:
            yield
        finally:
            if begun:
                self.connection.execute("ROLLBACK")

    def drop_caches(self) -> None:
        """Read leaders and `kept_from` anew: the file has changed otherwise."""
        self._leaders = self._kept_from = None
        self.held.clear()

    @property
    def kept_from(self) -> int:
        """From when on all is kept, in microseconds; 0 if nothing was forgotten
        (`engine.retention`)."""
        if self._kept_from is None:
            self._kept_from = int(self.meta("kept_from", "0"))
        return self._kept_from

    # -- leaders ------------------------------------------------------------------------------

    def watch_leaders(self, accounts: Iterable[str]) -> None:
        """Keep the edges of these accounts from now on."""
        with self.transaction():
            self.connection.executemany(
                "INSERT OR IGNORE INTO leaders VALUES (?)", [(account,) for account in accounts]
            )
        self._leaders = None

    @property
    def leaders(self) -> set[str]:
        """Accounts whose audiences are watched."""
        if self._leaders is None:
            self._leaders = {
                row[0] for row in self.connection.execute("SELECT account FROM leaders")
            }
        return self._leaders

    def leaders_of(self, account: str) -> list[str]:
        """Watched leaders that an account follows."""
        rows = self.connection.execute("SELECT followed FROM edges WHERE follower = ?", (account,))
        return [row[0] for row in rows]

    # -- where to go on -----------------------------------------------------------------------

    def cursor(self, source: str) -> tuple[str | None, str]:
        """Where to go on reading `source` (None: nowhere yet), and the epoch that holds for."""
        row = self.connection.execute(
            "SELECT cursor, epoch FROM sources WHERE source = ?", (source,)
        ).fetchone()
        return (None, "") if row is None else (row["cursor"], row["epoch"])

    def meta(self, key: str, default: str = "") -> str:
        """The text kept under a name, or `default`."""
        row = self.connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return default if row is None else str(row[0])

    def keep_meta(self, **values: str | int | float) -> None:
        """Keep values under names; call inside `transaction`."""
        self.connection.executemany(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            [(key, str(value)) for key, value in values.items()],
        )

    def keep_health(self, source: str, connected: bool, since: int, said: str) -> None:
        """Keep how a source's connection stands; call inside `transaction`."""
        self.connection.execute(
            "INSERT INTO sources (source, connected, since, said) VALUES (?1, ?2, ?3, ?4) "
            "ON CONFLICT (source) DO UPDATE SET connected = ?2, since = ?3, said = ?4",
            (source, int(connected), since, said),
        )

    # -- detectors ----------------------------------------------------------------------------

    def detectors(self) -> dict[StreamKey, DetectorJson]:
        """What every detector keeps, by stream."""
        return {
            StreamKey.parse(row["stream"]): json.loads(row["state"])
            for row in self.connection.execute("SELECT stream, state FROM detectors")
        }

    def keep_detectors(self, states: Mapping[StreamKey, DetectorJson]) -> None:
        """Keep what detectors give; call inside `transaction`."""
        self.connection.executemany(
            "INSERT INTO detectors VALUES (?, ?) "
            "ON CONFLICT (stream) DO UPDATE SET state = excluded.state",
            [(str(stream), json.dumps(state)) for stream, state in states.items()],
        )

    def keep_ticks(self, ticks: Iterable[TickValues]) -> None:
        """Keep finished ticks in which something came; call inside `transaction`."""
        self.connection.executemany(
            "INSERT OR REPLACE INTO ticks VALUES (?, ?, ?, ?, ?, ?)",
            [(str(tick.stream), *tick[1:]) for tick in ticks],
        )


def is_locked(error: sqlite3.Error) -> bool:
    """Whether another program locks the file: that passes."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _connect(place: Path, read_only: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{place.resolve().as_uri()}?mode={'ro' if read_only else 'rw'}",
        uri=True,
        isolation_level="DEFERRED" if read_only else None,
        check_same_thread=False,
    )
    connection.row_factory = sqlite3.Row
    return connection
