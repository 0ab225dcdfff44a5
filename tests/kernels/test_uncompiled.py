"""The tests of kernels once more without compilation: bounds are checked, and lines are covered."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from processes import end, start

HERE = Path(__file__).parent
#: What has no sense without compilation: the tests of it, and these.
COMPILING = ("test_compile.py", Path(__file__).name)
#: Tests whose streams are too long for interpreted loops, by words of their names.
LONG = {
    "test_coaction.py": "many_passes or pruning_and_threads or order_of_the_input or hub_of or "
    "hub_with or cost_is or emitted_is or grow_wider or more_acts",
    "test_edetector.py": "false_alarms_come or breaks_that_promise",
    "test_interval_censoring.py": "many_overlapping",
}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "path",
    sorted(p for p in HERE.glob("test_*.py") if p.name not in COMPILING),
    ids=lambda path: path.stem,
)
def test_kernels_pass_uncompiled(path):
    chosen = ["-k", f"not ({LONG[path.name]})"] if path.name in LONG else []
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", "not slow"]
    process = start(
        [*command, *chosen, path],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
    )
    try:
        output, _ = process.communicate(timeout=850)
    finally:
        end(process)
    assert process.returncode == 0, output
