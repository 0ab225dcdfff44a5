"""The log of a Harbour forum: one event a line, tab-separated, for source and feed alike."""

from __future__ import annotations

import datetime as dt

HEADER = b"#harbour-log 1"
COLUMNS = ("time", "member", "what", "about", "ref")
#: Harbour's words for the status of a member, and the record's.
STATUSES = {"suspended": "suspended", "restored": "active"}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def microseconds(text: str) -> int:
    """The time of an event in microseconds since 1970 UTC. Raises ValueError."""
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return (moment - _EPOCH) // dt.timedelta(microseconds=1)
