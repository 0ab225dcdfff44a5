"""Did they come back, how many, and how soon?

Time from a suspension to the account's return is estimated by Kaplan and Meier (1958) with Greenwood's band; accounts
not seen again are kept as censored at the last moment they are known to have been away. Where times are known only
within intervals that are wide (daily reports, snapshots), it is Turnbull's estimate (`returns.turnbull`); where they are
narrow, the curve at the middle durations, with bands that envelop those at the earliest and the latest. See
`docs/methods/returns.md`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from birdfall.kernels.survival import SurvivalCurve, kaplan_meier
from birdfall.measures.returns.turnbull import IntervalCurve, are_wide, interval_curve
from birdfall.measures.suspensions import ALWAYS, DELETED, SUSPENSION, Absences, find_absences
from birdfall.model.errors import UsageError
from birdfall.model.findings import Estimate, Finding, Note
from birdfall.record.record import NEVER, Record

METHOD: Final = ("kaplan-meier-1958", "greenwood-1926", "log-minus-log-band")
#: Grows when the same data would give other numbers.
METHOD_VERSION: Final = 1
INTERVAL_METHOD: Final = ("turnbull-1976", "gentleman-geyer-1994", "bootstrap-of-falls")
SECOND_US: Final = 1_000_000
FOUR_DAYS_US: Final = 4 * 86_400 * SECOND_US
#: Rows of a curve; more distinct durations are put together.
MAX_CURVE_ROWS: Final = 4_000

CURVE_SCHEMA: Final = pa.schema(
    [
        pa.field("after_s", pa.float64()), pa.field("returned", pa.float64()), pa.field("low", pa.float64()),
        pa.field("high", pa.float64()), pa.field("at_risk", pa.int64()), pa.field("events", pa.int64()),
        pa.field("censored", pa.int64()),
    ]
)  # fmt: skip


def applies_to(record: Record) -> Note | None:
    """None if the record has statuses; else the reason why not."""
    return None if record.has("statuses") else Note("no-statuses", {"needs": "statuses"})


def returns(
    record: Record,
    *,
    accounts: Iterable[str | int] | None = None,
    wave: Finding | None = None,
    wave_number: int = 1,
    until: int | None = None,
    level: float = 0.95,
) -> Finding:
    """The return curve of suspended accounts: of all, of `accounts` (ids or codes), or of the members of a wave.

    wave: a finding of kind `waves`, of which `wave_number` is taken. until: microseconds; what happened later is not
    looked at. level: of the band. Each fall counts once, so an account that fell twice counts twice. A suspended account
    that was then deleted is one that did not return. Raises UsageError for an account the record does not know.
    """
    note = applies_to(record)
    if note is not None:
        name = "returns" if wave is None else f"returns-{wave_number}"
        return Finding(
            "returns", name, "cannot", reasons=(note,), simulated=record.settings.simulated
        )
    z = NormalDist().inv_cdf(0.5 + level / 2)
    found = find_absences(record, until)
    found = found.select(found.cause == SUSPENSION)
    name = "returns"
    parameters = {"wave": None, "until": until, "level": level, "accounts": None}
    if wave is not None:
        name, parameters["wave"] = f"returns-{wave_number}", wave_number
        found = found.select(_is_member_of_wave(record, found, wave, wave_number))
    if accounts is not None:
        codes = _account_codes(record, accounts)
        parameters["accounts"] = len(codes)
        found = found.select(np.isin(found.code, codes))
    inputs = tuple(record.input(t) for t in ("statuses", "coverage") if record.has(t))
    if not len(found):
        return Finding(
            "returns",
            name,
            "nothing",
            parameters=parameters,
            inputs=inputs,
            method=METHOD,
            reasons=(Note("no-suspended-accounts", {}),),
            simulated=record.settings.simulated,
            tables={"curve": CURVE_SCHEMA.empty_table()},
        )
    curve = return_curve(found, z)
    limits = list(curve.limits)
    gone = int(((found.later == DELETED) & (found.back_by == NEVER)).sum())
    if gone:
        limits.append(Note("suspended-then-deleted", {"accounts": gone}))
    came = found.back_by != NEVER
    estimates = {
        "fallen": Estimate(len(np.unique(found.code)), "accounts", level=None, bounds="none"),
        "returned": Estimate(
            len(np.unique(found.code[came])), "accounts", level=None, bounds="none"
        ),
        "returned_share": curve.share(None, level),
        "returned_4d": curve.share(FOUR_DAYS_US, level),
        "half_return": curve.half(level),
        "censored": Estimate(int((~came).sum()), "accounts", level=None, bounds="none"),
    }
    return Finding(
        "returns",
        name,
        "found" if came.any() else "nothing",
        estimates,
        parameters,
        inputs,
        limits=tuple(limits),
        method=METHOD if isinstance(curve, ReturnCurve) else INTERVAL_METHOD,
        details={"falls": len(found)},
        tables={"curve": curve.table(CURVE_SCHEMA, MAX_CURVE_ROWS)},
        simulated=record.settings.simulated,
        reasons=() if came.any() else (Note("none-returned", {"fallen": len(found)}),),
    )


@dataclass(frozen=True)
class ReturnCurve:
    """The middle curve, and those at the shortest and longest durations that the intervals allow."""

    middle: SurvivalCurve
    shortest: SurvivalCurve
    longest: SurvivalCurve
    limits: tuple[Note, ...]

    @property
    def exact(self) -> bool:
        return self.shortest is self.middle

    def at(self, after: NDArray[np.int64]) -> NDArray[np.float64]:
        """Rows (returned, low, high) at each of `after` (microseconds), the bounds over all three curves: float64[n, 3]."""
        middle = self.middle.at(after)
        if self.exact:
            return middle
        others = [middle, self.shortest.at(after), self.longest.at(after)]
        low = np.min([o[:, 1] for o in others], axis=0)
        return np.column_stack((middle[:, 0], low, np.max([o[:, 2] for o in others], axis=0)))

    def share(self, after: int | None, level: float) -> Estimate:
        """The share returned `after` so many microseconds (None: by the end); no value beyond what was followed."""
        bounds = "confidence" if self.exact else "identified"
        longest = int(self.middle.time[-1]) if len(self.middle.time) else 0
        if after is not None and longest < after and self.middle.happened[-1] < 1:
            return Estimate(None, "share", level=level)
        when = max(longest, int(self.longest.time[-1])) if after is None else after
        value, low, high = self.at(np.array([when]))[0].tolist()
        return Estimate(value, "share", low, high, level, bounds)  # type: ignore[arg-type]

    def half(self, level: float) -> Estimate:
        """When half had returned, in seconds, by inverting curve and band (Brookmeyer and Crowley, 1982)."""
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
        """Rows of a `schema` like `CURVE_SCHEMA`. With more than `most`, that is with very many distinct durations some rows are left out; their events are in the next row."""
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
    """The curve of `found` (at least one fall). A fall without a return is censored when it was last known to last."""
    came = found.back_by != NEVER
    known = np.where(came, 0, found.known_until)
    # A fall that became a deletion stays among those who could have returned, and did not, to the end.
    fell_low = np.where(found.fell_after == ALWAYS, found.fell_by, found.fell_after)
    back_low = np.where(came, found.back_after, known)
    back_high = np.where(came, found.back_by, known)
    shortest = _durations(back_low, found.fell_by)
    longest = _durations(back_high, fell_low)
    limits = []
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


def _durations(back: NDArray[np.int64], fell: NDArray[np.int64]) -> NDArray[np.int64]:
    found: NDArray[np.int64] = np.maximum(back - fell, 0)
    return found


def _account_codes(record: Record, accounts: Iterable[str | int]) -> NDArray[np.int64]:
    codes = []
    for account in accounts:
        code = record.ids.code(account) if isinstance(account, str) else int(account)
        if code is None or not 0 <= code < len(record.ids):
            raise UsageError(
                f"the record does not know the account {str(account)!r}",
                fix="Give an id or code it holds.",
            )
        codes.append(code)
    return np.unique(np.array(codes, dtype=np.int64))


def _is_member_of_wave(
    record: Record, found: Absences, wave: Finding, number: int
) -> NDArray[np.bool_]:
    """Which falls hold a member's suspension."""
    members = wave.table("members")
    chosen = members.filter(pa.array(members.column("wave").to_numpy() == number))
    if not chosen.num_rows:
        raise UsageError(
            f"{wave.name} has no wave {number}", fix="Give the number of a wave it holds, from 1."
        )
    code = record.ids.encode(chosen.column("account").cast(pa.string())).astype(np.int64)
    fell = chosen.column("fell_by").cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy()
    keep = np.zeros(len(found), dtype=bool)
    order = np.lexsort((fell, code))
    code, fell = code[order], fell[order]
    for edge in np.flatnonzero(np.isin(found.code, code)):
        low, high = np.searchsorted(code, [found.code[edge], found.code[edge] + 1])
        times = fell[low:high]
        keep[edge] = bool(((times >= found.fell_by[edge]) & (times < found.back_by[edge])).any())
    return keep
