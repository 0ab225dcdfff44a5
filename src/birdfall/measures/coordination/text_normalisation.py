"""What each character counts for when texts are compared, for Latin and Arabic scripts and whatever
else people write.

Per character, from the Unicode database: compatibility decomposition, case folded, digits of every
script as ASCII digits; marks of Latin, Greek, Cyrillic, Hebrew and Arabic dropped (so "camión" and
"camion", "كَتَبَ" and "كتب" are one), those of scripts that spell with marks kept. Arabic: alef
forms to alef, yaa without dots to yaa, taa marbuta to haa, Persian kaf and yaa to Arabic ones,
tatweel dropped. Emoji are kept; invisible characters vanish; all else is a gap between words.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from birdfall.kernels.text_normal import BREAK, DROP, KEEP

#: Characters are tabled up to here (two planes); beyond lie rare ideographs, which stand for
#: themselves.
TABLE_SIZE = 0x20000

#: Folded by convention of Arabic search rather than by Unicode (Darwish and Magdy 2014, Arabic
#: information retrieval).
ARABIC = {"ٱ": "ا", "ى": "ي", "ة": "ه", "ک": "ك", "ی": "ي", "ھ": "ه", "ہ": "ه", "ے": "ي", "ڪ": "ك"}

#: Marks that decorate rather than spell.
DECORATIONS = (
    (0x0300, 0x036F),
    (0x0591, 0x05C7),
    (0x0610, 0x061A),
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06ED),
    (0x08D3, 0x08FF),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE00, 0xFE0F),
    (0xFE20, 0xFE2F),
)

TATWEEL = 0x0640


@dataclass(frozen=True)
class CharacterTable:
    """kinds: int8[TABLED], DROP, BREAK or KEEP.

    starts: int32[TABLED + 1] into pieces: uint32, what each becomes.
    """

    kinds: np.ndarray
    starts: np.ndarray
    pieces: np.ndarray


@lru_cache(maxsize=1)
def character_table() -> CharacterTable:
    """The table, made once per process from the Unicode database that Python carries."""
    kinds = np.empty(TABLE_SIZE, np.int8)
    starts = np.zeros(TABLE_SIZE + 1, np.int32)
    pieces: list[int] = []
    for code in range(TABLE_SIZE):
        kind, becomes = _reduce_character(chr(code))
        kinds[code] = kind
        pieces.extend(becomes)
        starts[code + 1] = len(pieces)
    return CharacterTable(kinds, starts, np.array(pieces, np.uint32))


def _reduce_character(character: str) -> tuple[int, list[int]]:
    category = unicodedata.category(character)
    code = ord(character)
    if category in ("Cf", "Cs") or code == TATWEEL or _is_decoration(code):
        return DROP, []
    if category[0] in "ZPC" and character != "#":
        return BREAK, []
    if category[0] == "S" and not _is_emoji(code, category):
        return BREAK, []
    kept = []
    folded = unicodedata.normalize(
        "NFKD", unicodedata.normalize("NFKD", character).casefold()
    ).casefold()
    for piece in folded:
        if _is_decoration(ord(piece)) or ord(piece) == TATWEEL or not _is_content(piece):
            continue
        digit = unicodedata.digit(piece, None)
        kept.append(str(digit) if digit is not None else ARABIC.get(piece, piece))
    return (KEEP, [ord(c) for c in "".join(kept)]) if kept else (BREAK, [])


def _is_content(piece: str) -> bool:
    category = unicodedata.category(piece)
    return category[0] in "LMN" or piece == "#" or _is_emoji(ord(piece), category)


def _is_decoration(code: int) -> bool:
    return any(low <= code <= high for low, high in DECORATIONS)


def _is_emoji(code: int, category: str) -> bool:
    """Emoji and their skin tones; currency and mathematical signs are gaps."""
    return (category == "So" and code >= 0x2190) or (
        category == "Sk" and 0x1F3FB <= code <= 0x1F3FF
    )
