"""What a page asks for, whatever is shown: a running watch (`state_view`) or a finished case (`case_view`).

Accounts are pseudonyms on pages, but for watched leaders and accounts a case lists as public; lists with platform ids are
downloads, which a person asks for.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final, Protocol

from birdfall.watch.model.ticks import TICK_US

HOUR: Final = 3_600_000_000
MINUTE: Final = 60_000_000
#: Pages a visitor can go to, in order; a case has no rules.
PAGES: Final[tuple[str, ...]] = ("now", "waves", "reporters", "rules", "sources")


class View(Protocol):
    """What pages ask for. All times are microseconds."""

    live: bool
    pages: tuple[str, ...]

    @property
    def simulated(self) -> bool:
        """Whether nothing on these pages happened to real accounts."""
        ...

    def version(self) -> str:
        """Changes whenever a page would."""
        ...

    def now(self) -> dict[str, Any]: ...

    def waves(self) -> list[dict[str, Any]]: ...

    def wave(self, number: int) -> dict[str, Any] | None: ...

    def reporters(self) -> dict[str, Any]: ...

    def rules(self) -> dict[str, Any]: ...

    def sources(self) -> list[dict[str, Any]]: ...

    def download(self, number: int, form: str) -> str | None: ...

    def kept(self) -> dict[str, Any] | None:
        """What a watch keeps: since (microseconds), forgets, forgot, state and raw (megabytes), over (its limit); None for a case."""
        ...

    def report(self) -> Path | None: ...


def usual_limit(expected: float, step: int) -> float:
    """The most events usual in a step of so many microseconds, where a tick of the watch expects `expected`.

    Three deviations of a Poisson above the mean, at most twice it, at least one: what the watch stores with its ticks, for other lengths.
    """
    mean = expected * step / TICK_US
    return max(2 * mean, mean + 3 * math.sqrt(mean), 1.0)


def build_chart(
    series: list[dict[str, Any]], gaps: list[list[int]], step: int, stream: str
) -> dict[str, Any]:
    """What a chart is drawn of. series: {at, observed, high} per step. gaps: [begin, end] that were not watched. step: microseconds.

    `over` is added to each step: more than is usual. Where a step was not watched at all nothing is usual: its `high` is None.
    """
    gaps = _merge_gaps(gaps)
    points = []
    for p in series:
        unwatched = any(begin <= p["at"] and p["at"] + step <= end for begin, end in gaps)
        points.append(
            {**p, "over": p["observed"] > p["high"], "high": None if unwatched else p["high"]}
        )
    seconds = step / 1_000_000 if step % 1_000_000 else step // 1_000_000
    return {"series": points, "gaps": gaps, "seconds": seconds, "stream": stream}


def usual_band_path(c: dict[str, Any], top: float) -> str:
    """The path of what is usual in a chart, in steps and hundredths of `top`, left out where nothing was watched."""
    first, step = c["series"][0]["at"], c["seconds"] * 1_000_000
    pieces: list[tuple[float, float, float]] = []
    for p in c["series"]:
        begin = p["at"]
        if p["high"] is None:
            continue
        for gap_begin, gap_end in [*c["gaps"], [math.inf, math.inf]]:
            end = min(gap_begin, p["at"] + step)
            if end > begin:
                pieces.append(
                    ((begin - first) / step, (end - first) / step, 100 - 100 * p["high"] / top)
                )
            begin = max(begin, min(gap_end, p["at"] + step))
    drawn, reached = "", -1.0
    for x, to, y in pieces:
        if x != reached:
            drawn += ("V100Z" if drawn else "") + f"M{x:.4g} 100"
        drawn += f"V{y:.4g}H{to:.4g}"
        reached = to
    return drawn and drawn + "V100Z"


def _merge_gaps(gaps: list[list[int]]) -> list[list[int]]:
    """Gaps in order, those that touch as one."""
    merged: list[list[int]] = []
    for begin, end in sorted(gaps):
        if merged and begin <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([begin, end])
    return merged
