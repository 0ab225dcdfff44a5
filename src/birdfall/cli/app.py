"""The table of commands, and how one is run: every way it can end becomes an exit code and a
sentence.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

import birdfall
from birdfall.cli import signals
from birdfall.cli.output import log, print_json
from birdfall.cli.startup import OptionalImports
from birdfall.model.errors import BirdfallError, ExitCode, printable

#: The longest text of an error that is printed, and of the place it names, in characters.
MAX_ERROR_TEXT, MAX_ERROR_PLACE = 2000, 500

app = App(
    name="birdfall",
    version=birdfall.__version__,
    help="Why did the flock fall? Measure waves of suspensions, whose audience was hit, whether it "
    "came back, and whether what was claimed is true.\n\nStart with: birdfall demo",
    help_format="plaintext",
    help_formatter="plain",
    suppress_keyboard_interrupt=False,
)
#: Commands by name: where they stand (imported when called) and what `--help` says of them.
COMMANDS = {
    "demo": (
        "demo:demo",
        "Simulate the night of 31 October 2013, measure it, and write a report.",
    ),
    "app": (
        "workspace:workspace",
        "Open the workspace in the browser: from a file to a report.",
    ),
    "look": (
        "looking:look",
        "Say what files are, and what can and cannot be concluded from them.",
    ),
    "import": ("run:import_", "Take files into a case."),
    "run": ("run:run", "Measure everything the data can carry, and write the report."),
    "check": (
        "checking:check",
        'Check a statement: birdfall check CASE "6.600 cuentas en diez minutos".',
    ),
    "coordinate": (
        "coordinating:coordinate",
        "Find accounts that acted in concert more than chance allows.",
    ),
    "report": (
        "report:report",
        "Write the report of a case again, in other languages or elsewhere.",
    ),
    "verify": (
        "verify:verify",
        "Compute a case or a report again, and say which number differs.",
    ),
    "export": ("export:export", "Write a case as CSV, Parquet or SQLite, by pseudonym."),
    "remove": (
        "keeping:remove",
        "Remove a person from a case, its findings, reports and exports.",
    ),
    "expire": (
        "keeping:expire",
        "Delete the cases whose day has passed, or set that day.",
    ),
    "explain": (
        "explaining:explain",
        "Weigh the explanations of a wave: what fits, what cannot be told apart.",
    ),
    "casebook": (
        "explaining:casebook",
        "Weigh the acknowledged events of the casebook, and tabulate.",
    ),
    "calibrate": (
        "explaining:calibrate",
        "Measure how well calibrated the weighing of explanations is.",
    ),
    "watch": ("watching:watch", "Watch live streams: alerts within a minute when a flock falls."),
    "replay": ("watching:replay", "Watch recordings as if they happened now."),
    "propose": ("watching:propose", "Hand a wave of a watch to other tools, for people to decide."),
    "set-apart": ("setting_apart:set_apart", "List what a watch could not keep, or bring it back."),
    "serve": ("serving:serve", "Show a finished case, or a watch, as a dashboard."),
    "simulate": ("demo:simulate", "Make a case from a simulated world, its truth kept apart."),
}
for _order, (_name, (_place, _help)) in enumerate(COMMANDS.items()):
    app.command(f"birdfall.cli.{_place}", name=_name, help=_help, sort_key=_order)


def run_command(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code.

    Parameters
    ----------
    arguments
        The words after `birdfall`; those of this process if not given. Only then is the process
        taken for the command's own, and its imports and threads are set up for it.
    """
    if arguments is None:
        sys.meta_path.insert(0, OptionalImports())
        # our matrices are slim: more threads wait for each other, seven times the processor time
        # on a busy machine (explain)
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        code = app(
            list(sys.argv[1:] if arguments is None else arguments),
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )
    except KeyboardInterrupt as error:
        log(f"\n{signals.SENTENCE}")
        return signals.exit_code(error)
    except Exception as error:
        if signals.received_signal() is not None:
            # whatever fails after a signal (a query, an import that was cut off) fails because of
            # it
            log(f"\n{signals.SENTENCE}")
            return signals.exit_code()
        words = sys.argv[1:] if arguments is None else arguments
        return _exit_code_of(error, "--json" in words)
    return int(code or 0)


def _exit_code_of(error: Exception, as_json: bool = False) -> int:
    """Print what a command ended with, in sentences that a person can act on."""
    if isinstance(error, CycloptsError):
        log(f"{printable(str(error), MAX_ERROR_TEXT)}\nSee: birdfall --help")
        return ExitCode.USAGE
    if isinstance(error, BirdfallError):
        _print_error(error)
        if as_json and error.questions:
            print_json({"question": error.to_json()})
        return error.exit_code
    if isinstance(error, BrokenPipeError):
        # the reader of a pipe has gone (head, less): no fault, and nothing more to say
        sys.stderr.close()
        return ExitCode.FOUND
    from birdfall.record.unforeseen import RAISE_VARIABLE, explain

    if os.environ.get(RAISE_VARIABLE):
        raise error
    explained = explain(error)
    _print_error(explained)
    return explained.exit_code


def _print_error(error: BirdfallError) -> None:
    head = printable(error.what, MAX_ERROR_TEXT)
    place = "" if error.where is None else f"{printable(str(error.where), MAX_ERROR_PLACE)}: "
    log(f"birdfall: {place}{head}")
    for part in (error.why, error.fix):
        if part:
            log(f"  {printable(part, MAX_ERROR_TEXT)}")
