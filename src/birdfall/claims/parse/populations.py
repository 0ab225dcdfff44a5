"""Populations: whose accounts a number is about: everybody's, hers or his, those of a handle."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from birdfall.claims.parse.events import Quantity
from birdfall.claims.parse.items import EVERYBODY, LEADER, Item, Unit
from birdfall.claims.parse.lexicon import Tag, lexicon
from birdfall.claims.parse.nouns import Noun
from birdfall.claims.parse.number_words import LANGUAGES
from birdfall.claims.parse.sentence import Sentence
from birdfall.claims.parse.tokens import TokenKind

#: What is said of the count of one account's followers.
COUNT_QUANTITIES = (Quantity.LOST, Quantity.GAINED, Quantity.LEVEL)
#: A handle in another clause is as far as so many tokens.
OTHER_CLAUSE_COST = 100


def attach_population(sentence: Sentence, item: Item) -> Item:
    """The item with whose accounts it is about: a handle, her or his followers, a group."""
    if item.population != EVERYBODY:
        return item
    words = sentence.words
    population = population_of(sentence, item.begin, item.end, item.noun, item.quantity)
    group = item.group or (item.noun.group if item.noun is not None else "")
    if population == LEADER and not group:  # "the opposition lost ..."
        first, _ = sentence.clause(item.begin)
        named = words.ranges(Tag.GROUP, first, item.begin)
        group = words[named[0].begin].text if named else ""
    if population not in (LEADER, EVERYBODY):
        group = ""
    return replace(item, population=population, group=group)


def share_out(sentence: Sentence, items: list[Item]) -> list[Item]:
    """The items, of two accounts where "each" says so: "@x and @y each lost 3,000"."""
    words = sentence.words
    each = words.ranges(Tag.EACH)
    handles = [at for at, word in enumerate(words) if word.kind is TokenKind.HANDLE]
    pair = len(handles) == 2 and _joined(sentence, *handles)
    if len(each) != 1 or not pair or len(items) != 1 or items[0].unit is Unit.TIMES:
        return items
    names = [words[at].text for at in handles]
    if items[0].population not in names:
        return items
    sentence.use(*each[0])
    sentence.use(handles[0] + 1, handles[1])
    return [replace(items[0], population=name) for name in names]


def _joined(sentence: Sentence, first: int, second: int) -> bool:
    """Whether nothing but "and" (and "of") stands between two handles."""
    words = sentence.words
    middle = range(first + 1, second)
    return any(words.is_a(at, Tag.AND) for at in middle) and all(
        words.is_a(at, Tag.AND, Tag.OF) for at in middle
    )


def is_office(group: str) -> bool:
    """Whether a word names the holder of an office and no group."""
    return group.startswith(_offices())


@cache
def _offices() -> tuple[str, ...]:
    """How words for an office begin in any language."""
    return tuple(sorted({w for name in LANGUAGES for w in lexicon(name).words[Tag.OFFICE]}))


def population_of(
    sentence: Sentence, begin: int, end: int, noun: Noun | None, quantity: Quantity | None
) -> str:
    """Whose accounts the number in tokens [begin, end) is about.

    Returns
    -------
    str
        `EVERYBODY`, `LEADER`, or the nearest handle that is no speaker, platform or agent.
    """
    words = sentence.words
    clause = sentence.clause(begin)
    followers = (noun is not None and noun.counts_followers) or quantity in COUNT_QUANTITIES
    handles = []
    for at, word in enumerate(words):
        if (
            word.kind is not TokenKind.HANDLE
            or sentence.is_platform(at)
            or is_speaker(sentence, at)
            or not (followers or _owns_followers(sentence, at) or _are_of(sentence, noun, at))
            or (not followers and _is_of_another_number(sentence, begin, end, at))
        ):
            continue
        inside = clause.begin <= at < clause.end
        apart = sentence.crossing_cost(at, end) if inside else OTHER_CLAUSE_COST
        handles.append((abs(at - end) + apart, word.text))
    if handles:
        return min(handles)[1]
    return LEADER if followers else EVERYBODY


def _is_of_another_number(sentence: Sentence, begin: int, end: int, at: int) -> bool:
    """Whether a number between tokens [begin, end) and a handle has it for its own.

    "3,300 accounts fell, 60 of them followers of @x": the 3,300 are not of @x.
    """
    first, last = (end, at) if at >= end else (at, begin)
    timed = [span for span in sentence.spans if first <= span.begin < last]
    return any(
        first <= amount.begin < last
        and not any(span.begin <= amount.begin < span.end for span in timed)
        for amount in sentence.amounts
    )


def _owns_followers(sentence: Sentence, at: int) -> bool:
    """Whether the handle at `at` is linked: "of @x", "following @x", "@x's"."""
    words = sentence.words
    possessive = words.text(at + 1) == "s"
    followed = words.is_a(at - 1, Tag.FOLLOWED) or words.length_before(at, Tag.FOLLOW_VERB) > 0
    possessive = possessive or words.length(at + 1, Tag.FOLLOWER) > 0  # "@x followers"
    return possessive or followed or words.is_form_of(at - 1, Tag.OF)


def _are_of(sentence: Sentence, noun: Noun | None, at: int) -> bool:
    """Whether accounts are of those who follow the handle at `at`: "من حسابات متابعي @x"."""
    words = sentence.words
    return (
        noun is not None
        and noun.end < at
        and bool(words.length_before(at, Tag.FOLLOWER))
        and (words.is_form_of(noun.end, Tag.OF) or words.is_form_of(noun.begin - 1, Tag.OF))
        and all(
            words.is_form_of(n, Tag.OF) or words.length(n, Tag.ACCOUNT, Tag.FOLLOWER) == 1
            for n in range(noun.end, at)
        )
    )


def is_speaker(sentence: Sentence, at: int) -> bool:
    """Whether the handle at `at` is who says it: "@x: ...", "según @x", "RT @x"."""
    words = sentence.words
    if words.is_a(at - 1, Tag.TO_SOURCE) and words.length_before(at - 1, Tag.SOURCE):
        return True
    if words.length_before(at, Tag.SOURCE) and not words.is_a(at - 1, Tag.AGENT):
        return True
    says = words.length(at + 1, Tag.SAYS)
    # "@x added 2,000 followers": it is what happened, and all that did
    gained = len(sentence.events) == 1 and sentence.events[0].begin == at + 1
    return words.text(at + 1) == ":" or bool(says and not gained)
