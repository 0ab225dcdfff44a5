"""Reads the numbers off a report, as a machine or a test does: each with what it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final

#: Elements without an end.
_VOID: Final = frozenset(("meta", "link", "br", "hr", "img", "input", "use", "wbr", "col"))
#: Elements whose digits are no numbers of the page: names, quotations, dates, code, drawings.
_NO_NUMBERS: Final = frozenset(("time", "q", "code", "script", "style", "title"))
#: Classes of elements whose digits are no numbers of the page.
_NO_NUMBERS_BY_CLASS: Final = frozenset(("name", "digest", "sources", "defs", "odds"))
_NUMERAL: Final = re.compile(r"\d+(?:[.,\u202f\u00a0\u066b\u066c]\d+)*")


@dataclass(frozen=True)
class PrintedNumber:
    """A number of a report.

    Parameters
    ----------
    language
        Of the article it stands in.
    text
        As it is printed.
    key
        Which number it is: one key has one value in a report. "" for one that does not say.
    definition
        What kind of number it is, by which docs/reference/numbers.md tells what it counts.
    finding
        The name of the finding it comes from; "" for one that was not measured here.
    value
        The number itself; None where it is not known.
    unit
        Of the value.
    meaning
        What it counts, in words; "" where the text around it says so.
    """

    language: str
    text: str
    key: str
    definition: str
    finding: str
    value: float | None
    unit: str
    meaning: str


def printed_numbers(page: str | bytes) -> list[PrintedNumber]:
    """All numbers that a report prints, in their order.

    Dates, names, quotations and fingerprints are no numbers. One that is printed without saying
    which it is has the key "".

    Parameters
    ----------
    page
        HTML of a report.

    Examples
    --------
    >>> import birdfall
    >>> page = '<p>Of <data value="7" data-number="waves.observed">7</data> in 2</p>'
    >>> [(n.text, n.key, n.value) for n in birdfall.printed_numbers(page)]
    [('7', 'waves.observed', 7.0), ('2', '', None)]
    """
    reader = _Reader()
    reader.feed(page.decode("utf-8", "replace") if isinstance(page, bytes) else page)
    reader.close()
    return reader.numbers


@dataclass(frozen=True)
class _Open:
    """An element that has begun: its name, and what it says of the text in it."""

    tag: str
    ignored: bool
    language: str
    number: Mapping[str, str] | None


class _Reader(HTMLParser):
    """Follows the elements of a page and collects its numbers."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.numbers: list[PrintedNumber] = []
        self._open = [_Open("", False, "", None)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        said = {key: value or "" for key, value in attrs}
        around = self._open[-1]
        ignored = (
            around.ignored
            or tag in _NO_NUMBERS
            or "data-name" in said
            or not _NO_NUMBERS_BY_CLASS.isdisjoint(said.get("class", "").split())
        )
        language = said.get("lang", around.language) if tag == "article" else around.language
        number = said if "data-number" in said else None
        self._open.append(_Open(tag, ignored, language, number))

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self._open) - 1, 0, -1):
            if self._open[place].tag == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        here = self._open[-1]
        if here.ignored:
            return
        if here.number is not None:
            self.numbers.append(_of_element(data, here.number, here.language))
            return
        self.numbers += [
            PrintedNumber(here.language, match[0], "", "", "", None, "", "")
            for match in _NUMERAL.finditer(data)
        ]


def _of_element(text: str, said: Mapping[str, str], language: str) -> PrintedNumber:
    stated = said.get("value") or said.get("data-value") or ""
    return PrintedNumber(
        language,
        text,
        said["data-number"],
        said.get("data-definition", ""),
        said.get("data-finding", ""),
        float(stated) if stated not in ("", "None") else None,
        said.get("data-unit", ""),
        said.get("title", ""),
    )
