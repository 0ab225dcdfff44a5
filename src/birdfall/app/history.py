"""Who changed what in a case: a line for each change, which is only added to."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from birdfall.app.workspace import Desk
from birdfall.record.atomic import open_private

#: The file on a desk that holds the changes.
HISTORY: Final = "history.jsonl"
#: Changes that a page lists, the last first.
MAX_LISTED_CHANGES: Final = 100
#: Bytes at the end of the file that are read for them.
_TAIL_BYTES: Final = 1 << 16


class Change(StrEnum):
    """What may be changed; also the key of its words."""

    FILES = "files"
    MENDED = "mended"
    READ = "read"
    MEASURED = "measured"
    STOPPED = "stopped"
    CLAIM = "claim"
    REPORT = "report"
    VERIFIED = "verified"
    EVIDENCE = "evidence"
    HANDLES_SHOWN = "handles-shown"
    HANDLES_HIDDEN = "handles-hidden"
    NOTES = "notes"
    FIGURES = "figures"
    CHOICES = "choices"


@dataclass(frozen=True, slots=True)
class NotedChange:
    """A change: when, by whom (as the door knows them), and what."""

    at: dt.datetime
    who: str
    what: str


def note_change(desk: Desk, what: Change, who: str) -> None:
    """Add a line to the history of a case."""
    at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    line = json.dumps({"at": at, "who": who, "what": str(what)}) + "\n"
    desk.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open_private(desk.folder / HISTORY, append=True) as file:
        file.write(line.encode())


def last_changes(desk: Desk) -> list[NotedChange]:
    """The last changes of a case, the newest first; lines that cannot be read are left out."""
    try:
        with (desk.folder / HISTORY).open("rb") as file:
            file.seek(0, 2)
            size = file.tell()
            file.seek(max(0, size - _TAIL_BYTES))
            lines = file.read().splitlines()
    except OSError:
        return []
    found = []
    for line in reversed(lines[-MAX_LISTED_CHANGES:]):
        try:
            plain = json.loads(line)
            at = dt.datetime.fromisoformat(plain["at"])
            found.append(NotedChange(at, str(plain["who"]), str(plain["what"])))
        except (ValueError, KeyError, TypeError):
            continue
    return found
