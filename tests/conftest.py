"""Shared by all tests: where the real data is, and that nothing a test started outlives the run."""

import contextlib
import json
import os
import signal
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

from birdfall.world.write_case import write_case
from commands import birdfall
from processes import end_started
from worlds import SMALL

# Linear algebra on one thread, as in the commands: workers share the cores, and several threads of
# each spin there for ten times the work. Nothing above has loaded numpy yet.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci")

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


@pytest.fixture
def real():
    """`real("caracas-2013/facts.csv")`: the path of real data, or a skip that names what lacks."""

    def find(relative: str) -> Path:
        path = Path(os.environ.get("BIRDFALL_DATA", DATA)) / relative
        if not path.exists():
            pytest.skip(f"real data {relative} is not beside this checkout (set BIRDFALL_DATA)")
        return path

    return find


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """`once("name", make)`: the folder `make(folder)` fills, one for all workers; read only."""
    base = tmp_path_factory.getbasetemp()
    common = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name, make) -> Path:
        folder = common / "once" / name
        with FileLock(common / f"{name}.lock"):
            if not folder.exists():
                half = folder.with_name(f"{name}.half")
                half.mkdir(parents=True)
                make(half)
                half.rename(folder)
        return folder

    return made


@pytest.fixture(scope="session")
def demo(once) -> Path:
    """The demo of the README, as the command makes it; read only: copy it to change anything."""

    def make(folder):
        birdfall("demo", "-o", folder / "birdfall-demo", check=0)

    return once("demo", make) / "birdfall-demo"


@pytest.fixture(scope="session")
def small_case(once) -> Path:
    """A night as the demo's, of a tenth of its size, measured and told; read only as well."""

    def make(folder):
        write_case("caracas-2013", folder / "case", **SMALL)
        # here, as they load numpy
        from birdfall.kernels.compile import compile_kernels
        from birdfall.kernels.signatures import SIGNATURES
        from compiling import list_compiled

        compile_kernels(list(SIGNATURES))
        with list_compiled() as compiled:
            birdfall("run", folder / "case", "--lang", "en", check=0)
        (folder / "compiled.json").write_text(json.dumps(compiled))

    return once("small", make) / "case"


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
