"""What is asked of a case, and how far the work on it is."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from birdfall.app.data_pages import Askable, askable
from birdfall.app.jobs import (
    JobKind,
    JobRequest,
    JobState,
    begin_job,
    last_job,
    stop_job,
)
from birdfall.app.site import Site, go_to, in_thread, text_of, texts_of
from birdfall.pipeline.catalogue import StepSubject, find_measure
from birdfall.pipeline.context import Run
from birdfall.pipeline.intake import find_account
from birdfall.record.case import Case
from birdfall.record.listing import FollowedAccount, followed_accounts

#: Followed accounts that are offered.
MAX_OFFERED: Final = 12
#: What an account may be in an inquiry: fields of the settings.
PARTS: Final = ("leaders", "controls", "negative_controls")
#: Longest title and question, in characters.
MAX_TITLE_CHARS, MAX_QUESTION_CHARS = 200, 1000


class AskPages:
    """The pages on which an inquiry is asked and waited for."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def ask(self, request: Request) -> Response:
        """Title, question, whose audience, who is public."""
        desk, language = self.site.desk(request), self.site.language(request)
        if not desk.has_case:
            return go_to(f"/{language}/c/{desk.name}/data")
        search = request.query_params.get("search", "")[:100]
        case = desk.case()
        offered, questions, handles = await in_thread(_what_is_offered, case, search)
        return self.site.render_desk(
            request,
            "ask",
            desk,
            settings=case.settings,
            offered=offered,
            handles=handles,
            parts_of_case=PARTS,
            search=search,
            askable=questions,
            zone=case.settings.time_zone,
        )

    async def begin(self, request: Request) -> Response:
        """Begin to measure."""
        desk, language = self.site.desk(request), self.site.language(request)
        form = await self.site.read_form(request)
        case = desk.case()
        choices = await in_thread(said_choices, case, form)
        await in_thread(begin_job, desk, JobRequest(JobKind.MEASURE, language, choices))
        return go_to(f"/{language}/c/{desk.name}/job")

    async def job(self, request: Request) -> Response:
        """How far the last job is; where it is done, what it made."""
        desk, language = self.site.desk(request), self.site.language(request)
        status = last_job(desk)
        base = f"/{language}/c/{desk.name}"
        if status is None:
            return go_to(f"{base}/data")
        if status.state is JobState.DONE:
            return go_to(f"{base}/{NEXT_PAGE[status.request.kind]}")
        return self.site.render_desk(request, "job", desk, status_of_job=status)

    async def stop(self, request: Request) -> Response:
        """Stop the job that is at work."""
        desk, language = self.site.desk(request), self.site.language(request)
        await self.site.read_form(request)
        await in_thread(stop_job, desk)
        return go_to(f"/{language}/c/{desk.name}/job")

    async def again(self, request: Request) -> Response:
        """Begin the last job again; what it finished before is kept."""
        desk, language = self.site.desk(request), self.site.language(request)
        await self.site.read_form(request)
        status = last_job(desk)
        if status is not None and status.is_over:
            await in_thread(begin_job, desk, status.request)
        return go_to(f"/{language}/c/{desk.name}/job")


#: Where a job leads when it is done.
NEXT_PAGE: Final = {
    JobKind.READ: "ask",
    JobKind.MEASURE: "",
    JobKind.DEMO: "",
    JobKind.VERIFY: "publish",
    JobKind.EVIDENCE: "publish",
}


def _what_is_offered(
    case: Case, search: str
) -> tuple[list[FollowedAccount], list[Askable], dict[str, str]]:
    """Accounts to choose from (those chosen first), what can be asked, and handles by account."""
    record = case.record()
    offered = followed_accounts(record, MAX_OFFERED, search)
    settings = case.settings
    chosen = dict.fromkeys([*settings.leaders, *settings.controls, *settings.negative_controls])
    listed = {one.account for one in offered}
    names = record.names()
    missing = [FollowedAccount(a, names.get(a, ""), 0) for a in chosen if a not in listed]
    handles = {a: names.get(a, a) for a in settings.public}
    return [*missing, *offered], _questions(case, _state_of(case)), handles


def _state_of(case: Case) -> tuple[str, ...]:
    return tuple(file.sha256 for file in case.manifest.files if file.path.startswith("record"))


@lru_cache(maxsize=8)
def _questions(case: Case, _state: tuple[str, ...]) -> list[Askable]:
    coverage = find_measure("coverage")
    (finding,) = coverage.answer(Run(case.record()), StepSubject("coverage", "coverage"))
    return askable(finding)


def said_choices(case: Case, form: FormData) -> dict[str, str | list[str]]:
    """What a form says of a case. Raises UsageError for an account that the record does not know,
    or knows several of.
    """
    record = case.record()
    chosen: dict[str, list[str]] = {part: [] for part in PARTS}
    public: list[str] = texts_of(form, "public")
    for key, value in form.multi_items():
        account = key.removeprefix("part:")
        if account != key and value in PARTS:
            chosen[str(value)].append(account)
    for part in ("leaders", "controls"):
        chosen[part] += split_names(text_of(form, f"more_{part}"))
    public += split_names(text_of(form, "more_public"))
    found: dict[str, list[str]] = {
        name: list(dict.fromkeys(find_account(record, one) for one in names))
        for name, names in {**chosen, "public": public}.items()
    }
    said: dict[str, str | list[str]] = {**found}
    said["title"] = text_of(form, "title")[:MAX_TITLE_CHARS] or case.settings.title
    said["question"] = text_of(form, "question")[:MAX_QUESTION_CHARS]
    return said


def split_names(text: str) -> list[str]:
    """Names between commas or spaces."""
    return [name for name in text.replace(",", " ").replace("،", " ").split() if name]
