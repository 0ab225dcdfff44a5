"""A lock excludes other processes while its holder lives, and nobody once it is gone."""

import subprocess
import sys

from birdfall.record.file_lock import is_locked, try_lock
from processes import start

HOLDER = """
import sys
from pathlib import Path
from birdfall.record.file_lock import try_lock
lock = try_lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lock_excludes_others_until_it_is_released(tmp_path):
    path = tmp_path / ".lock"
    with try_lock(path):
        assert try_lock(path) is None
        assert is_locked(path) is True
    assert is_locked(path) is False
    with try_lock(path):
        assert is_locked(path) is True


def test_a_killed_process_leaves_no_lock(tmp_path):
    path = tmp_path / ".lock"
    with start(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        try:
            assert holder.stdout.readline() == b"held\n"
            assert try_lock(path) is None and is_locked(path) is True
        finally:
            holder.kill()
    with try_lock(path) as lock:
        assert lock is not None


def test_a_folder_without_a_lock_says_nothing(tmp_path):
    assert is_locked(tmp_path / "missing") is None
