"""Waves and bursts that are on: when one begins, what it is made of, how long it lasts, and when it
is over.

Of each kind (suspensions, reports) one wave is on at a time. Evidence comes from the detector bank;
what a wave is made of is counted anew from the state. When it is looked at whether there is news
follows from the events alone, never from how they were cut into batches or from the machine's
clock: so a watch that was killed tells the same, dated the same.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final, TypedDict

import numpy as np

from birdfall.watch.detect import wave_contents
from birdfall.watch.detect.detector_bank import ONSET_HISTORY_TICKS, DetectorBank
from birdfall.watch.detect.open_wave import OpenWave, OpenWaveJson
from birdfall.watch.detect.wave_returns import find_returns
from birdfall.watch.model.alert import WaveStage
from birdfall.watch.model.news import ReturnNews, WaveNews
from birdfall.watch.model.stream_key import ALL_FALLS, ALL_REPORTS, StreamKey
from birdfall.watch.model.ticks import TICK_US
from birdfall.watch.model.wave import ReportDetails, SuspensionDetails, WaveDetails, WaveKind
from birdfall.watch.store.database import State
from birdfall.watch.store.queries import waves as wave_store
from birdfall.watch.store.queries.alerts import last_announced_size
from birdfall.watch.store.queries.falls import stage_fallen
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
#: A tick is judged at its end, and within it after each event from the second to the 16th, then
#: each time it has grown by a tenth: at these numbers of events.
JUDGED_COUNTS: Final = frozenset((*range(2, 17), *(int(16 * 1.1**n) for n in range(1, 200))))


class OpenWavesJson(TypedDict, total=False):
    """What is kept beside the rows of waves. latest: microseconds."""

    latest: int
    waves: list[OpenWaveJson]


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
        self._state, self._bank = state, bank
        self._announce, self._announce_returns = announce, announce_returns
        self._recount_every = recount_every
        self._next_recount = 0.0
        #: kinds of which something came since the last count, and the tick in which that was
        self._changed: set[WaveKind] = {WaveKind.FALLS, WaveKind.REPORTS}
        self._counted_tick = -1
        #: returns that come at least before a further quarter can be back
        self._returns_until_quarter = 0
        self._kept = ""

    def restore(self) -> None:
        """Take up the waves that were on when the last watch ended."""
        self._kept = self._state.meta("open_waves")
        kept: OpenWavesJson = json.loads(self._kept or "{}")
        self.latest = kept.get("latest", 0)
        known = {wave["number"]: wave for wave in kept.get("waves", [])}
        for wave in wave_store.list_waves(self._state, open_only=True):
            open_wave = OpenWave(
                wave.id,
                wave.stream,
                wave.begin,
                announced_size=last_announced_size(self._state, wave.id),
                targets={t.target for t in wave.targets},
                called=set(wave.called),
                baseline=wave.details.baseline or 0.0,
            )
            self.by_kind[wave.kind] = open_wave
            if wave.id in known:
                open_wave.take_up(known[wave.id])
            else:
                # kept by an earlier Birdfall
                self._count_own_events(open_wave)

    def keep(self) -> None:
        """Keep what is not in the rows of waves, for a restart; at the end of each batch."""
        plain: OpenWavesJson = {
            "latest": self.latest,
            "waves": [wave.to_json() for wave in self.by_kind.values()],
        }
        text = json.dumps(plain)
        if text != self._kept:
            self._state.keep_meta(open_waves=text)
            self._kept = text

    @property
    def moment(self) -> int:
        """The latest moment that was judged: of an event, or the begin of the open tick."""
        return max(self.latest, self._bank.tick * TICK_US)

    # -- what came ----------------------------------------------------------------------------

    def mark_for_recount(self, kinds: Iterable[WaveKind]) -> None:
        """Something of these kinds was stored: what is on is counted anew."""
        self._changed |= set(kinds)

    def follow_event(self, kind: WaveKind, moment: int) -> None:
        """An event was counted: judge, if the tick holds as many as are judged."""
        self.latest = max(self.latest, moment)
        stream = ALL_FALLS if kind is WaveKind.FALLS else ALL_REPORTS
        if int(self._bank.count[self._bank.row[stream]]) in JUDGED_COUNTS:
            self.judge()

    def follow_return(self, moment: int) -> None:
        """A fallen account is up again: announce it where a further quarter of a wave is."""
        self._returns_until_quarter -= 1
        if self._returns_until_quarter <= 0:
            self.check_returns(moment)

    def check_returns(self, moment: int) -> None:
        """Announce how many of the last wave are back, where it is a further quarter of them."""
        if WaveKind.FALLS in self.by_kind:
            self._store(WaveKind.FALLS, self.by_kind[WaveKind.FALLS])
        found = find_returns(self._state, max(self.moment, moment))
        if found is not None:
            self._returns_until_quarter = found.until_next_quarter
            if found.quarters:
                self._announce_returns(found)

    # -- evaluation ---------------------------------------------------------------------------

    def judge(self) -> None:
        """Begin, extend and announce waves by the evidence of the open tick."""
        if not self._bank.count[: len(self._bank)].any():
            return
        evidence = self._bank.evidence()
        called = self._bank.significant_streams(evidence)
        for kind in WaveKind:
            reports = kind is WaveKind.REPORTS
            mine = [stream for stream in called if stream.counts_reports == reports]
            if mine and kind not in self.by_kind:
                self._begin(kind, mine, float(evidence[self._bank.row[mine[0]]]))
            elif mine:
                self.by_kind[kind].extend(mine)
        if WaveKind.REPORTS in self.by_kind:
            self._join_targets(self.by_kind[WaveKind.REPORTS], evidence)
        for kind, wave in self.by_kind.items():
            self._announce_growth(kind, wave)

    def refresh(self, *, everything: bool = False) -> None:
        """Bring the rows of what is on up to date, for those who look; it makes no news."""
        if not everything and time.monotonic() < self._next_recount:
            return
        everything = everything or self._bank.tick != self._counted_tick
        for kind, wave in self.by_kind.items():
            if everything or kind in self._changed:
                self._store(kind, wave)
        if everything or WaveKind.FALLS in self._changed:
            find_returns(self._state, self.moment, everything=everything)
        self._changed.clear()
        self._counted_tick = self._bank.tick
        self._next_recount = time.monotonic() + self._recount_every

    def is_taught(self, kind: WaveKind) -> bool:
        """Whether the open tick is ordinary time for streams of a kind: no wave is on there."""
        return kind not in self.by_kind

    def close_tick(
        self, above_baseline: dict[StreamKey, bool], counts: np.ndarray, expected: np.ndarray
    ) -> list[WaveKind]:
        """A tick has ended: waves that have been quiet long enough are over; their kinds.

        Parameters
        ----------
        above_baseline
            Streams in which something came, and whether that was more than is usual.
        counts, expected
            Events of the tick, and the most that was expected of it, float64[K].
        """
        ended: list[WaveKind] = []
        for kind, wave in list(self.by_kind.items()):
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
                self._end(kind, wave)
                ended.append(kind)
        return ended

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
        wave.extend(called)
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
        self._returns_until_quarter = 0

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
        burst.extend([self._bank.streams[k] for k in joined])

    def _announce_growth(self, kind: WaveKind, wave: OpenWave) -> None:
        """Announce a wave that has begun, or is twice as large as when it was last announced."""
        wanted = max(wave.announced_size * GROWTH_FACTOR, 1)
        if self._size(kind, wave) < wanted:
            return
        news = self._store(kind, wave)
        self._announce(news)
        wave.announced_size = news.size

    def _size(self, kind: WaveKind, wave: OpenWave) -> int:
        """Fallen accounts or reporters of a wave so far."""
        if kind is WaveKind.FALLS:
            return stage_fallen(self._state, wave.begin, self.end_of(wave))[0]
        return self._describe(kind, wave, self.end_of(wave))[0]

    def _store(self, kind: WaveKind, wave: OpenWave) -> WaveNews:
        """Count what a wave is made of and keep it; how it stands."""
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
        stage = WaveStage.GROWN if wave.announced_size else WaveStage.OPENED
        return WaveNews(wave.number, wave.stream, wave.begin, stage, end, size, expected, details)

    def _describe(self, kind: WaveKind, wave: OpenWave, end: int) -> tuple[int, int, WaveDetails]:
        """(size, returned, details) of a wave up to `end`."""
        if kind is WaveKind.FALLS:
            size, returned, details = wave_contents.describe_suspensions(
                self._state, wave.begin, end
            )
            called = tuple(sorted(wave.called))
            return size, returned, replace(details, called=called, baseline=wave.baseline)
        targets = sorted(wave.targets) or list_targets_of_several(self._state, wave.begin, end)
        burst = wave_contents.describe_reports(self._state, wave.begin, end, targets)
        return burst.reporters, 0, replace(burst, baseline=wave.baseline)

    def _end(self, kind: WaveKind, wave: OpenWave) -> None:
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
