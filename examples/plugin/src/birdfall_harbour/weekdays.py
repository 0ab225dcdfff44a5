"""A measure with its section of the report: on which weekdays accounts fell."""

from __future__ import annotations

from birdfall.model.findings import Estimate, Finding, Note
from birdfall.pipeline.measure import Measure
from birdfall.record.record import Record
from birdfall.tell.blocks import Block, TableBlock
from birdfall.tell.page import Page, Section

METHOD_VERSION = 1
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def applies_to(record: Record) -> Note | None:
    """Why the record cannot carry an answer; None if it can."""
    return None if record.has("statuses") else Note("no-statuses", {"needs": "statuses"})


def weekdays(record: Record) -> Finding:
    """How many suspensions fell on each weekday, in UTC."""
    table = record.sql(
        "SELECT isodow(time) AS weekday, count(*) AS suspensions FROM statuses "
        "WHERE status IN ('suspended', 'taken_down') GROUP BY ALL ORDER BY weekday"
    )
    total = sum(table.column("suspensions").to_pylist())
    return Finding(
        kind="weekdays",
        name="weekdays",
        answer="found" if total else "nothing",
        estimates={"suspensions": Estimate(total, "events", bounds="none")},
        inputs=(record.input("statuses"),),
        method=("birdfall-harbour: weekdays",),
        tables={"weekdays": table},
    )


def write_section(page: Page) -> list[Block]:
    """The section of the report: one row per weekday."""
    blocks: list[Block] = []
    for finding in page.findings_of_kind("weekdays"):
        rows = finding.table("weekdays").to_pylist()
        cells = [(_DAYS[row["weekday"] - 1], str(row["suspensions"])) for row in rows]
        blocks.append(TableBlock(("Weekday", "Suspensions"), cells))
    return blocks


MEASURE = Measure(
    name="weekdays",
    face="birdfall_harbour.weekdays",
    question="on which weekdays accounts fell",
    section=Section("weekdays", write_section, "weekdays", {"en": "By weekday"}),
)
