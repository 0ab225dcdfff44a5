"""A leader's followers over time: balance, bounds, and the platform's own counts beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from birdfall.measures.ledgers.bounds import bound_followers
from birdfall.measures.ledgers.edges import EdgeEvents
from birdfall.measures.ledgers.entries import Entries
from birdfall.measures.suspensions import ALWAYS, Absences
from birdfall.model.schemas import TIME
from birdfall.record.record import NEVER, Record
from birdfall.record.split import ByRows

#: Rows of a series; of more distinct times some are left out, never the turning points.
MAX_ROWS: Final = 4_000

SERIES: Final = pa.schema(
    [pa.field("time", TIME)]
    + [
        pa.field(n, pa.int64())
        for n in ("followers", "low", "high", "missing", "missing_low", "missing_high")
    ]
)
RECONCILED: Final = pa.schema(
    [pa.field("time", TIME)]
    + [pa.field(n, pa.int64()) for n in ("counted", "ledger", "difference")]
)


@dataclass(frozen=True)
class Balance:
    """Running balance after each distinct time.

    Parameters
    ----------
    opening
        Followers before the first time.
    time
        int64[n], microseconds, ascending.
    followers, missing
        int64[n], visible followers, and those missing through suspension.
    before, lowest
        The two ends of the largest fall of the series.
    lowest_at
        When its low was reached, microseconds; None if there was no fall.
    """

    opening: int
    time: NDArray[np.int64]
    followers: NDArray[np.int64]
    missing: NDArray[np.int64]
    before: int
    lowest: int
    lowest_at: int | None


def balance(made: Entries) -> Balance:
    """The running sums of the entries `made`."""
    first = made.time == ALWAYS
    opening, away = int(made.change[first].sum()), int(made.missing[first].sum())
    # entries are in order of time already
    every = made.time[~first]
    new = np.concatenate(([True], every[1:] != every[:-1]))[: len(every)]
    time, place = every[new], np.cumsum(new) - 1
    followers = opening + np.cumsum(_sum_by_place(place, made.change[~first], len(time)))
    missing = away + np.cumsum(_sum_by_place(place, made.missing[~first], len(time)))
    whole = np.concatenate(([opening], followers))
    peak = np.maximum.accumulate(whole)
    low = int(np.argmax(peak - whole))
    if peak[low] == whole[low]:
        return Balance(opening, time, followers, missing, int(whole[-1]), int(whole[-1]), None)
    return Balance(
        opening, time, followers, missing, int(peak[low]), int(whole[low]), int(time[low - 1])
    )


def series_table(made: Entries, kept: Balance, edges: EdgeEvents, hidden: Absences) -> pa.Table:
    """Followers over time. Schema `SERIES`; low and high hold every history the intervals allow."""
    vague = uncertain_followers(edges, hidden)
    times = np.union1d(kept.time[_chosen_rows(kept)], _interval_starts(edges, hidden, vague))
    place = np.searchsorted(kept.time, times, side="right")
    followers = np.concatenate(([kept.opening], kept.followers))[place]
    away = int(made.missing[made.time == ALWAYS].sum())
    missing = np.concatenate(([away], kept.missing))[place]
    columns = [followers, followers, followers, missing, missing, missing]
    if len(vague):
        # Accounts of which all is known exactly count the same in every history.
        sure = ~np.isin(made.code, vague)
        of = np.isin(edges.code, vague)
        some = EdgeEvents(
            edges.code[of], edges.after[of], edges.time[of], edges.begins[of], edges.lists
        )
        found = bound_followers(some, hidden, times)
        exact = [
            _sums(made.time[sure], change[sure], times) for change in (made.change, made.missing)
        ]
        columns = [followers, exact[0] + found.low, exact[0] + found.high]
        columns += [missing, exact[1] + found.missing_low, exact[1] + found.missing_high]
    arrays = [pa.array(times, pa.int64()).cast(TIME), *(pa.array(c, pa.int64()) for c in columns)]
    return pa.table(arrays, schema=SERIES)


def _interval_starts(
    edges: EdgeEvents, hidden: Absences, vague: NDArray[np.int32]
) -> NDArray[np.int64]:
    """The first moments at which what is known within an interval may have happened, int64[n] us.

    The band widens there, and holds between rows only if they are rows of it.
    """
    ours = hidden.select(np.isin(hidden.code, vague))
    of = np.isin(edges.code, vague)
    pairs = [
        (ours.fell_after, ours.fell_by),
        (ours.back_after, ours.back_by),
        (edges.after[of], edges.time[of]),
    ]
    starts = np.unique(np.concatenate([a[(a != t) & (np.abs(a) != NEVER)] + 1 for a, t in pairs]))
    if len(starts) > MAX_ROWS:
        starts = starts[np.linspace(0, len(starts) - 1, MAX_ROWS).round().astype(np.int64)]
    return starts


def uncertain_followers(edges: EdgeEvents, hidden: Absences) -> NDArray[np.int32]:
    """Codes of followers of which something is known only within an interval, ascending."""
    ours = hidden.select(np.isin(hidden.code, edges.code))
    vague = (ours.fell_after != ours.fell_by) | (ours.back_after != ours.back_by)
    found: NDArray[np.int32] = np.unique(
        np.concatenate((edges.code[edges.after != edges.time], ours.code[vague]))
    )
    return found


def compare_with_counts(
    record: Record, leader: str, kept: Balance, until: int | None
) -> tuple[pa.Table, int | None]:
    """Counts of `leader` beside the ledger.

    Returns
    -------
    table
        Schema `RECONCILED`.
    difference
        By how much their changes differ from first to last count; None with fewer than two.
    """
    rows = record.sql(
        """SELECT epoch_us(time) AS time, followers FROM counts
        WHERE account = $1 AND followers IS NOT NULL AND ($2 IS NULL OR epoch_us(time) <= $2)
        ORDER BY time, line""",
        [leader, until],
        split=ByRows({"counts": "account = $1"}, (leader,)),
    )
    time, counted = (np.asarray(rows.column(i).to_numpy(), dtype=np.int64) for i in (0, 1))
    place = np.searchsorted(kept.time, time, side="right")
    ours = np.concatenate(([kept.opening], kept.followers))[place]
    difference = counted - ours
    arrays = [
        pa.array(time, pa.int64()).cast(TIME),
        *(pa.array(c, pa.int64()) for c in (counted, ours, difference)),
    ]
    table = pa.table(arrays, schema=RECONCILED)
    return table, int(difference[-1] - difference[0]) if len(time) > 1 else None


def _chosen_rows(kept: Balance) -> NDArray[np.int64]:
    """Rows of the series to list, int64[<= MAX_ROWS]."""
    count = len(kept.time)
    if count <= MAX_ROWS:
        return np.arange(count)
    even = np.linspace(0, count - 1, MAX_ROWS - 64).round().astype(np.int64)
    turns = [
        int(np.argmax(kept.missing)),
        int(np.argmax(kept.followers)),
        int(np.argmin(kept.followers)),
    ]
    if kept.lowest_at is not None:
        place = int(np.searchsorted(kept.time, kept.lowest_at))
        turns += [place, max(place - 1, 0)]
    return np.unique(np.concatenate((even, turns)))


def _sum_by_place(
    place: NDArray[np.int64], change: NDArray[np.int8], count: int
) -> NDArray[np.int64]:
    return np.bincount(place, weights=change, minlength=count).astype(np.int64)[:count]


def _sums(
    moments: NDArray[np.int64], change: NDArray[np.int8], times: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The sum of `change` up to each of `times`; moments: ascending."""
    total = np.concatenate(([0], np.cumsum(change, dtype=np.int64)))
    found: NDArray[np.int64] = total[np.searchsorted(moments, times, side="right")]
    return found
