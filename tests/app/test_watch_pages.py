"""Watches in the workspace: alerts and what people say of them, rules, and a case from a wave."""

import re

import pytest
from app_made import Visitor

from birdfall.app.alert_marks import MARKS, AlertJudgement, put_mark, read_marks, rule_records
from birdfall.app.jobs import JobKind
from birdfall.watch.alerts.backtest import keep_rules
from birdfall.watch.alerts.rules import DEFAULT_RULES
from birdfall.watch.dashboard.state_view import StateView
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.model.events import Follow, Report, Status, StreamBatch
from birdfall.watch.store.database import State

T = 1_700_000_000_000_000
NAME = "night & <day>"
PAGE = "/en/watch/night%20%26%20%3Cday%3E"


@pytest.fixture
def watching(tmp_path):
    """Somebody in a workspace with a watch of one wave and one burst of reports."""
    folder = tmp_path / "work" / NAME
    folder.mkdir(parents=True)
    state = State.open(folder / "watch.sqlite")
    state.keep_meta(simulated=1)
    feed = RecordingFeed("recording:x", ())
    watcher = Watcher(state, [feed], leaders=("leader",), recount_every=0.0)
    fall = T + 600_000_000
    steps = [StreamBatch(T + i, (Follow(f"a{i}", "leader", T + i, f"a{i}/k"),)) for i in range(60)]
    steps += [
        StreamBatch(fall + i * 50_000, (Status(f"a{i}", "suspended", fall + i * 50_000),))
        for i in range(60)
    ]
    later = fall + 60_000_000
    steps += [
        StreamBatch(later + i, (Report(f"r{i}", f"t{k}", later + i, f"{i}{k}"),))
        for i in range(40)
        for k in range(2)
    ]
    watcher.process_batches([(feed, steps)])
    keep_rules(state, list(DEFAULT_RULES), false_alarms_per_year=1.0, until=fall)
    state.close()
    return Visitor(tmp_path / "work").enter()


def view_of(visitor):
    return StateView(visitor.workspace.path / NAME / "watch.sqlite")


def say(visitor, key, mark, page=PAGE):
    return visitor.send(page, f"{PAGE}/mark", {"key": key, "mark": mark})


@pytest.mark.parametrize("language", ["en", "es", "fr", "ar", "pt"])
def test_watches_stand_beside_cases_in_every_language(watching, language):
    listed = watching.get(f"/{language}/watch").text
    assert "night &amp; &lt;day&gt;" in listed and f"/{language}{PAGE[3:]}" in listed
    page = watching.get(f"/{language}{PAGE[3:]}").text
    assert page.count('name="mark"') >= 8 and 'class="simulated"' in page
    assert "<day>" not in page and "recording:x" in page


def test_alerts_are_judged_and_a_rule_says_how_often_it_was_right(watching):
    alerts = view_of(watching).alerts(50)
    kinds = {a.news.partition("-")[0] for a in alerts}
    assert {"falls", "reports"} <= kinds
    falls = next(a for a in alerts if a.news.startswith("falls"))
    reports = next(a for a in alerts if a.news.startswith("reports"))
    assert falls.size >= 1 and falls.wave and view_of(watching).alert(falls.key) == falls
    page = say(watching, falls.key, "true").text
    assert "1 of 1: 100%" in page and f'value="{falls.key}"' not in page
    every = watching.get(f"{PAGE}?alerts=all").text
    assert f'value="{falls.key}"' in every and "True: <bdi>owner 1" in every
    page = say(watching, falls.key, "false").text
    assert "0 of 1: 0%" in page
    page = say(watching, falls.key, "open").text
    assert f'value="{falls.key}"' in page and "0 of 1" not in page
    muted = say(watching, reports.key, "muted").text
    assert all(f'value="{a.key}"' not in muted for a in alerts if a.subject == reports.subject)
    folder = watching.workspace.path / NAME
    assert read_marks(folder)[reports.key].judgement is AlertJudgement.MUTED
    (folder / MARKS).write_text('{"a": 1}')
    assert read_marks(folder) == {} and f'value="{reports.key}"' in watching.get(PAGE).text


def test_the_share_is_of_those_judged_true_or_false_alone(watching):
    folder = watching.workspace.path / NAME
    alerts = view_of(watching).alerts(50)[:2]
    put_mark(folder, alerts[0], AlertJudgement.SEEN, "owner 1")
    assert [r.share for r in rule_records(list(read_marks(folder).values())).values()] == [
        None for _ in alerts[0].rules
    ]


def test_an_alert_that_is_not_there_and_a_word_that_is_none_are_refused(watching):
    key = view_of(watching).alerts(1)[0].key
    assert say(watching, "wave:99:opened", "true").status_code == 404
    assert say(watching, key, "maybe").status_code == 404
    assert (
        watching.client.post(f"{PAGE}/mark", data={"key": key, "mark": "true"}).status_code == 403
    )
    assert not (watching.workspace.path / NAME / MARKS).exists()


def test_a_wave_becomes_a_case_that_is_to_be_measured(watching, monkeypatch):
    begun = []
    monkeypatch.setattr("birdfall.app.watch_pages.begin_job", lambda *given: begun.append(given))
    number = re.search(rf'action="{PAGE}/case/(\d+)"', watching.get(PAGE).text)[1]
    watching.send(PAGE, f"{PAGE}/case/{number}")
    ((desk, request),) = begun
    assert (desk.workspace, request.kind) == (watching.workspace.path, JobKind.MEASURE)
    case = desk.case()
    assert case.settings.simulated and case.settings.title == f"Wave {number} of {NAME}"
    assert case.record().sizes["statuses"] == 60
    assert watching.send(PAGE, f"{PAGE}/case/999").status_code == 404 and len(begun) == 1


def test_only_folders_of_watches_in_the_workspace_are_watches(watching, tmp_path):
    work = watching.workspace.path
    (work / "empty").mkdir()
    (work / "broken").mkdir()
    (work / "broken" / "watch.sqlite").write_text("no database")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "watch.sqlite").write_bytes((work / NAME / "watch.sqlite").read_bytes())
    (work / "link").symlink_to(outside)
    listed = watching.get("/en/watch").text
    assert "watch/broken" in listed and "watch/empty" not in listed and "watch/link" not in listed
    for name in ("empty", "link", "%2e%2e", "none"):
        assert watching.get(f"/en/watch/{name}").status_code == 404
    assert watching.get("/en/watch/broken").status_code == 409


def test_a_reader_sees_no_watch(watching):
    reader = Visitor(watching.workspace.path, read_only=True).enter()
    assert reader.get("/en/watch").status_code == 403 and reader.get(PAGE).status_code == 403
    assert "/en/watch" not in reader.get("/en/").text
