"""`birdfall set-apart`: what a watch could not keep, listed and brought back."""

from __future__ import annotations

from pathlib import Path

from birdfall.cli.output import print_json, print_result
from birdfall.cli.parameters import Flag, Json
from birdfall.model.errors import ExitCode, UsageError, printable


def set_apart(state: Path, *, bring_back: Flag = False, json: Json = False) -> int:
    """List what came and could not be read or kept, with the reasons; or try again.

    Parameters
    ----------
    state
        The folder of a watch.
    bring_back
        Read and keep what can be now, as after an update; what still cannot stays set apart. No
        watch may use the folder.
    """
    from birdfall.cli.serving import upgrade_state
    from birdfall.watch.engine.set_apart import bring_back as bring_steps_back
    from birdfall.watch.store.database import State
    from birdfall.watch.store.lock import lock_folder
    from birdfall.watch.store.queries.set_apart import count_unheld, iter_set_apart

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
        unheld = count_unheld(opened)
    finally:
        opened.close()
    if json:
        rows = [{"source": r.source, "received": r.received, "why": r.why} for r in left]
        print_json({"set_apart": rows, "brought_back": back, "not_held": unheld})
    else:
        for row in left:
            print_result(f"{printable(row.source)}: {printable(row.why)}")
        for source, number in unheld.items():
            print_result(
                f"{printable(source)}: {number:,} more that could not be read were counted and are "
                "not held here; they stand among the raw events."
            )
        if bring_back:
            print_result(f"{back} brought back, {len(left)} still set apart.")
        elif not left and not unheld:
            print_result("Nothing is set apart.")
    return ExitCode.FOUND if left or back else ExitCode.NOTHING_FOUND
