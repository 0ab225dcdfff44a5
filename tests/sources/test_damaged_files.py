"""Damaged files of every format: see `fuzz_files`. The nightly run has many more of them."""

import zipfile

import fuzz_files
import pytest

from birdfall.sources.ingest import look_into


def test_some_damaged_files_raise_nothing():
    _, faults = fuzz_files.run(12, seed=1)
    assert not faults


@pytest.mark.slow
def test_many_damaged_files_raise_nothing():
    groups = fuzz_files.seeds_by_reader()
    assert tuple(groups) == fuzz_files.READERS
    count = 40 * len(groups)
    results, faults = fuzz_files.run(count, seed=2, groups=list(groups.values()))
    assert not faults and sum(results.values()) == count
    assert results["read"] > 50 and results["refused"] > 50


def test_a_file_in_an_archive_that_has_no_name_is_said(tmp_path):
    place = tmp_path / "x.zip"
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("a.csv", "account,status,time\nu1,suspended,2024-05-01T00:00:00Z\n")
        archive.writestr("b.csv", "account,status,time\nu2,suspended,2024-05-01T00:00:00Z\n")
    # a name that begins with nought ends there
    place.write_bytes(place.read_bytes().replace(b"b.csv", b"\0.csv"))
    found = look_into(place)
    assert found.rows == {"statuses": 1}
    assert [e["reason"] for e in found.examples] == ["a file in the archive that has no name"]


def test_the_same_number_gives_the_same_file():
    files = fuzz_files.seeds()
    assert fuzz_files.damaged(5, 0, files) == fuzz_files.damaged(5, 0, files)


def test_each_reader_has_an_equal_part_of_the_numbers(monkeypatch):
    tried = []
    monkeypatch.setattr(
        fuzz_files, "try_file", lambda path, *_: tried.append(path.suffix) or "read"
    )
    groups = [[("one", "csv", b"a,b", {})], [("two", "json", b"{}", {})]]
    monkeypatch.setattr(fuzz_files, "damaged", lambda _n, _s, files: (["x"], *files[0][1:]))
    fuzz_files.run(6, first=1, groups=groups)
    assert tried == [".csv"] * 2 + [".json"] * 3


def test_a_reader_that_raises_is_found(monkeypatch, tmp_path):
    def broken(*_, **__):
        raise ValueError("a fault of ours")

    monkeypatch.setattr(fuzz_files, "load", broken)
    told = fuzz_files.try_file(tmp_path / "file.csv", b"a,b\n", {})
    assert told.startswith("fault: ValueError: a fault of ours")
