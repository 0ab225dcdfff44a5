"""Marks: which number, time or name stands where in a text.

A text of a report is put together from messages, joins and additions, so what a number is must
travel inside it: a mark is the number between three characters of the private use area, which no
text from outside may hold (`names.sanitize_text`). `resolve` takes the marks out at the end: what
is left is the plain text, which knows its parts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Final, TypeVar

_BEGIN, _TEXT, _END = "\ue000", "\ue001", "\ue002"
_MARK: Final = re.compile(f"{_BEGIN}([0-9]+){_TEXT}([^{_BEGIN}{_END}]*){_END}")
_MARKUP: Final = re.compile(f"{_BEGIN}[0-9]*{_TEXT}?|[{_BEGIN}{_TEXT}{_END}]")
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class ShownNumber:
    """A number as a page prints it, and which one it is.

    Parameters
    ----------
    text
        As it stands in the text.
    key
        Which one it is: the finding and its estimate, "waves.observed", or the cell of its table,
        "counts.drops.hazard[@leader]". One key has one value in a page.
    value
        The number itself; None where it is not known.
    unit
        Of the value.
    meaning
        What it counts, in the language of the page; "" where the text around it says so.
    definition
        What kind of number it is, by which docs/reference/numbers.md tells what it counts: the key
        with the kind of the finding for its name, and without the row.
    finding
        The name of the finding it comes from; "" for one that was not measured here.
    """

    text: str
    key: str
    value: float | int | None
    unit: str = ""
    meaning: str = ""
    definition: str = ""
    finding: str = ""
    kind: str = field(default="number", init=False)


@dataclass(frozen=True)
class ShownTime:
    """A moment or a day as a page prints it.

    iso: the moment with its offset from UTC, or the day.
    """

    text: str
    iso: str
    kind: str = field(default="time", init=False)


@dataclass(frozen=True)
class ShownName:
    """The name of somebody or something, or words of others: digits in it are no number."""

    text: str
    kind: str = field(default="name", init=False)


Shown = ShownNumber | ShownTime | ShownName


class Counted(int):
    """A count that knows which number it is, for a message that chooses its form by it."""

    shown: ShownNumber

    def __new__(cls, value: int, shown: ShownNumber) -> Counted:
        """A count of `value`; shown: which number it is."""
        made = super().__new__(cls, value)
        made.shown = shown
        return made


class Marks:
    """What was marked in the texts of a page so far; equal things are one."""

    def __init__(self) -> None:
        self._places: dict[Shown, int] = {}
        self._shown: list[Shown] = []

    def mark(self, shown: Shown) -> str:
        """The text of `shown` with its mark; one that is marked already, or empty, as it is."""
        if not shown.text or _BEGIN in shown.text:
            return shown.text
        place = self._places.setdefault(shown, len(self._shown))
        if place == len(self._shown):
            self._shown.append(shown)
        return f"{_BEGIN}{place}{_TEXT}{shown.text}{_END}"

    def parts(self, text: str) -> list[str | Shown]:
        """The pieces of a text: what is marked, and what stands between."""
        pieces: list[str | Shown] = []
        end = 0
        for match in _MARK.finditer(text):
            between, place = _MARKUP.sub("", text[end : match.start()]), int(match[1])
            pieces += [between] if between else []
            known = place < len(self._shown) and self._shown[place].text == match[2]
            pieces.append(self._shown[place] if known else match[2])
            end = match.end()
        rest = _MARKUP.sub("", text[end:])
        return [*pieces, rest] if rest or not pieces else pieces


class MarkedText(str):
    """A text that knows its parts: strings, and the numbers, times and names between them."""

    parts: Sequence[str | Shown]

    def __new__(cls, parts: Sequence[str | Shown]) -> MarkedText:
        """The text of these parts."""
        made = super().__new__(cls, "".join(p if isinstance(p, str) else p.text for p in parts))
        made.parts = tuple(parts)
        return made


def plain(text: str) -> str:
    """A text without its marks."""
    return _MARKUP.sub("", _MARK.sub(r"\2", text)) if _BEGIN in text else text


def parts_of(text: str) -> Sequence[str | Shown]:
    """The parts of a text; one that knows none is its only part."""
    return text.parts if isinstance(text, MarkedText) else (text,)


def paragraphs(text: str) -> list[MarkedText]:
    """The paragraphs of a text, which an empty line parts."""
    found: list[list[str | Shown]] = [[]]
    for part in parts_of(text):
        if not isinstance(part, str):
            found[-1].append(part)
            continue
        first, *others = part.split("\n\n")
        found[-1].append(first)
        found += [[other] for other in others]
    return [MarkedText(parts) for parts in found]


def resolve(value: _Value, marks: Marks) -> _Value:
    """The same texts, lists and dataclasses, in which marked texts know their parts."""
    return _resolved(value, marks)  # type: ignore[no-any-return]


def _resolved(value: Any, marks: Marks) -> Any:
    if isinstance(value, str):
        return MarkedText(marks.parts(value)) if _BEGIN in value else value
    if isinstance(value, (list, tuple)):
        found = [_resolved(one, marks) for one in value]
        return found if isinstance(value, list) else tuple(found)
    if isinstance(value, Mapping):
        return {key: _resolved(one, marks) for key, one in value.items()}
    if is_dataclass(value) and not isinstance(value, (type, ShownNumber, ShownTime, ShownName)):
        changed = {
            f.name: _resolved(getattr(value, f.name), marks) for f in fields(value) if f.init
        }
        return replace(value, **changed)
    return value
