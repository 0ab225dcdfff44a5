"""Reporters that move together, in a sliding window: a slow brigade sets off no detector of rates, but meets too often.

Reports of the last day; two reporters meet where they reported one account within ten minutes of each other. How often they would
by chance follows from how much each reports (the degree null of docs/methods/coordination.md); pairs beyond it, and beyond three
accounts, make crews. An honest pile-on has many who report one account, and meets nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from birdfall.kernels.coaction.coaction import coaction
from birdfall.kernels.coaction.null import benjamini_hochberg, degree_tails, kappa_of
from birdfall.watch.store.database import State

#: How far back is looked, and how close two reports of one account must be: microseconds.
BACK, CLOSE = 86_400_000_000, 600_000_000
#: A pair meets at this many accounts at least; a crew has this many members at least.
MEETINGS, MEMBERS = 3, 5
#: False pairs among those found, at most. Looked for again and again, so strict.
ALPHA = 1e-3
#: What a wave that is a crew is called by.
STREAM = "lockstep"
#: The latest reports looked at: beyond so many a day the window is shorter.
MOST = 50_000


@dataclass(frozen=True, slots=True)
class ReporterCrew:
    """members and targets, sorted; begin, end: microseconds of its first and last report on those targets."""

    members: tuple[str, ...]
    targets: tuple[str, ...]
    begin: int
    end: int


def find_crews(state: State, end: int) -> list[ReporterCrew]:
    """Crews among the reporters of the day before `end`, largest first."""
    rows = state.connection.execute(
        "SELECT reporter, target, time FROM reports WHERE time BETWEEN ? AND ? AND reporter != target ORDER BY time DESC LIMIT ?",
        (end - BACK, end, MOST),
    ).fetchall()
    if len(rows) < MEMBERS * MEETINGS:
        return []
    reporters, who = np.unique([r[0] for r in rows], return_inverse=True)
    targets, whom = np.unique([r[1] for r in rows], return_inverse=True)
    who, whom = who.astype(np.int32), whom.astype(np.int32)
    times = np.array([r[2] for r in rows], np.int64)
    lo, hi = together(who, whom, times)
    found = []
    for members in _parts(lo, hi):
        mine = np.isin(who, members)
        by = np.bincount(
            np.unique(whom[mine].astype(np.int64) << 32 | who[mine]) >> 32, minlength=len(targets)
        )
        hit = np.flatnonzero(by >= max(3, len(members) // 2))
        if len(members) < MEMBERS or len(hit) < MEETINGS:
            continue
        theirs = times[mine & np.isin(whom, hit)]
        found.append(
            ReporterCrew(
                tuple(map(str, reporters[members])),
                tuple(map(str, targets[hit])),
                int(theirs.min()),
                int(theirs.max()),
            )
        )
    return sorted(found, key=lambda c: (-len(c.members), c.members))


def together(who: np.ndarray, whom: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (lo, hi), int32[e], that meet at more accounts than the degree null explains. who, whom: int32[n]; times: int64[n]."""
    edges = coaction(
        who, whom, times, window=CLOSE, count="objects", at_least=MEETINGS, prune=False
    )
    if not len(edges.lo):
        return edges.lo, edges.hi
    accounts = int(who.max()) + 1
    activity = np.bincount(np.unique(who.astype(np.int64) << 32 | whom) >> 32, minlength=accounts)
    kappa = kappa_of(float(edges.emitted or 0), activity)
    log_p = degree_tails(edges.lo, edges.hi, edges.weight, activity, kappa, np.empty(0))
    _, cutoff = benjamini_hochberg(log_p, max(accounts * (accounts - 1) / 2, 1.0), ALPHA)
    keep = log_p <= cutoff
    return edges.lo[keep], edges.hi[keep]


def _parts(lo: np.ndarray, hi: np.ndarray) -> list[np.ndarray]:
    """Accounts that hang together, int32 each."""
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
