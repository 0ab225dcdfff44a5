"""The networks of a case: filtered, searched, with what lies behind each pair and group."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, urlencode

import numpy as np
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from birdfall.app.account_pages import draw_brush, field_text, moment_of, read_moment
from birdfall.app.account_platforms import ACROSS
from birdfall.app.group_notes import GroupNote, group_key, put_note, read_notes
from birdfall.app.group_panel import (
    MAX_MEMBERS,
    GroupPanel,
    PairPanel,
    SharedObject,
    describe_group,
    describe_pair,
)
from birdfall.app.history import Change, note_change
from birdfall.app.network_view import (
    CERTAINTIES,
    PICTURE_SIZE,
    NetworkQuery,
    NetworkView,
    Selection,
    network_view,
    networks_of,
)
from birdfall.app.open_case import ON_ACCOUNTS, OpenCase, ShownNames, open_case
from birdfall.app.site import Site, go_to, in_thread, is_measured, text_of
from birdfall.app.workspace import Desk
from birdfall.model.whole_number import whole_number
from birdfall.pipeline.csv_cells import safe_cell
from birdfall.record.ids import pseudonym
from birdfall.tell.names import sanitize_text
from birdfall.tell.network.files import NetworkDrawing, to_gexf

#: Pairs on a page, and groups that the menu offers.
PAGE_ROWS, MAX_GROUPS = 50, 50
#: Characters of an object that are shown.
MAX_OBJECT_CHARS: Final = 200
#: Traces whose objects are words.
WORDS_OF: Final = ("link", "domain", "hashtag", "hashtags", "emoji", "status")


@dataclass(frozen=True, slots=True)
class NetworkFilter:
    """What a page shows of a network, as its address says it.

    Parameters
    ----------
    query
        Which pairs.
    search
        The name of an account, as it is shown; "": none.
    zone
        In which the times of the address are written.
    start
        How many pairs stand before the page.
    hidden
        Whether groups that are hidden are shown all the same.
    """

    query: NetworkQuery
    search: str
    zone: str
    start: int = 0
    hidden: bool = False

    @classmethod
    def of(cls, request: Request, zone: str) -> NetworkFilter:
        """What the address of a request says; what makes no sense says nothing."""
        asked = {k: v[:200] for k, v in request.query_params.items()}
        certainty = asked.get("sure", "")
        query = NetworkQuery(
            certainty=certainty if certainty in CERTAINTIES else "",
            weight=_number(asked, "weight"),
            layer=asked.get("layer", ""),
            group=_number(asked, "group"),
            begin=read_moment(asked.get("from", ""), zone),
            end=read_moment(asked.get("to", ""), zone),
            platform=asked.get("platform", ""),
        )
        search, start = asked.get("search", "").strip(), _number(asked, "start")
        return cls(query, search, zone, start, asked.get("hidden") == "yes")

    def address(self, **changes: str) -> str:
        """The same as the query of an address, with changes; the page it is on is left out."""
        query = self.query
        said = {
            "sure": query.certainty,
            "weight": str(query.weight or ""),
            "layer": query.layer,
            "platform": query.platform,
            "group": str(query.group or ""),
            "from": field_text(query.begin, self.zone),
            "to": field_text(query.end, self.zone),
            "search": self.search,
            "hidden": "yes" if self.hidden else "",
        }
        return urlencode({k: v for k, v in {**said, **changes}.items() if v})


def _number(asked: Mapping[str, str], name: str) -> int:
    return whole_number(asked.get(name, ""), 10**9 - 1) or 0


class NetworkPages:
    """The pages of networks."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def networks(self, request: Request) -> Response:
        """Those that a case has; where it is one, that one."""
        desk, language = self.site.desk(request), self.site.language(request)
        if not is_measured(desk):
            return go_to(f"/{language}/c/{desk.name}/")
        names = networks_of(await in_thread(open_case, desk.case()))
        if len(names) == 1:
            return go_to(f"/{language}/c/{quote(desk.name, safe='')}/network/{names[0]}")
        return self.site.render_desk(request, "networks", desk, networks=names)

    async def network(self, request: Request) -> Response:
        """What filters leave of a network: picture and table."""
        desk, opened, view = await self._view(request)
        wanted = NetworkFilter.of(request, opened.settings.time_zone)
        by_handle = self.site.shows_handles(request, desk)
        shown = await in_thread(lambda: self._shown(desk, opened, view, wanted, by_handle))
        return self._render(request, desk, opened, view, "network", filter=wanted, **shown)

    def _shown(
        self, desk: Desk, opened: OpenCase, view: NetworkView, wanted: NetworkFilter,
        by_handle: bool,
    ) -> dict[str, object]:  # fmt: skip
        notes = read_notes(desk)
        said = {g: notes.get(group_key(view.members(g)), GroupNote()) for g in view.groups()}
        query, left_out = asked_pairs(opened, view, wanted, said)
        selection = view.select(query, left_out)
        bins = view.first_meetings(view.whole_stretch(query, left_out, selection))
        pairs = selection.pairs(wanted.start, PAGE_ROWS)
        picture = view.draw(selection)
        codes = {c for p in pairs for c in (p.source, p.target)} | {n.code for n in picture.nodes}
        after = wanted.start + PAGE_ROWS
        return {
            "pairs": pairs,
            "picture": picture,
            "count": selection.edges.num_rows,
            "accounts": len(selection.accounts),
            "groups": selection.groups[:MAX_GROUPS],
            "all_groups": view.groups()[:MAX_GROUPS],
            "said": said,
            "names": opened.names(codes, by_handle=by_handle),
            "address_names": ShownNames(opened.public),
            "after": after if after < selection.edges.num_rows else None,
            "by_handle": by_handle,
            "size": PICTURE_SIZE,
            "brush": draw_brush(bins, wanted.query, wanted.zone),
            "certainties": tuple(CERTAINTIES),
            "platforms": view.platforms.names if view.platforms else (),
            "across": ACROSS,
            "begin": field_text(wanted.query.begin, wanted.zone),
            "end": field_text(wanted.query.end, wanted.zone),
        }

    async def group(self, request: Request) -> Response:
        """One group."""
        desk, opened, view = await self._view(request)
        number = int(request.path_params["number"])
        panel = await in_thread(describe_group, opened, view, number)
        if panel is None:
            raise HTTPException(404)
        by_handle = self.site.shows_handles(request, desk)
        members = panel.members[:MAX_MEMBERS]
        names = await in_thread(
            lambda: opened.names([*members, *(x.code for x in panel.leaders)], by_handle=by_handle)
        )
        note = read_notes(desk).get(group_key(view.members(number)), GroupNote())
        objects = [(one, object_words(opened, one, by_handle=by_handle)) for one in panel.objects]
        return self._render(
            request, desk, opened, view, "group", panel=panel, members=members, names=names,
            note=note, objects=objects,
        )  # fmt: skip

    async def pair(self, request: Request) -> Response:
        """The acts of two accounts side by side."""
        desk, opened, view = await self._view(request)
        codes = int(request.path_params["first"]), int(request.path_params["second"])
        panel = await in_thread(describe_pair, opened, view, *codes)
        if panel is None:
            raise HTTPException(404)
        by_handle = self.site.shows_handles(request, desk)
        names = await in_thread(lambda: opened.names(codes, by_handle=by_handle))
        objects = [
            object_words(
                opened, SharedObject(panel.layer, m.object, m.shown, 0, 0), by_handle=by_handle
            )
            for m in panel.meetings
        ]
        return self._render(
            request, desk, opened, view, "pair", panel=panel, names=names, objects=objects
        )

    async def note(self, request: Request) -> Response:
        """Keep what a person says of a group."""
        desk, _, view = await self._view(request)
        language = self.site.language(request)
        form = await self.site.read_form(request)
        number = int(request.path_params["number"])
        members = view.members(number)
        if not members:
            raise HTTPException(404)
        said = GroupNote(text_of(form, "name"), text_of(form, "note"), bool(text_of(form, "hide")))
        await in_thread(put_note, desk, group_key(members), said)
        await in_thread(note_change, desk, Change.NOTES, self.site.visitor(request))
        case = f"/{language}/c/{quote(desk.name, safe='')}"
        return go_to(f"{case}/network/{view.finding.name}/group/{number}")

    async def save(self, request: Request) -> Response:
        """What a page shows as a file: GEXF, CSV or SVG, by pseudonym."""
        desk, opened, view = await self._view(request)
        wanted = NetworkFilter.of(request, opened.settings.time_zone)
        form = str(request.path_params["form"])
        if form not in (*FILES, "svg"):
            raise HTTPException(404)
        names = ShownNames(opened.public)
        if form == "svg":
            shown = await in_thread(lambda: self._shown(desk, opened, view, wanted, False))
            page = self.site.render_part("picture", **{**shown, "names": names})
            content, media = page.encode(), "image/svg+xml"
        else:
            notes = read_notes(desk)
            said = {g: notes.get(group_key(view.members(g)), GroupNote()) for g in view.groups()}
            selection = await in_thread(chosen_pairs, opened, view, wanted, said)
            make, media = FILES[form]
            content = await in_thread(make, view, selection, names)
        name = f"{view.finding.name}.{form}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type=media, headers=headers)

    async def _view(self, request: Request) -> tuple[Desk, OpenCase, NetworkView]:
        """The network in an address. Raises HTTPException 404 if there is none."""
        desk = self.site.desk(request)
        if not is_measured(desk):
            raise HTTPException(404)
        opened = await in_thread(open_case, desk.case())
        view = await in_thread(network_view, opened, str(request.path_params["name"]))
        if view is None:
            raise HTTPException(404)
        return desk, opened, view

    def _render(
        self, request: Request, desk: Desk, opened: OpenCase, view: NetworkView, template: str,
        **context: object,
    ) -> HTMLResponse:  # fmt: skip
        zone = opened.settings.time_zone
        place = f"/{self.site.language(request)}/c/{quote(desk.name, safe='')}"
        return self.site.render_desk(
            request, template, desk, view=view, finding=view.finding, zone=zone, zone_name=zone,
            here=f"{place}/network/{view.finding.name}", simulated=opened.settings.simulated,
            moment=moment_of, **context,
        )  # fmt: skip


def chosen_pairs(
    opened: OpenCase, view: NetworkView, wanted: NetworkFilter, said: Mapping[int, GroupNote]
) -> Selection:
    """The pairs that a page shows.

    said: what was said of groups: hidden ones are left out, but where one is asked for.
    """
    return view.select(*asked_pairs(opened, view, wanted, said))


def asked_pairs(
    opened: OpenCase, view: NetworkView, wanted: NetworkFilter, said: Mapping[int, GroupNote]
) -> tuple[NetworkQuery, list[int]]:
    """Which pairs a page shows: the query with the account that is searched for, and the groups of
    which nothing is shown.
    """
    hidden = [g for g, note in said.items() if note.hidden and g != wanted.query.group]
    query = wanted.query
    if wanted.search:
        code = find_code(opened, view, wanted.search)
        query = replace(query, account=-1 if code is None else code)
    return query, [] if wanted.hidden else hidden


def find_code(opened: OpenCase, view: NetworkView, name: str) -> int | None:
    """The account that goes by this name: its pseudonym, or the handle of one shown by name."""
    plain = name.strip().removeprefix("@").lower()
    for code, public in opened.public.items():
        if public.removeprefix("@").lower() == plain:
            return code
    edges = view.finding.table("edges")
    ends = np.unique(np.r_[edges.column("source").to_numpy(), edges.column("target").to_numpy()])
    return next((int(code) for code in ends if pseudonym(int(code)) == plain), None)


def object_words(opened: OpenCase, one: SharedObject, *, by_handle: bool) -> str:
    """What two accounts acted on, as a page may show it; "" for ids of posts, which lead to people.

    by_handle: show them all the same.
    """
    layers = one.layer.split(", ")
    if one.shown:
        is_address = "link" in layers or "domain" in layers
        quote_shown = opened.quote_object if is_address else opened.quote
        return quote_shown(one.shown[:MAX_OBJECT_CHARS], by_handle=by_handle)
    if len(layers) == 1 and layers[0] in ON_ACCOUNTS:
        code = opened.record.ids.code(one.object)
        return "" if code is None else opened.names([code], by_handle=by_handle)(code)
    if all(layer in WORDS_OF for layer in layers):
        return opened.quote_object(one.object[:MAX_OBJECT_CHARS], by_handle=by_handle)
    return sanitize_text(one.object)[:MAX_OBJECT_CHARS] if by_handle else ""


def pairs_gexf(view: NetworkView, selection: Selection, names: ShownNames) -> bytes:
    """The pairs that are shown as GEXF, their accounts where they stand in the picture."""
    finding, places = view.shown(selection)
    drawn = NetworkDrawing(finding, lambda code, _account: names(code))
    drawn.places = places
    return to_gexf(finding, lambda code, _account: names(code), drawn)


def pairs_csv(view: NetworkView, selection: Selection, names: ShownNames) -> bytes:
    """The pairs that are shown as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("source", "target", "weight", "q_value", "first", "last", "layer", "group"))
    for p in selection.pairs(0, selection.edges.num_rows):
        groups = {view.group_of(p.source), view.group_of(p.target)}
        group = groups.pop() if len(groups) == 1 else 0
        cells = (
            names(p.source), names(p.target), p.weight, "" if p.q is None else p.q,
            moment_of(p.first).isoformat(), moment_of(p.last).isoformat(), p.layer, group or "",
        )  # fmt: skip
        writer.writerow([safe_cell(cell) for cell in cells])
    return text.getvalue().encode()


#: What makes each kind of file, and its media type.
FILES: Final = {
    "gexf": (pairs_gexf, "application/gexf+xml"),
    "csv": (pairs_csv, "text/csv; charset=utf-8"),
}
__all__ = ["GroupPanel", "NetworkFilter", "NetworkPages", "PairPanel"]
