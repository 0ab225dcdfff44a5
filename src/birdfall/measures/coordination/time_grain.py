"""Times that name a day and no hour, or a minute and no second: all acts of a day, or of a minute,
would seem to be of one moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NoReturn

import numpy as np

from birdfall.measures.coordination.traces import Trace
from birdfall.model.errors import CannotAnswer
from birdfall.model.findings import Note
from birdfall.model.units import DAY_US, MINUTE_US
from birdfall.sources.shared.timestamps import EARLIEST_US

MINUTE_S: Final = MINUTE_US // 1_000_000
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


def settle_coarse_times(traces: Sequence[Trace], window: int) -> tuple[list[Trace], list[Note]]:
    """The traces without acts whose times leave open more than the window (us), and how many those
    were.

    Raises CannotAnswer where that is all of them.
    """
    kept, notes = [], []
    for trace in traces:
        if trace.within is not None:
            coarse = trace.within * 1_000_000 > window
            if coarse.all():
                _refuse(trace.name, "day" if trace.within.max() > MINUTE_S else "minute")
            if coarse.any():
                values = {"trace": trace.name, "acts": int(coarse.sum())}
                notes.append(Note("coarse-times-left-out", values))
                trace = trace.filter(~coarse)
        _refuse_grids(trace, window)
        kept.append(trace)
    return kept, notes


def _refuse_grids(trace: Trace, window: int) -> None:
    """The same for times that do not say how fine they are, by what all of them share."""
    if trace.within is not None and trace.within.any():
        return
    if window < DAY_US and are_days(trace.time):
        _refuse(trace.name, "day")
    if window < MINUTE_US and are_minutes(trace.time):
        _refuse(trace.name, "minute")


def _refuse(trace: str, unit: str) -> NoReturn:
    missing, apart, wider = {
        "day": ("hour", "twelve hours", "a day or more (--window 1d)"),
        "minute": ("second", "fifty seconds", "a minute or more (--window 60s)"),
    }[unit]
    raise CannotAnswer(
        f"the times of {trace} name a {unit} and no {missing}",
        why=f"Two accounts {apart} apart would seem to act at one moment.",
        fix=f"Ask for a window of {wider}, or give times with {'an' if unit == 'day' else 'a'} "
        f"{missing}.",
    )
