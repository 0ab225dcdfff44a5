"""The casebook: real events with the cause that was acknowledged, weighed like any case.

It is tiny: it tests the direction of the weights only.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, Literal, TypedDict

from birdfall.explanations.reference_worlds import reference
from birdfall.explanations.verdict import CauseVerdict, Value, weigh_causes


def _log10_plus_half(value: float) -> float:
    return math.log10(value + 0.5)


def _log10_plus_one(value: float) -> float:
    return math.log10(value + 1)


def _log10_plus_hundredth(value: float) -> float:
    return math.log10(value + 0.01)


_Figure = Literal[
    "size",
    "duration_s",
    "hazard_ratio",
    "returned_share",
    "return_hours",
    "app_share",
    "reports_per_account",
]
#: Figures of an event and the item each gives, with how it is scaled.
_ITEMS: Final[dict[_Figure, tuple[str, Callable[[float], float]]]] = {
    "size": ("log10_size", _log10_plus_half),
    "duration_s": ("log10_duration_s", _log10_plus_one),
    "hazard_ratio": ("log_hazard_ratio", math.log),
    "returned_share": ("returned_share", float),
    "return_hours": ("log10_return_hours", _log10_plus_hundredth),
    "app_share": ("app_share", float),
    "reports_per_account": ("log10_reports", _log10_plus_hundredth),
}
#: What simulated waves span: a figure beyond it is clipped, and that is said.
MAX_SIMULATED: Final = {"size": 25_000, "reports_per_account": 150}
#: What may be said of a cause, and how well it is known.
LABELS = ("purge", "brigade", "error", "targeted", "unresolved", "base")
STRENGTHS = ("acknowledged", "announced", "reported")


@dataclass(frozen=True)
class CasebookEvent:
    """One event of the casebook.

    Parameters
    ----------
    id, when, what
        Its key, date and description.
    cause, strength
        The cause, of `LABELS`, and how well it is known, of `STRENGTHS`.
    source
        Where that is documented.
    figures
        What was published, in words.
    known
        Items of evidence with their ranges.
    cut
        Figures beyond what was simulated, which were clipped to it.
    """

    id: str
    when: str
    what: str
    cause: str
    strength: str
    source: str
    figures: str
    known: dict[str, Value]
    cut: tuple[str, ...]


@dataclass(frozen=True)
class WeighedEvent:
    """An event and its verdict; None for base rates and for events without a figure."""

    event: CasebookEvent
    verdict: CauseVerdict | None

    @property
    def contradicted(self) -> bool:
        """Whether the known cause is not in the set."""
        return (
            self.verdict is not None
            and self.event.cause != "unresolved"
            and self.event.cause not in self.verdict.members
        )


def events() -> list[CasebookEvent]:
    """All events of the casebook, by date."""
    plain = tomllib.loads(
        files("birdfall.explanations").joinpath("casebook.toml").read_text("utf-8")
    )
    return sorted((_event(e) for e in plain["event"]), key=lambda e: e.when)


def weigh_events(deep: bool = False) -> list[WeighedEvent]:
    """Every event with its verdict. deep: also fragility and what would decide."""
    worlds = reference()
    return [
        WeighedEvent(e, weigh_causes(e.known, worlds, deep=deep) if e.known else None)
        for e in events()
    ]


class _EventEntry(TypedDict, total=False):
    """An event as it stands in casebook.toml; figures are [low, high]."""

    id: str
    when: str
    what: str
    cause: str
    strength: str
    source: str
    figures: str
    size: tuple[float, float]
    duration_s: tuple[float, float]
    hazard_ratio: tuple[float, float]
    returned_share: tuple[float, float]
    return_hours: tuple[float, float]
    app_share: tuple[float, float]
    reports_per_account: tuple[float, float]


def _event(plain: _EventEntry) -> CasebookEvent:
    known: dict[str, Value] = {}
    cut = []
    for figure, (item, scaled) in _ITEMS.items():
        if figure in plain:
            low, high = plain[figure]
            if high > (most := MAX_SIMULATED.get(figure, math.inf)):
                low, high = min(low, most), most
                cut.append(figure)
            low, high = scaled(low), scaled(high)
            known[item] = low if low == high else (low, high)
    return CasebookEvent(
        plain["id"],
        plain["when"],
        plain["what"],
        plain["cause"],
        plain["strength"],
        plain["source"],
        plain.get("figures", ""),
        known,
        tuple(cut),
    )
