"""Keep the memory of a server near what it holds."""

from __future__ import annotations

import pyarrow as pa

from birdfall.model.memory_limit import share_arenas


def spare_memory() -> None:
    """Have tables taken from the system's memory, which they go back to, and threads share it."""
    pa.set_memory_pool(pa.system_memory_pool())
    share_arenas()
