"""The section on coordination: how many pairs there are, how many the null model leaves, the map, and the groups."""

from __future__ import annotations

from typing import Any

from birdfall.model.findings import Finding
from birdfall.tell.page import Block, Page, table, text

#: Groups shown; all are in the finding.
GROUPS = 12


def coordination(page: Page) -> list[Block]:
    """A paragraph for each trace, with a map and a table where something was found."""
    return [
        block
        for finding in page.of_kind("coordination")
        if finding.answer != "cannot" and "significant" in finding.estimates
        for block in _trace(finding, page)
    ]


def _trace(finding: Finding, page: Page) -> list[Block]:
    say = page.say
    trace = finding.name.removeprefix("coordination-")
    blocks = [text(say(
        "coordination.text", trace=say(f"trace.{trace}") if say.has(f"trace.{trace}") else say("trace.other"),
        window=say.duration(float(finding.parameters.get("window_s", 60))),
        edges=say.number(finding["edges"].value), significant=say.number(finding["significant"].value),
        shifted=say.number(finding["shifted_significant"].value), fixed=say.number(finding["fixed_rule_edges"].value),
        groups=say.number(finding["groups"].value),
    ))]  # fmt: skip
    if finding.answer == "nothing":
        return [*blocks, text(say("coordination.nothing"))]
    if finding.name in page.maps:
        blocks.append(_map(finding, page))
    rows: list[list[Any]] = [
        [say.number(r["group"]), say.number(r["members"]), say.percent(r["density"]), say.percent(r["coactive_share"])]
        for r in finding.table("groups").to_pylist()[:GROUPS]
    ]
    head = [say(f"coordination.{key}") for key in ("group", "members", "density", "share")]
    return [*blocks, table(head, rows, (0, 1, 2, 3))] if rows else blocks


def _map(finding: Finding, page: Page) -> Block:
    say, drawn = page.say, page.maps[finding.name]
    labelled = [
        {**g, "label": f"{say('coordination.group')} {say.number(g['group'])} ({say.number(g['members'])})"}
        for g in drawn["groups"]
    ]
    alt = say("coordination.map", n=drawn["shown"])
    return {"kind": "map", "name": finding.name, "alt": alt, **drawn, "groups": labelled}
