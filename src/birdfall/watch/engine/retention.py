"""What a watch forgets, and when, so that its state does not grow for ever and nothing that is still needed goes.

Ticks older than what back-tests and detectors of history read go always. With a number of days, changes and reports older than
that go too, but for those of the waves that are listed and what says how an account stands. Each step is small and one
transaction, and from when on all is kept is written down before the first row goes: no reader takes what is gone for quiet.
"""

from __future__ import annotations

import json
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from birdfall.model.schemas import FALLEN
from birdfall.watch.alerts.delivery import TRIES
from birdfall.watch.alerts.rules import MOST_DAYS
from birdfall.watch.detect.detector_bank import TICK_US
from birdfall.watch.detect.wave_queries import BEFORE, MOST, SHOWN
from birdfall.watch.store.database import State

DAY: Final = 86_400_000_000
HOUR: Final = 3_600_000_000
MINUTE: Final = 60_000_000
#: A day more than what is read.
TICK_DAYS: Final = MOST_DAYS + 1
#: However few days are asked for: crews look back a day, and an open tick is counted again after a crash.
LEAST_DAYS: Final = 2.0
#: Rows looked at in a step, streams swept in a step, pages given back in a step.
ROWS, STREAMS, PAGES = 1_000, 500, 500
#: Seconds between looks once nothing was left to do.
REST: Final = 30.0
#: Free pages wait to be used again; more than so many bytes of them, and more than a quarter of the file, go back to the disk.
SPARE: Final = 64 << 20
EVER: Final = 1 << 62


@dataclass
class ProtectedSpans:
    """What the listed waves hold: [begin, end] in microseconds, merged, with what is shown around them.

    falls: of waves of suspensions; reports: of the charts of bursts; around: of all. targets: of bursts by reported account.
    first: the earliest wave that is listed, 0 if all are; open_since: since when one is on.
    """

    falls: list[tuple[int, int]] = field(default_factory=list)
    reports: list[tuple[int, int]] = field(default_factory=list)
    around: list[tuple[int, int]] = field(default_factory=list)
    targets: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    first: int = 0
    open_since: int = EVER

    @classmethod
    def of(cls, state: State) -> ProtectedSpans:
        """As the waves of `state` stand now."""
        found = cls()
        rows = state.connection.execute(
            "SELECT * FROM waves ORDER BY id DESC LIMIT ?", (SHOWN,)
        ).fetchall()
        for row in rows:
            details = json.loads(row["details"])
            begin, end = _window(row)
            if details.get("kind", "falls") == "falls":
                found.falls.append((begin, end))
            else:
                found.reports.append((begin, min(end, row["begin"] + MOST + MINUTE)))
            for target in details.get("targets", []):
                found.targets.setdefault(target["target"], []).append((begin, end))
            found.around.append((begin, end))
            if row["closed"] is None:
                found.open_since = min(begin, found.open_since)
        found.first = rows[-1]["id"] if len(rows) == SHOWN else 0
        for spans in (found.falls, found.reports, found.around):
            spans[:] = _merged(spans)
        return found

    def holds_fall(self, account: str, moment: int) -> bool:
        """Whether a fall of `account` belongs to a listed wave, or came after a listed burst against it."""
        return _within(self.falls, moment) or any(
            begin <= moment for begin, _ in self.targets.get(account, ())
        )

    def holds_report(self, target: str, moment: int) -> bool:
        """Whether a report of `target` belongs to a listed burst, or is on its chart."""
        return _within(self.reports, moment) or any(
            b <= moment <= e for b, e in self.targets.get(target, ())
        )


@dataclass
class Retention:
    """Forgets in `state`, a step at a time. days: None keeps all changes and reports."""

    state: State
    days: float | None = None

    def __post_init__(self) -> None:
        #: up to when ticks were swept, and the last stream of a sweep that goes on
        self._swept: int
        self._stream: str | None
        self._needed: tuple[Any, ProtectedSpans] = ((), ProtectedSpans())
        self._swept, self._stream, self._tidied = 0, None, 0
        self._resting = 0.0

    def run(self, moment: int) -> bool:
        """One step, unless there was nothing to do a moment ago. moment: the machine's clock. Whether there is more to do."""
        if time.monotonic() < self._resting:
            return False
        more = self.step(moment)
        self._resting = 0.0 if more else time.monotonic() + REST
        return more

    def step(self, moment: int) -> bool:
        """A little of what is due; whether there is more to do."""
        at = self._time(moment)
        if at <= 0:
            return False
        horizon = self._horizon(at)
        work: list[Callable[[], bool]] = [lambda: self._ticks(at - TICK_DAYS * DAY)]
        if horizon:
            work += [
                lambda: self._changes(horizon, at),
                lambda: self._reports(horizon, at),
                self._let_go,
            ]
            work.append(lambda: self._rest(horizon))
        for task in work:
            with self.state.transaction():
                some = task()
            if some:
                return True
        return self._give_back()

    # -- when -----------------------------------------------------------------------------------------------------

    def _time(self, moment: int) -> int:
        """What time it is for what is kept: the earliest of the machine's, of what was judged, and of the latest event.

        A clock that jumps a year ahead must not make old what is of today.
        """
        row = self.state.connection.execute("SELECT max(event) FROM sources").fetchone()
        return min(moment, int(self.state.meta("tick", "0")) * TICK_US, int(row[0] or 0))

    def _horizon(self, at: int) -> int:
        """From when on all is kept, 0 for from the beginning; written down before anything goes, an hour at a time."""
        if self.days is None:
            return 0
        horizon = min(int(at - max(self.days, LEAST_DAYS) * DAY), self._held().open_since)
        if horizon >= self.state.kept_from + HOUR and self._earliest() < horizon:
            with self.state.transaction():
                self.state.keep_meta(kept_from=horizon)
            self.state.reread()
        return self.state.kept_from

    def _earliest(self) -> int:
        row = self.state.connection.execute(
            "SELECT (SELECT min(begun) FROM sources WHERE begun > 0), (SELECT min(time) FROM changes), (SELECT min(time) FROM reports)"
        ).fetchone()
        return min((int(v) for v in row if v is not None), default=EVER)

    def _held(self) -> ProtectedSpans:
        key = tuple(
            self.state.connection.execute(
                "SELECT max(id), count(closed), max(closed) FROM waves"
            ).fetchone()
        )
        if key != self._needed[0]:
            self._needed = key, ProtectedSpans.of(self.state)
        return self._needed[1]

    # -- what -----------------------------------------------------------------------------------------------------

    def _ticks(self, before: int) -> bool:
        """Ticks that nothing reads any more, stream by stream; a sweep begins when six more hours of them are."""
        if self._stream is None:
            if before < self._swept + 6 * HOUR:
                return False
            self._swept, self._stream = before, ""
        around, gone = self._held().around, 0
        for _ in range(STREAMS):
            row = self.state.connection.execute(
                "SELECT min(stream) FROM ticks WHERE stream > ?", (self._stream,)
            )
            stream = row.fetchone()[0]
            if stream is None:
                self._stream = None
                return False
            done = self._ticks_of(
                stream, around if stream in ("all", "reports") else [], ROWS - gone
            )
            gone += done
            if done:
                self.state.keep_meta(
                    ticks_from=max(self._swept, int(self.state.meta("ticks_from", "0")))
                )
            if gone >= ROWS:
                break
            self._stream = stream
        return True

    def _ticks_of(self, stream: str, kept: list[tuple[int, int]], most: int) -> int:
        """How many rows went of one stream; what charts of listed waves show stays."""
        gone, begin, before = 0, 0, self._swept
        for first, last in [*(span for span in kept if span[0] < before), (before, before)]:
            gone += self.state.connection.execute(
                "DELETE FROM ticks WHERE stream = ?1 AND begin IN "
                "(SELECT begin FROM ticks WHERE stream = ?1 AND begin >= ?2 AND begin < ?3 LIMIT ?4)",
                (stream, begin, first - first % TICK_US, most - gone),
            ).rowcount
            begin = last + 1
        return gone

    def _changes(self, horizon: int, at: int) -> bool:
        """Changes in the order they were heard, up to the first that is young enough."""
        rows, last = self._next("changes", "account", horizon, at)
        self._settle({row["account"]: row["id"] for row in rows})
        return self._passed("changes", last)

    def _settle(self, accounts: dict[str, int]) -> None:
        """Of an account's changes up to an id, leave those of listed waves, and the last one where it says how the account stands.

        That is where it is not up, or where an earlier one is left: then it says that the account came back.
        """
        needed, young = self._held(), self.state.kept_from
        gone: list[tuple[int]] = []
        for account, until in accounts.items():
            rows = self.state.connection.execute(
                "SELECT id, status, previous, time, seen FROM changes WHERE account = ? AND id <= ? ORDER BY id",
                (account, until),
            ).fetchall()
            held = [
                r["time"] >= young or (_falls(r) and needed.holds_fall(account, r["time"]))
                for r in rows
            ]
            if rows:
                held[-1] |= rows[-1]["status"] != "active" or any(held)
            gone += [(r["id"],) for r, h in zip(rows, held, strict=True) if not h]
        self.state.connection.executemany("DELETE FROM changes WHERE id = ?", gone)

    def _reports(self, horizon: int, at: int) -> bool:
        rows, last = self._next("reports", "target", horizon, at)
        self._settle_reports(rows)
        return self._passed("reports", last)

    def _settle_reports(self, rows: list[Any]) -> None:
        """Of some reports, leave those of listed bursts, and those before their target fell in a listed wave."""
        needed, young = self._held(), self.state.kept_from
        fell: dict[str, int] = {}
        for target in {row["target"] for row in rows}:
            query = "SELECT status, previous, time, seen FROM changes WHERE account = ?"
            changes = self.state.connection.execute(query, (target,))
            falls = [
                r["time"] for r in changes if _falls(r) and needed.holds_fall(target, r["time"])
            ]
            fell[target] = max(falls, default=-EVER)
        gone = [
            (row["id"],)
            for row in rows
            if fell[row["target"]] < row["time"] < young
            and not needed.holds_report(row["target"], row["time"])
        ]
        self.state.connection.executemany("DELETE FROM reports WHERE id = ?", gone)

    def _next(self, table: str, account: str, horizon: int, at: int) -> tuple[list[Any], int]:
        """(The next rows that are old enough, the last id looked at or 0). One dated ahead of the clock is passed over, and stays.

        The latest row of all stays: SQLite would give its number again, and what comes later must have a larger one.
        """
        found: list[Any] = []
        last = 0
        rows = self.state.connection.execute(
            f"SELECT id, {account}, time FROM {table} WHERE id > ? AND id < (SELECT max(id) FROM {table}) ORDER BY id LIMIT ?",
            (int(self.state.meta(f"forgot_{table}", "0")), ROWS),
        )
        for row in rows:
            if horizon <= row["time"] <= at:
                break
            last = row["id"]
            if row["time"] < horizon:
                found.append(row)
        return found, last

    def _passed(self, table: str, last: int) -> bool:
        if last:
            self.state.keep_meta(**{f"forgot_{table}": last})
        return bool(last)

    def _let_go(self) -> bool:
        """What was kept for a wave that is no longer listed, a wave at a time."""
        c = self.state.connection
        row = c.execute(
            "SELECT * FROM waves WHERE id > ? AND id < ? ORDER BY id LIMIT 1",
            (int(self.state.meta("let_go", "0")), self._held().first),
        ).fetchone()
        if row is None or _window(row)[1] >= self.state.kept_from:
            return False
        span = _window(row)
        accounts = {
            r[0] for r in c.execute("SELECT account FROM changes WHERE time BETWEEN ? AND ?", span)
        }
        accounts |= {t["target"] for t in json.loads(row["details"]).get("targets", [])}
        self._settle(dict.fromkeys(accounts, int(self.state.meta("forgot_changes", "0"))))
        until = int(self.state.meta("forgot_reports", "0"))
        query = "SELECT id, target, time FROM reports WHERE id <= ? AND "
        for account in accounts:
            self._settle_reports(c.execute(query + "target = ?", (until, account)).fetchall())
        self._settle_reports(c.execute(query + "time BETWEEN ? AND ?", (until, *span)).fetchall())
        self.state.keep_meta(let_go=row["id"])
        return True

    def _rest(self, horizon: int) -> bool:
        """Ends of follows that say nothing any more, gaps and alerts, once for each horizon."""
        if horizon <= self._tidied:
            return False
        c, needed = self.state.connection, self._held()
        # of an edge that ended the last end stays: a list made before it must not bring the edge to life again
        ends = c.execute(
            "DELETE FROM ends WHERE id IN (SELECT e.id FROM ends e WHERE e.until < ? AND (EXISTS (SELECT 1 FROM ends l WHERE "
            "l.follower = e.follower AND l.followed = e.followed AND (l.until, l.id) > (e.until, e.id)) OR EXISTS "
            "(SELECT 1 FROM edges g WHERE g.followed = e.followed AND g.follower = e.follower)) LIMIT ?)",
            (horizon, ROWS),
        ).rowcount
        old = min(horizon, int(self.state.meta("ticks_from", "0")) or horizon)
        listed = c.execute('SELECT id, "begin", "end" FROM gaps WHERE "end" < ?', (old,)).fetchall()
        gaps = [
            (g["id"],)
            for g in listed
            if not any(b - HOUR <= g["end"] and g["begin"] <= e for b, e in needed.around)
        ]
        c.executemany("DELETE FROM gaps WHERE id = ?", gaps[:ROWS])
        listed = c.execute(
            "SELECT id, key FROM alerts a WHERE time < ? AND id < (SELECT max(id) FROM alerts) AND NOT EXISTS "
            "(SELECT 1 FROM deliveries d WHERE d.alert = a.id AND d.done IS NULL AND d.tries < ?)",
            (horizon, TRIES),
        ).fetchall()
        alerts = [(a["id"],) for a in listed if _wave_of(a["key"]) < max(needed.first, 1)]
        c.executemany("DELETE FROM deliveries WHERE alert = ?", alerts[:ROWS])
        c.executemany("DELETE FROM alerts WHERE id = ?", alerts[:ROWS])
        more = ends == ROWS or len(gaps) > ROWS or len(alerts) > ROWS
        self._tidied = self._tidied if more else horizon
        return more

    def _give_back(self) -> bool:
        """Room that nothing uses goes back to the disk, where the file was made so that it can."""
        c = self.state.connection
        free, pages, size, way = (
            c.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("freelist_count", "page_count", "page_size", "auto_vacuum")
        )
        if way != 2 or free * size <= SPARE or 4 * free <= pages:
            return False
        c.execute(f"PRAGMA incremental_vacuum({PAGES})").fetchall()
        return True


def size_of(path: Path) -> int:
    """Bytes of a state on the disk, with what is on its way into it."""
    return sum(p.stat().st_size for p in (path, path.with_name(path.name + "-wal")) if p.exists())


def _window(row: Any) -> tuple[int, int]:
    """What the page of a wave shows of the time around it."""
    begin, closed = row["begin"], row["closed"]
    return begin - BEFORE, EVER if closed is None else max(closed, begin + MINUTE) + MINUTE


def _falls(row: Any) -> bool:
    return not row["seen"] and row["status"] in FALLEN and (row["previous"] or "") not in FALLEN


def _wave_of(key: str) -> int:
    """The wave an alert is about; 0 if none."""
    kind, _, rest = key.partition(":")
    number = rest.partition(":")[0]
    return int(number) if kind == "wave" and number.isdigit() else 0


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those that overlap as one."""
    found: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((begin, end))
    return found


def _within(spans: list[tuple[int, int]], moment: int) -> bool:
    k = bisect_right(spans, (moment, 1 << 63)) - 1
    return k >= 0 and spans[k][0] <= moment <= spans[k][1]
