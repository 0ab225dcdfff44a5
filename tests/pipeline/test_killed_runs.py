"""A run that is killed at any moment goes on where it stopped, and finds the same."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time

import pytest

from birdfall.model.findings import as_plain
from birdfall.pipeline.run import run
from birdfall.pipeline.verify import verify_case
from birdfall.record.case import Case
from canaries import canary_case

#: Moments at which runs are killed; each case is killed several times on its way.
KILLS = 8
KILLS_OF_A_CASE = 4


def killed_after(case, seconds):
    """Run a case in a process of its own and kill it; False if it had ended by then."""
    child = subprocess.Popen([sys.executable, "-m", "birdfall", "run", str(case)],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        return True
    return False


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_a_run_killed_at_any_moment_loses_and_doubles_nothing(tmp_path):
    canary_case(tmp_path / "sound").remove_findings()
    for name in ("first", "whole"):  # the first may compile the kernels, which the others find
        shutil.copytree(tmp_path / "sound", tmp_path / name)
        began = time.monotonic()
        assert not killed_after(tmp_path / name, 600)
        lasts = time.monotonic() - began
    whole = Case.open(tmp_path / "whole").findings()
    draw, kills = random.Random(0), 0
    for number in range(KILLS // KILLS_OF_A_CASE):
        shutil.copytree(tmp_path / "sound", tmp_path / str(number))
        imported = Case.open(tmp_path / str(number)).manifest.imports
        for _ in range(KILLS_OF_A_CASE):
            kills += killed_after(
                tmp_path / str(number), draw.uniform(0.1, lasts / KILLS_OF_A_CASE)
            )
            Case.open(tmp_path / str(number)).findings()
        case = Case.open(tmp_path / str(number))
        run(case)
        found = case.findings()
        assert {n: as_plain(f) for n, f in found.items()} == {
            n: as_plain(f) for n, f in whole.items()
        }
        assert case.manifest.imports == imported, "nothing is dated anew"
        assert verify_case(case).differences == []
    assert kills >= KILLS // 4, "the draws must hit runs under way"
    print(f"{kills} runs killed")
