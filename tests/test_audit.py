"""The audit: its makes know nothing of the product's worlds, and its short version runs."""

import ast
import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from audit.__main__ import main  # noqa: E402
from audit.promises import FIRST_SEED, PROMISES, Promise  # noqa: E402
from audit.table import as_markdown, interval, put_into_page, verdict  # noqa: E402

from birdfall.explanations import reference_worlds  # noqa: E402


def imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_makes_are_written_without_the_product():
    for path in (ROOT / "audit" / "makes").glob("*.py"):
        assert not [m for m in imported(path) if m.startswith("birdfall")], path
    for path in (ROOT / "audit").glob("*.py"):
        assert not [m for m in imported(path) if m.startswith("birdfall.world")], path


#: What a sentence that promises says behind itself: the rows that keep it.
ROWS_OF_A_SENTENCE = re.compile(r"<!-- audit: (.+?) -->", re.DOTALL)


def rows_named_in_docs():
    """(page, row) for every row that a sentence points at."""
    for page in sorted((ROOT / "docs").rglob("*.md")):
        for rows in ROWS_OF_A_SENTENCE.findall(page.read_text("utf-8")):
            yield from ((page.name, name.strip()) for name in rows.split(";"))


def test_a_sentence_that_promises_points_at_rows_that_exist():
    known = {p.name for p in PROMISES}
    named = list(rows_named_in_docs())
    assert not [(page, name) for page, name in named if name not in known]
    pages = {page for page, _ in named}
    assert {"brigades.md", "coordination.md", "explanations.md", "waves.md"} <= pages


#: Words by which a page says how often something holds, or that it never happens.
PROMISES_MADE = re.compile(
    r"nine records of ten|chance of any false|95 of 100|false alarms? (?:per|a year|allowed)"
    r"|holds at 95 %|hold every history|never called|none is called|stays in the set"
    r"|expected share|[Hh]eld to worlds|interval (?:held|holds)|one false alarm, or",
)
#: What keeps it: rows of the audit, or tests and benchmarks whose figures stand beside it.
KEPT_BY = re.compile(r"<!-- (audit|held by): (.+?) -->", re.DOTALL)


def promises_without_a_keeper(page):
    """Sentences of a page that promise, in a paragraph that names nothing that keeps them."""
    for paragraph in re.split(r"\n\s*\n", page):
        lines = [line for line in paragraph.split("\n") if not line.startswith("|")]
        text = " ".join(lines)
        if not KEPT_BY.search(text):
            yield from (
                text[max(0, m.start() - 60) : m.end()] for m in PROMISES_MADE.finditer(text)
            )


def test_a_sentence_that_promises_names_what_keeps_it():
    pages = {p.name: p.read_text("utf-8") for p in (ROOT / "docs" / "methods").glob("*.md")}
    assert not {
        n: found for n, text in pages.items() if (found := [*promises_without_a_keeper(text)])
    }
    named = [m for text in pages.values() for m in KEPT_BY.findall(text) if m[0] == "held by"]
    files = {file.strip() for _, files in named for file in files.split(";")}
    assert files and not [file for file in files if not (ROOT / file).is_file()]


def test_a_promise_without_a_row_is_seen_and_one_with_a_row_is_not():
    bare = "A wave of so many is called in nine records of ten."
    assert len([*promises_without_a_keeper(f"# Waves\n\n{bare}\n\nMore.")]) == 1
    assert not [*promises_without_a_keeper(f"{bare}\n<!-- audit: a backlog -->")]
    assert [*promises_without_a_keeper(f"{bare}\n\n<!-- audit: a backlog -->")], "another paragraph"


def test_the_printed_table_holds_rows_that_exist():
    page = (ROOT / "docs" / "audit.md").read_text("utf-8")
    printed = re.findall(r"^\| ([^|]+?) \| \d+ \| \d\.\d+ \|", page, re.MULTILINE)
    assert printed and set(printed) <= {p.name for p in PROMISES}


def test_no_method_was_chosen_on_a_seed_of_the_audit():
    most = max(p.worlds for p in PROMISES)
    audited = range(FIRST_SEED, FIRST_SEED + most)
    for seed in (reference_worlds.SEED, reference_worlds.FRESH_SEED):
        assert not set(range(seed, seed + 10)) & set(audited)
    assert reference_worlds.FRESH_SEED + 10**9 < FIRST_SEED
    assert len({p.name for p in PROMISES}) == len(PROMISES)


def test_what_is_below_its_promise_is_broken_and_few_worlds_keep_nothing():
    row = Promise("a", "b", 0.95, lambda _: True)
    assert verdict(row, 40, 40) == "not broken" and verdict(row, 400, 400) == "kept"
    assert verdict(row, 30, 40) == "broken"
    low, high = interval(0, 20)
    assert low == 0 and 0.16 < high < 0.17


def test_an_audit_goes_on_where_it_was_stopped_and_fails_where_a_promise_is_broken(
    tmp_path, capsys, monkeypatch
):
    asked = []

    def holds(seed):
        asked.append(seed)
        return len(asked) < 3

    monkeypatch.setattr("audit.__main__.PROMISES", (Promise("x", "y", 0.95, holds),))
    monkeypatch.setattr("audit.table.PROMISES", (Promise("x", "y", 0.95, holds),))
    state = tmp_path / "audit.json"
    assert main(["--worlds", "2", "--state", str(state)]) == 0
    assert main(["--worlds", "12", "--state", str(state)]) == 1
    assert asked == [FIRST_SEED + i for i in range(12)]
    assert len(json.loads(state.read_text())["x"]) == 12
    assert "broken" in capsys.readouterr().out
    assert as_markdown({}).count("not run") == 1


def test_the_table_is_put_into_its_page_and_nothing_else_changes(tmp_path, monkeypatch):
    row = Promise("x", "y", 0.95, lambda _: True)
    monkeypatch.setattr("audit.__main__.PROMISES", (row,))
    monkeypatch.setattr("audit.table.PROMISES", (row,))
    page = tmp_path / "audit.md"
    other = "| other | table |\n| --- | --- |\n| 1 | 2 |\n"
    page.write_text(f"# Ä\n\n{other}\n{as_markdown({})}\n\nAfter.\n", "utf-8")
    assert "| x | 0 | 0.95 | | | not run |" in page.read_text("utf-8")
    main(["--worlds", "3", "--state", str(tmp_path / "audit.json"), "--page", str(page)])
    got = as_markdown({"x": [True] * 3})
    assert page.read_text("utf-8") == f"# Ä\n\n{other}\n{got}\n\nAfter.\n"
    for without in ("# Nothing\n", got + "\n\n" + got):
        with pytest.raises(ValueError, match="tables of promises"):
            put_into_page(without, got)


def test_an_audit_goes_on_from_a_page_with_the_worlds_that_come_next(tmp_path, monkeypatch):
    asked = []
    row = Promise("x", "y", 0.95, lambda seed: not asked.append(seed))
    monkeypatch.setattr("audit.__main__.PROMISES", (row,))
    monkeypatch.setattr("audit.table.PROMISES", (row,))
    page, state = tmp_path / "audit.md", tmp_path / "audit.json"
    page.write_text(as_markdown({"x": [True, False, True]}), "utf-8")
    main(["--worlds", "5", "--state", str(state), "--go-on", str(page)])
    assert asked == [FIRST_SEED + 3, FIRST_SEED + 4]
    assert json.loads(state.read_text()) == {"x": [True, True, False, True, True]}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_short_audit_breaks_no_promise(tmp_path, capsys):
    code = main(["--short", "--state", str(tmp_path / "audit.json")])
    table = capsys.readouterr().out
    assert code == 0 and "not run" not in table, table
