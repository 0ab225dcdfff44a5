"""The command line in tests: in this process, or in a new one where the process is the point."""

import contextlib
import io
import subprocess
from pathlib import Path
from typing import NamedTuple

from birdfall.cli import main
from processes import BIRDFALL


class Finished(NamedTuple):
    """What a command left, as `subprocess.CompletedProcess` has it."""

    returncode: int
    stdout: str
    stderr: str


class _Output(io.TextIOWrapper):
    """Text as a pipe would take it: UTF-8, no terminal."""

    def __init__(self):
        super().__init__(io.BytesIO(), "utf-8", newline="", write_through=True)

    def text(self):
        self.flush()
        return self.buffer.getvalue().decode("utf-8")


def birdfall(*arguments, check=None, cwd=None):
    """The command as a user types it, in this process: what was imported and fitted is there.

    check: the exit code it must have. cwd: the folder it runs in.
    """
    out, err = _Output(), _Output()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        contextlib.chdir(cwd or Path.cwd()),
    ):
        try:
            code = main([str(a) for a in arguments])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    done = Finished(code or 0, out.text(), err.text())
    if check is not None:
        assert done.returncode == check, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def birdfall_process(*arguments, check=None, **options):
    """The same in a process of its own."""
    options = {"capture_output": True, "text": True, "encoding": "utf-8", "timeout": 600} | options
    done = subprocess.run([*BIRDFALL, *map(str, arguments)], **options)
    if check is not None:
        assert done.returncode == check, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done
