"""One change of a case: files are made apart and become true all at one moment, or none does.

A change is written whole into `.staging/whole`, with the manifest that will list it, and flushed to
disk. Then that folder is renamed to `.committed`: from this moment the change has happened. What is
left is to move its files to their places, the manifest last; a process that dies meanwhile leaves a
`.committed`, and whoever opens the case next moves the rest. Files that keep their name (the ids, a
finding, a report) are thus never seen new beside a manifest that is old, which replacing them one
by one could not promise.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from birdfall.model.errors import BirdfallError
from birdfall.record import manifest as manifests
from birdfall.record.atomic import digest, explain_write_errors, fsync_file, fsync_folder
from birdfall.record.manifest import COMMITTED, File, Manifest

STAGING = ".staging"
#: Who may read a case: its owner. Whoever wants otherwise changes it (chmod), and it stays so for
#: what is there.
FOLDER_MODE, FILE_MODE = 0o700, 0o600


class Transaction:
    """A change under way. Leaving it without `commit` leaves the case as it was.

        with Transaction(folder) as transaction:
            added = [transaction.write("claims.toml", data)]
            transaction.commit(before.with_files(added))

    The caller holds the case's lock.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: A place for files that are still being made.
        self.workplace = folder / STAGING
        self._complete = self.workplace / "whole"

    def __enter__(self) -> Self:
        with explain_write_errors(self.folder):
            clear_remains(self.folder)
            make_folder(self._complete)
        return self

    def __exit__(self, *_: object) -> None:
        clear_remains(self.folder)

    def write(self, relative: str, data: bytes, *, mode: int = FILE_MODE) -> File:
        """Add a file of these bytes."""
        place = self._place(relative)
        with explain_write_errors(self.folder / relative):
            place.touch(mode)
            place.chmod(mode)
            place.write_bytes(data)
            return _describe(place, relative, None)

    def write_table(self, relative: str, table: pa.Table) -> File:
        """Add a table as Parquet."""
        place = self._place(relative)
        with explain_write_errors(self.folder / relative):
            place.touch(FILE_MODE)
            pq.write_table(table, place, compression="zstd")
            return _describe(place, relative, table.num_rows)

    def adopt(self, made: Path, relative: str, rows: int) -> File:
        """Add a file of the workplace."""
        place = self._place(relative)
        made.chmod(FILE_MODE)
        made.replace(place)
        return _describe(place, relative, rows)

    def commit(self, manifest: Manifest) -> None:
        """Make the change true, with `manifest` as the truth about the case."""
        with explain_write_errors(self.folder):
            place = self._place(manifests.NAME)
            place.touch(FILE_MODE)
            place.write_text(manifests.to_json(manifest), "utf-8")
            for path in (*self._complete.rglob("*"), self._complete):
                if path.is_dir():
                    fsync_folder(path)
                else:
                    fsync_file(path)
            self._complete.replace(self.folder / COMMITTED)
            fsync_folder(self.folder)
            finish_commit(self.folder)

    def _place(self, relative: str) -> Path:
        """Where a file waits.

        Its folder in the case is made too, so that nothing but renames is left after the commit.
        """
        if not (self.folder / relative).resolve().is_relative_to(self.folder.resolve()):
            raise BirdfallError("a file name leads out of the case", where=relative)
        place = self._complete / relative
        with explain_write_errors(self.folder / relative):
            make_folder((self.folder / relative).parent)
            make_folder(place.parent)
        return place


def finish_commit(folder: Path) -> None:
    """Move the files of a committed change to their places, if one was left half moved.

    The caller holds the lock.
    """
    committed = folder / COMMITTED
    if not committed.is_dir():
        return
    if (committed / manifests.NAME).exists():
        moved = sorted(
            p for p in committed.rglob("*") if p.is_file() and p != committed / manifests.NAME
        )
        for path in moved:
            place = folder / path.relative_to(committed)
            make_folder(place.parent)
            path.replace(place)
        for parent in {(folder / path.relative_to(committed)).parent for path in moved}:
            fsync_folder(parent)
        (committed / manifests.NAME).replace(folder / manifests.NAME)
        fsync_folder(folder)
    shutil.rmtree(committed)


def clear_remains(folder: Path) -> None:
    """Take away what a change that was killed left in its workplace.

    The caller holds the lock, so no change is at work there.
    """
    shutil.rmtree(folder / STAGING, ignore_errors=True)


def make_folder(folder: Path) -> None:
    """A folder that only its owner may read, with those above it; one that exists stays as it
    is.
    """
    for one in (*reversed(folder.parents), folder):
        if not one.is_dir():
            one.mkdir(mode=FOLDER_MODE, exist_ok=True)


def _describe(path: Path, relative: str, rows: int | None) -> File:
    return File(relative, digest(path), path.stat().st_size, rows)
