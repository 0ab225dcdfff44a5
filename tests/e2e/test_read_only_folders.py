"""Folders that can only be read, for an ordinary user: every command that writes says so, and what
is there stays as it was. The first of them, an import, is tried with every commit in
`test_hostile_files.py`.
"""

import ctypes
import json
import subprocess
import sys
from pathlib import Path

import pytest

from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.store.database import State
from commands import birdfall

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="powers of Linux")
T = 1_700_000_000_000_000
#: Runs commands one after another, in a process that may no more write what its permissions forbid.
MANY = """
import json, sys
from commands import birdfall
for line in json.loads(sys.stdin.read()):
    done = birdfall(*line)
    print(json.dumps([line, *done]), flush=True)
"""
REFUSALS = ("cannot be written", "may not be written", "Permission denied")


def without_powers():
    """In a child: whoever runs this may no more read or write what its permissions forbid."""
    libc = ctypes.CDLL(None)
    for power in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, power, 0, 0, 0)


@pytest.fixture
def locked(tmp_path):
    """A folder with a case, a watch and files, none of which may be written."""
    folder = tmp_path / "locked"
    folder.mkdir()
    rows = "".join(f"a{i},2013-10-31T22:{i % 60:02d}:00Z\n" for i in range(120))
    (folder / "rows.csv").write_text("account,suspended_at\n" + rows)
    acts = "".join(f"a{i % 9},repost,p{i % 4},2013-10-31T21:{i % 60:02d}:00Z\n" for i in range(90))
    (folder / "acts.csv").write_text("account,kind,object,time\n" + acts)
    lines = [{"kind": "account", "account": f"a{k}", "time": T + k} for k in range(20)]
    (folder / "lines.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for name in ("rows.csv", "acts.csv"):
        birdfall("import", folder / name, "-o", folder / "case", check=0)
    birdfall("coordinate", folder / "case", "--name", "first")
    (folder / "watch").mkdir()
    state = State.open(folder / "watch" / "watch.sqlite")
    Watcher(state, [RecordingFeed("r", ())])
    state.close()
    (tmp_path / "more.csv").write_text("account,suspended_at\nz,2013-10-31T22:20:00Z\n")
    every = [folder, *folder.rglob("*")]
    for path in every:
        path.chmod(0o500 if path.is_dir() else 0o400)
    yield folder
    for path in every:
        path.chmod(0o700)


def commands_that_write(locked):
    """Each command that writes, into a case, a watch or a place that may not be written."""
    case, watch, new = locked / "case", locked / "watch", locked / "new"
    more, rows, acts = locked.parent / "more.csv", locked / "rows.csv", locked / "acts.csv"
    return [
        ("import", more, "-o", case),
        ("import", more, "-o", new),
        ("run", case),
        ("run", case, "--title", "another"),
        ("run", rows, "-o", new),
        ("check", case, "40 accounts fell in ten minutes", "--save"),
        ("coordinate", case),
        ("coordinate", acts, "-o", new),
        ("coordinate", acts, "-o", locked / "edges.csv"),
        ("report", case),
        ("report", case, "-o", locked / "page.html"),
        *(("export", case, "--format", form, "-o", new)
          for form in ("csv", "parquet", "sqlite", "evidence")),
        ("remove", case, "a1"),
        ("remove", watch, "a1"),
        ("expire", case, "--after", "2099-01-31"),
        ("look", rows, "--save-mapping", locked / "columns.toml"),
        ("simulate", "quiet", "-o", new),
        ("demo", "-o", new),
        ("watch", locked / "lines.ndjson", "--state", new),
        ("watch", locked / "lines.ndjson", "--state", watch),
        ("replay", locked / "lines.ndjson", "--state", new),
        ("set-apart", watch, "--bring-back"),
        ("app", "--folder", new, "--no-browser"),
    ]  # fmt: skip


def contents(folder):
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def run_without_powers(lines):
    """(line, exit code, stdout, stderr) of each command."""
    here = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {here!r})\n{MANY}"],
        input=json.dumps([[str(word) for word in line] for line in lines]),
        capture_output=True, text=True, preexec_fn=without_powers, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def wrong_ends(told):
    """Commands that did not end with a sentence that says that they may not write."""
    return [
        one
        for one in told
        if one[1] not in (1, 2)
        or "Traceback" in one[3]
        or "nobody foresaw" in one[3]
        or not any(words in one[3] for words in REFUSALS)
    ]


@pytest.mark.slow
def test_every_command_that_writes_says_that_it_may_not(locked):
    before = contents(locked)
    lines = commands_that_write(locked)
    told = run_without_powers(lines)
    assert wrong_ends(told) == []
    assert len(told) == len(lines)
    assert contents(locked) == before


@pytest.mark.slow
def test_what_is_written_elsewhere_is_written(locked, tmp_path):
    before = contents(locked)
    case, out = locked / "case", tmp_path / "elsewhere"
    out.mkdir()
    told = run_without_powers([
        ("look", locked / "rows.csv", "--save-mapping", out / "columns.toml"),
        ("export", case, "-o", out / "csv"),
        ("export", case, "--format", "sqlite", "-o", out / "case.sqlite"),
        ("coordinate", locked / "acts.csv", "-o", out / "network"),
        ("check", case, "40 accounts fell in ten minutes"),
        ("verify", case),
    ])  # fmt: skip
    assert [one for one in told if one[1] not in (0, 3, 4) or "Traceback" in one[3]] == []
    assert {p.name for p in out.iterdir()} >= {"columns.toml", "csv", "case.sqlite"}
    assert contents(locked) == before
