"""A disk that fills up: what is said was kept is what was kept."""

from __future__ import annotations

import errno
import re
import sqlite3

import pytest

from birdfall.cli.network_files import accounts_of_case, write_network
from birdfall.inquiry import Inquiry
from birdfall.model.errors import BirdfallError
from birdfall.pipeline import sqlite_file
from birdfall.pipeline.export import BUILT_IN, export
from birdfall.pipeline.verify import verify_case
from birdfall.record import transaction
from birdfall.record.case import Case
from canaries import canary_case
from commands import birdfall

FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def case(tmp_path):
    return canary_case(tmp_path / "case")


@pytest.fixture
def fills_after(monkeypatch):
    """`fills_after(n)`: every write of a file but the first n meets a full disk."""

    def install(writes):
        left = [writes]
        sync = transaction.fsync_file

        def fsync(path):
            left[0] -= 1
            if left[0] < 0:
                raise FULL
            sync(path)

        monkeypatch.setattr("birdfall.record.atomic.fsync_file", fsync)
        monkeypatch.setattr("birdfall.record.transaction.fsync_file", fsync)

    return install


@pytest.mark.parametrize("form", [f.name for f in BUILT_IN])
@pytest.mark.parametrize("writes", [0, 3])
def test_an_export_that_does_not_fit_leaves_nothing(case, fills_after, form, writes, tmp_path):
    fills_after(0 if form == "sqlite" else writes)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(BirdfallError, match="the disk is full") as caught:
        export(case, form, tmp_path / "out")
    assert str(caught.value.where) == str(tmp_path / "out")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("words", ["database or disk is full", "disk I/O error"])
def test_what_sqlite_says_of_a_full_disk_is_no_traceback(case, monkeypatch, words, tmp_path):
    def fail(*_):
        raise sqlite3.OperationalError(words)

    monkeypatch.setattr(sqlite_file, "_fill", fail)
    done = birdfall("export", case.path, "--format", "sqlite", "-o", tmp_path / "o.db", check=1)
    assert "nobody foresaw" not in done.stderr and "Nothing was changed" in done.stderr
    assert not (tmp_path / "o.db").exists() and not list(tmp_path.glob(".partial-*"))


def test_a_network_that_does_not_fit_leaves_nothing(case, fills_after, tmp_path):
    people = accounts_of_case(case, case.record())
    finding = case.finding("coordination-repost")
    fills_after(2)
    with pytest.raises(BirdfallError, match="the disk is full"):
        write_network(finding, people, tmp_path / "network", False)
    assert not (tmp_path / "network").exists() and not list(tmp_path.glob(".partial-*"))


@pytest.mark.parametrize("writes", [0, 9])
def test_a_run_that_stops_says_what_it_kept(case, fills_after, monkeypatch, writes):
    case.remove_findings()
    fills_after(writes)
    done = birdfall("run", case.path, check=1)
    monkeypatch.undo()
    assert "the disk is full" in done.stderr
    kept = re.search(r"What (\d+) steps before it found is kept", done.stderr)
    assert (kept is None) == ("Nothing was changed" in done.stderr)
    assert bool(kept) == bool(Case.open(case.path).finding_names())
    assert [d for d in verify_case(Case.open(case.path)).differences if d.kind != "number"] == []


def test_of_several_files_it_is_said_which_were_taken_in(tmp_path):
    sound, torn = tmp_path / "a.csv", tmp_path / "b.parquet"
    sound.write_text("account,status,time\nx,suspended,2013-10-31T22:20:00Z\n")
    torn.write_bytes(b"PAR1 torn")
    done = birdfall("import", sound, torn, "-o", tmp_path / "new", check=2)
    assert "1 of 2 files were taken in before it and are kept" in done.stderr
    assert Case.open(tmp_path / "new").record().sizes["statuses"] == 1


def closed(*_args, **_options):
    raise PermissionError(errno.EACCES, "Permission denied")


def test_of_a_case_that_can_only_be_read_a_report_and_an_export_are_made_elsewhere(
    tmp_path, monkeypatch
):
    case = canary_case(tmp_path / "case")
    case.remove_findings()
    case.save(Inquiry(case.record(), case).coverage())
    before = case.manifest
    monkeypatch.setattr("birdfall.record.case.try_lock", closed)
    birdfall("report", case.path, "-o", tmp_path / "told.html", check=0)
    birdfall("export", case.path, "-o", tmp_path / "shared", check=0)
    assert (tmp_path / "told.html").exists() and case.manifest == before
    assert "cannot be written" in birdfall("report", case.path, check=1).stderr


def test_a_key_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    case = canary_case(tmp_path / "case")
    monkeypatch.setattr("pathlib.Path.read_bytes", closed)
    done = birdfall("export", case.path, "-o", tmp_path / "shared", check=1)
    assert "case.key may not be read" in done.stderr and not (tmp_path / "shared").exists()
