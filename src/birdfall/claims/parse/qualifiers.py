"""Qualifiers: how strictly a number is meant ("almost", "more than", "6,600+", "not")."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.sentence import Sentence
from birdfall.claims.parse.tags import TaggedTokens
from birdfall.claims.parse.tokens import TokenKind


class Qualifier(StrEnum):
    """How strictly a number is meant.

    VAGUE and BETWEEN carry a range; NOT denies the number. UP_TO is a bound that is meant to be
    reached: far below it neither true nor false.
    """

    PLAIN = "plain"
    ABOUT = "about"
    ALMOST = "almost"
    AT_LEAST = "at_least"
    MORE_THAN = "more_than"
    JUST_OVER = "just_over"
    AT_MOST = "at_most"
    UP_TO = "up_to"
    EXACTLY = "exactly"
    VAGUE = "vague"
    BETWEEN = "between"
    NOT = "not"


class Qualified(NamedTuple):
    """A qualifier, and where its words and the number together begin."""

    qualifier: Qualifier
    begin: int


#: Qualifiers by the tag of the words before a number; of phrases of one length the first counts.
TAGS_BEFORE = {
    Tag.NOT_EVEN: Qualifier.AT_MOST,
    Tag.AT_LEAST: Qualifier.AT_LEAST,
    Tag.JUST_OVER: Qualifier.JUST_OVER,
    Tag.MORE_THAN: Qualifier.MORE_THAN,
    Tag.AT_MOST: Qualifier.AT_MOST,
    Tag.UP_TO: Qualifier.UP_TO,
    Tag.ALMOST: Qualifier.ALMOST,
    Tag.ABOUT: Qualifier.ABOUT,
    Tag.EXACTLY: Qualifier.EXACTLY,
}
#: Qualifiers by the tag of the words after a number.
TAGS_AFTER = {
    Tag.AT_LEAST_AFTER: Qualifier.AT_LEAST,
    Tag.AT_MOST_AFTER: Qualifier.AT_MOST,
    Tag.ABOUT_AFTER: Qualifier.ABOUT,
    Tag.EXACTLY_AFTER: Qualifier.EXACTLY,
}
SIGNS_BEFORE = {
    "~": Qualifier.ABOUT,
    "≈": Qualifier.ABOUT,
    ">": Qualifier.MORE_THAN,
    "≥": Qualifier.AT_LEAST,
    "<": Qualifier.AT_MOST,
    "≤": Qualifier.AT_MOST,
}
#: What "not" before a qualifier makes of it.
DENIED = {Qualifier.MORE_THAN: Qualifier.AT_MOST, Qualifier.AT_MOST: Qualifier.AT_LEAST}
#: Articles that may stand between a qualifier and its number; words between it and one after.
MAX_ARTICLES, MAX_WORDS_AFTER = 2, 2
#: Words of what is counted between a bound and its number.
MAX_WORDS_APART = 5
#: What a plain number allows: nobody counts to the last account. Shares of the number.
PLAIN_SLACK, ABOUT_SLACK, ALMOST_SLACK, EXACT_SLACK = 0.02, 0.10, 0.10, 0.005
#: What may stand apart from its number.
_APART = {
    Tag.AT_MOST: Qualifier.AT_MOST,
    Tag.MORE_THAN: Qualifier.MORE_THAN,
    Tag.ALMOST: Qualifier.ALMOST,
}
_CERCA_DE = {"es": Qualifier.ALMOST, "pt": Qualifier.ABOUT}


def read_qualifier(sentence: Sentence, begin: int, end: int) -> Qualified:
    """How strictly the number in tokens [begin, end) is meant."""
    words = sentence.words
    before = _read_before(sentence, begin)
    if before is not None:
        return _deny_apart(sentence, before) if sentence.language == "ar" else before
    apart = _read_apart(sentence, begin) if sentence.language == "ar" else None
    if apart is not None:
        return apart
    sign = SIGNS_BEFORE.get(words.text(begin - 1))
    if sign is not None:
        return Qualified(sign, begin - 1)
    if words.text(end) == "+":
        return Qualified(Qualifier.AT_LEAST, begin)
    after = _read_after(words, end)
    if after is not None:
        return Qualified(after, begin)
    denied = _denial_apart(sentence, begin) if sentence.language == "ar" else begin
    if denied < begin:  # "لم يكن عدد الحسابات 2000"
        sentence.use(denied, begin)
        return Qualified(Qualifier.NOT, begin)
    while words.is_a(denied - 1, Tag.AUXILIARY):
        denied -= 1
    if words.length_before(denied, Tag.NOT) and words.text(denied - 1) != "point":
        return Qualified(Qualifier.NOT, denied - 1)
    return Qualified(Qualifier.PLAIN, begin)


def _read_before(sentence: Sentence, begin: int) -> Qualified | None:
    """The qualifier whose words end before a number, or before the articles before it."""
    words = sentence.words
    for at in range(begin, begin - MAX_ARTICLES - 1, -1):
        if at < begin and (not words.is_a(at, Tag.ARTICLE) or words.is_a(at, Tag.FURTHER)):
            return None  # "more than another 100" adds to what was said
        tag = max(TAGS_BEFORE, key=lambda tag: words.length_before(at, tag))
        length = words.length_before(at, tag)
        if not length:
            continue
        qualifier, start = TAGS_BEFORE[tag], at - length
        if words.length_before(at, Tag.CERCA_DE) == length:
            qualifier = _CERCA_DE.get(sentence.language, qualifier)
        if qualifier in DENIED and words.is_a(start - 1, Tag.INTENSIFIER):
            start -= 1
        # "hasta 6.600" is an upper bound, "de 7.000 hasta 6.600" is not; "more than" may be denied
        if tag is not Tag.NOT_EVEN and qualifier in DENIED and words.length_before(start, Tag.NOT):
            return Qualified(DENIED[qualifier], start - 1)
        if qualifier is Qualifier.ABOUT:  # "only about 50"
            start -= words.length_before(start, Tag.EXACTLY)
        return Qualified(qualifier, start)
    return None


def _read_apart(sentence: Sentence, begin: int) -> Qualified | None:
    """The bound that Arabic says before what is counted: "لم يتجاوز عدد الحسابات 2000"."""
    words = sentence.words
    linked = words.is_a(begin - 1, Tag.BOUND_LINK)
    at = _names_begin(sentence, begin - linked)
    apart = words.length_before(at, Tag.AT_MOST_APART) if linked and at < begin - 1 else 0
    if apart:  # "لم يزد عدد الحسابات على 2000"
        sentence.use(at - apart, begin)
        return Qualified(Qualifier.AT_MOST, begin)
    at = _names_begin(sentence, begin)
    for tag, qualifier in _APART.items():
        length = words.length_before(at, tag)
        if at < begin and length:
            sentence.use(at - length, at)
            return Qualified(qualifier, begin)
    return None


def _names_begin(sentence: Sentence, begin: int) -> int:
    """Where the words before `begin` that say what is counted begin."""
    words, at = sentence.words, begin
    named = (Tag.ACCOUNT, Tag.FOLLOWER, Tag.FALLEN, Tag.RESTORED, Tag.LOST, Tag.GAINED)
    while at > 0 and begin - at < MAX_WORDS_APART:
        handle = words[at - 1].kind is TokenKind.HANDLE
        small = words.is_a(at - 1, Tag.ARTICLE, Tag.OF)
        if not (handle or small or words.length(at - 1, *named) == 1):
            break
        at -= 1
    return at


def _deny_apart(sentence: Sentence, found: Qualified) -> Qualified:
    """The bound, turned where "was not" stands before what is counted."""
    first = _denial_apart(sentence, found.begin)
    if first == found.begin or found.qualifier not in DENIED:
        return found
    sentence.use(first, found.begin)
    return Qualified(DENIED[found.qualifier], found.begin)


def _denial_apart(sentence: Sentence, begin: int) -> int:
    """Where "was not" begins that Arabic says before what is counted; `begin` if nothing does."""
    words = sentence.words
    at = _names_begin(sentence, begin)
    if at == begin or not words.is_a(at - 1, Tag.AUXILIARY):
        return begin
    denial = words.length_before(at - 1, Tag.NOT)
    return at - 1 - denial if denial else begin


def _read_after(words: TaggedTokens, end: int) -> Qualifier | None:
    """The qualifier whose words stand after a number, or after its noun."""
    after = end + (words.text(end) == "-")
    for stop in range(after, after + MAX_WORDS_AFTER + 1):
        if stop > after and (stop > len(words) or words[stop - 1].kind is not TokenKind.WORD):
            return None
        for tag, qualifier in TAGS_AFTER.items():
            length = words.length(stop, tag)
            if not length:
                continue
            # "6.600 cuentas aproximadamente", but not "50 de al menos 600"
            following = words[stop + length : stop + length + 1]
            if not (following and following[0].kind is TokenKind.DIGITS):
                return qualifier
    return None


def allowed_range(value: float, qualifier: Qualifier) -> tuple[float | None, float | None]:
    """The range within which a number said with this qualifier is true.

    Returns
    -------
    low, high : float or None
        None where the range is open. Of `Qualifier.NOT`: the range that is denied.
    """
    if qualifier is Qualifier.ALMOST:
        return value * (1 - ALMOST_SLACK), value
    if qualifier is Qualifier.JUST_OVER:
        return value, value * (1 + ALMOST_SLACK)
    if qualifier in (Qualifier.AT_LEAST, Qualifier.MORE_THAN):
        return value, None
    if qualifier in (Qualifier.AT_MOST, Qualifier.UP_TO):
        return None, value
    slack = {Qualifier.ABOUT: ABOUT_SLACK, Qualifier.EXACTLY: EXACT_SLACK}.get(
        qualifier, PLAIN_SLACK
    )
    return value * (1 - slack), value * (1 + slack)
