"""Raw events that a live watch stored: Parquet with source, arrival and the bytes as they came.

Each source of the watch is read as what it speaks: frames and lines of an AT Protocol stream,
moderation events, changes of a wiki, deliveries of Mastodon, lines of Birdfall's own. Bytes that
none of them knows are rejected rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from birdfall.model.errors import InputError
from birdfall.model.memory_limit import tells_of_memory
from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.sources import mastodon_deliveries, mediawiki, ozone, watch_lines
from birdfall.sources.atproto.frames import FrameError, decode_frame
from birdfall.sources.atproto.rows import RowBuilder
from birdfall.sources.jetstream import decode_line, is_frame
from birdfall.sources.shared.follow_index import FollowIndex
from birdfall.sources.shared.json_log import EventLog, UnusableLine, parse_line
from birdfall.sources.shared.json_object import JsonObject
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
                    streams[source] = _ArchivedStream(source, f"{name}/{source}", known_follows)
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
    """One source of the watch, named SCHEME:ADDRESS: its scheme says in which form its events are,
    or else their own first members do (a recording, a topic of Kafka, a source of another package).
    """

    def __init__(self, source: str, name: str, known_follows: FollowIndex) -> None:
        self._scheme = source.partition(":")[0]
        self._builder = RowBuilder(name, known_follows)
        self._ozone = ozone.ModerationLog(name)
        self._wiki = mediawiki.WikiLog(name)
        self._lines = watch_lines.LineLog(name)
        self._deliveries = mastodon_deliveries.DeliveryLog(name)

    def add_event(self, number: int, received: int, data: bytes) -> None:
        """Take one event as it came."""
        if self._scheme not in _JSON_FORMS and data.lstrip()[:1] != b"{":
            try:
                self._builder.add_event(number, decode_frame(data), received)
            except FrameError as error:
                self._builder.reject(number, str(error), received)
            return
        try:
            plain = parse_line(data)
            match _JSON_FORMS.get(self._scheme) or _form_of(plain):
                case _Form.LINE:
                    self._lines.add_event(number, plain, received)
                case _Form.JETSTREAM:
                    self._builder.add_event(number, decode_line(data).event, received)
                case _Form.DELIVERY:
                    self._deliveries.add_event(number, plain)
                case _Form.MODERATION:
                    self._ozone.add_event(number, plain)
                case _Form.CHANGE:
                    self._wiki.add_event(number, plain)
        except (UnusableLine, FrameError) as error:
            shown = data[:200].decode("utf-8", "replace")
            self._builder.rejections.add(number, None, shown, str(error))

    def rows(self) -> Iterator[Rows]:
        """What is waiting, if it is enough for a batch."""
        yield from self._builder.rows(at_least=ROWS_PER_BATCH)
        for log in self._logs():
            yield from log.rows(at_least=ROWS_PER_BATCH)

    def finish(self) -> Iterator[Rows]:
        """All that is left."""
        self._ozone.close()
        self._wiki.close()
        yield from self._builder.finish()
        for log in self._logs():
            yield from log.finish()

    def _logs(self) -> tuple[EventLog, ...]:
        logs = (self._ozone, self._wiki, self._lines, self._deliveries)
        return tuple(log.events for log in logs)


class _Form(Enum):
    """In which form an event in JSON is."""

    LINE = auto()
    JETSTREAM = auto()
    DELIVERY = auto()
    MODERATION = auto()
    CHANGE = auto()


#: The form of a source that has but one, by its scheme.
_JSON_FORMS: Final = {
    "-": _Form.LINE,
    "jetstream": _Form.JETSTREAM,
    "jetstream2": _Form.JETSTREAM,
    "mastodon": _Form.DELIVERY,
    "mastodon-hooks": _Form.DELIVERY,
    "ozone": _Form.MODERATION,
    "wiki": _Form.CHANGE,
}


def _form_of(plain: JsonObject) -> _Form:
    """The form of an event whose source does not say it. Raises UnusableLine if it has none."""
    if watch_lines.is_line(plain):
        return _Form.LINE
    if "time_us" in plain or is_frame(plain):
        return _Form.JETSTREAM
    if mastodon_deliveries.is_delivery(plain):
        return _Form.DELIVERY
    if plain.child("subject") is not None and plain.child("event") is not None:
        return _Form.MODERATION
    if mediawiki.is_change(plain):
        return _Form.CHANGE
    if plain.text("kind") is not None:
        return _Form.LINE  # which says what it lacks
    raise UnusableLine("an event of no form that the sources of a watch have")
