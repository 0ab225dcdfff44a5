"""Ranges and ratios in a sentence: "between 6,000 and 7,000", "twice as many", "diez veces más"."""

from __future__ import annotations

from itertools import pairwise

from birdfall.claims.parse.events import Quantity
from birdfall.claims.parse.items import Comparison, Item, Unit, unit_of
from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.non_counts import counts_nothing
from birdfall.claims.parse.nouns import Noun, NounKind, noun_after, noun_around, says_who
from birdfall.claims.parse.numbers import Amount
from birdfall.claims.parse.qualifiers import Qualifier, read_qualifier
from birdfall.claims.parse.sentence import Sentence
from birdfall.claims.parse.shares import base_of, percent_end
from birdfall.claims.parse.tokens import TokenKind

#: Ratios by the tag of their words.
MULTIPLES = {Tag.DOUBLE: 2.0, Tag.TRIPLE: 3.0}
#: A lower end so many times smaller than the upper lacks its "thousand": "6 a 7 mil".
MIN_SCALE_GAP = 100
_DASHES = frozenset("-–—")


def read_ranges(sentence: Sentence) -> list[Item]:
    """All ranges of a sentence; their numbers are taken."""
    found = []
    free = sentence.free()
    for i, j in pairwise(free):
        if not sentence.is_free(i, j) or j != i + 1:
            continue
        first, second = sentence.amounts[i], sentence.amounts[j]
        limits = _limits(sentence, first, second)
        noun = noun_around(sentence, first.begin, second.end)
        if limits is None or (noun is not None and noun.kind is NounKind.OTHER):
            continue
        sentence.take(i, j)
        found.append(_range(sentence, first, second, limits, noun))
    return found


def _limits(sentence: Sentence, first: Amount, second: Amount) -> tuple[float, float] | None:
    """The ends of a range that two numbers make, None if they make none."""
    words = sentence.words
    dash = _is_dash(sentence, first, second)
    if not (dash or _has_joint(sentence, first, second)):
        return None
    low, high = first.value, second.value
    if low < high / MIN_SCALE_GAP and not second.written:  # "6 a 7 mil", "entre seis y siete mil"
        scale = next((scale for scale in (1e6, 1e3) if high >= scale), 1.0)
        low *= scale if low * scale < high else 1.0
    dates = dash and all(counts_nothing(words, a, noun_follows=False) for a in (first, second))
    return None if low >= high or dates else (low, high)


def _is_dash(sentence: Sentence, first: Amount, second: Amount) -> bool:
    middle = sentence.words[first.end : second.begin]
    return len(middle) == 1 and middle[0].kind is TokenKind.MARK and middle[0].text in _DASHES


def _has_joint(sentence: Sentence, first: Amount, second: Amount) -> bool:
    """Whether "to" or "between ... and" joins two numbers."""
    words, gap = sentence.words, second.begin - first.end
    if gap == 1 and words.length(first.end, Tag.TO):
        return True
    # Arabic writes its "and" onto the second number
    joined = words.is_a(first.end, Tag.AND) if gap == 1 else sentence.language == "ar" and not gap
    return joined and bool(words.length_before(first.begin, Tag.BETWEEN))


def _range(
    sentence: Sentence,
    first: Amount,
    second: Amount,
    limits: tuple[float, float],
    noun: Noun | None,
) -> Item:
    percent = percent_end(sentence, second.end)
    end = percent or second.end
    opened = sentence.words.length_before(first.begin, Tag.BETWEEN, Tag.FROM)
    low, high = limits
    return Item(
        first.begin - bool(opened),
        end,
        (low + high) / 2,
        Unit.PERCENT if percent else unit_of(noun),
        Qualifier.BETWEEN,
        low,
        high,
        of=base_of(sentence, end) if percent else "",
        noun=noun_after(sentence, end) or noun,
    )


def read_ratios(sentence: Sentence) -> list[Item]:
    """All ratios of a sentence; their numbers are taken."""
    found = []
    for tag, value in MULTIPLES.items():
        for begin, end in sentence.words.ranges(tag):
            if not any(begin < amount.begin < end for amount in sentence.taken_amounts()):
                found.append(_ratio(sentence, begin, end, value))
                sentence.take_within(begin, end)
    for i in sentence.free():
        amount = sentence.amounts[i]
        times = sentence.words.length(amount.end, Tag.TIMES)
        end = amount.end + times
        if times and amount.value >= 1 and sentence.words.length(end, Tag.COMPARED):
            found.append(_ratio(sentence, amount.begin, end, amount.value))
            sentence.take(i)
    return found


def _ratio(sentence: Sentence, begin: int, end: int, value: float) -> Item:
    first, last = sentence.clause(begin)
    seen = {event.quantity for event in sentence.events if first <= event.begin < last}
    qualifier, start = read_qualifier(sentence, begin, end)
    measurable = seen or says_who(sentence.words, first, last) is not None
    return Item(
        start,
        end,
        value,
        Unit.TIMES,
        Qualifier.ABOUT if qualifier is Qualifier.PLAIN else qualifier,
        quantity=Quantity.RATIO if measurable else None,
        of=_compared_with(sentence, first, last, seen),
        noun=noun_after(sentence, end),
    )


def _compared_with(sentence: Sentence, first: int, last: int, seen: set[Quantity]) -> str:
    """What a ratio in tokens [first, last) is to: a `Comparison`, or a handle."""
    if sentence.words.contains(Tag.USUAL, first, last):
        return Comparison.USUAL
    if {Quantity.FALLEN, Quantity.RESTORED} <= seen:
        return Comparison.RESTORED
    handles = [w.text for w in sentence.words[first:last] if w.kind is TokenKind.HANDLE]
    return handles[-1] if len(handles) >= 2 else Comparison.UNKNOWN
