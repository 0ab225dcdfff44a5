"""The limit of this process's memory: what `ulimit -v` or a container allows, and how to live
within it.

Libraries reserve far more memory than they use: each thread 64 MB, an allocator 1 GB at a time. It
costs nothing on a machine, but counts against `ulimit -v`.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from pathlib import Path
from typing import Final

#: A limit above this is none: control groups write "no limit" as a number near 2^63.
NO_LIMIT: Final = 1 << 60
#: Parameter of glibc's `mallopt`: how many arenas it may make. Each reserves 64 MB.
_ARENAS_MAX: Final = -8
_ARENAS: Final = 2
#: What libraries say, in errors of other kinds, when memory has run out.
_OUT_OF_MEMORY: Final = (
    "bad_alloc", "Cannot allocate memory", "can't start new thread", "Out of Memory Error",
    # a library that is loaded late finds no room
    "failed to map segment",
)  # fmt: skip
_NAMES: Final = ("OutOfMemoryException", "ArrowMemoryError")
_GROUPS: Final = Path("/sys/fs/cgroup")
_MEMBERSHIP: Final = Path("/proc/self/cgroup")


def address_space() -> int | None:
    """The bytes that this process may reserve (`ulimit -v`); None if there is no limit."""
    if sys.platform == "win32":
        return None
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit in (resource.RLIM_INFINITY, -1) or limit > NO_LIMIT else limit


def memory_of_groups() -> int | None:
    """The bytes that the control groups of this process may hold, those of a container too; None if
    there is no limit or no such groups.
    """
    try:
        lines = _MEMBERSHIP.read_text("ascii", "replace").splitlines()
    except OSError:
        return None
    limits = []
    for line in lines:
        _, kinds, inside = line.split(":", 2)
        if kinds == "":
            root, name = _GROUPS, "memory.max"
        elif "memory" in kinds.split(","):
            root, name = _GROUPS / "memory", "memory.limit_in_bytes"
        else:
            continue
        place = root / inside.strip("/")
        # a container may see its own group as the root
        for folder in (place, *place.parents):
            if not folder.is_relative_to(root):
                break
            limits += _limit_in(folder / name)
    return min(limits, default=None)


def _limit_in(path: Path) -> list[int]:
    try:
        told = path.read_text("ascii", "replace").strip()
    except OSError:
        return []
    return [int(told)] if re.fullmatch(r"\d{1,18}", told) and int(told) < NO_LIMIT else []


def memory_limit() -> int | None:
    """The least of all limits of this process's memory, in bytes; None if there is none."""
    return min(filter(None, (address_space(), memory_of_groups())), default=None)


def reserve_little() -> None:
    """Let libraries reserve no more than they use. Call it before they are imported."""
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("MALLOC_ARENA_MAX", str(_ARENAS))  # for processes begun by this one
    share_arenas()


def share_arenas() -> None:
    """Let threads share what they take memory from (glibc): each keeps what it gave back to one of
    its own, and reserves more.
    """
    if sys.platform == "linux":
        own = ctypes.CDLL(None)
        if hasattr(own, "mallopt"):  # another C library has none
            own.mallopt(_ARENAS_MAX, _ARENAS)


def tells_of_memory(error: BaseException) -> bool:
    """Whether an error, or what led to it, came of memory that had run out: it says nothing of the
    file at which it was met.

    Examples
    --------
    >>> tells_of_memory(MemoryError()), tells_of_memory(OSError("Out of Memory Error: failed"))
    (True, True)
    >>> tells_of_memory(ValueError("no number"))
    False
    """
    met: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in met:
        if isinstance(one, MemoryError) or type(one).__name__ in _NAMES:
            return True
        if any(words in str(one) for words in _OUT_OF_MEMORY):
            return True
        met.append(one)
        one = one.__cause__ or one.__context__
    return False
