"""A sentence as tokens: words, numbers in digits, handles and marks.

Quotes, hashtags and marks of direction are resolved. Words are folded: lower case, without accents,
Arabic letter forms unified. Languages: es, en, fr, ar, pt.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class TokenKind(StrEnum):
    """What a token is by its form; the names of the groups of the token pattern."""

    WORD = "word"
    DIGITS = "digits"
    CLOCK = "clock"
    DATE = "date"
    FRACTION = "fraction"
    HANDLE = "handle"
    PERCENT = "percent"
    ARROW = "arrow"
    MARK = "mark"


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a sentence.

    Parameters
    ----------
    kind
        What it is by its form.
    text
        Folded; of digits and handles as written.
    glued
        Nothing stands between this token and the one before.
    """

    kind: TokenKind
    text: str
    glued: bool = False


_ARABIC_LETTERS = {"ى": "ي", "ة": "ه", "ٱ": "ا", "ء": "", "ـ": ""}
_PLAIN_MARKS = str.maketrans(
    dict.fromkeys("’‘ʼ′`´＇", "'")
    | dict.fromkeys("−‐‑", "-")
    | {"٬": ",", "٫": ".", "٪": "%"}
    | dict.fromkeys("\u00a0\u202f\u2009\u2007\u2008\u200a\u3000", " ")
)
#: "Automatic", which without its mark would be "to".
_ARABIC_AUTOMATIC = re.compile(r"آ(?=لي\b)")
_LETTER = r"[^\W\d_]"
_TOKENS = re.compile(
    rf"""
    (?P<url>https?://\S+|www\.\S+)
  | (?P<handle>(?<![\w.])@[\w.\-]+(?:@[\w.\-]+)?
      | did:[a-z]+:[\w.:%\-]+
      | (?:[a-z0-9\-]+\.)+(?:social|com|org|net|io|app|blog)\b)
  | (?P<date>(?<!\d)(?:\d{{4}}-\d{{1,2}}-\d{{1,2}}(?:t[\d:.z+\-]+)?
      | \d{{1,2}}(?P<sep>[/.\-])\d{{1,2}}(?P=sep)\d{{2,4}})(?![\d]))
  | (?P<clock>(?<![\d.,])\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?!\d)
      | (?<![\d.,])\d{{1,2}}\ ?h\ ?\d{{2}}(?![\d]))
  | (?P<fraction>(?<![\d.,])\d{{1,2}}\s?[/⁄]\s?\d{{1,3}}(?![\d/]))
  | (?P<digits>(?<!\d)(?:\d{{1,3}}(?:(?P<by>[.,'\ _])\d{{3}})(?:(?P=by)\d{{3}})*(?:[.,]\d+)?(?!\d)
      | \d+(?:[.,]\d+)?))
  | (?P<percent>%)
  | (?P<arrow>→|->|=>|-->|⇒|➜|➡|←)
  | (?P<word>{_LETTER}+n't\b|{_LETTER}[^\W_]*)
  | (?P<mark>[.,;:!?¡¿()\[\]"«»“”…—–+~≈<>≤≥$€£\-/،؛؟&*|])
    """,
    re.VERBOSE | re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Fold a text: lower case, no accents, Arabic letter forms unified, digits in Latin script.

    The length of words may change.
    """
    out = []
    text = _ARABIC_AUTOMATIC.sub("اا", text)
    for character in unicodedata.normalize("NFKD", text.casefold()):
        category = unicodedata.category(character)
        if category in ("Mn", "Cf", "Me"):
            continue
        digit = unicodedata.digit(character, None)
        out.append(str(digit) if digit is not None else _ARABIC_LETTERS.get(character, character))
    return "".join(out).translate(_PLAIN_MARKS)


def fold_words(text: str) -> frozenset[str]:
    """The words of a text, folded."""
    return frozenset(fold(word) for word in text.split())


def clean(sentence: str) -> str:
    """Remove marks of direction; write digits in Latin script and apostrophes plainly."""
    out = []
    for character in unicodedata.normalize("NFKC", sentence.translate(_PLAIN_MARKS)):
        if unicodedata.category(character) in ("Cf", "Mn") or character == "ـ":
            continue
        digit = unicodedata.digit(character, None) if character.isdigit() else None
        out.append(str(digit) if digit is not None else character)
    text = "".join(out).translate(_PLAIN_MARKS)
    # an Arabic comma between digits groups them; an Arabic letter before digits is its own word
    text = re.sub(r"(?<=\d)،(?=\d{3})", ",", text)
    text = re.sub(r"(?i)(?<=\d) ?([ap])\. ?m\b\.?", r" \1m", text)  # 9 p.m.
    return re.sub(r"(?<=[\u0600-\u06ff])(?=[\d@])", " ", text)


def tokens(sentence: str) -> list[Token]:
    """Split a sentence into tokens, in order.

    A hashtag is its word; hashtags with digits and addresses of pages are left out.

    Examples
    --------
    >>> [token.text for token in tokens("#Caracas: 6.600 cuentas")]
    ['caracas', ':', '6.600', 'cuentas']
    """
    found: list[Token] = []
    end = -1
    text = clean(sentence)
    for match in _TOKENS.finditer(text):
        glued = match.start() == end
        end = match.end()
        before = text[match.start() - 1] if match.start() else " "
        if match.lastgroup == "url":
            continue
        kind = TokenKind(str(match.lastgroup))
        if before == "#" and kind in (TokenKind.WORD, TokenKind.DIGITS):
            if kind is TokenKind.WORD and match.group().isalpha():
                found.append(Token(kind, fold(match.group()), False))
            continue
        if match.group() == "-" and before.isalpha() and text[end : end + 1].isalpha():
            continue  # quatre-vingt-dix
        if kind is TokenKind.HANDLE:
            found.append(Token(kind, match.group().rstrip(".-"), glued))
        elif kind is TokenKind.WORD:
            found.append(Token(kind, fold(match.group()), glued))
        else:
            found.append(Token(kind, match.group().lower(), glued))
    return found


#: What Arabic writes onto a word: and, so, by, to, like, the, and their joins.
_PREFIXES = ("وبال", "وال", "بال", "لل", "فال", "كال", "ال", "و", "ف", "ب", "ل", "ك")


@lru_cache(maxsize=8192)
def forms(word: str) -> tuple[str, ...]:
    """A folded word, and for Arabic what is left without the small words written onto it."""
    if not word or not "\u0600" <= word[0] <= "\u06ff":
        return (word,)
    found = [word]
    for prefix in _PREFIXES:
        if word.startswith(prefix) and len(word) - len(prefix) >= 2:
            found.append(word[len(prefix) :])
            if prefix in ("و", "ف"):
                found += [f for f in forms(word[len(prefix) :])[1:] if len(f) >= 2]
    return tuple(dict.fromkeys(found))
