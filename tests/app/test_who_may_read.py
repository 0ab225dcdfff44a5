"""What Birdfall keeps is for its owner alone, whatever the mask of the process; what it makes to be
given away follows the mask, unless it holds ids."""

import os

import pytest
from app_made import Visitor, run_jobs_here

from birdfall.app.group_notes import GroupNote, put_note
from birdfall.app.history import Change, note_change
from birdfall.app.jobs import JobKind, JobRequest
from birdfall.app.publish_pages import keep_layout
from birdfall.cli.network_files import accounts_of_case, write_network
from birdfall.pipeline.export import export
from birdfall.record.case import Case
from birdfall.tell.layout import ReportLayout
from birdfall.watch.engine.backlog import BACKLOG_FILE, Backlog
from birdfall.watch.engine.folder import WatchFolder
from birdfall.watch.engine.removal import remove_from_watch
from birdfall.watch.model.events import Identity, StreamBatch
from birdfall.watch.store.ingest import ingest_batch
from birdfall.watch.store.lock import lock_folder
from birdfall.watch.store.pseudonym_key import pseudonym_key
from canaries import canary_case

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows keeps permissions otherwise")
ACCOUNTS_CSV = b"id,username,created_at,followers\n11,alfa_1,2020-01-01T00:00:00Z,1\n"
#: The loosest, and one that forbids others everything.
MASKS = [0, pytest.param(0o077, marks=pytest.mark.slow)]


@pytest.fixture
def masked(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(folder):
    """The permissions of a folder and all in it, those of folders and those of files."""
    paths = [folder, *folder.rglob("*")]
    return (
        {oct(p.stat().st_mode & 0o777) for p in paths if p.is_dir()},
        {oct(p.stat().st_mode & 0o777) for p in paths if p.is_file()},
    )


@pytest.mark.usefixtures("masked")
@pytest.mark.parametrize("masked", MASKS, indirect=True)
def test_a_workspace_with_all_that_is_given_to_it(tmp_path, monkeypatch):
    begin = run_jobs_here(monkeypatch)
    visitor = Visitor(tmp_path / "home").enter()
    form = {"word": visitor.word("/en/"), "title": "night"}
    given = {"files": ("a.csv", ACCOUNTS_CSV)}
    assert visitor.client.post("/en/begin", data=form, files=given).status_code == 200
    (desk,) = visitor.workspace.desks()
    for kind in (JobKind.READ, JobKind.EVIDENCE):
        begin(desk, JobRequest(kind))
    put_note(desk, "k", GroupNote("a"))
    note_change(desk, Change.NOTES, "owner 1")
    keep_layout(desk, ReportLayout())
    assert (desk.folder / "evidence.zip").is_file() and len(desk.files()) == 1
    assert modes(tmp_path / "home") == ({"0o700"}, {"0o600"})


@pytest.mark.usefixtures("masked")
@pytest.mark.parametrize("masked", MASKS, indirect=True)
def test_a_watch(tmp_path):
    folder = WatchFolder(tmp_path / "watch")
    with folder.open_state() as state:
        steps = [
            StreamBatch(1, (Identity(a, f"{a}.example", 1),), raw=a.encode()) for a in ("aa1", "b")
        ]
        with state.transaction():
            ingest_batch(state, "r", steps)
        folder.maintain(state, everything=True)
        assert (folder.path / "watch.sqlite-wal").is_file()
        pseudonym_key(folder.state_path)
        lock_folder(folder.path).close()
        assert modes(folder.path) == ({"0o700"}, {"0o600"})
    remove_from_watch(folder.path, "aa1")
    Backlog(folder.path / BACKLOG_FILE).add([("r", steps)])
    assert (folder.path / "removed.json").is_file()
    assert modes(folder.path) == ({"0o700"}, {"0o600"})


@pytest.mark.slow
@pytest.mark.usefixtures("masked")
@pytest.mark.parametrize("masked", [0o027], indirect=True)
def test_what_is_given_away_follows_the_mask_unless_it_holds_ids(tmp_path):
    case = canary_case(tmp_path / "case")
    finding = case.finding("coordination-repost")
    people = accounts_of_case(case, case.record())
    for identified in (False, True):
        place = tmp_path / str(identified)
        export(case, "csv", place / "csv", identified=identified)
        export(case, "sqlite", place / "one.db", identified=identified)
        write_network(finding, people, place / "network", identified)
        write_network(finding, people, place / "edges.csv", identified)
    assert modes(tmp_path / "False")[1] == {"0o640"}
    assert modes(tmp_path / "True")[1] == {"0o600"}
    for name in ("csv", "network"):
        assert modes(tmp_path / "True" / name)[0] == {"0o700"}


def test_evidence_is_a_case_and_kept_like_one(tmp_path):
    case = canary_case(tmp_path / "case")
    case.remove_findings()
    export(case, "evidence", tmp_path / "evidence")
    assert modes(tmp_path / "evidence") == ({"0o700"}, {"0o600"})
    assert Case.open(tmp_path / "evidence").key != case.key
