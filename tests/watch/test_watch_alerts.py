"""Alerts reach their channels once, signed, also after failures; rules are read strictly and tried on history."""

import datetime as dt
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

from birdfall.model.errors import UsageError
from birdfall.watch import alerts
from birdfall.watch.bank import STEP
from birdfall.watch.events import Arrived, Status
from birdfall.watch.recorded import Recording
from birdfall.watch.rules import Channel, Rule, back_tested, load_rules, matching
from birdfall.watch.state import State
from birdfall.watch.watcher import Watcher, learned_from

T = int(dt.datetime(2024, 1, 1, tzinfo=dt.UTC).timestamp() * 1e6)
BODY = {"key": "wave:1:opened", "kind": "falls", "numbers": {"fallen": 30, "seconds": 9, "expected": 0.5, "wave": 1}}


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
    channel = Channel("hook", "webhook", {"url": f"http://127.0.0.1:{server.server_address[1]}/", "secret": "s"})
    state = State.open(tmp_path / "w.sqlite")
    with state.transaction():
        number = alerts.raise_alert(state, "k", "falls", [Rule("r", "falls", notify=("hook",))], T, BODY)
        assert alerts.raise_alert(state, "k", "falls", [], T, BODY) is None, "one alert a key"
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
    assert headers["Birdfall-Key"] == "k"
    header, seconds = headers["Birdfall-Signature"], int(headers["Birdfall-Signature"][2:].partition(",")[0])
    assert alerts.verified(body, "s", header, at=seconds)
    assert not alerts.verified(body + b" ", "s", header, at=seconds)
    assert not alerts.verified(body, "other", header, at=seconds)
    assert not alerts.verified(body, "s", header, at=seconds + 301)
    row = state.connection.execute("SELECT done, tries FROM deliveries WHERE alert = ?", (number,)).fetchone()
    assert row["done"] is not None
    assert row["tries"] == 3


def test_mail(monkeypatch):
    sent = []

    class Server:
        def __init__(self, host, port, timeout):
            assert (host, port) == ("mail.example", 2525)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def send_message(self, message):
            sent.append(message)

    monkeypatch.setattr(alerts.smtplib, "SMTP", Server)
    values = {"server": "mail.example", "port": "2525", "sender": "a@example.org", "to": "b@example.org"}
    assert alerts.send(Channel("m", "email", values), BODY) == ""
    assert "30 accounts were suspended within 9 s" in sent[0]["Subject"]


def test_every_kind_of_alert_has_a_sentence():
    numbers = {
        "fallen": 1,
        "seconds": 1,
        "expected": 1.0,
        "wave": 1,
        "returned": 1,
        "reporters": 1,
        "targets": 1,
        "together": 1,
        "source": "x\x1b[31m",
    }
    for kind in ("falls", "returns", "reports", "no-data"):
        text = alerts.sentence({"kind": kind, "numbers": numbers})
        assert "{" not in text
        assert "\x1b" not in text


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
    assert matching(rules, "falls", 20, {"did:plc:x"}) == rules
    assert matching(rules, "falls", 19, {"did:plc:x"}) == []
    assert matching(rules, "falls", 99, {"did:plc:y"}) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "no rule"), ("rule = 3", "list"), ("[[rule]]\non='falls'", "without a name"), ("[[rule]]\nname='a'\non='waves'", "on must be"),
     ("[[rule]]\nname='a'\non='falls'\nat_least='x'", "at_least must be of type int"), ("[[rule]]\nname='a'\non='falls'\nat_least=-1", "0 or more"),
     ("[[rule]]\nname='a'\non='falls'\nleast=1", "unknown key"), ("[[rule]]\nname='a'\non='falls'\nnotify=['x']", "no channel"),
     ("[[rule]]\nname='a'\non='falls'\n[[rule]]\nname='a'\non='falls'", "two rules"), ("x = 1", "unknown key"), ("[[rule", "not TOML"),
     (GOOD, "TEST_SECRET is not set"), (GOOD.replace("env:TEST_SECRET", ""), "needs 'secret'"),
     (GOOD.replace("https://example.org", "ftp://x").replace("env:TEST_SECRET", "x"), "http"),
     (GOOD.replace('"webhook"', '"pigeon"'), "kind must be")],
)  # fmt: skip
def test_what_is_wrong_with_rules_is_said(tmp_path, text, said):
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as error:
        load_rules(path)
    assert said in str(error.value)


def watched(path, days, bursts, rng):
    """A state that has watched `days` of a suspension or two an hour, with bursts of 60 in a minute on some days."""
    state = State.open(path)
    events = []
    for hour in range(days * 24):
        for _ in range(rng.poisson(2)):
            events.append(T + int((hour + rng.random()) * 3600e6))
    for day in bursts:
        events += [T + int(day * 86400e6 + 12 * 3600e6 + rng.random() * 60e6) for _ in range(60)]
    steps = []
    for number, moment in enumerate(sorted(events)):
        steps.append(Arrived(moment, (Status(f"a{number}", "suspended", moment),)))
    steps.append(Arrived(T + days * 86_400_000_000))
    feed = Recording("r", ())
    watcher = Watcher(state, [feed], recount_every=0.0)
    for i in range(0, len(steps), 500):
        watcher.take([(feed, steps[i : i + 500])])
    with state.transaction():
        state.keep_meta(begun=T)
    return state, T + days * 86_400_000_000


def test_a_rule_is_tried_on_the_past(tmp_path):
    state, end = watched(tmp_path / "w.sqlite", 30, [7, 13, 22, 28], np.random.default_rng(0))
    tried = back_tested(state, Rule("r", "falls", 20), false_alarms_per_year=1.0, until=end)
    assert (tried["fires"], tried["days"]) == (4, 30.0)
    large = back_tested(state, Rule("r", "falls", 500), false_alarms_per_year=1.0, until=end)
    assert large["fires"] == 0
    short = back_tested(state, Rule("r", "falls", 20), false_alarms_per_year=1.0, until=T + 3_600_000_000)
    assert short["why"] == "history-too-short"
    assert back_tested(state, Rule("r", "no-data"), false_alarms_per_year=1.0, until=end) == {"why": "not-a-detector"}


def test_what_history_says_is_used_for_the_next_tick(tmp_path):
    state, end = watched(tmp_path / "w.sqlite", 20, [], np.random.default_rng(1))
    learned = learned_from(state, "all", T, end, 1.0)
    rate = 2 / 360
    assert rate < learned.expected < 10 * rate
    assert learned_from(state, "reports", T, end, 1.0) is None
    assert state.connection.execute("SELECT count(*) FROM waves").fetchone()[0] == 0, "twenty quiet days"
    assert state.connection.execute("SELECT sum(observed) FROM ticks").fetchone()[0] > 0
    assert STEP == 10_000_000
