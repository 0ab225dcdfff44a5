"""The clock of a watch: event time in ticks; each finished tick is tested, stored, and learned
from.

A stream that catches up after a loss is tested as if its events had arrived in time. Ticks in which
a source was not observed are skipped and do not count as quiet.
"""

from __future__ import annotations

import numpy as np

from birdfall.watch.detect.crew_waves import CrewWaves
from birdfall.watch.detect.detector_bank import TOTALS
from birdfall.watch.detect.open_waves import OpenWaves
from birdfall.watch.detect.watched_streams import WatchedStreams
from birdfall.watch.engine.learning import BaselineLearner
from birdfall.watch.engine.restart import remember_place
from birdfall.watch.model.events import StreamBatch
from birdfall.watch.model.stream_key import StreamKind
from birdfall.watch.model.ticks import TICK_US
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
            return
        if tick <= self._bank.tick:
            return
        self.close_tick(covered=True)
        while self._bank.tick < tick and self._waves.by_kind:
            self.close_tick(covered=True)
        self._bank.skip_ticks(tick - self._bank.tick, covered=True)

    def skip_gap(self, moment: int, *, min_ticks: int = 1) -> None:
        """Go on to `moment` over ticks in which a source was not seen, if there are `min_ticks` or
        more."""
        missed = moment // TICK_US - self._bank.tick
        if missed >= min_ticks:
            self.close_tick(covered=False)
            self._bank.skip_ticks(missed - 1, covered=False)

    def close_tick(self, *, covered: bool) -> None:
        """End the open tick. covered: all sources were seen in it, so that what did not come did
        not happen."""
        bank, n = self._bank, len(self._bank)
        if covered and bank.count[:n].any():
            self._waves.latest = max(self._waves.latest, (bank.tick + 1) * TICK_US - 1)
            self._waves.evaluate()
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
        counts = bank.close_tick(teach=self._waves.teaching_mask(), covered=covered)
        self._waves.close_tick(above_baseline, counts, expected)
        self._state.keep_detectors(bank.export_states(changed))
        remember_place(self._state, bank.tick)
        self._crews.search_if_due(bank.tick, self._waves.moment)
        self._streams.drop_idle()
        self._learner.relearn_if_due()


def _high(expected: float) -> float:
    """The most events of a tick that are no news: twice what is expected, or three Poisson
    deviations above it."""
    return float(max(2 * expected, expected + 3 * np.sqrt(expected), 1.0))
