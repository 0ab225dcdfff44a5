"""Frames that a core sieves a second, and lines that a core judges a second.

See docs/methods/watch-sizing.md.

    python benchmarks/watch_sieve.py RECORDING.atfh.gz

The sieve in this process, without the broker's share; the judge over the sieve's own lines, with
its state on disk.
"""

import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

from birdfall.cluster.stream import sieve_locally
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.base import ConnectionHealth
from birdfall.watch.feeds.decode import decode_line
from birdfall.watch.feeds.replay import read_steps
from birdfall.watch.model.events import StreamBatch
from birdfall.watch.store.database import State


class Given:
    """Lines as they come from the sieve."""

    name, live = "given", False

    def __init__(self, lines) -> None:
        self.health, self.lines = ConnectionHealth(), lines

    def run(self, _cursor, _epoch, put, _stop) -> None:
        self.health.up()
        for begin in range(0, len(self.lines), 1000):
            part = self.lines[begin : begin + 1000]
            put(
                [
                    StreamBatch(at, tuple(decode_line(line, at)), str(begin + k), "", line)
                    for k, (at, line) in enumerate(part, 1)
                ]
            )
        self.health.ended = True


def main() -> None:
    leaders = tuple(f"did:plc:{i:024d}" for i in range(10_000))
    steps = list(read_steps(Path(sys.argv[1])))
    list(sieve_locally(steps[:1000], leaders))
    used = time.process_time()
    lines = list(sieve_locally(steps, leaders))
    sieve = time.process_time() - used
    # renamed, so that each repetition is news again
    turns = 20
    span = steps[-1].received - steps[0].received + 60_000_000
    many = [
        (at + turn * span, line.replace(b"did:plc:", b"did:plc:%02d" % turn))
        for turn in range(turns)
        for at, line in lines
    ]
    with tempfile.TemporaryDirectory() as folder:
        state = State.open(Path(folder, "w.sqlite"))
        used = time.process_time()
        Watcher(state, [Given(many)], leaders=leaders, recount_every=1.0).run(threading.Event())
        judge = time.process_time() - used
    print(
        json.dumps(
            {
                "frames": len(steps),
                "sieved_per_cpu_s": round(len(steps) / sieve),
                "news_share": round(len(lines) / len(steps), 3),
                "judged_per_cpu_s": round(len(many) / judge),
                "load": round(os.getloadavg()[0], 1),
            }
        )
    )


if __name__ == "__main__":
    main()
