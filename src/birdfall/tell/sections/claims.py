"""The section on claims: each statement as it was made, the verdict, and what was measured."""

from __future__ import annotations

from typing import Final

from birdfall.model.findings import Finding
from birdfall.tell.blocks import Block, Cell, Mark, QuoteCell, TableBlock, TextBlock, TextCell
from birdfall.tell.names import sanitize_text
from birdfall.tell.page import Page, how_measured, quoted
from birdfall.tell.sections.claim_reading import isolated, reading_words
from birdfall.tell.sections.verdict_details import measured_value, verdict_explanations
from birdfall.tell.terminal import claim_words

#: The mark of each verdict.
MARKS: Final[dict[str, Mark]] = {
    "supported": "yes",
    "supported_within": "near",
    "contradicted": "no",
    "not_answerable": "open",
}
#: Verdicts of statements that could be measured.
ANSWERED: Final = ("supported", "supported_within", "contradicted")
#: Sentences on other readings of a statement that fold out, at most.
MAX_EXPLANATIONS: Final = 4


def section(page: Page) -> list[Block]:
    """A table of all claims; none if nothing was checked."""
    say = page.say
    rows: list[list[Cell]] = [
        [
            _quote(f),
            TextCell(
                claim_words(f.details, say), _explanation(f, page), MARKS[f.details["verdict"]]
            ),
            measured_value(f, say),
        ]
        for f in page.findings_of_kind("claim")
        if f.details.get("verdict") in MARKS
    ]
    if not rows:
        return []
    head = [say("claims.statement"), say("claims.verdict"), say("claims.measured")]
    claims = page.findings_of_kind("claim")
    others = [_other_readings(f, page) for f in claims if f.details.get("verdict") in ANSWERED]
    return [
        TableBlock(head, rows, (2,), headed=True),
        *how_measured(page, *claims, fold="none", blocks=[b for b in others if b is not None]),
    ]


def _read_as(finding: Finding, page: Page) -> str:
    """How the statement was read, before what follows from it."""
    return reading_words(finding, page.say, lambda account: isolated(page.name(account)))


def _quote(finding: Finding) -> QuoteCell:
    statement = finding.details.get("said", {})
    return QuoteCell(
        sanitize_text(statement.get("text", "")),
        sanitize_text(statement.get("language") or ""),
        sanitize_text(statement.get("who") or ""),
    )


def _explanation(finding: Finding, page: Page) -> str:
    """How it was read; of one that cannot be answered, why."""
    told = [_read_as(finding, page)]
    if finding.details["verdict"] not in ANSWERED:
        told += verdict_explanations(finding, page.say)[:MAX_EXPLANATIONS]
    return _sentences(told)


def _other_readings(finding: Finding, page: Page) -> TextBlock | None:
    """For which windows or other readings a statement would hold; None if there are none."""
    told = verdict_explanations(finding, page.say)[:MAX_EXPLANATIONS]
    if not told:
        return None
    quote = quoted(finding.details.get("said", {}).get("text", ""), page.say)
    return TextBlock(_sentences(told), lead=page.say.quote(quote))


def _sentences(told: list[str]) -> str:
    return " ".join(text if text[-1:] in ".؟" else f"{text}." for text in told if text)
