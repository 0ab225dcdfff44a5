"""A delimited text with some of its cells put right, as a copy: the file itself stays as it was."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from birdfall.model.errors import BirdfallError, InputError
from birdfall.sources.shared.open import read_head
from birdfall.sources.table.reader import table_kind
from birdfall.sources.table.tabular import Tabular, open_table

#: Largest file of which a copy is made, in bytes: a form waits for it.
MAX_MENDED_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class MendedCell:
    """A cell that somebody put right.

    Parameters
    ----------
    line
        Its row, as refusals number them: the header is row 1, empty rows do not count.
    column
        The name of its column.
    before
        What stands in the file.
    after
        What is read instead.
    """

    line: int
    column: str
    before: str
    after: str


def can_mend(path: Path) -> bool:
    """Whether cells of this file can be put right in a copy: a delimited text that begins with its
    header and whose quotes close.
    """
    try:
        if path.stat().st_size > MAX_MENDED_BYTES or table_kind(read_head(path)) != "csv":
            return False
        with _open(path) as table:
            return _is_plain(table)
    except (BirdfallError, OSError):
        return False


def read_cells(path: Path, places: Collection[tuple[int, str]]) -> dict[tuple[int, str], str]:
    """What stands at (line, column) in a file for which `can_mend` holds; places there are none of
    are left out.
    """
    found: dict[tuple[int, str], str] = {}
    with _open(path) as table:
        names = list(table.types)
        for line, cells in _rows(table):
            for column in (c for at, c in places if at == line and c in names):
                number = names.index(column)
                if number < len(cells):
                    found[line, column] = cells[number]
    return found


def copy_mended(path: Path, target: Path, mended: Sequence[MendedCell]) -> None:
    """Write a copy of a file for which `can_mend` holds, with cells put right.

    Raises InputError where the file does not hold what it held when they were.
    """
    wanted: dict[int, list[MendedCell]] = {}
    for cell in mended:
        wanted.setdefault(cell.line, []).append(cell)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _open(path) as table, tempfile.TemporaryDirectory(dir=target.parent) as folder:
        half = Path(folder) / target.name
        names = {name: number for number, name in enumerate(table.types)}
        with half.open("w", encoding="utf-8", errors="surrogateescape", newline="") as made:
            writer = csv.writer(made, delimiter=table.delimiter, lineterminator="\n")
            for line, cells in _rows(table):
                for cell in wanted.pop(line, ()):
                    _mend(path, cells, names, cell)
                writer.writerow(cells)
        if wanted:
            raise _other_file_error(path, min(wanted))
        half.replace(target)


def _mend(path: Path, cells: list[str], names: Mapping[str, int], cell: MendedCell) -> None:
    number = names.get(cell.column, len(cells))
    if number >= len(cells) or cells[number] != cell.before:
        raise _other_file_error(path, cell.line)
    cells[number] = cell.after


def _other_file_error(path: Path, line: int) -> InputError:
    return InputError(
        "the file is not the one whose values were put right",
        where=f"{path}, line {line}",
        fix="Take the values that were put right back, and put them right again.",
    )


@contextmanager
def _open(path: Path) -> Iterator[Tabular]:
    with open_table(path, "csv", allow_large=False, staging=None) as table:
        yield table


def _is_plain(table: Tabular) -> bool:
    # rows are numbered here as the reader does only where none is hidden by a quote or cut off
    # above, and quotes behind backslashes are no longer there in the copy
    return (
        table.has_balanced_quotes
        and not table.lines_above
        and "backslash-quotes" not in table.notes
    )


def _rows(table: Tabular) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table with their numbers, the header as row 1; empty ones do not count."""
    csv.field_size_limit(1 << 30)
    with table.plain.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        rows = (row for row in csv.reader(text, delimiter=table.delimiter) if row)
        yield from enumerate(rows, 1)
