"""Plain, gzip, zstd, xz and bzip2 files as one stream of bytes, with a bound on their size.

A small file that unpacks to terabytes is refused before it fills the disk; a file that was cut
short raises one clear error. The kind is told by the first bytes, never by the name.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from birdfall.model.errors import InputError
from birdfall.sources.shared import json_array
from birdfall.sources.shared.protocol import HEAD_BYTES

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
XZ = b"\xfd7zXZ\x00"
BZIP2 = b"BZh"

#: Unpacking stops here unless it was allowed. Text archives of tweets unpack 5 to 30 times; bombs
#: 1,000 times and more.
MAX_UNPACKED_BYTES = 64 << 30
MAX_UNPACK_RATIO = 200
#: Below this size the ratio says nothing: a few repeated lines compress without end.
MIN_BYTES_FOR_RATIO = 256 << 20


def compression(path: Path) -> str | None:
    """ "gzip", "zstd", "xz", "bzip2" or None, by the first bytes.

    Raises InputError if `path` is no file that can be read.
    """
    start = _first(path, 10)
    if start.startswith(BZIP2) and start[4:] == b"1AY&SY":
        return "bzip2"
    kinds = {GZIP: "gzip", ZSTD: "zstd", XZ: "xz"}
    return next((kind for sign, kind in kinds.items() if start.startswith(sign)), None)


def open_bytes(path: Path, *, allow_large: bool = False) -> BinaryIO:
    """The bytes of `path`, decompressed, as a buffered stream to be closed by the caller.

    Reading raises InputError when the archive is cut short or damaged, or unpacks beyond the
    limits.
    """
    kind = compression(path)
    if kind is None:
        return path.open("rb")
    return cast(
        BinaryIO,
        io.BufferedReader(
            DecompressedStream(path, kind, allow_large=allow_large), buffer_size=1 << 20
        ),
    )


def read_head(path: Path, size: int = HEAD_BYTES) -> bytes:
    """The first `size` bytes, decompressed; fewer if the file is shorter.

    Raises InputError as `opened` does.
    """
    with open_bytes(path) as stream:
        return stream.read(size)


def read_lines(
    path: Path, *, allow_large: bool = False, longest: int = 64 << 20
) -> Iterator[tuple[int, bytes, int]]:
    """(line number from 1, the line without its end, packed bytes read so far) of a file of lines.

    A line over `longest` bytes comes cut at `longest`, its rest skipped, so that one endless line
    cannot fill the memory. Of JSON that does not stand in lines (an array, an archive of X) every
    object comes as if it were a line.
    """
    size = path.stat().st_size
    if not json_array.is_lines(read_head(path)):
        with open_bytes(path, allow_large=allow_large) as stream:
            for number, element in enumerate(json_array.read_elements(stream, longest), 1):
                yield number, element, min(packed_position(stream), size)
        return
    with open_bytes(path, allow_large=allow_large) as stream:
        number = 0
        while line := stream.readline(longest + 1):
            number += 1
            if len(line) > longest and not line.endswith(b"\n"):
                while (rest := stream.readline(1 << 20)) and not rest.endswith(b"\n"):
                    pass
                line = line[:longest]
            yield number, line.rstrip(b"\r\n"), min(packed_position(stream), size)


def packed_position(stream: BinaryIO) -> int:
    """How many bytes of the file on disk have been read for `stream`."""
    raw = getattr(stream, "raw", None)
    return raw.packed if isinstance(raw, DecompressedStream) else stream.tell()


class DecompressedStream(io.RawIOBase):
    """A decompressed stream that counts and stops."""

    def __init__(self, path: Path, kind: str, *, allow_large: bool = False) -> None:
        self._path = path
        self._file = path.open("rb")
        self._limit = None if allow_large else MAX_UNPACKED_BYTES
        self.packed = 0
        self.unpacked = 0
        self._inner: Any
        if kind == "gzip":
            self._inner = gzip.GzipFile(fileobj=self._file, mode="rb")
        elif kind in ("xz", "bzip2"):
            self._inner = (lzma.LZMAFile if kind == "xz" else bz2.BZ2File)(self._file, "rb")
        else:
            import zstandard

            self._inner = zstandard.ZstdDecompressor(max_window_size=1 << 31).stream_reader(
                self._file, read_across_frames=True
            )
        self._zstd = kind == "zstd"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._inner.read(len(buffer))
        except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
            raise self._damage_error() from error
        except Exception as error:
            # zstandard's own error type is not importable without loading it for every plain file
            if type(error).__name__ != "ZstdError":
                raise
            raise self._damage_error() from error
        if not data and self._zstd and self._cut_short():
            raise self._damage_error()
        buffer[: len(data)] = data
        self.packed = self._file.tell()
        self.unpacked += len(data)
        self._check_size()
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

    def _cut_short(self) -> bool:
        # The stream reader takes the end of the file in mid-frame for the end of the data; the
        # frames tell otherwise.
        return not is_zstd_complete(self._path)

    def _damage_error(self) -> InputError:
        return InputError(
            "the archive ends too soon or is damaged",
            where=str(self._path),
            why="Rows would be missing without a trace, so none were taken.",
            fix="Download or copy it again.",
        )

    def _check_size(self) -> None:
        if self._limit is None or self.unpacked < MIN_BYTES_FOR_RATIO:
            return
        if self.unpacked > self._limit or self.unpacked > MAX_UNPACK_RATIO * max(self.packed, 1):
            raise InputError(
                f"the archive has unpacked to {self.unpacked >> 20:,} MiB "
                f"from {self.packed >> 10:,} KiB and goes on",
                where=str(self._path),
                why="That is how a decompression bomb looks.",
                fix="If you know what it is, say so with --allow-large.",
            )


def is_zstd_complete(path: Path) -> bool:
    """Whether the last zstd frame of a file is whole, by walking block headers (RFC 8878).

    Reads headers only.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        place = 0
        while place < size:
            file.seek(place)
            start = file.read(18)
            if len(start) >= 8 and start[1:4] == b"\x2a\x4d\x18" and 0x50 <= start[0] <= 0x5F:
                place += 8 + int.from_bytes(start[4:8], "little")
                continue
            if start[:4] != ZSTD or len(start) < 6:
                return False
            place += 5 + _frame_header_size(start[4])
            last = False
            while not last:
                file.seek(place)
                block = file.read(3)
                if len(block) < 3:
                    return False
                header = int.from_bytes(block, "little")
                last = bool(header & 1)
                place += 3 + (1 if (header >> 1) & 3 == 1 else header >> 3)
            place += 4 if start[4] & 4 else 0
        return place == size


def _frame_header_size(descriptor: int) -> int:
    """Bytes after the descriptor: window, dictionary id and content size."""
    single = bool(descriptor & 0x20)
    dictionary = (0, 1, 2, 4)[descriptor & 3]
    content = (1 if single else 0, 2, 4, 8)[descriptor >> 6]
    return (0 if single else 1) + dictionary + content


def _first(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except IsADirectoryError as error:
        raise InputError(
            "this is a folder, not a file",
            where=str(path),
            fix=f"Name the files in it: birdfall look {path}/*",
        ) from error
    except FileNotFoundError as error:
        raise InputError("there is no such file", where=str(path), fix="Check the name.") from error
    except PermissionError as error:
        raise InputError(
            "this file may not be read", where=str(path), fix="Change its permissions."
        ) from error
    except OSError as error:
        raise InputError(f"this file cannot be read ({error.strerror})", where=str(path)) from error
    except ValueError as error:
        raise InputError("this is no file name", where=repr(str(path))) from error
