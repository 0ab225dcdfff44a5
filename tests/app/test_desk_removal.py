"""Who is removed from a case of the workspace is in nothing that lies beside it, and does not come
back with a file; a case that is due goes with its desk."""

import datetime as dt
import json

from app_made import JobState, Visitor, last_state, run_jobs_here

from birdfall.app.desk_removal import delete_due_cases
from birdfall.app.jobs import JobKind, JobRequest
from birdfall.app.worker import EVIDENCE
from birdfall.pipeline.removal import removals_of
from birdfall.record.ids import pseudonym
from commands import birdfall

PEOPLE = {11: "alfa_1", 12: "beta_2", 13: "gama_3", 14: "delta_4"}


def accounts_csv(day):
    rows = [f"{i},{h},Shown {h},2020-01-{day:02}T00:00:00Z,{i}" for i, h in PEOPLE.items()]
    return "id,username,name,created_at,followers\n" + "\n".join(rows) + "\n"


def begun(tmp_path, monkeypatch):
    """A case of the workspace, read from a file, with words of people on its desk."""
    begin = run_jobs_here(monkeypatch)
    visitor = Visitor(tmp_path)
    desk = visitor.workspace.begin("night")
    desk.place_for("beta_2.csv").write_text(accounts_csv(1), "utf-8")
    choices = {"leaders": ["@beta_2", "@alfa_1"], "question": "what befell @beta_2?"}
    begin(desk, JobRequest(JobKind.READ, "en", choices))
    assert last_state(visitor, "night") is JobState.DONE
    (desk.folder / "notes.json").write_text(json.dumps({"k": {"note": "like @beta_2 and @alfa_1"}}))
    (desk.folder / EVIDENCE).write_bytes(b"PK evidence of 12")
    return visitor, desk, begin


def holding(folder, word):
    files = (path for path in folder.rglob("*") if path.is_file())
    return [p for p in files if word in p.read_bytes() or word in p.name.encode()]


def test_nothing_beside_a_case_names_who_was_removed(tmp_path, monkeypatch):
    visitor, desk, begin = begun(tmp_path, monkeypatch)
    names = {i: pseudonym(desk.case().record().ids.code(str(i))) for i in PEOPLE}
    assert holding(tmp_path, b"beta_2")
    told = birdfall("remove", desk.case_path, "@beta_2", check=0).stdout
    assert "1 files that had been given deleted" in told and "packed again" in told
    assert holding(tmp_path, b"beta_2") == [] and not (desk.folder / EVIDENCE).exists()
    assert "@alfa_1" in (desk.folder / "notes.json").read_text()
    assert visitor.enter().get("/en/c/night/data").status_code == 200
    for day in (2, 3):  # the first is added to the case as it stands
        desk.place_for("again.csv").write_text(accounts_csv(day), "utf-8")
        begin(desk, JobRequest(JobKind.READ))
        assert last_state(visitor, "night") is JobState.DONE
        ids = desk.case().record().ids
        assert ids.code("12") is None and ids.code("13") is not None
        assert len(removals_of(desk.case())) == 1
        called = {i: pseudonym(ids.code(str(i))) for i in PEOPLE if i != 12}
        assert called == {i: name for i, name in names.items() if i != 12}


def test_a_case_that_is_made_anew_calls_everybody_as_before(tmp_path, monkeypatch):
    visitor, desk, begin = begun(tmp_path, monkeypatch)
    names = {i: pseudonym(desk.case().record().ids.code(str(i))) for i in PEOPLE}
    desk.place_for("more.csv").write_text(accounts_csv(2), "utf-8")
    begin(desk, JobRequest(JobKind.READ))
    assert last_state(visitor, "night") is JobState.DONE
    ids = desk.case().record().ids
    assert {i: pseudonym(ids.code(str(i))) for i in PEOPLE} == names


def test_a_case_that_is_due_goes_with_its_desk(tmp_path, monkeypatch):
    visitor, desk, _ = begun(tmp_path, monkeypatch)
    assert delete_due_cases(visitor.workspace) == []
    yesterday = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=2)
    desk.case().change_settings(delete_after=yesterday.isoformat())
    assert delete_due_cases(visitor.workspace) == ["night"]
    assert [p.name for p in desk.case_path.iterdir()] == ["deleted.json"]
    assert not desk.folder.exists() and holding(tmp_path, b"alfa_1") == []
    assert visitor.workspace.desks() == []
