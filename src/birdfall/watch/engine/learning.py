"""Learning from history: the detectors of all suspensions and all reports are remade of what is
stored, now and then."""

from __future__ import annotations

from typing import Final

from birdfall.model.units import DAY_US
from birdfall.watch.alerts.backtest import load_history
from birdfall.watch.detect.chance_bounds import LearnedBaseline
from birdfall.watch.detect.detector_bank import TOTALS, DetectorBank
from birdfall.watch.model.stream_key import StreamKey
from birdfall.watch.model.ticks import TICK_US
from birdfall.watch.store.database import State
from birdfall.watch.store.queries.ticks import first_tick

#: Ticks between two times that detectors are remade of history.
RELEARN_TICKS: Final = 2160
#: Days of history from which a detector is made.
MIN_HISTORY_DAYS: Final = 2.0
#: Events of history from which a detector is made.
MIN_HISTORY_EVENTS: Final = 20


class BaselineLearner:
    """Gives a bank the baselines of stored history.

    Parameters
    ----------
    state
        The history.
    bank
        Its `learned` is written.
    false_alarms_per_year
        Budget of the detectors.
    """

    def __init__(self, state: State, bank: DetectorBank, false_alarms_per_year: float) -> None:
        self._state, self._bank = state, bank
        self._false_alarms_per_year = false_alarms_per_year
        self._learned_tick = -RELEARN_TICKS

    def relearn_if_due(self) -> None:
        """Learn anew, where the last time is long enough ago and there is enough history."""
        # at times that a restart does not move, from the same history
        due = self._bank.tick // RELEARN_TICKS * RELEARN_TICKS
        if due <= self._learned_tick:
            return
        self._learned_tick = due
        until = due * TICK_US
        begun = int(self._state.meta("begun", "0")) or first_tick(self._state) or until
        if until - begun < MIN_HISTORY_DAYS * DAY_US:
            return
        for stream in TOTALS:
            learned = learn_baseline(self._state, stream, begun, until, self._false_alarms_per_year)
            if learned is not None:
                self._bank.learned[stream] = learned


def learn_baseline(
    state: State, stream: StreamKey, begin: int, end: int, false_alarms_per_year: float
) -> LearnedBaseline | None:
    """What the history of a stream within [begin, end) (microseconds) says of its next tick.

    Returns
    -------
    LearnedBaseline or None
        None where too little happened.
    """
    # the measures of waves load scipy, which a watch without two days of history never needs
    from birdfall.measures.waves import design_detector, fit_baseline

    counts, covered, first = load_history(state, stream, begin, end)
    if counts.sum() < MIN_HISTORY_EVENTS:
        return None
    base = fit_baseline(counts, covered, TICK_US / 1e6, first / 1e6, trailing=True)
    made = design_detector(base, TICK_US / 1e6, false_alarms_per_year=false_alarms_per_year)
    return LearnedBaseline(float(base.expected[-1] * made.lift), float(made.size))
