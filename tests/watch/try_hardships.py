"""What is large rather than wrong: frames of 100 MB, a hundred thousand watched leaders, and
millions of events and accounts, a slow disk. One line each, with seconds and memory.

python tests/watch/try_hardships.py [--events N] [NAME...]
"""

import argparse
import random
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "src")]

from hostile import accept_websocket  # noqa: E402
from kill_often import compare_states, read_state, write_recording  # noqa: E402
from raw_server import RawServer  # noqa: E402

from birdfall.watch.engine.watcher import Watcher  # noqa: E402
from birdfall.watch.feeds.replay import RecordingFeed  # noqa: E402
from birdfall.watch.feeds.websocket import JetstreamFeed  # noqa: E402
from birdfall.watch.model.events import Follow, Status, StreamBatch  # noqa: E402
from birdfall.watch.store.database import State  # noqa: E402

T, SECOND = 1_700_000_000_000_000, 1_000_000
FRAME_BYTES, LEADERS, EVENTS = 100 << 20, 100_000, 1_200_000
ACCOUNTS, COMMIT_SECONDS = 1_000_000, 5.0


def megabytes():
    """The memory that this process holds now."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def frames(_events):
    """A server that sends a frame of 100 MB, again whenever it is asked."""
    piece = b" " * (1 << 20)

    def answer(connection, question, _number):
        head = b"\x81\x7f" + FRAME_BYTES.to_bytes(8, "big")
        connection.sendall(accept_websocket(question) + head)
        for _ in range(FRAME_BYTES >> 20):
            connection.sendall(piece)

    before, said, stop = peak(), [], threading.Event()
    with RawServer(answer) as server:
        feed = JetstreamFeed("j", url=server.url.replace("http", "ws"))
        lost = feed.health.mark_lost
        feed.health.mark_lost = lambda reason: (said.append(reason), lost(reason))
        thread = threading.Thread(
            target=feed.run, args=(None, "", lambda _: None, stop), daemon=True
        )
        thread.start()
        end = time.monotonic() + 60
        while len(said) < 3 and time.monotonic() < end:
            time.sleep(0.05)
        alive = thread.is_alive()
        stop.set()
        thread.join(20)
    assert alive and len(said) >= 3, said
    return f"lost {len(said)} times ({said[0]}), never ended; {peak() - before} MB more"


def leaders(_events):
    """A watch of 100,000 audiences: begun, taken up again, and one hit."""
    names = [f"lead{number}" for number in range(LEADERS)]
    with tempfile.TemporaryDirectory() as folder:
        path, feed = Path(folder) / "w.sqlite", RecordingFeed("r", ())
        begin = time.monotonic()
        state = State.open(path)
        watcher = Watcher(state, [feed], leaders=names, recount_every=0.0)
        begun = time.monotonic() - begin
        steps = []
        for number in range(20_000):
            moment = T + number * SECOND // 10
            follow = Follow(f"a{number}", names[number % 50], moment, f"k{number}")
            steps.append(StreamBatch(moment, (follow,)))
        fall = T + 7200 * SECOND
        steps += [
            StreamBatch(fall + k, (Status(f"a{50 * k + 7}", "suspended", fall + k),))
            for k in range(100)
        ]
        begin = time.monotonic()
        for at in range(0, len(steps), 500):
            watcher.process_batches([(feed, steps[at : at + 500])])
        watcher.settle()
        took = time.monotonic() - begin
        state.close()
        begin = time.monotonic()
        state = State.open(path)
        Watcher(state, [feed], recount_every=0.0)
        again = time.monotonic() - begin
        alerts = [row[0] for row in state.connection.execute("SELECT key FROM alerts")]
        state.close()
    assert "wave:1:opened" in alerts, alerts
    return (
        f"begun in {begun:.1f} s, taken up again in {again:.1f} s, 20,100 events in {took:.1f} s, "
        f"the wave is told; {peak()} MB at most"
    )


def memory(events):
    """Follows and now and then a fall, as fast as they are taken."""
    with tempfile.TemporaryDirectory() as folder:
        feed = RecordingFeed("r", ())
        state = State.open(Path(folder) / "w.sqlite")
        watcher = Watcher(state, [feed], leaders=("lead",), recount_every=1.0, keep_raw=False)
        seen, begin = [], time.monotonic()
        for at in range(0, events, 2000):
            steps = []
            for number in range(at, at + 2000):
                moment = T + number * SECOND // 2000
                event = Follow(f"a{number % 300_000}", f"b{number % 977}", moment, f"k{number}")
                if number % 4001 == 0:
                    event = Status(f"a{number % 300_000}", "suspended", moment)
                steps.append(StreamBatch(moment, (event,)))
            watcher.process_batches([(feed, steps)])
            seen.append(megabytes())
        took = time.monotonic() - begin
        state.close()
    early, late = seen[len(seen) // 4], max(seen[-10:])
    assert late < early * 1.3 + 50, (early, late)
    return (
        f"{events:,} events ({events / 2000 / 60:.0f} minutes at 2,000 a second) in {took:.0f} s; "
        f"{early} MB after a quarter of them, {late} MB at the end"
    )


def accounts(_events):
    """A million accounts that follow, of which one in a hundred falls; then the state is taken up
    again."""
    with tempfile.TemporaryDirectory() as folder:
        path, feed = Path(folder) / "w.sqlite", RecordingFeed("r", ())
        state = State.open(path)
        watcher = Watcher(state, [feed], leaders=("lead",), recount_every=1.0, keep_raw=False)
        begin = time.monotonic()
        for at in range(0, ACCOUNTS, 2000):
            steps = []
            for number in range(at, at + 2000):
                moment = T + number * SECOND // 500
                steps.append(StreamBatch(moment, (Follow(f"a{number}", "lead", moment, "k"),)))
                if number % 100 == 99:
                    fall = Status(f"a{number - 50}", "suspended", moment)
                    steps.append(StreamBatch(moment, (fall,)))
            watcher.process_batches([(feed, steps)])
        watcher.settle()
        took, size = time.monotonic() - begin, path.stat().st_size
        state.close()
        begin = time.monotonic()
        state = State.open(path)
        Watcher(state, [feed], recount_every=0.0)
        again = time.monotonic() - begin
        query = state.connection.execute
        kept = query("SELECT count(DISTINCT follower) FROM edges").fetchone()[0]
        fallen = query("SELECT count(*) FROM changes").fetchone()[0]
        state.close()
    assert (kept, fallen) == (ACCOUNTS, ACCOUNTS // 100), (kept, fallen)
    return (
        f"{kept:,} accounts that follow, {fallen:,} falls, all kept, in {took:.0f} s; the state "
        f"has {size >> 20} MB and is taken up again in {again:.1f} s; {peak()} MB at most"
    )


def slow_disk(_events):
    """A recording with a wave, on a disk that takes five seconds for each transaction.

    The disk is played: the state waits before each COMMIT. Reading is not slowed.
    """
    commits = 0

    def wait(sql):
        nonlocal commits
        if sql.startswith("COMMIT"):
            commits += 1
            time.sleep(COMMIT_SECONDS)

    with tempfile.TemporaryDirectory() as place:
        folder, took = Path(place), {}
        write_recording(folder / "r.ndjson", random.Random(1))
        for name in ("fast", "slow"):
            (folder / name).mkdir()
            state = State.open(folder / name / "watch.sqlite")
            if name == "slow":
                state.connection.set_trace_callback(wait)
            feed = RecordingFeed("r", (folder / "r.ndjson",))
            begin = time.monotonic()
            Watcher(state, [feed], leaders=("lead",), recount_every=0.0).run(threading.Event())
            took[name] = time.monotonic() - begin
            state.close()
        found = compare_states(read_state(folder / "fast"), read_state(folder / "slow"))
    assert commits and not any(found.values()), (commits, found)
    return (
        f"8,000 events, {commits} transactions of {COMMIT_SECONDS} s: {took['slow']:.0f} s instead "
        f"of {took['fast']:.0f}; nothing lost, doubled or dated otherwise"
    )


HARDSHIPS = {
    "frames": frames,
    "leaders": leaders,
    "memory": memory,
    "accounts": accounts,
    "slow-disk": slow_disk,
}


def main():
    """Try, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(HARDSHIPS))
    parser.add_argument("--events", type=int, default=EVENTS)
    given = parser.parse_args()
    for name in given.names or HARDSHIPS:
        print(f"| {name} | {HARDSHIPS[name](given.events)} |", flush=True)


if __name__ == "__main__":
    main()
