"""On which platforms the accounts of a record act."""

from __future__ import annotations

import pyarrow as pa

from birdfall.record.record import Record


def read_platforms(record: Record) -> pa.Table | None:
    """Each account with each platform that its acts name; None where there are no acts.

    Returns
    -------
    Table or None
        Columns `account` (a code of the record) and `platform`, each pair once.
    """
    if not record.has("acts"):
        return None
    return record.sql(
        "SELECT DISTINCT i.code AS account, a.platform FROM acts a JOIN ids i ON i.id = a.account "
        "WHERE a.platform IS NOT NULL"
    )
