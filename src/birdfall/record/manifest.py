"""The manifest: every file of a case with its SHA-256, and where a change becomes true at once.

A file of the case that the manifest does not list does not exist for Birdfall. How files and
manifest change together is described in `birdfall.record.transaction`; orphans are swept at the
next change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from birdfall.model.errors import CaseError

FORMAT: Final = 1
NAME: Final = "manifest.json"
#: Holds a change that has happened and whose files are being moved to their places.
COMMITTED: Final = ".committed"


#: How an import was asked for, as the manifest keeps it.
ImportOptions = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class File:
    """One file: path in the case with forward slashes, digest, size, and a table's rows."""

    path: str
    sha256: str
    bytes: int
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Import:
    """What one import took in.

    `digest` identifies the input, so that the same file is not taken in twice.
    """

    source: str
    reader: str
    digest: str
    rows: dict[str, int]
    rejected: int
    at: str
    options: ImportOptions = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    files: tuple[File, ...] = ()
    imports: tuple[Import, ...] = ()
    software: str = ""

    def with_files(self, added: list[File], *, without: tuple[str, ...] = ()) -> Manifest:
        """A manifest where `added` replace files of the same path and those `without` are gone."""
        gone = {f.path for f in added} | set(without)
        kept = [f for f in self.files if f.path not in gone]
        return replace(self, files=tuple(sorted(kept + added, key=lambda f: f.path)))

    def find(self, path: str) -> File | None:
        return next((f for f in self.files if f.path == path), None)


def read(folder: Path) -> Manifest:
    """The manifest of a case.

    Raises CaseError if there is none, or if it is damaged or of a later format.
    """
    path = folder / NAME
    try:
        plain = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise CaseError(
            "this folder is not a case",
            where=str(folder),
            fix="Make one with: birdfall import FILE -o FOLDER",
        ) from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CaseError(
            "the manifest is damaged",
            where=str(path),
            fix="Restore it from a copy, or import again.",
        ) from error
    if plain.get("format") != FORMAT:
        raise CaseError(
            f"this case is of format {plain.get('format')!r} "
            f"and this Birdfall reads format {FORMAT}",
            where=str(path),
            fix="Use the Birdfall that wrote it.",
        )
    return Manifest(
        files=tuple(File(**f) for f in plain["files"]),
        imports=tuple(
            Import(**{**i, "notes": tuple(i.get("notes", ()))}) for i in plain["imports"]
        ),
        software=plain.get("software", ""),
    )


def to_json(manifest: Manifest) -> str:
    """The manifest as it stands on disk."""
    from dataclasses import asdict

    plain = {
        "format": FORMAT,
        "software": manifest.software,
        "imports": [asdict(i) for i in manifest.imports],
        "files": [asdict(f) for f in manifest.files],
    }
    return json.dumps(plain, indent=1, ensure_ascii=False) + "\n"


def is_case(folder: Path) -> bool:
    """Whether this folder is a case, even one whose first change is still being moved."""
    return (folder / NAME).exists() or (folder / COMMITTED / NAME).exists()
