"""The section on creations: whether the accounts were made together."""

from __future__ import annotations

from birdfall.model.findings import Finding
from birdfall.tell.blocks import Block, TableBlock, TextBlock
from birdfall.tell.page import NumberWriter, Page, how_measured, notes

#: Rows of the table, at most; all are in the finding.
MAX_BURSTS = 8


def section(page: Page) -> list[Block]:
    """The bursts, or that there was none and which would have been found."""
    finding, say = page.findings.get("creations"), page.say
    if finding is None or finding.answer == "cannot":
        return []
    write = NumberWriter(finding, say)
    who = say(f"creations.who.{finding.details['population']}")
    rate = TextBlock(say("creations.base", rate=say.number(finding["base_rate"].value)))
    if finding.answer == "nothing":
        lead = say("creations.nothing", accounts=write.number("accounts"), who=who)
        if finding["smallest_1w"].value is not None:
            lead = f"{lead} {say('creations.power', n=write.number('smallest_1w'))}"
        found: list[Block] = [TextBlock(lead, numbers=write.shown)]
    else:
        lead = say(
            "creations.found",
            accounts=write.number("accounts"),
            who=who,
            n=write.number("in_bursts"),
            share=write.percent("in_bursts_share"),
        )
        found = [TextBlock(lead, numbers=write.shown), _bursts(finding, page)]
    return [*found, *notes(finding, say=say), *how_measured(page, finding, blocks=[rate])]


def _bursts(finding: Finding, page: Page) -> TableBlock:
    """When, how many, beyond what, beside the other accounts."""
    say = page.say
    rows = [
        [
            say.time(r["start"]),
            say.duration(max(1.0, r["duration_s"])),
            say.number(r["observed"]),
            say.number(r["expected"]),
            say.percent(r["share"]),
            "–" if r["others_share"] is None else say.percent(r["others_share"], 1),
        ]
        for r in finding.table("bursts").to_pylist()[:MAX_BURSTS]
    ]
    head = ["from", "length", "made", "expected", "share", "others"]
    return TableBlock([say(f"creations.column.{h}") for h in head], rows, (2, 3, 4, 5))
