"""Times that name a day and no hour, or a minute and no second: all acts of a day, or of a minute,
would seem to be of one moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from birdfall.measures.coordination.traces import Trace
from birdfall.model.errors import CannotAnswer
from birdfall.model.units import DAY_US, MINUTE_US
from birdfall.sources.shared.timestamps import EARLIEST_US

#: So many times on whole minutes are no chance.
MIN_MINUTES: Final = 5


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


def are_minutes(times: np.ndarray) -> bool:
    """Whether times (int64[n], us since 1970) are whole minutes, too many of them to be chance.

    Examples
    --------
    >>> minutes = np.arange(27_000_000, 27_000_009) * MINUTE_US
    >>> are_minutes(minutes), are_minutes(minutes + np.arange(9)), are_minutes(minutes[:2])
    (True, False, False)
    """
    if len(times) < MIN_MINUTES or int(times.min()) < EARLIEST_US:
        return False
    return not (times % MINUTE_US).any()


def refuse_coarse_times(traces: Sequence[Trace], window: int) -> None:
    """Raise CannotAnswer where the times are days, or minutes, and the window (us) is shorter."""
    for trace in traces:
        if window < DAY_US and are_days(trace.time):
            raise CannotAnswer(
                f"the times of {trace.name} name a day and no hour",
                why="Two accounts twelve hours apart would seem to act at one moment.",
                fix="Ask for a window of a day or more (--window 1d), or give times with an hour.",
            )
        if window < MINUTE_US and are_minutes(trace.time):
            raise CannotAnswer(
                f"the times of {trace.name} name a minute and no second",
                why="Two accounts fifty seconds apart would seem to act at one moment.",
                fix="Ask for a window of a minute or more (--window 60s), or give times with "
                "seconds.",
            )
