"""Lock of a watch's folder: one watch writes it at a time, and others can see whether one does."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from birdfall.model.errors import UsageError
from birdfall.record.file_lock import HeldLock, is_locked, try_lock

NAME: Final = ".lock"
#: A dashboard that looks whether the folder is in use holds the lock for a moment, so try again.
ATTEMPTS: Final = 5
ATTEMPT_INTERVAL_S: Final = 0.1


def lock_folder(folder: Path) -> HeldLock:
    """Lock a watch's folder until the returned lock is closed.

    Raises
    ------
    UsageError
        If another watch has it.
    """
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(ATTEMPT_INTERVAL_S)
        lock = try_lock(folder / NAME)
        if lock is not None:
            return lock
    raise UsageError(
        "another watch uses this folder",
        where=str(folder),
        fix="Stop it, or choose another with --state.",
    )


def is_in_use(folder: Path) -> bool | None:
    """Whether a watch writes this folder now; None if that cannot be seen."""
    return is_locked(folder / NAME)
