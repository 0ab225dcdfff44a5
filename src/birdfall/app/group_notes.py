"""What a person says of a group of a network: a name, a note, whether it is shown.

Kept beside the case; findings stay as they are. A group is known by its members, so that what was
said of it holds after measuring again as long as these are the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from birdfall.app.workspace import Desk
from birdfall.record.atomic import write_text

#: The file on a desk that holds them.
NOTES: Final = "notes.json"
#: Longest name and note, in characters, and notes of one case at most.
MAX_NAME, MAX_NOTE, MAX_NOTES = 80, 2000, 2000


@dataclass(frozen=True, slots=True)
class GroupNote:
    """What was said of a group."""

    name: str = ""
    note: str = ""
    hidden: bool = False


def group_key(members: Sequence[int]) -> str:
    """By what a group is known: a digest of the codes of its members."""
    text = ",".join(str(code) for code in sorted(members))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def read_notes(desk: Desk) -> dict[str, GroupNote]:
    """All that was said of groups, by their keys; nothing if the file cannot be read."""
    try:
        plain = json.loads((desk.folder / NOTES).read_text("utf-8"))
        return {
            str(key): GroupNote(str(one["name"]), str(one["note"]), bool(one["hidden"]))
            for key, one in plain.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def put_note(desk: Desk, key: str, note: GroupNote) -> None:
    """Keep what was said of a group; a note that says nothing is taken away."""
    notes = read_notes(desk)
    notes.pop(key, None)
    if note != GroupNote():
        notes[key] = GroupNote(note.name[:MAX_NAME], note.note[:MAX_NOTE], note.hidden)
    kept = dict(list(notes.items())[-MAX_NOTES:])
    desk.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    plain = {key: asdict(one) for key, one in kept.items()}
    write_text(desk.folder / NOTES, json.dumps(plain, ensure_ascii=False, indent=1))
