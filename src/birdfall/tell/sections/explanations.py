"""The section on explanations: what is left, what was left out, what speaks for and against each, how fragile that is, what would decide."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import Any

from birdfall.model.findings import Finding
from birdfall.record.record import Record
from birdfall.tell.names import Names
from birdfall.tell.sections.record_request import records_to_request, request_letter
from birdfall.tell.words import Words

Block = dict[str, Any]
#: Items named for and against an explanation, and how much support is worth naming (log10).
NAMED, WORTH = 2, 0.3
#: Steps drawn one by one from the leading explanation to the next; the others are one step.
MOST_STEPS = 7
#: Width of the drawing of a step.
WIDE = 200


def explanations(
    findings: Mapping[str, Finding],
    record: Record,
    say: Words,
    name: Names,
    drawings: Mapping[str, str],
    maps: Mapping[str, dict[str, Any]],
) -> list[Block]:
    """Blocks of the section; none if explanations were not weighed."""
    finding = findings.get("explanations-1") or findings.get("explanations-published")
    if finding is None or finding.answer == "cannot":
        return []
    return [
        *_answer(finding, say),
        _table(finding, say),
        *_looked(finding, say),
        _states(findings.get("automation-1"), say),
        *_steps(finding, say),
        *_prior(finding, say),
        *_fragility(finding, say),
        *_asked(finding, say),
        _text(say("explanations.reply")),
        *({"kind": "note", "text": say.note(n)} for n in finding.limits),
    ]


def _text(text: str) -> Block:
    return {"kind": "text", "text": text}


def _answer(finding: Finding, say: Words) -> list[Block]:
    members, order = finding.details["set"], finding.details["order"]
    if not members:
        return [_text(say("explanations.none"))]
    share = say("explanations.share", decided=say.percent(finding["decided_in_worlds"].value))
    if len(members) == 1:
        following = next(c for c in order if c != members[0])
        wrong = say.percent(finding["wrong_when_decided"].value)
        return [
            _text(
                say(
                    "explanations.one",
                    cause=_cause(say, members[0]),
                    next=_cause(say, following),
                    wrong=wrong,
                )
            ),
            _text(share),
        ]
    inside = "; ".join(_cause(say, c) for c in order if c in members)
    others = "; ".join(_cause(say, c) for c in order if c not in members) or say(
        "explanations.nobody"
    )
    return [_text(say("explanations.several", causes=inside, others=others)), _text(share)]


def _table(finding: Finding, say: Words) -> Block:
    parts = [r for r in finding.table("parts").to_pylist() if r["item"] != "together"]
    ratios = {(r["cause"], r["against"]): r for r in finding.table("ratios").to_pylist()}
    best = finding.details["order"][0]
    rows: list[list[Any]] = []
    for cause in finding.details["order"]:
        support = sorted(parts, key=lambda r: -r[cause])
        most = [r["item"] for r in support[:NAMED] if r[cause] >= WORTH]
        least = [r["item"] for r in support[::-1][:NAMED] if r[cause] <= -WORTH]
        if cause == best:
            against = say("explanations.best")
        else:
            ratio = ratios[best, cause]
            against = say(
                "explanations.times",
                times=say.number(_rounded(10 ** ratio["log10_ratio"])),
                word=say("lr." + ratio["word"]),
            )
        rows.append(
            [
                _cause(say, cause),
                say("explanations.yes" if cause in finding.details["set"] else "explanations.no"),
                against,
                _items(say, most),
                _items(say, least),
            ]
        )
    head = [say(f"explanations.{k}") for k in ("cause", "standing", "against", "for", "contra")]
    return {"kind": "table", "head": head, "rows": rows, "numeric": ()}


def _looked(finding: Finding, say: Words) -> list[Block]:
    """What was looked for and not found, and what could not be looked at."""
    blocks = []
    if finding.details["absent"]:
        blocks.append(
            _text(
                say(
                    "explanations.absent",
                    items=_joined(say, [say("absent." + i) for i in finding.details["absent"]]),
                )
            )
        )
    if finding.details["not_known"]:
        blocks.append(
            _text(say("explanations.unseen", items=_items(say, finding.details["not_known"])))
        )
    return blocks


def _states(automation: Finding | None, say: Words) -> Block:
    """The second axis, by itself: what the fallen are."""
    if (
        automation is None
        or automation.answer == "cannot"
        or automation["inauthentic"].high is None
    ):
        return _text(say("explanations.states_unknown"))
    made, app = automation["inauthentic"], automation["automated_authentic"]
    shares = [
        say("explanations.between", low=say.percent(e.low), high=say.percent(e.high))
        for e in (made, app)
    ]
    return _text(say("explanations.states", made=shares[0], automated=shares[1]))


def _steps(finding: Finding, say: Words) -> list[Block]:
    """How the weight of evidence between the two leading explanations comes about, item by item (a waterfall)."""
    best, second = finding.details["order"][:2]
    ratio = next(
        r
        for r in finding.table("ratios").to_pylist()
        if (r["cause"], r["against"]) == (best, second)
    )
    total = ratio["log10_ratio"]
    causes = len(finding.details["order"])
    # `parts` are against the mean of the others
    parts = {
        r["item"]: (causes - 1) / causes * (r[best] - r[second])
        for r in finding.table("parts").to_pylist()
    }
    parts.pop("together", None)
    order = sorted(parts, key=lambda i: (-abs(parts[i]), i))[:MOST_STEPS]
    steps = [(say("item." + i), parts[i]) for i in order]
    left = len(parts) - len(order)
    if left:
        steps.append(
            (
                say("explanations.other_items", n=left),
                sum(v for i, v in parts.items() if i not in order),
            )
        )
    # what no item adds by itself: the average world, ranges, and the caps
    steps.append((say("explanations.remainder"), total - sum(v for _, v in steps)))
    ends = list(accumulate(v for _, v in steps))
    low, high = min(0.0, *ends), max(0.0, *ends)
    scale = WIDE / max(high - low, 1e-9)
    rows, begin = [], 0.0
    for (label, value), end in zip(steps, ends, strict=True):
        bar = {
            "x": round((min(begin, end) - low) * scale, 1),
            "width": round(max(abs(value) * scale, 1.0), 1),
            "for": value >= 0,
        }
        rows.append({"label": label, "factor": _factor(value, say), "bar": bar})
        begin = end
    lead = say(
        "explanations.steps",
        best=_cause(say, best),
        next=_cause(say, second),
        total=_factor(total, say),
        word=say("lr." + ratio["word"]),
    )
    head = [say(f"explanations.{k}") for k in ("item", "factor", "sum")]
    return [
        _text(lead),
        {"kind": "steps", "head": head, "rows": rows, "zero": round(-low * scale, 1), "wide": WIDE},
    ]


def _prior(finding: Finding, say: Words) -> list[Block]:
    """The words on priors, and where the case is inside what was simulated, the levers to set one's own."""
    blocks = [_text(say("explanations.prior"))]
    if finding.details["set"]:
        weights, chances = finding.details["log10_against_best"], _equal(finding)
        causes = [
            {"name": _cause(say, c), "log10": round(weights[c], 3)}
            for c in finding.details["order"]
        ]
        words = {k: say(f"explanations.{k}") for k in ("own", "own_text", "before", "after")}
        shares = [
            say("explanations.share_of", cause=_cause(say, c), share=say.percent(chances[c]))
            for c in finding.details["order"]
        ]
        blocks.append(_text(say("explanations.equal", shares="; ".join(shares))))
        blocks.append({"kind": "prior", "causes": causes, **words})
    return blocks


def _equal(finding: Finding) -> dict[str, float]:
    """Shares with every cause as likely beforehand, by the capped weights: the levers in their middle position."""
    odds = {c: 10.0**w for c, w in finding.details["log10_against_best"].items()}
    return {c: o / sum(odds.values()) for c, o in odds.items()}


def _factor(log10: float, say: Words) -> str:
    """A weight of evidence as a factor for or against."""
    times = _rounded(10 ** abs(log10))
    return ("×" if log10 >= 0 else "÷") + say.number(times)


def _fragility(finding: Finding, say: Words) -> list[Block]:
    fragile = finding.details["fragile"]
    rows = finding.table("fragility").to_pylist()
    if not rows:
        return []
    blocks = [
        _text(
            say("explanations.fragile", items=_items(say, fragile))
            if fragile
            else say("explanations.firm")
        )
    ]
    carrying = finding.details["carrying"]
    if carrying:
        blocks.append(
            _text(say("explanations.carried", n=len(carrying), items=_items(say, carrying)))
        )
    sources = finding.details["fragile_sources"]
    if sources:
        named = _joined(say, [say("source." + s.replace(" ", "_")) for s in sources])
        blocks.append(_text(say("explanations.fragile_sources", n=len(sources), sources=named)))
    flips = [(r["flip"], r["left_out"]) for r in rows if r["flip"] is not None]
    if flips:
        spread, item = min(flips)
        blocks.append(
            _text(say("explanations.flip", item=say("item." + item), spread=say.number(spread, 1)))
        )
    return blocks


def _asked(finding: Finding, say: Words) -> list[Block]:
    """What would decide it most, each with the request to send."""
    blocks: list[Block] = []
    for record, bits in records_to_request(finding):
        named = say("record." + record)
        blocks.append(_text(say("explanations.ask", record=named, bits=say.number(bits, 1))))
        if finding.details["about"]:
            title, copy = (
                say("letter.title", record=named),
                {k: say(f"strip.{k}") for k in ("copy", "copied")},
            )
            blocks.append(
                {
                    "kind": "letter",
                    "title": title,
                    "text": request_letter(finding, record, say),
                    **copy,
                }
            )
    return blocks


def _rounded(times: float) -> float:
    """To two digits: more would not be known."""
    return float(f"{times:.1e}") if times < 10 else int(float(f"{times:.1e}"))


def _cause(say: Words, cause: str) -> str:
    return say("cause." + cause)


def _items(say: Words, items: list[str]) -> str:
    return _joined(say, [say("item." + i) for i in items]) or "–"


def _joined(say: Words, said: list[str]) -> str:
    return ("، " if say.language == "ar" else ", ").join(said)
