"""The dashboard's pages, rendered on the server: scripts only renew them and draw the chart."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from birdfall.model.errors import BirdfallError
from birdfall.tell.kept_templates import keep_templates
from birdfall.tell.words import LANGUAGES, NAMES, MessageValue, Words, words
from birdfall.watch.alerts.handoff import is_table
from birdfall.watch.dashboard.live_updates import Updates
from birdfall.watch.dashboard.view import (
    Overview,
    ReportersPage,
    RulesPage,
    SourceEntry,
    StorageSummary,
    View,
    WaveEntry,
)
from birdfall.web import HEADERS, AccessGuard, StreamPlaces

ASSETS = {
    "dashboard.js": "text/javascript",
    "dashboard.css": "text/css",
    "dashboard.licences.txt": "text/plain",
}
#: A rendered page is good for so many seconds, unless something changed; so many are cached.
PAGE_TTL_SECONDS, MAX_CACHED_PAGES = 2.0, 200
#: Keys of the keyboard that lead to the pages.
PAGE_KEYS = {"now": "n", "waves": "w", "reporters": "r", "rules": "u", "sources": "s"}


@dataclass(frozen=True)
class PageActions:
    """What a page offers beyond reading.

    Attributes
    ----------
    make_case
        Makes a case and its report from a wave of this number; returns the case's folder. None
        where none can be made.
    find_case
        The folder of the last case that was made from a wave, if any.
    """

    make_case: Callable[[int], Path] | None = None
    find_case: Callable[[int], Path | None] = lambda _: None


PageData = (
    Overview
    | WaveEntry
    | ReportersPage
    | RulesPage
    | tuple[WaveEntry, ...]
    | tuple[SourceEntry, ...]
    | None
)
Renderer = Callable[..., str]


@dataclass(frozen=True, slots=True)
class _Context:
    """What the template of a page is filled with. said: an error text, as it is shown."""

    data: PageData = None
    storage: StorageSummary | None = None
    case: Path | None = None
    can_make: bool = False
    said: str = ""


class _CachedPage(NamedTuple):
    """A rendered page. at: seconds of the monotonic clock."""

    version: str
    at: float
    text: str

    def is_fresh(self) -> bool:
        return time.monotonic() - self.at < PAGE_TTL_SECONDS


class _EventStream(StreamingResponse):
    """A stream of news; however it ends, `leave` is called."""

    def __init__(self, news: AsyncIterator[bytes], leave: Callable[[], None]) -> None:
        headers = {"X-Accel-Buffering": "no"}
        super().__init__(news, media_type="text/event-stream", headers=headers)
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()


class _Pages:
    """The handlers of all addresses."""

    def __init__(self, view: View, actions: PageActions) -> None:
        self.view, self.actions = view, actions
        self.updates = Updates(view.version)
        self._environment = Environment(
            loader=PackageLoader("birdfall.watch.dashboard", "templates"),
            autoescape=select_autoescape(default=True, default_for_string=True),
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        )
        keep_templates(self._environment)
        self._environment.globals["isolate_direction"] = isolate_direction
        self._environment.filters["strip_direction"] = strip_direction
        self._cache: OrderedDict[tuple[str, ...], _CachedPage] = OrderedDict()
        self._making = asyncio.Lock()
        self._places = StreamPlaces()

    async def root(self, request: Request) -> Response:
        """The first page in the visitor's language; or the page that a link in an alert means,
        which knows no language.
        """
        wanted = request.headers.get("accept-language", "").lower()
        asked = [part.split(";")[0].strip()[:2] for part in wanted.split(",")]
        meant = request.url.path.strip("/") or "now"
        return RedirectResponse(f"/{next((a for a in asked if a in LANGUAGES), 'en')}/{meant}", 303)

    async def page(self, request: Request) -> Response:
        """One of the pages."""
        language, name = request.path_params["language"], request.path_params["page"]
        if language not in LANGUAGES or name not in self.view.pages:
            return self._missing(language)
        return HTMLResponse(
            await run_in_threadpool(self._render_cached, (language, name), self._render_page)
        )

    async def wave(self, request: Request) -> Response:
        """One wave."""
        language, number = request.path_params["language"], request.path_params["number"]
        if language not in LANGUAGES:
            return self._missing(language)
        text = await run_in_threadpool(
            self._render_cached, (language, "wave", str(number)), self._render_wave
        )
        return HTMLResponse(text) if text else self._missing(language)

    async def make(self, request: Request) -> Response:
        """A case and its report from a wave; then back to the wave.

        One at a time: the watch needs its share of the machine.
        """
        language, number = request.path_params["language"], request.path_params["number"]
        if language not in LANGUAGES or self.actions.make_case is None:
            return self._missing(language)
        async with self._making:
            try:
                await run_in_threadpool(self.actions.make_case, number)
            except BirdfallError as error:
                return HTMLResponse(
                    self._render("failed", language, _Context(said=str(error))), 409
                )
        self._cache.clear()
        return RedirectResponse(f"/{language}/wave/{number}", 303)

    async def case_report(self, request: Request) -> Response:
        """The report of a case that was made here, or of the case that is served."""
        number = request.path_params.get("number")
        path = self.view.report() if number is None else self.actions.find_case(number)
        path = path / "reports" / "report.html" if path is not None and path.is_dir() else path
        if path is None or not path.is_file():
            return self._missing("en")
        # The report brings a policy of its own, stricter than this server's.
        headers = {"Content-Security-Policy": "frame-ancestors 'none'"}
        return HTMLResponse(await run_in_threadpool(path.read_bytes), headers=headers)

    async def download(self, request: Request) -> Response:
        """The accounts of a wave, as CSV."""
        number, form = request.path_params["number"], request.path_params["form"]
        text = await run_in_threadpool(self.view.download, number, form) if is_table(form) else None
        if text is None:
            return self._missing("en")
        disposition = {"Content-Disposition": f'attachment; filename="wave-{number}-{form}.csv"'}
        return PlainTextResponse(text, media_type="text/csv", headers=disposition)

    async def events(self, request: Request) -> Response:
        """Server-sent events: a line whenever a page would look different."""
        address = request.client.host if request.client else ""
        if not self._places.take(address):
            return PlainTextResponse(
                "Too many open pages: this one is not renewed by itself.",
                503,
                {"Retry-After": "60"},
            )
        return _EventStream(self.updates.stream(), partial(self._places.leave, address))

    async def asset(self, request: Request) -> Response:
        """Scripts and styles."""
        name = request.path_params["name"]
        if name not in ASSETS:
            # plain: whoever asks may be nobody who may see a page
            return PlainTextResponse("Not here.", 404)
        data = (files("birdfall.watch.dashboard") / "assets" / name).read_bytes()
        return Response(data, media_type=ASSETS[name])

    # -- rendering ---------------------------------------------------------------------------------

    def _render_cached(self, key: tuple[str, ...], render: Renderer) -> str:
        """A page, rendered anew only if it could look different: visitors share what it costs."""
        version = self.view.version()
        cached = self._cache.get(key)
        if cached is not None and cached.version == version and cached.is_fresh():
            return cached.text
        text = render(*key)
        if text:
            self._cache[key] = _CachedPage(version, time.monotonic(), text)
            while len(self._cache) > MAX_CACHED_PAGES:
                self._cache.popitem(last=False)
        return text

    def _render_page(self, language: str, name: str) -> str:
        storage = self.view.storage() if name in ("sources", "reporters") else None
        return self._render(name, language, _Context(data=self._page_data(name), storage=storage))

    def _page_data(self, name: str) -> PageData:
        match name:
            case "now":
                return self.view.overview()
            case "waves":
                return self.view.waves()
            case "reporters":
                return self.view.reporters()
            case "rules":
                return self.view.rules()
            case _:
                return self.view.sources()

    def _render_wave(self, language: str, _: str, number: str) -> str:
        """The page of one wave; empty if there is none of that number."""
        data = self.view.wave(int(number))
        if data is None:
            return ""
        case = self.actions.find_case(int(number))
        can_make = self.actions.make_case is not None
        return self._render("wave", language, _Context(data=data, case=case, can_make=can_make))

    def _missing(self, language: str) -> Response:
        known = language if language in LANGUAGES else "en"
        return HTMLResponse(self._render("missing", known, _Context()), 404)

    def _render(self, name: str, language: str, context: _Context) -> str:
        say = words(language, self.view.zone)
        return self._environment.get_template("page.html.j2").render(
            page=name,
            w=_DashboardWords(say),
            say=say,
            languages=NAMES,
            pages=self.view.pages,
            keys=PAGE_KEYS,
            live=self.view.live,
            zone=self.view.zone,
            simulated=self.view.simulated,
            headline=self.view.headline(say) if name == "now" else None,
            without_waves=self.view.without_waves,
            report=self.view.report() is not None,
            data=context.data,
            storage=context.storage,
            case=context.case,
            can_make=context.can_make,
            said=context.said,
        )


#: Characters that turn the direction of text around them.
_DIRECTION_CONTROLS = {
    **dict.fromkeys(range(0x202A, 0x202F)),
    **dict.fromkeys(range(0x2066, 0x206A)),
    0x200E: None,
    0x200F: None,
}


def strip_direction(name: str) -> str:
    """A name of somebody's own choosing, without what would turn it around: it is read as it is
    written.
    """
    return name.translate(_DIRECTION_CONTROLS)


def isolate_direction(name: str) -> str:
    """A name of somebody's own choosing within a sentence: it cannot turn the direction of what
    stands around it.
    """
    return f"\u2068{strip_direction(name)}\u2069"


class _DashboardWords:
    """The dashboard's words by short key: those of the catalogue that begin with `watch.`."""

    def __init__(self, say: Words) -> None:
        self._say = say

    def __call__(self, key: str, **values: MessageValue) -> str:
        return self._say(f"watch.{key}", **values)


class _WaveNumber(IntegerConvertor):
    """The number of a wave in an address: one that no store can hold is an address of nothing."""

    regex = "[0-9]{1,18}"


def create_application(
    view: View, *, token: str | None, host: str, actions: PageActions | None = None
) -> Starlette:
    """The dashboard as an ASGI application.

    Parameters
    ----------
    view
        What the pages show.
    token
        What visitors must show; None only where `host` is loopback.
    host
        The address the server listens on.
    actions
        What pages offer beyond reading; nothing if not given.
    """
    register_url_convertor("wave", _WaveNumber())
    pages = _Pages(view, actions or PageActions())
    application = Starlette(
        routes=[
            Route("/", pages.root),
            Route("/wave/{number:wave}", pages.root),
            Route("/sources", pages.root),
            Route("/events", pages.events),
            Route("/report", pages.case_report),
            Route("/assets/{name}", pages.asset),
            Route("/wave/{number:wave}/report", pages.case_report),
            Route("/wave/{number:wave}/{form}.csv", pages.download),
            Route("/{language}/wave/{number:wave}", pages.wave),
            Route("/{language}/wave/{number:wave}/case", pages.make, methods=["POST"]),
            Route("/{language}/{page}", pages.page),
        ],
        middleware=[Middleware(AccessGuard, token=token, host=host)],
    )
    application.state.updates = pages.updates
    return application


__all__ = ["HEADERS", "PageActions", "create_application"]
