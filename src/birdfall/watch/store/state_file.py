"""The file of a watch's state before anything is written to it: whether it is one, and a new one.

A file that is refused is left as it was, with its rights and what stands beside it: SQLite is
asked in a way that makes no files, and before any setting or table.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from birdfall.model.errors import CaseError
from birdfall.watch.store.schema import (
    FORMAT,
    STATE_TABLES,
    broken_file_error,
    create_tables,
    other_format_error,
)

#: What SQLite keeps beside a file: what was written last, and how to take back what was not ended.
LOG, JOURNAL, INDEX = "-wal", "-journal", "-shm"
#: A log without its index is looked at in a copy, as SQLite would make the index beside the file;
#: larger ones, which no watch leaves, are looked at where they are.
MAX_COPIED_BYTES: Final = 256 << 20
_ELSEWHERE: Final = "Name another with --state; raw events put away beside it can be imported anew."


def is_there(place: Path) -> bool:
    """Whether a file is at `place` that can be looked at as a state.

    Raises
    ------
    CaseError
        Something else is there, it is empty, it may not be read, or the file is gone of which
        the log is still there.
    """
    try:
        found = place.stat()
    except FileNotFoundError:
        for suffix in (LOG, JOURNAL):
            if _size(beside(place, suffix)):
                raise CaseError(
                    "the state is gone, but what it kept last is still there",
                    where=str(beside(place, suffix)),
                    why="A new state beside it would be mixed with it.",
                    fix="Put the state back; or delete this file too, to begin anew.",
                ) from None
        return False
    except OSError as error:
        raise _unreadable(place, error) from error
    if not stat.S_ISREG(found.st_mode):
        raise CaseError(
            "this is no file, so no watch's state",
            where=str(place),
            fix="Name another folder with --state.",
        )
    if not os.access(place, os.R_OK):
        raise _unreadable(place, PermissionError(13, "it may not be read"))
    if not found.st_size:
        raise CaseError(
            "this state is empty: all that was kept in it is gone",
            where=str(place),
            why="A watch never leaves an empty file.",
            fix="Put back a copy of it; or delete it and the files beside it that have its name, "
            "to begin anew.",
        )
    return True


def read_format(place: Path) -> int:
    """The format of the state in `place`, from 1 to `FORMAT`; nothing is changed.

    Raises
    ------
    CaseError
        The file is no state, is damaged, or is of a later format.
    """
    try:
        with _unchanged(place) as connection:
            tables = {
                row[0]
                for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            }
            missing = STATE_TABLES - tables
            if missing:
                raise _other_file(place, missing)
            row = connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
    except sqlite3.DatabaseError as error:
        raise broken_file_error(place, error) from error
    try:
        found = int(row[0])
    except (TypeError, ValueError):
        raise CaseError(
            "this file is no watch's state, or it is damaged",
            where=str(place),
            why="It does not say of which format it is.",
            fix=_ELSEWHERE,
        ) from None
    if not 0 < found <= FORMAT:
        raise other_format_error(place, found)
    return found


def create(place: Path) -> None:
    """Make an empty state at `place`, whole or not at all; its folder is made if need be.

    Raises
    ------
    CaseError
        It cannot be made.
    """
    place = Path(os.path.realpath(place))
    fresh = place.with_name(place.name + ".new")
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for suffix in ("", LOG, JOURNAL, INDEX):  # of a watch that was killed while it began
            beside(fresh, suffix).unlink(missing_ok=True)
        os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
            create_tables(connection)
        fresh.replace(place)
        _keep_name(place.parent)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise CaseError(
            f"no state can be made here: {getattr(error, 'strerror', None) or error}",
            where=str(place),
            fix="Check the rights and the disk, or name another folder with --state.",
        ) from error


def beside(place: Path, suffix: str) -> Path:
    """The file that SQLite keeps beside `place` under this ending."""
    return place.with_name(place.name + suffix)


@contextmanager
def _unchanged(place: Path) -> Iterator[sqlite3.Connection]:
    """A connection that leaves the file, and the folder, as they are."""
    log, index = _size(beside(place, LOG)), beside(place, INDEX).exists()
    with ExitStack() as stack:
        # without log and index nobody is at work on it: SQLite need not make them to read
        looked_at, mode = place, "ro" if log or index else "ro&immutable=1"
        if log and not index and place.stat().st_size + log <= MAX_COPIED_BYTES:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            looked_at = Path(folder, place.name)
            for suffix in ("", LOG):
                shutil.copyfile(beside(place, suffix), beside(looked_at, suffix))
        address = f"{looked_at.resolve().as_uri()}?mode={mode}"
        yield stack.enter_context(closing(sqlite3.connect(address, uri=True)))


def _size(place: Path) -> int:
    try:
        return place.stat().st_size
    except OSError:
        return 0


def _keep_name(folder: Path) -> None:
    """Write the folder's list of names to the disk, where the system can."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _unreadable(place: Path, error: OSError) -> CaseError:
    return CaseError(
        f"this state cannot be read: {error.strerror or error}",
        where=str(place),
        fix="Check its rights and the disk.",
    )


def _other_file(place: Path, missing: frozenset[str]) -> CaseError:
    if missing == STATE_TABLES:
        why = "It is a file of another program."
    else:
        why = f"It has no table {', '.join(sorted(missing))}."
    return CaseError(
        "this file is no watch's state, or it is damaged",
        where=str(place),
        why=why,
        fix=_ELSEWHERE,
    )
