"""The section on audiences.

Who was hit, x of a hundred against y of a hundred alike, controls beside them.
"""

from __future__ import annotations

from birdfall.model.findings import Finding
from birdfall.tell.blocks import Bar, Block, Cell, TableBlock, TextBlock, TextCell
from birdfall.tell.page import Page, notes


def section(page: Page) -> list[Block]:
    """Blocks of the largest wave's audience test; none if it was not asked."""
    finding, say = page.findings.get("audiences-1"), page.say
    if finding is None or finding.answer == "cannot":
        return []
    tested, naive = (
        say.number(finding["leaders_tested"].value),
        say.number(finding["naive_hits"].value),
    )
    if finding.answer == "found":
        share = say.percent(finding["explained"].value)
        lead = say(
            "audience.found",
            n=int(finding["hits"].value or 0),
            share=share,
            tested=tested,
            naive=naive,
        )
    elif "too few alike" in finding.table("audiences").column("outcome").to_pylist():
        lead = say("audience.uncompared", tested=tested, naive=naive)
    else:
        lead = say("audience.nothing", tested=tested, naive=naive)
    head = [say(f"audience.{key}") for key in ("account", "of100", "matched", "odds", "outcome")]
    return [
        TextBlock(lead),
        TableBlock(head, _rows(finding, page), (1, 2, 3), headed=True),
        *notes(finding, say),
    ]


def _rows(finding: Finding, page: Page) -> list[list[Cell]]:
    say = page.say
    per_hundred = {
        (r["leader"], r["group"]): 100 * r["hit"] / max(r["of"], 1)
        for r in finding.table("compared").to_pylist()
    }
    highest = max(per_hundred.values(), default=1.0) or 1.0

    def with_bar(value: float, tone: str) -> TextCell:
        return TextCell(say.number(value, 1), bar=Bar(round(100 * value / highest, 1), tone))

    rows: list[list[Cell]] = []
    for row in finding.table("audiences").to_pylist():
        hit = per_hundred.get((row["leader"], "hit"))
        alike = per_hundred.get((row["leader"], "matched"))
        if hit is None or alike is None:
            continue
        rows.append(
            [
                TextCell(page.name(row["leader"]), say("role." + row["role"])),
                with_bar(hit, "hit"),
                with_bar(alike, "usual"),
                TextCell(
                    say.number(row["odds_ratio"]),
                    f"{say.number(row['or_low'])} – {say.number(row['or_high'])}",
                ),
                say("outcome." + row["outcome"]),
            ]
        )
    return rows
