"""A bank of e-detectors, one for each stream (`model.stream_key`), updated together as arrays.

A tick lasts ten seconds. The open tick is tested while it fills, against the expected count of a
whole tick, so that an alarm need not wait for its end. The expected count is an upper bound learned
from the stream so far (a Gamma bound on its rate: wider for a stream observed for a minute than for
one observed for a month) or, where enough history is stored, from the detector designed on that
history (`measures.waves.design_detector`). Ticks within a wave are excluded from learning. Method:
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

#: Ticks whose counts are kept to estimate the onset of a wave.
ONSET_HISTORY_TICKS: Final = 360
INITIAL_ROWS: Final = 64
#: Streams of totals, and the share of the false-alarm budget that each has; all others divide the
#: rest.
TOTALS: Final = (ALL_FALLS, ALL_REPORTS)
TOTAL_SHARE: Final = 0.25
#: Lengths of windows, ending in the open tick, that are also tested by their total count: evidence
#: that multiplies tick by tick is too slow for a tenfold rate of one minute.
WINDOW_TICKS: Final = (1, 2, 3, 6)
#: The latest ticks are excluded from learning, so that a burst does not raise the baseline it is
#: tested against. In a stream younger than `SETTLED_TICKS` the last third is excluded, where that
#: lowers the bound; in streams of reported accounts, always young, the latest ticks are.
LEARNING_LAG_TICKS, SETTLED_TICKS = 30, 90
#: First ticks, used for learning only: nothing is known of the rate of a stream before.
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
        float64[rows]: events of the open tick; events and ticks learned from.
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
        """Add streams to the bank. ticks: for how many ticks they count as observed already."""
        fresh = [stream for stream in dict.fromkeys(streams) if stream not in self.row]
        if len(self.streams) + len(fresh) > len(self.count):
            self._grow(len(self.streams) + len(fresh))
        for stream in fresh:
            self.row[stream] = len(self.streams)
            self.ticks[len(self.streams)] = ticks
            self.streams.append(stream)

    def drop(self, streams: set[StreamKey]) -> None:
        """Remove streams from the bank."""
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
        """Upper bound of the expected count of a tick without a wave, by stream, float64[K]."""
        return self._bounds_and_spreads()[0]

    def spread_sizes(self) -> np.ndarray:
        """Negative-binomial size of a tick of each stream, float64[K]."""
        return self._bounds_and_spreads()[1]

    def invalidate_bounds(self) -> None:
        """Mark bounds and spreads as outdated: a tick ended, or streams were added or removed."""
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
        # empty ticks always count: the last third is excluded only where it holds events
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
        """Which streams count the reports of one account, bool[K]."""
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
        """Enter the counts of the open tick into the columns and their running sums."""
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
        """Compute the running sums from the columns."""
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
        """Enter `ticks` empty ticks at once, as that many calls of `_push_tick` would: older
        counts move out of the columns and become zero."""
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
        """Log evidence of each stream if the open tick ended now, float64[K]; further events can
        only raise it."""
        n = len(self.streams)
        found = self.last[:n].copy()
        # a stream without events in the open tick keeps the evidence of the last one
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
        """Log evidence of each stream from its stored state, float64[K]."""
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

        Notes
        -----
        e-BH with weights. Of the false-alarm budget of a stream with a learned baseline
        (`LearnedBaseline`) half is for its rate passing that baseline, half for its evidence.
        Streams of totals have larger weights than single ones. Once settled, half of their weight
        is for the counts of windows: a count that chance reaches in a share a of windows is an
        e-value of 1 / a where it is reached.
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
        # evidence at which a stream is called by itself
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
        """Whether a window that ends in the open tick holds more events than all but
        exp(log_chance) of windows hold by chance."""
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
        """End the open tick and return its counts, float64[K]. teach: bool[K], streams that learn
        from it because no wave is on."""
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
        """Advance over ticks without events, in closed form."""
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
        """The most likely onset tick of the wave that is on in a stream; may be the open tick."""
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
        """Set the evidence of these streams to zero."""
        for stream in streams:
            if stream in self.row:
                self.state[self.row[stream]] = -np.inf
                self.last[self.row[stream]] = -np.inf

    def rate_before(self, stream: StreamKey, tick: int) -> float:
        """Mean events per tick, learned before `tick`: the first ticks of a wave were learned from
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
        """The stored form of these streams, or of all."""
        chosen = self.streams if streams is None else [s for s in streams if s in self.row]
        found: dict[StreamKey, DetectorJson] = {}
        for stream in chosen:
            k = self.row[stream]
            columns = np.flatnonzero(self.recent[k])
            found[stream] = {
                "state": [None if v == -np.inf else v for v in self.state[k].tolist()],
                "count": float(self.count[k]),
                "total": float(self.total[k]),
                "ticks": float(self.ticks[k]),
                "tick": self.tick,
                "taught": self.taught[k].astype(int).tolist(),
                "recent": dict(
                    zip(map(str, columns.tolist()), self.recent[k, columns].tolist(), strict=True)
                ),
            }
        return found

    def take_up(self, kept: Mapping[StreamKey, DetectorJson], at: int | None = None) -> None:
        """Add streams, or put them in place of those there are, as they were stored at tick `at`,
        after which nothing came; at the open one if not given."""
        if not kept:
            return
        together = DetectorBank()
        together.thetas, together.learned = self.thetas, self.learned
        together.load(kept, self.tick if at is None else at)
        together.last[: len(kept)] = together._carried_evidence()
        together.skip_ticks(self.tick - together.tick, covered=True)
        self.add(together.streams)
        mine = [self.row[stream] for stream in together.streams]
        for ours, theirs in zip(self.arrays(), together.arrays(), strict=True):
            ours[mine] = theirs[: len(mine)]
        self.invalidate_bounds()

    def load(self, kept: Mapping[StreamKey, DetectorJson], tick: int) -> None:
        """Fill an empty bank with streams that were all stored at the same tick."""
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
