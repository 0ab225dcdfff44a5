"""From a sentence to what can be measured in it: numbers, durations, events, whose, how strictly.

A grammar of parts, not of patterns: each number takes the nearest part of each kind that no other
number or clause stands before. Where the language does not settle a number (3.348), the claim holds
its other reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from birdfall.claims.parse.agents import take_out_agents
from birdfall.claims.parse.attribution import attach_events, mark_further
from birdfall.claims.parse.attribution_of_times import attach_time, attach_windows
from birdfall.claims.parse.counts import read_counts
from birdfall.claims.parse.coverage import first_unread
from birdfall.claims.parse.covered_phrases import own_accounts
from birdfall.claims.parse.events import DENIAL_WORDS
from birdfall.claims.parse.items import Item
from birdfall.claims.parse.languages import is_known, language_of
from birdfall.claims.parse.levels import read_chains
from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.none_all import read_alls, read_nones
from birdfall.claims.parse.number_words import LANGUAGES
from birdfall.claims.parse.numbers import amounts
from birdfall.claims.parse.onsets import read_onsets
from birdfall.claims.parse.parsed_claim import ParsedClaim, from_chain, from_item
from birdfall.claims.parse.populations import attach_population, share_out
from birdfall.claims.parse.ranges_ratios import read_ranges, read_ratios
from birdfall.claims.parse.reported_speech import Reported, take_out_speakers
from birdfall.claims.parse.said_again import share_windows
from birdfall.claims.parse.sentence import Sentence
from birdfall.claims.parse.shares import read_shares
from birdfall.claims.parse.tags import tag
from birdfall.claims.parse.tokens import Token, TokenKind, tokens
from birdfall.model.errors import UsageError

#: A statement is a sentence or a few, not a book.
MAX_CHARACTERS = 4_000
#: More items than a sentence has; what follows is left out.
MAX_ITEMS = 12
_QUESTION_MARKS = frozenset("?¿؟")


class Manner(StrEnum):
    """How a sentence says what it says: only statements and their denials can be checked."""

    STATED = "stated"
    DENIED = "denied"
    ASKED = "asked"
    SUPPOSED = "supposed"


@dataclass(frozen=True, slots=True)
class ParsedSentence:
    """What was read in a sentence.

    Parameters
    ----------
    claims
        In the order said; empty if nothing can be measured.
    manner
        Whether they are stated, denied ("it is not true that"), asked or supposed.
    unread
        The first word that carries meaning and that no reader used, "" if all were used.
    language
        The language it was read in.
    """

    claims: tuple[ParsedClaim, ...]
    manner: Manner
    unread: str
    language: str


def parse(sentence: str, language: str | None = None) -> list[ParsedClaim]:
    """Read every measurable claim of a sentence, whether or not all its words were understood.

    Parameters
    ----------
    sentence
        A sentence or a few, at most `MAX_CHARACTERS` long.
    language
        "es", "en", "fr", "ar" or "pt"; None or another: detected.

    Returns
    -------
    list of ParsedClaim
        In the order said; empty if nothing can be measured.

    Raises
    ------
    UsageError
        The text is too long.

    Examples
    --------
    >>> claim, = parse("6.600 cuentas en diez minutos")
    >>> claim.value, claim.window_s, str(claim.quantity)
    (6600.0, 600.0, 'fallen')
    """
    return list(parse_sentence(sentence, language).claims)


def parse_sentence(sentence: str, language: str | None = None) -> ParsedSentence:
    """Read a sentence: its claims, how it says them, and the word that was not understood.

    Parameters and errors as of `parse`.

    Examples
    --------
    >>> parse_sentence("6,600 accounts fell because of spam").unread
    'because'
    """
    if len(sentence) > MAX_CHARACTERS:
        raise UsageError(
            f"this statement has {len(sentence):,} characters",
            why="A claim is a sentence or a few.",
            fix=f"Give the sentences one by one, at most {MAX_CHARACTERS:,} characters each.",
        )
    spoken = language if is_known(language) else language_of(sentence)
    words = tokens(sentence)
    first = _read(words, spoken or LANGUAGES[0])
    if spoken is not None and first.claims:
        return first
    # a wrong guess at the language costs a second reading, not the claim
    others = [_read(words, other) for other in LANGUAGES if other != spoken]
    best = max(others, key=lambda read: len(read.claims))
    return best if best.claims else first


def _read(words: list[Token], language: str) -> ParsedSentence:
    """What a sentence says in one language; levels first, as their numbers are no counts."""
    reported = take_out_speakers(words, language)
    manner, words, odd = _manner(reported, language)
    if language == "ar":
        words = take_out_agents(words, language)
    sentence = Sentence(tag(words, language), language, amounts(words, language))
    chains = read_chains(sentence)
    items = _read_items(sentence)
    found = [(c.begin, from_chain(c, language)) for c in chains]
    found += [(item.begin, from_item(item, language)) for item in items]
    claims = tuple(claim for _, claim in sorted(found, key=lambda f: f[0]))
    unread = odd or first_unread(sentence, items, chains) or _speakers_own(sentence, reported)
    return ParsedSentence(claims, manner, unread, language)


def _speakers_own(sentence: Sentence, reported: Reported) -> str:
    """A word that may say that accounts are the speaker's own, which no record knows; else ""."""
    words = sentence.words
    if not reported.speaker or any(word.kind is TokenKind.HANDLE for word in words):
        return ""
    endings = tuple(words.lexicon.words[Tag.POSSESSIVE_ENDING])
    # "found their accounts", "lost their accounts": their own
    ranges = words.ranges(Tag.OWN_ACCOUNTS) + own_accounts(sentence)
    ranges += [
        r for r in words.ranges(Tag.FALLEN) + words.ranges(Tag.RESTORED) if r.end > r.begin + 1
    ]
    said = {at for begin, end in ranges for at in range(begin, end)}
    owned = (
        at
        for at in range(len(words))
        if at not in said
        if (words.length(at, Tag.POSSESSIVE) and not words.is_a(at, Tag.ARTICLE))
        or (words.length(at, Tag.ACCOUNT, Tag.FOLLOWER) and words.text(at).endswith(endings))
    )
    first = next(owned, None)
    return "" if first is None else words.text(first)


def _manner(reported: Reported, language: str) -> tuple[Manner, list[Token], str]:
    """How a sentence says it, the tokens without the denial, and a denial that is one too many."""
    words = reported.words
    tagged = tag(words, language)
    if any(w.kind is TokenKind.MARK and w.text in _QUESTION_MARKS for w in words):
        return Manner.ASKED, words, ""
    if tagged.length(0, Tag.QUESTION):
        return Manner.ASKED, words, ""
    if tagged.length(0, Tag.CONDITION):
        return Manner.SUPPOSED, words, ""
    denials = tagged.ranges(Tag.DENIED_THAT)
    denials += [
        after
        for after in tagged.ranges(Tag.FALSE_AFTER)
        if not any(before.begin <= after.begin < before.end for before in denials)
    ]
    if reported.denies:
        odd = words[denials[0].begin].text if denials else ""
        return Manner.DENIED, words, odd
    if not denials:
        return Manner.STATED, words, ""
    begin, end = denials[0]
    odd = words[denials[1].begin].text if len(denials) > 1 else ""
    if not odd and tagged.contains(Tag.NOT, max(0, begin - DENIAL_WORDS), begin):
        odd = words[begin].text
    left = [
        word
        for at, word in enumerate(words)
        if not begin <= at < end
        and not any(c.begin <= at < c.end for c in tagged.ranges(Tag.CLAIM_THAT))
    ]
    return Manner.DENIED, left, odd


def _read_items(sentence: Sentence) -> list[Item]:
    """Everything measurable that is no level, in order."""
    onsets = read_onsets(sentence)
    found = [*onsets, *read_ratios(sentence), *read_ranges(sentence), *read_shares(sentence)]
    found = _sort_items(found + read_counts(sentence))
    found = attach_windows(sentence, attach_events(sentence, found))
    found = share_windows(sentence, found)
    found += attach_windows(sentence, read_alls(sentence, found))
    found += attach_windows(sentence, read_nones(sentence, found))
    measurable = [item for item in _sort_items(found) if item.quantity is not None]
    timed = attach_time(sentence, measurable[:MAX_ITEMS])
    timed = [mark_further(sentence, item) for item in timed]
    return share_out(sentence, [attach_population(sentence, item) for item in timed])


def _sort_items(items: list[Item]) -> list[Item]:
    return sorted(items, key=lambda item: item.begin)
