"""The pages of the dashboard, drawn on the server: they are whole without scripts, which only renew them and draw the chart."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
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

from birdfall.model.errors import BirdfallError
from birdfall.tell.words import LANGUAGES, NAMES, Words, words
from birdfall.watch.alerts.handoff import is_table
from birdfall.watch.dashboard.live_updates import Updates
from birdfall.watch.dashboard.security import HEADERS, AccessGuard
from birdfall.watch.dashboard.view import View, usual_band_path

ASSETS = {
    "dashboard.js": "text/javascript",
    "dashboard.css": "text/css",
    "dashboard.licences.txt": "text/plain",
}
#: A page that was drawn is good for so many seconds, unless something changed; so many pages are kept.
PAGE_TTL_SECONDS, MAX_CACHED_PAGES = 2.0, 200
#: Keys that lead to the pages.
PAGE_KEYS = {"now": "n", "waves": "w", "reporters": "r", "rules": "u", "sources": "s"}


@dataclass(frozen=True)
class PageActions:
    """What a page can ask for beyond reading.

    make_case: a case and its report from a wave; the case's folder. made: the folder of the last case made from a wave, if any.
    """

    make_case: Callable[[int], Path] | None = None
    made: Callable[[int], Path | None] = lambda number: None


class _Pages:
    def __init__(self, view: View, handlers: PageActions) -> None:
        self.view, self.handlers = view, handlers
        loader = PackageLoader("birdfall.watch.dashboard", "templates")
        self.environment = Environment(
            loader=loader,
            autoescape=select_autoescape(default=True, default_for_string=True),
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        )
        self.environment.globals |= {"isolated": isolate_direction, "band": usual_band_path}
        self.environment.filters["straight"] = strip_direction
        self.updates = Updates(view.version)
        self.drawn: OrderedDict[tuple[str, ...], tuple[str, float, str]] = OrderedDict()
        self.making = asyncio.Lock()

    async def root(self, request: Request) -> Response:
        """The first page in the visitor's language; or the page that a link in an alert means, which knows no language."""
        wanted = request.headers.get("accept-language", "").lower()
        asked = [part.split(";")[0].strip()[:2] for part in wanted.split(",")]
        meant = request.url.path.strip("/") or "now"
        return RedirectResponse(f"/{next((a for a in asked if a in LANGUAGES), 'en')}/{meant}", 303)

    async def page(self, request: Request) -> Response:
        """One of the pages."""
        language, name = request.path_params["language"], request.path_params["page"]
        if language not in LANGUAGES or name not in self.view.pages:
            return self._missing(language)
        return HTMLResponse(await run_in_threadpool(self._kept, (language, name), self._page))

    async def wave(self, request: Request) -> Response:
        """One wave."""
        language, number = request.path_params["language"], request.path_params["number"]
        if language not in LANGUAGES:
            return self._missing(language)
        text = await run_in_threadpool(self._kept, (language, "wave", str(number)), self._wave)
        return HTMLResponse(text) if text else self._missing(language)

    async def make(self, request: Request) -> Response:
        """A case and its report from a wave; then back to the wave. One at a time: the watch needs its share of the machine."""
        language, number = request.path_params["language"], request.path_params["number"]
        if language not in LANGUAGES or self.handlers.make_case is None:
            return self._missing(language)
        async with self.making:
            try:
                await run_in_threadpool(self.handlers.make_case, number)
            except BirdfallError as error:
                return HTMLResponse(self._draw("failed", language, said=str(error)), 409)
        self.drawn.clear()
        return RedirectResponse(f"/{language}/wave/{number}", 303)

    async def case_report(self, request: Request) -> Response:
        """The report of a case that was made here, or of the case that is served."""
        number = request.path_params.get("number")
        path = self.view.report() if number is None else self.handlers.made(number)
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
        return StreamingResponse(
            self.updates.stream(),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )

    async def asset(self, request: Request) -> Response:
        """Scripts and styles."""
        name = request.path_params["name"]
        if name not in ASSETS:
            return self._missing("en")
        data = (files("birdfall.watch.dashboard") / "assets" / name).read_bytes()
        return Response(data, media_type=ASSETS[name])

    # -- drawing --------------------------------------------------------------------------------------------------

    def _kept(self, key: tuple[str, ...], draw: Callable[..., str]) -> str:
        """A page, drawn anew only if it could look different: a hundred visitors cost no more than one."""
        version = self.view.version()
        known = self.drawn.get(key)
        if (
            known is not None
            and known[0] == version
            and time.monotonic() - known[1] < PAGE_TTL_SECONDS
        ):
            return known[2]
        text = draw(*key)
        if text:
            self.drawn[key] = (version, time.monotonic(), text)
            while len(self.drawn) > MAX_CACHED_PAGES:
                self.drawn.popitem(last=False)
        return text

    def _page(self, language: str, name: str) -> str:
        kept = self.view.kept() if name in ("sources", "reporters") else None
        return self._draw(name, language, data=getattr(self.view, name)(), kept=kept)

    def _wave(self, language: str, _: str, number: str) -> str:
        data = self.view.wave(int(number))
        if data is None:
            return ""
        case = self.handlers.made(int(number))
        return self._draw(
            "wave", language, data=data, case=case, can_make=self.handlers.make_case is not None
        )

    def _missing(self, language: str) -> Response:
        return HTMLResponse(
            self._draw("missing", language if language in LANGUAGES else "en", data=None), 404
        )

    def _draw(self, name: str, language: str, **more: Any) -> str:
        say = words(language)
        return self.environment.get_template("page.html.j2").render(
            page=name,
            w=_DashboardWords(say),
            say=say,
            languages=NAMES,
            pages=self.view.pages,
            keys=PAGE_KEYS,
            live=self.view.live,
            simulated=self.view.simulated,
            report=self.view.report() is not None,
            **{"data": None, **more},
        )


#: Characters that turn the direction of text around them.
_DIRECTION_CONTROLS = {
    **dict.fromkeys(range(0x202A, 0x202F)),
    **dict.fromkeys(range(0x2066, 0x206A)),
    0x200E: None,
    0x200F: None,
}


def strip_direction(name: str) -> str:
    """A name of somebody's own choosing, without what would turn it around: it is read as it is written."""
    return name.translate(_DIRECTION_CONTROLS)


def isolate_direction(name: str) -> str:
    """A name of somebody's own choosing within a sentence: it cannot turn the direction of what stands around it."""
    return f"\u2068{strip_direction(name)}\u2069"


class _DashboardWords:
    """Words of the dashboard by short key."""

    def __init__(self, say: Words) -> None:
        self._say = say

    def __call__(self, key: str, **values: Any) -> str:
        return self._say(f"watch.{key}", **values)


def create_application(
    view: View, *, token: str | None, host: str, handlers: PageActions | None = None
) -> Starlette:
    """The dashboard over `view`. token: None only where `host` is loopback."""
    pages = _Pages(view, handlers or PageActions())
    made = Starlette(
        routes=[
            Route("/", pages.root),
            Route("/wave/{number:int}", pages.root),
            Route("/sources", pages.root),
            Route("/events", pages.events),
            Route("/report", pages.case_report),
            Route("/assets/{name}", pages.asset),
            Route("/wave/{number:int}/report", pages.case_report),
            Route("/wave/{number:int}/{form}.csv", pages.download),
            Route("/{language}/wave/{number:int}", pages.wave),
            Route("/{language}/wave/{number:int}/case", pages.make, methods=["POST"]),
            Route("/{language}/{page}", pages.page),
        ],
        middleware=[Middleware(AccessGuard, token=token, host=host)],
    )
    made.state.updates = pages.updates
    return made


__all__ = ["HEADERS", "PageActions", "create_application"]
