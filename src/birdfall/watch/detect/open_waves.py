"""Waves and bursts that are on: when one begins, what it is made of, how long it lasts, and when it
is over.

Of each kind (suspensions, reports) one wave is on at a time. Evidence comes from the detector bank;
what a wave is made of is counted anew from the state.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from birdfall.watch.detect import wave_contents
from birdfall.watch.detect.detector_bank import ONSET_HISTORY_TICKS, DetectorBank
from birdfall.watch.detect.wave_returns import find_returns
from birdfall.watch.model.alert import WaveStage
from birdfall.watch.model.news import ReturnNews, WaveNews
from birdfall.watch.model.stream_key import ALL_FALLS, ALL_REPORTS, StreamKey, StreamKind
from birdfall.watch.model.ticks import FOREVER_US, TICK_US
from birdfall.watch.model.wave import ReportDetails, SuspensionDetails, WaveDetails, WaveKind
from birdfall.watch.store.database import State
from birdfall.watch.store.queries import waves as wave_store
from birdfall.watch.store.queries.alerts import last_announced_size
from birdfall.watch.store.queries.reports import first_report_time, list_targets_of_several

#: A wave is over after so many quiet ticks, an hour at most, or after as many as its own rate would
#: leave quiet in one wave of twenty.
MIN_QUIET_TICKS, MAX_QUIET_TICKS, FALSE_END_CHANCE = 12, 360, 0.05
#: The chance that a burst names an account that is not under fire.
FALSE_TARGET_CHANCE: Final = 0.01
#: A wave is announced again when it has grown by this factor.
GROWTH_FACTOR: Final = 2.0
#: Called streams whose onsets are compared when a wave begins.
MAX_ONSET_STREAMS: Final = 5
#: Within a batch a tick is judged again from so many events on, each time it has grown by this
#: factor.
MIN_REEVALUATED_EVENTS, REEVALUATION_FACTOR = 4.0, 1.33


@dataclass
class OpenWave:
    """A wave that is on.

    Parameters
    ----------
    number, stream, begin
        Its number, the stream that called it first, and when it began (microseconds).
    announced_size
        Its size when it was last announced; 0 before.
    targets
        Accounts under fire, with the tick in which each was called.
    called
        Hosts and clients that stood out by themselves.
    baseline
        Events a tick brought before it began.
    quiet_ticks
        Ticks since any of its streams brought more than is usual.
    counted_from, events, own_quiet_ticks
        The tick from which events of its own stream are counted, these events, and ticks since that
        stream brought more than is usual.
    """

    number: int
    stream: StreamKey
    begin: int
    announced_size: int = 0
    targets: dict[str, int] = field(default_factory=dict)
    called: set[StreamKey] = field(default_factory=set)
    baseline: float = 0.0
    quiet_ticks: int = 0
    counted_from: int = 0
    events: float = 0.0
    own_quiet_ticks: int = 0

    def owns(self, stream: StreamKey) -> bool:
        """Whether events of a stream are of this wave's kind."""
        return stream.counts_reports == self.stream.counts_reports

    def extend(self, called: Iterable[StreamKey], tick: int) -> None:
        """Further streams were called."""
        for stream in called:
            if stream.kind in (StreamKind.HOST, StreamKind.CLIENT):
                self.called.add(stream)
            if stream.kind is StreamKind.TARGET:
                self.targets.setdefault(stream.name, tick)

    def expected_until(self, end: int) -> float:
        """Events that would have been usual until `end` (microseconds)."""
        return self.baseline * max(end - self.begin, 1) / TICK_US


class OpenWaves:
    """The waves that are on.

    Parameters
    ----------
    state
        Where waves are kept; all methods but `restore` are called inside a transaction.
    bank
        The detectors.
    announce, announce_returns
        Take news as they arise.
    recount_every
        Seconds between counts of what a wave is made of, however fast events come.

    Attributes
    ----------
    by_kind
        The open wave of each kind.
    latest
        The latest moment an event of which was judged, in microseconds.
    as_of
        Up to when stored events count: within a batch no further than it is judged, else all.
    """

    def __init__(
        self,
        state: State,
        bank: DetectorBank,
        *,
        announce: Callable[[WaveNews], None],
        announce_returns: Callable[[ReturnNews], None],
        recount_every: float = 1.0,
    ) -> None:
        self.by_kind: dict[WaveKind, OpenWave] = {}
        self.latest = 0
        self.as_of = FOREVER_US
        self._state, self._bank = state, bank
        self._announce, self._announce_returns = announce, announce_returns
        self._recount_every = recount_every
        self._next_recount = 0.0
        #: kinds of which something came since the last count, and the tick in which that was
        self._changed: set[WaveKind] = {WaveKind.FALLS, WaveKind.REPORTS}
        self._counted_tick = -1
        self._evaluated_count: dict[WaveKind, float] = {}

    def restore(self) -> None:
        """Take up the waves that were on when the last watch ended."""
        for wave in wave_store.list_waves(self._state, open_only=True):
            open_wave = OpenWave(
                wave.id,
                wave.stream,
                wave.begin,
                announced_size=last_announced_size(self._state, wave.id),
                targets=dict.fromkeys((t.target for t in wave.targets), 0),
                called=set(wave.called),
                baseline=wave.details.baseline or 0.0,
            )
            self.by_kind[wave.kind] = open_wave
            self._count_own_events(open_wave)

    @property
    def moment(self) -> int:
        """The latest moment that was judged: of an event, or the begin of the open tick."""
        return max(self.latest, self._bank.tick * TICK_US)

    # -- what came ----------------------------------------------------------------------------

    def mark_for_recount(self, kinds: Iterable[WaveKind]) -> None:
        """Something of these kinds was stored: what is on is counted anew."""
        self._changed |= set(kinds)

    def follow_event(self, moment: int) -> None:
        """Judge as if no event after `moment` were stored yet."""
        self.latest = self.as_of = max(self.latest, moment)

    def end_batch(self, kinds: Iterable[WaveKind]) -> None:
        """All stored events count again; what was counted within the batch is counted anew."""
        self.as_of = FOREVER_US
        self.mark_for_recount(kinds)

    def reevaluate_within_batch(self, kind: WaveKind) -> None:
        """Evaluate each time a tick has grown by a third: alarms come as they would live."""
        if kind in self.by_kind:
            return
        stream = ALL_FALLS if kind is WaveKind.FALLS else ALL_REPORTS
        count = float(self._bank.count[self._bank.row[stream]])
        if count < self._evaluated_count.get(kind, 0.0):
            self._evaluated_count[kind] = 0.0
        grown = REEVALUATION_FACTOR * self._evaluated_count.get(kind, 0.0)
        if count >= max(MIN_REEVALUATED_EVENTS, grown):
            self._evaluated_count[kind] = count
            self.evaluate()

    # -- evaluation ---------------------------------------------------------------------------

    def evaluate(self, *, recount: bool = False) -> None:
        """Begin and extend waves by the evidence of the open tick. recount: count anew what they
        are made of, now."""
        if self._bank.count[: len(self._bank)].any():
            evidence = self._bank.evidence()
            called = self._bank.significant_streams(evidence)
            for kind in WaveKind:
                reports = kind is WaveKind.REPORTS
                mine = [stream for stream in called if stream.counts_reports == reports]
                if mine and kind not in self.by_kind:
                    self._begin(kind, mine, float(evidence[self._bank.row[mine[0]]]))
                    recount = True
                elif mine:
                    self.by_kind[kind].extend(mine, self._bank.tick)
            if WaveKind.REPORTS in self.by_kind:
                self._join_targets(self.by_kind[WaveKind.REPORTS], evidence)
        if recount or time.monotonic() >= self._next_recount:
            self._recount(recount or self._bank.tick != self._counted_tick)
            self._next_recount = time.monotonic() + self._recount_every

    def teaching_mask(self) -> np.ndarray:
        """For which streams the open tick is ordinary time, bool[K]: no wave is on there."""
        teach = np.ones(len(self._bank), np.bool_)
        for kind in self.by_kind:
            reports = self._bank.report_mask()
            teach &= ~reports if kind is WaveKind.REPORTS else reports
        return teach

    def close_tick(
        self, above_baseline: dict[StreamKey, bool], counts: np.ndarray, expected: np.ndarray
    ) -> None:
        """A tick has ended: waves that have been quiet long enough are over.

        Parameters
        ----------
        above_baseline
            Streams in which something came, and whether that was more than is usual.
        counts, expected
            Events of the tick, and the most that was expected of it, float64[K].
        """
        for wave in list(self.by_kind.values()):
            k = self._bank.row.get(wave.stream, -1)
            wave.events += float(counts[k]) if k >= 0 else 0.0
            wave.own_quiet_ticks = (
                0 if above_baseline.get(wave.stream) else wave.own_quiet_ticks + 1
            )
            active = any(above for stream, above in above_baseline.items() if wave.owns(stream))
            wave.quiet_ticks = 0 if active else wave.quiet_ticks + 1
            if wave.quiet_ticks >= MIN_QUIET_TICKS and (
                k < 0 or wave.own_quiet_ticks >= self._quiet_limit(wave, float(expected[k]))
            ):
                self._end(wave)

    def end_of(self, wave: OpenWave) -> int:
        """Until when a wave lasts as far as is known: now, or the end of its last tick above the
        usual."""
        if not wave.quiet_ticks:
            return max(self.moment, wave.begin)
        last_tick_end = (self._bank.tick - wave.quiet_ticks) * TICK_US - 1
        return max(min(last_tick_end, self.moment), wave.begin)

    # -- one wave -----------------------------------------------------------------------------

    def _begin(self, kind: WaveKind, called: list[StreamKey], evidence: float) -> None:
        onset = min(self._bank.onset(stream) for stream in called[:MAX_ONSET_STREAMS]) * TICK_US
        moment = max(self.moment, onset)
        total = ALL_FALLS if kind is WaveKind.FALLS else ALL_REPORTS
        if kind is WaveKind.FALLS:
            baseline = self._bank.rate_before(total, onset // TICK_US)
            begin = wave_contents.find_begin(self._state, onset, moment, baseline)
        else:
            first = first_report_time(self._state, onset)
            begin = onset if first is None else first
        baseline = self._bank.rate_before(total, begin // TICK_US)
        wave = OpenWave(0, called[0], begin, baseline=baseline)
        wave.extend(called, self._bank.tick)
        self._count_own_events(wave)
        details: WaveDetails = (
            SuspensionDetails(baseline=baseline)
            if kind is WaveKind.FALLS
            else ReportDetails(baseline=baseline)
        )
        wave.number = wave_store.insert_wave(
            self._state,
            stream=called[0],
            begin=begin,
            opened=moment,
            closed=None,
            fallen=0,
            returned=0,
            expected=wave.expected_until(moment),
            evidence=evidence,
            details=details,
        )
        self.by_kind[kind] = wave

    def _count_own_events(self, wave: OpenWave) -> None:
        """Events of its stream since it began, or since as long as counts are remembered."""
        tick = self._bank.tick
        wave.counted_from = max(wave.begin // TICK_US, tick - ONSET_HISTORY_TICKS)
        if wave.stream in self._bank.row:
            since = np.arange(wave.counted_from, tick) % ONSET_HISTORY_TICKS
            wave.events = float(self._bank.recent[self._bank.row[wave.stream], since].sum())

    def _quiet_limit(self, wave: OpenWave, expected: float) -> float:
        """Ticks of its own stream's silence after which a wave is over: a sparse one falls silent
        by chance."""
        ticks = max(self._bank.tick - wave.own_quiet_ticks - wave.counted_from, 1)
        # nothing is a wave below twice what is expected: else one that has faded into the usual
        # would never be over
        rate = max(wave.events / ticks, 2 * expected, 1e-9)
        limit = np.log((1 + wave.events) / FALSE_END_CHANCE) / rate
        return float(np.clip(limit, MIN_QUIET_TICKS, MAX_QUIET_TICKS))

    def _join_targets(self, burst: OpenWave, evidence: np.ndarray) -> None:
        """Name further accounts that a burst hits, once some are called.

        That there is a burst the budget of false alarms has answered; who else is under fire is
        asked of the reported accounts alone. Evidence less its number of ticks is a martingale, so
        by chance any of them passes this at any time with `FALSE_TARGET_CHANCE` at most.
        """
        if not burst.targets:
            return
        rows = np.flatnonzero(self._bank.target_mask())
        ticks = np.maximum(self._bank.ticks[rows], 1.0)
        enough = np.log(ticks * len(rows) / FALSE_TARGET_CHANCE)
        joined = rows[evidence[rows] >= enough]
        burst.extend([self._bank.streams[k] for k in joined], self._bank.tick)

    def _recount(self, everything: bool) -> None:
        """Count anew what came something of; everything in each tick, as audiences grow by
        themselves."""
        for kind, wave in list(self.by_kind.items()):
            if everything or kind in self._changed:
                self._update(kind, wave)
        if everything or WaveKind.FALLS in self._changed:
            news = find_returns(self._state, self.moment, self.as_of)
            if news is not None:
                self._announce_returns(news)
        self._changed.clear()
        self._counted_tick = self._bank.tick

    def _update(self, kind: WaveKind, wave: OpenWave) -> None:
        end = self.end_of(wave)
        size, returned, details = self._describe(kind, wave, end)
        expected = wave.expected_until(end)
        wave_store.update_wave(
            self._state,
            wave.number,
            fallen=size,
            returned=returned,
            expected=expected,
            details=details,
        )
        if size >= max(wave.announced_size * GROWTH_FACTOR, 1):
            stage = WaveStage.GROWN if wave.announced_size else WaveStage.OPENED
            self._announce(
                WaveNews(wave.number, wave.stream, wave.begin, stage, end, size, expected, details)
            )
            wave.announced_size = size

    def _describe(self, kind: WaveKind, wave: OpenWave, end: int) -> tuple[int, int, WaveDetails]:
        """(size, returned, details) of a wave up to `end`."""
        if kind is WaveKind.FALLS:
            size, returned, details = wave_contents.describe_suspensions(
                self._state, wave.begin, end, self.as_of
            )
            called = tuple(sorted(wave.called))
            return size, returned, replace(details, called=called, baseline=wave.baseline)
        targets = sorted(wave.targets) or list_targets_of_several(self._state, wave.begin, end)
        burst = wave_contents.describe_reports(self._state, wave.begin, end, targets)
        return burst.reporters, 0, replace(burst, baseline=wave.baseline)

    def _end(self, wave: OpenWave) -> None:
        kind = next(kind for kind, other in self.by_kind.items() if other is wave)
        end = self.end_of(wave)
        size, returned, details = self._describe(kind, wave, end)
        expected = wave.expected_until(end)
        wave_store.update_wave(
            self._state,
            wave.number,
            closed=end,
            fallen=size,
            returned=returned,
            expected=expected,
            details=details,
        )
        stage = WaveStage.CLOSED
        self._announce(
            WaveNews(wave.number, wave.stream, wave.begin, stage, end, size, expected, details)
        )
        del self.by_kind[kind]
        self._bank.reset_evidence([s for s in self._bank.streams if wave.owns(s)])
