"""Phrases that say nothing new beside what was read: "alone", "all" before a number, headlines."""

from __future__ import annotations

from birdfall.claims.parse.durations import SpanKind
from birdfall.claims.parse.events import Quantity
from birdfall.claims.parse.items import Item, Unit
from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.populations import is_office
from birdfall.claims.parse.qualifiers import Qualifier
from birdfall.claims.parse.sentence import Sentence
from birdfall.claims.parse.tags import TokenRange
from birdfall.claims.parse.tokens import TokenKind

#: What may be said of the suspended accounts as what they are: "the suspended accounts came back".
OF_FALLEN = (Quantity.RESTORED, Quantity.MISSING)


def own_accounts(sentence: Sentence) -> list[TokenRange]:
    """Where whoever is counted lost or got back their own accounts: "regained their accounts".

    Only after an event whose number stands before it; "closed its accounts" says whose they are.
    """
    words, found = sentence.words, []
    for event in sentence.events:
        first = sentence.clause(event.begin).begin
        if not any(first <= amount.begin < event.begin for amount in sentence.amounts):
            continue
        at = event.end + bool(words.length(event.end, Tag.TO) or words.is_a(event.end, Tag.OF))
        own = words.length(at, Tag.POSSESSIVE)
        noun = words.length(at + own, Tag.ACCOUNT) if own else 0
        if noun:
            found.append(TokenRange(event.end, at + own + noun))
    return found


def all_of_number(sentence: Sentence, item: Item) -> list[TokenRange]:
    """The "all" right before a number, or between "remain" and "suspended": no more than it.

    Not of what is denied: "not all 1,600" is another number.
    """
    words, at = sentence.words, item.begin
    told = item.qualifier is Qualifier.PLAIN and item.quantity in (*OF_FALLEN, Quantity.FALLEN)
    if not told or item.unit is Unit.PERCENT:
        return []
    while words.is_a(at - 1, Tag.ARTICLE) and not words.is_a(at - 1, Tag.FURTHER):
        at -= 1
    length = words.length_before(at, Tag.ALL)
    first = at - length
    found = [TokenRange(first, at)] if length and not words.length_before(first, Tag.NOT) else []
    event = item.event
    inside = event is not None and item.end <= event.begin and not event.denied
    if event is not None and inside:
        end = event.marks.end if event.marks.end > item.end else event.begin
        found += [a for a in words.ranges(Tag.ALL, end, event.begin) if a.end == event.begin]
    return found


def among_fallen(sentence: Sentence, item: Item) -> list[TokenRange]:
    """The "among" before the suspended that a number is of: "among those suspended were 40"."""
    words, event = sentence.words, item.event
    if event is None or item.quantity is not Quantity.FALLEN or event.denied:
        return []
    at = event.begin - words.length_before(event.begin, Tag.ACCOUNT)
    while words.is_a(at - 1, Tag.ARTICLE) or words.length_before(at, Tag.THEM):
        at -= 1
        if words.is_a(at, Tag.AMONG):
            break
    first = at - (not words.is_a(at, Tag.AMONG))
    return [TokenRange(first, event.begin)] if words.is_a(first, Tag.AMONG) else []


def headline(sentence: Sentence, items: list[Item]) -> list[TokenRange]:
    """The wave as the head of a headline: "Purge on the network: 1,600 accounts suspended"."""
    words = sentence.words
    colon = next((at for at in range(len(words)) if words.text(at) == ":"), 0)
    told = {amount.begin for amount in sentence.amounts} | {
        at for at, word in enumerate(words) if word.kind is TokenKind.HANDLE
    }
    if not items or any(at < colon for at in told) or words.contains(Tag.NOT, 0, colon):
        return []
    waves, at = words.ranges(Tag.WAVE, 0, colon), 0
    while waves and at < colon:  # nothing else but where it was
        small = words.is_a(at, Tag.OF, Tag.ARTICLE)
        at += words.length(at, Tag.WAVE, Tag.FILLER, Tag.WITHIN, Tag.DATE_BEFORE) or small or colon
    return [TokenRange(0, colon)] if waves and at == colon else []


def beside_event(sentence: Sentence, item: Item) -> list[TokenRange]:
    """The "a single" of what did not happen to one, and the "its" of a return waited for."""
    words, event = sentence.words, item.event
    if event is None:
        return []
    if item.value == 0 and event.denied:
        at = event.end
        while words.is_a(at, Tag.ONE, Tag.ARTICLE, Tag.SINGLE) and not words.is_a(at, Tag.FURTHER):
            at += 1
        single = any(words.is_a(n, Tag.SINGLE) for n in range(event.end, at))
        return (
            [TokenRange(event.end, at)]
            if single and words.length(at, Tag.FOLLOWER, Tag.ACCOUNT)
            else []
        )
    own = words.length_before(event.begin, Tag.POSSESSIVE)
    waited = item.quantity is Quantity.MISSING and own and event.marks.end <= event.begin - own
    return [TokenRange(event.begin - own, event.begin)] if waited else []


def office_of(sentence: Sentence, handle: int) -> list[TokenRange]:
    """The office of a handle that is set beside it: "the minister's account, @x"."""
    words, at = sentence.words, handle
    while words.text(at - 1) in (",", "(", "،"):
        at -= 1
    at -= words.length_before(at, Tag.ACCOUNT)
    at -= words.text(at - 1) == "s"
    held = at < handle and words.length(at - 1, Tag.GROUP) == 1 and is_office(words.text(at - 1))
    return [TokenRange(at - 1, handle)] if held else []


def by_itself(sentence: Sentence, handle: int) -> list[TokenRange]:
    """The "alone" of a handle: "@x alone lost 350", "à elle seule, @x a perdu 350"."""
    words = sentence.words
    after = words.length(handle + 1, Tag.BY_ITSELF)
    comma = words.text(handle - 1) == ","
    before = words.length_before(handle - comma, Tag.BY_ITSELF)
    return [TokenRange(handle - comma - before, handle), TokenRange(handle, handle + 1 + after)]


def wave_lasted(sentence: Sentence, lasted: TokenRange) -> bool:
    """Whether it is the wave that lasted, and no suspension: "the wave lasted ten minutes".

    How long a suspension lasted is how long the accounts were gone, and not the time within which
    they fell.
    """
    words, first = sentence.words, sentence.clause(lasted.begin).begin
    heads = [event.begin for event in sentence.events if event.begin < lasted.begin]
    waves = [wave.begin for wave in words.ranges(Tag.WAVE, 0, lasted.begin)]
    waves += [whole.begin for whole in words.ranges(Tag.ALL, first, lasted.begin)]
    here = [at for at in heads if at >= first], [at for at in waves if at >= first]
    heads, waves = here if any(here) else (heads, waves)  # "it lasted": of the sentence before
    return not heads or min(waves, default=len(words)) <= min(heads)


def gone_for(sentence: Sentence, item: Item) -> str:
    """The word that says how long accounts were gone, "" if none: "suspended for ten minutes"."""
    words, window, event = sentence.words, item.window, item.event
    told = item.quantity in (Quantity.FALLEN, Quantity.MISSING)
    if window is None or event is None or not told or window.took:
        return ""
    # "suspensas por minuto" is a rate, "suspensas por doze minutos" is none
    counted = window.kind is SpanKind.RATE and window.end - window.begin > 1
    if window.kind is not SpanKind.WINDOW and not counted:
        return ""
    stated = words.is_a(event.end, Tag.FOR_LONG) and event.end + 1 == window.begin
    # Arabic says it without a preposition: "بقي 2400 حساب موقوفا 12 دقيقة"
    bare = words.language == "ar" and event.end == window.begin and item.end <= event.begin
    return words.text(event.end) if stated or bare else ""
