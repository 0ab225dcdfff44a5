"""`birdfall app`: the workspace, in the browser."""

from __future__ import annotations

import shutil
import webbrowser
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from cyclopts import Parameter

from birdfall.cli.dashboard_token import read_token
from birdfall.cli.output import log, print_result
from birdfall.cli.signals import stop_event
from birdfall.model.errors import ExitCode, UsageError
from birdfall.record.atomic import open_private

if TYPE_CHECKING:
    from birdfall.app.people import Person
    from birdfall.app.server import WorkspaceServer
    from birdfall.app.workspace import Workspace


def workspace(
    *files: Path,
    folder: Annotated[Path | None, Parameter(name=["--folder", "-f"])] = None,
    port: int = 0,
    browser: bool = True,
    token_file: Path | None = None,
    stay: bool = False,
    read_only: bool = False,
    shortcut: bool = False,
    address: str | None = None,
    people: Path | None = None,
    link: str | None = None,
) -> int:
    """Open the workspace in the browser: from a file to a report, without another command.

    Parameters
    ----------
    files
        A folder of cases, a case, or files to begin a new case with.
    folder
        The folder of cases; Birdfall in your home if not given.
    port
        Where it stands on this machine; a free port if not given.
    browser
        Whether the browser is opened; the address is printed in any case.
    token_file
        A file with a token by which programs may ask /api/v1.
    stay
        Go on after the last window was closed; it ends then if no job is at work.
    read_only
        Show the cases to be read, all accounts by pseudonym; nothing can be changed. Where a case
        is named, it alone is shown.
    shortcut
        Put an icon on the desktop that opens the workspace, and end.
    address
        Serve several people: where to listen, a port or ADDRESS:PORT. It goes on until Ctrl-C.
    people
        A file with a person a line, ROLE TOKEN NAME: role is owner, write or read, or of one case
        write:CASE or read:CASE. BIRDFALL_APP_PEOPLE in the environment may hold the lines instead.
    link
        The address by which people reach it, if it is another one (a proxy's, with HTTPS).
    """
    from birdfall.app.desk_removal import delete_due_cases
    from birdfall.app.people import read_people
    from birdfall.app.server import HOST, WorkspaceServer
    from birdfall.app.session import Sessions
    from birdfall.record.manifest import is_case
    from birdfall.web import parse_address

    if shortcut:
        from birdfall.app.shortcut import put_shortcut

        print_result(str(put_shortcut(folder)))
        return ExitCode.FOUND
    path, name, given = "/", None, list(files)
    if len(files) == 1 and files[0].is_dir():
        given = []
        if is_case(files[0]):
            folder, name = files[0].resolve().parent, files[0].resolve().name
        else:
            folder = files[0]
    missing = next((file for file in given if not file.is_file()), None)
    if missing is not None:
        raise UsageError("there is no such file", where=str(missing), fix="Check the name.")
    if given and read_only:
        raise UsageError(
            "a workspace that is read only takes no files",
            fix="Name a folder of cases, or a case.",
        )
    known = read_people(people) if address is not None or people is not None else ()
    host, port = (HOST, port) if address is None else parse_address(address)
    sessions = Sessions(
        None if token_file is None else read_token(None, token_file),
        read_only=read_only,
        case=name if read_only else None,
        people=known,
        link=check_link(link or "") if known or (read_only and address is not None) else None,
    )
    server = WorkspaceServer(folder or Path.home() / "Birdfall", port, sessions, host=host)
    if not read_only:
        for gone in delete_due_cases(server.workspace):
            log(f"{gone} was deleted: it was to be kept no longer")
    if given:
        path = f"/c/{_begin_with(server.workspace, given)}/data"
    elif name is not None:
        path = f"/c/{name}/"
    server.start()
    with stop_event() as stop:
        if known:
            _say_who_may_come(server, known)
            server.wait(stop)
        else:
            _serve_whoever_has_the_address(server, path, stop, browser=browser, stay=stay)
        server.stop()
    return ExitCode.FOUND


def _serve_whoever_has_the_address(
    server: WorkspaceServer, path: str, stop: Event, *, browser: bool, stay: bool
) -> None:
    """Print the address, open it, and wait until the workspace is to end."""
    address = server.invitation(path)
    print_result(address)
    times = "as often as it is opened" if server.reads_only else "once"
    log(f"The workspace is {server.workspace.path}. The address works {times}. Stop with Ctrl-C.")
    if browser and not webbrowser.open(address):
        log("No browser could be opened: open the address above.")
    (server.wait if stay or not browser else server.wait_for_people)(stop)
    if not stop.is_set() and not stay and browser:
        log("The last window was closed and no job is at work: the workspace has ended.")


def _say_who_may_come(server: WorkspaceServer, people: tuple[Person, ...]) -> None:
    """Print where people come in, and who may; never their tokens."""
    from birdfall.web import is_loopback

    print_result(f"{server.address}/?token=")
    log(f"The workspace is {server.workspace.path}. Each puts their own token behind it:")
    for person in people:
        case = f" of {person.case}" if person.case else ""
        if person.case is not None and server.workspace.desk(person.case) is None:
            case += ", which is not here yet"
        log(f"  {person.name}: {'read' if server.reads_only else person.role}{case}")
    if not server.address.startswith("https:") and not is_loopback(server.host):
        log("It is not reached by HTTPS: whoever is on the way can read all, the tokens too.")
        log("Put a proxy with HTTPS before it, and give its address with --link.")
    log("Stop with Ctrl-C.")


def check_link(link: str) -> str:
    """An address by which people reach the workspace; "" stays so.

    Raises UsageError if it is none, or leads to more than the root of a host.
    """
    try:
        split = urlsplit(link)
        right = split.scheme in ("http", "https") and split.hostname and split.port != 0
    except ValueError:
        right = False
    if link and (not right or split.path.strip("/") or split.query or split.fragment):
        raise UsageError(
            f"{link!r} is no address of a server",
            why="The workspace stands at the root of a name of its own.",
            fix="Write it like https://birds.example",
        )
    return link.rstrip("/")


def _begin_with(workspace: Workspace, files: list[Path]) -> str:
    """A new case with these files; its name."""
    desk = workspace.begin(files[0].stem)
    for file in files:
        with file.open("rb") as given, open_private(desk.place_for(file.name)) as kept:
            shutil.copyfileobj(given, kept)
    return desk.name
