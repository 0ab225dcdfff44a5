"""How many cores the inner loops use: all that this process may run on, or as many as are set.

No result hangs on it. Work is cut into ranges that share nothing they write, and draws of chance
have streams of their own, whose number is fixed.
"""

from __future__ import annotations

import os
from typing import Final

from birdfall.model.errors import UsageError

#: The setting, in the environment.
CORES_VARIABLE: Final = "BIRDFALL_CORES"
#: Each thread has scratch memory of its own, and past so many they wait for memory.
MAX_CORES: Final = 16


def cores() -> int:
    """The number of threads for work that can be cut.

    Raises
    ------
    UsageError
        If the setting is no whole number from 1 on.

    Examples
    --------
    >>> 1 <= cores() <= MAX_CORES
    True
    """
    text = os.environ.get(CORES_VARIABLE, "")
    if not text:
        return min(_available(), MAX_CORES)
    if not (text.isascii() and text.isdigit() and int(text)):
        raise UsageError(
            f"{text!r} is no number of cores",
            where=CORES_VARIABLE,
            fix=f"Set a whole number from 1 to {MAX_CORES}, or leave it out for all there are.",
        )
    return min(int(text), MAX_CORES)


def _available() -> int:
    """Cores that this process may run on."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows do not tell
        return os.cpu_count() or 1
