"""Files of a case that cannot be read as what they should be: one error that names the file and
says what to do.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from birdfall.model.errors import CaseError
from birdfall.model.memory_limit import tells_of_memory
from birdfall.record.manifest import File

RESTORE: Final = "Restore it from a copy, or import again."
RUN_AGAIN: Final = "Restore it from a copy, or remove the findings and measure again: birdfall run."


@contextlib.contextmanager
def explain_damage(path: Path, fix: str = RESTORE) -> Iterator[None]:
    """Turn whatever reading a file of a case meets into a CaseError on that file."""
    try:
        yield
    except FileNotFoundError as error:
        raise missing(path, fix) from error
    except PermissionError as error:
        raise CaseError(
            "this file of the case may not be read",
            where=str(path),
            fix="Change its permissions, or run this as its owner.",
        ) from error
    # whatever a file of a wrong form makes a reader stumble over; Arrow's errors are among them
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        if tells_of_memory(error):
            raise
        raise damaged(path, str(error), fix) from error


def missing(path: Path, fix: str = RESTORE) -> CaseError:
    """The error of a file that the manifest lists and that is not there."""
    return CaseError("a file of the case is missing", where=str(path), fix=fix)


def damaged(path: Path, why: str, fix: str = RESTORE) -> CaseError:
    """The error of a file that is not what it should be. why: what is wrong, in a few words."""
    told = " ".join(why.split())[:200].rstrip(".")
    return CaseError(
        "this file of the case is damaged",
        where=str(path),
        why=f"{told}." if told else "",
        fix=f"{fix} birdfall verify lists all that is amiss.",
    )


def check_whole(folder: Path, file: File) -> Path:
    """The path of a file of the case that is there and as long as it was.

    Raises CaseError if it is missing or cut off. What stands in it is not looked at.
    """
    path = folder / file.path
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise missing(path) from error
    if size != file.bytes:
        raise damaged(path, f"it has {size} bytes and the manifest lists {file.bytes}")
    return path
