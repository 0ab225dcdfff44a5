"""Minutes said in words beside an hour: "las ocho y media", "الثامنة والنصف", "half past eight"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.number_words import HALVES
from birdfall.claims.parse.numbers import Amount
from birdfall.claims.parse.tags import TaggedTokens
from birdfall.claims.parse.tokens import TokenKind, forms
from birdfall.model.units import HOUR_S, MINUTE_S

MINUTES_PER_HOUR = 60
MAX_HOUR = 24
ARABIC_AND = "و"
#: An hour with a point: 6.20.
_DOTTED_CLOCK = re.compile(r"(\d{1,2})\.([0-5]\d)")


class Minutes(NamedTuple):
    """Seconds to add to an hour, and the place of the token beyond the words that say so."""

    seconds: float
    place: int


def is_dotted_clock(words: TaggedTokens, at: int) -> bool:
    """Whether digits with a point are an hour: "a las 6.20", "at 6.20 a.m."."""
    match = _DOTTED_CLOCK.fullmatch(words.text(at))
    if match is None or int(match[1]) > MAX_HOUR or is_counted(words, at + 1):
        return False
    return words.is_a(at + 1, Tag.AM, Tag.PM) or words.length_before(at, Tag.AT_CLOCK) > 0


def is_counted(words: TaggedTokens, at: int) -> bool:
    """Whether what stands at `at` makes the number before it a count."""
    percent = at < len(words) and words[at].kind is TokenKind.PERCENT
    return percent or words.length(at, Tag.ACCOUNT, Tag.FOLLOWER, Tag.PERCENT) > 0


def minutes_after(words: TaggedTokens, amounts: Mapping[int, Amount], end: int) -> Minutes:
    """The minutes that follow the hour that ends at `end`; none: nought, at `end`."""
    at, sign = end, 0
    if words.is_a(at, Tag.AND):
        at, sign = at + 1, 1
    elif words.is_a(at, Tag.MINUS):
        at, sign = at + 1, -1
    elif words.language == "ar" and words.text(at).startswith(ARABIC_AND):
        sign = 1
    if not sign and _is_french_minute(words, amounts, end):
        return Minutes(amounts[end].value * MINUTE_S, amounts[end].end)
    if not sign:
        return Minutes(0.0, end)
    # "las ocho y unos diez"; "y otras diez" is no hour
    while (
        words.is_a(at, Tag.ONE, Tag.ARTICLE)
        and not words.is_a(at, Tag.FURTHER)
        and at not in amounts
    ):
        at += 1
    part = _part_of_hour(words, at)
    if part:
        return Minutes(sign * part, at + 1)
    amount = amounts.get(at)
    if amount is None or not 0 < amount.value < MINUTES_PER_HOUR:
        return Minutes(0.0, end)
    unit = _is_minute(words, amount.end)
    if not unit and (words.language == "ar" or words.length(amount.end, Tag.ACCOUNT, Tag.FOLLOWER)):
        return Minutes(0.0, end)
    return Minutes(sign * amount.value * MINUTE_S, amount.end + unit)


def _is_french_minute(words: TaggedTokens, amounts: Mapping[int, Amount], end: int) -> bool:
    """Whether a number right after "heures" is of minutes: "huit heures dix"."""
    amount = amounts.get(end)
    if words.language != "fr" or amount is None or not 0 < amount.value < MINUTES_PER_HOUR:
        return False
    hour = words.lexicon.unit_seconds.get(words.text(end - 1)) == HOUR_S
    counted = words.length(amount.end, Tag.ACCOUNT, Tag.FOLLOWER, Tag.PERCENT)
    return hour and not counted and not amount.written


def minutes_before(words: TaggedTokens, amounts: Mapping[int, Amount], begin: int) -> Minutes:
    """The minutes before the hour that begins at `begin`: "half past eight", "ten to nine"."""
    joint = begin - 1
    past = words.is_a(joint, Tag.PAST_HOUR)
    if not (past or words.is_a(joint, Tag.TO_HOUR)):
        return Minutes(0.0, begin)
    sign = 1 if past else -1
    part = _part_of_hour(words, joint - 1)
    if part:
        first = joint - 1 - words.is_a(joint - 2, Tag.ONE)
        return Minutes(sign * part, first)
    for at, amount in amounts.items():
        minutes = amount.end + _is_minute(words, amount.end)
        if minutes == joint and 0 < amount.value < MINUTES_PER_HOUR:
            return Minutes(sign * amount.value * MINUTE_S, at)
    return Minutes(0.0, begin)


def _part_of_hour(words: TaggedTokens, at: int) -> float:
    """Seconds of "half", "a quarter" or Arabic "a third" at `at`, 0 if neither stands there."""
    for form in forms(words.text(at)):
        if form in HALVES or form in words.lexicon.words[Tag.HALF_UNIT]:
            return 30.0 * MINUTE_S
        if form.rstrip("ا") in words.lexicon.words[Tag.UNIT_QUARTERS]:
            return 15.0 * MINUTE_S
        if form.rstrip("ا") in words.lexicon.words[Tag.UNIT_THIRDS]:
            return 20.0 * MINUTE_S
    return 0.0


def length_of_time(words: TaggedTokens, amounts: Mapping[int, Amount], end: int) -> Minutes:
    """The seconds of "ten minutes" that ends at `end`, and where it begins; none: nought."""
    unit = words.lexicon.unit_seconds.get(words.text(end - 1), 0.0)
    for begin, amount in amounts.items():
        if amount.end == end - 1 and unit in (MINUTE_S, HOUR_S):
            return Minutes(amount.value * unit, begin)
    return Minutes(0.0, end)


def _is_minute(words: TaggedTokens, at: int) -> bool:
    seconds = words.lexicon.unit_seconds
    return any(seconds.get(form) == MINUTE_S for form in forms(words.text(at)))
