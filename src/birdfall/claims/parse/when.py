"""When something is said to have happened: a date, an hour and what the hour bounds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Relation(StrEnum):
    """What a clock time bounds.

    BY_DAY: until the end of a day. BEFORE_DAY: until its begin. BY_PART: in a part of a day, or
    until its end. AT_OR_BY: "habían caído a las 20:30": at that hour, or until then.
    BY_HOURS: until those hours of a day end.
    """

    AT = "at"
    BEFORE = "before"
    AFTER = "after"
    BETWEEN = "between"
    BY_DAY = "by_day"
    BY_PART = "by_part"
    AT_OR_BY = "at_or_by"
    BEFORE_DAY = "before_day"
    BY_HOURS = "by_hours"


@dataclass(frozen=True, slots=True)
class When:
    """When something is said to have happened.

    Parameters
    ----------
    year, month, day
        The date, None where it is not said.
    first_s, last_s
        Seconds of the day between which it was, None where no hour is said. AT: both are the same.
    relation
        What the hour bounds.
    utc
        Whether the hour is said in UTC; else it is in the zone of the case.
    weekday
        0 for Monday, None where no weekday is said.
    days_ago
        So many days before it was said, None where nothing is said of that.
    either_half
        The hour may be of the morning as of the evening: "at eight".
    """

    year: int | None = None
    month: int | None = None
    day: int | None = None
    first_s: float | None = None
    last_s: float | None = None
    relation: Relation = Relation.AT
    utc: bool = False
    weekday: int | None = None
    days_ago: int | None = None
    either_half: bool = False

    @property
    def has_hour(self) -> bool:
        """Whether an hour is said."""
        return self.first_s is not None
