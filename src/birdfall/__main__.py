"""`birdfall` and `python -m birdfall`: the command line as a process of its own."""

from __future__ import annotations

import sys

from birdfall.cli.limited_memory import run_within_memory
from birdfall.cli.signals import SENTENCE, end_of_command, exit_code, install


def main() -> int:
    """Run the command that the process was called with; returns its exit code."""
    return run_within_memory(run_here, sys.argv[1:])


def run_here() -> int:
    """The same in this process, whatever its memory."""
    try:
        install()
        from birdfall.cli import main as run_command  # loaded when a signal can be answered

        code = run_command()
    except KeyboardInterrupt as error:
        print(f"\n{SENTENCE}", file=sys.stderr)
        code = exit_code(error)
    end_of_command()
    return code


if __name__ == "__main__":
    sys.exit(main())
