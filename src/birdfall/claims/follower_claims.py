"""What one account's follower count did: how much it lost or gained within a time, and what it stood at before, lowest, later, now.

Read from the platform's own counts and from the ledger of follows and suspensions, whichever the record holds. A loss is net
(the change of the count) and gross (what was lost before growth made good a part): a sentence seldom says which.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birdfall.claims.parse import Level, ParsedClaim
from birdfall.claims.readings import Reading, Refusal, nearest
from birdfall.claims.subjects import Whom
from birdfall.model.findings import Finding, Note
from birdfall.record.record import Record

#: Off by no more than this share: supported within.
NEAR = 0.10
#: A window that is not told is a day.
DAY = 86_400.0
Series = tuple[NDArray[np.float64], NDArray[np.float64]]


def net_change(
    record: Record, findings: Mapping[str, Finding], one: ParsedClaim, of: Whom
) -> list[Reading] | Refusal:
    """Readings of a claim that an account lost (or gained) so many followers, or such a share of them."""
    assert of.account is not None
    found: list[Reading] = []
    # counts of a day are seldom a day apart to the second
    window = (one.window_most_s or one.window_s or DAY) * 1.05
    for name, (time, level) in sources(record, findings, of.account).items():
        if len(time) < 2:
            continue
        change = largest_change(time, level, window, -1.0 if one.quantity == "gained" else 1.0)
        number = change[0] if one.unit != "percent" else 100 * change[0] / max(change[1], 1.0)
        found.append(
            Reading(
                f"net-{name}", number, number, number, {"before": change[1], "after": change[2]}
            )
        )
    if one.quantity == "lost" and one.unit != "percent":
        found += _gross(findings, of.account)
    return found or Refusal(Note("no-counts", {"needs": "counts"}))


def _gross(findings: Mapping[str, Finding], account: str) -> list[Reading]:
    """What was lost before growth made good a part of it: by counts, and by the ledger."""
    found = []
    counts = findings.get("counts")
    if counts is not None and counts.answer == "found":
        rows = [r for r in counts.table("drops").to_pylist() if r["account"] == account]
        if rows:
            row = max(rows, key=lambda r: float(r["gross"]))
            found.append(Reading("gross-counts", row["gross"], row["gross_low"], row["gross_high"]))
    ledger = _ledger(findings, account)
    if ledger is not None:
        parts = [
            ledger.estimates[k].value
            for k in ("lost_suspension", "lost_deleted", "lost_deactivated", "unfollowed")
        ]
        number = float(sum(p for p in parts if p is not None))
        found.append(Reading("gross-ledger", number, number, number))
    return found


def levels(
    record: Record, findings: Mapping[str, Finding], one: ParsedClaim, of: Whom
) -> list[Reading] | Refusal:
    """Readings of a claim about what an account's followers stood at."""
    assert of.account is not None
    found = []
    for name, (time, level) in sources(record, findings, of.account).items():
        if not len(time):
            continue
        rows = tuple(_level(step, time, level, one) for step in one.levels)
        main = next((r for r in rows if r["role"] == "lowest"), rows[-1])
        value = float(main["measured"]) if main["measured"] is not None else float("nan")
        why = (
            Note("no-count-at-that-time", {"needs": "counts"})
            if any(r["measured"] is None for r in rows)
            else None
        )
        value = 0.0 if np.isnan(value) else value
        found.append(Reading(name, value, value, value, levels=rows, why=why))
    return found or Refusal(Note("no-counts", {"needs": "counts"}))


def sources(record: Record, findings: Mapping[str, Finding], account: str) -> dict[str, Series]:
    """An account's followers over time, seconds and numbers: by the platform's "counts", by the "ledger"."""
    found: dict[str, Series] = {}
    if record.has("counts"):
        rows = record.sql(
            "SELECT epoch(time) AS t, followers FROM counts WHERE account = $1 AND followers IS NOT NULL ORDER BY time, line",
            [account],
        )
        if rows.num_rows:
            found["counts"] = (
                rows.column(0).to_numpy().astype(float),
                rows.column(1).to_numpy().astype(float),
            )
    if record.has("follows"):
        ledger = _ledger(findings, account)
        if ledger is None:
            from birdfall.measures.ledgers import ledger as measured

            ledger = measured(record, account)
        if "series" in ledger.tables and ledger.answer != "cannot":
            series = ledger.table("series")
            time = series.column("time").cast("int64").to_numpy() / 1e6
            level = series.column("followers").to_numpy().astype(float)
            opening = float(ledger.details.get("opening", 0))
            if len(time):
                found["ledger"] = (np.r_[time[0] - 1.0, time], np.r_[opening, level])
    return found


def _ledger(findings: Mapping[str, Finding], account: str) -> Finding | None:
    return next(
        (
            f
            for f in findings.values()
            if f.kind == "ledger" and f.answer != "cannot" and f.details.get("leader") == account
        ),
        None,
    )


def largest_change(
    time: NDArray[np.float64], level: NDArray[np.float64], window: float, sign: float = 1.0
) -> tuple[float, float, float]:
    """(fall, from, to): the largest fall (sign 1) or rise (sign -1) between two counts at most `window` apart. O(n)."""
    signed = level * sign
    highest: deque[int] = deque()
    best = (-np.inf, float(level[0]), float(level[0]))
    for i in range(len(time)):
        while highest and time[highest[0]] < time[i] - window:
            highest.popleft()
        if highest:
            fall = float(signed[highest[0]] - signed[i])
            if fall > best[0]:
                best = (fall, float(level[highest[0]]), float(level[i]))
        while highest and signed[highest[-1]] <= signed[i]:
            highest.pop()
        highest.append(i)
    return best if np.isfinite(best[0]) else (0.0, float(level[0]), float(level[0]))


def _level(
    step: Level, time: NDArray[np.float64], level: NDArray[np.float64], one: ParsedClaim
) -> dict[str, Any]:
    """One claimed level, what it was, and whether that agrees."""
    high, low = turning(time, level, one.window_most_s or one.window_s)
    measured: float | None
    at: float | None
    if step.role == "before":
        measured, at = float(level[high]), float(time[high])
    elif step.role == "lowest":
        measured, at = float(level[low]), float(time[low])
    elif step.role == "now":
        measured, at = float(level[-1]), float(time[-1])
    else:
        measured, at = _later(step, time, level, low)
    return {
        "role": step.role,
        "claimed": step.value,
        "low": step.low,
        "high": step.high,
        "measured": measured,
        "at": at,
        "verdict": _agrees(step, measured),
    }


def turning(
    time: NDArray[np.float64], level: NDArray[np.float64], window: float | None = None
) -> tuple[int, int]:
    """Indices of the two ends of the largest fall; of the highest and lowest if the count never fell."""
    if window is not None:
        _, start, end = largest_change(time, level, window * 1.05)
        pairs = [
            (i, j)
            for j in np.flatnonzero(level == end)
            for i in np.flatnonzero(level == start)
            if i <= j and time[j] - time[i] <= window * 1.05
        ]
        if pairs:
            return int(pairs[0][0]), int(pairs[0][1])
    peak = np.maximum.accumulate(level)
    low = int(np.argmax(peak - level))
    if peak[low] == level[low]:
        return int(np.argmax(level)), int(np.argmin(level))
    return int(np.flatnonzero(level[: low + 1] == peak[low])[-1]), low


def _later(
    step: Level, time: NDArray[np.float64], level: NDArray[np.float64], low: int
) -> tuple[float | None, float | None]:
    """The level after the lowest that comes nearest to the one claimed, at a time the words allow."""
    first, last = step.after_s if step.after_s is not None else (0.0, np.inf)
    inside = np.flatnonzero(
        (time > time[low] + first - 1e-9)
        & (time <= time[low] + last)
        & (np.arange(len(time)) > low)
    )
    if not len(inside):
        return None, None
    seen = inside[int(np.argmin(np.abs(level[inside] - step.value)))]
    if _agrees(step, float(level[seen])) == "supported":
        return float(level[seen]), float(time[seen])
    # between two counts the level passed through all that lies between them
    around = np.r_[inside[0] - 1, inside] if inside[0] - 1 > low else inside
    passed = nearest((step.low, step.high), float(level[around].min()), float(level[around].max()))
    if _agrees(step, passed) == "supported" and len(around) > 1:
        return passed, float(time[seen])
    return float(level[seen]), float(time[seen])


def _agrees(step: Level, measured: float | None) -> str:
    if measured is None:
        return "not_answerable"
    low = step.low if step.low is not None else -np.inf
    high = step.high if step.high is not None else np.inf
    if low <= measured <= high:
        return "supported"
    return "supported_within" if abs(measured - step.value) <= NEAR * step.value else "contradicted"
