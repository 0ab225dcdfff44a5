"""What lies beside a case on its desk and goes when a person is removed from it, or it is deleted:
the files that were given, the evidence that was packed, and names in what people wrote.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from birdfall.app.jobs import lock_path
from birdfall.app.worker import EVIDENCE, SIGNATURE
from birdfall.app.workspace import DESKS, MENDED, Desk, Workspace
from birdfall.model.errors import BirdfallError, CaseError
from birdfall.pipeline.removal import delete_case
from birdfall.record.atomic import write_text
from birdfall.record.case import Case
from birdfall.record.file_lock import try_lock
from birdfall.record.mentions import Mentions
from birdfall.record.removed import without_names

#: Endings of the files on a desk that hold words.
WORDS = (".json", ".jsonl", ".txt")


@dataclass(frozen=True, slots=True)
class ClearedDesk:
    """What went from a desk.

    Parameters
    ----------
    files
        How many of the files that were given: they held the person's rows. The case stands by
        itself from then on.
    evidence
        Whether evidence had been packed, which is to be packed again.
    blanked
        In how many files of words the person was named.
    """

    files: int
    evidence: bool
    blanked: int


@contextmanager
def hold_desk(case: Path) -> Iterator[Desk | None]:
    """The desk of a case, on which no job begins meanwhile; None for a case that has none.

    Raises CaseError if a job is at work.
    """
    place = case.resolve()
    desk = Desk(place.parent, place.name)
    if not desk.folder.is_dir() or desk.folder.is_symlink():
        yield None
        return
    lock_path(desk).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    held = try_lock(lock_path(desk))
    if held is None:
        raise CaseError(
            "a job of the workspace is at work on this case",
            where=str(case),
            fix="Wait for it to end, or stop it, then run this again.",
        )
    with held:
        yield desk


def clear_desk(desk: Desk, named: Mentions) -> ClearedDesk:
    """Take a person out of what lies beside a case.

    named: finds the person in a text.
    """
    files = desk.files()
    evidence = (desk.folder / EVIDENCE).is_file()
    (desk.folder / EVIDENCE).unlink(missing_ok=True)
    # without it the case counts as one made elsewhere, to which further files are added
    (desk.folder / SIGNATURE).unlink(missing_ok=True)
    for name in ("files", MENDED, "half", "old"):
        shutil.rmtree(desk.folder / name, ignore_errors=True)
    blanked = sum(
        _blank_file(path, named)
        for path in sorted(desk.folder.rglob("*"))
        if path.suffix in WORDS and path.is_file()
    )
    return ClearedDesk(len(files), evidence, blanked)


def delete_due_cases(workspace: Workspace) -> list[str]:
    """Delete the cases of a workspace whose day has passed, with their desks; their names."""
    gone = []
    for desk in workspace.desks():
        if not desk.has_case:
            continue
        try:
            case = Case.open(desk.case_path, though_due=True)
            if case.is_due():
                with hold_desk(desk.case_path):
                    delete_case(case)
                shutil.rmtree(desk.folder, ignore_errors=True)
                gone.append(desk.name)
        except BirdfallError:
            continue  # a damaged case, or one at work: its page says so
    return gone


def desk_folder(case: Path) -> Path:
    """Where a case of a workspace has its desk."""
    return case.resolve().parent / DESKS / case.resolve().name


def _blank_file(path: Path, named: Mentions) -> bool:
    """Blank the person in a file of words; whether it named them."""
    text = path.read_text("utf-8", "replace")
    if path.suffix == ".txt":
        clean = without_names(text, named)
    else:
        parts = [text] if path.suffix == ".json" else text.splitlines(keepends=True)
        clean = "".join(_blank_json(part, named) for part in parts)
    if clean == text:
        return False
    write_text(path, clean, mode=0o600)
    return True


def _blank_json(text: str, named: Mentions) -> str:
    try:
        plain = json.loads(text)
    except ValueError:  # a line that a library wrote, or that was cut off
        return without_names(text, named)
    clean = _blank_value(plain, named)
    end = "\n" if text.endswith("\n") else ""
    return text if clean == plain else json.dumps(clean, ensure_ascii=False) + end


def _blank_value(value: object, named: Mentions) -> object:
    if isinstance(value, str):
        return without_names(value, named) if named.find(value) is None else ""
    if isinstance(value, list):
        return [one for one in (_blank_value(v, named) for v in value) if one != ""]
    if isinstance(value, dict):
        return {key: _blank_value(one, named) for key, one in value.items()}
    return value
