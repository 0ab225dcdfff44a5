"""`birdfall serve`: the dashboard over a finished case, or over what a watch has kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from birdfall.cli.dashboard_token import read_token
from birdfall.cli.output import log, print_result
from birdfall.cli.signals import stop_event
from birdfall.model.errors import CaseError, ExitCode, UsageError


def serve(
    folder: Path,
    *,
    at: Annotated[str, Parameter(name="--at")] = "127.0.0.1:8470",
    token: str | None = None,
    token_file: Path | None = None,
) -> int:
    """Show a finished case, or the folder of a watch, as a dashboard, until stopped.

    Parameters
    ----------
    folder
        A case, or the folder of a watch.
    at
        Where to stand: a port, or ADDRESS:PORT. Addresses beyond this machine ask visitors for a
        token.
    token
        The token; made and printed if not given. Other users of this machine can read it: better
        use --token-file.
    token_file
        A file with the token. BIRDFALL_DASHBOARD_TOKEN in the environment does the same.
    """
    from birdfall.record.manifest import is_case
    from birdfall.watch.dashboard.server import DashboardServer

    state = folder / "watch.sqlite"
    if not state.is_file() and not is_case(folder):
        raise UsageError(
            "this is neither a case nor the folder of a watch",
            where=str(folder),
            fix="Make one: birdfall demo",
        )
    if state.is_file():
        upgrade_state(folder, state)
    server = DashboardServer(
        state if state.is_file() else folder, at, read_token(token, token_file)
    )
    server.start()
    with stop_event() as stop:
        print_result(server.invitation)
        log("Stop with Ctrl-C.")
        server.wait(stop)
        server.stop()
    return ExitCode.FOUND


def upgrade_state(folder: Path, path: Path) -> None:
    """A state that an earlier Birdfall kept: pages read it only in the form of this one."""
    from birdfall.watch.store.database import State
    from birdfall.watch.store.lock import lock_folder
    from birdfall.watch.store.schema import OlderError

    try:
        State.open(path, read_only=True).close()
    except OlderError as older:
        try:
            with lock_folder(folder):
                State.open(path, check=True).close()
        except UsageError as error:
            raise UsageError(
                older.what,
                where=str(path),
                why="Another watch uses the folder, so it is not brought up to date now.",
                fix="Stop that watch, and begin it with this Birdfall: "
                f"birdfall watch SOURCE --state {folder}",
            ) from error
        except (OSError, CaseError) as error:
            raise CaseError(
                older.what,
                where=str(path),
                why=f"It cannot be brought up to date here: {getattr(error, 'what', error)}.",
                fix="Copy the folder to where it can be written, or begin a watch on it once: "
                f"birdfall watch SOURCE --state {folder}",
            ) from error
        log(f"{path}: kept by an earlier Birdfall, brought up to date")
