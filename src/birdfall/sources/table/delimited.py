"""Rows of delimited text (CSV, TSV).

Read by Arrow, many rows at a time, and by Python from the first row on that Arrow refuses.

Arrow stops at a row of too few or too many cells, at bytes that are not UTF-8, and at an endless
cell. The patient reader goes on from there, so that one bad row costs itself alone.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv

from birdfall.model.errors import InputError, printable
from birdfall.sources.shared.open import read_head
from birdfall.sources.shared.rejections import Rejections
from birdfall.sources.table.sql_text import NULL_WORDS

DELIMITERS: Final = (",", "\t", ";", "|")
#: Bytes Arrow reads at a time; a longer row is left to the patient reader.
BLOCK_BYTES: Final = 8 << 20
#: Lines that one row may have; no quote is looked for beyond them.
MAX_ROW_LINES: Final = 10_000
#: Lines above the header, at most.
MAX_LINES_ABOVE: Final = 40
#: What stands in rows and not in a header: a number that is no number of a column.
_NUMBER: Final = re.compile(r"\d[\d.,:/-]*\d|^\s*\d+\s*$|://")
_BLANK: Final = re.compile(rb"\r\n|\n|\r")
_BLANKS: Final = re.compile(rb"[\r\n]*")


def detect_dialect(text: str) -> tuple[str, list[str]]:
    """The delimiter under which the first rows agree best, and the first row."""
    best: tuple[tuple[float, int], str, list[str]] | None = None
    for delimiter in DELIMITERS:
        try:
            rows = [
                r
                for r in itertools.islice(
                    csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 50
                )
                if r
            ]
        except csv.Error:
            continue
        if not rows:
            continue
        width = len(rows[0])
        # The last row may have been cut by the end of the head.
        checked = rows[:-1] if len(rows) > 2 else rows
        agreement = sum(len(r) == width for r in checked) / len(checked)
        score = (agreement if width > 1 else 0.0, width)
        if best is None or score > best[0]:
            best = (score, delimiter, rows[0])
    return (best[1], best[2]) if best else (",", [])


class DelimitedLayout(NamedTuple):
    """How a text file is laid out: what parts its cells, how many lines stand above the header,
    whether quotes in cells are escaped by backslashes, and the header."""

    delimiter: str
    skip: int
    backslash: bool
    header: list[str]


def detect_layout(text: str, skip: int | None = None) -> DelimitedLayout:
    """The layout of a file that begins so.

    A line `sep=;` names the delimiter, for spreadsheets. Lines of fewer cells than the rest that
    stand above the first full row are no header; skip: how many there are, where a person said.
    """
    lines = text.splitlines(keepends=True)
    named = re.match(r"\ufeff?\s*sep=(.)\s*$", lines[0], re.IGNORECASE) if lines else None
    if skip is None:
        skip = 1 if named else _lines_above(lines)
    rest = "".join(lines[skip:])
    delimiter, header = detect_dialect(rest)
    if named and (named[1] in DELIMITERS or named[1] == " "):
        delimiter = named[1]
        header = next(csv.reader(io.StringIO(rest, newline=""), delimiter=delimiter), [])
    return DelimitedLayout(
        delimiter, skip, _has_backslash_quotes(rest, delimiter, len(header)), header
    )


def _lines_above(lines: list[str]) -> int:
    """How many lines stand above the header: title, dates of a report, blank lines."""
    if any(_is_one_table(lines, delimiter) for delimiter in DELIMITERS):
        return 0
    best = 0
    for delimiter in DELIMITERS:
        widths = [
            sum(bool(c.strip()) for c in row) if (row := _cells(line, delimiter)) else 0
            for line in lines[:MAX_LINES_ABOVE]
        ]
        most = max((len(_cells(line, delimiter)) for line in lines[:200]), default=0)
        if most < 3:
            continue
        first = next((n for n, w in enumerate(widths) if w >= max(3, 0.6 * most)), 0)
        # blank lines alone are passed over anyway, but for those of empty cells
        told = any(widths[:first]) or any(line.strip() for line in lines[:first])
        # one or two cells are a title, more are no header if most are empty: names of groups
        if not told or any(w > max(2, 0.5 * widths[first]) for w in widths[:first]):
            continue
        rest = _rows("".join(lines[first:200]), delimiter)
        if sum(len(row) == most for row in rest) >= 0.5 * len(rest):
            best = max(best, first)
    return best


def _is_one_table(lines: list[str], delimiter: str) -> bool:
    """Whether all rows have the same number of cells, two at least: nothing stands above them."""
    rows = _rows("".join(lines[:200]), delimiter)
    if not rows or len(rows[0]) < 2 or len({len(row) for row in rows}) > 1:
        return False
    filled = [sum(bool(c.strip()) for c in row) for row in rows[:MAX_LINES_ABOVE]]
    if len(rows) > 2 and filled[0] <= 0.5 * filled[1] and filled[1] > 0.9 * len(rows[0]):
        # names of groups of columns, as merged cells are saved, above the header
        return any(_NUMBER.search(cell) for cell in rows[1])
    # a title, or nothing, that a spreadsheet filled up with empty cells
    return filled[0] > 1 or max(filled) < 3


def _rows(text: str, delimiter: str) -> list[list[str]]:
    """The rows of a text, but for empty ones and a last one that may be cut."""
    try:
        rows = [r for r in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if r]
    except csv.Error:
        return []
    return rows[:-1] if len(rows) > 2 else rows


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _has_backslash_quotes(text: str, delimiter: str, width: int) -> bool:
    """Whether quotes inside cells stand behind a backslash, as some exporters write them."""
    if '\\"' not in text or not width:
        return False
    try:
        plain = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))[:-1]
        escaped = list(
            csv.reader(
                io.StringIO(text, newline=""),
                delimiter=delimiter, escapechar="\\", doublequote=False,
            )
        )[:-1]  # fmt: skip
    except csv.Error:
        return True
    fits = sum(len(row) == width for row in plain if row) / max(1, sum(map(bool, plain)))
    better = sum(len(row) == width for row in escaped if row) / max(1, sum(map(bool, escaped)))
    return better > fits


def column_names(path: Path, header: list[str], notes: list[str]) -> list[str]:
    """The names of the columns, each its own; what was renamed is told in `notes`.

    Raises InputError without a header.
    """
    names: list[str] = []
    for number, cell in enumerate(header, 1):
        name = cell.strip().removeprefix("\ufeff").replace("\0", "") or f"column {number}"
        if name.casefold() in (n.casefold() for n in names):
            notes.append(f"duplicate-column:{printable(name, 60)}")
            name = next(
                f"{name} ({n})"
                for n in itertools.count(2)
                if f"{name} ({n})".casefold() not in map(str.casefold, names)
            )
        names.append(name)
    if not names:
        raise InputError(
            "there is no header row", where=str(path), fix="The first row must name the columns."
        )
    return names


def read_blocks(
    path: Path, delimiter: str, names: Sequence[str], used: Sequence[str], block: int = BLOCK_BYTES
) -> Iterator[pa.RecordBatch]:
    """The columns `used` as texts, block after block, words for nothing as nulls.

    Raises ArrowInvalid at a row it refuses.
    """
    blank = len(_BLANK.findall(_BLANKS.match(read_head(path).removeprefix(codecs.BOM_UTF8))[0]))  # type: ignore[index]
    # opened here: by a path Arrow would unpack what is called .gz, whatever it holds
    reader = pcsv.open_csv(
        pa.OSFile(str(path)),
        read_options=pcsv.ReadOptions(
            column_names=list(names), skip_rows=blank, skip_rows_after_names=1, block_size=block
        ),
        parse_options=pcsv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pcsv.ConvertOptions(
            column_types=dict.fromkeys(used, pa.string()),
            include_columns=list(used),
            null_values=list(NULL_WORDS),
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )
    with reader:
        yield from reader


def has_balanced_quotes(path: Path, delimiter: str) -> bool:
    """Whether each quote opens, closes or stands doubled in a cell, and as many open as close.

    If not, some quote may open and never close, and take the rows after it into its cell; that
    takes patience.
    """
    opened = closed = either = 0
    with pa.memory_map(str(path)) as mapped:
        content = np.frombuffer(mapped.read_buffer(), np.uint8)
        start = 0
        while start < len(content):
            piece = content[start : start + BLOCK_BYTES]
            if start + BLOCK_BYTES < len(content):
                # to the end of a line: no quotes that stand together are parted
                ends = np.flatnonzero(piece == ord("\n"))
                piece = piece[: int(ends[-1]) + 1] if len(ends) else piece
            start += len(piece)
            found = _quotes(piece, delimiter)
            if found is None:
                return False
            opened, closed, either = opened + found[0], closed + found[1], either + found[2]
    return abs(opened - closed) <= either and (opened + closed + either) % 2 == 0


def _quotes(piece: np.ndarray, delimiter: str) -> tuple[int, int, int] | None:
    """How many quotes open, close, or may do either; None if one does neither.

    Two together are one quote in a text.
    """
    places = np.flatnonzero(piece == ord('"'))
    if not len(places):
        return 0, 0, 0
    firsts = np.flatnonzero(np.diff(places, prepend=-2) > 1)
    lengths = np.diff(firsts, append=len(places))
    odd = lengths % 2 == 1
    begins, ends = places[firsts][odd], (places[firsts] + lengths)[odd]
    parts = np.zeros(256, bool)
    parts[[ord(delimiter), ord("\n"), ord("\r")]] = True
    opens = (begins == 0) | parts[piece[begins - 1]]
    closes = (ends == len(piece)) | parts[piece[np.minimum(ends, len(piece) - 1)]]
    if not (opens | closes).all():
        return None
    both = int((opens & closes).sum())
    return int(opens.sum()) - both, int(closes.sum()) - both, both


class _RewindableLines:
    """The lines of a text, of which some may be put back. taken: those of the record at hand."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._back: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= MAX_ROW_LINES:
            raise csv.Error(f"a quote that is not closed within {MAX_ROW_LINES:,} lines")
        line = self._back.popleft() if self._back else next(self._lines)
        self.taken.append(line)
        return line

    def keep_first(self) -> str:
        """Give back all lines of the record but its first, whose text is returned."""
        self._back.extendleft(reversed(self.taken[1:]))
        return _valid_text(self.taken[0].rstrip("\r\n")) if self.taken else ""


def read_records(
    path: Path,
    delimiter: str,
    names: Sequence[str],
    used: Sequence[str],
    rejections: Rejections,
    skip: int,
    place: list[int],
    above: int = 0,
) -> Iterator[tuple[int, tuple[str | None, ...]]]:
    """(row, the cells `used`) after the first `skip` rows, numbered from 2 as the header is row 1.

    Empty rows do not count.

    A quote that opens and does not close makes its own line refused; the lines after it are rows
    again. place: is told the bytes read. above: lines that were taken away above the header, which
    count.
    """
    csv.field_size_limit(1 << 30)
    places = [list(names).index(name) for name in used]
    number = 0
    with (
        path.open("rb") as file,
        io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="") as text,
    ):
        lines = _RewindableLines(iter(text))
        rows = csv.reader(lines, delimiter=delimiter)
        while True:
            lines.taken.clear()
            if number % 1024 == 0:
                place[0] = file.tell()
            try:
                cells = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                number += 1
                shown = lines.keep_first()
                rejections.add(
                    number + above, None, shown, f"not readable as CSV: {error}", "Mend the row."
                )
                rows = csv.reader(lines, delimiter=delimiter)
                continue
            if not cells:
                continue
            number += 1
            if number <= skip + 1:
                continue
            if _has_unclosed_quote(lines.taken, len(cells) == len(names), delimiter):
                shown = lines.keep_first()
                rejections.add(
                    number + above,
                    None,
                    shown,
                    "a quote that is never closed",
                    'Close the quote, or write it as "".',
                )
                rows = csv.reader(lines, delimiter=delimiter)
                continue
            fault = _find_fault(cells, names, places, delimiter)
            if fault is not None:
                rejections.add(number + above, *fault)
                continue
            yield number + above, tuple([cells[i] for i in places])


class _Fault(NamedTuple):
    """Why a row is refused: the column, if it is one, what stands there, and what to do."""

    column: str | None
    text: str
    reason: str
    fix: str


def _find_fault(
    cells: list[str], names: Sequence[str], places: list[int], delimiter: str
) -> _Fault | None:
    """What makes a row unusable; None if nothing does. places: of the cells that are used."""
    if len(cells) != len(names):
        return _Fault(
            None,
            _valid_text(delimiter.join(cells)),
            f"{len(cells)} cells where the header has {len(names)}",
            "Put text that holds the delimiter in quotes.",
        )
    broken = next((i for i in places if not _is_utf8(cells[i])), None)
    if broken is None:
        return None
    text = _valid_text(cells[broken])
    return _Fault(names[broken], text, "bytes that are not UTF-8", "Save the file as UTF-8.")


def _valid_text(text: str) -> str:
    """The text with a question mark for every byte that was not UTF-8."""
    return text.encode("utf-8", "replace").decode()


def _has_unclosed_quote(lines: list[str], fits: bool, delimiter: str) -> bool:
    """Whether a record of these lines is a quote that ran on into the next rows or to the end."""
    if len(lines) > 1 and not fits:
        return True
    if '"' not in lines[0]:
        return False
    try:
        next(csv.reader(lines, delimiter=delimiter, strict=True), None)
    except csv.Error as error:
        # in one line, a sign for inches is no fault of the row
        return len(lines) > 1 or "unexpected end" in str(error)
    return False


def _is_utf8(cell: str) -> bool:
    if cell.isascii():
        return True
    try:
        cell.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
