"""The answer: the first screen of the report, each question as a page, and the accounts behind the
numbers.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlencode

import pyarrow as pa
import pyarrow.compute as pc
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from birdfall.app.site import Site, go_to, in_thread, is_half_measured, is_measured
from birdfall.app.workspace import Desk
from birdfall.model.findings import Finding
from birdfall.pipeline.catalogue import extra_sections
from birdfall.record.case import Case
from birdfall.record.listing import FallenPage, FallenQuery, fallen_accounts
from birdfall.tell.drawings import SIZES
from birdfall.tell.names import Names, names_of
from birdfall.tell.report import Article, ToldCase, write_articles
from birdfall.tell.sections.order import order_sections

#: Accounts on a page.
PAGE_ROWS: Final = 50
#: Kinds of finding by the section that shows them.
SECTION_KINDS: Final = {s.key: s.kind for s in order_sections() if s.kind}


@dataclass(frozen=True, slots=True)
class ListedQuestion:
    """A question of the report, as the side of a page lists it. answer: of its findings, the best;
    "" where it has none of its own.
    """

    id: str
    title: str
    answer: str


class ResultPages:
    """The pages that read a measured case."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def result(self, request: Request) -> Response:
        """The first screen."""
        desk, language = self.site.desk(request), self.site.language(request)
        if is_half_measured(desk):
            return go_to(f"/{language}/c/{desk.name}/job")
        if not is_measured(desk):
            return go_to(f"/{language}/c/{desk.name}/{'ask' if desk.has_case else 'data'}")
        told = await in_thread(tell, desk.case(), language)
        return self._render(request, desk, "result", told)

    async def question(self, request: Request) -> Response:
        """One question, from its findings."""
        desk, language = self.site.desk(request), self.site.language(request)
        if not is_measured(desk):
            return go_to(f"/{language}/c/{desk.name}/")
        told = await in_thread(tell, desk.case(), language)
        wanted = request.path_params["section"]
        section = next((s for s in told.articles[0].sections if s.id == wanted), None)
        if section is None:
            raise HTTPException(404)
        return self._render(request, desk, "question", told, section=section)

    async def accounts(self, request: Request) -> Response:
        """The accounts that fell, a page of them."""
        desk, language = self.site.desk(request), self.site.language(request)
        if not is_measured(desk):
            return go_to(f"/{language}/c/{desk.name}/")
        case = desk.case()
        wanted = AccountFilter.of(request)
        shown = await in_thread(list_accounts, case, wanted)
        told = await in_thread(tell, case, language)
        return self._render(request, desk, "accounts", told, shown=shown, filter=wanted)

    def _render(
        self, request: Request, desk: Desk, template: str, told: ToldCase, **context: object
    ) -> HTMLResponse:
        article = told.articles[0]
        return self.site.render_desk(
            request,
            template,
            desk,
            a=article,
            symbols=told.symbols,
            sizes=SIZES,
            first="",  # maps are shown as pictures here
            questions=listed_questions(article, told),
            simulated=told.record.settings.simulated,
            zone=told.record.settings.time_zone,
            zone_name=told.record.settings.time_zone,
            **context,
        )


def tell(case: Case, language: str) -> ToldCase:
    """A case as it is told in a language; one that has not changed is not written again."""
    return _tell(case, language, tuple(file.sha256 for file in case.manifest.files))


@lru_cache(maxsize=12)
def _tell(case: Case, language: str, _state: tuple[str, ...]) -> ToldCase:
    return write_articles(case, [language], sections=order_sections(extra_sections()))


def listed_questions(article: Article, told: ToldCase) -> list[ListedQuestion]:
    """The questions of an article, with what was found."""
    found = []
    for section in article.sections:
        kind = SECTION_KINDS.get(section.id)
        answers = {f.answer for f in told.findings.values() if f.kind == kind}
        best = next((a for a in ("found", "nothing", "cannot") if a in answers), "")
        found.append(ListedQuestion(section.id, section.title, best))
    return found


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """Which accounts a page lists, as its address says it.

    Parameters
    ----------
    wave
        The number of a wave, to whose span the list is limited; 0: all times.
    leader
        An account that they followed; "": anybody.
    returned
        `yes`, `no`, or "" for both.
    after
        The key of the page.
    """

    wave: int = 0
    leader: str = ""
    returned: str = ""
    after: str = ""

    @classmethod
    def of(cls, request: Request) -> AccountFilter:
        """What the address of a request says."""
        asked = request.query_params
        wave = asked.get("wave", "1")
        returned = asked.get("returned", "")
        return cls(
            int(wave) if wave.isascii() and wave.isdigit() and len(wave) < 6 else 0,
            asked.get("leader", "")[:200],
            returned if returned in ("yes", "no") else "",
            asked.get("after", "")[:60],
        )

    def query(self, **changes: str) -> str:
        """The same as the query of an address, with changes."""
        said = {"wave": str(self.wave), "leader": self.leader, "returned": self.returned}
        return urlencode({k: v for k, v in {**said, **changes}.items() if v})


@dataclass(frozen=True, slots=True)
class ShownAccount:
    """An account of the list, by the name it goes by."""

    name: str
    fell: dt.datetime
    returned: dt.datetime | None


@dataclass(frozen=True, slots=True)
class ShownAccounts:
    """A page of accounts.

    Parameters
    ----------
    accounts
        Those of the page.
    total
        How many there are in all.
    after
        The key of the next page; "" if this is the last.
    waves
        The numbers of the waves there are.
    leaders
        Accounts whose audience can be chosen, with the names they go by.
    """

    accounts: tuple[ShownAccount, ...]
    total: int
    after: str
    waves: tuple[int, ...]
    leaders: tuple[tuple[str, str], ...]


def list_accounts(case: Case, wanted: AccountFilter) -> ShownAccounts:
    """The page of accounts that a filter asks for."""
    record, name = case.record(), names_of(case.record())
    members = wave_members(case)
    leaders = _leaders(case, name)
    leader = wanted.leader if wanted.leader in dict(leaders) else ""
    returned = {"yes": True, "no": False}.get(wanted.returned)
    page: FallenPage = fallen_accounts(
        record, FallenQuery(members.get(wanted.wave), leader, returned), PAGE_ROWS, wanted.after
    )
    shown = tuple(ShownAccount(name(a.account), a.fell, a.returned) for a in page.accounts)
    return ShownAccounts(shown, page.total, page.after, tuple(members), leaders)


def wave_members(case: Case) -> dict[int, pa.Table]:
    """The accounts of each wave, by its number: those that the finding counts."""
    if "waves" not in case.finding_names():
        return {}
    waves: Finding = case.finding("waves")
    if waves.answer != "found":
        return {}
    members = waves.table("members")
    numbers = waves.table("waves").column("wave").to_pylist()
    return {n: members.filter(pc.equal(members.column("wave"), n)) for n in numbers}


def _leaders(case: Case, name: Names) -> tuple[tuple[str, str], ...]:
    settings = case.settings
    chosen = dict.fromkeys([*settings.leaders, *settings.controls])
    return tuple((account, name(account)) for account in chosen)
