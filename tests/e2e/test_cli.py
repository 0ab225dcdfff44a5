"""Birdfall through its commands, from a fresh folder to a verified report."""

import csv
import json
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from worlds import make_worlds_small


def test_help_and_version(run):
    text = run("--help", check=0).stdout
    for command in (
        "demo",
        "look",
        "import",
        "run",
        "check",
        "coordinate",
        "report",
        "verify",
        "export",
        "simulate",
    ):
        assert re.search(rf"^\s+{command}\b", text, re.M), command
    assert re.fullmatch(r"\d+\.\d+\.\d+\s*", run("--version", check=0).stdout)
    done = run("run", "--lnag", "x", check=2)
    assert "--lang" in done.stderr


@pytest.mark.slow
def test_the_demo_finds_what_was_planted(demo):
    truth = json.loads((demo / "truth/facts.json").read_text())
    findings = {p.stem: json.loads(p.read_text()) for p in (demo / "findings").glob("*.json")}
    import pyarrow.parquet as pq

    waves = pq.read_table(demo / "findings/tables/waves.waves.parquet").to_pylist()
    assert len(waves) == 1
    assert abs(waves[0]["size"] - truth["wave_size"]) <= 0.02 * truth["wave_size"]
    assert (
        waves[0]["onset_low"].timestamp() - 1
        <= truth["wave_begin"]
        <= waves[0]["onset_high"].timestamp() + 1
    )
    steps = pq.read_table(demo / "findings/tables/audiences-1.explanation.parquet").to_pylist()
    settings = (demo / "case.toml").read_text()
    assert [s["leader"] for s in steps] == [
        re.search(r"leaders = \[\s*\"(\d+)\"", settings).group(1)
    ]
    verdicts = {
        f["details"]["said"]["text"]: f["details"]["verdict"]
        for f in findings.values()
        if f["kind"] == "claim"
    }
    assert verdicts["6.600 seguidores de @presidencia_demo en diez minutos"] == "supported"
    assert verdicts["More than 10,600 accounts were suspended in ten minutes"] == "contradicted"
    assert verdicts["تم تعليق حوالي ٧٠٠٠ حساب خلال عشر دقائق"] == "supported"
    assert all(f["simulated"] for f in findings.values())


@pytest.mark.slow
@pytest.mark.parametrize("size", ["small", "whole"])
def test_the_innocent_demo_says_so(run, monkeypatch, tmp_path, size):
    if size == "small":
        make_worlds_small(monkeypatch)
    done = run("demo", "--innocent", "-o", tmp_path / "quiet")
    assert done.returncode == 3, done.stderr
    assert "No wave" in done.stdout


def test_demo_leaves_other_folders_alone(run, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    assert run("demo", "-o", tmp_path / "mine", "--again").returncode == 2
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_check_takes_a_claim_in_fields(run, small_case):
    claim = ["--measure", "fallen", "--within", "10m"]
    done = run("check", small_case, *claim, "--at-least", "500")
    assert done.returncode == 0, done.stdout + done.stderr
    assert run("check", small_case, *claim, "--at-most", "100").returncode == 3
    assert run("check", small_case, *claim).returncode == 2


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("450 seguidores de @presidencia_demo en diez minutos", 0),
        ("20,000 accounts in ten minutes", 3),
        ("6.600 seguidores de @nadie en diez minutos", 4),
    ],
)
def test_check_answers_on_a_small_night(run, small_case, statement, code):
    done = run("check", small_case, statement)
    assert done.returncode == code, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("6.600 seguidores de @presidencia_demo en diez minutos", 0),
        ("20,000 accounts in ten minutes", 3),
        ("٦٦٠٠ متابع لـ @presidencia_demo خلال عشر دقائق", 0),
        ("6.600 seguidores de @nadie en diez minutos", 4),
        ("nobody knows", 2),
    ],
)
def test_check_answers(run, demo, statement, code):
    done = run("check", demo, statement)
    assert done.returncode == code, done.stdout + done.stderr
    assert run("check", statement, demo).returncode == code, "the order of the two does not matter"


def test_the_same_seed_gives_the_same_report(run, small_case, tmp_path):
    run("report", small_case, "-o", tmp_path / "again.html", "--lang", "en", check=0)
    before = (small_case / "reports" / "report.html").read_bytes()
    assert (tmp_path / "again.html").read_bytes() == before


@pytest.mark.slow
def test_exports_are_by_pseudonym_and_open(run, small_case, monkeypatch, tmp_path):
    # several batches of a small case, as a large one has them
    monkeypatch.setattr("birdfall.pipeline.shared_case.BATCH_ROWS", 2048)
    run("export", small_case, "--format", "sqlite", "-o", tmp_path / "case.db", check=0)
    database = sqlite3.connect(tmp_path / "case.db")
    tables = {
        row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    }
    assert {"statuses", "follows", "acts", "findings", "waves_waves"} <= tables
    names = [row[0] for row in database.execute("SELECT account FROM statuses LIMIT 50")]
    assert all(re.fullmatch(r"[a-z]+-\d+|\d+", name) for name in names)
    assert sum(bool(re.fullmatch(r"[a-z]+-\d+", name)) for name in names) > 40
    assert (
        database.execute("SELECT count(*) FROM acts WHERE text IS NOT NULL").fetchone()[0] < 200
    ), "texts stay behind"
    indexed = {
        row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
    }
    assert {"acts_account", "acts_time", "statuses_time", "follows_followed"} <= indexed
    about = dict(database.execute("SELECT what, rows FROM about"))
    assert (
        about["table acts"] == database.execute("SELECT count(*) FROM acts").fetchone()[0]
        and "title" in about
    )
    # as SQLite itself, and so Datasette, reads times
    assert (
        database.execute("SELECT count(*) FROM statuses WHERE datetime(time) IS NULL").fetchone()[0]
        == 0
    )
    assert database.execute("SELECT min(date(time)) FROM statuses").fetchone()[0] >= "2013-01-01"
    assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    run("export", small_case, "--format", "csv", "-o", tmp_path / "csv", check=0)
    rows = list(csv.DictReader((tmp_path / "csv" / "waves.waves.csv").open())) or list(
        csv.DictReader((tmp_path / "csv" / "waves_waves.csv").open())
    )
    assert len(rows) == 1
    assert run("export", small_case, "--format", "csv", "-o", tmp_path / "csv").returncode == 2, (
        "nothing is written over"
    )


@pytest.mark.slow
def test_a_run_that_was_cut_off_goes_on(run, small_case, tmp_path):
    copy = tmp_path / "case"
    shutil.copytree(small_case, copy)
    before = {p.name: p.read_bytes() for p in (copy / "findings").glob("*.json")}
    stages = json.loads((copy / "run.json").read_text())
    dropped = [s for s in stages["done"] if s.startswith(("claims", "coordination", "counts"))]
    for stage in dropped:
        del stages["done"][stage]
    (copy / "run.json").write_text(json.dumps(stages))
    run("run", copy, "--lang", "en", check=0)
    assert {p.name: p.read_bytes() for p in (copy / "findings").glob("*.json")} == before


def test_coordinate_writes_a_network(run, small_case, tmp_path):
    done = run(
        "coordinate", small_case, "--trace", "repost", "--window", "60s", "-o", tmp_path / "net"
    )
    assert done.returncode in (0, 3), done.stderr
    assert {
        "edges.csv",
        "nodes.csv",
        "coordination-repost.gexf",
        "coordination-repost.graphml",
    } <= {p.name for p in (tmp_path / "net").iterdir()}


HOSTILE = '=HYPERLINK("http://x")'


@pytest.fixture
def table(tmp_path) -> Path:
    path = tmp_path / "suspended.csv"
    rows = ["account,status,time"]
    rows += [f"u{i},suspended,2024-05-{14 + i % 14:02d}T{i % 24:02d}:10:00Z" for i in range(300)]
    rows += [f"w{i},suspended,2024-05-20T12:00:{i % 60:02d}Z" for i in range(400)]
    rows += [
        f'"{HOSTILE.replace(chr(34), chr(34) * 2)}",suspended,2024-05-20T12:00:30Z',
        "<script>alert(1)</script>,suspended,2024-05-20T12:00:31Z",
    ]
    rows += ["u5,exploded,2024-05-20T12:00:31Z", "u6,suspended,yesterday"]
    path.write_text("\n".join(rows) + "\n")
    return path


def test_a_csv_becomes_a_report(run, table, tmp_path):
    looked = run("look", table)
    assert looked.returncode == 0, looked.stdout + looked.stderr
    assert "did something fall (birdfall run)" in looked.stdout
    case = tmp_path / "case"
    done = run("run", table, "-o", case, "--lang", "fr", "--title", "Essai")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "comptes ont été suspendus" in done.stdout
    page = (case / "reports/report.html").read_text("utf-8")
    assert '<html lang="fr"' in page
    assert "<script>alert" not in page
    assert "u5" not in page and "w17" not in page, (
        "accounts that are not public have no id on the page"
    )
    receipt = json.loads((case / "manifest.json").read_text())["imports"][0]
    assert receipt["rejected"] == 2
    run("export", case, "--format", "csv", "--identified", "-o", tmp_path / "out", check=0)
    cells = [row["account"] for row in csv.DictReader((tmp_path / "out/statuses.csv").open())]
    assert "'" + HOSTILE in cells and HOSTILE not in cells


@pytest.mark.slow
def test_json_everywhere_is_json_and_alone_on_stdout(run, table, small_case, tmp_path):
    """That of `verify`, which takes long: tests/e2e/test_verify.py."""
    for arguments in (
        ("look", table),
        ("import", table, "-o", tmp_path / "c"),
        ("check", small_case, "7000 accounts in ten minutes"),
        ("report", small_case, "-o", tmp_path / "r.html"),
        ("export", small_case, "--format", "parquet", "-o", tmp_path / "p"),
    ):
        done = run(*arguments, "--json")
        json.loads(done.stdout)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (b"\x1f\x8b\x08\x00truncated", ""), (b"\x00" * 5000, "")],
    ids=["empty", "truncated gzip", "zeros"],
)
def test_bad_files_are_one_clear_error_and_no_case_is_harmed(
    run, small_case, tmp_path, content, says
):
    bad = tmp_path / "bad.csv"
    bad.write_bytes(content)
    copy = tmp_path / "case"
    shutil.copytree(small_case, copy)
    before = (copy / "manifest.json").read_bytes()
    done = run("import", bad, "-o", copy)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert says in done.stderr
    assert (copy / "manifest.json").read_bytes() == before
    for missing in (tmp_path / "nothing.csv", tmp_path):
        done = run("look", missing)
        assert done.returncode != 0 and "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "size"),
    [("wave-ci.atfh.gz", 80), ("wave-pds0.4.217.jetstream-v1.jsonl.gz", 200)],
)
def test_a_recording_becomes_a_case(run, real, tmp_path, name, size):
    case = tmp_path / "case"
    done = run("run", real(f"atproto-recordings/{name}"), "-o", case)
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(size) in done.stdout.split("\n")[1] or str(size + 1) in done.stdout.split("\n")[1]
    run("verify", case, check=0)
