"""Whether a record can answer what reinstatements asks."""

from __future__ import annotations

from typing import Final

from birdfall.measures.suspensions import SUSPENSION, Absences, find_absences
from birdfall.model.findings import Note
from birdfall.record.record import NEVER, Record

#: Fewer reinstatements have no base rate.
MIN_REINSTATED: Final = 20


def applies_to(record: Record) -> Note | None:
    """What is missing; None if enough suspensions were lifted."""
    if not record.has("statuses"):
        return Note("no-statuses", {"needs": "statuses"})
    number = len(lifted_suspensions(record))
    if number < MIN_REINSTATED:
        return Note("too-few-reinstated", {"reinstated": number, "needs": MIN_REINSTATED})
    return None


def lifted_suspensions(record: Record) -> Absences:
    """The suspensions that ended in a return."""
    found = find_absences(record)
    return found.select((found.cause == SUSPENSION) & (found.back_by != NEVER))
