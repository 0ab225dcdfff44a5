"""`birdfall look`: what files are, how they would be read, and what could and could not be concluded from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from birdfall.cli.output import log, print_json, print_result, show_progress
from birdfall.cli.parameters import Json
from birdfall.model.errors import BirdfallError, ExitCode, UsageError, printable

if TYPE_CHECKING:
    from birdfall.model.findings import Finding
    from birdfall.sources.ingest import Look

#: What each question of the coverage finding asks, for the terminal.
ASKED = {
    "waves": "did something fall",
    "audiences": "whose audience was it",
    "ledgers": "who lost which followers",
    "returns": "did they come back",
    "counts": "what follower counts alone tell",
    "coordination": "who moved together",
    "brigades": "who reported them",
    "automation": "were they automated",
    "claims": "is what was said true",
    "explanations": "which explanation fits",
}


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
    from birdfall.pipeline.intake import expand_patterns
    from birdfall.sources.ingest import load, look_into
    from birdfall.sources.table.mapping import load_mapping

    if not files:
        raise UsageError("nothing to look at", fix="birdfall look tweets.csv")
    paths = expand_patterns(files)
    chosen = None if mapping is None else load_mapping(mapping)
    said: dict[str, Any] = {
        "mapping": chosen,
        "reader": reader,
        "time_zone": time_zone,
        "date_format": date_format,
    }
    looks = [look_into(path, **said) for path in paths]
    if save_mapping is not None:
        _save(looks, save_mapping)
    coverage = None
    if all(look.question is None for look in looks):
        from birdfall.measures.coverage import coverage as covered

        with show_progress(json) as progress:
            coverage = covered(load(*paths, **said, progress=progress))
    if json:
        print_json(
            {
                "files": [_plain(look) for look in looks],
                "coverage": None if coverage is None else _questions(coverage),
            }
        )
    else:
        for look in looks:
            _show_file(look)
        if coverage is not None:
            _show_questions(coverage)
    if any(look.question is not None for look in looks):
        return ExitCode.USAGE
    assert coverage is not None
    return (
        ExitCode.FOUND
        if any(q["answerable"] for q in _questions(coverage))
        else ExitCode.CANNOT_ANSWER
    )


def _save(looks: Sequence[Look], path: Path) -> None:
    from birdfall.record.atomic import write_text

    guessed = [look.mapping for look in looks if look.mapping is not None]
    if not guessed:
        raise UsageError(
            "there is no mapping to save: these files are of a known form",
            fix="Leave out --save-mapping.",
        )
    write_text(path, guessed[0].to_toml())
    log(f"mapping: {path}")


def _questions(coverage: Finding) -> list[dict[str, Any]]:
    return list(coverage.table("questions").to_pylist())


def _plain(look: Look) -> dict[str, Any]:
    return {
        "path": look.path,
        "reader": look.reader,
        "columns": [asdict(c) for c in look.columns],
        "mapping": None if look.mapping is None else look.mapping.to_toml(),
        "question": None if look.question is None else _asked(look.question),
        "rows": look.rows,
        "rejected": look.rejected,
        "examples": look.examples,
        "notes": look.notes,
    }


def _asked(error: BirdfallError) -> dict[str, str]:
    return {"what": error.what, "where": str(error.where or ""), "why": error.why, "fix": error.fix}


def _show_file(look: Look) -> None:
    print_result(f"{printable(look.path)}  ({look.reader})")
    for column in look.columns:
        mark = "reads " if column.used else "leaves"
        print_result(
            f"  {mark}  {printable(column.name):24} {column.type:10} {printable(', '.join(column.sample), 70)}"
        )
    for note in look.notes:
        print_result(f"  note    {printable(note)}")
    if look.rows:
        print_result(
            "  rows    "
            + ", ".join(f"{n:,} {table}" for table, n in look.rows.items())
            + " (of those looked at)"
        )
    if look.rejected:
        print_result(f"  refused {look.rejected:,}, for example:")
        for row in look.examples[:3]:
            where = f"row {row['line']}" if row.get("line") else "somewhere"
            value = f" ({printable(str(row['value']), 40)})" if row.get("value") else ""
            print_result(
                f"          {where}, {printable(str(row.get('column') or ''))}: {printable(str(row.get('reason')))}{value}"
            )
        for fix in dict.fromkeys(str(row["fix"]) for row in look.examples if row.get("fix")):
            print_result(f"          {printable(fix)}")
    if look.question is not None:
        print_result(f"  asks    {printable(look.question.what)}")
        for part in (look.question.why, look.question.fix):
            if part:
                print_result(f"          {printable(part)}")


def _show_questions(coverage: Finding) -> None:
    print_result("\nWhat can be concluded from this:")
    for question in _questions(coverage):
        name = question["question"]
        if question["answerable"]:
            print_result(f"  yes  {ASKED.get(name, name)}")
        else:
            needs = f" (needs {question['needs']})" if question.get("needs") else ""
            print_result(f"  no   {ASKED.get(name, name)}: {question['reason']}{needs}")
    for key, unit in (
        ("rows", "rows"),
        ("accounts", "accounts"),
        ("rejected", "rows refused"),
        ("duplicates", "duplicates"),
        ("gaps", "gaps"),
    ):
        estimate = coverage.estimates.get(key)
        if estimate is not None and estimate.value:
            print_result(f"  {estimate.value:,} {unit}")
