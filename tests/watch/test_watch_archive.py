"""What a watch has seen leaves it: raw events into Parquet that import reads again, a wave as a
case, lists for other tools."""

import csv
import io
import json
import threading

import duckdb
import pytest

from birdfall.record.case import Case
from birdfall.sources.ingest import ingest
from birdfall.watch.alerts.handoff import export_wave, format_names
from birdfall.watch.engine.archive import case_from_wave, delete_raw_files, rotate
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.model.stream_key import ALL_FALLS
from birdfall.watch.model.wave import SuspensionDetails
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import ingest_batch
from birdfall.watch.store.queries.waves import find_wave, insert_wave, list_waves


@pytest.fixture
def state(real, tmp_path):
    meta = json.loads(real("atproto-recordings/wave-ci-truth.json").read_text())
    made = State.open(tmp_path / "w.sqlite")
    feed = RecordingFeed("r", (real("atproto-recordings/wave-ci.atfh.gz"),))
    Watcher(made, [feed], leaders=(meta["leader"], meta["control"]), recount_every=0.0).run(
        threading.Event()
    )
    made.leader = meta["leader"]
    return made


def test_raw_events_put_away_are_the_recording_again(real, state, tmp_path):
    [path] = rotate(state, tmp_path / "raw", everything=True)
    assert state.connection.execute("SELECT count(*) FROM raw").fetchone()[0] == 0
    assert duckdb.sql(f"SELECT count(*) FROM '{path}'").fetchall() == [(1881,)]
    ours, theirs = Case.create(tmp_path / "ours"), Case.create(tmp_path / "theirs")
    first = ingest(ours, path)
    second = ingest(theirs, real("atproto-recordings/wave-ci.atfh.gz"))
    assert {t: n for t, n in first.rows.items() if t != "coverage"} == {
        t: n for t, n in second.rows.items() if t != "coverage"
    }
    query = "SELECT account, status, time FROM statuses ORDER BY ALL"
    assert ours.record().sql(query).equals(theirs.record().sql(query))
    assert rotate(state, tmp_path / "raw", everything=True) == []


def test_old_raw_files_go_when_asked(state, tmp_path):
    [path] = rotate(state, tmp_path / "raw", everything=True)
    assert delete_raw_files(state, tmp_path / "raw", gigabytes=1.0, now=0) == []
    assert delete_raw_files(state, tmp_path / "raw", gigabytes=1e-6, now=0) == [path.name]
    assert not path.exists()
    assert state.connection.execute("SELECT count(*) FROM raw_files").fetchone()[0] == 0


def test_a_wave_becomes_a_case_with_the_same_truth(state, tmp_path):
    case = case_from_wave(state, list_waves(state)[0], tmp_path / "case")
    record = case.record()
    fell = (
        record.sql("SELECT count(DISTINCT account) AS n FROM statuses WHERE status = 'taken_down'")
        .column("n")[0]
        .as_py()
    )
    assert (
        fell
        == state.connection.execute(
            "SELECT count(DISTINCT account) FROM changes WHERE status = 'taken_down'"
        ).fetchone()[0]
    )
    assert state.leader in case.settings.leaders
    from birdfall.pipeline.context import Options
    from birdfall.pipeline.run import run

    found = run(case, Options(permutations=99, replicates=99))
    assert found["waves"]["waves"].value == 1
    explains = [r["leader"] for r in found["audiences-1"].table("explanation").to_pylist()]
    assert explains == [state.leader]


def test_every_form_of_handing_over(state):
    wave = list_waves(state)[0]
    texts = {form: export_wave(state, wave, form) for form in format_names()}
    rows = list(csv.DictReader(io.StringIO(texts["csv"])))
    assert len(rows) == wave.fallen
    assert {r["status_now"] for r in rows} <= {"active", "taken_down"}
    still = list(csv.DictReader(io.StringIO(texts["restore"])))
    assert len(still) == wave.fallen - wave.returned
    assert list(csv.DictReader(io.StringIO(texts["hold"]))) == [], "nobody reported them"
    tags = [json.loads(line) for line in texts["ozone"].splitlines()]
    assert len(tags) == wave.fallen
    assert {t["event"]["$type"] for t in tags} == {"tools.ozone.moderation.defs#modEventTag"}
    for form, name in (("ozone-comment", "modEventComment"), ("ozone-report", "modEventReport")):
        [kind] = {
            json.loads(line)["event"]["$type"].partition("#")[2]
            for line in texts[form].splitlines()
        }
        assert kind == name
    # what the interface of Ozone and that of Coop ask for
    body = json.loads(export_wave(state, wave, "ozone-report", "did:plc:moderator").splitlines()[0])
    assert body.keys() == {"event", "subject", "createdBy"}
    assert body["createdBy"] == "did:plc:moderator"
    assert body["event"]["reportType"] == "com.atproto.moderation.defs#reasonOther"
    coop = [json.loads(line) for line in texts["coop"].splitlines()]
    assert {c["reportedItem"]["id"] for c in coop} == {r["account"] for r in rows}
    assert all(
        c.keys() >= {"reporter", "reportedAt", "reportedItem", "reportedForReason"} for c in coop
    )
    action = json.loads(texts["osprey"])
    assert action.keys() == {"send_time", "data"}
    assert action["data"].keys() == {"action_id", "action_name", "data"}
    assert json.loads(texts["osprey"])["data"]["action_name"] in ("wave_opened", "wave_closed")


def test_suspensions_that_look_like_a_brigades_work_are_proposed_for_review(tmp_path):
    state = State.open(tmp_path / "b.sqlite")
    from birdfall.watch.model.events import Report, Status, StreamBatch

    t = 1_700_000_000_000_000
    reports = [
        Report(f"r{i}", f"v{k}", t + i * 1000, f"{i}-{k}") for i in range(20) for k in range(4)
    ]
    reports += [Report(f"honest{i}", "spammer", t + i * 1000, f"h{i}") for i in range(20)]
    falls = [Status(a, "taken_down", t + 60_000_000) for a in ("v0", "v1", "=evil", "spammer")]
    with state.transaction():
        ingest_batch(state, "s", [StreamBatch(t, (*reports, *falls))])
        number = insert_wave(
            state,
            stream=ALL_FALLS,
            begin=t,
            opened=t,
            closed=t + 90_000_000,
            fallen=4,
            returned=0,
            expected=0.0,
            evidence=1.0,
            details=SuspensionDetails(),
        )
    found = find_wave(state, number)
    assert [
        r["account"] for r in csv.DictReader(io.StringIO(export_wave(state, found, "hold")))
    ] == [
        "v0",
        "v1",
    ]
    assert "'=evil" in export_wave(state, found, "csv"), "no formula reaches a spreadsheet"


@pytest.fixture
def burst(tmp_path):
    """Twenty accounts that report four others together, after a quarter of an hour in which one
    report a minute came."""
    from birdfall.watch.model.events import Report, Status, StreamBatch

    t = 1_700_000_000_000_000
    made, feed = State.open(tmp_path / "u.sqlite"), RecordingFeed("r", ())
    watcher = Watcher(made, [feed], recount_every=0.0)
    reports = [Report(f"honest{i}", f"t{i}", t + i * 60_000_000, f"h{i}") for i in range(15)]
    begin = t + 900_000_000
    reports += [
        Report(f"r{i}", f"v{k}", begin + (i * 4 + k) * 200_000, f"{i}-{k}")
        for i in range(20)
        for k in range(4)
    ]
    reports.append(Report("=once", "v0", begin + 15_900_000, "o"))
    falls = [Status("v0", "taken_down", begin + 20_000_000)]
    for step in [StreamBatch(r.time, (r,)) for r in reports] + [
        StreamBatch(begin + 20_000_000, tuple(falls))
    ]:
        watcher.process_batches([(feed, [step])])
    made.began = begin
    return made


def test_who_reported_is_handed_over_by_platform_id(burst):
    [wave] = list_waves(burst)
    rows = list(csv.DictReader(io.StringIO(export_wave(burst, wave, "reporters"))))
    assert {r["reporter"] for r in rows} == {f"r{i}" for i in range(20)} | {"'=once"}
    assert {r["targets"] for r in rows[:20]} == {"4"}
    assert (rows[-1]["reporter"], rows[-1]["targets"], rows[-1]["ever"]) == ("'=once", "1", "1")
    assert rows[0]["first"].startswith("2023-11-14T22:28:20")


def test_of_a_wave_of_suspensions_the_reporters_are_those_of_the_fallen(tmp_path):
    from birdfall.watch.model.events import Report, Status, StreamBatch

    t = 1_700_000_000_000_000
    made = State.open(tmp_path / "f.sqlite")
    reports = [
        Report("before", "v", t, "1"),
        Report("after", "v", t + 50_000_000, "2"),
        Report("other", "w", t, "3"),
    ]
    with made.transaction():
        ingest_batch(
            made, "s", [StreamBatch(t, (*reports, Status("v", "taken_down", t + 20_000_000)))]
        )
        number = insert_wave(
            made,
            stream=ALL_FALLS,
            begin=t,
            opened=t,
            closed=t + 90_000_000,
            fallen=1,
            returned=0,
            expected=0.0,
            evidence=1.0,
            details=SuspensionDetails(),
        )
    text = export_wave(made, find_wave(made, number), "reporters")
    assert [r["reporter"] for r in csv.DictReader(io.StringIO(text))] == ["before"]


def test_what_is_handed_over_of_a_burst_says_that_it_is_one(burst):
    [wave] = list_waves(burst)
    comment = json.loads(export_wave(burst, wave, "ozone"))["event"]["comment"]
    assert comment.startswith(
        "Suspended after 21 accounts reported 4 others together from 2023-11-14T22:28:20"
    )
    reason = json.loads(export_wave(burst, wave, "coop"))["reportedForReason"]["reason"]
    assert reason == "suspended after 21 accounts reported 4 others together; proposed for review"


def test_what_is_usual_beside_a_burst_is_of_the_time_before_it(burst):
    """The burst's own first reports had taught before it was called: 60 reporters stood beside 146
    that would have been usual."""
    [wave] = list_waves(burst)
    assert wave.details.reports == 81
    assert 0 < wave.expected < 1.0, "one a minute, for sixteen seconds"
