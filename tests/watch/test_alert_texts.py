"""What a person reads of an alert, wherever it arrives: whose followers fell, who reported, where
to look; and when it does not arrive."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from birdfall.watch.alerts import delivery as alerts
from birdfall.watch.alerts.messages import AlertMessage, headline, sentence
from birdfall.watch.alerts.rules import Channel, Rule
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.model.alert import AlertKind, ReturnsAlert, parse_alert
from birdfall.watch.model.events import Follow, Identity, Report, Status, StreamBatch
from birdfall.watch.store.database import State
from birdfall.watch.store.queries.waves import list_waves

T = 1_700_000_000_000_000
LINK = "http://127.0.0.1:8470/"


def message(body):
    """A stored alert as a channel gets it."""
    return AlertMessage.parse(json.dumps(body))


@pytest.fixture
def server():
    """Answers as `answers` says, the last one for ever; keeps what it was asked."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        answers = ((200, {}),)

        def _any(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            got.append((self.command, self.path, body, dict(self.headers)))
            status, more = self.answers[min(len(got), len(self.answers)) - 1]
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.end_headers()

        do_POST = do_GET = _any

        def log_message(self, *args):
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.got, made.handler, made.url = got, Handler, f"http://127.0.0.1:{made.server_address[1]}"
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def bodies(tmp_path):
    """Alerts of a wave that hit one audience, a third of it reported before by four accounts."""
    state = State.open(tmp_path / "w.sqlite")
    feed = RecordingFeed("r", ())
    watcher = Watcher(state, [feed], leaders=("did:plc:leader",), recount_every=0.0, link=LINK)
    steps = [StreamBatch(T, (Identity("did:plc:leader", "leader.example", T),))]
    for i in range(400):
        events = (Identity(f"a{i}", "", T + i),)
        if i < 100:
            events += (Follow(f"a{i}", "did:plc:leader", T + i, f"a{i}/k"),)
        steps.append(StreamBatch(T + i, events))
    fall = T + 3_600_000_000
    steps += [
        StreamBatch(fall + i, (Report(f"r{k}", f"a{i}", fall + i, f"{i}-{k}"),))
        for i in range(20)
        for k in range(4)
    ]
    steps += [
        StreamBatch(fall + i * 100_000, (Status(f"a{i}", "suspended", fall + i * 100_000),))
        for i in range(60)
    ]
    back = fall + 600_000_000
    steps += [
        StreamBatch(back + i * 100_000, (Status(f"a{i}", "active", back + i * 100_000),))
        for i in range(40)
    ]
    steps.append(StreamBatch(back + 3_600_000_000))
    for i in range(0, len(steps), 10):
        watcher.process_batches([(feed, steps[i : i + 10])])
    rows = state.connection.execute("SELECT body FROM alerts ORDER BY id").fetchall()
    return [json.loads(r[0]) for r in rows]


def test_a_wave_is_told_with_whose_it_is_and_how_many_were_reported(bodies):
    falls = [b for b in bodies if b["kind"] == "falls"]
    last = falls[-1]
    assert last["news"] == "closed"
    assert last["why"] == (
        "60 accounts were suspended within 5 s; fewer than one would have been usual. "
        "60 of them followed @leader.example: 100 followers before, 40 after. "
        "20 of 60 had been reported before they were suspended."
    )
    [hit] = last["hit"]
    assert hit["leader"] == "did:plc:leader"
    assert hit["handle"] == "leader.example"
    assert (hit["before"], hit["suspended"], hit["after"]) == (100, 60, 40)
    assert sentence(parse_alert(last)) == last["why"], "text channels and JSON say the same"


def test_news_of_a_wave_can_be_told_apart(bodies):
    falls = [headline(parse_alert(b)) for b in bodies if b["kind"] == "falls"]
    assert falls[0] == "Wave 2: accounts fall" or falls[0] == "Wave 1: accounts fall"
    assert falls[-1].endswith("is over")
    assert len(set(falls)) >= 2


def test_a_burst_is_told_with_its_targets_and_how_many_were_reported_by_the_same(bodies):
    burst = next(b for b in bodies if b["kind"] == "reports")
    assert burst["targets"]
    assert re.fullmatch("[a-z]+-[a-z0-9]{11}", burst["targets"][0]["target"]), "by pseudonym"
    assert burst["targets"][0]["reporters"] >= 1


def test_returns_say_why_too(bodies):
    back = next(b for b in bodies if b["kind"] == "returns")
    assert back["why"].endswith("can be seen again.")


def test_a_link_leads_to_the_wave(bodies):
    for body in bodies:
        assert body["link"] == f"{LINK}wave/{body['numbers']['wave']}"


def test_a_phone_shows_whose_it_is_and_opens_the_wave(server, bodies):
    body = next(b for b in bodies if b["kind"] == "falls")
    assert alerts.send(Channel("n", "ntfy", {"url": server.url + "/birds"}), message(body)) == ""
    [(_, _, text, headers)] = server.got
    assert "@leader.example" in text
    assert f"Silenced by: {body['silenced_by']}" in text
    assert headers["Click"] == body["link"]
    assert headers["Title"] == headline(parse_alert(body))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_an_address_that_moved_is_no_delivery(server, bodies, status):
    """A redirected POST would arrive as a GET without a body, and be answered 200."""
    server.handler.answers = ((status, {"Location": server.url + "/elsewhere"}), (200, {}))
    channel = Channel("h", "webhook", {"url": server.url + "/hook", "secret": "s"})
    assert str(status) in alerts.send(channel, message(bodies[0]))
    assert [g[:2] for g in server.got] == [("POST", "/hook")]


def delivered(tmp_path, monkeypatch, url, *, times, apart):
    """One alert waits for a webhook and is tried `times` times, `apart` microseconds from each
    other; the state, and what was said."""
    state = State.open(tmp_path / "w.sqlite")
    with state.transaction():
        alert = ReturnsAlert(wave=1, fallen=60, returned=30)
        alerts.raise_alert(state, alert, [Rule("r", AlertKind.RETURNS, notify=("h",))], T)
    clock = {"at": T}
    monkeypatch.setattr(alerts, "now", lambda: clock["at"])
    said = []
    channel = Channel("h", "webhook", {"url": url, "secret": "s"})
    courier = alerts.Courier(str(tmp_path / "w.sqlite"), [channel], tell=said.append)
    for _ in range(times):
        courier.deliver(state)
        clock["at"] += apart
    return state, said


def test_an_alert_that_does_not_arrive_is_said_once_and_when_it_arrives(
    server, tmp_path, monkeypatch
):
    server.handler.answers = ((500, {}), (500, {}), (500, {}), (200, {}))
    _, said = delivered(tmp_path, monkeypatch, server.url, times=6, apart=20_000_000)
    assert len(server.got) == 4
    assert len(said) == 2
    assert "'h'" in said[0]
    assert "500" in said[0]
    assert "arrive again" in said[1]


def test_an_alert_that_is_given_up_is_said(tmp_path, monkeypatch):
    state, said = delivered(
        tmp_path, monkeypatch, "http://127.0.0.1:9/", times=alerts.MAX_TRIES + 2, apart=700_000_000
    )
    assert state.connection.execute("SELECT tries, done FROM deliveries").fetchone()[:] == (
        alerts.MAX_TRIES,
        None,
    )
    assert len(said) == 2
    assert "given up" in said[-1]


def test_what_is_handed_over_steers_no_terminal_and_no_spreadsheet(tmp_path):
    """Reasons and names come from outside: escape sequences, C1 controls, overrides of direction,
    formulas."""
    from birdfall.watch.alerts.handoff import export_wave, format_names

    state = State.open(tmp_path / "w.sqlite")
    feed = RecordingFeed("r", ())
    watcher = Watcher(state, [feed], recount_every=0.0)
    evil = "=1+1\x1b[2J\x9b31m\u202e\r\nBcc: x"
    watcher.process_batches([(feed, [StreamBatch(T, (Identity("a", "", T),))])])
    begin = T + 600_000_000
    falls = [
        StreamBatch(begin + i, (Status(f"=a{i}\u202e\x9b", "suspended", begin + i, evil),))
        for i in range(80)
    ]
    falls += [
        StreamBatch(begin + 100, (Report("@r\x1b", f"=a{i}\u202e\x9b", begin - 1000, f"k{i}"),))
        for i in range(3)
    ]
    watcher.process_batches([(feed, falls)])
    [wave] = [w for w in list_waves(state) if w.kind == "falls"]
    for form in format_names():
        text = export_wave(state, wave, form)
        assert not set(text) & set("\x1b\x9b\u202e\r"), form
        if form in ("csv", "restore"):
            assert all(line.startswith("'=a") for line in text.splitlines()[1:]), form
    assert (
        json.loads(export_wave(state, wave, "ozone").splitlines()[0])["subject"]["did"]
        == "=a0\u202e\x9b"
    ), "as it is, for tools"
    state.close()
