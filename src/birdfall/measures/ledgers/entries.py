"""One leader's followers as entries of an account book: who was gained or lost, when, and why.

An edge and its follower's visibility are two states. A follower counts while the edge stands and
the follower can be seen, so a suspension hides a follower and ends no edge, and an account that
unfollowed before being suspended is no loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from birdfall.measures.ledgers.edges import EdgeEvents
from birdfall.measures.suspensions import ALWAYS, DEACTIVATED, DELETED, SUSPENSION, Absences
from birdfall.record.record import NEVER

#: Causes of entries, by number. `restored`: back from a suspension; `reactivated`: back by its
#: owner; `standing`: followed before the record began, part of the opening balance.
CAUSES: Final = (
    "new", "refollowed", "restored", "unfollowed", "suspension", "deactivated", "deleted",
    "standing", "reactivated",
)  # fmt: skip
(
    NEW,
    REFOLLOWED,
    RESTORED,
    UNFOLLOWED,
    LOST_SUSPENSION,
    LOST_DEACTIVATED,
    LOST_DELETED,
    STANDING,
    REACTIVATED,
) = range(9)
_LOST: Final = {SUSPENSION: LOST_SUSPENSION, DEACTIVATED: LOST_DEACTIVATED, DELETED: LOST_DELETED}


@dataclass(frozen=True)
class Entries:
    """Changes of visible followers, and of those missing through suspension, by (time, code).

    Parameters
    ----------
    code
        int32[n], follower.
    after, time
        int64[n]; it happened in (after, time], microseconds.
    cause
        int8[n], an index of `CAUSES`.
    change, missing
        int8[n], -1, 0 or 1 visible followers, and followers missing through suspension. Entries of
        change 0 are kept where `missing` changes: an edge that ended while its follower was hidden.
    """

    code: NDArray[np.int32]
    after: NDArray[np.int64]
    time: NDArray[np.int64]
    cause: NDArray[np.int8]
    change: NDArray[np.int8]
    missing: NDArray[np.int8]


def make_entries(edges: EdgeEvents, hidden: Absences) -> Entries:
    """The entries that edges and absences make together. hidden: absences of any accounts."""
    ours = hidden.select(np.isin(hidden.code, edges.code))
    back = ours.back_by != NEVER
    code: NDArray[np.int32] = np.concatenate((edges.code, ours.code, ours.code[back]))
    after: NDArray[np.int64] = np.concatenate((edges.after, ours.fell_after, ours.back_after[back]))
    time: NDArray[np.int64] = np.concatenate((edges.time, ours.fell_by, ours.back_by[back]))
    is_edge: NDArray[np.bool_] = np.concatenate(
        (np.ones(len(edges.code), bool), np.zeros(len(code) - len(edges.code), bool))
    )
    # 1: edge stands; 0: it does not. For absences: the cause while it lasts, 0 when it is over.
    value: NDArray[np.int8] = np.concatenate(
        (edges.begins.astype(np.int8), ours.cause, np.zeros(int(back.sum()), np.int8))
    )
    # At one moment: an account comes into sight, edges end, edges begin, it goes out of sight.
    rank = np.where(is_edge, np.where(value == 1, 2, 1), np.where(value == 0, 0, 3))
    order = np.lexsort((rank, time, code))
    code, after, time, is_edge, value = (
        code[order],
        after[order],
        time[order],
        is_edge[order],
        value[order],
    )
    start = _group_starts(code)
    stands = _latest_value(is_edge, value, start) == 1
    away = _latest_value(~is_edge, value, start)
    visible, missing = stands & (away == 0), stands & (away == SUSPENSION)
    change, lacking = _state_changes(visible, start), _state_changes(missing, start)
    followed = np.maximum.accumulate(np.where(is_edge & (value == 1), np.arange(len(code)), -1))
    followed_before = np.concatenate(([-1], followed[:-1]))[: len(code)] >= start
    shown = np.maximum.accumulate(np.where(visible, np.arange(len(code)), -1))
    shown_before = np.concatenate(([-1], shown[:-1]))[: len(code)] >= start
    cause = np.full(len(code), NEW, dtype=np.int8)
    cause[followed_before & is_edge] = REFOLLOWED
    cause[is_edge & (value == 1) & (time == ALWAYS)] = STANDING
    was = np.concatenate((np.zeros(1, np.int8), away[:-1]))[: len(code)]
    cause[~is_edge & (value == 0)] = np.where(was == SUSPENSION, RESTORED, REACTIVATED)[
        ~is_edge & (value == 0)
    ]
    cause[~is_edge & (value == 0) & ~shown_before & (change > 0)] = NEW
    cause[is_edge & (value == 0)] = UNFOLLOWED
    for fall, name in _LOST.items():
        cause[~is_edge & (value == fall)] = name
    keep = np.flatnonzero((change != 0) | (lacking != 0))
    keep = keep[np.lexsort((code[keep], time[keep]))]
    return Entries(code[keep], after[keep], time[keep], cause[keep], change[keep], lacking[keep])


def _group_starts(code: NDArray[np.int32]) -> NDArray[np.int64]:
    """For each row of sorted `code`, the first row of the same code."""
    first = np.concatenate(([True], code[1:] != code[:-1]))[: len(code)]
    return np.maximum.accumulate(np.where(first, np.arange(len(code)), 0))


def _latest_value(
    which: NDArray[np.bool_], value: NDArray[np.int8], start: NDArray[np.int64]
) -> NDArray[np.int8]:
    """For each row, `value` at the last row of `which` so far in its group; 0 before the first."""
    place = np.maximum.accumulate(np.where(which, np.arange(len(value)), -1))
    return np.where(place >= start, value[np.maximum(place, 0)], 0).astype(np.int8)


def _state_changes(state: NDArray[np.bool_], start: NDArray[np.int64]) -> NDArray[np.int8]:
    """-1, 0 or 1: how `state` changes at each row; it is false before the first of a group."""
    before = np.concatenate(([False], state[:-1]))[: len(state)] & (start != np.arange(len(state)))
    found: NDArray[np.int8] = state.astype(np.int8) - before.astype(np.int8)
    return found
