"""A watch is begun, tried, stopped and taken up again on a page."""

import threading
from pathlib import Path

import pytest

from birdfall.app import watch_pages, watch_runs
from birdfall.app.watch_runs import STOP, WatchPlan, begin_watch, try_source, watch_run
from birdfall.app.watch_worker import main, run_plan
from birdfall.watch.feeds.base import ConnectionHealth
from birdfall.watch.model.events import Status, StreamBatch
from birdfall.watch.store.database import State
from birdfall.watch.store.lock import lock_folder

STREAM = Path(__file__).resolve().parents[2] / "examples" / "data" / "stream.jsonl"
SERVICE = {"kind": "jetstream", "address": "wss://jetstream.example", "leaders": "@a, @b @a"}


@pytest.fixture
def begun(monkeypatch):
    """Watches whose process would be begun; none is."""
    listed = []

    def begin(folder, plan=None):
        listed.append((folder, plan))

    monkeypatch.setattr(watch_pages, "begin_watch", begin)
    return listed


class AnsweringFeed:
    """A source that does what a test says."""

    def __init__(self, answers, connects=True, reason=""):
        self.name, self.live, self.health = "fake", True, ConnectionHealth()
        self.answers, self.connects, self.reason = answers, connects, reason

    def run(self, _cursor, _epoch, put, stop):
        while not self.connects and not stop.is_set():
            self.health.mark_lost(self.reason)
            stop.wait(0.01)
        if self.connects:
            self.health.mark_connected()
            if self.answers:
                put([StreamBatch(1, (Status("a", "suspended", 1),))])
            stop.wait(60)


@pytest.mark.parametrize(
    ("feed", "outcome"),
    [
        (AnsweringFeed(True), "events"),
        (AnsweringFeed(False), "silent"),
        (AnsweringFeed(False, connects=False, reason="refused"), "lost"),
    ],
)
def test_a_source_is_tried_before_it_is_watched(visitor, begun, monkeypatch, feed, outcome):
    monkeypatch.setattr(watch_runs, "open_feed", lambda _: feed)
    monkeypatch.setattr(
        watch_pages,
        "try_source",
        lambda source: try_source(source, 30 if outcome != "silent" else 1),
    )
    page = visitor.send("/fr/watch", "/fr/watch", {**SERVICE, "test": "yes"}).text
    words = {"events": "Il répond", "silent": "rien n’est arrivé", "lost": "refused"}
    assert words[outcome] in page and 'value="wss://jetstream.example"' in page
    assert not begun and not list(visitor.workspace.path.glob("watch*"))


def test_a_service_is_watched_with_what_was_said_of_it(visitor, begun):
    page = visitor.send("/en/watch", "/en/watch", {**SERVICE, "name": "Night & day"})
    ((folder, plan),) = begun
    assert plan == WatchPlan("jetstream:wss://jetstream.example", ("@a", "@b"))
    assert folder == visitor.workspace.path / "night-day" and page.status_code == 404


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("jetstream", "/etc/passwd"), ("jetstream", "-"), ("atproto", "wss://"), ("wiki", "wss://a"),
        ("atproto", "wss://a b"), ("nothing", "wss://a"), ("wiki", "https://a\n--leader"),
    ],
)  # fmt: skip
def test_what_is_no_address_of_its_kind_is_refused_in_words(visitor, begun, kind, address):
    answer = visitor.send("/es/watch", "/es/watch", {"kind": kind, "address": address})
    assert answer.status_code == 400 and "no es una dirección" in answer.text
    assert not begun


@pytest.mark.slow
def test_a_recording_is_played_and_what_it_holds_becomes_alerts(visitor, begun):
    files = {"files": ("../night.jsonl", STREAM.read_bytes())}
    said = {"leaders": "did:example:leader", "simulated": "yes"}
    visitor.send("/en/watch", "/en/watch/recording/begin", said, files)
    ((folder, plan),) = begun
    assert plan.sources(folder) == [str(folder / "recording" / "night.jsonl")]
    (folder / watch_runs.PLAN).write_text(
        '{"source": "", "leaders": ["did:example:leader"], "simulated": true}'
    )
    run_plan(folder, threading.Event())
    page = visitor.get(f"/en/watch/{folder.name}").text
    assert "It is not listening." in page and 'class="simulated"' in page
    assert page.count("Make a case of it") >= 1
    assert folder.name in visitor.get("/en/watch").text


def test_a_file_that_is_no_recording_is_said_and_nothing_is_kept(visitor, begun):
    before = set(visitor.workspace.path.iterdir())
    files = {"files": ("photo.png", b"\x89PNG\r\n")}
    answer = visitor.send("/en/watch", "/en/watch/recording/begin", {}, files)
    assert answer.status_code == 400 and "no recording" in answer.text
    assert set(visitor.workspace.path.iterdir()) == before and not begun


def test_how_a_watch_stands_is_told_from_its_lock_and_what_it_said(visitor, monkeypatch):
    folder = visitor.workspace.path / "night"
    folder.mkdir()
    monkeypatch.setattr(watch_runs.subprocess, "Popen", lambda *_given, **_named: None)
    begin_watch(folder, WatchPlan("jetstream:wss://jetstream.example"))
    assert watch_run(folder).state == "starting"
    page = visitor.get("/ar/watch/night").text
    assert "تبدأ الاستماع" in page and 'action="/ar/watch/night/stop"' in page
    with lock_folder(folder):
        assert watch_run(folder).state == "listening"
        visitor.send("/en/watch/night", "/en/watch/night/stop")
        assert watch_run(folder).state == "stopping" and (folder / STOP).exists()
    (folder / watch_runs.SAID).write_text("connected\n<b>lost</b>\n")
    assert watch_run(folder).state == "ended"
    assert "&lt;b&gt;lost" in visitor.get("/en/watch/night").text
    visitor.send("/en/watch/night", "/en/watch/night/again")
    assert not (folder / STOP).exists() and watch_run(folder).state == "starting"


def test_the_process_ends_when_it_is_to_stop_and_says_what_went_wrong(tmp_path, capsys):
    begun = tmp_path / "watch"
    (begun / "recording").mkdir(parents=True)
    (begun / watch_runs.PLAN).write_text('{"source": "", "leaders": [], "simulated": true}')
    assert main([str(begun)]) == 1
    assert "nothing to watch" in capsys.readouterr().err
    (begun / "recording" / "stream.jsonl").write_bytes(STREAM.read_bytes())
    assert main([str(begun)]) == 0
    assert capsys.readouterr().err.endswith("ended\n")
    state = State.open(begun / "watch.sqlite", read_only=True)
    state.close()


def test_a_watch_that_was_begun_elsewhere_is_neither_stopped_nor_begun(visitor):
    folder = visitor.workspace.path / "night"
    folder.mkdir()
    State.open(folder / "watch.sqlite").close()
    assert visitor.send("/en/watch", "/en/watch/night/stop").status_code == 200
    assert visitor.send("/en/watch", "/en/watch/night/again").status_code == 400
    assert not (folder / STOP).exists() and watch_run(folder) is None
