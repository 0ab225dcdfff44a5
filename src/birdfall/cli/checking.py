"""`birdfall check`: a statement against a case, answered in the language it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from birdfall.cli.output import print_json, print_result
from birdfall.cli.parameters import AS_IS, FileOptions, Flag, Json, Language
from birdfall.model.errors import ExitCode, UsageError, printable
from birdfall.model.findings import as_plain

if TYPE_CHECKING:
    from birdfall.claims import Statement
    from birdfall.model.findings import Estimate, Finding
    from birdfall.pipeline.intake import ReadOptions
    from birdfall.record.case import Case
    from birdfall.tell.words import Words

Measure = Literal["fallen", "restored", "missing", "lost", "gained"]
Share = Literal["accounts", "followers", "fallen"]


def check(
    first: str,
    second: str = "",
    *,
    lang: Language | None = None,
    save: Flag = False,
    said_by: str = "",
    measure: Measure | None = None,
    of: str = "",
    within: str = "",
    at_least: float | None = None,
    at_most: float | None = None,
    about: float | None = None,
    exactly: float | None = None,
    share_of: Share | None = None,
    reading: FileOptions = AS_IS,
    json: Json = False,
) -> int:
    """Check a statement against a case: birdfall check CASE "6.600 cuentas en diez minutos".

    Without a sentence: birdfall check CASE --measure fallen --of @x --within 10m --at-least 6600.
    Instead of a case, one file will do.

    Parameters
    ----------
    first
        The case or file, or the statement.
    second
        The statement, or the case or file.
    lang
        The language of the statement and of the answer; recognised if not given.
    save
        Keep the statement among the case's claims, so that the report shows it.
    said_by
        Who said it.
    measure
        What is claimed to have happened, instead of a statement.
    of
        Whose followers: a handle. Without it all accounts are meant.
    within
        The length of time claimed: 10m, 48h, 2d.
    at_least
        The number claimed is this or more.
    at_most
        The number claimed is this or less.
    about
        The number claimed is about this.
    exactly
        The number claimed is this.
    share_of
        The number is a percentage of these.
    """
    from birdfall.claims import Claim, Measured, parse_claim, read_statement

    read = reading.options()
    path, text = (first, second) if measure is not None else _path_and_text(first, second)
    with _opened(Path(path), read, save=save, json=json) as case:
        if measure is not None:
            fields = Measured(
                measure, of, within, at_least, at_most, about, exactly, str(share_of or "")
            )
            claim = Claim(text or fields.words(), who=said_by, measured=fields)
            statement = parse_claim(claim)
        else:
            statement = read_statement(text, who=said_by)
        return print_verdicts(case, statement, lang, save, json)


def _path_and_text(first: str, second: str) -> tuple[str, str]:
    from birdfall.record.manifest import is_case

    for path, text in ((first, second), (second, first)):
        if is_case(Path(path)) or (path and Path(path).is_file()):
            return path, text
    raise UsageError(
        "neither of these is a case or a file",
        fix='birdfall check CASE "6.600 cuentas en diez minutos"',
    )


@contextmanager
def _opened(path: Path, read: ReadOptions, *, save: bool, json: bool) -> Iterator[Case]:
    """The case, or one that a file is taken into for as long as it is asked."""
    from birdfall.cli.asking import can_ask, with_answers
    from birdfall.pipeline.intake import add_files, open_or_create
    from birdfall.record.case import Case
    from birdfall.record.manifest import is_case

    if is_case(path):
        yield Case.open(path)
        return
    if not path.is_file():
        raise UsageError(
            f"{path} is no case and no file",
            fix="birdfall check CASE --measure fallen --within 10m --at-least 6600",
        )
    if save:
        raise UsageError(
            "there is no case to keep the statement in",
            fix=f"Make one first: birdfall import {path} -o case/",
        )
    with TemporaryDirectory(prefix="birdfall-") as folder:
        case = open_or_create(Path(folder) / "case")
        with_answers(read, lambda said: add_files(case, [path], said), ask=can_ask() and not json)
        yield case


def print_verdicts(
    case: Case, statement: Statement, lang: str | None, save: bool, json: bool
) -> int:
    """Print the verdicts on a statement.

    Returns
    -------
    int
        0 all supported, 3 one contradicted, 4 one not answerable and none contradicted.

    Raises
    ------
    UsageError
        Nothing in the statement can be measured.
    """
    from birdfall.claims import Verdict, check_statement, read_claims, write_claims
    from birdfall.pipeline.catalogue import find_measure
    from birdfall.pipeline.context import Run
    from birdfall.tell.names import given_names
    from birdfall.tell.words import words

    text = statement.claim.text
    if not statement.parsed:
        raise UsageError(
            "nothing in this statement can be measured",
            why='It says of no number, share or "none" of accounts that they fell, came back or '
            "followed somebody.",
            fix='For example: birdfall check CASE "6,600 accounts in ten minutes"',
        )
    record, claim = case.record(), statement.claim
    claims, run = find_measure("claims"), Run(record)
    found = [
        claims.label(run, finding)
        for finding in check_statement(record, case.findings(), statement, settings=case.settings)
    ]
    say = words(lang or claim.language or case.settings.language, case.settings.time_zone)
    if save:
        before = read_claims((case.read("claims.toml") or b"").decode())
        kept = [other for other in before if other.text != text]
        _save_claims(case, write_claims([*kept, claim]).encode())
    if json:
        # one object, of the first claim; what else the sentence claims stands under "also"
        print_json(as_plain(found[0]) | {"also": [as_plain(f) for f in found[1:]]})
    else:
        print_result(f"“{printable(text)}”")
        spoken = words(claim.language or say.language, case.settings.time_zone)
        readers = words(lang or case.settings.language, case.settings.time_zone)
        name = given_names(record, [a for f in found if (a := f.details.get("account"))])
        for number, finding in enumerate(found, 1):
            shown = number if len(found) > 1 else None
            _print_verdict(finding, say, shown, name, (spoken, readers))
    verdicts = {f.details["verdict"] for f in found}
    if Verdict.CONTRADICTED in verdicts:
        return ExitCode.NOTHING_FOUND
    return ExitCode.CANNOT_ANSWER if Verdict.NOT_ANSWERABLE in verdicts else ExitCode.FOUND


def _save_claims(case: Case, claims: bytes) -> None:
    """Save the claims, their findings, and the report if there is one, so that they agree."""
    from birdfall.pipeline.report import render_report
    from birdfall.pipeline.run import replace_claims
    from birdfall.pipeline.verify import page_languages

    replace_claims(case, claims)
    page = case.read("reports/report.html")
    if page is not None:
        default, languages = page_languages(page)
        case.put({"reports/report.html": render_report(case, languages=languages, default=default)})


def _print_verdict(
    finding: Finding,
    say: Words,
    number: int | None,
    name: Callable[[str | None], str],
    readings: tuple[Words, Words],
) -> None:
    """Print one claim: how it was read, the verdict, what was measured, and why.

    readings: the languages of the statement and of the reader.
    """
    from birdfall.tell.sections.claim_reading import reading_words
    from birdfall.tell.sections.verdict_details import measured_value, verdict_explanations
    from birdfall.tell.terminal import claim_words

    claimed = finding.estimates.get("claimed")
    if number is not None:
        print_result(
            f"{number}. {_number_words(claimed, say) if claimed is not None else ''}".rstrip()
        )
    for line in dict.fromkeys(reading_words(finding, one, name) for one in readings):
        if line:
            print_result(f"  {printable(line)}")
    print_result(f"  {say('claims.verdict')}{say.colon} {claim_words(finding.details, say)}")
    print_result(f"  {say('claims.measured')}{say.colon} {measured_value(finding, say)}")
    account = finding.details.get("account")
    if account is not None:
        print_result(f"  {printable(say('claim.account', name=name(account)))}")
    for line in verdict_explanations(finding, say):
        print_result(f"  {printable(line)}")


def _number_words(estimate: Estimate, say: Words) -> str:
    return (
        say.percent(estimate.value, 1) if estimate.unit == "share" else say.number(estimate.value)
    )
