"""The commands. Each parses, calls the API and prints; nothing is measured here.

Imports stand inside the commands: `birdfall --help` must not wait for numpy.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from birdfall.cli.output import say, show, show_json, telling
from birdfall.model.errors import CaseError, ExitCode, UsageError

if TYPE_CHECKING:
    from birdfall.model.findings import Finding
    from birdfall.pipeline.run import Options
    from birdfall.record.case import Case

Language = Literal["en", "es", "fr", "ar", "pt"]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print the result as JSON.")]
Out = Annotated[Path, Parameter(name=["--out", "-o"])]
OptionalOut = Annotated[Path | None, Parameter(name=["--out", "-o"])]
Many = Annotated[tuple[str, ...], Parameter(negative="", consume_multiple=False)]
Flag = Annotated[bool, Parameter(negative="")]


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
    scenario = "quiet" if innocent else "caracas-2013" if cause is None else f"caracas-2013-{cause}"
    if again:
        _remove_demo(out)
    case = _simulated(scenario, out, seed, json)
    return _measured(case, lang, _options(seed=seed), json, report_at=case.path / "report.html")


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
        caracas-2013, caracas-2013-gaps, quiet, or caracas-2013-CAUSE (purge, brigade, error, targeted, mixed, churn).
    out
        The folder to make. The truth lies in its folder `truth`, which no measure reads.
    seed
        Which of the possible worlds.
    observe
        What is seen of it: full, snapshots, counts, or an observation tier.
    accounts
        How many accounts the world has.
    """
    case = _simulated(scenario, out, seed, json, observe=observe, accounts=accounts)
    sizes = {name: rows for name, rows in case.record().sizes.items() if rows}
    if json:
        show_json({"case": str(case.path), "scenario": scenario, "seed": seed, "rows": sizes})
    else:
        show(
            f"{case.path}: "
            + ", ".join(f"{rows:,} {name}" for name, rows in sizes.items())
            + " (simulated)"
        )
    return ExitCode.FOUND


def look(
    *files: Path,
    mapping: Path | None = None,
    time_zone: str | None = None,
    date_format: str | None = None,
    reader: str | None = None,
    save_mapping: Path | None = None,
    json: Json = False,
) -> int:
    """Say what files are, how they would be read, and what can and cannot be concluded from them.

    Parameters
    ----------
    files
        Any files Birdfall may know.
    mapping
        A saved mapping of columns (TOML).
    time_zone
        The zone of times that state none, such as America/Caracas.
    date_format
        How dates are written, such as "%d/%m/%y %H:%M".
    reader
        Which reader to use, instead of the one that recognises the file.
    save_mapping
        Where to keep the mapping that was guessed, to be mended and used again.
    """
    from birdfall.cli.looking import look_at

    return look_at(files, mapping, time_zone, date_format, reader, save_mapping, json)


def import_(
    *files: Path,
    out: Out,
    mapping: Path | None = None,
    time_zone: str | None = None,
    date_format: str | None = None,
    reader: str | None = None,
    title: str = "",
    allow_large: Flag = False,
    json: Json = False,
) -> int:
    """Take files into a case, making it if need be.

    Parameters
    ----------
    files
        Files of any known form; compressed ones too.
    out
        The case.
    mapping
        A mapping of columns (TOML); without one it is guessed and shown.
    time_zone
        The zone of times that state none, such as America/Caracas.
    date_format
        How dates are written, such as "%d/%m/%y %H:%M".
    reader
        Which reader to use, instead of the one that recognises the file.
    title
        The title of a new case.
    allow_large
        Take in compressed files that unpack to very much more than their size.
    """
    case = _opened_or_made(out, title)
    receipts = _taken_in(case, files, mapping, time_zone, date_format, reader, json, allow_large)
    if json:
        show_json({"case": str(case.path), "files": receipts})
    else:
        for receipt in receipts:
            show(_receipt_line(receipt))
        say(f"Next: birdfall run {case.path}")
    return ExitCode.FOUND if any(r["rows"] for r in receipts) else ExitCode.NOTHING_FOUND


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
    mapping: Path | None = None,
    time_zone: str | None = None,
    date_format: str | None = None,
    reader: str | None = None,
    seed: int = 0,
    alpha: float = 0.01,
    allow_large: Flag = False,
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
    mapping
        A mapping of columns (TOML).
    time_zone
        The zone of times that state none.
    date_format
        How dates are written.
    reader
        Which reader to use, instead of the one that recognises the file.
    seed
        The seed of all random draws.
    alpha
        The error rate the tests are held to.
    allow_large
        Take in compressed files that unpack to very much more than their size.
    """
    case = _case_for_run(
        files, out, title, mapping, time_zone, date_format, reader, json, allow_large, facts
    )
    _apply(case, leader, control, negative_control, public, question, title, lang, time_zone)
    _keep_questions(case, claims, facts)
    return _measured(case, lang or _language(case), _options(seed=seed, alpha=alpha), json)


def check(
    first: str,
    second: str,
    *,
    lang: Language | None = None,
    save: Flag = False,
    said_by: str = "",
    json: Json = False,
) -> int:
    """Check a statement against a case: birdfall check CASE "6.600 cuentas en diez minutos".

    Parameters
    ----------
    first
        The case, or the statement.
    second
        The statement, or the case.
    lang
        The language of the statement and of the answer; recognised if not given.
    save
        Keep the statement among the case's claims, so that the report shows it.
    said_by
        Who said it.
    """
    from birdfall.cli.checking import check_statement

    case, statement = _case_and_text(first, second)
    return check_statement(case, statement, lang, save, said_by, json)


def report(
    case: Path,
    *,
    out: OptionalOut = None,
    lang: Language | None = None,
    languages: Annotated[
        str, Parameter(help="Which languages the page holds, comma-separated.")
    ] = "en,es,fr,ar,pt",
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
    opened = _opened(case)
    if not opened.finding_names():
        raise CaseError(
            "this case has no findings yet", where=str(case), fix=f"Run: birdfall run {case}"
        )
    held = tuple(part.strip() for part in languages.split(",") if part.strip())
    path = _write_report(opened, lang or _language(opened), held, out)
    if json:
        show_json({"report": str(path), "bytes": path.stat().st_size})
    else:
        show(str(path))
    return ExitCode.FOUND


def verify(path: Path, *, case: Path | None = None, json: Json = False) -> int:
    """Compute the findings of a case or a report again, and say which number differs.

    Parameters
    ----------
    path
        A case, or a report.html.
    case
        The case a report was made from, if it does not lie in it.
    """
    from birdfall.pipeline.verify import verify as verified

    with telling(json) as progress:
        result = verified(path, case=case, progress=progress)
    if json:
        show_json(
            {
                "subject": result.subject,
                "holds": result.holds,
                "checked": result.checked,
                "recomputed": result.recomputed,
                "differences": [
                    {"where": d.where, "said": d.said, "found": d.found} for d in result.differences
                ],
            }
        )
    else:
        _show_verification(result)
    return ExitCode.FOUND if result.holds else ExitCode.ERROR


def export(
    case: Path,
    *,
    format: Literal["csv", "parquet", "sqlite"] = "csv",
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
        csv and parquet make a folder, sqlite a file that Datasette opens.
    out
        What to make.
    identified
        With the platform's ids, handles and texts as they are, instead of pseudonyms.
    """
    from birdfall.pipeline.export import export as exported

    made = exported(_opened(case), format, out, identified=identified)
    if json:
        show_json({"made": [str(p) for p in made], "identified": identified})
    else:
        for path in made:
            show(str(path))
        if not identified:
            say(
                "Accounts go by pseudonym, texts stay behind. For ids and texts as they are: --identified"
            )
    return ExitCode.FOUND


# -- inside ---------------------------------------------------------------------------------------------------------


def _options(**values: Any) -> Options:
    from birdfall.pipeline.run import Options

    return Options(**values)


def _opened(path: Path) -> Case:
    from birdfall.record.case import Case

    return Case.open(path)


def _opened_or_made(path: Path, title: str) -> Case:
    from birdfall.model.settings import Settings
    from birdfall.record.case import Case
    from birdfall.record.manifest import stands_at

    if stands_at(path):
        return Case.open(path)
    return Case.create(path, Settings(title=title or path.name))


def _language(case: Case) -> str:
    return case.settings.language


def _remove_demo(folder: Path) -> None:
    """Remove an earlier demo; anything else is left alone and named."""
    from birdfall.record.manifest import stands_at

    if not folder.exists():
        return
    if not stands_at(folder) or not _opened(folder).settings.simulated:
        raise UsageError(
            "this is no earlier demo",
            where=str(folder),
            why="It was left as it is.",
            fix="Choose another with -o.",
        )
    shutil.rmtree(folder)


def _simulated(
    scenario: str,
    out: Path,
    seed: int,
    quiet: bool,
    *,
    observe: str = "full",
    accounts: int | None = None,
) -> Case:
    from birdfall.world.write_case import write_case

    with telling(quiet) as progress:
        progress("simulate", 0, None, "accounts")
        return write_case(scenario, out, seed=seed, observe=observe, accounts=accounts)


def _case_for_run(
    files: Sequence[Path],
    out: Path | None,
    title: str,
    mapping: Path | None,
    time_zone: str | None,
    date_format: str | None,
    reader: str | None,
    quiet: bool,
    allow_large: bool,
    facts: Path | None,
) -> Case:
    if not files and facts is None:
        raise UsageError(
            "nothing to run on", fix="Name a case or some files: birdfall run tweets.csv -o case/"
        )
    if len(files) == 1 and files[0].is_dir() and out is None:
        return _opened(files[0])
    if out is None:
        given = files[0] if files else f"--facts {facts}"
        raise UsageError(
            "where should the case be made?", fix=f"Add a folder: birdfall run {given} -o case/"
        )
    case = _opened_or_made(out, title)
    if not files:
        # published figures are enough to ask whether they agree
        return case
    for receipt in _taken_in(
        case, files, mapping, time_zone, date_format, reader, quiet, allow_large
    ):
        say(_receipt_line(receipt))
    return case


def _taken_in(
    case: Case,
    files: Sequence[Path],
    mapping: Path | None,
    time_zone: str | None,
    date_format: str | None,
    reader: str | None,
    quiet: bool,
    allow_large: bool,
) -> list[dict[str, Any]]:
    from birdfall.sources.ingest import ingest
    from birdfall.sources.table.mapping import load_mapping

    if not files:
        raise UsageError("no files were named", fix="birdfall import tweets.csv -o case/")
    from birdfall.cli.looking import expanded

    files = expanded(files)
    chosen = None if mapping is None else load_mapping(mapping)
    receipts = []
    with telling(quiet) as progress:
        for path in files:
            receipt = ingest(
                case,
                path,
                mapping=chosen,
                reader=reader,
                time_zone=time_zone,
                date_format=date_format,
                allow_large=allow_large,
                progress=progress,
            )
            receipts.append(
                {
                    "file": str(path),
                    "rows": receipt.rows,
                    "rejected": receipt.rejected,
                    "already": receipt.already,
                }
            )
    return receipts


def _receipt_line(receipt: dict[str, Any]) -> str:
    from birdfall.model.errors import printable

    rows = ", ".join(f"{n:,} {table}" for table, n in receipt["rows"].items()) or "no rows"
    line = f"{printable(receipt['file'])}: {rows}"
    if receipt["already"]:
        return line + " (taken in before; nothing changed)"
    return line + (
        f", {receipt['rejected']:,} rejected (table `rejected` lists them)"
        if receipt["rejected"]
        else ""
    )


def _apply(
    case: Case,
    leader: Sequence[str],
    control: Sequence[str],
    negative: Sequence[str],
    public: Sequence[str],
    question: str,
    title: str,
    lang: str | None,
    time_zone: str | None,
) -> None:
    changes: dict[str, Any] = {}
    for key, wanted in (
        ("leaders", leader),
        ("controls", control),
        ("negative_controls", negative),
        ("public", public),
    ):
        if wanted:
            changes[key] = tuple(_account(case, name) for name in wanted)
    for key, value in (
        ("question", question),
        ("title", title),
        ("language", lang),
        ("time_zone", time_zone),
    ):
        if value:
            changes[key] = value
    current = case.settings
    changes = {k: v for k, v in changes.items() if getattr(current, k) != v}
    if changes:
        case.change_settings(**changes)


def _account(case: Case, name: str) -> str:
    """The id of an account given by id or by handle. Raises UsageError if the record knows none or several."""
    record = case.record()
    if record.ids.code(name) is not None:
        return name
    handle = name.removeprefix("@").casefold()
    found = sorted(a for a, h in record.names().items() if h.removeprefix("@").casefold() == handle)
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(
            f"no account {name!r} in this record",
            fix="Give its id, or the handle as the data write it.",
        )
    raise UsageError(
        f"{len(found)} accounts have had the handle {name!r}",
        fix="Give the id: " + ", ".join(found[:5]),
    )


def _keep_questions(case: Case, claims: Path | None, facts: Path | None) -> None:
    from birdfall.sources.table.mapping import read_small

    files = {}
    if claims is not None:
        from birdfall.claims import read_claims

        data = read_small(claims)
        read_claims(data.decode("utf-8", "replace"))
        files["claims.toml"] = data
    if facts is not None:
        from birdfall.measures.follower_counts.reconcile import read_facts_bytes

        data = read_small(facts)
        read_facts_bytes(data, str(facts))
        files["facts.csv"] = data
    if files:
        case.put(files)


def _measured(
    case: Case, lang: str, options: Options, json: bool, *, report_at: Path | None = None
) -> int:
    from birdfall.pipeline.run import run as run_all
    from birdfall.tell.terminal import verdict_text

    with telling(json) as progress:
        found = run_all(case, options, progress=progress)
        progress("report", 0, None, "pages")
        path = _write_report(case, lang, ("en", "es", "fr", "ar", "pt"), report_at)
    if json:
        from birdfall.model.findings import as_plain

        show_json(
            {
                "case": str(case.path),
                "report": str(path),
                "findings": {n: as_plain(f) for n, f in found.items()},
            }
        )
    else:
        show(verdict_text(case, language=lang))
        show(f"\n  {path}")
        show(f'  birdfall check {case.path} "..."')
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


def _write_report(case: Case, lang: str, languages: tuple[str, ...], out: Path | None) -> Path:
    from birdfall.record.atomic import write_bytes
    from birdfall.tell.report import render

    if lang not in languages:
        raise UsageError(
            f"the page is to open in {lang!r} but does not hold it",
            fix=f"Add it to --languages {','.join(languages)}.",
        )
    page = render(case, languages=languages, default=lang)
    case.put({"reports/report.html": page})
    if out is None:
        return case.path / "reports" / "report.html"
    write_bytes(out, page)
    return out


def _case_and_text(first: str, second: str) -> tuple[Case, str]:
    from birdfall.record.manifest import stands_at

    for path, text in ((first, second), (second, first)):
        if stands_at(Path(path)):
            return _opened(Path(path)), text
    raise UsageError(
        "neither of these is a case", fix='birdfall check CASE "6.600 cuentas en diez minutos"'
    )


def _show_verification(result: Any) -> None:
    from birdfall.model.errors import printable

    for difference in result.differences[:50]:
        show(
            f"differs: {difference.where}\n  said:  {printable(difference.said)}\n  found: {printable(difference.found)}"
        )
    if len(result.differences) > 50:
        show(f"and {len(result.differences) - 50} more")
    if result.holds:
        how = (
            "computed again from the record"
            if result.recomputed
            else "against its own seal only: its case is not at hand"
        )
        show(f"holds: {result.subject} ({result.checked:,} values, {how})")
    else:
        show(f"does not hold: {result.subject} ({len(result.differences):,} differences)")
