"""Many e-detectors side by side: one for all suspensions, one for each watched audience and host, one for each reported account.

A tick lasts ten seconds; the open one is judged as it fills, against what a whole tick may bring, so that an alarm need
not wait for its end. What a stream may bring is bounded from above by what it brought so far (a Gamma bound on its rate: a
stream watched for a minute may bring more than one watched for a month), or, where enough history is stored, by the
detector made from it (`measures.waves.design_detector`). Ticks within a wave teach nothing. Method: docs/methods/watch.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from birdfall.kernels import edetector

TICK_US = 10_000_000
#: Quantile of the Gamma bound, as a normal deviate: the rate lies below it in 39 of 40 streams.
BOUND = 1.96
#: The spread of a stream whose history does not show it, as `measures.waves` assumes it (which is heavy to load).
ASSUMED_SIZE = 1.0
#: Levels wander: until history says how far, so many times the usual rate still counts as nothing.
ASSUMED_LIFT = 3.0
#: Events in the last hour from which on its spread is believed, and the limits of what is believed.
ENOUGH, NARROWEST, WIDEST = 20, 0.5, 50.0
#: The narrowest spread that less than an hour can show: a level may wander by a third from one hour to the next, (1 / 3) ** -2.
YOUNG = 9.0
#: Ticks remembered to say when a wave began.
REMEMBERED = 360
ROOM = 64
#: Streams that stand for everything, and the part of the false alarms that each may have; the rest is shared by all others.
WHOLE, SHARE = ("all", "reports"), 0.25
#: Ticks that are also counted together, the open one the last: a minute of a tenfold rate is too short for evidence to multiply.
WINDOWS = (1, 2, 3, 6)
#: The last ticks do not teach yet: a burst must not be the yardstick it is measured by. In a stream younger than `SETTLED` ticks the
#: last third does not, where that would raise the bound. Of reported accounts never: they are new by nature.
LAG, SETTLED = 30, 90
#: Ticks that only teach: what a stream brings at all is not known before.
FIRST = 2


@dataclass
class Learned:
    """What stored history says of a stream: expected events per tick, lifted; size of their spread."""

    expected: float
    size: float


def log_tail(number: float, mean: float, size: float) -> float:
    """Log of at least the chance that a negative binomial brings so many or more: its terms fall at least as fast as the first or the last two."""
    if number <= mean or mean <= 0.0:
        return 0.0
    size = min(size, 1e7)
    share = mean / (mean + size)
    term = math.lgamma(number + size) - math.lgamma(size) - math.lgamma(number + 1)
    term += number * math.log(share) + size * math.log1p(-share)
    return min(term - math.log1p(-max(share, share * (number + size) / (number + 1))), 0.0)


def _most(events: np.ndarray, ticks: np.ndarray) -> np.ndarray:
    """The most that a tick may bring of what brought so many events in so many ticks, float64[K]."""
    shape, ticks = events + 1.0, np.maximum(ticks, 1.0)
    # Wilson and Hilferty 1931: a Gamma variate's cube root is nearly normal
    bound = shape * (1 - 1 / (9 * shape) + BOUND / (3 * np.sqrt(shape))) ** 3 / ticks
    found: np.ndarray = np.maximum(bound, ASSUMED_LIFT * events / ticks)
    return found


class DetectorBank:
    """Detectors by stream name. All arrays have one row per stream."""

    def __init__(self, *, false_alarms_per_year: float = 1.0) -> None:
        self.thetas = edetector.multipliers()
        self.threshold = edetector.threshold_for(
            TICK_US / 1e6, false_alarms_per_year=false_alarms_per_year
        )
        self.names: list[str] = []
        self.place: dict[str, int] = {}
        self.tick = 0
        self.learned: dict[str, Learned] = {}
        self._is_new, self._new_of = np.zeros(0, np.bool_), (0, "")
        number = len(self.thetas)
        self.state = np.full((ROOM, number), -np.inf)
        self.count, self.total, self.ticks = np.zeros(ROOM), np.zeros(ROOM), np.zeros(ROOM)
        #: counts of the last ticks, column tick % REMEMBERED; which of the last LAG taught, column tick % LAG
        self.recent = np.zeros((ROOM, REMEMBERED), np.float32)
        self.taught = np.zeros((ROOM, LAG), np.float32)
        #: sums over those columns, kept as they change: events and ticks that teach but late; counts and squares before the late
        self.sums = np.zeros((ROOM, 4))
        #: log evidence after the last tick
        self.last = np.full(ROOM, -np.inf)
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
        return len(self.names)

    def add(self, names: Iterable[str], ticks: float = 0.0) -> None:
        """Streams to be watched from now on; `ticks` is how long they would have been heard of already."""
        fresh = [name for name in dict.fromkeys(names) if name not in self.place]
        if len(self.names) + len(fresh) > len(self.count):
            self._grow(len(self.names) + len(fresh))
        for name in fresh:
            self.place[name] = len(self.names)
            self.ticks[len(self.names)] = ticks
            self.names.append(name)

    def drop(self, names: set[str]) -> None:
        """Streams that are no longer watched."""
        kept = np.array([i for i, n in enumerate(self.names) if n not in names], np.int64)
        for array in self._arrays():
            array[: len(kept)] = array[kept]
        n = len(kept)
        self.names = [self.names[i] for i in kept]
        self.place = {name: i for i, name in enumerate(self.names)}
        self._new_of = (-1, "")
        self.forget_known()
        for array in self._arrays():
            array[n:] = -np.inf if array is self.state or array is self.last else 0.0

    def put(self, name: str, number: float = 1.0) -> None:
        """Events in the open tick of a stream."""
        self.count[self.place[name]] += number

    def expected(self) -> np.ndarray:
        """The most that a tick of each stream may bring while nothing happens, float64[K]."""
        return self._judged_by()[0]

    def sizes(self) -> np.ndarray:
        """Negative-binomial size of a tick of each stream, float64[K]."""
        return self._judged_by()[1]

    def forget_known(self) -> None:
        """What streams are judged by is computed anew: time went on, or streams came or went."""
        self._known = None

    def _judged_by(self) -> tuple[np.ndarray, np.ndarray]:
        if self._known is None or len(self._known[0]) != len(self.names):
            self._known = self._bounds(), self._spreads()
            for name, learned in self.learned.items():
                if name in self.place:
                    self._known[0][self.place[name]] = max(learned.expected, 1e-9)
                    self._known[1][self.place[name]] = learned.size
        return self._known

    def _bounds(self) -> np.ndarray:
        n = len(self.names)
        settled = self.of_targets() | (self.ticks[:n] > SETTLED)
        late = self.sums[:n, :2] * settled[:, None]
        found = _most(self.total[:n] - late[:, 0], self.ticks[:n] - late[:, 1])
        # silence teaches what it can: only where something came lately would less be known without it
        young = np.flatnonzero(~settled & (self.sums[:n, 0] > 0))
        if len(young):
            late = self._last_third(young)
            found[young] = np.minimum(
                found[young], _most(self.total[young] - late[:, 0], self.ticks[young] - late[:, 1])
            )
        return found

    def _last_third(self, young: np.ndarray) -> np.ndarray:
        """Events and ticks that taught within the last third of what was watched of these streams, float64[len(young), 2]."""
        back = np.arange(1, LAG + 1)
        then = self.tick - back
        counted = self.taught[np.ix_(young, then % LAG)] * (back <= self.ticks[young, None] // 3)
        events = (self.recent[np.ix_(young, then % REMEMBERED)] * counted).sum(axis=1)
        return np.column_stack([events, counted.sum(axis=1)]).astype(float)

    def _spreads(self) -> np.ndarray:
        """The spread within the last hour, of streams old and busy enough to show it; bursts only widen it."""
        n = len(self.names)
        watched = np.clip(self.ticks[:n], SETTLED, REMEMBERED) - LAG
        mean = self.sums[:n, 2] / watched
        variance = self.sums[:n, 3] / watched - mean**2
        known = (self.ticks[:n] >= SETTLED) & (self.sums[:n, 2] >= ENOUGH)
        widest = np.where(self.ticks[:n] >= REMEMBERED, WIDEST, YOUNG)
        seen = np.clip(
            mean**2 / np.maximum(variance - mean, 0.02 * mean**2 + 1e-9), NARROWEST, widest
        )
        found: np.ndarray = np.where(known, seen, ASSUMED_SIZE)
        return found

    def of_targets(self) -> np.ndarray:
        """Which streams are of reported accounts, bool[K]."""
        if self._new_of != (len(self.names), self.names[-1] if self.names else ""):
            self._is_new = np.array([n.startswith("target:") for n in self.names], np.bool_)
            self._new_of = (len(self.names), self.names[-1] if self.names else "")
        return self._is_new

    def of_reports(self) -> np.ndarray:
        """Which streams count reports, bool[K]; the others count suspensions."""
        found = self.of_targets().copy()
        if "reports" in self.place:
            found[self.place["reports"]] = True
        return found

    def _push(self, counts: np.ndarray | float, teach: np.ndarray | bool) -> None:
        """One tick into the columns and their sums; the tick is the open one."""
        n = len(self.names)
        sums, recent, taught = self.sums[:n], self.recent[:n], self.taught[:n]
        late = self.tick % LAG
        leaving = recent[:, (self.tick - LAG) % REMEMBERED].astype(float)
        sums[:, 0] += np.where(teach, counts, 0.0) - leaving * taught[:, late]
        sums[:, 1] += np.asarray(teach, float) - taught[:, late]
        oldest = recent[:, self.tick % REMEMBERED].astype(float)
        sums[:, 2] += leaving - oldest
        sums[:, 3] += leaving**2 - oldest**2
        recent[:, self.tick % REMEMBERED] = counts
        taught[:, late] = teach

    def _sum_up(self) -> None:
        """The sums, from the columns."""
        n = len(self.names)
        late = np.arange(self.tick - LAG, self.tick)
        recent, taught = self.recent[:n].astype(float), self.taught[:n][:, late % LAG]
        old = recent[:, np.arange(self.tick - REMEMBERED, self.tick - LAG) % REMEMBERED]
        self.sums[:n, 0] = (recent[:, late % REMEMBERED] * taught).sum(axis=1)
        self.sums[:n, 1] = taught.sum(axis=1)
        self.sums[:n, 2], self.sums[:n, 3] = old.sum(axis=1), (old**2).sum(axis=1)

    def _push_empty(self, ticks: int, teach: bool) -> None:
        """As many empty ticks as `_push` would take, at once: what was in the columns grows old, leaves, and is nought."""
        n = len(self.names)
        sums, recent, taught = self.sums[:n], self.recent[:n], self.taught[:n]
        begin, end = self.tick, self.tick + ticks
        late = np.arange(begin - LAG, min(end - LAG, begin))
        growing, taught_then = recent[:, late % REMEMBERED].astype(float), taught[:, late % LAG]
        leaving = recent[
            :, np.arange(begin - REMEMBERED, min(end - REMEMBERED, begin)) % REMEMBERED
        ].astype(float)
        sums[:, 0] -= (growing * taught_then).sum(axis=1)
        sums[:, 1] += min(ticks, LAG) * float(teach) - taught_then.sum(axis=1)
        sums[:, 2] += growing.sum(axis=1) - leaving.sum(axis=1)
        sums[:, 3] += (growing**2).sum(axis=1) - (leaving**2).sum(axis=1)
        recent[:, np.arange(max(begin, end - REMEMBERED), end) % REMEMBERED] = 0.0
        taught[:, np.arange(max(begin, end - LAG), end) % LAG] = teach
        self.tick = end

    def evidence(self) -> np.ndarray:
        """Log evidence of each stream if the open tick ended now, float64[K]: what is yet to come can only raise it."""
        n = len(self.names)
        found = self.last[:n].copy()
        # where nothing came in this tick yet, nothing has been added to what the last one left
        busy = np.flatnonzero((self.count[:n] > 0) & (self.ticks[:n] >= FIRST))
        found[busy] = edetector.advance_many(
            self.state[busy],
            self.count[busy],
            self.expected()[busy],
            self.sizes()[busy],
            self.thetas,
            False,
        )
        return found

    def _left(self) -> np.ndarray:
        """Log evidence of what is kept, float64[K]."""
        state = self.state[: len(self.names)]
        top = state.max(axis=1, initial=-np.inf)
        safe = np.where(np.isneginf(top), 0.0, top)
        with np.errstate(divide="ignore"):
            found: np.ndarray = top + np.log(np.exp(state - safe[:, None]).mean(axis=1))
        return np.where(np.isneginf(top), -np.inf, found)

    def standing_out(self, evidence: np.ndarray) -> list[str]:
        """Streams called together at the false-alarm budget, strongest first. evidence: of the open tick, from `evidence`.

        What history raised the rate of a stream to (`Learned`) may be passed half as often as false alarms are allowed; its evidence has
        the other half. Streams that stand for everything weigh more than one of many (e-BH with weights); once settled, half of what they have is
        for counts of some ticks together: a number that chance passes in one of 1 / a windows is an e-value of 1 / a where it is passed.
        """
        streams = len(self.names)
        whole = [name for name in WHOLE if name in self.place]
        weighed = evidence.copy()
        weighed[[self.place[name] for name in self.learned if name in self.place]] -= np.log(2)
        if len(whole) < streams:
            rest = np.ones(streams, np.bool_)
            rest[[self.place[name] for name in whole]] = False
            weighed[rest] += np.log((1 - SHARE * len(whole)) * streams / (streams - len(whole)))
        # what it takes to be called by itself
        enough = np.log(self.threshold * streams)
        for name in whole:
            k = self.place[name]
            weight = np.log((SHARE if len(whole) < streams else 1 / len(whole)) * streams)
            if self.ticks[k] < SETTLED and name not in self.learned:
                weighed[k] += weight
                continue
            weight -= np.log(2)
            passed = self._passed(
                name, weight - enough - (np.log(2) if name in self.learned else 0.0)
            )
            weighed[k] = np.logaddexp(weighed[k] + weight, enough if passed else -np.inf)
        called = np.flatnonzero(edetector.e_bh(weighed, self.threshold))
        return [self.names[i] for i in called[np.argsort(-weighed[called], kind="stable")]]

    def _passed(self, name: str, log_chance: float) -> bool:
        """Whether in one of the windows that end in the open tick there is more than chance brings as often as `log_chance` says."""
        k = self.place[name]
        if not self.count[k]:
            return False
        mean, size = float(self.expected()[k]), float(self.sizes()[k])
        for ticks in WINDOWS:
            before = np.arange(self.tick - ticks + 1, self.tick) % REMEMBERED
            number = float(self.count[k]) + float(self.recent[k, before].sum())
            if log_tail(number, ticks * mean, ticks * size) <= log_chance - math.log(len(WINDOWS)):
                return True
        return False

    def close(self, *, teach: np.ndarray, covered: bool) -> np.ndarray:
        """End the open tick: its counts, float64[K]. teach: bool[K], streams for which it is ordinary time."""
        n = len(self.names)
        counts = self.count[:n].copy()
        if covered:
            self.last[:n] = edetector.advance_many(
                self.state[:n], counts, self.expected(), self.sizes(), self.thetas, True
            )
            self.total[:n] += np.where(teach, counts, 0.0)
            self.ticks[:n] += teach
        self._push(counts if covered else 0.0, teach if covered else False)
        forgotten = (~teach & ~self.of_targets()) | (self.ticks[:n] <= FIRST)
        self.state[:n][forgotten], self.last[:n][forgotten] = -np.inf, -np.inf
        self.count[:n] = 0.0
        self.tick += 1
        self.forget_known()
        return counts

    def skip(self, ticks: int, *, covered: bool) -> None:
        """Ticks in which nothing came, in closed form."""
        n = len(self.names)
        if ticks > 0 and n:
            if covered:
                edetector.skip_empty_ticks_many(
                    self.state[:n], ticks, self.expected(), self.sizes(), self.thetas
                )
                self.ticks[:n] += ticks
                self.last[:n] = self._left()
            self._push_empty(ticks, covered)
            self.forget_known()
        elif ticks > 0:
            self.tick += ticks

    def onset(self, name: str) -> int:
        """The tick in which what is on in a stream began most likely; the open one if it is that."""
        k = self.place[name]
        watched = int(min(self.ticks[k] + 1, REMEMBERED))
        past = self.recent[k, np.arange(self.tick - watched, self.tick) % REMEMBERED]
        counts = np.r_[past, self.count[k]].astype(float)
        expected = np.full(len(counts), self.expected()[k])
        sizes = np.full(len(counts), self.sizes()[k])
        at: int = edetector.likely_onset(
            counts, expected, sizes, np.ones(len(counts), np.bool_), self.thetas
        )
        return self.tick - (len(counts) - 1 - min(at, len(counts) - 1))

    def begin_anew(self, names: Iterable[str]) -> None:
        """Forget the evidence of these streams."""
        for name in names:
            if name in self.place:
                self.state[self.place[name]] = -np.inf
                self.last[self.place[name]] = -np.inf

    # -- kept with the state --------------------------------------------------------------------------------------

    def plain(self, names: Iterable[str] | None = None) -> dict[str, dict[str, Any]]:
        """What to keep, by stream."""
        chosen = self.names if names is None else [n for n in names if n in self.place]
        found = {}
        for name in chosen:
            k = self.place[name]
            columns = np.flatnonzero(self.recent[k])
            found[name] = {
                "state": [None if np.isneginf(v) else float(v) for v in self.state[k]],
                "count": float(self.count[k]),
                "total": float(self.total[k]),
                "ticks": float(self.ticks[k]),
                "tick": self.tick,
                "taught": [int(v) for v in self.taught[k]],
                "recent": {str(int(i)): float(self.recent[k, i]) for i in columns},
            }
        return found

    def restore(self, kept: dict[str, dict[str, Any]]) -> None:
        """Take up what `plain` gave. Streams kept at an earlier tick are brought up to the latest with empty ticks."""
        latest = max((int(v["tick"]) for v in kept.values()), default=0)
        for tick in sorted({int(v["tick"]) for v in kept.values()}):
            together = DetectorBank()
            together.thetas, together.learned = self.thetas, self.learned
            chosen = {name: v for name, v in kept.items() if int(v["tick"]) == tick}
            together.add(chosen)
            for name, value in chosen.items():
                together._take_up(together.place[name], value)
            together.tick = tick
            together._sum_up()
            together.skip(latest - tick, covered=True)
            self.add(chosen)
            mine = [self.place[name] for name in together.names]
            n = len(mine)
            for ours, theirs in zip(self._arrays(), together._arrays(), strict=True):
                ours[mine] = theirs[:n]
        self.tick = max(self.tick, latest)
        self.last[: len(self.names)] = self._left()
        self.forget_known()

    def _take_up(self, k: int, value: dict[str, Any]) -> None:
        self.state[k] = [-np.inf if v is None else v for v in value["state"]]
        self.count[k], self.total[k], self.ticks[k] = value["count"], value["total"], value["ticks"]
        self.taught[k] = value["taught"]
        for i, v in value["recent"].items():
            self.recent[k, int(i)] = v

    def _arrays(self) -> tuple[np.ndarray, ...]:
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
