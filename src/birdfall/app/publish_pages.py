"""What is given out: the report, the evidence, and whether every number comes out again."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from birdfall.app.ask_pages import split_names
from birdfall.app.history import Change, last_changes, note_change
from birdfall.app.jobs import (
    JobKind,
    JobRequest,
    JobState,
    JobStatus,
    begin_job,
    job_status,
    last_job,
)
from birdfall.app.open_case import open_case
from birdfall.app.page_error import PageError
from birdfall.app.result_pages import tell
from birdfall.app.site import Site, go_to, in_thread, is_measured, running, text_of, texts_of
from birdfall.app.worker import EVIDENCE
from birdfall.app.workspace import Desk
from birdfall.pipeline.intake import find_account
from birdfall.pipeline.report import REPORT_FILE, render_report, write_report
from birdfall.pipeline.run import change_presentation
from birdfall.record.atomic import write_text
from birdfall.record.case import Case
from birdfall.record.listing import known_handles
from birdfall.tell.layout import ALWAYS, LAYOUT_FILE, MAX_NOTE_CHARS, ReportLayout
from birdfall.tell.words import LANGUAGES

#: The file on a desk that holds the layout until the report is written so.
LAYOUT: Final = "layout.json"
#: Sections of a form, at most, and the longest key of one, in characters.
MAX_SECTIONS, MAX_KEY_CHARS = 100, 100
#: A report brings a policy of its own, stricter than this server's.
REPORT_HEADERS: Final = {
    "Content-Security-Policy": "frame-ancestors 'none'; sandbox allow-scripts allow-modals"
    " allow-downloads"
}


class PublishPages:
    """The pages of what leaves the machine."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def publish(self, request: Request) -> Response:
        """Language, who is public, report, evidence, verification."""
        desk, language = self.site.desk(request), self.site.language(request)
        if not is_measured(desk):
            return go_to(f"/{language}/c/{desk.name}/")
        case = desk.case()
        settings = case.settings
        known = dict.fromkeys([*settings.leaders, *settings.controls, *settings.public])
        names = await in_thread(_names_of, case, list(known))
        evidence = desk.folder / EVIDENCE
        told = await in_thread(tell, case, language)
        titles = {s.id: s.title for s in told.articles[0].sections if s.id not in ALWAYS}
        layout = await in_thread(kept_layout, desk, case)
        return self.site.render_desk(
            request,
            "publish",
            desk,
            settings=settings,
            accounts=[(a, names.get(a, a)) for a in known] if self.site.may_unmask(request) else [],
            verified=last_of_kind(desk, JobKind.VERIFY),
            changes=await in_thread(last_changes, desk),
            evidence=evidence.stat().st_size if evidence.is_file() else None,
            has_report=case.read(REPORT_FILE) is not None,
            layout=layout,
            sections=[(key, titles[key]) for key in layout.place(list(titles))],
            is_draft=layout != await in_thread(ReportLayout.from_case, case),
            max_note=MAX_NOTE_CHARS,
        )

    async def write(self, request: Request) -> Response:
        """Write the report as the form says."""
        desk, language = self.site.desk(request), self.site.language(request)
        form = await self.site.read_form(request)
        if running(last_job(desk)):
            raise PageError("busy")
        case = desk.case()
        before = await in_thread(kept_layout, desk, case)
        layout = said_layout(form, before)
        await in_thread(keep_layout, desk, layout)
        if text_of(form, "move") or text_of(form, "keep"):
            return go_to(f"/{language}/c/{quote(desk.name, safe='')}/publish#h-sections")
        first = text_of(form, "first")
        names = [*texts_of(form, "public"), *split_names(text_of(form, "more_public"))]
        if not self.site.may_unmask(request):  # who is named is for the owner to say
            names = list(case.settings.public)
        await in_thread(_write, case, first if first in LANGUAGES else language, names, layout)
        await in_thread(note_change, desk, Change.REPORT, self.site.visitor(request))
        return go_to(f"/{language}/c/{desk.name}/publish")

    async def preview(self, request: Request) -> Response:
        """The report in the language of the address as it would be written now."""
        desk, language = self.site.desk(request), self.site.language(request)
        if not is_measured(desk):
            raise HTTPException(404)
        case = desk.case()
        layout = await in_thread(kept_layout, desk, case)
        page = await in_thread(
            lambda: render_report(case, languages=[language], default=language, layout=layout)
        )
        return HTMLResponse(page, headers=REPORT_HEADERS)

    async def verify(self, request: Request) -> Response:
        """Compute everything again."""
        return await self._begin(request, JobKind.VERIFY)

    async def pack(self, request: Request) -> Response:
        """Make the evidence."""
        return await self._begin(request, JobKind.EVIDENCE)

    async def _begin(self, request: Request, kind: JobKind) -> Response:
        desk, language = self.site.desk(request), self.site.language(request)
        await self.site.read_form(request)
        await in_thread(begin_job, desk, JobRequest(kind, language))
        what = Change.VERIFIED if kind is JobKind.VERIFY else Change.EVIDENCE
        await in_thread(note_change, desk, what, self.site.visitor(request))
        return go_to(f"/{language}/c/{desk.name}/job")

    async def report(self, request: Request) -> Response:
        """The report, which brings a policy of its own, stricter than this server's."""
        desk = self.site.desk(request)
        page = desk.case().read(REPORT_FILE) if desk.has_case else None
        if page is None:
            raise HTTPException(404)
        headers = dict(REPORT_HEADERS)
        if "download" in request.query_params:
            headers["Content-Disposition"] = f'attachment; filename="{download_name(desk)}.html"'
        return HTMLResponse(page, headers=headers)

    async def evidence(self, request: Request) -> Response:
        """The evidence as one file."""
        desk = self.site.desk(request)
        path = desk.folder / EVIDENCE
        if not path.is_file():
            raise HTTPException(404)
        name = f"{download_name(desk)}-evidence.zip"
        return FileResponse(path, media_type="application/zip", filename=name)


def kept_layout(desk: Desk, case: Case) -> ReportLayout:
    """The layout that was chosen last for the report of a case, written or not."""
    try:
        return ReportLayout.from_text((desk.folder / LAYOUT).read_text("utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ReportLayout.from_case(case)


def keep_layout(desk: Desk, layout: ReportLayout) -> None:
    """Keep a layout until the report is written so."""
    desk.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_text(desk.folder / LAYOUT, layout.to_text())


def said_layout(form: FormData, before: ReportLayout) -> ReportLayout:
    """The layout that a form says.

    before: what is kept; a form that shows no sections leaves it as it is.
    """
    named = (key[:MAX_KEY_CHARS] for key in texts_of(form, "section"))
    order = list(dict.fromkeys(named))[:MAX_SECTIONS]
    if not order:
        return before
    shown = set(texts_of(form, "shown"))
    way, _, key = text_of(form, "move").partition(":")
    if key in order and way in ("up", "down"):
        at = order.index(key)
        to = min(max(at + (1 if way == "down" else -1), 0), len(order) - 1)
        order.insert(to, order.pop(at))
    notes = {key: text_of(form, f"note:{key}")[:MAX_NOTE_CHARS] for key in order}
    # what was said of sections that have nothing to say now is kept until they have
    unseen = {key: note for key, note in before.notes.items() if key not in order}
    return ReportLayout(
        tuple(order) + tuple(key for key in before.order if key not in order),
        tuple(key for key in order if key not in shown)
        + tuple(key for key in before.left_out if key not in order),
        unseen | {key: note for key, note in notes.items() if note},
    )


def download_name(desk: Desk) -> str:
    """A name for a file of this inquiry, in letters that any system takes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", desk.name).strip("-.") or "case"


def last_of_kind(desk: Desk, kind: JobKind) -> JobStatus | None:
    """The last job of a kind that was done since the last measuring; None if there is none."""
    last = last_job(desk)
    for number in range(last.number if last else 0, 0, -1):
        status = job_status(desk, number)
        if status is None or status.state is not JobState.DONE:
            continue
        if status.request.kind is kind:
            return status
        if status.request.kind in (JobKind.READ, JobKind.MEASURE, JobKind.DEMO):
            return None
    return None


def _names_of(case: Case, accounts: list[str]) -> dict[str, str]:
    """The handles of these accounts, as far as they are known."""
    opened = open_case(case)
    codes = {a: c for a in accounts if (c := opened.record.ids.code(a)) is not None}
    handles = opened.ask(lambda record: known_handles(record, list(codes.values())))
    named = {a: opened.settings.names.get(a) or handles.get(c, "") for a, c in codes.items()}
    return {account: name for account, name in named.items() if name}


def _write(case: Case, first: str, names: list[str], layout: ReportLayout) -> None:
    record = case.record()
    public = tuple(dict.fromkeys(find_account(record, name) for name in names))
    if public != case.settings.public or first != case.settings.language:
        change_presentation(case, public=public, language=first)
    if layout != ReportLayout.from_case(case):
        case.put({LAYOUT_FILE: layout.to_text().encode()})
    write_report(case, first)
