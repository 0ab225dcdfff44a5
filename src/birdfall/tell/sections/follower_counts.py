"""The section on follower counts alone: common falls of many accounts, and risk ratios."""

from __future__ import annotations

from birdfall.model.findings import Finding
from birdfall.tell.blocks import (
    Bar,
    Block,
    Cell,
    ShownNumber,
    TableBlock,
    TextBlock,
    TextCell,
)
from birdfall.tell.names import sanitize_text
from birdfall.tell.page import Page, definition, how_measured, notes
from birdfall.tell.rows import DropRow, RatioRow

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
        TextBlock(
            say(
                "counts.text",
                day=say.day(row["start"]),
                hit=say.number(row["accounts_hit"]),
                all=say.number(row["accounts"]),
                gross=say.number(round(row["gross"])),
                net=say.number(round(-row["net"])),
                largest=say.percent(row["largest_hazard"]),
                median=say.percent(row["median_hazard"], 1),
            )
        )
        for row in finding.table("waves").to_pylist()[:MAX_FALLS]
    ]
    ratios = finding.table("ratios").to_pylist()[:MAX_RATIOS]
    told: list[Block] = [TextBlock(ratio_sentence(row, page)) for row in ratios]
    return [
        *falls[:1],
        *_loss_table(finding, page),
        *notes(finding, say=say),
        *how_measured(page, finding, blocks=[*falls[1:], *told]),
    ]


def _loss_table(finding: Finding, page: Page) -> list[Block]:
    """Who lost how much on the day of the largest common fall, hardest hit first."""
    say = page.say
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
            say.number(round(r["before"])),
            say.number(round(r["after"])),
            _hazard_cell(r, highest, page),
        ]
        for r in drops[:MAX_LOSSES]
    ]
    head = [say(f"counts.{key}") for key in ("account", "before", "after", "of100")]
    return [TableBlock(head, rows, (1, 2, 3), headed=True)] if rows else []


def _hazard_cell(drop: DropRow, highest: float, page: Page) -> TextCell:
    """What of every hundred followers was lost, growth made good."""
    say, hazard = page.say, drop["hazard"]
    text = say.number(100 * hazard, 1)
    key = f"counts.of_100.{page.name(drop['account'])}"
    number = ShownNumber(text, key, hazard, "share", definition("counts", "of_100", say))
    bar = Bar(round(100 * hazard / highest, 1), "hit")
    return TextCell(text, bar=bar, number=number)


def ratio_sentence(row: RatioRow, page: Page) -> str:
    """One audience's risk against another's, with its bounds."""
    say = page.say
    numbers = {
        "ratio": row["ratio"],
        "low": row["low"],
        "high": row["high"],
        "naive": row["naive_ratio"],
    }
    return say(
        "counts.ratio",
        leader=_account_name(row["leader"], page),
        control=_account_name(row["control"], page),
        **{word: say.number(value) for word, value in numbers.items()},
    )


def _account_name(account: str, page: Page) -> str:
    """An account of the record by its name; one that only published figures name, as they do."""
    if page.record.ids.code(account) is None:
        return sanitize_text(account)
    return page.name(account)
