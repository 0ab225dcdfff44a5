"""The section on coordination.

Pairs, what the null model leaves of them, the map, and the groups.
"""

from __future__ import annotations

import re
from typing import Final

from birdfall.model.findings import Finding
from birdfall.tell.blocks import (
    Block,
    Cell,
    MapBlock,
    MapButton,
    QuoteCell,
    SubheadBlock,
    TableBlock,
    TextBlock,
)
from birdfall.tell.names import sanitize_text
from birdfall.tell.page import Page, join_names, notes
from birdfall.tell.rows import ExampleRow, GroupRow

#: Groups in the table, at most; all are in the finding.
MAX_GROUPS: Final = 12
#: Examples in the table, at most one a group, and the characters of each.
MAX_EXAMPLES, MAX_EXAMPLE_CHARACTERS = 5, 140
_MENTION = re.compile(r"@[\w.]+")


def section(page: Page) -> list[Block]:
    """A paragraph for each trace, with a map and a table where something was found."""
    return [
        block
        for finding in page.findings_of_kind("coordination")
        if finding.answer != "cannot" and "significant" in finding.estimates
        for block in _trace_blocks(finding, page)
    ]


def _trace_blocks(finding: Finding, page: Page) -> list[Block]:
    say = page.say
    lead = TextBlock(
        say(
            "coordination.text",
            trace=_trace_name(finding, page),
            window=say.duration(float(finding.parameters.get("window_s", 60))),
            edges=say.number(finding["edges"].value),
            significant=say.number(finding["significant"].value),
            shifted=say.number(finding["shifted_significant"].value),
            fixed=say.number(finding["fixed_rule_edges"].value),
            groups=say.number(finding["groups"].value),
        )
    )
    if finding.answer == "nothing":
        blind = any(note.code == "no-power" for note in finding.limits)
        key = "coordination.no_power" if blind else "coordination.nothing"
        return [lead, TextBlock(say(key)), *notes(finding, say)]
    drawn = [_map_block(finding, page)] if finding.name in page.maps else []
    return [lead, *drawn, *_group_table(finding, page), *_example_blocks(finding, page)]


def _trace_name(finding: Finding, page: Page) -> str:
    """What was done together, as the beginning of a sentence.

    By the network's traces, not its name.
    """
    traces = finding.parameters.get("trace") or [finding.name.removeprefix("coordination-")]
    keys = [f"trace.{t}" for t in ([traces] if isinstance(traces, str) else traces)]
    known = dict.fromkeys(page.say(k if page.say.has(k) else "trace.other") for k in keys)
    name = "، ".join(known) if page.say.language == "ar" else join_names(list(known))
    return name[:1].upper() + name[1:]


def _group_table(finding: Finding, page: Page) -> list[Block]:
    say = page.say
    rows = [
        [
            _group_name(r, page),
            say.number(r["members"]),
            say.percent(r["density"]),
            say.percent(r["coactive_share"]),
            "–" if r["span_s"] is None else say.duration(r["span_s"]),
            sanitize_text(r["languages"] or "–"),
        ]
        for r in finding.table("groups").to_pylist()[:MAX_GROUPS]
    ]
    head = [
        say(f"coordination.{key}")
        for key in ("group", "members", "density", "share", "span", "languages")
    ]
    return [TableBlock(head, rows, (1, 2, 3, 4), headed=True)] if rows else []


def _group_name(group: GroupRow, page: Page) -> str:
    number = page.say.number(group["group"])
    return page.say("coordination.block", group=number) if group["kind"] == "block" else number


def _example_blocks(finding: Finding, page: Page) -> list[Block]:
    """Examples of what groups acted on: one each, quoted where the record has the text."""
    say = page.say
    rows: list[list[Cell]] = []
    seen: set[int] = set()
    for example in finding.table("examples").to_pylist():
        if example["group"] in seen or example["group"] > MAX_GROUPS:
            continue
        seen.add(example["group"])
        rows.append(
            [
                say.number(example["group"]),
                _object_cell(example, page),
                join_names([page.name(example["account"]), page.name(example["other"])]),
                say.duration(example["apart_s"]),
            ]
        )
        if len(rows) == MAX_EXAMPLES:
            break
    if not rows:
        return []
    head = [say(f"coordination.{key}") for key in ("group", "what", "pair", "apart")]
    return [
        SubheadBlock(say("coordination.together")),
        TableBlock(head, rows, (3,), headed=True),
    ]


def _object_cell(example: ExampleRow, page: Page) -> Cell:
    """The text without the accounts it names.

    An account by its name here; else the object itself.
    """
    if example["shown"]:
        text = _MENTION.sub("@…", sanitize_text(example["shown"]))
        if len(text) > MAX_EXAMPLE_CHARACTERS:
            text = text[: MAX_EXAMPLE_CHARACTERS - 1] + "…"
        return QuoteCell(text)
    if example["layer"] in ("mention", "report", "follow"):
        return page.name(example["object"])
    if example["layer"] in ("hashtag", "hashtags", "status", "link"):
        return sanitize_text(example["object"])[:MAX_EXAMPLE_CHARACTERS]
    return "–"  # an object that might name somebody


def _map_block(finding: Finding, page: Page) -> MapBlock:
    say, drawn = page.say, page.maps[finding.name]
    buttons = [
        MapButton(
            g.rank,
            g.colour,
            f"{say('coordination.group')} {say.number(g.group)} ({say.number(g.members)})",
        )
        for g in drawn.groups
    ]
    alt = say("coordination.map", n=drawn.shown)
    return MapBlock(finding.name, alt, drawn.data, buttons)
