"""A visitor of an empty workspace, and one of a measured case."""

import shutil
from pathlib import Path

import pytest
from app_made import Visitor, run_jobs_here

from birdfall.pipeline.run import add_network
from birdfall.record.case import Case
from birdfall.sources.ingest import ingest

TWEETS = Path(__file__).resolve().parents[2] / "examples" / "data" / "tweets.csv"


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


@pytest.fixture(scope="session")
def network_case(once):
    """A case of posts with one network of eight accounts that repost together; read only."""

    def make(folder):
        case = Case.create(folder / "case")
        ingest(case, TWEETS)
        add_network(case, {"trace": "repost", "sensitivity": False})

    return once("app-network", make) / "case"


@pytest.fixture
def networked(tmp_path, network_case):
    """Somebody in a workspace with a case with a network, `posts`."""
    shutil.copytree(network_case, tmp_path / "work" / "posts")
    return Visitor(tmp_path / "work").enter()
