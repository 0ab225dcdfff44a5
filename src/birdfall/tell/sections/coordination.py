"""The section on coordination: how many pairs there are, how many the null model leaves, the map, and the groups."""

from __future__ import annotations

import re
from typing import Any

from birdfall.model.findings import Finding
from birdfall.tell.names import sanitize_text
from birdfall.tell.page import Block, Page, join_names, subhead, table, text

#: Groups shown; all are in the finding.
GROUPS = 12
#: Examples shown, one a group, and the characters of each.
EXAMPLES, LONGEST = 5, 140
_MENTION = re.compile(r"@[\w.]+")


def coordination(page: Page) -> list[Block]:
    """A paragraph for each trace, with a map and a table where something was found."""
    return [
        block
        for finding in page.findings_of_kind("coordination")
        if finding.answer != "cannot" and "significant" in finding.estimates
        for block in _trace(finding, page)
    ]


def _trace(finding: Finding, page: Page) -> list[Block]:
    say = page.say
    blocks = [
        text(
            say(
                "coordination.text",
                trace=_named(finding, page),
                window=say.duration(float(finding.parameters.get("window_s", 60))),
                edges=say.number(finding["edges"].value),
                significant=say.number(finding["significant"].value),
                shifted=say.number(finding["shifted_significant"].value),
                fixed=say.number(finding["fixed_rule_edges"].value),
                groups=say.number(finding["groups"].value),
            )
        )
    ]
    if finding.answer == "nothing":
        return [*blocks, text(say("coordination.nothing"))]
    if finding.name in page.maps:
        blocks.append(_map(finding, page))
    return [*blocks, *_groups(finding, page), *_together(finding, page)]


def _named(finding: Finding, page: Page) -> str:
    """What was done together, as the beginning of a sentence: the traces of the network, however it is called."""
    traces = finding.parameters.get("trace") or [finding.name.removeprefix("coordination-")]
    keys = [f"trace.{t}" for t in ([traces] if isinstance(traces, str) else traces)]
    known = dict.fromkeys(page.say(k if page.say.has(k) else "trace.other") for k in keys)
    name = "، ".join(known) if page.say.language == "ar" else join_names(list(known))
    return name[:1].upper() + name[1:]


def _groups(finding: Finding, page: Page) -> list[Block]:
    say = page.say
    rows: list[list[Any]] = [
        [
            _called(r, page),
            say.number(r["members"]),
            say.percent(r["density"]),
            say.percent(r["coactive_share"]),
            "–" if r["span_s"] is None else say.duration(r["span_s"]),
            sanitize_text(r["languages"] or "–"),
        ]
        for r in finding.table("groups").to_pylist()[:GROUPS]
    ]
    head = [
        say(f"coordination.{key}")
        for key in ("group", "members", "density", "share", "span", "languages")
    ]
    return [table(head, rows, (1, 2, 3, 4), headed=True)] if rows else []


def _called(group: dict[str, Any], page: Page) -> str:
    number = page.say.number(group["group"])
    return page.say("coordination.block", group=number) if group["kind"] == "block" else number


def _together(finding: Finding, page: Page) -> list[Block]:
    """Examples of what groups acted on: one each, quoted where the record has the text."""
    say = page.say
    rows: list[list[Any]] = []
    seen: set[int] = set()
    for example in finding.table("examples").to_pylist():
        if example["group"] in seen or example["group"] > GROUPS:
            continue
        seen.add(example["group"])
        rows.append(
            [
                say.number(example["group"]),
                _what(example, page),
                join_names([page.name(example["account"]), page.name(example["other"])]),
                say.duration(example["apart_s"]),
            ]
        )
        if len(rows) == EXAMPLES:
            break
    head = [say(f"coordination.{key}") for key in ("group", "what", "pair", "apart")]
    return (
        [subhead(say("coordination.together")), table(head, rows, (3,), headed=True)]
        if rows
        else []
    )


def _what(example: dict[str, Any], page: Page) -> Any:
    """The text with the accounts it names left out; an account by its name here; else the object where it names nobody."""
    if example["shown"]:
        said = _MENTION.sub("@…", sanitize_text(example["shown"]))
        return {"quote": said if len(said) <= LONGEST else said[: LONGEST - 1] + "…"}
    if example["layer"] in ("mention", "report", "follow"):
        return page.name(example["object"])
    if example["layer"] in ("hashtag", "hashtags", "status", "link"):
        return sanitize_text(example["object"])[:LONGEST]
    return "–"


def _map(finding: Finding, page: Page) -> Block:
    say, drawn = page.say, page.maps[finding.name]
    labelled = [
        {
            **g,
            "label": f"{say('coordination.group')} {say.number(g['group'])} ({say.number(g['members'])})",
        }
        for g in drawn["groups"]
    ]
    alt = say("coordination.map", n=drawn["shown"])
    return {"kind": "map", "name": finding.name, "alt": alt, **drawn, "groups": labelled}
