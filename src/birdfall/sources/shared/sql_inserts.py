"""Rows of one table in a dump of a database (`INSERT INTO ... VALUES (...), (...);`), as MySQL and
MariaDB write it. Nothing of a dump is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_CREATE: Final = re.compile(rb"CREATE TABLE (?:IF NOT EXISTS )?[`\"]?(\w+)[`\"]?", re.IGNORECASE)
_COLUMN: Final = re.compile(rb"\s+[`\"](\w+)[`\"]\s+\w")
_INSERT: Final = re.compile(
    rb"(?:INSERT|REPLACE)(?:\s+IGNORE)?\s+INTO\s+[`\"]?(\w+)[`\"]?\s*(?:\(([^)]*)\))?\s*VALUES\s*",
    re.IGNORECASE,
)
_CELL: Final = re.compile(
    rb"\s*(?:(?:_binary\s+)?'((?:[^'\\]|\\.|'')*)'|(NULL)|0x([0-9A-Fa-f]+)|([-+.\w]+))\s*([,)])",
    re.DOTALL | re.IGNORECASE,
)
_BETWEEN: Final = re.compile(rb"\s*[,;]?\s*")
_ESCAPE: Final = re.compile(rb"\\(.)|''", re.DOTALL)
_ESCAPED: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"0": b"\0", b"Z": b"\x1a", b"b": b"\b"}

Cells = dict[str, bytes | None]


class UnreadableInsert(ValueError):
    """The rest of an INSERT that cannot be read."""


class InsertReader:
    """The rows of `table`, line by line of the dump.

    Attributes
    ----------
    others : set of str
        Other tables whose rows came.
    """

    def __init__(self, table: str) -> None:
        self.table = table
        self.others: set[str] = set()
        self._columns: list[str] = []
        self._inside = ""
        self._open: list[str] | None = None

    def rows(self, line: bytes) -> Iterator[Cells]:
        """The rows of one line. Raises UnreadableInsert where they end too soon."""
        if made := _CREATE.match(line):
            self._inside = made[1].decode()
            if self._inside == self.table:
                self._columns = []
        elif self._inside == self.table and (column := _COLUMN.match(line)):
            self._columns.append(column[1].decode())
        elif line.startswith(b")"):
            self._inside = ""
        place = 0
        if insert := _INSERT.match(line):
            name, place = insert[1].decode(), insert.end()
            named = re.findall(rb"\w+", insert[2] or b"")
            self._open = [n.decode() for n in named] or self._columns
            if name != self.table:
                self._open = None
                self.others.add(name)
        elif not line.startswith(b"("):
            return
        # MariaDB writes each row on a line of its own, up to the semicolon
        if self._open is not None:
            columns = self._open
            if line.rstrip().endswith(b";"):
                self._open = None
            yield from _tuples(line, place, columns)


def _tuples(line: bytes, place: int, columns: list[str]) -> Iterator[Cells]:
    """The rows from `place` on. Raises UnreadableInsert where they end too soon."""
    while line[place : place + 1] == b"(":
        cells: list[bytes | None] = []
        place += 1
        closed = False
        while not closed:
            match = _CELL.match(line, place)
            if match is None or len(cells) > len(columns):
                raise UnreadableInsert("rows of the dump that end too soon or cannot be read")
            cells.append(_cell(match))
            place, closed = match.end(), match[5] == b")"
        if len(cells) != len(columns):
            raise UnreadableInsert(f"{len(cells)} values for {len(columns)} columns")
        yield dict(zip(columns, cells, strict=True))
        place = _BETWEEN.match(line, place).end()  # type: ignore[union-attr]
    if place < len(line.rstrip()):
        raise UnreadableInsert("rows of the dump that end too soon or cannot be read")


def _cell(match: re.Match[bytes]) -> bytes | None:
    if match[1] is not None:
        return _ESCAPE.sub(lambda m: b"'" if m[1] is None else _ESCAPED.get(m[1], m[1]), match[1])
    if match[2] is not None:
        return None
    return bytes.fromhex(match[3].decode()) if match[3] and len(match[3]) % 2 == 0 else match[4]
