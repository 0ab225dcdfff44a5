"""`birdfall explain`, `casebook` and `calibrate`: explanations of a wave, of known events, and how well the weighing is calibrated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from birdfall.cli.commands import Flag, Json, Language
from birdfall.cli.talk import say, show, show_json, telling
from birdfall.model.errors import CaseError, ExitCode

if TYPE_CHECKING:
    from birdfall.model.findings import Finding


def explain(case: Path, *, wave: int = 1, lang: Language = "en", json: Json = False) -> int:
    """Weigh the explanations of a wave of a case that was run.

    Parameters
    ----------
    case
        The folder of a case.
    wave
        Its number.
    lang
        The language of the answer.
    """
    from birdfall.model.findings import as_plain
    from birdfall.record.case import Case
    from birdfall.weigh.explanations import explanations

    opened = Case.open(case)
    findings = opened.findings()
    if "waves" not in findings:
        raise CaseError("this case was not run yet", where=str(case), fix=f"Run it: birdfall run {case}")
    finding = explanations(opened.record(), findings, wave=wave).replace(simulated=opened.settings.simulated)
    if json:
        show_json(as_plain(finding))
    else:
        _show(finding, opened, lang)
    return (
        ExitCode.CANNOT_ANSWER
        if finding.answer == "cannot"
        else ExitCode.FOUND
        if finding.answer == "found"
        else ExitCode.NOTHING_FOUND
    )


def casebook(*, json: Json = False) -> int:
    """Weigh every event of the casebook and set it beside what was acknowledged."""
    from birdfall.weigh.casebook import weighed

    found = weighed()
    if json:
        show_json([
            {"id": w.event.id, "when": w.event.when, "cause": w.event.cause, "strength": w.event.strength, "source": w.event.source,
             "set": list(w.verdict.members), "contradicted": w.contradicted, "cut": list(w.event.cut)}
            for w in found
        ])  # fmt: skip
        return ExitCode.FOUND
    for w in found:
        told = ", ".join(w.verdict.members) or "outside what was simulated"
        show(
            f"{w.event.id:26} {w.event.cause:12} {w.event.strength:13} {'CONTRADICTED ' if w.contradicted else ''}{told}"
        )
    return ExitCode.FOUND


def calibrate(*, again: Flag = False, json: Json = False) -> int:
    """Measure the weighing of explanations on simulated worlds it did not learn from.

    Parameters
    ----------
    again
        Draw all worlds anew and replace the reference that ships (a few minutes).
    """
    import json as writer

    from birdfall.weigh.causes.calibration import measured
    from birdfall.weigh.causes.worlds import folder, made, packed, reference, unpacked

    with telling(json) as progress:
        if again:
            data = packed(made(progress=progress))
            (folder() / "worlds.npz").write_bytes(data)
            worlds = unpacked(data)
        else:
            worlds = reference()
        found = measured(worlds)
    if again:
        (folder() / "figures.json").write_text(writer.dumps(found, indent=1, sort_keys=True) + "\n", "utf-8")
        say(f"written: {folder()}")
    if json:
        show_json(found)
    else:
        show(table(found))
    return ExitCode.FOUND


def table(found: dict[str, Any]) -> str:
    """The figures as a table of Markdown, one row per way of looking."""
    head = ["way of looking", "log score (bits)", "Brier", "reliability error", "stressed, at most", "coverage, least", "stressed, least",
            "one left", "of these wrong", "churn called a cause"]  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join(["---"] * len(head)) + " |"]
    for tier, f in found["tiers"].items():
        stressed = f["stress"].values()
        cells = [
            tier, f"{f['log_score_bits']:.2f}", f"{f['brier']:.3f}", f"{f['reliability_error']:.3f}",
            f"{max(s['reliability_error'] for s in stressed):.3f}", f"{min(f['coverage'].values()):.3f}",
            f"{min(min(s['coverage'].values()) for s in stressed):.3f}", f"{f['decided']:.0%}", f"{f['wrong_when_decided']:.1%}",
            f"{f['churn_verdicts']:.1%}",
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _show(finding: Finding, case: Any, lang: str) -> None:
    from birdfall.tell.explanation_section import explanations as section
    from birdfall.tell.words import words

    spoken = words(lang)
    if finding.simulated:
        show(spoken("simulated") if spoken.has("simulated") else "Simulated data.")
    for block in section({"explanations-1": finding}, case.record(), spoken, str, {}, {}):  # type: ignore[arg-type]
        if block["kind"] == "table":
            for row in block["rows"]:
                show("  " + " · ".join(str(cell) for cell in row))
        else:
            show(block["text"])
    if finding.answer == "cannot":
        for note in finding.reasons:
            show(spoken.note(note))
