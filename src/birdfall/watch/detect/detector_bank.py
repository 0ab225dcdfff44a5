"""Many e-detectors side by side: one for each stream (`model.stream_key`), advanced together as
arrays.

A tick lasts ten seconds; the open one is judged as it fills, against what a whole tick may bring,
so that an alarm need not wait for its end. What a stream may bring is bounded from above by what it
brought so far (a Gamma bound on its rate: a stream watched for a minute may bring more than one
watched for a month), or, where enough history is stored, by the detector made from it
(`measures.waves.design_detector`). Ticks within a wave teach nothing. Method:
docs/methods/watch.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from birdfall.kernels import edetector
from birdfall.watch.detect.chance_bounds import (
    ASSUMED_SIZE,
    MIN_SPREAD_EVENTS,
    LearnedBaseline,
    log_tail,
    rate_bound,
    spread_size,
)
from birdfall.watch.model.detector_state import DetectorJson
from birdfall.watch.model.stream_key import ALL_FALLS, ALL_REPORTS, StreamKey, StreamKind
from birdfall.watch.model.ticks import TICK_US

#: Ticks remembered to say when a wave began.
ONSET_HISTORY_TICKS: Final = 360
INITIAL_ROWS: Final = 64
#: Streams that stand for everything, and the part of the false alarms that each may have; all
#: others share the rest.
TOTALS: Final = (ALL_FALLS, ALL_REPORTS)
TOTAL_SHARE: Final = 0.25
#: Ticks that are also counted together, the open one the last: a minute of a tenfold rate is too
#: short for evidence to multiply.
WINDOW_TICKS: Final = (1, 2, 3, 6)
#: The last ticks do not teach yet: a burst must not be the yardstick it is measured by. In a stream
#: younger than `SETTLED_TICKS` the last third does not, where that would raise the bound. Of
#: reported accounts never: they are new by nature.
LEARNING_LAG_TICKS, SETTLED_TICKS = 30, 90
#: Ticks that only teach: what a stream brings at all is not known before.
LEARNING_TICKS: Final = 2


class DetectorBank:
    """Detectors of many streams. All arrays have one row per stream.

    Parameters
    ----------
    false_alarms_per_year
        Budget of all streams together.

    Attributes
    ----------
    streams, row
        The streams in the order of their rows, and the row of each.
    tick
        Number of the open tick: microseconds since 1970 divided by `TICK_US`; 0 before time began.
    learned
        Baselines from stored history, by stream.
    count, total, ticks
        float64[rows]: events of the open tick; events and ticks that have taught.
    state, last
        Log evidence per multiplier, float64[rows, T]; of each stream after the last tick,
        float64[rows].
    recent, taught
        Counts of the last ticks, column tick % ONSET_HISTORY_TICKS; which of the last ticks taught,
        column tick % LEARNING_LAG_TICKS.
    sums
        float64[rows, 4], kept as the columns change: events and ticks that teach but late; counts
        and their squares before the late ones.
    """

    def __init__(self, *, false_alarms_per_year: float = 1.0) -> None:
        self.thetas = edetector.multipliers()
        self.threshold = edetector.threshold_for(
            TICK_US / 1e6, false_alarms_per_year=false_alarms_per_year
        )
        self.streams: list[StreamKey] = []
        self.row: dict[StreamKey, int] = {}
        self.tick = 0
        self.learned: dict[StreamKey, LearnedBaseline] = {}
        self._target_mask, self._mask_of = np.zeros(0, np.bool_), (0, ALL_FALLS)
        number = len(self.thetas)
        self.state = np.full((INITIAL_ROWS, number), -np.inf)
        self.count, self.total, self.ticks = (
            np.zeros(INITIAL_ROWS),
            np.zeros(INITIAL_ROWS),
            np.zeros(INITIAL_ROWS),
        )
        self.recent = np.zeros((INITIAL_ROWS, ONSET_HISTORY_TICKS), np.float32)
        self.taught = np.zeros((INITIAL_ROWS, LEARNING_LAG_TICKS), np.float32)
        self.sums = np.zeros((INITIAL_ROWS, 4))
        self.last = np.full(INITIAL_ROWS, -np.inf)
        self._known: tuple[np.ndarray, np.ndarray] | None = None

    def _grow(self, rows: int) -> None:
        """Room for so many streams: no more than is asked for, or a quarter more than there was."""
        more = max(rows, len(self.count) + len(self.count) // 4) - len(self.count)

        def longer(array: np.ndarray, filling: float) -> np.ndarray:
            return np.concatenate([array, np.full((more, *array.shape[1:]), filling, array.dtype)])

        self.state, self.last = longer(self.state, -np.inf), longer(self.last, -np.inf)
        self.count, self.total, self.ticks, self.recent, self.taught, self.sums = (
            longer(a, 0.0)
            for a in (self.count, self.total, self.ticks, self.recent, self.taught, self.sums)
        )

    def __len__(self) -> int:
        return len(self.streams)

    def add(self, streams: Iterable[StreamKey], ticks: float = 0.0) -> None:
        """Watch these streams from now on. ticks: how long they count as watched already."""
        fresh = [stream for stream in dict.fromkeys(streams) if stream not in self.row]
        if len(self.streams) + len(fresh) > len(self.count):
            self._grow(len(self.streams) + len(fresh))
        for stream in fresh:
            self.row[stream] = len(self.streams)
            self.ticks[len(self.streams)] = ticks
            self.streams.append(stream)

    def drop(self, streams: set[StreamKey]) -> None:
        """Watch these streams no longer."""
        kept = np.array([i for i, s in enumerate(self.streams) if s not in streams], np.int64)
        for array in self.arrays():
            array[: len(kept)] = array[kept]
        n = len(kept)
        self.streams = [self.streams[i] for i in kept]
        self.row = {stream: i for i, stream in enumerate(self.streams)}
        self._mask_of = (-1, ALL_FALLS)
        self.invalidate_bounds()
        for array in self.arrays():
            array[n:] = -np.inf if array is self.state or array is self.last else 0.0

    def add_events(self, stream: StreamKey, number: float = 1.0) -> None:
        """Count events in the open tick of a stream. Raises KeyError if it is not watched."""
        self.count[self.row[stream]] += number

    def expected_counts(self) -> np.ndarray:
        """The most that a tick of each stream may bring while nothing happens, float64[K]."""
        return self._bounds_and_spreads()[0]

    def spread_sizes(self) -> np.ndarray:
        """Negative-binomial size of a tick of each stream, float64[K]."""
        return self._bounds_and_spreads()[1]

    def invalidate_bounds(self) -> None:
        """Compute bounds and spreads anew: time went on, or streams came or went."""
        self._known = None

    def _bounds_and_spreads(self) -> tuple[np.ndarray, np.ndarray]:
        if self._known is None or len(self._known[0]) != len(self.streams):
            self._known = self._bounds(), self._spreads()
            for stream, learned in self.learned.items():
                if stream in self.row:
                    self._known[0][self.row[stream]] = max(learned.expected, 1e-9)
                    self._known[1][self.row[stream]] = learned.size
        return self._known

    def _bounds(self) -> np.ndarray:
        n = len(self.streams)
        settled = self.target_mask() | (self.ticks[:n] > SETTLED_TICKS)
        late = self.sums[:n, :2] * settled[:, None]
        found = rate_bound(self.total[:n] - late[:, 0], self.ticks[:n] - late[:, 1])
        # silence teaches what it can: only where something came lately would less be known without
        # it
        young = np.flatnonzero(~settled & (self.sums[:n, 0] > 0))
        if len(young):
            late = self._last_third(young)
            found[young] = np.minimum(
                found[young],
                rate_bound(self.total[young] - late[:, 0], self.ticks[young] - late[:, 1]),
            )
        return found

    def _last_third(self, young: np.ndarray) -> np.ndarray:
        """Events and ticks that taught within the last third of what was watched of these streams,
        float64[len(young), 2]."""
        back = np.arange(1, LEARNING_LAG_TICKS + 1)
        then = self.tick - back
        counted = self.taught[np.ix_(young, then % LEARNING_LAG_TICKS)] * (
            back <= self.ticks[young, None] // 3
        )
        events = (self.recent[np.ix_(young, then % ONSET_HISTORY_TICKS)] * counted).sum(axis=1)
        return np.column_stack([events, counted.sum(axis=1)]).astype(float)

    def _spreads(self) -> np.ndarray:
        """The spread within the last hour, float64[K]; bursts only widen it."""
        n = len(self.streams)
        ticks, events = self.ticks[:n], self.sums[:n, 2]
        watched = np.clip(ticks, SETTLED_TICKS, ONSET_HISTORY_TICKS) - LEARNING_LAG_TICKS
        known = (ticks >= SETTLED_TICKS) & (events >= MIN_SPREAD_EVENTS)
        seen = spread_size(
            events / watched, self.sums[:n, 3] / watched, mature=ticks >= ONSET_HISTORY_TICKS
        )
        found: np.ndarray = np.where(known, seen, ASSUMED_SIZE)
        return found

    def target_mask(self) -> np.ndarray:
        """Which streams are of reported accounts, bool[K]."""
        shape = (len(self.streams), self.streams[-1] if self.streams else ALL_FALLS)
        if self._mask_of != shape:
            kinds = [stream.kind is StreamKind.TARGET for stream in self.streams]
            self._target_mask, self._mask_of = np.array(kinds, np.bool_), shape
        return self._target_mask

    def report_mask(self) -> np.ndarray:
        """Which streams count reports, bool[K]; the others count suspensions."""
        found = self.target_mask().copy()
        if ALL_REPORTS in self.row:
            found[self.row[ALL_REPORTS]] = True
        return found

    def _push_tick(self, counts: np.ndarray | float, teach: np.ndarray | bool) -> None:
        """One tick into the columns and their sums; the tick is the open one."""
        n = len(self.streams)
        sums, recent, taught = self.sums[:n], self.recent[:n], self.taught[:n]
        late = self.tick % LEARNING_LAG_TICKS
        leaving = recent[:, (self.tick - LEARNING_LAG_TICKS) % ONSET_HISTORY_TICKS].astype(float)
        sums[:, 0] += np.where(teach, counts, 0.0) - leaving * taught[:, late]
        sums[:, 1] += np.asarray(teach, float) - taught[:, late]
        oldest = recent[:, self.tick % ONSET_HISTORY_TICKS].astype(float)
        sums[:, 2] += leaving - oldest
        sums[:, 3] += leaving**2 - oldest**2
        recent[:, self.tick % ONSET_HISTORY_TICKS] = counts
        taught[:, late] = teach

    def _recompute_sums(self) -> None:
        """The sums, from the columns."""
        n = len(self.streams)
        late = np.arange(self.tick - LEARNING_LAG_TICKS, self.tick)
        recent, taught = (
            self.recent[:n].astype(float),
            self.taught[:n][:, late % LEARNING_LAG_TICKS],
        )
        old = recent[
            :,
            np.arange(self.tick - ONSET_HISTORY_TICKS, self.tick - LEARNING_LAG_TICKS)
            % ONSET_HISTORY_TICKS,
        ]
        self.sums[:n, 0] = (recent[:, late % ONSET_HISTORY_TICKS] * taught).sum(axis=1)
        self.sums[:n, 1] = taught.sum(axis=1)
        self.sums[:n, 2], self.sums[:n, 3] = old.sum(axis=1), (old**2).sum(axis=1)

    def _push_empty_ticks(self, ticks: int, teach: bool) -> None:
        """As many empty ticks as `_push_tick` would take, at once: what was in the columns grows
        old, leaves, and is nought."""
        n = len(self.streams)
        sums, recent, taught = self.sums[:n], self.recent[:n], self.taught[:n]
        begin, end = self.tick, self.tick + ticks
        late = np.arange(begin - LEARNING_LAG_TICKS, min(end - LEARNING_LAG_TICKS, begin))
        growing, taught_then = (
            recent[:, late % ONSET_HISTORY_TICKS].astype(float),
            taught[:, late % LEARNING_LAG_TICKS],
        )
        leaving = recent[
            :,
            np.arange(begin - ONSET_HISTORY_TICKS, min(end - ONSET_HISTORY_TICKS, begin))
            % ONSET_HISTORY_TICKS,
        ].astype(float)
        sums[:, 0] -= (growing * taught_then).sum(axis=1)
        sums[:, 1] += min(ticks, LEARNING_LAG_TICKS) * float(teach) - taught_then.sum(axis=1)
        sums[:, 2] += growing.sum(axis=1) - leaving.sum(axis=1)
        sums[:, 3] += (growing**2).sum(axis=1) - (leaving**2).sum(axis=1)
        recent[:, np.arange(max(begin, end - ONSET_HISTORY_TICKS), end) % ONSET_HISTORY_TICKS] = 0.0
        taught[:, np.arange(max(begin, end - LEARNING_LAG_TICKS), end) % LEARNING_LAG_TICKS] = teach
        self.tick = end

    def evidence(self) -> np.ndarray:
        """Log evidence of each stream if the open tick ended now, float64[K]: what is yet to come
        can only raise it."""
        n = len(self.streams)
        found = self.last[:n].copy()
        # where nothing came in this tick yet, nothing has been added to what the last one left
        busy = np.flatnonzero((self.count[:n] > 0) & (self.ticks[:n] >= LEARNING_TICKS))
        found[busy] = edetector.advance_many(
            self.state[busy],
            self.count[busy],
            self.expected_counts()[busy],
            self.spread_sizes()[busy],
            self.thetas,
            False,
        )
        return found

    def _carried_evidence(self) -> np.ndarray:
        """Log evidence of what is kept, float64[K]."""
        state = self.state[: len(self.streams)]
        top = state.max(axis=1, initial=-np.inf)
        safe = np.where(np.isneginf(top), 0.0, top)
        with np.errstate(divide="ignore"):
            found: np.ndarray = top + np.log(np.exp(state - safe[:, None]).mean(axis=1))
        return np.where(np.isneginf(top), -np.inf, found)

    def significant_streams(self, evidence: np.ndarray) -> list[StreamKey]:
        """Streams called together at the false-alarm budget, strongest first.

        Parameters
        ----------
        evidence
            Log evidence of the open tick, float64[K], from `evidence`.

        Notes ----- e-BH with weights. What history raised the rate of a stream to
        (`LearnedBaseline`) may be passed half as often as false alarms are allowed; its evidence
        has the other half. Streams that stand for everything weigh more than one of many; once
        settled, half of what they have is for counts of some ticks together: a number that chance
        passes in one of 1 / a windows is an e-value of 1 / a where it is passed.
        """
        streams = len(self.streams)
        totals = [stream for stream in TOTALS if stream in self.row]
        weighed = evidence.copy()
        weighed[[self.row[s] for s in self.learned if s in self.row]] -= np.log(2)
        if len(totals) < streams:
            rest = np.ones(streams, np.bool_)
            rest[[self.row[stream] for stream in totals]] = False
            share = 1 - TOTAL_SHARE * len(totals)
            weighed[rest] += np.log(share * streams / (streams - len(totals)))
        # what it takes to be called by itself
        enough = np.log(self.threshold * streams)
        for stream in totals:
            k = self.row[stream]
            share = TOTAL_SHARE if len(totals) < streams else 1 / len(totals)
            weight = np.log(share * streams)
            if self.ticks[k] < SETTLED_TICKS and stream not in self.learned:
                weighed[k] += weight
                continue
            weight -= np.log(2)
            learned_share = np.log(2) if stream in self.learned else 0.0
            passed = self._exceeds_chance(stream, weight - enough - learned_share)
            weighed[k] = np.logaddexp(weighed[k] + weight, enough if passed else -np.inf)
        called = np.flatnonzero(edetector.e_bh(weighed, self.threshold))
        return [self.streams[i] for i in called[np.argsort(-weighed[called], kind="stable")]]

    def _exceeds_chance(self, stream: StreamKey, log_chance: float) -> bool:
        """Whether a window that ends in the open tick holds more than chance brings in
        exp(log_chance) of all."""
        k = self.row[stream]
        if not self.count[k]:
            return False
        mean, size = float(self.expected_counts()[k]), float(self.spread_sizes()[k])
        for ticks in WINDOW_TICKS:
            before = np.arange(self.tick - ticks + 1, self.tick) % ONSET_HISTORY_TICKS
            number = float(self.count[k]) + float(self.recent[k, before].sum())
            if log_tail(number, ticks * mean, ticks * size) <= log_chance - math.log(
                len(WINDOW_TICKS)
            ):
                return True
        return False

    def close_tick(self, *, teach: np.ndarray, covered: bool) -> np.ndarray:
        """End the open tick: its counts, float64[K]. teach: bool[K], streams for which it is
        ordinary time."""
        n = len(self.streams)
        counts = self.count[:n].copy()
        if covered:
            self.last[:n] = edetector.advance_many(
                self.state[:n],
                counts,
                self.expected_counts(),
                self.spread_sizes(),
                self.thetas,
                True,
            )
            self.total[:n] += np.where(teach, counts, 0.0)
            self.ticks[:n] += teach
        self._push_tick(counts if covered else 0.0, teach if covered else False)
        forgotten = (~teach & ~self.target_mask()) | (self.ticks[:n] <= LEARNING_TICKS)
        self.state[:n][forgotten], self.last[:n][forgotten] = -np.inf, -np.inf
        self.count[:n] = 0.0
        self.tick += 1
        self.invalidate_bounds()
        return counts

    def skip_ticks(self, ticks: int, *, covered: bool) -> None:
        """Ticks in which nothing came, in closed form."""
        n = len(self.streams)
        if ticks > 0 and n:
            if covered:
                edetector.skip_empty_ticks_many(
                    self.state[:n], ticks, self.expected_counts(), self.spread_sizes(), self.thetas
                )
                self.ticks[:n] += ticks
                self.last[:n] = self._carried_evidence()
            self._push_empty_ticks(ticks, covered)
            self.invalidate_bounds()
        elif ticks > 0:
            self.tick += ticks

    def onset(self, stream: StreamKey) -> int:
        """The tick in which what is on in a stream began most likely; the open one if it is that."""
        k = self.row[stream]
        watched = int(min(self.ticks[k] + 1, ONSET_HISTORY_TICKS))
        past = self.recent[k, np.arange(self.tick - watched, self.tick) % ONSET_HISTORY_TICKS]
        counts = np.r_[past, self.count[k]].astype(float)
        expected = np.full(len(counts), self.expected_counts()[k])
        sizes = np.full(len(counts), self.spread_sizes()[k])
        at: int = edetector.likely_onset(
            counts, expected, sizes, np.ones(len(counts), np.bool_), self.thetas
        )
        return self.tick - (len(counts) - 1 - min(at, len(counts) - 1))

    def reset_evidence(self, streams: Iterable[StreamKey]) -> None:
        """Forget the evidence of these streams."""
        for stream in streams:
            if stream in self.row:
                self.state[self.row[stream]] = -np.inf
                self.last[self.row[stream]] = -np.inf

    def rate_before(self, stream: StreamKey, tick: int) -> float:
        """Events a tick brings, as learned before `tick`: the first ones of a wave have taught
        before it was called."""
        if stream in self.learned:
            return self.learned[stream].expected
        k = self.row[stream]
        since = np.arange(max(tick, self.tick - LEARNING_LAG_TICKS), self.tick)
        taught = self.taught[k, since % LEARNING_LAG_TICKS]
        own = float((self.recent[k, since % ONSET_HISTORY_TICKS] * taught).sum())
        ticks = float(self.ticks[k] - taught.sum())
        return max(float(self.total[k]) - own, 0.0) / max(ticks, 1.0)

    # -- kept with the state ------------------------------------------------------------------

    def export_states(
        self, streams: Iterable[StreamKey] | None = None
    ) -> dict[StreamKey, DetectorJson]:
        """What to keep of these streams, or of all."""
        chosen = self.streams if streams is None else [s for s in streams if s in self.row]
        found: dict[StreamKey, DetectorJson] = {}
        for stream in chosen:
            k = self.row[stream]
            columns = np.flatnonzero(self.recent[k])
            found[stream] = {
                "state": [None if np.isneginf(v) else float(v) for v in self.state[k]],
                "count": float(self.count[k]),
                "total": float(self.total[k]),
                "ticks": float(self.ticks[k]),
                "tick": self.tick,
                "taught": [int(v) for v in self.taught[k]],
                "recent": {str(int(i)): float(self.recent[k, i]) for i in columns},
            }
        return found

    def restore(self, kept: Mapping[StreamKey, DetectorJson]) -> None:
        """Take up what `export_states` gave.

        Streams kept at an earlier tick get empty ticks up to the latest.
        """
        latest = max((int(v["tick"]) for v in kept.values()), default=0)
        for tick in sorted({int(v["tick"]) for v in kept.values()}):
            together = DetectorBank()
            together.thetas, together.learned = self.thetas, self.learned
            together.load({s: v for s, v in kept.items() if int(v["tick"]) == tick}, tick)
            together.skip_ticks(latest - tick, covered=True)
            self.add(together.streams)
            mine = [self.row[stream] for stream in together.streams]
            for ours, theirs in zip(self.arrays(), together.arrays(), strict=True):
                ours[mine] = theirs[: len(mine)]
        self.tick = max(self.tick, latest)
        self.last[: len(self.streams)] = self._carried_evidence()
        self.invalidate_bounds()

    def load(self, kept: Mapping[StreamKey, DetectorJson], tick: int) -> None:
        """Take up, in an empty bank, streams that were all kept at the same tick."""
        self.add(kept)
        for stream, value in kept.items():
            k = self.row[stream]
            self.state[k] = [-np.inf if v is None else v for v in value["state"]]
            self.count[k], self.total[k] = value["count"], value["total"]
            self.ticks[k], self.taught[k] = value["ticks"], value["taught"]
            for column, count in value["recent"].items():
                self.recent[k, int(column)] = count
        self.tick = tick
        self._recompute_sums()

    def arrays(self) -> tuple[np.ndarray, ...]:
        """All arrays of one row per stream."""
        return (
            self.state,
            self.last,
            self.count,
            self.total,
            self.ticks,
            self.recent,
            self.taught,
            self.sums,
        )
