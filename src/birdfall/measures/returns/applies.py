"""Whether a record can answer what returns asks."""

from __future__ import annotations

from birdfall.model.findings import Note
from birdfall.record.record import Record


def applies_to(record: Record) -> Note | None:
    """What is missing; None if the record has statuses."""
    return None if record.has("statuses") else Note("no-statuses", {"needs": "statuses"})
