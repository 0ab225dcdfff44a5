"""The section on brigades.

Who was reported together, by how many, and whether the reports had an effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from birdfall.model.findings import Finding
from birdfall.tell.blocks import Block, Cell, SubheadBlock, TableBlock, TextBlock
from birdfall.tell.names import sanitize_text
from birdfall.tell.page import NumberWriter, Page, caution, how_measured, notes, quoted
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


def _p_value(finding: Finding, key: str, say: Words) -> str:
    return NumberWriter(finding, say).number(key, P_VALUE_DIGITS)


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
    lead = TextBlock(found)
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
    return TextBlock(looked)


def _unseen_blocks(finding: Finding, say: Words) -> list[Block]:
    """Nothing was found, and how small a brigade could have been missed."""
    unseen, write = finding.details["unseen"][1], NumberWriter(finding, say)
    if unseen["follows_at_most"] < MIN_TOLD_SHARE:  # nothing of that size stays unseen
        return [TextBlock(say("brigades.nothing"))]
    bound = say(
        "brigades.unseen",
        members=write.counted(unseen["members"], "unseen.members", "accounts"),
        targets=write.counted(unseen["targets"], "unseen.targets", "accounts"),
        share=write.other(
            say.percent(unseen["follows_at_most"]),
            "unseen.follows_at_most",
            unseen["follows_at_most"],
            "share",
        ),
    )
    return [TextBlock(f"{say('brigades.nothing')} {bound}")]


def _group_table(finding: Finding, say: Words) -> list[Block]:
    """The groups that reported together; nothing where there are none."""
    head = ["group", "reporters", "targets", "from", "to", "joins", "p"]
    write = NumberWriter(finding, say)
    rows = [
        [
            quoted(say.number(r["block"]), say),
            _row_number(write, say.number(r["reporters"]), "blocks", "reporters", r),
            _row_number(write, say.number(r["targets"]), "blocks", "targets", r),
            say.time(r["first"], seconds=True),
            say.time(r["last"], seconds=True),
            _row_number(write, say.percent(r["joins"]), "blocks", "joins", r),
            _row_number(write, say.number(r["p"], P_VALUE_DIGITS), "blocks", "p", r),
        ]
        for r in finding.table("blocks").to_pylist()
    ]
    numeric = (0, 1, 2, 5, 6)
    return [TableBlock([say(f"brigades.{h}") for h in head], rows, numeric)] if rows else []


def _row_number(
    write: NumberWriter, text: str, table: str, column: str, row: Mapping[str, Any], which: str = ""
) -> str:
    """A number of a row of a table. which: the row, by default its group."""
    unit = "share" if column in ("joins", "hazard", "isotonic", "low", "high") else "count"
    return write.other(text, f"{table}.{column}", row[column], unit, which or str(row["block"]))


def _target_table(finding: Finding, page: Page) -> TableBlock:
    say, write = page.say, NumberWriter(finding, page.say)
    hit = [r for r in finding.table("targets").to_pylist() if r["block"] is not None]
    rows = [
        [
            page.name(r["target"]),
            *(
                _row_number(
                    write, say.number(r[key], digits), "targets", key, r, page.name(r["target"])
                )
                for key, digits in (("reporters", None), ("named", None), ("voices", 1))
            ),
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
    rows = [_dose_row(row, NumberWriter(finding, say), say) for row in curve[:MAX_DOSES]]
    head = [say(f"brigades.{h}") for h in ("dose", "occasions", "chance", "monotone")]
    return [
        SubheadBlock(say("brigades.did_it")),
        TextBlock(_dose_sentence(finding, say)),
        TableBlock(head, rows, (0, 1, 2, 3)),
    ]


def _dose_row(row: Mapping[str, Any], write: NumberWriter, say: Words) -> list[Cell]:
    """A row of the dose-response curve."""
    dose = f"{row['dose_from']}-{row['dose_to']}"

    def of_row(column: str, text: str) -> str:
        return _row_number(write, text, "dose", column, row, dose)

    ends = [of_row(key, say.number(row[key])) for key in ("dose_from", "dose_to")]
    shares = (of_row(key, say.percent(row[key], 1)) for key in ("hazard", "low", "high"))
    return [
        ends[0] if row["dose_from"] == row["dose_to"] else say("range", low=ends[0], high=ends[1]),
        of_row("occasions", say.number(row["occasions"])),
        say.bounded(*shares),
        of_row("isotonic", say.percent(row["isotonic"], 1)),
    ]


def _dose_sentence(finding: Finding, say: Words) -> str:
    write = NumberWriter(finding, say)
    p = {
        "p": _p_value(finding, "jump_p", say),
        "placebo": _p_value(finding, "beyond_placebo_p", say),
    }
    if finding.details["jump"]:
        low, high = write.bounds("jump_ratio", say.number)
        return say(
            "brigades.jump",
            at=write.count("jump_at"),
            ratio=write.number("jump_ratio"),
            low=low,
            high=high,
            **p,
        )
    flat = _p_value(finding, "flat_p", say)
    if (finding["flat_p"].value or 0.0) <= SIGNIFICANCE_LEVEL:
        return say("brigades.rise", flat=flat, **p)
    return say("brigades.flat", flat=flat)


def _order_blocks(finding: Finding, say: Words) -> list[Block]:
    """Whether reports came before the falls; nothing where that was not tested."""
    p = finding["order_p"].value
    if p is None:
        return []
    key = "brigades.order_before" if p <= SIGNIFICANCE_LEVEL else "brigades.order_nothing"
    tested = NumberWriter(finding, say).count("order_tested")
    return [TextBlock(say(key, tested=tested, p=_p_value(finding, "order_p", say)))]


def _call_blocks(finding: Finding, say: Words) -> list[Block]:
    """Public calls to report somebody."""
    if not finding["calls"].value:
        return []
    write = NumberWriter(finding, say)
    rows = []
    for r in finding.table("calls").to_pylist()[:MAX_CALLS]:
        target = quoted("@" + r["target"] if r["target"] else "–", say)
        which = f"{target} {r['language']}"
        rows.append(
            [
                target,
                sanitize_text(r["language"]),
                _row_number(write, say.number(r["posts"]), "calls", "posts", r, which),
                _row_number(write, say.number(r["callers"]), "calls", "callers", r, which),
                say.time(r["first"]),
            ]
        )
    lead = say("brigades.calls", posts=write.count("calls"), callers=write.count("callers"))
    head = [say(f"brigades.{h}") for h in ("called", "language", "posts", "callers", "from")]
    return [
        SubheadBlock(say("brigades.calls_title")),
        TextBlock(lead),
        TableBlock(head, rows, (2, 3)),
    ]
