"""The command line: parse, call the API, print. Data goes to stdout, talk to stderr.

Exit codes: 0 found, 3 nothing found, 2 usage, 4 the data cannot answer, 1 anything else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

import birdfall
from birdfall.model.errors import BirdfallError, ExitCode

app = App(
    name="birdfall",
    version=birdfall.__version__,
    help="Why did the flock fall? Measure waves of suspensions, whose audience was hit, whether it came back, and "
    "whether what was claimed is true.\n\nStart with: birdfall demo",
    help_format="plaintext",
    help_formatter="plain",
)
#: Commands by name: where they stand (imported when called) and what `--help` says of them.
COMMANDS = {
    "demo": (
        "commands:demo",
        "Simulate the night of 31 October 2013, measure it, and write a report.",
    ),
    "look": (
        "commands:look",
        "Say what files are, and what can and cannot be concluded from them.",
    ),
    "import": ("commands:import_", "Take files into a case."),
    "run": ("commands:run", "Measure everything the data can carry, and write the report."),
    "check": (
        "commands:check",
        'Check a statement: birdfall check CASE "6.600 cuentas en diez minutos".',
    ),
    "coordinate": (
        "coordinating:coordinate",
        "Find accounts that moved together more than chance allows.",
    ),
    "report": (
        "commands:report",
        "Write the report of a case again, in other languages or elsewhere.",
    ),
    "verify": (
        "commands:verify",
        "Compute a case or a report again, and say which number differs.",
    ),
    "export": ("commands:export", "Write a case as CSV, Parquet or SQLite, by pseudonym."),
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
    "serve": ("serving:serve", "Show a finished case, or a watch, as a dashboard."),
    "simulate": ("commands:simulate", "Make a case from a simulated world, its truth kept apart."),
}
for _order, (_name, (_place, _help)) in enumerate(COMMANDS.items()):
    app.command(f"birdfall.cli.{_place}", name=_name, help=_help, sort_key=_order)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    if arguments is None:
        sys.meta_path.insert(0, _WithoutDetours())
        # our matrices are slim: more threads wait for each other, seven times the processor time on a busy machine (explain)
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        code = app(
            list(sys.argv[1:] if arguments is None else arguments),
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )
    except CycloptsError as error:
        _say(f"{error}\nSee: birdfall --help")
        return ExitCode.USAGE
    except BirdfallError as error:
        _say_error(error)
        return error.exit_code
    except KeyboardInterrupt:
        _say("\nStopped. What was finished is kept; run the same command again to go on.")
        return 130
    except BrokenPipeError:
        # the reader of a pipe has gone (head, less): no fault, and nothing more to say
        sys.stderr.close()
        return ExitCode.FOUND
    return int(code or 0)


class _WithoutDetours:
    """Refuses what libraries load only in case somebody wants it, and no command does.

    Wherever pandas is installed Arrow imports it, half a second, to ask of values whether they are its own; none here is. Before its
    first kernel Numba loads SciPy's linear algebra, an eighth of a second, to know whether compiled code could multiply matrices. For
    predicting links, which none does, NetworKit loads scikit-learn, three quarters of a second.
    """

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("no command uses pandas", name=name)
        if name == "scipy.linalg" and self._numba_asks():
            raise ModuleNotFoundError("no kernel multiplies matrices", name=name)
        if name == "sklearn" and self._networkit_asks():
            raise ModuleNotFoundError("no command predicts links", name=name)

    def _networkit_asks(self) -> bool:
        asking = sys.modules.get("networkit")
        return asking is not None and not hasattr(asking, "setup")

    def _numba_asks(self) -> bool:
        asking = sys.modules.get("numba.np.arraymath")
        return asking is not None and not hasattr(asking, "_HAVE_BLAS")


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _say_error(error: BirdfallError) -> None:
    from birdfall.model.errors import printable

    head = printable(error.what, 2000)
    _say(
        f"birdfall: {head}"
        if error.where is None
        else f"birdfall: {printable(str(error.where), 500)}: {head}"
    )
    for part in (error.why, error.fix):
        if part:
            _say(f"  {printable(part, 2000)}")
