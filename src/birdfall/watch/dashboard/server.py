"""The dashboard's server, in a thread of its own beside a watch, or alone over a case."""

from __future__ import annotations

import ipaddress
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from birdfall.model.errors import CaseError, UsageError
from birdfall.watch.dashboard.app import PageActions, create_application
from birdfall.watch.dashboard.case_view import CaseView
from birdfall.watch.dashboard.live_updates import Updates
from birdfall.watch.dashboard.state_view import StateView
from birdfall.watch.dashboard.view import View
from birdfall.watch.engine.archive import case_from_wave
from birdfall.watch.store.database import State
from birdfall.watch.store.queries.waves import find_wave
from birdfall.web import ConnectionTable, PageServer, is_loopback, parse_address

#: Shortest token that is accepted.
MIN_TOKEN_CHARS = 16
#: How much lower the priority of making a case is, in steps of POSIX.
NICENESS = 5


class DashboardServer:
    """The dashboard's HTTP server.

    Parameters
    ----------
    path
        The state of a watch, or the folder of a case.
    where
        Where to listen: "PORT" or "ADDRESS:PORT"; port 0 takes a free one.
    token
        What visitors must show beyond loopback, at least 16 characters; made if not given.
    actions
        What pages offer beyond reading; by default, a watch's pages make cases.
    link
        The address by which others reach it through a proxy, if there is one: then visitors must
        show the token on loopback too, as the proxy's all come from there.

    Raises
    ------
    UsageError
        If the address cannot be bound, or the token is too short.
    """

    def __init__(
        self,
        path: Path,
        where: str,
        token: str | None = None,
        actions: PageActions | None = None,
        *,
        link: str | None = None,
    ) -> None:
        self.host, self.port = parse_address(where)
        self._link = link.rstrip("/") + "/" if link else ""
        open_to_all = is_loopback(self.host) and not link
        self.token = token if token or open_to_all else secrets.token_urlsafe(24)
        if self.token is not None and len(self.token) < MIN_TOKEN_CHARS:
            raise UsageError(
                f"a token shorter than {MIN_TOKEN_CHARS} characters can be guessed",
                fix="Leave it out: one is made and printed.",
            )
        is_case = path.is_dir()
        view: View = CaseView(path) if is_case else StateView(path)
        if actions is None and not is_case:
            actions = PageActions(partial(make_case, path), partial(latest_case, path))
        app = create_application(view, token=self.token, host=self.host, actions=actions)
        self._updates: Updates = app.state.updates
        bound = _bind(self.host, self.port)
        self.port = bound.getsockname()[1]
        self._server = PageServer(app, bound, name="dashboard", connections=ConnectionTable())

    @property
    def address(self) -> str:
        """Where a visitor finds it."""
        found = reachable_host(self.host)
        host = f"[{found}]" if ":" in found else found
        return f"http://{host}:{self.port}/"

    @property
    def invitation(self) -> str:
        """The address that lets a visitor in."""
        address = self._link or self.address
        return address if self.token is None else f"{address}?token={self.token}"

    def start(self) -> None:
        """Serve from now on."""
        self._server.start()

    def stop(self) -> None:
        """End the server, and before it the connections of pages that listen."""
        self._updates.close()
        self._server.stop()

    def wait(self, stop: threading.Event) -> None:
        """Wait until `stop` is set or the server has ended by itself."""
        self._server.wait(stop)


def reachable_host(host: str) -> str:
    """`host`; for "on every address of this machine", which nobody can open, the one by which
    others reach it.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    six = address.version == 6
    with socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # nothing is sent: the system says which of its addresses it would use for an address of
            # the documentation
            probe.connect(("2001:db8::1" if six else "192.0.2.1", 9))
        except OSError:
            return "::1" if six else "127.0.0.1"
        return str(probe.getsockname()[0])


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise UsageError(
            f"the dashboard cannot stand at {host}:{port}",
            why=str(error.strerror),
            fix="Choose another port.",
        ) from error
    return made


def latest_case(path: Path, number: int) -> Path | None:
    """The last case that was made from a wave of the state in `path`, if it has its report."""
    found = sorted(path.parent.glob(f"case-wave-{number}-*/reports/report.html"))
    return found[-1].parent.parent if found else None


def make_case(path: Path, number: int) -> Path:
    """Make a case from a wave of the state in `path`, beside it, with its report; its folder.

    The measuring is a process of its own, with low priority: it takes memory and minutes that the
    watch must not lack.

    Raises
    ------
    UsageError
        If there is no wave of that number.
    CaseError
        If the report could not be written.
    """
    with closing(State.open(path, read_only=True)) as state:
        found = find_wave(state, number)
        if found is None:
            raise UsageError(f"there is no wave {number}")
        moment = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        folder = path.parent / f"case-wave-{number}-{moment}"
        case_from_wave(state, found, folder)
    said = _run_slowly([sys.executable, "-m", "birdfall", "run", str(folder)])
    if not (folder / "reports" / "report.html").is_file():
        raise CaseError(
            "the case was made, but its report was not",
            where=str(folder),
            why=said.strip()[-500:],
            fix=f"Try: birdfall run {folder}",
        )
    return folder


def _run_slowly(command: Sequence[str]) -> str:
    """Run a command with low priority; what it wrote on standard error."""
    lower = 0
    if sys.platform == "win32":
        lower = subprocess.BELOW_NORMAL_PRIORITY_CLASS
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        creationflags=lower,
    ) as process:
        if sys.platform != "win32":
            os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
        return process.communicate()[1]
