"""The section on audiences.

Who was hit, x of a hundred against y of a hundred alike, controls beside them.
"""

from __future__ import annotations

from birdfall.model.findings import Finding
from birdfall.tell.blocks import Bar, Block, Cell, TableBlock, TextBlock, TextCell
from birdfall.tell.page import NumberWriter, Page, how_measured, notes
from birdfall.tell.rows import AudienceRow


def section(page: Page) -> list[Block]:
    """Blocks of the largest wave's audience test; none if it was not asked."""
    finding, say = page.findings.get("audiences-1"), page.say
    if finding is None or finding.answer == "cannot":
        return []
    write = NumberWriter(finding, say)
    if finding.answer == "found":
        hits, share = write.count("hits"), write.percent("explained")
    tested, naive = write.count("leaders_tested"), write.count("naive_hits")
    if finding.answer == "found":
        lead = say("audience.found", n=hits, share=share, tested=tested, naive=naive)
    elif "too few alike" in finding.table("audiences").column("outcome").to_pylist():
        lead = say("audience.uncompared", tested=tested, naive=naive)
    else:
        lead = say("audience.nothing", tested=tested, naive=naive)
    head = [say(f"audience.{key}") for key in ("account", "of100", "matched")]
    return [
        TextBlock(lead),
        TableBlock(head, _rows(finding, page), (1, 2), headed=True),
        *notes(finding, say=say),
        *how_measured(
            page, finding, blocks=[*_two_shares(finding, page), _odds_table(finding, page)]
        ),
    ]


def _two_shares(finding: Finding, page: Page) -> list[Block]:
    """The share of the leader's followers that was suspended, beside the share its count lost.

    Two numbers that readers take for one; nothing where one of them is missing.
    """
    counts = page.findings.get("counts")
    if counts is None or counts.answer != "found":
        return []
    lost = {r["account"]: r["hazard"] for r in counts.table("drops").to_pylist() if r["wave"] == 1}
    for row in finding.table("compared").to_pylist():
        if row["group"] == "hit" and row["leader"] in lost:
            say, leader = page.say, page.name(row["leader"])
            share, hazard = row["hit"] / max(row["of"], 1), lost[row["leader"]]
            text = say(
                "audience.two_shares",
                leader=leader,
                suspended=NumberWriter(finding, say).other(
                    say.number(100 * share, 1), "of_100.hit", share, "share", leader
                ),
                lost=NumberWriter(counts, say).other(
                    say.number(100 * hazard, 1), "of_100", hazard, "share", leader
                ),
            )
            return [TextBlock(text)]
    return []


def _odds_table(finding: Finding, page: Page) -> TableBlock:
    """The odds ratio of each audience that was compared, with its bounds."""
    say, write = page.say, NumberWriter(finding, page.say)
    rows = [
        [
            page.name(r["leader"]),
            say.bounded(
                *(
                    write.other(
                        say.number(value),
                        f"audiences.{key}",
                        value,
                        "ratio",
                        page.name(r["leader"]),
                    )
                    for key, value in (
                        ("odds_ratio", r["odds_ratio"]),
                        ("or_low", r["or_low"]),
                        ("or_high", r["or_high"]),
                    )
                )
            ),
        ]
        for r in _compared(finding)
    ]
    return TableBlock([say("audience.account"), say("audience.odds")], rows, (1,), headed=True)


def _role_and_outcome(row: AudienceRow, page: Page) -> str:
    role = page.say("role." + row["role"])
    if row["outcome"] == "not raised":  # the two bars say it
        return role
    return f"{role}{page.say.colon} {page.say('outcome.' + row['outcome'])}"


def _compared(finding: Finding) -> list[AudienceRow]:
    """The audiences that were compared with accounts like their followers."""
    compared = set(finding.table("compared").column("leader").to_pylist())
    return [r for r in finding.table("audiences").to_pylist() if r["leader"] in compared]


def _rows(finding: Finding, page: Page) -> list[list[Cell]]:
    say, write = page.say, NumberWriter(finding, page.say)
    per_hundred = {
        (r["leader"], r["group"]): 100 * r["hit"] / max(r["of"], 1)
        for r in finding.table("compared").to_pylist()
    }
    highest = max(per_hundred.values(), default=1.0) or 1.0

    def with_bar(value: float, tone: str, leader: str) -> TextCell:
        text = write.other(
            say.number(value, 1), f"of_100.{tone}", value / 100, "share", page.name(leader)
        )
        return TextCell(text, bar=Bar(round(100 * value / highest, 1), tone))

    rows: list[list[Cell]] = []
    for row in _compared(finding):
        hit = per_hundred.get((row["leader"], "hit"))
        alike = per_hundred.get((row["leader"], "matched"))
        if hit is None or alike is None:
            continue
        rows.append(
            [
                TextCell(page.name(row["leader"]), _role_and_outcome(row, page)),
                with_bar(hit, "hit", row["leader"]),
                with_bar(alike, "usual", row["leader"]),
            ]
        )
    return rows
