"""Coverage: what was watched when, what is doubtful, and which questions can be answered.

Computed before anything else: "no data" is never "nothing happened". It asks every measure whether
it applies, so it stands above them. Reads all tables; returns a finding of kind `coverage`.
Method: docs/methods/coverage.md.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Final, TypedDict

import numpy as np
import pyarrow as pa

from birdfall.measures import (
    audiences,
    coordination,
    creations,
    follower_counts,
    ledgers,
    reinstatements,
    returns,
    waves,
)
from birdfall.measures.suspensions import find_stray_statuses
from birdfall.model.findings import Estimate, Finding, Note
from birdfall.model.schemas import TIME
from birdfall.record.lookalikes import find_lookalikes
from birdfall.record.record import Record
from birdfall.record.split import ByParts
from birdfall.sources.shared.follow_index import UNKNOWN_UNFOLLOW, count_resolved_unfollows
from birdfall.sources.shared.repeats import REPEATED

#: Grows when the same data would give other numbers.
METHOD_VERSION: Final = 7
#: SQL of the times of a table.
_TABLES: Final = {
    "accounts": "coalesce(observed_at, created_at)",
    "acts": "time",
    "statuses": "time",
    "follows": "coalesce(since, observed_at)",
    "counts": "time",
}
#: A silence this many times longer than the longest ordinary one (99 %) is a gap.
SILENCE_FACTOR: Final = 8.0
#: Fewer rows show nothing about silence.
MIN_SILENCE_ROWS: Final = 200
#: Days that a daily series has at least.
MIN_DAYS: Final = 7
#: Silences listed, at most, per table; reasons of rejected rows listed, at most.
MAX_SILENCES, MAX_REASONS = 200, 20
#: Times are multiples of a unit if this share of them is.
_GRID_SHARE: Final = 0.95
#: Years outside of which a time is implausible: [first, last].
_PLAUSIBLE_YEARS: Final = (1995, 2100)

SPANS: Final = pa.schema([
    ("from", TIME), ("to", TIME), ("what", pa.string()), ("kind", pa.string()),
    ("rate", pa.float64()), ("note", pa.string()), ("source", pa.string()),
])  # fmt: skip
TABLE: Final = pa.schema([
    ("table", pa.string()), ("rows", pa.int64()), ("accounts", pa.int64()), ("first", TIME),
    ("last", TIME), ("resolution_s", pa.float64()),
])  # fmt: skip
QUESTIONS: Final = pa.schema([
    ("question", pa.string()), ("answerable", pa.bool_()), ("reason", pa.string()),
    ("needs", pa.string()), ("numbers", pa.string()),
])  # fmt: skip
CLOCK: Final = pa.schema([
    ("problem", pa.string()), ("rows", pa.int64()), ("example", pa.string()),
])  # fmt: skip

#: One row of `SPANS`: what was watched, sampled or missed in [from, to].
_Span = TypedDict(
    "_Span",
    {
        "from": dt.datetime,
        "to": dt.datetime,
        "what": str,
        "kind": str,
        "rate": float | None,
        "note": str | None,
        "source": str | None,
    },
)


_DISTINCT_TIMES: Final = "SELECT DISTINCT time FROM {}"
_SILENCES: Final = f"""
WITH steps AS (
    SELECT time, lead(time) OVER (ORDER BY time) AS next
    FROM (SELECT DISTINCT time FROM {{times}})
), ordinary AS (
    SELECT quantile_cont(epoch_us(next) - epoch_us(time), 0.99) AS q
    FROM steps WHERE next IS NOT NULL
)
SELECT time AS "from", next AS "to" FROM steps, ordinary
WHERE epoch_us(next) - epoch_us(time) > greatest({SILENCE_FACTOR} * q, 1000000)
ORDER BY 1 LIMIT {MAX_SILENCES}
"""


class _TableRow(TypedDict):
    """One row of `TABLE`: the extent of one table of the record."""

    table: str
    rows: int
    accounts: int
    first: dt.datetime | None
    last: dt.datetime | None
    resolution_s: float


class _ClockRow(TypedDict):
    """One row of `CLOCK`: a kind of doubtful time, and an account that has it."""

    problem: str
    rows: int
    example: str | None


class _QuestionRow(TypedDict):
    """One row of `QUESTIONS`: whether the record can answer, else why not and what is needed."""

    question: str
    answerable: bool
    reason: str | None
    needs: str | None
    numbers: str


class _RejectedRow(TypedDict):
    """How many rows were rejected for one reason."""

    reason: str
    rows: int


def coverage(record: Record) -> Finding:
    """Survey what the record holds and which questions it can answer.

    Parameters
    ----------
    record
        Read: all tables.

    Returns
    -------
    Finding
        Of kind `coverage`, with tables `spans`, `tables`, `questions` and `clock`. It never
        refuses; an empty record answers "nothing".

    Examples
    --------
    >>> from birdfall.record.record import from_tables
    >>> finding = coverage(from_tables({}))
    >>> finding.answer, finding.table("questions").column("answerable").to_pylist().count(True)
    ('nothing', 0)
    """
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
    rejected -= len(_repeated(record))
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
        details={
            "rejected": _rejected_reasons(record),
            "traces": coordination.trace_sizes(record),
            "alike": len(find_lookalikes(record.ids.id_of)),
        },
        tables={
            "spans": pa.Table.from_pylist(spans, schema=SPANS),
            "tables": pa.Table.from_pylist(tables, schema=TABLE),
            "questions": pa.Table.from_pylist(questions, schema=QUESTIONS),
            "clock": pa.Table.from_pylist(clock, schema=CLOCK),
        },
    )


def _tables(record: Record) -> list[_TableRow]:
    """Rows, accounts, extent and resolution of every table that holds something."""
    found: list[_TableRow] = []
    for table, time in _TABLES.items():
        if not record.has(table):
            continue
        row = record.sql(
            f"""SELECT min({time}) AS first, max({time}) AS last, count({time}) AS known,
            count(*) FILTER (epoch_us({time}) % 86400000000 = 0) AS midnight,
            count(*) FILTER (epoch_us({time}) % 60000000 = 0) AS minute,
            count(*) FILTER (epoch_us({time}) % 1000000 = 0) AS second FROM {table}""",
            split=ByParts(
                """SELECT min(first) AS first, max(last) AS last, sum(known)::BIGINT AS known,
                sum(midnight)::BIGINT AS midnight, sum(minute)::BIGINT AS minute,
                sum(second)::BIGINT AS second FROM parts""",
                key="",
            ),
        ).to_pylist()[0]
        grids = (("midnight", 86400.0), ("minute", 60.0), ("second", 1.0))
        known = max(row["known"] or 0, 1)
        resolution = next(
            (seconds for name, seconds in grids if (row[name] or 0) / known > _GRID_SHARE), 1e-6
        )
        found.append(
            {
                "table": table,
                "rows": record.sizes[table],
                "accounts": record.count_accounts(table),
                "first": row["first"],
                "last": row["last"],
                "resolution_s": resolution,
            }
        )
    return found


def _spans(record: Record) -> list[_Span]:
    """Coverage as stated by sources, and silences that no ordinary gap explains."""
    stated: list[_Span] = record.sql(
        """SELECT "from", "to", what, kind, rate, note, source FROM coverage
        ORDER BY "from", what, kind"""
    ).to_pylist()
    silences = [s for table in ("acts", "statuses") for s in _silences(record, table, stated)]
    return [*stated, *silences, *_missing_days(record, stated)]


def _missing_days(record: Record, stated: list[_Span]) -> list[_Span]:
    """Holes of counts that were noted day by day; none where gaps are stated."""
    if any(s["kind"] == "gap" and s["what"] in ("counts", "all", "stream") for s in stated):
        return []
    if not record.has("counts"):
        return []
    found = record.sql(
        "SELECT DISTINCT epoch_us(time) // 86400000000 AS day FROM counts ORDER BY day",
        split=ByParts("SELECT DISTINCT day FROM parts ORDER BY day", key=""),
    )
    days = found.column("day").to_numpy()
    steps = np.diff(days)
    if len(days) < MIN_DAYS or np.median(steps) != 1:
        return []
    before = np.flatnonzero(steps > 1)[:MAX_SILENCES]
    return [
        {
            "from": _at_day(int(days[place])),
            "to": _at_day(int(days[place + 1])),
            "what": "counts",
            "kind": "gap",
            "rate": None,
            "note": "missing days",
            "source": None,
        }
        for place in before
    ]


def _at_day(day: int) -> dt.datetime:
    """The beginning of a day, in UTC, that is `day` days after 1970 began."""
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=day)


def _silences(record: Record, table: str, stated: list[_Span]) -> list[_Span]:
    """Gaps of `table` far longer than its ordinary ones; none where gaps are stated."""
    names = (table, "all", "stream")
    if any(s["kind"] == "gap" and s["what"] in names for s in stated):
        return []
    if record.sizes.get(table, 0) < MIN_SILENCE_ROWS:
        return []
    rows = record.sql(
        _SILENCES.format(times=table),
        split=ByParts(_SILENCES.format(times="parts"), key="", map=_DISTINCT_TIMES.format(table)),
    ).to_pylist()
    return [
        {
            "from": row["from"],
            "to": row["to"],
            "what": table,
            "kind": "gap",
            "rate": None,
            "note": "silence",
            "source": None,
        }
        for row in rows
    ]


def _clock(record: Record) -> list[_ClockRow]:
    """Times that cannot be true, or that a source itself calls doubtful."""
    problems: list[_ClockRow] = []
    first, last = _PLAUSIBLE_YEARS
    checks: tuple[tuple[str, tuple[str, ...], str, str], ...] = (
        (
            "acts-before-creation",
            ("acts", "accounts"),
            """SELECT count(*) AS n, min(a.account) AS example FROM acts a
            JOIN (SELECT account, min(created_at) AS created FROM accounts GROUP BY account) c
            ON c.account = a.account WHERE a.time < c.created""",
            "account",
        ),
        (
            "implausible-times",
            ("acts",),
            f"""SELECT count(*) AS n, min(account) AS example FROM acts
            WHERE year(time) < {first} OR year(time) > {last}""",
            "",
        ),
        (
            "said-by-the-source",
            ("coverage",),
            """SELECT count(*) AS n, min(note) AS example FROM coverage WHERE kind = 'clock'""",
            "",
        ),
    )
    for problem, needed, query, key in checks:
        if all(record.has(t) for t in needed):
            merge = "SELECT sum(n)::BIGINT AS n, min(example) AS example FROM parts"
            row = record.sql(query, split=ByParts(merge, key=key)).to_pylist()[0]
            if row["n"]:
                problems.append({"problem": problem, "rows": row["n"], "example": row["example"]})
    if stray := find_stray_statuses(record):
        problems.append({"problem": "stray-times", "rows": stray.rows, "example": None})
    return problems


def _duplicates(record: Record) -> int:
    """Acts that stand more than once: by their own id, or equal in all that matters.

    Those that came again within a file were left out there, and stand among the refused rows.
    """
    if not record.has("acts"):
        return 0
    row = record.sql(
        """SELECT (SELECT coalesce(sum(n - 1), 0) FROM (
            SELECT count(*) AS n FROM acts WHERE act_id IS NOT NULL
            GROUP BY act_id, account, kind, object HAVING n > 1
        )) + (SELECT coalesce(sum(n - 1), 0) FROM (
            SELECT count(*) AS n FROM acts WHERE act_id IS NULL
            GROUP BY account, kind, object, time HAVING n > 1
        )) AS again""",
        split=ByParts("SELECT sum(again) AS again FROM parts"),
    )
    return int(row.column(0)[0].as_py()) + sum(_repeated(record))


def _repeated(record: Record) -> list[int]:
    """Per file that has some, how many acts came again in it and were left out."""
    if not record.has("rejected"):
        return []
    rows = record.sql("SELECT value FROM rejected WHERE reason = $1", [REPEATED])
    return [int(v) for v in rows.column(0).to_pylist()]


def _contradictions(record: Record) -> int:
    """Accounts that are said to have two statuses at one time."""
    if not record.has("statuses"):
        return 0
    rows = record.sql(
        """SELECT count(*) AS n FROM (
            SELECT account, time FROM statuses GROUP BY account, time
            HAVING count(DISTINCT status) > 1
        )""",
        split=ByParts("SELECT coalesce(sum(n), 0) AS n FROM parts"),
    )
    return int(rows.column(0)[0].as_py())


def _rejected_reasons(record: Record) -> list[_RejectedRow]:
    """Rejected rows by reason, less those whose unfollow was found elsewhere."""
    if not record.has("rejected"):
        return []
    rows = record.sql(
        f"""SELECT reason, count(*) - CASE WHEN reason = $1 THEN $2::BIGINT ELSE 0 END AS rows
        FROM rejected WHERE reason != $3 GROUP BY reason HAVING rows > 0
        ORDER BY rows DESC, reason LIMIT {MAX_REASONS}""",
        [UNKNOWN_UNFOLLOW, count_resolved_unfollows(record), REPEATED],
    )
    return list(rows.to_pylist())


def _questions(record: Record) -> list[_QuestionRow]:
    """Each question with whether this record can answer it."""
    found: list[_QuestionRow] = []
    for question, ask in QUESTION_CHECKS.items():
        note = ask(record)
        values = {} if note is None else note.values
        needs = values.get("needs")
        numbers = {name: value for name, value in values.items() if isinstance(value, int | float)}
        found.append(
            {
                "question": question,
                "answerable": note is None,
                "reason": None if note is None else note.code,
                "needs": needs if isinstance(needs, str) else None,
                "numbers": json.dumps(numbers),
            }
        )
    return found


def question_reasons(coverage: Finding) -> dict[str, Note | None]:
    """Why this record cannot answer a question, with its numbers; None of one it can answer.

    Parameters
    ----------
    coverage
        What `measure` found.
    """
    return {
        row["question"]: None
        if row["answerable"]
        else Note(row["reason"], {"needs": row["needs"], **json.loads(row.get("numbers") or "{}")})
        for row in coverage.table("questions").to_pylist()
    }


def _brigades(record: Record) -> Note | None:
    if (
        record.has("acts")
        and record.sql(
            "SELECT 1 AS one FROM acts WHERE kind = 'report' LIMIT 1",
            split=ByParts("SELECT one FROM parts LIMIT 1", key=""),
        ).num_rows
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


#: What says whether a question can be answered: None, or the reason why not.
QUESTION_CHECKS: Final[dict[str, Callable[[Record], Note | None]]] = {
    "waves": waves.applies_to,
    "audiences": audiences.applies_to,
    "ledgers": ledgers.applies_to,
    "returns": returns.applies_to,
    "reinstatements": reinstatements.applies_to,
    "creations": creations.applies_to,
    "counts": follower_counts.applies_to,
    "coordination": coordination.applies_to,
    "brigades": _brigades,
    "automation": _automation,
    "claims": _claims,
}


def _micros(time: dt.datetime) -> int:
    return round(time.timestamp() * 1e6)


def _count(value: float | int | None, unit: str) -> Estimate:
    return Estimate(value, unit, level=None, bounds="none")
