"""Claims that so many accounts, or such a share of them, fell, came back or are still missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from birdfall.claims.moments import Interval, claimed_interval
from birdfall.claims.parse import Base, ParsedClaim, Quantity, Relation, Unit
from birdfall.claims.readings import Reading, ReadingDetails, Refusal, exact_reading, nearest
from birdfall.claims.subjects import ClaimSource, Subject
from birdfall.claims.verdicts import Verdict, judge
from birdfall.claims.wave import first_wave
from birdfall.claims.windows import (
    EventTimes,
    count_bounds,
    find_true_windows,
    fullest_window,
    second_window,
)
from birdfall.model.findings import Note
from birdfall.model.units import MINUTE_S
from birdfall.record.record import Record

Codes = NDArray[np.int64]
#: What holds within this share of the time that it is said to have taken took less.
TOOK_SHARE = 0.7


def measure_accounts(
    source: ClaimSource, claim: ParsedClaim, subject: Subject
) -> list[Reading] | Refusal:
    """Readings of a claim that accounts fell, came back or are missing, the plainest first."""
    falls, returns = source.events
    interval = claimed_interval(source, claim)
    if isinstance(interval, Refusal):
        return interval
    if interval is not None:
        found = _measure_dated(source, claim, subject, falls, returns, interval)
        wave = first_wave(source.findings)
        relation = None if claim.when is None else claim.when.relation
        by_part = relation is Relation.BY_PART and claim.quantity is Quantity.RESTORED
        if by_part and wave is not None and not claim.further:
            until = Interval(wave.onset_s, interval.end)  # "by the next morning"
            found += _measure_dated(source, claim, subject, falls, returns, until)
        if relation is Relation.AT_OR_BY and wave is not None:  # "had fallen at 20:30"
            until = Interval(min(wave.onset_s, interval.begin), interval.end)
            found += _measure_dated(source, claim, subject, falls, returns, until)
    elif claim.quantity is Quantity.FALLEN:
        found = _measure_fallen(source, claim, subject, falls)
    elif claim.quantity is Quantity.MISSING:
        found = _measure_missing(source, claim, subject, falls, returns)
    else:
        found = _measure_restored(source, claim, subject, falls, returns)
    if subject.group:
        return [_bound_by_group(reading, subject.group, claim) for reading in found]
    return found


def _measure_dated(
    source: ClaimSource,
    claim: ParsedClaim,
    subject: Subject,
    falls: EventTimes,
    returns: EventTimes,
    interval: Interval,
) -> list[Reading]:
    """Readings of what happened at the date and hour claimed."""
    fell = falls.of_accounts(subject.codes)
    if claim.quantity is Quantity.FALLEN:
        base = len(source.record.ids) if subject.codes is None else len(subject.codes)
        events = fell
        wave = first_wave(source.findings)
        if claim.of == Base.FALLEN and subject.codes is None and wave is not None:
            events = fell.of_accounts(wave.members)  # "most of the suspensions were on Monday"
            base = len(wave.members)
        elif claim.of == Base.FALLEN:
            base = falls.within(*interval)[0].count_accounts()
    else:
        events, wave = returns.of_accounts(subject.codes), first_wave(source.findings)
        if claim.unit is Unit.PERCENT and wave is not None:  # a share of those of the wave
            fell, events = fell.of_accounts(wave.members), events.of_accounts(wave.members)
        base = fell.count_accounts()
    seen, sure, possible = events.within(*interval)
    factor = _factor(claim, base)
    counted = claim.window_s if claim.when is not None and not claim.when.has_hour else None
    value, low, high = (
        float(
            fullest_window(np.sort(part.high), counted).value
            if counted is not None and len(part.code)
            else part.count_accounts()
        )
        * factor
        for part in (seen, sure, possible)
    )
    return [
        Reading(
            "dated",
            value,
            low,
            high,
            ReadingDetails(base=base, since=interval.begin, by=interval.end),
        )
    ]


def _bound_by_group(reading: Reading, group: str, claim: ParsedClaim) -> Reading:
    """A reading of a part that the record does not tell apart: from none of it to all of it."""
    value = high = reading.high
    if claim.unit is Unit.PERCENT:
        value = high = 100.0 if reading.high > 0 else 0.0
    else:
        value = reading.value
    return replace(
        reading,
        value=value,
        low=0.0,
        high=high,
        why=Note("group-not-known", {"group": group, "needs": "accounts"}),
    )


# -- fallen -------------------------------------------------------------------------------------


def _measure_fallen(
    source: ClaimSource, claim: ParsedClaim, subject: Subject, falls: EventTimes
) -> list[Reading]:
    ours = falls.of_accounts(subject.codes)
    everybody = len(source.record.ids) if subject.codes is None else len(subject.codes)
    share = claim.unit is Unit.PERCENT
    base = len(falls.code) if share and claim.of == Base.FALLEN else everybody
    if share and not base:
        return [exact_reading("record", 0.0, base=0)]
    factor = 100.0 / base if share else 1.0
    if claim.window_s is not None and len(ours.code):
        wave = first_wave(source.findings)
        if share and claim.of == Base.FALLEN and subject.codes is None and wave is not None:
            ours, base = ours.of_accounts(wave.members), len(wave.members)
            factor = 100.0 / max(base, 1)
        if claim.rate and ours.is_exact:
            return [_measure_rate(source, ours, claim, claim.window_s, factor, base)]
        return [_measure_window(ours, claim, claim.window_s, factor, base)]
    number = float(ours.count_accounts() if share else len(ours.code)) * factor
    details = ReadingDetails(
        base=base, true_windows=find_true_windows(np.sort(ours.high), claim, factor)
    )
    whole = Reading("record", number, number, number, details)
    wave = first_wave(source.findings)
    if wave is None or claim.value == 0 or not len(ours.code):
        return [whole]
    inside = len(_shared(wave.members, subject.codes))
    if claim.of == Base.FALLEN:  # of those of the wave, how many were hers
        members = len(wave.members)
        return [exact_reading("wave", 100.0 * inside / max(members, 1), base=members), whole]
    number = float(inside) * factor
    return [Reading("wave", number, number, number, details), whole]


def _shared(members: Codes, codes: Codes | None) -> Codes:
    return members if codes is None else members[np.isin(members, codes)]


def _measure_rate(
    source: ClaimSource,
    events: EventTimes,
    claim: ParsedClaim,
    window_s: float,
    factor: float,
    base: int,
) -> Reading:
    """So many in each window: between the mean over the wave and its fullest window.

    A number in between is true; a bound must hold for both.
    """
    times = np.sort(events.high)
    best = fullest_window(times, window_s)
    wave = first_wave(source.findings)
    inside = times if wave is None else np.sort(events.of_accounts(wave.members).high)
    lasted_s = max(float(inside[-1] - inside[0]), window_s) if len(inside) else window_s
    mean, peak = len(inside) * window_s / lasted_s * factor, best.value * factor
    details = ReadingDetails(base=base, fullest=best)
    if claim.low is None or claim.high is None:
        return Reading("window", mean, min(mean, peak), peak, details)
    value = nearest(claim.low, claim.high, min(mean, peak), peak)
    return Reading("window", value, value, value, details)


def _measure_window(
    events: EventTimes, claim: ParsedClaim, window_s: float, factor: float, base: int
) -> Reading:
    """The window of the claimed length that holds most."""
    times = np.sort(events.high)
    best = fullest_window(times, window_s)
    longest_s = claim.window_most_s
    number = best.value
    if not events.is_exact:
        low, _ = count_bounds(events.low, events.high, window_s)
        _, high = count_bounds(events.low, events.high, longest_s or window_s)
    else:
        if longest_s is not None:  # any window that the words can mean makes it true
            most = fullest_window(times, longest_s).value
            low_claimed = None if claim.low is None else claim.low / factor
            high_claimed = None if claim.high is None else claim.high / factor
            number = round(nearest(low_claimed, high_claimed, number, most))
        low = high = number
    details = ReadingDetails(
        base=base,
        fullest=best._replace(value=number),
        true_windows=find_true_windows(times, claim, factor),
    )
    second = second_window(times, best)
    shorter = TOOK_SHARE * window_s
    if claim.took and _holds(claim, fullest_window(times, shorter).value * factor):
        why = Note("took-less-time", {"minutes": window_s / MINUTE_S})
        return Reading("window", number * factor, 0.0, high * factor, details, second, why=why)
    return Reading("window", number * factor, low * factor, high * factor, details, second)


def _holds(claim: ParsedClaim, value: float) -> bool:
    """Whether a claim is true, or nearly, of a value."""
    verdict = judge(claim, value, value).verdict
    return verdict in (Verdict.SUPPORTED, Verdict.SUPPORTED_WITHIN)


# -- restored and missing -----------------------------------------------------------------------


def _wave_and_record(source: ClaimSource) -> Iterator[tuple[str, Codes | None]]:
    """Where returns are looked for: among the accounts of the wave, then in the whole record."""
    wave = first_wave(source.findings)
    if wave is not None:
        yield "wave", wave.members
    yield "record", None


def _measure_restored(
    source: ClaimSource,
    claim: ParsedClaim,
    subject: Subject,
    falls: EventTimes,
    returns: EventTimes,
) -> list[Reading]:
    """Those that came back, by the time claimed."""
    wave = first_wave(source.findings)
    begin = wave.onset_s if wave is not None else float(falls.high.min(initial=np.inf))
    found = []
    for name, codes in _wave_and_record(source):
        base = falls.of_accounts(subject.codes).of_accounts(codes).count_accounts()
        returned = returns.of_accounts(subject.codes).of_accounts(codes)
        if claim.window_s is None:
            number = float(returned.count_accounts()) * _factor(claim, base)
            found.append(exact_reading(name, number, base=base))
        else:
            start = begin if np.isfinite(begin) else 0.0
            found += _measure_by_then(source.record, claim, returned, start, base, name)
    return found


def _factor(claim: ParsedClaim, base: int) -> float:
    """What a number of accounts is multiplied by to be in the unit of the claim."""
    if claim.unit is not Unit.PERCENT:
        return 1.0
    return 100.0 / base if base else 0.0


def _measure_by_then(
    record: Record,
    claim: ParsedClaim,
    returned: EventTimes,
    begin: float,
    base: int,
    name: str,
) -> list[Reading]:
    """By the end of the window claimed; "the next day" is also that day alone."""
    window_s = float(claim.window_most_s or claim.window_s or 0.0)
    factor = _factor(claim, base)
    if claim.same_day:
        return [_measure_between(returned, begin, _midnight(record, begin, 1), base, factor, name)]
    if not claim.next_day:
        longest = _measure_after_fall(returned, window_s, base, factor, name)
        if claim.window_most_s is None or claim.window_s is None:
            return [longest]
        shortest = _measure_after_fall(returned, claim.window_s, base, factor, name)
        if longest.low < longest.high or shortest.low < shortest.high:
            return [longest, shortest]
        # any window that the words can mean makes it true
        value = nearest(claim.low, claim.high, shortest.value, longest.value)
        return [replace(longest, value=value, low=value, high=value)]
    day, end = _midnight(record, begin, 1), _midnight(record, begin, 2)
    return [
        _measure_between(returned, begin, end, base, factor, name),
        _measure_between(returned, day, end, base, factor, f"{name}-day"),
    ]


def _measure_after_fall(
    returned: EventTimes, window_s: float, base: int, factor: float, name: str
) -> Reading:
    """The accounts that came back at most a window after their own fall, with bounds."""
    value, low, high = (
        float(events.count_accounts()) * factor for events in returned.back_within(window_s)
    )
    return Reading(name, value, low, high, ReadingDetails(base=base))


def _measure_between(
    returned: EventTimes, begin: float, end: float, base: int, factor: float, name: str
) -> Reading:
    """The accounts that came back in [begin, end], with the least and most that can have."""
    seen, sure, possible = returned.within(begin, end)
    number, low, high = (
        float(events.count_accounts()) * factor for events in (seen, sure, possible)
    )
    return Reading(name, number, low, high, ReadingDetails(base=base, by=end))


def _midnight(record: Record, moment: float, days: int) -> float:
    """The first, second, ... midnight after a moment, in the zone of the case."""
    zone = ZoneInfo(record.settings.time_zone)
    day = dt.datetime.fromtimestamp(moment, zone).date() + dt.timedelta(days=days)
    return dt.datetime.combine(day, dt.time(), zone).timestamp()


def _measure_missing(
    source: ClaimSource,
    claim: ParsedClaim,
    subject: Subject,
    falls: EventTimes,
    returns: EventTimes,
) -> list[Reading]:
    """Those that fell and were not seen back: by the time claimed, or the end of the record."""
    wave = first_wave(source.findings)
    begin = wave.onset_s if wave is not None else float(falls.high.min(initial=np.inf))
    found = []
    for name, members in _wave_and_record(source):
        fell = falls.of_accounts(subject.codes).of_accounts(members)
        returned = returns.of_accounts(subject.codes).of_accounts(members)
        if claim.window_s is not None and np.isfinite(begin):
            base = fell.count_accounts()
            whole = float(base) * _factor(claim, base)
            rest = _back_of_missing(claim, whole)
            readings = _measure_by_then(source.record, rest, returned, begin, base, name)
            found += [_rest_of(reading, whole) for reading in readings]
            continue
        # an account that fell twice and came back once is away
        codes, times_fallen = np.unique(fell.code, return_counts=True)
        back = returned.code[np.isin(returned.code, codes)]
        times_back = np.bincount(np.searchsorted(codes, back), minlength=len(codes))
        number = float((times_fallen > times_back).sum()) if len(codes) else 0.0
        found.append(exact_reading(name, number * _factor(claim, len(codes)), base=len(codes)))
    return found


def _back_of_missing(claim: ParsedClaim, whole: float) -> ParsedClaim:
    """The claim of how many of a whole were back, from that of how many were missing."""
    low = None if claim.high is None else whole - claim.high
    high = None if claim.low is None else whole - claim.low
    return replace(claim, low=low, high=high)


def _rest_of(reading: Reading, whole: float) -> Reading:
    """How many of a whole were not back, from how many were."""
    value, low, high = (whole - number for number in (reading.value, reading.high, reading.low))
    return replace(reading, value=value, low=low, high=high)
