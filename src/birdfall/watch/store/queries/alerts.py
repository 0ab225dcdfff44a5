"""Alerts, their deliveries, and the rules that fire them: the tables `alerts`, `deliveries` and
`rules`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from birdfall.watch.model.alert import Alert, AlertJson, parse_alert
from birdfall.watch.store.database import State


class DueDelivery(NamedTuple):
    """An alert that waits for a channel. tries: attempts so far; body: the alert as JSON text."""

    alert: int
    channel: str
    tries: int
    body: str


class AlertRow(NamedTuple):
    """An alert that is kept. rules: names of those that fired it; time: microseconds."""

    id: int
    key: str
    rules: tuple[str, ...]
    time: int
    alert: Alert


class ChannelCount(NamedTuple):
    """How alerts fare on one channel.

    arrived, waiting and lost count alerts; lost ones were given up. said: what was last wrong, if
    something still is.
    """

    channel: str
    arrived: int
    waiting: int
    lost: int
    said: str


class RuleRow(NamedTuple):
    """A rule as it is kept: its name, itself and its back-test as JSON text."""

    name: str
    rule: str
    backtest: str


def has_alert(state: State, key: str) -> bool:
    """Whether an alert of this key is kept."""
    row = state.connection.execute("SELECT 1 FROM alerts WHERE key = ?", (key,)).fetchone()
    return row is not None


def insert_alert(
    state: State, *, key: str, kind: str, rules: Sequence[str], time: int, body: str
) -> int:
    """Keep an alert; its number. body: JSON text; rules: names of those that want it."""
    done = state.connection.execute(
        "INSERT INTO alerts (key, kind, rule, time, body) VALUES (?, ?, ?, ?, ?)",
        (key, kind, ", ".join(rules), time, body),
    )
    return int(done.lastrowid or 0)


def insert_deliveries(state: State, alert: int, channels: Iterable[str], due: int) -> None:
    """An alert waits for these channels from `due` on, in microseconds."""
    state.connection.executemany(
        "INSERT INTO deliveries (alert, channel, next) VALUES (?, ?, ?)",
        [(alert, channel, due) for channel in channels],
    )


def list_due_deliveries(
    state: State,
    moment: int,
    *,
    max_tries: int,
    longest_wait: int,
    limit: int,
    channels: Sequence[str],
    among: bool = True,
) -> list[DueDelivery]:
    """Deliveries to `channels` that are due at `moment` and were tried fewer than `max_tries`
    times, oldest alerts first; `among` False: to all other channels.

    longest_wait: microseconds that one may wait; one that is due later was dated by a clock that
    was ahead, and is due now."""
    rows = state.connection.execute(
        "SELECT d.alert, d.channel, d.tries, a.body FROM deliveries d "
        "JOIN alerts a ON a.id = d.alert WHERE d.done IS NULL AND d.tries < ? "
        "AND (d.next <= ? OR d.next > ?) "
        "AND (d.channel IN (SELECT value FROM json_each(?))) = ? ORDER BY d.alert LIMIT ?",
        (max_tries, moment, moment + longest_wait, json.dumps(list(channels)), int(among), limit),
    )
    return [DueDelivery(*row) for row in rows.fetchall()]


def record_attempt(
    state: State, delivery: DueDelivery, *, done: int | None, due: int, said: str
) -> None:
    """One attempt more. done: when it arrived, None if it did not; due: when the next one is."""
    state.connection.execute(
        "UPDATE deliveries SET done = ?, tries = tries + 1, next = ?, said = ? "
        "WHERE alert = ? AND channel = ?",
        (done, due, said, delivery.alert, delivery.channel),
    )


def list_alerts(state: State, limit: int, before: int | None = None) -> list[AlertRow]:
    """The last alerts, at most `limit`, latest first. before: the number of an alert; only those
    before it are listed.
    """
    rows = state.connection.execute(
        "SELECT id, key, rule, time, body FROM alerts WHERE ?1 IS NULL OR id < ?1 "
        "ORDER BY id DESC LIMIT ?2",
        (before, limit),
    )
    return [_alert_row(row) for row in rows]


def find_alert(state: State, key: str) -> AlertRow | None:
    """The alert of this key; None if none is kept."""
    row = state.connection.execute(
        "SELECT id, key, rule, time, body FROM alerts WHERE key = ? ORDER BY id LIMIT 1", (key,)
    ).fetchone()
    return None if row is None else _alert_row(row)


def _alert_row(row: sqlite3.Row) -> AlertRow:
    payload: AlertJson = json.loads(row["body"])
    rules = payload.get("rules", row["rule"].split(", "))
    return AlertRow(row["id"], row["key"], tuple(rules), row["time"], parse_alert(payload))


def last_announced_size(state: State, wave: int) -> int:
    """How large a wave was when it was last announced; 0 if it never was."""
    row = state.connection.execute(
        "SELECT body FROM alerts WHERE key LIKE ? AND kind IN ('falls', 'reports') "
        "ORDER BY id DESC LIMIT 1",
        (f"wave:{wave}:%",),
    ).fetchone()
    return 0 if row is None else parse_alert(json.loads(row[0])).size


def count_deliveries(state: State, max_tries: int) -> list[ChannelCount]:
    """How alerts fare, by channel; those tried `max_tries` times are lost."""
    rows = state.connection.execute(
        "SELECT channel, count(done) AS arrived, sum(done IS NULL AND tries < ?1) AS waiting, "
        "sum(done IS NULL AND tries >= ?1) AS lost, "
        "(SELECT said FROM deliveries l WHERE l.channel = d.channel AND l.tries > 0 "
        "ORDER BY l.alert DESC LIMIT 1) AS said "
        "FROM deliveries d GROUP BY channel ORDER BY channel",
        (max_tries,),
    )
    return [ChannelCount(*row) for row in rows]


def count_alerts_by_rule(state: State) -> dict[str, int]:
    """How many alerts each rule has fired, by its name."""
    fired: dict[str, int] = {}
    for row in state.connection.execute("SELECT rule FROM alerts"):
        for name in row["rule"].split(", "):
            fired[name] = fired.get(name, 0) + 1
    return fired


def replace_rules(state: State, rules: Iterable[RuleRow]) -> None:
    """Keep these rules, armed, and no others."""
    state.connection.execute("DELETE FROM rules")
    state.connection.executemany(
        "INSERT INTO rules (name, rule, armed, backtest) VALUES (?, ?, 1, ?)", rules
    )


def list_rules(state: State) -> list[RuleRow]:
    """The rules that are kept, by name."""
    rows = state.connection.execute("SELECT name, rule, backtest FROM rules ORDER BY name")
    return [RuleRow(*row) for row in rows]
