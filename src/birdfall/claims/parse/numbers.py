"""Numbers in a sentence: digits in every style, numerals of five languages, and both mixed.

Read are "6 mil 600", "1,4 million", "a few hundred", "media docena". A numeral either adds, in
falling order of size (hundred, ten, one), or multiplies what stands before it (hundred, thousand,
million, dozen). Arabic says ones before tens, and joins everything it adds with "and".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import NamedTuple

from birdfall.claims.parse.number_words import (
    ADDED,
    AFTER_FEW,
    AND_IN_NUMBER,
    ARABIC_AND_HALF,
    ARABIC_AND_ONE,
    ARABIC_COUNTED,
    ARABIC_DUALS,
    ARABIC_ONE,
    ARABIC_PER,
    ARABIC_SHORT_DUALS,
    ARABIC_WEEKDAYS,
    COUPLE,
    COUPLES,
    EXACT_ROUND,
    FEW,
    HALVES,
    INDEFINITE_ARTICLES,
    MULTIPLIERS,
    OF_NUMERAL,
    ROUND,
    VAGUE_PLURALS,
)
from birdfall.claims.parse.tokens import Token, TokenKind, forms

#: A vague numeral (thousands) covers from so many of its unit to so many.
VAGUE_LEAST, VAGUE_MOST = 2.0, 10.0
#: "A couple of thousand" is about two of them, and at most three.
COUPLE_LEAST, COUPLE_MOST = 1.8, 3.0


@dataclass(frozen=True, slots=True)
class Amount:
    """A number in a sentence.

    Parameters
    ----------
    value
        The number; of a vague word the least it covers.
    begin, end
        Its tokens [begin, end).
    other
        Its other reading where the language does not settle one (3.348), else None.
    about
        A round word (a hundred or so).
    low, high
        What a vague word (thousands) covers, else None.
    written
        Written in digits alone.
    article
        A single word that may be an article ("a", "un").
    """

    value: float
    begin: int
    end: int
    other: float | None = None
    about: bool = False
    low: float | None = None
    high: float | None = None
    written: bool = False
    article: bool = False


class NumeralKind(Enum):
    """How a numeral joins those before it."""

    ADDED = auto()
    MULTIPLIER = auto()
    DUAL = auto()
    ROUND = auto()


class Numeral(NamedTuple):
    """A number word. joined: an Arabic "and" is written onto it."""

    joined: bool
    kind: NumeralKind
    value: float

    @property
    def scales(self) -> bool:
        """Whether it multiplies: a thousand, a dozen."""
        return self.kind in (NumeralKind.MULTIPLIER, NumeralKind.ROUND)


class DigitReading(NamedTuple):
    """A number in digits; other: its other reading or None; whole: without decimals."""

    value: float
    other: float | None
    whole: bool


def amounts(words: Sequence[Token], language: str) -> list[Amount]:
    """All numbers of a sentence, in order, not overlapping.

    Examples
    --------
    >>> from birdfall.claims.parse.tokens import tokens
    >>> [amount.value for amount in amounts(tokens("seis mil seiscientas cuentas"), "es")]
    [6600.0]
    """
    found: list[Amount] = []
    at = 0
    while at < len(words):
        amount = (
            _read_vague(words, at, language)
            or _read_half(words, at, language)
            or _NumberReader(words, at, language).read()
        )
        if amount is None:
            at += 1
        else:
            found.append(amount)
            at = amount.end
    return _join_couples(words, found)


def _join_couples(words: Sequence[Token], amounts: list[Amount]) -> list[Amount]:
    """The numbers, with "a couple of" and the thousand after it as one: two or three thousand."""
    found: list[Amount] = []
    for amount in amounts:
        pair = found[-1] if found else None
        joined = (
            pair is not None
            and pair.value == COUPLE  # and no half of one
            and words[pair.end - 1].text in COUPLES
            and amount.begin - pair.end == (words[pair.end].text in OF_NUMERAL)
            and words[amount.begin].kind is TokenKind.WORD
            and amount.end == amount.begin + 1
        )
        if pair is None or not joined:
            found.append(amount)
            continue
        unit = amount.value / VAGUE_LEAST if amount.low is not None else amount.value
        low, high = COUPLE_LEAST * unit, COUPLE_MOST * unit
        found[-1] = Amount(COUPLE * unit, pair.begin, amount.end, low=low, high=high)
    return found


@cache
def _numeral(word: str, language: str) -> Numeral | None:
    """The meaning of a word as a numeral of a language, None if it is none."""
    tables = (
        (NumeralKind.DUAL, ARABIC_DUALS if language == "ar" else {}),
        (NumeralKind.ADDED, ADDED[language]),
        (NumeralKind.MULTIPLIER, MULTIPLIERS[language]),
        (NumeralKind.ROUND, ROUND[language]),
    )
    if word.endswith(ARABIC_WEEKDAYS):  # "الأربعاء" is no four
        return None
    for form in forms(word) if language == "ar" else (word,):
        for kind, values in tables:
            if form in values:
                if values[form] == 100 and word.startswith(ARABIC_PER):
                    return None  # "بالمئة" is percent and no hundred
                joined = form != word and word.startswith(("و", "ف"))
                return Numeral(joined, kind, values[form])
    return None


def _read_vague(words: Sequence[Token], at: int, language: str) -> Amount | None:
    """Read "thousands", "tens of thousands", "a few hundred", "varios miles"."""
    begin = at
    few = words[at].text in FEW
    while few and at < len(words) and (words[at].text in FEW or words[at].text in AFTER_FEW):
        at += 1
    unit, end = 1.0, at
    while at < len(words) and words[at].kind is TokenKind.WORD and len(words[at].text) >= 3:
        numeral = _numeral(words[at].text, language)
        plural = any(form in VAGUE_PLURALS for form in forms(words[at].text))
        if numeral is None or not numeral.scales or not (plural or few or unit > 1):
            break
        unit, end = unit * numeral.value, at + 1
        at += 2 if at + 1 < len(words) and words[at + 1].text in OF_NUMERAL else 1
    if end == begin or unit < 10 or (unit < 100 and few and end - begin < 2):
        return None
    low, high = VAGUE_LEAST * unit, VAGUE_MOST * unit
    return Amount(low, begin, end, low=low, high=high)


def _read_half(words: Sequence[Token], at: int, language: str) -> Amount | None:
    """Read "half a million", "media docena", "un demi-millier"."""
    begin = at
    if (
        words[at].text in INDEFINITE_ARTICLES
        and at + 1 < len(words)
        and words[at + 1].text in HALVES
    ):
        at += 1
    if not any(form in HALVES for form in forms(words[at].text)):
        return None
    at += 1
    if at < len(words) and words[at].text in INDEFINITE_ARTICLES:
        at += 1
    numeral = _numeral(words[at].text, language) if at < len(words) else None
    if numeral is None or not numeral.scales or len(words[at].text) < 3:
        return None
    return Amount(numeral.value / 2, begin, at + 1, about=numeral.value != 12)


class _NumberReader:
    """One number read from a place on.

    total: what is complete (thousands, millions). group: what is below the next multiplier. room:
    the numeral that may still be added to the group is smaller. scale: likewise for multipliers.
    touched: something stands in the group.
    """

    def __init__(self, words: Sequence[Token], at: int, language: str) -> None:
        self.words, self.language = words, language
        self.begin = self.at = self.end = at
        self.total, self.group, self.room, self.scale = 0.0, 0.0, 1000.0, 1e12
        self.touched = self.about = False
        self.other: float | None = None
        self.pieces = 0
        self.digits = 0

    def read(self) -> Amount | None:
        """The number that begins here, None if there is none."""
        while self.at < len(self.words):
            joined, at = self._skip_joint()
            if at >= len(self.words) or not self._take(self.words[at], joined, at):
                break
            self.pieces += 1
            self.at = self.end = at + 1
        if not self.pieces:
            return None
        self._add_half()
        first = self.words[self.begin].text
        return Amount(
            self.total + self.group,
            self.begin,
            self.end,
            self.other,
            self.about,
            written=self.digits == self.pieces == 1,
            article=self.pieces == 1 and (first in INDEFINITE_ARTICLES or first in ARABIC_ONE),
        )

    @property
    def _in_digits(self) -> bool:
        """Whether all read so far are digits."""
        return self.digits == self.pieces > 0

    def _skip_joint(self) -> tuple[bool, int]:
        """Whether an "and" stands here, and where the next numeral would."""
        text = self.words[self.at].text
        if self.pieces and text == AND_IN_NUMBER[self.language]:
            return True, self.at + 1
        # "duzentos mil, quatrocentos e um"
        closed = self.pieces and not self.touched and self.scale <= 1e6
        if text == "," and self.language == "pt" and closed:
            return False, self.at + 1
        return False, self.at

    def _take(self, token: Token, joined: bool, at: int) -> bool:
        if token.kind is TokenKind.DIGITS:
            return self._take_digits(token, joined)
        numeral = _numeral(token.text, self.language) if token.kind is TokenKind.WORD else None
        if numeral is None:
            return False
        joined = joined or numeral.joined
        value = numeral.value
        if not self.pieces and token.text in ARABIC_SHORT_DUALS and self._counts_at(at + 1):
            return self._take_dual(2 * value, joined)
        if numeral.kind is NumeralKind.ADDED:
            return not self._in_digits and self._add(value, joined, at)
        if numeral.kind is NumeralKind.DUAL:
            return self._take_dual(value, joined)
        if numeral.kind is NumeralKind.ROUND:
            return self._take_round(value, token.text)
        # "k" and "m" stand close to digits only
        if len(token.text) <= 2 and token.text != "mi" and not self._in_digits:
            return False
        return self._multiply_by_hundred(joined) if value == 100 else self._multiply(value, joined)

    def _counts_at(self, at: int) -> bool:
        """Whether what is counted follows at once: "ألفا حساب" is two thousand."""
        word = self.words[at].text if at < len(self.words) else ""
        return word.startswith(ARABIC_COUNTED)

    def _take_digits(self, token: Token, joined: bool) -> bool:
        value, other, whole = read_digits(token.text, self.language)
        if not self.pieces:
            self.group, self.other, self.touched, self.room = value, other, True, 0.0
            self.digits += 1
            return True
        # "6 mil 600"; "6 mil y 50 volvieron" are two numbers
        fits = whole and 100 <= value < 1000 and not self.touched and self.scale == 1000
        if not fits or (joined and self.language in ("es", "en")):
            return False
        self.group, self.touched, self.room = value, True, 0.0
        self.digits += 1
        return True

    def _add(self, value: float, joined: bool, at: int) -> bool:
        if value == 0:
            self.room = 0.0
            return not self.pieces
        if self.language == "fr" and self._add_french(value, at):
            return True
        if self.language == "ar" and self.pieces:
            joined = joined or self.words[at].text in ARABIC_AND_ONE
            if self.touched and self._add_arabic(value, joined):
                return True
            if not self.touched and self._multiplies_again(at + 1):
                return False  # "ما بين ألفين وثلاثة آلاف" are two numbers
            if not joined:
                return False
        if value >= self.room or not self._may_join(value, joined):
            return False
        self.group += value
        self.touched = True
        if value >= 100:
            self.room = 100.0
        elif value >= 20 and value % 10 == 0:
            self.room = 20.0 if self.language == "fr" and value == 60 else 10.0
        else:
            self.room = 0.0
        return True

    def _multiplies_again(self, at: int) -> bool:
        """Whether a multiplier at `at` is as large as the one before: a number of its own."""
        if at >= len(self.words) or self.words[at].kind is not TokenKind.WORD:
            return False
        found = _numeral(self.words[at].text, self.language)
        multiplies = found is not None and found.kind is NumeralKind.MULTIPLIER
        return multiplies and found is not None and found.value >= self.scale

    def _add_french(self, value: float, at: int) -> bool:
        """Add what French builds by multiplying or on ten: quatre-vingt, dix-sept."""
        before = self.words[at - 1].text if at else ""
        four = self.group % 10 == 4 and self.group % 100 < 10
        if value == 20 and before == "quatre" and four:
            self.group += 76
            self.room = 20.0
            return True
        if value in (7, 8, 9) and before == "dix" and self.touched:
            self.group += value
            return True
        return False

    def _add_arabic(self, value: float, joined: bool) -> bool:
        """Add what Arabic says after the ones: three ten (thirteen), three and twenty."""
        ones = 0 < self.group % 100 < 10
        if value == 10 and not joined and ones:
            self.group, self.room = self.group + 10, 0.0
            return True
        if joined and value in range(20, 100, 10) and ones and self.room == 0:
            self.group, self.room = self.group + value, -1.0
            return True
        return False

    def _may_join(self, value: float, joined: bool) -> bool:
        """Whether the language joins (or leaves unjoined) at this place."""
        if not self.pieces or self.language in ("ar", "pt"):
            return True
        tens = self.room in (10.0, 20.0)
        if self.language == "en":
            return not (joined and tens)
        if self.language == "es":
            return joined == tens or not (joined or tens)
        return not joined or (tens and value in (1, 11))

    def _multiply_by_hundred(self, joined: bool) -> bool:
        """Make hundreds of the ones before: English, French, Arabic."""
        if joined:
            if self.language != "ar" or self.room < 1000:
                return False
            self.group, self.touched, self.room = 100.0, True, 100.0
            return True
        if self.touched and not (1 <= self.group < 100 and self.room <= 0):
            return False
        self.group = (self.group if self.touched else 1.0) * 100
        self.touched, self.room = True, 100.0
        return True

    def _multiply(self, value: float, joined: bool) -> bool:
        if value >= self.scale or (joined and self.touched) or (joined and self.language != "ar"):
            return False
        if self.touched or not self.pieces or joined or value > 1000:
            part = self.group if self.touched else 1.0
            if self.touched and self.digits and self.other is not None:
                # 3.348 million is a decimal, whatever the language writes for thousands
                part, self.other = self.other, None
            if value > 1000 and 0 < self.total < value:  # "ciento veinte mil millones"
                part, self.total = self.total + (self.group if self.touched else 0.0), 0.0
            self.total += part * value
        else:
            self.total += value
        self.group, self.touched, self.room, self.scale = 0.0, False, 1000.0, value
        return True

    def _take_dual(self, value: float, joined: bool) -> bool:
        """Add an Arabic dual, which is a multiplier with its two."""
        scale = 10.0 ** (len(str(int(value))) - 1)
        if self.touched or scale >= self.scale or (self.pieces and not joined):
            return False
        self.total += value
        self.room, self.scale = 1000.0, scale
        return True

    def _take_round(self, value: float, word: str) -> bool:
        """Multiply by a round numeral: two dozen, una centena."""
        if self.total or (self.touched and self.group >= 1000):
            return False
        self.group = (self.group if self.touched else 1.0) * value
        self.touched, self.room, self.scale = True, 0.0, 1.0
        self.about = word not in EXACT_ROUND and value != 2
        return True

    def _add_half(self) -> None:
        """Add a half that follows: "millón y medio", "two and a half thousand"."""
        at = self._half_at()
        if at is None:
            return
        if 1000 <= self.scale <= 1e9 and not self.touched:
            self.total += self.scale / 2
            self.end = self.at = at + 1
        elif self.touched and at + 1 < len(self.words):
            numeral = _numeral(self.words[at + 1].text, self.language)
            if (
                numeral is not None
                and numeral.kind is NumeralKind.MULTIPLIER
                and numeral.value >= 1000
            ):
                self.total, self.group = (self.group + 0.5) * numeral.value, 0.0
                self.end = self.at = at + 2

    def _half_at(self) -> int | None:
        """Where the half of "and a half" stands, None if it does not follow."""
        words, at = self.words, self.at
        if at >= len(words):
            return None
        if self.language == "ar" and words[at].text == ARABIC_AND_HALF:
            return at
        if words[at].text != AND_IN_NUMBER[self.language]:
            return None
        at += 1
        if at < len(words) and words[at].text in INDEFINITE_ARTICLES:
            at += 1
        return at if at < len(words) and words[at].text in HALVES else None


def read_digits(text: str, language: str) -> DigitReading:
    """Read a number in digits, in the style of a language.

    Examples
    --------
    >>> read_digits("3.348", "es").value, read_digits("3.348", "en").other
    (3348.0, 3.348)
    """
    marks = re.findall(r"[.,]", text)
    grouped = re.sub(r"[' _]", "", text)
    thousands = "," if language in ("en", "ar") else "."
    if len(set(marks)) == 2:  # 1.234,5 or 1,234.5: the last one is the decimal mark
        decimal = marks[-1]
        plain = grouped.replace("," if decimal == "." else ".", "").replace(decimal, ".")
        return DigitReading(float(plain), None, False)
    if not marks:
        return DigitReading(float(grouped), None, True)
    joined = float(re.sub(r"[.,]", "", grouped))
    if len(marks) > 1:
        return DigitReading(joined, None, True)
    split = float(grouped.replace(marks[0], "."))
    if len(re.split(r"[.,]", grouped)[1]) != 3 or grouped.startswith("0"):
        return DigitReading(split, None, False)
    # one mark and three digits: thousands where the language writes them so; else both are possible
    return DigitReading(joined, None if marks[0] == thousands else split, True)
