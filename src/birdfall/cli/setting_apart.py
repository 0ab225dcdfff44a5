"""`birdfall set-apart`: what a watch could not keep, listed and brought back."""

from __future__ import annotations

from pathlib import Path

from birdfall.cli.output import print_json, print_result
from birdfall.cli.parameters import Flag, Json
from birdfall.model.errors import ExitCode, UsageError, printable


def set_apart(state: Path, *, bring_back: Flag = False, json: Json = False) -> int:
    """List what came and could not be kept, with the reasons; or try again to keep it.

    Parameters
    ----------
    state
        The folder of a watch.
    bring_back
        Keep what can be kept now; what still cannot stays set apart. No watch may use the folder.
    """
    from birdfall.cli.serving import upgrade_state
    from birdfall.watch.engine.set_apart import bring_back as bring_steps_back
    from birdfall.watch.store.database import State
    from birdfall.watch.store.lock import lock_folder
    from birdfall.watch.store.queries.set_apart import iter_set_apart

    path = state / "watch.sqlite"
    if not path.is_file():
        raise UsageError(
            "this is not the folder of a watch",
            where=str(state),
            fix="Name the folder given to --state.",
        )
    upgrade_state(state, path)
    back = 0
    if bring_back:
        with lock_folder(state):
            opened = State.open(path)
            try:
                back = bring_steps_back(opened)
            finally:
                opened.close()
    opened = State.open(path, read_only=True)
    try:
        left = list(iter_set_apart(opened))
    finally:
        opened.close()
    if json:
        rows = [{"source": r.source, "received": r.received, "why": r.why} for r in left]
        print_json({"set_apart": rows, "brought_back": back})
    else:
        for row in left:
            print_result(f"{printable(row.source)}: {printable(row.why)}")
        if bring_back:
            print_result(f"{back} brought back, {len(left)} still set apart.")
        elif not left:
            print_result("Nothing is set apart.")
    return ExitCode.FOUND if left or back else ExitCode.NOTHING_FOUND
