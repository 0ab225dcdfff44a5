"""`birdfall serve`: the dashboard over a finished case, or over what a watch has kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from birdfall.cli.talk import say, show
from birdfall.model.errors import ExitCode, UsageError


def serve(
    folder: Path,
    *,
    at: Annotated[str, Parameter(name="--at")] = "127.0.0.1:8470",
    token: str | None = None,
) -> int:
    """Show a finished case, or the folder of a watch, as a dashboard, until stopped.

    Parameters
    ----------
    folder
        A case, or the folder of a watch.
    at
        Where to stand: a port, or ADDRESS:PORT. Addresses beyond this machine ask visitors for a token.
    token
        The token; made and printed if not given.
    """
    from birdfall.record.manifest import stands_at
    from birdfall.watch.dashboard.serving import Served

    state = folder / "watch.sqlite"
    if not state.is_file() and not stands_at(folder):
        raise UsageError(
            "this is neither a case nor the folder of a watch", where=str(folder), fix="Make one: birdfall demo"
        )
    served = Served(state if state.is_file() else folder, at, token)
    served.start()
    show(served.invitation)
    say("Stop with Ctrl-C.")
    try:
        served.wait()
    except KeyboardInterrupt:
        served.stop()
    return ExitCode.FOUND
