"""All or nothing: which word of a sentence no reader used, so that no verdict may be given.

A token is understood if it is part of a claim that was read (its number, qualifier, noun, event,
window, whose), or if the lexicon of the language lists it as filler. What is left decides: one
token that carries meaning and was not used, and the whole sentence is refused with that word.
"""

from __future__ import annotations

from collections.abc import Iterator

from birdfall.claims.parse.covered_phrases import (
    OF_FALLEN,
    all_of_number,
    among_fallen,
    beside_event,
    by_itself,
    gone_for,
    headline,
    office_of,
    own_accounts,
    wave_lasted,
)
from birdfall.claims.parse.durations import ARABIC_ARTICLE, Span, SpanKind, filler_begin
from birdfall.claims.parse.events import Quantity
from birdfall.claims.parse.items import EVERYBODY, LEADER, Base, Comparison, Item, Unit
from birdfall.claims.parse.levels import Chain
from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.populations import COUNT_QUANTITIES, is_speaker
from birdfall.claims.parse.qualifiers import MAX_WORDS_AFTER, TAGS_AFTER, Qualifier
from birdfall.claims.parse.sentence import Sentence
from birdfall.claims.parse.shares import named_events
from birdfall.claims.parse.tags import TokenRange
from birdfall.claims.parse.tokens import TokenKind

#: Marks that say nothing by themselves.
_SILENT_MARKS = frozenset(".,;:!¡()[]\"'«»“”…—–-،؛")
#: Words between "said" and "that" where the speaker stands there.
SPEAKER_WORDS = 5
#: Words between an owner and "lost": an auxiliary, an adverb.
OWNER_WORDS = 2
#: Words between "only" and the verb of its number.
STRICT_WORDS = 2
#: What may be said to be of the wave.
_OF_THE_WAVE = (*OF_FALLEN, Quantity.FALLEN, Quantity.LOST, Quantity.GAINED)
#: The words that tell levels, used up by a chain of levels.
_LEVEL_TAGS = (
    Tag.MOVED,
    Tag.ROSE,
    Tag.HAD,
    Tag.HAS,
    Tag.LEFT_WITH,
    Tag.NOW,
    Tag.LATER,
    Tag.BEFOREHAND,
    Tag.FROM,
    Tag.TO,
)


def first_unread(sentence: Sentence, items: list[Item], chains: list[Chain]) -> str:
    """The first word that carries meaning and was used by nothing, "" if there is none."""
    used = _used_tokens(sentence, items, chains)
    for at, token in enumerate(sentence.words):
        if at in used:
            continue
        if token.kind is not TokenKind.MARK or token.text not in _SILENT_MARKS:
            return token.text
    return next(filter(None, (gone_for(sentence, item) for item in items)), "")


def _used_tokens(sentence: Sentence, items: list[Item], chains: list[Chain]) -> set[int]:
    words = sentence.words
    used: set[int] = set(sentence.understood)
    ranges = [r for item in items for r in item.token_ranges()]
    ranges += [r for item in items for r in _told_by(sentence, item)]
    ranges += [
        r for item in items if item.window is not None for r in _around(sentence, item.window)
    ]
    if sentence.time is not None and any(item.when is not None for item in items):
        ranges += sentence.time.ranges
    compared = any(item.unit is Unit.TIMES and not item.by_share for item in items)
    ranges += [
        r
        for r in words.ranges(Tag.FILLER)
        if not _may_have(sentence, r.begin)
        # "the share of those of @x is twice that of @y" compares no numbers
        and not (compared and words.is_form_of(r.begin, Tag.RATE_NOUN))
    ]
    ranges += words.ranges(Tag.ACCOUNT)
    if any(item.value == 0 for item in items):
        ranges += words.ranges(Tag.ANYONE) + words.ranges(Tag.EVER)
        ranges += [
            own for own in words.ranges(Tag.POSSESSIVE) if words.length(own.end, Tag.ACCOUNT)
        ]
    ranges += [r for tag in _tags_told(items, chains) for r in words.ranges(tag)]
    ranges += words.ranges(Tag.OWN_ACCOUNTS) + own_accounts(sentence)
    ranges += [r for item in items for r in _strictly(sentence, item)]
    ranges += [r for item in items for r in _of_them(sentence, item)]
    ranges += [r for item in items for r in all_of_number(sentence, item)]
    ranges += [r for item in items for r in among_fallen(sentence, item)]
    ranges += [r for item in items for r in _denied_again(sentence, item)]
    ranges += [r for item in items for r in _taken(sentence, item)]
    gained = [item for item in items if item.quantity is Quantity.GAINED]
    ends = {i.end for i in gained} | {i.noun.end for i in gained if i.noun is not None}
    ranges += [TokenRange(end, end + 1) for end in ends if words.is_a(end, Tag.FURTHER)]
    if gained:
        ranges += [TokenRange(n, n + 1) for n in range(len(words)) if words.is_a(n, Tag.NEW)]
    if any(_is_about_followers(item) for item in items) or chains:
        ranges += words.ranges(Tag.FOLLOWER)
    ranges += _told_levels(sentence) if chains else []
    ranges += _reporting(sentence)
    ranges += _speakers(sentence)
    ranges += headline(sentence, items)
    ranges += [r for item in items for r in beside_event(sentence, item)]
    ranges += _named_as_fallen(sentence, items)
    ranges += _whose(sentence, items, chains)
    for begin, end in ranges:
        used.update(range(begin, end))
    return used


def _may_have(sentence: Sentence, at: int) -> bool:
    """Whether an Arabic "has" at `at` is a "may", as it is before a verb of what is not past."""
    words, verb = sentence.words, sentence.words.text(at + 1)
    if words.language != "ar" or not words.is_form_of(at, Tag.PLUPERFECT):
        return False
    # of the past the feminine ends in a t: "has stopped" beside "may stop"
    told = words.length(at + 1, Tag.FALLEN, Tag.RESTORED)
    return verb.startswith("ي") or (verb.startswith("ت") and not verb.endswith("ت") and told > 0)


def _tags_told(items: list[Item], chains: list[Chain]) -> Iterator[Tag]:
    """The tags whose words are understood by what is claimed."""
    of_fallen = bool(items) and all(item.quantity in OF_FALLEN for item in items)
    windows = [item.window for item in items if item.window is not None]
    told = {
        Tag.STILL: any(item.quantity is Quantity.MISSING for item in items),
        Tag.AGAIN: bool(chains) or of_fallen,
        Tag.AFTERWARDS: bool(items) and all(i.quantity is Quantity.RESTORED for i in items),
        Tag.ON_AVERAGE: any(window.kind is SpanKind.RATE for window in windows),
        Tag.SINCE_THEN: of_fallen,
        Tag.RELATIVELY: any(item.by_share for item in items),
        Tag.WAVE: of_fallen,
        Tag.THEM: len(items) > 1,
        Tag.BUT: any(item.qualifier is Qualifier.NOT for item in items),
    }
    return (tag for tag, understood in told.items() if understood)


def _told_levels(sentence: Sentence) -> list[TokenRange]:
    """The words that tell levels: "before the wave", "then", arrows."""
    words = sentence.words
    found = [
        wave
        for wave in words.ranges(Tag.WAVE)
        if words.length_before(wave.begin, Tag.BEFOREHAND)
        or words.length_before(wave.begin - 1, Tag.BEFOREHAND)
    ]
    found += [r for tag in _LEVEL_TAGS for r in words.ranges(tag)]
    found += [day for day in words.ranges(Tag.OF_WAVE) if _is_that_day(sentence, day)]
    return found + [
        TokenRange(at, at + 1)
        for at in range(len(words))
        if words[at].kind is TokenKind.ARROW or words.is_a(at, Tag.SINGLE)
    ]


def _around(sentence: Sentence, window: Span) -> list[TokenRange]:
    """The tokens of a duration with the words around that make it a window, a delay or a rate."""
    words = sentence.words
    begin, end = filler_begin(words, window.begin), window.end
    for tag in (Tag.WITHIN, Tag.PER, Tag.DELAY_BEFORE, Tag.DELAY_AFTER):
        begin -= words.length_before(begin, tag)
    begin -= words.length_before(begin, Tag.ALONE)
    end += words.length(end, Tag.DELAY_AFTER, Tag.ALONE)
    return [TokenRange(begin, end)]


def _strictly(sentence: Sentence, item: Item) -> list[TokenRange]:
    """Words of strictness that stand apart from their number: "apenas le tumbaron 60".

    And the second "no" of "no hubo ni 5.000", which adds nothing to the first.
    """
    words = sentence.words
    first = sentence.clause(item.begin).begin
    found = []
    twice = sentence.language != "en"  # "no hubo ni 5.000": one denial
    denied = item.event is not None and item.event.denied
    if twice and words.length(item.begin, Tag.NOT_EVEN) and not denied:
        found += words.ranges(Tag.NOT, first, item.begin)
    if item.window is not None:
        end = item.window.end
        found.append(TokenRange(end, end + words.length(end, Tag.EXACTLY, Tag.EXACTLY_AFTER)))
    last = sentence.clause(item.begin).end
    if item.qualifier in (Qualifier.PLAIN, Qualifier.ABOUT, Qualifier.EXACTLY):
        found.append(TokenRange(last - words.length_before(last, Tag.EXACTLY_AFTER), last))
    for stop in range(item.end, item.end + MAX_WORDS_AFTER + 1):
        found += [
            TokenRange(stop, stop + words.length(stop, tag))
            for tag, qualifier in TAGS_AFTER.items()
            if qualifier is item.qualifier
        ]
    about = item.qualifier in (Qualifier.PLAIN, Qualifier.ABOUT)
    if about and item.event is not None:
        found += words.ranges(Tag.EXACTLY_AFTER, item.end, item.event.begin)
    if about and item.event is not None:
        found += [
            strict
            for strict in words.ranges(Tag.EXACTLY, first, item.begin)
            if 0 <= item.event.begin - strict.end <= STRICT_WORDS and item.event.end <= item.begin
        ]
    return found


def _taken(sentence: Sentence, item: Item) -> list[TokenRange]:
    """The words around the length of time that something took: "it took an hour for 50 to fall"."""
    words, window = sentence.words, item.window
    if window is None:
        return []
    first = sentence.clause(window.begin).begin
    took = words.ranges(Tag.TOOK, first, window.begin)
    took += [
        lasted
        for lasted in words.ranges(Tag.LASTED, first, window.begin)
        if wave_lasted(sentence, lasted)
    ]
    if len(took) != 1:
        return []
    found = list(took)
    # Arabic: "did not take but ten minutes"
    denied = words.length_before(took[0].begin, Tag.NOT)
    if denied and any(words.is_a(at, Tag.ONLY_BUT) for at in (window.begin - 1, window.begin)):
        found.append(TokenRange(took[0].begin - denied, took[0].begin))
        found.append(TokenRange(window.begin - 1, window.begin))
    beside = {window.end, item.begin - 1} | {event.begin - 1 for event in sentence.events}
    found += [TokenRange(at, at + 1) for at in beside if words.is_a(at, Tag.TOOK_LINK)]
    return found


def _is_that_day(sentence: Sentence, day: TokenRange) -> bool:
    """Whether a phrase says "that day", and not "after the wave"."""
    words = sentence.words
    after = words.length_before(day.begin, Tag.LATER, Tag.BEFOREHAND, Tag.DELAY_BEFORE)
    return not after and not words.contains(Tag.WAVE, day.begin, day.end)


def _of_them(sentence: Sentence, item: Item) -> list[TokenRange]:
    """The "of them" right after a number."""
    words = sentence.words
    at = item.end + words.is_a(item.end, Tag.OF)
    length = words.length(at, Tag.THEM)
    return [TokenRange(item.end, at + length)] if length else []


def _denied_again(sentence: Sentence, item: Item) -> list[TokenRange]:
    """The second "not" right after an event that is denied: "no ha vuelto nunca" denies once."""
    event = item.event
    if event is None or not event.denied:
        return []
    last = sentence.clause(event.begin).end
    yet = sentence.words.length_before(last, Tag.YET)
    found = [TokenRange(last - yet, last)] if last - yet >= event.end else []
    length = sentence.words.length(event.end, Tag.NOT) if sentence.language != "en" else 0
    return [*found, TokenRange(event.end, event.end + length)]


def _is_about_followers(item: Item) -> bool:
    return item.population != EVERYBODY or item.unit is Unit.FOLLOWERS


def _told_by(sentence: Sentence, item: Item) -> list[TokenRange]:
    """The words that say what a ratio is to, and of which wave a number is."""
    words = sentence.words
    of_wave = item.quantity in _OF_THE_WAVE or item.of == Comparison.USUAL
    found = words.ranges(Tag.OF_WAVE) if of_wave else []
    almost = words.length_before(item.begin, Tag.ALMOST)
    found.append(TokenRange(item.begin - almost, item.begin))
    if words.text(item.end) == "+":
        found.append(TokenRange(item.end, item.end + 1))
    if item.unit is Unit.TIMES:
        if item.of == Comparison.USUAL:
            found += words.ranges(Tag.USUAL)
        found += words.ranges(Tag.COMPARED, item.begin, item.end + 2)
        if item.of == Comparison.RESTORED:
            found += [TokenRange(e.begin, e.end) for e in sentence.events]
        else:
            found += _events_of_ratio(sentence, item)
    return found


def _events_of_ratio(sentence: Sentence, item: Item) -> list[TokenRange]:
    first, last = sentence.clause(item.begin)
    kinds = (Quantity.FALLEN, Quantity.LOST)
    return [
        TokenRange(event.begin, event.end)
        for event in sentence.events
        if first <= event.begin < last and event.quantity in kinds and not event.denied
    ]


def _reporting(sentence: Sentence) -> list[TokenRange]:
    """Who says it, and that it is said: "@x said that", "..., officials insisted"."""
    words = sentence.words
    found = []
    for begin, end in words.ranges(Tag.SAYS):
        if words.text(begin).startswith(ARABIC_ARTICLE):
            continue  # "the publishing" is no verb
        that = words.is_a(end, Tag.THAT) or (end < len(words) and words[end].kind is TokenKind.MARK)
        if that or end == len(words) or words.text(begin - 1) == ",":
            found.append(TokenRange(begin, end + words.is_a(end, Tag.THAT)))
        elif any(words.is_a(at, Tag.THAT) for at in range(end, end + SPEAKER_WORDS)):
            found.append(TokenRange(begin, end))  # Arabic: "said the ministry that"
    for at, word in enumerate(words):
        if word.kind is TokenKind.HANDLE and is_speaker(sentence, at):
            before = words.length_before(at, Tag.SOURCE)
            linked = words.length_before(at - 1, Tag.SOURCE)
            first = at - before if before else at - 1 - linked if linked else at
            found.append(TokenRange(first, at + 1 + words.length(at + 1, Tag.SAYS)))
    return found


def _speakers(sentence: Sentence) -> list[TokenRange]:
    """Who says it or did it: "the ministry said", "the authorities closed".

    Not where the accounts are theirs, which no record tells: "accounts of the ministry", "the
    authorities lost 200 accounts", "officials had 200 accounts suspended".
    """
    return [
        speaker
        for speaker in sentence.words.ranges(Tag.SPEAKER)
        if not _is_owner(sentence, speaker)
    ]


def _is_owner(sentence: Sentence, speaker: TokenRange) -> bool:
    """Whether what is counted belongs to whom a phrase names."""
    words = sentence.words
    before = speaker.begin - 1
    while words.is_a(before, Tag.ARTICLE):
        before -= 1
    linked = words.is_form_of(before, Tag.OF) or words.length_before(before + 1, Tag.TO, Tag.FROM)
    if linked and not words.length_before(before, Tag.SPEAKER):
        return True
    after = speaker.end
    if words.text(after) == "s" or words.length(after, Tag.ACCOUNT, Tag.FOLLOWER):
        return True  # "the ministry's accounts", "ministry accounts"
    number = after + words.length(after, Tag.OWNS)
    starts = {amount.begin for amount in sentence.amounts}
    if number > after and not starts.isdisjoint(range(number, number + OWNER_WORDS + 1)):
        return True
    if sentence.language == "en" and after in starts:
        return True  # "the authorities' 200 accounts"; elsewhere the subject may stand there
    return any(
        event.quantity is Quantity.LOST
        and (after <= event.begin <= after + OWNER_WORDS or event.end == before + 1)
        for event in sentence.events
    )


def _named_as_fallen(sentence: Sentence, items: list[Item]) -> list[TokenRange]:
    """Where suspended accounts are only named: beside their noun, while another event is told."""
    words = sentence.words
    told = any(item.quantity in OF_FALLEN or item.of == Base.FALLEN for item in items)
    if not told:
        return []
    wholes = [event for item in items for event in named_events(sentence, item)]
    nouns = words.ranges(Tag.ACCOUNT) + words.ranges(Tag.FOLLOWER)
    begins, ends = {noun.begin for noun in nouns}, {noun.end for noun in nouns}
    return [
        TokenRange(event.begin, event.end)
        for event in sentence.events
        if event.quantity is Quantity.FALLEN
        and not event.denied
        and (
            event in wholes
            or event.end in begins
            or event.begin in ends
            or (words.is_a(event.begin - 1, Tag.ARTICLE) and words.text(event.end) == ":")
        )
    ]


def _is_title(sentence: Sentence, at: int) -> bool:
    """Whether an Arabic noun at `at` is the title of the handle after it: "the governor @x"."""
    words = sentence.words
    if words.language != "ar" or not words.text(at).startswith((ARABIC_ARTICLE, "لل")):
        return False
    tags = set(words.phrase_tags(at)) - {Tag.GROUP, Tag.SPEAKER_NOUN, Tag.SPEAKER, Tag.SAID_WHERE}
    return not tags and words.length_before(at, Tag.NOT) == 0


def _whose(sentence: Sentence, items: list[Item], chains: list[Chain]) -> list[TokenRange]:
    """The handles, groups and possessives that say whose accounts a claim is about."""
    words = sentence.words
    named = {item.population for item in items} | {chain.population for chain in chains}
    named |= {item.of for item in items if item.unit is Unit.TIMES}
    groups = {item.group for item in items if item.group} | {c.group for c in chains if c.group}
    found = []
    for at, word in enumerate(words):
        if word.kind is TokenKind.HANDLE and (word.text in named or sentence.is_platform(at)):
            # "the union @x"
            named_by = words.length(at - 1, Tag.SPEAKER_NOUN) and not words.length(
                at - 1, Tag.GROUP
            )
            titled = named_by or _is_title(sentence, at - 1)
            found.append(TokenRange(at - bool(titled), at + 1))
            found += office_of(sentence, at) + by_itself(sentence, at)
            if words.text(at + 1) == "s":
                found.append(TokenRange(at + 1, at + 2))
        elif word.text in groups and words.length(at, Tag.GROUP):
            if words.text(at + 1) == "s":
                found.append(TokenRange(at + 1, at + 2))
            found.append(TokenRange(at, at + 1))
    for begin, end in words.ranges(Tag.FOLLOW_VERB):
        linked = words.is_a(end, Tag.FOLLOWED, Tag.OF) and not words.is_a(end, Tag.FURTHER)
        if words.text(end) in named:
            found.append(TokenRange(begin, end))
        elif linked and words.text(end + 1) in named:
            found.append(TokenRange(begin, end + 1))
    handles = {word.text for word in words if word.kind is TokenKind.HANDLE}
    if (
        LEADER in named
        or named == handles
        or any(item.quantity in COUNT_QUANTITIES for item in items)
    ):
        found += words.ranges(Tag.POSSESSIVE)
    return found
