"""Figures from newspapers: who said what, of whom, how many, when. They make a case of their own,
or stand beside the data of one.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import unicodedata
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from birdfall.app.history import Change, note_change
from birdfall.app.jobs import JobKind, JobRequest, begin_job, last_job
from birdfall.app.page_error import PageError
from birdfall.app.site import Site, go_to, in_thread, running, text_of
from birdfall.app.workspace import Desk
from birdfall.measures.follower_counts import read_facts
from birdfall.model.errors import BirdfallError
from birdfall.model.settings import Settings
from birdfall.record.case import Case

#: The file of a case that holds them.
FACTS_FILE: Final = "facts.csv"
#: Rows of the form: at least so many empty ones, and most in all.
EMPTY_ROWS, MAX_ROWS = 4, 60
#: Longest text of a field, in characters.
MAX_FIELD_CHARS: Final = 200
#: What a figure may be: followers of an account on a day; how many of them were lost; how their
#: number changed.
KINDS: Final = ("level", "gross", "net")
#: How its number is meant.
WORDINGS: Final = ("exactly", "about", "almost", "over")
#: What stands before the account of a loss in the column of the population.
_FOLLOWERS_OF: Final = "followers of "
_COLUMNS: Final = (
    "id", "when_local", "said_by", "quantity", "relation", "value", "unit", "window", "population",
    "kind", "source", "url",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FigureEntry:
    """A row of the form, as it was written.

    Parameters
    ----------
    said_by
        Who said it.
    kind
        One of `KINDS`.
    account
        Whose followers it is about.
    relation
        One of `WORDINGS`.
    value
        How many.
    day
        When, as 2013-10-31.
    source
        Where it stands.
    """

    said_by: str = ""
    kind: str = "gross"
    account: str = ""
    relation: str = "exactly"
    value: str = ""
    day: str = ""
    source: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was written into it."""
        return not (self.said_by or self.account or self.value or self.day or self.source)


class FiguresPages:
    """The form of published figures."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def new(self, request: Request) -> Response:
        """The form of a case that is not there yet."""
        action = f"/{self.site.language(request)}/figures"
        return self.site.render(
            request, "figures", rows=_with_empty([]), new=True, kinds=KINDS, wordings=WORDINGS,
            action=action,
        )  # fmt: skip

    async def begin(self, request: Request) -> Response:
        """A case of figures alone."""
        language = self.site.language(request)
        form = await self.site.read_form(request)
        facts = facts_csv(entries_of(form))
        title = text_of(form, "title")[:MAX_FIELD_CHARS]
        desk = self.site.workspace.begin(title or "figures")
        await in_thread(_make_case, desk, title, language, facts)
        return await self._measure(request, desk)

    async def figures(self, request: Request) -> Response:
        """The figures of a case."""
        desk, language = self.site.desk(request), self.site.language(request)
        place = f"/{language}/c/{quote(desk.name, safe='')}"
        if not desk.has_case:
            return go_to(f"{place}/data")
        rows = await in_thread(lambda: known_entries(desk.case()))
        return self.site.render_desk(
            request, "figures", desk, rows=_with_empty(rows), new=False, kinds=KINDS,
            wordings=WORDINGS, action=f"{place}/figures",
        )  # fmt: skip

    async def change(self, request: Request) -> Response:
        """Keep the figures of a case, and measure it again."""
        desk = self.site.desk(request)
        form = await self.site.read_form(request)
        if running(last_job(desk)):
            raise PageError("busy")
        facts = facts_csv(entries_of(form), or_none=True)
        case = desk.case()
        await in_thread(lambda: case.put({FACTS_FILE: facts}))
        return await self._measure(request, desk)

    async def _measure(self, request: Request, desk: Desk) -> Response:
        language = self.site.language(request)
        await in_thread(note_change, desk, Change.FIGURES, self.site.visitor(request))
        await in_thread(begin_job, desk, JobRequest(JobKind.MEASURE, language))
        return go_to(f"/{language}/c/{quote(desk.name, safe='')}/job")


def _make_case(desk: Desk, title: str, language: str, facts: bytes) -> None:
    case = Case.create(desk.case_path, Settings(title=title or desk.name, language=language))
    case.put({FACTS_FILE: facts})


def _with_empty(rows: list[FigureEntry]) -> list[FigureEntry]:
    return [*rows, *([FigureEntry()] * EMPTY_ROWS)][:MAX_ROWS]


def entries_of(form: FormData) -> list[FigureEntry]:
    """The rows of a form that something was written into."""
    found = []
    for n in range(1, MAX_ROWS + 1):
        field = {
            name: text_of(form, f"{name}-{n}")[:MAX_FIELD_CHARS]
            for name in ("said_by", "kind", "account", "relation", "value", "day", "source")
        }
        entry = FigureEntry(**field)
        if not entry.is_empty:
            found.append(entry)
    return found


def facts_csv(entries: list[FigureEntry], *, or_none: bool = False) -> bytes:
    """The rows as a table of facts.

    Parameters
    ----------
    entries
        The rows.
    or_none
        Whether there may be none.

    Raises
    ------
    PageError
        For a row that lacks whose followers it is about, its number or its day, and for a number or
        a day that is none.
    """
    if not entries:
        if or_none:
            return b""
        raise PageError("no-figures")
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for number, entry in enumerate(entries, 1):
        if not entry.account:
            raise PageError("no-account", row=number)
        kind = entry.kind if entry.kind in KINDS else "gross"
        value = read_number(entry.value)
        if value is None:
            raise PageError("number", row=number, text=f"\u2068{entry.value}\u2069")
        account = f"@{entry.account.removeprefix('@')}"
        writer.writerow(
            {
                "id": number,
                "when_local": _day(entry.day, number),
                "said_by": entry.said_by,
                "quantity": {"level": "level", "gross": "lost", "net": "net change"}[kind],
                "relation": entry.relation if entry.relation in WORDINGS else "exactly",
                "value": f"{value:g}" if value % 1 else f"{value:.0f}",
                "unit": "accounts" if kind == "gross" else "followers",
                "window": "day" if kind == "net" else "",
                "population": f"{_FOLLOWERS_OF}{account}" if kind == "gross" else account,
                "kind": kind,
                "source": entry.source,
                "url": "",
            }
        )
    data = text.getvalue().encode()
    read_facts(data, FACTS_FILE)
    return data


def _day(text: str, row: int) -> str:
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise PageError("day", row=row, text=f"\u2068{text}\u2069") from error


def read_number(text: str) -> float | None:
    """The number that a text in digits is, of any script; None if it is none.

    Points, commas, blanks and apostrophes before groups of three part thousands: 6.600 is six
    thousand six hundred. Else a point or a comma begins the decimals.

    Examples
    --------
    >>> read_number("6.600"), read_number("1 430 000"), read_number("-4,849"), read_number("1,5")
    (6600.0, 1430000.0, -4849.0, 1.5)
    """
    plain = "".join(
        str(unicodedata.decimal(c)) if c.isdecimal() and c not in "0123456789" else c
        for c in text.strip().replace("\u2212", "-").replace("٬", ",").replace("٫", ".")
    )
    sign = -1.0 if plain.startswith("-") else 1.0
    plain = plain.lstrip("+-").strip()
    if re.fullmatch(r"\d{1,3}([.,'\u2019\s])\d{3}(\1\d{3})*", plain):
        return sign * float(re.sub(r"\D", "", plain))
    if re.fullmatch(r"\d{1,15}([.,]\d{1,9})?", plain):
        return sign * float(plain.replace(",", "."))
    return None


def known_entries(case: Case) -> list[FigureEntry]:
    """The figures that a case keeps; none if they cannot be read."""
    try:
        facts = read_facts(case.read(FACTS_FILE) or b"", FACTS_FILE)
    except BirdfallError:
        return []
    rows = csv.DictReader(io.StringIO((case.read(FACTS_FILE) or b"").decode("utf-8-sig")))
    sources = [row.get("source") or "" for row in rows if (row.get("value") or "").strip()]
    return [
        FigureEntry(
            fact.said_by,
            fact.kind,
            fact.population.removeprefix(_FOLLOWERS_OF),
            fact.relation,
            f"{fact.value:.0f}" if fact.value % 1 == 0 else f"{fact.value:g}",
            fact.date.isoformat(),
            source,
        )
        for fact, source in zip(facts, sources, strict=True)
    ]
