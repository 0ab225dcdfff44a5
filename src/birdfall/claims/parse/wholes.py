"""Wholes: numbers that say of how many another one is: "50 of the 6,600", "متابعيها الألفين"."""

from __future__ import annotations

from birdfall.claims.parse.durations import ARABIC_ARTICLE
from birdfall.claims.parse.events import EventMention, Quantity
from birdfall.claims.parse.items import Item
from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.sentence import Sentence
from birdfall.claims.parse.tokens import TokenKind


def names_whole(event: EventMention, whole: Item) -> bool:
    """Whether a suspension only says which accounts a whole is of: "of 4,000 suspended ones"."""
    noun = whole.noun
    return event.quantity is Quantity.FALLEN and noun is not None and event.begin == noun.end


def is_whole_of_none(sentence: Sentence, item: Item) -> bool:
    """Whether a number is what none are of: "ninguna de las 6.600"."""
    words, at = sentence.words, item.begin
    while words.is_a(at - 1, Tag.ARTICLE, Tag.OF):
        at -= 1
    return at < item.begin and bool(words.length_before(at, Tag.NONE))


def is_whole_first(sentence: Sentence, item: Item, following: list[Item]) -> bool:
    """Whether a number is the whole of the next: "of the 4,000 followers of @x, 60 fell"."""
    words, at = sentence.words, item.begin
    if not following:
        return False
    while words.is_a(at - 1, Tag.ARTICLE) and not words.length_before(at, Tag.WHOLE_FIRST):
        at -= 1
    if words.text(item.begin).startswith(ARABIC_ARTICLE):  # "من متابعي @x الألفين أُوقف 500"
        while words[at - 1].kind is TokenKind.HANDLE or words.length(at - 1, Tag.FOLLOWER):
            at -= 1
    first, last = sentence.clause(item.begin)
    return bool(
        words.length_before(at, Tag.WHOLE_FIRST)
        and following[0].begin < last
        and not any(
            first <= event.begin < following[0].begin
            and not (words.lexicon.verb_first and event.end == following[0].begin)
            for event in sentence.events
        )
    )


def are_followers_in_all(sentence: Sentence, part: Item, whole: Item) -> bool:
    """Whether a number says how many the followers are that the one before is part of.

    "500 من متابعي @x الألفين" (the two thousand), "500 من متابعي @x البالغ عددهم 2000".
    """
    words = sentence.words
    middle = range(part.end, whole.begin)
    told = words.length_before(whole.begin, Tag.AMOUNTING)
    articled = words.text(whole.begin - 1) == ARABIC_ARTICLE
    found = bool(
        (told or articled or words.text(whole.begin).startswith(ARABIC_ARTICLE))
        and part.noun_counts_followers
        and any(words.length(at, Tag.FOLLOWER) for at in middle)
        and is_part_of(sentence, part, whole)
    )
    if found:
        sentence.use(whole.begin - (told or articled), whole.begin)
    return found


def is_part_of(sentence: Sentence, part: Item, whole: Item) -> bool:
    """Whether nothing but "of", "the" and a noun stands between two numbers, "of" among it."""
    words, middle = sentence.words, range(part.end, whole.begin)
    out_of = words.ranges(Tag.OUT_OF) + words.ranges(Tag.AMOUNTING)
    return any(words.is_form_of(at, Tag.OF) for at in middle) and all(
        words[at].kind is TokenKind.HANDLE
        or any(begin <= at < end for begin, end in out_of)
        or (words.text(at) == "s" and words[at - 1].kind is TokenKind.HANDLE)
        or (
            (words[at].kind is TokenKind.WORD)
            and (
                words.is_form_of(at, Tag.OF, Tag.ARTICLE)
                or words.length(at, Tag.ACCOUNT, Tag.FOLLOWER, Tag.POSSESSIVE, Tag.FALLEN)
            )
        )
        for at in middle
    )
