"""Numbers that count nothing: dates, times of day, years, ordinals, numbers of things, money."""

from __future__ import annotations

from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.numbers import Amount
from birdfall.claims.parse.tags import TaggedTokens
from birdfall.claims.parse.tokens import TokenKind

#: Numbers in digits that may be a year.
FIRST_YEAR, LAST_YEAR = 1900, 2100
MAX_DAY_OF_MONTH, MAX_HOUR_OF_DAY = 31, 24


def counts_nothing(words: TaggedTokens, amount: Amount, *, noun_follows: bool) -> bool:
    """Whether an amount is a date, a time of day, a year, an ordinal, a number or money."""
    begin, end = amount.begin, amount.end
    if words.is_a(begin - 1, Tag.CURRENCY) or words.is_a(end, Tag.CURRENCY):
        return True
    if words.is_a(begin - 1, Tag.NUMBERED) and not noun_follows:
        return True
    return (
        _is_ordinal(words, amount)
        or _is_hour(words, amount, noun_follows)
        or _is_day(words, amount, noun_follows)
        or _is_year(words, amount, noun_follows)
    )


def _is_ordinal(words: TaggedTokens, amount: Amount) -> bool:
    if not amount.written or not words.is_a(amount.end, Tag.ORDINAL):
        return False
    after = words[amount.end]
    return after.glued and after.kind is TokenKind.WORD


def _is_hour(words: TaggedTokens, amount: Amount, noun_follows: bool) -> bool:
    if amount.value > MAX_HOUR_OF_DAY:
        return False
    if words.is_a(amount.end, Tag.OCLOCK):
        return True
    return not noun_follows and bool(words.length_before(amount.begin, Tag.AT_CLOCK))


def _is_day(words: TaggedTokens, amount: Amount, noun_follows: bool) -> bool:
    value = amount.value
    if value != int(value) or not 1 <= value <= MAX_DAY_OF_MONTH:
        return False
    at = amount.end
    while words.is_a(at, Tag.DATE_LINK) or (words.is_a(at, Tag.ORDINAL) and words[at].glued):
        at += 1
    if words.is_form_of(at, Tag.MONTH):
        # "12 may have returned" is no date
        return not (words[at].text == "may" and words.is_a(at + 1, Tag.MAY_VERB))
    if noun_follows or not amount.begin:
        return False
    back = amount.begin - 1
    if words[back].text in ("the", ".") and back:
        back -= 1
    if words.is_form_of(back, Tag.MONTH):
        return True
    if words.is_a(amount.begin - 1, Tag.BEFORE_DAY) and amount.written:
        return not (at < len(words) and words[at].kind is TokenKind.PERCENT)
    return False


def _is_year(words: TaggedTokens, amount: Amount, noun_follows: bool) -> bool:
    begin, end = amount.begin, amount.end
    if (
        noun_follows
        or not amount.written
        or not FIRST_YEAR <= amount.value <= LAST_YEAR
        or not words[begin].text.isdigit()
    ):
        return False
    if words.is_form_of(begin - 1, Tag.MONTH, Tag.BEFORE_YEAR) or words.text(begin - 1) == ",":
        return True
    counted = (
        words.is_a(end, Tag.AUXILIARY, Tag.OF)
        or words.length(end, Tag.FALLEN, Tag.RESTORED)
        or (end < len(words) and words[end].kind is TokenKind.PERCENT)
    )
    return not counted


def is_day(amount: Amount) -> bool:
    """Whether an amount may be a day of the month."""
    value = amount.value
    return value == int(value) and 1 <= value <= MAX_DAY_OF_MONTH


def is_year(amount: Amount, words: TaggedTokens) -> bool:
    """Whether an amount may be a year: "2000" and no "2.000"."""
    plain = words.text(amount.begin).isdigit()
    return (
        plain
        and amount.written
        and FIRST_YEAR <= amount.value <= LAST_YEAR
        and amount.value % 1 == 0
    )
