"""What people read of an alert: headline, sentence and text; and the JSON that is stored and sent.

Watched leaders are named; no other account is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from birdfall.model.errors import printable
from birdfall.watch.model.alert import (
    Alert,
    AlertJson,
    AlertKind,
    DataAgainAlert,
    NoDataAlert,
    ReportsAlert,
    ReturnsAlert,
    SuspensionAlert,
    WaveStage,
    parse_alert,
)

#: Audiences that a sentence names, and its characters.
MAX_SENTENCE_AUDIENCES, MAX_SENTENCE_CHARS = 3, 600

_WAVE_HEADLINES: Final = {
    WaveStage.OPENED: "Wave {wave}: accounts fall",
    WaveStage.GROWN: "Wave {wave} has grown",
    WaveStage.CLOSED: "Wave {wave} is over",
}
_BURST_HEADLINES: Final = {
    WaveStage.OPENED: "Burst {wave}: accounts are being reported",
    WaveStage.GROWN: "Burst {wave} has grown",
    WaveStage.CLOSED: "Burst {wave} is over",
}


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """An alert as a channel delivers it.

    Parameters
    ----------
    alert
        What happened.
    key
        Names the alert: a receiver knows by it one that comes twice.
    time
        When it was raised, in microseconds.
    payload
        The alert as JSON, with `why`, `key`, `kind`, `rules` and `time`.

    Examples
    --------
    >>> from birdfall.watch.model.alert import ReturnsAlert
    >>> alert = ReturnsAlert(wave=1, fallen=60, returned=40)
    >>> message = AlertMessage(alert, alert.key, 0, to_payload(alert, rules=[], time=0))
    >>> message.headline
    'Wave 1: accounts come back'
    >>> message.sentence
    '40 of the 60 accounts suspended in wave 1 can be seen again.'
    """

    alert: Alert
    key: str
    time: int
    payload: AlertJson = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> AlertMessage:
        """From the JSON text that is stored."""
        payload: AlertJson = json.loads(text)
        return cls(parse_alert(payload), payload.get("key", ""), payload.get("time", 0), payload)

    @property
    def kind(self) -> AlertKind:
        """What the alert is about."""
        return self.alert.kind

    @property
    def link(self) -> str:
        """The page to look at; empty where there is none."""
        return self.alert.link

    @property
    def headline(self) -> str:
        """What is new, in a few words."""
        return headline(self.alert)

    @property
    def sentence(self) -> str:
        """What happened, in one line of English."""
        return sentence(self.alert)

    def text(self, *, with_link: bool = True) -> str:
        """The alert in a few lines of English, with what would silence it and where to look."""
        lines = [self.sentence]
        silenced_by = self.payload.get("silenced_by")
        if silenced_by:
            lines.append(f"Silenced by: {silenced_by}")
        if with_link and self.link:
            lines.append(f"Where to look: {self.link}")
        return "\n".join(lines)

    def to_text(self, *, ascii_only: bool = False, indent: int | None = None) -> str:
        """The payload as JSON text. ascii_only: one that no terminal acts on."""
        return json.dumps(self.payload, ensure_ascii=ascii_only, sort_keys=True, indent=indent)


def to_payload(alert: Alert, *, rules: Sequence[str], time: int) -> AlertJson:
    """The JSON of an alert that is raised.

    rules: names of those that want it; time: microseconds.
    """
    return alert.to_json() | {
        "why": sentence(alert),
        "key": alert.key,
        "kind": alert.kind.value,
        "rules": list(rules),
        "time": time,
    }


def headline(alert: Alert) -> str:
    """What is new, in a few words: a wave that begins, grows and ends is announced three times,
    each told apart."""
    match alert:
        case SuspensionAlert():
            return _WAVE_HEADLINES[alert.stage].format(wave=alert.wave)
        case ReportsAlert():
            return _BURST_HEADLINES[alert.stage].format(wave=alert.wave)
        case ReturnsAlert():
            return f"Wave {alert.wave}: accounts come back"
        case DataAgainAlert():
            return "Data again"
        case NoDataAlert():
            return "No data"


def sentence(alert: Alert) -> str:
    """The alert in one line of English: what happened, whose followers they were, how many had been
    reported."""
    return printable(" ".join(_sentence_parts(alert)), MAX_SENTENCE_CHARS)


def _sentence_parts(alert: Alert) -> list[str]:
    match alert:
        case SuspensionAlert():
            usual = f"about {alert.expected:.0f}" if alert.expected >= 1 else "fewer than one"
            parts = [
                f"{alert.fallen} accounts were suspended within {alert.seconds} s; "
                f"{usual} would have been usual."
            ]
            for hit in alert.hit[:MAX_SENTENCE_AUDIENCES]:
                name = f"@{hit.handle}" if hit.handle else hit.leader
                parts.append(
                    f"{hit.suspended} of them followed {name}: "
                    f"{hit.before} followers before, {hit.after} after."
                )
            if alert.reported_before:
                parts.append(
                    f"{alert.reported_before} of {alert.fallen} had been reported before they "
                    "were suspended."
                )
            return parts
        case ReportsAlert():
            return [
                f"{alert.reporters} accounts reported {alert.target_count} targets within "
                f"{alert.seconds} s; {alert.together} of them reported several."
            ]
        case ReturnsAlert():
            return [
                f"{alert.returned} of the {alert.fallen} accounts suspended in wave {alert.wave} "
                "can be seen again."
            ]
        case DataAgainAlert():
            return [f"{alert.source} is heard again, after {alert.seconds} s without data."]
        case NoDataAlert():
            parts = [
                f"No data from {alert.source} for {alert.seconds} s: "
                "nothing can be said about this time."
            ]
            return parts + ([f"What went wrong: {alert.said}."] if alert.said else [])
