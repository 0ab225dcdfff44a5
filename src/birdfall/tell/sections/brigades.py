"""The section on brigades: who was reported together, by how many, whether it moved anything, and what the data cannot tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from birdfall.model.findings import Finding
from birdfall.record.record import Record
from birdfall.tell.names import Names, sanitize_text
from birdfall.tell.words import Words

Block = dict[str, Any]
#: Rows shown of each table; all are in the finding.
VICTIMS, DOSES, CALLS = 12, 12, 8
#: A test is called by this level.
LEVEL = 0.05


def brigades(
    findings: Mapping[str, Finding],
    record: Record,
    say: Words,
    name: Names,
    drawings: Mapping[str, str],
    maps: Mapping[str, dict[str, Any]],
) -> list[Block]:
    """Blocks of the section; none if the measure was not asked, or had neither reports nor calls."""
    finding = findings.get("brigades")
    if finding is None or "calls" not in finding.tables:
        return []
    blocks: list[Block] = []
    if finding.answer != "cannot":
        blocks += [*_reporting(finding, say, name), *_dose(finding, say), *_order(finding, say)]
    blocks += _calls(finding, say)
    if not blocks:
        return []
    return blocks + [
        {"kind": "note", "text": say.note(n)} for n in (*finding.reasons, *finding.limits)
    ]


def _text(text: str) -> Block:
    return {"kind": "text", "text": text}


def _table(head: list[str], rows: list[list[Any]], numeric: tuple[int, ...]) -> Block:
    return {"kind": "table", "head": head, "rows": rows, "numeric": numeric}


def _p(value: float | int | None, say: Words) -> str:
    """A p-value with three digits: rounded further, the smallest a permutation can give would read as nothing."""
    return say.number(value, 3)


def _reporting(finding: Finding, say: Words, name: Names) -> list[Block]:
    def number(key: str) -> str:
        return say.number(finding[key].value)

    looked = {
        "reports": number("reports"),
        "seen": number("reporters_seen"),
        "targets": number("targets"),
        "fire": number("targets_under_fire"),
    }
    blocks = [_text(say("brigades.looked", **looked))]
    if finding.answer == "nothing":
        unseen = finding.details["unseen"][1]
        return [
            *blocks,
            _text(say("brigades.nothing")),
            _text(
                say(
                    "brigades.unseen",
                    members=say.number(unseen["members"]),
                    targets=say.number(unseen["targets"]),
                    share=say.percent(unseen["follows_at_most"]),
                )
            ),
        ]
    blocks.append(
        _text(
            say(
                "brigades.found",
                groups=number("brigades"),
                reporters=number("reporters"),
                victims=number("victims"),
                hits=number("busiest_minute_hits"),
            )
        )
    )
    head = ["group", "reporters", "targets", "from", "to", "joins", "p"]
    rows = [
        [
            say.number(r["block"]),
            say.number(r["reporters"]),
            say.number(r["targets"]),
            say.time(r["first"], seconds=True),
            say.time(r["last"], seconds=True),
            say.percent(r["joins"]),
            _p(r["p"], say),
        ]
        for r in finding.table("blocks").to_pylist()
    ]
    blocks.append(_table([say(f"brigades.{h}") for h in head], rows, (0, 1, 2, 5, 6)))
    hit = [r for r in finding.table("targets").to_pylist() if r["block"] is not None][:VICTIMS]
    rows = [
        [
            name(r["target"]),
            say.number(r["reporters"]),
            say.number(r["named"]),
            say.number(r["voices"], 1),
            say.time(r["fell"], seconds=True) if r["fell"] else "–",
        ]
        for r in hit
    ]
    head = ["target", "by", "named", "voices", "fell"]
    return [*blocks, _table([say(f"brigades.{h}") for h in head], rows, (1, 2, 3))]


def _dose(finding: Finding, say: Words) -> list[Block]:
    """The curve, and one sentence on it: a jump, a rise without a jump, or neither."""
    curve = [r for r in finding.table("dose").to_pylist() if r["counted"] == "reporters"]
    if not curve or "jump_p" not in finding.estimates:
        return []
    at, ratio = finding["jump_at"], finding["jump_ratio"]
    p = {
        "p": _p(finding["jump_p"].value, say),
        "placebo": _p(finding["beyond_placebo_p"].value, say),
    }
    if finding.details["jump"]:
        lead = say(
            "brigades.jump",
            at=say.number(at.value),
            ratio=say.number(ratio.value),
            low=say.number(ratio.low),
            high=say.number(ratio.high),
            **p,
        )
    elif (finding["flat_p"].value or 0.0) <= LEVEL:
        lead = say("brigades.rise", flat=_p(finding["flat_p"].value, say), **p)
    else:
        lead = say("brigades.flat", flat=_p(finding["flat_p"].value, say))
    rows = [
        [
            say.number(r["dose_from"])
            + ("" if r["dose_from"] == r["dose_to"] else f"–{say.number(r['dose_to'])}"),
            say.number(r["occasions"]),
            f"{say.percent(r['hazard'], 1)} ({say.percent(r['low'], 1)} – {say.percent(r['high'], 1)})",
            say.percent(r["isotonic"], 1),
        ]
        for r in curve[:DOSES]
    ]
    head = [say(f"brigades.{h}") for h in ("dose", "occasions", "chance", "monotone")]
    return [
        {"kind": "subhead", "text": say("brigades.did_it")},
        _text(lead),
        _table(head, rows, (0, 1, 2, 3)),
    ]


def _order(finding: Finding, say: Words) -> list[Block]:
    p = finding["order_p"].value
    if p is None:
        return []
    key = "brigades.order_before" if p <= LEVEL else "brigades.order_nothing"
    return [_text(say(key, tested=say.number(finding["order_tested"].value), p=_p(p, say)))]


def _calls(finding: Finding, say: Words) -> list[Block]:
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
        for r in finding.table("calls").to_pylist()[:CALLS]
    ]
    lead = say(
        "brigades.calls",
        posts=say.number(finding["calls"].value),
        callers=say.number(finding["callers"].value),
    )
    head = [say(f"brigades.{h}") for h in ("called", "language", "posts", "callers", "from")]
    return [
        {"kind": "subhead", "text": say("brigades.calls_title")},
        _text(lead),
        _table(head, rows, (2, 3)),
    ]
