"""Back-tests: how often a rule would have fired on the history that is stored."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final, NamedTuple, NotRequired, TypedDict

import numpy as np

from birdfall.model.units import DAY_US
from birdfall.watch.alerts.rules import Rule
from birdfall.watch.model.alert import AlertKind
from birdfall.watch.model.stream_key import ALL_FALLS, StreamKey
from birdfall.watch.model.ticks import TICK_US
from birdfall.watch.store.database import State
from birdfall.watch.store.queries.alerts import RuleRow, replace_rules
from birdfall.watch.store.queries.sources import list_gaps
from birdfall.watch.store.queries.ticks import first_tick, list_ticks

#: History shorter than this says nothing of how often a rule fires.
MIN_HISTORY_DAYS: Final = 2.0
#: Eight weeks show what the hours of a week bring; more would only cost memory (half a gigabyte for
#: 400 days) and time.
MAX_HISTORY_DAYS: Final = 56
#: A wave of the past is over after so many empty ticks; events up to so many ticks before its alarm
#: are its own.
QUIET_TICKS, LEAD_TICKS = 12, 6
#: Latest moments that are kept of a back-test.
MAX_MOMENTS: Final = 20

NOT_A_DETECTOR: Final = "not-a-detector"
HISTORY_TOO_SHORT: Final = "history-too-short"


class BacktestJson(TypedDict):
    """A back-test as it is stored: `fires`, `days`, `at` and `budget`, or `why` there is none."""

    fires: NotRequired[int]
    days: NotRequired[float]
    at: NotRequired[list[int]]
    budget: NotRequired[float]
    why: NotRequired[str]


@dataclass(frozen=True, slots=True)
class RuleBacktest:
    """What a back-test found.

    Parameters
    ----------
    why
        Why nothing can be said, a code; empty where something can.
    fires
        How often the rule would have fired; None where that cannot be said.
    days
        Days of history that were covered; None for rules that are no detectors.
    at
        When it would have fired last, microseconds.
    budget
        False alarms that were allowed in that time.
    """

    why: str = ""
    fires: int | None = None
    days: float | None = None
    at: tuple[int, ...] = ()
    budget: float | None = None

    def to_json(self) -> BacktestJson:
        """The stored form."""
        plain: BacktestJson = {}
        if self.why:
            plain["why"] = self.why
        if self.fires is not None:
            plain["fires"] = self.fires
        if self.days is not None:
            plain["days"] = self.days
        if self.fires is not None:
            plain["at"] = list(self.at)
        if self.budget is not None:
            plain["budget"] = self.budget
        return plain

    @classmethod
    def from_json(cls, plain: BacktestJson) -> RuleBacktest:
        """From the stored form."""
        return cls(
            plain.get("why", ""),
            plain.get("fires"),
            plain.get("days"),
            tuple(plain.get("at", ())),
            plain.get("budget"),
        )


class TickHistory(NamedTuple):
    """A stream's stored ticks. counts: float64[n]; covered: bool[n]; first: microseconds of the
    first tick."""

    counts: np.ndarray
    covered: np.ndarray
    first: int


def backtest_rule(
    state: State, rule: Rule, *, false_alarms_per_year: float, until: int
) -> RuleBacktest:
    """How often a rule would have fired on the stored history.

    Parameters
    ----------
    state
        Holds the history.
    rule
        The rule.
    false_alarms_per_year
        Budget of the detector.
    until
        The end of the history, microseconds.

    Notes ----- The detector of that history (`measures.waves.back_test`) is run over its own past;
    a wave counts from its alarm until the stream is quiet again, and fires the rule if as many fell
    in it as the rule asks.
    """
    if rule.on in (AlertKind.RETURNS, AlertKind.NO_DATA):
        return RuleBacktest(why=NOT_A_DETECTOR)
    begun = int(state.meta("begun", "0")) or first_tick(state, ALL_FALLS)
    if not begun or until - begun < MIN_HISTORY_DAYS * DAY_US:
        days = round(max(until - (begun or until), 0) / DAY_US, 2)
        return RuleBacktest(why=HISTORY_TOO_SHORT, days=days)
    # loads the measures of waves, which a watch that has no history yet does not need
    from birdfall.measures.waves import back_test

    counts, covered, first = load_history(state, rule.stream, begun, until)
    found = back_test(
        counts, covered, TICK_US / 1e6, first / 1e6, false_alarms_per_year=false_alarms_per_year
    )
    fired = []
    for number, alarm in enumerate(found.alarms):
        end = int(found.alarms[number + 1]) if number + 1 < len(found.alarms) else len(counts)
        in_window = np.convolve(counts[alarm:end], np.ones(QUIET_TICKS), "valid")
        quiet = np.flatnonzero(in_window == 0)
        last = int(alarm + quiet[0]) if len(quiet) else end
        if counts[max(alarm - LEAD_TICKS, 0) : last].sum() >= rule.at_least:
            fired.append(int(first + alarm * TICK_US))
    return RuleBacktest(
        fires=len(fired),
        days=round(float(covered.sum()) * TICK_US / DAY_US, 1),
        at=tuple(fired[-MAX_MOMENTS:]),
        budget=round(found.allowed, 2),
    )


def load_history(state: State, stream: StreamKey, begin: int, end: int) -> TickHistory:
    """A stream's stored ticks within [begin, end) (microseconds), the last `MAX_HISTORY_DAYS` of
    them."""
    kept_from = int(state.meta("ticks_from", "0"))
    begin = max(begin, end - MAX_HISTORY_DAYS * DAY_US, kept_from)
    first = begin - begin % TICK_US
    n = max((end - first) // TICK_US, 1)
    counts, covered = np.zeros(n), np.ones(n, np.bool_)
    for tick in list_ticks(state, stream, first, end - TICK_US):
        counts[(tick.begin - first) // TICK_US] = tick.observed
    for gap in list_gaps(state):
        gap_begin = max((gap.begin - first) // TICK_US, 0)
        gap_end = max((gap.end - first) // TICK_US + 1, 0)
        covered[gap_begin:gap_end] = False
    return TickHistory(counts, covered, first)


def keep_rules(
    state: State, rules: Iterable[Rule], *, false_alarms_per_year: float, until: int
) -> None:
    """Back-test each rule and keep it, armed, in place of those kept before; call outside a
    transaction."""
    rows = [
        RuleRow(
            rule.name,
            json.dumps(asdict(rule), ensure_ascii=False),
            json.dumps(
                backtest_rule(
                    state, rule, false_alarms_per_year=false_alarms_per_year, until=until
                ).to_json()
            ),
        )
        for rule in rules
    ]
    with state.transaction():
        replace_rules(state, rows)
