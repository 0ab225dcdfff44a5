"""The answer: the first screen of the report, and each question as a page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from birdfall.app.open_case import OpenCase, open_case
from birdfall.app.site import Site, go_to, in_thread, is_half_measured, is_measured
from birdfall.app.workspace import Desk
from birdfall.pipeline.catalogue import extra_sections
from birdfall.record.case import Case
from birdfall.tell.drawings import SIZES
from birdfall.tell.report import Article, ReadCase, ToldCase, write_articles
from birdfall.tell.sections.order import order_sections

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
        wanted = request.path_params["section"]
        with_maps = SECTION_KINDS.get(wanted) == "coordination"
        told = await in_thread(tell, desk.case(), language, with_maps)
        section = next((s for s in told.articles[0].sections if s.id == wanted), None)
        if section is None:
            raise HTTPException(404)
        return self._render(request, desk, "question", told, section=section)

    def _render(
        self, request: Request, desk: Desk, template: str, told: ToldCase, **context: object
    ) -> HTMLResponse:
        article = told.articles[0]
        listed = listed_questions(article, told)
        self.site.remember_questions(desk, article.lang, listed)
        return self.site.render_desk(
            request,
            template,
            desk,
            a=article,
            symbols=told.symbols,
            sizes=SIZES,
            first="",  # maps are shown as pictures here
            questions=listed,
            simulated=told.record.settings.simulated,
            zone=told.record.settings.time_zone,
            zone_name=told.record.settings.time_zone,
            **context,
        )


def tell(case: Case, language: str, with_maps: bool = False) -> ToldCase:
    """A case as it is told in a language; one that has not changed is not written again.

    with_maps: whether maps of networks are drawn, which takes longer than all the rest.
    """
    return _tell(open_case(case), language, with_maps)


@lru_cache(maxsize=12)
def _tell(opened: OpenCase, language: str, with_maps: bool) -> ToldCase:
    read = ReadCase(opened.quoting, opened.findings, charts_elsewhere=True)
    sections = order_sections(extra_sections())
    return opened.ask(
        lambda _: write_articles(
            opened.case, [language], sections=sections, read=read, with_maps=with_maps
        )
    )


def listed_questions(article: Article, told: ToldCase) -> list[ListedQuestion]:
    """The questions of an article, with what was found."""
    found = []
    for section in article.sections:
        kind = SECTION_KINDS.get(section.id)
        answers = {f.answer for f in told.findings.values() if f.kind == kind}
        best = next((a for a in ("found", "nothing", "cannot") if a in answers), "")
        found.append(ListedQuestion(section.id, section.title, best))
    return found
