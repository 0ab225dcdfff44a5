"""The section on ledgers: who left which leader, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from birdfall.model.findings import Finding
from birdfall.tell.blocks import Block, ChartBlock, NoteBlock, TableBlock, TextBlock
from birdfall.tell.marks import plain
from birdfall.tell.page import (
    FOLDED_NOTES,
    NumberWriter,
    Page,
    how_measured,
    leader_ledger,
)

#: Causes of a change of the follower count, in the order of the table.
CAUSES: Final = (
    "lost_suspension",
    "lost_deleted",
    "lost_deactivated",
    "unfollowed",
    "restored",
    "reactivated",
    "refollowed",
    "new",
    "missing",
    "unexplained",
)
#: Ledgers side by side in one table.
LEDGERS_PER_TABLE: Final = 4


def section(page: Page) -> list[Block]:
    """What became of the leader's followers; the ledgers, cause by cause, fold out."""
    say, first = page.say, leader_ledger(page.findings)
    ledgers = [f for f in page.findings_of_kind("ledger") if f.answer != "cannot"]
    ledgers.sort(key=lambda f: (f is not first, f.name))
    blocks: list[Block] = [] if first is None else [_leader_text(first, page)]
    if first is not None and "ledger-wide" in page.drawings:
        title = say("chart.ledger", leader=page.name(first.details["leader"]))
        blocks.append(ChartBlock("ledger", title, say.language, say("chart.ledger.legend")))
    if not ledgers:
        return []
    tables = [
        _cause_table(ledgers[begin : begin + LEDGERS_PER_TABLE], page)
        for begin in range(0, len(ledgers), LEDGERS_PER_TABLE)
    ]
    return [
        *blocks,
        *_shared_notes(ledgers, page),
        *how_measured(page, *ledgers, blocks=tables),
    ]


def _leader_text(ledger: Finding, page: Page) -> TextBlock:
    """The followers of the account in question: before, at the lowest, now, and what became of
    them.
    """
    write = NumberWriter(ledger, page.say)
    text = page.say(
        "ledger.text",
        leader=page.name(ledger.details["leader"]),
        **{key: write.count(key) for key in ("before", "lowest", "now")},
        lost=write.count("lost_suspension"),
        restored=write.count("restored"),
    )
    return TextBlock(text)


def _cause_table(ledgers: list[Finding], page: Page) -> TableBlock:
    say = page.say
    head = [say("ledger.cause"), *(page.name(f.details["leader"]) for f in ledgers)]
    rows = [
        [say(f"ledger.{key}"), *(NumberWriter(f, say).number(key) for f in ledgers)]
        for key in ("before", "lowest", "now")
    ]
    for cause in CAUSES:
        values = [f.estimates.get(cause) for f in ledgers]
        if any(v is not None and v.value for v in values):
            cells = [
                "–" if v is None else NumberWriter(f, say).interval(cause)
                for f, v in zip(ledgers, values, strict=True)
            ]
            rows.append([say(f"cause.{cause}"), *cells])
    return TableBlock(head, rows, tuple(range(1, len(head))), headed=True)


def _shared_notes(ledgers: list[Finding], page: Page) -> Iterator[Block]:
    """Each note once: with whose ledgers it is about, unless it is about all."""
    leaders_by_note: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    for finding in ledgers:
        leader = page.name(finding.details.get("leader"))
        for note in (*finding.reasons, *finding.limits):
            if note.code in FOLDED_NOTES:
                continue
            text = page.say.note(note, finding.name)
            texts.setdefault(plain(text), text)
            leaders_by_note.setdefault(plain(text), []).append(leader)
    for said, leaders in leaders_by_note.items():
        about_all = len(leaders) == len(ledgers)
        text = texts[said]
        yield NoteBlock(text if about_all else f"{page.say.comma.join(leaders)}: {text}")
