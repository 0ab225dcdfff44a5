"""`birdfall verify`: compute a case or a report again, and say which number differs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from birdfall.cli.output import print_json, print_result, show_progress
from birdfall.cli.parameters import Json
from birdfall.model.errors import ExitCode, printable

if TYPE_CHECKING:
    from birdfall.pipeline.verify import Verification

#: Differences that are printed; the rest are counted.
MAX_DIFFERENCES = 50
#: The longest sentence on a difference, in characters.
MAX_SENTENCE = 500


def verify(path: Path, *, case: Path | None = None, json: Json = False) -> int:
    """Compute the findings of a case or a report again, and say which number differs.

    Parameters
    ----------
    path
        A case, or a report.html.
    case
        The case a report was made from, if it does not lie in it.
    """
    from birdfall.pipeline.verify import verify as verify_path

    with show_progress(json) as progress:
        result = verify_path(path, case=case, progress=progress)
    if json:
        print_json(result.to_json())
    else:
        _print_verification(result)
    return ExitCode.FOUND if result.holds else ExitCode.ERROR


def _print_verification(result: Verification) -> None:
    for difference in result.differences[:MAX_DIFFERENCES]:
        print_result(printable(difference.sentence, MAX_SENTENCE))
    if len(result.differences) > MAX_DIFFERENCES:
        print_result(f"and {len(result.differences) - MAX_DIFFERENCES} more")
    if result.holds:
        how = (
            "computed again from the record"
            if result.recomputed
            else "its files only: nothing was measured in it yet"
            if Path(result.subject).is_dir()
            else "against its own seal only: its case is not at hand"
        )
        print_result(f"holds: {result.subject} ({result.checked:,} values, {how})")
    else:
        print_result(f"does not hold: {result.subject} ({len(result.differences):,} differences)")
