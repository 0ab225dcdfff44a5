"""Events that were recorded, at any speed, and lines that come through a pipe.

A recording has a clock of its own: what arrived a minute later arrives a minute later, or a minute divided by the speed.
"""

from __future__ import annotations

import io
import json
import os
import select
import struct
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import merge
from pathlib import Path
from typing import BinaryIO, ClassVar

from birdfall.model.errors import InputError
from birdfall.sources.shared.open import open_bytes, read_head, read_lines
from birdfall.watch.feeds.base import ConnectionHealth, Put, now
from birdfall.watch.feeds.decode import (
    DecodeError,
    decode_frame,
    decode_jetstream,
    decode_line,
    decode_mediawiki,
    decode_ozone,
)
from birdfall.watch.model.events import StreamBatch

_HEADER = struct.Struct(">QI")
_MAGIC = b"ATFH1\n"
_MAX_FRAME_BYTES = 64 << 20
MAX_BATCH_STEPS = 1000


@dataclass
class RecordingFeed:
    """Files: frames (.atfh), or lines of Jetstream, Ozone, MediaWiki or NDJSON, merged by when each step arrived.

    speed: 0 as fast as can be, 1 as it was. Its cursor is the number of the step, so that a replay that was killed goes on.
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
        """All steps after `cursor`."""
        self.health.mark_connected()
        skip, waiting = int(cursor or 0), list[StreamBatch]()
        began, first = time.monotonic(), None
        for number, step in enumerate(
            merge(*map(read_steps, self.paths), key=lambda s: s.received), 1
        ):
            if stop.is_set():
                break
            if number <= skip:
                continue
            first = step.received if first is None else first
            if self.speed > 0:
                due = began + (step.received - first) / 1e6 / self.speed
                if due > time.monotonic() + 0.02:
                    if waiting:
                        put(waiting)
                        waiting = []
                    if stop.wait(due - time.monotonic()):
                        break
            waiting.append(
                StreamBatch(
                    step.received,
                    step.events,
                    str(number),
                    epoch,
                    step.raw,
                    step.gaps,
                    step.refused,
                    step.reconnect,
                )
            )
            if len(waiting) >= MAX_BATCH_STEPS:
                put(waiting)
                waiting = []
        if waiting:
            put(waiting)
        self.health.ended = True
        self.health.connected = False


def read_steps(path: Path) -> Iterator[StreamBatch]:
    """The steps of a recording, each with the time it arrived. Raises InputError if it is none."""
    kind = recording_format(path)
    if kind == "frames":
        with open_bytes(path) as stream:
            yield from _frames(stream)
        return
    latest = 0
    for _, line, _ in read_lines(path):
        plain = line.strip()
        if not plain or plain.startswith((b":", b"event:", b"id:", b"retry:")):
            continue
        step = _line(kind, plain.removeprefix(b"data:").strip(), latest)
        latest = max(latest, step.received)
        yield step


def _frames(stream: BinaryIO) -> Iterator[StreamBatch]:
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
    """What a recording holds. Raises InputError if it is none."""
    from birdfall.sources import jetstream, mediawiki, ozone

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


def _line(kind: str, line: bytes, latest: int) -> StreamBatch:
    try:
        if kind == "jetstream":
            events, sent = decode_jetstream(line, 1 << 62)
            return StreamBatch(sent, tuple(events), raw=line)
        if kind == "lines":
            events = decode_line(line, latest)
        else:
            plain = json.loads(line)
            if not isinstance(plain, dict):
                raise DecodeError("not an object")
            events = decode_ozone(plain) if kind == "ozone" else decode_mediawiki(plain)
    except (DecodeError, ValueError, RecursionError) as error:
        return StreamBatch(latest, refused=str(error)[:200], raw=line)
    return StreamBatch(max((e.time for e in events), default=latest), tuple(events), raw=line)


@dataclass
class LinesFeed:
    """NDJSON on standard input (or another stream of bytes), taken as it comes."""

    name: str = "-"
    stream: BinaryIO | None = None
    live: bool = True
    pushed: ClassVar[bool] = False
    host: ClassVar[str] = ""
    url: ClassVar[str] = ""
    health: ConnectionHealth = field(default_factory=ConnectionHealth)

    def run(self, cursor: str | None, epoch: str, put: Put, stop: threading.Event) -> None:
        """Until the pipe is closed."""
        self.health.mark_connected()
        given = self.stream
        read = (
            read_pipe_lines(sys.stdin.fileno(), stop)
            if given is None
            else iter(lambda: given.readline(_MAX_FRAME_BYTES), b"")
        )
        for line in read:
            if stop.is_set():
                break
            if not line.strip():
                continue
            received = now()
            try:
                put([StreamBatch(received, tuple(decode_line(line, received)), raw=line.strip())])
            except DecodeError as error:
                put([StreamBatch(received, refused=str(error), raw=line[:1000])])
        self.health.connected, self.health.ended = False, True


def read_pipe_lines(
    descriptor: int, stop: threading.Event, longest: int = _MAX_FRAME_BYTES
) -> Iterator[bytes]:
    """Lines of a pipe or file, each with its end, until it ends or `stop` is set; a line longer than `longest` comes in pieces.

    Not by a buffered reader: a thread that waits in one cannot be left when the process ends.
    """
    kept = bytearray()
    while not stop.is_set():
        # Windows waits for sockets only: there the read itself blocks, until the writer ends.
        if sys.platform != "win32" and not select.select([descriptor], [], [], 0.5)[0]:
            continue
        data = os.read(descriptor, 1 << 16)
        if not data:
            break
        for piece in io.BytesIO(data):
            kept += piece
            while len(kept) > longest:
                yield bytes(kept[:longest])
                del kept[:longest]
            if kept.endswith(b"\n"):
                yield bytes(kept)
                kept.clear()
    if kept and not stop.is_set():
        yield bytes(kept)
