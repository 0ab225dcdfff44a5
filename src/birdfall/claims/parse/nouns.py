"""Nouns: what a number counts (accounts, followers, something else), and of which group."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.sentence import Sentence
from birdfall.claims.parse.tags import TaggedTokens
from birdfall.claims.parse.tokens import Token, TokenKind

#: Tokens that are searched for a noun after a number and before it, and for a group after a noun.
WORDS_AFTER, WORDS_BEFORE, WORDS_TO_GROUP = 7, 5, 4
#: A group without a noun counts accounts if it stands no further from its number.
MAX_GROUP_GAP = 3
#: Marks that may stand between a number and its noun.
_INNER_MARKS = frozenset("-\"«»“”'+")


class NounKind(StrEnum):
    """What a noun counts."""

    ACCOUNTS = "accounts"
    FOLLOWERS = "followers"
    OTHER = "other"


#: Nouns by tag, in the order they are tried.
NOUN_TAGS = {
    Tag.OTHER_NOUN: NounKind.OTHER,
    Tag.FOLLOWER: NounKind.FOLLOWERS,
    Tag.ACCOUNT: NounKind.ACCOUNTS,
}


@dataclass(frozen=True, slots=True)
class Noun:
    """Tokens [begin, end) that say what is counted. group: the group it is narrowed to, or ""."""

    kind: NounKind
    begin: int
    end: int
    group: str = ""

    @property
    def counts_followers(self) -> bool:
        """Whether followers are counted."""
        return self.kind is NounKind.FOLLOWERS


def kind_at(words: TaggedTokens, at: int) -> NounKind | None:
    """ACCOUNTS or FOLLOWERS if such a noun begins at `at`."""
    for tag in (Tag.FOLLOWER, Tag.ACCOUNT):
        if words.length(at, tag):
            return NOUN_TAGS[tag]
    return None


def noun_after(sentence: Sentence, end: int) -> Noun | None:
    """What the number that ends at `end` counts."""
    words, group, group_at = sentence.words, "", -1
    numbers = {sentence.amounts[i].begin for i in sentence.free()}
    at = end
    while at < min(end + WORDS_AFTER, len(words)):
        if at in numbers or _ends_phrase(words[at]):
            break
        if words[at].kind is not TokenKind.WORD:
            at += 1
            continue
        if words.length(at, Tag.NEXT_DAY):
            break  # "the following morning"
        if words.is_a(at, Tag.ACCOUNT_OF) and _is_handle(words, at + 1):
            at += 1  # "the account @x" is @x
            continue
        for tag, kind in NOUN_TAGS.items():
            length = words.length(at, tag)
            if length:
                return Noun(kind, at, at + length, group or group_after(words, at + length))
        length = words.length(at, Tag.GROUP)
        if length and words.is_a(at - 1, Tag.AUXILIARY):
            break  # "were bots" says what they were, not which are counted
        if length and not group:
            group, group_at = words[at].text, at
        elif at > end and (sentence.joins(at) or words.length(at, Tag.IN_TIME)):
            break
        at += max(length, 1)
    if group and group_at - end <= MAX_GROUP_GAP:
        return Noun(NounKind.ACCOUNTS, group_at, group_at + 1, group)
    return None


def _is_handle(words: TaggedTokens, at: int) -> bool:
    return at < len(words) and words[at].kind is TokenKind.HANDLE


def _ends_phrase(token: Token) -> bool:
    if token.kind is TokenKind.MARK:
        return token.text not in _INNER_MARKS
    return token.kind in (TokenKind.ARROW, TokenKind.PERCENT)


def group_after(words: TaggedTokens, at: int) -> str:
    """The group that follows a noun ("accounts of the opposition"), or ""."""
    for place in range(at, min(at + WORDS_TO_GROUP, len(words))):
        if words[place].kind is not TokenKind.WORD:
            break
        if words.length(place, Tag.GROUP):
            return words[place].text
        if not words.is_a(place, Tag.OF, Tag.ARTICLE) and not words.length(place, Tag.RELATIVE):
            break
    return ""


def noun_before(sentence: Sentence, begin: int) -> Noun | None:
    """What the number that begins at `begin` counts, if that is said before it."""
    words = sentence.words
    for at in range(begin - 1, max(0, begin - WORDS_BEFORE) - 1, -1):
        if words.is_a(at, Tag.ACCOUNT_OF) and _is_handle(words, at + 1):
            continue  # "the account @x" is @x
        if sentence.ends_sentence(at) or words[at].kind is TokenKind.DIGITS:
            return None
        kind = kind_at(words, at)
        if kind is not None:
            return Noun(kind, at, at + 1, group_after(words, at + 1))
    return None


def noun_around(sentence: Sentence, begin: int, end: int) -> Noun | None:
    """What the number in tokens [begin, end) counts, after it or else before it."""
    return noun_after(sentence, end) or noun_before(sentence, begin)


def says_who(words: TaggedTokens, begin: int = 0, end: int | None = None) -> NounKind | None:
    """ACCOUNTS or FOLLOWERS if such a noun begins in [begin, end); accounts are tried first."""
    if words.contains(Tag.ACCOUNT, begin, end):
        return NounKind.ACCOUNTS
    return NounKind.FOLLOWERS if words.contains(Tag.FOLLOWER, begin, end) else None
