"""Which seconds a date and an hour of a claim mean, in the zone of the case."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import NamedTuple
from zoneinfo import ZoneInfo

from birdfall.claims.parse import ParsedClaim, Quantity, Relation, When
from birdfall.claims.readings import Reading, ReadingDetails, Refusal, refuse
from birdfall.claims.subjects import ClaimSource
from birdfall.claims.wave import FirstWave, first_wave
from birdfall.model.units import DAY_S, HOUR_S, MINUTE_S

#: "At 17:50" is meant to so many seconds, before it and after.
AT_BEFORE_S, AT_AFTER_S = 5 * MINUTE_S, 15 * MINUTE_S
#: The same of a wave that began then: until its end, or so many seconds after the hour.
AT_AFTER_ONSET_S = 30 * MINUTE_S
DAYS_PER_WEEK = 7


class Interval(NamedTuple):
    """Seconds since 1970, both inclusive."""

    begin: float
    end: float

    def holds(self, moment: float) -> bool:
        """Whether a moment lies in it."""
        return self.begin <= moment <= self.end


def tell_day(parsed: ParsedClaim, said: str) -> ParsedClaim | Refusal:
    """A claim with "yesterday" and weekdays turned into dates by the day on which it was said.

    said: that day, ISO; "" if nobody noted it: then "yesterday" is refused, and a weekday is left
    to be the one beside the wave.
    """
    when = parsed.when
    if when is None or when.month is not None or (when.days_ago, when.weekday) == (None, None):
        return parsed
    try:
        day = dt.date.fromisoformat(said[: len("2013-10-31")])
    except ValueError:
        return parsed if when.days_ago is None else refuse("day-of-saying-not-known", needs="when")
    if when.days_ago is not None:
        day -= dt.timedelta(days=when.days_ago)
    elif when.weekday is not None:
        day -= dt.timedelta(days=(day.weekday() - when.weekday) % DAYS_PER_WEEK)
    told = replace(when, year=day.year, month=day.month, day=day.day, days_ago=None)
    return replace(parsed, when=told)


def halves_of_day(parsed: ParsedClaim) -> list[ParsedClaim]:
    """A claim, and where its hour may be of either half of the day the same twelve hours later.

    A night without a date, and in French one with a date, may be that which ends on that day.
    """
    when = parsed.when
    if when is not None and _is_either_night(parsed, when):
        first, last = ((second or 0.0) - DAY_S for second in (when.first_s, when.last_s))
        return [parsed, replace(parsed, when=replace(when, first_s=first, last_s=last))]
    if when is None or not when.either_half or when.first_s is None or when.last_s is None:
        return [parsed]
    half = DAY_S / 2
    first, last = ((second + half) % DAY_S for second in (when.first_s, when.last_s))
    if first > last:
        return [parsed]
    return [parsed, replace(parsed, when=replace(when, first_s=first, last_s=last))]


def _is_either_night(parsed: ParsedClaim, when: When) -> bool:
    dated = any(part is not None for part in (when.month, when.year, when.weekday, when.days_ago))
    night = when.relation is Relation.BETWEEN and (when.last_s or 0.0) > DAY_S
    return night and (parsed.language == "fr" or not dated)


def claimed_interval(source: ClaimSource, claim: ParsedClaim) -> Interval | Refusal | None:
    """When a claim says that it happened; None if it does not say.

    An hour without a date is of the day on which the first wave began; a date without a year is of
    that year; a weekday without a date is the one beside that day, of returns the one after it.
    """
    when = claim.when
    if when is None and claim.further and claim.next_day:
        when = When()
    if when is None:
        return None
    zone = ZoneInfo("UTC" if when.utc else source.settings.time_zone)
    wave = first_wave(source.findings)
    began = None if wave is None else dt.datetime.fromtimestamp(wave.onset_s, zone)
    if began is None and (when.year is None):
        return refuse("date-without-year", needs="statuses")
    try:
        first, last = _days(when, began, zone)
    except ValueError:
        return refuse("no-such-date")
    next_day = claim.next_day or when.relation is Relation.BY_PART
    if next_day and when.month is None and when.year is None:
        first, last = (moment + dt.timedelta(days=1) for moment in (first, last))
    if when.weekday is not None and when.day is None:
        back = 0 if claim.quantity is Quantity.RESTORED else DAYS_PER_WEEK // 2
        ahead = (when.weekday - first.weekday() + back) % DAYS_PER_WEEK - back
        first, last = (moment + dt.timedelta(days=ahead) for moment in (first, last))
    elif when.weekday is not None and first.weekday() != when.weekday:
        return refuse("weekday-not-of-date")
    if when.relation in (Relation.BY_DAY, Relation.BEFORE_DAY):
        return _until_day(claim, when.relation, first, last, wave)
    if when.first_s is None or when.last_s is None:
        return Interval(first.timestamp(), last.timestamp())
    if (last - first).days > 1:
        return refuse("hour-without-day")
    return _hours(when, first, last, claim.window_most_s or claim.window_s, wave)


def _until_day(
    claim: ParsedClaim,
    relation: Relation,
    first: dt.datetime,
    last: dt.datetime,
    wave: FirstWave | None,
) -> Interval | Refusal:
    """From the wave until a day ends, or until it begins."""
    if relation is Relation.BEFORE_DAY:
        began_s = first.timestamp() if wave is None else wave.onset_s
        return Interval(min(began_s, first.timestamp() - DAY_S), first.timestamp())
    if claim.quantity is not Quantity.RESTORED or wave is None:
        return refuse("day-bound-not-measured", needs="statuses")
    return Interval(wave.onset_s, last.timestamp())


def _days(when: When, began: dt.datetime | None, zone: ZoneInfo) -> tuple[dt.datetime, dt.datetime]:
    """The first and the last midnight of the date."""
    year = when.year if when.year is not None else began.year if began is not None else 0
    if when.month is None:
        if when.year is not None:
            return dt.datetime(year, 1, 1, tzinfo=zone), dt.datetime(year + 1, 1, 1, tzinfo=zone)
        if began is None:
            raise ValueError("an hour without a date, and no wave")
        first = began.replace(hour=0, minute=0, second=0, microsecond=0)
    elif when.day is None:
        after = (year + when.month // 12, when.month % 12 + 1)
        return (
            dt.datetime(year, when.month, 1, tzinfo=zone),
            dt.datetime(*after, 1, tzinfo=zone),
        )
    else:
        first = dt.datetime(year, when.month, when.day, tzinfo=zone)
    return first, first + dt.timedelta(days=1)


def _hours(
    when: When,
    first: dt.datetime,
    last: dt.datetime,
    window_s: float | None,
    wave: FirstWave | None,
) -> Interval:
    """The hours of one day; at an hour at which a wave began, what fell soon after is meant too."""
    begin, end = first.timestamp(), last.timestamp()
    low, high = begin + (when.first_s or 0.0), begin + (when.last_s or 0.0)
    if when.relation is Relation.BEFORE:
        return Interval(begin, low)
    if when.relation is Relation.AFTER:
        return Interval(low, low + window_s if window_s is not None else end)
    if when.relation is Relation.BY_HOURS:
        return Interval(low if wave is None else min(low, wave.onset_s), high)
    if when.relation in (Relation.BETWEEN, Relation.BY_PART) or low < high:
        return Interval(low, high)
    after = AT_AFTER_S if window_s is None else min(window_s, HOUR_S) + AT_BEFORE_S
    said = Interval(low - AT_BEFORE_S, low + after)
    if wave is not None and window_s is None and said.holds(wave.onset_s):
        return said._replace(end=low + AT_AFTER_ONSET_S)
    return said


def measure_onset(source: ClaimSource, claim: ParsedClaim) -> list[Reading] | Refusal:
    """The reading of a claim that the wave began at a time: how many waves did."""
    interval = claimed_interval(source, claim)
    if isinstance(interval, Refusal):
        return interval
    wave = first_wave(source.findings)
    if wave is None or interval is None:
        return refuse("no-wave-to-compare", needs="statuses")
    number = float(interval.holds(wave.onset_s))
    details = ReadingDetails(since=interval.begin, by=interval.end)
    return [Reading("onset", number, number, number, details)]
