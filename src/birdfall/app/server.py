"""The server of a workspace: on this machine only, in a thread of its own."""

from __future__ import annotations

import socket
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from birdfall.app.begin_pages import BeginPages
from birdfall.app.jobs import last_job
from birdfall.app.page_error import PageError
from birdfall.app.presence import Presence
from birdfall.app.session import SessionDoor, Sessions
from birdfall.app.site import ASSETS, Handler, Site, asset_bytes, in_thread, running
from birdfall.app.sparing import spare_memory
from birdfall.app.workspace import Desk, Workspace
from birdfall.model.errors import BirdfallError, CaseError, UsageError
from birdfall.web import ConnectionTable, PageServer, is_asset, is_loopback

HOST: Final = "127.0.0.1"
#: By which a server listens at all addresses of this machine.
EVERY_ADDRESS: Final = ("0.0.0.0", "::")
#: Seconds that an upload may take.
UPLOAD_SECONDS: Final = 3600.0
#: Seconds between looks at whether anybody is there.
PEOPLE_CHECK_SECONDS: Final = 2.0
#: Seconds after the start until what measures is loaded.
LOAD_AFTER_SECONDS: Final = 1.0


#: Pages that load what measures: where they stand, and their names.
LATER: Final = (
    ("birdfall.app.data_pages", "DataPages"),
    ("birdfall.app.ask_pages", "AskPages"),
    ("birdfall.app.figures_pages", "FiguresPages"),
    ("birdfall.app.result_pages", "ResultPages"),
    ("birdfall.app.compare_pages", "ComparePages"),
    ("birdfall.app.account_pages", "AccountPages"),
    ("birdfall.app.network_pages", "NetworkPages"),
    ("birdfall.app.text_pages", "TextPages"),
    ("birdfall.app.check_pages", "CheckPages"),
    ("birdfall.app.publish_pages", "PublishPages"),
    ("birdfall.app.watch_pages", "WatchPages"),
    ("birdfall.app.watch_rule_pages", "WatchRulePages"),
    ("birdfall.app.interface", "Interface"),
)


class PagesLater:
    """Pages whose module is imported when one of them is first asked for.

    What measures takes a second to load, and the first page needs none of it.

    Parameters
    ----------
    site
        What the pages stand on.
    module, name
        Where their class stands, and its name.
    """

    def __init__(self, site: Site, module: str, name: str) -> None:
        self._site, self._module, self._name = site, module, name
        self._pages: object | None = None

    def __call__(self, method: str) -> Handler:
        """The handler of that name."""

        async def handle(request: Request) -> Response:
            pages = self._pages or await in_thread(self._load)
            handler: Handler = getattr(pages, method)
            return await handler(request)

        return handle

    def _load(self) -> object:
        self._pages = getattr(import_module(self._module), self._name)(self._site)
        return self._pages


class Preparation:
    """Reads a case in a thread of its own, one at a time, before its pages are asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __call__(self, desk: Desk, language: str) -> None:
        """Begin to; nothing if another case is being read."""
        if self._lock.acquire(blocking=False):
            threading.Thread(
                target=self._prepare, args=(desk, language), daemon=True, name="preparation"
            ).start()

    def _prepare(self, desk: Desk, language: str) -> None:
        try:
            time.sleep(LOAD_AFTER_SECONDS)  # the page that is looked at comes first
            import_module("birdfall.app.preparation").prepare_case(desk, language)
        finally:
            self._lock.release()


def create_application(
    workspace: Workspace,
    sessions: Sessions,
    presence: Presence | None = None,
    *,
    prepares: bool = False,
) -> Starlette:
    """The workspace as an ASGI application.

    Parameters
    ----------
    workspace
        What its pages show.
    sessions
        Who may come in.
    presence
        What the pages that are open say to; None: nobody listens.
    prepares
        Whether the case that was changed last is read while the list of cases is looked at.
    """
    site = Site(workspace, sessions, presence)
    if prepares:
        site.prepare = Preparation()
    if sessions.read_only or sessions.people:
        site.title_for_readers = import_module("birdfall.app.interface").quoted_title

    async def fail(request: Request, error: Exception) -> Response:
        """What went wrong, as a page or as JSON."""
        assert isinstance(error, BirdfallError)
        if request.url.path.startswith("/api/"):
            where = None if error.where is None else str(error.where)
            plain = {"what": error.what, "where": where, "why": error.why, "fix": error.fix}
            return JSONResponse({"error": plain}, 409 if isinstance(error, CaseError) else 400)
        status = 409 if isinstance(error, CaseError) else 400
        return site.render_error(request, error, status)

    async def refuse(request: Request, error: Exception) -> Response:
        """An address that leads nowhere, or a form that is refused."""
        assert isinstance(error, HTTPException)
        if request.url.path.startswith("/api/"):
            plain = {"what": error.detail}
            return JSONResponse({"error": plain}, error.status_code, error.headers)
        # plain for scripts and styles: whoever asks may be nobody who may see a page
        if error.status_code != 404 or is_asset(request):
            return PlainTextResponse(error.detail, error.status_code, error.headers)
        return site.render_error(request, PageError("nothing-here"), 404)

    return Starlette(
        routes=list_routes(site),
        middleware=[Middleware(SessionDoor, sessions=sessions)],
        exception_handlers={BirdfallError: fail, HTTPException: refuse},
    )


def list_routes(site: Site) -> list[Route]:
    """Every address of the workspace, and what answers there."""
    begin = BeginPages(site)
    later = [PagesLater(site, *place) for place in LATER]
    data, ask, figures, result, compare, account, network = later[:7]
    text, check, publish, watch, rules, interface = later[7:]
    post = ["POST"]
    case, api = "/{language}/c/{case}", "/api/v1/cases/{case}"
    one = f"{case}/network/{{name}}"
    return [
        Route("/", begin.root),
        Route("/c/{case}/{rest:path}", begin.root),
        Route("/assets/{name}", asset),
        Route("/presence", begin.presence, methods=post),
        Route("/api/v1/openapi.json", interface("openapi")),
        Route("/api/v1/cases", interface("cases")),
        Route(f"{api}/job", interface("begin_job"), methods=post),
        Route(f"{api}/job", interface("job")),
        Route(f"{api}/findings", interface("findings")),
        Route(f"{api}/accounts", interface("accounts")),
        Route(f"{api}/check", interface("check"), methods=post),
        Route("/{language}/", begin.begin),
        Route("/{language}/begin", begin.begin_case, methods=post),
        Route("/{language}/figures", figures("begin"), methods=post),
        Route("/{language}/figures", figures("new")),
        Route("/{language}/compare", compare("compare")),
        Route("/{language}/demo", begin.begin_demo, methods=post),
        Route("/{language}/watch", watch("watches")),
        Route("/{language}/watch", watch("begin"), methods=post),
        Route("/{language}/watch/recording/begin", watch("play"), methods=post),
        Route("/{language}/watch/{name}", watch("watch")),
        Route("/{language}/watch/{name}/stop", watch("stop"), methods=post),
        Route("/{language}/watch/{name}/again", watch("again"), methods=post),
        Route("/{language}/watch/{name}/mark", watch("mark"), methods=post),
        Route("/{language}/watch/{name}/rules", rules("rules")),
        Route("/{language}/watch/{name}/rules", rules("change"), methods=post),
        Route("/{language}/watch/{name}/case/{number:int}", watch("make_case"), methods=post),
        Route(f"{case}/data", data("data")),
        Route(f"{case}/files", data("add"), methods=post),
        Route(f"{case}/data/{{number:int}}", data("change"), methods=post),
        Route(f"{case}/data/{{number:int}}/remove", data("remove"), methods=post),
        Route(f"{case}/take-in", data("take_in"), methods=post),
        Route(f"{case}/ask", ask("begin"), methods=post),
        Route(f"{case}/ask", ask("ask")),
        Route(f"{case}/figures", figures("change"), methods=post),
        Route(f"{case}/figures", figures("figures")),
        Route(f"{case}/job", ask("job")),
        Route(f"{case}/stop", ask("stop"), methods=post),
        Route(f"{case}/again", ask("again"), methods=post),
        Route(f"{case}/", result("result")),
        Route(f"{case}/q/{{section}}", result("question")),
        Route(f"{case}/accounts", account("accounts")),
        Route(f"{case}/accounts.csv", account("table")),
        Route(f"{case}/accounts/{{code:int}}", account("account")),
        Route(f"{case}/network", network("networks")),
        Route(one, network("network")),
        Route(f"{one}/group/{{number:int}}", network("group")),
        Route(f"{one}/group/{{number:int}}/note", network("note"), methods=post),
        Route(f"{one}/pair/{{first:int}}/{{second:int}}", network("pair")),
        Route(f"{one}/save.{{form}}", network("save")),
        Route(f"{case}/texts", text("texts")),
        Route(f"{case}/texts/{{key}}", text("one_text")),
        Route(f"{case}/objects/{{kind}}", text("objects")),
        Route(f"{case}/objects/{{kind}}/{{number:int}}", text("one_object")),
        Route(f"{case}/handles", account("handles"), methods=post),
        Route(f"{case}/check", check("check"), methods=["GET", "POST"]),
        Route(f"{case}/check/correct", check("correct"), methods=post),
        Route(f"{case}/check/add", check("add"), methods=post),
        Route(f"{case}/publish", publish("publish")),
        Route(f"{case}/preview.html", publish("preview")),
        Route(f"{case}/publish/report", publish("write"), methods=post),
        Route(f"{case}/publish/verify", publish("verify"), methods=post),
        Route(f"{case}/publish/evidence", publish("pack"), methods=post),
        Route(f"{case}/report.html", publish("report")),
        Route(f"{case}/evidence.zip", publish("evidence")),
    ]


async def asset(request: Request) -> Response:
    """Scripts and styles; nothing that anybody gave."""
    name = request.path_params["name"]
    if name not in ASSETS:
        raise HTTPException(404)
    headers = {"Cache-Control": "private, max-age=31536000, immutable"}
    return Response(asset_bytes(name), media_type=ASSETS[name][2], headers=headers)


class WorkspaceServer:
    """The HTTP server of a workspace.

    Parameters
    ----------
    folder
        The workspace; made if it is missing.
    port
        Where to listen; 0 takes a free one.
    sessions
        Who may come in; None: whoever has the address that is printed.
    host
        The address to listen at; another than this machine's own takes sessions with a link.

    Raises
    ------
    UsageError
        If the folder cannot be used, or the port is taken.
    """

    def __init__(
        self,
        folder: Path,
        port: int = 0,
        sessions: Sessions | None = None,
        *,
        host: str = HOST,
    ) -> None:
        self._sessions = Sessions() if sessions is None else sessions
        if self._sessions.link is None and not is_loopback(host):
            raise UsageError(
                "a workspace for whoever has its address stands on this machine only",
                where=host,
                fix="Name who may come in: --people FILE, or show it to be read: --read-only.",
            )
        self.workspace = Workspace.open(folder)
        bound = _bind(host, port)
        self.host = host
        self.port = bound.getsockname()[1]
        self.presence = Presence()
        self._server = PageServer(
            create_application(self.workspace, self._sessions, self.presence, prepares=True),
            bound,
            name="workspace",
            connections=ConnectionTable(UPLOAD_SECONDS),
        )

    def invitation(self, path: str = "/") -> str:
        """An address that lets in whoever opens it first. path: the page it leads to."""
        return f"{self.address}{path}?token={self._sessions.make_token()}"

    @property
    def reads_only(self) -> bool:
        """Whether all may only read."""
        return self._sessions.read_only

    @property
    def address(self) -> str:
        """Where the server is reached, without a path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        if self.host in EVERY_ADDRESS:
            host = socket.gethostname()
        return (self._sessions.link or f"http://{host}:{self.port}").rstrip("/")

    def start(self) -> None:
        """Serve from now on."""
        spare_memory()
        self._server.start()
        threading.Thread(target=_load_what_measures, daemon=True, name="loading").start()

    def stop(self) -> None:
        """End the server. Jobs go on."""
        self._server.stop()

    def wait(self, stop: threading.Event) -> None:
        """Wait until `stop` is set or the server has ended by itself."""
        self._server.wait(stop)

    def wait_for_people(self, stop: threading.Event) -> None:
        """As `wait`, but also no longer than until the last window was closed and no job is at
        work.
        """
        ended = threading.Event()

        def watch() -> None:
            while not ended.is_set() and not stop.wait(PEOPLE_CHECK_SECONDS):
                if self.presence.is_over() and not self.is_at_work():
                    break
            ended.set()

        threading.Thread(target=watch, daemon=True, name="presence").start()
        self._server.wait(ended)
        ended.set()

    def is_at_work(self) -> bool:
        """Whether a job is at work on any case."""
        return any(running(last_job(desk)) for desk in self.workspace.desks())


def _load_what_measures() -> None:
    """Load what the later pages need, once the first had its time."""
    time.sleep(LOAD_AFTER_SECONDS)
    for module, _ in LATER:
        import_module(module)


def _bind(host: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
    except (OSError, OverflowError) as error:
        made.close()
        raise UsageError(
            f"the workspace cannot stand at port {port}" + ("" if host == HOST else f" of {host}"),
            why=str(getattr(error, "strerror", None) or error),
            fix="Choose another port, or leave it out: a free one is taken.",
        ) from error
    return made
