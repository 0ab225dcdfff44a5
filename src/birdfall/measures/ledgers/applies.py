"""Whether a record can answer what ledgers asks."""

from __future__ import annotations

from birdfall.model.findings import Note
from birdfall.record.record import Record


def applies_to(record: Record) -> Note | None:
    """What is missing; None if the record has follows."""
    return None if record.has("follows") else Note("no-follows", {"needs": "follows"})
