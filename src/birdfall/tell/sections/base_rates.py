"""The section on base rates: how often chance would do this, and what the fallen have in common."""

from __future__ import annotations

from birdfall.tell.blocks import Block, TextBlock
from birdfall.tell.page import Page, how_measured


def section(page: Page) -> list[Block]:
    """How often chance does this, what a cruder scan would have called, what the fallen share."""
    finding, say = page.findings.get("waves"), page.say
    if finding is None or finding.answer == "cannot":
        return []
    rates = say(
        "base.text",
        rate=say.number(finding["base_rate"].value),
        dispersion=say.number(finding["variance_to_mean"].value),
        poisson=int(finding["poisson_alarms"].value or 0),
        waves=say.number(finding["waves"].value),
        alarms=say.number(finding["false_alarm_rate"].value),
    )
    blocks: list[Block] = []
    for row in finding.table("waves").to_pylist()[:1]:
        blocks.append(TextBlock(say("base.chance", p=say.small(row["p_value"]))))
        if row.get("trigger"):
            trigger = say(
                "base.trigger",
                share=say.percent(row["trigger_share"]),
                trait=say(f"trait.{row['trigger']}"),
                value=row["trigger_value"],
                base=say.percent(row["trigger_base_share"]),
            )
            blocks.append(TextBlock(trigger))
    return [*blocks, *how_measured(page, finding, blocks=[TextBlock(rates)])]
