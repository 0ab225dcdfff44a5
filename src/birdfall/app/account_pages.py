"""The accounts behind the numbers: which fell in a stretch of a wave, and what they did."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from birdfall.app.account_table import (
    AGES,
    NOT_KNOWN,
    SORTS,
    AccountPage,
    AccountQuery,
    AccountTable,
    Bins,
    TableRow,
    account_table,
    wave_members,
)
from birdfall.app.history import Change, note_change
from birdfall.app.open_case import OpenCase, ShownNames, open_case
from birdfall.app.site import Site, go_to, in_thread, is_measured, text_of
from birdfall.model.whole_number import whole_number
from birdfall.pipeline.csv_cells import safe_cell
from birdfall.record.listing import ListedAct, acts_of

#: Accounts, and acts of one account, on a page.
PAGE_ROWS: Final = 50
#: How a time is written in a field of a form.
FIELD_FORMAT: Final = "%Y-%m-%dT%H:%M:%S"
MINUTE_US: Final = 60_000_000
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
#: Years that a time in an address may lie in.
MIN_YEAR, MAX_YEAR = 1900, 2200
#: Longest value that an address may hold, in characters.
MAX_VALUE_CHARS: Final = 200
#: Characters of an act's text that are shown.
MAX_TEXT_CHARS: Final = 1000


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """Which accounts a page lists, as its address says it.

    Parameters
    ----------
    wave
        The number of a wave, to whose accounts the list is limited; 0: all that ever fell.
    query
        Which of them, and in which order.
    zone
        In which the times of the address are written.
    after
        The code after which the page begins; None: the first page.
    """

    wave: int
    query: AccountQuery
    zone: str
    after: int | None = None

    @classmethod
    def of(cls, request: Request, zone: str) -> AccountFilter:
        """What the address of a request says; what makes no sense says nothing."""
        asked = {k: v[:MAX_VALUE_CHARS] for k, v in request.query_params.items()}
        returned, age, sort = (asked.get(k, "") for k in ("returned", "age", "sort"))
        query = AccountQuery(
            begin=read_moment(asked.get("from", ""), zone),
            end=read_moment(asked.get("to", ""), zone),
            leader=asked.get("leader", ""),
            returned=returned if returned in ("yes", "no") else "",
            age=age if age in AGES else "",
            client=asked.get("client", ""),
            language=asked.get("language", ""),
            group=asked.get("group", ""),
            sort=sort if sort in SORTS else "fell",
        )
        wave = _whole_number(asked.get("wave", "1")) or 0
        return cls(wave, query, zone, _whole_number(asked.get("after", "")))

    def address(self, **changes: str) -> str:
        """The same as the query of an address, with changes; the page it is on is left out."""
        query = self.query
        said = {
            "wave": str(self.wave),
            "from": field_text(query.begin, self.zone),
            "to": field_text(query.end, self.zone),
            "leader": query.leader,
            "returned": query.returned,
            "age": query.age,
            "client": query.client,
            "language": query.language,
            "group": query.group,
            "sort": "" if query.sort == "fell" else query.sort,
        }
        return urlencode({k: v for k, v in {**said, **changes}.items() if v})


def _whole_number(text: str) -> int | None:
    return whole_number(text, 10**9 - 1)


def read_moment(text: str, zone: str) -> int | None:
    """The moment, in microseconds, of a time as a field of a form has it; None if it is none."""
    try:
        local = dt.datetime.fromisoformat(text)
        if not MIN_YEAR <= local.year <= MAX_YEAR:
            return None
        return (local.replace(tzinfo=ZoneInfo(zone)) - EPOCH) // dt.timedelta(microseconds=1)
    except (ValueError, OverflowError):
        return None


def field_text(moment: int | None, zone: str) -> str:
    """A moment in microseconds as a field of a form has it; "" for None."""
    if moment is None:
        return ""
    return moment_of(moment).astimezone(ZoneInfo(zone)).strftime(FIELD_FORMAT)


def moment_of(microseconds: int) -> dt.datetime:
    """The moment so many microseconds after the beginning of 1970."""
    return EPOCH + dt.timedelta(microseconds=microseconds)


@dataclass(frozen=True, slots=True)
class BrushBar:
    """A bar of the picture: its place and height in a frame of 1000 by 160."""

    x: float
    width: float
    y: float
    height: float
    chosen: bool


@dataclass(frozen=True, slots=True)
class Brush:
    """The picture of a wave on which a stretch is chosen.

    Parameters
    ----------
    bars
        A bar for each step of time.
    times
        The ends of the steps as fields of a form have them, one more than there are bars.
    first, last
        The steps at which the stretch begins and ends.
    begin, end
        The same as moments in microseconds.
    span
        Where the picture begins and ends, in microseconds.
    step
        The length of a step, in microseconds.
    highest
        What the highest bar stands for.
    """

    bars: tuple[BrushBar, ...]
    times: tuple[str, ...]
    first: int
    last: int
    begin: int
    end: int
    span: tuple[int, int]
    step: int
    highest: int

    @property
    def moments(self) -> tuple[dt.datetime, dt.datetime]:
        """Where the picture begins and ends."""
        return moment_of(self.span[0]), moment_of(self.span[1])

    @property
    def needs_seconds(self) -> bool:
        """Whether the stretch does not begin and end with a minute."""
        return any(moment % MINUTE_US for moment in (self.begin, self.end))


class Stretch(Protocol):
    """What is asked of a stretch of time: its ends in microseconds; None: open."""

    @property
    def begin(self) -> int | None:
        """Its begin."""
        ...

    @property
    def end(self) -> int | None:
        """Its end."""
        ...


def draw_brush(bins: Bins, query: Stretch, zone: str) -> Brush | None:
    """The picture on which a stretch is chosen; None where nothing happened."""
    if not bins.counts:
        return None
    edges, highest = bins.edges, max(*bins.counts, 1)
    first = 0 if query.begin is None else sum(e <= query.begin for e in edges[1:])
    last = len(bins.counts) if query.end is None else sum(e < query.end for e in edges)
    first, last = min(first, len(bins.counts)), min(last, len(bins.counts))
    width = 1000 / len(bins.counts)
    bars = tuple(
        BrushBar(
            round(n * width, 2),
            round(max(width - 0.6, 0.6), 2),
            round(160 - 156 * count / highest, 2),
            round(156 * count / highest, 2),
            first <= n < last,
        )
        for n, count in enumerate(bins.counts)
    )
    times = tuple(field_text(edge, zone) for edge in edges)
    begin = edges[0] if query.begin is None else query.begin
    end = edges[-1] if query.end is None else query.end
    span = edges[0], edges[-1]
    return Brush(bars, times, first, last, begin, end, span, bins.step, max(bins.counts))


@dataclass(frozen=True, slots=True)
class ShownAccounts:
    """What a page of accounts shows.

    Parameters
    ----------
    page
        The accounts of the page.
    names
        What they go by.
    brush
        The picture; None where nothing fell.
    waves
        The numbers of the waves there are.
    leaders
        Codes of accounts whose audience can be chosen, with the names they go by.
    clients, languages, groups
        What the menus offer.
    by_handle
        Whether all accounts go by their handles.
    """

    page: AccountPage
    names: ShownNames
    brush: Brush | None
    waves: tuple[int, ...]
    leaders: tuple[tuple[str, str], ...]
    clients: tuple[str, ...]
    languages: tuple[str, ...]
    groups: tuple[str, ...]
    by_handle: bool = False


def list_accounts(
    opened: OpenCase, wanted: AccountFilter, *, by_handle: bool = False
) -> ShownAccounts:
    """What a page shows of the accounts that a filter asks for."""
    waves = tuple(wave_members(opened))
    wave = wanted.wave if wanted.wave in waves else 0
    table = account_table(opened, wave, by_handle=by_handle)
    page = table.page(wanted.query, PAGE_ROWS, wanted.after)
    return ShownAccounts(
        page,
        opened.names((row.code for row in page.rows), by_handle=by_handle),
        draw_brush(table.bins(wanted.query), wanted.query, wanted.zone),
        waves,
        offered_leaders(opened),
        *_menus(table),
        by_handle,
    )


def _menus(table: AccountTable) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    return (
        tuple(table.offered("client")),
        tuple(table.offered("language")),
        tuple(table.offered_groups()),
    )


def offered_leaders(opened: OpenCase) -> tuple[tuple[str, str], ...]:
    """The codes of the accounts that the case compares, with the names they go by."""
    settings, names = opened.settings, ShownNames(opened.public)
    chosen = dict.fromkeys([*settings.leaders, *settings.controls])
    codes = ((account, opened.record.ids.code(account)) for account in chosen)
    return tuple((str(code), names(code)) for _, code in codes if code is not None)


@dataclass(frozen=True, slots=True)
class ShownAct:
    """An act as a page shows it; "" for what is not known or not shown."""

    time: dt.datetime
    kind: str
    object: str
    text: str
    client: str
    language: str


class AccountPages:
    """The pages of accounts."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def accounts(self, request: Request) -> Response:
        """The accounts that fell, a page of them, under the picture of their wave."""
        desk, language = self.site.desk(request), self.site.language(request)
        if not is_measured(desk):
            return go_to(f"/{language}/c/{desk.name}/")
        opened = await in_thread(open_case, desk.case())
        zone = opened.settings.time_zone
        wanted = AccountFilter.of(request, zone)
        by_handle = self.site.shows_handles(request, desk)
        shown = await in_thread(lambda: list_accounts(opened, wanted, by_handle=by_handle))
        return self.site.render_desk(
            request, "accounts", desk, shown=shown, filter=wanted, query=wanted.query, ages=AGES,
            sorts=SORTS, not_known=NOT_KNOWN, zone=zone, begin=field_text(wanted.query.begin, zone),
            end=field_text(wanted.query.end, zone),
            zone_name=zone, simulated=opened.settings.simulated,
        )  # fmt: skip

    async def account(self, request: Request) -> Response:
        """What one account did, a page of it."""
        desk, language = self.site.desk(request), self.site.language(request)
        if not is_measured(desk):
            return go_to(f"/{language}/c/{desk.name}/")
        opened = await in_thread(open_case, desk.case())
        code = int(request.path_params["code"])
        if not 0 <= code < len(opened.record.ids):
            raise HTTPException(404)
        after = _whole_number(request.query_params.get("after", "")) or 0
        by_handle = self.site.shows_handles(request, desk)
        acts, more = await in_thread(lambda: _acts_page(opened, code, after, by_handle=by_handle))
        names = await in_thread(lambda: opened.names([code], by_handle=by_handle))
        zone = opened.settings.time_zone
        return self.site.render_desk(
            request, "account", desk, acts=acts, more=more, name=names(code), code=code,
            after=after, zone=zone, zone_name=zone, simulated=opened.settings.simulated,
        )  # fmt: skip

    async def table(self, request: Request) -> Response:
        """What a page shows, all of it, as CSV by pseudonym."""
        desk = self.site.desk(request)
        if not is_measured(desk):
            raise HTTPException(404)
        opened = await in_thread(open_case, desk.case())
        wanted = AccountFilter.of(request, opened.settings.time_zone)
        lines = await in_thread(lambda: account_csv(opened, wanted))
        name = f"{desk.name}-accounts.csv".encode("ascii", "replace").decode().replace("?", "-")
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)

    async def handles(self, request: Request) -> Response:
        """Show accounts by their handles in this session, or no longer."""
        desk, language = self.site.desk(request), self.site.language(request)
        form = await self.site.read_form(request)
        shown = text_of(form, "show") == "yes"
        self.site.show_handles(request, desk, shown=shown)
        what = Change.HANDLES_SHOWN if shown else Change.HANDLES_HIDDEN
        await in_thread(note_change, desk, what, self.site.visitor(request))
        return go_to(f"/{language}/c/{desk.name}/accounts")


def _acts_page(
    opened: OpenCase, code: int, after: int, *, by_handle: bool
) -> tuple[list[ShownAct], int | None]:
    """Acts of an account as they are quoted, and after which the next page begins."""
    acts = opened.ask(lambda record: acts_of(record, code, PAGE_ROWS + 1, after))
    shown = [show_act(opened, act, by_handle=by_handle) for act in acts[:PAGE_ROWS]]
    return shown, acts[PAGE_ROWS - 1].place if len(acts) > PAGE_ROWS else None


def show_act(opened: OpenCase, act: ListedAct, *, by_handle: bool) -> ShownAct:
    """An act as a page shows it."""
    text = opened.quote(act.text[:MAX_TEXT_CHARS], by_handle=by_handle)
    what = opened.object_text(act, by_handle=by_handle)
    client = act.client if by_handle else opened.shared_client(act.client)
    return ShownAct(act.time, act.kind, what, text, client, act.language)


def account_csv(opened: OpenCase, wanted: AccountFilter) -> Iterator[bytes]:
    """All accounts that a filter lists, as lines of CSV, by pseudonym."""
    wave = wanted.wave if wanted.wave in wave_members(opened) else 0
    table = account_table(opened, wave, by_handle=False)
    names = ShownNames(opened.public)
    head = ("account", "suspended", "returned", "created", "client", "language", "group", "acts")
    return _csv_lines(head, (_cells(row, names, table) for row in table.rows(wanted.query)))


def _cells(row: TableRow, names: ShownNames, table: AccountTable) -> tuple[str | int, ...]:
    times = (
        "" if t is None else moment_of(t).isoformat() for t in (row.fell, row.returned, row.created)
    )
    group = table.group_of(row.code)
    return (names(row.code), *times, row.client, row.language, group, row.acts)


def _csv_lines(head: tuple[str, ...], rows: Iterator[tuple[str | int, ...]]) -> Iterator[bytes]:
    """Lines of CSV that no spreadsheet takes for formulas, in pieces."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    for number, row in enumerate(rows, 1):
        writer.writerow([safe_cell(cell) for cell in row])
        if number % 1000 == 0:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()
