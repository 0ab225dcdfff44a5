"""Spells: from status rows to when each account fell and came back, with intervals kept.

Every measure of suspensions reads this one table, so a repeated takedown is counted once
everywhere. Reads `statuses`; times are int64 microseconds UTC.

An account's rows are taken in time order. A `change` happened at `time`, or in (`after`, `time`]
where `after` is given; a `seen` status held at `time`, so a change between two sightings happened
in (earlier, later]. The same status repeated is no new change. A first `seen` of a fallen status
has no lower bound (`fell_after` = None: it was never seen up).

A block whose settings are changed is lifted and set anew within seconds. Such a pair changes
nothing: the account stayed fallen, and where nothing is told of before, it had fallen at a time
that is not known (unless the log tells of most accounts first that they are active: those were
made then).
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from birdfall.model.schemas import FALLEN, TIME
from birdfall.record.kept import kept_with_record
from birdfall.record.record import Record
from birdfall.record.split import ByParts, in_order

SPELLS: Final = pa.schema(
    [
        pa.field("account", pa.string(), nullable=False),
        pa.field("code", pa.int32(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("reason", pa.string()),
        # the change to `status` happened in (fell_after, fell_by], exactly where both are equal;
        # null: no lower bound
        pa.field("fell_after", TIME),
        pa.field("fell_by", TIME, nullable=False),
        # what ended it, and the interval in which; null while it lasts
        pa.field("ended_as", pa.string()),
        pa.field("ended_after", TIME),
        pa.field("ended_by", TIME),
        # the last time the account was known to be in this status: where a return curve is censored
        pa.field("last_seen", TIME, nullable=False),
    ]
)

#: Statuses in which an account cannot be seen, suspension first. `limited` can be seen.
HIDDEN: Final = ("suspended", "taken_down", "deactivated", "deleted")
#: A fall that is lifted and set anew within this time was never lifted, microseconds.
SET_ANEW_US: Final = 60_000_000

#: Of each account, whether what is told of it first is that it became active.
_BEGUN: Final = """
SELECT count(*) AS accounts, count(*) FILTER (first) AS active FROM (
    SELECT arg_min(status = 'active' AND observation = 'change',
                   row(time, "after", line, source, status)) AS first
    FROM statuses GROUP BY account
)
"""
#: Accounts of which more than one row tells: in the order of nothing but one row there is nothing
#: to see. $1: whether the log tells of the making of accounts.
_CHAIN: Final = f"""
WITH several AS (
    SELECT s.* FROM statuses s SEMI JOIN (
        SELECT account FROM statuses GROUP BY account HAVING count(*) > 1
    ) USING (account)
), told AS (
    SELECT account, status, reason, observation, "after", time, line, source,
           coalesce(status = 'active' AND observation = 'change' AND "after" IS NULL
           AND lead(observation) OVER w = 'change' AND lead("after") OVER w IS NULL
           AND lead(status) OVER w IN ('suspended', 'taken_down')
           AND epoch_us(lead(time) OVER w) - epoch_us(time) <= {SET_ANEW_US}
           AND coalesce(lag(status) OVER w != 'active', NOT $1), false) AS lifted
    FROM several
    WINDOW w AS (
        PARTITION BY account ORDER BY time, "after" NULLS LAST, line, source, status
    )
)
"""
_QUERY: Final = (
    _CHAIN
    + """, follow AS (
    SELECT *, coalesce(lag(lifted) OVER w, false) AS anew
    FROM told
    WINDOW w AS (
        PARTITION BY account ORDER BY time, "after" NULLS LAST, line, source, status
    )
), ordered AS (
    SELECT *, lag(status) OVER w AS previous, lag(time) OVER w AS previous_time,
           row_number() OVER w AS n
    FROM follow WHERE NOT lifted
    WINDOW w AS (
        PARTITION BY account ORDER BY time, "after" NULLS LAST, line, source, status
    )
), runs AS (
    SELECT *, sum(CASE WHEN status IS DISTINCT FROM previous THEN 1 ELSE 0 END)
           OVER (PARTITION BY account ORDER BY n) AS run
    FROM ordered
), changes AS (
    SELECT account, run, first(status ORDER BY n) AS status,
           first(reason ORDER BY n) FILTER (reason IS NOT NULL) AS reason,
           first(CASE WHEN "after" IS NOT NULL THEN greatest("after", previous_time)
                      WHEN observation = 'change' AND NOT anew THEN time
                      ELSE previous_time END ORDER BY n) AS lower,
           min(time) AS upper, max(time) AS last_seen
    FROM runs GROUP BY account, run
), spelled AS (
    SELECT *, lead(status) OVER v AS ended_as, lead(lower) OVER v AS ended_after,
           lead(upper) OVER v AS ended_by
    FROM changes WINDOW v AS (PARTITION BY account ORDER BY run)
), alone AS (
    SELECT account, any_value(status) AS status, any_value(reason) AS reason,
           any_value(observation) AS observation, any_value("after") AS "after",
           any_value(time) AS time
    FROM statuses GROUP BY account HAVING count(*) = 1
), every AS (
    SELECT account, run, status, reason, lower, upper, ended_as, ended_after, ended_by, last_seen
    FROM spelled
    UNION ALL
    SELECT account, 1, status, reason,
           coalesce("after", CASE WHEN observation = 'change' THEN time END), time,
           NULL, NULL, NULL, time
    FROM alone
)
SELECT s.account, i.code, s.status, s.reason, s.lower AS fell_after, s.upper AS fell_by,
       s.ended_as, s.ended_after, s.ended_by, s.last_seen
FROM every s JOIN ids i ON i.id = s.account
WHERE list_contains($2, s.status)
ORDER BY s.upper, s.lower, i.code, s.run
"""
)


def spells(record: Record, statuses: tuple[str, ...] = FALLEN) -> pa.Table:
    """One row per time an account entered one of `statuses`.

    Parameters
    ----------
    record
        Read: `statuses`.
    statuses
        Which statuses count.

    Returns
    -------
    pa.Table
        Schema `SPELLS`, ordered by (fell_by, fell_after, code).

    Examples
    --------
    >>> from birdfall.record.record import from_tables
    >>> statuses = pa.table({
    ...     "account": ["a", "a", "a"], "status": ["suspended", "suspended", "active"],
    ...     "time": pa.array([10, 20, 30]).cast(TIME), "observation": ["change", "seen", "change"],
    ... })
    >>> rows = spells(from_tables({"statuses": statuses})).to_pylist()
    >>> [(row["fell_by"].microsecond, row["ended_as"]) for row in rows]
    [(10, 'active')]
    """
    wanted = set(statuses)
    if not wanted <= set(HIDDEN):
        return _find_spells(record, tuple(statuses))
    found = _find_spells(record, HIDDEN)
    those = pc.is_in(found.column("status"), value_set=pa.array(sorted(wanted), pa.string()))
    return found if pc.all(those, min_count=0).as_py() else found.filter(those)


@kept_with_record
def _find_spells(record: Record, statuses: tuple[str, ...]) -> pa.Table:
    rows = record.sql(
        _QUERY,
        [_tells_of_making(record), list(statuses)],
        split=ByParts(in_order("fell_by", "fell_after", "code")),
    )
    return rows.cast(SPELLS)


def count_set_anew(record: Record) -> int:
    """How many suspensions were lifted and set anew within seconds, which changes nothing.

    Parameters
    ----------
    record
        Read: `statuses`.
    """
    if not record.has("statuses"):
        return 0
    rows = record.sql(
        f"{_CHAIN} SELECT count(*) FILTER (lifted) AS lifted FROM told",
        [_tells_of_making(record)],
        split=ByParts("SELECT coalesce(sum(lifted), 0)::BIGINT AS lifted FROM parts"),
    )
    return int(rows.column(0)[0].as_py())


@kept_with_record
def _tells_of_making(record: Record) -> bool:
    """Whether statuses tell of most accounts first that they are active: these were made then."""
    merge = "SELECT sum(accounts)::BIGINT AS accounts, sum(active)::BIGINT AS active FROM parts"
    row = record.sql(_BEGUN, split=ByParts(merge)).to_pylist()[0]
    return bool((row["active"] or 0) * 2 > (row["accounts"] or 0))
