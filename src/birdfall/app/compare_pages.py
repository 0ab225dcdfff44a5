"""Cases side by side: what each answers, its numbers, and what of each question was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from birdfall.app.page_error import PageError
from birdfall.app.result_pages import ListedQuestion, listed_questions, tell
from birdfall.app.site import Site, in_thread, is_measured
from birdfall.app.workspace import Desk
from birdfall.tell.report import Article

#: Cases that stand side by side, at least and at most.
MIN_COMPARED, MAX_COMPARED = 2, 4
#: How long a name in an address may be, in characters.
MAX_NAME_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class ComparedCase:
    """A case as one column.

    Parameters
    ----------
    address
        The address of its answer.
    title
        What it is called, as somebody is shown it.
    article
        How it is told.
    questions
        What of each question was found, by the id of the question.
    """

    address: str
    title: str
    article: Article
    questions: dict[str, ListedQuestion]


class ComparePages:
    """The page of cases side by side."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def compare(self, request: Request) -> Response:
        """The cases of an address, in its order; those that nobody measured are left out.

        Raises PageError for fewer than two.
        """
        seen = {desk.name: desk for desk in self.site.desks(request)}
        names = dict.fromkeys(n[:MAX_NAME_CHARS] for n in request.query_params.getlist("case"))
        desks = [seen[name] for name in names if name in seen]
        measured = await in_thread(lambda: [desk for desk in desks if is_measured(desk)])
        if not MIN_COMPARED <= len(measured) <= MAX_COMPARED:
            raise PageError("compare", least=MIN_COMPARED, most=MAX_COMPARED)
        cases = [await in_thread(self._column, request, desk) for desk in measured]
        titles = {q.id: q.title for case in cases for q in case.questions.values()}
        return self.site.render(request, "compare", cases=cases, titles=titles)

    def _column(self, request: Request, desk: Desk) -> ComparedCase:
        language = self.site.language(request)
        told = tell(desk.case(), language)
        article = told.articles[0]
        questions = {one.id: one for one in listed_questions(article, told) if one.answer}
        address = f"/{language}/c/{quote(desk.name, safe='')}/"
        return ComparedCase(address, self.site.title(request, desk), article, questions)
