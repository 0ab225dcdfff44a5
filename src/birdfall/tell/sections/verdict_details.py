"""What stands beside a verdict on a claim.

Levels, readings for which it is true, why none is given.
"""

from __future__ import annotations

from birdfall.model.findings import Finding
from birdfall.tell.words import Words


def verdict_explanations(finding: Finding, say: Words) -> list[str]:
    """Sentences, the most informative first; none if the verdict says it all."""
    details = finding.details
    found = [
        say(
            "claim.level",
            role=say(f"claim.level.{level['role']}"),
            claimed=say.number(level["claimed"]),
            measured=say.number(level["measured"]),
        )
        for level in details.get("levels", ())
    ]
    reading = str(details.get("reading") or "")
    if say.has(f"claim.reading.{reading}") and reading != "window":
        found.append(say("claim.reading", reading=say(f"claim.reading.{reading}")))
    low, high = details.get("true_from_s"), details.get("true_to_s")
    if low is not None and high is not None:
        found.append(
            say("claim.true_from", **{"from": say.duration(low), "to": say.duration(high)})
        )
    second = details.get("second_reading") or {}
    if second and say.has(f"claim.reading.{second.get('reading')}"):
        unit = finding.estimates["measured"].unit if "measured" in finding.estimates else ""
        value = say.percent(second["value"]) if unit == "share" else say.number(second["value"])
        found.append(
            say("claim.second", reading=say(f"claim.reading.{second['reading']}"), value=value)
        )
    found += [say.note(n) for n in (*finding.reasons, *finding.limits)]
    return found


def measured_value(finding: Finding, say: Words) -> str:
    """What was measured, with its bounds; a dash if nothing was."""
    estimate = finding.estimates.get("measured")
    if estimate is None:
        return "–"
    levels = finding.details.get("levels", ())
    if levels:  # one count at several times
        return " · ".join(say.number(level["measured"]) for level in levels)
    shown = say.percent if estimate.unit == "share" else say.number
    if (
        estimate.low is None
        or estimate.high is None
        or estimate.low == estimate.high == estimate.value
    ):
        return shown(estimate.value)
    return f"{shown(estimate.value)} ({shown(estimate.low)} – {shown(estimate.high)})"
