"""The section on reinstatements: whether many suspended accounts came back at once."""

from __future__ import annotations

from birdfall.model.findings import Finding
from birdfall.tell.blocks import Block, TableBlock, TextBlock
from birdfall.tell.page import NumberWriter, Page, how_measured, notes

#: Rows of the table, at most; all are in the finding.
MAX_BURSTS = 8


def section(page: Page) -> list[Block]:
    """The bursts, or that there was none and which would have been found."""
    finding, say = page.findings.get("reinstatements"), page.say
    if finding is None or finding.answer == "cannot":
        return []
    write = NumberWriter(finding, say)
    rate = TextBlock(say("reinstatements.base", rate=say.number(finding["base_rate"].value)))
    if finding.answer == "nothing":
        lead = say("reinstatements.nothing", all=write.number("reinstated"))
        if finding["smallest_1d"].value is not None:
            power = say("reinstatements.power", n=write.number("smallest_1d"))
            lead = f"{lead} {power}"
        found: list[Block] = [TextBlock(lead, numbers=write.shown)]
    else:
        lead = say(
            "reinstatements.found", all=write.number("reinstated"), n=write.number("in_bursts")
        )
        found = [TextBlock(lead, numbers=write.shown), _bursts(finding, page)]
    return [*found, *notes(finding, say=say), *how_measured(page, finding, blocks=[rate])]


def _bursts(finding: Finding, page: Page) -> TableBlock:
    """When, how many, beyond what, after how long."""
    say = page.say
    rows = [
        [
            say.time(r["start"]),
            say.duration(max(1.0, r["duration_s"])),
            say.number(r["observed"]),
            say.number(r["expected"]),
            f"{say.number(r['size_low'], 0)} – {say.number(r['size_high'], 0)}",
            say.duration(r["away_s"]),
        ]
        for r in finding.table("bursts").to_pylist()[:MAX_BURSTS]
    ]
    head = ["from", "length", "number", "expected", "size", "away"]
    return TableBlock([say(f"reinstatements.column.{h}") for h in head], rows, (2, 3, 4))
