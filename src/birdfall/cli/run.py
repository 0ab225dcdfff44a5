"""`birdfall import` and `run`: files into a case, and everything the data can carry measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from birdfall.cli.asking import can_ask, with_answers
from birdfall.cli.output import log, print_json, print_result, show_progress
from birdfall.cli.parameters import AS_IS, FileOptions, Json, Language, Many, OptionalOut, Out
from birdfall.model.errors import BirdfallError, ExitCode, printable

if TYPE_CHECKING:
    from birdfall.model.findings import Finding
    from birdfall.pipeline.context import Options
    from birdfall.pipeline.intake import FileReceipt, Prepared, ReadOptions
    from birdfall.record.case import Case


def import_(
    *files: Path,
    out: Out,
    reading: FileOptions = AS_IS,
    title: str = "",
    json: Json = False,
) -> int:
    """Take files into a case, making it if need be.

    Parameters
    ----------
    files
        Files of any known form; compressed ones too.
    out
        The case.
    title
        The title of a new case.
    """
    from birdfall.pipeline.intake import add_files, open_or_create

    read = reading.options()
    case = open_or_create(out, title)

    def take(read: ReadOptions) -> list[FileReceipt]:
        with show_progress(json) as progress:
            return add_files(case, files, read, progress=progress)

    receipts, _ = with_answers(read, take, ask=can_ask() and not json)
    if json:
        print_json({"case": str(case.path), "files": [r.to_json() for r in receipts]})
    else:
        for receipt in receipts:
            print_result(_receipt_line(receipt))
        log(f"Next: birdfall run {case.path}")
    return ExitCode.FOUND if any(r.rows for r in receipts) else ExitCode.NOTHING_FOUND


def run(
    *files: Path,
    out: OptionalOut = None,
    leader: Many = (),
    control: Many = (),
    negative_control: Many = (),
    public: Many = (),
    question: str = "",
    title: str = "",
    lang: Language | None = None,
    claims: Path | None = None,
    facts: Path | None = None,
    reading: FileOptions = AS_IS,
    seed: int = 0,
    alpha: float = 0.01,
    json: Json = False,
) -> int:
    """Measure everything the data can carry, and write the report.

    Parameters
    ----------
    files
        A case, or files to make one from.
    out
        The case to make from files.
    leader
        An account whose audience is in question: @handle or id. May be given several times.
    control
        A comparable account.
    negative_control
        An account whose audience nobody would target (a musician, a sports club).
    public
        An account that may be shown by its handle; all others appear under a pseudonym.
    question
        What is asked, to stand at the head of the report.
    title
        The title of the case.
    lang
        The language of the verdict and of the report's first view.
    claims
        A claims.toml with statements to check.
    facts
        A table of published figures to reconcile (CSV).
    seed
        The seed of all random draws.
    alpha
        The error rate the tests are held to.
    """
    from birdfall.pipeline.context import Options
    from birdfall.pipeline.intake import Choices, change_choices, prepare, put_inputs

    read = reading.options()

    def take(read: ReadOptions) -> Prepared:
        with show_progress(json) as progress:
            return prepare(files, out, read, title=title, facts=facts, progress=progress)

    (case, receipts), read = with_answers(read, take, ask=can_ask() and not json)
    for receipt in receipts:
        log(_receipt_line(receipt))
    change_choices(
        case,
        Choices(
            leaders=leader,
            controls=control,
            negative_controls=negative_control,
            public=public,
            question=question,
            title=title,
            language=lang or "",
            time_zone=read.time_zone or "",
        ),
    )
    put_inputs(case, claims=claims, facts=facts)
    return measure_and_report(
        case, lang or case.settings.language, Options(seed=seed, alpha=alpha), json
    )


def measure_and_report(
    case: Case, lang: str, options: Options, json: bool, *, report_at: Path | None = None
) -> int:
    """Run every measure on a case, write its report, print the verdict; returns the exit code."""
    from birdfall.model.findings import as_plain
    from birdfall.pipeline.report import write_report
    from birdfall.pipeline.run import run as run_measures
    from birdfall.tell.terminal import verdict_text

    with show_progress(json) as progress:
        found = run_measures(case, options, progress=progress)
        progress("report", 0, None, "pages")
        try:
            path = write_report(case, lang, out=report_at)
        except BirdfallError as error:
            error.why = "The findings are kept; the report was not written."
            raise
    if json:
        print_json(
            {
                "case": str(case.path),
                "report": str(path),
                "findings": {n: as_plain(f) for n, f in found.items()},
            }
        )
    else:
        print_result(verdict_text(case, language=lang))
        print_result(f"\n  {path}")
        print_result(f'  birdfall check {case.path} "..."')
    return answer_code(found)


def answer_code(found: dict[str, Finding]) -> int:
    """0 if a fall was found, 3 if it was looked for and not found, 4 if no data could show one."""
    waves = found.get("waves")
    if waves is not None and waves.answer != "cannot":
        return ExitCode.FOUND if waves.answer == "found" else ExitCode.NOTHING_FOUND
    answers = [f.answer for f in found.values() if f.kind in ("counts", "reconciliation")]
    if "found" in answers:
        return ExitCode.FOUND
    return ExitCode.NOTHING_FOUND if "nothing" in answers else ExitCode.CANNOT_ANSWER


def _receipt_line(receipt: FileReceipt) -> str:
    rows = ", ".join(f"{n:,} {table}" for table, n in receipt.rows.items()) or "no rows"
    line = f"{printable(receipt.file)}: {rows}"
    if receipt.already:
        return line + " (taken in before; nothing changed)"
    if receipt.repeated:
        line += f", {receipt.repeated:,} duplicates left out (each act counts once)"
    if receipt.removed:
        line += f", {receipt.removed:,} of people who were removed from the case left out"
    if receipt.rejected:
        line += f", {receipt.rejected:,} rejected (table `rejected` lists them)"
    return line
