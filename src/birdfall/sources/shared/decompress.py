"""A file as plain bytes in UTF-8: unpacked and recoded into a temporary folder if needed."""

from __future__ import annotations

import codecs
import itertools
import re
from pathlib import Path

import charset_normalizer
import numpy as np
import pyarrow as pa

from birdfall.model.errors import UsageError, printable
from birdfall.model.progress import Progress, silent
from birdfall.sources.shared.open import compression, open_bytes, packed_position

CHUNK_BYTES = 1 << 20


def copy_rows(path: Path, folder: Path, skip: int, backslash: bool) -> Path:
    """A copy of a UTF-8 file without its first `skip` lines.

    backslash: with quotes that stand behind a backslash doubled instead, as readers of CSV know
    them.
    """
    made = folder / "rows"
    with path.open("rb") as source, made.open("wb") as target:
        for _ in range(skip):
            source.readline()
        waiting = b""
        while piece := source.read(CHUNK_BYTES):
            if backslash:
                piece = waiting + piece
                # a backslash at the end belongs to what comes
                cut = len(piece) - len(piece.rstrip(b"\\"))
                piece, waiting = piece[: len(piece) - cut], piece[len(piece) - cut :]
                piece = _ESCAPED.sub(_doubled, piece)
            target.write(piece)
        target.write(waiting)
    return made


_ESCAPED = re.compile(rb"\\([\\\"])")


def _doubled(match: re.Match[bytes]) -> bytes:
    return b'""' if match[1] == b'"' else b"\\"


def copy_as_utf8(
    path: Path,
    folder: Path,
    *,
    text: bool,
    allow_large: bool,
    progress: Progress = silent,
    encoding: str | None = None,
) -> tuple[Path, list[str]]:
    """`path` itself, or a copy of it in `folder` that is unpacked and (for text) UTF-8.

    With it notes such as "encoding:cp1252".

    Raises InputError as `open.open_bytes` does.
    """
    found, notes = path, []
    if compression(path):
        found = folder / "unpacked"
        size = path.stat().st_size
        with open_bytes(path, allow_large=allow_large) as source, found.open("wb") as target:
            while piece := source.read(CHUNK_BYTES):
                target.write(piece)
                progress("unpack", min(packed_position(source), size), size, "bytes")
    if encoding is not None:
        try:
            encoding = codecs.lookup(encoding).name
        except LookupError as error:
            raise UsageError(
                f"there is no encoding {printable(encoding, 40)!r}",
                fix="Use a name such as utf-8, windows-1252, windows-1256 or mac-roman.",
            ) from error
    encoding = encoding or (_encoding(found) if text else "utf-8")
    if encoding != "utf-8":
        notes.append(f"encoding:{encoding}")
        recoded = folder / "recoded"
        with (
            found.open("r", encoding=encoding, errors="replace", newline="") as old,
            recoded.open("w", encoding="utf-8", newline="") as new,
        ):
            while words := old.read(CHUNK_BYTES):
                new.write(words)
        found = recoded
    return found, notes


def _encoding(path: Path) -> str:
    """UTF-16 by its mark.

    Windows-1252 when more non-ASCII lines break UTF-8 than keep it; else UTF-8.
    """
    with path.open("rb") as file:
        start = file.read(4096)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        # Without a mark: ASCII text in UTF-16 has a NUL in every other place.
        if len(start) > 20 and start[1::2].count(0) > 0.8 * len(start[1::2]):
            return "utf-16-le"
        if len(start) > 20 and start[0::2].count(0) > 0.8 * len(start[0::2]):
            return "utf-16-be"
        if not start or _is_utf8(path):
            return "utf-8"
        file.seek(0)
        good = bad = 0
        for line in itertools.islice(iter(lambda: file.readline(1 << 20), b""), 2_000_000):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                good += 1
            except UnicodeDecodeError:
                bad += 1
        return _single_byte_encoding(path) if bad > good else "utf-8"


#: Encodings of one byte a letter that people of the five languages and their neighbours have.
_LIKELY = ("cp1252", "cp1256", "cp1251", "mac_roman")
#: Where Windows-1254 has the letters of Turkish, Windows-1252 has those of Icelandic.
_TURKISH = bytes.fromhex("d0dddef0fdfe")


def _single_byte_encoding(path: Path) -> str:
    """The encoding in which the text reads as words, by the frequencies of its letters."""
    with path.open("rb") as file:
        lines = itertools.islice(iter(lambda: file.readline(1 << 20), b""), 200_000)
        told = b"".join(itertools.islice((x for x in lines if not x.isascii()), 2_000))
    found = charset_normalizer.from_bytes(told[: 1 << 18], cp_isolation=list(_LIKELY)).best()
    encoding = "cp1252" if found is None else str(found.encoding)
    letters = [b for b in told if b >= 0xC0]
    turkish = sum(b in _TURKISH for b in letters)
    return "cp1254" if encoding == "cp1252" and turkish > 0.1 * len(letters) else encoding


def _is_utf8(path: Path) -> bool:
    """Whether the whole file is UTF-8. Arrow looks at it where it lies, many bytes at a time."""
    with pa.memory_map(str(path)) as mapped:
        content = mapped.read_buffer()
        ends = pa.py_buffer(np.array([0, content.size], np.int64))
        try:
            pa.Array.from_buffers(pa.large_string(), 1, [None, ends, content]).validate(full=True)
        except pa.ArrowInvalid:
            return False
    return True
