"""The section on claims: each statement as it was made, the verdict, what was measured, and the reading for which it is true."""

from __future__ import annotations

from birdfall.model.findings import Finding
from birdfall.tell.names import sanitize_text
from birdfall.tell.page import Block, Page, table
from birdfall.tell.sections.verdict_details import measured_value, verdict_explanations
from birdfall.tell.terminal import claim_words
from birdfall.tell.words import Words

#: The mark of each verdict: told by its shape as well as its colour and its word.
MARKS = {
    "supported": "yes",
    "supported_within": "near",
    "contradicted": "no",
    "not_answerable": "open",
}


def claims(page: Page) -> list[Block]:
    """A table of all claims; none if nothing was checked."""
    say = page.say
    rows = [
        [
            {
                "quote": sanitize_text(f.details.get("said", {}).get("text", "")),
                "lang": sanitize_text(f.details.get("said", {}).get("language") or ""),
                "by": sanitize_text(f.details.get("said", {}).get("who") or ""),
            },
            {
                "mark": MARKS[f.details["verdict"]],
                "text": claim_words(f.details, say),
                "more": _reading(f, say),
            },
            measured_value(f, say),
        ]
        for f in page.findings_of_kind("claim")
        if f.details.get("verdict") in MARKS
    ]
    return (
        [
            table(
                [say("claims.statement"), say("claims.verdict"), say("claims.measured")], rows, (2,)
            )
        ]
        if rows
        else []
    )


def _reading(finding: Finding, say: Words) -> str:
    """For which windows or readings it holds, or why it cannot be answered."""
    return " ".join(
        text if text[-1:] in ".؟" else f"{text}." for text in verdict_explanations(finding, say)[:4]
    )
