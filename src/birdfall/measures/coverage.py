"""Coverage: what was watched when, what is missing or doubtful, and which questions this record can answer.

Asked before anything is computed: "no data" is never "nothing happened". Reads all tables; returns a finding of kind
`coverage`. Method: docs/methods/coverage.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, Final

import pyarrow as pa

from birdfall.model.findings import Estimate, Finding, Note
from birdfall.model.schemas import TIME
from birdfall.record.record import Record
from birdfall.sources.atproto.rows import UNKNOWN_UNFOLLOW, count_resolved_unfollows

#: Where a table keeps its accounts and its times.
_TABLES: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "accounts": (("account",), "coalesce(observed_at, created_at)"),
    "acts": (("account",), "time"),
    "statuses": (("account",), "time"),
    "follows": (("follower", "followed"), "coalesce(since, observed_at)"),
    "counts": (("account",), "time"),
}
#: A silence this many times longer than the longest ordinary one (99 %) is a gap.
SILENCE = 8.0
#: Fewer rows tell nothing about silence.
ENOUGH_ROWS = 200


def coverage(record: Record) -> Finding:
    """What the record holds and what can be concluded from it. Never refuses; an empty record answers "nothing"."""
    tables = _tables(record)
    spans = _spans(record)
    clock = _clock(record)
    duplicates = _duplicates(record)
    questions = _questions(record)
    rows = sum(t["rows"] for t in tables)
    firsts = [t["first"] for t in tables if t["first"] is not None]
    lasts = [t["last"] for t in tables if t["last"] is not None]
    gaps = [s for s in spans if s["kind"] == "gap"]
    span = (max(lasts) - min(firsts)).total_seconds() if firsts else 0.0
    missing = sum((g["to"] - g["from"]).total_seconds() for g in gaps)
    rejected = record.sizes.get("rejected", 0) - count_resolved_unfollows(record)
    return Finding(
        kind="coverage",
        name="coverage",
        answer="found" if rows else "nothing",
        estimates={
            "rows": _count(rows, "count"),
            "accounts": _count(len(record.ids), "accounts"),
            "first": _count(_micros(min(firsts)) if firsts else None, "time"),
            "last": _count(_micros(max(lasts)) if lasts else None, "time"),
            "gaps": _count(len(gaps), "count"),
            "gap_share": _count(min(1.0, missing / span) if span else 0.0, "share"),
            "duplicates": _count(duplicates, "count"),
            "rejected": _count(rejected, "count"),
            "contradictions": _count(_contradictions(record), "count"),
        },
        inputs=tuple(record.input(t) for t in (*_TABLES, "coverage", "rejected")),
        details={"rejected": _rejected(record)},
        tables={
            "spans": pa.Table.from_pylist(spans, schema=SPANS),
            "tables": pa.Table.from_pylist(tables, schema=TABLE),
            "questions": pa.Table.from_pylist(questions, schema=QUESTIONS),
            "clock": pa.Table.from_pylist(clock, schema=CLOCK),
        },
    )


SPANS = pa.schema(
    [
        ("from", TIME),
        ("to", TIME),
        ("what", pa.string()),
        ("kind", pa.string()),
        ("rate", pa.float64()),
        ("note", pa.string()),
        ("source", pa.string()),
    ]
)
TABLE = pa.schema(
    [
        ("table", pa.string()),
        ("rows", pa.int64()),
        ("accounts", pa.int64()),
        ("first", TIME),
        ("last", TIME),
        ("resolution_s", pa.float64()),
    ]
)
QUESTIONS = pa.schema(
    [
        ("question", pa.string()),
        ("answerable", pa.bool_()),
        ("reason", pa.string()),
        ("needs", pa.string()),
    ]
)
CLOCK = pa.schema([("problem", pa.string()), ("rows", pa.int64()), ("example", pa.string())])


def _tables(record: Record) -> list[dict[str, Any]]:
    found = []
    for table, (columns, time) in _TABLES.items():
        if not record.has(table):
            continue
        accounts = " UNION ALL ".join(f"SELECT {c} AS a FROM {table}" for c in columns)
        row = record.sql(
            f"""SELECT (SELECT approx_count_distinct(a) FROM ({accounts})) AS accounts, min({time}) AS first, max({time}) AS last,
            avg((epoch_us({time}) % 86400000000 = 0)::INT) AS midnight, avg((epoch_us({time}) % 60000000 = 0)::INT) AS minute,
            avg((epoch_us({time}) % 1000000 = 0)::INT) AS second FROM {table}"""
        ).to_pylist()[0]
        resolution = (
            86400.0
            if (row["midnight"] or 0) > 0.95
            else 60.0
            if (row["minute"] or 0) > 0.95
            else 1.0
            if (row["second"] or 0) > 0.95
            else 1e-6
        )
        found.append(
            {
                "table": table,
                "rows": record.sizes[table],
                "accounts": row["accounts"],
                "first": row["first"],
                "last": row["last"],
                "resolution_s": resolution,
            }
        )
    return found


def _spans(record: Record) -> list[dict[str, Any]]:
    """Coverage as it was said, and silences that the stream's own rate does not explain."""
    said = record.sql(
        'SELECT "from", "to", what, kind, rate, note, source FROM coverage ORDER BY "from", what, kind'
    ).to_pylist()
    return [*said, *(s for table in ("acts", "statuses") for s in _silences(record, table, said))]


def _silences(record: Record, table: str, said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if record.sizes.get(table, 0) < ENOUGH_ROWS or any(
        s["kind"] == "gap" and s["what"] in (table, "all", "stream") for s in said
    ):
        return []
    rows = record.sql(
        f"""WITH steps AS (SELECT time, lead(time) OVER (ORDER BY time) AS next FROM (SELECT DISTINCT time FROM {table})),
        usual AS (SELECT quantile_cont(epoch_us(next) - epoch_us(time), 0.99) AS q FROM steps WHERE next IS NOT NULL)
        SELECT time AS "from", next AS "to" FROM steps, usual WHERE epoch_us(next) - epoch_us(time) > greatest({SILENCE} * q, 1000000)
        ORDER BY 1 LIMIT 200"""
    ).to_pylist()
    return [
        r | {"what": table, "kind": "gap", "rate": None, "note": "silence", "source": None}
        for r in rows
    ]


def _clock(record: Record) -> list[dict[str, Any]]:
    problems = []
    checks = (
        (
            "acts-before-creation",
            ("acts", "accounts"),
            """SELECT count(*) AS n, min(a.account) AS example FROM acts a
            JOIN (SELECT account, min(created_at) AS created FROM accounts GROUP BY account) c ON c.account = a.account WHERE a.time < c.created""",
        ),
        (
            "implausible-times",
            ("acts",),
            "SELECT count(*) AS n, min(account) AS example FROM acts WHERE year(time) < 1995 OR year(time) > 2100",
        ),
        (
            "said-by-the-source",
            ("coverage",),
            "SELECT count(*) AS n, min(note) AS example FROM coverage WHERE kind = 'clock'",
        ),
    )
    for problem, needed, query in checks:
        if all(record.has(t) for t in needed):
            row = record.sql(query).to_pylist()[0]
            if row["n"]:
                problems.append({"problem": problem, "rows": row["n"], "example": row["example"]})
    return problems


def _duplicates(record: Record) -> int:
    """Acts that stand more than once: by their own id, or equal in all that matters."""
    if not record.has("acts"):
        return 0
    row = record.sql(
        """SELECT (SELECT count(act_id) - count(DISTINCT act_id) FROM acts)
        + (SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM acts WHERE act_id IS NULL GROUP BY account, kind, object, time HAVING n > 1))"""
    )
    return int(row.column(0)[0].as_py())


def _contradictions(record: Record) -> int:
    """Accounts that are said to have two statuses at one time."""
    if not record.has("statuses"):
        return 0
    rows = record.sql(
        "SELECT count(*) FROM (SELECT account, time FROM statuses GROUP BY account, time HAVING count(DISTINCT status) > 1)"
    )
    return int(rows.column(0)[0].as_py())


def _rejected(record: Record) -> list[dict[str, Any]]:
    if not record.has("rejected"):
        return []
    rows = record.sql(
        "SELECT reason, count(*) - CASE WHEN reason = $1 THEN $2::BIGINT ELSE 0 END AS rows FROM rejected GROUP BY reason "
        "HAVING rows > 0 ORDER BY rows DESC, reason LIMIT 20",
        [UNKNOWN_UNFOLLOW, count_resolved_unfollows(record)],
    )
    return list(rows.to_pylist())


def _questions(record: Record) -> list[dict[str, Any]]:
    """Each question with whether this record can answer it, by the measures' own word."""
    found = []
    for question, ask in ASKED.items():
        note = ask(record)
        needs = None if note is None else str(note.values.get("needs", "")) or None
        found.append(
            {
                "question": question,
                "answerable": note is None,
                "reason": None if note is None else note.code,
                "needs": needs,
            }
        )
    return found


def _waves(record: Record) -> Note | None:
    from birdfall.measures.waves import applies_to

    return applies_to(record)


def _audiences(record: Record) -> Note | None:
    from birdfall.measures.audiences import applies_to

    return applies_to(record)


def _ledgers(record: Record) -> Note | None:
    from birdfall.measures.ledgers import applies_to

    return applies_to(record)


def _returns(record: Record) -> Note | None:
    from birdfall.measures.returns import applies_to

    return applies_to(record)


def _counts(record: Record) -> Note | None:
    if not record.has("counts"):
        return Note("no-counts", {"needs": "counts"})
    from birdfall.measures.follower_counts import applies_to

    return applies_to(record)


def _coordination(record: Record) -> Note | None:
    from birdfall.measures.coordination import applies_to

    return applies_to(record)


def _brigades(record: Record) -> Note | None:
    if (
        record.has("acts")
        and record.sql("SELECT 1 FROM acts WHERE kind = 'report' LIMIT 1").num_rows
    ):
        return None
    return Note("no-reports", {"needs": "reports"})


def _automation(record: Record) -> Note | None:
    if not record.has("acts"):
        return Note("no-acts", {"needs": "acts"})
    return None if record.has("statuses") else Note("no-statuses", {"needs": "statuses"})


def _claims(record: Record) -> Note | None:
    return (
        None
        if record.has("statuses") or record.has("counts")
        else Note("no-statuses", {"needs": "statuses"})
    )


#: Which measure answers which question. One that comes later is added here.
ASKED: Final[dict[str, Callable[[Record], Note | None]]] = {
    "waves": _waves, "audiences": _audiences, "ledgers": _ledgers, "returns": _returns, "counts": _counts,
    "coordination": _coordination, "brigades": _brigades, "automation": _automation, "claims": _claims,
}  # fmt: skip


def _micros(time: dt.datetime) -> int:
    return round(time.timestamp() * 1e6)


def _count(value: float | int | None, unit: str) -> Estimate:
    return Estimate(value, unit, level=None, bounds="none")
