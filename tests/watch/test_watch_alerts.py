"""Alerts reach their channels once, signed, also after failures; rules are read strictly and tried
on history."""

import datetime as dt
import json
import socketserver
import threading
from dataclasses import replace
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

from birdfall.model.errors import UsageError
from birdfall.watch.alerts import delivery as alerts
from birdfall.watch.alerts.backtest import RuleBacktest, backtest_rule, load_history
from birdfall.watch.alerts.channels import verify_signature
from birdfall.watch.alerts.messages import AlertMessage, sentence, to_payload
from birdfall.watch.alerts.rules import Channel, Rule, load_rules, matching_rules
from birdfall.watch.engine.learning import learn_baseline
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.model.alert import (
    AlertKind,
    AudienceHit,
    DataAgainAlert,
    NoDataAlert,
    NoDataReason,
    ReportsAlert,
    ReturnsAlert,
    SuspensionAlert,
    WaveStage,
    parse_alert,
)
from birdfall.watch.model.events import Status, StreamBatch
from birdfall.watch.model.stream_key import ALL_FALLS, ALL_REPORTS
from birdfall.watch.model.ticks import TICK_US
from birdfall.watch.store.database import State, TickValues

T = int(dt.datetime(2024, 1, 1, tzinfo=dt.UTC).timestamp() * 1e6)
ALERT = SuspensionAlert(
    wave=1, stage=WaveStage.OPENED, stream=ALL_FALLS, begin=T, seconds=9, expected=0.5, fallen=30
)
MESSAGE = AlertMessage(ALERT, ALERT.key, T, to_payload(ALERT, rules=[], time=T))


def test_a_webhook_is_signed_and_tried_until_it_arrives(tmp_path, monkeypatch):
    got, answers = [], [500, 503, 200]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((body, dict(self.headers)))
            self.send_response(answers[min(len(got), len(answers)) - 1])
            self.end_headers()

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    channel = Channel(
        "hook", "webhook", {"url": f"http://127.0.0.1:{server.server_address[1]}/", "secret": "s"}
    )
    state = State.open(tmp_path / "w.sqlite")
    with state.transaction():
        number = alerts.raise_alert(state, ALERT, [Rule("r", AlertKind.FALLS, notify=("hook",))], T)
        assert alerts.raise_alert(state, ALERT, [], T) is None, "one alert a key"
    clock = {"at": T}
    monkeypatch.setattr(alerts, "now", lambda: clock["at"])
    courier = alerts.Courier(str(tmp_path / "w.sqlite"), [channel])
    waits = []
    for _ in range(6):
        courier.deliver(state)
        waits.append(len(got))
        clock["at"] += 5_000_000
    server.shutdown()
    server.server_close()
    assert waits == [1, 2, 3, 3, 3, 3], "tried again after each failure, and not after it arrived"
    body, headers = got[-1]
    assert json.loads(body)["rules"] == ["r"]
    assert headers["Birdfall-Key"] == "wave:1:opened"
    header, seconds = (
        headers["Birdfall-Signature"],
        int(headers["Birdfall-Signature"][2:].partition(",")[0]),
    )
    assert verify_signature(body, "s", header, at=seconds)
    assert not verify_signature(body + b" ", "s", header, at=seconds)
    assert not verify_signature(body, "other", header, at=seconds)
    assert not verify_signature(body, "s", header, at=seconds + 301)
    row = state.connection.execute(
        "SELECT done, tries FROM deliveries WHERE alert = ?", (number,)
    ).fetchone()
    assert row["done"] is not None
    assert row["tries"] == 3


class Post(socketserver.ThreadingTCPServer):
    """A mail server as RFC 5321 has it, small: takes letters in `letters`; `refuse` answers the
    first ones with 451."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, refuse=0):
        self.letters, self.refuse = [], refuse
        post = self

        class Talk(socketserver.StreamRequestHandler):
            def handle(self):
                self.wfile.write(b"220 post\r\n")
                letter = {}
                while line := self.rfile.readline():
                    word = line.strip().upper()
                    if word.startswith(b"MAIL") and post.refuse:
                        post.refuse -= 1
                        self.wfile.write(b"451 later\r\n")
                    elif word.startswith((b"MAIL", b"RCPT")):
                        letter.setdefault(word[:4].decode(), []).append(line.strip().decode())
                        self.wfile.write(b"250 ok\r\n")
                    elif word == b"DATA":
                        self.wfile.write(b"354 go on\r\n")
                        body = b""
                        while (line := self.rfile.readline()) != b".\r\n":
                            body += line
                        post.letters.append(
                            (letter, message_from_bytes(body, policy=policy.default))
                        )
                        self.wfile.write(b"250 kept\r\n")
                    elif word == b"QUIT":
                        self.wfile.write(b"221 bye\r\n")
                        return
                    else:
                        self.wfile.write(b"250 post\r\n")

        super().__init__(("127.0.0.1", 0), Talk)
        threading.Thread(target=self.serve_forever, daemon=True).start()


def test_a_letter_arrives_and_is_sent_again_when_it_was_refused(tmp_path, monkeypatch):
    post = Post(refuse=1)
    values = {
        "server": "127.0.0.1",
        "port": str(post.server_address[1]),
        "sender": "a@example.org",
        "to": "b@example.org",
    }
    state = State.open(tmp_path / "w.sqlite")
    with state.transaction():
        hit = AudienceHit("l", 3, 2, 1, 0, 9.0, handle="x\r\nBcc: evil@example.org")
        alert = replace(ALERT, hit=(hit,))
        alerts.raise_alert(state, alert, [Rule("r", AlertKind.FALLS, notify=("m",))], T)
    clock = {"at": T}
    monkeypatch.setattr(alerts, "now", lambda: clock["at"])
    courier = alerts.Courier(str(tmp_path / "w.sqlite"), [Channel("m", "email", values)])
    for _ in range(4):
        courier.deliver(state)
        clock["at"] += 10_000_000
    post.shutdown()
    post.server_close()
    [(envelope, letter)] = post.letters
    assert "a@example.org" in envelope["MAIL"][0]
    assert len(envelope["RCPT"]) == 1
    assert "b@example.org" in envelope["RCPT"][0]
    assert "30 accounts were suspended within 9 s" in letter["Subject"]
    assert letter["Bcc"] is None
    assert (
        json.loads(letter.get_content().replace("\r\n", "\n").partition("\n\n")[2])["numbers"][
            "fallen"
        ]
        == 30
    )
    assert state.connection.execute("SELECT done IS NOT NULL, tries FROM deliveries").fetchone()[
        :
    ] == (1, 2)


def test_ntfy_and_standard_output(capsys):
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(
                (self.rfile.read(int(self.headers["Content-Length"])).decode(), dict(self.headers))
            )
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/birds"
    assert alerts.send(Channel("n", "ntfy", {"url": url, "token": "tk"}), MESSAGE) == ""
    server.shutdown()
    server.server_close()
    [(text, headers)] = got
    assert text.startswith("30 accounts were suspended within 9 s")
    assert headers["Authorization"] == "Bearer tk"
    assert headers["Priority"] == "high"
    hostile = replace(MESSAGE, payload={**MESSAGE.payload, "why": "\x1b[31m"})
    assert alerts.send(Channel("s", "stdout", {}), hostile) == ""
    said = capsys.readouterr().out
    assert json.loads(said)["why"] == "\x1b[31m"
    assert "\x1b" not in said, "one line of ASCII: nothing of it is acted on by a terminal"


def test_an_alert_says_why_what_would_silence_it_the_numbers_and_where_to_look(tmp_path):
    state = State.open(tmp_path / "w.sqlite")
    feed = RecordingFeed("r", ())
    watcher = Watcher(state, [feed], recount_every=0.0, link="http://127.0.0.1:8470/")
    steps = [
        StreamBatch(T + i * 60_000_000, (Status(f"q{i}", "suspended", T + i * 60_000_000),))
        for i in range(60)
    ]
    begin = T + 3600_000_000
    steps += [
        StreamBatch(begin + i * 100_000, (Status(f"w{i}", "suspended", begin + i * 100_000),))
        for i in range(100)
    ]
    steps.append(StreamBatch(begin + 3600_000_000))
    for i in range(0, len(steps), 10):
        watcher.process_batches([(feed, steps[i : i + 10])])
    found = [
        json.loads(r[0]) for r in state.connection.execute("SELECT body FROM alerts ORDER BY id")
    ]
    assert found[0]["news"] == "opened"
    assert found[-1]["news"] == "closed"
    assert len({b["key"] for b in found}) == len(found), "nothing is told twice"
    assert len(found) <= 8, "told again only when it has doubled"
    for body in found:
        assert body["numbers"].keys() >= {"fallen", "seconds", "expected", "wave"}
        assert body["stream"] == "all"
        assert body["why"].startswith(f"{body['numbers']['fallen']} accounts were suspended within")
        assert body["false_alarms_per_year"] == 1.0
        assert body["silenced_by"] == f"a rule with at_least above {body['numbers']['fallen']}"
        assert body["link"] == "http://127.0.0.1:8470/wave/1"
        assert body["rules"] == ["a wave of suspensions"]
    assert found[-1]["numbers"]["fallen"] == 100


def test_every_kind_of_alert_has_a_sentence():
    burst = ReportsAlert(
        wave=1,
        stage=WaveStage.CLOSED,
        stream=ALL_REPORTS,
        begin=T,
        seconds=1,
        expected=1.0,
        reporters=1,
    )
    returns = ReturnsAlert(wave=1, fallen=1, returned=1)
    silent = NoDataAlert(
        source="x\x1b[31m",
        since=T,
        seconds=1,
        reason=NoDataReason.NOT_CONNECTED,
        said="y\x1b[31m",
    )
    again = DataAgainAlert(source="x\x1b[31m", since=T, seconds=1)
    alerts_of_all_kinds = (ALERT, burst, returns, silent, again)
    assert {alert.kind for alert in alerts_of_all_kinds} == set(AlertKind)
    for alert in alerts_of_all_kinds:
        text = sentence(alert)
        assert text
        assert "{" not in text
        assert "\x1b" not in text
        assert parse_alert(to_payload(alert, rules=[], time=T)) == alert, "JSON and back"


GOOD = """
[[rule]]
name = "ours"
on = "falls"
leader = "did:plc:x"
at_least = 20
notify = ["stdout", "hook"]
[channel.hook]
kind = "webhook"
url = "https://example.org"
secret = "env:TEST_SECRET"
"""


def test_rules_are_read(tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_SECRET", "hidden")
    path = tmp_path / "rules.toml"
    path.write_text(GOOD)
    rules, channels = load_rules(path)
    assert rules == [Rule("ours", "falls", 20, "did:plc:x", ("stdout", "hook"))]
    assert channels[1].values["secret"] == "hidden"
    assert matching_rules(rules, AlertKind.FALLS, 20, {"did:plc:x"}) == rules
    assert matching_rules(rules, AlertKind.FALLS, 19, {"did:plc:x"}) == []
    assert matching_rules(rules, AlertKind.FALLS, 99, {"did:plc:y"}) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no rule"),
        ("rule = 3", "list"),
        ("[[rule]]\non='falls'", "without a name"),
        ("[[rule]]\nname='a'\non='waves'", "on must be"),
        ("[[rule]]\nname='a'\non='falls'\nat_least='x'", "at_least must be of type int"),
        ("[[rule]]\nname='a'\non='falls'\nat_least=-1", "0 or more"),
        ("[[rule]]\nname='a'\non='falls'\nleast=1", "unknown key"),
        ("[[rule]]\nname='a'\non='falls'\nnotify=['x']", "no channel"),
        ("[[rule]]\nname='a'\non='falls'\n[[rule]]\nname='a'\non='falls'", "two rules"),
        ("x = 1", "unknown key"),
        ("[[rule", "not TOML"),
        (GOOD, "TEST_SECRET is not set"),
        (GOOD.replace("env:TEST_SECRET", ""), "needs 'secret'"),
        (GOOD.replace("https://example.org", "ftp://x").replace("env:TEST_SECRET", "x"), "http"),
        (GOOD.replace('"webhook"', '"pigeon"'), "kind must be"),
    ],
)
def test_what_is_wrong_with_rules_is_said(tmp_path, text, said):
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as error:
        load_rules(path)
    assert said in str(error.value)


def watched(path, days, bursts, rng):
    """A state that has watched `days` of a suspension or two an hour, with bursts of 60 in a minute
    on some days."""
    state = State.open(path)
    events = []
    for hour in range(days * 24):
        for _ in range(rng.poisson(2)):
            events.append(T + int((hour + rng.random()) * 3600e6))
    for day in bursts:
        events += [T + int(day * 86400e6 + 12 * 3600e6 + rng.random() * 60e6) for _ in range(60)]
    steps = []
    for number, moment in enumerate(sorted(events)):
        steps.append(StreamBatch(moment, (Status(f"a{number}", "suspended", moment),)))
    steps.append(StreamBatch(T + days * 86_400_000_000))
    feed = RecordingFeed("r", ())
    watcher = Watcher(state, [feed], recount_every=0.0)
    for i in range(0, len(steps), 500):
        watcher.process_batches([(feed, steps[i : i + 500])])
    with state.transaction():
        state.keep_meta(begun=T)
    return state, T + days * 86_400_000_000


def test_a_rule_is_tried_on_the_past(tmp_path):
    state, end = watched(tmp_path / "w.sqlite", 15, [4, 7, 11, 14], np.random.default_rng(0))
    tried = backtest_rule(state, Rule("r", "falls", 20), false_alarms_per_year=1.0, until=end)
    assert (tried.fires, tried.days) == (4, 15.0)
    large = backtest_rule(state, Rule("r", "falls", 500), false_alarms_per_year=1.0, until=end)
    assert large.fires == 0
    short = backtest_rule(
        state, Rule("r", "falls", 20), false_alarms_per_year=1.0, until=T + 3_600_000_000
    )
    assert short.why == "history-too-short"
    assert backtest_rule(
        state, Rule("r", AlertKind.NO_DATA), false_alarms_per_year=1.0, until=end
    ) == RuleBacktest(why="not-a-detector")


def test_no_more_of_the_past_is_read_than_the_last_weeks(tmp_path):
    state = State.open(tmp_path / "w.sqlite")
    day, end = 86_400_000_000, T + 400 * 86_400_000_000
    with state.transaction():
        state.keep_ticks([TickValues(ALL_FALLS, T + d * day, 5, 0.1, 0.5) for d in range(400)])
        state.keep_meta(begun=T)
    counts, _, first = load_history(state, ALL_FALLS, T, end)
    assert (len(counts), first) == (56 * 8640, end - 56 * day)
    assert counts.sum() == 56 * 5
    assert (
        backtest_rule(state, Rule("r", "falls"), false_alarms_per_year=1.0, until=end).days == 56.0
    )


def test_what_history_says_is_used_for_the_next_tick(tmp_path):
    state, end = watched(tmp_path / "w.sqlite", 10, [], np.random.default_rng(1))
    learned = learn_baseline(state, ALL_FALLS, T, end, 1.0)
    rate = 2 / 360
    assert rate < learned.expected < 10 * rate
    assert learn_baseline(state, ALL_REPORTS, T, end, 1.0) is None
    assert state.connection.execute("SELECT count(*) FROM waves").fetchone()[0] == 0, (
        "ten quiet days"
    )
    assert state.connection.execute("SELECT sum(observed) FROM ticks").fetchone()[0] > 0
    assert TICK_US == 10_000_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("channel = 3\n[[rule]]\nname='a'\non='falls'", "channels are tables"),
        ("[[rule]]\nname='a'\non='falls'\n[channel.x]\nkind=['email']", "kind must be"),
        (
            "[[rule]]\nname='a'\non='falls'\n[channel.stdout]\nkind='ntfy'\nurl='http://x'",
            "always there",
        ),
        ("[[rule]]\nname='a'\non=['falls']", "on must be"),
        ("[[rule]]\nname='a'\non='no-data'\nleader='did:x'", "leader goes with"),
        ("[[rule]]\nname='a'\non='reports'\nhost='x'", "host goes with"),
        ("[[rule]]\nname='a'\non='falls'\n[channel.x]\nkind='ntfy'\nurl='http:///'", "http"),
        (
            "[[rule]]\nname='a'\non='falls'\n[channel.x]\nkind='email'\nserver='s'\nsender='a'\nto='b'\nport=99999",
            "port must be",
        ),
    ],
)
def test_rules_that_could_never_work_are_refused(tmp_path, text, said):
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=said):
        load_rules(path)


def test_a_port_may_be_a_number(tmp_path):
    path = tmp_path / "rules.toml"
    path.write_text(
        "[[rule]]\nname='a'\non='falls'\n[channel.x]\nkind='email'\nserver='s'\nsender='a'\nto='b'\nport=587"
    )
    assert load_rules(path)[1][1].values["port"] == "587"
