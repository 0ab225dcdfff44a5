"""What was made of a case outside of its folder: exports and reports, so that they can be made anew
when somebody is removed.

Copies that were moved or sent to others are not known here.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from birdfall.model.errors import BirdfallError
from birdfall.record.case import Case
from birdfall.record.damage import RESTORE, explain_damage

COPIES_FILE: Final = "copies.json"
REPORT: Final = "report"


@dataclass(frozen=True, slots=True)
class Copy:
    """One export or report outside of the case.

    Parameters
    ----------
    path
        Where it was made, absolute.
    form
        The name of the export format, or "report".
    files
        The files made, relative to `path`; "." for one that is itself the file.
    identified
        Whether it holds ids.
    language
        Of a report's first view.
    """

    path: str
    form: str
    files: tuple[str, ...]
    identified: bool = False
    language: str = ""

    def is_there(self) -> bool:
        """Whether something stands at its path."""
        return Path(self.path).exists()

    def is_alone(self) -> bool:
        """Whether nothing but what was made stands there."""
        place = Path(self.path)
        there = {p.relative_to(place).as_posix() for p in place.rglob("*") if p.is_file()}
        return place.is_file() or there <= set(self.files)

    def remove(self) -> None:
        """Take it away, as far as it is there."""
        place = Path(self.path)
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)


def copies_of(case: Case) -> tuple[Copy, ...]:
    """The copies that the case knows of."""
    stored = case.read(COPIES_FILE)
    if stored is None:
        return ()
    with explain_damage(case.path / COPIES_FILE, RESTORE):
        return tuple(Copy(**{**c, "files": tuple(c["files"])}) for c in json.loads(stored))


def note_copy(case: Case, copy: Copy) -> bool:
    """Let the case know of a copy, instead of an earlier one of the same path.

    Returns whether the case could be written: one that is read only, or being changed, is left as
    it is.
    """
    try:
        others = [c for c in copies_of(case) if c.path != copy.path]
        case.put({COPIES_FILE: copies_json((*others, copy))})
    except BirdfallError:
        return False
    return True


def copies_json(copies: tuple[Copy, ...]) -> bytes:
    """`copies.json`."""
    return (json.dumps([asdict(c) for c in copies], indent=1) + "\n").encode()
