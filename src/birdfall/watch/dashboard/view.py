"""What a page asks for, whatever is shown: a running watch (`state_view`) or a finished case
(`case_view`).

Accounts are pseudonyms on pages, but for watched leaders and accounts a case lists as public; lists
with platform ids are downloads, which a person asks for. Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from birdfall.tell.first_screen import KeyNumber
from birdfall.tell.sentences import CaseVerdict
from birdfall.tell.words import Words
from birdfall.watch.dashboard.charts import Chart
from birdfall.watch.model.wave import WaveKind
from birdfall.watch.store.queries.alerts import ChannelCount

#: Pages a visitor can go to, in order; a case has no rules.
PAGES: Final[tuple[str, ...]] = ("now", "waves", "reporters", "rules", "sources")


class Situation(StrEnum):
    """How things stand, as the first page says it; the values are keys of its words."""

    QUIET = "quiet"
    UNUSUAL = "unusual"
    YOUNG = "young"
    WAVE = "wave"
    REPORTS = "reports"
    ENDED = "ended"
    NO_DATA = "nodata"
    STOPPED = "stopped"
    #: of a finished case: waves were found, none was found, nobody asked
    FOUND = "found"
    NONE = "none"
    UNMEASURED = "unmeasured"


class SourceState(StrEnum):
    """How a source stands; the values are keys of the page's words."""

    UP = "up"
    DOWN = "down"
    SILENT = "mute"
    OVER = "over"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class AudienceEntry:
    """One leader's audience in a wave; None where it was not measured.

    Attributes
    ----------
    leader, name
        Id of the leader, and what the page calls it.
    before, after, now
        Followers before the wave, at their lowest, and now.
    suspended, returned
        Followers that fell in the wave, and those of them that are back.
    odds_ratio, or_low, or_high
        Odds of a follower to fall against those of others, with the bounds of the 95 % interval.
    hit
        Whether the wave hit this audience.
    """

    leader: str
    name: str
    before: int | None
    suspended: int
    returned: int | None
    after: int | None
    now: int | None
    odds_ratio: float | None
    or_low: float | None
    or_high: float | None
    hit: bool


@dataclass(frozen=True, slots=True)
class TargetEntry:
    """A reported account. name: its pseudonym. fell: when it fell from the burst on, or None."""

    target: str
    name: str
    reporters: int
    fell: int | None


@dataclass(frozen=True, slots=True)
class BurstLink:
    """The burst of reports that came before a wave. together: reporters of several targets."""

    id: int
    reporters: int
    together: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveEntry:
    """A wave of suspensions or a burst of reports.

    Attributes
    ----------
    begin, opened, closed
        When it began, when it was called, and when it ended; None while it is on.
    size, returned
        Fallen accounts (reporters, of a burst), and those that are back; None if not measured.
    expected
        Events that would have been usual in that time.
    delay
        Seconds from the begin to the call; None for a case.
    seconds
        How long it lasted, at least 1.
    leaders
        Audiences, most fallen first.
    reasons, hosts, clients
        The fallen by the platform's reason, host and app.
    reported
        Fallen accounts that had been reported before; None if not measured.
    targets, fell, together, reports
        Of a burst: its targets, how many of them fell, reporters of several targets, and reports.
    gaps
        How often a source was not watched shortly before or during it.
    young
        Seconds the watch had run before it, if that was under an hour.
    burst
        The burst of reports before a wave.
    can_make_case, has_accounts
        Whether all of it is still stored, for a case, and for lists of accounts.
    near
        Its chart in fine steps, where one is shown.
    """

    id: int
    kind: WaveKind
    begin: int
    opened: int
    closed: int | None
    size: int
    returned: int | None
    expected: float
    delay: float | None
    seconds: float
    leaders: tuple[AudienceEntry, ...] = ()
    reasons: Mapping[str, int] = field(default_factory=dict)
    hosts: Mapping[str, int] = field(default_factory=dict)
    clients: Mapping[str, int] = field(default_factory=dict)
    reported: int | None = None
    targets: tuple[TargetEntry, ...] = ()
    fell: int = 0
    together: int = 0
    reports: int | None = None
    gaps: int = 0
    young: float | None = None
    burst: BurstLink | None = None
    can_make_case: bool = True
    has_accounts: bool = True
    near: Chart | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """The first page.

    Attributes
    ----------
    state
        How things stand.
    waves
        Waves that are on, or the latest.
    count
        How many waves a case found.
    latest
        The moment up to which things are shown; None if there is none.
    down
        Names of sources that are lost or silent.
    chart, near
        What happened in general, and the first wave in fine steps.
    """

    state: Situation
    waves: tuple[WaveEntry, ...]
    count: int
    latest: int | None
    down: tuple[str, ...]
    chart: Chart | None
    near: Chart | None


@dataclass(frozen=True, slots=True)
class ReporterEntry:
    """A reporter of several targets. ever: its reports at all times. burst: the number of the
    burst.
    """

    reporter: str
    targets: int
    ever: int
    first: int | None = None
    last: int | None = None
    burst: int | None = None


@dataclass(frozen=True, slots=True)
class ReporterComparison:
    """Reporters that no burst names, and those of them who reported several accounts as quickly."""

    others: int
    similar: int


@dataclass(frozen=True, slots=True)
class ReportersPage:
    """The page of reporters. comparison: None where there is nobody to compare with."""

    bursts: tuple[WaveEntry, ...]
    rows: tuple[ReporterEntry, ...]
    comparison: ReporterComparison | None


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """A rule of the watch.

    Attributes
    ----------
    on
        What its alerts are about.
    narrowing
        Leader, host and client it is limited to.
    is_default
        Whether it is one of Birdfall's own, whose name is translated.
    fires, days, moments
        How often it would have fired in how many days of history, and when last; None if untried.
    untried_why
        Why it could not be tried on history, a code.
    alerts
        Alerts it has sent.
    """

    name: str
    on: str
    narrowing: tuple[str, ...]
    notify: tuple[str, ...]
    at_least: int
    is_default: bool
    fires: int | None
    days: float | None
    moments: tuple[int, ...]
    untried_why: str
    alerts: int


@dataclass(frozen=True, slots=True)
class AlertEntry:
    """An alert that was raised.

    Attributes
    ----------
    rules
        Names of the rules that fired it.
    subject
        What it is about: all news of one wave, or of one source, have the same.
    news
        What it says, a code: `falls-opened`, `reports-grown`, `returned`, `no-data`, `data-again`.
    wave
        The number of the wave; 0 where it is about a source.
    size
        Accounts that fell, reported or came back; seconds without data.
    of
        Fallen accounts, where it says how many came back; else 0.
    source
        The source; "" where it is about a wave.
    """

    id: int
    key: str
    rules: tuple[str, ...]
    time: int
    subject: str
    news: str
    wave: int
    size: int
    of: int
    source: str


@dataclass(frozen=True, slots=True)
class RulesPage:
    """The page of rules, and how alerts fare on each channel."""

    rules: tuple[RuleEntry, ...] = ()
    channels: tuple[ChannelCount, ...] = ()


@dataclass(frozen=True, slots=True)
class GapEntry:
    """A time a source was not watched. why: a code, or words of the source."""

    begin: int
    end: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEntry:
    """A source.

    Attributes
    ----------
    said
        What was last wrong with its connection.
    heard
        When it was last heard; None if never.
    lost_at
        When its connection changed or it was last heard, whichever is later; 0 if never.
    lag
        Seconds between the last event and its arrival.
    steps, refused
        Messages that came, and those that could not be decoded; None for a case.
    """

    source: str
    state: SourceState
    said: str = ""
    heard: int | None = None
    lost_at: int = 0
    lag: float | None = None
    steps: int | None = None
    refused: int | None = None
    gaps: tuple[GapEntry, ...] = ()

    @property
    def is_lost(self) -> bool:
        """Whether the source is not heard now, though a watch runs."""
        return self.state in (SourceState.DOWN, SourceState.SILENT)


@dataclass(frozen=True, slots=True)
class StorageSummary:
    """What a watch keeps.

    Attributes
    ----------
    since
        From when on it has something to show.
    removes, removed
        Whether old data is removed, and whether any was.
    state_mb, raw_mb
        Sizes of the state and of raw events put away, in 10^6 bytes.
    over
        Whether the state alone is larger than its limit.
    """

    since: int
    removes: bool
    removed: bool
    state_mb: float
    raw_mb: float
    over: bool


@dataclass(frozen=True, slots=True)
class Headline:
    """What a finished case found, as its report says it. numbers: those of its first screen."""

    verdict: CaseVerdict
    numbers: tuple[KeyNumber, ...]


class LivePages:
    """What the pages of a watch have instead of a finished case's answer."""

    live = True
    #: Key of the words where no wave is listed.
    without_waves = "waves.none"

    def headline(self, say: Words) -> Headline | None:
        """None: a watch says how things stand."""
        del say
        return None


class View(Protocol):
    """What pages ask for."""

    live: bool
    pages: tuple[str, ...]

    @property
    def without_waves(self) -> str:
        """Key of the words where no wave is listed, of those of the dashboard."""
        ...

    def headline(self, say: Words) -> Headline | None:
        """The answer of a finished case; None over a watch, and where nothing was measured."""
        ...

    @property
    def zone(self) -> str:
        """The time zone of all times on these pages, an IANA name."""
        ...

    @property
    def simulated(self) -> bool:
        """Whether nothing on these pages happened to real accounts."""
        ...

    def version(self) -> str:
        """A text that changes whenever a page would look different."""
        ...

    def overview(self) -> Overview:
        """The first page."""
        ...

    def waves(self) -> tuple[WaveEntry, ...]:
        """Waves and bursts, latest first."""
        ...

    def wave(self, number: int) -> WaveEntry | None:
        """One of them with its chart; None if there is none of that number."""
        ...

    def reporters(self) -> ReportersPage:
        """Who reported several accounts together."""
        ...

    def rules(self) -> RulesPage:
        """Which alerts go where."""
        ...

    def sources(self) -> tuple[SourceEntry, ...]:
        """How each source stands."""
        ...

    def download(self, number: int, form: str) -> str | None:
        """Accounts of a wave as CSV; None if they are not there, or no longer stored."""
        ...

    def storage(self) -> StorageSummary | None:
        """What a watch keeps; None for a case."""
        ...

    def report(self) -> Path | None:
        """The report of the case that is shown; None if there is none."""
        ...
