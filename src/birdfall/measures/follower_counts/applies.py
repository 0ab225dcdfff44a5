"""Whether a record can answer what follower counts asks."""

from __future__ import annotations

from typing import Final

from birdfall.model.findings import Note
from birdfall.record.kept import kept_with_record
from birdfall.record.record import Record
from birdfall.record.split import ByParts

#: With fewer known days before it no day is judged.
MIN_KNOWN_DAYS: Final = 5


@kept_with_record
def applies_to(record: Record) -> Note | None:
    """Why counts show nothing here; None if some account was counted often enough."""
    if not record.has("counts"):
        return Note("no-counts", {"needs": "counts"})
    row = record.sql(
        """SELECT max(n) AS days FROM (SELECT count(*) AS n FROM (
            SELECT DISTINCT account, time::DATE FROM counts WHERE followers IS NOT NULL
        ) GROUP BY account)""",
        split=ByParts("SELECT max(days) AS days FROM parts"),
    )
    days = row.column(0)[0].as_py() or 0
    if days >= MIN_KNOWN_DAYS + 3:
        return None
    return Note("too-few-counts", {"days": days, "needs": "counts"})
