"""The dashboard's server: who may see it, what it answers, and that hostile names stay text."""

import json
import threading
import time
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from birdfall.model.errors import UsageError
from birdfall.watch.alerts.backtest import keep_rules
from birdfall.watch.alerts.rules import DEFAULT_RULES
from birdfall.watch.dashboard.app import PageActions, create_application
from birdfall.watch.dashboard.server import DashboardServer
from birdfall.watch.dashboard.state_view import StateView
from birdfall.watch.dashboard.view import ReporterComparison
from birdfall.watch.engine.archive import case_from_wave
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.model.events import Follow, Gap, Identity, Report, Status, StreamBatch
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import ingest_batch, note_gap
from birdfall.watch.store.queries.alerts import ChannelCount
from birdfall.watch.store.queries.waves import list_waves
from birdfall.web import parse_address
from birdfall.web.door import MAX_BURST_REQUESTS, is_loopback
from commands import birdfall

T = 1_700_000_000_000_000
EVIL = "<script>alert(1)</script>\"'\u202e"


@pytest.fixture
def path(tmp_path):
    state = State.open(tmp_path / "watch.sqlite")
    feed = RecordingFeed("recording:x", ())
    watcher = Watcher(state, [feed], leaders=("leader",), recount_every=0.0)
    steps = [StreamBatch(T, (Identity("leader", EVIL, T),))]
    steps += [
        StreamBatch(
            T + i, (Identity(f"a{i}", "", T + i), Follow(f"a{i}", "leader", T + i, f"a{i}/k"))
        )
        for i in range(100)
    ]
    fall = T + 600_000_000
    steps += [
        StreamBatch(fall + i * 50_000, (Status(f"a{i}", "suspended", fall + i * 50_000, EVIL),))
        for i in range(80)
    ]
    steps += [
        StreamBatch(
            fall + 60_000_000 + i * 1000,
            (Report(f"r{i}", f"t{k}", fall + 60_000_000 + i * 1000, f"{i}{k}"),),
        )
        for i in range(40)
        for k in range(2)
    ]
    for i in range(0, len(steps), 50):
        watcher.process_batches([(feed, steps[i : i + 50])])
    keep_rules(state, list(DEFAULT_RULES), false_alarms_per_year=1.0, until=fall)
    state.close()
    return tmp_path / "watch.sqlite"


def client(path, token=None, host="127.0.0.1", **more):
    return TestClient(
        create_application(StateView(path), token=token, host=host, **more),
        base_url=f"http://{host}:8470",
        follow_redirects=False,
    )


@pytest.mark.parametrize("language", ["en", "es", "fr", "ar", "pt"])
def test_every_page_in_every_language(path, language):
    web = client(path)
    for page in ("now", "waves", "reporters", "rules", "sources", "wave/1"):
        answer = web.get(f"/{language}/{page}")
        assert answer.status_code == 200, page
        assert (
            f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in answer.text
        )
        assert "<script>alert" not in answer.text
        assert "watch." not in answer.text.replace("watch.sqlite", ""), "a word is missing"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy


def test_the_first_screen_says_what_happened_and_to_whom(path):
    text = client(path).get("/en/now").text
    assert "A wave is under way" in text
    assert "80 accounts were suspended" in text
    assert "&lt;script&gt;" in text, "the leader's name is shown as text"
    assert "What to check next" in text


def test_accounts_go_by_pseudonym_and_lists_are_downloads(path):
    web = client(path)
    text = web.get("/en/wave/2").text
    assert ">t0<" not in text
    assert "targets" in text.lower()
    answer = web.get("/wave/1/csv.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.count("\n") == 81
    assert web.get("/wave/1/other.csv").status_code == 404


def test_the_root_leads_to_the_visitors_language(path):
    assert (
        client(path).get("/", headers={"accept-language": "pt-BR,pt;q=0.9"}).headers["location"]
        == "/pt/now"
    )
    assert client(path).get("/", headers={"accept-language": "xx"}).headers["location"] == "/en/now"


@pytest.mark.parametrize(
    "place",
    [
        "/xx/now",
        "/en/nothing",
        "/en/wave/99",
        "/assets/../view.py",
        "/assets/view.py",
        "/report",
        "/wave/1/report",
    ],
)
def test_what_is_not_there(path, place):
    assert client(path).get(place).status_code == 404


def test_a_name_that_is_not_this_machines_is_turned_away(path):
    web = TestClient(
        create_application(StateView(path), token=None, host="127.0.0.1"),
        base_url="http://evil.example",
    )
    assert web.get("/en/now").status_code == 421


def test_beyond_this_machine_a_token_is_needed(path):
    web = client(path, token="t" * 24, host="192.0.2.7")
    assert web.get("/en/now").status_code == 401
    assert web.get("/en/now?token=wrong").status_code == 401
    assert web.get("/en/now", headers={"authorization": "Bearer " + "t" * 24}).status_code == 200
    answer = web.get("/en/now?token=" + "t" * 24)
    assert answer.status_code == 303
    assert "token" not in answer.headers["location"]
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert web.get("/en/now").status_code == 200, "the cookie lets in"


def test_too_much_is_turned_away(path, monkeypatch):
    # however slow this machine is, nothing is given back meanwhile
    monkeypatch.setattr("birdfall.web.door.REQUESTS_PER_SECOND", 0.0)
    web = client(path)
    assert web.post("/en/wave/1/case", content=b"x" * 20_000).status_code == 413
    assert web.delete("/en/now").status_code == 405
    said = [web.get("/assets/dashboard.css").status_code for _ in range(2 * MAX_BURST_REQUESTS)]
    assert 429 in said
    assert said[0] == 200


def test_only_this_site_can_ask_for_a_case(path, tmp_path):
    made = []
    web = client(path, actions=PageActions(lambda number: made.append(number) or tmp_path))
    assert web.post("/en/wave/1/case", headers={"origin": "http://evil.example"}).status_code == 403
    assert web.post("/en/wave/1/case", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert made == []
    assert (
        web.post("/en/wave/1/case", headers={"origin": "http://127.0.0.1:8470"}).status_code == 303
    )
    assert made == [1]


def test_where_it_may_stand():
    assert parse_address("8470") == ("127.0.0.1", 8470)
    assert parse_address("[::1]:80") == ("::1", 80)
    assert parse_address("0.0.0.0:1") == ("0.0.0.0", 1)
    for wrong in ("x", "1.2.3.4:", "1:99999"):
        with pytest.raises(UsageError):
            parse_address(wrong)
    assert is_loopback("127.8.8.8")
    assert is_loopback("[::1]")
    assert not is_loopback("127.0.0.1.evil.example")


def test_a_running_server_renews_its_pages(path):
    import urllib.request

    served = DashboardServer(path, "0")
    served.start()
    try:
        with urllib.request.urlopen(served.address + "events", timeout=10) as stream:
            first = stream.readline()
            assert first.startswith(b"data: ")
            state = State.open(path)
            with state.transaction():
                ingest_batch(
                    state,
                    "recording:x",
                    [StreamBatch(T, (Status("new", "suspended", T + 700_000_000),))],
                )
            state.close()
            stream.readline()
            assert json.loads(stream.readline()[6:]) != json.loads(first[6:])
    finally:
        served.stop()


def test_a_token_is_made_beyond_loopback_and_a_weak_one_refused(path):
    served = DashboardServer(path, "0.0.0.0:0")
    assert served.token is not None
    assert len(served.token) >= 32
    assert served.token in served.invitation
    served.stop()
    with pytest.raises(UsageError):
        DashboardServer(path, "0.0.0.0:0", "short")


def test_a_hundred_listeners_who_hardly_read_hold_up_nobody(path, monkeypatch):
    """Half of them never read: their answers pile up in the sockets.

    The rest get the news, pages are drawn, the watch goes on.
    """
    import socket
    import urllib.request

    monkeypatch.setattr("birdfall.web.door.MAX_BURST_REQUESTS", 10_000)
    at, asked = [0], []
    # news so large that a few of them fill what a socket holds
    monkeypatch.setattr(
        StateView, "version", lambda _self: asked.append(1) or f"{at[0]}-" + "x" * 400_000
    )
    served = DashboardServer(path, "0")
    served.start()
    listeners, got = [], [b""] * 50

    def read(k):
        listeners[k].settimeout(90)
        while b'"3-' not in got[k] and (part := listeners[k].recv(1 << 16)):
            got[k] = got[k][-8:] + part

    try:
        begin = time.monotonic()
        for _ in range(100):
            one = socket.create_connection(("127.0.0.1", served.port))
            one.sendall(f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n\r\n".encode())
            listeners.append(one)
        readers = [threading.Thread(target=read, args=(k,)) for k in range(50)]
        for reader in readers:
            reader.start()
        state = State.open(path)
        feed = RecordingFeed("recording:x", ())
        watcher = Watcher(state, [feed], recount_every=0.0)
        for number in range(1, 4):
            moment = T + 900_000_000 + number
            watcher.process_batches(
                [(feed, [StreamBatch(moment, (Status(f"new{number}", "suspended", moment),))])]
            )
            at[0] = number
            threading.Event().wait(0.8)
        state.close()
        for reader in readers:
            reader.join(90)
        assert all(b'"3-' in text for text in got), "whoever reads is told"
        with urllib.request.urlopen(served.address + "en/now", timeout=30) as answer:
            assert answer.status == 200
        # one look each half second for all of them (and one at each of the hundred that come), not
        # one each; the more, the longer it took
        assert len(asked) < 130 + 4 * (time.monotonic() - begin)
    finally:
        for one in listeners:
            one.close()
        served.stop()


def test_pages_are_drawn_once_for_many_visitors(path, monkeypatch):
    drawn = []
    waves_of = StateView.waves
    monkeypatch.setattr(StateView, "waves", lambda self: drawn.append(1) or waves_of(self))
    web = client(path)
    first = web.get("/en/waves").text
    assert all(web.get("/en/waves").text == first for _ in range(20))
    assert len(drawn) == 1
    state = State.open(path)
    with state.transaction():
        ingest_batch(
            state, "recording:x", [StreamBatch(T, (Status("new", "suspended", T + 700_000_000),))]
        )
    state.close()
    web.get("/en/waves")
    assert len(drawn) == 2, "and anew when something changed"


def test_pseudonyms_stay_for_as_long_as_the_watch_is_kept(path):
    first = client(path).get("/en/wave/2").text
    assert client(path).get("/en/wave/2").text == first
    key = path.with_name("pseudonyms.key")
    assert key.stat().st_mode & 0o777 == 0o600
    key.unlink()
    assert client(path).get("/en/wave/2").text != first


def test_reporters_are_set_beside_those_who_do_the_like(path):
    data = StateView(path).reporters()
    assert len(data.rows) == 40
    assert {r.targets for r in data.rows} == {2}
    assert data.comparison is None, "there is nobody to compare with"
    state = State.open(path)
    late = T + 620_000_000
    honest = [
        StreamBatch(late + i, (Report(f"h{i}", f"x{i}", late + i, f"h{i}"),)) for i in range(10)
    ]
    honest += [StreamBatch(late + 50, (Report("h0", "y", late + 2_000_000, "h0y"),))]
    with state.transaction():
        ingest_batch(state, "recording:x", honest)
    state.close()
    assert StateView(path).reporters().comparison == ReporterComparison(others=10, similar=1)


def test_a_burst_says_which_of_its_targets_fell(path):
    state = State.open(path)
    with state.transaction():
        ingest_batch(
            state, "recording:x", [StreamBatch(T, (Status("t1", "taken_down", T + 670_000_000),))]
        )
    state.close()
    burst = StateView(path).wave(2)
    assert {t.target: t.fell for t in burst.targets} == {"t0": None, "t1": T + 670_000_000}
    assert "1 of 2 suspended since the burst began" in client(path).get("/en/wave/2").text


def test_a_wave_that_has_ended_is_not_called_unusual(path):
    state = State.open(path)
    with state.transaction():
        end = T + 700_000_000
        state.connection.execute("UPDATE waves SET closed = ?", (end,))
        ingest_batch(
            state, "recording:x", [StreamBatch(end, (Identity("a1", "", end + 60_000_000),))]
        )
    state.close()
    text = client(path).get("/en/now").text
    assert "A wave has ended" in text
    assert "chance is ruled out" not in text
    assert "80 accounts were suspended from" in text


def test_a_source_that_is_down_is_told_of_whatever_else_is_on(path):
    state = State.open(path)
    with state.transaction():
        state.keep_health("atproto:example.org", False, T, "refused")
    state.close()
    text = client(path).get("/en/now").text
    assert "A wave is under way" in text
    assert "cannot be reached" in text
    assert "atproto:example.org" in text


def test_a_name_cannot_turn_the_sentence_around_it():
    from birdfall.watch.dashboard.app import isolate_direction

    assert isolate_direction("a\u202eb\u2069c") == "\u2068abc\u2069"


def test_a_name_in_a_table_cannot_be_turned_either(path):
    web = client(path)
    for page in ("now", "waves", "rules", "sources", "wave/1"):
        assert "\u202e" not in web.get(f"/en/{page}").text, page


def test_a_length_that_is_no_number_is_turned_away(path):
    assert client(path).get("/en/now", headers={"content-length": b"\xb2"}).status_code == 413


def test_a_case_that_cannot_be_made_says_why(path):
    def refuse(_number):
        raise UsageError("no <b>room</b>", fix="Make some.")

    web = client(path, actions=PageActions(refuse))
    answer = web.post("/en/wave/1/case", headers={"origin": "http://127.0.0.1:8470"})
    assert answer.status_code == 409
    assert "&lt;b&gt;room" in answer.text


@pytest.mark.slow
def test_a_wave_becomes_a_case_with_its_report(path):
    from birdfall.watch.dashboard.server import latest_case, make_case

    assert latest_case(path, 1) is None
    folder = make_case(path, 1)
    assert "<h1" in (folder / "reports" / "report.html").read_text()
    assert latest_case(path, 1) == folder
    assert latest_case(path, 2) is None
    with pytest.raises(UsageError, match="no wave 99"):
        make_case(path, 99)


def test_a_case_whose_report_fails_says_what_went_wrong(path, monkeypatch):
    from birdfall.model.errors import CaseError
    from birdfall.watch.dashboard.server import make_case

    monkeypatch.setattr("birdfall.watch.dashboard.server.sys.executable", "/bin/false")
    with pytest.raises(CaseError, match="its report was not"):
        make_case(path, 1)


def test_a_usual_minute_is_judged_by_what_a_minute_brings():
    from birdfall.watch.dashboard.charts import usual_limit

    assert usual_limit(0.0, 60_000_000) == 1.0
    # ten a tick are sixty a minute: seventy are usual, two hundred are not
    assert 70 < usual_limit(10.0, 60_000_000) < 200


def test_a_case_is_shown_in_the_same_pages(tmp_path):
    from birdfall.pipeline.context import Options
    from birdfall.pipeline.run import run
    from birdfall.watch.dashboard.case_view import CaseView

    state = State.open(tmp_path / "w.sqlite")
    feed = RecordingFeed("recording:x", ())
    watcher = Watcher(state, [feed], leaders=("leader",), recount_every=0.0)
    steps = [
        StreamBatch(
            T + i, (Identity(f"a{i}", "", T + i), Follow(f"a{i}", "leader", T + i, f"a{i}/k"))
        )
        for i in range(200)
    ]
    # somebody falls now and then, and eighty at once
    steps += [
        StreamBatch(T + i * 3_600_000_000, (Status(f"b{i}", "suspended", T + i * 3_600_000_000),))
        for i in range(1, 100)
    ]
    fall = T + 100 * 3_600_000_000
    steps += [
        StreamBatch(fall + i * 50_000, (Status(f"a{i}", "suspended", fall + i * 50_000),))
        for i in range(80)
    ]
    watcher.process_batches([(feed, steps)])
    watcher.run(threading.Event())
    case = case_from_wave(state, list_waves(state)[0], tmp_path / "case")
    run(case, Options(permutations=99, replicates=99))
    web = TestClient(
        create_application(CaseView(case.path), token=None, host="127.0.0.1"),
        base_url="http://127.0.0.1:1",
    )
    text = web.get("/en/waves").text
    assert ">80<" in text
    for language in ("en", "ar"):
        for page in ("now", "wave/1", "reporters", "sources"):
            assert web.get(f"/{language}/{page}").status_code == 200
    text = web.get("/en/now").text
    assert "1 wave found" in text
    assert "A wave is under way" not in text
    assert ">Rules<" not in text
    assert web.get("/en/rules").status_code == 404, "a case has no rules"


@pytest.mark.slow
def test_a_case_without_waves_says_so(tmp_path):
    from birdfall.watch.dashboard.case_view import CaseView

    lines = "account,status,time\n" + "".join(
        f"b{i},suspended,2023-11-{1 + i // 4:02d}T{i % 4 * 5:02d}:00:00Z\n" for i in range(100)
    )
    (tmp_path / "quiet.csv").write_text(lines)

    def said():
        view = CaseView(tmp_path / "case")
        web = TestClient(
            create_application(view, token=None, host="127.0.0.1"), base_url="http://127.0.0.1:1"
        )
        pages = [web.get(f"/en/{page}") for page in ("now", "waves", "reporters", "sources")]
        assert {p.status_code for p in pages} == {200}
        return pages[0].text

    birdfall("import", tmp_path / "quiet.csv", "-o", tmp_path / "case")
    assert "Not measured" in said()
    verified = birdfall("verify", tmp_path / "case", check=0).stdout
    assert "nothing was measured in it yet" in verified
    assert "not at hand" not in verified
    view = CaseView(tmp_path / "case")
    known = {view.name_of(f"b{i}") for i in range(100)}
    unknown = {view.name_of(f"nobody{i}") for i in range(100)}
    assert len(known) == len(unknown) == 100
    assert known.isdisjoint(unknown), "an account the case does not hold is nobody of the case"
    (tmp_path / "case/case.toml").write_text('time_zone = "America/Caracas"\n')
    birdfall("run", tmp_path / "case")
    text = said()
    assert "No wave found" in text
    # the first suspension was at midnight in London
    assert "Times are in America/Caracas." in text and "All times are UTC" not in text
    assert "31 Oct 2023, 20:00" in text


def test_a_link_in_an_alert_leads_to_its_page_in_the_visitors_language(path):
    web = client(path)
    for place in ("/wave/1", "/sources"):
        answer = web.get(place, headers={"accept-language": "pt-BR,pt;q=0.9"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/pt{place}")
        assert web.get(answer.headers["location"]).status_code == 200


def test_alerts_that_do_not_arrive_are_shown_beside_the_rules(path):
    state = State.open(path)
    with state.transaction():
        row = (
            "INSERT INTO deliveries (alert, channel, done, tries, next, said) "
            "VALUES (?, ?, ?, ?, 0, ?)"
        )
        state.connection.execute("DELETE FROM deliveries")
        state.connection.execute(row, (1, "desk", T, 1, ""))
        state.connection.execute(row, (1, "phone", None, 12, "HTTPError: 403"))
        state.connection.execute(row, (2, "phone", None, 3, "HTTPError: <b>404"))
    state.close()
    assert StateView(path).rules().channels == (
        ChannelCount("desk", arrived=1, waiting=0, lost=0, said=""),
        ChannelCount("phone", arrived=0, waiting=1, lost=1, said="HTTPError: <b>404"),
    )
    text = client(path).get("/en/rules").text
    assert "Given up" in text
    assert "HTTPError: &lt;b&gt;404" in text


def test_simulated_data_is_said_to_be_so_on_every_page(path):
    label = "nothing on this page happened to real accounts"
    assert label not in client(path).get("/en/now").text
    state = State.open(path)
    with state.transaction():
        state.keep_meta(simulated=1)
    state.close()
    web = client(path)
    assert all(
        label in web.get(f"/en/{page}").text
        for page in ("now", "waves", "reporters", "rules", "sources", "wave/1")
    )


def test_standard_input_is_named(path):
    state = State.open(path)
    with state.transaction():
        ingest_batch(state, "-", [StreamBatch(T, (), "1")])
    state.close()
    assert "standard input" in client(path).get("/en/sources").text


def test_nothing_is_usual_where_nothing_was_watched():
    from birdfall.watch.dashboard.charts import Count, TimeSpan, build_chart

    counts = [Count(k * 10, 4 * (k == 5), 2.0) for k in range(6)]
    gaps = [TimeSpan(25, 32), TimeSpan(12, 26), TimeSpan(30, 40)]
    drawn = build_chart(counts, gaps, 10, "all")
    assert drawn.gaps == ((12, 40),)
    assert [p.high for p in drawn.series] == [2.0, 2.0, None, None, 2.0, 2.0]
    assert [p.over for p in drawn.series] == [False] * 5 + [True]
    # in the step that is watched in part the band ends where the gap begins
    assert drawn.usual_band_path(4.0) == "M0 100V50H1V50H1.2V100ZM4 100V50H5V50H6V100Z"
    unwatched = tuple(replace(p, high=None) for p in drawn.series)
    assert replace(drawn, series=unwatched).usual_band_path(4.0) == ""


def test_the_page_draws_no_band_over_a_gap(path):
    state = State.open(path)
    with state.transaction():
        note_gap(state, "recording:x", Gap(T + 300_000_000, T + 540_000_000, "not-connected"))
    state.close()
    drawn = StateView(path).overview().chart
    bare = [p.at for p in drawn.series if p.high is None and p.at >= T]
    # whole minutes within the four; the two at its ends are watched in part
    assert len(bare) == 3
    assert bare[0] > T + 300_000_000
    assert bare[-1] + 60_000_000 < T + 540_000_000


def test_a_watch_that_no_longer_runs_is_not_called_quiet(path):
    from birdfall.watch.store.lock import lock_folder

    state = State.open(path)
    with state.transaction():
        # as a watch leaves it that is killed
        ingest_batch(state, "atproto:example.org", [StreamBatch(T, (), "1")])
        state.keep_health("atproto:example.org", True, T, "")
    state.close()
    held = lock_folder(path.parent)
    assert StateView(path).overview().state == "wave"
    assert StateView(path).sources()[0].state == "up"
    held.close()
    found = StateView(path).overview()
    assert (found.state, found.down) == ("stopped", ())
    assert found.latest < T + 700_000_000, "and time does not go on"
    assert StateView(path).sources()[0].state == "stopped"
    text = client(path).get("/en/now").text
    assert "No watch is running" in text
    assert "80 accounts were suspended" in text
    lock_folder(path.parent).close()


def test_what_is_lost_now_is_no_time_that_was_watched(path):
    state = State.open(path)
    with state.transaction():
        ingest_batch(
            state,
            "atproto:example.org",
            [StreamBatch(T + 600_000_000, (Identity("z", "", T + 600_000_000),), "1")],
        )
        state.keep_health("atproto:example.org", False, T + 630_000_000, "refused")
    state.close()
    drawn = StateView(path).overview()
    assert drawn.chart.gaps[-1] == (T + 630_000_000, drawn.latest)


@pytest.mark.parametrize("language", ["en", "es", "fr", "ar", "pt"])
def test_a_watch_that_has_just_begun_is_not_called_quiet(tmp_path, language):
    state = State.open(tmp_path / "watch.sqlite")
    feed = RecordingFeed("recording:x", ())
    watcher = Watcher(state, [feed], recount_every=0.0)
    watcher.process_batches([(feed, [StreamBatch(T, (Status("a", "suspended", T, ""),))])])
    web = client(tmp_path / "watch.sqlite")
    assert 'class="state young"' in web.get(f"/{language}/now").text
    later = T + 40_000_000
    watcher.process_batches([(feed, [StreamBatch(later, (Status("b", "active", later, ""),))])])
    assert 'class="state quiet"' in web.get(f"/{language}/now").text


def test_before_the_first_thing_is_heard_nothing_was_usual(tmp_path):
    from birdfall.watch.feeds.base import now
    from birdfall.watch.store.lock import lock_folder

    begun = now() - 60_000_000
    state = State.open(tmp_path / "watch.sqlite")
    with state.transaction():
        state.keep_meta(begun=begun)
        state.keep_health("atproto:example.org", True, begun, "")
    held = lock_folder(tmp_path)
    drawn = StateView(tmp_path / "watch.sqlite").overview().chart
    held.close()
    assert drawn.gaps[0].end == begun
    assert {p.high for p in drawn.series[1:-2]} == {None}


@pytest.mark.parametrize("number", ["9" * 5, "9" * 19, "9" * 40, "9" * 4301])
def test_a_number_too_large_is_a_page_that_is_not_there(path, number):
    with TestClient(
        create_application(StateView(path), token=None, host="127.0.0.1"),
        base_url="http://127.0.0.1",
        raise_server_exceptions=False,
    ) as client:
        for place in ("/en/wave/{}", "/wave/{}/csv.csv", "/wave/{}/report", "/wave/{}"):
            answer = client.get(place.format(number), follow_redirects=True)
            assert answer.status_code == 404, place
