"""A source that is connected and says nothing that it used to say is no data; one that is quiet by
nature never is."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from frames_made import Host, account, identity
from starlette.testclient import TestClient
from watch_running import Running, until

from birdfall import tell
from birdfall.watch.alerts.rules import Rule
from birdfall.watch.dashboard.app import create_application
from birdfall.watch.dashboard.state_view import StateView
from birdfall.watch.engine import silence as measure
from birdfall.watch.engine import source_health
from birdfall.watch.engine.connections import ConnectionReporter
from birdfall.watch.engine.silence import SilenceMonitor
from birdfall.watch.feeds.base import CONNECTED_BUT_SILENT, now
from birdfall.watch.feeds.kafka import KafkaFeed
from birdfall.watch.feeds.mediawiki_sse import MediaWikiFeed
from birdfall.watch.feeds.polling import MastodonFeed, OzoneFeed
from birdfall.watch.feeds.websocket import FirehoseFeed, JetstreamFeed
from birdfall.watch.model.events import Gap
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import note_gap
from tiers import some_fast

T, SECOND = 1_700_000_000_000_000, 1_000_000


def lived(counts, heard=None, connected=True):
    """A source of so many messages in each second: (what is known of it, seconds at which it was
    called silent)."""
    heard, called = heard or SilenceMonitor(), []
    begin = max(heard.looked, T)
    for second, count in enumerate(counts.tolist()):
        moment = begin + second * SECOND
        called += [second] * heard.check(connected, moment)
        if count:
            heard.record(count, moment)
    return heard, called


def around(day, peak, night):
    """Messages of each second of so many days, whose nights bring `night` times what the peak does;
    levels wander by a third an hour."""
    rng = np.random.default_rng(round(24 * day))
    seconds = np.arange(int(day * 86400))
    level = night + (1 - night) * (1 + np.sin(2 * np.pi * seconds / 86400)) / 2
    return rng.poisson(
        peak
        * level
        * np.repeat(rng.gamma(9, 1 / 9, len(seconds) // 3600 + 1), 3600)[: len(seconds)]
    )


@pytest.mark.parametrize(
    ("peak", "night"),
    some_fast([(50.0, 0.1), (0.2, 0.05), (1 / 300, 1.0), (50.0, 1.0), (2.0, 0.1)], 3),
)
def test_no_stream_is_called_silent_that_goes_on(peak, night):
    """From the first hour on, begun by day: whole days, in which the nights come that it does not
    know yet."""
    heard, called = lived(around(3, peak, night))
    assert called == []
    if peak >= 50:
        assert heard.silence_limit() <= 1800


@pytest.mark.parametrize("every", some_fast([10, 7200, 120, 3600], 2))
def test_no_stream_is_called_silent_that_comes_by_fits(every):
    """Ten thousand messages at once, then nothing until the next ten thousand."""
    counts = np.zeros(2 * 86400, int)
    counts[::every] = 10_000
    assert lived(counts)[1] == []


def test_what_is_caught_up_with_is_not_what_it_usually_sends():
    heard = SilenceMonitor()
    for second in range(2 * 3600):
        heard.record(20_000, T + second * SECOND, live=False)
    heard, called = lived(around(1, 1 / 60, 1.0), heard)
    assert called == []


@pytest.mark.parametrize(
    ("hours", "peak", "most"),
    [(2, 500.0, 60.0), (2, 30.0, 1200.0), (30, 500.0, 60.0), (30, 30.0, 350.0)],
)
def test_a_busy_stream_that_falls_mute_is_called(hours, peak, most):
    heard, _ = lived(around(hours / 24, peak, 0.5))
    _, called = lived(np.zeros(3600, int), heard)
    assert len(called) == 1
    assert called[0] <= most + 2


def test_a_quiet_hour_that_is_lost_and_a_clock_that_jumps_are_no_silence():
    heard, _ = lived(around(2 / 24, 500.0, 0.5))
    assert lived(np.zeros(3600, int), heard, connected=False)[1] == []
    heard.looked -= 90 * 86400 * SECOND
    assert not heard.check(True, T + 10 * 86400 * SECOND)
    assert not heard.check(True, T + 9 * 86400 * SECOND)


def test_what_is_known_is_kept_and_a_silence_goes_on_until_something_is_heard():
    heard, _ = lived(around(2 / 24, 500.0, 0.5))
    again = SilenceMonitor.from_text(heard.to_text())
    assert again.silence_limit() == pytest.approx(heard.silence_limit())
    assert again.minutes == heard.minutes
    heard, _ = lived(np.zeros(120, int), heard)
    again = SilenceMonitor.from_text(heard.to_text())
    assert again.mute
    assert again.record(1, again.last + SECOND)
    assert not again.mute


def test_a_silence_teaches_nothing_once_it_was_called():
    heard, _ = lived(around(2 / 24, 500.0, 0.5))
    before = heard.silence_limit()
    heard, called = lived(np.zeros(3000, int), heard)
    assert called
    heard, _ = lived(np.full(3700, 500), heard)
    assert heard.silence_limit() == pytest.approx(before, rel=0.5)


def test_only_what_is_pushed_can_fall_silent():
    assert all(kind.pushed for kind in (FirehoseFeed, JetstreamFeed, MediaWikiFeed, KafkaFeed))
    assert not any(kind.pushed for kind in (OzoneFeed, MastodonFeed))


@pytest.fixture
def soon(monkeypatch):
    """Silences of seconds instead of minutes."""
    monkeypatch.setattr(measure, "MIN_SILENCE_SECONDS", 1.0)
    monkeypatch.setattr(measure, "MIN_MISSED_MESSAGES", 20.0)
    monkeypatch.setattr(measure, "DOUBTFUL_MESSAGES", 4.0)
    monkeypatch.setattr(measure, "FIRST_RETRY_SECONDS", 0.5)
    monkeypatch.setattr(measure, "LAST_RETRY_SECONDS", 0.5)
    monkeypatch.setattr(source_health, "UNDATED_SECONDS", 1)


def known(path, source="f", rate=60.0):
    """A state whose source usually sends so many messages a second."""
    state = State.open(path)
    with state.transaction():
        state.keep_meta(
            **{
                f"heard:{source}": SilenceMonitor(
                    hours=[(rate, 0.1)] * 24, last=now() - SECOND
                ).to_text()
            }
        )
    state.close()
    return path


def told(run):
    return [
        json.loads(r[0])
        for r in run.rows("SELECT body FROM alerts WHERE kind = 'no-data' ORDER BY id")
    ]


RULES = [Rule("silent", "no-data", 1)]


@pytest.mark.slow
@pytest.mark.usefixtures("soon")
def test_a_server_that_accepts_and_goes_mute_is_no_data_until_it_is_heard(tmp_path):
    """Connected anew again and again, which proves nothing; what it then says lies after the
    silence, so that the time between is a gap."""
    begun = now()

    def script(number, _cursor):
        if number == 1:
            return [identity(f"did:plc:{i}", begun + i, "x", sequence=i) for i in range(1, 40)]
        if number < 4:
            return []
        return [
            account(f"did:plc:{i}", now(), status="takendown", sequence=100 + i)
            for i in range(1, 3)
        ]

    path = known(tmp_path / "w")
    with (
        Host(script, hold=lambda _: True) as host,
        Running(path, FirehoseFeed(name="f", url=host.url), rules=RULES) as run,
    ):
        until(lambda: len(host.asked) >= 3)
        assert run.rows("SELECT connected, said FROM sources") == [(0, CONNECTED_BUT_SILENT)]
        assert [a.get("news", "") for a in told(run)] == [""], (
            "a connection made anew does not end it"
        )
        tick = run.watcher.bank.tick
        taught = float(run.watcher.bank.ticks[0])
        until(lambda: len(run.fallen()) == 2)
        until(lambda: run.rows("SELECT connected FROM sources") == [(1,)])
        first, last = told(run)
        assert host.asked[1:4] == [39, 39, 39], "each time from where it was heard last"
    assert (first["reason"], first["said"]) == ("says-nothing", CONNECTED_BUT_SILENT)
    assert CONNECTED_BUT_SILENT in first["why"]
    assert last["news"] == "closed"
    [(begin, end, why)] = run.rows("SELECT begin, end, why FROM gaps")
    assert why == "says-nothing"
    assert begun <= begin < begun + 5 * SECOND
    assert end > begin + SECOND
    # nothing of it was taken for quiet: time stood still, and then went on beyond it
    assert tick * 10 * SECOND <= begin + SECOND
    assert float(run.watcher.bank.ticks[0]) <= taught + 1


@pytest.mark.usefixtures("soon")
def test_what_is_handed_on_after_a_silence_is_no_gap(tmp_path):
    begun = now()

    def script(number, _cursor):
        if number == 1:
            return [identity(f"did:plc:{i}", begun + i, "x", sequence=i) for i in range(1, 40)]
        # all that it had to say meanwhile, from where it fell silent
        return [
            account(f"did:plc:{i}", begun + i * SECOND // 4, status="takendown", sequence=100 + i)
            for i in range(1, 6)
        ]

    with (
        Host(script, hold=lambda _: True) as host,
        Running(known(tmp_path / "w"), FirehoseFeed(name="f", url=host.url), rules=RULES) as run,
    ):
        until(lambda: len(run.fallen()) == 5)
        until(lambda: len(told(run)) == 2)
    assert run.rows("SELECT * FROM gaps") == []


@pytest.mark.usefixtures("soon")
def test_a_watch_begun_anew_in_a_silence_knows_of_it(tmp_path):
    def script(number, _cursor):
        return (
            [identity(f"did:plc:{i}", now(), "x", sequence=i) for i in range(1, 40)]
            if number == 1
            else []
        )

    path = known(tmp_path / "w")
    with Host(script, hold=lambda _: True) as host:
        with Running(path, FirehoseFeed(name="f", url=host.url), rules=RULES) as run:
            until(lambda: run.feeds[0].health.silent)
        run.state.close()
        with Running(path, FirehoseFeed(name="f", url=host.url), rules=RULES) as run:
            until(lambda: run.feeds[0].health.connected)
            time.sleep(0.5)
            assert run.feeds[0].health.silent
            assert run.rows("SELECT connected, said FROM sources") == [(0, CONNECTED_BUT_SILENT)]
            assert len(told(run)) == 1


@pytest.mark.usefixtures("soon")
def test_a_lost_source_that_is_usually_loud_is_back_when_it_is_heard(tmp_path):
    """It was lost, and connects again to a server that says nothing: whoever was told of it is not
    told that it is back."""

    def script(number, _cursor):
        return (
            [
                identity(f"did:plc:{number}-{i}", now(), "x", sequence=number * 100 + i)
                for i in range(1, 40)
            ]
            if number in (1, 4)
            else []
        )

    with (
        Host(script, hold=lambda number: number >= 2) as host,
        Running(known(tmp_path / "w"), FirehoseFeed(name="f", url=host.url), rules=RULES) as run,
    ):
        until(lambda: len(host.asked) >= 3)
        assert [a.get("news", "") for a in told(run)] == [""]
        until(lambda: len(told(run)) == 2)
        assert told(run)[1]["news"] == "closed"
        assert len(host.asked) >= 4


@pytest.mark.usefixtures("soon")
def test_a_small_source_is_back_when_it_is_connected(tmp_path):
    with (
        Host(lambda *_: [], hold=lambda number: number >= 2) as host,
        Running(
            known(tmp_path / "w", rate=0.0), FirehoseFeed(name="f", url=host.url), rules=RULES
        ) as run,
    ):
        until(lambda: run.rows("SELECT connected FROM sources") == [(1,)])
        time.sleep(2.5)
        assert run.rows("SELECT connected FROM sources") == [(1,)]
        assert told(run) == []


@pytest.mark.parametrize("language", ["en", "es", "fr", "ar", "pt"])
def test_the_dashboard_says_so_in_every_language(tmp_path, language):
    state = State.open(tmp_path / "w")
    with state.transaction():
        state.keep_health("wss://host", False, now(), CONNECTED_BUT_SILENT)
        note_gap(state, "wss://host", Gap(now() - SECOND, now(), "says-nothing"))
    state.close()
    web = TestClient(
        create_application(StateView(tmp_path / "w"), token=None, host="127.0.0.1"),
        base_url="http://127.0.0.1:8470",
    )
    words = json.loads(
        (Path(tell.__file__).parent / "words" / f"{language}.json").read_text("utf-8")
    )
    page = web.get(f"/{language}/sources").text
    assert words["watch.source.mute"] in page
    assert words["watch.gap.says-nothing"] in page
    assert words["watch.source.down"] not in page
    assert words["watch.down"] in web.get(f"/{language}/now").text


def test_the_terminal_says_so_once():
    feed, messages = FirehoseFeed(name="f", url="ws://127.0.0.1:1"), []
    line = ConnectionReporter([feed], messages.append)
    feed.health.mark_connected()
    line.report()
    feed.health.silent = True
    line.report()
    feed.health.mark_lost(CONNECTED_BUT_SILENT)
    line.report()
    feed.health.mark_connected()
    line.report()
    feed.health.silent = False
    line.report()
    assert messages == [
        "f: connected",
        f"f: {CONNECTED_BUT_SILENT}; connected anew until it does",
        "f: connected",
    ]


@pytest.mark.usefixtures("soon")
def test_a_stream_of_changes_that_only_beats_is_mute_and_connected_anew(tmp_path):
    """Comments keep a connection of server-sent events open, and say nothing."""
    asked = []

    class Stream(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.headers.get("Last-Event-ID"))
            self.send_response(200)
            self.end_headers()
            try:
                if len(asked) == 1:
                    self.wfile.write(b'id: [{"offset": 7}]\ndata: {"wiki": "x"}\n\n')
                while True:
                    self.wfile.write(b": beat\n\n")
                    self.wfile.flush()
                    time.sleep(0.05)
            except OSError:
                return

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Stream)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    feed = MediaWikiFeed(
        name="f", url=f"http://127.0.0.1:{server.server_address[1]}/v2/stream/recentchange"
    )
    try:
        with Running(known(tmp_path / "w"), feed, rules=RULES) as run:
            until(lambda: len(asked) >= 3)
            assert run.rows("SELECT connected, said FROM sources") == [(0, CONNECTED_BUT_SILENT)]
            assert [a["reason"] for a in told(run)] == ["says-nothing"]
    finally:
        server.shutdown()
        server.server_close()
    assert asked[:3] == [None, '[{"offset": 7}]', '[{"offset": 7}]']


def test_a_topic_is_left_when_it_is_asked_to_be():
    class Consumer:
        def consume(self, *_):
            feed.health.reconnect = True
            return []

    feed = KafkaFeed(name="k", servers="x:1", topic="t")
    feed.read_until_reconnect(Consumer(), lambda _: None, threading.Event())
    assert feed.health.reconnect
