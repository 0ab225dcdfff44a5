"""`birdfall explain`, `casebook` and `calibrate`: explanations of a wave, of known events, and how
well the weighing is calibrated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from birdfall.cli.output import log, print_json, print_result, show_progress
from birdfall.cli.parameters import Flag, Json, Language
from birdfall.model.errors import CaseError, ExitCode, UsageError

if TYPE_CHECKING:
    from birdfall.explanations import WeighedEvent
    from birdfall.model.findings import Finding
    from birdfall.record.case import Case

#: What a command answers to the shell, by the answer of its finding.
EXIT_CODES = {
    "found": ExitCode.FOUND,
    "nothing": ExitCode.NOTHING_FOUND,
    "cannot": ExitCode.CANNOT_ANSWER,
}


def explain(
    case: Path, *, wave: int = 1, lang: Language = "en", request: Flag = False, json: Json = False
) -> int:
    """Weigh the explanations of a wave of a case that was run.

    Parameters
    ----------
    case
        The folder of a case.
    wave
        Its number.
    lang
        The language of the answer.
    request
        Print the letters that ask the platform for the records that would decide it, and nothing
        else.
    """
    from birdfall.model.findings import as_plain
    from birdfall.pipeline.catalogue import find_measure
    from birdfall.pipeline.context import Run
    from birdfall.pipeline.measure import StepSubject
    from birdfall.record.case import Case

    opened = Case.open(case)
    findings = opened.findings()
    if "waves" not in findings:
        raise CaseError(
            "this case was not run yet", where=str(case), fix=f"Run it: birdfall run {case}"
        )
    about = StepSubject("explanations", f"explanations-{wave}", wave)
    (finding,) = find_measure("explanations").measure(Run(opened.record(), found=findings), about)
    if finding.answer == "cannot":  # published figures may say what the record cannot
        finding = findings.get("explanations-published", finding)
    if json:
        print_json(as_plain(finding))
    elif request:
        return print_letters(finding, lang)
    else:
        _print_explanations(finding, opened, findings, lang)
    return EXIT_CODES[finding.answer]


def casebook(*, json: Json = False) -> int:
    """Weigh every event of the casebook and set it beside what was acknowledged."""
    from birdfall.explanations import weigh_events

    found = weigh_events()
    if json:
        print_json(
            [
                {
                    "id": w.event.id,
                    "when": w.event.when,
                    "cause": w.event.cause,
                    "strength": w.event.strength,
                    "source": w.event.source,
                    "what": w.event.what,
                    "figures": w.event.figures,
                    "set": None if w.verdict is None else list(w.verdict.members),
                    "contradicted": w.contradicted,
                    "cut": list(w.event.cut),
                }
                for w in found
            ]
        )
        return ExitCode.FOUND
    rows = [("event", "cause", "known by", "explanations left")]
    for w in found:
        verdict = _verdict_text(w)
        rows.append(
            (
                w.event.id,
                w.event.cause,
                w.event.strength,
                f"CONTRADICTED: {verdict}" if w.contradicted else verdict,
            )
        )
    for row in rows:
        print_result(f"{row[0]:24} {row[1]:11} {row[2]:13} {row[3]}")
    weighed_ones = [w for w in found if w.verdict is not None]
    known = [w for w in weighed_ones if w.event.cause != "unresolved"]
    print_result(
        f"{len(found)} events, {len(weighed_ones)} weighed, {len(known)} of these with a known "
        f"cause, {sum(w.contradicted for w in known)} contradicted."
    )
    return ExitCode.FOUND


def _verdict_text(w: WeighedEvent) -> str:
    if w.verdict is None:
        return (
            "a base rate: not weighed"
            if w.event.cause == "base"
            else "no figure was published: not weighed"
        )
    return ", ".join(w.verdict.members) or "outside what was simulated"


def calibrate(
    *,
    again: Flag = False,
    fresh: int = 0,
    seed: int = 0,
    second_opinion: Flag = False,
    json: Json = False,
) -> int:
    """Measure the weighing of explanations on simulated worlds it did not learn from.

    Parameters
    ----------
    again
        Draw all worlds anew and replace the reference that ships (some minutes).
    fresh
        Draw so many new worlds, measure on them instead of those that ship, and hold the figures
        against the gates.
    seed
        Which new worlds.
    second_opinion
        Also let boosted trees learn from the same worlds, as a cross-check (needs scikit-learn;
        minutes).
    """
    from dataclasses import replace

    from birdfall.explanations import (
        calibration_tables,
        failed_gates,
        fresh_worlds,
        measure_calibration,
        pack_parts,
        reference,
        second_opinion_table,
        simulate_parts,
        unpack_parts,
        write_reference,
    )
    from birdfall.explanations import second_opinion as opinion

    if again and fresh:
        raise UsageError(
            "--again and --fresh exclude each other",
            fix="First draw the reference, then measure it on fresh worlds.",
        )
    with show_progress(json) as progress:
        data = pack_parts(simulate_parts(progress=progress)) if again else b""
        worlds = unpack_parts(data) if again else reference()
        if fresh:
            worlds = replace(worlds, measure=fresh_worlds(fresh, seed, progress))
        found = measure_calibration(worlds, progress)
        second = opinion(worlds, progress=progress) if second_opinion else None
    failed = failed_gates(found)
    if again:
        log(f"written: {write_reference(data, found)}")
    if json:
        print_json(
            found | {"gates_failed": failed} | ({"second_opinion": second} if second else {})
        )
    else:
        print_result(calibration_tables(found))
        if second:
            print_result("\n" + second_opinion_table(second))
        _print_gates(failed)
    return ExitCode.CANNOT_ANSWER if failed else ExitCode.FOUND


def _print_gates(failed: Sequence[str]) -> None:
    print_result("\n" + ("Gates not kept:" if failed else "All gates are kept."))
    for line in failed:
        print_result("  " + line)


def print_letters(finding: Finding, lang: str) -> int:
    """The letters; where none is to be written, why not."""
    from birdfall.tell.sections.record_request import missing_records, request_letter
    from birdfall.tell.words import words

    spoken = words(lang)
    wanted = missing_records(finding)
    if not wanted:
        notes = [spoken.note(n) for n in finding.reasons]
        log("\n".join(notes) or spoken("letter.none"))
        return ExitCode.CANNOT_ANSWER if finding.answer == "cannot" else ExitCode.NOTHING_FOUND
    print_result(
        ("\n\n" + "-" * 72 + "\n\n").join(
            request_letter(finding, record, spoken) for record in wanted
        )
    )
    return ExitCode.FOUND


def _print_explanations(
    finding: Finding, case: Case, findings: Mapping[str, Finding], lang: str
) -> None:
    from birdfall.tell.blocks import (
        NoteBlock,
        TableBlock,
        TextBlock,
        WaterfallBlock,
        cell_text,
        unfolded,
    )
    from birdfall.tell.page import Page
    from birdfall.tell.sections.explanations import section
    from birdfall.tell.words import words

    spoken = words(lang)
    if finding.simulated:
        print_result(spoken("simulated") if spoken.has("simulated") else "Simulated data.")
    shown = {
        "explanations-1": finding,
        **{k: f for k, f in findings.items() if k == "automation-1"},
    }
    for block in unfolded(section(Page(shown, case.record(), spoken, str))):
        if isinstance(block, TableBlock):
            for row in block.rows:
                print_result("  " + " · ".join(cell_text(cell) for cell in row))
        elif isinstance(block, WaterfallBlock):
            for step in block.rows:
                print_result(f"  {step.factor:>8}  {step.label}")
        elif isinstance(block, TextBlock | NoteBlock):
            print_result(block.text)
    if finding.answer == "cannot":
        for note in finding.reasons:
            print_result(spoken.note(note))
