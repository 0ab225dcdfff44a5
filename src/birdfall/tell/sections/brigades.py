"""The section on brigades.

Who was reported together, by how many, and whether the reports had an effect.
"""

from __future__ import annotations

from typing import Final

from birdfall.model.findings import Finding
from birdfall.tell.blocks import Block, SubheadBlock, TableBlock, TextBlock
from birdfall.tell.names import sanitize_text
from birdfall.tell.page import NumberWriter, Page, caution, how_measured, notes
from birdfall.tell.words import Words

#: A share below this would read as none.
MIN_TOLD_SHARE: Final = 0.005
#: Rows of each table, at most; all are in the finding.
MAX_TARGETS, MAX_DOSES, MAX_CALLS = 12, 12, 8
#: A test is significant at this level.
SIGNIFICANCE_LEVEL: Final = 0.05
#: Digits of a p-value: with fewer, the smallest a permutation can give would read as nothing.
P_VALUE_DIGITS: Final = 3


def section(page: Page) -> list[Block]:
    """Blocks of the section.

    None if the measure was not asked, or had neither reports nor calls.
    """
    finding, say = page.findings.get("brigades"), page.say
    if finding is None or "calls" not in finding.tables:
        return []
    blocks, folded = list[Block](), list[Block]()
    if finding.answer != "cannot":
        blocks += _reporting_blocks(finding, page)
        folded += [
            _looked_at(finding, say),
            *_group_table(finding, say),
            *_dose_blocks(finding, say),
            *_order_blocks(finding, say),
        ]
    calls = _call_blocks(finding, say)
    blocks, folded = (blocks, folded + calls) if blocks else (calls, folded)
    if not blocks:
        return []
    quiet = finding.answer == "nothing" and not calls
    return [
        *blocks,
        *([] if quiet else notes(finding, say=say)),
        *how_measured(page, finding, blocks=folded, fold="all" if quiet else "technical"),
    ]


def _p_value(value: float | int | None, say: Words) -> str:
    return say.number(value, P_VALUE_DIGITS)


def _reporting_blocks(finding: Finding, page: Page) -> list[Block]:
    """The groups that were found with their targets, or what could stay unseen."""
    say = page.say
    if finding.answer == "nothing":
        return _unseen_blocks(finding, say)
    write = NumberWriter(finding, say)
    found = say(
        "brigades.found",
        groups=write.number("brigades"),
        reporters=write.number("reporters"),
        victims=write.number("victims"),
        hits=write.number("busiest_minute_hits"),
    )
    lead = TextBlock(found, numbers=write.shown)
    return [lead, *caution(page, finding), _target_table(finding, page)]


def _looked_at(finding: Finding, say: Words) -> TextBlock:
    """What was looked at."""
    write = NumberWriter(finding, say)
    looked = say(
        "brigades.looked",
        reports=write.number("reports"),
        seen=write.number("reporters_seen"),
        targets=write.number("targets"),
        fire=write.number("targets_under_fire"),
    )
    return TextBlock(looked, numbers=write.shown)


def _unseen_blocks(finding: Finding, say: Words) -> list[Block]:
    """Nothing was found, and how small a brigade could have been missed."""
    unseen = finding.details["unseen"][1]
    if unseen["follows_at_most"] < MIN_TOLD_SHARE:  # nothing of that size stays unseen
        return [TextBlock(say("brigades.nothing"))]
    bound = say(
        "brigades.unseen",
        members=say.number(unseen["members"]),
        targets=say.number(unseen["targets"]),
        share=say.percent(unseen["follows_at_most"]),
    )
    return [TextBlock(f"{say('brigades.nothing')} {bound}")]


def _group_table(finding: Finding, say: Words) -> list[Block]:
    """The groups that reported together; nothing where there are none."""
    head = ["group", "reporters", "targets", "from", "to", "joins", "p"]
    rows = [
        [
            say.number(r["block"]),
            say.number(r["reporters"]),
            say.number(r["targets"]),
            say.time(r["first"], seconds=True),
            say.time(r["last"], seconds=True),
            say.percent(r["joins"]),
            _p_value(r["p"], say),
        ]
        for r in finding.table("blocks").to_pylist()
    ]
    numeric = (0, 1, 2, 5, 6)
    return [TableBlock([say(f"brigades.{h}") for h in head], rows, numeric)] if rows else []


def _target_table(finding: Finding, page: Page) -> TableBlock:
    say = page.say
    hit = [r for r in finding.table("targets").to_pylist() if r["block"] is not None]
    rows = [
        [
            page.name(r["target"]),
            say.number(r["reporters"]),
            say.number(r["named"]),
            say.number(r["voices"], 1),
            say.time(r["fell"], seconds=True) if r["fell"] else "–",
        ]
        for r in hit[:MAX_TARGETS]
    ]
    head = ["target", "by", "named", "voices", "fell"]
    return TableBlock([say(f"brigades.{h}") for h in head], rows, (1, 2, 3))


def _dose_blocks(finding: Finding, say: Words) -> list[Block]:
    """The dose-response curve, and one sentence on it.

    A jump, a rise without a jump, or neither.
    """
    curve = [r for r in finding.table("dose").to_pylist() if r["counted"] == "reporters"]
    if not curve or "jump_p" not in finding.estimates:
        return []
    rows = [
        [
            say.number(r["dose_from"])
            + ("" if r["dose_from"] == r["dose_to"] else f"–{say.number(r['dose_to'])}"),
            say.number(r["occasions"]),
            f"{say.percent(r['hazard'], 1)}"
            f" ({say.percent(r['low'], 1)} – {say.percent(r['high'], 1)})",
            say.percent(r["isotonic"], 1),
        ]
        for r in curve[:MAX_DOSES]
    ]
    head = [say(f"brigades.{h}") for h in ("dose", "occasions", "chance", "monotone")]
    return [
        SubheadBlock(say("brigades.did_it")),
        TextBlock(_dose_sentence(finding, say)),
        TableBlock(head, rows, (0, 1, 2, 3)),
    ]


def _dose_sentence(finding: Finding, say: Words) -> str:
    at, ratio = finding["jump_at"], finding["jump_ratio"]
    p = {
        "p": _p_value(finding["jump_p"].value, say),
        "placebo": _p_value(finding["beyond_placebo_p"].value, say),
    }
    if finding.details["jump"]:
        return say(
            "brigades.jump",
            at=say.number(at.value),
            ratio=say.number(ratio.value),
            low=say.number(ratio.low),
            high=say.number(ratio.high),
            **p,
        )
    flat = _p_value(finding["flat_p"].value, say)
    if (finding["flat_p"].value or 0.0) <= SIGNIFICANCE_LEVEL:
        return say("brigades.rise", flat=flat, **p)
    return say("brigades.flat", flat=flat)


def _order_blocks(finding: Finding, say: Words) -> list[Block]:
    """Whether reports came before the falls; nothing where that was not tested."""
    p = finding["order_p"].value
    if p is None:
        return []
    key = "brigades.order_before" if p <= SIGNIFICANCE_LEVEL else "brigades.order_nothing"
    tested = say.number(finding["order_tested"].value)
    return [TextBlock(say(key, tested=tested, p=_p_value(p, say)))]


def _call_blocks(finding: Finding, say: Words) -> list[Block]:
    """Public calls to report somebody."""
    if not finding["calls"].value:
        return []
    rows = [
        [
            sanitize_text("@" + r["target"] if r["target"] else "–"),
            sanitize_text(r["language"]),
            say.number(r["posts"]),
            say.number(r["callers"]),
            say.time(r["first"]),
        ]
        for r in finding.table("calls").to_pylist()[:MAX_CALLS]
    ]
    lead = say(
        "brigades.calls",
        posts=say.number(finding["calls"].value),
        callers=say.number(finding["callers"].value),
    )
    head = [say(f"brigades.{h}") for h in ("called", "language", "posts", "callers", "from")]
    return [
        SubheadBlock(say("brigades.calls_title")),
        TextBlock(lead),
        TableBlock(head, rows, (2, 3)),
    ]
