"""One simulated case, run once, for all tests that use Birdfall as its users do."""

import subprocess
import sys
from pathlib import Path

import pytest


def birdfall(*arguments, check=None):
    """The command as a user runs it; returns the finished process."""
    done = subprocess.run(
        [sys.executable, "-m", "birdfall", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=600,
    )
    if check is not None:
        assert done.returncode == check, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="session")
def run():
    return birdfall


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Path:
    """The demo of the README."""
    folder = tmp_path_factory.mktemp("demo") / "birdfall-demo"
    birdfall("demo", "-o", folder, check=0)
    return folder


@pytest.fixture(scope="session")
def report(demo) -> Path:
    return demo / "report.html"
