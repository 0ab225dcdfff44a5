"""The section on returns: how many of the fallen came back, and when."""

from __future__ import annotations

from birdfall.tell.blocks import Block, ChartBlock, TextBlock
from birdfall.tell.marks import ShownNumber
from birdfall.tell.page import NumberWriter, Page, how_measured, notes
from birdfall.tell.sections import reinstatements
from birdfall.tell.words import Words

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
        lead = say("returns.none", n=NumberWriter(finding, say).count("fallen"))
        at_once = reinstatements.lead(page)
        return [
            TextBlock(lead),
            *([TextBlock(at_once)] if at_once else []),
            *how_measured(
                page,
                finding,
                blocks=reinstatements.details(page),
                told_here=reinstatements.answered(page),
                fold="all",
            ),
        ]
    write = NumberWriter(finding, say)
    low, high = write.bounds("returned_4d", say.percent)
    lead = say(
        "returns.text",
        fallen=write.count("fallen"),
        returned=write.count("returned"),
        share=write.percent("returned_4d"),
        low=low,
        high=high,
        unknown=write.count("censored"),
    )
    blocks: list[Block] = [TextBlock(lead)]
    if at_once := reinstatements.lead(page):
        blocks.append(TextBlock(at_once))
    if "returns-wide" in page.drawings:
        blocks.append(
            ChartBlock("returns", say("chart.returns"), say.language, say("chart.returns.legend"))
        )
    usual = say(
        "returns.usual",
        large=_usual_number(say.percent(USUAL_SHARE_LARGE, 1), "large", USUAL_SHARE_LARGE, say),
        tracked=_usual_number(
            say.percent(USUAL_SHARE_TRACKED, 1), "tracked", USUAL_SHARE_TRACKED, say
        ),
        n=_usual_number(say.number(USUAL_ACCOUNTS), "accounts", USUAL_ACCOUNTS, say),
    )
    return [
        *blocks,
        *notes(finding, say=say),
        *how_measured(
            page,
            finding,
            blocks=[TextBlock(usual), *reinstatements.details(page)],
            told_here=reinstatements.answered(page),
        ),
    ]


def _usual_number(text: str, what: str, value: float | int, say: Words) -> str:
    """A number of other suspensions, with which this wave is compared."""
    unit = "accounts" if isinstance(value, int) else "share"
    definition = f"set.returns.usual.{what}"
    return say.shown(ShownNumber(text, definition, value, unit, "", definition))
