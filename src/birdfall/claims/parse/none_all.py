"""None and all in a sentence: "none came back", "hardly any", "todas las cuentas volvieron"."""

from __future__ import annotations

from dataclasses import replace

from birdfall.claims.parse.events import EventMention, Quantity
from birdfall.claims.parse.items import Base, Item, Unit, unit_of
from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.nouns import (
    Noun,
    NounKind,
    kind_at,
    noun_after,
    noun_before,
    says_who,
)
from birdfall.claims.parse.qualifiers import Qualifier
from birdfall.claims.parse.sentence import CROSSING_COST, Sentence
from birdfall.claims.parse.tags import TokenRange
from birdfall.claims.parse.tokens import TokenKind

#: "Almost none" is at most so many percent.
MAX_ALMOST_NONE_PERCENT = 10.0
#: A number so soon after "none" is what none are of; after "all", it is the number meant.
WORDS_TO_WHOLE, WORDS_TO_NUMBER, WORDS_TO_ALL = 4, 3, 3
#: A verb of saying so soon after "none" is what nobody did.
WORDS_TO_SAYS = 2
_NONE_QUANTITIES = (Quantity.FALLEN, Quantity.RESTORED, Quantity.LOST, Quantity.MISSING)
_ALL_QUANTITIES = (Quantity.FALLEN, Quantity.RESTORED, Quantity.LOST, Quantity.MISSING)


def read_nones(sentence: Sentence, items: list[Item]) -> list[Item]:
    """The items of "none" and of events that are denied: nought, of what happened.

    items: those already read, whose events belong to them.
    """
    found: list[Item] = []
    clauses: set[int] = set()
    for begin, end in _none_places(sentence):
        clause = sentence.clause(begin)
        if clause.begin in clauses or any(i.begin <= begin < i.end for i in items):
            continue
        event = _event_of_none(sentence, end, clause)
        noun = noun_after(sentence, end)
        if (
            event is None
            or _denies_twice(sentence, end, event)
            or (noun is not None and noun.kind is NounKind.OTHER)
            or _number_between(items, begin, end, event)
            or (sentence.words.length(begin, Tag.NONE_LEFT) and not _lasts(event))
        ):
            continue
        clauses.add(clause.begin)
        none = _none(sentence, begin, end, event, noun)
        left = sentence.words.length(begin, Tag.NONE_LEFT) > 0
        found.append(replace(none, quantity=Quantity.MISSING) if left else none)
    for event in sentence.events:
        clause = sentence.clause(event.begin)
        if event.denied and clause.begin not in clauses:
            item = _read_denial(sentence, event, clause, items)
            if item is not None:
                clauses.add(clause.begin)
                found.append(item)
    return found


def _lasts(event: EventMention) -> bool:
    """Whether what none are any more is suspended: "plus aucun compte n'est suspendu"."""
    return event.quantity in (Quantity.FALLEN, Quantity.MISSING) and not event.denied


def _denies_twice(sentence: Sentence, end: int, event: EventMention) -> bool:
    """Whether a "not" after none turns it round: "hardly any were not suspended".

    Where two denials are one ("no volvió ninguna"), the "not" stands first.
    """
    return event.denied and end <= event.marks.begin and sentence.language == "en"


def _none_places(sentence: Sentence) -> list[TokenRange]:
    """Where a sentence says none, hardly any, or (English) no accounts."""
    words = sentence.words
    places = [
        place
        for place in words.ranges(Tag.NONE)
        if not _is_someone(sentence, place.begin)
        # "not one thousand" is a number that is denied
        and not any(place.begin < a.begin < place.end < a.end for a in sentence.amounts)
        # "nobody said that": not that none fell
        and not words.contains(Tag.SAYS, place.end, place.end + WORDS_TO_SAYS)
    ]
    places += words.ranges(Tag.HARDLY_ANY) + words.ranges(Tag.NONE_LEFT)
    left = words.ranges(Tag.NONE_LEFT)
    places = [p for p in places if p in left or not any(b < p.begin < e for b, e in left)]
    if sentence.language == "en":
        places += [
            TokenRange(at, at + 1)
            for at in range(len(words))
            if words[at].text == "no" and _noun_is_close(sentence, at + 1)
        ]
    return sorted(places)


def _is_someone(sentence: Sentence, at: int) -> bool:
    """Whether "personne" is someone ("une personne") and not nobody."""
    return sentence.words[at].text == "personne" and sentence.words.is_a(at - 1, Tag.SOMEONE)


def _noun_is_close(sentence: Sentence, at: int) -> bool:
    noun = noun_after(sentence, at)
    return noun is not None and noun.kind is not NounKind.OTHER and noun.begin - at <= 3


def _event_of_none(sentence: Sentence, end: int, clause: TokenRange) -> EventMention | None:
    """The event that happened to none: the last that follows undivided, else the nearest."""
    events = [
        event
        for event in sentence.events
        if clause.begin <= event.begin < clause.end and event.quantity in _NONE_QUANTITIES
    ]
    if not events:
        return None
    events = [event for event in events if not _names_accounts(sentence, event)] or events
    nearest = min(
        events,
        key=lambda event: (
            abs(event.begin - end) + sentence.crossing_cost(event.begin, end),
            -event.begin,
        ),
    )
    following = [e for e in events if e.begin >= end and not sentence.crossing_cost(end, e.begin)]
    return following[-1] if following and nearest.begin >= end else nearest


def _names_accounts(sentence: Sentence, event: EventMention) -> bool:
    """Whether a suspension only says which accounts are meant: "of the suspended accounts"."""
    words = sentence.words
    beside = words.length_before(event.begin, Tag.ACCOUNT) or words.length(event.end, Tag.ACCOUNT)
    return event.quantity is Quantity.FALLEN and not event.denied and bool(beside)


def _number_between(items: list[Item], begin: int, end: int, event: EventMention) -> bool:
    """Whether another number stands between "none" and the event, and so claims it."""
    first, last = sorted((event.begin, begin))
    return any(
        item.quantity is not None
        and first < item.begin < last
        and not 0 <= item.begin - end <= WORDS_TO_WHOLE
        for item in items
    )


def _none(sentence: Sentence, begin: int, end: int, event: EventMention, noun: Noun | None) -> Item:
    words = sentence.words
    nearly = words.length_before(begin, Tag.ALMOST) or words.length(begin, Tag.HARDLY_ANY)
    if not nearly:
        return _nought(begin, end, event, noun)
    return Item(
        begin,
        end,
        MAX_ALMOST_NONE_PERCENT,
        Unit.PERCENT,
        Qualifier.AT_MOST,
        0.0,
        MAX_ALMOST_NONE_PERCENT,
        quantity=_quantity_of_none(event, noun),
        of=noun.kind if noun is not None else "",
        noun=noun,
        event=event,
    )


def _nought(begin: int, end: int, event: EventMention, noun: Noun | None) -> Item:
    return Item(
        begin,
        end,
        0.0,
        unit_of(noun),
        Qualifier.EXACTLY,
        0.0,
        0.0,
        quantity=_quantity_of_none(event, noun),
        noun=noun,
        event=event,
    )


def _quantity_of_none(event: EventMention, noun: Noun | None) -> Quantity:
    if event.quantity is Quantity.LOST and noun is not None and not noun.counts_followers:
        return Quantity.FALLEN
    return event.quantity


def _read_denial(
    sentence: Sentence, event: EventMention, clause: TokenRange, items: list[Item]
) -> Item | None:
    """The item of an event that did not happen: "the accounts were not restored"."""
    claimed = any(
        item.quantity is not None
        and clause.begin <= item.begin < clause.end
        and sentence.crossing_cost(min(item.end, event.begin), max(item.begin, event.end))
        < CROSSING_COST
        for item in items
    )
    if claimed:
        return None
    noun = noun_after(sentence, event.end) or noun_before(sentence, event.begin + 1)
    if noun is None:
        words = sentence.words
        if says_who(words) is None and not words.contains(Tag.ANYONE):
            return None
    elif noun.kind is NounKind.OTHER:
        return None
    return _nought(event.begin, event.end, event, noun)


def read_alls(sentence: Sentence, items: list[Item]) -> list[Item]:
    """The items of "all": a hundred percent. items: those already read."""
    found = []
    for begin, end in sentence.words.ranges(Tag.ALL):
        # "all 6,600 accounts" is a number already, "for every follower" no share
        if begin in sentence.understood or any(
            0 <= item.begin - end <= WORDS_TO_NUMBER or item.begin <= begin < item.end
            for item in items
        ):
            continue
        item = _read_not_all(sentence, begin, end) or _read_all(sentence, begin, end)
        if item is not None:
            found.append(item)
    return found


def _read_not_all(sentence: Sentence, begin: int, end: int) -> Item | None:
    """The item of "not all": that it was a hundred percent is denied."""
    words = sentence.words
    first, last = sentence.clause(begin)
    length = words.length_before(begin, Tag.NOT, Tag.NOT_EVEN)
    start = begin - length
    events = [e for e in sentence.events if first <= e.begin < last]
    told = [e for e in events if e.quantity is Quantity.RESTORED] or [
        e for e in events if e.quantity is Quantity.FALLEN
    ]
    event = told[-1] if told else None
    if event is None or (length and event.denied and event.marks.begin >= end):
        return None  # "not all the suspended accounts did not come back"
    if not length:  # "no volvieron todas", "لم تعد كل"
        if not (event.denied and event.end == begin):
            return None
        start = event.marks.begin
    return Item(
        start,
        end,
        100.0,
        Unit.PERCENT,
        Qualifier.NOT,
        100.0,
        100.0,
        quantity=event.quantity,
        of=Base.FALLEN if event.quantity is Quantity.RESTORED else "",
        noun=noun_after(sentence, end) or noun_before(sentence, begin),
        event=event,
    )


def _read_all(sentence: Sentence, begin: int, end: int) -> Item | None:
    words, last = sentence.words, sentence.clause(begin).end
    at = end
    while at < last and words[at].kind is TokenKind.WORD and _is_small(sentence, at):
        at += 1
    kind = kind_at(words, at)
    following = [
        event
        for event in sentence.events
        if end <= event.begin < last and sentence.crossing_cost(end, event.begin) < CROSSING_COST
    ]
    first = sentence.clause(begin).begin
    if any(event.denied and first <= event.begin < last for event in sentence.events):
        return None  # "tous ne sont pas revenus": not all, or none
    before = _event_before_all(sentence, begin)
    if before is not None:
        following = [event for event in following if not _names_accounts(sentence, event)]
    event = min(following, key=lambda e: e.begin, default=None)
    floated = None if event is not None else before
    event = event or floated
    if event is None or event.quantity not in _ALL_QUANTITIES:
        return None
    if floated is None and kind is None and event.begin != at and not words.length(at, Tag.THEM):
        return None
    if kind is not None and event.quantity is Quantity.FALLEN and event.begin <= at + 1:
        event = _restored_after(sentence, event, last) or event
    quantity = event.quantity
    nearly = words.length_before(begin, Tag.ALMOST)
    after = at + words.length(at, Tag.ACCOUNT, Tag.FOLLOWER)
    if words.length(after, Tag.ABOUT_AFTER):
        nearly = 1
        sentence.use(after, after + words.length(after, Tag.ABOUT_AFTER))
    return Item(
        begin,
        end,
        100.0,
        Unit.PERCENT,
        Qualifier.ALMOST if nearly else Qualifier.EXACTLY,
        quantity=quantity,
        of=kind if kind is not None else "",
        noun=noun_after(sentence, end) or (noun_before(sentence, begin) if floated else None),
        event=event,
    )


def _event_before_all(sentence: Sentence, begin: int) -> EventMention | None:
    """The event that "all" is said after: "volvieron todas", "lost all her followers"."""
    words = sentence.words
    lost = words.contains(Tag.FOLLOWER, begin, begin + WORDS_TO_WHOLE + 1)
    events = [
        event
        for event in sentence.events
        if 0 <= begin - event.end <= WORDS_TO_ALL
        and (event.quantity is Quantity.RESTORED or (lost and event.quantity is Quantity.LOST))
        and not sentence.crossing_cost(event.end, begin)
    ]
    return events[-1] if len(events) == 1 else None


def _is_small(sentence: Sentence, at: int) -> bool:
    """Whether the word at `at` may stand between "all" and its noun."""
    return sentence.words.is_a(at, Tag.OF, Tag.ARTICLE, Tag.AUXILIARY) or bool(
        sentence.words.length(at, Tag.POSSESSIVE)
    )


def _restored_after(sentence: Sentence, event: EventMention, last: int) -> EventMention | None:
    """The return that follows a suspension: "all the suspended accounts came back"."""
    return next(
        (
            later
            for later in sentence.events
            if event.begin < later.begin < last
            and later.quantity is Quantity.RESTORED
            and sentence.crossing_cost(event.end, later.begin) < CROSSING_COST
        ),
        None,
    )
