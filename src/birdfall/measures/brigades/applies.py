"""Whether a record can answer what brigades asks."""

from __future__ import annotations

from birdfall.model.findings import Note
from birdfall.record.record import Record
from birdfall.record.split import ByParts


def applies_to(record: Record) -> Note | None:
    """None if there is a report, or a post in which calls to report may stand; else what is
    missing.
    """
    if not record.has("acts"):
        return Note("no-reports", {"needs": "reports"})
    found = record.sql(
        "SELECT 1 AS one FROM acts WHERE kind = 'report' OR text IS NOT NULL LIMIT 1",
        split=ByParts("SELECT one FROM parts LIMIT 1", key=""),
    ).num_rows
    return None if found else Note("no-reports", {"needs": "reports"})
