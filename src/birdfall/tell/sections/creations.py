"""The section on creations: whether the accounts were made together."""

from __future__ import annotations

from birdfall.model.findings import Finding
from birdfall.tell.blocks import Block, TableBlock, TextBlock
from birdfall.tell.page import NumberWriter, Page, how_measured, notes

#: Rows of the table, at most; all are in the finding.
MAX_BURSTS = 8
#: Accounts made over longer than this, in seconds, were hardly made together: a month.
MAX_TOGETHER_S = 31 * 86_400.0


def section(page: Page) -> list[Block]:
    """The bursts, or that there was none and which would have been found; none where the section on
    automation says it.
    """
    finding = answered(page)
    if finding is None or told_with_automation(page):
        return []
    bursts = _bursts(finding, page) if finding.answer == "found" else []
    return [
        TextBlock(_answer(finding, page)),
        *bursts,
        *notes(finding, say=page.say),
        *how_measured(page, finding, blocks=[_rate(finding, page)]),
    ]


def told_with_automation(page: Page) -> bool:
    """Whether the section on automation stands, of which this is one more sign."""
    automation = page.findings.get("automation-1")
    return automation is not None and automation.answer != "cannot"


def answered(page: Page) -> Finding | None:
    """The finding, if it was asked and could be answered."""
    finding = page.findings.get("creations")
    return None if finding is None or finding.answer == "cannot" else finding


def lead(page: Page) -> str:
    """The answer in a sentence, where accounts were made together within days or weeks; else ""."""
    finding = page.findings.get("creations")
    if finding is None or finding.answer != "found":
        return ""
    shortest = min(r["duration_s"] for r in finding.table("bursts").to_pylist())
    return _answer(finding, page) if shortest <= MAX_TOGETHER_S else ""


def details(page: Page) -> list[Block]:
    """The answer where `lead` has none, the bursts and the usual rate."""
    finding = answered(page)
    if finding is None:
        return []
    return [
        *([] if lead(page) else [TextBlock(_answer(finding, page))]),
        *(_bursts(finding, page) if finding.answer == "found" else []),
        _rate(finding, page),
    ]


def _answer(finding: Finding, page: Page) -> str:
    say, write = page.say, NumberWriter(finding, page.say)
    who = say(f"creations.who.{finding.details['population']}")
    if finding.answer == "nothing":
        text = say("creations.nothing", accounts=write.number("accounts"), who=who)
        if finding["smallest_1w"].value is None:
            return text
        return f"{text} {say('creations.power', n=write.number('smallest_1w'))}"
    return say(
        "creations.found",
        accounts=write.number("accounts"),
        who=who,
        n=write.number("in_bursts"),
        share=write.percent("in_bursts_share"),
    )


def _rate(finding: Finding, page: Page) -> TextBlock:
    rate = NumberWriter(finding, page.say).number("base_rate")
    return TextBlock(page.say("creations.base", rate=rate))


def _bursts(finding: Finding, page: Page) -> list[Block]:
    """When, how many, beyond what, beside the other accounts."""
    say, write = page.say, NumberWriter(finding, page.say)
    rows: list[list[str]] = []
    for r in finding.table("bursts").to_pylist()[:MAX_BURSTS]:
        row = str(r["burst"])
        made, expected = (
            write.other(say.number(r[c]), f"bursts.{c}", r[c], "accounts", row)
            for c in ("observed", "expected")
        )
        share, others = (
            "–"
            if r[c] is None
            else write.other(say.percent(r[c], 1), f"bursts.{c}", r[c], "share", row)
            for c in ("share", "others_share")
        )
        length = write.duration(max(1.0, r["duration_s"]), "bursts.duration_s", row, alone=True)
        rows.append([say.time(r["start"]), length, made, expected, share, others])
    head = ["from", "length", "made", "expected", "share", "others"]
    return [TableBlock([say(f"creations.column.{h}") for h in head], rows, (2, 3, 4, 5))]
