"""How many events a second a recording is read at, from the file to the case.

`python benchmarks/firehose_import.py FILE`.

The recording is repeated, with accounts renamed within the frames so that every repetition is new
people, until it holds EVENTS events; the best of the runs is told, with its parts: splitting the
file, decoding, rows, and all of it into a case.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import struct
import tempfile
import time
from pathlib import Path

from birdfall.model.progress import silent
from birdfall.record.case import Case
from birdfall.sources.atproto import reader as atproto
from birdfall.sources.atproto.frames import decode_frame
from birdfall.sources.ingest import ingest
from birdfall.sources.shared.protocol import SourceOptions

_DID = re.compile(rb"did:plc:([a-z2-7]{24})")


def frames_of(path: Path) -> list[tuple[int, bytes]]:
    """(arrival in nanoseconds, frame) of a gzip or plain recording."""
    data = path.read_bytes()
    data = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    found, place = [], len(atproto.MAGIC)
    while place < len(data):
        arrival, length = struct.unpack_from(">QI", data, place)
        found.append((arrival, data[place + 12 : place + 12 + length]))
        place += 12 + length
    return found


def repeated(frames: list[tuple[int, bytes]], events: int, out: Path) -> int:
    """A recording of at least `events` frames; returns how many."""
    span = frames[-1][0] - frames[0][0] + 1_000_000_000
    count = 0
    letters = b"abcdefghijklmnopqrstuvwxyz234567"
    with out.open("wb") as file:
        file.write(atproto.MAGIC)
        copy = 0
        while count < events:
            mark = bytes((letters[copy >> 10 & 31], letters[copy >> 5 & 31], letters[copy & 31]))
            for arrival, frame in frames:
                body = _DID.sub(lambda m, mark=mark: b"did:plc:" + mark + m.group(1)[3:], frame)
                file.write(struct.pack(">QI", arrival + copy * span, len(body)) + body)
            count += len(frames)
            copy += 1
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recording", type=Path)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "repeated.atfh"
        events = repeated(frames_of(options.recording), options.events, place)
        bodies = [body for _, body in frames_of(place)]
        best = dict.fromkeys(("decode", "rows", "case"), float("inf"))
        rows: dict[str, int] = {}
        for run in range(options.runs):
            start = time.perf_counter()
            for body in bodies:
                decode_frame(body)
            best["decode"] = min(best["decode"], time.perf_counter() - start)
            start = time.perf_counter()
            for _ in atproto.read(place, SourceOptions(), silent):
                pass
            best["rows"] = min(best["rows"], time.perf_counter() - start)
            case = Case.create(Path(folder) / f"case-{run}")
            start = time.perf_counter()
            rows = ingest(case, place).rows
            best["case"] = min(best["case"], time.perf_counter() - start)
        told = {
            "events": events,
            "megabytes": place.stat().st_size / 1e6,
            "rows": rows,
            "load": os.getloadavg()[0],
        }
        told |= {
            f"{name}_events_per_second": round(events / seconds) for name, seconds in best.items()
        }
        print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
