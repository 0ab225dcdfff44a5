"""The section on automation.

Which share of the fallen looks inauthentic or automated, in bounds.
"""

from __future__ import annotations

from typing import Final

from birdfall.model.findings import Estimate, Finding
from birdfall.tell.blocks import Block, TableBlock, TextBlock
from birdfall.tell.page import Page, notes
from birdfall.tell.words import Words

SHARES: Final = ("inauthentic", "automated", "automated_authentic", "manual")
#: Signals in the table, at most: those in which the fallen visibly differ.
MAX_SIGNALS: Final = 6
#: Words of the first sentence, and the estimate each takes.
_COUNTS: Final = {
    "fallen": "fallen",
    "timing": "scoreable_timing",
    "profile": "scoreable_profile",
}


def section(page: Page) -> list[Block]:
    """Blocks of the section; none if the measure was not asked or could not answer."""
    finding, say = page.findings.get("automation-1"), page.say
    if finding is None or finding.answer == "cannot":
        return []
    counts = {k: say.number(finding[e].value) for k, e in _COUNTS.items()}
    blocks: list[Block] = [TextBlock(say("automation.looked", **counts))]
    if finding.answer == "found":
        head = [say(f"automation.{h}") for h in ("kind", "at_least", "at_most")]
        rows = [[say(f"automation.{s}"), *_bounds(finding[s], say)] for s in SHARES]
        blocks.append(TableBlock(head, rows, (1, 2)))
        blocks += _signal_table(finding, say)
    else:
        blocks.append(TextBlock(say("automation.nothing")))
    return [*blocks, *notes(finding, say)]


def _bounds(share: Estimate, say: Words) -> list[str]:
    """Lower and upper bound; a bound that says nothing is called unknown."""
    low, high = share.low or 0.0, 1.0 if share.high is None else share.high
    unknown = say("automation.unknown")
    return [say.percent(low) if low > 0 else unknown, say.percent(high) if high < 1 else unknown]


def _signal_table(finding: Finding, say: Words) -> list[Block]:
    rows = [
        [
            say(f"automation.signal.{r['signal']}"),
            say.number(r["fallen"]),
            say.number(r["controls"]),
            say.percent(r["at_least"]),
        ]
        for r in finding.table("signals").to_pylist()
        if r["at_least"] > 0
    ][:MAX_SIGNALS]
    if not rows:
        return []
    head = [say(f"automation.{h}") for h in ("signal", "fallen", "controls", "beyond")]
    return [TableBlock(head, rows, (1, 2, 3))]
