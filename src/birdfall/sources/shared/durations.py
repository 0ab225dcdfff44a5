"""Durations as platforms write them: "24 hours", "6 months", "infinity", or the time of the end."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final
from zoneinfo import ZoneInfo

from birdfall.model.units import DAY_S, HOUR_S, MINUTE_S
from birdfall.sources.shared.timestamps import TimeReader

_ENDLESS: Final = ("infinity", "infinite", "indefinite", "never", "permanent", "")
_PART: Final = re.compile(r"(\d+)\s*(second|sec|minute|min|hour|day|week|fortnight|month|year)s?")
_PARTS_AND_FILLERS: Final = re.compile(rf"{_PART.pattern}|[\s,]|and")
_SECONDS: Final = {
    "second": 1,
    "sec": 1,
    "minute": MINUTE_S,
    "min": MINUTE_S,
    "hour": HOUR_S,
    "day": DAY_S,
    "week": 7 * DAY_S,
    "fortnight": 14 * DAY_S,
}


def end_of(start: int, text: str, zone: ZoneInfo | None) -> int | None:
    """When something ends that began at `start` and lasts `text`.

    Parameters
    ----------
    start
        Microseconds since 1970 UTC.
    text
        A duration ("24 hours", "6 months", "infinity") or a time.
    zone
        The zone of a time that names none; None: UTC.

    Returns
    -------
    int or None
        Microseconds since 1970 UTC; None if it does not end.

    Raises
    ------
    ValueError
        If `text` is neither a duration nor a time.
    """
    words = text.strip().casefold()
    if words in _ENDLESS:
        return None
    parts = _PART.findall(words)
    if parts and not _PARTS_AND_FILLERS.sub("", words):
        moment = dt.datetime.fromtimestamp(start / 1e6, dt.UTC)
        for count, unit in parts:
            moment = _add_duration(moment, int(count), unit)
        return round(moment.timestamp() * 1e6)
    return TimeReader(zone or ZoneInfo("UTC")).microseconds(text)


def _add_duration(moment: dt.datetime, count: int, unit: str) -> dt.datetime:
    try:
        if unit in _SECONDS:
            return moment + dt.timedelta(seconds=count * _SECONDS[unit])
        months = moment.month - 1 + count * (12 if unit == "year" else 1)
        first = moment.replace(year=moment.year + months // 12, month=months % 12 + 1, day=1)
        # As MediaWiki (PHP) counts: a month after 31 January is 3 March, not 28 February.
        return first + dt.timedelta(days=moment.day - 1)
    except (OverflowError, ValueError) as error:
        raise ValueError("a duration beyond all calendars") from error
