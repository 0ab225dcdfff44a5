"""What comes while the state cannot be written: a file beside it, bounded, read again in order."""

from __future__ import annotations

import json
import os
import secrets
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from birdfall.record.atomic import open_private
from birdfall.watch.model.events import StreamBatch
from birdfall.watch.model.step_text import step_from_text, step_to_text

#: File of the backlog beside the state, and the bytes it may hold: sources are held back then.
BACKLOG_FILE: Final = "waiting.ndjson"
MAX_BACKLOG_BYTES: Final = 256 << 20
#: Bytes of the first line, which names the file.
MAX_NAME_BYTES: Final = 64


class Backlog:
    """Batches that wait on disk, first in, first out.

    A batch whose source waits for the word that it is kept is held in memory: the word is lost with
    the process, and the source then sends it again.

    Parameters
    ----------
    path
        The file. What an earlier process left in it comes first.
    place
        Up to where that process had kept it (`place` then); empty if it had kept nothing.
    """

    def __init__(self, path: Path, place: str = "") -> None:
        self._path = path
        self._held: deque[tuple[str, list[StreamBatch]]] = deque()
        self._read, self._name = 0, ""
        self._size = path.stat().st_size if path.exists() else 0
        if self._size:
            with path.open("rb") as file:
                self._name = file.readline(MAX_NAME_BYTES).decode("ascii", "replace").strip()
            name, _, read = place.partition("@")
            if name == self._name and read.isdecimal():
                self._read = int(read)

    @property
    def place(self) -> str:
        """Up to where it was read, to be kept in the transaction that keeps what was read."""
        return f"{self._name}@{self._read}"

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._held) or self._read < self._size

    @property
    def is_full(self) -> bool:
        """Whether sources must be held back now."""
        return self._size >= MAX_BACKLOG_BYTES

    def add(self, batches: Sequence[tuple[str, list[StreamBatch]]]) -> None:
        """Keep batches, each with the name of its source; on disk when this returns."""
        told = [item for item in batches if any(step.on_commit for step in item[1])]
        self._held += told
        lines = [
            json.dumps({"source": source, "steps": [step_to_text(step) for step in steps]})
            for source, steps in batches
            if (source, steps) not in told
        ]
        if not lines:
            return
        data = "".join(f"{line}\n" for line in lines).encode()
        with open_private(self._path, append=True) as file:
            # a line that was torn when a process died is ended, and skipped when it is read
            if not file.tell():
                self._name = f"backlog-{secrets.token_hex(8)}"
                data = f"{self._name}\n".encode() + data
            elif not self._ends_whole():
                data = b"\n" + data
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            self._size = file.tell()

    def take(self) -> tuple[str, list[StreamBatch]] | None:
        """The batch that has waited longest; None if none does. Call `forget` once all are kept."""
        while self._read < self._size:
            with self._path.open("rb") as file:
                found = self._read_one(file)
            if found is not None:
                return found
        return self._held.popleft() if self._held else None

    def forget(self) -> None:
        """All that waited on disk is kept in the state."""
        if self._size:
            self._path.unlink(missing_ok=True)
        self._read = self._size = 0
        self._name = ""

    def _read_one(self, file: BinaryIO) -> tuple[str, list[StreamBatch]] | None:
        file.seek(self._read)
        line = file.readline()
        self._read = file.tell() if line else self._size
        try:
            found = json.loads(line)
            return str(found["source"]), [step_from_text(text) for text in found["steps"]]
        except (ValueError, KeyError, TypeError):
            # the name of the file, or torn when a process died: its source sends it again
            return None

    def _ends_whole(self) -> bool:
        with self._path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
