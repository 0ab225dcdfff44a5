"""The tagging pass: every token gets its tags of the lexicon once, and all readers ask the result.

A phrase tag is kept with the number of tokens that its longest phrase takes, both from where the
phrase begins and from where it ends; a word tag belongs to one token.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple, overload

from birdfall.claims.parse.lexicon import Lexicon, Phrase, Tag, lexicon
from birdfall.claims.parse.tokens import Token, forms

_NO_PHRASE: Mapping[Tag, int] = {}
_NO_WORD: frozenset[Tag] = frozenset()


class TokenRange(NamedTuple):
    """Tokens [begin, end)."""

    begin: int
    end: int


class TaggedTokens(Sequence[Token]):
    """The tokens of a sentence with their tags. Places outside the sentence carry no tag."""

    def __init__(self, tokens: Sequence[Token], language: str) -> None:
        self._tokens = list(tokens)
        self.language = language
        size = len(self._tokens)
        self._from: list[dict[Tag, int]] = [{} for _ in range(size)]
        self._to: list[dict[Tag, int]] = [{} for _ in range(size + 1)]
        self._word_tags = words = _word_tags(language)
        self._exact = [words.get(token.text, _NO_WORD) for token in self._tokens]
        for at in range(size):
            for phrase, tags in self._phrases_at(at):
                for tag in tags:
                    length, end = len(phrase), at + len(phrase)
                    self._from[at][tag] = max(length, self._from[at].get(tag, 0))
                    self._to[end][tag] = max(length, self._to[end].get(tag, 0))

    @overload
    def __getitem__(self, at: int) -> Token: ...
    @overload
    def __getitem__(self, at: slice) -> list[Token]: ...
    def __getitem__(self, at: int | slice) -> Token | list[Token]:
        return self._tokens[at]

    def __len__(self) -> int:
        return len(self._tokens)

    @property
    def lexicon(self) -> Lexicon:
        """The lexicon of the language the tokens are tagged in."""
        return lexicon(self.language)

    def text(self, at: int) -> str:
        """The text of the token at `at`, "" outside the sentence."""
        return self._tokens[at].text if 0 <= at < len(self._tokens) else ""

    def length(self, at: int, *tags: Tag) -> int:
        """Tokens that the longest phrase of the first of `tags` that begins at `at` takes, or 0."""
        if not 0 <= at < len(self._tokens):
            return 0
        found = self._from[at]
        return next((found[tag] for tag in tags if tag in found), 0)

    def length_before(self, end: int, *tags: Tag) -> int:
        """Tokens that the longest phrase of the first of `tags` that ends at `end` takes, or 0."""
        if not 0 < end <= len(self._tokens):
            return 0
        found = self._to[end]
        return next((found[tag] for tag in tags if tag in found), 0)

    def is_a(self, at: int, *tags: Tag) -> bool:
        """Whether the token at `at`, as it is spelled, is a word of one of `tags`."""
        return 0 <= at < len(self._tokens) and not self._exact[at].isdisjoint(tags)

    def is_form_of(self, at: int, *tags: Tag) -> bool:
        """As `is_a`, or without the small words that Arabic writes onto it."""
        if not 0 <= at < len(self._tokens):
            return False
        words = self._word_tags
        return any(not words.get(f, _NO_WORD).isdisjoint(tags) for f in forms(self.text(at)))

    def contains(self, tag: Tag, begin: int = 0, end: int | None = None) -> bool:
        """Whether a phrase of `tag` begins in [begin, end)."""
        return next(self._begins(tag, begin, end), None) is not None

    def ranges(self, tag: Tag, begin: int = 0, end: int | None = None) -> list[TokenRange]:
        """All phrases of `tag` that begin in [begin, end), not overlapping."""
        found: list[TokenRange] = []
        for at in self._begins(tag, begin, end):
            if not found or at >= found[-1].end:
                found.append(TokenRange(at, at + self._from[at][tag]))
        return found

    def opens(self, at: int, *tags: Tag) -> bool:
        """Whether the token at `at` is the first word of a longer phrase of one of `tags`."""
        return any(
            len(phrase) > 1 and self._matches(at, phrase[0])
            for tag in tags
            for phrase in self.lexicon.phrases[tag]
        )

    def goes_on(self, at: int, then: int, *tags: Tag) -> bool:
        """Whether the tokens at `at` and at `then` are the first two words of such a phrase."""
        return any(
            len(phrase) > 1 and self._matches(at, phrase[0]) and self._matches(then, phrase[1])
            for tag in tags
            for phrase in self.lexicon.phrases[tag]
        )

    def phrase_tags(self, at: int) -> Mapping[Tag, int]:
        """The tags of the phrases that begin at `at`, with the tokens each takes."""
        return self._from[at] if 0 <= at < len(self._tokens) else _NO_PHRASE

    def _begins(self, tag: Tag, begin: int, end: int | None) -> Iterator[int]:
        stop = len(self._tokens) if end is None else min(end, len(self._tokens))
        return (at for at in range(max(begin, 0), stop) if tag in self._from[at])

    def _phrases_at(self, at: int) -> Iterator[tuple[Phrase, tuple[Tag, ...]]]:
        if self._tokens[at].kind != "word":
            return
        whole, prefixes = _phrases_by_first_word(self.language)
        for form in forms(self.text(at)):
            candidates = [*whole.get(form, ())]
            for size in range(1, len(form) + 1):
                candidates += prefixes.get(form[:size], ())
            for phrase, tags in candidates:
                if all(self._matches(at + n, word) for n, word in enumerate(phrase[1:], 1)):
                    yield phrase, tags

    def _matches(self, at: int, pattern: str) -> bool:
        if at >= len(self._tokens) or self._tokens[at].kind != "word":
            return False
        if pattern.endswith("*"):
            return any(form.startswith(pattern[:-1]) for form in forms(self.text(at)))
        return pattern in forms(self.text(at))


def tag(tokens: Sequence[Token], language: str) -> TaggedTokens:
    """The tokens of a sentence with all tags of the lexicon of its language.

    Examples
    --------
    >>> from birdfall.claims.parse.tokens import tokens
    >>> tagged = tag(tokens("no more than 50 came back"), "en")
    >>> tagged.length(0, Tag.AT_MOST), tagged.length(4, Tag.RESTORED)
    (3, 2)
    """
    return TaggedTokens(tokens, language)


_Candidates = dict[str, list[tuple[Phrase, tuple[Tag, ...]]]]


@cache
def _phrases_by_first_word(language: str) -> tuple[_Candidates, _Candidates]:
    """Phrases with their tags, by a first word that is spelled out, and by one that ends in *."""
    tags_of: dict[Phrase, list[Tag]] = {}
    for name, group in lexicon(language).phrases.items():
        for phrase in group:
            tags_of.setdefault(phrase, []).append(name)
    whole: _Candidates = {}
    prefixes: _Candidates = {}
    for phrase, tags in tags_of.items():
        first = phrase[0]
        by_word = prefixes if first.endswith("*") else whole
        by_word.setdefault(first.removesuffix("*"), []).append((phrase, tuple(tags)))
    return whole, prefixes


@cache
def _word_tags(language: str) -> dict[str, frozenset[Tag]]:
    """The word tags of each word."""
    found: dict[str, set[Tag]] = {}
    for name, group in lexicon(language).words.items():
        for word in group:
            found.setdefault(word, set()).add(name)
    return {word: frozenset(tags) for word, tags in found.items()}
