"""The nightly run resumes where it was, and the seeded faults are real changes of the code."""

import ast
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
