"""The section on how it could be wrong.

Five questions a sceptic will ask, answered from the record.
"""

from __future__ import annotations

from typing import Final

from birdfall.model.findings import Finding
from birdfall.tell.blocks import Block, DetailsBlock, TextBlock
from birdfall.tell.page import NumberWriter, Page, notes
from birdfall.tell.words import Words

#: A share of unobserved time below this is not worth a sentence.
MIN_GAP_SHARE: Final = 0.0005


def section(page: Page) -> list[Block]:
    """Five questions, each with what the record itself answers."""
    say, coverage, waves = page.say, page.findings.get("coverage"), page.findings.get("waves")
    blocks: list[Block] = []
    folded: list[Block] = [TextBlock(say("wrong.sample.text"), lead=say("wrong.sample"))]
    if coverage is not None and coverage["first"].value is not None:
        survivors = say(
            "wrong.survivors.text",
            rejected=NumberWriter(coverage, say).count("rejected"),
            duplicates=NumberWriter(coverage, say).count("duplicates"),
        )
        blocks += [
            *_coverage_blocks(coverage, page),
            *_clock_blocks(coverage, page),
            TextBlock(survivors, lead=say("wrong.survivors")),
        ]
    if waves is not None and waves.answer != "cannot":
        counted = [
            say(f"status.{s}")
            for s in waves.parameters.get("statuses", ())
            if say.has(f"status.{s}")
        ]
        if counted:
            text = say("wrong.definition.text", statuses=say.join(counted))
            folded.append(TextBlock(text, lead=say("wrong.definition")))
        blocks += notes(waves, say=say)
    return [*blocks, DetailsBlock(say("wrong.more"), folded)] if blocks else []


def _coverage_blocks(coverage: Finding, page: Page) -> list[Block]:
    """How much was observed, and when it was not."""
    say, write = page.say, NumberWriter(coverage, page.say)
    gaps = write.count("gaps")
    text = say(
        "wrong.coverage",
        rows=write.count("rows"),
        accounts=write.count("accounts"),
        **_span(int(coverage["first"].value or 0), int(coverage["last"].value or 0), say),
        gaps=gaps,
    )
    share = coverage.estimates.get("gap_share")
    if gaps and share is not None and (share.value or 0) >= MIN_GAP_SHARE:
        text += " " + say("wrong.gone", gone=write.percent("gap_share", 1))
    return [TextBlock(text, lead=say("wrong.watched"))]


def _span(first: int, last: int, say: Words) -> dict[str, str]:
    """From when to when, in microseconds: days where no row says more than its day."""
    moments = {"first": first, "last": last}
    write = say.short_day if all(map(say.is_midnight, moments.values())) else say.time
    return {end: write(moment) for end, moment in moments.items()}


def _clock_blocks(coverage: Finding, page: Page) -> list[Block]:
    """Whether rows have times that cannot be right."""
    say, rows = page.say, 0
    if "clock" in coverage.tables:
        rows = sum(coverage.table("clock").column("rows").to_pylist())
    wrong = NumberWriter(coverage, say).counted(rows, "clock.rows", "rows")
    text = say("wrong.clock.off", n=wrong) if rows else say("wrong.clock.fine")
    return [TextBlock(text, lead=say("wrong.clock"))]
