"""What a page asks for, whatever is shown: a running watch (`state_view`) or a finished case (`case_view`).

Accounts are pseudonyms on pages, but for watched leaders and accounts a case lists as public; lists with platform ids are
downloads, which a person asks for.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final, Protocol

from birdfall.watch.bank import STEP

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


def most_usual(expected: float, step: int) -> float:
    """The most events usual in a step of so many microseconds, where a tick of the watch expects `expected`.

    Three deviations of a Poisson above the mean, at most twice it, at least one: what the watch stores with its ticks, for other lengths.
    """
    mean = expected * step / STEP
    return max(2 * mean, mean + 3 * math.sqrt(mean), 1.0)


def chart(series: list[dict[str, Any]], gaps: list[list[int]], step: int, stream: str) -> dict[str, Any]:
    """What a chart is drawn of. series: {at, observed, high} per step. gaps: [begin, end] that were not watched. step: microseconds."""
    return {"series": series, "gaps": gaps, "seconds": step // 1_000_000, "stream": stream}
