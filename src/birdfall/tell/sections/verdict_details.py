"""What stands beside a verdict on a claim.

Levels, readings for which it is true, why none is given.
"""

from __future__ import annotations

from birdfall.model.findings import Finding
from birdfall.tell.page import NumberWriter
from birdfall.tell.words import Words


def verdict_explanations(finding: Finding, say: Words) -> list[str]:
    """Sentences, the most informative first; none if the verdict says it all."""
    details, write = finding.details, NumberWriter(finding, say)
    found = [
        say(
            "claim.level",
            role=say(f"claim.level.{level['role']}"),
            **{
                key: write.other(
                    say.number(level[key]), f"levels.{key}", level[key], "", level["role"]
                )
                for key in ("claimed", "measured")
            },
        )
        for level in details.get("levels", ())
    ]
    reading = str(details.get("reading") or "")
    if say.has(f"claim.reading.{reading}") and reading != "window":
        found.append(say("claim.reading", reading=say(f"claim.reading.{reading}")))
    low, high = details.get("true_from_s"), details.get("true_to_s")
    if low is not None and high is not None:
        found.append(
            say(
                "claim.true_from",
                **{
                    "from": write.duration(low, "true_from_s"),
                    "to": write.duration(high, "true_to_s"),
                },
            )
        )
    second = details.get("second_reading") or {}
    if second and say.has(f"claim.reading.{second.get('reading')}"):
        unit = finding.estimates["measured"].unit if "measured" in finding.estimates else ""
        value = say.percent(second["value"]) if unit == "share" else say.number(second["value"])
        value = write.other(value, "second_reading", second["value"], unit)
        found.append(
            say("claim.second", reading=say(f"claim.reading.{second['reading']}"), value=value)
        )
    found += [say.note(n, finding.name) for n in (*finding.reasons, *finding.limits)]
    return found


def measured_value(finding: Finding, say: Words) -> str:
    """What was measured, with its bounds; a dash if nothing was."""
    estimate = finding.estimates.get("measured")
    if estimate is None:
        return "–"
    levels, write = finding.details.get("levels", ()), NumberWriter(finding, say)
    if levels:  # one count at several times
        return " · ".join(
            write.other(
                say.number(level["measured"]),
                "levels.measured",
                level["measured"],
                "",
                level["role"],
            )
            for level in levels
        )
    shown = say.percent if estimate.unit == "share" else say.number
    value = write.keep(shown(estimate.value), "measured")
    if (
        estimate.low is None
        or estimate.high is None
        or estimate.low == estimate.high == estimate.value
    ):
        return value
    return say.bounded(value, *write.bounds("measured", shown))
