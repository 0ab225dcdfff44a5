"""The section on returns: how many of the fallen came back, and when."""

from __future__ import annotations

from birdfall.tell.blocks import Block, ChartBlock, TextBlock
from birdfall.tell.page import NumberWriter, Page, how_measured, notes

#: Shares back within four days among 60,652 suspensions of accounts over 1,000 followers and 5,261
#: politically tracked ones (daily reports of Twitter suspensions, February 2022 to April 2023):
#: see docs/methods/returns.md.
USUAL_SHARE_LARGE, USUAL_SHARE_TRACKED, USUAL_ACCOUNTS = 0.020, 0.064, 60_652 + 5_261


def section(page: Page) -> list[Block]:
    """How many of the largest wave came back, beside how many usually do."""
    finding, say = page.findings.get("returns-1"), page.say
    if finding is None or finding.answer == "cannot":
        return []
    if not finding["returned"].value:
        write = NumberWriter(finding, say)
        lead = say("returns.none", n=write.count("fallen"))
        return [TextBlock(lead, numbers=write.shown), *how_measured(page, finding, fold="all")]
    within_4d, write = finding["returned_4d"], NumberWriter(finding, say)
    lead = say(
        "returns.text",
        fallen=write.number("fallen"),
        returned=write.number("returned"),
        share=write.percent("returned_4d"),
        low=say.percent(within_4d.low),
        high=say.percent(within_4d.high),
        unknown=write.number("censored"),
    )
    blocks: list[Block] = [TextBlock(lead, numbers=write.shown)]
    if "returns-wide" in page.drawings:
        blocks.append(ChartBlock("returns", say("chart.returns"), say("chart.returns.legend")))
    usual = say(
        "returns.usual",
        large=say.percent(USUAL_SHARE_LARGE, 1),
        tracked=say.percent(USUAL_SHARE_TRACKED, 1),
        n=say.number(USUAL_ACCOUNTS),
    )
    return [
        *blocks,
        *notes(finding, say=say),
        *how_measured(page, finding, blocks=[TextBlock(usual)]),
    ]
