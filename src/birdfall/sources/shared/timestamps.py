"""What moment a text means: the common forms of a time stamp, and what must be asked first.

Two things are never guessed. A time without a zone needs the zone of whoever wrote it; a date such
as 03/04/2013 needs to be told which number is the day, unless another date of the same column
settles it (a 31 can be no month).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal
from zoneinfo import ZoneInfo

from birdfall.model.errors import UsageError, Where, printable
from birdfall.model.questions import Question
from birdfall.sources.shared import time_words

#: Times outside are sentinels (0, year 9999) or errors: no platform kept accounts before, no row
#: can lie after.
EARLIEST: Final = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)
LATEST: Final = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
#: No place was ever farther from UTC by law; an offset beyond is an error, and would date a row a
#: day wrong.
MAX_OFFSET: Final = dt.timedelta(hours=14)
EARLIEST_US: Final = (EARLIEST - _EPOCH) // dt.timedelta(microseconds=1)
LATEST_US: Final = (LATEST - _EPOCH) // dt.timedelta(microseconds=1)

Order = Literal["dmy", "mdy"]

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan january ene enero janv janvier janeiro يناير",
            "feb february febrero fév févr février fev fevereiro فبراير",
            "mar march marzo mars março مارس",
            "apr april abr abril avr avril أبريل ابريل",
            "may mayo mai maio مايو",
            "jun june junio juin junho يونيو",
            "jul july julio juil juillet julho يوليو",
            "aug august ago agosto août أغسطس اغسطس",
            "sep sept september septiembre setiembre septembre set setembro سبتمبر",
            "oct october octubre octobre out outubro أكتوبر اكتوبر",
            "nov november noviembre novembre novembro نوفمبر",
            "dec december dic diciembre déc décembre dez dezembro ديسمبر",
        ),
        start=1,
    )
    for name in names.split()
}
_ZONE = r"(?P<zone>Z|z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
_CLOCK = (
    r"(?:(?P<hour>\d{1,2})(?:[:h.](?P<minute>\d{2}))(?:[:m.](?P<second>\d{2})(?:[.,](?P<fraction>\d+))?s?)?"
    r"\s*(?P<half>[AaPp]\.?\s?[Mm]\.?)?)"
)
_YEAR_FIRST: Final = re.compile(
    rf"(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}})(?:[T\s,]+{_CLOCK}\s*{_ZONE})?"
)
_YEAR_LAST: Final = re.compile(
    rf"(?P<first>\d{{1,2}})[-/.](?P<second_part>\d{{1,2}})[-/.](?P<year>\d{{4}}|\d{{2}})(?:[T\s,]+{_CLOCK}\s*{_ZONE})?"
)
_ANY_DATE: Final = re.compile(r"(?<![\d/.-])\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})(?![\d/.-])")
_TWITTER: Final = re.compile(
    rf"[^\W\d]+,?\s+(?P<word>[^\W\d]+)\s+(?P<day>\d{{1,2}})\s+{_CLOCK}\s+{_ZONE}\s*(?P<year>\d{{4}})"
)
_DAY_WORD: Final = re.compile(
    rf"(?:[^\W\d]+\.?,?\s+)?(?P<day>\d{{1,2}})(?:\s+de)?[\s-]+(?P<word>[^\W\d]+)\.?,?(?:\s+de)?[\s-]+(?P<year>\d{{4}})"
    rf"(?:[T\s,]+(?:à\s|at\s)?{_CLOCK}\s*{_ZONE})?"
)
_WORD_DAY: Final = re.compile(
    rf"(?:[^\W\d]+\.?,\s+)?(?P<word>[^\W\d]+)\.?\s+(?P<day>\d{{1,2}}),?\s+(?P<year>\d{{4}})(?:[T\s,]+(?:at\s)?{_CLOCK}\s*{_ZONE})?"
)
_CLOCK_FIRST: Final = re.compile(
    rf"{_CLOCK}\s*{_ZONE}\s*(?:-|·|,|on)?\s+(?P<rest>.*\d{{4}}.*|\d+/\d+/\d+)"
)
_COMPACT: Final = re.compile(
    r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})(?:T?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})(?P<zone>Z)?)?"
)
_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE]\+?\d+)?")

#: A day as data frames show it, joined with the hour of another column.
_MIDNIGHT_AND_CLOCK: Final = re.compile(
    r"(.*\d)[ T]00:00(?::00(?:\.0+)?)?\s+(\d{1,2}\s?[:h.]\s?\d{2}.*)"
)
#: A moment as .NET writes it into JSON.
_OF_JSON: Final = re.compile(r"/?Date\((\d{9,14})\)/?")
#: A time with the name of its zone behind it, as Java and pandas write it.
_NAMED_ZONE: Final = re.compile(
    r"(?P<rest>.*\d.*?)\s*\[?(?P<name>(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe"
    r"|Indian|Pacific|Etc)/[A-Za-z_/+-]+\d*)\]?"
)
#: The midnight that ends a day.
_END_OF_DAY: Final = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2}[T ])24:00(?P<rest>(?::00(?:\.0+)?)?(?:Z|[+-]\d{2}:?\d{2})?)"
)
#: 18-Oct-21 12.06.07.000000 PM, as databases of Oracle write it.
_ORACLE: Final = re.compile(
    r"(?P<day>\d{1,2}-[A-Za-z]{3})-(?P<year>\d{2}|\d{4})"
    r" (?P<clock>\d{1,2}\.\d{2}\.\d{2})(?:\.\d+)?"
    r"(?P<half> [AP]M)?(?: (?P<zone>[+-]\d{2}:\d{2}|[A-Z]{3,4}))?"
)

#: 18-Oct-21, as spreadsheets show a day.
_SHORT_YEAR: Final = re.compile(
    r"(?P<day>\d{1,2})[- /](?P<word>[^\W\d]{3,10})\.?[- /](?P<year>\d{2})"
    r"(?:,?\s+(?P<rest>\d.*)|(?!.))"
)

#: A `--date-format` of its own: days since 30 December 1899, as spreadsheets count them.
EXCEL: Final = "excel"
_FIRST_DAY: Final = dt.datetime(1899, 12, 30)

#: A longer text is no time.
MAX_TIME_CHARS: Final = 80
DAY_NUMBER: Final = "a day number of a spreadsheet, not a time"
NO_TIME: Final = "not a time in any form known"
NO_PLACE: Final = "a time with an offset that no place has"
IMPLAUSIBLE: Final = "a time before 1990 or after 2099"
ORDER: Final = "a date of the other day and month order than its column"


class NotATime(ValueError):
    """A text that means no moment; its words are the reason of the rejection."""


class NeedsZone(ValueError):
    """A text that means a moment only once its zone is known."""


class NeedsDayOrder(ValueError):
    """A date whose day and month cannot be told apart."""


@dataclass(frozen=True, slots=True)
class TimeReader:
    """How the times of one column are read.

    order: which of the first two numbers of a date is the day.
    """

    zone: ZoneInfo | None = None
    format: str | None = None
    order: Order | None = None

    def microseconds(self, text: str) -> int:
        """UTC microseconds of `text`. Raises NotATime, NeedsZone or NeedsDayOrder."""
        moment = self._moment(ascii_digits(text).strip())
        if isinstance(moment, int):
            value = moment
        else:
            if moment.tzinfo is None:
                if self.zone is None:
                    raise NeedsZone(text)
                moment = moment.replace(tzinfo=self.zone)
            elif is_no_offset(moment):
                raise NotATime(NO_PLACE)
            value = (moment - _EPOCH) // dt.timedelta(microseconds=1)
        if not EARLIEST_US <= value < LATEST_US:
            raise NotATime(IMPLAUSIBLE)
        return value

    def _moment(self, text: str) -> dt.datetime | int:
        if self.format == EXCEL:
            return _spreadsheet_time(text)
        if self.format is not None:
            try:
                return dt.datetime.strptime(text, self.format)
            except ValueError as error:
                raise NotATime(f"not of the form {self.format}") from error
        try:
            return self._free(text)
        except OverflowError as error:
            raise NotATime(IMPLAUSIBLE) from error

    def _free(self, text: str) -> dt.datetime | int:
        if len(text) > MAX_TIME_CHARS:
            raise NotATime(NO_TIME)
        if "24:00" in text and (match := _END_OF_DAY.fullmatch(text)):
            day = self._free(f"{match['day']}00:00{match['rest']}")
            return day + dt.timedelta(days=1) if isinstance(day, dt.datetime) else day
        if match := _COMPACT.fullmatch(text):
            return _build_datetime(match, int(match["month"]), int(match["day"]))
        if _NUMBER.fullmatch(text):
            return unix_microseconds(text)
        if match := _YEAR_FIRST.fullmatch(text):
            return _build_datetime(match, int(match["month"]), int(match["day"]))
        if match := _YEAR_LAST.fullmatch(text):
            return _build_datetime(match, *self._month_and_day(match, text))
        for pattern in (_TWITTER, _DAY_WORD, _WORD_DAY):
            if match := pattern.fullmatch(text):
                month = _MONTHS.get(match["word"].casefold())
                if month is None:
                    return self._in_words(text)
                return _build_datetime(match, month, int(match["day"]))
        if match := _CLOCK_FIRST.fullmatch(text):
            day = self._free(match["rest"].strip())
            if isinstance(day, dt.datetime):
                return _add_clock(match, day)
        return self._in_words(text)

    def _in_words(self, text: str) -> dt.datetime | int:
        plain = time_words.plain_signs(text)
        if match := _MIDNIGHT_AND_CLOCK.fullmatch(plain):
            return self._free(f"{match[1]} {match[2]}")
        if match := _OF_JSON.fullmatch(plain):
            return unix_microseconds(match[1])
        if match := _NAMED_ZONE.fullmatch(plain):
            return _in_zone(self._free(match["rest"]), match["name"])
        if match := _ORACLE.fullmatch(plain):
            year, half = _full_year(match["year"]), match["half"] or ""
            clock = f"{match['clock'].replace('.', ':')}{half} {match['zone'] or ''}"
            return self._free(f"{match['day']} {year} {clock}".strip())
        if match := _SHORT_YEAR.fullmatch(plain):
            year = _full_year(match["year"])
            return self._free(
                f"{match['day']} {match['word']} {year} {match['rest'] or ''}".strip()
            )
        if re.fullmatch(r"\d{9,10},\d{1,9}", plain):
            return unix_microseconds(plain.replace(",", "."))
        dated = time_words.day_by_week_or_number(plain)
        if dated is not None and dated != text:
            return self._free(dated)
        found = time_words.read_words(plain)
        if found is None:
            raise NotATime(NO_TIME)
        year, month, day = found.date if not isinstance(found.date, str) else (0, 0, 0)
        if isinstance(found.date, str):
            match = _YEAR_LAST.fullmatch(found.date)
            if match is None:
                raise NotATime(NO_TIME)
            month, day = self._month_and_day(match, found.date)
            year = _full_year(match["year"])
        hour, minute, second, fraction = found.clock
        try:
            return dt.datetime(year, month, day, hour, minute, second, fraction, found.zone)
        except ValueError as error:
            raise NotATime(NO_TIME) from error

    def _month_and_day(self, match: re.Match[str], text: str) -> tuple[int, int]:
        first, second = int(match["first"]), int(match["second_part"])
        shown: Order | None = (
            "dmy" if first > 12 >= second else "mdy" if second > 12 >= first else None
        )
        if shown is not None and self.order not in (None, shown):
            raise NotATime(ORDER)
        order = self.order or shown
        if order is None:
            # 05/05/2013 is the same day either way
            if first != second:
                raise NeedsDayOrder(text)
            order = "dmy"
        return (second, first) if order == "dmy" else (first, second)


def proven_day_order(text: str) -> Order | None:
    """Which order a date proves by itself; None if it is no such date or proves none."""
    if len(text) > MAX_TIME_CHARS:
        return None
    match = _YEAR_LAST.fullmatch(ascii_digits(text).strip())
    if match is None:
        match = _CLOCK_FIRST.fullmatch(ascii_digits(text).strip())
        if match is None:
            found = _ANY_DATE.search(text)
            return None if found is None or found[0] == text else proven_day_order(found[0])
        return proven_day_order(match["rest"])
    first, second = int(match["first"]), int(match["second_part"])
    return "dmy" if first > 12 >= second else "mdy" if second > 12 >= first else None


def majority_day_order(texts: Iterable[str]) -> Order | None:
    """The order that most of a column's proving dates prove; None without any."""
    votes = {"dmy": 0, "mdy": 0}
    for text in texts:
        shown = proven_day_order(text)
        if shown:
            votes[shown] += 1
    if votes["dmy"] == votes["mdy"]:
        return None
    return "dmy" if votes["dmy"] > votes["mdy"] else "mdy"


def unix_microseconds(text: str) -> int:
    """Microseconds of a Unix time in s, ms, us or ns.

    The unit is the one that gives a plausible time.
    """
    if re.fullmatch(r"[+-]?\d{1,25}", text):
        number = int(text)
        for up, down in ((1_000_000, 1), (1_000, 1), (1, 1), (1, 1_000)):
            value = number * up // down
            if EARLIEST_US <= value < LATEST_US:
                return value
        raise NotATime(DAY_NUMBER if _FIRST_NUMBER <= number <= _LAST_NUMBER else IMPLAUSIBLE)
    number_float = float(text)
    for factor in (1e6, 1e3, 1.0, 1e-3):
        if EARLIEST_US <= number_float * factor < LATEST_US:
            return round(number_float * factor)
    raise NotATime(DAY_NUMBER if _FIRST_NUMBER <= number_float <= _LAST_NUMBER else IMPLAUSIBLE)


#: 1990 and 2099, as spreadsheets count days.
_FIRST_NUMBER: Final = 32_874
_LAST_NUMBER: Final = 73_050


def _spreadsheet_time(text: str) -> dt.datetime:
    """The clock time of a spreadsheet's day number, to the second (its fractions are no finer)."""
    if not re.fullmatch(r"\d{1,6}(?:[.,]\d+)?", text):
        raise NotATime("not a day number")
    return _FIRST_DAY + dt.timedelta(seconds=round(float(text.replace(",", ".")) * 86_400))


def ascii_digits(text: str) -> str:
    """`text` with Arabic-Indic, Persian and full-width digits as 0-9, without direction marks."""
    if text.isascii():
        return text
    return text.translate(_DIGITS)


_DIGITS: Final = (
    {ord("\N{ARABIC-INDIC DIGIT ZERO}") + d: str(d) for d in range(10)}
    | {ord("\N{EXTENDED ARABIC-INDIC DIGIT ZERO}") + d: str(d) for d in range(10)}
    | {ord("\N{FULLWIDTH DIGIT ZERO}") + d: str(d) for d in range(10)}
    | {0x200E: None, 0x200F: None, 0x061C: None, 0x202F: " ", 0xA0: " ", ord("،"): ","}
)


class ZoneQuestion(UsageError):
    """A person must say in which zone the times of a column were written. sample: one of them."""

    sample = ""


class DayOrderQuestion(UsageError):
    """A person must say whether the day or the month comes first. sample: a date of the column."""

    sample = ""


def zone_error(file: str, column: str, sample: str) -> ZoneQuestion:
    asked = ZoneQuestion(
        f'"{printable(sample, 60)}" has no time zone',
        where=Where(file, column=column),
        why="The same clock time is another moment elsewhere.",
        fix='Say where it was written with --time-zone "America/Caracas" (or UTC).',
        questions=(
            Question(
                f'In which zone was "{printable(sample, 60)}" ({printable(column, 60)}) written?',
                "--time-zone ",
                ("UTC", "America/Caracas"),
                open=True,
            ),
        ),
    )
    asked.sample = sample
    return asked


def day_order_error(file: str, column: str, sample: str) -> DayOrderQuestion:
    asked = DayOrderQuestion(
        f'"{printable(sample, 60)}" fits two dates, and no date of this column settles which',
        where=Where(file, column=column),
        why="Waves need exact order.",
        fix="Say which comes first: --date-format dmy (the day) or --date-format mdy (the month).",
        questions=(
            Question(
                f'Which comes first in "{printable(sample, 60)}" ({printable(column, 60)}), '
                "the day (dmy) or the month (mdy)?",
                "--date-format ",
                ("dmy", "mdy"),
            ),
        ),
    )
    asked.sample = sample
    return asked


def find_zone(name: str | None) -> ZoneInfo | None:
    """The zone of an IANA name. Raises UsageError if there is none."""
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(
            f"{printable(name)!r} is no time zone",
            fix='Use a name like "America/Caracas" or "UTC".',
        ) from error


def is_no_offset(moment: dt.datetime) -> bool:
    """Whether the offset a time was written with is one that no place has."""
    offset = moment.utcoffset() or dt.timedelta()
    return isinstance(moment.tzinfo, dt.timezone) and abs(offset) > MAX_OFFSET


def _in_zone(moment: dt.datetime | int, name: str) -> dt.datetime | int:
    """A time in the zone of that name; one that has an offset keeps it. Raises NotATime."""
    if isinstance(moment, int) or moment.tzinfo is not None:
        return moment
    try:
        return moment.replace(tzinfo=ZoneInfo(name))
    except (OSError, ValueError, KeyError) as error:
        raise NotATime(NO_TIME) from error


def _full_year(text: str) -> int:
    year = int(text)
    return year + (0 if len(text) > 2 else 2000 if year < 70 else 1900)


def _build_datetime(match: re.Match[str], month: int, day: int) -> dt.datetime:
    try:
        return _add_clock(match, dt.datetime(_full_year(match["year"]), month, day))
    except ValueError as error:
        raise NotATime(NO_TIME) from error


def _add_clock(match: re.Match[str], day: dt.datetime) -> dt.datetime:
    parts = match.groupdict()
    if not parts.get("hour"):
        return day
    hour = int(parts["hour"])
    if half := parts.get("half"):
        if not 1 <= hour <= 12:
            raise NotATime(NO_TIME)
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    second = int(parts.get("second") or 0)
    fraction = int(((parts.get("fraction") or "") + "000000")[:6])
    # A leap second is shown as 60; UTC as computers count it has none.
    leap, second = (1, 59) if second == 60 else (0, second)
    try:
        moment = day.replace(
            hour=hour, minute=int(parts.get("minute") or 0), second=second, microsecond=fraction
        )
        return moment.replace(tzinfo=_offset(parts.get("zone"))) + dt.timedelta(seconds=leap)
    except ValueError as error:
        raise NotATime(NO_TIME) from error


def _offset(text: str | None) -> dt.tzinfo | None:
    if not text:
        return None
    if text in ("Z", "z", "UTC", "GMT"):
        return dt.UTC
    digits = text[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:] or 0)
    return dt.timezone(dt.timedelta(minutes=-minutes if text[0] == "-" else minutes))
