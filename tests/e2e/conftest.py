"""One simulated case, run once, for all tests that use Birdfall as its users do."""

from pathlib import Path

import pytest

from commands import birdfall


@pytest.fixture(scope="session")
def run():
    return birdfall


@pytest.fixture(scope="session")
def report(demo) -> Path:
    return demo / "report.html"
