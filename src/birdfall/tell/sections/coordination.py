"""The section on coordination.

Pairs, what the null model leaves of them, the map, and the groups.
"""

from __future__ import annotations

import re
from typing import Literal

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
from birdfall.tell.page import NumberWriter, Page, caution, how_measured, notes, quoted
from birdfall.tell.rows import ExampleRow, GroupRow
from birdfall.tell.sentences import accounts_together, trace_names, window_words
from birdfall.tell.words import Words

#: Groups in the table and in that which folds out, at most; all are in the finding.
MAX_SHOWN_GROUPS, MAX_GROUPS = 3, 12
#: Members of a group that are listed, at most; all are in the finding.
MAX_MEMBERS = 60
#: Examples in the table, at most one a group, and the characters of each.
MAX_EXAMPLES, MAX_EXAMPLE_CHARACTERS = 5, 140
_MENTION = re.compile(r"@[\w.]+")


def section(page: Page) -> list[Block]:
    """Each trace in which something was found, with its map; the others together in a line."""
    asked = [
        f
        for f in page.findings_of_kind("coordination")
        if f.answer != "cannot" and "significant" in f.estimates
    ]
    found = [f for f in asked if f.answer == "found"]
    empty = [f for f in asked if f.answer == "nothing"]
    if not asked:
        return []
    blocks = [block for finding in found for block in _trace_blocks(finding, page)]
    blocks += caution(page, found[0]) if found else []
    blocks += _empty_blocks(empty, page)
    folded = [block for finding in asked for block in _folded_blocks(finding, page)]
    return [*blocks, *notes(*asked, say=page.say), *how_measured(page, *asked, blocks=folded)]


def _trace_blocks(finding: Finding, page: Page) -> list[Block]:
    """Who acted in concert: how many, their map, and their groups."""
    say, write = page.say, NumberWriter(finding, page.say)
    text = say(
        "coordination.found",
        n=write.counted(accounts_together(finding), "members_all", "accounts"),
        window=window_words(finding, say),
        trace=trace_names(finding, page.say),
        groups=write.count("groups"),
        pairs=write.count("significant"),
    )
    drawn: list[Block] = [_map_block(finding, page)] if finding.name in page.maps else []
    if "across_platforms" in finding.estimates:
        crossing = write.count("across_platforms")
        drawn.insert(0, TextBlock(say("coordination.platforms", crossing=crossing)))
    return [TextBlock(text), *drawn, *_group_table(finding, page)]


def _empty_blocks(empty: list[Finding], page: Page) -> list[Block]:
    """What was looked for and not found, with what would have been seen; what could not be seen."""
    say, blocks = page.say, list[Block]()
    blind = [f for f in empty if any(n.code == "no-power" for n in f.limits)]
    seeing = [f for f in empty if f not in blind]
    if seeing:
        needed = [(n.values["of_10"], f) for f in seeing for n in f.limits if n.code == "power"]
        known = [(n, f.name, f) for n, f in needed if isinstance(n, int)]
        traces = _trace_names(seeing, page)
        text = say("coordination.not_found", traces=traces)
        if known and len(known) == len(needed) == len(seeing):
            most, _, of = max(known)
            n = NumberWriter(of, say).counted(most, "power.of_10", "objects")
            text += " " + say("coordination.seen_from", n=n)
        blocks.append(TextBlock(text))
    if any(n.code == "closed-circle" for f in seeing for n in f.limits):
        blocks.append(TextBlock(say("coordination.closed")))
    if blind:
        blocks.append(TextBlock(say("coordination.blind", traces=_trace_names(blind, page))))
    return blocks


def _trace_names(findings: list[Finding], page: Page) -> str:
    return page.say.join([trace_names(f, page.say) for f in findings])


def _folded_blocks(finding: Finding, page: Page) -> list[Block]:
    """The numbers of one trace, and examples of what its groups acted on."""
    say, write = page.say, NumberWriter(finding, page.say)
    name = trace_names(finding, page.say)
    text = say(
        "coordination.text",
        trace=name[:1].upper() + name[1:],
        window=window_words(finding, say),
        edges=write.number("edges"),
        significant=write.number("significant"),
        shifted=write.number("shifted_significant"),
        fixed=write.number("fixed_rule_edges"),
        groups=write.number("groups"),
    )
    lead = TextBlock(text)
    if finding.answer != "found":
        return [lead]
    return [
        lead,
        *_density_table(finding, page),
        *_member_table(finding, page),
        *_example_blocks(finding, page),
    ]


def _member_table(finding: Finding, page: Page) -> list[Block]:
    """Who is in each of the largest groups, by the names they go by here."""
    say, write = page.say, NumberWriter(finding, page.say)
    rows: list[list[Cell]] = []
    for group in _largest_groups(finding)[:MAX_GROUPS]:
        accounts = group["accounts"] or []
        names = [page.name(a) for a in accounts[:MAX_MEMBERS]]
        more = len(accounts) - len(names)
        if more > 0:
            row = str(group["group"])
            others = write.counted(more, "groups.members_not_listed", "accounts", row)
            names.append(say("coordination.others", n=others))
        rows.append([_group_name(group, page), page.say.comma.join(names)])
    head = [say("coordination.group"), say("coordination.members")]
    return [TableBlock(head, rows, headed=True)] if rows else []


def _group_table(finding: Finding, page: Page) -> list[Block]:
    """The largest groups: how many, over which time, and an example of what they shared."""
    say, examples = page.say, _first_examples(finding)
    write = NumberWriter(finding, say)
    groups = _largest_groups(finding)[:MAX_SHOWN_GROUPS]
    cells = [_object_cell(examples[r["group"]], page) for r in groups if r["group"] in examples]
    shared = dict(zip([r["group"] for r in groups if r["group"] in examples], cells, strict=True))
    rows: list[list[Cell]] = [
        [
            _group_name(r, page),
            _group_number(r, "members", write, say),
            "–"
            if r["span_s"] is None
            else write.duration(r["span_s"], "groups.span_s", str(r["group"]), alone=True),
            shared.get(r["group"], "–"),
        ]
        for r in groups
    ]
    keys = ["group", "members", "span", "shared"]
    if all(row[-1] == "–" for row in rows):  # objects that might name somebody are not shown
        keys, rows = keys[:-1], [row[:-1] for row in rows]
    return [TableBlock([say(f"coordination.{k}") for k in keys], rows, (1, 2), headed=True)]


def _largest_groups(finding: Finding) -> list[GroupRow]:
    groups: list[GroupRow] = finding.table("groups").to_pylist()
    return sorted(groups, key=lambda g: (-g["members"], g["group"]))


def _first_examples(finding: Finding) -> dict[int, ExampleRow]:
    """The first example of what each group acted on, by its number."""
    found: dict[int, ExampleRow] = {}
    for example in finding.table("examples").to_pylist():
        found.setdefault(example["group"], example)
    return found


def _density_table(finding: Finding, page: Page) -> list[Block]:
    """How dense each group is, how much of its activity is shared, and its languages."""
    say, write = page.say, NumberWriter(finding, page.say)
    rows = [
        [
            _group_name(r, page),
            _group_number(r, "members", write, say),
            _group_number(r, "density", write, say),
            _group_number(r, "coactive_share", write, say),
            sanitize_text(r["languages"] or "–"),
        ]
        for r in _largest_groups(finding)[:MAX_GROUPS]
    ]
    head = [
        say(f"coordination.{key}") for key in ("group", "members", "density", "share", "languages")
    ]
    return [TableBlock(head, rows, (1, 2, 3), headed=True)] if rows else []


def _group_number(
    group: GroupRow,
    column: Literal["members", "density", "coactive_share"],
    write: NumberWriter,
    say: Words,
) -> str:
    """How many members a group has, or a share of it."""
    value, counts = group[column], column == "members"
    text = say.number(value) if counts else say.percent(value)
    unit = "accounts" if counts else "share"
    return write.other(text, f"groups.{column}", value, unit, str(group["group"]))


def _group_name(group: GroupRow, page: Page) -> str:
    number = quoted(page.say.number(group["group"]), page.say)
    return page.say("coordination.block", group=number) if group["kind"] == "block" else number


def _example_blocks(finding: Finding, page: Page) -> list[Block]:
    """Examples of what groups acted on: one each, quoted where the record has the text."""
    say, write = page.say, NumberWriter(finding, page.say)
    rows: list[list[Cell]] = []
    for example in _first_examples(finding).values():
        rows.append(
            [
                quoted(say.number(example["group"]), say),
                _object_cell(example, page),
                page.say.comma.join([page.name(example["account"]), page.name(example["other"])]),
                write.duration(
                    example["apart_s"], "examples.apart_s", str(example["group"]), alone=True
                ),
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
    if example["layer"] in ("hashtag", "hashtags", "status", "link", "domain", "emoji"):
        return quoted(example["object"][:MAX_EXAMPLE_CHARACTERS], page.say)
    return "–"  # an object that might name somebody


def _map_block(finding: Finding, page: Page) -> MapBlock:
    say, drawn = page.say, page.maps[finding.name]
    write = NumberWriter(finding, say)
    # those of a group whom no pair on the map shows are its members too
    sizes = {r["group"]: r["members"] for r in finding.table("groups").to_pylist()}
    buttons = []
    for g in drawn.groups:
        number = quoted(say.number(g.group), say)
        size = sizes.get(g.group, g.members)
        members = write.other(say.number(size), "groups.members", size, "accounts", str(g.group))
        label = f"{say('coordination.group')} {number} ({members})"
        buttons.append(MapButton(g.rank, g.colour, label, number, g.place))
    alt = say("coordination.map", n=write.counted(drawn.shown, "map.accounts", "accounts"))
    legend, pairs, find = (say(f"coordination.map.{key}") for key in ("legend", "pairs", "find"))
    return MapBlock(finding.name, alt, drawn.data, buttons, legend, pairs, find)
