"""Attribution of times: which duration, date and hour belongs to which number.

Each takes the nearest number that no other number or end of a sentence stands before.
"""

from __future__ import annotations

import math
from dataclasses import replace

from birdfall.claims.parse.attribution import DELAYED, is_further
from birdfall.claims.parse.durations import Span, SpanKind
from birdfall.claims.parse.events import Quantity
from birdfall.claims.parse.items import Comparison, Item
from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.qualifiers import Qualifier
from birdfall.claims.parse.sentence import Sentence
from birdfall.claims.parse.when import Relation

#: Words between "had" and what had happened.
PERFECT_WORDS = 4
#: What a number between costs a duration, and a delay beside what is no return, in words.
NUMBER_COST, DELAY_COST = 100, 50
#: What can be said to have happened on a day.
_DATED = (Quantity.FALLEN, Quantity.RESTORED, Quantity.LOST, Quantity.GAINED)


def attach_windows(sentence: Sentence, items: list[Item]) -> list[Item]:
    """The items with the duration of each; a number that is denied and its successor share one."""
    found = list(items)
    for number, span in enumerate(sentence.spans):
        if span.kind is SpanKind.PAST or number in sentence.used_spans:
            continue
        n = _item_of_span(sentence, found, span)
        if n is None:
            continue
        item = found[n]
        if span.same_day and item.quantity is Quantity.MISSING:
            continue  # who was still away at the end of a day is not measured
        later = (*DELAYED, Quantity.LOST)
        # "another 2,000 the next day": next to what was told
        further = span.next_day and item.quantity is Quantity.FALLEN and is_further(sentence, item)
        if span.kind is SpanKind.DELAY and item.quantity not in later and not further:
            continue
        if item.window is None or (
            item.window.kind is SpanKind.DELAY and span.kind is not SpanKind.DELAY
        ):
            found[n] = replace(item, window=span)
    for n in range(1, len(found)):
        before, item = found[n - 1], found[n]
        if before.qualifier is not Qualifier.NOT or before.quantity is not item.quantity:
            continue
        window = item.window or before.window
        if before.window is None or item.window is None:
            found[n - 1] = replace(before, window=window)
            found[n] = replace(item, window=window)
    return found


def _item_of_span(sentence: Sentence, items: list[Item], span: Span) -> int | None:
    """The index of the item that a duration belongs to."""
    costs = [
        (_span_cost(sentence, items, item, span), n)
        for n, item in enumerate(items)
        if item.quantity is not None
    ]
    # "500 of the 1,250 suspended accounts came back the next day": not the 1,250
    later = [(cost, n) for cost, n in costs if items[n].quantity in DELAYED]
    if span.kind is SpanKind.DELAY and later and math.isfinite(min(later)[0]):
        costs = later
    if not costs:
        return None
    cost, n = min(costs)
    if math.isfinite(cost):
        return n
    # "6,600 accounts! In ten minutes!"
    earlier = [
        n for n, item in enumerate(items) if item.quantity is not None and item.end <= span.begin
    ]
    if not earlier or span.kind is not SpanKind.WINDOW:
        return None
    return earlier[-1] if items[earlier[-1]].window is None else None


def _span_cost(sentence: Sentence, items: list[Item], item: Item, span: Span) -> float:
    """How far a duration is from an item: words, crossings, and the numbers between."""
    after = span.begin >= item.end
    first, last = (item.end, span.begin) if after else (span.end, item.begin)
    between = sum(other.quantity is not None and first <= other.begin < last for other in items)
    cost = last - first + sentence.crossing_cost(first, last) + NUMBER_COST * between
    if span.kind is SpanKind.DELAY and item.quantity not in DELAYED:
        cost += DELAY_COST
    return cost


# -- dates and hours ----------------------------------------------------------------------------


def attach_time(sentence: Sentence, items: list[Item]) -> list[Item]:
    """The items with the date and hour of the sentence, which belongs to the nearest one."""
    time = sentence.time
    if time is None or any(item.quantity is Quantity.BEGAN for item in items):
        return items
    costs = [
        (abs(item.begin - time.begin) + sentence.crossing_cost(item.begin, time.begin), n)
        for n, item in enumerate(items)
        if item.quantity in _DATED or item.of == Comparison.USUAL
    ]
    if not costs or not math.isfinite(min(costs)[0]):
        return items
    nearest = min(costs)[1]
    when = time.when
    hour = when.relation in (Relation.AT, Relation.BETWEEN) and when.has_hour
    if hour and _had_happened(sentence, items[nearest]):
        when = replace(when, relation=Relation.AT_OR_BY)
    return [replace(item, when=when) if n == nearest else item for n, item in enumerate(items)]


def _had_happened(sentence: Sentence, item: Item) -> bool:
    """Whether an event "had" happened: the hour said may be that until which it did."""
    if item.event is None:
        return False
    back = range(item.event.begin - PERFECT_WORDS, item.event.end)
    return any(sentence.words.is_a(at, Tag.PLUPERFECT) for at in back)
