"""The section on follower counts alone: common falls of many accounts, and risk ratios."""

from __future__ import annotations

from birdfall.tell.blocks import Block, TextBlock
from birdfall.tell.names import sanitize_text
from birdfall.tell.page import Page, notes
from birdfall.tell.rows import RatioRow

#: Common falls and risk ratios in sentences, at most; all are in the finding.
MAX_FALLS, MAX_RATIOS = 3, 6


def section(page: Page) -> list[Block]:
    """The largest common falls and the risk ratios; none if counts showed nothing."""
    finding, say = page.findings.get("counts"), page.say
    if finding is None or finding.answer != "found":
        return []
    blocks: list[Block] = [
        TextBlock(
            say(
                "counts.text",
                day=say.time(row["start"]),
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
    blocks += [TextBlock(ratio_sentence(row, page)) for row in ratios]
    return [*blocks, *notes(finding, say)]


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
