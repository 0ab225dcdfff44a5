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

_DECORATING = frozenset(c for low, high in DECORATIONS for c in range(low, high + 1))

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
    kinds = np.array([_kind_of(chr(code)) for code in range(TABLE_SIZE)], np.int8)
    kept = np.flatnonzero(kinds == KEEP)
    # a line break neither decomposes nor folds nor joins its neighbours: all characters in one go
    lines = "\n".join(map(chr, kept.tolist()))
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", lines).casefold())
    becomes = folded.casefold().translate(_Pieces()).split("\n")
    lengths = np.zeros(TABLE_SIZE, np.int32)
    lengths[kept] = [len(piece) for piece in becomes]
    kinds[kept[lengths[kept] == 0]] = BREAK
    pieces = np.frombuffer("".join(becomes).encode("utf-32-le"), "<u4").astype(np.uint32)
    return CharacterTable(kinds, np.r_[0, np.cumsum(lengths)].astype(np.int32), pieces)


def _kind_of(character: str) -> int:
    """What becomes of a character; KEEP unless nothing is left of it once it is folded."""
    category = unicodedata.category(character)
    code = ord(character)
    if category in ("Cf", "Cs") or code == TATWEEL or _is_decoration(code):
        return DROP
    if category[0] in "ZPC" and character != "#":
        return BREAK
    return BREAK if category[0] == "S" and not _is_emoji(code, category) else KEEP


class _Pieces(dict[int, str]):
    """What each code point of a folded character is written as; for `str.translate`."""

    def __missing__(self, code: int) -> str:
        piece = chr(code)
        if piece != "\n" and (_is_decoration(code) or code == TATWEEL or not _is_content(piece)):
            piece = ""
        digit = unicodedata.digit(piece, None) if piece else None
        self[code] = str(digit) if digit is not None else ARABIC.get(piece, piece)
        return self[code]


def _is_content(piece: str) -> bool:
    category = unicodedata.category(piece)
    return category[0] in "LMN" or piece == "#" or _is_emoji(ord(piece), category)


def _is_decoration(code: int) -> bool:
    return code in _DECORATING


def _is_emoji(code: int, category: str) -> bool:
    """Emoji and their skin tones; currency and mathematical signs are gaps."""
    return (category == "So" and code >= 0x2190) or (
        category == "Sk" and 0x1F3FB <= code <= 0x1F3FF
    )
