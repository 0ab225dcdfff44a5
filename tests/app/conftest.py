"""A visitor of an empty workspace, and one of a measured case."""

import shutil

import pytest
from app_made import Visitor, run_jobs_here


@pytest.fixture(autouse=True)
def begin_job(monkeypatch):
    """Jobs are done in this process; the function that begins one."""
    monkeypatch.setattr("birdfall.web.door.MAX_BURST_REQUESTS", 10_000)
    return run_jobs_here(monkeypatch)


@pytest.fixture
def visitor(tmp_path):
    """Somebody in an empty workspace."""
    return Visitor(tmp_path / "work").enter()


@pytest.fixture
def measured(tmp_path, small_case):
    """Somebody in a workspace with one measured case, `night`."""
    shutil.copytree(small_case, tmp_path / "work" / "night")
    return Visitor(tmp_path / "work").enter()
