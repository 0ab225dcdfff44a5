"""What every page of the workspace needs: words, templates, forms, and the way to an inquiry."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache, partial
from importlib.resources import files
from typing import Final
from urllib.parse import quote

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

import birdfall
from birdfall.app.jobs import JobKind, JobState, JobStatus, last_job
from birdfall.app.page_error import PageError
from birdfall.app.people import VisitorRole
from birdfall.app.presence import Presence
from birdfall.app.session import Grant, Sessions, bearer_of, is_for_readers, session_of
from birdfall.app.workspace import Desk, Workspace, title_of
from birdfall.model.errors import BirdfallError
from birdfall.record.manifest import NAME as MANIFEST
from birdfall.tell.kept_templates import keep_templates
from birdfall.tell.words import LANGUAGES, NAMES, MessageValue, Words, words

#: Fields and files of one form.
MAX_FIELDS, MAX_FILES_PER_FORM = 400, 200
#: Largest field of a form, in bytes: a pasted table or article.
MAX_FIELD_BYTES: Final = 4 << 20

#: Seconds that a case is held for whoever changed it last, where several people may.
HOLD_SECONDS: Final = 600.0

Handler = Callable[[Request], Awaitable[Response]]


class AppWords:
    """The words of the workspace by short key: those of the catalogue that begin with `app.`."""

    def __init__(self, say: Words) -> None:
        self._say = say

    def __call__(self, key: str, **values: MessageValue) -> str:
        return self._say(f"app.{key}", **values)

    def has(self, key: str) -> bool:
        """Whether there is such a message."""
        return self._say.has(f"app.{key}")


class Site:
    """The workspace as pages show it.

    sessions: who may change it. presence: what open pages say to, if anybody listens. `prepare`
    begins to read a case that may be opened next; None: nothing is read before it is asked for.
    """

    def __init__(
        self, workspace: Workspace, sessions: Sessions, presence: Presence | None = None
    ) -> None:
        self.workspace, self.sessions = workspace, sessions
        self.presence = presence
        self.title_for_readers: Callable[[Desk], str] = title_of
        self.prepare: Callable[[Desk, str], None] | None = None
        self._held: dict[str, tuple[str, float]] = {}
        self._questions: dict[tuple[str, str], tuple[int, Sequence[object]]] = {}
        self._environment = Environment(
            loader=ChoiceLoader([PackageLoader("birdfall.app"), PackageLoader("birdfall.tell")]),
            autoescape=select_autoescape(default=True, default_for_string=True),
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        )
        keep_templates(self._environment)
        self._environment.globals["asset"] = asset_address

    def language(self, request: Request) -> str:
        """The language in a page's address. Raises HTTPException 404 for another."""
        language = str(request.path_params.get("language", "en"))
        if language not in LANGUAGES:
            raise HTTPException(404)
        return language

    def desk(self, request: Request) -> Desk:
        """The inquiry in a page's address. Raises HTTPException 404 if there is none."""
        name = str(request.path_params["case"])
        desk = self.workspace.desk(name) if self._sees(request, name) else None
        if desk is None:
            raise HTTPException(404)
        return desk

    def desks(self, request: Request) -> list[Desk]:
        """The inquiries that somebody sees, the last changed first."""
        return [desk for desk in self.workspace.desks() if self._sees(request, desk.name)]

    def _sees(self, request: Request, case: str) -> bool:
        grant = self._grant(request)
        return grant is None or grant.case is None or grant.case == case

    def _grant(self, request: Request) -> Grant | None:
        return self.sessions.grant(session_of(request))

    def role(self, request: Request) -> VisitorRole:
        """What somebody may do; a program as who may only read."""
        grant = self._grant(request)
        return VisitorRole.READ if grant is None or self.sessions.read_only else grant.role

    def render(
        self, request: Request, template: str, status: int = 200, /, **context: object
    ) -> HTMLResponse:
        """A page."""
        language = self.language(request)
        zone = str(context.pop("zone", "UTC"))
        say = words(language, zone)
        rest = request.url.path.removeprefix(f"/{language}")
        query = f"?{request.url.query}" if request.url.query else ""
        text = self._environment.get_template(f"{template}.html.j2").render(
            page=template,
            say=say,
            w=AppWords(say),
            language=language,
            languages=NAMES,
            same_page={code: f"/{code}{rest}{query}" for code in NAMES},
            reads_only=self.role(request) is VisitorRole.READ,
            is_owner=self.role(request) is VisitorRole.OWNER,
            form_word=self.sessions.form_word(session_of(request)),
            version=birdfall.__version__,
            **{"desk": None, "job": None, "base": f"/{language}", **context},
        )
        return HTMLResponse(text, status)

    def render_part(self, template: str, **context: object) -> str:
        """A template that is no page."""
        return self._environment.get_template(f"{template}.svg.j2").render(**context)

    def render_desk(
        self, request: Request, template: str, desk: Desk, status: int = 200, /, **context: object
    ) -> HTMLResponse:
        """A page of an inquiry."""
        language = self.language(request)
        job = last_job(desk)
        return self.render(
            request,
            template,
            status,
            **{
                "desk": desk,
                "title": self.title(request, desk),
                "job": job,
                "measured": is_measured(desk),
                "questions": self.questions(desk, language),
                "may_unmask": self.may_unmask(request),
                "network_name": partial(network_name, words(language)),
                "base": f"/{language}/c/{quote(desk.name, safe='')}",
                **context,
            },
        )

    def title(self, request: Request, desk: Desk) -> str:
        """The title of an inquiry as somebody is shown it: accounts by handle to the owner only."""
        owner = self.role(request) is VisitorRole.OWNER
        return title_of(desk) if owner else self.title_for_readers(desk)

    def remember_questions(self, desk: Desk, language: str, listed: Sequence[object]) -> None:
        """Keep which questions a case answers, as long as it does not change: to find out takes
        longer than a page may.
        """
        self._questions[desk.name, language] = (_state_of(desk), listed)

    def questions(self, desk: Desk, language: str) -> Sequence[object]:
        """The questions that were kept; none if there are none of the case as it is."""
        state, listed = self._questions.get((desk.name, language), (-1, ()))
        return listed if state == _state_of(desk) else ()

    def may_unmask(self, request: Request) -> bool:
        """Whether somebody may see all accounts by their handles."""
        return self.role(request) is VisitorRole.OWNER

    def render_error(self, request: Request, error: BirdfallError, status: int) -> Response:
        """A page that says what went wrong."""
        if request.path_params.get("language") not in LANGUAGES:
            request.path_params["language"] = "en"
        name = str(request.path_params.get("case", ""))
        desk = self.workspace.desk(name) if name and self._sees(request, name) else None
        if desk is not None:
            return self.render_desk(request, "failed", desk, status, error=error)
        return self.render(request, "failed", status, error=error)

    async def read_form(self, request: Request) -> FormData:
        """The fields of a form of ours. Raises HTTPException 403 for one of somebody else's."""
        form = await request.form(
            max_files=MAX_FILES_PER_FORM, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES
        )
        session, word = session_of(request), text_of(form, "word")
        if not self.sessions.is_form_word(session, word):
            await form.close()
            raise HTTPException(403, "This form is of another session: load the page again.")
        try:
            self._hold(request)
        except PageError:
            await form.close()
            raise
        return form

    def _hold(self, request: Request) -> None:
        """Hold a case for whoever changes it, so that two people do not undo what the other does.

        Raises PageError if somebody else changed it in the last minutes.
        """
        name, grant = str(request.path_params.get("case", "")), self._grant(request)
        shows = request.url.path.endswith("/handles") or is_for_readers(request)
        if not self.sessions.people or not name or grant is None or shows:
            return
        now = time.monotonic()
        who, since = self._held.get(name, (grant.name, now))
        left = HOLD_SECONDS - (now - since)
        if who != grant.name and left > 0:
            raise PageError("held", who=f"\u2068{who}\u2069", n=math.ceil(left / 60))
        self._held[name] = (grant.name, now)

    def visitor(self, request: Request) -> str:
        """Who asks, as the history of a case names them."""
        grant = self._grant(request)
        return "program" if grant is None else grant.name

    def shows_handles(self, request: Request, desk: Desk) -> bool:
        """Whether a session shows all accounts of a case by their handles."""
        grant = self._grant(request)
        return (
            grant is not None and grant.role is VisitorRole.OWNER and desk.name in grant.by_handle
        )

    def show_handles(self, request: Request, desk: Desk, *, shown: bool) -> None:
        """Show all accounts of a case by their handles in a session, or no longer.

        Raises HTTPException 403 for anybody but the owner.
        """
        grant = self._grant(request)
        if grant is None or grant.role is not VisitorRole.OWNER:
            raise HTTPException(403, "Only the owner of this workspace sees handles.")
        if shown:
            grant.by_handle.add(desk.name)
        else:
            grant.by_handle.discard(desk.name)

    def is_program(self, request: Request) -> bool:
        """Whether a program asks by its own token; browsers send none by themselves."""
        return self.sessions.knows_program(bearer_of(request))


def _state_of(desk: Desk) -> int:
    """A number that changes whenever a case does."""
    try:
        return (desk.case_path / MANIFEST).stat().st_mtime_ns
    except OSError:
        return 0


def network_name(say: Words, name: str) -> str:
    """What is called a network of this name: by what was done together, if it is one of ours."""
    key = f"trace.{name.removeprefix('coordination-')}"
    return say(key) if say.has(key) else f"\u2068{name.removeprefix('coordination-')}\u2069"


def text_of(form: FormData, name: str) -> str:
    """A field of a form; "" if it is missing."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def texts_of(form: FormData, name: str) -> list[str]:
    """All fields of that name that are not empty."""
    return [v.strip() for v in form.getlist(name) if isinstance(v, str) and v.strip()]


def uploads_of(form: FormData, name: str) -> list[UploadFile]:
    """All files that were given in that field."""
    return [v for v in form.getlist(name) if isinstance(v, UploadFile) and v.filename]


def go_to(path: str) -> Response:
    """Lead a browser on, after a form."""
    return RedirectResponse(path, 303)


def is_measured(desk: Desk) -> bool:
    """Whether there are findings to show, and all of them: a run that is under way, or was cut off,
    has only some.
    """
    if is_half_measured(desk):
        return False
    try:
        return desk.has_case and bool(desk.case().finding_names())
    except BirdfallError:
        return False


def is_half_measured(desk: Desk) -> bool:
    """Whether the last job was to measure, and is not done."""
    job = last_job(desk)
    return (
        job is not None
        and job.request.kind in (JobKind.MEASURE, JobKind.DEMO)
        and job.state is not JobState.DONE
    )


#: Runs what takes long beside the server's loop.
in_thread = run_in_threadpool


ASSETS: Final[Mapping[str, tuple[str, str, str]]] = {
    "app.css": ("birdfall.app", "assets/app.css", "text/css"),
    "app.js": ("birdfall.app", "assets/app.js", "text/javascript"),
    "report.css": ("birdfall.tell", "templates/report.css", "text/css"),
}


@cache
def asset_bytes(name: str) -> bytes:
    """A script or style."""
    package, path, _ = ASSETS[name]
    return files(package).joinpath(path).read_bytes()


@cache
def asset_address(name: str) -> Markup:
    """Where a page finds a script or style: another address for other bytes."""
    version = hashlib.sha256(asset_bytes(name)).hexdigest()[:10]
    return Markup(f"/assets/{name}?v={version}")


def running(job: JobStatus | None) -> bool:
    """Whether a job is at work."""
    return job is not None and not job.is_over
