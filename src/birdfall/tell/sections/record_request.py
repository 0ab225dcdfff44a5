"""The request to the platform for the record that would decide, ready to send: which accounts, which period, which columns, and why."""

from __future__ import annotations

import datetime as dt
from typing import Final

from birdfall.model.findings import Finding
from birdfall.tell.words import Words

#: A record worth less than this is not asked for (bits), and so many are at most.
WORTH_ASKING: Final = 0.05
MOST_ASKED: Final = 3


def records_to_request(finding: Finding) -> list[tuple[str, float]]:
    """Records that would decide it, with their bits, best first: none where one explanation is left or none would help."""
    if finding.answer == "cannot" or len(finding.details["set"]) == 1:
        return []
    gains = [(g["record"], float(g["bits"])) for g in finding.table("gains").to_pylist()]
    return [g for g in gains if g[1] >= WORTH_ASKING][:MOST_ASKED]


def request_letter(finding: Finding, record: str, say: Words) -> str:
    """The request for one record, in paragraphs."""
    left = [c for c in finding.details["order"] if c in finding.details["set"]] or finding.details[
        "order"
    ]
    causes = "; ".join(say("cause." + c) for c in left)
    return "\n\n".join(
        [
            say("letter.to"),
            _about(finding, say),
            say("letter.why", causes=causes, record=say("record." + record)),
            say("letter.ask", columns=say("columns." + record), formats="CSV, JSON"),
            say("letter.end"),
        ]
    )


def _about(finding: Finding, say: Words) -> str:
    about = finding.details["about"]
    if "begin" in about:
        begin, end = (
            dt.datetime.fromisoformat(about[k]).astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
            for k in ("begin", "end")
        )
        return say(
            "letter.about",
            n=about["accounts"][1],
            begin=f"\u2066{begin}\u2069",
            end=f"\u2066{end}\u2069",
        )
    low, high = (say.number(n) for n in about["accounts"])
    return say("letter.about_published", low=low, high=high, date=f"\u2066{about['date']}\u2069")
