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
    rate = TextBlock(say("creations.base", rate=write.number("base_rate")))
    if finding.answer == "nothing":
        lead = say("creations.nothing", accounts=write.number("accounts"), who=who)
        if finding["smallest_1w"].value is not None:
            lead = f"{lead} {say('creations.power', n=write.number('smallest_1w'))}"
        found: list[Block] = [TextBlock(lead)]
    else:
        lead = say(
            "creations.found",
            accounts=write.number("accounts"),
            who=who,
            n=write.number("in_bursts"),
            share=write.percent("in_bursts_share"),
        )
        found = [TextBlock(lead), _bursts(finding, page)]
    return [*found, *notes(finding, say=say), *how_measured(page, finding, blocks=[rate])]


def _bursts(finding: Finding, page: Page) -> TableBlock:
    """When, how many, beyond what, beside the other accounts."""
    say, write = page.say, NumberWriter(finding, page.say)
    rows: list[list[str]] = []
    for r in finding.table("bursts").to_pylist()[:MAX_BURSTS]:
        row = str(r["burst"])
        made, expected = (
            write.other(say.number(r[c]), f"bursts.{c}", r[c], "accounts", row)
            for c in ("observed", "expected")
        )
        share, others = (
            "–"
            if r[c] is None
            else write.other(say.percent(r[c], 1), f"bursts.{c}", r[c], "share", row)
            for c in ("share", "others_share")
        )
        length = write.duration(max(1.0, r["duration_s"]), "bursts.duration_s", row)
        rows.append([say.time(r["start"]), length, made, expected, share, others])
    head = ["from", "length", "made", "expected", "share", "others"]
    return TableBlock([say(f"creations.column.{h}") for h in head], rows, (2, 3, 4, 5))
