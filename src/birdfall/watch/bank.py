"""Many e-detectors side by side: one for all suspensions, one for each watched audience and host, one for each reported account.

A tick lasts ten seconds; the open one is judged as it fills, against what a whole tick may bring, so that an alarm need
not wait for its end. What a stream may bring is bounded from above by what it brought so far (a Gamma bound on its rate: a
stream watched for a minute may bring more than one watched for a month), or, where enough history is stored, by the
detector made from it (`measures.wave_backtest`). Ticks within a wave teach nothing. Method: docs/methods/watch.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from birdfall.kernels import edetector
from birdfall.measures.wave_baseline import ASSUMED_SIZE

STEP = 10_000_000
#: Quantile of the Gamma bound, as a normal deviate: the rate lies below it in 39 of 40 streams.
BOUND = 1.96
#: Levels wander: until history says how far, so many times the usual rate still counts as nothing.
ASSUMED_LIFT = 3.0
#: Events in the last hour from which on its spread is believed, and the limits of what is believed.
ENOUGH, NARROWEST, WIDEST = 20, 0.5, 50.0
#: Ticks remembered to say when a wave began.
REMEMBERED = 360
ROOM = 64
#: The last ticks do not teach yet: a burst must not be the yardstick it is measured by. From `SETTLED` ticks on; a stream younger
#: than that has nothing else to go by. Of reported accounts never: they are new by nature.
LAG, SETTLED = 30, 90


@dataclass
class Learned:
    """What stored history says of a stream: expected events per tick, lifted; size of their spread."""

    expected: float
    size: float


class Bank:
    """Detectors by stream name. All arrays have one row per stream."""

    def __init__(self, *, false_alarms_per_year: float = 1.0) -> None:
        self.thetas = edetector.multipliers()
        self.threshold = edetector.threshold_for(STEP / 1e6, false_alarms_per_year=false_alarms_per_year)
        self.names: list[str] = []
        self.place: dict[str, int] = {}
        self.tick = 0
        self.learned: dict[str, Learned] = {}
        self._is_new, self._new_of = np.zeros(0, np.bool_), (0, "")
        number = len(self.thetas)
        self.state = np.full((ROOM, number), -np.inf)
        self.count, self.total, self.ticks = np.zeros(ROOM), np.zeros(ROOM), np.zeros(ROOM)
        self.recent = np.zeros((ROOM, REMEMBERED), np.float32)
        #: events and ticks of the last LAG ticks that teach
        self.late = np.zeros((ROOM, 2, LAG), np.float32)

    def _grow(self) -> None:
        """Room for twice as many streams."""
        self.state = np.concatenate([self.state, np.full_like(self.state, -np.inf)])
        self.count, self.total, self.ticks, self.recent, self.late = (
            np.concatenate([a, np.zeros_like(a)]) for a in (self.count, self.total, self.ticks, self.recent, self.late)
        )

    def __len__(self) -> int:
        return len(self.names)

    def add(self, names: Iterable[str], ticks: float = 0.0) -> None:
        """Streams to be watched from now on; `ticks` is how long they would have been heard of already."""
        for name in names:
            if name in self.place:
                continue
            if len(self.names) == len(self.count):
                self._grow()
            self.place[name] = len(self.names)
            self.ticks[len(self.names)] = ticks
            self.names.append(name)

    def drop(self, names: set[str]) -> None:
        """Streams that are no longer watched."""
        kept = np.array([i for i, n in enumerate(self.names) if n not in names], np.int64)
        for array in (self.state, self.count, self.total, self.ticks, self.recent, self.late):
            array[: len(kept)] = array[kept]
        n = len(kept)
        self.names = [self.names[i] for i in kept]
        self.place = {name: i for i, name in enumerate(self.names)}
        self._new_of = (-1, "")
        for array, value in (
            (self.state, -np.inf),
            (self.count, 0.0),
            (self.total, 0.0),
            (self.ticks, 0.0),
            (self.recent, 0.0),
            (self.late, 0.0),
        ):
            array[n:] = value

    def put(self, name: str, number: float = 1.0) -> None:
        """Events in the open tick of a stream."""
        self.count[self.place[name]] += number

    def expected(self) -> np.ndarray:
        """The most that a tick of each stream may bring while nothing happens, float64[K]."""
        n = len(self.names)
        late = self.late[:n].sum(axis=2) * (self._new() | (self.ticks[:n] > SETTLED))[:, None]
        events, ticks = self.total[:n] - late[:, 0], np.maximum(self.ticks[:n] - late[:, 1], 1.0)
        shape = events + 1.0
        # Wilson and Hilferty 1931: a Gamma variate's cube root is nearly normal
        bound: np.ndarray = shape * (1 - 1 / (9 * shape) + BOUND / (3 * np.sqrt(shape))) ** 3 / ticks
        bound = np.maximum(bound, ASSUMED_LIFT * events / ticks)
        for name, learned in self.learned.items():
            if name in self.place:
                bound[self.place[name]] = max(learned.expected, 1e-9)
        return bound

    def _new(self) -> np.ndarray:
        """Which streams are of reported accounts, bool[K]."""
        if self._new_of != (len(self.names), self.names[-1] if self.names else ""):
            self._is_new = np.array([n.startswith("target:") for n in self.names], np.bool_)
            self._new_of = (len(self.names), self.names[-1] if self.names else "")
        return self._is_new

    def sizes(self) -> np.ndarray:
        """Negative-binomial size of a tick of each stream, float64[K]."""
        n = len(self.names)
        past = self.recent[:n, :-LAG]
        mean, variance = past.mean(axis=1, dtype=float), past.var(axis=1, dtype=float)
        # the spread within the last hour, of streams old and busy enough to show it; bursts only widen it
        known = (self.ticks[:n] >= REMEMBERED) & (mean * (REMEMBERED - LAG) >= ENOUGH)
        seen = np.clip(mean**2 / np.maximum(variance - mean, 0.02 * mean**2 + 1e-9), NARROWEST, WIDEST)
        found = np.where(known, seen, ASSUMED_SIZE)
        for name, learned in self.learned.items():
            if name in self.place:
                found[self.place[name]] = learned.size
        return found

    def evidence(self) -> np.ndarray:
        """Log evidence of each stream if the open tick ended now, float64[K]: what is yet to come can only raise it."""
        n = len(self.names)
        found: np.ndarray = edetector.step_many(
            self.state[:n], self.count[:n], self.expected(), self.sizes(), self.thetas, False
        )
        return found

    def standing_out(self, evidence: np.ndarray) -> list[str]:
        """Streams called together at the false-alarm budget, strongest first."""
        called = np.flatnonzero(edetector.e_bh(evidence, self.threshold))
        return [self.names[i] for i in called[np.argsort(-evidence[called], kind="stable")]]

    def close(self, *, teach: np.ndarray, covered: bool) -> np.ndarray:
        """End the open tick: its counts, float64[K]. teach: bool[K], streams for which it is ordinary time."""
        n = len(self.names)
        counts = self.count[:n].copy()
        if covered:
            edetector.step_many(self.state[:n], counts, self.expected(), self.sizes(), self.thetas, True)
            self.total[:n] += np.where(teach, counts, 0.0)
            self.ticks[:n] += teach
            self.recent[:n] = np.roll(self.recent[:n], -1, axis=1)
            self.recent[:n, -1] = counts
            self.late[:n] = np.roll(self.late[:n], -1, axis=2)
            self.late[:n, 0, -1], self.late[:n, 1, -1] = np.where(teach, counts, 0.0), teach
        self.state[:n][~teach & ~self._new()] = -np.inf
        self.count[:n] = 0.0
        self.tick += 1
        return counts

    def skip(self, ticks: int, *, covered: bool) -> None:
        """Ticks in which nothing came, in closed form."""
        if ticks <= 0:
            return
        n = len(self.names)
        if covered and n:
            expected, sizes = self.expected(), self.sizes()
            for k in range(n):
                self.state[k] = edetector.empty_ticks(
                    self.state[k], ticks, float(expected[k]), float(sizes[k]), self.thetas
                )
            self.ticks[:n] += ticks
            gone = min(ticks, REMEMBERED)
            self.recent[:n] = np.roll(self.recent[:n], -gone, axis=1)
            self.recent[:n, REMEMBERED - gone :] = 0.0
            late = min(ticks, LAG)
            self.late[:n] = np.roll(self.late[:n], -late, axis=2)
            self.late[:n, 0, LAG - late :], self.late[:n, 1, LAG - late :] = 0.0, 1.0
        self.tick += ticks

    def onset(self, name: str) -> int:
        """The tick in which what is on in a stream began most likely; the open one if it is that."""
        k = self.place[name]
        watched = int(min(self.ticks[k] + 1, REMEMBERED))
        counts = np.r_[self.recent[k], self.count[k]][-watched - 1 :]
        expected = np.full(len(counts), self.expected()[k])
        sizes = np.full(len(counts), self.sizes()[k])
        at: int = edetector.likely_onset(counts, expected, sizes, np.ones(len(counts), np.bool_), self.thetas)
        return self.tick - (len(counts) - 1 - min(at, len(counts) - 1))

    def begin_anew(self, names: Iterable[str]) -> None:
        """Forget the evidence of these streams."""
        for name in names:
            if name in self.place:
                self.state[self.place[name]] = -np.inf

    # -- kept with the state --------------------------------------------------------------------------------------

    def plain(self, names: Iterable[str] | None = None) -> dict[str, dict[str, Any]]:
        """What to keep, by stream."""
        chosen = self.names if names is None else [n for n in names if n in self.place]
        found = {}
        for name in chosen:
            k = self.place[name]
            nonzero = np.flatnonzero(self.recent[k])
            found[name] = {
                "state": [None if np.isneginf(v) else float(v) for v in self.state[k]], "count": float(self.count[k]),
                "total": float(self.total[k]), "ticks": float(self.ticks[k]), "tick": self.tick,
                "late": [[float(v) for v in row] for row in self.late[k]],
                "recent": {str(int(i)): float(self.recent[k, i]) for i in nonzero},
            }  # fmt: skip
        return found

    def restore(self, kept: dict[str, dict[str, Any]]) -> None:
        """Take up what `plain` gave. Streams kept at an earlier tick are brought up to the latest with empty ticks."""
        if not kept:
            return
        self.add(kept)
        self.tick = max(int(v["tick"]) for v in kept.values())
        for name, value in kept.items():
            k = self.place[name]
            self.state[k] = [-np.inf if v is None else v for v in value["state"]]
            self.count[k], self.total[k], self.ticks[k] = value["count"], value["total"], value["ticks"]
            for i, v in value["recent"].items():
                self.recent[k, int(i)] = v
            self.late[k] = value["late"]
            behind = self.tick - int(value["tick"])
            if behind > 0:
                gone = min(behind, LAG)
                self.late[k] = np.roll(self.late[k], -gone, axis=1)
                self.late[k, 0, LAG - gone :], self.late[k, 1, LAG - gone :] = 0.0, 1.0
                expected, sizes = float(self.expected()[k]), float(self.sizes()[k])
                self.state[k] = edetector.empty_ticks(self.state[k], behind, expected, sizes, self.thetas)
                self.ticks[k] += behind
                self.recent[k] = np.roll(self.recent[k], -min(behind, REMEMBERED))
                self.recent[k, REMEMBERED - min(behind, REMEMBERED) :] = 0.0
                self.count[k] = 0.0
