"""Whether a record can answer what audiences asks."""

from __future__ import annotations

from birdfall.model.findings import Note
from birdfall.record.record import Record


def applies_to(record: Record) -> Note | None:
    """What is missing; None if there are follow edges and statuses."""
    if not record.has("follows"):
        return Note("no-follows", {"needs": "follows"})
    return None if record.has("statuses") else Note("no-statuses", {"needs": "statuses"})
