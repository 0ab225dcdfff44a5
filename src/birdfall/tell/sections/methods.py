"""The section on methods: how each answer came about, how well weighing works, and the sources."""

from __future__ import annotations

from typing import Final

from birdfall.tell.blocks import Block, SourcesBlock, TextBlock
from birdfall.tell.page import Page

#: Kinds of findings in the order their methods are described; those not used are left out.
KINDS: Final = (
    "waves",
    "audiences",
    "returns",
    "ledger",
    "counts",
    "reconciliation",
    "coordination",
    "brigades",
    "automation",
    "explanations",
    "claim",
)
#: Words of the sentence on calibration, and the estimate each takes.
_CALIBRATION: Final = {
    "decided": "decided_in_worlds",
    "wrong": "wrong_when_decided",
    "error": "reliability_error",
}


def section(page: Page) -> list[Block]:
    """Plain words on each method, how well weighing works in simulated worlds, and references."""
    say = page.say
    answered = [f for f in page.findings.values() if f.answer != "cannot"]
    used = {f.kind for f in answered}
    blocks: list[Block] = [TextBlock(say(f"method.{kind}")) for kind in KINDS if kind in used]
    weighed = next((f for f in answered if f.kind == "explanations"), None)
    if weighed is not None:
        shares = {k: say.percent(weighed[e].value, 1) for k, e in _CALIBRATION.items()}
        blocks.append(TextBlock(say("method.calibration", **shares)))
    sources = sorted({m for f in answered for m in f.method})
    if sources:
        blocks.append(SourcesBlock(say("method.sources"), sources))
    return blocks
