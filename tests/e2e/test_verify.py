"""`birdfall verify`: what was measured holds, elsewhere too, and what was changed is named.

A file of its own, for it takes long.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_verify_holds_and_names_what_was_changed(run, small_case, tmp_path):
    copy = tmp_path / "case"
    shutil.copytree(small_case, copy)
    report = copy / "reports" / "report.html"
    assert "holds" in run("verify", report, check=0).stdout
    page = report.read_bytes()
    number = re.search(rb'data-number="waves.observed"[^>]*>(\d)', page)
    changed = bytearray(page)
    changed[number.start(1)] = ord("1") if number.group(1) != b"1" else ord("2")
    report.write_bytes(bytes(changed))
    finding = copy / "findings" / "waves.json"
    finding.write_text(finding.read_text().replace('"simulated": true', '"simulated": false'))
    told = json.dumps(json.loads(run("verify", report, "--json", check=1).stdout))
    assert "seal" in told and "findings/waves.json" in told
    alone = tmp_path / "alone.html"
    alone.write_bytes(page)
    assert "its case is not at hand" in run("verify", alone, check=0).stdout


@pytest.mark.slow
def test_a_case_holds_on_another_processor(demo):
    """What its owner's processor computed, another kind computes too: the linear algebra can be
    told to take another's ways.
    """
    other = {**os.environ, "OPENBLAS_CORETYPE": "Prescott", "OPENBLAS_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-m", "birdfall", "verify", str(demo)],
        env=other,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "holds" in done.stdout, done.stdout + done.stderr
