"""The nightly run resumes where it was, and the seeded faults are real changes of the code."""

import ast
import json
import signal
import subprocess
import sys

import pytest

import mutants
import nightly


@pytest.fixture
def interruptible():
    """SIGINT as at a terminal: a shell that starts tests in the background hands it on ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def two_parts(tmp_path, monkeypatch):
    """A round of two parts; the second fails as long as a file is there."""
    wall, log = tmp_path / "wall", tmp_path / "log"
    wall.touch()
    note = f"open({str(log)!r}, 'a').write"
    first = f"import os; {note}('first '); print('1 of 2'); "
    first += f"raise SystemExit(os.path.exists({str(wall)!r}))"
    second = f"{note}('second '); print('12 passed')"
    parts = {
        "first": nightly.Part("a", (sys.executable, "-c", first)),
        "second": nightly.Part("b", (sys.executable, "-c", second)),
    }
    place(monkeypatch, tmp_path, parts)
    return wall, log, tmp_path / "nightly.md"


def place(monkeypatch, folder, parts):
    """Parts, and everything that is kept in `folder`."""
    monkeypatch.setattr(nightly, "parts", lambda: parts)
    monkeypatch.setattr(nightly, "ROOT", folder)
    monkeypatch.setattr(nightly, "BUILD", folder / "build")
    monkeypatch.setattr(nightly, "PAGE", folder / "nightly.md")
    monkeypatch.setattr(sys, "argv", ["nightly.py"])
    monkeypatch.setattr(nightly.signal, "signal", lambda *_: None)


def results(page):
    """(part, result) of each row, the newest first."""
    rows = [x.split(" | ") for x in page.read_text().splitlines() if x.startswith("| 2")]
    return [tuple(cells[2:4]) for cells in rows]


def test_each_part_is_a_row_at_once_and_a_round_goes_on_where_it_failed(two_parts):
    wall, log, page = two_parts
    assert nightly.main() == 1
    first = [("second", "12 passed"), ("first", "FAILED: 1 of 2")]
    assert results(page) == first, "a part that fails does not stop the others"
    wall.unlink()
    assert nightly.main() == 0
    assert log.read_text() == "first second first "
    assert results(page) == [("first", "1 of 2"), *first]
    assert nightly.main() == 0, "a new round"
    assert len(results(page)) == 5


@pytest.mark.usefixtures("interruptible")
def test_a_part_of_repetitions_that_is_stopped_says_how_many_were_done(tmp_path, monkeypatch):
    """Its row takes the place of the last one that said so, and what it kept goes at its end."""
    kept = tmp_path / "build" / "kept.json"
    code = f"""
import json, os, pathlib, signal, sys
kept = pathlib.Path({str(kept)!r})
done = json.loads(kept.read_text()) if kept.exists() else {{"a": {{"tried": 0, "wrong": []}}}}
for _ in range(3):
    done["a"]["tried"] += 1
    kept.write_text(json.dumps(done))
print("none went wrong", flush=True)
if done["a"]["tried"] < 6:
    os.kill(os.getppid(), signal.SIGINT)
    signal.pause()
"""
    repeated = nightly.Repetitions("kept.json", nightly.count_conversations, 6, "went wrong")
    part = nightly.Part("a", (sys.executable, "-c", code), repeated)
    place(monkeypatch, tmp_path, {"often": part})
    assert nightly.main() == 1
    assert results(tmp_path / "nightly.md") == [("often", "so far 3 of 6; 0 went wrong")]
    assert nightly.main() == 0
    assert results(tmp_path / "nightly.md") == [("often", "none went wrong")]
    assert not kept.exists()


def test_every_part_is_there_and_its_repetitions_are_counted_as_they_are_kept():
    every = nightly.parts()
    for part in every.values():
        for word in part.command:
            assert not word.startswith("tests/") or (mutants.ROOT / word).exists()
    counts = {name: part.repetitions.count for name, part in every.items() if part.repetitions}
    tally = {"kills": 3, "stories": 1, "lost": 0, "doubled": 1, "dated": 1}
    assert counts["kills"](json.dumps({"import 1": tally, "run 1": tally})) == (6, 4)
    tally = {"tried": 100, "wrong": [7]}
    assert counts["hostile"](json.dumps({"ozone 1": tally})) == (100, 1)
    assert counts["damaged"]('{"done": 100, "faults": 2}') == (100, 2)
    assert counts["audit"]('{"a backlog": [true, false]}') == (2, 1)
    assert counts["mutants"]('{"caught": ""}\n{"caught": "FAILED a"}\n') == (2, 1)
    assert every["audit"].repetitions.number > 1000


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
