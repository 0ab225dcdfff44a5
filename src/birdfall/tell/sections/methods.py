"""The sections at the end: how unusual it is, what could not be answered, how it could be wrong, how it was measured.

The questions are those a sceptical reader or an opponent will ask; what can be answered from the record is answered with numbers.
"""

from __future__ import annotations

from birdfall.model.findings import Finding
from birdfall.tell.page import Block, Page, notes, subhead, text

#: The order in which methods are told; those not used are left out.
KINDS = (
    "waves", "audiences", "returns", "ledger", "counts", "reconciliation", "coordination", "brigades", "automation", "explanations", "claim",
)  # fmt: skip


def base_rates(page: Page) -> list[Block]:
    """How often chance would do this, what a cruder scan would have called, and what the fallen share."""
    finding, say = page.findings.get("waves"), page.say
    if finding is None or finding.answer == "cannot":
        return []
    blocks = [
        text(
            say(
                "base.text",
                rate=say.number(finding["base_rate"].value),
                dispersion=say.number(finding["variance_to_mean"].value),
                poisson=int(finding["poisson_alarms"].value or 0),
                waves=say.number(finding["waves"].value),
                alarms=say.number(finding["false_alarm_rate"].value),
            )
        )
    ]
    for row in finding.table("waves").to_pylist()[:1]:
        blocks.append(text(say("base.chance", p=say.small(row["p_value"]))))
        if row.get("trigger"):
            blocks.append(
                text(
                    say(
                        "base.trigger",
                        share=say.percent(row["trigger_share"]),
                        trait=say(f"trait.{row['trigger']}"),
                        value=row["trigger_value"],
                        base=say.percent(row["trigger_base_share"]),
                    )
                )
            )
    return blocks


def refused(page: Page) -> list[Block]:
    """What the data could not carry, as large as what it could."""
    say, blocks = page.say, list[Block]()
    for finding in page.findings.values():
        if finding.answer == "cannot" and finding.kind != "claim":
            kind = say(f"kind.{finding.kind}") if say.has(f"kind.{finding.kind}") else finding.kind
            blocks += [subhead(kind), text(" ".join(say.note(n) for n in finding.reasons))]
    return blocks


def could_be_wrong(page: Page) -> list[Block]:
    """Five questions, each with what the record itself answers."""
    say, coverage, waves = page.say, page.findings.get("coverage"), page.findings.get("waves")
    blocks: list[Block] = []
    if coverage is not None and coverage["first"].value is not None:
        blocks += [*_watched(coverage, page), *_clock(coverage, page)]
        survivors = say(
            "wrong.survivors.text",
            rejected=int(coverage["rejected"].value or 0),
            duplicates=int(coverage["duplicates"].value or 0),
        )
        blocks += [subhead(say("wrong.sample")), text(say("wrong.sample.text"))]
        blocks += [subhead(say("wrong.survivors")), text(survivors)]
    if waves is not None:
        counted = [
            say(f"status.{s}")
            for s in waves.parameters.get("statuses", ())
            if say.has(f"status.{s}")
        ]
        if counted:
            blocks += [
                subhead(say("wrong.definition")),
                text(say("wrong.definition.text", statuses=", ".join(counted))),
            ]
        blocks += notes(waves, say)
    return blocks


def _watched(coverage: Finding, page: Page) -> list[Block]:
    say, gaps = page.say, int(coverage["gaps"].value or 0)
    said = say(
        "wrong.coverage",
        rows=say.number(coverage["rows"].value),
        accounts=say.number(coverage["accounts"].value),
        first=say.time(int(coverage["first"].value or 0)),
        last=say.time(int(coverage["last"].value or 0)),
        gaps=gaps,
    )
    share = coverage.estimates.get("gap_share")
    if gaps and share is not None and (share.value or 0) >= 0.0005:
        said += " " + say("wrong.gone", gone=say.percent(share.value, 1))
    return [subhead(say("wrong.watched")), text(said)]


def _clock(coverage: Finding, page: Page) -> list[Block]:
    rows = (
        sum(coverage.table("clock").column("rows").to_pylist()) if "clock" in coverage.tables else 0
    )
    said = page.say("wrong.clock.off", n=rows) if rows else page.say("wrong.clock.fine")
    return [subhead(page.say("wrong.clock")), text(said)]


def method(page: Page) -> list[Block]:
    """In plain words how each answer came about, how well weighing works in simulated worlds, and the sources."""
    say = page.say
    used = {f.kind for f in page.findings.values() if f.answer != "cannot"}
    blocks = [text(say(f"method.{kind}")) for kind in KINDS if kind in used]
    weighed = next((f for f in page.findings_of_kind("explanations") if f.answer != "cannot"), None)
    if weighed is not None:
        figures = {
            "decided": "decided_in_worlds",
            "wrong": "wrong_when_decided",
            "error": "reliability_error",
        }
        blocks.append(
            text(
                say(
                    "method.calibration",
                    **{k: say.percent(weighed[e].value, 1) for k, e in figures.items()},
                )
            )
        )
    sources = sorted({m for f in page.findings.values() if f.answer != "cannot" for m in f.method})
    return (
        [*blocks, {"kind": "sources", "title": say("method.sources"), "items": sources}]
        if sources
        else blocks
    )
