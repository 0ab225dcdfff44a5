"""Rules: which alerts go where, read strictly from TOML, and tried on stored history before they are armed.

[[rule]]
name = "our readers"
on = "falls"                    # falls, reports, returns, no-data
leader = "did:plc:..."          # only waves that hit this audience; host = "..." and client = "..." likewise
at_least = 20                   # fallen accounts (or reporters)
notify = ["stdout", "webhook"]  # names of channels
[channel.webhook]
kind = "webhook"
url = "https://..."
secret = "env:BIRDFALL_WEBHOOK_SECRET"
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from birdfall.model.errors import UsageError
from birdfall.watch.detect.detector_bank import TICK_US
from birdfall.watch.store.database import State

KINDS: Final = ("falls", "reports", "returns", "no-data")
CHANNELS: Final = {
    "stdout": (),
    "webhook": ("url", "secret"),
    "ntfy": ("url",),
    "email": ("server", "sender", "to"),
    "kafka": ("servers", "topic"),
}
_MAY: Final = {
    "webhook": (),
    "ntfy": ("token",),
    "email": ("user", "password", "port"),
    "stdout": (),
    "kafka": (),
}
#: History shorter than this says nothing of how often a rule fires.
SHORTEST_DAYS = 2.0
#: Eight weeks show what the hours of a week bring; more would only cost memory (half a gigabyte for 400 days) and time.
MOST_DAYS = 56


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. at_least: fallen accounts, reporters, or (for no-data) seconds without any."""

    name: str
    on: str
    at_least: int = 0
    leader: str = ""
    notify: tuple[str, ...] = ("stdout",)
    host: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """Where alerts go. values: what the kind needs; secrets may be `env:NAME`."""

    name: str
    kind: str
    values: dict[str, str]


DEFAULT: Final = (
    Rule("a wave of suspensions", "falls"),
    Rule("a burst of reports", "reports"),
    Rule("accounts came back", "returns"),
    Rule("a source is silent", "no-data", 60),
)
STDOUT: Final = Channel("stdout", "stdout", {})


def load_rules(path: Path) -> tuple[list[Rule], list[Channel]]:
    """Rules and channels of a file. Raises UsageError that names the rule and the key that is wrong."""
    try:
        plain = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(
            "this file cannot be read", where=str(path), fix="Check its name and its rights."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"this is not TOML: {error}", where=str(path), fix="Mend the line."
        ) from error
    unknown = sorted(set(plain) - {"rule", "channel"})
    if unknown:
        raise UsageError(
            f"unknown key {unknown[0]!r}", where=str(path), fix="Known keys: rule, channel."
        )
    given = plain.get("channel", {})
    if not isinstance(given, dict) or "stdout" in given:
        raise UsageError(
            "channels are tables, and stdout is one that is always there",
            where=str(path),
            fix='Write [channel.NAME], kind = "...".',
        )
    channels = [STDOUT, *(_channel(name, value, str(path)) for name, value in given.items())]
    names = {c.name for c in channels}
    listed = plain.get("rule", [])
    if not isinstance(listed, list):
        raise UsageError("rules are a list", where=str(path), fix="Write [[rule]].")
    rules = [_rule(value, names, str(path)) for value in listed]
    twice = {r.name for r in rules if [x.name for x in rules].count(r.name) > 1}
    if twice:
        raise UsageError(
            f"two rules are called {min(twice)!r}", where=str(path), fix="Give each its own name."
        )
    if not rules:
        raise UsageError(
            "there is no rule in this file",
            where=str(path),
            fix='Begin with [[rule]], name = "..." and on = "falls".',
        )
    return rules, channels


def _rule(value: Any, channels: set[str], where: str) -> Rule:
    if not isinstance(value, dict) or not isinstance(value.get("name"), str) or not value["name"]:
        raise UsageError("a rule without a name", where=where, fix='Write name = "...".')
    name = value["name"]
    known = {
        "name": str,
        "on": str,
        "at_least": int,
        "leader": str,
        "host": str,
        "client": str,
        "notify": list,
    }
    for key, given in value.items():
        if key not in known:
            raise UsageError(
                f"rule {name!r}: unknown key {key!r}",
                where=where,
                fix=f"Known keys: {', '.join(known)}.",
            )
        if not isinstance(given, known[key]) or isinstance(given, bool):
            raise UsageError(
                f"rule {name!r}: {key} must be of type {known[key].__name__}", where=where
            )
    if value.get("on", "") not in KINDS:
        raise UsageError(f"rule {name!r}: on must be one of {', '.join(KINDS)}", where=where)
    narrowed = next((k for k in ("leader", "host", "client") if value.get(k)), "")
    if narrowed and value["on"] not in ("falls", "returns"):
        raise UsageError(
            f"rule {name!r}: {narrowed} goes with suspensions and returns only",
            where=where,
            fix=f'Leave {narrowed} out, or write on = "falls".',
        )
    if value.get("at_least", 0) < 0:
        raise UsageError(f"rule {name!r}: at_least must be 0 or more", where=where)
    notify = tuple(value.get("notify", ["stdout"]))
    for channel in notify:
        if channel not in channels:
            raise UsageError(
                f"rule {name!r} notifies {str(channel)!r}, which is no channel",
                where=where,
                fix=f"Known channels: {', '.join(sorted(channels))}; add [channel.NAME].",
            )
    return Rule(
        name,
        value["on"],
        value.get("at_least", 0),
        value.get("leader", ""),
        notify,
        value.get("host", ""),
        value.get("client", ""),
    )


def _channel(name: str, value: Any, where: str) -> Channel:
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in CHANNELS:
        raise UsageError(
            f"channel {name!r}: kind must be one of {', '.join(CHANNELS)}", where=where
        )
    needs, may = CHANNELS[kind], _MAY[kind]
    values: dict[str, str] = {}
    for key, given in value.items():
        if key == "kind":
            continue
        if key not in needs + may:
            raise UsageError(
                f"channel {name!r}: unknown key {key!r}",
                where=where,
                fix=f"Known: {', '.join(needs + may)}.",
            )
        if key == "port":
            given = str(given)
            if not given.isdigit() or not 0 < int(given) < 65536:
                raise UsageError(
                    f"channel {name!r}: port must be a number from 1 to 65535", where=where
                )
        if not isinstance(given, str):
            raise UsageError(f"channel {name!r}: {key} must be a text", where=where)
        if given.startswith("env:") and given[4:] not in os.environ:
            raise UsageError(
                f"channel {name!r}: {given[4:]} is not set",
                where=where,
                fix="Set it in the environment.",
            )
        values[key] = os.environ[given[4:]] if given.startswith("env:") else given
    missing = [key for key in needs if not values.get(key)]
    if missing:
        raise UsageError(f"channel {name!r} needs {missing[0]!r}", where=where)
    if "url" in values and not re.match(r"https?://[^/\s]", values["url"]):
        raise UsageError(
            f"channel {name!r}: url must be http://HOST/... or https://HOST/...", where=where
        )
    if kind == "kafka":
        from birdfall.watch.feeds.kafka import require_client

        require_client()
    return Channel(name, kind, values)


def matching(
    rules: list[Rule],
    kind: str,
    size: int,
    leaders: set[str],
    called: set[str] | frozenset[str] = frozenset(),
) -> list[Rule]:
    """Rules that an alert of `kind` and `size` fires. leaders: whose audiences were hit; called: streams that stood out."""
    return [
        r
        for r in rules
        if r.on == kind
        and size >= r.at_least
        and (not r.leader or r.leader in leaders)
        and (not r.host or f"host:{r.host}" in called)
        and (not r.client or f"client:{r.client}" in called)
    ]


def backtest_rule(
    state: State, rule: Rule, *, false_alarms_per_year: float, until: int
) -> dict[str, Any]:
    """How often a rule would have fired on the history that is stored: `{"fires", "days", "at"}`, or `{"why"}` it cannot be said.

    The detector of that history (`measures.waves.back_test`) is run over its own past; a wave counts from its alarm until the
    stream is quiet again, and fires the rule if as many fell in it as the rule asks.
    """
    if rule.on in ("returns", "no-data"):
        return {"why": "not-a-detector"}
    stream = stream_of(rule)
    row = state.connection.execute("SELECT min(begin) FROM ticks WHERE stream = 'all'").fetchone()
    begun = int(state.meta("begun", "0")) or row[0]
    if not begun or until - begun < SHORTEST_DAYS * 86_400_000_000:
        return {
            "why": "history-too-short",
            "days": round(max(until - (begun or until), 0) / 86_400_000_000, 2),
        }
    from birdfall.measures.waves import back_test

    counts, covered, first = history(state, stream, begun, until)
    found = back_test(
        counts, covered, TICK_US / 1e6, first / 1e6, false_alarms_per_year=false_alarms_per_year
    )
    fired = []
    for number, alarm in enumerate(found.alarms):
        end = int(found.alarms[number + 1]) if number + 1 < len(found.alarms) else len(counts)
        quiet = np.flatnonzero(np.convolve(counts[alarm:end], np.ones(12), "valid") == 0)
        last = int(alarm + quiet[0]) if len(quiet) else end
        if counts[max(alarm - 6, 0) : last].sum() >= rule.at_least:
            fired.append(int(first + alarm * TICK_US))
    days = round(float(covered.sum()) * TICK_US / 86_400_000_000, 1)
    return {"fires": len(fired), "days": days, "at": fired[-20:], "budget": round(found.allowed, 2)}


def stream_of(rule: Rule) -> str:
    """The stream whose history tells how often a rule fires."""
    for kind in ("leader", "host", "client"):
        if getattr(rule, kind):
            return f"{kind}:{getattr(rule, kind)}"
    return "all" if rule.on == "falls" else "reports"


def history(state: State, stream: str, begin: int, end: int) -> tuple[np.ndarray, np.ndarray, int]:
    """(events per tick as float64[n], covered as bool[n], first microsecond) of a stream's stored ticks, the last `MOST_DAYS`."""
    begin = max(begin, end - MOST_DAYS * 86_400_000_000, int(state.meta("ticks_from", "0")))
    first = begin - begin % TICK_US
    n = max((end - first) // TICK_US, 1)
    counts, covered = np.zeros(n), np.ones(n, np.bool_)
    rows = state.connection.execute(
        "SELECT begin, observed FROM ticks WHERE stream = ? AND begin BETWEEN ? AND ?",
        (stream, first, end - TICK_US),
    )
    for row in rows:
        counts[(row["begin"] - first) // TICK_US] = row["observed"]
    for gap in state.connection.execute('SELECT "begin", "end" FROM gaps'):
        covered[
            max((gap["begin"] - first) // TICK_US, 0) : max((gap["end"] - first) // TICK_US + 1, 0)
        ] = False
    return counts, covered, first


def keep_rules(
    state: State, rules: list[Rule], *, false_alarms_per_year: float, until: int
) -> None:
    """Try each rule on history and keep it, armed; call outside a transaction."""
    import json

    tried = [
        (r, backtest_rule(state, r, false_alarms_per_year=false_alarms_per_year, until=until))
        for r in rules
    ]
    with state.transaction():
        state.connection.execute("DELETE FROM rules")
        state.connection.executemany(
            "INSERT INTO rules (name, rule, armed, backtest) VALUES (?, ?, 1, ?)",
            [(r.name, json.dumps(asdict(r), ensure_ascii=False), json.dumps(b)) for r, b in tried],
        )
