"""The reference pages are what the code says of itself."""

import subprocess
import sys
from pathlib import Path

WRITE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "write.py"


def test_reference_pages_are_up_to_date():
    done = subprocess.run([sys.executable, str(WRITE), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
