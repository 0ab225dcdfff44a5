"""`birdfall report`: the report of a case that has been run, written again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from birdfall.cli.output import print_json, print_result
from birdfall.cli.parameters import LANGUAGES, Json, Language, OptionalOut
from birdfall.model.errors import CaseError, ExitCode


def report(
    case: Path,
    *,
    out: OptionalOut = None,
    lang: Language | None = None,
    languages: Annotated[
        str, Parameter(help="Which languages the page holds, comma-separated.")
    ] = ",".join(LANGUAGES),
    json: Json = False,
) -> int:
    """Write the report of a case that has been run.

    Parameters
    ----------
    case
        The case.
    out
        Where to write it; CASE/reports/report.html if not given.
    lang
        The language of its first view.
    """
    from birdfall.pipeline.report import write_report
    from birdfall.record.case import Case

    opened = Case.open(case)
    if not opened.finding_names():
        raise CaseError(
            "this case has no findings yet", where=str(case), fix=f"Run: birdfall run {case}"
        )
    held = tuple(part.strip() for part in languages.split(",") if part.strip())
    path = write_report(opened, lang or opened.settings.language, held, out)
    if json:
        print_json({"report": str(path), "bytes": path.stat().st_size})
    else:
        print_result(str(path))
    return ExitCode.FOUND
