"""The section on claims: each statement as it was made, the verdict, what was measured, and the reading for which it is true."""

from __future__ import annotations

from birdfall.model.findings import Finding
from birdfall.tell.names import plain
from birdfall.tell.page import Block, Page, ranged, table
from birdfall.tell.terminal import claim_words
from birdfall.tell.words import Words

#: The mark of each verdict: told by its shape as well as its colour and its word.
MARKS = {"supported": "yes", "supported_within": "near", "contradicted": "no", "not_answerable": "open"}


def claims(page: Page) -> list[Block]:
    """A table of all claims; none if nothing was checked."""
    say = page.say
    rows = [
        [
            {"quote": plain(f.details.get("said", {}).get("text", "")), "lang": plain(f.details.get("said", {}).get("language") or ""),
             "by": plain(f.details.get("said", {}).get("who") or "")},
            {"mark": MARKS[f.details["verdict"]], "text": claim_words(f.details, say), "more": _reading(f, say)},
            ranged(f["measured"], say) if "measured" in f.estimates else "–",
        ]
        for f in page.of_kind("claim")
        if f.details.get("verdict") in MARKS
    ]  # fmt: skip
    return [table([say("claims.statement"), say("claims.verdict"), say("claims.measured")], rows, (2,))] if rows else []


def _reading(finding: Finding, say: Words) -> str:
    """For which windows it holds, or why it cannot be answered."""
    low, high = finding.details.get("true_from_s"), finding.details.get("true_to_s")
    if low is not None and high is not None:
        return say("claim.true_from", **{"from": say.duration(low), "to": say.duration(high)})
    if finding.details["verdict"] == "not_answerable":
        return " ".join(say.note(n) for n in (*finding.reasons, *finding.limits)[:2])
    return ""
