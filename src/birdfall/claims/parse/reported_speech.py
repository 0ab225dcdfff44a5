"""Reported speech: "the opposition said that ..." is read as what is said, whoever says it.

Three frames are known: a speaker and a verb of saying before what is said or after a comma; a verb
and then its speaker, as Arabic has it and Spanish after a comma; and "according to" with whoever
follows. The tokens of a frame are taken out of the sentence before anything else is read. A frame
with a word in it that may turn round what is said (not, never, falsely) is none, so that this word
is left over and the sentence refused. A speaker who denies it stays as the denial.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from birdfall.claims.parse.day_parts import WEEKDAYS
from birdfall.claims.parse.events import EVENT_TAGS
from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.qualifiers import TAGS_BEFORE
from birdfall.claims.parse.shares import FRACTIONS
from birdfall.claims.parse.tags import TaggedTokens, tag
from birdfall.claims.parse.tokens import Token, TokenKind

#: Tokens of a speaker; between a verb of saying and "that" (the day on which it was said).
MAX_SPEAKER, MAX_DAY = 9, 6
#: Frames in one sentence; what is nested deeper is refused.
MAX_FRAMES = 3
_ENDS = frozenset(".;!?…؛؟")
_COMMAS = frozenset(",،:—–")
_QUOTES = frozenset('"«»“”')
#: What stands in no speaker: it would say something of what is said, or begin something else.
_NOT_IN_SPEAKER = (
    *EVENT_TAGS,
    Tag.NOT,
    Tag.NONE,
    Tag.HARDLY_ANY,
    Tag.NOT_EVEN,
    Tag.QUESTION,
    Tag.CONDITION,
    Tag.SAYS,
    Tag.DENIES,
    Tag.COUNTED,
    Tag.DENIED_THAT,
    Tag.FALSE_AFTER,
    Tag.DOUBTS,
    Tag.ACCOUNT,
    Tag.FOLLOWER,
    *FRACTIONS,
)
_WEEKDAYS = (*WEEKDAYS, Tag.YESTERDAY)


@dataclass(frozen=True, slots=True)
class Reported:
    """What is left of a sentence without who says it.

    Parameters
    ----------
    words
        The tokens left.
    speaker
        The word that names the first speaker, "" if nobody is said to say it.
    denies
        Whether that speaker denies what is left.
    """

    words: list[Token]
    speaker: str = ""
    denies: bool = False


def take_out_speakers(words: list[Token], language: str) -> Reported:
    """The tokens of what is said, without who says it.

    Examples
    --------
    >>> from birdfall.claims.parse.tokens import tokens
    >>> said = take_out_speakers(tokens("Officials say that 50 accounts fell"), "en")
    >>> [word.text for word in said.words], said.speaker
    (['50', 'accounts', 'fell'], 'officials')
    """
    speaker = ""
    for _ in range(MAX_FRAMES):
        tagged = tag(words, language)
        frame = next(_frames(tagged), None)
        if frame is None:
            break
        speaker = speaker or frame.speaker
        words = words[: frame.begin] + words[frame.end :]
        if frame.denies:
            return Reported(words, speaker, denies=True)
    return Reported(words, speaker)


@dataclass(frozen=True, slots=True)
class _Frame:
    begin: int
    end: int
    speaker: str
    denies: bool = False


def _frames(words: TaggedTokens) -> Iterator[_Frame]:
    for at in range(len(words)):
        opens = not at or words.text(at - 1) in _ENDS or words.text(at - 1) in _QUOTES
        if opens:
            yield from _before_what_is_said(words, at)
        if words.text(at) in _COMMAS:
            yield from _after_what_is_said(words, at)
        if words.length(at, Tag.ACCORDING_TO):
            yield from _according_to(words, at)


def _before_what_is_said(words: TaggedTokens, at: int) -> Iterator[_Frame]:
    """Yield "officials said on Monday that", also with the verb first."""
    for said in range(at, at + MAX_SPEAKER + 1):
        for kind in (Tag.SAYS, Tag.DENIES, Tag.COUNTED):
            length = words.length(said, kind)
            if not length:
                continue
            name = _speaker(words, at, said)
            begins = said + length if name else None
            if name is None and said == at:
                begins = _speaker_end(words, said + length, kind)
                name = None if begins is None else _speaker(words, said + length, begins)
            if begins is None or name is None:
                continue
            end = _begin_of_what_is_said(words, begins, kind)
            if end is not None:
                yield _Frame(at, end, name, denies=kind is Tag.DENIES)
    for denied in words.ranges(Tag.DENIED_THAT, at + 1, at + MAX_SPEAKER + 1):
        name = _speaker(words, at, denied.begin)
        if name is not None:
            yield _Frame(at, denied.begin, name)


def _speaker(words: TaggedTokens, begin: int, end: int) -> str | None:
    """The word that names the speaker in the tokens [begin, end), None if they name none."""
    if not 0 < end - begin <= MAX_SPEAKER:
        return None
    named = [at for at in range(begin, end) if words.length(at, Tag.SPEAKER_NOUN)]
    # "a report of "Reuters""
    quotes = {at for at in range(begin, end) if words.text(at) in _QUOTES}
    if not named or not all(at in quotes or _may_name(words, at) for at in range(begin, end)):
        return None
    return words.text(named[0])


def _may_name(words: TaggedTokens, at: int) -> bool:
    """Whether the token at `at` may stand in the name of a speaker."""
    word = words[at]
    if word.kind is not TokenKind.WORD or words.is_a(at, Tag.THAT, Tag.FURTHER, Tag.FEW):
        return False
    if words.length(at, Tag.SPEAKER_NOUN):
        return True
    endings = words.lexicon.words[Tag.ADVERB_ENDING]
    return not (
        any(words.length(at, tag) for tag in _NOT_IN_SPEAKER) or word.text.endswith(tuple(endings))
    )


def _speaker_end(words: TaggedTokens, begin: int, kind: Tag) -> int | None:
    """Where a speaker who stands after the verb ends: before "that", or before what is denied."""
    for at in range(begin + 1, begin + MAX_SPEAKER + 1):
        told = kind in (Tag.DENIES, Tag.COUNTED)  # "رصد باحثون إيقاف"
        denied = told and any(words.length(at, tag) for tag in EVENT_TAGS)
        counted = kind is Tag.COUNTED and at < len(words) and _begins_count(words, at)
        noun = kind is Tag.SAYS and at < len(words) and _is_noun_said(words, begin, at)
        if denied or counted or noun or words.is_form_of(at, Tag.THAT) or words.text(at) == ":":
            return at
    return None


def _is_noun_said(words: TaggedTokens, begin: int, at: int) -> bool:
    """Whether Arabic says with a noun what a speaker told: "كشفت المنصة عن إيقاف".

    Only right after the speaker: "أعلنت المنصة نيتها إيقاف" tells of no suspension.
    """
    if not (words.lexicon.verb_first and any(words.length(at, tag) for tag in EVENT_TAGS)):
        return False
    last = at - bool(words.is_a(at - 1, Tag.ABOUT_WHAT))
    names = (Tag.SPEAKER_NOUN, Tag.PLATFORM_NAME)
    return begin < last and all(
        any(words.length(n, tag) for tag in names) or words.text(n) == "باسم"
        for n in range(begin, last)
    )


def _begin_of_what_is_said(words: TaggedTokens, at: int, kind: Tag) -> int | None:
    """Where what is said begins, after the day on which it was said and "that"."""
    if kind is Tag.COUNTED:  # "counted 200 accounts" says not what happened to them
        told = any(
            words.length(n, tag) for n in range(at, _end_of_clause(words, at)) for tag in EVENT_TAGS
        )
        return at if told else None
    day = at
    while day < at + MAX_DAY and (length := _day_length(words, day)):
        day += length
    # what stands between may be a date that is told of the events, if "that" does not follow
    that = next((n for n in (day, at) if words.is_form_of(n, Tag.THAT)), None)
    if that is not None:  # Arabic: "denied that there be"
        return that + 1 + (kind is Tag.DENIES and words.is_a(that + 1, Tag.AUXILIARY))
    if words.text(at) == ":":
        return at + 1
    if kind is Tag.DENIES:
        first = at + words.is_a(at, Tag.ARTICLE)
        return at if any(words.length(first, tag) for tag in EVENT_TAGS) else None
    if words.lexicon.verb_first and any(words.length(at, tag) for tag in EVENT_TAGS):
        return at
    if words.language != "en" or at >= len(words):
        return None
    named = [n for n in range(at, day) if any(words.length(n, tag) for tag in _WEEKDAYS)]
    return named[-1] + 1 if named else at


def _day_length(words: TaggedTokens, at: int) -> int:
    """The tokens of a part of a date at `at`, 0 if none stands there."""
    if at >= len(words):
        return 0
    number = words[at].kind in (TokenKind.DIGITS, TokenKind.DATE)
    if number or words.is_form_of(at, Tag.MONTH, Tag.DATE_LINK):
        return 1
    return max(words.length(at, tag) for tag in (*_WEEKDAYS, Tag.DATE_BEFORE, Tag.SAID_WHERE))


def _after_what_is_said(words: TaggedTokens, at: int) -> Iterator[_Frame]:
    """Yield ", officials said" and ", dijo el ministro", up to a comma or the end."""
    end = _end_of_clause(words, at + 1)
    first = at + 1 + (words.text(at + 1) in _QUOTES)  # English: the comma stands inside
    for said in range(first, min(end, first + MAX_SPEAKER)):
        length = words.length(said, Tag.SAYS)
        if not length:
            continue
        name = _speaker(words, first, said) if said + length == end else None
        if name is None and said == first:
            name = _speaker(words, said + length, end)
        if name is not None:
            yield _Frame(at, end, name)


def _according_to(words: TaggedTokens, at: int) -> Iterator[_Frame]:
    """Yield "according to" with whoever follows, up to a comma, the end or a number."""
    first = at + words.length(at, Tag.ACCORDING_TO)
    stop = min(_end_of_clause(words, first), first + MAX_SPEAKER)
    opens = not at or words.text(at - 1) in _ENDS or words.text(at - 1) in _COMMAS
    verb_first = EVENT_TAGS if words.lexicon.verb_first else ()
    end = next(
        (
            n
            for n in range(first, stop)
            if _begins_count(words, n) or any(words.length(n, tag) for tag in verb_first)
        ),
        stop,
    )
    closed = end == len(words) or words.text(end) in _ENDS or words.text(end) in _COMMAS
    if end == first or not all(_may_name(words, n) for n in range(first, end)):
        return
    named = _speaker(words, first, end)
    if not closed and not (opens and named):
        return
    comma = closed and opens and end < len(words) and words.text(end) in _COMMAS
    yield _Frame(at, end + comma, named or words.text(end - 1))


def _begins_count(words: TaggedTokens, at: int) -> bool:
    """Whether a number or its qualifier begins at `at`."""
    return words[at].kind is not TokenKind.WORD or any(words.length(at, tag) for tag in TAGS_BEFORE)


def _end_of_clause(words: TaggedTokens, at: int) -> int:
    while at < len(words) and words.text(at) not in _ENDS and words.text(at) not in _COMMAS:
        at += 1
    return at
