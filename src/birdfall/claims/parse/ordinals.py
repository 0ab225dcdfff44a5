"""Ordinals that tell a day or an hour: "primero", "الحادي والثلاثين", "الثانية عشرة"."""

from __future__ import annotations

from typing import NamedTuple

from birdfall.claims.parse.number_words import ADDED
from birdfall.claims.parse.tags import TaggedTokens
from birdfall.claims.parse.tokens import forms

ARABIC_AND = "و"
TEN, TWENTY, HUNDRED = 10, 20, 100


class Ordinal(NamedTuple):
    """An ordinal, and where its words end."""

    value: int
    end: int


def read_ordinal(words: TaggedTokens, at: int, *, tens: bool = True) -> Ordinal | None:
    """The ordinal that begins at `at`, None if none does.

    tens: whether "and twenty" may follow it, as Arabic says the twenty-first; of hours it is the
    minutes.

    Examples
    --------
    >>> from birdfall.claims.parse.tags import tag
    >>> from birdfall.claims.parse.tokens import tokens
    >>> read_ordinal(tag(tokens("الحادي والثلاثين من أكتوبر"), "ar"), 0)
    Ordinal(value=31, end=2)
    """
    ordinals = words.lexicon.ordinals
    ones = next((ordinals[form] for form in forms(words.text(at)) if form in ordinals), None)
    if ones is None:
        return None
    if words.language == "ar" and ones < TEN:
        following = words.text(at + 1)
        if ADDED["ar"].get(following) == TEN:
            return Ordinal(int(ones) + TEN, at + 2)
        more = next((ADDED["ar"][f] for f in forms(following) if f in ADDED["ar"]), 0.0)
        if tens and following.startswith(ARABIC_AND) and TWENTY <= more < HUNDRED:
            return Ordinal(int(ones + more), at + 2)
    return Ordinal(int(ones), at + 1)
