"""A change of a case is whole or not there, whatever moment its process dies at."""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from test_case import a_finding, state_of, statuses

from birdfall.model.errors import CaseError
from birdfall.model.settings import Settings
from birdfall.record import transaction as changes
from birdfall.record.case import Case
from birdfall.sources.ingest import ingest
from processes import start


class Died(BaseException):
    """Stands for the power cut: nothing may run after it that a dead process would not run."""


@pytest.fixture
def dying(monkeypatch):
    """Let the process die at its nth look at the file system. Returns how far a whole run goes."""
    steps = {"left": -1, "made": 0}

    def counted(of, name):
        real = getattr(of, name)

        def step(*args, **kwargs):
            steps["made"] += 1
            if steps["left"] == 0:
                raise Died
            steps["left"] -= 1
            return real(*args, **kwargs)

        monkeypatch.setattr(of, name, step)

    for of, name in (
        (Path, "replace"),
        (Path, "mkdir"),
        (Path, "write_bytes"),
        (Path, "write_text"),
        (os, "fsync"),
    ):
        counted(of, name)
    # A dead process does not tidy up.
    tidy = shutil.rmtree
    monkeypatch.setattr(
        shutil, "rmtree", lambda *a, **k: None if steps["left"] == 0 else tidy(*a, **k)
    )
    return steps


def the_changes(case):
    return {
        "import": lambda: case.append([statuses("b", "c")], source="y"),
        "save": lambda: case.save(
            a_finding(), a_finding("other", tables={"minutes": pa.table({"a": [2]})})
        ),
        "put": lambda: case.put({"claims.toml": b"new", "reports/report.html": b"new"}),
        "forget": lambda: case.remove_findings("waves"),
        "settings": lambda: case.change_settings(title="Other"),
    }


@pytest.mark.parametrize("kind", ["import", "save", "put", "forget", "settings"])
def test_a_death_at_any_step_leaves_the_old_case_or_the_new(tmp_path, dying, kind):
    case = Case.create(tmp_path / "case", key=b"k")
    case.append([statuses("a")], source="x")
    case.save(a_finding(tables={"series": pa.table({"observed": [9]})}))
    case.put({"claims.toml": b"old", "reports/report.html": b"old"})
    before = told(case)
    fresh = tmp_path / "whole"
    shutil.copytree(case.path, fresh)
    dying["made"] = 0
    the_changes(Case(fresh))[kind]()
    steps, after = dying["made"], told(Case(fresh))
    assert steps >= 4 and after != before
    seen = []
    for at in range(steps):
        copy = tmp_path / f"copy{at}"
        shutil.copytree(case.path, copy)
        dying["left"] = at
        with contextlib.suppress(Died):
            the_changes(Case(copy))[kind]()
        dying["left"] = -1
        opened = Case.open(copy)
        assert opened.find_damage() == [], f"died at step {at} of {steps}"
        seen.append(told(opened))
        assert seen[-1] in (before, after), f"died at step {at} of {steps}"
        the_changes(opened)[kind]()
        assert told(opened) == after or kind == "import", (
            "what comes after a death is as after none"
        )
        assert not (copy / changes.STAGING).exists() and not (copy / ".committed").exists()
    assert before in seen and after in seen


def told(case):
    """What a reader of the case gets, times of day aside."""
    files = {f.path: f.sha256 for f in case.manifest.files}
    return (
        files,
        len(case.manifest.imports),
        {p: case.read(p) for p in files if not p.endswith(".parquet")},
    )


def test_a_death_at_any_step_of_making_a_case_can_be_made_good(tmp_path, dying):
    dying["made"] = 0
    Case.create(tmp_path / "whole", Settings(title="Caracas"), key=b"k")
    steps = dying["made"]
    for at in range(steps):
        folder = tmp_path / f"case{at}"
        dying["left"] = at
        with contextlib.suppress(Died):
            Case.create(folder, Settings(title="Caracas"), key=b"k")
        dying["left"] = -1
        try:
            case = Case.open(folder)
        except CaseError:
            case = Case.create(folder, Settings(title="Caracas"), key=b"k")
        assert case.find_damage() == [] and case.settings.title == "Caracas" and case.key == b"k"
        assert set(state_of(folder)) == {"case.key", "case.toml", "manifest.json"}


def test_a_reader_waits_for_a_change_that_is_being_moved(tmp_path):
    case = Case.create(tmp_path / "case")
    (case.path / ".committed").mkdir()
    script = f"""
import shutil, time
from pathlib import Path
from birdfall.record.case import Case
case = Case(Path({str(case.path)!r}))
from birdfall.record.file_lock import try_lock
with try_lock(case.path / ".lock"):
    print("held", flush=True)
    time.sleep(0.5)
    (case.path / "late").touch()
    shutil.rmtree(case.path / ".committed")
"""
    mover = start([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert mover.stdout.readline().strip() == "held"
    Case.open(case.path)
    assert (case.path / "late").exists()
    mover.wait()


def test_a_file_taken_in_again_clears_what_its_killed_import_left(tmp_path):
    """It was killed after the last step: all is kept, and its workplace still stands."""
    rows = tmp_path / "list.csv"
    rows.write_text("account,status,time\nu1,suspended,2024-05-01T00:00:00Z\n")
    case = Case.create(tmp_path / "case")
    ingest(case, rows)
    (case.path / ".staging" / "whole").mkdir(parents=True)
    assert ingest(case, rows).already
    assert not (case.path / ".staging").exists()


def test_a_change_that_can_not_be_finished_is_said_so(tmp_path, monkeypatch):
    case = Case.create(tmp_path / "case")
    (case.path / ".committed").mkdir()
    monkeypatch.setattr("birdfall.record.case._MOVE_TIMEOUT_S", 0.05)
    with case.lock():
        (case.path / ".committed").mkdir()
        with pytest.raises(CaseError, match="another process"):
            Case.open(case.path)
