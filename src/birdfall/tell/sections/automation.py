"""The section on automation: which share of the fallen looks made to order or automated beyond people like them, in bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from birdfall.model.findings import Estimate, Finding
from birdfall.record.record import Record
from birdfall.tell.names import Names
from birdfall.tell.words import Words

Block = dict[str, Any]
SHARES = ("inauthentic", "automated", "automated_authentic", "manual")
#: Signals shown: those in which the fallen visibly differ.
MOST_SIGNALS = 6


def automation(
    findings: Mapping[str, Finding],
    record: Record,
    say: Words,
    name: Names,
    drawings: Mapping[str, str],
    maps: Mapping[str, dict[str, Any]],
) -> list[Block]:
    """Blocks of the section; none if the measure was not asked or could not answer."""
    finding = findings.get("automation-1")
    if finding is None or finding.answer == "cannot":
        return []
    counted = {k: say.number(finding[e].value) for k, e in _COUNTED.items()}
    blocks: list[Block] = [_text(say("automation.looked", **counted))]
    if finding.answer == "found":
        head = [say(f"automation.{h}") for h in ("kind", "at_least", "at_most")]
        rows = [[say(f"automation.{s}"), *_bounds(finding[s], say)] for s in SHARES]
        blocks.append({"kind": "table", "head": head, "rows": rows, "numeric": (1, 2)})
        blocks += _signals(finding, say)
    else:
        blocks.append(_text(say("automation.nothing")))
    return blocks + [
        {"kind": "note", "text": say.note(n)} for n in (*finding.reasons, *finding.limits)
    ]


_COUNTED = {"fallen": "fallen", "timing": "scoreable_timing", "profile": "scoreable_profile"}


def _text(text: str) -> Block:
    return {"kind": "text", "text": text}


def _bounds(share: Estimate, say: Words) -> list[str]:
    """Lower and upper bound; a bound that says nothing is said to be unknown."""
    low, high = share.low or 0.0, 1.0 if share.high is None else share.high
    unknown = say("automation.unknown")
    return [say.percent(low) if low > 0 else unknown, say.percent(high) if high < 1 else unknown]


def _signals(finding: Finding, say: Words) -> list[Block]:
    rows = [
        [
            say(f"automation.signal.{r['signal']}"),
            say.number(r["fallen"]),
            say.number(r["controls"]),
            say.percent(r["at_least"]),
        ]
        for r in finding.table("signals").to_pylist()
        if r["at_least"] > 0
    ][:MOST_SIGNALS]
    if not rows:
        return []
    head = [say(f"automation.{h}") for h in ("signal", "fallen", "controls", "beyond")]
    return [{"kind": "table", "head": head, "rows": rows, "numeric": (1, 2, 3)}]
