"""Recordings of an AT Protocol event stream (`.atfh`, plain, gzip or zstd).

The file: `ATFH1\\n`, then per frame its arrival as unsigned 64-bit big-endian nanoseconds since
1970, its length as unsigned 32-bit big-endian bytes, and the frame as it came. `frames` decodes a
frame, `rows` makes rows of it. A frame that cannot be read is a rejected row with its number; the
frames after it are read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from birdfall.model.errors import InputError
from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.sources.atproto.frames import FrameError, decode_frame
from birdfall.sources.atproto.rows import RowBuilder
from birdfall.sources.shared.open import open_bytes, packed_position
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.record_rows import ROWS_PER_BATCH
from birdfall.sources.shared.timestamps import EARLIEST_US, LATEST_US

NAME = "atproto"
WANTS_FOLLOWS = True
MAGIC: Final = b"ATFH1\n"
#: Frames are 5 MB at most by the protocol; a greater length means that the file is damaged.
MAX_FRAME_BYTES: Final = 64 << 20
_HEADER: Final = struct.Struct(">QI")


def sniff(_path: Path, head: bytes) -> float:
    """Certain when the magic stands first."""
    return 1.0 if head.startswith(MAGIC) else 0.0


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """Rows of a recording.

    A recording that ends within a frame (the recorder was killed) is read up to there; the rest is
    a rejected row.

    Raises
    ------
    InputError
        If the file is no recording, or its archive is damaged.
    """
    builder = RowBuilder(options.source_of(path), options.known_follows)
    size = path.stat().st_size
    with open_bytes(path, allow_large=options.allow_large) as stream:
        if stream.read(len(MAGIC)) != MAGIC:
            raise InputError(
                "this is no recording of an event stream",
                where=str(path),
                fix="Recordings begin with ATFH1; choose another reader with --reader.",
            )
        for number, received, frame in _frames(stream, builder):
            try:
                event = decode_frame(frame)
            except FrameError as error:
                builder.reject(number, str(error), received)
            else:
                builder.add_event(number, event, received)
            if number % 1024 == 0:
                progress("read", min(packed_position(stream), size), size, "bytes")
                yield from builder.rows(at_least=ROWS_PER_BATCH)
    yield from builder.finish()


def _frames(stream: BinaryIO, builder: RowBuilder) -> Iterator[tuple[int, int | None, bytes]]:
    """(number from 1, arrival in microseconds or None if implausible, frame)."""
    number = 0
    while head := stream.read(_HEADER.size):
        number += 1
        if len(head) < _HEADER.size:
            builder.reject(number, "the recording ends within a frame")
            return
        nanoseconds, length = _HEADER.unpack(head)
        if length > MAX_FRAME_BYTES:
            builder.reject(
                number, "a frame of impossible length; nothing after it can be read", value=length
            )
            return
        frame = stream.read(length)
        if len(frame) < length:
            builder.reject(number, "the recording ends within a frame")
            return
        received = nanoseconds // 1000
        yield (
            number,
            received if EARLIEST_US <= received < LATEST_US else None,
            frame,
        )
