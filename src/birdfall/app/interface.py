"""The interface for programs, `/api/v1`: the same cases as JSON, accounts by pseudonym.

`/api/v1/openapi.json` describes it. The pages use it to follow jobs.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

import birdfall
from birdfall.app.begin_pages import list_case
from birdfall.app.check_pages import check_text
from birdfall.app.jobs import JobKind, JobRequest, begin_job, last_job
from birdfall.app.result_pages import AccountFilter, list_accounts
from birdfall.app.site import Site, in_thread, is_measured
from birdfall.app.workspace import Desk
from birdfall.model.findings import as_plain
from birdfall.pipeline.shared_case import SharedCase
from birdfall.record.case import Case
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
        return JSONResponse(description())

    async def cases(self, request: Request) -> Response:
        """All cases of the workspace."""
        del request
        desks = self.site.workspace.desks()
        listed = await in_thread(lambda: [list_case(desk) for desk in desks])
        return JSONResponse(
            [
                {"name": c.name, "title": c.title, "state": c.state, "simulated": c.simulated}
                for c in listed
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
            kind = JobKind(str(asked.get("kind")))
        except ValueError:
            raise HTTPException(422, "kind: one of measure, verify, evidence.") from None
        if kind not in (JobKind.MEASURE, JobKind.VERIFY, JobKind.EVIDENCE) or not desk.has_case:
            raise HTTPException(422, "kind: one of measure, verify, evidence, of a made case.")
        language = asked.get("language", desk.case().settings.language)
        if language not in LANGUAGES:
            raise HTTPException(422, f"language: one of {', '.join(LANGUAGES)}.")
        number = await in_thread(begin_job, desk, JobRequest(kind, language))
        return JSONResponse({"number": number}, 202)

    async def findings(self, request: Request) -> Response:
        """All findings of a case, without their tables."""
        desk = self._measured(request)
        found = await in_thread(_findings, desk.case())
        return JSONResponse(found)

    async def accounts(self, request: Request) -> Response:
        """A page of the accounts that fell."""
        desk = self._measured(request)
        shown = await in_thread(list_accounts, desk.case(), AccountFilter.of(request))
        return JSONResponse(
            {
                "accounts": [
                    {
                        "name": a.name,
                        "fell": a.fell.isoformat(),
                        "returned": None if a.returned is None else a.returned.isoformat(),
                    }
                    for a in shown.accounts
                ],
                "total": shown.total,
                "after": shown.after or None,
            }
        )

    async def check(self, request: Request) -> Response:
        """Check what was said."""
        desk = self._measured(request)
        asked = await self._read(request)
        language = asked.get("language", "en")
        if language not in LANGUAGES or not isinstance(asked.get("text"), str):
            raise HTTPException(422, "text: what was said; language: one of the five.")
        checked = await in_thread(check_text, desk.case(), asked["text"], language)
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

    async def _read(self, request: Request) -> dict[str, Any]:
        """The JSON object of a request. Raises HTTPException for anything else."""
        if not self.site.is_program(request):
            raise HTTPException(403, "Programs show their own token: birdfall app --token-file.")
        if int(request.headers["content-length"]) > MAX_JSON_BYTES:
            raise HTTPException(413, "Too large.")
        try:
            plain = await request.json()
        except ValueError:
            raise HTTPException(422, "The body is no JSON.") from None
        if not isinstance(plain, dict):
            raise HTTPException(422, "The body is no JSON object.")
        return plain


def _findings(case: Case) -> dict[str, Any]:
    return _plain_findings(case, tuple(file.sha256 for file in case.manifest.files))


@lru_cache(maxsize=4)
def _plain_findings(case: Case, _state: tuple[str, ...]) -> dict[str, Any]:
    return {name: as_plain(found) for name, found in SharedCase(case).findings.items()}


def _answer(text: str, kind: str = "object") -> dict[str, Any]:
    schema: dict[str, Any] = {"type": kind}
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _body(**properties: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def description() -> dict[str, Any]:
    """The interface as an OpenAPI document."""
    case = {"name": "case", "in": "path", "required": True, "schema": {"type": "string"}}
    texts = {"type": "string"}
    filters = [
        {"name": name, "in": "query", "required": False, "schema": texts, "description": about}
        for name, about in {
            "wave": "The number of a wave; 0: all times.",
            "leader": "The id of a chosen account that they followed.",
            "returned": "yes or no.",
            "after": "The `after` of the page before.",
        }.items()
    ]
    languages = {"type": "string", "enum": list(LANGUAGES)}
    kinds = {"type": "string", "enum": ["measure", "verify", "evidence"]}
    paths: dict[str, Any] = {
        "/api/v1/cases": {"get": _operation("All cases.", _answer("The cases.", "array"))},
        "/api/v1/cases/{case}/job": {
            "parameters": [case],
            "get": _operation("How far the last job is.", _answer("The job.")),
            "post": _operation(
                "Begin a job.", _answer("Its number."), "202",
                requestBody=_body(kind=kinds, language=languages),
            ),
        },
        "/api/v1/cases/{case}/findings": {
            "parameters": [case],
            "get": _operation("All findings, by pseudonym.", _answer("Findings by name.")),
        },
        "/api/v1/cases/{case}/accounts": {
            "parameters": [case],
            "get": _operation(
                "A page of the accounts that fell.", _answer("The page."), parameters=filters
            ),
        },
        "/api/v1/cases/{case}/check": {
            "parameters": [case],
            "post": _operation(
                "Check what was said.", _answer("Each claim with its verdict."),
                requestBody=_body(text=texts, language=languages),
            ),
        },
    }  # fmt: skip
    return {
        "openapi": "3.1.0",
        "info": {"title": "Birdfall", "version": birdfall.__version__},
        "paths": paths,
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}],
    }


def _operation(
    summary: str, answer: dict[str, Any], code: str = "200", **more: object
) -> dict[str, Any]:
    return {"summary": summary, "responses": {code: answer}, **more}
