"""Shared by all tests: where the real data is, and how its absence is told."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

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
