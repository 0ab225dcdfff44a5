"""What a record says of a claim: a reading is one thing its words can mean, measured; a refusal says why nothing can be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from birdfall.model.findings import Note


@dataclass(frozen=True)
class Reading:
    """name: what was measured ("window", "wave", "record", "net", "gross", "counts", "ledger", "day", "by_then", ...). value with the
    range [low, high] it may lie in, in the unit of the claim. more: for the finding's details. second: another reading, for them.
    levels: of a count, each with its own verdict. why: the reason if this cannot decide. limits: what to bear in mind.
    """

    name: str
    value: float
    low: float
    high: float
    more: dict[str, Any] = field(default_factory=dict)
    second: dict[str, Any] | None = None
    levels: tuple[dict[str, Any], ...] = ()
    why: Note | None = None
    limits: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Refusal:
    """Why a claim cannot be measured, and what would answer it."""

    note: Note


def nearest(claimed: tuple[float | None, float | None], low: float, high: float) -> float:
    """The value of [low, high] that comes nearest to a claimed range: for claims that any of them makes true."""
    at_least = claimed[0] if claimed[0] is not None else low
    at_most = claimed[1] if claimed[1] is not None else high
    if high < at_least:
        return high
    if low > at_most:
        return low
    return max(low, min(at_least, high)) if claimed[0] is not None else min(high, max(at_most, low))
