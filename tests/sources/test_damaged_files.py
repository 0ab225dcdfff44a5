"""Damaged files of every format: see `fuzz_files`. The nightly run has many more of them."""

import fuzz_files
import pytest


def test_some_damaged_files_raise_nothing():
    _, faults = fuzz_files.run(12, seed=1)
    assert not faults


@pytest.mark.slow
def test_many_damaged_files_raise_nothing():
    results, faults = fuzz_files.run(500, seed=2)
    assert not faults and results["read"] > 100 and results["refused"] > 100


def test_the_same_number_gives_the_same_file():
    files = fuzz_files.seeds()
    assert fuzz_files.damaged(5, 0, files) == fuzz_files.damaged(5, 0, files)


def test_a_reader_that_raises_is_found(monkeypatch, tmp_path):
    def broken(*_, **__):
        raise ValueError("a fault of ours")

    monkeypatch.setattr(fuzz_files, "load", broken)
    told = fuzz_files.try_file(tmp_path / "file.csv", b"a,b\n", {})
    assert told.startswith("fault: ValueError: a fault of ours")
