"""What a watch shows and sends names nobody who is not watched: pages in five languages, and alerts
as each channel gets them, searched byte by byte."""

import json
import re

import pytest
from starlette.testclient import TestClient

from birdfall.tell.words import LANGUAGES
from birdfall.watch.dashboard.app import create_application
from birdfall.watch.dashboard.state_view import StateView
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.model.events import Follow, Identity, Report, Status, StreamBatch
from birdfall.watch.model.stream_key import ALL_FALLS, StreamKey, StreamKind
from birdfall.watch.model.wave import SuspensionDetails, WaveKind
from birdfall.watch.store.database import State

T = 1_700_000_000_000_000
SECOND, MINUTE = 1_000_000, 60_000_000
#: Stands in every id, handle and number of a report, and nowhere else.
MARK = "zqxid"
#: Names as a hostile platform gives them.
HOSTILE = ("=1+1", "<b>", "\x1b[31m", "\u202e", "&amp;", "'", '"')


def account(number):
    return f"did:plc:{MARK}{number}{HOSTILE[number % len(HOSTILE)]}"


def handle(number):
    return f"{MARK}-{number}.example"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A watch of a burst, a wave and its end, in which everybody has a canary."""
    path = tmp_path_factory.mktemp("told") / "watch.sqlite"
    state, feed = State.open(path), RecordingFeed("r", ())
    watcher = Watcher(state, [feed], leaders=("leader",), recount_every=0.0)
    events = [Identity("leader", "leader.example", T)]
    for i in range(120):
        events.append(Identity(account(i), handle(i), T + i))
        events.append(Follow(account(i), "leader", T + i, f"{MARK}{i}"))
    burst, wave = T + 50 * MINUTE, T + 60 * MINUTE
    for i in range(60):
        about = f"as @{handle(i)} and {account(1)} said"
        moment = burst + i * SECOND // 5
        events.append(Report(account(i), account(200 + i % 3), moment, f"{MARK}{i}", about))
    for i in range(100):
        said = f"reported by @{handle(3)} ({account(4)})"
        moment = wave + i * SECOND // 20
        events.append(
            Status(account(i), "suspended", moment, host="h.test", reason=said, client="app")
        )
    events += [Status(account(i), "active", wave + 5 * MINUTE + i) for i in range(90)]
    events.append(Status("end", "suspended", wave + 60 * MINUTE))
    steps = [StreamBatch(event.time, (event,), raw=b"x") for event in events]
    watcher.process_batches([(feed, steps)])
    watcher.settle()
    state.close()
    return path


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A watch of a burst against one account, and a wave on one host, in which two accounts fell on
    a host of their own through an application that nobody else uses.
    """
    path = tmp_path_factory.mktemp("alone") / "watch.sqlite"
    state, feed = State.open(path), RecordingFeed("r", ())
    watcher = Watcher(state, [feed], recount_every=0.0)
    events = [Identity(account(i), handle(i), T + i) for i in range(120)]
    burst, wave = T + 50 * MINUTE, T + 60 * MINUTE
    for i in range(60):
        moment = burst + i * SECOND // 5
        events.append(Report(account(i), account(200), moment, f"{MARK}{i}", ""))
    for i in range(100):
        own = i >= 98
        moment = wave + i * SECOND // 20
        events.append(
            Status(
                account(i),
                "suspended",
                moment,
                host=f"{MARK}.example" if own else "h.test",
                client=f"{MARK}-app" if own else "app",
            )
        )
    events.append(Status("end", "suspended", wave + 60 * MINUTE))
    watcher.process_batches([(feed, [StreamBatch(e.time, (e,), raw=b"x") for e in events])])
    watcher.settle()
    state.close()
    return path


def found_in(text):
    return [text[max(m.start() - 60, 0) : m.end() + 20] for m in re.finditer(MARK, text, re.I)]


def alerts_of(path):
    state = State.open(path, read_only=True)
    bodies = [row[0] for row in state.connection.execute("SELECT body FROM alerts")]
    state.close()
    return bodies


def test_alerts_name_nobody_who_is_not_watched(path):
    bodies = alerts_of(path)
    assert any('"kind": "reports"' in body for body in bodies)
    assert [found_in(body) for body in bodies if found_in(body)] == []


def test_the_alert_of_a_burst_against_one_account_names_it_by_pseudonym(alone):
    bodies = [json.loads(body) for body in alerts_of(alone)]
    bursts = [body for body in bodies if body["kind"] == "reports"]
    assert bursts and all(body["stream"].startswith("target:") for body in bursts)
    assert [found_in(str(body)) for body in bodies if found_in(str(body))] == []


def test_a_host_and_an_app_of_few_accounts_are_not_named(alone):
    view = StateView(alone)
    waves = [wave for wave in view.waves() if wave.kind is WaveKind.FALLS]
    assert waves and all(wave.hosts == {"h.test": 98} for wave in waves)
    assert all(wave.clients == {"app": 98} for wave in waves)
    few = SuspensionDetails(hosts={f"{MARK}.example": 9, "h.test": 10})
    assert few.may_name(StreamKey(StreamKind.HOST, "h.test")) and few.may_name(ALL_FALLS)
    assert not few.may_name(StreamKey(StreamKind.HOST, f"{MARK}.example"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_name_nobody_who_is_not_watched(path, language):
    web = TestClient(
        create_application(StateView(path), token=None, host="127.0.0.1"),
        base_url="http://127.0.0.1:1",
    )
    pages = ("now", "waves", "wave/1", "wave/2", "reporters", "sources", "rules")
    for page in pages:
        answer = web.get(f"/{language}/{page}")
        assert answer.status_code == 200
        assert found_in(answer.text + str(answer.headers)) == [], page
        assert not any(sign in answer.text for sign in ("\x1b", "\u202e"))
