"""Events in a sentence: accounts fell, came back or are missing, or a follower count moved."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.tags import TaggedTokens
from birdfall.claims.parse.tokens import TokenKind

#: Words looked back over for "still" before a suspension, and for "not" before any event.
STILL_WORDS, DENIAL_WORDS = 6, 5


class Quantity(StrEnum):
    """What a claim measures. A ratio compares two others; a level is what a count stood at."""

    FALLEN = "fallen"
    RESTORED = "restored"
    MISSING = "missing"
    LOST = "lost"
    GAINED = "gained"
    LEVEL = "level"
    RATIO = "ratio"


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
    """Tokens [begin, end) that say what happened. denied: a "not" stands before it."""

    quantity: Quantity
    begin: int
    end: int
    denied: bool = False


def find_events(words: TaggedTokens) -> list[EventMention]:
    """All events of a sentence, in order, not overlapping."""
    found: list[EventMention] = []
    at = 0
    while at < len(words):
        tags = words.phrase_tags(at)
        tag = max(EVENT_TAGS, key=lambda tag: tags.get(tag, 0))
        length = tags.get(tag, 0)
        if not length or _is_idle(words, at, length):
            at += 1
            continue
        found.append(_event(words, EVENT_TAGS[tag], at, at + length))
        at += length
    return found


def _event(words: TaggedTokens, quantity: Quantity, begin: int, end: int) -> EventMention:
    if quantity is Quantity.RESTORED:
        return EventMention(quantity, begin, end, _has_denial(words, begin))
    if quantity is not Quantity.FALLEN:
        return EventMention(quantity, begin, end)
    denied = _has_denial(words, begin)
    if not denied and words.contains(Tag.STILL, begin - STILL_WORDS, begin):
        return EventMention(Quantity.MISSING, begin, end)
    return EventMention(quantity, begin, end, denied)


def _is_idle(words: TaggedTokens, begin: int, length: int) -> bool:
    """Whether the words are there but not the event: "back in 2013"."""
    return length == 1 and words[begin].text == "back" and words.is_a(begin + 1, Tag.CALENDAR)


def _has_denial(words: TaggedTokens, at: int) -> bool:
    """Whether "not" stands before `at`, with nothing but small words between."""
    back = at
    while back > 0 and words[back - 1].kind is TokenKind.WORD and at - back < DENIAL_WORDS:
        if words.length_before(back, Tag.NOT):
            return True
        if not words.is_a(back - 1, Tag.DENIAL_FILLER):
            return False
        back -= 1
    return False
