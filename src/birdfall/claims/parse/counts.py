"""Plain counts in a sentence: "6,600 accounts", "thousands of followers", "only one account"."""

from __future__ import annotations

from birdfall.claims.parse.durations import ARABIC_ARTICLE
from birdfall.claims.parse.items import Item, unit_of
from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.non_counts import counts_nothing
from birdfall.claims.parse.nouns import Noun, NounKind, noun_after, noun_before
from birdfall.claims.parse.numbers import Amount
from birdfall.claims.parse.qualifiers import Qualifier, read_qualifier
from birdfall.claims.parse.sentence import Sentence
from birdfall.claims.parse.shares import find_parts_of_wholes
from birdfall.claims.parse.tokens import TokenKind

#: What may be said of a vague amount: "only hundreds" are no more than its most, "more than a few
#: hundred" has their least as bound. Of others nobody says which of its bounds is meant.
VAGUE_QUALIFIERS = (
    Qualifier.PLAIN,
    Qualifier.ABOUT,
    Qualifier.EXACTLY,
    Qualifier.MORE_THAN,
    Qualifier.AT_LEAST,
)


def read_counts(sentence: Sentence) -> list[Item]:
    """The items of the numbers that are still free."""
    parts = find_parts_of_wholes(sentence)
    found = []
    for i in sentence.free():
        amount = sentence.amounts[i]
        if not any(part.begin <= amount.begin < part.end for part in parts):
            item = _read_count(sentence, amount)
            if item is not None:
                found.append(item)
    return found


def _read_count(sentence: Sentence, amount: Amount) -> Item | None:
    noun = noun_after(sentence, amount.end)
    # Arabic: "the number of accounts came to 2000", which is no year
    linked = sentence.words.is_a(amount.begin - 1, Tag.BOUND_LINK)
    # "of the followers, who are 2000"
    linked = linked or bool(sentence.words.length_before(amount.begin, Tag.AMOUNTING))
    linked = linked or sentence.words.text(amount.begin - 1) == ARABIC_ARTICLE
    told = noun is not None or (linked and noun_before(sentence, amount.begin) is not None)
    if (
        (noun is not None and noun.kind is NounKind.OTHER)
        or counts_nothing(sentence.words, amount, noun_follows=told)
        or _is_article(sentence, amount, noun)
        or _is_name(sentence, amount, noun)
    ):
        return None
    qualifier, begin = read_qualifier(sentence, amount.begin, amount.end)
    noun = noun or noun_before(sentence, amount.begin)
    unit = unit_of(noun)
    if amount.low is not None and qualifier not in VAGUE_QUALIFIERS:
        return None
    if amount.low is not None and qualifier not in (Qualifier.MORE_THAN, Qualifier.AT_LEAST):
        return Item(
            begin,
            amount.end,
            amount.value,
            unit,
            Qualifier.BETWEEN if qualifier is Qualifier.EXACTLY else Qualifier.VAGUE,
            amount.low,
            amount.high,
            noun=noun,
        )
    if amount.about and qualifier is Qualifier.PLAIN:
        qualifier = Qualifier.ABOUT
    return Item(
        begin,
        amount.end,
        amount.value,
        unit,
        qualifier,
        other=amount.other,
        noun=noun,
        bare=noun is None,
    )


def _is_article(sentence: Sentence, amount: Amount, noun: Noun | None) -> bool:
    """Whether "a", "un" or "one" is an article or a pronoun and no number."""
    if amount.article:
        close = noun is not None and noun.begin - amount.end <= 1
        if not (close and _is_single(sentence, amount)):
            return True
    one = amount.value == 1 and sentence.words[amount.end - 1].text == "one"
    return one and not (noun is not None and noun.begin == amount.end)


def _is_single(sentence: Sentence, amount: Amount) -> bool:
    """Whether a "one" is said to be no more: "only one", "una sola"."""
    qualifier, _ = read_qualifier(sentence, amount.begin, amount.end)
    return qualifier is Qualifier.EXACTLY or sentence.words.is_a(amount.end, Tag.SINGLE)


def _is_name(sentence: Sentence, amount: Amount, noun: Noun | None) -> bool:
    """Whether letters are written onto the digits (G20, 6600abc), and nothing is counted."""
    words = sentence.words
    if noun is not None or not amount.written or amount.end >= len(words):
        return False
    after = words[amount.end]
    return (
        after.glued
        and after.kind is TokenKind.WORD
        and not words.length(amount.end, Tag.OTHER_NOUN)
    )
