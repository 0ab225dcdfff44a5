"""The section on automation.

Which share of the fallen looks inauthentic or automated, in bounds.
"""

from __future__ import annotations

from typing import Final

from birdfall.model.findings import Estimate, Finding
from birdfall.tell.blocks import Bar, Block, Cell, TableBlock, TextBlock, TextCell
from birdfall.tell.page import NumberWriter, Page, how_measured, notes
from birdfall.tell.sections import creations
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
    write = NumberWriter(finding, say)
    counts = {k: write.count(e) for k, e in _COUNTS.items()}
    looked = TextBlock(say("automation.looked", **counts))
    made = creations.lead(page)
    together = [TextBlock(made)] if made else []
    if finding.answer != "found":
        return [
            TextBlock(say("automation.nothing")),
            *together,
            *notes(finding, say=say),
            *how_measured(
                page,
                finding,
                blocks=[looked, *creations.details(page)],
                told_here=creations.answered(page),
            ),
        ]
    return [
        *_share_blocks(finding, say),
        *together,
        *notes(finding, say=say),
        *how_measured(
            page,
            finding,
            blocks=[looked, *_signal_table(finding, say), *creations.details(page)],
            told_here=creations.answered(page),
        ),
    ]


def _share_blocks(finding: Finding, say: Words) -> list[Block]:
    """The shares of which something is known, and in a line those of which nothing is."""
    head = [say(f"automation.{h}") for h in ("kind", "at_least", "at_most")]
    known = [s for s in SHARES if _is_bounded(finding[s])]
    rows: list[list[Cell]] = [
        [_range_cell(finding[s], s, say), *_bounds(finding, s, say)] for s in known
    ]
    blocks: list[Block] = [TableBlock(head, rows, (1, 2), headed=True)] if rows else []
    unknown = [say(f"automation.{s}") for s in SHARES if s not in known]
    if unknown:
        items = say.join(unknown)
        blocks.append(TextBlock(say("automation.no_bounds", items=items)))
    return blocks


def _is_bounded(share: Estimate) -> bool:
    return bool((share.low or 0) > 0 or (share.high is not None and share.high < 1))


def _range_cell(share: Estimate, name: str, say: Words) -> TextCell:
    """A share's name, and a bar from its lower to its upper bound."""
    low, high = share.low or 0.0, 1.0 if share.high is None else share.high
    bar = Bar(round(100 * (high - low), 1), "usual", round(100 * low, 1))
    return TextCell(say(f"automation.{name}"), bar=bar)


def _bounds(finding: Finding, key: str, say: Words) -> list[str]:
    """Lower and upper bound; a bound that says nothing is called unknown."""
    share, unknown = finding[key], say("automation.unknown")
    low, high = NumberWriter(finding, say).bounds(key, say.percent)
    return [
        low if (share.low or 0.0) > 0 else unknown,
        high if (1.0 if share.high is None else share.high) < 1 else unknown,
    ]


def _signal_table(finding: Finding, say: Words) -> list[Block]:
    write = NumberWriter(finding, say)
    rows = [
        [
            say(f"automation.signal.{r['signal']}"),
            *(
                write.other(show(r[key]), f"signals.{key}", r[key], unit, r["signal"])
                for key, show, unit in (
                    ("fallen", say.number, "value"),
                    ("controls", say.number, "value"),
                    ("at_least", say.percent, "share"),
                )
            ),
        ]
        for r in finding.table("signals").to_pylist()
        if r["at_least"] > 0
    ][:MAX_SIGNALS]
    if not rows:
        return []
    head = [say(f"automation.{h}") for h in ("signal", "fallen", "controls", "beyond")]
    return [TableBlock(head, rows, (1, 2, 3))]
