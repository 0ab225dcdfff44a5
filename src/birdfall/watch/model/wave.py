"""A wave of suspensions or a burst of reports, and what it is made of.

`details` is stored as JSON in the table `waves`; the shapes of that JSON are the TypedDicts here.
Fields that an earlier Birdfall did not write are optional, and stay absent when such a wave is
written again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Final, NotRequired, TypedDict, cast

from birdfall.watch.model.stream_key import StreamKey, StreamKind

#: Hosts and applications of fewer fallen accounts are named neither in alerts nor on pages: some
#: hosts are of one person.
MIN_NAMED_ACCOUNTS: Final = 10


class WaveKind(StrEnum):
    """What a wave counts: suspensions or reports."""

    FALLS = "falls"
    REPORTS = "reports"


def nameable(groups: Mapping[str, int]) -> dict[str, int]:
    """The hosts or applications that have enough accounts to be named.

    Examples
    --------
    >>> nameable({"example.social": 200, "her-own-host.example": 1})
    {'example.social': 200}
    """
    return {name: number for name, number in groups.items() if number >= MIN_NAMED_ACCOUNTS}


class LedgerJson(TypedDict):
    """A leader's ledger as it is stored."""

    leader: str
    before: int
    suspended: int
    returned: int
    left: int
    came: int
    after: int
    now: int
    odds_ratio: float
    or_low: float
    or_high: float
    hit: bool


@dataclass(frozen=True, slots=True)
class LeaderLedger:
    """What a wave did to one audience: each follower is counted once in each line.

    Parameters
    ----------
    leader
        The watched account.
    before, after, now
        Followers that could be seen just before the wave, just after it, and when the ledger was
        made.
    suspended, returned
        Followers that fell in the wave, and those of them that can be seen again.
    left, came
        Followers lost and won meanwhile for other reasons.
    odds_ratio, or_low, or_high
        Odds of falling inside the audience against outside, with the 95 % interval.
    hit
        Whether the audience is named as hit.
    """

    leader: str
    before: int
    suspended: int
    returned: int
    left: int
    came: int
    after: int
    now: int
    odds_ratio: float
    or_low: float
    or_high: float
    hit: bool

    def to_json(self) -> LedgerJson:
        """The stored form."""
        return cast(LedgerJson, {name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def from_json(cls, plain: LedgerJson) -> LeaderLedger:
        """From the stored form."""
        return cls(**plain)


class TargetJson(TypedDict):
    """A reported account as it is stored."""

    target: str
    reporters: int


@dataclass(frozen=True, slots=True)
class TargetCount:
    """An account under fire, and how many reported it."""

    target: str
    reporters: int

    def to_json(self) -> TargetJson:
        """The stored form."""
        return {"target": self.target, "reporters": self.reporters}

    @classmethod
    def from_json(cls, plain: TargetJson) -> TargetCount:
        """From the stored form."""
        return cls(plain["target"], plain["reporters"])


class SuspensionDetailsJson(TypedDict):
    """Details of a wave of suspensions as they are stored."""

    kind: NotRequired[str]
    end: NotRequired[int]
    accounts: NotRequired[int]
    leaders: NotRequired[list[LedgerJson]]
    hosts: NotRequired[dict[str, int]]
    clients: NotRequired[dict[str, int]]
    limited: NotRequired[dict[str, int]]
    reasons: NotRequired[dict[str, int]]
    reported: NotRequired[int]
    called: NotRequired[list[str]]
    usual: NotRequired[float]


class ReportDetailsJson(TypedDict):
    """Details of a burst of reports as they are stored."""

    kind: NotRequired[str]
    targets: NotRequired[list[TargetJson]]
    reports: NotRequired[int]
    reporters: NotRequired[int]
    together: NotRequired[list[str]]
    share_together: NotRequired[float]
    usual: NotRequired[float]


@dataclass(frozen=True, slots=True)
class SuspensionDetails:
    """What a wave of suspensions is made of.

    Parameters
    ----------
    end
        When the last account fell, in microseconds; None where nothing was counted yet.
    accounts
        Accounts known of in all.
    leaders
        A ledger for each audience, most fallen first.
    hosts, clients, reasons
        The fallen by each.
    limited
        Accounts limited meanwhile by host; they are no part of the wave.
    reported
        How many of the fallen had been reported before they fell.
    called
        Hosts and clients that stood out by themselves.
    baseline
        Events a tick brought before the wave; None in states of earlier versions.
    """

    kind: ClassVar[WaveKind] = WaveKind.FALLS

    end: int | None = None
    accounts: int = 0
    leaders: tuple[LeaderLedger, ...] = ()
    hosts: Mapping[str, int] = field(default_factory=dict)
    clients: Mapping[str, int] = field(default_factory=dict)
    limited: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    reported: int = 0
    called: tuple[StreamKey, ...] | None = None
    baseline: float | None = None

    @property
    def hit_leaders(self) -> tuple[LeaderLedger, ...]:
        """Ledgers of the audiences that are named as hit."""
        return tuple(ledger for ledger in self.leaders if ledger.hit)

    def may_name(self, stream: StreamKey) -> bool:
        """Whether the host or application of a stream has enough of the fallen to be named."""
        groups = {StreamKind.HOST: self.hosts, StreamKind.CLIENT: self.clients}
        counted = groups.get(stream.kind)
        return counted is None or stream.name in nameable(counted)

    def to_json(self) -> SuspensionDetailsJson:
        """The stored form."""
        plain: SuspensionDetailsJson = {"kind": self.kind.value}
        if self.end is not None:
            plain["end"] = self.end
        if self.end is not None or self.accounts or self.leaders:
            plain |= {
                "accounts": self.accounts,
                "leaders": [ledger.to_json() for ledger in self.leaders],
                "hosts": dict(self.hosts),
                "clients": dict(self.clients),
                "limited": dict(self.limited),
                "reasons": dict(self.reasons),
                "reported": self.reported,
            }
        if self.called is not None:
            plain["called"] = [str(key) for key in self.called]
        if self.baseline is not None:
            plain["usual"] = self.baseline
        return plain

    @classmethod
    def from_json(cls, plain: SuspensionDetailsJson) -> SuspensionDetails:
        """From the stored form."""
        called = plain.get("called")
        return cls(
            plain.get("end"),
            plain.get("accounts", 0),
            tuple(LeaderLedger.from_json(entry) for entry in plain.get("leaders", [])),
            plain.get("hosts", {}),
            plain.get("clients", {}),
            plain.get("limited", {}),
            plain.get("reasons", {}),
            plain.get("reported", 0),
            None if called is None else tuple(StreamKey.parse(text) for text in called),
            plain.get("usual"),
        )


@dataclass(frozen=True, slots=True)
class ReportDetails:
    """What a burst of reports is made of.

    Parameters
    ----------
    targets
        The reported accounts, most reported first.
    reports, reporters
        How many reports, and by how many accounts.
    together
        Reporters of two or more of the targets; of a crew, its members. An honest pile-on has few.
    share_together
        Their part of all reporters, from 0 to 1.
    baseline
        Reports a tick brought before; None where that is not known.
    """

    kind: ClassVar[WaveKind] = WaveKind.REPORTS

    targets: tuple[TargetCount, ...] = ()
    reports: int = 0
    reporters: int = 0
    together: tuple[str, ...] = ()
    share_together: float = 0.0
    baseline: float | None = None

    def to_json(self) -> ReportDetailsJson:
        """The stored form."""
        plain: ReportDetailsJson = {
            "kind": self.kind.value,
            "targets": [target.to_json() for target in self.targets],
            "reports": self.reports,
            "reporters": self.reporters,
            "together": list(self.together),
            "share_together": self.share_together,
        }
        if self.baseline is not None:
            plain["usual"] = self.baseline
        return plain

    @classmethod
    def from_json(cls, plain: ReportDetailsJson) -> ReportDetails:
        """From the stored form."""
        return cls(
            tuple(TargetCount.from_json(entry) for entry in plain.get("targets", [])),
            plain.get("reports", 0),
            plain.get("reporters", 0),
            tuple(plain.get("together", [])),
            plain.get("share_together", 0.0),
            plain.get("usual"),
        )


WaveDetails = SuspensionDetails | ReportDetails


def parse_details(text: str) -> WaveDetails:
    """Details from the JSON text of the table `waves`; of suspensions unless it says otherwise."""
    plain = json.loads(text)
    if plain.get("kind", WaveKind.FALLS.value) == WaveKind.REPORTS.value:
        return ReportDetails.from_json(plain)
    return SuspensionDetails.from_json(plain)


@dataclass(frozen=True, slots=True)
class Wave:
    """A wave or a burst as it is stored.

    Parameters
    ----------
    id
        Its number, from 1.
    stream
        The stream that called it first.
    begin, opened, closed
        When it began, when it was called, and when it ended (None while it is on): microseconds.
    fallen, returned
        Fallen accounts and those of them that are back; of a burst, reporters and 0.
    expected
        Events that would have been usual in that time.
    evidence
        Log evidence when it was called.
    details
        What it is made of.
    """

    id: int
    stream: StreamKey
    begin: int
    opened: int
    closed: int | None
    fallen: int
    returned: int
    expected: float
    evidence: float
    details: WaveDetails

    @property
    def kind(self) -> WaveKind:
        """Whether it counts suspensions or reports."""
        return self.details.kind

    @property
    def ledgers(self) -> tuple[LeaderLedger, ...]:
        """The ledgers of the watched audiences; none of a burst."""
        return self.details.leaders if isinstance(self.details, SuspensionDetails) else ()

    @property
    def called(self) -> tuple[StreamKey, ...]:
        """Hosts and clients that stood out by themselves; none of a burst."""
        return (self.details.called or ()) if isinstance(self.details, SuspensionDetails) else ()

    @property
    def targets(self) -> tuple[TargetCount, ...]:
        """The reported accounts of a burst, most reported first; none of a wave of suspensions."""
        return self.details.targets if isinstance(self.details, ReportDetails) else ()

    @property
    def together(self) -> tuple[str, ...]:
        """Reporters of several targets of a burst; none of a wave of suspensions."""
        return self.details.together if isinstance(self.details, ReportDetails) else ()
