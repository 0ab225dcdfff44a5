"""Events in a sentence: accounts fell, came back or are missing, or a follower count moved."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.tags import TaggedTokens, TokenRange
from birdfall.claims.parse.tokens import TokenKind

#: Words looked back over for "still" before a suspension, and for "not" before any event.
STILL_WORDS, VERB_FIRST_WORDS, DENIAL_WORDS = 6, 10, 5
NO_TOKENS = TokenRange(0, 0)


class Quantity(StrEnum):
    """What a claim measures.

    A ratio compares two others; a level is what a count stood at; began: how many waves did at a
    time.
    """

    FALLEN = "fallen"
    RESTORED = "restored"
    MISSING = "missing"
    LOST = "lost"
    GAINED = "gained"
    LEVEL = "level"
    RATIO = "ratio"
    BEGAN = "began"


#: Events by tag; of phrases of one length the first counts.
EVENT_TAGS = {
    Tag.MISSING: Quantity.MISSING,
    Tag.RESTORED: Quantity.RESTORED,
    Tag.FALLEN: Quantity.FALLEN,
    Tag.LOST: Quantity.LOST,
    Tag.GAINED: Quantity.GAINED,
}


@dataclass(frozen=True, slots=True)
class EventMention:
    """Tokens [begin, end) that say what happened.

    denied: a "not" stands before it. marks: the tokens of that "not", or of "still".
    """

    quantity: Quantity
    begin: int
    end: int
    denied: bool = False
    marks: TokenRange = NO_TOKENS


def find_events(words: TaggedTokens) -> list[EventMention]:
    """All events of a sentence, in order, not overlapping."""
    found: list[EventMention] = []
    at = 0
    bounds = {n: end for begin, end in words.ranges(Tag.NEVER_BELOW) for n in range(begin, end)}
    stills = words.ranges(Tag.STILL)
    while at < len(words):
        if at in bounds:
            at = bounds[at]  # "never dropped below" tells a level
            continue
        if any(begin < at < end for begin, end in stills):
            at += 1  # Arabic "still" is "has not gone"
            continue
        tags = words.phrase_tags(at)
        tag = max(EVENT_TAGS, key=lambda tag: tags.get(tag, 0))
        length = tags.get(tag, 0)
        if not length or _is_idle(words, at, length):
            at += 1
            continue
        found.append(_event(words, EVENT_TAGS[tag], at, at + length))
        at += length
    return [_without_still(words, found, n) for n in range(len(found))]


def _without_still(words: TaggedTokens, events: list[EventMention], n: int) -> EventMention:
    """An event, without a "still" that is of the next: "still 50 of the closed are off"."""
    event = events[n]
    following = events[n + 1] if n + 1 < len(events) else None
    shared = (
        following is not None
        and event.quantity is following.quantity is Quantity.MISSING
        and event.marks == following.marks != NO_TOKENS
        and words.length_before(event.begin, Tag.ACCOUNT, Tag.FOLLOWER)
    )
    if not shared:
        return event
    return EventMention(Quantity.FALLEN, event.begin, event.end)


def _event(words: TaggedTokens, quantity: Quantity, begin: int, end: int) -> EventMention:
    if quantity not in (Quantity.RESTORED, Quantity.FALLEN, Quantity.LOST):
        return EventMention(quantity, begin, end)
    waiting = words.ranges(Tag.WAITING, begin - STILL_WORDS, begin)
    if quantity is Quantity.RESTORED and waiting:
        # "still waiting for their return"
        return EventMention(Quantity.MISSING, begin, end, marks=TokenRange(*waiting[-1]))
    denial = denial_before(words, begin)
    if denial is not None and words.text(denial.begin) == "no" and words.length(end, Tag.ACCOUNT):
        denial = None  # "no suspended account": the account is denied, not that it fell
    if quantity is not Quantity.FALLEN or denial is not None:
        marks = NO_TOKENS if denial is None else TokenRange(denial.begin, begin)
        return EventMention(quantity, begin, end, denial is not None, marks)
    # where the verb comes first, what is counted stands between
    back = VERB_FIRST_WORDS if words.lexicon.verb_first else STILL_WORDS
    still = [
        place
        for place in words.ranges(Tag.STILL, max(0, begin - back), begin)
        if not _is_who_followed(words, place)
    ]
    if still and not words.contains(Tag.RESTORED, still[-1].end, begin):
        return EventMention(Quantity.MISSING, begin, end, marks=still[-1])
    return EventMention(quantity, begin, end)


def _is_who_followed(words: TaggedTokens, place: TokenRange) -> bool:
    """Whether a word that may mean "still" is "follow" before a handle: "siguen a @x"."""
    end = place.begin + words.length(place.begin, Tag.FOLLOW_VERB)
    end += words.is_a(end, Tag.TO_SOURCE)
    return place.begin < end < len(words) and words[end].kind is TokenKind.HANDLE


def _is_idle(words: TaggedTokens, begin: int, length: int) -> bool:
    """Whether the words are there but not the event: "back in 2013"."""
    return length == 1 and words[begin].text == "back" and words.is_a(begin + 1, Tag.CALENDAR)


def _is_what(words: TaggedTokens, at: int, verb: int) -> bool:
    """Whether an Arabic "not" is a "what": its verb has an object, "ما أوقفته المنصة"."""
    endings = tuple(words.lexicon.words[Tag.POSSESSIVE_ENDING])
    return words.is_a(at, Tag.WHAT) and at == verb - 1 and words.text(verb).endswith(endings)


def denial_before(words: TaggedTokens, at: int) -> TokenRange | None:
    """The "not" that stands before `at`, with nothing but small words between."""
    back = at
    while back > 0 and words[back - 1].kind is TokenKind.WORD and at - back < DENIAL_WORDS:
        length = words.length_before(back, Tag.NOT)
        if length and words.length_before(back, Tag.DOUBLE, Tag.TRIPLE) > length:
            return None  # Arabic: "twice what", with the "what" that may mean "not"
        if length and _is_what(words, back - length, at):
            return None
        if length:
            return TokenRange(back - length, back)
        if not words.is_a(back - 1, Tag.DENIAL_FILLER):
            return None
        back -= 1
    return None
