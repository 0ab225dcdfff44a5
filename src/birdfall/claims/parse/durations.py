"""Durations in a sentence: windows (in ten minutes), delays (the next day), rates (a minute)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.number_words import ARABIC_AND_HALF, COUPLE, COUPLES, HALVES, OF_NUMERAL
from birdfall.claims.parse.numbers import COUPLE_MOST, Amount
from birdfall.claims.parse.tags import TaggedTokens
from birdfall.claims.parse.tokens import TokenKind, forms
from birdfall.model.units import DAY_S, HOUR_S, MINUTE_S

#: The longest that a unit without a number ("minutes") can mean: short of the next unit.
MAX_VAGUE_S = {1: MINUTE_S, MINUTE_S: HOUR_S, HOUR_S: DAY_S, DAY_S: 7 * DAY_S}
#: The longest that "in the blink of an eye" can mean.
MAX_MOMENT_S = 15 * MINUTE_S
#: Longer without "in" before it is an age and no window.
MIN_AGE_S = 2_000_000.0
#: A number of at least so many whose unit makes it longer than this counts something else.
MIN_COUNT, MAX_COUNTED_S = 1000, 40 * DAY_S
#: "de" before a unit only after a million: "un millón de horas".
MIN_WITH_OF = 1e6
ARABIC_ARTICLE = "ال"


#: "The next day" ends with the second midnight: at most so much later.
NEXT_DAY_S = 2 * DAY_S


class SpanKind(StrEnum):
    """What a duration says: a window, so much later, per, or (past: ages, "ago") nothing."""

    WINDOW = "window"
    DELAY = "delay"
    RATE = "rate"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class Span:
    """A duration in a sentence.

    Parameters
    ----------
    kind
        What it says.
    low_s, high_s
        Seconds; they differ where the words are vague.
    begin, end
        Its tokens [begin, end).
    next_day
        It is "the next day": a day of the calendar and no length of time.
    same_day
        It is "the same day".
    took
        It is how long something took, and no less.
    """

    kind: SpanKind
    low_s: float
    high_s: float
    begin: int
    end: int
    next_day: bool = False
    same_day: bool = False
    took: bool = False


class _Length(NamedTuple):
    """A length of time, in seconds. counted: it begins with a number."""

    low_s: float
    high_s: float
    begin: int
    end: int
    counted: bool = False


def read_spans(
    words: TaggedTokens, amounts: list[Amount], dated: frozenset[int] = frozenset()
) -> tuple[list[Span], set[int]]:
    """All durations of a sentence, and the indices of the amounts that belong to them.

    dated: the tokens of its dates and hours, which are no durations.
    """
    found: list[Span] = []
    begins = {amount.begin: amount for amount in amounts}
    end = 0
    usual = words.ranges(Tag.USUAL)
    for at in range(len(words)):
        if at < end or at in dated or any(begin <= at < stop for begin, stop in usual):
            continue  # "than on a normal day"
        span = _read_phrase(words, at)
        if span is None:
            length = _read_units_before(words, at, begins.get(at + 1)) or _read_length(
                words, at, begins.get(at)
            )
            span = None if length is None else _classify(words, length, dated)
        if span is not None:
            found.append(span)
            end = span.end
    used = {
        i
        for i, amount in enumerate(amounts)
        if any(span.begin <= amount.begin < span.end for span in found)
    }
    return found, used


def _read_phrase(words: TaggedTokens, at: int) -> Span | None:
    """Read "the next day", "overnight", "the same day"."""
    for tag, kind, low_s, high_s in (
        (Tag.NEXT_DAY, SpanKind.DELAY, 0, NEXT_DAY_S),
        (Tag.OVERNIGHT, SpanKind.WINDOW, DAY_S / 2, DAY_S / 2),
        (Tag.MOMENT, SpanKind.WINDOW, 1, MAX_MOMENT_S),
        (Tag.SAME_DAY, SpanKind.WINDOW, DAY_S, DAY_S),
    ):
        length = words.length(at, tag)
        if length:
            next_day = tag is Tag.NEXT_DAY
            same_day = tag is Tag.SAME_DAY
            return Span(kind, float(low_s), float(high_s), at, at + length, next_day, same_day)
    return None


def _unit_s(words: TaggedTokens, at: int) -> float | None:
    """Seconds of the unit of time at `at`, None if none stands there."""
    if at >= len(words):
        return None
    seconds = words.lexicon.unit_seconds
    return next((seconds[f] for f in forms(words[at].text) if f in seconds), None)


def _read_length(words: TaggedTokens, at: int, amount: Amount | None) -> _Length | None:
    """The length of time that begins at `at`. amount: the number that begins there."""
    token = words[at]
    if token.kind is TokenKind.CLOCK and "h" in token.text and words.length_before(at, Tag.WITHIN):
        hours, _, minutes = token.text.replace(" ", "").partition("h")
        seconds = float(hours) * HOUR_S + float(minutes) * MINUTE_S
        return _Length(seconds, seconds, at, at + 1)
    if token.kind is not TokenKind.WORD and amount is None:
        return None
    duals = words.lexicon.dual_seconds
    dual = next((duals[f] for f in forms(token.text) if f in duals), None)
    if dual is not None:
        return _Length(dual, dual, at, at + 1)
    if amount is not None:
        return _read_number_of_units(words, amount)
    return (
        _read_part(words, at)
        or _read_one(words, at)
        or _read_few(words, at)
        or _read_bare_unit(words, at)
    )


def _read_units_before(words: TaggedTokens, at: int, amount: Amount | None) -> _Length | None:
    """Read "الدقائق العشر", where Arabic says the number after its unit."""
    unit = _unit_s(words, at)
    definite = all(words.text(n).startswith(ARABIC_ARTICLE) for n in (at, at + 1))
    if unit is None or amount is None or not definite:
        return None
    end = amount.end + words.is_a(amount.end, Tag.SINGLE_UNIT)
    return _Length(amount.value * unit, amount.value * unit, at, end, True)


def _read_number_of_units(words: TaggedTokens, amount: Amount) -> _Length | None:
    """Read "ten minutes", "two and a half hours", "three quarters of an hour"."""
    at, end = amount.begin, amount.end
    if amount.value >= MIN_COUNT and (_unit_s(words, end) or 0.0) * amount.value > MAX_COUNTED_S:
        return None  # "17.000 horas después": so many, and hours later
    quarter = _read_quarters(words, end)
    if quarter is not None:
        seconds, stop = quarter
        return _Length(amount.value * seconds, amount.value * seconds, at, stop, True)
    stop, half = _read_and_half(words, end)
    unit = _unit_s(words, stop) if half else None
    if unit is not None:  # "two and a half hours"
        seconds = (amount.value + 0.5) * unit
        return _Length(seconds, seconds, at, stop + 1, True)
    couple = amount.value == COUPLE and words.text(end - 1) in COUPLES
    for skip in (0, 1):  # "one single day", "de" after a million
        of = skip and words.text(end) in OF_NUMERAL
        unit = _unit_s(words, end + skip)
        if (
            unit is None
            or (skip and not (of or words.is_a(end, Tag.SINGLE_UNIT)))
            or (of and amount.value < MIN_WITH_OF and not amount.about and not couple)
        ):
            continue
        low = amount.low if amount.low is not None else amount.value
        high = amount.high if amount.high is not None else amount.value
        high = COUPLE_MOST if couple else high
        stop, half = _read_and_half(words, end + skip + 1)
        stop += words.length(stop, Tag.AFTER_UNIT)
        more = unit / 2 if half else 0.0
        return _Length(low * unit + more, high * unit + more, at, stop, True)
    return _read_part(words, at) if words[at].kind is TokenKind.WORD else None


def _read_part(words: TaggedTokens, at: int) -> _Length | None:
    """Read "half an hour", "media hora", "un quart d'heure", "نصف ساعة"."""
    begin = at
    if words.is_a(at, Tag.ONE) and at + 1 < len(words):
        at += 1
    share = next(
        (
            0.5 if form in HALVES else 0.25
            for form in forms(words[at].text)
            if form in HALVES or form in words.lexicon.words[Tag.UNIT_QUARTERS]
        ),
        None,
    )
    if share is None and any(
        f in words.lexicon.words[Tag.UNIT_THIRDS] for f in forms(words.text(at))
    ):
        share = 1 / 3  # elsewhere "the third hour" is the one after the second
    if share is None:
        return None
    at += 1
    while words.is_a(at, Tag.PART_LINK):
        at += 1
    unit = _unit_s(words, at)
    if unit is None or unit < MINUTE_S:
        return None
    return _Length(share * unit, share * unit, begin, at + 1)


def _read_one(words: TaggedTokens, at: int) -> _Length | None:
    """Read "an hour", "a single day"."""
    if not words.is_a(at, Tag.ONE) or at + 1 >= len(words):
        return None
    skip = 1 + (words.is_a(at + 1, Tag.SINGLE_UNIT) and at + 2 < len(words))
    unit = _unit_s(words, at + skip)
    if unit is None or words[at + skip].text in ("an", "mes"):
        return None
    stop, half = _read_and_half(words, at + skip + 1)
    seconds = 1.5 * unit if half else unit
    return _Length(seconds, seconds, at, stop)


def _read_few(words: TaggedTokens, at: int) -> _Length | None:
    """Read "a few minutes", "varias horas"."""
    if not words.is_a(at, Tag.FEW):
        return None
    stop = at + 1
    while words.is_a(stop, Tag.FEW) or words.text(stop) == "de":
        stop += 1
    unit = _unit_s(words, stop)
    return None if unit is None else _Length(2 * unit, _max_vague_s(unit), at, stop + 1)


def _read_bare_unit(words: TaggedTokens, at: int) -> _Length | None:
    """Read a unit without a number: "minutes", "hora", "ساعة ونصف"."""
    unit = _unit_s(words, at)
    per = words.length_before(at, Tag.PER)
    if unit is None or (words.is_a(at, Tag.UNIT_AFTER_NUMBER) and not per):
        return None
    if words.is_form_of(at, Tag.PLURAL_UNIT):
        end = at + 1 + words.is_a(at + 1, Tag.FEW)
        end += words.length(end, Tag.AFTER_UNIT)
        return _Length(2 * unit, _max_vague_s(unit), at, end)
    if "\u0600" <= words[at].text[0] <= "\u06ff":
        stop, half = _read_and_half(words, at + 1)
        if words.is_a(stop, Tag.SINGLE_UNIT) and not half:
            stop += 1
        seconds = 1.5 * unit if half else unit
        return _Length(seconds, seconds, at, stop)
    return _Length(unit, unit, at, at + 1)


def _max_vague_s(unit: float) -> float:
    return float(MAX_VAGUE_S.get(int(unit), 4 * unit))


def _read_quarters(words: TaggedTokens, at: int) -> tuple[float, int] | None:
    """Seconds and end of "(three) quarters of an hour", "(trois) quarts d'heure"."""
    if not words.is_a(at, Tag.QUARTERS):
        return None
    at += 1
    while words.is_a(at, Tag.PART_LINK):
        at += 1
    unit = _unit_s(words, at)
    return None if unit is None else (0.25 * unit, at + 1)


def _read_and_half(words: TaggedTokens, at: int) -> tuple[int, bool]:
    """Where "and a half" at `at` ends, and whether it stands there."""
    if words.text(at) == ARABIC_AND_HALF:
        return at + 1, True
    if words.is_a(at, Tag.AND):
        stop = at + 1
        if words.is_a(stop, Tag.ONE):
            stop += 1
        if words.is_a(stop, Tag.HALF_UNIT):
            return stop + 1, True
    return at, False


def _classify(words: TaggedTokens, length: _Length, dated: frozenset[int]) -> Span:
    """What a length of time says by the words around it."""
    kind = _kind_of(words, length, dated)
    low_s, high_s, begin, end = length.low_s, length.high_s, length.begin, length.end
    took = kind is SpanKind.WINDOW and _is_taken(words, begin)
    return Span(kind, low_s, high_s, begin, end, took=took)


def _kind_of(words: TaggedTokens, length: _Length, dated: frozenset[int]) -> SpanKind:
    begin, end = length.begin, length.end
    left = filler_begin(words, begin)
    if (
        words.length(end, Tag.AGO_AFTER, Tag.OF_AGE)
        or words.length_before(begin, Tag.AGO_BEFORE)
        or words.length_before(left, Tag.AGO_BEFORE)
    ):
        return SpanKind.PAST
    delayed = words.length(end, Tag.DELAY_AFTER) and end not in dated
    if delayed or words.length_before(left, Tag.DELAY_BEFORE):
        return SpanKind.DELAY
    if words.length_before(begin, Tag.PER) or _is_rate_by_article(words, length):
        # so many a day is said of many days, and no window shows that
        return SpanKind.RATE if length.high_s <= HOUR_S else SpanKind.PAST
    inside = words.length_before(left, Tag.WITHIN) or words.length_before(begin, Tag.WITHIN)
    inside = inside or _is_taken(words, begin)
    # ages: "accounts of less than thirty days", "the day", "minutes" by itself
    of_noun = left < begin and words.length_before(left, Tag.ACCOUNT, Tag.FOLLOWER)
    if not inside and (of_noun or length.high_s >= MIN_AGE_S or not length.counted):
        return SpanKind.PAST
    return SpanKind.WINDOW


def filler_begin(words: TaggedTokens, begin: int) -> int:
    """Where the words between "within" and the length of time at `begin` begin.

    A bound stands there only where "within" does: "in no more than ten minutes".
    """
    left = begin
    while words.is_a(left - 1, Tag.TIME_FILLER) and not words.length_before(left, Tag.WITHIN):
        left -= 1
    further = left
    while not words.length_before(further, Tag.WITHIN):
        bound = words.length_before(further, Tag.AT_MOST, Tag.ALMOST, Tag.ABOUT)
        step = bound or int(words.is_a(further - 1, Tag.TIME_FILLER))
        if not step:
            return left
        further -= step
    return further


def _is_taken(words: TaggedTokens, begin: int) -> bool:
    """Whether it is said that something took the length of time that begins at `begin`."""
    return any(
        place.end <= begin
        and not words.length(place.begin, Tag.FALLEN)  # "took down"
        and all(word.kind is not TokenKind.MARK for word in words[place.end : begin])
        for place in words.ranges(Tag.TOOK) + words.ranges(Tag.LASTED)
    )


def _is_rate_by_article(words: TaggedTokens, length: _Length) -> bool:
    """Whether an article makes it a rate: "660 accounts a minute", "al día", "في الدقيقة"."""
    begin = length.begin
    if not begin:
        return False
    if words[begin].text in ("a", "an") and not words.length_before(begin, Tag.WITHIN):
        return words[begin - 1].kind is TokenKind.DIGITS or bool(
            words.length_before(begin, Tag.ACCOUNT, Tag.FOLLOWER, Tag.FALLEN)
        )
    if length.low_s > DAY_S:
        return False
    if words.is_a(begin - 1, Tag.AT_EACH):
        return True
    if words.text(begin - 1) == "la" and words.text(begin - 2) == "a":
        return True
    definite = words[begin].text.startswith("ال") and length.end == begin + 1
    return words[begin - 1].text == "في" and definite
