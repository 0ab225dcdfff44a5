"""A person who is removed is in nothing that a case holds or made; a case that is due goes."""

from __future__ import annotations

import json
import shutil

import pytest

from birdfall.model.errors import CaseError
from birdfall.pipeline.export import export
from birdfall.pipeline.removal import removals_of, remove_person
from birdfall.pipeline.run import run
from birdfall.pipeline.verify import verify_case
from birdfall.record.case import Case
from birdfall.record.ids import pseudonym
from canaries import account, canary_case, handle, texts_within
from commands import birdfall

GONE = 3


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """A case that was run, with a report, two exports and a claim about the one who goes."""
    folder = tmp_path_factory.mktemp("removal")
    case = canary_case(folder / "case")
    case.remove_findings()
    case.change_settings(leaders=(account(0), account(GONE)))
    claims = f'[[claim]]\ntext = "@{handle(GONE)} lost 200 followers"\n'
    claims += '[[claim]]\ntext = "40 accounts were suspended"\n'
    case.put({"claims.toml": claims.encode()})
    run(case)
    birdfall("report", case.path, "-o", folder / "told.html", check=0)
    export(case, "csv", folder / "shared")
    export(case, "sqlite", folder / "whole.db", identified=True)
    return folder


@pytest.fixture(scope="module")
def removed(before):
    case = Case.open(before / "case")
    names = {n: pseudonym(case.record().ids.code(account(n))) for n in (GONE, 5)}
    done = birdfall("remove", case.path, f"@{handle(GONE)}", "--json", check=0)
    return before, names, json.loads(done.stdout)


def holding(folder, *words):
    """Files below a folder in whose bytes or names one of the words stands."""
    found = set()
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "case.key":
            for text in texts_within(path):
                found |= {(path.name, w) for w in words if w.encode() in text}
    return found


def test_nothing_of_the_case_names_the_person(removed):
    folder, names, _ = removed
    words = (account(GONE), handle(GONE), f'Zqxid Name {GONE}"', f'zqxid bio {GONE}"')
    assert holding(folder, *words) == set()
    assert holding(folder, account(5)), "the search would have found somebody else"
    assert holding(folder / "shared", names[GONE]) == set()


def test_others_keep_their_pseudonyms_and_the_case_holds(removed):
    folder, names, _ = removed
    case = Case.open(folder / "case")
    assert pseudonym(case.record().ids.code(account(5))) == names[5]
    assert verify_case(case).differences == []


def test_it_is_said_what_was_measured_and_made_again(removed):
    _, names, told = removed
    assert told["pseudonym"] == names[GONE] and told["done"] is True
    assert told["rows"]["accounts"] == 1 and told["rows"]["follows"] == 1
    assert told["rows"]["acts"] == 5 + 5, "its own acts, and those directed at it"
    assert told["blanked"] > 0 and told["claims"] == 1
    assert {"waves", "coverage"} <= set(told["findings"]) and "coverage" in told["changed"]
    made = {path.rsplit("/", 1)[-1] for path in told["rewritten"]}
    assert made == {"report.html", "told.html", "shared", "whole.db"} and told["left"] == {}


def test_the_record_of_the_removal_is_dated_and_has_no_name(removed):
    folder, _, told = removed
    (entry,) = removals_of(Case.open(folder / "case"))
    assert entry.at == told["at"] and entry.at.startswith("20")
    text = (folder / "case" / "removals.json").read_text()
    assert account(GONE) not in text and handle(GONE) not in text


def test_copies_that_cannot_be_made_again_are_named(tmp_path):
    case = canary_case(tmp_path / "case")
    case.remove_findings()
    export(case, "csv", tmp_path / "mixed")
    (tmp_path / "mixed" / "notes.txt").write_text("mine")
    export(case, "csv", tmp_path / "moved")
    shutil.rmtree(tmp_path / "moved")
    removal = remove_person(case, account(GONE))
    reasons = {path.rsplit("/", 1)[-1]: why for path, why in removal.left.items()}
    assert "other files" in reasons["mixed"] and "no longer there" in reasons["moved"]
    assert (tmp_path / "mixed" / "notes.txt").read_text() == "mine"


def test_nobody_of_that_name_is_an_error_and_changes_nothing(tmp_path):
    case = canary_case(tmp_path / "case")
    before = case.manifest
    assert "no account" in birdfall("remove", case.path, "@nobody", check=2).stderr
    assert case.manifest == before


def test_a_case_is_deleted_after_its_day_and_leaves_a_record_without_a_name(tmp_path):
    case = canary_case(tmp_path / "case")
    export(case, "csv", tmp_path / "shared")
    birdfall("expire", case.path, "--after", "2999-12-31", check=0)
    assert "its day is 2999-12-31" in birdfall("expire", case.path, check=0).stdout
    assert Case.open(case.path).finding_names()
    birdfall("expire", case.path, "--after", "2020-01-31", check=0)
    with pytest.raises(CaseError, match="to be deleted after 2020-01-31"):
        Case.open(case.path)
    assert "birdfall expire" in birdfall("report", case.path, check=1).stderr
    assert "deleted" in birdfall("expire", case.path, check=0).stdout
    assert not (tmp_path / "shared").exists()
    assert [p.name for p in case.path.iterdir()] == ["deleted.json"]
    left = json.loads((case.path / "deleted.json").read_text())
    assert left["due"] == "2020-01-31" and left["deleted"].startswith("20")
    assert "zqxid" not in str(left)


def test_a_day_that_is_none_is_refused(tmp_path):
    case = canary_case(tmp_path / "case")
    assert "is no day" in birdfall("expire", case.path, "--after", "soon", check=2).stderr
