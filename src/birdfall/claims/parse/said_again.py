"""Numbers that are said once more as a share: "480 cuentas, el 20 %, volvieron"."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Final

from birdfall.claims.parse.items import Item, Unit
from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.sentence import Sentence
from birdfall.claims.parse.tokens import TokenKind

#: Marks that open and close what is said again.
_MARKS: Final = ",،(—–"
_CLOSING: Final = ",،)—–"


def is_said_again(sentence: Sentence, item: Item, again: Item) -> bool:
    """Whether a number is said once more as a share, or a share as a number.

    "480 cuentas, el 20 %, volvieron", "480 accounts, or 20%, came back", "20 % of them (480)".
    """
    words = sentence.words
    begin = _end_of_whole(sentence, item)
    shares = [one.unit is Unit.PERCENT for one in (item, again)]
    counts = all(one.unit in (Unit.PERCENT, Unit.ACCOUNTS, Unit.FOLLOWERS) for one in (item, again))
    if not counts or shares[0] == shares[1] or begin >= again.begin:
        return False
    linked, at = False, begin
    while at < again.begin:
        length = words.length(at, Tag.APPOSED)
        linked = linked or length > 0
        small = words.is_a(at, Tag.ARTICLE, Tag.FILLER, Tag.AUXILIARY)
        if not (length or words.text(at) in _MARKS or (small and not _is_further(sentence, at))):
            return False
        at += max(length, 1)
    if linked:
        return True
    end = _end_of_whole(sentence, again)
    return words.text(begin) in _MARKS and end < len(words) and words.text(end) in _CLOSING


def use_link(sentence: Sentence, item: Item, again: Item) -> None:
    """Mark as understood the words between a number and what says it again."""
    for begin, end in sentence.words.ranges(Tag.APPOSED, item.end, again.begin):
        sentence.use(begin, end)


def _is_further(sentence: Sentence, at: int) -> bool:
    return sentence.words.is_a(at, Tag.FURTHER)


def _end_of_whole(sentence: Sentence, item: Item) -> int:
    """Where a number ends with what it is of: "20 % of the suspended accounts of @x"."""
    words = sentence.words
    at = item.end if item.noun is None else max(item.end, item.noun.end)
    while at < len(words):
        length = words.length(at, Tag.FALLEN, Tag.ACCOUNT, Tag.FOLLOWER, Tag.THEM)
        handle = words[at].kind is TokenKind.HANDLE
        if not (length or handle or words.is_form_of(at, Tag.OF) or words.is_a(at, Tag.ARTICLE)):
            break
        at += max(length, 1)
    return at


def share_windows(sentence: Sentence, items: list[Item]) -> list[Item]:
    """The items with the window of the one that says one of them again.

    items: in the order of the sentence, with their events and windows.
    """
    found = list(items)
    for n, (item, again) in enumerate(pairwise(items)):
        if (item.window is None) == (again.window is None):
            continue
        if is_said_again(sentence, item, again):
            window = item.window or again.window
            found[n], found[n + 1] = replace(item, window=window), replace(again, window=window)
    return found
