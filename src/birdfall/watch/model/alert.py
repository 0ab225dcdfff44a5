"""Alerts: one type for each kind of news, with the JSON that is stored, sent to webhooks and shown.

`why`, `key`, `kind`, `rules` and `time` are added when an alert is raised
(`alerts.messages.to_payload`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, NotRequired, TypedDict

from birdfall.model.whole_number import whole_number
from birdfall.watch.model.stream_key import StreamKey, StreamKind
from birdfall.watch.model.wave import TargetCount, TargetJson

#: Audiences, leaders and targets that one alert names.
MAX_NAMED: Final = 20


class AlertKind(StrEnum):
    """What an alert is about; rules ask for one of them (`on`)."""

    FALLS = "falls"
    REPORTS = "reports"
    RETURNS = "returns"
    NO_DATA = "no-data"


class WaveStage(StrEnum):
    """What is new of a wave."""

    OPENED = "opened"
    GROWN = "grown"
    CLOSED = "closed"


class NoDataReason(StrEnum):
    """Why a source gives no data."""

    SAYS_NOTHING = "says-nothing"
    NOT_CONNECTED = "not-connected"


class AudienceHitJson(TypedDict):
    """An audience that was hit, as alerts carry it."""

    leader: str
    before: int
    suspended: int
    after: int
    returned: int
    odds_ratio: float
    handle: str


class AlertJson(TypedDict):
    """An alert as it is stored and sent. Which keys there are depends on its kind."""

    numbers: Mapping[str, int | float | str]
    key: NotRequired[str]
    kind: NotRequired[str]
    rules: NotRequired[list[str]]
    time: NotRequired[int]
    why: NotRequired[str]
    link: NotRequired[str]
    silenced_by: NotRequired[str]
    stream: NotRequired[str]
    begin: NotRequired[int]
    news: NotRequired[str]
    audiences: NotRequired[list[str]]
    hit: NotRequired[list[AudienceHitJson]]
    targets: NotRequired[list[TargetJson]]
    hosts: NotRequired[list[str]]
    clients: NotRequired[list[str]]
    false_alarms_per_year: NotRequired[float]
    said: NotRequired[str]
    reason: NotRequired[str]


@dataclass(frozen=True, slots=True)
class AudienceHit:
    """A leader whose audience was hit, with the handle people know it by (empty where it is not
    known)."""

    leader: str
    before: int
    suspended: int
    after: int
    returned: int
    odds_ratio: float
    handle: str = ""

    def to_json(self) -> AudienceHitJson:
        """The stored form."""
        return {
            "leader": self.leader,
            "before": self.before,
            "suspended": self.suspended,
            "after": self.after,
            "returned": self.returned,
            "odds_ratio": self.odds_ratio,
            "handle": self.handle,
        }

    @classmethod
    def from_json(cls, plain: AudienceHitJson) -> AudienceHit:
        """From the stored form."""
        return cls(**plain)


@dataclass(frozen=True, slots=True, kw_only=True)
class _WaveAlert(ABC):
    """What alerts of waves and of bursts have in common.

    seconds: how long it has lasted. expected: events that would have been usual meanwhile. begin:
    microseconds.
    """

    wave: int
    stage: WaveStage
    stream: StreamKey
    begin: int
    seconds: int
    expected: float
    false_alarms_per_year: float = 1.0
    link: str = ""

    @property
    @abstractmethod
    def size(self) -> int:
        """What rules compare with `at_least`."""

    @property
    def news(self) -> str:
        """The stage as it is stored: a wave that has grown says to which size."""
        return f"grown-to-{self.size}" if self.stage is WaveStage.GROWN else self.stage.value

    @property
    def key(self) -> str:
        """Names this alert: one that is raised twice is kept once."""
        return f"wave:{self.wave}:{self.news}"

    def _common(self) -> AlertJson:
        return {
            "numbers": {},
            "stream": str(self.stream),
            "begin": self.begin,
            "news": self.news,
            "audiences": [],
            "hit": [],
            "targets": [],
            "hosts": [],
            "clients": [],
            "false_alarms_per_year": self.false_alarms_per_year,
            "silenced_by": _above(self.size),
            "link": self.link,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspensionAlert(_WaveAlert):
    """News of a wave of suspensions.

    fallen: suspended accounts; reported_before: those of them that had been reported before.
    audiences: leaders whose audiences were hit; hit: what happened to them, for the first
    `MAX_NAMED`. called: hosts and clients that stood out.
    """

    kind: ClassVar[AlertKind] = AlertKind.FALLS

    fallen: int
    reported_before: int = 0
    audiences: tuple[str, ...] = ()
    hit: tuple[AudienceHit, ...] = ()
    called: tuple[StreamKey, ...] = ()

    @property
    def size(self) -> int:
        """Suspended accounts."""
        return self.fallen

    def to_json(self) -> AlertJson:
        """The stored form."""
        return self._common() | {
            "numbers": {
                "wave": self.wave,
                "seconds": self.seconds,
                "expected": self.expected,
                "fallen": self.fallen,
                "reported_before": self.reported_before,
                "audiences_hit": len(self.audiences),
            },
            "audiences": list(self.audiences[:MAX_NAMED]),
            "hit": [entry.to_json() for entry in self.hit[:MAX_NAMED]],
            "hosts": [key.name for key in self.called if key.kind is StreamKind.HOST],
            "clients": [key.name for key in self.called if key.kind is StreamKind.CLIENT],
        }

    @classmethod
    def from_json(cls, plain: AlertJson) -> SuspensionAlert:
        """From the stored form."""
        numbers = plain["numbers"]
        return cls(
            wave=int(numbers["wave"]),
            stage=_parse_stage(plain.get("news", "")),
            stream=StreamKey.parse(plain.get("stream", StreamKind.ALL.value)),
            begin=plain.get("begin", 0),
            seconds=int(numbers["seconds"]),
            expected=float(numbers["expected"]),
            false_alarms_per_year=plain.get("false_alarms_per_year", 1.0),
            link=plain.get("link", ""),
            fallen=int(numbers["fallen"]),
            reported_before=int(numbers.get("reported_before", 0)),
            audiences=tuple(plain.get("audiences", ())),
            hit=tuple(AudienceHit.from_json(entry) for entry in plain.get("hit", ())),
            called=(
                *(StreamKey(StreamKind.CLIENT, name) for name in plain.get("clients", ())),
                *(StreamKey(StreamKind.HOST, name) for name in plain.get("hosts", ())),
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsAlert(_WaveAlert):
    """News of a burst of reports, or of reporters that move together.

    together: reporters of several targets. target_count: reported accounts; targets: the first
    `MAX_NAMED` of them.
    """

    kind: ClassVar[AlertKind] = AlertKind.REPORTS

    reporters: int
    reports: int = 0
    together: int = 0
    target_count: int = 0
    targets: tuple[TargetCount, ...] = ()

    @property
    def size(self) -> int:
        """Reporters."""
        return self.reporters

    def to_json(self) -> AlertJson:
        """The stored form."""
        return self._common() | {
            "numbers": {
                "wave": self.wave,
                "seconds": self.seconds,
                "expected": self.expected,
                "reporters": self.reporters,
                "reports": self.reports,
                "targets": self.target_count,
                "together": self.together,
            },
            "targets": [target.to_json() for target in self.targets[:MAX_NAMED]],
        }

    @classmethod
    def from_json(cls, plain: AlertJson) -> ReportsAlert:
        """From the stored form."""
        numbers = plain["numbers"]
        return cls(
            wave=int(numbers["wave"]),
            stage=_parse_stage(plain.get("news", "")),
            stream=StreamKey.parse(plain.get("stream", StreamKind.REPORTS.value)),
            begin=plain.get("begin", 0),
            seconds=int(numbers["seconds"]),
            expected=float(numbers["expected"]),
            false_alarms_per_year=plain.get("false_alarms_per_year", 1.0),
            link=plain.get("link", ""),
            reporters=int(numbers["reporters"]),
            reports=int(numbers.get("reports", 0)),
            together=int(numbers["together"]),
            target_count=int(numbers["targets"]),
            targets=tuple(TargetCount.from_json(entry) for entry in plain.get("targets", ())),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnsAlert:
    """Accounts of a wave can be seen again; raised once for each quarter of the fallen (`quarters`,
    from 1)."""

    kind: ClassVar[AlertKind] = AlertKind.RETURNS

    wave: int
    fallen: int
    returned: int
    quarters: int = 1
    link: str = ""

    @property
    def key(self) -> str:
        """Names this alert: one that is raised twice is kept once."""
        return f"wave:{self.wave}:returned-{self.quarters}-quarters"

    @property
    def size(self) -> int:
        """What rules compare with `at_least`: returned accounts."""
        return self.returned

    def to_json(self) -> AlertJson:
        """The stored form."""
        return {
            "numbers": {"wave": self.wave, "fallen": self.fallen, "returned": self.returned},
            "silenced_by": _above(self.returned),
            "link": self.link,
        }

    @classmethod
    def from_json(cls, plain: AlertJson) -> ReturnsAlert:
        """From the stored form."""
        numbers = plain["numbers"]
        return cls(
            wave=int(numbers["wave"]),
            fallen=int(numbers["fallen"]),
            returned=int(numbers["returned"]),
            link=plain.get("link", ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoDataAlert:
    """A source gives no data since `since` (microseconds). said: what went wrong."""

    kind: ClassVar[AlertKind] = AlertKind.NO_DATA

    source: str
    since: int
    seconds: int
    reason: NoDataReason
    said: str = ""
    link: str = ""

    @property
    def key(self) -> str:
        """Names this alert: one that is raised twice is kept once."""
        return no_data_key(self.source, self.since)

    @property
    def size(self) -> int:
        """What rules compare with `at_least`: seconds without data."""
        return self.seconds

    def to_json(self) -> AlertJson:
        """The stored form."""
        silent = self.reason is NoDataReason.SAYS_NOTHING
        return {
            "numbers": {"source": self.source, "seconds": self.seconds},
            "said": self.said,
            "reason": self.reason.value,
            "silenced_by": f"the source being {'heard' if silent else 'reached'} again",
            "link": self.link,
        }

    @classmethod
    def from_json(cls, plain: AlertJson) -> NoDataAlert:
        """From the stored form."""
        numbers = plain["numbers"]
        return cls(
            source=str(numbers["source"]),
            since=_parse_since(plain.get("key", "")),
            seconds=int(numbers["seconds"]),
            reason=NoDataReason(plain.get("reason", NoDataReason.NOT_CONNECTED.value)),
            said=plain.get("said", ""),
            link=plain.get("link", ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DataAgainAlert:
    """A source whose silence since `since` was announced sends data again."""

    kind: ClassVar[AlertKind] = AlertKind.NO_DATA

    source: str
    since: int
    seconds: int
    link: str = ""

    @property
    def key(self) -> str:
        """Names this alert: one that is raised twice is kept once."""
        return f"{no_data_key(self.source, self.since)}:over"

    @property
    def size(self) -> int:
        """What rules compare with `at_least`: seconds without data."""
        return self.seconds

    def to_json(self) -> AlertJson:
        """The stored form."""
        return {
            "numbers": {"source": self.source, "seconds": self.seconds},
            "news": WaveStage.CLOSED.value,
            "link": self.link,
        }

    @classmethod
    def from_json(cls, plain: AlertJson) -> DataAgainAlert:
        """From the stored form."""
        numbers = plain["numbers"]
        return cls(
            source=str(numbers["source"]),
            since=_parse_since(plain.get("key", "").removesuffix(":over")),
            seconds=int(numbers["seconds"]),
            link=plain.get("link", ""),
        )


Alert = SuspensionAlert | ReportsAlert | ReturnsAlert | NoDataAlert | DataAgainAlert


def parse_alert(plain: AlertJson) -> Alert:
    """An alert from its stored form, by its `kind`. Raises ValueError for an unknown kind.

    Examples
    --------
    >>> stored = {"kind": "returns", "numbers": {"wave": 1, "fallen": 60, "returned": 40}}
    >>> parse_alert(stored).returned
    40
    """
    kind = AlertKind(plain.get("kind", ""))
    if kind is AlertKind.FALLS:
        return SuspensionAlert.from_json(plain)
    if kind is AlertKind.REPORTS:
        return ReportsAlert.from_json(plain)
    if kind is AlertKind.RETURNS:
        return ReturnsAlert.from_json(plain)
    if plain.get("news") == WaveStage.CLOSED.value:
        return DataAgainAlert.from_json(plain)
    return NoDataAlert.from_json(plain)


def no_data_key(source: str, since: int) -> str:
    """The key of the alert on the silence of a source since a moment."""
    return f"no-data:{source}:{since}"


def wave_number(key: str) -> int:
    """The wave that an alert of this key is about; 0 if none."""
    kind, _, rest = key.partition(":")
    number = rest.partition(":")[0]
    return (whole_number(number) or 0) if kind == "wave" else 0


def _parse_stage(news: str) -> WaveStage:
    return WaveStage.GROWN if news not in set(WaveStage) else WaveStage(news)


def _parse_since(key: str) -> int:
    return whole_number(key.rpartition(":")[2]) or 0


def _above(size: int) -> str:
    """What would silence an alert of this size."""
    return f"a rule with at_least above {size}"
