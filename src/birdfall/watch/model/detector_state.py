"""What a detector keeps between ticks, and over a restart."""

from __future__ import annotations

from typing import TypedDict


class DetectorJson(TypedDict):
    """The state of one detector as it is stored.

    Parameters
    ----------
    state
        Log evidence for each multiplier; None stands for minus infinity.
    count
        Events of the open tick.
    total, ticks
        Events and ticks that have taught.
    tick
        Number of the open tick when this was kept.
    taught
        Which of the last ticks taught, 0 or 1 by column.
    recent
        Counts of the last ticks that are not 0, by column.
    """

    state: list[float | None]
    count: float
    total: float
    ticks: float
    tick: int
    taught: list[int]
    recent: dict[str, float]
