"""The section on reinstatements: whether many suspended accounts came back at once."""

from __future__ import annotations

from birdfall.model.findings import Finding
from birdfall.tell.blocks import Block, TableBlock, TextBlock
from birdfall.tell.page import NumberWriter, Page, how_measured, notes

#: Rows of the table, at most; all are in the finding.
MAX_BURSTS = 8


def section(page: Page) -> list[Block]:
    """The bursts, or that there was none and which would have been found."""
    finding, say = page.findings.get("reinstatements"), page.say
    if finding is None or finding.answer == "cannot":
        return []
    write = NumberWriter(finding, say)
    rate = TextBlock(say("reinstatements.base", rate=write.number("base_rate")))
    if finding.answer == "nothing":
        lead = say("reinstatements.nothing", all=write.number("reinstated"))
        if finding["smallest_1d"].value is not None:
            power = say("reinstatements.power", n=write.number("smallest_1d"))
            lead = f"{lead} {power}"
        found: list[Block] = [TextBlock(lead)]
    else:
        lead = say(
            "reinstatements.found", all=write.number("reinstated"), n=write.number("in_bursts")
        )
        found = [TextBlock(lead), _bursts(finding, page)]
    return [*found, *notes(finding, say=say), *how_measured(page, finding, blocks=[rate])]


def _bursts(finding: Finding, page: Page) -> TableBlock:
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
                write.duration(max(1.0, r["duration_s"]), "bursts.duration_s", row),
                write.other(
                    say.number(r["observed"]), "bursts.observed", r["observed"], "accounts", row
                ),
                write.other(
                    say.number(r["expected"]), "bursts.expected", r["expected"], "accounts", row
                ),
                f"{low} – {high}",
                "–" if away is None else write.duration(away, "bursts.away_s", row),
            ]
        )
    head = ["from", "length", "number", "expected", "size", "away"]
    return TableBlock([say(f"reinstatements.column.{h}") for h in head], rows, (2, 3, 4))
