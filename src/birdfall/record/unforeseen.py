"""Errors that nobody foresaw: one sentence, and a way to report it, instead of a traceback."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Final

import birdfall
from birdfall.model.errors import BirdfallError, CaseError
from birdfall.model.memory_limit import tells_of_memory
from birdfall.record.atomic import explain_write_errors

#: Set to anything, an error that nobody foresaw is raised as Python has it.
RAISE_VARIABLE: Final = "BIRDFALL_TRACEBACK"
#: Characters of an error's own words that are printed.
MAX_WORDS: Final = 300


def explain(error: Exception) -> BirdfallError:
    """What a person is told of an error that is none of ours.

    What the machine lacks (memory, space, permissions) is said as such. Of anything else a file
    with the details is left in the folder for temporary files, for the report of the fault.
    """
    known = _explain_memory(error) or _explain_system(error)
    if known is not None:
        return known
    words = " ".join(str(error).split())[:MAX_WORDS] or "without a word"
    place = _write_details(error)
    report = "Please report it at the issue tracker of Birdfall, with what you asked for"
    return BirdfallError(
        f"Birdfall met an error that nobody foresaw ({type(error).__name__}: {words})",
        why="A change that was not finished was not kept.",
        fix=f"{report}."
        if place is None
        else f"{report} and this file, in which names, ids and paths of yours may stand: {place}",
    )


def _explain_memory(error: Exception) -> BirdfallError | None:
    if not tells_of_memory(error):
        return None
    return BirdfallError(
        "there is not enough memory for this",
        why="A change that was not finished was not kept.",
        fix="Close other programs, take a machine with more memory, or take in less.",
    )


def _explain_system(error: Exception) -> BirdfallError | None:
    """What the operating system refused, as far as it says so."""
    if not isinstance(error, OSError) or error.errno is None:
        return None
    place = os.fsdecode(error.filename) if error.filename else ""
    try:
        with explain_write_errors(Path(place)):
            raise error
    except BirdfallError as explained:
        explained.where = place or None
        return explained
    except OSError:
        return CaseError(
            f"the system refused: {error.strerror}",
            where=place or None,
            fix="Check the names that were given, and the disk.",
        )


def _write_details(error: Exception) -> Path | None:
    """The traceback in a file of its own that only the user may read; None if none can be made."""
    lines = traceback.format_exception(error)
    about = f"birdfall {birdfall.__version__}, Python {platform.python_version()}, {sys.platform}\n"
    with contextlib.suppress(OSError):
        handle, name = tempfile.mkstemp(prefix="birdfall-fault-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(about + "".join(lines))
        return Path(name)
    return None
