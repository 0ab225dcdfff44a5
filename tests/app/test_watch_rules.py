"""Rules and channels of a watch are kept, tried and tested on a page."""

import http.server
import json
import threading

import pytest

from birdfall.app.watch_pages import STATE
from birdfall.app.watch_rules import RULES, TRIAL_SENTENCE, WatchRules
from birdfall.app.watch_runs import PLAN
from birdfall.app.watch_worker import run_plan
from birdfall.watch.alerts.backtest import RuleBacktest
from birdfall.watch.alerts.channels import verify_signature
from birdfall.watch.alerts.rules import DEFAULT_RULES, load_rules
from birdfall.watch.model.alert import AlertKind

PAGE = "/en/watch/night/rules"


@pytest.fixture
def watching(visitor):
    """Somebody with a watch that was begun on a page, and has seen nothing yet."""
    folder = visitor.workspace.path / "night"
    folder.mkdir()
    (folder / PLAN).write_text(json.dumps({"source": "wiki:x", "leaders": [], "simulated": False}))
    visitor.folder = folder
    return visitor


@pytest.fixture
def receiver():
    """A program on this machine that takes messages; `refuses` says whether it does not."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.taken.append((dict(self.headers), body))
            self.send_response(500 if server.refuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    server.taken, server.refuses = [], False
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def do(visitor, what, **fields):
    return visitor.send(PAGE, PAGE, {"do": what, **fields})


def test_a_rule_is_kept_beside_those_there_are_and_taken_away(watching):
    page = watching.get(PAGE).text
    assert page.count("remove-rule") == len(DEFAULT_RULES)
    do(watching, "keep-rule", on="falls", at_least="20", leader='@a"b\\c')
    rules, _ = load_rules(watching.folder / RULES)
    assert [r.name for r in rules[:-1]] == [r.name for r in DEFAULT_RULES]
    kept = rules[-1]
    assert (kept.on, kept.at_least, kept.leader) == (AlertKind.FALLS, 20, '@a"b\\c')
    assert all(r.notify == () for r in rules)
    for rule in rules:
        do(watching, "remove-rule", name=rule.name)
    # one stays: a watch without any would be none
    assert [r.name for r in WatchRules.of(watching.folder).rules] == [kept.name]


def test_a_rule_that_is_wrong_is_refused_and_changes_nothing(watching):
    do(watching, "keep-rule", on="falls", at_least="20")
    before = (watching.folder / RULES).read_text()
    twice = do(watching, "keep-rule", on="falls", at_least="20")
    assert twice.status_code == 400 and "two rules are called" in twice.text
    assert do(watching, "keep-rule", on="reports", leader="@a").status_code == 400
    assert do(watching, "keep-rule", on="falls", at_least="many").status_code == 400
    assert do(watching, "keep-rule", on="nothing").status_code == 404
    url = do(watching, "keep-channel", kind="webhook", url="file:///etc/passwd")
    assert url.status_code == 400 and "http" in url.text
    assert do(watching, "keep-channel", kind="ntfy", url="env:HOME").status_code == 400
    assert do(watching, "keep-channel", kind="kafka", url="a").status_code == 404
    assert (watching.folder / RULES).read_text() == before
    assert str(watching.folder) not in twice.text


def test_a_channel_is_tested_with_a_signed_message_that_says_so(watching, receiver):
    url = f"http://127.0.0.1:{receiver.server_address[1]}/alerts"
    page = do(watching, "keep-channel", kind="webhook", url=url).text
    (channel,) = WatchRules.of(watching.folder).channels
    assert url in page and channel.values["secret"] in page
    assert all(r.notify == (channel.name,) for r in WatchRules.of(watching.folder).rules)
    page = do(watching, "try-channel", name=channel.name).text
    assert "the test message was taken" in page
    ((headers, body),) = receiver.taken
    assert json.loads(body)["why"] == TRIAL_SENTENCE
    moment = int(headers["Birdfall-Signature"].partition("=")[2].partition(",")[0])
    signed = headers["Birdfall-Signature"]
    assert verify_signature(body, channel.values["secret"], signed, at=moment)
    receiver.refuses = True
    assert "did not arrive (" in do(watching, "try-channel", name=channel.name).text
    do(watching, "remove-channel", name=channel.name)
    kept = WatchRules.of(watching.folder)
    assert kept.channels == () and all(r.notify == () for r in kept.rules)


def test_a_password_is_kept_for_its_owner_alone_and_never_shown(watching):
    mail = {"to": "a@x.example", "sender": "b@x.example", "server": "mail.example", "port": "587"}
    page = do(watching, "keep-channel", kind="email", user="b", password="hush-hush", **mail).text
    assert "a@x.example" in page and "hush-hush" not in page
    (channel,) = WatchRules.of(watching.folder).channels
    assert channel.values["password"] == "hush-hush"
    assert (watching.folder / RULES).stat().st_mode & 0o077 == 0


def test_a_rule_is_tried_and_nothing_is_kept(watching):
    page = do(watching, "try-rule", on="falls", at_least="7", leader="@a").text
    assert "the history is too short" in page and 'value="7"' in page and 'value="@a"' in page
    assert not (watching.folder / RULES).exists()


def test_what_a_rule_would_have_done_is_said_before_it_is_kept(watching, monkeypatch):
    (watching.folder / STATE).touch()
    asked = []

    def try_rule(state, rule):
        asked.append((state, rule.on, rule.at_least))
        return RuleBacktest(fires=3, days=9.0)

    monkeypatch.setattr("birdfall.app.watch_rule_pages.try_rule", try_rule)
    page = do(watching, "try-rule", on="reports", at_least="30").text
    assert "would have fired 3 times in 9 days" in page
    assert asked == [(watching.folder / STATE, AlertKind.REPORTS, 30)]
    assert not (watching.folder / RULES).exists()


@pytest.mark.parametrize("language", ["es", "fr", "ar", "pt"])
def test_the_page_is_there_in_every_language(watching, language):
    do(watching, "keep-channel", kind="ntfy", url="https://ntfy.example/a")
    page = watching.get(f"/{language}{PAGE[3:]}")
    assert page.status_code == 200 and "https://ntfy.example/a" in page.text


def test_a_watch_takes_the_rules_of_its_page(watching, monkeypatch):
    taken = []
    monkeypatch.setattr(
        "birdfall.app.watch_worker.watch", lambda *_, options, **__: taken.append(options)
    )
    run_plan(watching.folder, threading.Event())
    do(watching, "keep-rule", on="falls", at_least="20")
    run_plan(watching.folder, threading.Event())
    assert [(o.rules, o.notify) for o in taken] == [
        (None, False), (watching.folder / RULES, True),
    ]  # fmt: skip
