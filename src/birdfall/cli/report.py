"""`birdfall report`: the report of a case that has been run, written again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from birdfall.cli.output import print_json, print_result
from birdfall.cli.parameters import LANGUAGES, Json, Language, OptionalOut
from birdfall.model.errors import CaseError, ExitCode, UsageError

if TYPE_CHECKING:
    from birdfall.record.case import Case


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


def write_report(
    case: Case,
    default: str,
    languages: tuple[str, ...] = LANGUAGES,
    out: Path | None = None,
) -> Path:
    """Keep the report in the case, and write it to `out` too if given; returns where it is to be looked at.

    default: the language of its first view. Raises UsageError if `languages` does not hold it.
    """
    from birdfall.record.atomic import write_bytes
    from birdfall.tell.report import render

    if default not in languages:
        raise UsageError(
            f"the page is to open in {default!r} but does not hold it",
            fix=f"Add it to --languages {','.join(languages)}.",
        )
    page = render(case, languages=languages, default=default)
    case.put({"reports/report.html": page})
    if out is None:
        return case.path / "reports" / "report.html"
    write_bytes(out, page)
    return out
