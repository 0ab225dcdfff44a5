"""What the bundle runs, without building it: `.ci/run bundle` builds and tries it."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

LAUNCH = Path(__file__).resolve().parents[1] / "bundle" / "launch.py"


@pytest.fixture
def launch(monkeypatch):
    """The module that the bundle runs; what a command was called with stands in `called`."""
    spec = importlib.util.spec_from_file_location("launch", LAUNCH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.called = []
    monkeypatch.setattr(
        "birdfall.__main__.main", lambda: module.called.append(sys.argv[1:]) or len(sys.argv)
    )
    return module


@pytest.mark.parametrize(
    ("given", "asked"),
    [([], ["app"]), (["--version"], ["--version"]), (["-m", "os"], ["-m", "os"])],
)
def test_a_double_click_opens_the_workspace_and_words_are_a_command(
    launch, monkeypatch, given, asked
):
    monkeypatch.setattr(sys, "argv", ["birdfall", *given])
    launch.main()
    assert launch.called == [asked]


def test_a_job_is_a_module_of_ours_with_its_own_words(launch, monkeypatch):
    ran = []
    monkeypatch.setattr("runpy.run_module", lambda name, **_: ran.append((name, sys.argv[1:])))
    monkeypatch.setattr(sys, "argv", ["birdfall", "-m", "birdfall.app.worker", "w", "night", "1"])
    assert launch.main() == 0 and launch.called == []
    assert ran == [("birdfall.app.worker", ["w", "night", "1"])]


def test_programs_that_are_opened_from_it_load_their_own_libraries(launch, monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", "/bundle")
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/mine")
    monkeypatch.setenv("DYLD_LIBRARY_PATH", "/bundle")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    launch.forget_own_libraries()
    assert os.environ["LD_LIBRARY_PATH"] == "/mine"
    assert {"LD_LIBRARY_PATH_ORIG", "DYLD_LIBRARY_PATH", "PYTHONPATH"}.isdisjoint(os.environ)
