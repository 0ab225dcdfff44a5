"""Numbers that are said once more as a share: "480 cuentas, el 20 %, volvieron"."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Final

from birdfall.claims.parse.items import Item, Unit
from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.sentence import Sentence

_COMMAS: Final = ",،"


def is_said_again(sentence: Sentence, item: Item, share: Item) -> bool:
    """Whether a number is said once more as a share: "480 cuentas, el 20 %, volvieron"."""
    words = sentence.words
    begin = item.end if item.noun is None else max(item.end, item.noun.end)
    if share.unit is not Unit.PERCENT or item.unit is not Unit.ACCOUNTS or begin >= share.begin:
        return False
    marked = words.text(begin) in _COMMAS and share.end < len(words)
    return (
        marked
        and words.text(share.end) in _COMMAS
        and all(
            words.is_a(at, Tag.ARTICLE, Tag.FILLER, Tag.AUXILIARY) or words.text(at) in _COMMAS
            for at in range(begin, share.begin)
        )
    )


def share_windows(sentence: Sentence, items: list[Item]) -> list[Item]:
    """The items with the window of a share that says one of them again.

    items: in the order of the sentence, with their events and windows.
    """
    found = [
        replace(item, window=share.window)
        if item.window is None and is_said_again(sentence, item, share)
        else item
        for item, share in pairwise(items)
    ]
    return found + items[-1:]
