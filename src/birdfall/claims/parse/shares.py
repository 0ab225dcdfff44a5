"""Shares in a sentence: percentages, fractions ("two thirds", "most"), parts ("3 out of 4")."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from birdfall.claims.parse.durations import ARABIC_ARTICLE, SpanKind
from birdfall.claims.parse.events import EventMention, Quantity
from birdfall.claims.parse.items import Base, Item, Unit
from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.nouns import Noun, NounKind, kind_at, noun_after, says_who
from birdfall.claims.parse.qualifiers import Qualifier, read_qualifier
from birdfall.claims.parse.sentence import Sentence
from birdfall.claims.parse.tags import TaggedTokens, TokenRange
from birdfall.claims.parse.tokens import TokenKind

#: Percent by the tag of a fraction, the largest tried first.
FRACTIONS = {
    Tag.TWO_THIRDS: 200 / 3,
    Tag.THREE_QUARTERS: 75.0,
    Tag.HALF: 50.0,
    Tag.THIRD: 100 / 3,
    Tag.QUARTER: 25.0,
    Tag.FIFTH: 20.0,
    Tag.SIXTH: 100 / 6,
    Tag.EIGHTH: 12.5,
    Tag.TENTH: 10.0,
    Tag.TWO_FIFTHS: 40.0,
    Tag.THREE_FIFTHS: 60.0,
    Tag.FOUR_FIFTHS: 80.0,
}
#: "The vast majority" is more than so many percent.
VAST_PERCENT = 200 / 3
#: The whole of "3 out of 4"; of a plain "3 in 20".
MAX_WHOLE, MAX_PLAIN_WHOLE = 100, 20
#: Tokens searched for what a fraction is of; for an event after "la mitad".
WORDS_TO_WHOLE, WORDS_TO_EVENT = 6, 4


class Fraction(NamedTuple):
    """A fraction in words or as 2/3: percent, how strictly, and where it ends."""

    percent: float
    qualifier: Qualifier
    end: int


class PartOfWhole(NamedTuple):
    """Tokens [begin, end) of "3 out of 4", and the indices of the two numbers."""

    begin: int
    end: int
    part: int
    whole: int


def read_shares(sentence: Sentence) -> list[Item]:
    """All shares of a sentence; their numbers are taken."""
    found = _read_every(sentence)
    found += [_read_part(sentence, part) for part in find_parts_of_wholes(sentence)]
    found += _read_percentages(sentence)
    return found + _read_fractions(sentence, found)


def percent_end(sentence: Sentence, end: int) -> int | None:
    """Where a percent sign or word that follows a number ends; None if none does."""
    words = sentence.words
    if end < len(words) and words[end].kind is TokenKind.PERCENT:
        return end + 1
    length = words.length(end, Tag.PERCENT)
    return end + length if length else None


def base_of(sentence: Sentence, end: int) -> str:
    """What the share that ends at `end` is of, as far as it is said: a `Base`, or ""."""
    noun = noun_after(sentence, end)
    if _carries_whole(sentence, end) and sentence.words.length(end, Tag.FOLLOW_VERB):
        # "الموقوفون معظمهم من متابعي": the whole stands before
        first = sentence.clause(end).begin
        fell = [e for e in sentence.events if first <= e.begin < end and not e.denied]
        return Base.FALLEN if {e.quantity for e in fell} == {Quantity.FALLEN} else Base.OTHER
    named = _events_that_name(sentence, end, noun) or _those_fallen(sentence, end)
    if noun is not None and named and named[0].begin < noun.begin:
        # Arabic: "most of the suspended were of the followers of"
        followed = sentence.words.ranges(Tag.FOLLOW_VERB, named[0].end, noun.end)
        noun = None if any(b <= noun.begin < e for b, e in followed) else noun
    if noun is None and not named:
        return ""
    if noun is not None and _are_said_to_be(sentence, end, noun):
        return Base.FALLEN
    # "the suspended accounts": only where another event says what happened to them
    first, last = sentence.clause(end)
    told = len(named) < len(sentence.events) or sentence.words.contains(
        Tag.FOLLOW_VERB, first, last
    )
    timed = sentence.time is not None or any(s.kind is SpanKind.WINDOW for s in sentence.spans)
    told = told or any(said_to_follow(sentence, max(e.end, noun.end if noun else 0)) for e in named)
    told = told or (noun is None and timed)  # "most of the suspensions were on Monday"
    if named and told and (noun is None or noun.kind is NounKind.ACCOUNTS):
        return Base.FALLEN
    return "" if noun is None else Base(noun.kind)


def _events_that_name(sentence: Sentence, end: int, noun: Noun | None) -> list[EventMention]:
    """The suspensions that say which accounts a noun means: "the suspended accounts".

    end: where the share ends.
    """
    if noun is None:
        return []
    after = _after_relative(sentence.words, noun.end)
    return [
        event
        for event in sentence.events
        if event.quantity is Quantity.FALLEN
        and not event.denied
        and (event.begin == after or end <= event.begin <= noun.end)
    ]


def _after_relative(words: TaggedTokens, at: int) -> int:
    """Where "that were" and the like end: "the accounts that were suspended"."""
    after = at
    while words.length(after, Tag.RELATIVE) or (after > at and words.is_a(after, Tag.AUXILIARY)):
        after += max(1, words.length(after, Tag.RELATIVE))
    return after


def _are_said_to_be(sentence: Sentence, end: int, noun: Noun) -> bool:
    """Whether those suspended, who need no other noun, are said to be followers: "three in four
    suspendidos eran seguidores", "75 % of those suspended were followers".
    """
    words, at = sentence.words, _skip_small(sentence, end)
    return noun.kind is NounKind.FOLLOWERS and any(
        event.begin == at
        and event.quantity is Quantity.FALLEN
        and not event.denied
        and event.end < noun.begin
        and words.is_a(event.end, Tag.AUXILIARY)
        for event in sentence.events
    )


def _skip_small(sentence: Sentence, at: int) -> int:
    """Where what is neither "of" nor an article begins; a suspension may be spelled as one."""
    begins = {event.begin for event in sentence.events}
    while at not in begins and sentence.words.is_a(at, Tag.OF, Tag.ARTICLE):
        at += 1
    return at


def said_to_follow(sentence: Sentence, begin: int) -> TokenRange | None:
    """Where those suspended are said to be followers of a handle: "were followers of @x".

    begin: where what names them ends. The words from the copula to the noun, None if nothing does.
    """
    words, at = sentence.words, begin
    while words.is_a(at, Tag.AUXILIARY) or words.length(at, Tag.BELONGED):
        at += max(1, words.length(at, Tag.BELONGED))
    first = at
    while at > begin and words.is_a(at, Tag.OF, Tag.ARTICLE):
        at += 1
    if at == begin or at >= len(words):
        return None
    named = words[at].kind is TokenKind.HANDLE  # "were @x followers", "were @x's followers"
    at += named + (named and words.text(at + 1) == "s")
    length = words.length(at, Tag.FOLLOWER)
    after = at + length + words.is_a(at + length, Tag.OF)
    owned = named or (after < len(words) and words[after].kind is TokenKind.HANDLE)
    return TokenRange(begin, at + length) if length and owned and first > begin else None


def _say_whom_they_followed(sentence: Sentence, event: EventMention) -> bool:
    """Whether the suspended are said to follow somebody: "eight in ten suspendidos seguían a"."""
    words = sentence.words
    at = event.end + words.is_a(event.end, Tag.EXACTLY_AFTER)
    return words.length(at, Tag.FOLLOW_VERB) > 0 or said_to_follow(sentence, at) is not None


def _those_fallen(sentence: Sentence, end: int) -> list[EventMention]:
    """The suspension that is the whole of a share by itself: "63 % de las suspendidas".

    Arabic writes the article onto it: "نصف الموقوفين".
    """
    words, at = sentence.words, _skip_small(sentence, end)
    return [
        event
        for event in sentence.events
        if event.begin == at
        and (
            at > end
            or words.text(at).startswith(ARABIC_ARTICLE)
            or _say_whom_they_followed(sentence, event)
        )
        and event.quantity is Quantity.FALLEN
        and not event.denied
    ]


def find_parts_of_wholes(sentence: Sentence) -> list[PartOfWhole]:
    """Find "3 out of 4", "una de cada tres", "3 accounts in 4" among the free numbers."""
    found = []
    for i in range(len(sentence.amounts) - 1):
        part = _part_of_whole(sentence, i)
        if part is not None:
            found.append(part)
    return found


def _part_of_whole(sentence: Sentence, i: int) -> PartOfWhole | None:
    words, part, whole = sentence.words, sentence.amounts[i], sentence.amounts[i + 1]
    noun = words.length(part.end, Tag.FALLEN)
    # "three suspended in four", "three suspended accounts in four"
    named = words.length(part.end + noun, Tag.ACCOUNT, Tag.FOLLOWER, Tag.OUT_OF)
    noun = noun if named else 0
    noun += words.length(part.end + noun, Tag.ACCOUNT, Tag.FOLLOWER)
    noun += _of_handle(sentence, part.end + noun) if noun else 0
    noun += words.length(part.end + noun, Tag.FALLEN) if noun else 0
    noun += words.length(part.end + noun, Tag.EXACTLY_AFTER)
    joint = words.length(part.end + noun, Tag.OUT_OF)
    if (
        not joint
        or part.end + noun + joint != whole.begin
        or not 1 <= part.value < whole.value <= MAX_WHOLE
        or not sentence.is_free(i, i + 1)
    ):
        return None
    phrase = " ".join(word.text for word in words[part.end : whole.begin])
    if not noun and phrase == "de":
        return None
    # "3 in 2013", "two in ten minutes" are no shares
    plain = not noun and phrase == "in"
    told = noun_after(sentence, whole.end) is not None or _event_follows(sentence, whole.end)
    if plain and (whole.value > MAX_PLAIN_WHOLE or not told):
        return None
    return PartOfWhole(part.begin, whole.end, i, i + 1)


def _event_follows(sentence: Sentence, end: int) -> bool:
    """Whether an event of accounts stands close after: "three in five never came back"."""
    return any(
        0 <= event.begin - end <= WORDS_TO_EVENT
        and event.quantity in (Quantity.FALLEN, Quantity.RESTORED)
        and not sentence.words.contains(Tag.WITHIN, end, event.begin)
        for event in sentence.events
    )


def _of_handle(sentence: Sentence, at: int) -> int:
    """The tokens of "of @x" at `at`, 0 if others stand there."""
    words = sentence.words
    owned = at + 1 < len(words) and words.is_a(at, Tag.OF)
    return 2 if owned and words[at + 1].kind is TokenKind.HANDLE else 0


def _read_part(sentence: Sentence, part: PartOfWhole) -> Item:
    qualifier, begin = read_qualifier(sentence, part.begin, part.end)
    percent = 100 * sentence.amounts[part.part].value / sentence.amounts[part.whole].value
    share = _share(sentence, begin, part.end, percent, _about(qualifier))
    words = sentence.words
    inside = says_who(words, part.begin, part.end)
    sentence.take(part.part, part.whole)
    if words.contains(Tag.FALLEN, part.begin, part.end):
        return replace(share, of=Base.FALLEN)
    return replace(share, of=share.of or (Base(inside) if inside is not None else ""))


def _read_every(sentence: Sentence) -> list[Item]:
    """Read "of every ten suspended accounts, nine": the whole first."""
    words, found = sentence.words, []
    for i in range(len(sentence.amounts) - 1):
        whole, part = sentence.amounts[i], sentence.amounts[i + 1]
        opened = words.length_before(whole.begin, Tag.OF_EVERY)
        if not opened or not sentence.is_free(i, i + 1):
            continue
        qualifier, begin = read_qualifier(sentence, part.begin, part.end)
        kind = says_who(words, whole.end, begin)
        if (
            kind is None
            or not 1 <= part.value < whole.value <= MAX_WHOLE
            or not _only_names(sentence, whole.end, begin)
        ):
            continue
        fallen = words.contains(Tag.FALLEN, whole.end, begin)
        percent = 100 * part.value / whole.value
        first = whole.begin - opened
        share = _share(sentence, first, part.end, percent, _about(qualifier))
        found.append(replace(share, of=Base.FALLEN if fallen else Base(kind)))
        sentence.take(i, i + 1)
    return found


def _only_names(sentence: Sentence, begin: int, end: int) -> bool:
    """Whether the tokens [begin, end) only name a whole: "suspended accounts,"."""
    words, at = sentence.words, begin
    while at < end:
        length = words.length(at, Tag.ACCOUNT) or words.length(at, Tag.FALLEN)
        if not length and (words.text(at) in ",،" or words.is_a(at, Tag.OF, Tag.ARTICLE)):
            length = not words.is_a(at, Tag.FURTHER)
        if not length:
            return False
        at += length
    return True


def _read_percentages(sentence: Sentence) -> list[Item]:
    found = []
    for i in sentence.free():
        amount = sentence.amounts[i]
        end = percent_end(sentence, amount.end) if sentence.is_free(i) else None
        if end is None:
            continue
        qualifier, begin = read_qualifier(sentence, amount.begin, end)
        two_ways = amount.other is not None and amount.value > 100 >= amount.other
        value = amount.other if two_ways and amount.other is not None else amount.value
        found.append(_share(sentence, begin, end, value, qualifier))
        sentence.take_within(amount.begin, end)
    return found


def _read_fractions(sentence: Sentence, known: list[Item]) -> list[Item]:
    found = []
    at = 0
    while at < len(sentence.words):
        fraction = read_fraction(sentence, at)
        # "and a half" adds to what stands before it
        added = (
            fraction is not None
            and fraction.percent == FRACTIONS[Tag.HALF]
            and fraction.qualifier is not Qualifier.MORE_THAN
            and sentence.words.is_a(at - 1, Tag.AND)
        )
        if fraction is None or added or any(i.begin <= at < i.end for i in known):
            at = at + 1 if fraction is None else fraction.end
            continue
        qualifier, begin = read_qualifier(sentence, at, fraction.end)
        if fraction.qualifier is Qualifier.MORE_THAN:  # "most"
            denied = qualifier is Qualifier.NOT
            qualifier = Qualifier.AT_MOST if denied else Qualifier.MORE_THAN
        found.append(_share(sentence, begin, fraction.end, fraction.percent, _about(qualifier)))
        sentence.take_within(at, fraction.end)
        at = fraction.end
    return found


def read_fraction(sentence: Sentence, at: int) -> Fraction | None:
    """The fraction that begins at `at`, None if there is none."""
    words = sentence.words
    several = _read_several_parts(sentence, at)
    if several is not None:
        return several
    if any(
        a.begin <= at < a.end
        and (a.end - a.begin > 1 or (a.begin == at and not a.written and a.value < 1))
        for a in sentence.amounts
    ):
        return None  # half a dozen
    if words[at].kind is TokenKind.FRACTION:
        part, whole = (
            float(x) for x in words[at].text.replace("⁄", "/").replace(" ", "").split("/")
        )
        if 0 < part < whole <= MAX_WHOLE and _whole_follows(sentence, at + 1):
            return Fraction(100 * part / whole, Qualifier.ABOUT, at + 1)
        return None
    for tag, percent in FRACTIONS.items():
        end = at + words.length(at, tag)
        if end > at and (
            _whole_follows(sentence, end)
            or _is_definite(sentence, at, end)
            or _is_elliptic(sentence, at, end)
            or _is_of_total(sentence, at, end)
            or _carries_whole(sentence, end)
            or words.is_form_of(at - 1, Tag.BY_HOW_MUCH)
        ):
            if any(span.begin <= at < span.end for span in sentence.spans):
                return None
            return Fraction(percent, Qualifier.ABOUT, end)
    vast = at + words.length(at, Tag.VAST_MOST)
    if vast > at and _whole_follows(sentence, vast):
        return Fraction(VAST_PERCENT, Qualifier.MORE_THAN, vast)
    end = at + words.length(at, Tag.MOST)
    told = end > at and (_whole_follows(sentence, end) or _carries_whole(sentence, end))
    if told and not words.is_a(at - 1, Tag.SUPERLATIVE):
        return Fraction(50.0, Qualifier.MORE_THAN, end)
    return None


def _read_several_parts(sentence: Sentence, at: int) -> Fraction | None:
    """Read "ثلاثة أعشار": so many parts of a whole."""
    words = sentence.words
    amount = next((a for a in sentence.amounts if a.begin == at and a.end == at + 1), None)
    if amount is None:
        return None
    parts = words.lexicon.parts.get(words.text(amount.end), 0.0)
    if not 1 < amount.value < parts or not _whole_follows(sentence, amount.end + 1):
        return None
    return Fraction(100 * amount.value / parts, Qualifier.ABOUT, amount.end + 1)


def _carries_whole(sentence: Sentence, end: int) -> bool:
    """Whether Arabic writes onto a fraction what it is of: "half of them"."""
    endings = sentence.words.lexicon.words[Tag.POSSESSIVE_ENDING]
    longer = tuple(ending for ending in endings if len(ending) > 1)
    return sentence.words.text(end - 1).endswith(longer) if longer else False


def _is_of_total(sentence: Sentence, at: int, end: int) -> bool:
    """Whether a fraction says a number again: "600 followers, a quarter of the total"."""
    words, begin = sentence.words, read_qualifier(sentence, at, end).begin
    told = words.text(begin - 1) in (",", "(", "–", "—") or words.length_before(begin, Tag.APPOSED)
    return bool(told) and words.length(end, Tag.OF_TOTAL) > 0


def _is_elliptic(sentence: Sentence, at: int, end: int) -> bool:
    """Whether a fraction stands alone with its handle: "@x lost half and @y, a tenth"."""
    words = sentence.words
    closed = end == len(words) or sentence.ends_sentence(end)
    return closed and words.text(at - 1) in (",", "،") and words[at - 2].kind is TokenKind.HANDLE


def _is_definite(sentence: Sentence, at: int, end: int) -> bool:
    """Whether an article and an event make a fraction one of accounts: "la mitad cayó"."""
    return (
        end - at > 1
        and sentence.words.is_a(at, Tag.DEFINITE)
        and any(0 <= event.begin - end <= WORDS_TO_EVENT for event in sentence.events)
    )


def _whole_follows(sentence: Sentence, begin: int) -> bool:
    """Whether what follows a fraction is what it is a fraction of, or what happened to it."""
    words = sentence.words
    for at in range(begin, min(begin + WORDS_TO_WHOLE, len(words))):
        if kind_at(words, at) is not None or words.length(at, Tag.THEM, Tag.FOLLOW_VERB):
            return True
        if any(event.begin == at for event in sentence.events):
            return True
        word = words[at]
        if word.kind not in (TokenKind.WORD, TokenKind.HANDLE, TokenKind.DIGITS):
            return False
        if words.length(at, Tag.OTHER_NOUN):
            return False
        if at - begin >= 2 and word.kind is TokenKind.WORD and not _is_small(sentence, at):
            return False
    return False


def _is_small(sentence: Sentence, at: int) -> bool:
    """Whether the word at `at` may stand between a fraction and its whole."""
    words = sentence.words
    return (
        words.is_a(at, Tag.OF, Tag.ARTICLE, Tag.AUXILIARY)
        or bool(words.length(at, Tag.POSSESSIVE))
        or any(amount.begin <= at < amount.end for amount in sentence.amounts)
    )


def _about(qualifier: Qualifier) -> Qualifier:
    """A fraction without a qualifier is meant about."""
    return Qualifier.ABOUT if qualifier is Qualifier.PLAIN else qualifier


def _share(sentence: Sentence, begin: int, end: int, percent: float, qualifier: Qualifier) -> Item:
    return Item(
        begin,
        end,
        percent,
        Unit.PERCENT,
        qualifier,
        of=base_of(sentence, end),
        noun=noun_after(sentence, end),
    )


def named_events(sentence: Sentence, item: Item) -> list[EventMention]:
    """The events that name the base of a share: "a third of the suspended accounts"."""
    if item.unit is not Unit.PERCENT or item.of != Base.FALLEN:
        return []
    return _events_that_name(sentence, item.end, item.noun) or _those_fallen(sentence, item.end)
