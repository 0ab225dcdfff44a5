"""Recordings replayed at any speed, and lines read from a pipe.

A recording has a clock of its own: what arrived a minute later arrives a minute later, or a minute
divided by the speed.
"""

from __future__ import annotations

import io
import os
import queue
import select
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush, merge
from pathlib import Path
from typing import BinaryIO, ClassVar, Final

from birdfall.model.errors import InputError
from birdfall.sources import jetstream, mediawiki, ozone
from birdfall.sources.shared.open import open_bytes, read_head, read_lines
from birdfall.watch.feeds.base import ConnectionHealth, Put, now
from birdfall.watch.feeds.decode import (
    decode_frame,
    decode_jetstream,
    decode_line,
    decode_mediawiki,
    decode_ozone,
)
from birdfall.watch.feeds.json_fields import DecodeError, JsonFields
from birdfall.watch.model.events import StreamBatch

_HEADER: Final = struct.Struct(">QI")
_MAGIC: Final = b"ATFH1\n"
#: Longest frame or line that is read, in bytes.
_MAX_FRAME_BYTES: Final = 64 << 20
#: Most steps that are put at once.
MAX_BATCH_STEPS = 1000
#: Lines of a file that are put into the order of their times.
ORDERED_STEPS: Final = 2000
#: Steps due within so many seconds are put together.
MIN_WAIT_SECONDS: Final = 0.02
#: Seconds between looks at whether the watch was stopped, while a pipe is silent.
STOP_CHECK_SECONDS: Final = 0.5
#: Waits for chunks of a file descriptor, until it ends or the event is set.
Poll = Callable[[int, threading.Event], Iterator[bytes]]


@dataclass
class RecordingFeed:
    """Replays files, merged by when each step arrived.

    Its cursor is the number of the step, so that a killed replay resumes where it stopped.

    Attributes
    ----------
    paths
        Frames (.atfh), or lines of Jetstream, Ozone, MediaWiki or NDJSON.
    speed
        0: as fast as can be; 1: at the pace of the recording.
    """

    name: str
    paths: tuple[Path, ...]
    speed: float = 0.0
    live: bool = False
    pushed: ClassVar[bool] = False
    host: ClassVar[str] = ""
    url: ClassVar[str] = ""
    health: ConnectionHealth = field(default_factory=ConnectionHealth)

    def run(self, cursor: str | None, epoch: str, put: Put, stop: threading.Event) -> None:
        """Put all steps after `cursor`, the number of the last step that was committed."""
        self.health.mark_connected()
        waiting: list[StreamBatch] = []
        pace = _Pace(self.speed)
        for step in self._steps_after(int(cursor or 0), epoch):
            if stop.is_set():
                break
            wait = pace.wait_for(step.received)
            if wait > MIN_WAIT_SECONDS:
                if waiting:
                    put(waiting)
                    waiting = []
                if stop.wait(wait):
                    break
            waiting.append(step)
            if len(waiting) >= MAX_BATCH_STEPS:
                put(waiting)
                waiting = []
        if waiting:
            put(waiting)
        self.health.ended = True
        self.health.connected = False

    def _steps_after(self, skipped: int, epoch: str) -> Iterator[StreamBatch]:
        """The steps of all files in order, without the first `skipped`, each with its number as
        cursor.
        """
        merged = merge(*map(read_steps, self.paths), key=lambda step: step.received)
        for number, step in enumerate(merged, 1):
            if number > skipped:
                yield replace(step, cursor=str(number), epoch=epoch)


class _Pace:
    """When a step of a recording is due: as long after the first as it was, divided by `speed`; at
    once for speed 0.
    """

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._began = time.monotonic()
        self._first: int | None = None

    def wait_for(self, received: int) -> float:
        """Seconds until the step that arrived at `received`, in microseconds, is due."""
        if self._speed <= 0:
            return 0.0
        if self._first is None:
            self._first = received
        due = self._began + (received - self._first) / 1e6 / self._speed
        return due - time.monotonic()


def read_steps(path: Path) -> Iterator[StreamBatch]:
    """The steps of a recording, each with the time it arrived. Raises InputError if it is none."""
    kind = recording_format(path)
    if kind == "frames":
        with open_bytes(path) as stream:
            yield from _read_frames(stream)
        return
    yield from _in_time_order(_read_line_steps(path, kind))


def _in_time_order(steps: Iterator[StreamBatch]) -> Iterator[StreamBatch]:
    """Steps that came up to `ORDERED_STEPS` too late, where they belong: a file may have its latest
    line first."""
    waiting: list[tuple[int, int, StreamBatch]] = []
    for number, step in enumerate(steps):
        heappush(waiting, (step.received, number, step))
        if len(waiting) > ORDERED_STEPS:
            yield heappop(waiting)[-1]
    while waiting:
        yield heappop(waiting)[-1]


def _read_line_steps(path: Path, kind: str) -> Iterator[StreamBatch]:
    latest = 0
    for _, line, _ in read_lines(path):
        plain = line.strip()
        if not plain or plain.startswith((b":", b"event:", b"id:", b"retry:")):
            continue
        step = _decode_recorded(kind, plain.removeprefix(b"data:").strip(), latest)
        latest = max(latest, step.received)
        yield step


def _read_frames(stream: BinaryIO) -> Iterator[StreamBatch]:
    stream.read(len(_MAGIC))
    while len(header := stream.read(_HEADER.size)) == _HEADER.size:
        nanoseconds, length = _HEADER.unpack(header)
        if length > _MAX_FRAME_BYTES:
            return
        frame, received = stream.read(length), nanoseconds // 1000
        try:
            events, _ = decode_frame(frame, received)
        except DecodeError as error:
            yield StreamBatch(received, refused=str(error), raw=frame)
        else:
            yield StreamBatch(received, tuple(events), raw=frame)


def recording_format(path: Path) -> str:
    """The format of a recording: frames, jetstream, ozone, changes or lines.

    Raises InputError if it has none of these.
    """
    start = read_head(path)
    if start.startswith(_MAGIC):
        return "frames"
    for kind, source in (("jetstream", jetstream), ("ozone", ozone), ("changes", mediawiki)):
        if source.sniff(path, start) >= 0.5:
            return kind
    if start.lstrip().startswith(b"{"):
        return "lines"
    raise InputError(
        "this is no recording that can be replayed",
        where=str(path),
        fix="Give .atfh frames, or lines of Jetstream, Ozone, MediaWiki or Birdfall's own NDJSON.",
    )


def _decode_recorded(kind: str, line: bytes, latest: int) -> StreamBatch:
    """Decode one line of a recording; `latest`, in microseconds, is the time of a line that has
    none.
    """
    try:
        if kind == "jetstream":
            found, sent = decode_jetstream(line, 1 << 62)
            return StreamBatch(sent, tuple(found), raw=line)
        if kind == "lines":
            events = decode_line(line, latest)
        elif kind == "ozone":
            events = decode_ozone(JsonFields.parse(line))
        else:
            events = decode_mediawiki(JsonFields.parse(line))
    except DecodeError as error:
        return StreamBatch(latest, refused=str(error)[:200], raw=line)
    return StreamBatch(max((e.time for e in events), default=latest), tuple(events), raw=line)


@dataclass
class LinesFeed:
    """Reads NDJSON from standard input, or from `stream`, as it comes."""

    name: str = "-"
    stream: BinaryIO | None = None
    live: bool = True
    pushed: ClassVar[bool] = False
    host: ClassVar[str] = ""
    url: ClassVar[str] = ""
    health: ConnectionHealth = field(default_factory=ConnectionHealth)

    def run(self, cursor: str | None, epoch: str, put: Put, stop: threading.Event) -> None:
        """Put one step per line until the pipe is closed or `stop` is set; a pipe cannot go back to
        `cursor`.
        """
        del cursor, epoch
        self.health.mark_connected()
        for line in self._lines(stop):
            if stop.is_set():
                break
            if not line.strip():
                continue
            received = now()
            try:
                put([StreamBatch(received, tuple(decode_line(line, received)), raw=line.strip())])
            except DecodeError as error:
                put([StreamBatch(received, refused=str(error), raw=line.strip())])
        self.health.connected, self.health.ended = False, True

    def _lines(self, stop: threading.Event) -> Iterator[bytes]:
        stream = self.stream
        if stream is None:
            return read_pipe_lines(sys.stdin.fileno(), stop)
        return iter(lambda: stream.readline(_MAX_FRAME_BYTES), b"")


def read_pipe_lines(
    descriptor: int,
    stop: threading.Event,
    longest: int = _MAX_FRAME_BYTES,
    poll: Poll | None = None,
) -> Iterator[bytes]:
    """Lines of a pipe or file, each with its end, until it ends or `stop` is set.

    Parameters
    ----------
    descriptor
        File descriptor, open for reading.
    stop
        Ends the reading within half a second, also while the pipe is silent.
    longest
        A line of more bytes comes in pieces of so many.
    poll
        How chunks are waited for; the way of this system if not given.
    """
    if poll is None:
        poll = poll_in_thread if os.name == "nt" else poll_by_select
    buffer = bytearray()
    for chunk in poll(descriptor, stop):
        for piece in io.BytesIO(chunk):
            buffer += piece
            while len(buffer) > longest:
                yield bytes(buffer[:longest])
                del buffer[:longest]
            if buffer.endswith(b"\n"):
                yield bytes(buffer)
                buffer.clear()
    if buffer and not stop.is_set():
        yield bytes(buffer)


def poll_by_select(descriptor: int, stop: threading.Event) -> Iterator[bytes]:
    """Chunks of a pipe.

    Not by a buffered reader: a thread that waits in one cannot be left when the process ends.
    """
    if os.name == "nt":
        return  # there `select` takes sockets only, and `poll_in_thread` is chosen
    while not stop.is_set():
        if not select.select([descriptor], [], [], STOP_CHECK_SECONDS)[0]:
            continue
        data = os.read(descriptor, 1 << 16)
        if not data:
            return
        yield data


def poll_in_thread(descriptor: int, stop: threading.Event) -> Iterator[bytes]:
    """Chunks of a pipe where `select` takes only sockets (Windows): a thread waits in `os.read`,
    which holds no lock.
    """
    chunks: queue.Queue[bytes] = queue.Queue(maxsize=1)

    def read() -> None:
        data = b"first"
        while data and not stop.is_set():
            try:
                data = os.read(descriptor, 1 << 16)
            except OSError:
                data = b""
            chunks.put(data)

    threading.Thread(target=read, name="standard input", daemon=True).start()
    while not stop.is_set():
        try:
            data = chunks.get(timeout=STOP_CHECK_SECONDS)
        except queue.Empty:
            continue
        if not data:
            return
        yield data
