"""Charts of a page: counts per step, what is usual, and when nothing was watched."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

from birdfall.model.units import SECOND_US
from birdfall.watch.model.ticks import TICK_US


class TimeSpan(NamedTuple):
    """A time from `begin` to `end`, in microseconds."""

    begin: int
    end: int


class Count(NamedTuple):
    """Events of one step. at: its begin in microseconds; high: the most that is usual."""

    at: int
    observed: int
    high: float


class PointJson(TypedDict):
    """A point of a chart as the page's script reads it."""

    at: int
    observed: int
    high: float | None
    over: bool


class ChartJson(TypedDict):
    """A chart as the page's script reads it (`frontend/src/dashboard.ts`)."""

    series: list[PointJson]
    gaps: list[list[int]]
    seconds: float
    stream: str


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """One step of a chart.

    Attributes
    ----------
    at
        Its begin, in microseconds.
    observed
        Events within it.
    high
        The most events that are usual; None where nothing was watched.
    over
        Whether more was observed than is usual.
    """

    at: int
    observed: int
    high: float | None
    over: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """What a chart is drawn of.

    Attributes
    ----------
    series
        A point per step.
    gaps
        Times that were not watched, in order, none touching another.
    step
        Length of a step, in microseconds.
    stream
        "all" for suspensions, "reports" for reports.
    """

    series: tuple[ChartPoint, ...]
    gaps: tuple[TimeSpan, ...]
    step: int
    stream: str

    @property
    def seconds(self) -> float:
        """Length of a step in seconds; a whole number if it is one."""
        return self.step / SECOND_US if self.step % SECOND_US else self.step // SECOND_US

    def to_json(self) -> ChartJson:
        """The chart as the page's script reads it."""
        return {
            "series": [
                {"at": p.at, "observed": p.observed, "high": p.high, "over": p.over}
                for p in self.series
            ],
            "gaps": [list(gap) for gap in self.gaps],
            "seconds": self.seconds,
            "stream": self.stream,
        }

    def usual_band_path(self, top: float) -> str:
        """The SVG path of what is usual, left out where nothing was watched.

        x is in steps from the first, y in hundredths of `top` from above.
        """
        path, reached = "", -1.0
        for begin, end, y in self._watched_pieces(top):
            if begin != reached:
                path += ("V100Z" if path else "") + f"M{begin:.4g} 100"
            path += f"V{y:.4g}H{end:.4g}"
            reached = end
        return path and path + "V100Z"

    def _watched_pieces(self, top: float) -> Iterable[tuple[float, float, float]]:
        """(begin, end, y) of each piece of a step that was watched."""
        first = self.series[0].at
        for point in self.series:
            if point.high is None:
                continue
            begin: float = point.at
            last = point.at + self.step
            y = 100 - 100 * point.high / top
            for gap_begin, gap_end in (*self.gaps, (math.inf, math.inf)):
                end = min(gap_begin, last)
                if end > begin:
                    yield (begin - first) / self.step, (end - first) / self.step, y
                begin = max(begin, min(gap_end, last))


def usual_limit(expected: float, step: int) -> float:
    """The most events that are usual in a step.

    Three deviations of a Poisson above the mean, at most twice it, at least one: the limit that the
    watch stores with its ticks, for steps of any length.

    Parameters
    ----------
    expected
        Events that a tick of the watch expects.
    step
        Length of the step, in microseconds.
    """
    mean = expected * step / TICK_US
    return max(2 * mean, mean + 3 * math.sqrt(mean), 1.0)


def build_chart(counts: Sequence[Count], gaps: Iterable[TimeSpan], step: int, stream: str) -> Chart:
    """A chart of counts.

    Parameters
    ----------
    counts
        One per step, in order.
    gaps
        Times that were not watched, in any order. A step within one has no usual limit.
    step
        Length of a step, in microseconds.
    stream
        "all" or "reports".
    """
    merged = _merge_gaps(gaps)
    points = []
    for count in counts:
        unwatched = any(g.begin <= count.at and count.at + step <= g.end for g in merged)
        high = None if unwatched else count.high
        points.append(ChartPoint(count.at, count.observed, high, count.observed > count.high))
    return Chart(tuple(points), merged, step, stream)


def _merge_gaps(gaps: Iterable[TimeSpan]) -> tuple[TimeSpan, ...]:
    """Gaps in order, those that touch as one."""
    merged: list[TimeSpan] = []
    for begin, end in sorted(gaps):
        if merged and begin <= merged[-1].end:
            merged[-1] = TimeSpan(merged[-1].begin, max(merged[-1].end, end))
        else:
            merged.append(TimeSpan(begin, end))
    return tuple(merged)
