"""Reports of one account by another: the table `reports`.

Spans are closed: [begin, end] in microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from birdfall.watch.store.database import State

#: Reported accounts that a burst without a called one is counted over.
MAX_BURST_TARGETS: Final = 100


class ReportRow(NamedTuple):
    """One report. time: microseconds."""

    reporter: str
    target: str
    time: int


class ReporterRow(NamedTuple):
    """What one account reported: targets and reports in a span, the first and last of them, and
    reports ever."""

    reporter: str
    targets: int
    reports: int
    first: int
    last: int
    ever: int


class TargetSpan(NamedTuple):
    """An account whose reports within [begin, end] are asked for."""

    account: str
    begin: int
    end: int


def list_latest_reports(state: State, begin: int, end: int, limit: int) -> list[ReportRow]:
    """Reports within [begin, end] but those of oneself, latest first, at most `limit`."""
    rows = state.connection.execute(
        "SELECT reporter, target, time FROM reports WHERE time BETWEEN ? AND ? "
        "AND reporter != target ORDER BY time DESC LIMIT ?",
        (begin, end, limit),
    )
    return [ReportRow(*row) for row in rows]


def list_all_reports(state: State, limit: int) -> list[ReportRow]:
    """The latest reports of all, latest first, at most `limit`."""
    rows = state.connection.execute(
        "SELECT reporter, target, time FROM reports ORDER BY time DESC LIMIT ?", (limit,)
    )
    return [ReportRow(*row) for row in rows]


def list_first_reports(
    state: State, begin: int, end: int, targets: Sequence[str]
) -> list[ReportRow]:
    """The first report of each reporter of each of these targets within [begin, end]."""
    rows = state.connection.execute(
        "SELECT reporter, target, min(time) AS time FROM reports WHERE time BETWEEN ? AND ? "
        f"AND target IN ({_marks(targets)}) GROUP BY reporter, target",
        (begin, end, *targets),
    )
    return [ReportRow(*row) for row in rows]


def list_reports_after(state: State, number: int) -> list[ReportRow]:
    """Reports with a row number above `number`, in the order they were kept."""
    rows = state.connection.execute(
        "SELECT reporter, target, time FROM reports WHERE id > ? ORDER BY id", (number,)
    )
    return [ReportRow(*row) for row in rows]


def first_report_time(state: State, since: int) -> int | None:
    """When the first report from `since` on was; None if there is none."""
    row = state.connection.execute(
        "SELECT min(time) FROM reports WHERE time >= ?", (since,)
    ).fetchone()
    return None if row[0] is None else int(row[0])


def last_report_time(state: State, begin: int, end: int, targets: Sequence[str]) -> int | None:
    """When the last report of these targets within [begin, end] was; None if there is none."""
    row = state.connection.execute(
        "SELECT max(time) FROM reports WHERE time BETWEEN ? AND ? "
        f"AND target IN ({_marks(targets)})",
        (begin, end, *targets),
    ).fetchone()
    return None if row[0] is None else int(row[0])


def list_targets_of_several(state: State, begin: int, end: int) -> list[str]:
    """Accounts that two or more reported within [begin, end]: the most reported, sorted by name."""
    rows = state.connection.execute(
        "SELECT target FROM reports WHERE time BETWEEN ? AND ? GROUP BY target "
        "HAVING count(DISTINCT reporter) >= 2 ORDER BY count(*) DESC LIMIT ?",
        (begin, end, MAX_BURST_TARGETS),
    )
    return sorted(row[0] for row in rows)


def count_reports_per_step(state: State, first: int, step: int, steps: int) -> dict[int, int]:
    """Reports of each of `steps` steps of `step` microseconds from `first` on, by number from 0."""
    rows = state.connection.execute(
        "SELECT (time - ?) / ? AS k, count(*) FROM reports WHERE time BETWEEN ? AND ? GROUP BY k",
        (first, step, first, first + steps * step - 1),
    )
    return {int(k): int(number) for k, number in rows}


def list_reporters_of_several(
    state: State, begin: int, end: int, targets: Sequence[str], limit: int
) -> list[ReporterRow]:
    """Reporters of two or more of these targets within [begin, end], most targets first."""
    rows = state.connection.execute(
        "SELECT reporter, count(DISTINCT target) AS targets, count(*), min(time) AS first, "
        f"max(time) FROM reports WHERE time BETWEEN ? AND ? AND target IN ({_marks(targets)}) "
        "GROUP BY reporter HAVING targets >= 2 ORDER BY targets DESC, first LIMIT ?",
        (begin, end, *targets, limit),
    ).fetchall()
    ever = _count_ever(state, [row[0] for row in rows])
    return [ReporterRow(row[0], row[1], row[2], row[3], row[4], ever[row[0]]) for row in rows]


def list_reporters(state: State, spans: Iterable[TargetSpan]) -> list[ReporterRow]:
    """Reporters of accounts, each within a span of its own.

    Most targets first, then the earliest.
    """
    c = state.connection
    c.execute(
        "CREATE TEMP TABLE IF NOT EXISTS theirs "
        "(account TEXT PRIMARY KEY, begin INTEGER, end INTEGER) WITHOUT ROWID"
    )
    c.execute("DELETE FROM theirs")
    c.executemany("INSERT OR IGNORE INTO theirs VALUES (?, ?, ?)", spans)
    rows = c.execute(
        "SELECT reporter, count(DISTINCT target) AS targets, count(*) AS reports, "
        "min(time) AS first, max(time) AS last FROM reports r JOIN theirs t "
        "ON t.account = r.target AND r.time BETWEEN t.begin AND t.end "
        "GROUP BY reporter ORDER BY targets DESC, first, reporter"
    ).fetchall()
    ever = dict(c.execute("SELECT reporter, count(*) FROM reports GROUP BY reporter").fetchall())
    return [ReporterRow(row[0], row[1], row[2], row[3], row[4], ever[row[0]]) for row in rows]


def reporters_before(state: State, target: str, moment: int) -> set[str]:
    """Who reported an account until `moment`."""
    rows = state.connection.execute(
        "SELECT DISTINCT reporter FROM reports WHERE target = ? AND time <= ?", (target, moment)
    )
    return {row[0] for row in rows}


def reporters_of_two(state: State, targets: Iterable[str]) -> set[str]:
    """Who ever reported two or more of these accounts."""
    c = state.connection
    c.execute("CREATE TEMP TABLE IF NOT EXISTS those (account TEXT PRIMARY KEY) WITHOUT ROWID")
    c.execute("DELETE FROM those")
    c.executemany("INSERT OR IGNORE INTO those VALUES (?)", [(account,) for account in targets])
    rows = c.execute(
        "SELECT reporter FROM reports WHERE target IN (SELECT account FROM those) "
        "GROUP BY reporter HAVING count(DISTINCT target) >= 2"
    )
    return {row[0] for row in rows}


def _count_ever(state: State, reporters: Sequence[str]) -> dict[str, int]:
    rows = state.connection.execute(
        f"SELECT reporter, count(*) FROM reports WHERE reporter IN ({_marks(reporters)}) "
        "GROUP BY reporter",
        tuple(reporters),
    )
    return {reporter: int(number) for reporter, number in rows}


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
