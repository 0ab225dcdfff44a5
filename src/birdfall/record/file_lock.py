"""Locks on files that exclude other processes, on Linux, macOS and Windows alike.

A lock belongs to an open file: the operating system releases it when the process ends, however it
ends, so that a crash leaves none behind. The lock file itself stays in place.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final, Self

#: Tries of `is_locked`: another process that probes the same lock holds it for a moment.
PROBES: Final = 3
PROBE_INTERVAL_S: Final = 0.01


class HeldLock:
    """An exclusive lock that this process holds, until it is closed or its `with` block ends."""

    def __init__(self, path: Path) -> None:
        # only its owner may open it: who can hold the lock can keep everybody else waiting
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "ab")

    def acquire(self) -> bool:
        """Take the lock without waiting.

        Returns
        -------
        bool
            False if another process, or another file object of this one, holds it.
        """
        # Loaded here: the library takes 50 ms to import, and only writers of a folder need it.
        from filelock import lock_descriptor

        return lock_descriptor(self._file.fileno(), blocking=False)

    def close(self) -> None:
        """Release the lock."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def try_lock(path: Path) -> HeldLock | None:
    """Lock the file at `path`, which is made if it is missing.

    Returns
    -------
    HeldLock or None
        The lock, to be closed by the caller; None if another process holds it.

    Raises
    ------
    OSError
        If the file cannot be made or the file system knows no locks.
    """
    lock = HeldLock(path)
    try:
        if lock.acquire():
            return lock
    except BaseException:
        lock.close()
        raise
    lock.close()
    return None


def is_locked(path: Path) -> bool | None:
    """Whether a process holds the lock of `path` now; None if the file cannot be opened."""
    from filelock import lock_descriptor

    for attempt in range(PROBES):
        if attempt:
            time.sleep(PROBE_INTERVAL_S)
        try:
            with path.open("rb") as file:
                if lock_descriptor(file.fileno(), blocking=False):
                    return False
        except OSError:
            return None
    return True
