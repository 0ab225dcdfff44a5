"""The section on base rates: how often chance would do this, and what the fallen have in common."""

from __future__ import annotations

from birdfall.record.clients import MERGED
from birdfall.tell.blocks import Block, TextBlock
from birdfall.tell.page import NumberWriter, Page, how_measured, quoted
from birdfall.tell.sentences import departures_sentence, power_sentence
from birdfall.tell.words import Words


def _trigger_value(trait: str, value: str, say: Words) -> str:
    """What the fallen share, as it is quoted; applications that few use are not named."""
    if trait == "client" and MERGED in value.split(", "):
        return say("base.few_clients")
    return quoted(value, say)


def section(page: Page) -> list[Block]:
    """How often chance does this, what a cruder scan would have called, what the fallen share."""
    finding, say = page.findings.get("waves"), page.say
    if finding is None or finding.answer == "cannot":
        return []
    write = NumberWriter(finding, say)
    rates = say(
        "base.text",
        rate=write.number("base_rate"),
        dispersion=write.number("variance_to_mean"),
        poisson=write.count("poisson_alarms"),
        waves=write.count("waves"),
        alarms=write.number("false_alarm_rate"),
    )
    blocks: list[Block] = []
    for row in finding.table("waves").to_pylist()[:1]:
        p = write.other(say.small(row["p_value"]), "waves.p_value", row["p_value"], "p", "1")
        blocks.append(TextBlock(say("base.chance", p=p)))
        if row.get("trigger"):
            trigger = say(
                "base.trigger",
                share=write.other(
                    say.percent(row["trigger_share"]),
                    "waves.trigger_share",
                    row["trigger_share"],
                    "share",
                    "1",
                ),
                trait=say(f"trait.{row['trigger']}"),
                value=_trigger_value(row["trigger"], row["trigger_value"], say),
                base=write.other(
                    say.percent(row["trigger_base_share"]),
                    "waves.trigger_base_share",
                    row["trigger_base_share"],
                    "share",
                    "1",
                ),
            )
            blocks.append(TextBlock(trigger))
    more = [power_sentence(finding, say), departures_sentence(finding, say) if blocks else ""]
    folded = [TextBlock(text) for text in (rates, *more) if text]
    return [*blocks, *how_measured(page, finding, blocks=folded)]
