"""Whether what a watch kept last is still there: SQLite keeps it in a log beside the file, and
takes a log that was deleted, cut or changed for one that never said more.
"""

from __future__ import annotations

import sqlite3
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from birdfall.watch.store.database import State
from birdfall.watch.store.state_file import INDEX, LOG, beside

#: Under this name the state itself says that a watch writes it: "1", or "" after a watch's end.
IN_USE: Final = "in_use"
#: Sizes of the log's own header and of that of each page in it, and where both have the number
#: that all pages of one log share: SQLite's file format, "The Write-Ahead Log".
_HEADER_BYTES, _FRAME_HEADER_BYTES, _SALT = 32, 24, slice(16, 24)


@dataclass(frozen=True, slots=True)
class LogBefore:
    """The log beside a state, as it was before anybody opened the state.

    Parameters
    ----------
    there
        Whether there was one.
    last
        Up to which page it had something that was kept to the end, counted from 1, by the log
        itself or by the index that the watch which wrote it left; 0 for an empty one.
    """

    there: bool
    last: int

    @classmethod
    def of(cls, path: Path) -> LogBefore:
        """That of the state in `path`. Only for one that this process has not opened: to read the
        index takes the locks of the process on it away.
        """
        try:
            with beside(path, LOG).open("rb") as log:
                header = log.read(_HEADER_BYTES)
                page = int.from_bytes(header[8:12], "big")
                whole = _is_whole(header)
                salt, last, number = header[_SALT] if whole else b"", 0, 0
                while page and len(frame := log.read(_FRAME_HEADER_BYTES)) == _FRAME_HEADER_BYTES:
                    number += 1
                    salt = salt or frame[8:16]
                    if frame[8:16] == salt and any(frame[4:8]):
                        last = number
                    log.seek(page, 1)
        except OSError:
            return cls(False, 0)
        return cls(True, max(last, _indexed(path, salt)))

    def missing(self, state: State) -> str:
        """What is missing of it now that the state is open, as a sentence; empty for nothing."""
        if not self.there:
            if not state.meta(IN_USE):
                return ""
            why = "the file with it is gone"
        else:
            read = state.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1]
            if read >= self.last:
                return ""
            why = f"of the {self.last} pages in it only {max(0, read)} can be read"
        return (
            f"what this watch kept last before it was stopped is lost ({why}: "
            f"{beside(state.path, LOG)}); it goes on from what it had kept before, asks sources "
            "for all since then where they can be asked, and may send alerts of that time again"
        )


def mark_in_use(state: State) -> None:
    """Note in the state's own file that a watch writes it."""
    _keep(state, "1")
    state.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


def mark_left(state: State) -> None:
    """Note that a watch ended in order; nothing is noted where nothing can be written any more."""
    with suppress(sqlite3.Error):
        _keep(state, "")


def _keep(state: State, value: str) -> None:
    with state.transaction():
        state.keep_meta(**{IN_USE: value})


def _is_whole(header: bytes) -> bool:
    """Whether the header of a log has the sums that it says it has."""
    if len(header) < _HEADER_BYTES:
        return False
    words = struct.unpack("<8I" if header[3] == 0x82 else ">8I", header)
    first = second = 0
    for left, right in zip(words[0:6:2], words[1:6:2], strict=True):
        first = (first + left + second) & 0xFFFFFFFF
        second = (second + right + first) & 0xFFFFFFFF
    # the sums themselves are always kept with the highest byte first
    return struct.pack(">2I", first, second) == header[24:32]


def _indexed(path: Path, salt: bytes) -> int:
    """Up to which page of the log with this number an index says that something was kept; 0 if it
    speaks of none, or of another. A log that has no number any more is taken for its own.
    """
    try:
        with beside(path, INDEX).open("rb") as index:
            head = index.read(96)
    except OSError:
        return 0
    # it is there twice, so that one that was half written can be told
    if len(head) < 96 or head[:48] != head[48:] or (salt and head[32:40] != salt):
        return 0
    return int(struct.unpack_from("=I", head, 16)[0])
