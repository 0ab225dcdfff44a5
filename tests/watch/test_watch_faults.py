"""What happens when things break: a full disk, clocks that jump, events of the past and the future,
a torn state, two watches, a slow disk."""

import errno
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from frames_made import account
from hostile import accept_websocket
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_server import RawServer
from watch_running import Running, until

from birdfall.model.errors import BirdfallError, CaseError
from birdfall.watch.engine import watcher as watcher_module
from birdfall.watch.engine.archive import rotate
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.base import ConnectionHealth, now
from birdfall.watch.feeds.decode import decode_frame
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.feeds.websocket import JetstreamFeed
from birdfall.watch.model.events import Status, StreamBatch
from birdfall.watch.model.ticks import TICK_US
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import ingest_batch
from processes import start

T = 1_700_000_000_000_000
SECOND, MINUTE, HOUR = 1_000_000, 60_000_000, 3_600_000_000


def falls(begin, number, name="a", every=SECOND):
    return [
        StreamBatch(
            begin + i * every,
            (Status(f"{name}{i}", "suspended", begin + i * every),),
            str(i + 1),
            raw=b"x" * 400,
        )
        for i in range(number)
    ]


class Handed:
    """A live source that hands on what it is given."""

    name, live, pushed, host, url = "h", True, False, "", ""

    def __init__(self):
        self.health, self.wanted = ConnectionHealth(), threading.Event()
        self.batches = []

    def run(self, cursor, _epoch, put, stop):
        self.health.mark_connected()
        self.cursor = cursor
        while not stop.is_set():
            while self.batches:
                put(self.batches.pop(0))
            stop.wait(0.02)


FULL = """
import resource, sys, threading
from pathlib import Path
sys.path[:0] = [sys.argv[3], str(Path(sys.argv[3]).parent)]
from test_watch_faults import falls, T
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.store.database import State
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit = int(sys.argv[2])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
state = State.open(sys.argv[1])
feed = RecordingFeed("r", ())
watcher = Watcher(state, [feed], recount_every=0.0)
done = int(state.cursor("r")[0] or 0)
steps = falls(T, 6000)[done:]
for i in range(0, len(steps), 100):
    watcher.process_batches([(feed, steps[i:i + 100])])
print("whole")
"""


def filled(path, limit):
    return subprocess.run(
        [sys.executable, "-c", FULL, str(path), str(limit), str(Path(__file__).parent)],
        capture_output=True,
        text=True,
    )


def kept(path):
    state = State.open(path)
    try:
        c = state.connection
        return (
            [r[0] for r in c.execute("SELECT account FROM changes ORDER BY id")],
            c.execute("SELECT count(*) FROM raw").fetchone()[0],
            int(state.cursor("r")[0] or 0),
            c.execute("PRAGMA integrity_check").fetchone()[0],
        )
    finally:
        state.close()


def check_full(path, again):
    changes, raw, cursor, whole = kept(path)
    assert whole == "ok"
    assert 0 < cursor < 6000
    assert len(changes) == raw == cursor, "a batch is kept whole with its cursor, or not at all"
    assert "whole" in again().stdout
    changes, raw, cursor, whole = kept(path)
    assert changes == [f"a{i}" for i in range(6000)]
    assert (raw, cursor, whole) == (6000, 6000, "ok")


@pytest.mark.slow
def test_a_disk_that_is_full_loses_nothing_and_doubles_nothing(tmp_path):
    path = tmp_path / "w.sqlite"
    died = filled(path, 1_500_000)
    assert died.returncode != 0
    assert "whole" not in died.stdout
    check_full(path, lambda: filled(path, 0))


@pytest.fixture
def small_disk(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", place], capture_output=True
        ).returncode
    ):
        pytest.skip("a small disk cannot be mounted here")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.slow
def test_a_real_full_disk(small_disk):
    path = small_disk / "w.sqlite"
    died = filled(path, 0)
    assert died.returncode != 0
    assert "full" in died.stderr

    def again():
        subprocess.run(["mount", "-o", "remount,size=60m", small_disk], check=True)
        return filled(path, 0)

    check_full(path, again)


def test_a_full_disk_stops_the_watch_with_one_clear_error(tmp_path, monkeypatch):
    feed = Handed()
    state = State.open(tmp_path / "w.sqlite")
    watcher = Watcher(state, [feed])
    feed.batches.append(falls(now() - MINUTE, 5))
    monkeypatch.setattr(
        watcher_module,
        "ingest_batch",
        lambda *_, **__: (_ for _ in ()).throw(
            sqlite3.OperationalError("database or disk is full")
        ),
    )
    with pytest.raises(BirdfallError) as error:
        watcher.run(threading.Event())
    assert "disk" in str(error.value)
    assert str(tmp_path) in str(error.value)


def test_an_archive_that_cannot_be_written_keeps_its_rows(tmp_path, monkeypatch):
    from birdfall.watch.engine import archive

    state = State.open(tmp_path / "w.sqlite")
    with state.transaction():
        ingest_batch(state, "s", falls(T, 50))

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(archive, "write_raw_file", full)
        with pytest.raises((OSError, BirdfallError)):
            rotate(state, tmp_path / "raw", everything=True)
    assert state.connection.execute("SELECT count(*) FROM raw").fetchone()[0] == 50
    assert list((tmp_path / "raw").iterdir()) == []
    [made] = rotate(state, tmp_path / "raw", everything=True)
    assert made.exists()


@pytest.mark.parametrize("jump", [-48 * HOUR, -HOUR, -10 * SECOND, 10 * SECOND, HOUR, 48 * HOUR])
def test_the_machines_clock_jumps(tmp_path, jump):
    """While it is quiet, and while events come: nothing is counted twice, no wave is made up, and
    the next wave is called."""
    clock, feed = {"at": T + HOUR}, Handed()
    state = State.open(tmp_path / "w.sqlite")
    watcher = Watcher(state, [feed], clock=lambda: clock["at"], recount_every=0.0)
    feed.health.connected, feed.health.since = True, T
    for i in range(120):
        clock["at"] += TICK_US
        watcher.process_batches(
            [
                (
                    feed,
                    [
                        StreamBatch(
                            clock["at"], (Status(f"q{i}", "suspended", T + HOUR + i * TICK_US),)
                        )
                    ],
                )
            ]
        )
    truth = T + HOUR + 120 * TICK_US
    clock["at"] += jump
    for i in range(30):
        clock["at"] += TICK_US
        watcher.process_batches(
            [
                (
                    feed,
                    [
                        StreamBatch(
                            clock["at"], (Status(f"r{i}", "suspended", truth + i * TICK_US),)
                        )
                    ],
                )
            ]
        )
    assert state.connection.execute("SELECT count(*) FROM waves").fetchone()[0] == 0
    assert state.connection.execute("SELECT count(*) FROM changes").fetchone()[0] == 150
    burst = truth + 30 * TICK_US
    for i in range(0, 400, 40):
        clock["at"] += SECOND
        steps = [
            StreamBatch(clock["at"], (Status(f"w{i + k}", "suspended", burst + (i + k) * 20_000),))
            for k in range(40)
        ]
        watcher.process_batches([(feed, steps)])
    assert state.connection.execute("SELECT count(*) FROM waves").fetchone()[0] == 1, (
        "a wave after the jump is called"
    )
    assert state.connection.execute("SELECT count(*) FROM changes").fetchone()[0] == 550


def test_events_of_the_far_past_and_future_make_no_wave(tmp_path):
    state = State.open(tmp_path / "w.sqlite")
    feed = RecordingFeed("r", ())
    watcher = Watcher(state, [feed], recount_every=0.0)
    watcher.process_batches([(feed, falls(T, 360, "q", TICK_US))])
    at = T + 360 * TICK_US
    old = [
        account(f"did:plc:o{i}", T - 400 * 24 * HOUR + i, status="takendown", sequence=i)
        for i in range(300)
    ]
    steps = [
        StreamBatch(at + i * SECOND, tuple(decode_frame(f, at + i * SECOND)[0]))
        for i, f in enumerate(old)
    ]
    for i in range(0, 300, 30):
        watcher.process_batches([(feed, steps[i : i + 30])])
    assert watcher.bank.tick <= (at + 400 * SECOND) // TICK_US
    future = [
        account(f"did:plc:f{i}", T + 400 * 24 * HOUR, status="takendown", sequence=i)
        for i in range(3)
    ]
    begin = at + HOUR
    watcher.process_batches(
        [
            (
                feed,
                [
                    StreamBatch(begin + i, tuple(decode_frame(f, begin + i)[0]))
                    for i, f in enumerate(future)
                ],
            )
        ]
    )
    assert watcher.bank.tick <= (begin + MINUTE) // TICK_US, "the future counts from its arrival"


def test_a_torn_state_is_said_and_left_alone(tmp_path):
    path = tmp_path / "w.sqlite"
    state = State.open(path)
    with state.transaction():
        ingest_batch(state, "s", falls(T, 2000))
    state.close()
    whole = path.read_bytes()
    for begin, length in ((0, 100), (100, 4000), (4096, 4096), (len(whole) // 2, 40_000)):
        torn = tmp_path / f"torn{begin}"
        data = bytearray(whole)
        data[begin : begin + length] = os.urandom(length)
        torn.write_bytes(bytes(data))
        with pytest.raises(CaseError) as error:
            State.open(torn, check=True)
        assert str(torn) in str(error.value)
        assert "--state" in str(error.value)
        assert torn.read_bytes() == bytes(data), "what is broken is not made worse"
    cut = tmp_path / "cut"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CaseError):
        State.open(cut, check=True)


def test_two_watches_on_one_folder(tmp_path):
    command = [sys.executable, "-m", "birdfall", "watch", "-", "--state", str(tmp_path / "w")]
    first = start(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        until(
            lambda: (
                (tmp_path / "w" / ".lock").exists() and (tmp_path / "w" / "watch.sqlite").exists()
            ),
            60,
        )
        until(lambda: "watching" in first.stderr.readline(), 60)
        second = subprocess.run(command, input="", capture_output=True, text=True)
        assert second.returncode == 2, second.stderr
        assert "another watch uses this folder" in second.stderr
        first.stdin.write('{"kind": "status", "account": "a", "status": "suspended"}\n')
        first.stdin.close()
        assert first.wait(60) == 0
    finally:
        first.kill()
        first.wait()
        first.stdout.close()
        first.stderr.close()
    state = State.open(tmp_path / "w" / "watch.sqlite")
    assert state.connection.execute("SELECT account FROM changes").fetchone()[0] == "a"


def test_a_slow_disk_holds_the_source_back_and_memory_stays_bounded(tmp_path):
    """A watch that cannot keep up blocks its feed: no more than the queue waits, and in the end
    everything is there."""
    feed = Handed()
    feed.batches = [falls(now() - HOUR + i * 100 * 1000, 100, f"b{i}-", 1000) for i in range(120)]
    waiting = []
    with Running(tmp_path / "w", feed) as run:
        slow, take = threading.Event(), run.watcher.process_batches

        def slowly(batches):
            slow.wait(0.005)
            waiting.append(run.watcher.waiting_batches)
            take(batches)

        run.watcher.process_batches = slowly
        until(lambda: run.rows("SELECT steps FROM sources") == [(12_000,)], 60)
    assert max(waiting) <= 64
    assert len(run.rows("SELECT id FROM changes")) == 12_000


_EVENT = st.builds(
    Status,
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["active", "suspended", "deleted", "limited"]),
    st.integers(T - 10 * MINUTE, T + 10 * MINUTE),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(_EVENT, min_size=1, max_size=30), st.data())
def test_any_order_and_any_repetition_leave_one_truth(tmp_path_factory, events, data):
    """At-least-once: whatever came before may come again after a restart, and changes nothing."""
    steps = [StreamBatch(T + i, (e,), str(i + 1)) for i, e in enumerate(events)]
    first = State.open(tmp_path_factory.mktemp("a") / "w")
    with first.transaction():
        ingest_batch(first, "s", steps)
    second = State.open(tmp_path_factory.mktemp("b") / "w")
    cut = data.draw(st.integers(0, len(steps)))
    back = data.draw(st.integers(0, cut))
    for part in (steps[:cut], steps[back:]):
        with second.transaction():
            ingest_batch(second, "s", part)
    query = "SELECT account, status, time FROM standing ORDER BY 1"
    one, other = ([tuple(r) for r in s.connection.execute(query)] for s in (first, second))
    assert [r[:2] for r in one] == [r[:2] for r in other]
    first.close()
    second.close()


@pytest.mark.slow
def test_every_byte_of_a_frame_may_be_wrong():
    import random

    from birdfall.watch.feeds.json_fields import DecodeError

    rng, frame = random.Random(0), account("did:plc:abcdefgh", T, status="takendown", sequence=5)
    for _ in range(20_000):
        bad = bytearray(frame)
        for _ in range(rng.randrange(1, 6)):
            bad[rng.randrange(len(bad))] = rng.randrange(256)
        try:
            events, _ = decode_frame(bytes(bad[: rng.randrange(1, len(bad) + 1)]), T)
        except DecodeError:
            continue
        assert all(
            abs(e.time) < 1 << 62 and len(e.account) < 3000 for e in events if isinstance(e, Status)
        )


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        (b"\x81\x7f" + (100 << 20).to_bytes(8, "big") + b" " * 1000, "a frame of more than 8 MiB"),
        (b"\xff\xff\xff\xff", "frames that are no WebSocket's"),
        (b"\x88\x02\x03\xe9", "closed by the server"),
        (b"", "the connection broke off"),
    ],
)
def test_why_a_stream_was_lost_is_said_in_words(sent, wanted):
    def answer(connection, question, _number):
        connection.sendall(accept_websocket(question) + sent)

    said, stop = [], threading.Event()
    with RawServer(answer) as server:
        feed = JetstreamFeed("j", url=server.url.replace("http", "ws"))
        feed.health.mark_lost = lambda reason: (said.append(reason), stop.set())
        thread = threading.Thread(
            target=feed.run, args=(None, "", lambda _: None, stop), daemon=True
        )
        thread.start()
        until(lambda: said)
        thread.join(60)
    assert said[0] == wanted
