"""Times that name a day and no hour: all of a day's acts would seem to be of one moment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from birdfall.measures.coordination.traces import Trace
from birdfall.model.errors import CannotAnswer
from birdfall.model.units import DAY_US, MINUTE_US
from birdfall.sources.shared.timestamps import EARLIEST_US


def are_days(times: np.ndarray) -> bool:
    """Whether times (int64[n], us since 1970) lie whole days apart, or at midnight UTC.

    Clocks that begin elsewhere than in 1970 are not judged, and one time alone shows nothing.

    Examples
    --------
    >>> days = np.array([15_000, 15_001, 15_001]) * DAY_US
    >>> are_days(days), are_days(days + [0, 1, 2]), are_days(days[:1])
    (True, False, False)
    """
    if len(times) < 2 or int(times.min()) < EARLIEST_US:
        return False
    first = int(times[0])
    if first % MINUTE_US or ((times - first) % DAY_US).any():
        return False
    return first % DAY_US == 0 or bool((times != first).any())


def refuse_days(traces: Sequence[Trace], window: int) -> None:
    """Raise CannotAnswer where the times are days and the window (us) is shorter than one."""
    if window >= DAY_US:
        return
    for trace in traces:
        if are_days(trace.time):
            raise CannotAnswer(
                f"the times of {trace.name} name a day and no hour",
                why="Two accounts twelve hours apart would seem to act at one moment.",
                fix="Ask for a window of a day or more (--window 1d), or give times with an hour.",
            )
