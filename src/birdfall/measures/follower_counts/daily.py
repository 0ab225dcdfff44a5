"""Daily follower levels of every counted account, with the growth and spread they usually have."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from birdfall.kernels.running_median import running_medians
from birdfall.measures.follower_counts.applies import MIN_KNOWN_DAYS
from birdfall.model.units import DAY_US
from birdfall.record.record import Record
from birdfall.record.split import ByParts, in_order

#: Days of history growth is read from, and days that must be known of them.
HISTORY_DAYS = 28
#: Days on which an account's count may be missing before its change is not compared.
MAX_GAP_DAYS: Final = 3
#: A count that falls to this share within a day, from at least so many, is that of a profile that
#: was itself down or being rebuilt (2013: a suspended minister's 32,000 read 1): nobody's followers
#: leave like that.
REBUILT_SHARE, REBUILT_MIN_FOLLOWERS = 0.05, 20
#: Days after which a count that stayed down is a level of its own.
MAX_REBUILT_DAYS: Final = 7
#: Counts are whole: no account is steadier than two or three followers a day.
MIN_SPREAD: Final = 2.5
#: Median absolute deviation times this is the standard deviation of a normal distribution.
MAD_TO_DEVIATION: Final = 1.4826


@dataclass(frozen=True)
class Daily:
    """Follower levels by account and day; day 0 is `first`.

    Parameters
    ----------
    accounts
        Ids, one per row of the arrays.
    first
        The first day, in `zone`.
    zone
        The zone of the case: its midnights part the days.
    level
        float64[accounts, days], the last count of each day; NaN where unknown.
    change
        float64[accounts, days], change since the last known day; NaN where not comparable.
    growth, spread
        float64[accounts, days], ordinary change per day and its deviation.
    z
        float64[accounts, days], (change - growth) / spread.
    """

    accounts: list[str]
    first: dt.date
    zone: ZoneInfo
    level: np.ndarray
    change: np.ndarray
    growth: np.ndarray
    spread: np.ndarray
    z: np.ndarray

    def day(self, index: int) -> dt.datetime:
        """The midnight of the case's zone at which day `index` begins, in UTC."""
        date = self.first + dt.timedelta(days=index)
        return dt.datetime.combine(date, dt.time(), self.zone).astimezone(dt.UTC)


def daily_levels(record: Record) -> Daily:
    """Each account's last count of every day, its change, ordinary growth and spread.

    Days are those of the case's zone. Counts that all bear midnight UTC are of that date and not
    of the evening before.
    """
    zone = record.settings.time_zone
    dated = record.sql(
        f"SELECT bool_and(epoch_us(time) % {DAY_US} = 0) AS dated FROM counts",
        split=ByParts("SELECT bool_and(dated) AS dated FROM parts", key=""),
    )
    # of UTC the date is had by division: to ask the calendar of every row takes half of the time
    utc = bool(dated.column(0)[0].as_py()) or zone == "UTC"
    within = f"((epoch_us(time) % {DAY_US} + {DAY_US}) % {DAY_US})"
    day_of = f"(epoch_us(time) - {within}) // {DAY_US}"
    if not utc:
        day_of = "date_diff('day', DATE '1970-01-01', timezone($zone, time)::DATE)"
    rows = record.sql(
        f"""SELECT account, {day_of} AS day,
        arg_max(followers, row(time, -line, followers)) AS followers
        FROM counts WHERE followers IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2""",
        None if utc else {"zone": zone},
        split=ByParts(in_order("account", "day")),
    )
    coded = rows.column(0).combine_chunks().dictionary_encode()
    names, place = coded.dictionary.to_pylist(), coded.indices.to_numpy()
    day = rows.column(1).to_numpy()
    first = int(day.min())
    level = np.full((len(names), int(day.max()) - first + 1), np.nan)
    level[place, day - first] = rows.column(2).to_numpy()
    change, days = _changes(level)
    change[_rebuilt_days(level)] = np.nan
    growth, spread = _growth(change / days)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (change - growth * days) / (spread * np.sqrt(days))
    begin = dt.date(1970, 1, 1) + dt.timedelta(days=first)
    return Daily(names, begin, ZoneInfo(zone), level, change, growth, spread, z)


def _changes(level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Change since the last known day, on the day it was seen, and the days since then.

    NaN after gaps that are too long.

    Sharing a change out over the gap would thin a fall over days that saw none.
    """
    change, days = np.full(level.shape, np.nan), np.ones(level.shape)
    last = np.full(level.shape[0], np.nan)
    since = np.full(level.shape[0], -1)
    for d in range(level.shape[1]):
        known = np.isfinite(level[:, d])
        gap = d - since
        fresh = known & (since >= 0) & (gap <= MAX_GAP_DAYS)
        change[fresh, d] = level[fresh, d] - last[fresh]
        days[fresh, d] = gap[fresh]
        last[known] = level[known, d]
        since[known] = d
    return change, days


def _rebuilt_days(level: np.ndarray) -> np.ndarray:
    """bool[accounts, days]: the count fell to almost nothing and is not back to half of it."""
    marked = np.zeros(level.shape, bool)
    before, since = np.full(level.shape[0], np.nan), np.zeros(level.shape[0], np.int64)
    last = np.full(level.shape[0], np.nan)
    for d in range(level.shape[1]):
        known, down = np.isfinite(level[:, d]), np.isfinite(before)
        with np.errstate(invalid="ignore"):
            falls = known & ~down & (last >= REBUILT_MIN_FOLLOWERS)
            falls &= level[:, d] <= REBUILT_SHARE * last
            back = known & down & ((level[:, d] >= 0.5 * before) | (d - since > MAX_REBUILT_DAYS))
        marked[:, d] = falls | (known & down)
        before[falls], since[falls] = last[falls], d
        before[back] = np.nan
        last[known] = level[known, d]
    return marked


def _growth(change: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ordinary growth and spread per day, float64[accounts, days] each.

    Trailing median of the daily changes and their scaled median absolute deviation; the first weeks
    look ahead.
    """
    growth, deviation = running_medians(np.ascontiguousarray(change), HISTORY_DAYS, MIN_KNOWN_DAYS)
    return growth, np.maximum(deviation * MAD_TO_DEVIATION, MIN_SPREAD)
