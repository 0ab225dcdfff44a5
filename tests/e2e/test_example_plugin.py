"""The example plugin, installed like any package: all it adds works from command line and API."""

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "examples" / "plugin"
WHAT = {"suspended": "suspended", "active": "restored"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with the plugin installed in it; nothing is asked of a package index."""
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--target", str(folder)]
    subprocess.run([*pip, *offline, str(PLUGIN)], check=True, timeout=120)
    return folder


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """The sample stream of the examples, as a log of Harbour."""
    lines = ["#harbour-log 1", "time\tmember\twhat\tabout\tref"]
    events = (ROOT / "examples" / "data" / "stream.jsonl").read_text("utf-8").splitlines()
    for number, event in enumerate(map(json.loads, events)):
        time = dt.datetime.fromtimestamp(event["time"] / 1e6, dt.UTC).isoformat()
        if event["kind"] == "follow":
            cells = (event["follower"], "follow", event["followed"], f"f{number}")
        elif event["kind"] == "status":
            cells = (event["account"], WHAT[event["status"]], "", "")
        else:
            cells = ("", "tick", "", "")
        lines.append("\t".join((time, *cells)))
    path = tmp_path_factory.mktemp("log") / "night.harbour"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.fixture
def run(site):
    """Run Python with the plugin installed; returns what it printed."""

    def started(*arguments, code=0):
        path = os.pathsep.join((str(site), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")))
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=240,
            env=os.environ | {"PYTHONPATH": path},
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    return started


SEVERAL = """
import json, sys

from birdfall.cli import main

for words in json.loads(sys.argv[1]):
    if code := main(words):
        sys.exit(code)
"""


@pytest.fixture
def commands(run):
    """Run commands, each a list of words, one after another in one process."""
    return lambda *each: run("-c", SEVERAL, json.dumps([[str(w) for w in words] for words in each]))


@pytest.mark.slow
def test_its_source_measure_section_and_format_work_from_the_command_line(commands, log, tmp_path):
    case, out = tmp_path / "case", tmp_path / "accounts.txt"
    commands(
        ["run", log, "-o", case],
        ["export", case, "--format", "accounts", "-o", out],
        ["verify", case],
    )
    found = json.loads((case / "findings" / "weekdays.json").read_text("utf-8"))
    assert found["answer"] == "found" and found["estimates"]["suspensions"]["value"] == 240
    report = next((case / "reports").glob("*.html")).read_text("utf-8")
    assert "By weekday" in report and "Tuesday" in report
    assert len(out.read_text("utf-8").splitlines()) == 240


@pytest.mark.slow
def test_its_feed_channel_and_form_work_from_the_command_line(commands, log, tmp_path):
    alerts = tmp_path / "alerts.txt"
    rules = tmp_path / "rules.toml"
    rules.write_text(
        '[[rule]]\nname = "waves"\non = "falls"\nnotify = ["desk"]\n'
        f"[channel.desk]\nkind = \"file\"\npath = '{alerts}'\n"
    )
    state = tmp_path / "watch"
    commands(["watch", f"harbour:{log}", "--rules", rules, "--state", state])
    assert "suspended" in alerts.read_text("utf-8")
    listed = commands(["propose", state, 1, "--as", "harbour"]).splitlines()
    assert listed[0] == "member\tsuspended_at\tstatus" and len(listed) == 61
    assert listed[1].startswith("did:example:") and listed[1].endswith("suspended")


API = """
import sys
from pathlib import Path

import birdfall
from birdfall.pipeline.catalogue import find_measure
from birdfall.pipeline.export import export
from birdfall.sources.ingest import ingest, load
from birdfall.watch.session import WatchOptions

log, folder = Path(sys.argv[1]), Path(sys.argv[2])
record = load(log)
print(record.sizes["statuses"], record.sizes["follows"])
case = birdfall.Case.create(folder / "case")
ingest(case, log)
later = log.with_name("later.harbour")
later.write_text("#harbour-log 1\\ntime\\tmember\\twhat\\tabout\\tref\\n"
                 "2030-01-01T00:00:00Z\\tdid:example:reader0\\tunfollow\\t\\tf0\\n")
receipt = ingest(case, later)
print(receipt.rows, receipt.rejected)
print(find_measure("weekdays").question)
print(len(export(case, "accounts", folder / "accounts.txt")))
result = birdfall.watch(f"harbour:{log}", options=WatchOptions(state=folder / "w", notify=False))
print(len(result.waves))
"""


@pytest.mark.slow
def test_all_of_it_works_from_the_api(run, log, tmp_path):
    said = run("-c", API, log, tmp_path).splitlines()
    assert said[0] == "240 300"
    assert said[1] == "{'acts': 1, 'follows': 1, 'coverage': 2} 0", (
        "the follow of an earlier file is known"
    )
    assert said[2:4] == ["on which weekdays accounts fell", "1"]
    assert int(said[4]) >= 1
