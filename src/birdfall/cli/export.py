"""`birdfall export`: a case in other tools' forms."""

from __future__ import annotations

from pathlib import Path

from birdfall.cli.output import log, print_json, print_result
from birdfall.cli.parameters import Flag, Json, Out
from birdfall.model.errors import ExitCode


def export(
    case: Path,
    *,
    format: str = "csv",
    out: Out,
    identified: Flag = False,
    json: Json = False,
) -> int:
    """Write a case as CSV or Parquet files, or as one SQLite file.

    Parameters
    ----------
    case
        The case.
    format
        One of csv and parquet, which make a folder, sqlite, a file that Datasette opens, and
        evidence, a case by pseudonym that others can compute again; other packages may add more.
    out
        What to make.
    identified
        With the platform's ids, handles and texts as they are, instead of pseudonyms.
    """
    from birdfall.pipeline.export import export as export_case
    from birdfall.pipeline.export import find_format
    from birdfall.record.case import Case

    find_format(format)  # a wrong one is said before the case is opened
    made = export_case(Case.open(case), format, out, identified=identified)
    if json:
        print_json({"made": [str(p) for p in made], "identified": identified})
    else:
        for path in made:
            print_result(str(path))
        if not identified:
            log(
                "Accounts go by pseudonym, texts stay behind. "
                "For ids and texts as they are: --identified"
            )
    return ExitCode.FOUND
