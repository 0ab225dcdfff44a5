"""Edges of a leader that begin and end: from exact follow rows, or from lists taken now and then.

A platform's list of followers leaves out whoever is suspended at that moment, so an account missing
from a later list has unfollowed only if it could be seen then. Times are int64 microseconds UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from birdfall.measures.suspensions import ALWAYS, Absences
from birdfall.record.record import NEVER, Record
from birdfall.record.split import ByRows

#: Lists taken within an hour of each other are pages of one list.
ONE_LIST_US: Final = 3_600_000_000


@dataclass(frozen=True)
class EdgeEvents:
    """Beginnings and ends of edges, one entry each.

    Parameters
    ----------
    code
        int32[n], follower.
    after, time
        int64[n]; it happened in (after, time], exactly where both are equal; `ALWAYS` as `time`:
        the edge stood before the record.
    begins
        bool[n], a beginning or an end.
    lists
        int64[m], when lists of followers were complete.
    """

    code: NDArray[np.int32]
    after: NDArray[np.int64]
    time: NDArray[np.int64]
    begins: NDArray[np.bool_]
    lists: NDArray[np.int64]


def edge_events(record: Record, leader: str, hidden: Absences, until: int | None) -> EdgeEvents:
    """Read the edges to one leader.

    Parameters
    ----------
    record
        Read: `follows`.
    leader
        Id.
    hidden
        All absences, to know which accounts could not stand in a list.
    until
        Microseconds; nothing later is used. None: the whole record.
    """
    end = NEVER - 1 if until is None else until
    rows = record.sql(
        f"""
        SELECT i.code, coalesce(epoch_us(f.since), {ALWAYS}) AS since,
               coalesce(epoch_us(f.until), {NEVER}) AS until,
               coalesce(epoch_us(f.observed_at), {ALWAYS}) AS observed,
               f.observation = 'seen' AND f.since IS NULL AS listed
        FROM follows f JOIN ids i ON i.id = f.follower WHERE f.followed = $1
        ORDER BY ALL
        """,
        [leader],
        split=ByRows({"follows": "followed = $1"}, (leader,)),
    )
    code, since, ended, observed = (rows.column(i).to_numpy() for i in range(4))
    code = code.astype(np.int32)
    listed = np.asarray(rows.column(4).to_numpy(), dtype=bool)
    known = np.where(since != ALWAYS, since, observed) <= end
    code, since, ended, observed, listed = (
        a[known] for a in (code, since, ended, observed, listed)
    )
    times = _list_times(observed[listed & (observed != ALWAYS)])
    exact = ~listed if len(times) > 1 else np.ones(len(code), dtype=bool)
    parts = [(code[exact], since[exact], since[exact], True)]
    over = exact & (ended <= end)
    parts.append((code[over], ended[over], ended[over], False))
    if len(times) > 1:
        parts += _edges_from_lists(code[~exact], observed[~exact], times, hidden)
        over = ~exact & (ended <= end)
        parts.append((code[over], ended[over], ended[over], False))
    columns = [np.concatenate([p[i] for p in parts]) for i in range(3)]
    begins = np.concatenate([np.full(len(p[0]), p[3]) for p in parts])
    return EdgeEvents(columns[0].astype(np.int32), columns[1], columns[2], begins, times)


def _list_times(observed: NDArray[np.int64]) -> NDArray[np.int64]:
    """The last moment of each list: rows within `ONE_LIST_US` of each other are one list."""
    times = np.unique(observed)
    return times[np.concatenate((np.diff(times) > ONE_LIST_US, [True]))] if len(times) else times


def _edges_from_lists(
    code: NDArray[np.int32], observed: NDArray[np.int64], times: NDArray[np.int64], hidden: Absences
) -> list[tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], bool]]:
    """Edges that began or ended between one list and the next."""
    accounts, row = np.unique(code, return_inverse=True)
    present = np.zeros((len(times), len(accounts)), dtype=bool)
    present[np.searchsorted(times, observed), row] = True
    standing = present[0]
    parts = [(accounts[standing], *_constant_pair(ALWAYS, standing.sum()), True)]
    # An account hidden at the first list may have followed then: it begins at its first list.
    for number in range(1, len(times)):
        here, away = present[number], _hidden_at(accounts, hidden, times[number])
        began, ended = here & ~standing, standing & ~here & ~away
        for which, begins in ((began, True), (ended, False)):
            count = int(which.sum())
            parts.append(
                (
                    accounts[which],
                    np.full(count, times[number - 1]),
                    np.full(count, times[number]),
                    begins,
                )
            )
        standing = (standing | began) & ~ended
    return parts


def _hidden_at(accounts: NDArray[np.int32], hidden: Absences, time: np.int64) -> NDArray[np.bool_]:
    """Which of `accounts` may have been out of sight at `time`: no unfollow is claimed of them."""
    away = (hidden.fell_after < time) & (hidden.fell_by >= time) | (hidden.fell_by <= time) & (
        hidden.back_by > time
    )
    return np.isin(accounts, hidden.code[away])


def _constant_pair(value: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """`value` as both ends of `count` intervals."""
    return np.full(int(count), value, dtype=np.int64), np.full(int(count), value, dtype=np.int64)
