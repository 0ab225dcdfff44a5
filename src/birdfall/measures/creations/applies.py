"""Whether a record can answer what creations asks."""

from __future__ import annotations

from typing import Final

from birdfall.model.findings import Note
from birdfall.record.record import Record
from birdfall.record.split import ByParts

#: Fewer accounts with a date of creation have no base rate.
MIN_ACCOUNTS: Final = 30


def applies_to(record: Record) -> Note | None:
    """What is missing; None if enough accounts have dates of creation."""
    number = 0
    if record.has("accounts"):
        rows = record.sql(
            "SELECT count(DISTINCT account) AS n FROM accounts WHERE created_at IS NOT NULL",
            split=ByParts("SELECT sum(n)::BIGINT AS n FROM parts"),
        )
        number = int(rows.column(0)[0].as_py())
    if not number:
        return Note("no-creation-dates", {"needs": "created_at"})
    if number < MIN_ACCOUNTS:
        return Note("too-few-creation-dates", {"accounts": number, "needs": MIN_ACCOUNTS})
    return None
