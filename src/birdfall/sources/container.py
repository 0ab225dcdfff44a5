"""Files that hold files: zip archives, workbooks (Excel, OpenDocument) and SQLite databases.

Each file, sheet or table in one is read by the reader that knows it, as if it lay alone. One that
is no data (a picture, a note) is told, not taken. Numbers of 16 digits and more in a workbook have
lost their last digits there, and are refused as ids.
"""

from __future__ import annotations

import csv
import datetime as dt
import errno
import lzma
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

import python_calamine

from birdfall.model.errors import BirdfallError, InputError, UsageError, Where, printable
from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.sources.registry import choose_source
from birdfall.sources.shared.open import MAX_UNPACK_RATIO, MAX_UNPACKED_BYTES, MIN_BYTES_FOR_RATIO
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.rejections import Rejections
from birdfall.sources.table.guess_columns import UnknownColumns

NAME = "container"
ZIP: Final = b"PK\x03\x04"
SQLITE: Final = b"SQLite format 3\0"
#: Workbooks of Excel before 2007.
COMPOUND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: Endings of files in an archive that may be data.
DATA_ENDINGS: Final = (
    ".csv", ".tsv", ".tab", ".txt", ".json", ".jsonl", ".ndjson", ".js", ".parquet", ".gz", ".zst",
    ".xz", ".bz2", ".xlsx", ".xls", ".xlsb", ".ods", ".sqlite", ".db", ".sqlite3", ".car", ".atfh",
    ".zip",
)  # fmt: skip
#: Whole numbers from here on have more digits than a workbook keeps.
LARGEST_EXACT: Final = 10**15
#: Archives in archives are opened this deep.
MAX_DEPTH: Final = 3


#: What the libraries raise for a file that is damaged, anywhere in it.
_DAMAGE: Final = (
    zipfile.BadZipFile, NotImplementedError,
    zlib.error, lzma.LZMAError, EOFError, python_calamine.CalamineError,
    sqlite3.DatabaseError, ValueError, OSError,
)  # fmt: skip


class Member(NamedTuple):
    """One file, sheet or table, laid out as a file of its own. name: in its container."""

    name: str
    path: Path


def sniff(_path: Path, head: bytes) -> float:
    """Certain by the first bytes."""
    return 1.0 if container_kind(head) else 0.0


def container_kind(head: bytes) -> str | None:
    """ "archive", "database" or "old workbook" by the first bytes; None for no container."""
    if head.startswith(ZIP):
        return "archive"
    if head.startswith(SQLITE):
        return "database"
    return "old workbook" if head.startswith(COMPOUND) else None


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """The rows of all that the container holds.

    Raises UsageError if none of it says what it is, or if something must be asked.
    """
    label = options.source_of(path)
    rejections = Rejections(label)
    first: UsageError | None = None
    taken = 0
    with tempfile.TemporaryDirectory(prefix=".unpacked-", dir=options.staging) as folder:
        for member in unpack(path, Path(folder), options, rejections):
            inner = replace(options, name=f"{label}: {member.name}", sheet=None)
            try:
                source = choose_source(member.path)
                for item in source.read(member.path, inner, progress):
                    taken += 1
                    yield item
            except UnknownColumns as error:
                error.where = f"{path}: {member.name}"
                first = first or error
                rejections.add(None, None, member.name, error.what, error.fix)
            except BirdfallError as error:
                # where it was laid out is nothing that anybody knows
                column = error.where.column if isinstance(error.where, Where) else None
                error.where = Where(f"{path}: {member.name}", column=column)
                raise
    if first is not None and not taken:
        raise first
    yield from rejections.rows()


def unpack(
    path: Path, folder: Path, options: SourceOptions, rejections: Rejections
) -> Iterator[Member]:
    """Each file, sheet or table of a container, laid out under `folder`, one after the other.

    Raises InputError if it is damaged or unpacks to too much, UsageError if the one asked for by
    `options.sheet` is not there.
    """
    with path.open("rb") as file:
        kind = container_kind(file.read(16))
    try:
        if kind == "database":
            members = _tables(path, folder, options.sheet)
        elif kind == "archive" and not _is_workbook(path):
            _refuse_documents(path)
            members = _files(path, folder, options, rejections)
        else:
            members = _sheets(path, folder, options.sheet)
        full = 0
        for member in members:
            if member.path.stat().st_size:
                full += 1
                yield member
            else:
                rejections.add(None, None, member.name, "an empty file in the archive")
        if kind == "archive" and not full and rejections.count:
            raise InputError(
                "nothing in this archive is data",
                where=str(path),
                fix="Check that it was downloaded or copied whole.",
            )
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise  # no fault of the file: the disk is full
        raise InputError(
            "this file is damaged, or locked by a password",
            where=str(path),
            fix="Download or copy it again, or save it without a password.",
        ) from error


def _is_workbook(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        kind = archive.read("mimetype")[:100] if "mimetype" in names else b""
    if b"opendocument" in kind and b"opendocument.spreadsheet" not in kind:
        raise InputError(
            "this is a document or a presentation, which is no table",
            where=str(path),
            fix="If there is a table in it, save that as .csv or .ods.",
        )
    return bool(names & {"xl/workbook.xml", "xl/workbook.bin", "content.xml"})


#: What is packed as an archive and holds no data, by what lies in it.
_DOCUMENTS: Final = {
    "word/document.xml": "a Word document",
    "ppt/presentation.xml": "a presentation",
    "META-INF/container.xml": "an e-book",
    "META-INF/MANIFEST.MF": "a program",
    "AndroidManifest.xml": "a program",
}


def _refuse_documents(path: Path) -> None:
    """Raise InputError for what is no archive of data, though it is packed as one."""
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
    for inside, called in _DOCUMENTS.items():
        if inside in names:
            raise InputError(
                f"this is {called}, which is no table",
                where=str(path),
                fix="If there is a table in it, save that as .csv or .xlsx.",
            )


def _chosen(names: Iterable[str], wanted: str | None, path: Path) -> list[str]:
    listed = list(names)
    if wanted is None:
        return listed
    if wanted not in listed:
        raise UsageError(
            f"there is no {printable(wanted, 60)!r} in this file",
            where=str(path),
            fix=f"It has: {', '.join(printable(n, 40) for n in listed[:40])}.",
        )
    return [wanted]


def _sheets(path: Path, folder: Path, wanted: str | None) -> Iterator[Member]:
    book = python_calamine.CalamineWorkbook.from_path(str(path))
    for number, name in enumerate(_chosen(book.sheet_names, wanted, path)):
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=True)
        if rows:
            made = folder / f"sheet-{number}.csv"
            _write_rows(made, (map(_sheet_text, row) for row in rows))
            yield Member(name, made)


def _tables(path: Path, folder: Path, wanted: str | None) -> Iterator[Member]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        database.text_factory = lambda data: data.decode("utf-8", "replace")
        listed = database.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
            "AND name NOT LIKE 'sqlite_%' ORDER BY name"
        )
        for number, name in enumerate(_chosen((n for (n,) in listed), wanted, path)):
            quoted = name.replace('"', '""')
            cursor = database.execute(f'SELECT * FROM "{quoted}"')
            header = [column[0] for column in cursor.description]
            made = folder / f"table-{number}.csv"
            _write_rows(made, _with_header(header, cursor))
            yield Member(name, made)


def _with_header(header: list[str], rows: Iterable[tuple[Any, ...]]) -> Iterator[Iterable[str]]:
    yield header
    for row in rows:
        yield map(_database_text, row)


def _files(
    path: Path, folder: Path, options: SourceOptions, rejections: Rejections
) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        listed = archive.infolist()
        if any(not i.filename for i in listed):
            rejections.add(None, None, "", "a file in the archive that has no name")
        inside = {
            i.filename: i
            for i in listed
            if i.filename and not i.is_dir() and not _is_hidden(i.filename)
        }
        names = _chosen(inside, options.sheet, path)
        _check_size([inside[n] for n in names], path, options.allow_large)
        data = [n for n in names if n.lower().endswith(DATA_ENDINGS)]
        for name in names:
            if name not in data:
                rejections.add(None, None, name, "a file in the archive that is no data")
        depth = sum(part.startswith("unpacked-") for part in folder.parts)
        root = folder / f"unpacked-{depth}"
        made = {name: _extract(archive, inside[name], root) for name in data}
        for name in data:
            if name.lower().endswith(".zip") and depth >= MAX_DEPTH:
                rejections.add(None, None, name, "an archive in an archive, too deep to open")
                continue
            yield Member(name, made[name])


def _extract(archive: zipfile.ZipFile, info: zipfile.ZipInfo, root: Path) -> Path:
    """The file under `root`, wherever its name would lead. Names in archives are hostile."""
    parts = [
        p for p in PurePosixPath(info.filename.replace("\\", "/")).parts if p not in ("/", "..")
    ]
    place = root.joinpath(*(p.replace(":", "_") for p in parts))
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        with archive.open(info) as source, place.open("wb") as target:
            left = info.file_size
            while left >= 0 and (piece := source.read(1 << 20)):
                target.write(piece)
                left -= len(piece)
    except (RuntimeError, NotImplementedError) as error:
        raise InputError(
            "this archive is locked by a password, or packed in a way that is not known",
            where=info.filename,
            fix="Unpack it, and name the files in it.",
        ) from error
    return place


def _is_hidden(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(p.startswith((".", "__MACOSX")) for p in parts)


def _check_size(listed: list[zipfile.ZipInfo], path: Path, allow_large: bool) -> None:
    total = sum(i.file_size for i in listed)
    packed = max(path.stat().st_size, 1)
    large = total > MAX_UNPACKED_BYTES or (
        total > MIN_BYTES_FOR_RATIO and total > MAX_UNPACK_RATIO * packed
    )
    if large and not allow_large:
        raise InputError(
            f"the archive unpacks to {total >> 20:,} MiB from {packed >> 10:,} KiB",
            where=str(path),
            why="That is how a decompression bomb looks.",
            fix="If you know what it is, say so with --allow-large.",
        )


def _write_rows(path: Path, rows: Iterable[Iterable[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def _sheet_text(cell: Any) -> str:
    """A cell as its sheet shows it; a number beyond 15 digits with an exponent: it is rounded."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, (int, float)):
        if abs(cell) >= LARGEST_EXACT:
            return f"{float(cell):.14e}".replace("+0", "+")
        return str(int(cell)) if cell == int(cell) else repr(cell)
    if isinstance(cell, dt.datetime):
        whole = cell.time() == dt.time()
        return cell.date().isoformat() if whole else cell.isoformat(" ")
    return str(cell)


def _database_text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    return str(cell)
