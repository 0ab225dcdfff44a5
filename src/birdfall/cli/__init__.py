"""The command line: parse, call the library, print. Data goes to stdout, messages to stderr.

Exit codes: 0 found, 3 nothing found, 2 usage, 4 the data cannot answer, 130 interrupted (Ctrl-C),
143 terminated (SIGTERM), 1 anything else.
"""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. `arguments`: those of this process if not given."""
    # the commands' parser is heavy, and `birdfall.cli.signals` must be had before it
    from birdfall.cli.app import run_command

    return run_command(arguments)
