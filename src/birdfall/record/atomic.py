"""Writes that happen whole or not at all.

A file is written beside its place, flushed to disk, then renamed over it: a reader, or a process
that comes after a crash, sees the old file or the new one, never half of either.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from birdfall.model.errors import BirdfallError

#: Who may read a file: its owner; or whoever the mask of the process lets, of what is made to be
#: given away.
PRIVATE: Final = 0o600
SHARED: Final = 0o666


def write_bytes(path: Path, data: bytes, *, mode: int = PRIVATE) -> None:
    """Replace `path` by `data`, atomically and durably.

    mode: as the system takes it, so less what the mask of the process forbids.

    Raises BirdfallError on a full disk or a closed folder.
    """

    def fill(temporary: Path) -> None:
        with temporary.open("wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())

    write_with(path, fill, mode=mode)


def write_text(path: Path, text: str, *, mode: int = PRIVATE) -> None:
    """`write_bytes` of UTF-8, with line ends as given."""
    write_bytes(path, text.encode("utf-8"), mode=mode)


def write_with(path: Path, fill: Callable[[Path], None], *, mode: int = PRIVATE) -> None:
    """Let `fill` write a temporary file beside `path`, then put it in place.

    mode: as of `write_bytes`.
    """
    with explain_write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent / f".{path.name}.{secrets.token_hex(6)}.partial"
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
        try:
            fill(temporary)
            fsync_file(temporary)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        fsync_folder(path.parent)


def open_private(path: Path, *, append: bool = False) -> BinaryIO:
    """A file opened for writing that only its owner may read if it is new."""
    how = os.O_APPEND if append else os.O_TRUNC
    binary = getattr(os, "O_BINARY", 0)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | how | binary, PRIVATE)
    return os.fdopen(handle, "ab" if append else "wb")


@contextlib.contextmanager
def made_whole(out: Path) -> Iterator[Path]:
    """A place to make a file or folder of this name in; it is moved to `out` when the block ends,
    and leaves nothing behind if it fails.
    """
    with explain_write_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".partial-", dir=out.parent))
        try:
            yield folder / out.name
            (folder / out.name).rename(out)
        except BirdfallError as error:
            if str(folder) in str(error.where):
                error.where = str(out)
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def fsync_file(path: Path) -> None:
    """Flush a file to disk. It is opened for writing, without which Windows flushes nothing."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def fsync_folder(folder: Path) -> None:
    """Make renames in `folder` durable, where the platform can: Windows opens no folders."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def explain_write_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's refusal to write into an error that says what to do."""
    try:
        yield
    except OSError as error:
        import errno

        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise BirdfallError(
                "the disk is full",
                where=str(path),
                why="Nothing was changed.",
                fix="Free some space and run it again.",
            ) from error
        if error.errno in (errno.EFBIG, errno.EIO):
            raise BirdfallError(
                "a file could not be written to its end",
                where=str(path),
                why=f"{error.strerror}. Nothing was changed.",
                fix="Check the disk and its limits, and run it again.",
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise BirdfallError(
                "this place cannot be written",
                where=str(path),
                why="Nothing was changed.",
                fix="Choose another folder with -o, or change its permissions.",
            ) from error
        if error.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
            raise BirdfallError(
                "a file stands where a folder is needed, or a folder where a file is",
                where=str(path),
                fix="Choose another name with -o.",
            ) from error
        raise


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()
