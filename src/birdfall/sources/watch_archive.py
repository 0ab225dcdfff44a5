"""Raw events that a live watch stored: Parquet with source, arrival and the bytes as they came.

Each source of the watch is read as its own recording would be: frames and lines of an AT Protocol
stream, moderation events, changes of a wiki. Bytes that none of them knows are rejected rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from birdfall.model.errors import InputError
from birdfall.model.memory_limit import tells_of_memory
from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.sources import mediawiki, ozone
from birdfall.sources.atproto.frames import FrameError, decode_frame
from birdfall.sources.atproto.rows import RowBuilder
from birdfall.sources.jetstream import decode_line, is_frame
from birdfall.sources.shared.follow_index import FollowIndex
from birdfall.sources.shared.json_log import UnusableLine, parse_line
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.record_rows import ROWS_PER_BATCH

NAME = "watch"
WANTS_FOLLOWS = True
_MARK = b"birdfall.raw"


def sniff(path: Path, head: bytes) -> float:
    """Certain by the mark in the file's schema."""
    if not head.startswith(b"PAR1"):
        return 0.0
    try:
        return 1.0 if _MARK in (pq.read_schema(path).metadata or {}) else 0.0
    except (pa.ArrowException, OSError):
        return 0.0


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """Rows of a file of raw events. Raises InputError if it is damaged."""
    name = options.source_of(path)
    known_follows = options.known_follows or FollowIndex()
    streams: dict[str, _ArchivedStream] = {}
    done = 0
    try:
        file = pq.ParquetFile(path)
        total = file.metadata.num_rows
        for batch in file.iter_batches(1 << 14, columns=["source", "received", "data"]):
            received = batch.column("received").cast(pa.int64()).to_pylist()
            sources, events = (batch.column(c).to_pylist() for c in ("source", "data"))
            for source, at, data in zip(sources, received, events, strict=True):
                done += 1
                if source not in streams:
                    streams[source] = _ArchivedStream(f"{name}/{source}", known_follows)
                streams[source].add_event(done, at, data)
            progress("read", done, total, "rows")
            for stream in streams.values():
                yield from stream.rows()
    except (pa.ArrowException, OSError) as error:
        if tells_of_memory(error):
            raise
        raise InputError(
            "this Parquet file is damaged", where=str(path), fix="Copy it again."
        ) from error
    for stream in streams.values():
        yield from stream.finish()


class _ArchivedStream:
    """One source of the watch: the format of each event is seen from its first bytes."""

    def __init__(self, name: str, known_follows: FollowIndex) -> None:
        self._builder = RowBuilder(name, known_follows)
        self._ozone = ozone.ModerationLog(name)
        self._wiki = mediawiki.WikiLog(name)

    def add_event(self, number: int, received: int, data: bytes) -> None:
        """Take one event as it came."""
        if data.lstrip()[:1] != b"{":
            try:
                self._builder.add_event(number, decode_frame(data), received)
            except FrameError as error:
                self._builder.reject(number, str(error), received)
            return
        try:
            plain = parse_line(data)
            if "time_us" in plain or is_frame(plain):
                self._builder.add_event(number, decode_line(data).event, received)
            elif "subject" in plain:
                self._ozone.add_event(number, plain)
            else:
                self._wiki.add_event(number, plain)
        except (UnusableLine, FrameError) as error:
            shown = data[:200].decode("utf-8", "replace")
            self._builder.rejections.add(number, None, shown, str(error))

    def rows(self) -> Iterator[Rows]:
        """What is waiting, if it is enough for a batch."""
        yield from self._builder.rows(at_least=ROWS_PER_BATCH)

    def finish(self) -> Iterator[Rows]:
        """All that is left."""
        self._ozone.close()
        self._wiki.close()
        yield from self._builder.finish()
        for log in (self._ozone.events, self._wiki.events):
            if log.latest is not None:
                yield from log.finish()
