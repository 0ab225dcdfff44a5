"""Ledgers: what happened to one leader's followers.

Lost to suspension, deletion, deactivation or by their own choice; back; new. Followers at each time
are counted as edges that stand from accounts that can be seen, and every change has a cause
(`ledgers.entries`). Where times are known only within intervals the series is a band that holds
every possible history. What is missing through suspension is followed to its return (see
`returns`), and the sum is laid beside the platform's own follower counts where there are any.
Method: docs/methods/ledgers.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from birdfall.measures.ledgers import entries as book
from birdfall.measures.ledgers.applies import applies_to
from birdfall.measures.ledgers.edges import edge_events
from birdfall.measures.ledgers.series import (
    Balance,
    balance,
    compare_with_counts,
    series_table,
    uncertain_followers,
)
from birdfall.measures.returns import (
    CURVE_SCHEMA,
    MAX_CURVE_ROWS,
    IntervalCurve,
    ReturnCurve,
    return_curve,
)
from birdfall.measures.suspensions import ALWAYS, SUSPENSION, Absences, find_absences, record_end
from birdfall.model.findings import Estimate, Finding, Note
from birdfall.model.schemas import TIME
from birdfall.record.record import NEVER, Record

METHOD: Final = ("edge-and-visibility", "kaplan-meier-1958", "greenwood-1926", "identified-bounds")
#: Grows when the same data would give other numbers.
METHOD_VERSION: Final = 3
ENTRIES: Final = pa.schema([
    ("time", TIME), ("time_low", TIME), ("account", pa.string()), ("cause", pa.string()),
    ("change", pa.int8()), ("missing", pa.int8()),
])  # fmt: skip
_ESTIMATES: Final = {
    "lost_suspension": book.LOST_SUSPENSION, "lost_deleted": book.LOST_DELETED,
    "lost_deactivated": book.LOST_DEACTIVATED, "unfollowed": book.UNFOLLOWED,
    "restored": book.RESTORED, "reactivated": book.REACTIVATED, "refollowed": book.REFOLLOWED,
    "new": book.NEW,
}  # fmt: skip
_TABLES: Final = ("follows", "statuses", "counts", "coverage")


def ledgers(
    record: Record, leaders: Sequence[str], *, until: int | None = None, level: float = 0.95
) -> list[Finding]:
    """Keep a ledger for each of `leaders`, in their order; statuses are read once.

    until, level: as for `ledger`.
    """
    hidden = find_absences(record, until)
    return [_ledger(record, leader, hidden, until, level) for leader in leaders]


def ledger(
    record: Record, leader: str, *, until: int | None = None, level: float = 0.95
) -> Finding:
    """Keep the ledger of one leader.

    Parameters
    ----------
    record
        Read: `follows`, `statuses`, `counts`, `coverage`.
    leader
        Id.
    until
        Microseconds since 1970 UTC; nothing later is used. None: the whole record.
    level
        Of the band of the return curve.

    Returns
    -------
    Finding
        Of kind `ledger`, with tables `entries`, `causes`, `series`, `returns` and `reconciled`
        (docs/reference/findings.md). It answers "found" if followers were lost to suspension,
        "nothing" if none was, "cannot" if the record has no edge to the leader.

    References
    ----------
    Manski (2003), Partial identification of probability distributions. Kaplan and Meier (1958).

    Examples
    --------
    >>> from birdfall.record.record import from_tables
    >>> follows = pa.table({"follower": ["a", "b"], "followed": ["leader"] * 2,
    ...                     "since": pa.array([10, 20]).cast(TIME), "observation": ["change"] * 2})
    >>> statuses = pa.table({"account": ["a"], "status": ["suspended"],
    ...                      "time": pa.array([30]).cast(TIME), "observation": ["change"]})
    >>> finding = ledger(from_tables({"follows": follows, "statuses": statuses}), "leader")
    >>> finding["before"].value, finding["now"].value, finding["lost_suspension"].value
    (2, 1, 1)
    """
    return _ledger(record, leader, find_absences(record, until), until, level)


def _ledger(
    record: Record, leader: str, hidden: Absences, until: int | None, level: float
) -> Finding:
    code = record.ids.code(leader)
    edges = None if code is None else edge_events(record, leader, hidden, until)
    if code is None or edges is None or not len(edges.code):
        return _refuse(record, leader, code, until, level)
    made = book.make_entries(edges, hidden)
    kept = balance(made)
    returning = _costly_absences(made, hidden, until if until is not None else record_end(record))
    z = NormalDist().inv_cdf(0.5 + level / 2)
    curve = return_curve(returning, z) if len(returning) else None
    counted, difference = compare_with_counts(record, leader, kept, until)
    over_time = series_table(made, kept, edges, hidden)
    lost = bool((made.cause == book.LOST_SUSPENSION).any())
    exact = not len(uncertain_followers(edges, hidden))
    limits = _limits(record, hidden, edges.lists, made, code, kept)
    if curve:
        limits += curve.limits
    if difference:
        limits.append(Note("counts-differ", {"accounts": difference}))
    return Finding(
        kind="ledger",
        name=f"ledger-{code}",
        answer="found" if lost else "nothing",
        estimates={
            **_balance_estimates(over_time, kept, exact),
            **{name: _accounts_of_cause(made, cause) for name, cause in _ESTIMATES.items()},
            "unexplained": Estimate(difference, "accounts", level=None, bounds="none"),
            **_return_estimates(curve, level),
        },
        parameters={"leader": leader, "until": until, "level": level},
        inputs=tuple(record.input(t) for t in _TABLES if record.has(t)),
        reasons=() if lost else (Note("none-lost-to-suspension", {"followers": kept.before}),),
        limits=tuple(limits),
        method=METHOD,
        details={
            "leader": leader,
            "code": code,
            "opening": kept.opening,
            "lost_falls": len(returning),
            "back": int((returning.back_by != NEVER).sum()),
        },
        tables={
            "entries": _entries_table(record, made),
            "causes": _causes_table(made),
            "series": over_time,
            "returns": curve.table(CURVE_SCHEMA, MAX_CURVE_ROWS)
            if curve
            else CURVE_SCHEMA.empty_table(),
            "reconciled": counted,
        },
        simulated=record.settings.simulated,
    )


def _refuse(
    record: Record, leader: str, code: int | None, until: int | None, level: float
) -> Finding:
    """The finding of a leader without edges. code: None if the record does not know the leader."""
    missing = "unknown-leader" if code is None else "no-edges-of-leader"
    reason = applies_to(record) or Note(missing, {"leader": leader, "needs": "follows"})
    return Finding(
        kind="ledger",
        name="ledger-unknown" if code is None else f"ledger-{code}",
        answer="cannot",
        reasons=(reason,),
        parameters={"leader": leader, "until": until, "level": level},
        inputs=tuple(record.input(t) for t in _TABLES if record.has(t)),
        method=METHOD,
        details={"leader": leader},
        simulated=record.settings.simulated,
    )


def _balance_estimates(over_time: pa.Table, kept: Balance, exact: bool) -> dict[str, Estimate]:
    """Followers before and after the largest fall, now, and missing now."""
    now = int(kept.followers[-1]) if len(kept.followers) else kept.opening
    missing = int(kept.missing[-1]) if len(kept.missing) else 0
    return {
        "before": _series_estimate(over_time, kept.before, None, exact),
        "lowest": _series_estimate(over_time, kept.lowest, kept.lowest_at, exact),
        "now": _series_estimate(over_time, now, None, exact, end=True),
        "lowest_at": Estimate(kept.lowest_at, "time", level=None, bounds="none"),
        "missing": _series_estimate(over_time, missing, None, exact, end=True, of="missing"),
    }


def _return_estimates(
    curve: ReturnCurve | IntervalCurve | None, level: float
) -> dict[str, Estimate]:
    if curve is None:
        return {
            "returned_share": Estimate(None, "share", level=level),
            "half_return": Estimate(None, "seconds", level=level),
        }
    return {"returned_share": curve.share(None, level), "half_return": curve.half(level)}


def _costly_absences(made: book.Entries, hidden: Absences, end: int) -> Absences:
    """The suspensions that cost this leader a follower.

    A follower that unfollowed while away is censored at that moment. end: microseconds.
    """
    lost = made.cause == book.LOST_SUSPENSION
    if not lost.any():
        return hidden.select(np.zeros(len(hidden), dtype=bool))
    at = _code_time_keys(made.code[lost], made.time[lost])
    ours = hidden.select(
        (hidden.cause == SUSPENSION) & np.isin(_code_time_keys(hidden.code, hidden.fell_by), at)
    )
    gone = (made.cause == book.UNFOLLOWED) & (made.missing < 0)
    if not gone.any():
        return ours
    back_after, back_by, known = (
        ours.back_after.copy(),
        ours.back_by.copy(),
        ours.known_until.copy(),
    )
    for code, time in zip(made.code[gone], made.time[gone], strict=True):
        which = (ours.code == code) & (ours.fell_by <= time) & (ours.back_by > time)
        back_after[which] = back_by[which] = NEVER
        known[which] = np.minimum(time, end)
    return Absences(
        ours.code, ours.cause, ours.later, ours.fell_after, ours.fell_by, back_after, back_by, known
    )


def _code_time_keys(code: NDArray[np.int32], time: NDArray[np.int64]) -> NDArray[np.void]:
    """(code, time) as one comparable value each."""
    both = np.empty(len(code), dtype=[("code", np.int64), ("time", np.int64)])
    both["code"], both["time"] = code, time
    return both.view("V16")


def _accounts_of_cause(made: book.Entries, cause: int) -> Estimate:
    """Distinct accounts with entries of `cause`, at least those surely within the record."""
    which = (made.cause == cause) & (
        (made.change != 0) if cause != book.UNFOLLOWED else np.ones(len(made.cause), bool)
    )
    sure = which & (made.after != ALWAYS)
    count, at_least = _count_distinct(made.code[which]), _count_distinct(made.code[sure])
    if count == at_least:
        return _estimate(count, "accounts")
    return Estimate(count, "accounts", at_least, count, None, "identified")


def _count_distinct(code: NDArray[np.int32]) -> int:
    return int(np.count_nonzero(np.bincount(code))) if len(code) else 0


def _estimate(value: int | None, unit: str = "followers") -> Estimate:
    return Estimate(value, unit, level=None, bounds="none")


def _series_estimate(
    over_time: pa.Table,
    value: int,
    time: int | None,
    exact: bool,
    *,
    end: bool = False,
    of: str = "followers",
) -> Estimate:
    """`value`, with the bounds of the series at `time` or at its end where times are intervals."""
    unit = "accounts" if of == "missing" else "followers"
    if exact or not over_time.num_rows or (time is None and not end):
        return _estimate(value, unit)
    row = -1 if end else over_time.column("time").cast(pa.int64()).to_pylist().index(time)
    low, high = ("missing_low", "missing_high") if of == "missing" else ("low", "high")
    least, most = (over_time.column(name)[row].as_py() for name in (low, high))
    return Estimate(value, unit, least, most, None, "identified")


def _limits(
    record: Record,
    hidden: Absences,
    lists: NDArray[np.int64],
    made: book.Entries,
    code: int,
    kept: Balance,
) -> list[Note]:
    limits = []
    if not record.has("statuses"):
        limits.append(Note("no-statuses", {"needs": "statuses"}))
    own = hidden.select((hidden.code == code) & (hidden.cause == SUSPENSION))
    if len(own):
        # What others count while the leader is away is an artefact of watching, not a loss.
        spans = [
            [int(a), None if b == NEVER else int(b)]
            for a, b in zip(own.fell_by, own.back_by, strict=True)
        ]
        limits.append(Note("leader-itself-suspended", {"falls": len(own), "spans": spans}))
    if len(lists) > 1:
        limits.append(Note("followers-known-from-lists", {"lists": len(lists)}))
    wide = (made.after != made.time) & (made.cause != book.STANDING)
    if wide.any():
        limits.append(
            Note("entries-within-intervals", {"entries": int(wide.sum()), "of": len(made.time)})
        )
    if kept.opening and len(lists) <= 1:
        limits.append(Note("followed-before-the-record", {"followers": kept.opening}))
    return limits


def _entries_table(record: Record, made: book.Entries) -> pa.Table:
    keep = made.time != ALWAYS
    names = record.ids.id_of.take(pa.array(made.code[keep]))
    low = pa.array(made.after[keep], pa.int64(), mask=made.after[keep] == ALWAYS).cast(TIME)
    cause = pa.DictionaryArray.from_arrays(pa.array(made.cause[keep]), pa.array(book.CAUSES)).cast(
        pa.string()
    )
    time = pa.array(made.time[keep], pa.int64()).cast(TIME)
    return pa.table(
        [time, low, names, cause, pa.array(made.change[keep]), pa.array(made.missing[keep])],
        schema=ENTRIES,
    )


def _causes_table(made: book.Entries) -> pa.Table:
    """Entries per cause; low leaves out those that may lie before the record."""
    rows = []
    for number, cause in enumerate(book.CAUSES):
        which = made.cause == number
        count = int(which.sum())
        sure = count if number == book.STANDING else int((which & (made.after != ALWAYS)).sum())
        rows.append((cause, count, sure, count))
    names, *numbers = zip(*rows, strict=True)
    columns = [pa.array(names, pa.string()), *(pa.array(n, pa.int64()) for n in numbers)]
    return pa.table(columns, names=["cause", "count", "low", "high"])
