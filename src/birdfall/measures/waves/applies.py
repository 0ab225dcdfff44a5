"""Whether a record can answer what waves asks."""

from __future__ import annotations

from birdfall.model.findings import Note
from birdfall.record.record import Record


def applies_to(record: Record) -> Note | None:
    """Why waves cannot be measured in `record`, and what would help; None if they can."""
    if not record.has("statuses"):
        return Note("no-statuses", {"needs": "statuses"})
    return None
