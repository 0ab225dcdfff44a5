"""The pages of the dashboard, drawn on the server: they are whole without scripts, which only renew them and draw the chart."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from birdfall.model.errors import BirdfallError
from birdfall.tell.words import LANGUAGES, NAMES, Words, words
from birdfall.watch.dashboard.security import HEADERS, Guard
from birdfall.watch.dashboard.view import View

PAGES = ("now", "waves", "reporters", "rules", "sources")
ASSETS = {"dashboard.js": "text/javascript", "dashboard.css": "text/css", "dashboard.licences.txt": "text/plain"}
#: Seconds between looks at whether something changed, and until a page is told it is still connected.
LOOK, BEAT = 0.5, 15.0
FORMS = ("csv", "hold", "restore")


@dataclass(frozen=True)
class Handlers:
    """What a page can ask for beyond reading. make_case: a case and its report from a wave; the case's folder."""

    make_case: Callable[[int], Path] | None = None


class _Pages:
    def __init__(self, view: View, handlers: Handlers) -> None:
        self.view, self.handlers = view, handlers
        loader = PackageLoader("birdfall.watch.dashboard", "templates")
        self.environment = Environment(loader=loader, autoescape=select_autoescape(default=True), trim_blocks=True, lstrip_blocks=True)  # fmt: skip
        self.made: dict[int, Path] = {}

    async def root(self, request: Request) -> Response:
        """The first page in the visitor's language."""
        wanted = request.headers.get("accept-language", "").lower()
        asked = [part.split(";")[0].strip()[:2] for part in wanted.split(",")]
        return RedirectResponse(f"/{next((a for a in asked if a in LANGUAGES), 'en')}/now", 303)

    async def page(self, request: Request) -> Response:
        """One of the five pages."""
        language, name = request.path_params["language"], request.path_params["page"]
        if language not in LANGUAGES or name not in PAGES:
            return self._missing(language)
        data = await run_in_threadpool(getattr(self.view, name))
        return self._drawn(name, language, {"data": data})

    async def wave(self, request: Request) -> Response:
        """One wave."""
        language, number = request.path_params["language"], request.path_params["number"]
        if language not in LANGUAGES:
            return self._missing(language)
        data = await run_in_threadpool(self.view.wave, number)
        if data is None:
            return self._missing(language)
        more = {"data": data, "case": self.made.get(number), "can_make": self.handlers.make_case is not None}
        return self._drawn("wave", language, more)

    async def make(self, request: Request) -> Response:
        """A case and its report from a wave; then back to the wave."""
        language, number = request.path_params["language"], request.path_params["number"]
        if language not in LANGUAGES or self.handlers.make_case is None:
            return self._missing(language)
        try:
            self.made[number] = await run_in_threadpool(self.handlers.make_case, number)
        except BirdfallError as error:
            return PlainTextResponse(str(error), 409)
        return RedirectResponse(f"/{language}/wave/{number}", 303)

    async def case_report(self, request: Request) -> Response:
        """The report of a case that was made here, or of the case that is served."""
        number = request.path_params.get("number")
        path = self.view.report() if number is None else self.made.get(number)
        path = path / "reports" / "report.html" if path is not None and path.is_dir() else path
        if path is None or not path.is_file():
            return self._missing("en")
        # The report brings a policy of its own, stricter than this server's.
        headers = {"Content-Security-Policy": "frame-ancestors 'none'"}
        return HTMLResponse(await run_in_threadpool(path.read_bytes), headers=headers)

    async def download(self, request: Request) -> Response:
        """The accounts of a wave, as CSV."""
        number, form = request.path_params["number"], request.path_params["form"]
        text = await run_in_threadpool(self.view.download, number, form) if form in FORMS else None
        if text is None:
            return self._missing("en")
        disposition = {"Content-Disposition": f'attachment; filename="wave-{number}-{form}.csv"'}
        return PlainTextResponse(text, media_type="text/csv", headers=disposition)

    async def events(self, request: Request) -> Response:
        """Server-sent events: a line whenever a page would look different."""

        async def told() -> AsyncIterator[bytes]:
            known, waited = "", 0.0
            while not await request.is_disconnected():
                version = await run_in_threadpool(self.view.version)
                if version != known:
                    known, waited = version, 0.0
                    yield f"data: {json.dumps(version)}\n\n".encode()
                elif waited >= BEAT:
                    waited = 0.0
                    yield b": still here\n\n"
                await asyncio.sleep(LOOK)
                waited += LOOK

        return StreamingResponse(told(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    async def asset(self, request: Request) -> Response:
        """Scripts and styles."""
        name = request.path_params["name"]
        if name not in ASSETS:
            return self._missing("en")
        data = (files("birdfall.watch.dashboard") / "assets" / name).read_bytes()
        return Response(data, media_type=ASSETS[name])

    def _missing(self, language: str) -> Response:
        say = words(language if language in LANGUAGES else "en")
        return self._drawn("missing", say.language, {"data": None}, 404)

    def _drawn(self, name: str, language: str, more: dict[str, Any], status: int = 200) -> Response:
        say = words(language)
        text = self.environment.get_template("page.html.j2").render(
            page=name, w=_Said(say), say=say, languages=NAMES, pages=PAGES, live=self.view.live, simulated=self.view.simulated,
            report=self.view.report() is not None, **more,
        )  # fmt: skip
        return HTMLResponse(text, status)


class _Said:
    """Words of the dashboard by short key."""

    def __init__(self, say: Words) -> None:
        self._say = say

    def __call__(self, key: str, **values: Any) -> str:
        return self._say(f"watch.{key}", **values)


def application(view: View, *, token: str | None, host: str, handlers: Handlers | None = None) -> Starlette:
    """The dashboard over `view`. token: None only where `host` is loopback."""
    pages = _Pages(view, handlers or Handlers())
    return Starlette(
        routes=[
            Route("/", pages.root),
            Route("/events", pages.events),
            Route("/report", pages.case_report),
            Route("/assets/{name}", pages.asset),
            Route("/wave/{number:int}/report", pages.case_report),
            Route("/wave/{number:int}/{form}.csv", pages.download),
            Route("/{language}/wave/{number:int}", pages.wave),
            Route("/{language}/wave/{number:int}/case", pages.make, methods=["POST"]),
            Route("/{language}/{page}", pages.page),
        ],
        middleware=[Middleware(Guard, token=token, host=host)],
    )


__all__ = ["HEADERS", "Handlers", "application"]
