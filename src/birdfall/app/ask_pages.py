"""What is asked of a case, and how far the work on it is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final
from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from birdfall.app.data_pages import ALWAYS_ASKED, Askable, askable
from birdfall.app.history import Change, note_change
from birdfall.app.job_times import expected_time
from birdfall.app.jobs import (
    JobKind,
    JobRequest,
    JobState,
    begin_job,
    last_job,
    stop_job,
)
from birdfall.app.open_case import OpenCase, open_case
from birdfall.app.page_error import PageError
from birdfall.app.site import Site, go_to, in_thread, running, text_of, texts_of
from birdfall.app.worker import apply_choices
from birdfall.app.workspace import Desk
from birdfall.model.errors import CaseError
from birdfall.model.findings import Finding
from birdfall.pipeline.catalogue import catalogue, find_measure
from birdfall.pipeline.context import Run
from birdfall.pipeline.intake import find_account
from birdfall.pipeline.measure import StepSubject
from birdfall.pipeline.run import options_of
from birdfall.record.atomic import write_text
from birdfall.record.case import Case
from birdfall.record.listing import followed_accounts, followed_alike, known_handles
from birdfall.record.record import Record

#: Followed accounts that are offered; accounts in question for which comparable ones are sought,
#: and these for each.
MAX_OFFERED, MAX_COMPARED, MAX_SUGGESTED = 12, 3, 4
#: The file on a desk that holds which questions are left out.
LEFT_OUT: Final = "left-out.json"
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
        opened = await in_thread(open_case, desk.case())
        offered, questions, handles = await in_thread(_what_is_offered, opened, search)
        return self.site.render_desk(
            request,
            "ask",
            desk,
            settings=opened.settings,
            offered=offered,
            handles=handles,
            parts_of_case=PARTS,
            search=search,
            askable=questions,
            left_out=await in_thread(left_out_of, desk),
            expected=expected_time(desk.workspace, sum(opened.record.sizes.values())),
            zone=opened.settings.time_zone,
        )

    async def begin(self, request: Request) -> Response:
        """Begin to measure."""
        desk, language = self.site.desk(request), self.site.language(request)
        form = await self.site.read_form(request)
        case = desk.case()
        choices = await in_thread(said_choices, case, form)
        left_out = said_left_out(form, await in_thread(left_out_of, desk))
        await in_thread(keep_left_out, desk, left_out)
        if text_of(form, "keep"):
            if running(last_job(desk)):
                raise PageError("busy")
            await in_thread(apply_choices, case, JobRequest(JobKind.MEASURE, language, choices))
            await in_thread(note_change, desk, Change.CHOICES, self.site.visitor(request))
            return go_to(f"/{language}/c/{quote(desk.name, safe='')}/ask")
        asked = JobRequest(JobKind.MEASURE, language, choices, tuple(left_out))
        await in_thread(begin_job, desk, asked)
        await in_thread(note_change, desk, Change.MEASURED, self.site.visitor(request))
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
        await in_thread(note_change, desk, Change.STOPPED, self.site.visitor(request))
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


@dataclass(frozen=True, slots=True)
class OfferedAccount:
    """An account to choose.

    Parameters
    ----------
    account, handle, followers
        As in the record; "" and 0 where that is not known.
    like
        The handle or id of an account in question whose audience is of like size, so that this one
        can be compared with it; "": none, or it was chosen already.
    """

    account: str
    handle: str
    followers: int
    like: str = ""


def _what_is_offered(
    opened: OpenCase, search: str
) -> tuple[list[OfferedAccount], list[Askable], dict[str, str]]:
    """Accounts to choose from (those chosen, then those to compare with, first), what can be asked,
    and handles by account.
    """
    settings = opened.settings
    chosen = dict.fromkeys([*settings.leaders, *settings.controls, *settings.negative_controls])
    codes = {a: opened.record.ids.code(a) for a in [*chosen, *settings.public]}
    known = opened.ask(
        lambda record: known_handles(record, [c for c in codes.values() if c is not None])
    )
    handles = {a: "" if c is None else known.get(c, "") for a, c in codes.items()}
    names = {a: settings.names.get(a) or handle for a, handle in handles.items()}
    offered = opened.ask(lambda record: followed_accounts(record, MAX_OFFERED, search))
    alike = [] if search else _comparable(opened, names)
    sizes = {one.account: one for one in offered}
    listed = [OfferedAccount(a, names[a], getattr(sizes.get(a), "followers", 0)) for a in chosen]
    listed += [one for one in alike if one.account not in chosen]
    taken = {one.account for one in listed}
    listed += [
        OfferedAccount(one.account, one.handle, one.followers)
        for one in offered
        if one.account not in taken
    ]
    return listed, _questions(opened), {a: names[a] or a for a in settings.public}


def _comparable(opened: OpenCase, names: Mapping[str, str]) -> list[OfferedAccount]:
    """Accounts of like audience to those in question, each once."""
    found: dict[str, OfferedAccount] = {}
    for leader in opened.settings.leaders[:MAX_COMPARED]:
        alike = opened.ask(partial(followed_alike, account=leader, limit=MAX_SUGGESTED))
        for one in alike:
            like = names.get(leader) or leader
            offer = OfferedAccount(one.account, one.handle, one.followers, like)
            found.setdefault(one.account, offer)
    return list(found.values())


@lru_cache(maxsize=8)
def _questions(opened: OpenCase) -> list[Askable]:
    if "coverage" in opened.case.finding_names():
        kept = opened.case.finding("coverage")
        if _is_of_record(kept, opened.record):
            return askable(kept)
    coverage, about = find_measure("coverage"), StepSubject("coverage", "coverage")
    (finding,) = opened.ask(lambda record: coverage.answer(Run(record), about))
    return askable(finding)


def _is_of_record(finding: Finding, record: Record) -> bool:
    """Whether a finding was computed from all tables of the record as they are."""
    seen = {one.table: one.digest for one in finding.inputs if one.rows}
    return seen == {name: record.digests[name] for name, rows in record.sizes.items() if rows}


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


def left_out_of(desk: Desk) -> list[str]:
    """The questions that were left out last: as a person said, else as the case was measured; none
    where that cannot be read, of which the next run says more.
    """
    try:
        return [str(name) for name in json.loads((desk.folder / LEFT_OUT).read_text("utf-8"))]
    except (OSError, ValueError, TypeError):
        pass
    try:
        options = options_of(desk.case()) if desk.has_case else None
    except CaseError:
        return []
    return [] if options is None else list(options.left_out)


def keep_left_out(desk: Desk, names: Sequence[str]) -> None:
    """Keep which questions are left out."""
    desk.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_text(desk.folder / LEFT_OUT, json.dumps(list(names)))


def said_left_out(form: FormData, before: Sequence[str]) -> list[str]:
    """The questions that a form leaves out, of those that it offers; the others stay as they were.
    Questions that are always asked cannot be left out.
    """
    known = {measure.name for measure in catalogue()} - set(ALWAYS_ASKED)
    offered, asked = set(texts_of(form, "offered")), set(texts_of(form, "ask"))
    left_out = (set(before) - offered) | (offered - asked)
    return sorted(left_out & known)


def split_names(text: str) -> list[str]:
    """Names between commas or spaces."""
    return [name for name in text.replace(",", " ").replace("،", " ").split() if name]
