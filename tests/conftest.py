"""Shared by all tests: where the real data is, and that nothing a test started outlives the run."""

import contextlib
import os
import signal
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


def _descendants(process: int) -> list[int]:
    """Processes below `process`, nearest first; none where the system has no /proc."""
    below: list[int] = []
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, children.read_text().split()):
                below += [child, *_descendants(child)]
    return below


def pytest_sessionfinish(session):
    """End what a test that was cut short has left running, so that the run itself can end."""
    spread = session.config.getoption("numprocesses", None)
    if spread and not hasattr(session.config, "workerinput"):
        return  # the workers end their own
    for process in _descendants(os.getpid()):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process, signal.SIGKILL)
