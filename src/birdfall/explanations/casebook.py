"""The casebook: real events with what was acknowledged of their cause, weighed by the same engine. It is tiny: it tests direction only."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from birdfall.explanations.reference_worlds import reference
from birdfall.explanations.verdict import CauseVerdict, Value, weigh_causes


def _half(value: float) -> float:
    return math.log10(value + 0.5)


def _one(value: float) -> float:
    return math.log10(value + 1)


def _hundredth(value: float) -> float:
    return math.log10(value + 0.01)


#: Figures of an event and the item each gives, with how it is scaled.
_ITEMS: dict[str, tuple[str, Callable[[float], float]]] = {
    "size": ("log10_size", _half), "duration_s": ("log10_duration_s", _one), "hazard_ratio": ("log_hazard_ratio", math.log),
    "returned_share": ("returned_share", float), "return_hours": ("log10_return_hours", _hundredth),
    "app_share": ("app_share", float), "reports_per_account": ("log10_reports", _hundredth),
}  # fmt: skip
#: What simulated waves span: a figure beyond it is taken at its edge, and said.
LARGEST = {"size": 25_000, "reports_per_account": 150}
#: What may be said of a cause, and how well it is known.
LABELS = ("purge", "brigade", "error", "targeted", "unresolved", "base")
STRENGTHS = ("acknowledged", "announced", "reported")


@dataclass(frozen=True)
class Event:
    """One event. figures: as published, in words. known: items with their ranges. cut: figures that lie beyond what was simulated and
    were taken at its edge.
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
    """An event and what the engine says: nothing of base rates and of events without a figure. contradicted: an acknowledged cause is
    not in the set.
    """

    event: Event
    verdict: CauseVerdict | None

    @property
    def contradicted(self) -> bool:
        return (
            self.verdict is not None
            and self.event.cause != "unresolved"
            and self.event.cause not in self.verdict.members
        )


def events() -> list[Event]:
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


def _event(plain: dict[str, Any]) -> Event:
    known: dict[str, Value] = {}
    cut = []
    for figure, (item, scaled) in _ITEMS.items():
        if figure in plain:
            low, high = plain[figure]
            if high > (most := LARGEST.get(figure, math.inf)):
                low, high = min(low, most), most
                cut.append(figure)
            low, high = scaled(low), scaled(high)
            known[item] = low if low == high else (low, high)
    return Event(
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
