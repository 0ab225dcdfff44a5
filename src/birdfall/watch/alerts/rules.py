"""Rules: which alerts go where, read strictly from TOML.

[[rule]]
name = "our readers"
on = "falls"                    # falls, reports, returns, no-data
leader = "did:plc:..."          # only waves that hit it; host and client likewise
at_least = 20                   # fallen accounts (or reporters)
notify = ["stdout", "webhook"]  # names of channels

[channel.webhook]
kind = "webhook"
url = "https://..."
secret = "env:BIRDFALL_WEBHOOK_SECRET"
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from birdfall.model.errors import UsageError
from birdfall.watch.alerts.channels import AlertChannel, channel_kinds, find_channel
from birdfall.watch.model.alert import AlertKind
from birdfall.watch.model.stream_key import ALL_FALLS, ALL_REPORTS, StreamKey, StreamKind

#: Keys of a rule's table, with the type each must have.
_RULE_KEYS: Final[dict[str, type]] = {
    "name": str,
    "on": str,
    "at_least": int,
    "leader": str,
    "host": str,
    "client": str,
    "notify": list,
}
#: Keys that ask for one audience, host or client.
_NARROWING_KEYS: Final = ("leader", "host", "client")


@dataclass(frozen=True, slots=True)
class Rule:
    """Which alerts are wanted, and where they go.

    Parameters
    ----------
    name
        Unique among the rules of a watch.
    on
        What alerts must be about.
    at_least
        Fallen accounts, reporters, returned accounts, or (for no-data) seconds without any.
    leader, host, client
        Only waves that hit this audience, this host, this client; empty for any.
    notify
        Names of channels.
    """

    name: str
    on: AlertKind
    at_least: int = 0
    leader: str = ""
    notify: tuple[str, ...] = ("stdout",)
    host: str = ""
    client: str = ""

    @property
    def stream(self) -> StreamKey:
        """The stream whose history tells how often the rule fires."""
        if self.leader:
            return StreamKey(StreamKind.LEADER, self.leader)
        if self.host:
            return StreamKey(StreamKind.HOST, self.host)
        if self.client:
            return StreamKey(StreamKind.CLIENT, self.client)
        return ALL_FALLS if self.on == AlertKind.FALLS else ALL_REPORTS


@dataclass(frozen=True, slots=True)
class Channel:
    """Where alerts go.

    name: as rules call it. kind: one of `channels.channel_kinds`. values: what the kind needs.
    """

    name: str
    kind: str
    values: dict[str, str]


DEFAULT_RULES: Final = (
    Rule("a wave of suspensions", AlertKind.FALLS),
    Rule("a burst of reports", AlertKind.REPORTS),
    Rule("accounts came back", AlertKind.RETURNS),
    Rule("a source is silent", AlertKind.NO_DATA, 60),
)
STDOUT: Final = Channel("stdout", "stdout", {})


def load_rules(path: Path) -> tuple[list[Rule], list[Channel]]:
    """Read the rules and channels of a file.

    Raises
    ------
    UsageError
        The file cannot be read, or something in it is wrong; names the rule or channel, and the
        key.
    """
    plain = _read_toml(path)
    where = str(path)
    unknown = sorted(set(plain) - {"rule", "channel"})
    if unknown:
        raise UsageError(
            f"unknown key {unknown[0]!r}", where=where, fix="Known keys: rule, channel."
        )
    tables = plain.get("channel", {})
    if not isinstance(tables, dict) or "stdout" in tables:
        raise UsageError(
            "channels are tables, and stdout is one that is always there",
            where=where,
            fix='Write [channel.NAME], kind = "...".',
        )
    channels = [STDOUT, *(_parse_channel(name, table, where) for name, table in tables.items())]
    listed = plain.get("rule", [])
    if not isinstance(listed, list):
        raise UsageError("rules are a list", where=where, fix="Write [[rule]].")
    names = {channel.name for channel in channels}
    rules = [_parse_rule(table, names, where) for table in listed]
    _check_names(rules, where)
    return rules, channels


def matching_rules(
    rules: Iterable[Rule],
    kind: AlertKind,
    size: int,
    leaders: AbstractSet[str] = frozenset(),
    called: AbstractSet[StreamKey] = frozenset(),
) -> list[Rule]:
    """Rules that an alert fires.

    Parameters
    ----------
    rules
        The rules of the watch.
    kind, size
        What the alert is about, and what `at_least` is compared with.
    leaders
        Whose audiences were hit.
    called
        Hosts and clients that stood out.
    """
    return [
        rule
        for rule in rules
        if rule.on == kind
        and size >= rule.at_least
        and (not rule.leader or rule.leader in leaders)
        and (not rule.host or StreamKey(StreamKind.HOST, rule.host) in called)
        and (not rule.client or StreamKey(StreamKind.CLIENT, rule.client) in called)
    ]


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(
            "this file cannot be read", where=str(path), fix="Check its name and its rights."
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"this is not TOML: {error}", where=str(path), fix="Mend the line."
        ) from error


def _check_names(rules: list[Rule], where: str) -> None:
    names = [rule.name for rule in rules]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise UsageError(
            f"two rules are called {min(twice)!r}", where=where, fix="Give each its own name."
        )
    if not rules:
        raise UsageError(
            "there is no rule in this file",
            where=where,
            fix='Begin with [[rule]], name = "..." and on = "falls".',
        )


def _parse_rule(table: Any, channels: set[str], where: str) -> Rule:
    if not isinstance(table, dict) or not isinstance(table.get("name"), str) or not table["name"]:
        raise UsageError("a rule without a name", where=where, fix='Write name = "...".')
    name = table["name"]
    _check_rule_keys(name, table, where)
    on = table.get("on", "")
    if on not in set(AlertKind):
        kinds = ", ".join(kind.value for kind in AlertKind)
        raise UsageError(f"rule {name!r}: on must be one of {kinds}", where=where)
    narrowed = next((key for key in _NARROWING_KEYS if table.get(key)), "")
    if narrowed and on not in (AlertKind.FALLS, AlertKind.RETURNS):
        raise UsageError(
            f"rule {name!r}: {narrowed} goes with suspensions and returns only",
            where=where,
            fix=f'Leave {narrowed} out, or write on = "falls".',
        )
    if table.get("at_least", 0) < 0:
        raise UsageError(f"rule {name!r}: at_least must be 0 or more", where=where)
    notify = tuple(table.get("notify", ["stdout"]))
    for channel in notify:
        if channel not in channels:
            raise UsageError(
                f"rule {name!r} notifies {str(channel)!r}, which is no channel",
                where=where,
                fix=f"Known channels: {', '.join(sorted(channels))}; add [channel.NAME].",
            )
    return Rule(
        name,
        AlertKind(on),
        table.get("at_least", 0),
        table.get("leader", ""),
        notify,
        table.get("host", ""),
        table.get("client", ""),
    )


def _check_rule_keys(name: str, table: dict[str, Any], where: str) -> None:
    for key, given in table.items():
        if key not in _RULE_KEYS:
            raise UsageError(
                f"rule {name!r}: unknown key {key!r}",
                where=where,
                fix=f"Known keys: {', '.join(_RULE_KEYS)}.",
            )
        if not isinstance(given, _RULE_KEYS[key]) or isinstance(given, bool):
            raise UsageError(
                f"rule {name!r}: {key} must be of type {_RULE_KEYS[key].__name__}", where=where
            )


def _parse_channel(name: str, table: Any, where: str) -> Channel:
    kind = table.get("kind") if isinstance(table, dict) else None
    channel = find_channel(kind) if isinstance(kind, str) else None
    if channel is None:
        raise UsageError(
            f"channel {name!r}: kind must be one of {', '.join(channel_kinds())}", where=where
        )
    values = {
        key: _channel_value(name, key, given, channel, where)
        for key, given in table.items()
        if key != "kind"
    }
    missing = [key for key in channel.required if not values.get(key)]
    if missing:
        raise UsageError(f"channel {name!r} needs {missing[0]!r}", where=where)
    try:
        channel.check(values)
    except UsageError as error:
        raise UsageError(
            f"channel {name!r}: {error.what}", where=where, why=error.why, fix=error.fix
        ) from error
    return Channel(name, str(kind), values)


def _channel_value(name: str, key: str, given: Any, channel: AlertChannel, where: str) -> str:
    known = channel.required + channel.optional
    if key not in known:
        raise UsageError(
            f"channel {name!r}: unknown key {key!r}", where=where, fix=f"Known: {', '.join(known)}."
        )
    # a port may be written as the number it is
    value = str(given) if key == "port" and type(given) is int else given
    if not isinstance(value, str):
        raise UsageError(f"channel {name!r}: {key} must be a text", where=where)
    if not value.startswith("env:"):
        return value
    variable = value.removeprefix("env:")
    if variable not in os.environ:
        raise UsageError(
            f"channel {name!r}: {variable} is not set",
            where=where,
            fix="Set it in the environment.",
        )
    return os.environ[variable]
