"""The section on refusals: what the data could not carry, as large as what it could."""

from __future__ import annotations

from birdfall.model.findings import Finding
from birdfall.tell.blocks import Block, TextBlock
from birdfall.tell.marks import plain
from birdfall.tell.page import Page, as_title


def section(page: Page) -> list[Block]:
    """Each reason with the questions it leaves open; claims have theirs beside them."""
    say, questions, texts = page.say, dict[str, list[str]](), dict[str, str]()
    for finding in page.findings.values():
        if finding.answer == "cannot" and finding.kind != "claim":
            text = " ".join(say.note(n, finding.name) for n in finding.reasons)
            reason = plain(text)
            texts.setdefault(reason, text)
            asked = questions.setdefault(reason, [])
            asked += [q for q in [_question(finding, page)] if q not in asked]
    return [
        TextBlock(texts[reason], lead=as_title(say.join(asked)) + say.colon)
        for reason, asked in questions.items()
    ]


def _question(finding: Finding, page: Page) -> str:
    key = f"kind.{finding.kind}"
    return page.say(key) if page.say.has(key) else finding.kind
