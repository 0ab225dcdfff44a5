"""The watches in a workspace: begun, tried and stopped; how things stand, their alerts and what
people say of them, rules with their back-test, and a case from a wave.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from birdfall.app.alert_marks import (
    AlertJudgement,
    AlertMark,
    RuleRecord,
    is_open,
    put_mark,
    read_marks,
    rule_records,
)
from birdfall.app.jobs import JobKind, JobRequest, begin_job
from birdfall.app.page_error import PageError
from birdfall.app.site import AppWords, Site, go_to, in_thread, text_of, uploads_of
from birdfall.app.watch_runs import (
    KINDS,
    PLAN,
    SourceTest,
    WatchPlan,
    begin_watch,
    leaders_of,
    make_folder,
    recording_place,
    source_of,
    stop_watch,
    try_source,
    watch_run,
)
from birdfall.app.workspace import Desk, Workspace
from birdfall.model.errors import BirdfallError
from birdfall.model.whole_number import whole_number
from birdfall.tell.words import words
from birdfall.watch.dashboard.state_view import StateView
from birdfall.watch.dashboard.view import AlertEntry, Overview, RulesPage, SourceEntry, WaveEntry
from birdfall.watch.engine.archive import case_from_wave
from birdfall.watch.feeds.registry import open_feed
from birdfall.watch.store.database import State
from birdfall.watch.store.queries.waves import find_wave

#: The file that makes a folder the folder of a watch.
STATE: Final = "watch.sqlite"
#: Alerts on a page, and those that are looked through for open ones; waves on a page.
PAGE_ALERTS, MAX_ALERTS, PAGE_WAVES = 50, 1000, 20
#: Folders of watches that are listed.
MAX_LISTED: Final = 50


@dataclass(frozen=True, slots=True)
class ListedWatch:
    """A watch as the list of them shows it. state: the key of a word; None if it cannot be read."""

    name: str
    state: str | None
    latest: int | None
    open_alerts: int


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """An alert, and what was said of it; None: nothing."""

    about: AlertEntry
    mark: AlertMark | None


@dataclass(frozen=True, slots=True)
class ShownWatch:
    """What the page of a watch shows."""

    overview: Overview
    alerts: tuple[ShownAlert, ...]
    open_alerts: int
    more: int | None
    rules: RulesPage
    records: dict[str, RuleRecord]
    sources: tuple[SourceEntry, ...]
    waves: tuple[WaveEntry, ...]
    simulated: bool


class WatchPages:
    """The pages of watches."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def watches(self, request: Request) -> Response:
        """The watches of the workspace."""
        return await self._list(request)

    async def _list(
        self, request: Request, said: Mapping[str, str] | None = None,
        tried: SourceTest | None = None,
    ) -> Response:  # fmt: skip
        workspace = self.site.workspace
        listed = await in_thread(lambda: [list_watch(path) for path in watch_folders(workspace)])
        return self.site.render(
            request, "watches", watches=listed, folder=str(workspace.path), kinds=KINDS,
            said=said or {}, tried=tried,
        )  # fmt: skip

    async def begin(self, request: Request) -> Response:
        """A new watch of a service, or a test whether the service answers."""
        form = await self.site.read_form(request)
        source = source_of(text_of(form, "kind"), text_of(form, "address"))
        if text_of(form, "test"):
            said = {k: text_of(form, k) for k in ("kind", "address", "leaders", "name")}
            return await self._list(request, said, await in_thread(try_source, source))
        plan = WatchPlan(source, leaders_of(text_of(form, "leaders")))
        folder = make_folder(self.site.workspace.path, text_of(form, "name") or "watch")
        await in_thread(begin_watch, folder, plan)
        return go_to(address_of(self.site, request, folder))

    async def play(self, request: Request) -> Response:
        """A new watch of a recording, as if it happened now."""
        form = await self.site.read_form(request)
        given = uploads_of(form, "files")
        if not given:
            raise PageError("no-file")
        name = given[0].filename or "recording"
        plan = WatchPlan("", leaders_of(text_of(form, "leaders")), bool(text_of(form, "simulated")))
        folder = make_folder(self.site.workspace.path, text_of(form, "name") or name.split(".")[0])
        await in_thread(keep_recording, folder, given[0])
        await form.close()
        try:
            await in_thread(lambda: [open_feed(source) for source in plan.sources(folder)])
        except BirdfallError:
            await in_thread(shutil.rmtree, folder)
            raise
        await in_thread(begin_watch, folder, plan)
        return go_to(address_of(self.site, request, folder))

    async def stop(self, request: Request) -> Response:
        """Let a watch end."""
        folder = folder_of(self.site, request)
        await self.site.read_form(request)
        await in_thread(stop_watch, folder)
        return go_to(address_of(self.site, request, folder))

    async def again(self, request: Request) -> Response:
        """Let a watch listen again, from where it stopped."""
        folder = folder_of(self.site, request)
        await self.site.read_form(request)
        await in_thread(begin_watch, folder)
        return go_to(address_of(self.site, request, folder))

    async def watch(self, request: Request) -> Response:
        """One watch."""
        folder = folder_of(self.site, request)
        every = request.query_params.get("alerts") == "all"
        before = whole_number(request.query_params.get("after", ""))
        run = await in_thread(watch_run, folder)
        shown = None
        try:
            if run is None or (folder / STATE).is_file():
                shown = await in_thread(lambda: show_watch(folder, every=every, before=before))
        except BirdfallError:
            if run is None or run.state == "ended":
                raise  # else its state is being made
        return self.site.render(
            request, "watch", watch=shown, name=folder.name, every=every, before=before, run=run,
            judgements=tuple(AlertJudgement), here=address_of(self.site, request, folder),
        )  # fmt: skip

    async def mark(self, request: Request) -> Response:
        """Keep what somebody says of an alert."""
        folder = folder_of(self.site, request)
        form = await self.site.read_form(request)
        said, key = text_of(form, "mark"), text_of(form, "key")
        alert = await in_thread(lambda: StateView(folder / STATE).alert(key))
        if alert is None or said not in (*AlertJudgement, "open"):
            raise HTTPException(404)
        judgement = None if said == "open" else AlertJudgement(said)
        await in_thread(put_mark, folder, alert, judgement, self.site.visitor(request))
        every = "?alerts=all" if text_of(form, "alerts") == "all" else ""
        return go_to(f"{address_of(self.site, request, folder)}{every}#h-alerts")

    async def make_case(self, request: Request) -> Response:
        """A case from a wave, in this workspace; it is measured at once."""
        folder, language = folder_of(self.site, request), self.site.language(request)
        await self.site.read_form(request)
        number = int(request.path_params["number"])
        title = self._case_title(request, folder, number)
        desk = await in_thread(case_of_wave, self.site.workspace, folder, number, title)
        if desk is None:
            raise HTTPException(404)
        await in_thread(begin_job, desk, JobRequest(JobKind.MEASURE, language))
        return go_to(f"/{language}/c/{quote(desk.name, safe='')}/job")

    def _case_title(self, request: Request, folder: Path, number: int) -> str:
        say = AppWords(words(self.site.language(request)))
        return say("watch.casetitle", n=number, watch=folder.name)


def folder_of(site: Site, request: Request) -> Path:
    """The folder of the watch in an address. Raises HTTPException 404 if there is none."""
    name = str(request.path_params["name"])
    found = next((p for p in watch_folders(site.workspace) if p.name == name), None)
    if found is None:
        raise HTTPException(404)
    return found


def address_of(site: Site, request: Request, folder: Path) -> str:
    """The address of the page of a watch."""
    return f"/{site.language(request)}/watch/{quote(folder.name, safe='')}"


def watch_folders(workspace: Workspace) -> list[Path]:
    """The folders of watches in a workspace, by name; links lead out of it and are left aside."""
    found = [
        path
        for path in workspace.path.iterdir()
        if not path.name.startswith(".") and path.is_dir() and not path.is_symlink()
        and ((path / STATE).is_file() or (path / PLAN).is_file())
    ]  # fmt: skip
    return sorted(found)[:MAX_LISTED]


def list_watch(folder: Path) -> ListedWatch:
    """A watch as the list shows it."""
    if not (folder / STATE).is_file():
        return ListedWatch(folder.name, "young", None, 0)
    try:
        view = StateView(folder / STATE)
        overview, marks = view.overview(), read_marks(folder)
        still = sum(is_open(alert, marks) for alert in view.alerts(MAX_ALERTS))
    except BirdfallError:
        return ListedWatch(folder.name, None, None, 0)
    return ListedWatch(folder.name, overview.state, overview.latest, still)


def keep_recording(folder: Path, upload: UploadFile) -> None:
    """Write a recording that was given beside the watch."""
    with recording_place(folder, upload.filename or "recording").open("wb") as file:
        shutil.copyfileobj(upload.file, file, 1 << 20)


def show_watch(folder: Path, *, every: bool, before: int | None) -> ShownWatch:
    """What the page of a watch shows.

    every: all alerts, and not only those of which nothing was said. before: the number of an alert;
    only earlier ones are shown.
    """
    view, marks = StateView(folder / STATE), read_marks(folder)
    alerts = view.alerts(MAX_ALERTS, before)
    still = [alert for alert in alerts if is_open(alert, marks)]
    listed = alerts if every else still
    shown = tuple(ShownAlert(a, marks.get(a.key)) for a in listed[:PAGE_ALERTS])
    more = shown[-1].about.id if len(listed) > PAGE_ALERTS else None
    return ShownWatch(
        view.overview(), shown, len(still), more, view.rules(),
        rule_records(list(marks.values())), view.sources(), view.waves()[:PAGE_WAVES],
        view.simulated,
    )  # fmt: skip


def case_of_wave(workspace: Workspace, folder: Path, number: int, title: str) -> Desk | None:
    """A case in the workspace from a wave of a watch; None if there is no such wave.

    Raises CaseError if what was before the wave is no longer kept.
    """
    with closing(State.open(folder / STATE, read_only=True)) as state:
        wave = find_wave(state, number)
        if wave is None:
            return None
        desk = workspace.begin(title)
        try:
            case_from_wave(state, wave, desk.case_path, title=title)
        except BirdfallError:
            shutil.rmtree(desk.folder, ignore_errors=True)
            raise
    return desk


__all__ = ["WatchPages", "address_of", "folder_of"]
