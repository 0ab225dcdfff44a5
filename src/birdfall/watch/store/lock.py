"""Who writes a watch's folder: one watch at a time, and whether any does now."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path
from typing import IO, Final

from birdfall.model.errors import UsageError

NAME: Final = ".lock"
#: Tries, and seconds between them: who only looks whether the folder is in use holds it for a moment.
TRIES, WAIT = 5, 0.1


def lock_folder(folder: Path) -> IO[str]:
    """The lock of a watch's folder, until it is closed. Raises UsageError if another watch has it."""
    handle = (folder / NAME).open("w")
    for attempt in range(TRIES):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        except OSError as error:
            if attempt + 1 < TRIES:
                time.sleep(WAIT)
                continue
            handle.close()
            raise UsageError(
                "another watch uses this folder",
                where=str(folder),
                fix="Stop it, or choose another with --state.",
            ) from error
    raise AssertionError


def is_in_use(folder: Path) -> bool | None:
    """Whether a watch writes this folder now; None if that cannot be seen."""
    try:
        with (folder / NAME).open() as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    return False
