"""The section on refusals: what the data could not carry, as large as what it could."""

from __future__ import annotations

from birdfall.tell.blocks import Block, SubheadBlock, TextBlock
from birdfall.tell.page import Page


def section(page: Page) -> list[Block]:
    """Each finding that could not answer, with the reasons; claims have theirs beside them."""
    say, blocks = page.say, list[Block]()
    for finding in page.findings.values():
        if finding.answer == "cannot" and finding.kind != "claim":
            kind = say(f"kind.{finding.kind}") if say.has(f"kind.{finding.kind}") else finding.kind
            reasons = " ".join(say.note(n) for n in finding.reasons)
            blocks += [SubheadBlock(kind), TextBlock(reasons)]
    return blocks
