"""Shared by all tests: where the real data is, and how its absence is told."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from processes import end_started

settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci")

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


@pytest.fixture
def real():
    """`real("caracas-2013/facts.csv")`: the path of real data, or a skip that says what is missing."""

    def find(relative: str) -> Path:
        path = Path(os.environ.get("BIRDFALL_DATA", DATA)) / relative
        if not path.exists():
            pytest.skip(f"real data {relative} is not beside this checkout (set BIRDFALL_DATA)")
        return path

    return find


@pytest.fixture(autouse=True)
def no_process_outlives_its_test():
    """Children that `processes.start` began are ended after the test, passed or not."""
    yield
    end_started()
