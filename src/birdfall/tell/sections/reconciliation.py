"""The section on published figures: whether ordinary growth lets each stand beside the others."""

from __future__ import annotations

from typing import Final

from birdfall.tell.blocks import Block, Cell, TableBlock, TextBlock, TextCell
from birdfall.tell.names import sanitize_text
from birdfall.tell.page import Page, notes
from birdfall.tell.rows import FigureRow
from birdfall.tell.sections.follower_counts import ratio_sentence
from birdfall.tell.words import Words

#: Risk ratios in sentences, at most; all are in the finding.
MAX_RATIOS: Final = 3


def section(page: Page) -> list[Block]:
    """Published figures, each with whether it is consistent with the others."""
    say, blocks = page.say, list[Block]()
    for finding in page.findings_of_kind("reconciliation"):
        rows: list[list[Cell]] = [
            [
                sanitize_text(str(r["said_by"] or "")),
                TextCell(say.number(r["value"]), say(f"reconciliation.{r['kind']}")),
                _consistency_cell(r, say),
            ]
            for r in finding.table("figures").to_pylist()
            if r["consistent"] is not None
        ]
        head = [say("claims.said"), say("reconciliation.figure"), say("claims.verdict")]
        blocks.append(TableBlock(head, rows, (1,)))
        ratios = finding.table("ratios").to_pylist()[:MAX_RATIOS]
        blocks += [TextBlock(ratio_sentence(row, page)) for row in ratios]
        blocks += notes(finding, say=say)
    return blocks


def _consistency_cell(figure: FigureRow, say: Words) -> TextCell:
    """Whether a figure can stand, and for one that cannot the growth it would need."""
    if figure["consistent"]:
        return TextCell(say("reconciliation.consistent"), mark="yes")
    needed, low, high = figure["needed_growth"], figure["growth_low"], figure["growth_high"]
    more = ""
    if needed is not None and low is not None and high is not None:
        more = say(
            "reconciliation.needs",
            needed=say.number(round(needed)),
            low=say.number(round(low)),
            high=say.number(round(high)),
        )
    return TextCell(say("reconciliation.inconsistent"), more, "no")
