"""Order of reports and suspensions: did the reports come shortly before the fall, or is that how
they lie anyway?

Only targets that fell at a known time and were reported before it can tell. A permutation within
each target: its reports are moved together, circularly, over the time from the beginning of the log
to the fall; so their number and their bunching stay, and only where they lie relative to the fall
changes. Reports after a fall are shown, not tested: an account that is gone can hardly be reported.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from birdfall.measures.brigades.reports import Reports, TargetFalls

DEFAULT_DRAWS = 999


@dataclass(frozen=True)
class ReportOrder:
    """Per target that was reported and fell, by code: first and last fall's figures of its first
    fall.

    target int32[k]; fell int64[k] us; exact bool[k]; before, after: int64[k], reports; first,
    last_before: int64[k] us, -1 if none came before; place: float64[k], mean position of the
    reports before the fall, 0 at the fall, 1 at the beginning of the log. p: of places this small;
    tested: targets the test rests on.
    """

    target: np.ndarray
    fell: np.ndarray
    exact: np.ndarray
    before: np.ndarray
    after: np.ndarray
    first: np.ndarray
    last_before: np.ndarray
    place: np.ndarray
    p: float | None
    tested: int


def report_order(
    reports: Reports, falls: TargetFalls, *, begin: int, draws: int = DEFAULT_DRAWS, seed: int = 0
) -> ReportOrder:
    """Reports before and after each reported target's first fall. begin: start of the log, us."""
    code, first_fall = np.unique(falls.code, return_index=True)
    reported = np.isin(code, reports.target)
    code, first_fall = code[reported], first_fall[reported]
    fell, exact = falls.by[first_fall], falls.exact[first_fall]
    where = np.searchsorted(code, reports.target)
    where[where == len(code)] = 0
    mine = np.flatnonzero(code[where] == reports.target) if len(code) else np.zeros(0, np.int64)
    where, time = where[mine], reports.time[mine]
    earlier = time <= fell[where]
    before = np.bincount(where[earlier], minlength=len(code))
    after = np.bincount(where[~earlier], minlength=len(code))
    first, last = np.full(len(code), -1, np.int64), np.full(len(code), -1, np.int64)
    first[where[::-1]] = time[::-1]  # reports are in order of time, so the earliest is written last
    last[where[earlier]] = time[earlier]
    span = np.maximum(1, fell - begin).astype(float)
    back = (fell[where] - time) / span[where]
    place = np.full(len(code), np.nan)
    some = before > 0
    place[some] = np.bincount(where[earlier], back[earlier], len(code))[some] / before[some]
    testable = some & exact & (fell > begin)
    p = None
    if testable.any():
        own = earlier & testable[where]
        observed = place[testable].mean()
        rng = np.random.default_rng([seed, 17])
        as_near = 0
        for _ in range(draws):
            moved = (back[own] + rng.random(len(code))[where[own]]) % 1.0
            drawn = np.bincount(where[own], moved, len(code))[testable] / before[testable]
            as_near += drawn.mean() <= observed
        p = (1 + as_near) / (1 + draws)
    return ReportOrder(code, fell, exact, before, after, first, last, place, p, int(testable.sum()))
