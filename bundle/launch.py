"""What the bundle runs: the workspace when it is opened by a double click, else any command."""

import multiprocessing
import os
import runpy
import sys


def main() -> int:
    """Run what the process was called for; returns its exit code."""
    if sys.argv[1:2] == ["-m"] and len(sys.argv) > 2 and sys.argv[2].startswith("birdfall"):
        # jobs are processes of their own, begun as `python -m MODULE ...`
        module, sys.argv = sys.argv[2], [sys.argv[0], *sys.argv[3:]]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        return 0
    from birdfall.__main__ import main as run_command

    if len(sys.argv) == 1:
        sys.argv.append("app")
    return run_command()


def forget_own_libraries() -> None:
    """Take out of the environment what leads to the libraries of the bundle, or of a Python on this
    machine: the bundle has loaded its own, and a browser that is opened from here has others.
    """
    os.environ.pop("PYTHONPATH", None)
    for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
        before = os.environ.pop(f"{name}_ORIG", "")
        os.environ.pop(name, None)
        if before:
            os.environ[name] = before


if __name__ == "__main__":
    multiprocessing.freeze_support()
    forget_own_libraries()
    sys.exit(main())
