"""The first page: recent cases, files, a pasted table, the demo."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from birdfall.app.jobs import JobKind, JobRequest, begin_job, last_job
from birdfall.app.page_error import PageError
from birdfall.app.site import Site, go_to, in_thread, is_measured, text_of, uploads_of
from birdfall.app.workspace import Desk, title_of
from birdfall.model.errors import BirdfallError
from birdfall.record.atomic import open_private, write_text
from birdfall.tell.words import LANGUAGES

#: Characters that a page's name for itself must have.
MIN_PAGE_NAME: Final = 8
#: Cases that the first page lists.
MAX_LISTED: Final = 30


@dataclass(frozen=True, slots=True)
class ListedCase:
    """A case as the first page lists it. state: the key of a word."""

    name: str
    title: str
    state: str
    simulated: bool


class BeginPages:
    """The pages with which an inquiry begins."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def root(self, request: Request) -> Response:
        """The page of an address without a language, in one that the browser asks for."""
        language = preferred_language(request.headers.get("accept-language", ""))
        return go_to(f"/{language}/{request.url.path.lstrip('/')}")

    async def begin(self, request: Request) -> Response:
        """The first page."""
        desks = self.site.desks(request)[:MAX_LISTED]
        title = partial(self.site.title, request)
        cases = await in_thread(lambda: [replace(list_case(d), title=title(d)) for d in desks])
        if self.site.prepare is not None and desks:
            self.site.prepare(desks[0], self.site.language(request))
        return self.site.render(request, "begin", cases=cases, folder=str(self.site.workspace.path))

    async def presence(self, request: Request) -> Response:
        """A page says that it is there, or that it leaves."""
        said = await request.body()
        name, _, what = said[:100].decode("ascii", "replace").partition(" ")
        presence = self.site.presence
        if presence is not None and len(name) >= MIN_PAGE_NAME:
            (presence.leave if what == "leaves" else presence.open)(name)
        return Response(status_code=204)

    async def begin_case(self, request: Request) -> Response:
        """A new inquiry from the files, or the table, of a form."""
        language = self.site.language(request)
        form = await self.site.read_form(request)
        given, pasted = uploads_of(form, "files"), text_of(form, "table")
        if not given and not pasted:
            raise PageError("no-file")
        title = text_of(form, "title") or (given[0].filename or "" if given else "")
        desk = self.site.workspace.begin(title.rsplit(".", 1)[0] if given else title)
        await take_files(desk, form)
        return go_to(f"/{language}/c/{desk.name}/data")

    async def begin_demo(self, request: Request) -> Response:
        """The demo, as a case of its own."""
        language = self.site.language(request)
        await self.site.read_form(request)
        desk = self.site.workspace.begin("demo")
        begin_job(desk, JobRequest(JobKind.DEMO, language))
        return go_to(f"/{language}/c/{desk.name}/job")


async def take_files(desk: Desk, form: FormData) -> None:
    """Put the files, and the pasted table, of a form on a desk."""
    for upload in uploads_of(form, "files"):
        await in_thread(_write_upload, desk, upload)
    pasted = text_of(form, "table")
    if pasted:
        ending = "tsv" if "\t" in pasted.splitlines()[0] else "csv"
        place = desk.place_for(f"table.{ending}")
        write_text(place, pasted + "\n")
    await form.close()


def _write_upload(desk: Desk, upload: UploadFile) -> None:
    place = desk.place_for(upload.filename or "file")
    half = place.with_name(f"{place.name}.partial")
    with open_private(half) as file:
        shutil.copyfileobj(upload.file, file, 1 << 20)
    half.replace(place)


def list_case(desk: Desk) -> ListedCase:
    """A case as the first page lists it."""
    job = last_job(desk)
    if job is not None and not job.is_over:
        state = "running"
    elif is_measured(desk):
        state = "measured"
    else:
        state = "begun"
    try:
        simulated = desk.has_case and desk.case().settings.simulated
    except BirdfallError:
        simulated, state = False, "damaged"
    return ListedCase(desk.name, title_of(desk), state, simulated)


def preferred_language(header: str) -> str:
    """The first language of an Accept-Language header that there are words in; else English."""
    wished = []
    for part in header.split(",")[:20]:
        tag, _, weight = part.partition(";q=")
        try:
            wished.append((float(weight or 1), tag.strip().lower()[:2]))
        except ValueError:
            continue
    wished.sort(key=lambda one: -one[0])
    return next((tag for weight, tag in wished if weight > 0 and tag in LANGUAGES), "en")
