"""The sections on returns and ledgers: who came back and when; who left which leader, and why."""

from __future__ import annotations

from collections.abc import Iterator

from birdfall.model.findings import Finding
from birdfall.tell.page import (
    Block,
    Page,
    chart,
    format_interval,
    join_names,
    leader_ledger,
    notes,
    table,
    text,
)

CAUSES = (
    "lost_suspension", "lost_deleted", "lost_deactivated", "unfollowed", "restored", "reactivated", "refollowed", "new", "missing",
    "unexplained",
)  # fmt: skip
#: Ledgers side by side in one table; more are in the findings.
SIDE_BY_SIDE = 4
#: Shares back within four days among 60,652 suspensions of accounts over 1,000 followers and 5,261 politically tracked ones
#: (daily reports of Twitter suspensions, February 2022 to April 2023): see docs/methods/returns.md.
USUAL_LARGE, USUAL_TRACKED, USUAL_SEEN = 0.020, 0.064, 60_652 + 5_261


def returns(page: Page) -> list[Block]:
    """How many of the largest wave came back, beside how many usually do."""
    finding, say = page.findings.get("returns-1"), page.say
    if finding is None or finding.answer == "cannot":
        return []
    four = finding["returned_4d"]
    blocks = [
        text(
            say(
                "returns.text",
                fallen=say.number(finding["fallen"].value),
                returned=say.number(finding["returned"].value),
                share=say.percent(four.value),
                low=say.percent(four.low),
                high=say.percent(four.high),
                unknown=say.number(finding["censored"].value),
            )
        )
    ]
    if "returns-wide" in page.drawings:
        blocks.append(chart("returns", say("chart.returns"), say("chart.returns.legend")))
    usual = {
        "large": say.percent(USUAL_LARGE, 1),
        "tracked": say.percent(USUAL_TRACKED, 1),
        "n": say.number(USUAL_SEEN),
    }
    return [*blocks, text(say("returns.usual", **usual)), *notes(finding, say)]


def ledgers(page: Page) -> list[Block]:
    """The leader's followers over time, then the ledgers beside each other, cause by cause."""
    say, first = page.say, leader_ledger(page.findings)
    kept = [f for f in page.findings_of_kind("ledger") if f.answer != "cannot"]
    kept.sort(key=lambda f: (f is not first, f.name))
    blocks: list[Block] = []
    if first is not None and "ledger-wide" in page.drawings:
        title = say("chart.ledger", leader=page.name(first.details["leader"]))
        blocks.append(chart("ledger", title, say("chart.ledger.legend")))
    blocks += [_beside(kept[i : i + SIDE_BY_SIDE], page) for i in range(0, len(kept), SIDE_BY_SIDE)]
    return [*blocks, *_said_once(kept, page)]


def _beside(kept: list[Finding], page: Page) -> Block:
    say = page.say
    head = [say("ledger.cause"), *(page.name(f.details["leader"]) for f in kept)]
    rows = [
        [say(f"ledger.{key}"), *(say.number(f[key].value) for f in kept)]
        for key in ("before", "lowest", "now")
    ]
    for cause in CAUSES:
        values = [f.estimates.get(cause) for f in kept]
        if any(v is not None and v.value for v in values):
            rows.append(
                [
                    say(f"cause.{cause}"),
                    *("–" if v is None else format_interval(v, say) for v in values),
                ]
            )
    return table(head, rows, tuple(range(1, len(head))), headed=True)


def _said_once(kept: list[Finding], page: Page) -> Iterator[Block]:
    """A note that several ledgers share is written once, with whose it is unless it is everybody's."""
    whose: dict[str, list[str]] = {}
    for finding in kept:
        for note in (*finding.reasons, *finding.limits):
            whose.setdefault(page.say.note(note), []).append(
                page.name(finding.details.get("leader"))
            )
    for said, leaders in whose.items():
        everybody = len(leaders) == len(kept)
        yield {"kind": "note", "text": said if everybody else f"{join_names(leaders)}: {said}"}
