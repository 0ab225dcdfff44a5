"""The report of a case: rendered with the sections of every installed measure, and kept in the
case.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from birdfall.model.errors import BirdfallError, UsageError
from birdfall.pipeline.catalogue import extra_sections
from birdfall.pipeline.copies import REPORT, Copy, note_copy
from birdfall.record.atomic import SHARED, write_bytes
from birdfall.record.case import Case
from birdfall.tell.layout import ReportLayout
from birdfall.tell.report import render
from birdfall.tell.sections.order import order_sections
from birdfall.tell.words import LANGUAGES

REPORT_FILE = "reports/report.html"


def render_report(
    case: Case,
    *,
    languages: Sequence[str] = LANGUAGES,
    default: str | None = None,
    layout: ReportLayout | None = None,
) -> bytes:
    """The report of a case as UTF-8 HTML.

    Parameters
    ----------
    case
        A case that was run.
    languages
        The languages the page holds.
    default
        The language of its first view; the case's own if not given.
    layout
        Which sections, in which order, with which notes; None: as the case keeps it.

    Raises
    ------
    UsageError
        For a language there are no words for.
    """
    sections = order_sections(extra_sections())
    return render(case, languages=languages, default=default, sections=sections, layout=layout)


def write_report(
    case: Case,
    default: str,
    languages: Sequence[str] = LANGUAGES,
    out: Path | None = None,
) -> Path:
    """Keep the report in the case, as far as it can be written, and write it to `out` if given;
    returns where it is to be looked at.

    default: the language of its first view. Raises UsageError if `languages` does not hold it.
    """
    if default not in languages:
        raise UsageError(
            f"the page is to open in {default!r} but does not hold it",
            fix=f"Add it to --languages {','.join(languages)}.",
        )
    page = render_report(case, languages=languages, default=default)
    if out is None:
        case.put({REPORT_FILE: page})
        return case.path / REPORT_FILE
    write_bytes(out, page, mode=SHARED)
    # a case that can only be read has its report elsewhere
    with contextlib.suppress(BirdfallError):
        case.put({REPORT_FILE: page})
    note_copy(case, Copy(str(out.resolve()), REPORT, (".",), language=default))
    return out
