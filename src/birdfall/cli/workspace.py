"""`birdfall app`: the workspace, in the browser."""

from __future__ import annotations

import shutil
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from birdfall.cli.dashboard_token import read_token
from birdfall.cli.output import log, print_result
from birdfall.cli.signals import stop_event
from birdfall.model.errors import ExitCode, UsageError
from birdfall.record.atomic import open_private

if TYPE_CHECKING:
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
        Show the cases to be read, all accounts by pseudonym; nothing can be changed.
    shortcut
        Put an icon on the desktop that opens the workspace, and end.
    """
    from birdfall.app.desk_removal import delete_due_cases
    from birdfall.app.server import WorkspaceServer
    from birdfall.record.manifest import is_case

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
    token = None if token_file is None else read_token(None, token_file)
    server = WorkspaceServer(folder or Path.home() / "Birdfall", port, token, read_only=read_only)
    if not read_only:
        for gone in delete_due_cases(server.workspace):
            log(f"{gone} was deleted: it was to be kept no longer")
    if given:
        path = f"/c/{_begin_with(server.workspace, given)}/data"
    elif name is not None:
        path = f"/c/{name}/"
    server.start()
    with stop_event() as stop:
        address = server.invitation(path)
        print_result(address)
        times = "as often as it is opened" if read_only else "once"
        log(
            f"The workspace is {server.workspace.path}. The address works {times}. "
            "Stop with Ctrl-C."
        )
        if browser and not webbrowser.open(address):
            log("No browser could be opened: open the address above.")
        (server.wait if stay or not browser else server.wait_for_people)(stop)
        server.stop()
        if not stop.is_set() and not stay and browser:
            log("The last window was closed and no job is at work: the workspace has ended.")
    return ExitCode.FOUND


def _begin_with(workspace: Workspace, files: list[Path]) -> str:
    """A new case with these files; its name."""
    desk = workspace.begin(files[0].stem)
    for file in files:
        with file.open("rb") as given, open_private(desk.place_for(file.name)) as kept:
            shutil.copyfileobj(given, kept)
    return desk.name
