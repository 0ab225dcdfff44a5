"""A folder of cases, and beside each what was given for it: the desk."""

from __future__ import annotations

import re
import shutil
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from birdfall.model.errors import BirdfallError, UsageError
from birdfall.model.whole_number import whole_number
from birdfall.record.atomic import write_text
from birdfall.record.case import Case
from birdfall.record.manifest import is_case

#: The folder in a workspace that holds the desks.
DESKS: Final = ".birdfall"
#: The folder on a desk that holds copies of files in which values were put right.
MENDED: Final = "mended"
#: The file on a desk that holds the title it was begun with.
TITLE: Final = "title.txt"
#: Longest name of a folder that is made from a title, and of a file that is taken, in characters.
MAX_NAME_CHARS, MAX_FILE_NAME_CHARS = 40, 120
#: Most files on one desk.
MAX_FILES: Final = 200
#: Names of devices on Windows, which no file may have there.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file that was given: its number on the desk, and where it lies."""

    number: int
    path: Path

    @property
    def name(self) -> str:
        """What it was called."""
        return self.path.name

    @property
    def reading_path(self) -> Path:
        """Where it is kept how the file is read."""
        return self.path.parent.with_name(f"{self.number}.json")

    @property
    def mended_folder(self) -> Path:
        """Where the copy of it lies in which values were put right, if any were."""
        return self.path.parents[2] / MENDED / str(self.number)


@dataclass(frozen=True, slots=True)
class Desk:
    """One inquiry: its case, and what was given for it.

    Parameters
    ----------
    workspace
        The folder of the workspace.
    name
        The name of the case's folder in it.
    """

    workspace: Path
    name: str

    @property
    def case_path(self) -> Path:
        """Where its case is, or will be."""
        return self.workspace / self.name

    @property
    def folder(self) -> Path:
        """Where what belongs to it besides the case is kept."""
        return self.workspace / DESKS / self.name

    @property
    def has_case(self) -> bool:
        """Whether its case was made."""
        return is_case(self.case_path)

    def case(self) -> Case:
        """Its case. Raises CaseError if there is none, or it is damaged."""
        return Case.open(self.case_path)

    def files(self) -> list[GivenFile]:
        """The files that were given, in their order."""
        found = []
        for folder in (self.folder / "files").glob("*/"):
            number = whole_number(folder.name)
            if number is not None:
                found += [
                    GivenFile(number, path)
                    for path in folder.iterdir()
                    if path.is_file() and not path.name.endswith(".partial")
                ]
        return sorted(found, key=lambda file: file.number)

    def file(self, number: int) -> GivenFile | None:
        """The file of that number; None if there is none."""
        return next((file for file in self.files() if file.number == number), None)

    def place_for(self, name: str) -> Path:
        """Where a further file of this name is to be written; its folder is made.

        Raises UsageError if the desk is full.
        """
        folder = self.folder / "files"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        named = (whole_number(entry.name) for entry in folder.iterdir())
        numbers = [number for number in named if number is not None]
        if len(numbers) >= MAX_FILES:
            raise UsageError(
                f"there are {MAX_FILES} files here already",
                fix="Put them into one folder, zip it, and begin with that.",
            )
        place = folder / str(max(numbers, default=0) + 1)
        place.mkdir(mode=0o700)
        return place / safe_file_name(name)

    def remove_file(self, number: int) -> None:
        """Take a file off the desk."""
        file = self.file(number)
        if file is not None:
            file.reading_path.unlink(missing_ok=True)
            shutil.rmtree(file.mended_folder, ignore_errors=True)
            shutil.rmtree(file.path.parent)


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder of cases."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> Workspace:
        """The workspace in a folder, which is made if it is missing.

        Raises UsageError if it cannot be made or written to.
        """
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            (path / DESKS).mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise UsageError(
                "this folder cannot be used as a workspace",
                where=str(path),
                why=str(error.strerror),
                fix="Name another: birdfall app FOLDER",
            ) from error
        return cls(path.resolve())

    def desks(self) -> list[Desk]:
        """All inquiries, the last changed first."""
        names = {p.name for p in (self.path / DESKS).iterdir() if p.is_dir()}
        names |= {p.name for p in self.path.iterdir() if is_case(p)}
        found = [desk for name in names if (desk := self.desk(name)) is not None]
        return sorted(found, key=_changed, reverse=True)

    def desk(self, name: str) -> Desk | None:
        """The inquiry of that name; None if there is none, or the name leads out of the folder."""
        if not name or name.startswith(".") or "/" in name or "\\" in name or "\0" in name:
            return None
        desk = Desk(self.path, name)
        known = [path for path in (desk.case_path, desk.folder) if path.is_dir()]
        if not known or any(path.is_symlink() for path in known):
            return None
        return desk if desk.has_case or desk.folder.is_dir() else None

    def begin(self, title: str) -> Desk:
        """A new inquiry, in a folder named after its title."""
        base = folder_name(title)
        number = 1
        while True:
            name = base if number == 1 else f"{base}-{number}"
            desk = Desk(self.path, name)
            number += 1
            if desk.case_path.exists():
                continue
            try:
                desk.folder.mkdir(mode=0o700)
            except FileExistsError:
                continue
            write_text(desk.folder / TITLE, title)
            return desk


def folder_name(title: str) -> str:
    """A name for a folder: the title's letters and digits, or `case` if it has none."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain)[:MAX_NAME_CHARS].strip("-")
    return "case" if not name or _DEVICES.fullmatch(name) else name


def safe_file_name(name: str) -> str:
    """The last part of a file's name, without what a file system or a terminal could trip over."""
    last = re.split(r"[/\\]", name)[-1]
    kept = "".join(c if c.isprintable() and c not in '<>:"|?*' else "_" for c in last).strip(" .")
    if not kept or _DEVICES.fullmatch(kept):
        kept = f"file-{kept}" if kept else "file"
    if len(kept.encode()) > MAX_FILE_NAME_CHARS:
        stem, dot, ending = kept.rpartition(".")
        ending = ending if dot and len(ending) <= 10 else ""
        stem = (stem or kept).encode()[: MAX_FILE_NAME_CHARS - 12].decode("utf-8", "ignore")
        kept = f"{stem}.{ending}" if ending else stem
    return kept


def _changed(desk: Desk) -> float:
    times = [p.stat().st_mtime for p in (desk.case_path, desk.folder) if p.exists()]
    return max(times, default=0.0)


def title_of(desk: Desk) -> str:
    """The title of an inquiry: that of its case, else the one it was begun with, else the name of
    its folder.
    """
    try:
        if desk.has_case:
            return desk.case().settings.title or desk.name
        return (desk.folder / TITLE).read_text("utf-8").strip() or desk.name
    except (BirdfallError, OSError):
        return desk.name
