"""A step that cannot be kept is set apart with its reason, and ends neither its batch nor the
watch; it is listed, and brought back when it can be kept. A locked state is waited for."""

import contextlib
import json
import sqlite3
import threading

import pytest
from test_watch_faults import Handed, falls
from watch_running import until

from birdfall.watch.engine import backlog as backlog_module
from birdfall.watch.engine.backlog import Backlog
from birdfall.watch.engine.set_apart import bring_back
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.base import now
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.model.events import (
    Follow,
    Gap,
    Identity,
    Report,
    Status,
    StatusSnapshot,
    StreamBatch,
    Unfollow,
)
from birdfall.watch.model.step_text import step_from_text, step_to_text
from birdfall.watch.store.database import State
from birdfall.watch.store.queries.set_apart import iter_set_apart
from commands import birdfall

T = 1_700_000_000_000_000
#: Events that no table takes as they are.
UNKEEPABLE = {
    "half a character": Status("a\ud800", "suspended", T),
    "a time beyond all": Status("a", "suspended", 1 << 70),
    "a time that is none": Status("a", "suspended", 1.5),
    "no time": Status("a", "suspended", None),
    "a list": Identity("a", ["x"], T),
    "no account": Status(None, "suspended", T),
    "no event": "event",
}


@pytest.mark.parametrize("what", UNKEEPABLE)
def test_what_cannot_be_kept_is_set_apart_and_the_rest_is_kept(tmp_path, what):
    state, feed, told = State.open(tmp_path / "w.sqlite"), RecordingFeed("r", ()), []
    watcher = Watcher(state, [feed], recount_every=0.0, tell=told.append)
    bad = StreamBatch(T + 1, (UNKEEPABLE[what],), "2", raw=b"x")
    good = [StreamBatch(T + i, (Status(f"b{i}", "suspended", T),), f"{i + 1}") for i in (0, 2)]
    watcher.process_batches([(feed, [good[0], bad, good[1]])])
    rows = state.connection.execute("SELECT account FROM changes ORDER BY 1").fetchall()
    assert [row[0] for row in rows] == ["b0", "b2"]
    assert state.cursor("r")[0] == "3"
    [row] = iter_set_apart(state)
    assert row.source == "r"
    if what != "no event":
        assert step_from_text(row.step).events == bad.events
    assert state.connection.execute("SELECT steps, refused FROM sources").fetchone()[:] == (3, 1)
    assert len(told) == 1
    assert "set-apart" in told[0]


def test_a_step_comes_back_from_its_text_as_it_was():
    events = (
        Status("a", "suspended", T, "r", "h", "c"),
        Follow("a", "b", T, "k"),
        Unfollow("a", T, "k", "b"),
        Report("a", "b", T, "1", "spam"),
        Identity("a\ud800", "x", T, True, "c"),
        StatusSnapshot("suspended", ("a", "b"), T, True),
    )
    step = StreamBatch(T, events, "c", "1", b"\xff\x00", (Gap(0, T, "w"),), "no", True)
    assert step_from_text(step_to_text(step)) == step
    for wrong in ("", "{}", "[]", '{"received": 1}', "[" * 100_000):
        with pytest.raises(ValueError):
            step_from_text(wrong)


def test_what_was_set_apart_is_listed_and_brought_back(tmp_path, monkeypatch):
    folder = tmp_path / "w"
    folder.mkdir()
    state, feed = State.open(folder / "watch.sqlite"), RecordingFeed("r", ())
    watcher = Watcher(state, [feed], recount_every=0.0)
    from birdfall.watch.store import ingest

    def fail(*_):
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as broken:
        broken.setattr(ingest, "_set_status", fail)
        watcher.process_batches([(feed, falls(T, 3))])
    watcher.process_batches([(feed, [StreamBatch(T, (UNKEEPABLE["half a character"],), "9")])])
    state.close()
    listed = birdfall("set-apart", folder, check=0).stdout
    assert listed.count("a fault of ours") == 3
    assert "Unicode" in listed
    done = json.loads(birdfall("set-apart", folder, "--bring-back", "--json", check=0).stdout)
    assert done["brought_back"] == 3
    assert len(done["set_apart"]) == 1
    state = State.open(folder / "watch.sqlite")
    assert state.connection.execute("SELECT count(*) FROM changes").fetchone()[0] == 3
    assert state.connection.execute("SELECT refused FROM sources").fetchone()[0] == 1
    assert bring_back(state) == 0
    state.close()
    assert birdfall("set-apart", tmp_path / "none").returncode == 2


@contextlib.contextmanager
def watching(path, feed):
    told, stop, state = [], threading.Event(), State.open(path)
    watcher = Watcher(state, [feed], tell=told.append)
    thread = threading.Thread(target=watcher.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield told, watcher, thread
    finally:
        stop.set()
        thread.join(60)


def count(path, table):
    with contextlib.closing(sqlite3.connect(path)) as reader:
        return reader.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def lock(path):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other


def test_a_locked_state_is_waited_for_and_what_comes_is_kept_on_disk(tmp_path):
    path, feed = tmp_path / "w.sqlite", Handed()
    with watching(path, feed) as (told, watcher, thread):
        feed.batches.append(falls(now() - 60_000_000, 5, "a"))
        until(lambda: count(path, "changes") == 5)
        other = lock(path)
        for part in range(100):
            feed.batches.append(falls(now() - 60_000_000, 2, f"b{part}-", 1000))
        until(lambda: not feed.batches and (tmp_path / "waiting.ndjson").exists(), 30)
        until(lambda: watcher.waiting_batches == 0, 30)
        assert thread.is_alive()
        assert "another program locks the state" in told[0]
        other.execute("ROLLBACK")
        other.close()
        until(lambda: count(path, "changes") == 205, 30)
        until(lambda: not (tmp_path / "waiting.ndjson").exists())
        assert any("can be written again" in said for said in told)
    assert count(path, "raw") == 205


def test_what_waited_when_a_watch_was_killed_comes_first(tmp_path):
    steps = [falls(T + k * 10, 2, f"k{k}-") for k in range(3)]
    waiting = Backlog(tmp_path / "waiting.ndjson")
    waiting.add([("r", batch) for batch in steps])
    with (tmp_path / "waiting.ndjson").open("ab") as file:
        file.write(b'{"source": "r", "ste')
    state, feed = State.open(tmp_path / "w.sqlite"), RecordingFeed("r", ())
    Watcher(state, [feed], recount_every=0.0).run(threading.Event())
    assert state.connection.execute("SELECT count(*) FROM changes").fetchone()[0] == 6
    assert not (tmp_path / "waiting.ndjson").exists()


def test_a_backlog_goes_on_where_it_was_kept(tmp_path):
    path = tmp_path / "waiting.ndjson"
    first = Backlog(path)
    first.add([("r", falls(T, 1, "a"))])
    first.add([("r", falls(T, 1, "b"))])
    assert first.take()[1] == falls(T, 1, "a")
    again = Backlog(path, first.place)
    assert again.take()[1] == falls(T, 1, "b")
    assert again.take() is None
    again.forget()
    assert not path.exists()
    other = Backlog(path, first.place)
    other.add([("r", falls(T, 1, "c"))])
    assert Backlog(path, first.place).take()[1] == falls(T, 1, "c"), "a place of another file"


def test_a_backlog_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(backlog_module, "MAX_BACKLOG_BYTES", 1000)
    waiting = Backlog(tmp_path / "x")
    assert not waiting
    while not waiting.is_full:
        waiting.add([("r", falls(T, 1))])
    assert (tmp_path / "x").stat().st_size < 3000
