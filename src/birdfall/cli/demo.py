"""`birdfall demo` and `simulate`: cases from simulated worlds."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from birdfall.cli.output import print_json, print_result, show_progress
from birdfall.cli.parameters import Flag, Json, Language, Out
from birdfall.model.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from birdfall.record.case import Case


def demo(
    *,
    out: Out = Path("birdfall-demo"),
    cause: Literal["purge", "brigade", "error", "targeted", "mixed", "churn"] | None = None,
    innocent: Flag = False,
    seed: int = 0,
    lang: Language = "en",
    again: Flag = False,
    json: Json = False,
) -> int:
    """Simulate the night of 31 October 2013, measure it, and write a report.

    Parameters
    ----------
    out
        The folder to make.
    cause
        What made the flock fall: the same public counts from another truth.
    innocent
        Simulate a world in which nothing fell: the honest counter-example.
    seed
        Which of the possible worlds.
    lang
        The language of the verdict and of the report's first view.
    again
        Replace the folder, if it holds an earlier demo.
    """
    from birdfall.cli.run import measure_and_report
    from birdfall.pipeline.context import Options

    scenario = "quiet" if innocent else "caracas-2013" if cause is None else f"caracas-2013-{cause}"
    if again:
        _remove_demo(out)
    case = _simulate_case(scenario, out, seed, json)
    return measure_and_report(
        case, lang, Options(seed=seed), json, report_at=case.path / "report.html"
    )


def simulate(
    scenario: str = "caracas-2013",
    *,
    out: Out,
    seed: int = 0,
    observe: str = "full",
    accounts: int | None = None,
    json: Json = False,
) -> int:
    """Make a case from a simulated world, with its truth kept apart.

    Parameters
    ----------
    scenario
        caracas-2013, caracas-2013-gaps, quiet, or caracas-2013-CAUSE (purge, brigade, error,
        targeted, mixed, churn).
    out
        The folder to make. The truth lies in its folder `truth`, which no measure reads.
    seed
        Which of the possible worlds.
    observe
        What is seen of it: full, snapshots, counts, or an observation tier.
    accounts
        How many accounts the world has.
    """
    case = _simulate_case(scenario, out, seed, json, observe=observe, accounts=accounts)
    sizes = {name: rows for name, rows in case.record().sizes.items() if rows}
    if json:
        print_json({"case": str(case.path), "scenario": scenario, "seed": seed, "rows": sizes})
    else:
        rows = ", ".join(f"{rows:,} {name}" for name, rows in sizes.items())
        print_result(f"{case.path}: {rows} (simulated)")
    return ExitCode.FOUND


def _simulate_case(
    scenario: str,
    out: Path,
    seed: int,
    quiet: bool,
    *,
    observe: str = "full",
    accounts: int | None = None,
) -> Case:
    from birdfall.world.write_case import write_case

    with show_progress(quiet) as progress:
        progress("simulate", 0, None, "accounts")
        return write_case(scenario, out, seed=seed, observe=observe, accounts=accounts)


def _remove_demo(folder: Path) -> None:
    """Remove an earlier demo; anything else is left alone and named."""
    from birdfall.record.case import Case
    from birdfall.record.manifest import is_case

    if not folder.exists():
        return
    if not is_case(folder) or not Case.open(folder).settings.simulated:
        raise UsageError(
            "this is no earlier demo",
            where=str(folder),
            why="It was left as it is.",
            fix="Choose another with -o.",
        )
    shutil.rmtree(folder)
