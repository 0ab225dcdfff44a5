"""Pages over a watch. Each question opens its state anew, read-only: the watch is never held up."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from birdfall.model.units import HOUR_US, MINUTE_US
from birdfall.record.ids import keyed_pseudonym
from birdfall.watch.alerts.backtest import RuleBacktest
from birdfall.watch.alerts.delivery import MAX_TRIES
from birdfall.watch.alerts.handoff import export_wave
from birdfall.watch.alerts.rules import DEFAULT_RULES
from birdfall.watch.dashboard.bursts import (
    burst_reporters,
    burst_targets,
    compare_reporters,
    last_report_time,
)
from birdfall.watch.dashboard.charts import Chart, Count, TimeSpan, build_chart, usual_limit
from birdfall.watch.dashboard.view import (
    PAGES,
    AlertEntry,
    AudienceEntry,
    BurstLink,
    GapEntry,
    LivePages,
    Overview,
    ReporterEntry,
    ReportersPage,
    RuleEntry,
    RulesPage,
    Situation,
    SourceEntry,
    SourceState,
    StorageSummary,
    TargetEntry,
    WaveEntry,
)
from birdfall.watch.detect.detector_bank import LEARNING_TICKS
from birdfall.watch.detect.wave_contents import CHART_BEFORE_US, MAX_CHART_US, has_accounts
from birdfall.watch.engine.retention import size_of
from birdfall.watch.feeds.base import CONNECTED_BUT_SILENT, now
from birdfall.watch.model.alert import (
    DataAgainAlert,
    NoDataAlert,
    ReportsAlert,
    ReturnsAlert,
    SuspensionAlert,
)
from birdfall.watch.model.stream_key import ALL_FALLS, ALL_REPORTS, StreamKey
from birdfall.watch.model.ticks import TICK_US
from birdfall.watch.model.wave import (
    LeaderLedger,
    ReportDetails,
    SuspensionDetails,
    Wave,
    WaveKind,
    nameable,
)
from birdfall.watch.store.database import State
from birdfall.watch.store.lock import is_in_use
from birdfall.watch.store.pseudonym_key import pseudonym_key
from birdfall.watch.store.queries import sources as source_queries
from birdfall.watch.store.queries.accounts import handle_of
from birdfall.watch.store.queries.alerts import (
    AlertRow,
    count_alerts_by_rule,
    count_deliveries,
    find_alert,
    list_alerts,
    list_rules,
)
from birdfall.watch.store.queries.falls import count_falls_per_step
from birdfall.watch.store.queries.raw import raw_file_bytes
from birdfall.watch.store.queries.reports import count_reports_per_step
from birdfall.watch.store.queries.ticks import find_detector, list_ticks
from birdfall.watch.store.queries.waves import LISTED_WAVES, find_wave, list_waves

#: Gaps of a source that its page lists, and bursts on the page of reporters; latest first.
MAX_LISTED_GAPS, MAX_LISTED_BURSTS = 50, 20
#: Waves that ended within the last hour and are shown on the first page.
MAX_RECENT_WAVES: Final = 3
#: A burst of reports that began so long before a wave is shown with it.
MAX_BURST_LEAD_US: Final = HOUR_US
#: How far back the first page's chart goes.
OVERVIEW_US: Final = 2 * HOUR_US
#: Handles and ids in the words of a platform.
_NAMES: Final = re.compile(r"@[\w.:@-]+|\bdid:[\w.:%-]+\S*|\bu/\w+", re.UNICODE)


class StateView(LivePages):
    """Pages over the SQLite file of a watch.

    path: the file; its folder holds the key of the pages' pseudonyms.
    """

    zone = "UTC"
    pages: tuple[str, ...] = PAGES

    def __init__(self, path: Path) -> None:
        self.path = path
        self._key = pseudonym_key(path)

    @property
    def simulated(self) -> bool:
        """Whether who began the watch said that its data is simulated."""
        with closing(self._open()) as state:
            return state.meta("simulated") == "1"

    def version(self) -> str:
        """A text that changes with every stored change, report, alert, delivery and tick."""
        with closing(self._open()) as state:
            return source_queries.state_version(state)

    def overview(self) -> Overview:
        """The waves that are on, or that ended within the hour, and the last two hours."""
        with closing(self._open()) as state:
            waves = list_waves(state)
            latest = self._latest(state)
            on = [w for w in waves if w.closed is None]
            recent = [w for w in waves if w.closed and w.closed > latest - HOUR_US]
            shown = sorted(on or recent[:MAX_RECENT_WAVES], key=lambda w: w.kind != WaveKind.FALLS)
            counts = self._counts(state, ALL_FALLS, latest - OVERVIEW_US, latest, MINUTE_US)
            sources = self._sources(state)
            return Overview(
                _situation(on, recent, sources, counts, is_young=_is_young(state, latest)),
                tuple(self._wave_row(state, w, waves) for w in shown),
                0,
                latest,
                tuple(s.source for s in sources if s.is_lost),
                build_chart(
                    counts,
                    self._gaps(state, latest - OVERVIEW_US, latest),
                    MINUTE_US,
                    str(ALL_FALLS),
                ),
                self._near_chart(state, shown[0]) if shown else None,
            )

    def waves(self) -> tuple[WaveEntry, ...]:
        """The waves and bursts of which all is stored, latest first."""
        with closing(self._open()) as state:
            waves = list_waves(state)
            return tuple(self._wave_row(state, w, waves) for w in waves[:LISTED_WAVES])

    def wave(self, number: int) -> WaveEntry | None:
        """One wave or burst with its chart in ticks; None if there is none of that number."""
        with closing(self._open()) as state:
            found = find_wave(state, number)
            if found is None:
                return None
            return self._wave_row(
                state, found, list_waves(state), near=self._near_chart(state, found)
            )

    def reporters(self) -> ReportersPage:
        """The latest bursts, their reporters by pseudonym, and what others did."""
        with closing(self._open()) as state:
            every = [w for w in list_waves(state) if w.kind == WaveKind.REPORTS]
            bursts = every[:MAX_LISTED_BURSTS]
            rows = tuple(
                ReporterEntry(
                    self._pseudonym(r.reporter), r.targets, r.ever, r.first, r.last, burst.id
                )
                for burst in bursts
                for r in burst_reporters(state, burst)
            )
            return ReportersPage(
                tuple(self._wave_row(state, w, every) for w in bursts),
                rows,
                compare_reporters(state, every),
            )

    def rules(self) -> RulesPage:
        """The rules with what they would have done on history, and how alerts fare."""
        with closing(self._open()) as state:
            return RulesPage(self._rules(state), tuple(count_deliveries(state, MAX_TRIES)))

    def alerts(self, limit: int, before: int | None = None) -> tuple[AlertEntry, ...]:
        """The last alerts, latest first. before: the number of an alert; only earlier ones."""
        with closing(self._open()) as state:
            return tuple(_alert_entry(row) for row in list_alerts(state, limit, before))

    def alert(self, key: str) -> AlertEntry | None:
        """The alert of this key; None if none is kept."""
        with closing(self._open()) as state:
            row = find_alert(state, key)
            return None if row is None else _alert_entry(row)

    def sources(self) -> tuple[SourceEntry, ...]:
        """How each source stands, by name."""
        with closing(self._open()) as state:
            return self._sources(state)

    def download(self, number: int, form: str) -> str | None:
        """Accounts of a wave as CSV; None without that wave, or if they were removed."""
        with closing(self._open()) as state:
            found = find_wave(state, number)
            if found is None or not has_accounts(state, found):
                return None
            return export_wave(state, found, form)

    def storage(self) -> StorageSummary | None:
        """How much the watch keeps, and from when on."""
        with closing(self._open()) as state:
            size = size_of(self.path)
            limit = float(state.meta("keep_gigabytes", "0"))
            return StorageSummary(
                since=max(_first_seen(state), state.kept_from),
                removes=state.meta("keep_days") != "",
                removed=state.kept_from > 0,
                state_mb=size / 1e6,
                raw_mb=raw_file_bytes(state) / 1e6,
                over=0 < limit * 1e9 < size,
            )

    def report(self) -> Path | None:
        """None: a watch has no report of its own."""
        return None

    # -- parts -------------------------------------------------------------------------------------

    def _open(self) -> State:
        return State.open(self.path, read_only=True)

    def _latest(self, state: State) -> int:
        """The moment up to which pages show things: now, or when the last source was last heard."""
        if source_queries.has_connection(state) and self._is_running():
            return now()
        tick = int(state.meta("tick", "0")) * TICK_US
        return max(source_queries.latest_event(state), tick)

    def _is_running(self) -> bool:
        """Whether a watch writes this state: one that was killed could not say that it ended."""
        return is_in_use(self.path.parent) is not False

    def _rules(self, state: State) -> tuple[RuleEntry, ...]:
        sent = count_alerts_by_rule(state)
        defaults = {rule.name for rule in DEFAULT_RULES}
        rows = []
        for row in list_rules(state):
            rule = json.loads(row.rule)
            leader = self._leader_name(state, rule["leader"]) if rule.get("leader") else ""
            past = RuleBacktest.from_json(json.loads(row.backtest))
            rows.append(
                RuleEntry(
                    row.name,
                    rule["on"],
                    tuple(filter(None, (leader, rule.get("host"), rule.get("client")))),
                    tuple(rule["notify"]),
                    rule["at_least"],
                    row.name in defaults,
                    past.fires,
                    past.days,
                    tuple(past.at),
                    past.why,
                    sent.get(row.name, 0),
                )
            )
        return tuple(rows)

    def _sources(self, state: State) -> tuple[SourceEntry, ...]:
        running = self._is_running()
        return tuple(
            SourceEntry(
                source=row.source,
                state=_source_state(row, running),
                said=row.said,
                heard=row.received or None,
                lost_at=max(row.since, row.received),
                lag=max(row.received - row.event, 0) / 1e6 if row.event else None,
                steps=row.steps,
                refused=row.refused,
                gaps=tuple(
                    GapEntry(gap.begin, gap.end, gap.why)
                    for gap in source_queries.list_gaps_of(state, row.source, MAX_LISTED_GAPS)
                ),
            )
            for row in source_queries.list_sources(state)
        )

    def _gaps(self, state: State, begin: int, end: int) -> list[TimeSpan]:
        """Times within [begin, end] in which a source was not watched.

        That is before the watch began, in gaps since, and from when a source was lost that still
        is.
        """
        gaps = [
            TimeSpan(max(gap.begin, begin), min(gap.end, end))
            for gap in source_queries.list_gaps_within(state, begin, end)
        ]
        since = _first_seen(state)
        early = [TimeSpan(begin, min(since, end))] if since > begin else []
        lost = [s.lost_at for s in self._sources(state) if s.is_lost and s.lost_at]
        late = [TimeSpan(max(moment, begin), end) for moment in lost if moment < end]
        return early + gaps + late

    def _counts(
        self, state: State, stream: StreamKey, begin: int, end: int, step: int
    ) -> list[Count]:
        """What was observed and the most that is usual, per step of [begin, end].

        Events are counted anew, up to this moment. What is usual is stored with each tick that had
        events; between them the last one holds.
        """
        first = begin - begin % step
        steps = max(int((end - first) // step) + 1, 1)
        count = count_reports_per_step if stream.counts_reports else count_falls_per_step
        observed = count(state, first, step, steps)
        expected = [0.0] * steps
        ticks = list_ticks(state, stream, first, end)
        for tick in ticks:
            k = (tick.begin - first) // step
            expected[k] = max(expected[k], tick.expected)
        usual = ticks[0].expected if ticks else 0.0
        counts = []
        for k in range(steps):
            usual = expected[k] or usual
            high = round(usual_limit(usual, step), 2)
            counts.append(Count(first + k * step, observed.get(k, 0), high))
        return counts

    def _near_chart(self, state: State, wave: Wave) -> Chart:
        """The chart of a wave in ticks."""
        end = max(wave.closed or self._latest(state), wave.begin + MINUTE_US)
        end = min(end, wave.begin + MAX_CHART_US) + MINUTE_US
        begin = wave.begin - CHART_BEFORE_US
        stream = ALL_FALLS if wave.kind == WaveKind.FALLS else ALL_REPORTS
        counts = self._counts(state, stream, begin, end, TICK_US)
        return build_chart(counts, self._gaps(state, begin, end), TICK_US, str(stream))

    def _wave_row(
        self, state: State, wave: Wave, every: Sequence[Wave], near: Chart | None = None
    ) -> WaveEntry:
        details = wave.details
        falls = details if isinstance(details, SuspensionDetails) else SuspensionDetails()
        end = _end_of(state, wave)
        since = _first_seen(state)
        gaps = self._gaps(state, max(wave.begin - HOUR_US, since), wave.closed or end)
        targets = burst_targets(state, wave) if wave.kind == WaveKind.REPORTS else ()
        watched = wave.begin - since
        return WaveEntry(
            id=wave.id,
            kind=wave.kind,
            begin=wave.begin,
            opened=wave.opened,
            closed=wave.closed,
            size=wave.fallen,
            returned=wave.returned,
            expected=wave.expected,
            delay=(wave.opened - wave.begin) / 1e6,
            seconds=max((end - wave.begin) / 1e6, 1.0),
            leaders=tuple(self._audience_row(state, ledger) for ledger in wave.ledgers),
            reasons=_without_names(falls.reasons),
            hosts=nameable(falls.hosts),
            clients=nameable(falls.clients),
            reported=falls.reported,
            targets=tuple(
                TargetEntry(t.target, self._pseudonym(t.target), t.reporters, t.fell)
                for t in targets
            ),
            fell=sum(t.fell is not None for t in targets),
            together=len(wave.together),
            reports=details.reports if isinstance(details, ReportDetails) else None,
            gaps=len(gaps),
            young=watched / 1e6 if watched < HOUR_US else None,
            burst=_burst_before(wave, end, every),
            can_make_case=wave.begin >= state.kept_from,
            has_accounts=has_accounts(state, wave),
            near=near,
        )

    def _audience_row(self, state: State, ledger: LeaderLedger) -> AudienceEntry:
        return AudienceEntry(
            ledger.leader,
            self._leader_name(state, ledger.leader),
            ledger.before,
            ledger.suspended,
            ledger.returned,
            ledger.after,
            ledger.now,
            ledger.odds_ratio,
            ledger.or_low,
            ledger.or_high,
            ledger.hit,
        )

    def _leader_name(self, state: State, account: str) -> str:
        handle = handle_of(state, account)
        return f"@{handle}" if handle else account

    def _pseudonym(self, account: str) -> str:
        return keyed_pseudonym(account, self._key)


def _alert_entry(row: AlertRow) -> AlertEntry:
    alert = row.alert
    wave, source, of = 0, "", 0
    match alert:
        case SuspensionAlert() | ReportsAlert():
            wave, news = alert.wave, f"{alert.kind.value}-{alert.stage.value}"
        case ReturnsAlert():
            wave, news, of = alert.wave, "returned", alert.fallen
        case DataAgainAlert():
            source, news = alert.source, "data-again"
        case NoDataAlert():
            source, news = alert.source, "no-data"
    subject = f"wave:{wave}" if wave else f"source:{source}"
    return AlertEntry(
        row.id, row.key, row.rules, row.time, subject, news, wave, alert.size, of, source
    )


def _situation(
    on: Sequence[Wave],
    recent: Sequence[Wave],
    sources: Sequence[SourceEntry],
    counts: Sequence[Count],
    *,
    is_young: bool,
) -> Situation:
    """How things stand. on: waves that are on; recent: those that ended within the hour."""
    if any(s.state is SourceState.STOPPED for s in sources):
        return Situation.STOPPED
    if on:
        falls = any(w.kind == WaveKind.FALLS for w in on)
        return Situation.WAVE if falls else Situation.REPORTS
    if any(s.is_lost for s in sources):
        return Situation.NO_DATA
    if recent:
        return Situation.ENDED
    if is_young:
        return Situation.YOUNG
    unusual = any(c.observed > c.high for c in counts[-60:])
    return Situation.UNUSUAL if unusual else Situation.QUIET


def _source_state(row: source_queries.SourceRow, running: bool) -> SourceState:
    ended = not row.connected and (row.source.startswith("recording:") or row.source == "-")
    if not running and not ended:
        return SourceState.STOPPED
    if row.connected:
        return SourceState.UP
    if ended:
        return SourceState.OVER
    return SourceState.SILENT if row.said == CONNECTED_BUT_SILENT else SourceState.DOWN


def _first_seen(state: State) -> int:
    """From when on there is something to see: a stream may tell of the time before the watch."""
    first = source_queries.first_observation(state)
    return int(state.meta("begun", "0")) if first is None else first


def _end_of(state: State, wave: Wave) -> int:
    """When a wave or burst ended, as far as is known."""
    if isinstance(wave.details, SuspensionDetails):
        end = int(wave.details.end or wave.closed or wave.opened)
    else:
        end = last_report_time(state, wave)
    return min(end, wave.closed or end)


def _burst_before(wave: Wave, end: int, every: Sequence[Wave]) -> BurstLink | None:
    """The burst of reports that began shortly before or during a wave of suspensions."""
    if wave.kind != WaveKind.FALLS:
        return None
    begin = wave.begin - MAX_BURST_LEAD_US
    for other in every:
        if other.kind == WaveKind.REPORTS and begin < other.begin <= end:
            return BurstLink(other.id, other.fallen, len(other.together))
    return None


def _is_young(state: State, latest: int) -> bool:
    """Whether the watch has not yet seen so much that it could call anything."""
    detector = find_detector(state, ALL_FALLS)
    if detector is None:
        return True
    # ticks in which nothing came are not stored one by one
    ticks = detector["ticks"] + max(latest // TICK_US - detector["tick"], 0)
    return bool(ticks < LEARNING_TICKS)


def _without_names(reasons: Mapping[str, int]) -> dict[str, int]:
    """What the platform said why, by how many fell for it; whoever it names there is left out."""
    found: Counter[str] = Counter()
    for reason, number in reasons.items():
        if reason:
            found[_NAMES.sub("@…", reason)] += number
    return dict(found.most_common())
