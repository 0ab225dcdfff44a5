"""What differs between two texts, word by word."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

#: Words with the space after them; letters of scripts without spaces stand alone.
_PIECES: Final = re.compile(
    r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\s\u0e00-\u0eff\u3040-\u30ff"
    r"\u3400-\u9fff\uf900-\ufaff]+|\s+"
)
#: Pieces of a text that are compared, at most.
MAX_PIECES: Final = 600


class TextDifference(StrEnum):
    """What became of a part of a text: kept, new in the other, or left out of it."""

    SAME = "same"
    NEW = "new"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class TextPart:
    """A part of a text, and what became of it."""

    what: TextDifference
    text: str


def differences(one: str, other: str) -> list[TextPart]:
    """How a text was made into another: parts in their order, which joined without those left out
    are the other, and without the new ones the first.

    Past `MAX_PIECES` pieces the rest of each is one part.
    """
    before, after = (_pieces(text) for text in (one, other))
    parts: list[TextPart] = []
    match = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for what, a, a_end, b, b_end in match.get_opcodes():
        if what == "equal":
            parts.append(TextPart(TextDifference.SAME, "".join(before[a:a_end])))
            continue
        if a_end > a:
            parts.append(TextPart(TextDifference.LEFT, "".join(before[a:a_end])))
        if b_end > b:
            parts.append(TextPart(TextDifference.NEW, "".join(after[b:b_end])))
    return parts


def _pieces(text: str) -> list[str]:
    pieces = _PIECES.findall(text)
    rest = "".join(pieces[MAX_PIECES:])
    return pieces[:MAX_PIECES] + ([rest] if rest else [])
