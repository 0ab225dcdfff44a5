"""Return curves: Kaplan and Meier's estimate, with bands that hold times known within intervals.

A suspended account not seen again is censored at the last moment it is known to have been away.
Where times are known only within wide intervals (daily reports, snapshots) the curve is Turnbull's
estimate (`returns.turnbull`); where they are narrow, the curve at the middle durations, with bands
that envelop those at the earliest and the latest.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from birdfall.kernels.survival import SurvivalCurve, kaplan_meier
from birdfall.measures.returns.turnbull import IntervalCurve, are_wide, interval_curve
from birdfall.measures.suspensions import ALWAYS, Absences
from birdfall.model.findings import Estimate, Note
from birdfall.model.units import SECOND_US
from birdfall.record.record import NEVER

#: Rows of a curve; more distinct durations are put together.
MAX_CURVE_ROWS: Final = 4_000

CURVE_SCHEMA: Final = pa.schema([
    ("after_s", pa.float64()), ("returned", pa.float64()), ("low", pa.float64()),
    ("high", pa.float64()), ("at_risk", pa.int64()), ("events", pa.int64()),
    ("censored", pa.int64()),
])  # fmt: skip


@dataclass(frozen=True)
class ReturnCurve:
    """The middle curve, and those at the shortest and longest durations the intervals allow.

    `shortest` is `middle` where all times are exact. limits: notes for the finding.
    """

    middle: SurvivalCurve
    shortest: SurvivalCurve
    longest: SurvivalCurve
    limits: tuple[Note, ...]

    @property
    def exact(self) -> bool:
        """Whether all times are exact."""
        return self.shortest is self.middle

    def at(self, after: NDArray[np.int64]) -> NDArray[np.float64]:
        """Rows (returned, low, high) at each of `after`, float64[n, 3]; bounds over all curves.

        after: int64[n], microseconds since the fall.
        """
        middle = self.middle.at(after)
        if self.exact:
            return middle
        others = [middle, self.shortest.at(after), self.longest.at(after)]
        low = np.min([o[:, 1] for o in others], axis=0)
        return np.column_stack((middle[:, 0], low, np.max([o[:, 2] for o in others], axis=0)))

    def share(self, after: int | None, level: float) -> Estimate:
        """The share returned `after` so many us (None: by the end); no value beyond follow-up."""
        bounds = "confidence" if self.exact else "identified"
        longest = int(self.middle.time[-1]) if len(self.middle.time) else 0
        if after is not None and longest < after and self.middle.happened[-1] < 1:
            return Estimate(None, "share", level=level)
        when = max(longest, int(self.longest.time[-1])) if after is None else after
        value, low, high = self.at(np.array([when]))[0].tolist()
        return Estimate(value, "share", low, high, level, bounds)  # type: ignore[arg-type]

    def half(self, level: float) -> Estimate:
        """When half had returned, in seconds, by inverting the band (Brookmeyer, Crowley 1982)."""
        times = np.unique(
            np.concatenate([c.time for c in (self.middle, self.shortest, self.longest)])
        )
        rows = self.at(times)
        reached = [np.flatnonzero(rows[:, i] >= 0.5 - 1e-12) for i in range(3)]
        middle, late, early = (float(times[r[0]]) / SECOND_US if len(r) else None for r in reached)
        return Estimate(
            middle, "seconds", early, late, level, "confidence" if self.exact else "identified"
        )

    def table(self, schema: pa.Schema, most: int) -> pa.Table:
        """Rows of the curve, at most `most`; events of those left out are in the next row.

        schema: like `CURVE_SCHEMA`.
        """
        curve = self.middle
        rows = np.arange(len(curve.time))
        if len(rows) > most:
            rows = np.unique(np.linspace(0, len(curve.time) - 1, most).round().astype(np.int64))
        summed = [np.diff(np.cumsum(c)[rows], prepend=0) for c in (curve.events, curve.censored)]
        at = self.at(curve.time[rows])
        at_risk = np.concatenate(
            ([curve.at_risk[0]], curve.at_risk[0] - np.cumsum(summed[0] + summed[1])[:-1])
        )
        columns = [curve.time[rows] / SECOND_US, at[:, 0], at[:, 1], at[:, 2], at_risk, *summed]
        return pa.table(
            [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema
        )


def return_curve(found: Absences, z: float) -> ReturnCurve | IntervalCurve:
    """The return curve of absences.

    Parameters
    ----------
    found
        At least one absence. One without a return is censored when it was last known to last.
    z
        Standard normal quantile of the band.

    Returns
    -------
    ReturnCurve or IntervalCurve
        The latter where durations are known only within wide intervals.
    """
    came = found.back_by != NEVER
    known = np.where(came, 0, found.known_until)
    # An absence that became a deletion stays among those that could have returned, and did not.
    fell_low = np.where(found.fell_after == ALWAYS, found.fell_by, found.fell_after)
    back_low = np.where(came, found.back_after, known)
    back_high = np.where(came, found.back_by, known)
    shortest = _durations(back_low, found.fell_by)
    longest = _durations(back_high, fell_low)
    limits = []
    limits += _unseen_between_looks(found)
    unbounded = int((found.fell_after == ALWAYS).sum())
    if unbounded:
        limits.append(Note("fell-before-first-sighting", {"falls": unbounded}))
    exact = bool((shortest == longest).all())
    values = {
        "falls": int((shortest != longest).sum()),
        "of": len(found),
        "median_width_s": float(np.median((longest - shortest)[shortest != longest])) / SECOND_US
        if not exact
        else 0.0,
    }
    if not exact:
        limits.append(Note("interval-censored-times", values))
    if not exact and are_wide(shortest, longest, came):
        level = 2 * NormalDist().cdf(z) - 1
        return interval_curve(shortest, longest, came, level, tuple(limits))
    middle = kaplan_meier(shortest if exact else (shortest + longest) // 2, came, z)
    if exact:
        return ReturnCurve(middle, middle, middle, tuple(limits))
    return ReturnCurve(
        middle, kaplan_meier(shortest, came, z), kaplan_meier(longest, came, z), tuple(limits)
    )


def _unseen_between_looks(found: Absences) -> list[Note]:
    """That falls which begin and end between two looks are never seen, where there are looks.

    They were short, and how many there were cannot be had: the shares are those of falls that
    lasted until a look.
    """
    looked = (found.fell_after != ALWAYS) & (found.fell_after < found.fell_by)
    if not looked.any():
        return []
    apart = float(np.median((found.fell_by - found.fell_after)[looked])) / SECOND_US
    away_until = np.where(found.back_by != NEVER, found.back_after, found.known_until)
    once = int((looked & (found.back_by != NEVER) & (away_until <= found.fell_by)).sum())
    values = {"looks_s": apart, "once": once, "falls": int(looked.sum())}
    return [Note("short-falls-unseen", values)]


def _durations(back: NDArray[np.int64], fell: NDArray[np.int64]) -> NDArray[np.int64]:
    found: NDArray[np.int64] = np.maximum(back - fell, 0)
    return found
