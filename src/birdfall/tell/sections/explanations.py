"""The section on explanations.

Which are left, the evidence for and against each, and what would decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

from birdfall.explanations import ExplanationDetails
from birdfall.model.findings import Finding
from birdfall.tell.blocks import (
    Block,
    Cell,
    LetterBlock,
    PriorBlock,
    PriorSlider,
    TableBlock,
    TextBlock,
    TextCell,
    WaterfallBar,
    WaterfallBlock,
    WaterfallStep,
)
from birdfall.tell.page import NumberWriter, Page, how_measured, notes
from birdfall.tell.sections.record_request import records_to_request, request_letter
from birdfall.tell.words import Words

#: Items named for, and against, an explanation that is left, and one that is left out, at most.
MAX_NAMED_ITEMS, MAX_NAMED_OF_OTHERS = 2, 1
#: Support (log10) below which an item is not named.
MIN_NAMED_SUPPORT: Final = 0.3
#: A record that gives so many bits decides a good part, or most, of what is left open: half a bit
#: leaves 71 % of it, one bit half.
SOME_BITS, MANY_BITS = 0.3, 1.0
#: Steps drawn one by one from the leading explanation to the next; the others are one step.
MAX_STEPS: Final = 7
#: Width of the drawing of the steps, in its own units.
STEPS_WIDTH: Final = 200
#: The row of the table "parts" that is no item: all of them together.
_TOGETHER: Final = "together"


def section(page: Page) -> list[Block]:
    """Blocks of the section; none if explanations were not weighed."""
    findings, say = page.findings, page.say
    finding = findings.get("explanations-1") or findings.get("explanations-published")
    if finding is None or finding.answer == "cannot":
        return []
    details = ExplanationDetails.from_json(finding.details)
    decided = NumberWriter(finding, say).percent("decided_in_worlds")
    share = say("explanations.share", decided=decided)
    asked = _request_blocks(finding, details, say)
    folded = [
        *_unseen_blocks(details, say),
        *([TextBlock(share)] if details.members else []),
        _automation_block(findings.get("automation-1"), say),
        *_step_blocks(finding, details, say),
        *_prior_blocks(finding, details, say),
        *_dependence_blocks(finding, details, say),
        *asked[2:],
    ]
    return [
        *_answer_blocks(finding, details, say),
        *_cause_table(finding, details, say),
        *_absence_blocks(details, say),
        *_fragility_blocks(finding, details, say),
        *asked[:2],
        TextBlock(say("explanations.reply")),
        *notes(finding, say=say),
        *how_measured(page, finding, blocks=folded),
    ]


def _answer_blocks(finding: Finding, details: ExplanationDetails, say: Words) -> list[Block]:
    """Which explanations are left."""
    members, order = details.members, details.order
    if not members:
        return [TextBlock(say("explanations.none"))]
    if len(members) == 1:
        runner_up = next(c for c in order if c != members[0])
        answer = say(
            "explanations.one",
            cause=_cause_name(members[0], say),
            next=_cause_name(runner_up, say),
            wrong=NumberWriter(finding, say).percent("wrong_when_decided"),
        )
    else:
        inside = say.semicolon.join(_cause_name(c, say) for c in order if c in members)
        outside = say.semicolon.join(_cause_name(c, say) for c in order if c not in members)
        answer = say(
            "explanations.several",
            causes=inside,
            others=outside or say("explanations.nobody"),
        )
    return [TextBlock(answer)]


def _cause_table(finding: Finding, details: ExplanationDetails, say: Words) -> list[Block]:
    """A row per cause: whether it is left, and the items for and against it; those left out with
    their ratio to the likeliest that is left. Nothing where no explanation is offered.
    """
    if not details.members:
        return []
    parts = [r for r in finding.table("parts").to_pylist() if r["item"] != _TOGETHER]
    ratios = {(r["cause"], r["against"]): r for r in finding.table("ratios").to_pylist()}
    best = next(c for c in details.order if c in details.members)
    left = [c for c in details.order if c in details.members]
    rows: list[list[Cell]] = []
    for cause in [*left, *(c for c in details.order if c not in details.members)]:
        support = sorted(parts, key=lambda r: -r[cause])
        is_left, ratio = cause in details.members, ratios.get((best, cause))
        named = MAX_NAMED_ITEMS if is_left else MAX_NAMED_OF_OTHERS
        strongest, weakest = support[:named], support[::-1][:named]
        against = (
            ""
            if is_left or ratio is None
            else say(
                "explanations.times",
                times=_times(finding, say, 10 ** ratio["log10_ratio"], f"{best} {cause}"),
                word=say("lr." + ratio["word"]),
            )
        )
        standing = say("explanations.left" if is_left else "explanations.out")
        rows.append(
            [
                _cause_name(cause, say),
                TextCell(standing, against, "open" if is_left else "no"),
                _item_list([r["item"] for r in strongest if r[cause] >= MIN_NAMED_SUPPORT], say),
                _item_list([r["item"] for r in weakest if r[cause] <= -MIN_NAMED_SUPPORT], say),
            ]
        )
    if len(left) == 1:
        rows[0][1] = TextCell(say("explanations.left"), mark="yes")
    head = [say(f"explanations.{k}") for k in ("cause", "standing", "for", "contra")]
    return [TableBlock(head, rows, headed=True)]


def _times(finding: Finding, say: Words, times: float, which: str) -> str:
    """How many times as likely one cause is as another. which: the two."""
    told = _two_digits(times)
    return NumberWriter(finding, say).other(say.number(told), "ratios.times", told, "ratio", which)


def _absence_blocks(details: ExplanationDetails, say: Words) -> list[Block]:
    """What was looked for and not found."""
    blocks: list[Block] = []
    if details.absent:
        items = _join([say("absent." + i) for i in details.absent], say)
        blocks.append(TextBlock(say("explanations.absent", items=items)))
    return blocks


def _unseen_blocks(details: ExplanationDetails, say: Words) -> list[Block]:
    """What could not be looked at."""
    if not details.not_known:
        return []
    items = _item_list(details.not_known, say)
    return [TextBlock(say("explanations.unseen", items=items))]


def _automation_block(automation: Finding | None, say: Words) -> TextBlock:
    """What the fallen are, which is apart from what set the wave off."""
    if (
        automation is None
        or automation.answer == "cannot"
        or automation["inauthentic"].high is None
    ):
        return TextBlock(say("explanations.states_unknown"))
    write, told = NumberWriter(automation, say), list[str]()
    for key in ("inauthentic", "automated_authentic"):
        low, high = write.bounds(key, say.percent)
        told.append(say("explanations.between", low=low, high=high))
    inauthentic, automated = told
    return TextBlock(say("explanations.states", made=inauthentic, automated=automated))


def _step_blocks(finding: Finding, details: ExplanationDetails, say: Words) -> list[Block]:
    """A waterfall: how the weight between the two leading explanations adds up, item by item.

    Nothing where no explanation is offered.
    """
    if not details.members:
        return []
    best, second = details.order[:2]
    ratio = next(
        r
        for r in finding.table("ratios").to_pylist()
        if (r["cause"], r["against"]) == (best, second)
    )
    total = ratio["log10_ratio"]
    steps = _weight_steps(finding, details, total, say)
    ends = list(accumulate(v for _, _, v in steps))
    low, high = min(0.0, *ends), max(0.0, *ends)
    scale = STEPS_WIDTH / max(high - low, 1e-9)
    rows, begin = [], 0.0
    for (item, label, value), end in zip(steps, ends, strict=True):
        bar = WaterfallBar(
            round((min(begin, end) - low) * scale, 1),
            round(max(abs(value) * scale, 1.0), 1),
            value >= 0,
        )
        factor = _factor_text(finding, value, item, say)
        rows.append(WaterfallStep(label, factor, bar))
        begin = end
    lead = say(
        "explanations.steps",
        best=_cause_name(best, say),
        next=_cause_name(second, say),
        total=_factor_text(finding, total, f"{best} {second}", say),
        word=say("lr." + ratio["word"]),
    )
    head = [say(f"explanations.{k}") for k in ("item", "factor", "sum")]
    return [TextBlock(lead), WaterfallBlock(head, rows, round(-low * scale, 1), STEPS_WIDTH)]


def _weight_steps(
    finding: Finding, details: ExplanationDetails, total: float, say: Words
) -> list[tuple[str, str, float]]:
    """(item, label, log10 weight) of each step from the second explanation to the best.

    Their sum is `total`.
    """
    best, second = details.order[:2]
    causes = len(details.order)
    # the table holds support against the mean of the others
    weights = {
        r["item"]: (causes - 1) / causes * (r[best] - r[second])
        for r in finding.table("parts").to_pylist()
        if r["item"] != _TOGETHER
    }
    shown = sorted(weights, key=lambda i: (-abs(weights[i]), i))[:MAX_STEPS]
    steps = [(i, say("item." + i), weights[i]) for i in shown]
    others = len(weights) - len(shown)
    if others:
        rest = sum(v for i, v in weights.items() if i not in shown)
        n = NumberWriter(finding, say).counted(others, "parts.others", "items")
        steps.append(("others", say("explanations.other_items", n=n), rest))
    # what no item adds by itself: the average world, ranges, and the caps
    remainder = total - sum(v for _, _, v in steps)
    steps.append(("remainder", say("explanations.remainder"), remainder))
    return steps


def _prior_blocks(finding: Finding, details: ExplanationDetails, say: Words) -> list[Block]:
    """Words on priors and sliders for own ones; nothing where no explanation is offered."""
    blocks: list[Block] = []
    if details.members:
        blocks.append(TextBlock(say("explanations.prior")))
        weights = details.log10_against_best
        chances = _equal_prior_shares(weights)
        write = NumberWriter(finding, say)
        shares = [
            say(
                "explanations.share_of",
                cause=_cause_name(c, say),
                share=write.other(
                    say.percent(chances[c]), "share_at_equal_odds", chances[c], "share", c
                ),
            )
            for c in details.order
        ]
        sliders = [PriorSlider(_cause_name(c, say), round(weights[c], 3)) for c in details.order]
        blocks += [
            TextBlock(say("explanations.equal", shares=say.semicolon.join(shares))),
            PriorBlock(
                sliders,
                own=say("explanations.own"),
                own_text=say("explanations.own_text"),
                before=say("explanations.before"),
                after=say("explanations.after"),
            ),
        ]
    return blocks


def _equal_prior_shares(log10_against_best: dict[str, float]) -> dict[str, float]:
    """Shares with every cause as likely beforehand, by the capped weights.

    All sliders at their middle.
    """
    odds = {c: 10.0**w for c, w in log10_against_best.items()}
    return {c: o / sum(odds.values()) for c, o in odds.items()}


def _factor_text(finding: Finding, log10: float, step: str, say: Words) -> str:
    """A weight of evidence as a factor for or against. step: what it is the weight of."""
    told = _two_digits(10 ** abs(log10))
    number = NumberWriter(finding, say).other(say.number(told), "parts.factor", told, "ratio", step)
    return ("×" if log10 >= 0 else "÷") + number


def _fragility_blocks(finding: Finding, details: ExplanationDetails, say: Words) -> list[Block]:
    """Without which items and sources the answer would be another."""
    if not finding.table("fragility").num_rows or not details.members:
        return []
    texts = [
        say("explanations.fragile", items=_item_list(details.fragile, say))
        if details.fragile
        else say("explanations.firm")
    ]
    if details.fragile_sources:
        names = [say("source." + s.replace(" ", "_")) for s in details.fragile_sources]
        n = NumberWriter(finding, say).counted(len(names), "fragile_sources", "sources")
        texts.append(say("explanations.fragile_sources", n=n, sources=_join(names, say)))
    return [TextBlock(" ".join(texts))]


def _dependence_blocks(finding: Finding, details: ExplanationDetails, say: Words) -> list[Block]:
    """Which items carry the weights, and how small a change would alter the answer."""
    rows = finding.table("fragility").to_pylist()
    if not rows or not details.members:
        return []
    texts = []
    if details.carrying:
        items = _item_list(details.carrying, say)
        n = NumberWriter(finding, say).counted(len(details.carrying), "carrying", "items")
        texts.append(say("explanations.carried", n=n, items=items))
    flips = [(r["flip"], r["left_out"]) for r in rows if r["flip"] is not None]
    if flips:
        spread, item = min(flips)
        told = NumberWriter(finding, say).other(
            say.number(spread, 1), "fragility.flip", spread, "spreads", item
        )
        texts.append(say("explanations.flip", item=say("item." + item), spread=told))
    return [TextBlock(text) for text in texts]


def _request_blocks(finding: Finding, details: ExplanationDetails, say: Words) -> list[Block]:
    """What would decide it most, each with the request to send."""
    blocks: list[Block] = []
    for record, bits in records_to_request(finding):
        name = say("record." + record)
        worth = NumberWriter(finding, say).other(
            say(f"explanations.worth.{_worth(bits)}"), "gains.bits", bits, "bits", record
        )
        blocks.append(TextBlock(say("explanations.ask", record=name, worth=worth)))
        if details.about is not None:
            blocks.append(
                LetterBlock(
                    say("letter.title", record=name),
                    request_letter(finding, record, say),
                    copy=say("strip.copy"),
                    copied=say("strip.copied"),
                )
            )
    return blocks


def _worth(bits: float) -> str:
    """How much a record would decide, as a reader would say it. bits: expected of it."""
    if bits >= MANY_BITS:
        return "much"
    return "some" if bits >= SOME_BITS else "little"


def _two_digits(times: float) -> float:
    """To two digits: more would not be known."""
    return float(f"{times:.1e}") if times < 10 else int(float(f"{times:.1e}"))


def _cause_name(cause: str, say: Words) -> str:
    return say("cause." + cause)


def _item_list(items: Iterable[str], say: Words) -> str:
    return _join([say("item." + i) for i in items], say) or "–"


def _join(names: Sequence[str], say: Words) -> str:
    return say.comma.join(names)
