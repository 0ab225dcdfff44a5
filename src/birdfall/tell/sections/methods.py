"""The section on methods: how well weighing works, and the sources."""

from __future__ import annotations

from typing import Final

from birdfall.tell.blocks import Block, DetailsBlock, SourcesBlock, TextBlock
from birdfall.tell.page import NumberWriter, Page

#: Words of the sentence on calibration, and the estimate each takes.
_CALIBRATION: Final = {
    "decided": "decided_in_worlds",
    "wrong": "wrong_when_decided",
    "error": "reliability_error",
}
#: How methods are cited that findings name by a word.
_CITED: Final = {
    "edge-and-visibility": "ledger of edges and of who can be seen (docs/methods/ledgers.md)",
    "greenwood-1926": "Greenwood 1926",
    "identified-bounds": "bounds that hold whatever is not known (docs/methods/ledgers.md)",
    "kaplan-meier-1958": "Kaplan and Meier 1958",
    "log-minus-log-band": "confidence band on the log-minus-log scale",
}


def section(page: Page) -> list[Block]:
    """How well weighing works in simulated worlds, and references; the rest folds out elsewhere."""
    say = page.say
    answered = [f for f in page.findings.values() if f.answer != "cannot"]
    folded = list[Block]()
    weighed = next((f for f in answered if f.kind == "explanations"), None)
    if weighed is not None:
        write = NumberWriter(weighed, say)
        shares = {k: write.percent(e, 1) for k, e in _CALIBRATION.items()}
        folded.append(TextBlock(say("method.calibration", **shares)))
    sources = sorted({_CITED.get(m, m) for f in answered for m in f.method})
    if sources:
        folded.append(SourcesBlock(say("method.sources"), sources))
    return [DetailsBlock(say("method.open"), folded)] if folded else []
