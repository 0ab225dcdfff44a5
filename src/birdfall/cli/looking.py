"""`birdfall look`: what files are, how they would be read, and what could and could not be
concluded from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from birdfall.cli.output import log, print_json, print_result, show_progress
from birdfall.cli.parameters import AS_IS, FileOptions, Flag, Json
from birdfall.model.errors import ExitCode, UsageError, printable

if TYPE_CHECKING:
    from birdfall.model.findings import Finding
    from birdfall.pipeline.intake import ReadOptions
    from birdfall.sources.ingest import Look

#: Rejected rows that are shown of each file.
MAX_EXAMPLES = 3
#: Possible answers of a question that are listed.
MAX_ANSWERS = 12
#: Estimates of the coverage finding that are printed, with their unit.
COUNTED = (
    ("rows", "rows"),
    ("accounts", "accounts"),
    ("rejected", "rows refused"),
    ("duplicates", "duplicates"),
    ("gaps", "gaps"),
)


def look(
    *files: Path,
    reading: FileOptions = AS_IS,
    save_mapping: Path | None = None,
    ask: Flag = False,
    json: Json = False,
) -> int:
    """Say what files are, how they would be read, and what can and cannot be concluded from them.

    Parameters
    ----------
    files
        Any files Birdfall may know.
    save_mapping
        Where to keep the mapping of a table, to be mended and used again with --mapping.
    ask
        Ask what a file leaves open, one question after another.
    """
    from birdfall.inquiry import Inquiry
    from birdfall.measures.coverage import question_reasons
    from birdfall.pipeline.intake import expand_patterns, load_files

    if not files:
        raise UsageError("nothing to look at", fix="birdfall look tweets.csv")
    paths = expand_patterns(files)
    read = reading.options()
    looks, read = _look_and_ask(paths, read, ask)
    if save_mapping is not None:
        _save_mapping(looks, save_mapping, read)
    coverage = None
    if all(look.question is None for look in looks):
        with show_progress(json) as progress:
            coverage = Inquiry(load_files(paths, read, progress=progress)).coverage()
    if json:
        _print_looks_json(looks, coverage)
    else:
        for look in looks:
            _print_file(look)
        if coverage is not None:
            _print_questions(coverage)
    if any(look.question is not None for look in looks):
        return ExitCode.USAGE
    answerable = coverage is not None and None in question_reasons(coverage).values()
    return ExitCode.FOUND if answerable else ExitCode.CANNOT_ANSWER


def _look_and_ask(
    paths: Sequence[Path], read: ReadOptions, ask: bool
) -> tuple[list[Look], ReadOptions]:
    """What the files are, once what they leave open was answered, if it is asked."""
    from birdfall.cli.asking import MAX_QUESTIONS, answer_of
    from birdfall.pipeline.intake import look_at_files

    looks = look_at_files(paths, read)
    for _ in range(MAX_QUESTIONS if ask else 0):
        asked = next((q for look in looks if (q := look.question) and q.questions), None)
        answered = None if asked is None else answer_of(asked, read)
        if answered is None:
            break
        read = answered
        looks = look_at_files(paths, read)
    return looks, read


def _save_mapping(looks: Sequence[Look], path: Path, read: ReadOptions) -> None:
    from birdfall.record.atomic import SHARED, write_text

    tables = [look for look in looks if look.mapping is not None]
    if not tables:
        readers = ", ".join(dict.fromkeys(look.reader for look in looks))
        raise UsageError(
            f"there are no columns to map: the reader {readers} knows what each part of this is",
            fix="Leave out --save-mapping; another reader can be named with --reader.",
        )
    files: dict[str, list[str]] = {}
    for look in tables:
        if look.mapping is not None:
            zone = look.mapping.time_zone or read.time_zone
            order = look.mapping.date_format or read.date_format
            kept = replace(look.mapping, time_zone=zone, date_format=order)
            files.setdefault(kept.to_toml(), []).append(look.path)
    for number, (text, paths) in enumerate(files.items()):
        place = path if number == 0 else path.with_name(f"{path.stem}-{number + 1}{path.suffix}")
        write_text(place, text, mode=SHARED)
        log(f"mapping: {place}")
        named = " ".join(printable(p) for p in paths)
        log(f"  use it: birdfall import {named} --mapping {place} -o case/")


def _print_looks_json(looks: Sequence[Look], coverage: Finding | None) -> None:
    print_json(
        {
            "files": [
                {
                    "path": look.path,
                    "reader": look.reader,
                    "columns": [asdict(c) | {"type": _kind(c.type)} for c in look.columns],
                    "mapping": None if look.mapping is None else look.mapping.to_toml(),
                    "question": None if look.question is None else look.question.to_json(),
                    "rows": look.rows,
                    "rejected": look.rejected,
                    "examples": look.examples,
                    "notes": look.notes,
                    "repeated": look.repeated,
                }
                for look in looks
            ],
            "coverage": None if coverage is None else coverage.table("questions").to_pylist(),
        }
    )


def _print_file(look: Look) -> None:
    print_result(f"{printable(look.path)}  ({look.reader})")
    for column in look.columns:
        mark = "reads " if column.used else "leaves"
        sample = printable(", ".join(column.sample), 70)
        print_result(f"  {mark}  {printable(column.name):24} {_kind(column.type):10} {sample}")
    for note in look.notes:
        print_result(f"  note    {printable(_note_sentence(note))}")
    if look.rows:
        rows = ", ".join(f"{n:,} {table}" for table, n in look.rows.items())
        print_result(f"  rows    {rows} (of those looked at)")
    if look.repeated:
        print_result(f"  twice   {look.repeated:,} duplicates left out: each act counts once")
    if look.rejected:
        _print_rejected_rows(look)
    if look.question is not None:
        print_result(f"  asks    {printable(look.question.what)}")
        for part in (look.question.why, look.question.fix):
            if part:
                print_result(f"          {printable(part, 2_000)}")
        for question in look.question.questions:
            answers = ", ".join(printable(a, 40) for a in question.answers[:MAX_ANSWERS])
            more = ", or another" if question.open and answers else ""
            print_result(f"          {printable(question.option)}... ({answers or 'free'}{more})")


#: What a column holds, in words that are no database's.
KINDS = {
    "VARCHAR": "text",
    "DOUBLE": "number",
    "FLOAT": "number",
    "BOOLEAN": "yes or no",
    "DATE": "day",
}
_NOTES = {
    "encoding": "read as {}, by its letters; another can be said with --encoding",
    "duplicate-column": 'two columns are called "{}"; the second was renamed',
    "lines-above": "{} lines above the header were passed over (--skip-lines)",
    "rounded-ids": 'the ids in "{}" were rounded by a spreadsheet, and are left out',
    "zone-letters": "times with {}, of the zones that these letters mean; "
    "write the offset where another is meant",
    "names-on-several-platforms": 'names in "{}" stand on several platforms, and are told apart by '
    "it (--column account=NAME takes them as they stand)",
    "backslash-quotes": "quotes inside cells stand behind a backslash, and were read so",
}
#: How finely times are known, in seconds, where that bounds what can be asked.
_GRAINS = {
    86400.0: "days without an hour; what was done in concert is asked by the day (--window 1d)",
    60.0: "minutes without seconds; what was done in concert is asked by the minute (--window 60s)",
}
#: What is wrong with the times of some rows.
_CLOCK = {
    "acts-before-creation": "acts before their account was made",
    "implausible-times": "acts at times that cannot be",
    "said-by-the-source": "times that the source itself calls doubtful",
    "stray-times": "statuses years away from all others, which are set apart",
}


def _kind(type_: str) -> str:
    if type_.startswith("TIMESTAMP"):
        return "time"
    return KINDS.get(type_, "whole" if type_.endswith("INT") or "INTEGER" in type_ else "other")


def _note_sentence(note: str) -> str:
    key, _, value = note.partition(":")
    return _NOTES.get(key, note).format(value)


def _print_rejected_rows(look: Look) -> None:
    """How many rows could not be read, the first of them, and what to do."""
    print_result(f"  refused {look.rejected:,}, for example:")
    for row in look.examples[:MAX_EXAMPLES]:
        line, column = row.get("line"), row.get("column")
        where = ", ".join([f"row {line}"] * bool(line) + [printable(str(column))] * bool(column))
        reason = f"{where}: {printable(str(row.get('reason')))}".removeprefix(": ")
        value = f" ({printable(str(row['value']), 80)})" if row.get("value") else ""
        print_result(f"          {reason}{value}")
    for fix in dict.fromkeys(str(row["fix"]) for row in look.examples if row.get("fix")):
        print_result(f"          {printable(fix)}")


def _print_questions(coverage: Finding) -> None:
    from birdfall.measures.coverage import question_reasons
    from birdfall.pipeline.catalogue import catalogue
    from birdfall.tell.words import Words

    say = Words("en", ZoneInfo("UTC"))
    measures = {m.name: m for m in catalogue()}
    print_result("\nWhat can be concluded from this:")
    for name, reason in question_reasons(coverage).items():
        asks = measures[name].question if name in measures else name
        if reason is None:
            with_command = f" (birdfall {measures[name].command})" if name in measures else ""
            print_result(f"  yes  {asks}{with_command}")
            if name == "coordination":
                traces = coverage.details["traces"].items()
                told = ", ".join(f"{printable(t)} ({n:,} accounts)" for t, n in traces if n > 1)
                print_result(f"       by {told}")
        else:
            why = say.note(reason).rstrip(".")
            needs = reason.values["needs"]
            hint = f" (needs {say.needs(needs)})" if isinstance(needs, str) else ""
            print_result(f"  no   {asks}: {why[0].lower()}{why[1:]}{hint}")
    for key, unit in COUNTED:
        estimate = coverage.estimates.get(key)
        if estimate is not None and estimate.value:
            print_result(f"  {estimate.value:,} {unit}")
    if coverage.details["alike"]:
        print_result(
            f"  {coverage.details['alike']:,} groups of ids look the same to people and are not"
        )
    for row in coverage.table("tables").to_pylist():
        grain = _GRAINS.get(row["resolution_s"])
        if grain and row["table"] in ("acts", "statuses") and row["rows"] > 1:
            print_result(f"  times of {row['table']}: {grain}")
    for row in coverage.table("clock").to_pylist():
        print_result(f"  {row['rows']:,} {_CLOCK.get(row['problem'], row['problem'])}")
