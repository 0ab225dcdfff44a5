"""The watch catching up: frames decoded, detected and kept a second, on one core, with many watched audiences.

    python benchmarks/watch.py RECORDING.atfh.gz [times] [audiences]

The recording is repeated with new accounts and later times until it is long enough. Raw frames are kept, as they are live.
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

from birdfall.watch.recorded import Recording
from birdfall.watch.state import State
from birdfall.watch.watcher import Watcher

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
                renamed = _DID.sub(lambda m: b"did:plc:" + letters + m[1][2:], frame)
                out.write(struct.pack(">QI", received + turn * span, len(renamed)) + renamed)
    return len(frames) * times


def main() -> None:
    path = Path(sys.argv[1])
    times = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    audiences = int(sys.argv[3]) if len(sys.argv) > 3 else 10_000
    os.sched_setaffinity(0, {0})
    with tempfile.TemporaryDirectory() as folder:
        long = Path(folder, "long.atfh")
        number = repeated(path, times, long)
        leaders = tuple(f"did:plc:{i:024d}" for i in range(audiences))
        Watcher(State.open(Path(folder, "warm.sqlite")), [Recording("r", (path,))], recount_every=1.0).run(
            threading.Event()
        )
        state = State.open(Path(folder, "watch.sqlite"))
        began, used = time.perf_counter(), time.process_time()
        Watcher(state, [Recording("r", (long,))], leaders=leaders, recount_every=1.0).run(threading.Event())
        wall, cpu = time.perf_counter() - began, time.process_time() - used
        print(json.dumps({
            "frames": number, "audiences": audiences, "frames_per_s": round(number / wall), "frames_per_cpu_s": round(number / cpu),
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024), "load": round(os.getloadavg()[0], 1),
        }))  # fmt: skip


if __name__ == "__main__":
    main()
