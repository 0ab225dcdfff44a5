"""The manifest: every file of a case with its SHA-256, and where a change becomes true at once.

A file of the case that the manifest does not list does not exist for Birdfall. How files and
manifest change together is described in `birdfall.record.transaction`; orphans are swept at the
next change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path, PurePosixPath
from typing import Final

from birdfall.model.errors import CaseError

FORMAT: Final = 1
NAME: Final = "manifest.json"
#: Holds a change that has happened and whose files are being moved to their places.
COMMITTED: Final = ".committed"
_KEYS: Final = {"format", "software", "imports", "files"}


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
    except (FileNotFoundError, NotADirectoryError) as error:
        raise CaseError(
            "this folder is not a case",
            where=str(folder),
            fix="Make one with: birdfall import FILE -o FOLDER",
        ) from error
    except (ValueError, RecursionError) as error:
        raise CaseError(
            "the manifest is damaged",
            where=str(path),
            fix="Restore it from a copy, or import again.",
        ) from error
    if not isinstance(plain, dict):
        raise _damaged(path, "it is no table of keys")
    if isinstance(plain.get("format"), bool) or plain.get("format") != FORMAT:
        raise CaseError(
            f"this case is of format {plain.get('format')!r} "
            f"and this Birdfall reads format {FORMAT}",
            where=str(path),
            fix="Use the Birdfall that wrote it.",
        )
    unknown = set(plain) - _KEYS
    if unknown:
        raise _damaged(path, f"its keys {sorted(unknown)} are not known")
    try:
        files, imports, software = plain["files"], plain["imports"], plain.get("software", "")
        # an empty table would pass for a case without files
        if not isinstance(files, list) or not isinstance(imports, list):
            raise TypeError("files and imports must be lists")
        if not isinstance(software, str):
            raise TypeError("software must be a text")
        return Manifest(
            files=tuple(_read_file(f) for f in files),
            imports=tuple(_read_import(i) for i in imports),
            software=software,
        )
    except KeyError as error:
        raise _damaged(path, f"it lacks the key {error}") from error
    except (TypeError, ValueError) as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, why: str) -> CaseError:
    return CaseError(
        "the manifest is damaged",
        where=str(path),
        why=f"{why[:200].rstrip('.')}.",
        fix="Restore it from a copy, or import again.",
    )


def _is_count(value: object) -> bool:
    """Whether a value is a whole number; JSON's true is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def _read_file(plain: object) -> File:
    """A file as the manifest lists it. Raises KeyError, TypeError or ValueError if it is none."""
    if not isinstance(plain, dict):
        raise TypeError("a file is listed otherwise than by its keys")
    unknown = set(plain) - {"path", "sha256", "bytes", "rows"}
    if unknown:
        raise ValueError(f"the keys {sorted(unknown)} of a file are not known")
    path, sha256, size, rows = plain["path"], plain["sha256"], plain["bytes"], plain.get("rows")
    if not isinstance(path, str) or not isinstance(sha256, str):
        raise TypeError("a file's path and sha256 must be texts")
    if not _is_count(size) or not (rows is None or _is_count(rows)):
        raise TypeError(f"bytes and rows of {path} must be whole numbers")
    parts = PurePosixPath(path).parts
    if not parts or PurePosixPath(path).is_absolute() or ".." in parts or "\\" in path:
        raise ValueError(f"the path {path!r} leads out of the case")
    return File(path, sha256, size, rows)


def _read_import(plain: object) -> Import:
    """An import as the manifest lists it. Errors as of `_read_file`."""
    if not isinstance(plain, dict):
        raise TypeError("an import is listed otherwise than by its keys")
    unknown = set(plain) - {one.name for one in fields(Import)}
    if unknown:
        raise ValueError(f"the keys {sorted(unknown)} of an import are not known")
    rows, notes, options = plain["rows"], plain.get("notes", []), plain.get("options", {})
    if not isinstance(rows, dict) or not all(map(_is_count, rows.values())):
        raise TypeError("the rows of an import must be whole numbers by table")
    if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
        raise TypeError("the notes of an import must be a list of texts")
    if not isinstance(options, dict) or not all(
        isinstance(value, str | int) for value in options.values()
    ):
        raise TypeError("the options of an import must be texts or whole numbers by name")
    texts = {key: plain[key] for key in ("source", "reader", "digest", "at")}
    if not all(isinstance(text, str) for text in texts.values()):
        raise TypeError("source, reader, digest and at of an import must be texts")
    if not _is_count(plain["rejected"]):
        raise TypeError("the rejected rows of an import must be a whole number")
    return Import(**{**plain, "notes": tuple(notes)})


def to_json(manifest: Manifest) -> str:
    """The manifest as it stands on disk."""
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
