"""How a claim was read, in words: what was measured, of whom, how long, when, and how many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from birdfall.model.findings import Finding
from birdfall.tell.page import NumberWriter, quoted
from birdfall.tell.sections.verdict_details import measured_value
from birdfall.tell.words import Words

#: Of what the count of followers itself is told.
_OF_ACCOUNT = ("lost", "gained", "level")


def reading_words(finding: Finding, say: Words, name: Callable[[str], str]) -> str:
    """How a claim was read, "" if nothing was measured. name: what an account is called.

    Examples
    --------
    "Read as: accounts suspended, of all accounts, within 10 minutes, between 31 Oct 2013, 17:50 and
    31 Oct 2013, 18:00 (UTC): 3,300."
    """
    parsed = finding.details.get("parsed")
    if not parsed or "measured" not in finding.estimates:
        return ""
    parts = [
        say(f"claim.read.{parsed['quantity']}"),
        *_whose(finding.details, parsed, say, name),
        *_share(parsed, say),
        *_time(finding, parsed, say),
    ]
    text = say("claim.read", parts=say.comma.join(parts), value=measured_value(finding, say))
    if finding.details.get("denied"):
        text += " " + say("claim.read.denied")
    return text


def isolated(name: str) -> str:
    """A name that keeps its own direction in a line that runs the other way."""
    return f"\u2068{name}\u2069"


def _whose(
    details: Mapping[str, Any], parsed: Mapping[str, Any], say: Words, name: Callable[[str], str]
) -> list[str]:
    if parsed["quantity"] == "began":
        return []
    account = details.get("account")
    found = []
    if parsed["quantity"] in _OF_ACCOUNT and account is not None:
        found.append(say("claim.read.account", name=name(account)))
    elif account is not None:
        found.append(say("claim.read.followers", name=name(account)))
    elif parsed["unit"] != "percent":
        found.append(say("claim.read.all"))
    if parsed["quantity"] == "ratio":
        compared = str(parsed["of"])
        known = say.has(f"claim.read.than_{compared}")
        found.append(
            say(f"claim.read.than_{compared}")
            if known
            else say("claim.read.than", name=quoted(compared, say))
        )
    return found


def _share(parsed: Mapping[str, Any], say: Words) -> list[str]:
    if parsed["unit"] != "percent":
        return []
    base = parsed["of"]
    if parsed["quantity"] in ("restored", "missing"):
        base = "fallen"
    elif parsed["quantity"] in ("lost", "gained"):
        base = "count"
    elif base != "fallen":
        base = "followers" if parsed["population"] != "all" else "accounts"
    return [say(f"claim.read.share.{base}")]


def _time(finding: Finding, parsed: Mapping[str, Any], say: Words) -> list[str]:
    details, found = finding.details, []
    if parsed.get("next_day"):
        found.append(say("claim.read.next_day"))
    elif parsed.get("same_day"):
        found.append(say("claim.read.same_day"))
    elif parsed["window_s"] is not None:
        longest = parsed["window_most_s"] or parsed["window_s"]
        within = NumberWriter(finding, say).duration(longest, "parsed.window_s")
        found.append(say("claim.read.within", duration=within))
    begin, end = details.get("since"), details.get("by")
    best = details.get("best_reading")
    if begin is None and best is not None:
        begin, end = best["from"], best["to"]
    if begin is not None and end is not None:
        first, last = (dt.datetime.fromtimestamp(t, dt.UTC) for t in (begin, end))
        told = {"from": say.time(first), "to": say.time(last), "zone": str(say.zone)}
        found.append(say("claim.read.between", **told))
    return found
