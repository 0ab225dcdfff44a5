"""A sentence being read: its tokens with what was found in them, and which numbers are free."""

from __future__ import annotations

from birdfall.claims.parse.calendar import read_when
from birdfall.claims.parse.durations import read_spans
from birdfall.claims.parse.events import find_events
from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.numbers import Amount
from birdfall.claims.parse.tags import TaggedTokens, TokenRange
from birdfall.claims.parse.tokens import TokenKind, fold

#: What a joining word or a comma between a number and a verb costs, in words.
CROSSING_COST = 8
_HARD_MARKS = frozenset(".;!?…؛؟")
_SOFT_MARKS = frozenset(",،:—–")


class Sentence:
    """Tokens with their numbers, durations and events.

    Readers take the numbers they understand (`take`); `free` numbers are those that no duration,
    level, range or share has taken.
    """

    def __init__(self, words: TaggedTokens, language: str, amounts: list[Amount]) -> None:
        self.words, self.language, self.amounts = words, language, amounts
        self.time = read_when(words, amounts)
        dated = self._dated_tokens()
        self.spans, self._taken = read_spans(words, amounts, dated)
        self.take(*(i for i, amount in enumerate(amounts) if amount.begin in dated))
        #: Indices of the spans that a chain of levels has taken.
        self.used_spans: set[int] = set()
        #: Tokens that a reader used and that stand in no part of an item.
        self.understood: set[int] = set()
        self.events = find_events(words)
        # the one of "not a single one" is no number
        for begin, end in words.ranges(Tag.NONE):
            self.take(
                *(i for i, a in enumerate(amounts) if begin <= a.begin and a.end <= end),
            )

    def _dated_tokens(self) -> frozenset[int]:
        """The tokens of dates and hours."""
        ranges = () if self.time is None else self.time.ranges
        return frozenset(at for begin, end in ranges for at in range(begin, end))

    def free(self) -> list[int]:
        """Indices of the numbers that nothing has taken, in order."""
        return [i for i in range(len(self.amounts)) if i not in self._taken]

    def is_free(self, *indices: int) -> bool:
        """Whether nothing has taken any of these numbers."""
        return self._taken.isdisjoint(indices)

    def take(self, *indices: int) -> None:
        """Mark numbers as understood."""
        self._taken.update(indices)

    def take_within(self, begin: int, end: int) -> None:
        """Mark as understood the numbers that begin in [begin, end)."""
        self.take(*(i for i, amount in enumerate(self.amounts) if begin <= amount.begin < end))

    def taken_amounts(self) -> list[Amount]:
        """The numbers that were taken, in order."""
        return [self.amounts[i] for i in sorted(self._taken)]

    def use(self, begin: int, end: int) -> None:
        """Mark the tokens [begin, end) as understood."""
        self.understood.update(range(begin, end))

    def is_platform(self, at: int) -> bool:
        """Whether the handle at `at` is one of a platform, and no account in question."""
        return fold(self.words[at].text) in self.words.lexicon.words[Tag.PLATFORM]

    def crossing_cost(self, a: int, b: int) -> float:
        """What lies between two places: a cost per joint, infinite over the end of a sentence."""
        cost = 0.0
        for at in range(min(a, b), max(a, b)):
            if self._is_hard(at):
                return float("inf")
            if self._is_soft(at) or self.joins(at) or self._joins_in_arabic(at):
                cost += CROSSING_COST
        return cost

    def joins(self, at: int) -> bool:
        """Whether a word that begins a new clause stands at `at`."""
        return self.words[at].kind is TokenKind.WORD and self.words.is_a(at, Tag.JOINER)

    def _is_hard(self, at: int) -> bool:
        return self.words[at].kind is TokenKind.MARK and self.words[at].text in _HARD_MARKS

    def _is_soft(self, at: int) -> bool:
        return self.words[at].kind is TokenKind.MARK and self.words[at].text in _SOFT_MARKS

    def _joins_in_arabic(self, at: int) -> bool:
        """Whether an Arabic "and" is written onto an event: a new clause begins."""
        word = self.words[at]
        return (
            self.language == "ar"
            and word.kind is TokenKind.WORD
            and word.text.startswith("و")
            and word.text != "وقف"
            and any(event.begin == at for event in self.events)
        )

    def clause(self, at: int) -> TokenRange:
        """The tokens between hard marks around `at`."""
        begin = end = at
        while begin > 0 and self.words[begin - 1].text not in _HARD_MARKS:
            begin -= 1
        while end < len(self.words) and self.words[end].text not in _HARD_MARKS:
            end += 1
        return TokenRange(begin, end)

    def ends_sentence(self, at: int) -> bool:
        """Whether a mark that ends a sentence stands at `at`."""
        return self._is_hard(at)
