"""Stray rows: a few statuses whose times lie years away from all others.

A date of zero, a clock that was off, a year mistyped: one such row makes a record of ninety days
one of eight years, in which everything is a wave. They are set apart and said, never thrown away.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from birdfall.model.units import DAY_US
from birdfall.record.kept import kept_with_record
from birdfall.record.record import Record
from birdfall.record.split import ByParts, ByRows

#: Away from the rest by at least this, microseconds,
STRAY_GAP_US: Final = 365 * DAY_US
#: and by at least so many times the length of the rest.
STRAY_FACTOR: Final = 3.0
#: One row of so many may be stray, but always one.
STRAY_ONE_IN: Final = 200
#: Fewer rows show no rest from which one could lie away.
MIN_ROWS: Final = 10


class StrayTimes(NamedTuple):
    """How many rows are set apart, and the times between which all others lie, int us."""

    rows: int
    first: int
    last: int


def find_stray_times(times: NDArray[np.int64]) -> StrayTimes | None:
    """Which of these times lie away from all others; None if none does.

    Parameters
    ----------
    times
        int64[n], microseconds UTC, in any order.

    Examples
    --------
    >>> days = np.arange(90) * 86_400_000_000
    >>> find_stray_times(np.append(days, -3_000 * 86_400_000_000)).rows
    1
    >>> find_stray_times(days) is None
    True
    """
    ordered = np.sort(times)
    if len(ordered) < MIN_ROWS:
        return None
    most = max(1, len(ordered) // STRAY_ONE_IN)
    rest = ordered[most : len(ordered) - most]
    least = max(STRAY_GAP_US, STRAY_FACTOR * float(rest[-1] - rest[0]))
    steps = np.diff(ordered)
    before = np.flatnonzero(steps[:most] >= least)
    after = np.flatnonzero(steps[len(steps) - most :] >= least) + len(steps) - most
    first = int(before[-1]) + 1 if len(before) else 0
    last = int(after[0]) if len(after) else len(ordered) - 1
    stray = first + len(ordered) - 1 - last
    return StrayTimes(stray, int(ordered[first]), int(ordered[last])) if stray else None


@kept_with_record
def find_stray_statuses(record: Record) -> StrayTimes | None:
    """The statuses of a record that lie years away from all others, where no source says when it
    watched; None if none does.

    Parameters
    ----------
    record
        Read: `statuses`, `coverage`.
    """
    if not record.has("statuses"):
        return None
    if record.has("coverage"):
        watched = record.sql(
            """SELECT 1 FROM coverage WHERE kind IN ('watched', 'sampled')
            AND what IN ('statuses', 'all', 'everything', 'stream') LIMIT 1"""
        )
        if watched.num_rows:
            return None
    if not _has_long_silence(record):
        return None
    # which rows are stray hangs on the place of a few among all: the times are what is asked for
    rows = record.sql(
        "SELECT epoch_us(time) AS t FROM statuses", split=ByRows({"statuses": "true"})
    )
    return find_stray_times(rows.column(0).to_numpy())


def _has_long_silence(record: Record) -> bool:
    """Whether no status lies in any span of `STRAY_GAP_US`: without one, no row is stray."""
    days = record.sql(
        f"""SELECT epoch_us(time) // {DAY_US} AS day, min(epoch_us(time)) AS first,
        max(epoch_us(time)) AS last FROM statuses GROUP BY 1 ORDER BY 1""",
        split=ByParts(
            "SELECT day, min(first) AS first, max(last) AS last FROM parts "
            "GROUP BY day ORDER BY day",
            key="",
        ),
    )
    first, last = (days.column(c).to_numpy() for c in ("first", "last"))
    return bool((first[1:] - last[:-1] >= STRAY_GAP_US).any())
