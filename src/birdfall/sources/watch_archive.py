"""Raw events that a live watch has put away: Parquet with source, arrival and the bytes as they came.

Each source of the watch is read as its own recording would be: frames and lines of an AT Protocol stream, moderation events,
changes of a wiki. Bytes that none of them knows are rejected rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from birdfall.model.errors import InputError
from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.sources import mediawiki, ozone
from birdfall.sources.atproto.frames import FrameError, decode_frame
from birdfall.sources.atproto.rows import ROWS_PER_BATCH, Follows, RowBuilder, Unfollows
from birdfall.sources.jetstream import decode_line, is_frame
from birdfall.sources.shared.json_log import UnusableLine, parse_line
from birdfall.sources.shared.protocol import SourceOptions

NAME = "watch"
_MARK = b"birdfall.raw"


def sniff(path: Path, head: bytes) -> float:
    """Certain by the mark in the file's schema."""
    if not head.startswith(b"PAR1"):
        return 0.0
    try:
        return 1.0 if _MARK in (pq.read_schema(path).metadata or {}) else 0.0
    except (pa.ArrowException, OSError):
        return 0.0


def read(
    path: Path,
    options: SourceOptions,
    progress: Progress,
    *,
    follows: Follows | None = None,
    unfollows: Unfollows | None = None,
) -> Iterator[Rows | Part]:
    """Rows of a file of raw events. Raises InputError if it is damaged."""
    name = options.source_of(path)
    readers: dict[str, _ArchivedStream] = {}
    done = 0
    try:
        file = pq.ParquetFile(path)
        total = file.metadata.num_rows
        for batch in file.iter_batches(1 << 14, columns=["source", "received", "data"]):
            sources = batch.column("source").to_pylist()
            received = batch.column("received").cast(pa.int64()).to_pylist()
            for source, at, data in zip(
                sources, received, batch.column("data").to_pylist(), strict=True
            ):
                done += 1
                reader = readers.setdefault(
                    source, _ArchivedStream(f"{name}/{source}", follows, unfollows)
                )
                reader.add_event(done, at, data)
            progress("read", done, total, "rows")
            for reader in readers.values():
                yield from reader.rows()
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            "this Parquet file is damaged", where=str(path), fix="Copy it again."
        ) from error
    for reader in readers.values():
        yield from reader.finish()


class _ArchivedStream:
    """One source: what its bytes are is seen from the first of them."""

    def __init__(self, name: str, follows: Follows | None, unfollows: Unfollows | None) -> None:
        self._builder = RowBuilder(name, follows, unfollows)
        self._ozone = ozone.ModerationLog(name)
        self._wiki = mediawiki.WikiLog(name)

    def add_event(self, number: int, received: int, data: bytes) -> None:
        """One event as it came."""
        if data.lstrip()[:1] != b"{":
            try:
                self._builder.add_event(number, decode_frame(data), received)
            except FrameError as error:
                self._builder.reject(number, str(error), received)
            return
        try:
            plain = parse_line(data)
            if "time_us" in plain or is_frame(plain):
                self._builder.add_event(number, decode_line(data)[1], received)
            elif "subject" in plain:
                self._ozone.add_event(number, plain)
            else:
                self._wiki.add_event(number, plain)
        except (UnusableLine, FrameError) as error:
            self._builder.rejections.add(
                number, None, data[:200].decode("utf-8", "replace"), str(error)
            )

    def rows(self) -> Iterator[Rows]:
        """What is waiting, if it is much."""
        yield from self._builder.rows(at_least=ROWS_PER_BATCH)

    def finish(self) -> Iterator[Rows]:
        """All that is left."""
        self._ozone.close()
        self._wiki.close()
        yield from self._builder.finish()
        for log in (self._ozone, self._wiki):
            if log.buffers.latest is not None:
                yield from log.buffers.finish()
