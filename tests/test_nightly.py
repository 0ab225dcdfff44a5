"""The nightly run resumes where it was, and the seeded faults are real changes of the code."""

import ast
import subprocess
import sys

import pytest

import mutants
import nightly


@pytest.fixture
def two_parts(tmp_path, monkeypatch):
    """A round of two parts; the second fails as long as a file is there."""
    wall, log = tmp_path / "wall", tmp_path / "log"
    wall.touch()
    note = f"open({str(log)!r}, 'a').write"
    first = f"{note}('first '); print('12 passed')"
    stop = f"raise SystemExit(os.path.exists({str(wall)!r}))"
    second = f"import os; {note}('second '); print('1 of 2'); {stop}"
    parts = {
        "first": ("a", [sys.executable, "-c", first]),
        "second": ("b", [sys.executable, "-c", second]),
    }
    monkeypatch.setattr(nightly, "PARTS", parts)
    monkeypatch.setattr(nightly, "ROOT", tmp_path)
    monkeypatch.setattr(nightly, "STATE", tmp_path / "build" / "nightly.json")
    monkeypatch.setattr(nightly, "PAGE", tmp_path / "nightly.md")
    monkeypatch.setattr(sys, "argv", ["nightly.py"])
    return wall, log, tmp_path / "nightly.md"


def test_a_round_goes_on_where_it_failed_and_writes_its_rows_once(two_parts):
    wall, log, page = two_parts
    assert nightly.main() == 1
    assert not page.exists()
    wall.unlink()
    assert nightly.main() == 0
    assert log.read_text() == "first second second "
    rows = [x for x in page.read_text().splitlines() if x.startswith("| 2")]
    assert [r.split(" | ")[2:4] for r in rows] == [["first", "12 passed"], ["second", "1 of 2"]]
    assert nightly.main() == 0, "a new round"
    assert len([x for x in page.read_text().splitlines() if x.startswith("| 2")]) == 4


def test_faults_are_the_same_for_the_same_seed_and_change_what_the_code_means():
    drawn = mutants.draw(20, 7)
    assert drawn == mutants.draw(20, 7) != mutants.draw(20, 8)
    for fault in drawn:
        source = (mutants.SOURCES / fault.module).read_bytes()
        changed = source[: fault.begin] + fault.new.encode() + source[fault.end :]
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source)), fault


def test_the_tests_that_name_a_module_are_run_first():
    files = mutants.tests_of("measures/waves/search.py")
    named = ["birdfall.measures.waves" in f.read_text("utf-8") for f in files]
    assert named == sorted(named, reverse=True) and named[0] and not named[-1]

    assert len(files) == len(list((mutants.ROOT / "tests/measures").rglob("test_*.py")))


@pytest.mark.parametrize(("module", "kept"), [("kernels/a.py", False), ("tell/b.py", True)])
def test_kernels_are_compiled_anew_only_if_the_fault_is_in_one(tmp_path, monkeypatch, module, kept):
    cache = tmp_path / "from" / "kernels" / "__pycache__"
    cache.mkdir(parents=True)
    for name in ("a.loop.nbi", "a.loop.1.nbc", "a.pyc"):
        (cache / name).touch()
    monkeypatch.setattr(mutants, "SOURCES", tmp_path / "from")
    mutants.copy_sources(tmp_path / "to", module)
    names = {p.name for p in (tmp_path / "to").rglob("a.*")}
    assert names == ({"a.loop.nbi", "a.loop.1.nbc"} if kept else set())


@pytest.mark.parametrize(
    ("code", "told", "by"),
    [
        (0, "", ""),
        (1, "FAILED a::b - c", "FAILED a::b"),
        (-11, "", "it crashes: 11"),
        (-9, "", None),
    ],
)
def test_tests_that_were_stopped_caught_nothing(monkeypatch, code, told, by):
    def run(*_, env, **__):
        with_fault = env["PYTHONPATH"] != str(mutants.SOURCES.parent)
        return subprocess.CompletedProcess([], code * with_fault, told * with_fault, "")

    monkeypatch.setattr(mutants.subprocess, "run", run)
    fault = mutants.draw(1, 7)[0]
    if by is None:
        with pytest.raises(SystemExit, match="stopped"):
            mutants.run_tests(fault, slow=False)
    else:
        assert mutants.run_tests(fault, slow=False) == by


@pytest.mark.parametrize("caught", [True, False])
def test_a_test_that_fails_without_the_fault_too_catches_nothing(monkeypatch, caught):
    """On a busy machine `a::b` fails, whatever the code; only `c::d` is of the fault."""

    def run(command, *, env, **_):
        with_fault = env["PYTHONPATH"] != str(mutants.SOURCES.parent)
        if not with_fault:
            fails = "a::b" if command[-1] == "a::b" else ""
        elif "a::b" in command:  # left out
            fails = "c::d" if caught else ""
        else:
            fails = "a::b"
        return subprocess.CompletedProcess([], int(bool(fails)), f"FAILED {fails} - x", "")

    monkeypatch.setattr(mutants.subprocess, "run", run)
    found = mutants.run_tests(mutants.draw(1, 7)[0], slow=False)
    assert found == ("FAILED c::d" if caught else "")
