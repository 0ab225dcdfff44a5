"""Claims about one account's follower count: how much it lost or gained, and what it stood at.

Read from the platform's own counts and from the ledger of follows and suspensions, whichever the
record holds. A loss is net (the change of the count) and gross (what was lost before growth made
good a part): a sentence seldom says which.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from birdfall.claims.count_series import CountSeries
from birdfall.claims.moments import claimed_interval
from birdfall.claims.parse import Level, ParsedClaim, Quantity, Role, Unit
from birdfall.claims.readings import (
    MeasuredLevel,
    Reading,
    Refusal,
    exact_reading,
    nearest,
    refuse,
)
from birdfall.claims.subjects import ClaimSource
from birdfall.claims.verdicts import NEAR_SHARE, Verdict, precision
from birdfall.measures.ledgers import ledger
from birdfall.model.findings import Finding, Note
from birdfall.model.units import DAY_S
from birdfall.record.split import ByRows

_TWO_ENDS = (Role.BEFORE, Role.LOWEST)
_RISES = ((Role.BEFORE, Role.LATER), (Role.BEFORE, Role.NOW))
#: The series of the platform's own counts; the other is the ledger of follows and suspensions.
COUNTS = "counts"
#: Counts of a day are seldom a day apart to the second: a window is so much longer.
WINDOW_SLACK = 1.05
#: A profile stood at next to nothing, and is so many times that at the end: it was rebuilt.
REBUILT_SHARE, REBUILT_TIMES = 0.01, 10
#: Two counts may be compared as times from so many seconds apart.
TIME_ROUNDING_S = 1e-9


class CountChange(NamedTuple):
    """A change of a count: its size, and the count before and after."""

    size: float
    before: float
    after: float


# -- lost and gained ----------------------------------------------------------------------------


def measure_change(
    source: ClaimSource, claim: ParsedClaim, account: str
) -> list[Reading] | Refusal:
    """Readings of a claim that an account lost or gained so many followers, or such a share.

    A claim without a window is of a day.
    """
    interval = claimed_interval(source, claim)
    if isinstance(interval, Refusal):
        return interval
    window_s = (claim.window_most_s or claim.window_s or float(DAY_S)) * WINDOW_SLACK
    found: list[Reading] = []
    for name, whole in read_series(source, account).items():
        series = whole if interval is None else whole.between(*interval)
        if len(series.time) < 2:
            continue
        series = series if name == COUNTS else _with_levels_before(series)
        rise = claim.quantity is Quantity.GAINED
        change = largest_change(series, window_s, rise=rise)
        reading = _change_reading(claim, change, f"net-{name}")
        if name == COUNTS:  # the ledger knows that between its steps nothing happened
            between = _largest_between(series, window_s, rise=rise)
            if between.size > change.size:
                reading = _may_be_up_to(reading, _change_reading(claim, between, reading.name))
        found.append(reading)
        if claim.window_s is None and interval is None:
            found += _over_the_record(claim, series, change, name)
    found.sort(key=lambda reading: reading.low < reading.high)  # exact ones first
    if claim.quantity is Quantity.LOST and claim.unit is not Unit.PERCENT and interval is None:
        found += _measure_gross_loss(source.findings, account)
    return found or refuse("no-counts", needs="counts")


def _change_reading(claim: ParsedClaim, change: CountChange, name: str) -> Reading:
    """The reading of one change, as a share of the count before where a share is claimed."""
    number = change.size
    if claim.unit is Unit.PERCENT:
        number = 100 * change.size / max(change.before, 1.0)
    return exact_reading(name, number, before=change.before, after=change.after)


def _with_levels_before(series: CountSeries) -> CountSeries:
    """The steps of a ledger, each with the level that held until it: the first one counts too."""
    time = np.repeat(series.time, 2)[1:]
    return CountSeries(time, np.repeat(series.level, 2)[:-1])


def _may_be_up_to(least: Reading, most: Reading) -> Reading:
    """A reading of which only the least and the most are known."""
    why = Note("times-too-coarse-for-claim", {"needs": "counts"})
    return replace(most, low=least.value, why=why)


def _largest_between(series: CountSeries, window_s: float, *, rise: bool) -> CountChange:
    """The largest change a window may hold that begins or ends between two counts far apart.

    Far apart: by more than the window. Nobody knows where between them the count moved.
    """
    time, level = series
    signed = -level if rise else level
    best = CountChange(-np.inf, float(level[0]), float(level[0]))
    for i in np.flatnonzero(np.diff(time) > window_s):
        last = int(np.searchsorted(time, time[i + 1] + window_s))  # it may end before this one
        j = i + 1 + int(np.argmin(signed[i + 1 : last + 1]))
        first = max(int(np.searchsorted(time, time[i] - window_s, "right")) - 1, 0)
        k = first + int(np.argmax(signed[first : i + 1]))
        for begin, end in ((i, j), (k, i + 1)):
            size = float(signed[begin] - signed[end])
            if size > best.size:
                best = CountChange(size, float(level[begin]), float(level[end]))
    return best


def _over_the_record(
    claim: ParsedClaim, series: CountSeries, change: CountChange, name: str
) -> list[Reading]:
    """Readings of a change that need not be of a day.

    The largest over the whole record; and of a profile that was being rebuilt, when it stood at
    next to nothing, what was lost when it was back.
    """
    rise = claim.quantity is Quantity.GAINED
    longest = largest_change(series, np.inf, rise=rise)
    found = [_change_reading(claim, longest, f"slow-{name}")]
    last = float(series.level[-1])
    rebuilt = change.after <= REBUILT_SHARE * change.before and last >= change.after * REBUILT_TIMES
    if not rise and rebuilt and last < change.before:
        lost = CountChange(change.before - last, change.before, last)
        found.append(_change_reading(claim, lost, f"rebuilt-{name}"))
    return found


def _measure_gross_loss(findings: Mapping[str, Finding], account: str) -> list[Reading]:
    """What was lost before growth made good a part of it: by counts, and by the ledger."""
    found = []
    counts = findings.get("counts")
    if counts is not None and counts.answer == "found":
        rows = [row for row in counts.table("drops").to_pylist() if row["account"] == account]
        if rows:
            row = max(rows, key=lambda row: float(row["gross"]))
            found.append(Reading("gross-counts", row["gross"], row["gross_low"], row["gross_high"]))
    known = _known_ledger(findings, account)
    if known is not None:
        parts = [
            known.estimates[name].value
            for name in ("lost_suspension", "lost_deleted", "lost_deactivated", "unfollowed")
        ]
        found.append(
            exact_reading("gross-ledger", float(sum(part for part in parts if part is not None)))
        )
    return found


# -- the count over time ------------------------------------------------------------------------


def read_series(source: ClaimSource, account: str) -> dict[str, CountSeries]:
    """An account's followers over time, by the platform's "counts" and by the "ledger".

    Read once for all claims of a source.
    """
    if account not in source.count_series:
        source.count_series[account] = _read_series(source, account)
    return source.count_series[account]


def _read_series(source: ClaimSource, account: str) -> dict[str, CountSeries]:
    found: dict[str, CountSeries] = {}
    if source.record.has("counts"):
        rows = source.record.sql(
            "SELECT epoch(time) AS t, followers FROM counts "
            "WHERE account = $1 AND followers IS NOT NULL ORDER BY time, line",
            [account],
            split=ByRows({"counts": "account = $1"}, (account,)),
        )
        if rows.num_rows:
            time, level = (rows.column(n).to_numpy().astype(float) for n in (0, 1))
            found[COUNTS] = CountSeries(time, level)
    if source.record.has("follows"):
        series = _read_ledger(source, account)
        if series is not None:
            found["ledger"] = series
    return found


def _read_ledger(source: ClaimSource, account: str) -> CountSeries | None:
    """Followers by the ledger, from the opening balance on; None if it says nothing."""
    known = _known_ledger(source.findings, account) or ledger(source.record, account)
    if "series" not in known.tables or known.answer == "cannot":
        return None
    table = known.table("series")
    time = table.column("time").cast("int64").to_numpy() / 1e6
    opening = float(known.details.get("opening", 0))
    if not len(time):
        return _constant_level(source, opening)
    level = table.column("followers").to_numpy().astype(float)
    return CountSeries(np.r_[time[0] - 1.0, time], np.r_[opening, level])


def _constant_level(source: ClaimSource, opening: float) -> CountSeries | None:
    """The opening balance of an account that nobody joined or left, over the record's events.

    None where no follower is known: that nobody was listed is no count of nobody.
    """
    times = np.concatenate([np.r_[events.low, events.high] for events in source.events])
    known = times[np.isfinite(times) & (times > 0)]
    if not opening or not len(known):
        return None
    return CountSeries(np.array([known.min(), known.max()]), np.array([opening, opening]))


def _known_ledger(findings: Mapping[str, Finding], account: str) -> Finding | None:
    return next(
        (
            finding
            for finding in findings.values()
            if finding.kind == "ledger"
            and finding.answer != "cannot"
            and finding.details.get("leader") == account
        ),
        None,
    )


def largest_change(series: CountSeries, window_s: float, *, rise: bool = False) -> CountChange:
    """The largest fall (or rise) between two counts at most a window apart. O(n)."""
    time, level = series
    signed = -level if rise else level
    highest: deque[int] = deque()
    best = CountChange(-np.inf, float(level[0]), float(level[0]))
    for i in range(len(time)):
        while highest and time[highest[0]] < time[i] - window_s:
            highest.popleft()
        if highest:
            size = float(signed[highest[0]] - signed[i])
            if size > best.size:
                best = CountChange(size, float(level[highest[0]]), float(level[i]))
        while highest and signed[highest[-1]] <= signed[i]:
            highest.pop()
        highest.append(i)
    return best if np.isfinite(best.size) else best._replace(size=0.0)


# -- levels -------------------------------------------------------------------------------------


def measure_levels(
    source: ClaimSource, claim: ParsedClaim, account: str
) -> list[Reading] | Refusal:
    """Readings of a claim about what an account's followers stood at."""
    found, coarse = [], False
    for name, series in read_series(source, account).items():
        if not len(series.time):
            continue
        if name == COUNTS and _is_too_coarse(series, claim):
            coarse = True
            continue
        levels = tuple(_measure_level(step, series, claim) for step in claim.levels)
        main = next((level for level in levels if level.role is Role.LOWEST), levels[-1])
        value = main.measured if main.measured is not None else 0.0
        unknown = any(level.measured is None for level in levels)
        why = Note("no-count-at-that-time", {"needs": "counts"}) if unknown else None
        found.append(Reading(name, value, value, value, levels=levels, why=why))
        two_ends = tuple(step.role for step in claim.levels) == _TWO_ENDS
        if (two_ends or _rises(claim)) and claim.window_s is None:
            found.append(_measure_ends(claim, series, f"{name}-last"))
    if coarse and not found:
        return refuse("times-too-coarse-for-claim", needs="counts")
    return found or refuse("no-counts", needs="counts")


def _is_too_coarse(series: CountSeries, claim: ParsedClaim) -> bool:
    """Whether the counts are too far apart to show a change of level in the window claimed."""
    window_s = claim.window_most_s or claim.window_s
    if window_s is None or len(series.time) < 2:
        return False
    longest, rise = window_s * WINDOW_SLACK, _rises(claim)
    seen = largest_change(series, longest, rise=rise).size
    return _largest_between(series, longest, rise=rise).size > seen


def _rises(claim: ParsedClaim) -> bool:
    """Whether two levels are the ends of a rise: "from 5,000 to 9,000"."""
    roles = tuple(step.role for step in claim.levels)
    return roles in _RISES and claim.levels[0].value < claim.levels[1].value


def _measure_ends(claim: ParsedClaim, series: CountSeries, name: str) -> Reading:
    """The reading of "from 32,000 to 17,000" as before the fall and at the end of the record.

    Of a rise: at the beginning and at the end of the record.
    """
    before, after = claim.levels
    last = replace(after, role=Role.NOW)
    levels = tuple(_measure_level(step, series, claim) for step in (before, last))
    if _rises(claim):
        start = float(series.level[0]), float(series.time[0])
        levels = (_told_level(before, *start), levels[1])
    value = levels[-1].measured or 0.0
    return Reading(name, value, value, value, levels=levels)


def _measure_level(step: Level, series: CountSeries, claim: ParsedClaim) -> MeasuredLevel:
    """One claimed level, what it was, and whether that agrees."""
    if _rises(claim) and step.role is not Role.NOW:
        turned = CountSeries(series.time, -series.level)
        start, top = find_turning_points(turned, claim.window_most_s or claim.window_s)
        end = start if step.role is Role.BEFORE else max(start, top)
        return _told_level(step, float(series.level[end]), float(series.time[end]))
    high, low = find_turning_points(series, claim.window_most_s or claim.window_s)
    if {Role.BEFORE, Role.LOWEST} <= {level.role for level in claim.levels}:
        low = max(high, low)  # a count that only rose fell from its highest to no less
    measured: float | None
    at: float | None
    if step.role is Role.LATER:
        measured, at = _level_after(step, series, low)
    else:
        place = {Role.BEFORE: high, Role.LOWEST: low, Role.NOW: -1}[step.role]
        measured, at = float(series.level[place]), float(series.time[place])
    return _told_level(step, measured, at)


def _told_level(step: Level, measured: float | None, at: float | None) -> MeasuredLevel:
    return MeasuredLevel(
        step.role, step.value, step.low, step.high, measured, at, _judge_level(step, measured)
    )


def find_turning_points(series: CountSeries, window_s: float | None = None) -> tuple[int, int]:
    """The two ends of the largest fall.

    Returns
    -------
    high, low : int
        Indices; of the highest and lowest count if it never fell.
    """
    time, level = series
    if window_s is not None:
        longest = window_s * WINDOW_SLACK
        change = largest_change(series, longest)
        for j in np.flatnonzero(level == change.after):
            for i in np.flatnonzero(level == change.before):
                if i <= j and time[j] - time[i] <= longest:
                    return int(i), int(j)
    peak = np.maximum.accumulate(level)
    low = int(np.argmax(peak - level))
    if peak[low] == level[low]:
        return int(np.argmax(level)), int(np.argmin(level))
    return int(np.flatnonzero(level[: low + 1] == peak[low])[-1]), low


def _level_after(
    step: Level, series: CountSeries, low: int
) -> tuple[float, float] | tuple[None, None]:
    """The level after the lowest that comes nearest to the claimed one, at a time words allow."""
    time, level = series
    first, last = step.after_s if step.after_s is not None else (0.0, np.inf)
    inside = np.flatnonzero(
        (time > time[low] + first - TIME_ROUNDING_S)
        & (time <= time[low] + last)
        & (np.arange(len(time)) > low)
    )
    if not len(inside):
        return None, None
    closest = inside[int(np.argmin(np.abs(level[inside] - step.value)))]
    if _judge_level(step, float(level[closest])) is Verdict.SUPPORTED:
        return float(level[closest]), float(time[closest])
    # between two counts the level passed through all that lies between them
    around = np.r_[inside[0] - 1, inside] if inside[0] - 1 > low else inside
    least, most = float(level[around].min()), float(level[around].max())
    passed = nearest(step.low, step.high, least, most)
    if _judge_level(step, passed) is Verdict.SUPPORTED and len(around) > 1:
        return passed, float(time[closest])
    return float(level[closest]), float(time[closest])


def _judge_level(step: Level, measured: float | None) -> Verdict:
    if measured is None:
        return Verdict.NOT_ANSWERABLE
    low = step.low if step.low is not None else -np.inf
    high = step.high if step.high is not None else np.inf
    if low <= measured <= high:
        return Verdict.SUPPORTED
    gap = abs(measured - step.value)
    near = gap <= NEAR_SHARE * step.value and gap < precision(step.value)
    return Verdict.SUPPORTED_WITHIN if near else Verdict.CONTRADICTED
