"""The request to the platform for the record that would decide, ready to send."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Final
from zoneinfo import ZoneInfo

from birdfall.explanations import ExplanationDetails
from birdfall.model.findings import Finding
from birdfall.tell.page import NumberWriter
from birdfall.tell.published import whole_day
from birdfall.tell.words import Words

#: A record expected to give fewer bits than this is not requested.
MIN_BITS: Final = 0.05
#: Records requested, at most.
MAX_REQUESTS: Final = 3


def records_to_request(finding: Finding) -> list[tuple[str, float]]:
    """Records that would decide it, with the bits expected of each, best first.

    None where one explanation is left or no record would help.
    """
    if finding.answer == "cannot" or len(finding.details["set"]) == 1:
        return []
    gains = [(g["record"], float(g["bits"])) for g in finding.table("gains").to_pylist()]
    return [g for g in gains if g[1] >= MIN_BITS][:MAX_REQUESTS]


def missing_records(finding: Finding) -> list[str]:
    """Records that are missing, to be asked for by letter, best first.

    Those that would decide it; where none would, the one that would let others check it.
    """
    worth_it = [record for record, _ in records_to_request(finding)]
    if worth_it or "gains" not in finding.tables or not finding.details.get("about"):
        return worth_it
    return [row["record"] for row in finding.table("gains").to_pylist()][:1]


def request_letter(finding: Finding, record: str, say: Words) -> str:
    """The request for one record, its paragraphs apart by an empty line.

    Parameters
    ----------
    finding
        A finding of explanations that knows what it is about.
    record
        A way of looking (`world.observation.TIERS`): the record to ask for.
    """
    details = ExplanationDetails.from_json(finding.details)
    remaining = [c for c in details.order if c in details.members] or details.order
    decides = any(record == one for one, _ in records_to_request(finding))
    reason = "why" if decides or len(remaining) > 1 else "check"
    causes = say.semicolon.join(say("cause." + c) for c in remaining)
    return "\n\n".join(
        [
            say("letter.to"),
            _subject(finding, details, say),
            say(f"letter.{reason}", causes=causes, record=say("record." + record)),
            say(
                "letter.ask",
                columns=say("columns." + record),
                formats=say.comma.join(("CSV", "JSON")),
            ),
            say("letter.end"),
        ]
    )


def _subject(finding: Finding, details: ExplanationDetails, say: Words) -> str:
    """Which accounts, and when."""
    about, write = details.about, NumberWriter(finding, say)
    if about is None:
        raise ValueError("a letter needs to know which wave it is about")
    if about.begin:
        # in UTC, as the platform keeps them, and to the second where a minute would not tell
        universal = replace(say, zone=ZoneInfo("UTC"))
        span = [dt.datetime.fromisoformat(time) for time in (about.begin, about.end)]
        seconds = any(time.second for time in span)
        begin, end = (universal.time(time, seconds=seconds) for time in span)
        n = write.counted(about.accounts[1], "about.accounts.high", "accounts")
        return say("letter.about", n=n, begin=begin, end=end)
    low, high = (
        write.other(say.number(n), f"about.accounts.{end}", n, "accounts")
        for n, end in zip(about.accounts, ("low", "high"), strict=True)
    )
    return say("letter.about_published", low=low, high=high, date=whole_day(about.date, say))
