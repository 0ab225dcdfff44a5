"""Frames the watch decodes, judges and keeps a second when it catches up, on one core.

With many watched audiences.

    python benchmarks/watch.py RECORDING.atfh.gz [times] [audiences]
    python benchmarks/watch.py RECORDING.atfh.gz --paced 2000 --seconds 600 [--audiences 10000]

The recording is repeated with new accounts and later times until it is long enough. Raw frames are
kept, as they are live. Paced, frames come at their rate with the time of now, one repetition in
sixty with its wave; every ten seconds memory and lag (from a frame's arrival to the end of the
transaction that keeps it) are told. The first minute is left out of what is said of growth.
"""

import gzip
import json
import os
import re
import resource
import struct
import sys
import tempfile
import threading
import time
from pathlib import Path

from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.store.database import State

_DID = re.compile(rb"did:plc:([a-z2-7]{24})")


def repeated(path: Path, times: int, target: Path) -> int:
    """Write the recording `times` over, accounts renamed each time; the number of frames."""
    data = gzip.decompress(path.read_bytes())
    frames, at = [], 6
    while at < len(data):
        received, length = struct.unpack_from(">QI", data, at)
        frames.append((received, data[at + 12 : at + 12 + length]))
        at += 12 + length
    span = frames[-1][0] - frames[0][0] + 60_000_000_000
    alphabet = b"abcdefghijklmnopqrstuvwxyz234567"
    with target.open("wb") as out:
        out.write(b"ATFH1\n")
        for turn in range(times):
            letters = bytes([alphabet[turn % 32], alphabet[turn // 32 % 32]])
            for received, frame in frames:
                renamed = rename_accounts(frame, letters)
                out.write(struct.pack(">QI", received + turn * span, len(renamed)) + renamed)
    return len(frames) * times


def rename_accounts(frame: bytes, letters: bytes) -> bytes:
    """The frame with other letters at the beginning of every account's id."""
    return _DID.sub(lambda m: b"did:plc:" + letters + m[1][2:], frame)


#: Which of sixty repetitions holds its wave.
WAVE_AT = int(os.environ.get("WAVE_AT", "30"))
_TIME = re.compile(rb"dtimex\x18.{24}", re.DOTALL)


class Paced:
    """A live source in the watch's own process.

    Frames at a rate, as a socket would hand them on.
    """

    name, live = "paced", True

    def __init__(self, path: Path, rate: int, seconds: int) -> None:
        from birdfall.watch.feeds.base import ConnectionHealth

        self.health, self.rate, self.seconds = ConnectionHealth(), rate, seconds
        data, at, self.frames = gzip.decompress(path.read_bytes()), 6, []
        while at < len(data):
            _, length = struct.unpack_from(">QI", data, at)
            frame = data[at + 12 : at + 12 + length]
            self.frames.append((frame, b"gstatus" in frame[-120:] or b"dtimex" not in frame))
            at += 12 + length

    def run(self, _cursor, _epoch, put, stop) -> None:
        from birdfall.watch.feeds.base import now
        from birdfall.watch.feeds.decode import decode_frame
        from birdfall.watch.feeds.json_fields import DecodeError
        from birdfall.watch.model.events import StreamBatch

        self.health.up()
        began, number, batch = time.monotonic(), 0, []
        while not stop.is_set() and time.monotonic() - began < self.seconds:
            turn, at = divmod(number, len(self.frames))
            frame, falls = self.frames[at]
            number += 1
            if not falls or turn % 60 == WAVE_AT:
                letters = bytes(
                    [b"abcdefghijklmnopqrstuvwxyz234567"[k] for k in (turn % 32, turn // 32 % 32)]
                )
                received = now()
                stamp = (
                    time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(received // 1_000_000))
                    + f".{received // 1000 % 1000:03d}Z"
                )
                frame = _TIME.sub(b"dtimex\x18" + stamp.encode(), frame, count=1)
                frame = rename_accounts(frame, letters)
                try:
                    events, _ = decode_frame(frame, received)
                    batch.append(StreamBatch(received, tuple(events), str(number), "", frame))
                except DecodeError as error:
                    batch.append(StreamBatch(received, refused=str(error), raw=frame))
            if len(batch) >= self.rate // 10:
                put(batch)
                batch = []
                ahead = began + number / self.rate - time.monotonic()
                if ahead > 0:
                    time.sleep(ahead)
        stop.set()


def paced(path: Path, rate: int, seconds: int, audiences: int) -> None:
    """Steady for a while: memory and lag."""
    from birdfall.watch.engine.archive import rotate
    from birdfall.watch.feeds.base import now

    def resident() -> float:
        return (
            int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
        )

    with tempfile.TemporaryDirectory() as folder:
        state = State.open(Path(folder, "watch.sqlite"))
        feed, stop = Paced(path, rate, seconds), threading.Event()
        leaders = tuple(f"did:plc:{i:024d}" for i in range(audiences))
        lags, memory, due = [], [], [time.monotonic() + 10]

        class Watch(Watcher):
            def process_batches(self, batches) -> None:
                listed = list(batches)
                super().process_batches(listed)
                for _, batch in listed:
                    if batch:
                        lags.append((now() - batch[0].received) / 1e6)

        def after() -> None:
            rotate(state, Path(folder, "raw"))
            if time.monotonic() >= due[0]:
                due[0] += 10
                memory.append(resident())
                print(
                    f"{len(memory) * 10:5d} s  {memory[-1]:6.0f} MB"
                    f"  lag {max(lags[-50:], default=0):.2f} s",
                    flush=True,
                )

        used, began = time.process_time(), time.monotonic()
        Watch(state, [feed], leaders=leaders, after=after).run(stop)
        steps = state.connection.execute("SELECT steps FROM sources").fetchone()[0]
        later = memory[6:] or memory
        lags.sort()
        print(
            json.dumps(
                {
                    "frames": steps,
                    "per_s": round(steps / (time.monotonic() - began)),
                    "audiences": audiences,
                    "cpu_share": round(
                        (time.process_time() - used) / (time.monotonic() - began), 2
                    ),
                    "mb_first": round(later[0]),
                    "mb_last": round(later[-1]),
                    "mb_peak": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
                    "lag_median_s": round(lags[len(lags) // 2], 2),
                    "lag_99_s": round(lags[len(lags) * 99 // 100], 2),
                    "lag_max_s": round(lags[-1], 2),
                    "load": round(os.getloadavg()[0], 1),
                }
            )
        )


def main() -> None:
    if "--paced" in sys.argv:
        given = dict(zip(sys.argv[2::2], sys.argv[3::2], strict=True))
        paced(
            Path(sys.argv[1]),
            int(given["--paced"]),
            int(given.get("--seconds", 600)),
            int(given.get("--audiences", 10_000)),
        )
        return
    path = Path(sys.argv[1])
    times = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    audiences = int(sys.argv[3]) if len(sys.argv) > 3 else 10_000
    os.sched_setaffinity(0, {0})
    with tempfile.TemporaryDirectory() as folder:
        long = Path(folder, "long.atfh")
        number = repeated(path, times, long)
        leaders = tuple(f"did:plc:{i:024d}" for i in range(audiences))
        Watcher(
            State.open(Path(folder, "warm.sqlite")),
            [RecordingFeed("r", (path,))],
            recount_every=1.0,
        ).run(threading.Event())
        state = State.open(Path(folder, "watch.sqlite"))
        began, used = time.perf_counter(), time.process_time()
        Watcher(state, [RecordingFeed("r", (long,))], leaders=leaders, recount_every=1.0).run(
            threading.Event()
        )
        wall, cpu = time.perf_counter() - began, time.process_time() - used
        print(
            json.dumps(
                {
                    "frames": number,
                    "audiences": audiences,
                    "frames_per_s": round(number / wall),
                    "frames_per_cpu_s": round(number / cpu),
                    "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
                    "load": round(os.getloadavg()[0], 1),
                }
            )
        )


if __name__ == "__main__":
    main()
