"""A file as plain bytes in UTF-8: unpacked and recoded into a temporary folder if needed."""

from __future__ import annotations

import codecs
import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa

from birdfall.model.progress import Progress, silent
from birdfall.sources.shared.open import compression, open_bytes, packed_position

CHUNK_BYTES = 1 << 20


def copy_as_utf8(
    path: Path, folder: Path, *, text: bool, allow_large: bool, progress: Progress = silent
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
    encoding = _encoding(found) if text else "utf-8"
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
        return "cp1252" if bad > good else "utf-8"


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
