"""Rules and channels of a watch that are said on a page: kept by its state, tried and tested."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from birdfall.model.errors import UsageError, printable
from birdfall.record.atomic import write_text
from birdfall.watch.alerts.backtest import RuleBacktest, backtest_rule
from birdfall.watch.alerts.delivery import send
from birdfall.watch.alerts.messages import AlertMessage
from birdfall.watch.alerts.rules import DEFAULT_RULES, STDOUT, Channel, Rule, load_rules
from birdfall.watch.feeds.base import now
from birdfall.watch.model.alert import NoDataAlert, NoDataReason
from birdfall.watch.store.database import State
from birdfall.watch.store.queries.sources import latest_event

#: The file in the folder of a watch that holds its rules and channels, as `birdfall watch --rules`
#: takes it.
RULES: Final = "rules.toml"
#: The kinds of channel that a page offers, each with what it asks for.
CHANNEL_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "email": ("to", "sender", "server", "port", "user", "password"),
    "ntfy": ("url", "token"),
    "webhook": ("url",),
}
#: Rules and channels of one watch, and characters of a field.
MAX_RULES, MAX_CHANNELS, MAX_FIELD_CHARS = 50, 20, 500
#: Characters of what went wrong that are shown.
MAX_WHY_CHARS: Final = 200
TRIAL_SENTENCE: Final = "This is a test message: nothing happened."


@dataclass(frozen=True, slots=True)
class WatchRules:
    """What is wanted of a watch.

    Parameters
    ----------
    rules
        Which alerts, and to which channels they go.
    channels
        The channels there are.
    """

    rules: tuple[Rule, ...]
    channels: tuple[Channel, ...] = ()

    @classmethod
    def of(cls, folder: Path) -> WatchRules:
        """Those of the watch in a folder; Birdfall's own where nothing was said.

        Raises UsageError if somebody wrote the file by hand, and wrongly.
        """
        if not (folder / RULES).is_file():
            return cls(tuple(replace(rule, notify=()) for rule in DEFAULT_RULES))
        rules, channels = load_rules(folder / RULES)
        return cls(tuple(rules), tuple(c for c in channels if c.name != STDOUT.name))

    def put(self, folder: Path) -> None:
        """Keep them; they hold from the next start of the watch on.

        Raises UsageError if they are none that a watch takes: what was kept before stays.
        """
        trial = folder / f".{RULES}"
        write_text(trial, self.to_toml(), mode=0o600)
        try:
            load_rules(trial)
            trial.replace(folder / RULES)
        except UsageError as error:
            raise UsageError(error.what, why=error.why, fix=error.fix) from error
        finally:
            trial.unlink(missing_ok=True)

    def to_toml(self) -> str:
        """The same as a file of rules."""
        lines = []
        for channel in self.channels:
            lines += [f"[channel.{_toml(channel.name)}]", f"kind = {_toml(channel.kind)}"]
            lines += [f"{key} = {_toml(value)}" for key, value in channel.values.items()]
        for rule in self.rules:
            lines += ["[[rule]]", f"name = {_toml(rule.name)}", f"on = {_toml(rule.on.value)}"]
            lines += [f"at_least = {rule.at_least}", f"notify = {_toml(list(rule.notify))}"]
            narrowed = {"leader": rule.leader, "host": rule.host, "client": rule.client}
            lines += [f"{key} = {_toml(value)}" for key, value in narrowed.items() if value]
        return "\n".join([*lines, ""])

    def with_rule(self, rule: Rule) -> WatchRules:
        """Those and one more. Raises UsageError if there are too many."""
        if len(self.rules) >= MAX_RULES:
            raise UsageError(f"a watch has at most {MAX_RULES} rules", fix="Take one away.")
        return replace(self, rules=(*self.rules, rule))

    def without_rule(self, name: str) -> WatchRules:
        """Those without the one of that name; the last one stays."""
        left = tuple(rule for rule in self.rules if rule.name != name)
        return replace(self, rules=left) if left else self

    def with_channel(self, kind: str, values: Mapping[str, str]) -> WatchRules:
        """Those and one more channel, of which Birdfall's own rules and all others make use.

        Raises UsageError for what is none.
        """
        if len(self.channels) >= MAX_CHANNELS:
            raise UsageError(f"a watch has at most {MAX_CHANNELS} channels", fix="Take one away.")
        said = {key: values.get(key, "") for key in CHANNEL_FIELDS[kind]}
        for value in said.values():
            if value.startswith("env:") or not (value + " ").isprintable():
                raise UsageError("this value cannot be kept", fix="Write it as it is sent.")
        if kind == "webhook":
            said["secret"] = secrets.token_urlsafe(24)
        number = 1 + max((_number(c) for c in self.channels if c.kind == kind), default=0)
        channel = Channel(f"{kind}-{number}", kind, {k: v for k, v in said.items() if v})
        rules = tuple(replace(r, notify=(*r.notify, channel.name)) for r in self.rules)
        return WatchRules(rules, (*self.channels, channel))

    def without_channel(self, name: str) -> WatchRules:
        """Those without a channel; no rule notifies it any more."""
        rules = tuple(
            replace(rule, notify=tuple(n for n in rule.notify if n != name)) for rule in self.rules
        )
        return WatchRules(rules, tuple(c for c in self.channels if c.name != name))

    def channel(self, name: str) -> Channel | None:
        """The channel of that name; None if there is none."""
        return next((one for one in self.channels if one.name == name), None)


@dataclass(frozen=True, slots=True)
class TrialMessage(AlertMessage):
    """A message that says that it is a test, as a channel takes an alert."""

    @property
    def headline(self) -> str:
        """That it is a test."""
        return "A test"

    @property
    def sentence(self) -> str:
        """That nothing happened."""
        return TRIAL_SENTENCE


@dataclass(frozen=True, slots=True)
class ChannelTest:
    """Whether a test message was taken; why not, in the words of whoever refused it."""

    taken: bool
    why: str = ""


def try_channel(channel: Channel) -> ChannelTest:
    """Send a test message; whether it was taken."""
    moment = now()
    key = f"test:{moment}"
    alert = NoDataAlert(source="test", since=moment, seconds=0, reason=NoDataReason.SAYS_NOTHING)
    message = TrialMessage(
        alert, key, moment,
        {"numbers": {}, "kind": "test", "key": key, "time": moment, "why": TRIAL_SENTENCE},
    )  # fmt: skip
    why = send(channel, message)
    return ChannelTest(not why, printable(why, MAX_WHY_CHARS))


def try_rule(state: Path, rule: Rule) -> RuleBacktest:
    """How often a rule would have fired on what a watch has stored.

    state: the file of its state.
    """
    opened = State.open(state, read_only=True)
    try:
        until = latest_event(opened)
        return backtest_rule(opened, rule, false_alarms_per_year=1.0, until=until)
    finally:
        opened.close()


def where_to(channel: Channel) -> str:
    """Where a channel leads, without what is secret of it."""
    return channel.values.get("to") or channel.values.get("url", "")


def _number(channel: Channel) -> int:
    number = channel.name.rpartition("-")[2]
    return int(number) if number.isascii() and number.isdigit() else 0


def _toml(value: str | Sequence[str]) -> str:
    """A text, or texts, as TOML writes them: as JSON does, but for one sign."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
