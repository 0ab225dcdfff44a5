"""The verdict for a terminal: a few lines and a sparkline, without colour or control characters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from birdfall.model.errors import printable
from birdfall.record.case import Case
from birdfall.tell.names import GivenNames, given_names
from birdfall.tell.sentences import verdict, wave_sentence
from birdfall.tell.words import Words, words

_BARS = "▁▂▃▄▅▆▇█"
#: Waves after the largest that have a line of their own, at most.
MAX_OTHER_WAVES = 3
#: Names that are listed, at most.
MAX_NAMES = 8
#: Characters of a line, at most.
MAX_LINE_CHARACTERS = 2000


def verdict_text(case: Case, *, language: str) -> str:
    """What a run found, for the terminal."""
    record = case.record()
    say = words(language, record.settings.time_zone)
    findings = case.findings()
    claimed = [f.details.get("account") for f in findings.values() if f.kind == "claim"]
    name = given_names(record, [account for account in claimed if account])
    said = verdict(findings, say, name)
    confidence = f"{say('confidence')}{say.colon} {say(f'confidence.{said.confidence}')}"
    lines = [
        f"{said.sentence} {said.more}".strip(),
        f"{confidence}. {say(said.change)}",
    ]
    waves = findings.get("waves")
    if waves is not None and waves.answer == "found":
        lines.insert(0, sparkline([r["observed"] for r in waves.table("series").to_pylist()]))
        lines += [
            wave_sentence(r, waves, say)
            for r in waves.table("waves").to_pylist()[1 : 1 + MAX_OTHER_WAVES]
        ]
    for finding in findings.values():
        if finding.kind == "ledger" and "before" in finding.estimates:
            values = [say.number(finding[k].value) for k in ("before", "lowest", "now")]
            lines.append(f"{name(finding.details['leader'])}: {' · '.join(values)}")
        if finding.kind == "claim":
            said_text = finding.details.get("said", {}).get("text", "")
            lines.append(f"“{said_text}”: {claim_words(finding.details, say)}")
    lines += [said.limit, say("manifest.zone", zone=record.settings.time_zone)]
    if name.hidden():
        lines.append(_hidden_names(name, case, say))
    if record.settings.simulated:
        lines.append(say("simulated"))
    return "\n".join("  " + printable(line, MAX_LINE_CHARACTERS) for line in lines)


def _hidden_names(name: GivenNames, case: Case, say: Words) -> str:
    """Who goes by a pseudonym in what is shared, and how that is changed."""
    command = f"birdfall run {case.path} --public @"
    return say("names.hidden", names=say.value(name.hidden()[:MAX_NAMES]), command=command)


def claim_words(details: Mapping[str, Any], say: Words) -> str:
    """The verdict on a claim in words. details: of a finding of kind claim."""
    off = details.get("off_by")
    return say(
        f"claim.{details['verdict']}",
        off=say.percent(abs(off), 1) if isinstance(off, float) else "–",
    )


def sparkline(values: list[int], width: int = 60) -> str:
    """Values as bars, at most `width` of them, each the highest of its stretch."""
    if not values:
        return ""
    step = max(1, -(-len(values) // width))
    tops = [max(values[i : i + step]) for i in range(0, len(values), step)]
    highest = max(max(tops), 1)
    return "".join(_BARS[round((len(_BARS) - 1) * t / highest)] for t in tops)
