"""What was written: copied texts and their versions, hashtags, links and domains over time."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlencode

import numpy as np
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from birdfall.app.account_pages import EPOCH, Brush, draw_brush, field_text, read_moment
from birdfall.app.account_table import AccountQuery
from birdfall.app.object_uses import KINDS, ORDERS, Burst, ListedObject, ObjectUses, object_uses
from birdfall.app.open_case import OpenCase, open_case
from birdfall.app.site import Site, go_to, in_thread, is_measured
from birdfall.app.text_versions import TextPart, differences
from birdfall.app.workspace import Desk
from birdfall.measures.coordination import likeness_to
from birdfall.record.texts import (
    ListedPost,
    ListedText,
    copied_texts,
    listed_texts,
    posts_of_text,
    text_of,
    texts_alike,
    words_at,
)

#: Rows on a page; texts that are listed at most, and versions of one text.
PAGE_ROWS, MAX_TEXTS, MAX_VERSIONS = 50, 200, 50
#: Texts that share rare words with one, which are compared with it.
MAX_COMPARED: Final = 3000
#: How alike the texts are of which a page tells: Jaccard indices of their shingles, in hundredths.
LIKENESSES: Final = (80, 50, 30)
#: Letters of an object that a page shows, and that are looked at; letters of a text.
MAX_SHOWN_LETTERS, MAX_NAME_LETTERS, MAX_TEXT_LETTERS = 400, 2000, 10_000
#: Objects that a search finds, at most.
MAX_SEARCHED: Final = 500
#: Longest search, in characters.
MAX_SEARCH_CHARS: Final = 100
#: Largest number in an address.
_NUMBER: Final = re.compile(r"[0-9]{1,9}")


def text_key(one: ListedText) -> str:
    """What stands for a text in an address: its first post. No digest of it, from which a name that
    is hidden in the text could be guessed.
    """
    return f"{one.author}-{(one.first - EPOCH) // dt.timedelta(microseconds=1)}-{one.rank}"


@dataclass(frozen=True, slots=True)
class ShownText:
    """A text as a page shows it: its key in addresses, its words with nobody named, and what is
    known of it.
    """

    key: str
    words: str
    about: ListedText


@dataclass(frozen=True, slots=True)
class TextVersion:
    """A version of a text: how alike it is, from 0 to 1, and what differs."""

    shown: ShownText
    likeness: float
    parts: tuple[TextPart, ...]


@dataclass(frozen=True, slots=True)
class ShownObject:
    """An object as a page shows it, and its bursts."""

    name: str
    about: ListedObject
    bursts: tuple[Burst, ...]


@dataclass(frozen=True, slots=True)
class ObjectFilter:
    """Which uses of an object a page lists: those of a stretch of time, after the first `start`."""

    begin: int | None
    end: int | None
    start: int
    zone: str

    def address(self, **changes: str) -> str:
        """The same as the query of an address, with changes; the page it is on is left out."""
        said = {
            "from": field_text(self.begin, self.zone),
            "to": field_text(self.end, self.zone),
        }
        return urlencode({k: v for k, v in {**said, **changes}.items() if v})


class TextPages:
    """The pages of what was written."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def texts(self, request: Request) -> Response:
        """The texts that the most accounts wrote, or those that hold some words."""
        desk, opened = await self._open(request)
        if opened is None:
            return self._back(request, desk)
        search = _searched(request)
        by_handle = self.site.shows_handles(request, desk)
        shown = await in_thread(_find_texts, opened, search, by_handle)
        names = await in_thread(
            lambda: opened.names([one.about.author for one in shown], by_handle=by_handle)
        )
        start = _number_in(request, "start")
        return self._render(
            request, desk, opened, "texts", texts=shown[start : start + PAGE_ROWS], search=search,
            names=names, total=len(shown), most=len(shown) >= MAX_TEXTS,
            start=start, after=_after(start, len(shown)),
        )  # fmt: skip

    async def one_text(self, request: Request) -> Response:
        """One text: who wrote it first, its versions, and its posts."""
        desk, opened = await self._open(request)
        if opened is None:
            return self._back(request, desk)
        key = str(request.path_params["key"])
        asked = _number_in(request, "alike")
        least = asked if asked in LIKENESSES else LIKENESSES[1]
        by_handle = self.site.shows_handles(request, desk)
        found = await in_thread(_text_at, opened, key)
        if found is None:
            raise HTTPException(404)
        start = _number_in(request, "start")
        versions = await in_thread(_versions_of, opened, found, least, by_handle)
        posts = await in_thread(
            opened.ask, lambda record: posts_of_text(record, found.text, PAGE_ROWS, start)
        )
        first = min([found, *(v.shown.about for v in versions)], key=lambda t: (t.first, t.author))
        codes = [p.code for p in posts] + [v.shown.about.author for v in versions]
        names = await in_thread(
            lambda: opened.names([*codes, found.author, first.author], by_handle=by_handle)
        )
        return self._render(
            request, desk, opened, "text", shown=_show(opened, found, by_handle), versions=versions,
            posts=posts, names=names, least=least, likenesses=LIKENESSES, first=first,
            start=start, after=_after(start, found.posts), here_key=key,
        )  # fmt: skip

    async def objects(self, request: Request) -> Response:
        """Hashtags, links or domains."""
        desk, opened = await self._open(request)
        if opened is None:
            return self._back(request, desk)
        kind, by_handle = self._kind(request), self.site.shows_handles(request, desk)
        uses = await in_thread(object_uses, opened, kind)
        search, sort = _searched(request), request.query_params.get("sort", "")
        sort = sort if sort in ORDERS else ORDERS[0]
        start = _number_in(request, "start")
        found = await in_thread(_find_objects, opened, uses, search, sort, by_handle)
        shown = await in_thread(
            _show_objects, opened, uses, found[start : start + PAGE_ROWS].tolist(), by_handle
        )
        return self._render(
            request, desk, opened, "objects", kind=kind, objects=shown, total=len(found),
            search=search, sort=sort, sorts=ORDERS, start=start, after=_after(start, len(found)),
            query=urlencode({k: v for k, v in (("search", search), ("sort", sort)) if v}),
        )  # fmt: skip

    async def one_object(self, request: Request) -> Response:
        """One of them over time: its bursts, and the posts of a stretch."""
        desk, opened = await self._open(request)
        if opened is None:
            return self._back(request, desk)
        kind, number = self._kind(request), int(request.path_params["number"])
        uses = await in_thread(object_uses, opened, kind)
        if number >= len(uses):
            raise HTTPException(404)
        by_handle = self.site.shows_handles(request, desk)
        zone = opened.settings.time_zone
        begin, end = (read_moment(request.query_params.get(x, ""), zone) for x in ("from", "to"))
        wanted = ObjectFilter(begin, end, _number_in(request, "start"), zone)
        (shown,) = await in_thread(_show_objects, opened, uses, [number], by_handle)
        rows, total, people = uses.uses_of(
            number, wanted.begin, wanted.end, wanted.start, PAGE_ROWS
        )
        codes = [row.code for row in rows]
        posts = await in_thread(
            opened.ask, lambda record: words_at(record, codes, [row.time for row in rows])
        )
        names = await in_thread(lambda: opened.names(codes, by_handle=by_handle))
        return self._render(
            request, desk, opened, "object", kind=kind, shown=shown, total=total, people=people,
            posts=_quoted(opened, posts, by_handle), names=names, filter=wanted,
            brush=_brush_of(uses, number, wanted), after=_after(wanted.start, total),
            begin=field_text(wanted.begin, zone), end=field_text(wanted.end, zone),
            field_text=lambda moment: field_text(moment, zone),
        )  # fmt: skip

    def _kind(self, request: Request) -> str:
        kind = str(request.path_params["kind"])
        if kind not in KINDS:
            raise HTTPException(404)
        return kind

    async def _open(self, request: Request) -> tuple[Desk, OpenCase | None]:
        """The case in an address, open; None if it was not measured yet."""
        desk = self.site.desk(request)
        if not is_measured(desk):
            return desk, None
        return desk, await in_thread(open_case, desk.case())

    def _back(self, request: Request, desk: Desk) -> Response:
        return go_to(f"/{self.site.language(request)}/c/{quote(desk.name, safe='')}/")

    def _render(
        self, request: Request, desk: Desk, opened: OpenCase, template: str, **context: object
    ) -> HTMLResponse:
        zone = opened.settings.time_zone
        by_handle = self.site.shows_handles(request, desk)
        return self.site.render_desk(
            request, template, desk, zone=zone, zone_name=zone, kinds=KINDS, by_handle=by_handle,
            simulated=opened.settings.simulated, **context,
        )  # fmt: skip


def _searched(request: Request) -> str:
    return request.query_params.get("search", "").strip()[:MAX_SEARCH_CHARS]


def _number_in(request: Request, name: str) -> int:
    text = request.query_params.get(name, "")
    return int(text) if _NUMBER.fullmatch(text) else 0


def _after(start: int, total: int) -> int | None:
    return start + PAGE_ROWS if start + PAGE_ROWS < total else None


def _show(opened: OpenCase, one: ListedText, by_handle: bool) -> ShownText:
    words = opened.quote(one.text[:MAX_TEXT_LETTERS], by_handle=by_handle)
    return ShownText(text_key(one), words, one)


@lru_cache(maxsize=32)
def _find_texts(opened: OpenCase, search: str, by_handle: bool) -> list[ShownText]:
    """The texts that a search finds. Where accounts go by pseudonym a text is found by the words
    that are shown alone: no search says who is named in one.
    """
    found = opened.ask(lambda record: copied_texts(record, MAX_TEXTS, search))
    shown = [_show(opened, one, by_handle) for one in found]
    if by_handle:
        return shown
    wanted = search.lower().split()
    return [one for one in shown if all(word in one.words.lower() for word in wanted)]


@lru_cache(maxsize=32)
def _text_at(opened: OpenCase, key: str) -> ListedText | None:
    parts = key.split("-")
    if len(parts) != 3 or not all(re.fullmatch("[0-9]{1,16}", part) for part in parts):
        return None
    author, first, rank = map(int, parts)
    return opened.ask(lambda record: text_of(record, author, first, rank))


@lru_cache(maxsize=32)
def _alike(opened: OpenCase, text: str) -> list[tuple[float, ListedText]]:
    """Texts like one, the most alike first, each with its likeness."""
    others = opened.ask(lambda record: texts_alike(record, text, MAX_COMPARED))
    likeness = likeness_to(text[:MAX_TEXT_LETTERS], [other[:MAX_TEXT_LETTERS] for other in others])
    near = {
        other: share
        for other, share in zip(others, likeness, strict=True)
        if share >= LIKENESSES[-1] / 100
    }
    nearest = sorted(near, key=lambda other: (-near[other], other))[:MAX_VERSIONS]
    about = opened.ask(lambda record: listed_texts(record, nearest)) if nearest else []
    return sorted(((near[one.text], one) for one in about), key=lambda pair: -pair[0])


def _versions_of(
    opened: OpenCase, text: ListedText, least: int, by_handle: bool
) -> list[TextVersion]:
    """Versions of a text that are at least so alike, in hundredths, the most alike first."""
    own = _show(opened, text, by_handle).words
    found = []
    for likeness, one in _alike(opened, text.text):
        if likeness * 100 >= least:
            shown = _show(opened, one, by_handle)
            found.append(TextVersion(shown, likeness, tuple(differences(own, shown.words))))
    return found


def _find_objects(
    opened: OpenCase, uses: ObjectUses, search: str, sort: str, by_handle: bool
) -> np.ndarray:
    """The objects that a search finds; as with texts, by what is shown of them alone."""
    found = uses.order(uses.find(search), sort)
    if by_handle or not search:
        return found
    found = found[:MAX_SEARCHED]
    names = (_object_name(opened, uses, o, by_handle) for o in found.tolist())
    return found[[search.lower() in name.lower() for name in names]]


def _object_name(opened: OpenCase, uses: ObjectUses, number: int, by_handle: bool) -> str:
    name = str(uses.names[number].as_py())
    return opened.quote_object(name[:MAX_NAME_LETTERS], by_handle=by_handle)[:MAX_SHOWN_LETTERS]


def _show_objects(
    opened: OpenCase, uses: ObjectUses, numbers: Sequence[int], by_handle: bool
) -> list[ShownObject]:
    bursts = uses.bursts
    return [
        ShownObject(
            _object_name(opened, uses, one.number, by_handle),
            one,
            bursts.get(one.number, ()),
        )
        for one in uses.listed(numbers)
    ]


def _quoted(opened: OpenCase, posts: Sequence[ListedPost], by_handle: bool) -> list[ListedPost]:
    return [
        replace(post, text=opened.quote(post.text[:MAX_TEXT_LETTERS], by_handle=by_handle))
        for post in posts
    ]


def _brush_of(uses: ObjectUses, number: int, wanted: ObjectFilter) -> Brush | None:
    query = AccountQuery(begin=wanted.begin, end=wanted.end)
    return draw_brush(uses.bins(number), query, wanted.zone)


__all__ = ["LIKENESSES", "TextPages", "text_key"]
