"""Whether a record can answer what coordination asks, and by which traces."""

from __future__ import annotations

from birdfall.measures.coordination.options import TRACES, check_trace
from birdfall.model.findings import Note
from birdfall.record.kept import kept_with_record
from birdfall.record.record import Record
from birdfall.record.split import ByParts


def applies_to(record: Record, trace: str | None = None) -> Note | None:
    """Whether the record has acts of a trace by at least two accounts.

    Parameters
    ----------
    record : Record
        What is asked.
    trace : str, optional
        One of `TRACES`, or a kind of object; None asks for any.

    Returns
    -------
    Note or None
        None if it has; else why not and what would help.

    Raises
    ------
    UsageError
        For what can be no trace.
    """
    counts = trace_sizes(record)
    if trace is not None:
        check_trace(trace)
        return (
            None
            if counts.get(trace, 0) > 1
            else Note("no-acts-of-trace", {"trace": trace, "needs": "acts"})
        )
    return None if any(n > 1 for n in counts.values()) else Note("no-acts", {"needs": "acts"})


def trace_sizes(record: Record) -> dict[str, int]:
    """Accounts per trace that the record can give, most first; traces without any are left out.

    `text` counts the accounts with texts.
    """
    return dict(_count_traces(record))


@kept_with_record
def _count_traces(record: Record) -> tuple[tuple[str, int], ...]:
    found: dict[str, int] = {}
    if record.has("acts"):
        rows = record.sql(
            "SELECT kind, count(DISTINCT account) AS n FROM acts "
            "GROUP BY kind ORDER BY n DESC, kind",
            split=ByParts(
                "SELECT kind, sum(n)::BIGINT AS n FROM parts GROUP BY kind ORDER BY n DESC, kind"
            ),
        )
        kinds, numbers = (c.to_pylist() for c in rows.columns)
        found = {k: n for k, n in zip(kinds, numbers, strict=True) if k in TRACES}
        if "hashtag" in found:
            found["hashtags"] = found["hashtag"]
        used = record.sql(
            "SELECT object_kind, count(DISTINCT account) AS n FROM acts "
            "WHERE kind = 'use' AND object_kind IS NOT NULL GROUP BY object_kind",
            split=ByParts(
                "SELECT object_kind, sum(n)::BIGINT AS n FROM parts GROUP BY object_kind"
            ),
        )
        found |= dict(zip(*(c.to_pylist() for c in used.columns), strict=True))
        if threads := _count(
            record, "SELECT count(DISTINCT account) AS n FROM acts WHERE conversation IS NOT NULL"
        ):
            found["conversation"] = max(threads, found.get("conversation", 0))
        if "link" in found:
            found.setdefault("domain", found["link"])
        texts = _count(
            record, "SELECT count(DISTINCT account) AS n FROM acts WHERE text IS NOT NULL"
        )
        if texts:
            found["text"] = texts
    if record.has("follows"):
        edges = _count(
            record, "SELECT count(DISTINCT follower) AS n FROM follows WHERE since IS NOT NULL"
        )
        found["follow"] = max(found.get("follow", 0), edges)
    if record.has("statuses"):
        found["status"] = _count(
            record, "SELECT count(DISTINCT account) AS n FROM statuses WHERE observation = 'change'"
        )
    if record.has("accounts"):
        found["creation"] = _count(
            record, "SELECT count(DISTINCT account) AS n FROM accounts WHERE created_at IS NOT NULL"
        )
    return tuple(item for item in sorted(found.items(), key=lambda i: (-i[1], i[0])) if item[1])


def _count(record: Record, query: str) -> int:
    """The number `n` that a query returns, of accounts."""
    split = ByParts("SELECT coalesce(sum(n), 0)::BIGINT AS n FROM parts")
    number: int = record.sql(query, split=split).column(0)[0].as_py()
    return number
