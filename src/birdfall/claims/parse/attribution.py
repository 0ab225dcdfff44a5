"""Attribution of events: what happened to which number.

Each number takes the nearest event that no other number or clause stands before.
"""

from __future__ import annotations

import math
from dataclasses import replace

from birdfall.claims.parse.durations import SpanKind
from birdfall.claims.parse.events import EventMention, Quantity, denial_before
from birdfall.claims.parse.items import Base, Item, Unit
from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.qualifiers import Qualifier, allowed_range
from birdfall.claims.parse.said_again import is_said_again, use_link
from birdfall.claims.parse.sentence import Sentence
from birdfall.claims.parse.shares import named_events, said_to_follow
from birdfall.claims.parse.tags import TokenRange
from birdfall.claims.parse.tokens import TokenKind
from birdfall.claims.parse.when import Relation
from birdfall.claims.parse.wholes import (
    are_followers_in_all,
    is_part_of,
    is_whole_first,
    is_whole_of_none,
    names_whole,
)

#: An event that stands so close after the whole ("of the 6,600 suspended") belongs to it.
MAX_BESIDE = 3
#: A denied suspension so close to a number without event denies it.
MAX_DENIAL = 4
#: What comes after a fall.
DELAYED = (Quantity.RESTORED, Quantity.MISSING)
_DENIABLE = (Quantity.RESTORED, Quantity.FALLEN, Quantity.LOST)
#: What a denied event makes of a qualifier: "no volvieron más de 50" is at most 50.
_TURNED = {Qualifier.MORE_THAN: Qualifier.AT_MOST, Qualifier.AT_MOST: Qualifier.AT_LEAST}


def attach_events(sentence: Sentence, items: list[Item]) -> list[Item]:
    """The items with the event of each; what has none inherits its neighbour's or is fallen.

    items: in the order of the sentence. An item that only says how many followers there were
    ("50 of her 6,600 followers") is left out.
    """
    found: list[Item] = []
    for n, item in enumerate(items):
        if item.quantity is not None:
            found.append(item)
            continue
        before = items[n - 1] if n else None
        following = items[n + 1 : n + 3]
        whole = (before is not None and is_part_of(sentence, before, item)) or is_whole_of_none(
            sentence, item
        )
        part = bool(following) and (
            is_part_of(sentence, item, following[0]) or is_said_again(sentence, item, following[0])
        )
        if following and is_said_again(sentence, item, following[0]):
            use_link(sentence, item, following[0])
        if before is not None and is_said_again(sentence, before, item):
            item = replace(item, noun=item.noun or before.noun)
        elif before is not None and item.unit is Unit.PERCENT and before.unit is not Unit.PERCENT:
            linked = sentence.words.length_before(item.begin, Tag.APPOSED)
            sentence.use(item.begin - linked, item.begin)  # "900 were restored, or 45 percent"
        events = _reachable_events(sentence, item, before, following, part=part)
        if part and item.noun is None:  # "17,000 of her 32,000 followers"
            unit = following[0].unit if item.unit is Unit.ACCOUNTS else item.unit
            item = replace(item, noun=following[0].noun, unit=unit)
        level = _level_of_whole(sentence, item, before, following, whole=whole)
        if level is not None:
            found.append(level)
            continue
        if item.bare and _is_whole_of_returned(sentence, item, following):
            found.append(replace(item, quantity=Quantity.FALLEN))
            continue
        event = _choose_event(item, events, following, part=part, whole=whole)
        if not item.of and _is_of_fallen_told_first(sentence, item):
            # "of the suspended accounts, 75 % followed @x"
            item, event = replace(item, of=Base.FALLEN), None
        if event is None and item.of == Base.FALLEN and _says_whom_they_followed(sentence, item):
            _use_copulas(sentence, item)
            followed = replace(item, quantity=Quantity.FALLEN)
            found.append(_turn_if_not_followed(sentence, followed))
            continue
        if event is not None and _is_put_right(sentence, item, event, following):
            item = replace(item, qualifier=Qualifier.NOT)
        found.append(item if event is None else _with_event(sentence, item, event))
    return _inherit_from_next(sentence, _inherit_events(sentence, found))


def _is_put_right(
    sentence: Sentence, item: Item, event: EventMention, following: list[Item]
) -> bool:
    """Whether a number is denied and the next one said instead: "no cayeron 1.000 sino 1.600"."""
    return (
        event.denied
        and event.end <= item.begin
        and item.qualifier is Qualifier.PLAIN
        and bool(following)
        and sentence.words.length_before(following[0].begin, Tag.BUT) > 0
    )


def _level_of_whole(
    sentence: Sentence, item: Item, before: Item | None, following: list[Item], *, whole: bool
) -> Item | None:
    """The item as a level where it says how many followers another number is of."""
    if before is not None and are_followers_in_all(sentence, before, item):
        return replace(item, quantity=Quantity.LEVEL, noun=before.noun, unit=Unit.FOLLOWERS)
    if item.noun_counts_followers and (whole or is_whole_first(sentence, item, following)):
        return replace(item, quantity=Quantity.LEVEL)
    return None


def _says_whom_they_followed(sentence: Sentence, item: Item) -> bool:
    """Whether a share of the suspended accounts is said to have followed somebody."""
    words = sentence.words
    return bool(_copulas(sentence, item)) or any(
        end < len(words)
        and TokenKind.HANDLE in (words[end].kind, words[min(end + 1, len(words) - 1)].kind)
        and math.isfinite(sentence.crossing_cost(*sorted((item.end, begin))))
        for begin, end in words.ranges(Tag.FOLLOW_VERB)
    )


def _copulas(sentence: Sentence, item: Item) -> list[TokenRange]:
    """Where those suspended that a share is of are said to be followers: "were followers of @x"."""
    noun = item.noun if item.noun is not None and not item.noun.counts_followers else None
    end = item.end if noun is None else max(noun.end, item.end)
    inside = [event for event in sentence.events if item.begin <= event.begin < item.end]
    named = named_events(sentence, item) + inside
    found = (said_to_follow(sentence, max(event.end, end)) for event in named)
    return [words for words in found if words is not None]


def _use_copulas(sentence: Sentence, item: Item) -> None:
    for begin, end in _copulas(sentence, item):
        sentence.use(begin, end)


def _is_of_fallen_told_first(sentence: Sentence, item: Item) -> bool:
    """Whether a share of followers stands after the suspended that it is of."""
    words = sentence.words
    if item.unit is not Unit.PERCENT or not _says_whom_they_followed(sentence, item):
        return False
    for event in sentence.events:
        at = event.begin
        while at > 0 and words.is_a(at - 1, Tag.ARTICLE) and not words.is_a(at - 1, Tag.OF):
            at -= 1
        at -= words.length_before(at, Tag.ACCOUNT)
        while at > 0 and words.is_a(at - 1, Tag.ARTICLE) and not words.is_a(at - 1, Tag.OF):
            at -= 1
        first = event.end <= item.begin and event.quantity is Quantity.FALLEN
        if first and not event.denied and at > 0 and words.is_a(at - 1, Tag.OF):
            return True
    return False


def _turn_if_not_followed(sentence: Sentence, item: Item) -> Item:
    """The share of those who followed where that of those who did not is said."""
    words = sentence.words
    for begin, end in words.ranges(Tag.FOLLOW_VERB):
        after = words.length(end, Tag.NOT)  # "ne suivaient pas"
        marks = TokenRange(begin, end + after) if after else denial_before(words, begin)
        near = math.isfinite(sentence.crossing_cost(*sorted((item.end, begin))))
        if marks is not None and near:
            sentence.use(marks.begin, marks.end)
            return _rest_of(item)
    return item


def _rest_of(item: Item) -> Item:
    """A share as that of the rest: three quarters did not are a quarter did."""
    low, high = item.low, item.high
    if low is None and high is None:
        low, high = allowed_range(item.value, item.qualifier)
    return replace(
        item,
        value=100.0 - item.value,
        low=0.0 if high is None else max(0.0, 100.0 - high),
        high=100.0 if low is None else 100.0 - low,
        qualifier=Qualifier.BETWEEN,
    )


def _reachable_events(
    sentence: Sentence, item: Item, before: Item | None, following: list[Item], *, part: bool
) -> list[tuple[EventMention, float]]:
    """The events with no other number between, with their distances."""
    # "50 of the 6,600 came back": the verb is of the fifty
    beyond = following[1:] if part else following
    left = before.end if before is not None else 0
    right = beyond[0].begin if beyond else len(sentence.words)
    named = named_events(sentence, item) or _named_of(sentence, item)
    for one in (before, *following[:1]):
        if one is not None and is_said_again(sentence, *sorted((one, item), key=lambda i: i.begin)):
            named = named + named_events(sentence, one)
    found = []
    for event in sentence.events:
        inside = item.begin <= event.begin < item.end  # "two suspended accounts in three"
        if left <= event.begin and event.end <= right and event not in named and not inside:
            distance = _distance(sentence, item, event)
            if math.isfinite(distance):
                found.append((event, distance))
    return found


def _named_of(sentence: Sentence, item: Item) -> list[EventMention]:
    """The event that only names the whole of a count: "1,100 of the suspended came back"."""
    noun = item.noun
    words = sentence.words
    # "حسابان فقط من"
    after = item.end + words.length(item.end, Tag.EXACTLY_AFTER, Tag.AT_LEAST_AFTER)
    if noun is None or not words.is_form_of(after, Tag.OF):
        return []
    first, last = sentence.clause(item.begin)
    named = [
        event
        for event in sentence.events
        if event.quantity is Quantity.FALLEN and item.end <= event.begin <= noun.end
    ]
    told = any(
        event.quantity in DELAYED and first <= event.begin < last for event in sentence.events
    )
    return named if told else []


def _choose_event(
    item: Item,
    events: list[tuple[EventMention, float]],
    following: list[Item],
    *,
    part: bool,
    whole: bool,
) -> EventMention | None:
    """The event of an item among those it can reach."""
    nearest = min(events, key=lambda e: (e[1], e[0].begin), default=None)
    if part and len(events) > 1:
        # "لم يعد سوى 1200 من أصل 4000 حساب موقوف": of the 4,000 it is what they are
        events = [e for e in events if not names_whole(e[0], following[0])] or events
        after = [event for event, _ in events if event.begin >= following[0].end]
        return after[-1] if after else min(events, key=lambda e: e[1])[0]
    if whole:
        later = [(event, distance) for event, distance in events if event.begin >= item.end]
        beside = [event for event, distance in later if distance <= MAX_BESIDE]
        if beside and len(later) > 1:
            return beside[0]
        return EventMention(Quantity.FALLEN, item.end, item.end)
    return None if nearest is None else nearest[0]


def _is_whole_of_returned(sentence: Sentence, item: Item, following: list[Item]) -> bool:
    """Whether a bare number is of those that fell: "of the 1,600, 1,120 are still suspended"."""
    first, last = sentence.clause(item.begin)
    return is_whole_first(sentence, item, following) and any(
        event.quantity in DELAYED and first <= event.begin < last for event in sentence.events
    )


def _distance(sentence: Sentence, item: Item, event: EventMention) -> float:
    """Words and crossings between a number with its noun and an event."""
    if event.begin < item.end:
        return item.begin - event.end + sentence.crossing_cost(event.end, item.begin)
    noun = item.noun
    inside = noun is not None and item.end <= noun.end <= event.begin
    start = noun.end if noun is not None and inside else item.end
    return event.begin - start + sentence.crossing_cost(start, event.begin)


def _with_event(sentence: Sentence, item: Item, event: EventMention) -> Item:
    """An item with its event; a denial may turn its qualifier."""
    item = replace(item, event=event)
    to = sentence.words.length_before(item.begin, Tag.TO)
    if event.quantity is Quantity.RESTORED and to and event.end == item.begin - to:
        return replace(item, quantity=None)  # a count that "came back to 52,000" is a level
    denies = event.denied and event.quantity in _DENIABLE and event.end <= item.begin
    after = max(item.end, item.noun.end if item.noun is not None else 0)
    if denies and item.qualifier is Qualifier.PLAIN and sentence.words.length(after, Tag.BUT):
        item = replace(item, qualifier=Qualifier.NOT)  # "لم يوقف 30 بل 3"
    if not denies:
        if event.quantity is Quantity.LOST and _lost_their_accounts(sentence, item, event):
            return replace(item, quantity=Quantity.FALLEN)
        return replace(item, quantity=_quantity_of(item, event))
    # "لم يعد سوى 50": how many at most did, not how many did not
    if any(sentence.words.is_a(at, Tag.ONLY_BUT) for at in range(item.begin - 1, item.end)):
        strict = item.qualifier in (Qualifier.PLAIN, Qualifier.NOT, Qualifier.MORE_THAN)
        qualifier = Qualifier.EXACTLY if strict else item.qualifier
        return replace(item, quantity=event.quantity, qualifier=qualifier)
    if sentence.words.length(item.begin, Tag.NOT_EVEN):  # "no volvieron ni 100": at most
        return replace(item, quantity=event.quantity)
    turned = _TURNED.get(item.qualifier)
    if turned is None:
        return replace(item, quantity=_quantity_of(item, event))
    return replace(item, quantity=event.quantity, qualifier=turned)


def _lost_their_accounts(sentence: Sentence, item: Item, event: EventMention) -> bool:
    """Whether those counted lost accounts of their own: "3600 من متابعي @x فقدوا حساباتهم"."""
    words = sentence.words
    noun = words.length(event.end, Tag.ACCOUNT)
    endings = words.lexicon.words[Tag.POSSESSIVE_ENDING]
    ends = any(words.text(event.end).endswith(e) for e in endings if len(e) > 1)
    # "خسر حسابها 200": whose number follows, it is the account that lost them
    return bool(noun) and ends and item.end <= event.begin and not event.denied


def _quantity_of(item: Item, event: EventMention) -> Quantity | None:
    """What an event says of an item; None if it says nothing that can be measured."""
    quantity = event.quantity
    if quantity is Quantity.RESTORED:
        return Quantity.MISSING if event.denied else quantity
    if quantity in (Quantity.FALLEN, Quantity.LOST) and event.denied:
        return None if item.qualifier is not Qualifier.NOT else quantity
    counts_accounts = item.noun is not None and not item.noun.counts_followers
    if quantity is Quantity.LOST and counts_accounts and item.unit is not Unit.PERCENT:
        return Quantity.FALLEN
    return quantity


def _inherit_events(sentence: Sentence, items: list[Item]) -> list[Item]:
    """Give items without an event their neighbour's, or what claims are mostly of: a fall."""
    timed = any(span.kind in (SpanKind.WINDOW, SpanKind.RATE) for span in sentence.spans)
    found = list(items)
    for n, item in enumerate(found):
        denied = item.event is not None and item.event.denied
        if item.quantity is not None or item.unit is Unit.TIMES or denied:
            continue  # "3,300 accounts were not suspended" says of no number that they were
        before = next(
            (f for f in reversed(found[:n]) if f.quantity is not None and f.unit is not Unit.TIMES),
            None,
        )
        if before is not None and _continues(sentence, before, item):
            found[n] = replace(
                item,
                quantity=before.quantity,
                noun=item.noun or before.noun,
                unit=item.unit if item.unit is Unit.PERCENT else before.unit,
            )
        elif (
            item.unit is not Unit.PERCENT
            and (item.noun is not None or (timed and before is None))
            and not _tells_level(sentence, item)
        ):
            denied = any(
                event.denied
                and event.quantity is Quantity.FALLEN
                and _distance(sentence, item, event) < MAX_DENIAL
                for event in sentence.events
            )
            found[n] = item if denied else replace(item, quantity=Quantity.FALLEN)
    return found


def _inherit_from_next(sentence: Sentence, items: list[Item]) -> list[Item]:
    """Give a number that is denied what is said of the next: "not 1,000 but 1,600 fell"."""
    found = list(items)
    for n in range(len(found) - 1):
        item, after = found[n : n + 2]
        denied = item.qualifier is Qualifier.NOT and item.quantity is None
        if (
            denied
            and after.quantity is not None
            and sentence.words.length_before(after.begin, Tag.BUT)
        ):
            noun = item.noun or after.noun
            found[n] = replace(item, quantity=after.quantity, noun=noun, unit=after.unit)
    for n in range(1, len(found)):
        before, item = found[n - 1 : n + 1]
        denied = item.qualifier is Qualifier.NOT and item.quantity is None and item.bare
        if denied and before.quantity is not None and sentence.words.text(item.begin - 1) == ",":
            # "it was 1,600, not 1,000, that fell"
            found[n] = replace(item, quantity=before.quantity, noun=before.noun, unit=before.unit)
    return found


def _tells_level(sentence: Sentence, item: Item) -> bool:
    """Whether a sentence without a fall or a time only says that there are followers."""
    fell = any(e.quantity is not Quantity.RESTORED for e in sentence.events)
    if not item.noun_counts_followers or fell or sentence.spans:
        return False
    # a headline's bare "1.4 million followers" is the number of the case, and tells no level
    end = max(item.end, item.noun.end if item.noun is not None else 0)
    beside = [*sentence.words[: item.begin], *sentence.words[end:]]
    return any(word.kind is not TokenKind.MARK for word in beside)


def _continues(sentence: Sentence, before: Item, item: Item) -> bool:
    """Whether a number goes on with what was said of the one before: "and 300 more"."""
    words = sentence.words
    if _is_elliptic(sentence, before, item):
        return True
    if not 0 < sentence.crossing_cost(before.end, item.begin) < math.inf:
        return False
    return (
        not item.bare
        or item.qualifier is not Qualifier.PLAIN
        or is_further(sentence, item)
        or bool(words.length_before(item.begin, Tag.BUT))
    )


def is_further(sentence: Sentence, item: Item) -> bool:
    """Whether a number comes on top of what was told: "another 400", "400 autres"."""
    return bool(further_ranges(sentence, item))


def further_ranges(sentence: Sentence, item: Item) -> list[TokenRange]:
    """The words that say so, beside the number or after its noun."""
    words, after = sentence.words, item.end
    places = [item.begin - 1, after]
    if item.noun is not None and item.noun.begin >= after:
        places.append(item.noun.end)
    found = [TokenRange(at, at + 1) for at in places if words.is_a(at, Tag.FURTHER)]
    before = item.begin - words.length_before(item.begin, Tag.ON_TOP)
    found += [TokenRange(before, item.begin)] if before < item.begin else []
    return found[:1]  # a second one is left over


def mark_further(sentence: Sentence, item: Item) -> Item:
    """The item, on top of what was told where it says so at a time of its own.

    Without a time ("another 1,200 fell") nobody knows on top of what, and the word is left over.
    """
    ranges = further_ranges(sentence, item)
    day = item.window is not None and (item.window.next_day or item.window.same_day)
    when = item.when
    dated = when is not None and (when.day is not None or when.relation is Relation.BY_PART)
    timed = day or dated
    # of falls only those of the day after the wave are known to come on top of it
    next_day = item.window is not None and item.window.next_day
    counted = item.quantity is Quantity.RESTORED or (item.quantity is Quantity.FALLEN and next_day)
    if not ranges or not timed or not counted or item.unit is Unit.PERCENT:
        return item
    for begin, end in ranges:
        sentence.use(begin, end)
    return replace(item, further=True)


def _is_elliptic(sentence: Sentence, before: Item, item: Item) -> bool:
    """Whether a clause has only a handle and a number: "@x lost 3,000; @y, barely 60"."""
    words = sentence.words
    first, last = sentence.clause(item.begin)
    return (
        words.text(first - 1) == ";"
        and before.end < first < len(words)
        and TokenKind.HANDLE in (words[first].kind, words[min(first + 1, len(words) - 1)].kind)
        and not any(first <= event.begin < last for event in sentence.events)
    )
