"""Whether a record can answer what automation asks."""

from __future__ import annotations

from birdfall.model.findings import Note
from birdfall.record.record import Record
from birdfall.record.split import ByParts


def applies_to(record: Record) -> Note | None:
    """What is missing; None if accounts fell and something is known of their acts or profiles."""
    if not record.has("statuses"):
        return Note("no-statuses", {"needs": "statuses"})
    if record.has("acts") or _have_profiles(record):
        return None
    return Note("no-timelines", {"needs": "timelines"})


def _have_profiles(record: Record) -> bool:
    """Whether the record says more of any account than what it is called."""
    if not record.has("accounts"):
        return False
    told = " OR ".join(
        f"{column} IS NOT NULL"
        for column in ("created_at", "description", "followers", "following", "posts", "location")
    )
    rows = record.sql(
        f"SELECT count(*) AS n FROM accounts WHERE {told}",
        split=ByParts("SELECT sum(n) AS n FROM parts", key=""),
    )
    return bool(rows.column(0)[0].as_py())
