"""The clock of a watch: event time in ticks; each finished tick is tested, stored, and learned
from.

A stream that catches up after a loss is tested as if its events had arrived in time. Ticks in which
a source was not observed are skipped and do not count as quiet.
"""

from __future__ import annotations

import numpy as np

from birdfall.watch.detect.crew_waves import CrewWaves
from birdfall.watch.detect.detector_bank import TOTALS
from birdfall.watch.detect.detector_log import DetectorLog, LogEntry
from birdfall.watch.detect.open_waves import OpenWaves
from birdfall.watch.detect.watched_streams import WatchedStreams
from birdfall.watch.engine.learning import BaselineLearner
from birdfall.watch.engine.restart import Place
from birdfall.watch.model.events import StreamBatch
from birdfall.watch.model.stream_key import StreamKind
from birdfall.watch.model.ticks import TICK_US
from birdfall.watch.model.wave import WaveKind
from birdfall.watch.store.database import State, TickValues


class TickClock:
    """Lets ticks end; methods are called inside a transaction.

    Parameters
    ----------
    state
        Where finished ticks, detectors and the place to go on from are kept.
    streams
        The watched streams and their detectors.
    waves, crews
        Waves and crews, which each finished tick may begin, extend or end.
    learner
        Remakes detectors of history.
    """

    def __init__(
        self,
        state: State,
        streams: WatchedStreams,
        waves: OpenWaves,
        crews: CrewWaves,
        learner: BaselineLearner,
    ) -> None:
        self._state, self._streams, self._bank = state, streams, streams.bank
        self._waves, self._crews, self._learner = waves, crews, learner
        #: How far was counted; its tick is the open one.
        self.place = Place()
        self._log, self._log_kept = DetectorLog(), ""

    def restore(self) -> None:
        """Go on at the tick that was open, with the detectors as they were."""
        kept = self._state.detectors()
        self._log_kept = self._state.meta("detector_log")
        self._log = DetectorLog.from_text(self._log_kept)
        self._log.restore(self._bank, kept)
        self._streams.restore()
        self.place = Place.kept(self._state)
        if self.has_started and set(kept) != set(self._bank.streams):
            # audiences that are watched from now on are kept with the others
            with self._state.transaction():
                self.keep_all()
                self.keep()

    def keep_all(self) -> None:
        """Keep all detectors; call inside a transaction."""
        self._state.keep_detectors(self._bank.export_states())
        self._log = DetectorLog(self._bank.tick)

    def keep(self) -> None:
        """Keep what happened to detectors that were not kept; at the end of each batch."""
        if self._log.is_full:
            self.keep_all()
        text = self._log.to_text()
        if text != self._log_kept:
            self._state.keep_meta(detector_log=text)
            self._log_kept = text

    def _let_happen(self, entry: LogEntry) -> np.ndarray:
        """Let something happen to all detectors, and note it; the counts of a tick that ended."""
        self._log.note(entry)
        return entry.apply(self._bank)

    @property
    def has_started(self) -> bool:
        """Whether anything said what time it is."""
        return self._bank.tick > 0

    def start(self, batch: list[StreamBatch]) -> None:
        """Begin with the first step that ever came: it says when the watch began."""
        if not self.has_started and batch:
            first = batch[0]
            self.advance_to(min([first.received, *(event.time for event in first.events)]))

    def advance_to(self, moment: int) -> None:
        """Let ticks end until the one that holds `moment` (microseconds) is open; time never goes
        back."""
        tick = moment // TICK_US
        if not self.has_started:
            self._bank.tick = tick
            self.keep_all()
            self._keep_place()
            return
        if tick <= self._bank.tick:
            return
        self.close_tick(covered=True)
        while self._bank.tick < tick and self._waves.by_kind:
            self.close_tick(covered=True)
        if self._bank.tick < tick:
            self._let_happen(LogEntry("skip", ticks=tick - self._bank.tick))
            self._keep_place()

    def skip_gap(self, moment: int, *, min_ticks: int = 1) -> None:
        """Go on to `moment` over ticks in which a source was not seen, if there are `min_ticks` or
        more."""
        missed = moment // TICK_US - self._bank.tick
        if missed >= min_ticks:
            self.close_tick(covered=False)
            self._let_happen(LogEntry("skip", covered=False, ticks=missed - 1))
            self._keep_place()

    def close_tick(self, *, covered: bool) -> None:
        """End the open tick. covered: all sources were seen in it, so that what did not come did
        not happen."""
        bank, n = self._bank, len(self._bank)
        if covered and bank.count[:n].any():
            self._waves.latest = max(self._waves.latest, (bank.tick + 1) * TICK_US - 1)
            self._waves.judge()
        busy = np.flatnonzero(bank.count[:n]).tolist()
        expected, streams = bank.expected_counts(), bank.streams
        if covered:
            begin = bank.tick * TICK_US
            self._state.keep_ticks(
                TickValues(
                    streams[k], begin, int(bank.count[k]), float(expected[k]), _high(expected[k])
                )
                for k in busy
                if streams[k].kind is not StreamKind.TARGET
            )
        above_baseline = {streams[k]: bool(bank.count[k] > expected[k]) for k in busy}
        changed = {streams[k] for k in busy}.union(TOTALS)
        falls, reports = (self._waves.is_taught(kind) for kind in WaveKind)
        counts = self._let_happen(LogEntry("close", falls, reports, covered))
        for kind in self._waves.close_tick(above_baseline, counts, expected):
            reports = kind is WaveKind.REPORTS
            self._let_happen(LogEntry("reset", not reports, reports))
        self._state.keep_detectors(bank.export_states(changed))
        self._keep_place()
        self._crews.search_if_due(bank.tick, self._waves.moment)
        self._streams.drop_idle()
        self._learner.relearn_if_due()

    def _keep_place(self) -> None:
        self.place.tick = self._bank.tick
        self.place.keep(self._state)


def _high(expected: float) -> float:
    """The most events of a tick that are no news: twice what is expected, or three Poisson
    deviations above it."""
    return float(max(2 * expected, expected + 3 * np.sqrt(expected), 1.0))
