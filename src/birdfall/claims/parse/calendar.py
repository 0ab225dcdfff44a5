"""Dates and hours in a sentence: "on 31 October 2013", "between 17:50 and 18:00", "before noon".

A sentence that names two dates, or a time that is not read to the end, is left unread here, and so
refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from birdfall.claims.parse import clock_words
from birdfall.claims.parse.clock_words import MAX_HOUR, minutes_after, minutes_before
from birdfall.claims.parse.day_parts import DAY_PARTS, DAYS_AGO, LATE_PARTS, WEEKDAYS
from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.non_counts import FIRST_YEAR, MAX_DAY_OF_MONTH, is_day, is_year
from birdfall.claims.parse.numbers import Amount
from birdfall.claims.parse.ordinals import ARABIC_AND, read_ordinal
from birdfall.claims.parse.tags import TaggedTokens, TokenRange
from birdfall.claims.parse.tokens import TokenKind, forms
from birdfall.claims.parse.when import Relation, When
from birdfall.model.units import DAY_S, HOUR_S, MINUTE_S

MAX_MONTH = 12
NOON_ENDS_S = 13 * HOUR_S
#: Months that share a name in Arabic: the first and the second Kanun.
PAIR = 2


@dataclass(frozen=True, slots=True)
class TimeMention:
    """When, and the tokens that say so."""

    when: When
    ranges: tuple[TokenRange, ...]
    begin: int


def read_when(words: TaggedTokens, amounts: list[Amount]) -> TimeMention | None:
    """The date and hour of a sentence; None if it names none, or more than one date."""
    return _CalendarReader(words, amounts).read()


class _CalendarReader:
    """Reads the dates and hours of a sentence from left to right."""

    def __init__(self, words: TaggedTokens, amounts: list[Amount]) -> None:
        self.words = words
        self.amounts = {amount.begin: amount for amount in amounts}
        self.dates: list[When] = []
        self.hours: list[tuple[int, float]] = []
        self.ranges: list[TokenRange] = []
        self.part: tuple[float, float] | None = None
        self.part_relation = Relation.BETWEEN
        self.weekdays: list[int] = []
        self.either_half = False
        self.bare: set[int] = set()  # where hours begin without a half of the day

    def read(self) -> TimeMention | None:
        at = 0
        while at < len(self.words):
            phrase = self.words.length(at, Tag.OVERNIGHT) or self._next_day(at)
            if phrase:
                at += phrase
                continue
            end = self._weekday(at) or self._date(at) or self._hour(at) or self._part(at)
            at = max(end, at + 1)
        if len(self.dates) > 1 or len(self.weekdays) > 1 or len(self.hours) > 2 or not self.ranges:
            return None
        when = self._hours_of(self.dates[0] if self.dates else When())
        if when is None:
            return None
        if self.weekdays:
            if when.day is None and (when.month or when.year):
                return None  # "a Monday in October"
            when = replace(when, weekday=self.weekdays[0])
        if not when.has_hour and self.dates and self._opens_date(Tag.BEFORE_DATE):
            when = replace(when, relation=Relation.BEFORE_DAY)
        elif not when.has_hour and self._opens_date(Tag.BY_DAY):
            when = replace(when, relation=Relation.BY_DAY)
        elif self._is_part_alone() and self._opens_date(Tag.BY_DAY):
            when = replace(when, relation=Relation.BY_HOURS)  # "by Monday evening"
        for tag in (Tag.UTC, Tag.LOCAL_TIME):
            self.ranges += self.words.ranges(tag)
        utc = self.words.contains(Tag.UTC)
        either = self.either_half and not utc and len(self.hours) == 1 and self.part is None
        begin = min(r.begin for r in self.ranges)
        return TimeMention(
            replace(when, utc=utc, either_half=either), tuple(self._widened()), begin
        )

    def _is_part_alone(self) -> bool:
        told = self.part is not None and not self.hours
        return told and self.part_relation is Relation.BETWEEN

    def _next_day(self, at: int) -> int:
        """The tokens of "the next day" at `at`; of "by the next morning", its hours are noted."""
        length = self.words.length(at, Tag.NEXT_DAY)
        inside = self.words.ranges(Tag.MORNING, at, at + length)
        if length and inside:
            self.part, self.part_relation = DAY_PARTS[Tag.MORNING], Relation.BY_PART
            self.ranges.append(TokenRange(at, at + length))
        return length

    def _opens_date(self, tag: Tag) -> bool:
        """Whether words of a tag open the date: "by 2 November"; they are noted."""
        first = min(r.begin for r in self.ranges)
        while True:
            length = self.words.length_before(first, tag)
            if length:
                self.ranges.append(TokenRange(first - length, first))
                return True
            length = self.words.length_before(first, Tag.DATE_BEFORE)
            if not length:
                return False
            first -= length

    def _widened(self) -> list[TokenRange]:
        """The ranges with the small words before them."""
        found = []
        for begin, end in self.ranges:
            first = begin
            while self.words.length_before(first, Tag.DATE_BEFORE):
                first -= self.words.length_before(first, Tag.DATE_BEFORE)
            # without an hour it is "from that day on", which no window shows
            first -= self.words.length_before(first, Tag.STARTING) if self.hours else 0
            found.append(TokenRange(first, end))
        return found

    def _hours_of(self, when: When) -> When | None:
        """When with its hours: one that something was at, before or after, or two."""
        if not self.hours:
            if self.part is not None:
                first, last = self.part
                return replace(when, first_s=first, last_s=last, relation=self.part_relation)
            return when
        if len(self.hours) == 2:
            (begin, first), (end, last) = self.hours
            opened = self._opened(begin, Tag.BETWEEN, Tag.FROM)
            if begin in self.bare and end not in self.bare and first + DAY_S / 2 < last:
                first += DAY_S / 2  # "between four and five in the afternoon"
            if end in self.bare and last <= first < last + DAY_S / 2:
                last += DAY_S / 2  # "between noon and one"
            middle = range(begin + 1, end)
            if not opened or first >= last:
                return None
            self.ranges.append(TokenRange(begin - opened, begin))
            self.ranges += self._joints(middle)
            linked = any(
                self.words.is_form_of(n, Tag.AND) or self.words.length(n, Tag.TO) for n in middle
            ) or any(self.words.text(n).startswith(ARABIC_AND) for n in (*middle, end))
            between = replace(when, first_s=first, last_s=last, relation=Relation.BETWEEN)
            return between if linked else None
        begin, second = self.hours[0]
        for tag, relation in (
            (Tag.CLOCK_BEFORE, Relation.BEFORE),
            (Tag.CLOCK_AFTER, Relation.AFTER),
        ):
            length = self._opened(begin, tag)
            ago = clock_words.length_of_time(self.words, self.amounts, begin - length)
            if length and ago.seconds:  # "ten minutes before midnight"
                self.ranges.append(TokenRange(ago.place, begin))
                second += -ago.seconds if relation is Relation.BEFORE else ago.seconds
                return replace(when, first_s=second, last_s=second)
            soon = self.words.length_before(begin - length, Tag.SOON) if length else 0
            if soon:
                self.ranges.append(TokenRange(begin - length - soon, begin))
                first = second - HOUR_S if relation is Relation.BEFORE else second
                last = first + HOUR_S
                return replace(when, first_s=first, last_s=last, relation=Relation.BETWEEN)
            if length:
                self.ranges.append(TokenRange(begin - length, begin))
                return replace(when, first_s=second, last_s=second, relation=relation)
        return replace(when, first_s=second, last_s=second)

    def _joints(self, middle: range) -> list[TokenRange]:
        """The words between two hours that join them and say nothing else."""
        found = []
        for at in middle:
            for tag in (Tag.TO, Tag.DATE_BEFORE, Tag.AT_CLOCK, Tag.UTC, Tag.LOCAL_TIME):
                found.append(TokenRange(at, at + self.words.length(at, tag)))
            found.append(TokenRange(at, at + self.words.is_form_of(at, Tag.AND)))
        return found

    def _opened(self, begin: int, *tags: Tag) -> int:
        """How many tokens before an hour say what it bounds, articles between included."""
        skipped = 0
        while skipped <= 2:
            for tag in tags:
                length = self.words.length_before(begin - skipped, tag)
                if length:
                    return length + skipped
            if not self.words.length_before(begin - skipped, Tag.DATE_BEFORE) and not (
                self.words.length_before(begin - skipped, Tag.AT_CLOCK)
            ):
                return 0
            skipped += 1
        return 0

    # -- dates ----------------------------------------------------------------------------------

    def _weekday(self, at: int) -> int:
        """Where the weekday or "yesterday" at `at` ends, 0 if none stands there."""
        for tag, days_ago in DAYS_AGO.items():
            length = self.words.length(at, tag)
            if length:
                self.dates.append(When(days_ago=days_ago))
                self.ranges.append(TokenRange(at, at + length))
                return at + length
        for number, tag in enumerate(WEEKDAYS):
            length = self.words.length(at, tag)
            if length:
                self.weekdays.append(number)
                end = at + length + self.words.is_form_of(at + length, Tag.DATE_AFTER)
                self.ranges.append(TokenRange(at, end))
                return end
        return 0

    def _date(self, at: int) -> int:
        """Where the date that begins at `at` ends, 0 if none begins there."""
        token = self.words[at]
        if token.kind is TokenKind.DATE:
            return self._written_date(at)
        month = self._month(at)
        if month is not None:
            number, end = month
            following = self.amounts.get(end)
            if following is not None and is_day(following) and self.words.language == "en":
                return self._dated(at, following.end, number, int(following.value))
            return self._dated(at, end, number, None)
        day = self._day(at)
        if day is not None:
            value, stop = day
            while self.words.is_a(stop, Tag.ORDINAL) and self.words[stop].glued:
                stop += 1
            while self.words.is_a(stop, Tag.DATE_LINK):
                stop += 1
            month = self._month(stop)
            if month is not None:
                return self._dated(at, month[1], month[0], value)
        amount = self.amounts.get(at)
        if (
            amount is not None
            and is_year(amount, self.words)
            and self._year_is_told(at, amount.end)
        ):
            self.dates.append(When(year=int(amount.value)))
            noun = self.words.is_form_of(at - 1, Tag.YEAR)
            self.ranges.append(TokenRange(at - noun, amount.end))
            return amount.end
        return 0

    def _day(self, at: int) -> tuple[int, int] | None:
        amount = self.amounts.get(at)
        if amount is not None and is_day(amount):
            return int(amount.value), amount.end
        return read_ordinal(self.words, at)

    def _month(self, at: int) -> tuple[int, int] | None:
        """The number of the month named at `at`, and where its name ends."""
        named = self._month_name(at)
        if named is None:
            return None
        number, end = named
        opener = self.words.text(end)
        other = self._month_name(end + 1) if opener in ("/", "(") else None
        if other is None:
            return named
        # "نوفمبر/تشرين الثاني"; two months that differ are none
        return (number, other[1] + (opener == "(")) if other[0] == number else None

    def _month_name(self, at: int) -> tuple[int, int] | None:
        lexicon = self.words.lexicon
        names = forms(self.words.text(at))
        if self.words.text(at) == "may" and self.words.is_a(at + 1, Tag.MAY_VERB):
            return None
        first = next((lexicon.paired_months[f] for f in names if f in lexicon.paired_months), None)
        if first is not None:
            which = read_ordinal(self.words, at + 1)
            if which is None or which.value > PAIR:
                return None
            return int(first + which.value - 2) % MAX_MONTH + 1, which.end
        number = next((lexicon.months[f] for f in names if f in lexicon.months), None)
        return (int(number), at + 1) if number else None

    def _dated(self, begin: int, end: int, month: int, day: int | None) -> int:
        """Note a date, with the year that may follow it."""
        stop = end
        while self.words.is_a(stop, Tag.DATE_LINK, Tag.YEAR) or self.words.text(stop) == ",":
            stop += 1
        following = self.amounts.get(stop)
        year = None
        if following is not None and is_year(following, self.words):
            year, end = int(following.value), following.end
        end += self.words.is_form_of(end, Tag.DATE_AFTER)
        self.dates.append(When(year=year, month=month, day=day))
        self.ranges.append(TokenRange(begin, end))
        return end

    def _written_date(self, at: int) -> int:
        text = self.words[at].text
        parts = [p for p in text.replace("/", "-").replace(".", "-").split("-") if p.isdigit()]
        if len(parts) != 3:
            return 0
        numbers = [int(part) for part in parts]
        if len(parts[0]) == 4:
            year, month, day = numbers
        else:
            day, month, year = numbers
            if self.words.language == "en" and day <= MAX_MONTH and day != month:
                return 0  # 10/11/2013: nobody knows which
            if self.words.language == "en" and month > MAX_MONTH:
                day, month = month, day
        if year < FIRST_YEAR or not (1 <= month <= MAX_MONTH and 1 <= day <= MAX_DAY_OF_MONTH):
            return 0
        self.dates.append(When(year=year, month=month, day=day))
        self.ranges.append(TokenRange(at, at + 1))
        return at + 1

    def _year_is_told(self, at: int, end: int) -> bool:
        counted = self.words.length(end, Tag.ACCOUNT, Tag.FOLLOWER) or self.words.is_a(
            end, Tag.AUXILIARY, Tag.OF
        )
        return self.words.is_a(at - 1, Tag.BEFORE_YEAR) and not counted

    # -- hours ----------------------------------------------------------------------------------

    def _hour(self, at: int) -> int:
        """Where the hour that begins at `at` ends, 0 if none begins there."""
        words = self.words
        if words.length(at, Tag.NOON) or words.length(at, Tag.MIDNIGHT):
            return self._noon(at)
        if words[at].kind is TokenKind.CLOCK or clock_words.is_dotted_clock(words, at):
            text = words[at].text.replace("h", ":").replace(".", ":").replace(" ", "")
            lasts = "h" in words[at].text and words.length_before(at, Tag.WITHIN)
            if lasts and not words.length_before(at, Tag.AT_CLOCK):
                return 0  # "en 1h30"
            numbers = [int(part) for part in text.split(":")]
            second = numbers[0] * HOUR_S + numbers[1] * MINUTE_S + sum(numbers[2:])
            return self._late(at, at + 1, float(second))
        early = minutes_before(words, self.amounts, at)
        told = self._is_told_hour(early.place)
        told = told or (early.place < at and bool(words.length_before(early.place, Tag.AT_CLOCK)))
        value = self._hour_number(at, told=told)
        inside = any(begin < at < end for begin, end in words.ranges(Tag.FILLER, at - 2, at))
        if value is None or inside:  # "دفعة واحدة بعد الظهر": at once, and no hour
            return 0
        number, end = value
        if words.length_before(at, Tag.WITHIN) and words.is_a(at, Tag.ONE) and not told:
            return 0  # "in one evening"
        if words.is_a(end, Tag.PAST_HOUR) and end + 1 in self.amounts:
            return 0  # "ten past eight": the hour is eight
        half = number % 1  # "las ocho y media", read as one number
        minutes = early.seconds + half * HOUR_S
        unit = words.lexicon.unit_seconds.get(words.text(end)) == HOUR_S
        if told and words.length_before(at, Tag.TO) and not unit and early.place == at:
            return 0  # "de 32 000 à 1"
        part = any(words.length(end + 1, tag) for tag in DAY_PARTS)
        end += unit and (told or part)  # "6 heures du matin"
        if not minutes and (told or words.language == "ar"):
            minutes, end = minutes_after(words, self.amounts, end)
        if clock_words.is_counted(words, end):
            return 0
        follows = self._part_follows(end)
        late, end = follows > 0, follows or end
        unit = unit or words.lexicon.unit_seconds.get(words.text(end)) == HOUR_S
        paired = unit and bool(self.hours) and words.is_a(at - 1, Tag.AND)
        if not (late or told or paired or self._opens_pair(at, end)):
            return 0
        end += paired
        return self._late(early.place, end, (number - half) * float(HOUR_S) + minutes)

    def _noon(self, at: int) -> int:
        """Where the noon or midnight at `at` ends; 0 if it is a part of the day."""
        words = self.words
        noon = words.length(at, Tag.NOON)
        if not noon:
            return self._timed(at, at + words.length(at, Tag.MIDNIGHT), float(DAY_S))
        # "ظهر الجمعة" is no stroke of the clock
        bound = self._opened(at, Tag.CLOCK_BEFORE, Tag.CLOCK_AFTER)
        if words.length(at, Tag.MIDDAY) and not bound:
            return 0
        return self._timed(at, at + noon, DAY_S / 2)

    def _opens_pair(self, at: int, end: int) -> bool:
        """Whether Arabic says another hour after this one: "بين الرابعة والخامسة عصرا"."""
        words = self.words
        if words.language != "ar" or not words.length_before(at, Tag.BETWEEN):
            return False
        hour = read_ordinal(words, end, tens=False)
        if hour is None or not words.text(end).startswith(ARABIC_AND):
            return False
        return self._part_follows(minutes_after(words, self.amounts, hour.end).place) > 0

    def _is_told_hour(self, at: int) -> bool:
        """Whether the words before a number make it one of the clock.

        "At 8", "before the 20 hours" as Spanish has it; not "within the hour, the first".
        """
        words = self.words
        length = words.length_before(at, Tag.AT_CLOCK)
        ordinals = words.lexicon.ordinals
        first = any(ordinals.get(form) == 1 for form in forms(words.text(at)))
        shared = words.is_form_of(at - length - 1, Tag.HALF_UNIT, Tag.UNIT_QUARTERS)
        if length and first and (shared or words.length_before(at - length, Tag.IN_TIME)):
            return False  # "خلال الساعة الأولى", "نصف الساعة الأولى"
        unit = self.amounts[at].end if at in self.amounts else at
        if length or words.lexicon.unit_seconds.get(words.text(unit)) != HOUR_S:
            return bool(length)
        articled = words.is_a(at - 1, Tag.CLOCK_ARTICLE)
        bound = self._opened(at, Tag.CLOCK_BEFORE) or self._opened(at, Tag.CLOCK_AFTER)
        soon = bool(bound) and bool(words.length_before(at - bound, Tag.SOON))
        dated = bool(bound) and self._date_follows(unit + 1)
        return bool(bound) and (articled or soon or dated)

    def _date_follows(self, at: int) -> bool:
        """Whether a date begins at `at`, small words before it apart."""
        while self.words.length(at, Tag.DATE_BEFORE):
            at += self.words.length(at, Tag.DATE_BEFORE)
        day = self._day(at) if at < len(self.words) else None
        return day is not None and self._month(day[1]) is not None

    def _hour_number(self, at: int, *, told: bool) -> tuple[float, int] | None:
        amount = self.amounts.get(at)
        if amount is not None and amount.value <= MAX_HOUR and amount.value % 1 in (0, 0.5):
            return amount.value, amount.end
        ordinal = read_ordinal(self.words, at, tens=False)
        if ordinal is None:
            return None
        after = minutes_after(self.words, self.amounts, ordinal.end).place
        arabic = self.words.language == "ar" and self._part_follows(after) > 0
        if told or self.words.length_before(at, Tag.BETWEEN) or self.hours or arabic:
            return ordinal
        return None

    def _part_follows(self, end: int) -> int:
        """Where a part of the day or a.m. begins after an hour, "of" between; 0 if none does."""
        words = self.words
        for at in (end, end + words.is_a(end, Tag.DATE_LINK)):
            if words.is_a(at, Tag.AM, Tag.PM) or any(words.length(at, tag) for tag in DAY_PARTS):
                return at
        return 0

    def _late(self, begin: int, end: int, second: float) -> int:
        """Note an hour, moved to the second half of the day where words after it say so."""
        words = self.words
        if words.is_a(end, Tag.PM) and second < DAY_S / 2:
            second += DAY_S / 2
        elif words.is_a(end, Tag.AM) and DAY_S / 2 <= second < NOON_ENDS_S:
            second -= DAY_S / 2
        if words.is_a(end, Tag.AM, Tag.PM):
            return self._timed(begin, end + 1, second)
        for tag in DAY_PARTS:
            length = words.length(end, tag)
            if length:
                # two at night is two; twelve at night is midnight
                small = tag is Tag.NIGHT and second < DAY_PARTS[Tag.DAWN][1]
                small |= tag is Tag.MIDDAY and second >= DAY_PARTS[Tag.DAWN][1]
                late = tag is Tag.NIGHT and second < NOON_ENDS_S
                if tag in LATE_PARTS and (second < DAY_S / 2 or late) and not small:
                    second += DAY_S / 2
                return self._timed(begin, end + length, second)
        if words[begin].kind is not TokenKind.CLOCK:
            self.bare.add(begin)
        self.either_half |= self._is_of_either_half(begin, end, second)
        return self._timed(begin, end, second)

    def _is_of_either_half(self, begin: int, end: int, second: float) -> bool:
        """Whether an hour may be of the morning as of the evening: "at eight", not "at 08:10"."""
        written = self.words[begin].kind is TokenKind.CLOCK
        hours_of_24 = written and (self.words.language != "en" or self.words.text(begin)[0] == "0")
        unit = self.words.lexicon.unit_seconds.get(self.words.text(end - 1)) == HOUR_S
        return MINUTE_S * 30 < second < NOON_ENDS_S and not hours_of_24 and not unit

    def _timed(self, begin: int, end: int, second: float) -> int:
        self.hours.append((begin, second))
        before = self.words.length_before(begin, Tag.AT_CLOCK)
        if self.words.language == "ar" and not before:  # "قرابة الخامسة"
            before = self.words.length_before(begin, Tag.ALMOST, Tag.ABOUT)
        self.ranges.append(TokenRange(begin - before, end))
        return end

    def _part(self, at: int) -> int:
        """Where the part of a day at `at` ends, 0 if none stands there."""
        for tag, bounds in DAY_PARTS.items():
            length = self.words.length(at, tag)
            if length:
                self.part = bounds
                self.ranges.append(TokenRange(at, at + length))
                return at + length
        return 0
