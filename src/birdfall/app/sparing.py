"""Keep the memory of a server near what it holds."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

import pyarrow as pa

#: The option of glibc's `mallopt` that bounds how many arenas there are, and how many we let be:
#: each thread that takes memory from an arena of its own keeps what it gave back.
_ARENA_MAX: Final = -8
MAX_ARENAS: Final = 2


def spare_memory() -> None:
    """Have tables taken from the system's memory, which they go back to, and threads share it."""
    pa.set_memory_pool(pa.system_memory_pool())
    if sys.platform == "linux":
        own = ctypes.CDLL(None)
        if hasattr(own, "mallopt"):
            own.mallopt(_ARENA_MAX, MAX_ARENAS)
