"""The section on reinstatements: whether many suspended accounts came back at once."""

from __future__ import annotations

from birdfall.model.findings import Finding
from birdfall.tell.blocks import Block, TableBlock, TextBlock
from birdfall.tell.page import NumberWriter, Page, how_measured, notes

#: Rows of the table, at most; all are in the finding.
MAX_BURSTS = 8


def section(page: Page) -> list[Block]:
    """The bursts, or that there was none and which would have been found; none where the section on
    returns says it.
    """
    finding = answered(page)
    if finding is None or told_with_returns(page):
        return []
    found = [TextBlock(lead(page)), *(_bursts(finding, page) if finding.answer == "found" else [])]
    return [
        *found,
        *notes(finding, say=page.say),
        *how_measured(page, finding, blocks=[_rate(finding, page)]),
    ]


def told_with_returns(page: Page) -> bool:
    """Whether the section on returns stands, which then says of both how accounts came back."""
    returns = page.findings.get("returns-1")
    return returns is not None and returns.answer != "cannot"


def answered(page: Page) -> Finding | None:
    """The finding, if it was asked and could be answered."""
    finding = page.findings.get("reinstatements")
    return None if finding is None or finding.answer == "cannot" else finding


def lead(page: Page) -> str:
    """The answer in a sentence; "" without one."""
    finding, say = answered(page), page.say
    if finding is None:
        return ""
    write = NumberWriter(finding, say)
    if finding.answer == "nothing":
        text = say("reinstatements.nothing", all=write.number("reinstated"))
        if finding["smallest_1d"].value is None:
            return text
        return f"{text} {say('reinstatements.power', n=write.number('smallest_1d'))}"
    return say("reinstatements.found", all=write.number("reinstated"), n=write.number("in_bursts"))


def details(page: Page) -> list[Block]:
    """The bursts and the usual rate, for those who ask how it was measured."""
    finding = answered(page)
    if finding is None:
        return []
    bursts = _bursts(finding, page) if finding.answer == "found" else []
    return [*bursts, _rate(finding, page)]


def _rate(finding: Finding, page: Page) -> TextBlock:
    rate = NumberWriter(finding, page.say).number("base_rate")
    return TextBlock(page.say("reinstatements.base", rate=rate))


def _bursts(finding: Finding, page: Page) -> list[Block]:
    """When, how many, beyond what, after how long."""
    say, write = page.say, NumberWriter(finding, page.say)
    rows: list[list[str]] = []
    for r in finding.table("bursts").to_pylist()[:MAX_BURSTS]:
        row = str(r["burst"])
        low, high = (
            write.other(say.number(r[c], 0), f"bursts.{c}", r[c], "accounts", row)
            for c in ("size_low", "size_high")
        )
        away = r["away_s"]
        rows.append(
            [
                say.time(r["start"]),
                write.duration(max(1.0, r["duration_s"]), "bursts.duration_s", row, alone=True),
                write.other(
                    say.number(r["observed"]), "bursts.observed", r["observed"], "accounts", row
                ),
                write.other(
                    say.number(r["expected"]), "bursts.expected", r["expected"], "accounts", row
                ),
                f"{low} – {high}",
                "–" if away is None else write.duration(away, "bursts.away_s", row, alone=True),
            ]
        )
    head = ["from", "length", "number", "expected", "size", "away"]
    return [TableBlock([say(f"reinstatements.column.{h}") for h in head], rows, (2, 3, 4))]
