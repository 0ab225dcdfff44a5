"""How many fell, came back or are still away, within which time: the readings of claims about accounts.

A window is wherever it holds most (two-pointer sweep); where times are known within intervals, the least and the most that any
window of that length may hold, exactly.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from birdfall.claims.parse import ParsedClaim
from birdfall.claims.readings import Reading, Refusal, nearest
from birdfall.claims.subjects import Whom, account_named, followers_of
from birdfall.measures.suspensions import spells
from birdfall.model.findings import Finding, Note
from birdfall.model.settings import Settings
from birdfall.record.record import Record

_OPEN = -(2**62)
Seconds = NDArray[np.float64]


@dataclass(frozen=True)
class Events:
    """Events by account: it happened in (low, high], seconds since 1970; exact where both are equal."""

    code: NDArray[np.int64]
    low: Seconds
    high: Seconds

    def where(self, keep: NDArray[np.bool_]) -> Events:
        return Events(self.code[keep], self.low[keep], self.high[keep])

    def of(self, codes: NDArray[np.int64] | None) -> Events:
        return self if codes is None else self.where(np.isin(self.code, codes))

    @property
    def exact(self) -> bool:
        return bool((self.low == self.high).all())


def _events(record: Record) -> tuple[Events, Events]:
    """All falls, and all returns."""
    table = spells(record)
    code = table.column("code").to_numpy().astype(np.int64)
    back = np.array(
        [e in ("active", "limited") for e in table.column("ended_as").to_pylist()], bool
    )
    made = []
    for ends, keep in (
        (("fell_after", "fell_by"), np.ones(len(code), bool)),
        (("ended_after", "ended_by"), back),
    ):
        low, high = (table.column(c).cast("int64").fill_null(_OPEN).to_numpy() for c in ends)
        low = np.where(low <= _OPEN, high, low)
        made.append(Events(code[keep], low[keep] / 1e6, high[keep] / 1e6))
    return made[0], made[1]


def events(
    record: Record, findings: Mapping[str, Finding], one: ParsedClaim, of: Whom
) -> list[Reading] | Refusal:
    """Readings of a claim that so many (or such a share of) accounts fell, came back or are missing."""
    fell, back = _events(record)
    members = wave_members(findings)
    if one.quantity == "fallen":
        found = _fallen(record, one, of, fell, members)
    elif one.quantity == "missing":
        found = _missing(one, of, fell, back, members)
    else:
        found = _restored(record, findings, one, of, fell, back, members)
    if isinstance(found, list) and of.group:
        return [_of_group(reading, of.group, one) for reading in found]
    return found


def _of_group(reading: Reading, group: str, one: ParsedClaim) -> Reading:
    """Of a part of the accounts that the record does not tell apart: from none of what was measured to all of it."""
    high = reading.high if one.unit != "percent" else (100.0 if reading.high > 0 else 0.0)
    return Reading(
        reading.name,
        reading.value if one.unit != "percent" else high,
        0.0,
        high,
        reading.more,
        reading.second,
        why=Note("group-not-known", {"group": group, "needs": "accounts"}),
    )


def _fallen(
    record: Record, one: ParsedClaim, of: Whom, fell: Events, members: NDArray[np.int64] | None
) -> list[Reading]:
    ours = fell.of(of.codes)
    base, scale = 1.0, 1.0
    if one.unit == "percent":
        everybody = (
            len(fell.code)
            if one.of == "fallen"
            else len(record.ids)
            if of.codes is None
            else len(of.codes)
        )
        base, scale = max(everybody, 1), 100.0
        if not everybody:
            return [Reading("record", 0.0, 0.0, 0.0, {"base": 0})]
    factor = scale / base
    extra: dict[str, Any] = {
        "base": int(base)
        if one.unit == "percent"
        else len(record.ids)
        if of.codes is None
        else len(of.codes)
    }
    if one.window_s is None or not len(ours.code):
        total = float(len(np.unique(ours.code))) if one.unit == "percent" else float(len(ours.code))
        whole = Reading(
            "record",
            total * factor,
            total * factor,
            total * factor,
            extra | _whole_windows(ours, one, factor),
        )
        if members is None or one.value == 0 or not len(ours.code):
            return [whole]
        inside = members if of.codes is None else members[np.isin(members, of.codes)]
        number = float(len(inside)) * factor
        wave = Reading("wave", number, number, number, extra | _whole_windows(ours, one, factor))
        if one.of == "fallen":  # of those of the wave, how many were hers
            number = 100.0 * len(inside) / max(len(members), 1)
            return [Reading("wave", number, number, number, {"base": len(members)}), whole]
        return [wave, whole]
    return [_windowed(ours, one, factor, extra)]


def _whole_windows(ours: Events, one: ParsedClaim, factor: float) -> dict[str, Any]:
    shortest, longest = true_windows(np.sort(ours.high), one, factor)
    return {"true_from_s": shortest, "true_to_s": longest}


def _windowed(ours: Events, one: ParsedClaim, factor: float, extra: dict[str, Any]) -> Reading:
    times = np.sort(ours.high)
    window = float(one.window_s or 0.0)
    best, first = fullest(times, window)
    longest_meant = one.window_most_s
    if ours.exact:
        if longest_meant is not None:  # any of the windows that the words can mean makes it true
            most, _ = fullest(times, longest_meant)
            best = round(
                nearest((_unscaled(one.low, factor), _unscaled(one.high, factor)), best, most)
            )
        low = high = best
    else:
        low, _ = contained(ours.low, ours.high, window)
        _, high = contained(ours.low, ours.high, longest_meant or window)
    shortest, longest = true_windows(times, one, factor)
    more = extra | {
        "best_reading": {
            "window_s": window,
            "from": float(times[first]),
            "to": float(times[first] + window),
            "value": int(best),
        },
        "true_from_s": shortest,
        "true_to_s": longest,
    }
    second = _second(times, window, first)
    return Reading("window", best * factor, low * factor, high * factor, more, second)


def _unscaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value / factor


def fullest(times: Seconds, window: float) -> tuple[int, int]:
    """Most events in any window (inclusive) and the index of its first. times: sorted."""
    number = np.searchsorted(times, times + window, "right") - np.arange(len(times))
    first = int(np.argmax(number))
    return int(number[first]), first


def _second(times: Seconds, window: float, first: int) -> dict[str, float] | None:
    """The fullest window that does not touch the best one."""
    begin, end = times[first], times[first] + window
    before, after = times[times < begin], times[times > end]
    found: list[tuple[int, float]] = []
    if len(before):  # windows that end with an event before the best one begins
        number = np.arange(1, len(before) + 1) - np.searchsorted(before, before - window, "left")
        at = int(np.argmax(number))
        found.append((int(number[at]), float(before[at] - window)))
    if len(after):
        number_after, start = fullest(after, window)
        found.append((number_after, float(after[start])))
    if not found:
        return None
    value, start_time = max(found, key=lambda f: (f[0], -f[1]))
    return {"window_s": window, "from": start_time, "to": start_time + window, "value": value}


def contained(low: Seconds, high: Seconds, window: float) -> tuple[int, int]:
    """(certain, possible): the most events known to lie in one window of this length, and the most that may lie in one.

    Events lie in (low, high], or at low where both are equal. An event lies in [s, s + window] for certain if high - window <= s <=
    low, possibly if low - window < s <= high: so each is the greatest number of such intervals over one point. O(n log n).
    """
    if not len(low):
        return 0, 0
    wide = high > low
    begins, ends = high - window, low
    sure = begins <= ends
    certain = _deepest(begins[sure], ends[sure])
    open_low = np.where(wide, np.nextafter(low - window, np.inf), low - window)
    return certain, _deepest(open_low, high)


def _deepest(begins: Seconds, ends: Seconds) -> int:
    """The most of the intervals [begins, ends] that share a point."""
    if not len(begins):
        return 0
    begins, ends = np.sort(begins), np.sort(ends)
    over = np.arange(1, len(begins) + 1) - np.searchsorted(ends, begins, "left")
    # equal beginnings count together: the last of them has seen all
    return int(over.max())


def true_windows(
    times: Seconds, one: ParsedClaim, factor: float = 1.0
) -> tuple[float | None, float | None]:
    """The shortest and longest window whose fullest count the claim allows, in seconds. times: sorted."""
    low, high = _unscaled(one.low, factor), _unscaled(one.high, factor)
    at_least = max(1, int(np.ceil(low - 1e-9))) if low is not None else 1
    at_most = int(np.floor(high + 1e-9)) if high is not None else len(times)
    if one.qualifier == "not" or at_least > len(times) or at_most < at_least or not len(times):
        return None, None
    shortest = float((times[at_least - 1 :] - times[: len(times) - at_least + 1]).min())
    if at_most >= len(times):
        return shortest, float(times[-1] - times[0])
    longest = float((times[at_most:] - times[: len(times) - at_most]).min())
    return (shortest, longest) if longest >= shortest else (None, None)


# -- back, or not ------------------------------------------------------------------------------------------------------


def _restored(
    record: Record,
    findings: Mapping[str, Finding],
    one: ParsedClaim,
    of: Whom,
    fell: Events,
    back: Events,
    members: NDArray[np.int64] | None,
) -> list[Reading]:
    """Those of the wave that came back, by the time claimed; then those of the whole record."""
    found = []
    onset = onset_of(findings)
    for name, chosen in (("wave", members), ("record", None)):
        if name == "wave" and members is None:
            continue
        away, returned = fell.of(of.codes), back.of(of.codes)
        if chosen is not None:
            away, returned = away.of(chosen), returned.of(chosen)
        base = len(np.unique(away.code))
        if one.window_s is not None:
            begin = (
                onset if onset is not None else float(fell.high.min()) if len(fell.high) else 0.0
            )
            found += _by_then(record, one, returned, begin, base, name)
        else:
            found.append(_number(one, returned, base, name))
    return found


def _number(one: ParsedClaim, returned: Events, base: int, name: str) -> Reading:
    number = float(len(np.unique(returned.code)))
    value = (
        100 * number / base
        if one.unit == "percent" and base
        else number
        if one.unit != "percent"
        else 0.0
    )
    return Reading(name, value, value, value, {"base": base})


def _by_then(
    record: Record, one: ParsedClaim, returned: Events, begin: float, base: int, name: str
) -> list[Reading]:
    """By the end of the window claimed; "the next day" is also that day alone."""
    window = float(one.window_most_s or one.window_s or 0.0)
    next_day = window == 172_800.0 and one.window_most_s is None
    end = _midnight(record, begin, 2) if next_day else begin + window
    late = [_until(one, returned, begin, end, base, name)]
    if next_day:
        day = _midnight(record, begin, 1)
        late.append(_until(one, returned, day, end, base, f"{name}-day"))
    if one.window_most_s is not None and one.window_s is not None:
        late.append(_until(one, returned, begin, begin + one.window_s, base, name))
    return late


def _until(
    one: ParsedClaim, returned: Events, begin: float, end: float, base: int, name: str
) -> Reading:
    sure = float(len(np.unique(returned.code[(returned.low >= begin) & (returned.high <= end)])))
    may = float(
        len(
            np.unique(
                returned.code[
                    (returned.high >= begin) & ((returned.low < end) | (returned.high <= end))
                ]
            )
        )
    )
    seen = float(len(np.unique(returned.code[(returned.high >= begin) & (returned.high <= end)])))
    factor = (
        100.0 / base if one.unit == "percent" and base else 1.0 if one.unit != "percent" else 0.0
    )
    return Reading(name, seen * factor, sure * factor, may * factor, {"base": base, "by": end})


def _midnight(record: Record, begin: float, days: int) -> float:
    """The so-manieth midnight after a moment, in the zone of the case."""
    zone = ZoneInfo(record.settings.time_zone)
    local = dt.datetime.fromtimestamp(begin, zone)
    day = dt.datetime.combine(local.date() + dt.timedelta(days=days), dt.time(), zone)
    return day.timestamp()


def _missing(
    one: ParsedClaim, of: Whom, fell: Events, back: Events, members: NDArray[np.int64] | None
) -> list[Reading]:
    """Those that fell and were not seen back by the end of the record."""
    found = []
    for name, chosen in (("wave", members), ("record", None)):
        if name == "wave" and members is None:
            continue
        away, returned = fell.of(of.codes), back.of(of.codes)
        if chosen is not None:
            away, returned = away.of(chosen), returned.of(chosen)
        # an account that fell twice and came back once is away
        codes, falls = np.unique(away.code, return_counts=True)
        came = np.bincount(
            np.searchsorted(codes, returned.code[np.isin(returned.code, codes)]),
            minlength=len(codes),
        )
        number = float((falls > came).sum()) if len(codes) else 0.0
        value = (
            100 * number / len(codes)
            if one.unit == "percent" and len(codes)
            else number
            if one.unit != "percent"
            else 0.0
        )
        found.append(Reading(name, value, value, value, {"base": len(codes)}))
    return found


# -- comparisons -------------------------------------------------------------------------------------------------------


def ratio(
    record: Record, findings: Mapping[str, Finding], one: ParsedClaim, of: Whom, settings: Settings
) -> list[Reading] | Refusal:
    """ "twice as many as usual", "as came back", "as of @b"."""
    fell, back = _events(record)
    if one.of == "usual":
        waves = _waves(findings)
        if waves is None:
            return Refusal(Note("no-wave-to-compare", {"needs": "statuses"}))
        row = waves.table("waves").to_pylist()[0]
        expected = max(float(row["expected"]), 1e-9)
        low, high = (
            max(0.0, (row["expected"] + row[k]) / expected) for k in ("size_low", "size_high")
        )
        value = row["observed"] / expected
        return [Reading("usual", value, min(low, value), max(high, value))]
    if one.of == "restored":
        away, returned = (
            len(np.unique(fell.of(of.codes).code)),
            len(np.unique(back.of(of.codes).code)),
        )
        if not returned:
            return Refusal(Note("none-returned", {"fallen": away}))
        return [Reading("restored", away / returned, away / returned, away / returned)]
    if one.of.startswith("@") and of.codes is not None:
        other = account_named(record, one.of, settings)
        if other is None:
            return Refusal(Note("account-not-known", {"account": one.of, "needs": "leaders"}))
        ours = len(fell.of(of.codes).code)
        theirs = len(fell.of(followers_of(record, findings, other)).code)
        if not theirs:
            return Refusal(Note("no-suspended-accounts", {}))
        return [Reading("accounts", ours / theirs, ours / theirs, ours / theirs)]
    return Refusal(Note("comparison-not-told", {"needs": "what it is compared with"}))


# -- the wave ----------------------------------------------------------------------------------------------------------


def _waves(findings: Mapping[str, Finding]) -> Finding | None:
    found = findings.get("waves")
    return found if found is not None and found.answer == "found" else None


def wave_members(findings: Mapping[str, Finding]) -> NDArray[np.int64] | None:
    """Codes of the accounts of the first wave; None if there is no wave."""
    found = _waves(findings)
    if found is None:
        return None
    members = found.table("members")
    codes: NDArray[np.int64] = (
        members.column("code").to_numpy()[members.column("wave").to_numpy() == 1].astype(np.int64)
    )
    return codes


def onset_of(findings: Mapping[str, Finding]) -> float | None:
    """When the first wave began, seconds since 1970."""
    found = _waves(findings)
    return (
        None
        if found is None
        else float(found.table("waves").column("start")[0].as_py().timestamp())
    )
