"""The process of a watch that was begun on a page: `python -m birdfall.app.watch_worker FOLDER`."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Final

from birdfall.app.watch_rules import RULES
from birdfall.app.watch_runs import STOP, WatchPlan
from birdfall.model.errors import BirdfallError
from birdfall.watch.session import WatchOptions, watch

#: Seconds between looks at whether it is to stop.
STOP_CHECK_SECONDS: Final = 0.5
#: What it says last.
ENDED: Final = "ended"


def main(arguments: list[str]) -> int:
    """Listen until the source ends or the watch is to stop; 0 if nothing went wrong."""
    folder = Path(arguments[0])
    stop, over = threading.Event(), threading.Event()

    def look() -> None:
        while not over.wait(STOP_CHECK_SECONDS):
            if (folder / STOP).exists():
                stop.set()
                return

    threading.Thread(target=look, daemon=True, name="stop").start()
    try:
        run_plan(folder, stop)
    except BirdfallError as error:
        say(f"{error.what} {error.why} {error.fix}".strip())
        return 1
    finally:
        over.set()
    say(ENDED)
    return 0


def run_plan(folder: Path, stop: threading.Event) -> None:
    """Watch what the plan of a folder says, until it ends or `stop` is set."""
    plan = WatchPlan.of(folder) or WatchPlan()
    said = (folder / RULES).is_file()
    options = WatchOptions(
        state=folder, leaders=plan.leaders, simulated=plan.simulated,
        rules=folder / RULES if said else None, notify=said,
    )  # fmt: skip
    watch(*plan.sources(folder), options=options, stop=stop, log=say)


def say(line: str) -> None:
    """Add a line to what the watch said."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
