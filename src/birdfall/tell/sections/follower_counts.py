"""The section on follower counts alone: common falls of many accounts, and risk ratios."""

from __future__ import annotations

from typing import Literal

from birdfall.model.findings import Finding
from birdfall.tell.blocks import (
    Bar,
    Block,
    Cell,
    TableBlock,
    TextBlock,
    TextCell,
)
from birdfall.tell.page import NumberWriter, Page, how_measured, notes, quoted
from birdfall.tell.rows import CountFallRow, DropRow, RatioRow
from birdfall.tell.sentences import loss_amounts
from birdfall.tell.words import Words

#: Common falls and risk ratios in sentences, at most; all are in the finding.
MAX_FALLS, MAX_RATIOS = 3, 6
#: Accounts in the table, at most; all are in the finding.
MAX_LOSSES = 8


def section(page: Page) -> list[Block]:
    """The largest common fall and who lost how much; others and the risk ratios fold out."""
    finding, say = page.findings.get("counts"), page.say
    if finding is None or finding.answer != "found":
        return []
    falls: list[Block] = [
        TextBlock(_fall_sentence(row, finding, say))
        for row in finding.table("waves").to_pylist()[:MAX_FALLS]
    ]
    ratios = finding.table("ratios").to_pylist()[:MAX_RATIOS]
    told: list[Block] = [TextBlock(ratio_sentence(row, finding, page)) for row in ratios]
    return [
        *falls[:1],
        *_loss_table(finding, page),
        *notes(finding, say=say),
        *how_measured(page, finding, blocks=[*falls[1:], *told]),
    ]


def _fall_sentence(row: CountFallRow, finding: Finding, say: Words) -> str:
    """One common fall: how many accounts lost how many followers."""
    write, wave = NumberWriter(finding, say), str(row["wave"])
    largest, median = row["largest_hazard"], row["median_hazard"]
    return say(
        "counts.text",
        day=say.day(row["start"]),
        hit=write.counted(row["accounts_hit"], "waves.accounts_hit", "accounts", wave),
        all=write.counted(row["accounts"], "waves.accounts", "accounts", wave),
        amounts=loss_amounts(row, finding, say),
        largest=write.other(say.percent(largest), "waves.largest_hazard", largest, "share", wave),
        median=write.other(say.percent(median, 1), "waves.median_hazard", median, "share", wave),
    )


def _loss_table(finding: Finding, page: Page) -> list[Block]:
    """Who lost how much on the day of the largest common fall, hardest hit first."""
    say, write = page.say, NumberWriter(finding, page.say)

    def followers(drop: DropRow, column: Literal["before", "after"]) -> str:
        value = round(drop[column])
        name = page.name(drop["account"])
        return write.other(say.number(value), f"drops.{column}", value, "followers", name)

    drops: list[DropRow] = [
        r
        for r in finding.table("drops").to_pylist()
        if r["wave"] == 1 and not r["rebuilt"] and r["gross"] > 0
    ]
    drops.sort(key=lambda r: -r["hazard"])
    highest = max((r["hazard"] for r in drops), default=1.0)
    rows: list[list[Cell]] = [
        [
            TextCell(
                page.name(r["account"]), "" if r["role"] == "other" else say("role." + r["role"])
            ),
            followers(r, "before"),
            followers(r, "after"),
            _hazard_cell(r, highest, finding, page),
        ]
        for r in drops[:MAX_LOSSES]
    ]
    head = [say(f"counts.{key}") for key in ("account", "before", "after", "of100")]
    return [TableBlock(head, rows, (1, 2, 3), headed=True)] if rows else []


def _hazard_cell(drop: DropRow, highest: float, finding: Finding, page: Page) -> TextCell:
    """What of every hundred followers was lost, growth made good."""
    say, hazard = page.say, drop["hazard"]
    write, name = NumberWriter(finding, say), page.name(drop["account"])
    text = write.other(say.number(100 * hazard, 1), "of_100", hazard, "share", name)
    return TextCell(text, bar=Bar(round(100 * hazard / highest, 1), "hit"))


def ratio_sentence(row: RatioRow, finding: Finding, page: Page) -> str:
    """One audience's risk against another's, with its bounds."""
    say, write = page.say, NumberWriter(finding, page.say)
    leader, control = (_account_name(row[key], page) for key in ("leader", "control"))
    numbers = {
        "ratio": row["ratio"],
        "low": row["low"],
        "high": row["high"],
        "naive": row["naive_ratio"],
    }
    pair = f"{row.get('wave', 1)} {leader} {control}"
    told = {
        word: write.other(say.number(value), f"ratios.{word}", value, "ratio", pair)
        for word, value in numbers.items()
    }
    return say("counts.ratio", leader=leader, control=control, **told)


def _account_name(account: str, page: Page) -> str:
    """An account of the record by its name; one that only published figures name, as they do."""
    if page.record.ids.code(account) is None:
        return quoted(account, page.say)
    return page.name(account)
