"""What the live and the nightly tests share: one network for each test, the folder for pictures,
and the figures they measure.
"""

import json
import os
import shutil
from pathlib import Path

import pytest
from network import SERVERS, Network

ROOT = Path(__file__).resolve().parent.parent.parent
ARTEFACTS = Path(os.environ.get("BIRDFALL_ARTEFACTS", ROOT / "build" / "live-artefacts"))
FIGURES: dict[str, dict[str, object]] = {}


@pytest.fixture
def network():
    """One of its own for each test: falls half a minute apart are one wave, so no test may see
    another's.
    """
    if shutil.which("node") is None or not (SERVERS / "node_modules").is_dir():
        pytest.skip("no servers here: run `make test-live` (Node 20)")
    made = Network()
    yield made
    made.close()


@pytest.fixture
def artefacts():
    """Where pictures are kept."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    return ARTEFACTS


@pytest.fixture
def figures(request):
    """What a test measured, by name: printed at the end of the run and kept beside the pictures."""
    return FIGURES.setdefault(request.node.name, {})


def pytest_terminal_summary(terminalreporter):
    measured = {name: values for name, values in FIGURES.items() if values}
    if measured:
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        terminalreporter.section("measured")
        for name, values in measured.items():
            terminalreporter.write_line(f"{name}: {json.dumps(values)}")
            with (ARTEFACTS / "figures.jsonl").open("a") as kept:
                kept.write(json.dumps({"test": name, **values}) + "\n")
    pictures = sorted(ARTEFACTS.glob("*.png"))
    if pictures:
        terminalreporter.write_line(f"{len(pictures)} pictures in {ARTEFACTS}")
