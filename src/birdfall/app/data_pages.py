"""What the files are, and what must be said before they can be read."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from birdfall.app.begin_pages import take_files
from birdfall.app.history import Change, note_change
from birdfall.app.jobs import JobKind, JobRequest, begin_job
from birdfall.app.page_error import PageError
from birdfall.app.reading import (
    GivenReading,
    SeenFile,
    ZoneExample,
    coverage_of,
    date_format_for,
    order_examples,
    roles_of,
    see_file,
    see_files,
    zone_examples,
)
from birdfall.app.refusals import refusal_key
from birdfall.app.site import Site, go_to, in_thread, text_of, uploads_of
from birdfall.measures.coverage import question_reasons
from birdfall.model.errors import BirdfallError
from birdfall.model.findings import Finding, Note
from birdfall.sources.shared.timestamps import (
    DayOrderQuestion,
    ZoneQuestion,
    find_zone,
)
from birdfall.sources.table.column_choice import ROLES
from birdfall.sources.table.mended import MendedCell, read_cells

#: Zones between which a person may choose at once; any other can be written.
ZONES: Final = (
    "UTC", "America/Caracas", "America/Bogota", "America/Mexico_City", "America/New_York",
    "America/Sao_Paulo", "Europe/London", "Europe/Madrid", "Europe/Paris", "Europe/Lisbon",
    "Africa/Cairo", "Asia/Riyadh",
)  # fmt: skip
#: Questions that are always asked: what other measures, and every report, stand on.
ALWAYS_ASKED: Final = ("coverage", "waves", "claims")
#: Rejected rows, and rows of a sample, that are shown of a file.
MAX_SHOWN: Final = 20
#: Longest value that is put right on the page, in characters.
MAX_CELL_CHARS: Final = 1_000


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """What must be said of a file.

    Parameters
    ----------
    kind
        `zone`, `order` or `other`.
    error
        The question as the reader asks it.
    zones
        What the time would mean in some zones.
    orders
        What the date would be, by which part comes first.
    sample
        The time or date in question.
    """

    kind: str
    error: BirdfallError
    zones: tuple[ZoneExample, ...] = ()
    orders: tuple[tuple[str, object], ...] = ()
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Askable:
    """A question, and why it cannot be asked; None if it can."""

    name: str
    reason: Note | None

    @property
    def may_be_left_out(self) -> bool:
        """Whether a person may leave it out; others are read by most."""
        return self.reason is None and self.name not in ALWAYS_ASKED


class DataPages:
    """The page of the files of an inquiry, and what is done on it."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def data(self, request: Request) -> Response:
        """Each file, how it would be read, and what can be asked."""
        desk = self.site.desk(request)
        seen = await in_thread(see_files, desk)
        coverage = await in_thread(coverage_of, seen)
        return self.site.render_desk(
            request,
            "data",
            desk,
            files=[(one, question_of(one)) for one in seen],
            roles=[(one.file.number, _roles(one)) for one in seen],
            known_roles=list(ROLES),
            zones=ZONES,
            shown=MAX_SHOWN,
            refusal_key=refusal_key,
            ready=bool(seen) and all(one.is_ready for one in seen),
            askable=askable(coverage) if isinstance(coverage, Finding) else [],
        )

    async def change(self, request: Request) -> Response:
        """Keep what a person said of a file."""
        desk, language = self.site.desk(request), self.site.language(request)
        form = await self.site.read_form(request)
        file = desk.file(int(request.path_params["number"]))
        if file is None:
            raise HTTPException(404)
        seen = await in_thread(see_file, file)
        reading = await in_thread(said_reading, seen, form)
        reading.put(file)
        if reading.mended != seen.reading.mended:
            await in_thread(note_change, desk, Change.MENDED, self.site.visitor(request))
        return go_to(f"/{language}/c/{desk.name}/data#file-{file.number}")

    async def add(self, request: Request) -> Response:
        """Put further files on the desk."""
        desk, language = self.site.desk(request), self.site.language(request)
        form = await self.site.read_form(request)
        if not uploads_of(form, "files") and not text_of(form, "table"):
            raise PageError("no-file")
        await take_files(desk, form)
        await in_thread(note_change, desk, Change.FILES, self.site.visitor(request))
        return go_to(f"/{language}/c/{desk.name}/data")

    async def remove(self, request: Request) -> Response:
        """Take a file off the desk."""
        desk, language = self.site.desk(request), self.site.language(request)
        await self.site.read_form(request)
        await in_thread(desk.remove_file, int(request.path_params["number"]))
        await in_thread(note_change, desk, Change.FILES, self.site.visitor(request))
        return go_to(f"/{language}/c/{desk.name}/data")

    async def take_in(self, request: Request) -> Response:
        """Make the case from the files."""
        desk, language = self.site.desk(request), self.site.language(request)
        await self.site.read_form(request)
        seen = await in_thread(see_files, desk)
        if not seen or not all(one.is_ready for one in seen):
            return go_to(f"/{language}/c/{desk.name}/data")
        await in_thread(begin_job, desk, JobRequest(JobKind.READ, language))
        await in_thread(note_change, desk, Change.READ, self.site.visitor(request))
        return go_to(f"/{language}/c/{desk.name}/job")


def question_of(seen: SeenFile) -> AskedQuestion | None:
    """What must be said of a file before it can be read; None: nothing."""
    question = seen.question
    match question:
        case None:
            return None
        case ZoneQuestion():
            examples = tuple(zone_examples(question, ("UTC", "America/Caracas")))
            return AskedQuestion("zone", question, zones=examples, sample=question.sample)
        case DayOrderQuestion():
            orders = tuple(order_examples(question).items())
            return AskedQuestion("order", question, orders=orders, sample=question.sample)
        case _:
            return AskedQuestion("other", question)


def said_reading(seen: SeenFile, form: FormData) -> GivenReading:
    """How a file is to be read, after what a form says of it.

    Raises UsageError for a zone that there is none of.
    """
    reading = seen.reading
    zone = text_of(form, "other_zone") or text_of(form, "zone")
    if zone:
        find_zone(zone)
        reading = replace(reading, time_zone=zone)
    question, order = seen.question, text_of(form, "order")
    if order in ("dmy", "mdy") and isinstance(question, DayOrderQuestion):
        reading = replace(reading, date_format=date_format_for(question.sample, order))
    if text_of(form, "columns") == "yes":
        reading = replace(reading, columns=_said_columns(seen, form))
    if text_of(form, "mend") == "yes" and seen.can_mend:
        reading = replace(reading, mended=said_mended(seen, form))
    if text_of(form, "forget") == "yes":
        reading = GivenReading(mended=reading.mended)
    if text_of(form, "forget") == "mended":
        reading = replace(reading, mended=())
    return reading


def said_mended(seen: SeenFile, form: FormData) -> tuple[MendedCell, ...]:
    """The cells that a form puts right, beside those that were before. Only such as were shown
    with a reason for which their row was refused are changed, and no others.
    """
    (look,) = seen.looks
    names = [column.name for column in look.columns]
    refused = {(row["line"], row["column"]): row["value"] or "" for row in look.examples}
    said: dict[tuple[int, str], str] = {}
    for key, value in form.multi_items():
        place = re.fullmatch(r"mend-(\d{1,9})-(\d{1,4})", key)
        if place is None or not isinstance(value, str) or int(place[2]) >= len(names):
            continue
        cell = int(place[1]), names[int(place[2])]
        if refused.get(cell, value) != value:
            said[cell] = value.strip()[:MAX_CELL_CHARS]
    mended = {(one.line, one.column): one for one in seen.reading.mended}
    for (line, column), before in read_cells(seen.file.path, said).items():
        mended[line, column] = MendedCell(line, column, before, said[line, column])
    kept = sorted(mended.items())
    return tuple(one for _, one in kept if one.after != one.before)


def _said_columns(seen: SeenFile, form: FormData) -> dict[str, str]:
    """The roles that a form gives columns, as far as they differ from what was found."""
    names = [column.name for look in seen.looks for column in look.columns]
    found = _roles(seen)
    said = dict(seen.reading.columns)
    for key, value in form.multi_items():
        number = re.fullmatch(r"column-(\d{1,4})", key)
        if number is None or not isinstance(value, str) or int(number[1]) >= len(names):
            continue
        name = names[int(number[1])]
        said = {role: column for role, column in said.items() if column != name or role == value}
        if value in ROLES and found.get(name) != value:
            said = {role: column for role, column in said.items() if column != name}
            said[value] = name
    return said


def _roles(seen: SeenFile) -> dict[str, str]:
    found: dict[str, str] = {}
    for look in seen.looks:
        found |= roles_of(look.mapping, seen.reading)
    return found


def askable(coverage: Finding) -> list[Askable]:
    """What can be asked, from the finding on coverage."""
    return [Askable(name, why) for name, why in question_reasons(coverage).items()]
