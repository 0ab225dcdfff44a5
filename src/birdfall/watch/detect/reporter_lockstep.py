"""Reporters that move together, in a sliding window: a slow brigade sets off no detector of rates,
but meets too often.

Reports of the last day; two reporters meet where they reported one account within ten minutes of
each other. How often they would by chance follows from how much each reports (the degree null of
docs/methods/coordination.md); pairs beyond it, and beyond three accounts, make crews. An honest
pile-on has many who report one account, and meets nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from birdfall.kernels.coaction.coaction import coaction
from birdfall.kernels.coaction.null import benjamini_hochberg, degree_tails, kappa_of
from birdfall.model.units import DAY_US, MINUTE_US
from birdfall.watch.store.database import State
from birdfall.watch.store.queries.reports import list_latest_reports

#: How far back reports are looked at, and how close two reports of one account must be.
WINDOW_US, MEETING_US = DAY_US, 10 * MINUTE_US
#: A pair meets at this many accounts at least; a crew has this many members at least.
MIN_MEETINGS, MIN_MEMBERS = 3, 5
#: False pairs among those found, at most. Looked for again and again, so strict.
FALSE_PAIR_RATE: Final = 1e-3
#: The latest reports looked at: beyond so many a day the window is shorter.
MAX_REPORTS: Final = 50_000


@dataclass(frozen=True, slots=True)
class ReporterCrew:
    """Reporters that report the same accounts close in time.

    members, targets: sorted. begin, end: microseconds of its first and last report on those
    targets.
    """

    members: tuple[str, ...]
    targets: tuple[str, ...]
    begin: int
    end: int


def find_crews(state: State, end: int) -> list[ReporterCrew]:
    """Crews among the reporters of the day before `end` (microseconds), largest first."""
    rows = list_latest_reports(state, end - WINDOW_US, end, MAX_REPORTS)
    if len(rows) < MIN_MEMBERS * MIN_MEETINGS:
        return []
    reporters, by = np.unique([row.reporter for row in rows], return_inverse=True)
    targets, of = np.unique([row.target for row in rows], return_inverse=True)
    by, of = by.astype(np.int32), of.astype(np.int32)
    times = np.array([row.time for row in rows], np.int64)
    lo, hi = find_pairs(by, of, times)
    found = []
    for members in _components(lo, hi):
        own = np.isin(by, members)
        counts = np.bincount(
            np.unique(of[own].astype(np.int64) << 32 | by[own]) >> 32, minlength=len(targets)
        )
        hit = np.flatnonzero(counts >= max(3, len(members) // 2))
        if len(members) < MIN_MEMBERS or len(hit) < MIN_MEETINGS:
            continue
        moments = times[own & np.isin(of, hit)]
        found.append(
            ReporterCrew(
                tuple(map(str, reporters[members])),
                tuple(map(str, targets[hit])),
                int(moments.min()),
                int(moments.max()),
            )
        )
    return sorted(found, key=lambda c: (-len(c.members), c.members))


def find_pairs(
    reporters: np.ndarray, targets: np.ndarray, times: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of reporters that meet at more accounts than the degree null explains.

    Parameters
    ----------
    reporters, targets
        Codes of who reported whom, int32[n].
    times
        Microseconds, int64[n], any order.

    Returns
    -------
    tuple[np.ndarray, np.ndarray]
        lo, hi: int32[e] with lo < hi.
    """
    edges = coaction(
        reporters,
        targets,
        times,
        window=MEETING_US,
        count="objects",
        at_least=MIN_MEETINGS,
        prune=False,
    )
    if not len(edges.lo):
        return edges.lo, edges.hi
    accounts = int(reporters.max()) + 1
    activity = np.bincount(
        np.unique(reporters.astype(np.int64) << 32 | targets) >> 32, minlength=accounts
    )
    kappa = kappa_of(float(edges.emitted or 0), activity)
    log_p = degree_tails(edges.lo, edges.hi, edges.weight, activity, kappa, np.empty(0))
    _, cutoff = benjamini_hochberg(log_p, max(accounts * (accounts - 1) / 2, 1.0), FALSE_PAIR_RATE)
    keep = log_p <= cutoff
    return edges.lo[keep], edges.hi[keep]


def _components(lo: np.ndarray, hi: np.ndarray) -> list[np.ndarray]:
    """Connected components of the pairs, int32 codes each."""
    parent = {int(a): int(a) for a in np.concatenate([lo, hi])}

    def root(a: int) -> int:
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        return a

    for a, b in zip(lo.tolist(), hi.tolist(), strict=True):
        parent[root(a)] = root(b)
    parts: dict[int, list[int]] = {}
    for a in parent:
        parts.setdefault(root(a), []).append(a)
    return [np.array(sorted(p), np.int32) for p in parts.values()]
