"""What was made earlier: a case of before methods had versions, and findings of an older method,
are told apart from damage.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from birdfall.measures import returns
from birdfall.model.findings import from_plain
from birdfall.pipeline.catalogue import measure_of
from birdfall.pipeline.measure import StepSubject
from birdfall.pipeline.run import RunStep, Stages, add_network, run
from birdfall.pipeline.verify import DifferenceKind, Verification, compare_findings, verify_case
from birdfall.record.case import Case

#: A case of 123 accounts, run with few draws, as it was kept before findings stated their method.
EARLIER = Path(__file__).parent / "cases" / "before_method_versions.zip"


def unpacked(folder):
    with zipfile.ZipFile(EARLIER) as archive:
        archive.extractall(folder)
    return Case.open(folder)


@pytest.fixture
def before(tmp_path):
    """The case as it was kept."""
    return unpacked(tmp_path / "case")


@pytest.fixture(scope="module")
def up_to_date(tmp_path_factory):
    """The case with all its findings made by the methods of now."""
    case = unpacked(tmp_path_factory.mktemp("earlier") / "case")
    run(case, options_from(json.loads((case.path / "run.json").read_text())["options"]))
    return case.path


@pytest.fixture
def earlier(tmp_path, up_to_date):
    """A copy of it: what was "earlier" is what a test then gives a newer version."""
    return Case.open(shutil.copytree(up_to_date, tmp_path / "case"))


def test_a_case_of_before_differs_only_by_newer_methods_and_a_run_changes_nothing_else(before):
    """Only what a newer method makes differs, and a run brings just that up to date."""
    earlier = before
    assert earlier.finding("waves").method_version is None
    result = verify_case(earlier)
    assert result.recomputed
    assert {d.kind for d in result.differences} == {DifferenceKind.METHOD}
    other = {d.where for d in result.differences}
    assert any(where.startswith("claim-") for where in other)
    before = {p.name: p.read_bytes() for p in (earlier.path / "findings").glob("*.json")}
    options = json.loads((earlier.path / "run.json").read_text())["options"]
    found = run(earlier, options_from(options))
    after = {p.name: p.read_bytes() for p in (earlier.path / "findings").glob("*.json")}
    changed = {name for name in before if before[name] != after[name]}
    assert {f"{where}.json" for where in other} <= changed and before.keys() == after.keys()
    assert found.keys() == {Path(name).stem for name in before}
    assert verify_case(earlier).holds


def options_from(plain):
    from birdfall.pipeline.context import Options

    return Options.from_json(plain)


def test_a_changed_file_is_named_as_one(earlier):
    finding = earlier.path / "findings" / "waves.json"
    finding.write_text(finding.read_text().replace('"simulated": false', '"simulated": true'))
    kinds = {(d.kind, d.where) for d in verify_case(earlier).differences}
    assert (DifferenceKind.FILE, "findings/waves.json") in kinds
    assert (DifferenceKind.NUMBER, "waves.simulated") in kinds


def test_a_number_that_differs_is_named_with_both_values(earlier):
    returned = earlier.finding("returns-1")
    (name, estimate), *_ = returned.estimates.items()
    wrong = returned.replace(
        estimates={**returned.estimates, name: type(estimate)(12345.0, estimate.unit)}
    )
    earlier.save(wrong)
    differences = verify_case(earlier).differences
    own = [d for d in differences if not d.where.startswith("claim-")]
    assert {d.kind for d in own} == {DifferenceKind.NUMBER}
    value = next(d for d in differences if d.where == f"returns-1.estimates.{name}.value")
    assert value.sentence == (
        f"number differs: returns-1.estimates.{name}.value is 12345.0, "
        f"computed again {value.found}."
    )


def compare(said, found):
    result = Verification("case")
    compare_findings({said.name: said}, {found.name: found}, result)
    return result.differences


def test_a_finding_of_an_older_method_is_one_sentence(earlier, monkeypatch):
    kept, made = earlier.finding("returns-1"), returns.METHOD_VERSION
    monkeypatch.setattr(returns, "METHOD_VERSION", 9)
    other = kept.replace(details={**kept.details, "more": 1}, method_version=9)
    (difference,) = compare(kept, other)
    assert difference.kind is DifferenceKind.METHOD
    assert difference.sentence == (
        f"older method: returns-1 was made by version {made} of its method and this Birdfall has "
        "version 9; `birdfall run` brings the case up to date."
    )
    same = kept.replace(method_version=9)
    assert not compare(kept, same), "an older method whose numbers still come out holds"
    damaged = compare(kept.replace(method_version=9), other)
    assert {d.kind for d in damaged} == {DifferenceKind.NUMBER}, "made by the method of now"


def test_what_may_have_read_a_finding_of_an_older_method_is_told_as_such(earlier, monkeypatch):
    said = {n: earlier.finding(n) for n in ("waves", "returns-1", "automation-1")}
    made = returns.METHOD_VERSION
    monkeypatch.setattr(returns, "METHOD_VERSION", 9)
    found = {n: f.replace(details={**f.details, "more": 1}) for n, f in said.items()}
    result = Verification("case")
    compare_findings(said, found, result)
    assert [(d.where, d.kind) for d in result.differences] == [
        ("waves.details.more", DifferenceKind.NUMBER),
        ("returns-1", DifferenceKind.METHOD),
        ("automation-1", DifferenceKind.METHOD),
    ]
    assert (
        f"as returns-1, asked before it, was made by version {made}"
        in result.differences[2].sentence
    )


def test_a_measure_that_was_never_asked_is_current(before, monkeypatch):
    monkeypatch.setattr(returns, "METHOD_VERSION", 9)
    measure = measure_of(before.finding("returns-1"))
    stages = Stages.from_case(before)
    for name, current in (("returns-1", False), ("returns-9", True)):
        assert stages.is_current(RunStep(measure, StepSubject(name, name))) == current


def test_a_run_makes_findings_of_an_older_method_again(earlier, monkeypatch):
    """And what is asked after them, which may have read them; what came before stays."""
    monkeypatch.setattr(returns, "METHOD_VERSION", 9)
    options = options_from(json.loads((earlier.path / "run.json").read_text())["options"])
    times = {p.name: p.stat().st_mtime_ns for p in (earlier.path / "findings").glob("*.json")}
    found = run(earlier, options)
    assert found["returns-1"].method_version == 9
    again = {p.name: p.stat().st_mtime_ns for p in (earlier.path / "findings").glob("*.json")}
    assert again["waves.json"] == times["waves.json"]
    assert again["returns-1.json"] != times["returns-1.json"]
    assert again["brigades.json"] != times["brigades.json"]
    assert verify_case(earlier).holds


def test_a_run_that_was_cut_off_while_it_brought_up_to_date_goes_on(earlier, monkeypatch):
    monkeypatch.setattr(returns, "METHOD_VERSION", 9)
    options = options_from(json.loads((earlier.path / "run.json").read_text())["options"])

    def stop(stage, *_rest):
        if stage == "explanations":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(earlier, options, progress=stop)
    names = json.loads((earlier.path / "run.json").read_text())["done"]
    assert "returns-1" in names and "explanations-1" not in names and "claims" not in names
    run(earlier, options)
    assert verify_case(earlier).holds


def test_a_finding_without_a_version_still_loads(before):
    plain = json.loads((before.path / "findings" / "waves.json").read_text())
    assert "method_version" not in plain
    assert from_plain(plain, {}).method_version is None


def test_an_added_network_is_kept_with_its_version(before):
    finding = add_network(before, {"trace": "status"})
    assert Stages.from_case(before).methods == {"coordination": finding.method_version}
