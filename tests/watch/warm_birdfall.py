"""Imports all of Birdfall and measures a case once, for processes that are forked with it.

What a command measures is compiled, loaded and simulated by then, so that one that is killed is met
at its own work, and a run takes a second.
"""

import tempfile
from pathlib import Path

import all_of_birdfall  # noqa: F401
from run_case import make_case

from birdfall.pipeline.run import run

# not its report: what draws charts keeps threads, which no fork takes along
with tempfile.TemporaryDirectory() as _folder:
    run(make_case(Path(_folder) / "case", 0))
