"""A person who is removed is in nothing that a case holds or made; a case that is due goes."""

from __future__ import annotations

import json
import shutil

import pytest

from birdfall.model.errors import CaseError, UsageError
from birdfall.pipeline.export import export
from birdfall.pipeline.removal import removals_of, remove_person
from birdfall.pipeline.run import run
from birdfall.pipeline.verify import verify_case
from birdfall.record.case import Case
from birdfall.record.ids import pseudonym
from birdfall.sources.ingest import ingest
from canaries import account, canary_case, handle, rows, texts_within
from commands import birdfall

GONE = 3
BY_ID = pytest.param("12", marks=pytest.mark.slow)


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


ACCOUNTS_CSV = "id,username,name,created_at,followers\n"
POSTS_CSV = "user_id,username,created_at,text,tweet_id\n"
PEOPLE = {11: "alfa_1", 12: "beta_2", 13: "gama_3", 14: "delta_4"}


def files_of(folder, *, again=False):
    """Two tables as platforms give them, in which everybody writes and mentions the next."""
    people, day = list(PEOPLE.items()), "02" if again else "01"
    accounts = [f"{i},{h},Zqxid Shown {i},2020-01-01T00:00:00Z,{i}{day}" for i, h in people]
    posts = [
        f"{i},{h},2024-01-{day}T12:00:{k:02}Z,ask @{people[(k + 1) % 4][1]} and https://x.com/"
        f"{people[(k + 1) % 4][1]}/status/9{k}1,9{i}{day}"
        for k, (i, h) in enumerate(people)
    ]
    paths = [folder / f"accounts{day}.csv", folder / f"posts{day}.csv"]
    paths[0].write_text(ACCOUNTS_CSV + "\n".join(accounts) + "\n", "utf-8")
    paths[1].write_text(POSTS_CSV + "\n".join(posts) + "\n", "utf-8")
    return paths


def case_of(folder, paths, key=b"k" * 32):
    case = Case.create(folder, key=key)
    for path in paths:
        ingest(case, path)
    return case


@pytest.mark.parametrize("name", [BY_ID, "@Beta_2", "pseudonym"])
def test_who_was_removed_does_not_come_back_with_another_file(tmp_path, name):
    case = case_of(tmp_path / "case", files_of(tmp_path))
    called = pseudonym(case.record().ids.code("12"))
    before = {i: pseudonym(case.record().ids.code(str(i))) for i in PEOPLE}
    remove_person(case, called if name == "pseudonym" else name)
    receipts = [ingest(case, path) for path in files_of(tmp_path, again=True)]
    assert receipts[0].removed == 1 and receipts[0].rows["accounts"] == 3
    assert receipts[1].removed >= 1
    assert holding(case.path, "beta_2", "Zqxid Shown 12") == set()
    assert "12" not in case.record().ids.id_of.to_pylist()
    after = {i: pseudonym(case.record().ids.code(str(i))) for i in PEOPLE if i != 12}
    assert after == {i: n for i, n in before.items() if i != 12}
    with pytest.raises(UsageError, match="no account"):
        remove_person(case, called)


def test_a_case_made_anew_of_the_same_files_calls_everybody_as_before(tmp_path):
    case = case_of(tmp_path / "case", files_of(tmp_path))
    remove_person(case, "12")
    anew = Case.create(tmp_path / "anew", key=case.key)
    anew.put({name: case.read(name) for name in ("removed.json", "removals.json")})
    for path in files_of(tmp_path):
        ingest(anew, path)
    assert anew.record().ids.id_of.equals(case.record().ids.id_of)
    assert holding(anew.path, "beta_2", "Zqxid Shown 12") == set()


def test_a_handle_that_is_the_pseudonym_of_another_is_not_guessed(tmp_path):
    rows = "11,{},A,2020-01-01T00:00:00Z,1\n12,beta_2,B,2020-01-01T00:00:00Z,2\n"
    path = tmp_path / "accounts.csv"
    path.write_text(ACCOUNTS_CSV + rows.format("plain_1"), "utf-8")
    case = case_of(tmp_path / "case", [path])
    taken = pseudonym(case.record().ids.code("12"))
    path.write_text(ACCOUNTS_CSV + rows.format(taken), "utf-8")
    ingest(case, path)
    with pytest.raises(UsageError, match="pseudonym of another"):
        remove_person(case, taken)


def test_posts_of_the_person_and_cells_of_unread_rows_lead_to_nobody(tmp_path):
    case = Case.create(tmp_path / "case")
    trace = {"source": "s", "line": 1, "time": 0}
    act = {"account": "b", "kind": "repost", "object": "777001", "target": "a", **trace}
    case.append(
        [
            rows("accounts", {"account": "a", "handle": "luna_9", "name": "Luna del Río", **trace}),
            rows(
                "acts",
                {**act, "account": "a", "kind": "post", "act_id": "777002", "target": None},
                act,
                {**act, "account": "c", "target": None},
                {**act, "account": "c", "object": "888", "conversation": "777002"},
            ),
            rows("rejected", {"value": "4;LUNA DEL RÍO;x", "reason": "no time", **trace}),
        ],
        source="s",
        digest="d",
    )
    remove_person(case, "@luna_9")
    assert holding(case.path, "777001", "777002", "LUNA", "Luna") == set()
    (left,) = case.record().sql("SELECT account, object FROM acts").to_pylist()
    assert left["account"] == "c" and left["object"].startswith("removed:")


def test_a_person_of_several_handles_goes_with_all_of_them(tmp_path):
    case = Case.create(tmp_path / "case")
    trace = {"source": "s", "line": 1}
    told = [
        {"account": "77", "handle": handle, "observed_at": at, **trace}
        for at, handle in enumerate(("old_luna", "new_luna"))
    ]
    said = {"account": "b", "kind": "post", "object": "p", "time": 0, **trace}
    acts = [said | {"text": "ask @Old_Luna"}, said | {"text": "and @new_luna", "object": "q"}]
    case.append([rows("accounts", *told), rows("acts", *acts)], source="s", digest="d")
    removal = remove_person(case, "@old_luna")
    assert removal.rows == {"accounts": 2} and removal.blanked == 2
    assert holding(case.path, "old_luna", "Old_Luna", "new_luna") == set()
    later = [rows("accounts", {"account": "old_luna", **trace}, {"account": "c", **trace})]
    assert case.append(later, source="t", digest="e").removed == 1
