"""Bounds of a leader's followers where edges and absences are known only within intervals.

A follower surely counts while the edge surely stands and the follower surely can be seen; it
possibly counts while the edge possibly stands and the follower is not surely hidden. Both are
states per account, counted over all accounts, so the band holds every history that the record
allows (identified bounds; Manski, 2003).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from birdfall.measures.ledgers.edges import EdgeEvents
from birdfall.measures.suspensions import ALWAYS, SUSPENSION, Absences
from birdfall.record.record import NEVER

Times = NDArray[np.int64]


@dataclass(frozen=True)
class _Windows:
    """Intervals [start, end) in us per account, empty ones left out; those of one may overlap."""

    code: NDArray[np.int32]
    start: Times
    end: Times


@dataclass(frozen=True)
class Bounds:
    """Least and greatest numbers at given times, int64[n] each.

    low, high: visible followers. missing_low, missing_high: followers hidden by suspension.
    """

    low: Times
    high: Times
    missing_low: Times
    missing_high: Times


def bound_followers(edges: EdgeEvents, hidden: Absences, times: Times) -> Bounds:
    """Bound visible followers, and those missing through suspension, at given times.

    Parameters
    ----------
    edges
        Beginnings and ends of the leader's edges.
    hidden
        Absences of any accounts.
    times
        int64[n], microseconds.

    References
    ----------
    Manski (2003), Partial identification of probability distributions.
    """
    surely, possibly = _edges(edges)
    ours = hidden.select(np.isin(hidden.code, edges.code))
    away = _windows(ours.code, ours.fell_by, _earliest(ours.back_after, ours.back_by))
    maybe_away = _windows(ours.code, _earliest(ours.fell_after, ours.fell_by), ours.back_by)
    lost = ours.select(ours.cause == SUSPENSION)
    gone = _windows(lost.code, lost.fell_by, _earliest(lost.back_after, lost.back_by))
    maybe_gone = _windows(lost.code, _earliest(lost.fell_after, lost.fell_by), lost.back_by)
    return Bounds(
        _count(surely, maybe_away, 0, times),
        _count(possibly, away, 0, times),
        _count(surely, gone, 1, times),
        _count(possibly, maybe_gone, 1, times),
    )


def _earliest(after: Times, time: Times) -> Times:
    """The first moment at which what happened in (after, time] may have; exact where both agree."""
    return np.where(after == time, time, np.where(after == ALWAYS, ALWAYS, after + 1))


def _windows(code: NDArray[np.int32], start: Times, end: Times) -> _Windows:
    """The intervals that are not empty."""
    some = start < end
    return _Windows(code[some], start[some], end[some])


def _edges(edges: EdgeEvents) -> tuple[_Windows, _Windows]:
    """Windows in which each edge surely, and possibly, stood."""
    order = np.lexsort((edges.begins, edges.time, edges.code))
    code, after, time, begins = (
        edges.code[order],
        edges.after[order],
        edges.time[order],
        edges.begins[order],
    )
    fresh = np.concatenate(([True], code[1:] != code[:-1]))[: len(code)]
    before = np.concatenate(([False], begins[:-1]))[: len(code)] & ~fresh
    opens, closes = begins & ~before, ~begins & before
    turn = np.flatnonzero(opens | closes)
    # Beginnings and ends alternate within an account: an end is the next turn after its beginning.
    at = np.flatnonzero(opens[turn])
    following = np.minimum(at + 1, len(turn) - 1)
    ended = (
        (at + 1 < len(turn)) & closes[turn[following]] & (code[turn[following]] == code[turn[at]])
    )
    first, last = turn[at], turn[following]
    end = np.where(ended, time[last], NEVER)
    end_may = np.where(ended, _earliest(after[last], time[last]), NEVER)
    surely = _windows(code[first], time[first], end_may)
    return surely, _windows(code[first], _earliest(after[first], time[first]), end)


def _count(inside: _Windows, other: _Windows, wanted: int, times: Times) -> Times:
    """Accounts at each time within `inside`, and within (wanted: 1) or outside of (0) `other`."""
    parts = ((inside, 1, 0), (other, 0, 1))
    code = np.concatenate([c for w, _, _ in parts for c in (w.code, w.code)])
    time = np.concatenate([t for w, _, _ in parts for t in (w.start, w.end)])
    first = np.concatenate([np.full(len(w.code), s * a) for w, a, _ in parts for s in (1, -1)])
    second = np.concatenate([np.full(len(w.code), s * b) for w, _, b in parts for s in (1, -1)])
    order = np.lexsort((time, code))
    code, time = code[order], time[order]
    # All windows of an account close, so running sums over all accounts are sums within each.
    within, without = np.cumsum(first[order]), np.cumsum(second[order])
    last = np.concatenate((((code[1:] != code[:-1]) | (time[1:] != time[:-1])), [True]))[
        : len(code)
    ]
    code, time = code[last], time[last]
    state = (within[last] > 0) & ((without[last] > 0) == bool(wanted))
    fresh = np.concatenate(([True], code[1:] != code[:-1]))[: len(code)]
    step = state.astype(np.int64) - (np.concatenate(([False], state[:-1]))[: len(state)] & ~fresh)
    order = np.argsort(time, kind="stable")
    total = np.concatenate(([0], np.cumsum(step[order])))
    found: Times = total[np.searchsorted(time[order], times, side="right")]
    return found
