"""The interface for programs, `/api/v1`: the same cases as JSON, accounts by pseudonym.

`/api/v1/openapi.json` describes it. The pages use it to follow jobs.
"""

from __future__ import annotations

import json
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

import birdfall
from birdfall.app.account_pages import AccountFilter, list_accounts, moment_of
from birdfall.app.begin_pages import list_case
from birdfall.app.check_pages import check_text
from birdfall.app.jobs import JobKind, JobRequest, begin_job, last_job
from birdfall.app.open_case import open_case
from birdfall.app.site import Site, in_thread, is_measured
from birdfall.app.workspace import Desk, title_of
from birdfall.model.errors import BirdfallError
from birdfall.model.findings import as_plain
from birdfall.pipeline.shared_case import SharedCase
from birdfall.record.case import Case
from birdfall.sources.shared.json_object import JsonObject, parse_json_object
from birdfall.tell.quoting import quoting_of
from birdfall.tell.words import LANGUAGES

#: Largest body of a request of a program, in bytes.
MAX_JSON_BYTES: Final = 256 << 10


class Interface:
    """The handlers of `/api/v1`."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def openapi(self, request: Request) -> Response:
        """What the interface is, as OpenAPI tells it."""
        del request
        return Response(description(), media_type="application/json")

    async def cases(self, request: Request) -> Response:
        """All cases of the workspace."""
        desks = self.site.desks(request)
        listed = await in_thread(lambda: [(list_case(desk), quoted_title(desk)) for desk in desks])
        return JSONResponse(
            [
                {"name": c.name, "title": title, "state": c.state, "simulated": c.simulated}
                for c, title in listed
            ]
        )

    async def job(self, request: Request) -> Response:
        """How far the last job of a case is."""
        status = last_job(self.site.desk(request))
        if status is None:
            raise HTTPException(404, "There was no job yet.")
        return JSONResponse(status.to_json())

    async def begin_job(self, request: Request) -> Response:
        """Measure a case again, verify it, or pack its evidence."""
        desk = self.site.desk(request)
        asked = await self._read(request)
        try:
            kind = JobKind(asked.text("kind") or "")
        except ValueError:
            raise HTTPException(422, "kind: one of measure, verify, evidence.") from None
        if kind not in (JobKind.MEASURE, JobKind.VERIFY, JobKind.EVIDENCE) or not desk.has_case:
            raise HTTPException(422, "kind: one of measure, verify, evidence, of a made case.")
        language = asked.text("language") or desk.case().settings.language
        if language not in LANGUAGES:
            raise HTTPException(422, f"language: one of {', '.join(LANGUAGES)}.")
        number = await in_thread(begin_job, desk, JobRequest(kind, language))
        return JSONResponse({"number": number}, 202)

    async def findings(self, request: Request) -> Response:
        """All findings of a case, without their tables."""
        desk = self._measured(request)
        found = await in_thread(_findings, desk.case())
        return Response(found, media_type="application/json")

    async def accounts(self, request: Request) -> Response:
        """A page of the accounts that fell."""
        desk = self._measured(request)
        opened = await in_thread(open_case, desk.case())
        wanted = AccountFilter.of(request, opened.settings.time_zone)
        shown = await in_thread(list_accounts, opened, wanted)

        def told(moment: int | None) -> str | None:
            return None if moment is None else moment_of(moment).isoformat()

        return JSONResponse(
            {
                "accounts": [
                    {
                        "name": shown.names(row.code),
                        "fell": told(row.fell),
                        "returned": told(row.returned),
                        "created": told(row.created),
                        "client": row.client or None,
                        "language": row.language or None,
                        "acts": row.acts,
                    }
                    for row in shown.page.rows
                ],
                "total": shown.page.matching,
                "after": None if shown.page.after is None else str(shown.page.after),
            }
        )

    async def check(self, request: Request) -> Response:
        """Check what was said."""
        desk = self._measured(request)
        asked = await self._read(request)
        said, language = asked.text("text"), asked.text("language") or "en"
        if language not in LANGUAGES or said is None:
            raise HTTPException(422, "text: what was said; language: one of the five.")
        checked = await in_thread(check_text, desk.case(), said, language)
        return JSONResponse(
            {
                "claims": [
                    {
                        "said": c.said,
                        "reading": c.reading,
                        "verdict": c.mark,
                        "measured": c.measured,
                        "more": list(c.more),
                    }
                    for c in checked.claims
                ],
                "silent": list(checked.silent),
            }
        )

    def _measured(self, request: Request) -> Desk:
        desk = self.site.desk(request)
        if not is_measured(desk):
            raise HTTPException(409, "This case was not measured yet.")
        return desk

    async def _read(self, request: Request) -> JsonObject:
        """The JSON object of a request. Raises HTTPException for anything else."""
        if not self.site.is_program(request):
            raise HTTPException(403, "Programs show their own token: birdfall app --token-file.")
        if int(request.headers["content-length"]) > MAX_JSON_BYTES:
            raise HTTPException(413, "Too large.")
        try:
            asked = parse_json_object(await request.body())
        except RecursionError:
            asked = None
        if asked is None:
            raise HTTPException(422, "The body is no JSON object.")
        return asked


def quoted_title(desk: Desk) -> str:
    """The title of a case with nobody in it who is not public."""
    title = title_of(desk)
    if not desk.has_case:
        return title
    try:
        case = desk.case()
        return _quoted(case, title, tuple(file.sha256 for file in case.manifest.files))
    except BirdfallError:  # a damaged case is listed all the same
        return desk.name


@lru_cache(maxsize=100)
def _quoted(case: Case, title: str, _state: tuple[str, ...]) -> str:
    return quoting_of(case.record()).text(title)


def _findings(case: Case) -> bytes:
    """All findings by name, as JSON."""
    return _findings_json(case, tuple(file.sha256 for file in case.manifest.files))


@lru_cache(maxsize=4)
def _findings_json(case: Case, _state: tuple[str, ...]) -> bytes:
    found = {name: as_plain(one) for name, one in SharedCase(case).findings.items()}
    return json.dumps(found, ensure_ascii=False).encode()


@cache
def description() -> bytes:
    """The interface as an OpenAPI document."""
    text = files("birdfall.app").joinpath("assets/openapi.json").read_text("utf-8")
    return text.replace("{{ version }}", birdfall.__version__).encode()
