"""Who reported in a burst, what became of the reported, and how many others ever did the like without any burst."""

from __future__ import annotations

from typing import Any, Final

from birdfall.model.schemas import FALLEN
from birdfall.watch.detect.wave_queries import Wave
from birdfall.watch.store.database import State

#: Reports that are looked through for the like of a burst, latest first; reporters of one burst that are listed.
MAX_COMPARED_REPORTS, MAX_LISTED_REPORTERS = 200_000, 200
#: What counts as "within as short a time" is no less than this, in microseconds.
MIN_COMPARED_SPAN_US: Final = 60_000_000
_FALLEN: Final = ", ".join(f"'{s}'" for s in FALLEN)


def _burst_span(w: Wave) -> tuple[int, int]:
    return w.begin, w.closed or 1 << 62


def burst_targets(state: State, w: Wave) -> list[dict[str, Any]]:
    """The targets of a burst: {target, reporters, fell}, most reported first. fell: when it fell from the burst on; None if it did not."""
    found = []
    for target in w.details.get("targets", []):
        row = state.connection.execute(
            f"SELECT min(time) FROM changes WHERE account = ? AND time >= ? AND status IN ({_FALLEN})",
            (target["target"], w.begin),
        ).fetchone()
        found.append({**target, "fell": row[0]})
    return found


def burst_reporters(state: State, w: Wave) -> list[dict[str, Any]]:
    """Reporters of several targets of a burst: {reporter, targets, first, last, ever}, most targets first. ever: reports at all times."""
    begin, end = _burst_span(w)
    targets = [t["target"] for t in w.details.get("targets", [])]
    marks = ", ".join("?" * len(targets))
    rows = state.connection.execute(
        f"SELECT reporter, count(DISTINCT target) AS targets, min(time) AS first, max(time) AS last FROM reports "
        f"WHERE time BETWEEN ? AND ? AND target IN ({marks}) GROUP BY reporter HAVING targets >= 2 ORDER BY targets DESC, first LIMIT {MAX_LISTED_REPORTERS}",
        (begin, end, *targets),
    ).fetchall()
    counted = {
        r["reporter"]: r["n"]
        for r in state.connection.execute(
            f"SELECT reporter, count(*) AS n FROM reports WHERE reporter IN ({', '.join('?' * len(rows))}) GROUP BY reporter",
            tuple(r["reporter"] for r in rows),
        )
    }
    return [{**dict(r), "ever": counted[r["reporter"]]} for r in rows]


def compare_reporters(state: State, bursts: list[Wave]) -> dict[str, int] | None:
    """{all, like}: reporters that no burst names, and how many of them reported two accounts within as short a time as the shortest burst.

    None where there is nobody to compare with. Reads the latest `MAX_COMPARED_REPORTS` reports.
    """
    if not bursts:
        return None
    named = {reporter for w in bursts for reporter in w.details.get("together", [])}
    within = max(min(last_report_time(state, w) - w.begin for w in bursts), MIN_COMPARED_SPAN_US)
    rows = state.connection.execute(
        f"SELECT reporter, target, time FROM reports ORDER BY time DESC LIMIT {MAX_COMPARED_REPORTS}"
    )
    by: dict[str, list[tuple[int, str]]] = {}
    for row in rows:
        if row["reporter"] not in named:
            by.setdefault(row["reporter"], []).append((row["time"], row["target"]))
    return (
        {"all": len(by), "like": sum(_reports_several_within(acts, within) for acts in by.values())}
        if by
        else None
    )


def last_report_time(state: State, w: Wave) -> int:
    """When the last report of a burst's targets was, as far as is known; not before it was called."""
    begin, end = _burst_span(w)
    targets = [t["target"] for t in w.details.get("targets", [])]
    marks = ", ".join("?" * len(targets))
    row = state.connection.execute(
        f"SELECT max(time) FROM reports WHERE time BETWEEN ? AND ? AND target IN ({marks})",
        (begin, end, *targets),
    )
    return max(row.fetchone()[0] or 0, w.opened)


def _reports_several_within(acts: list[tuple[int, str]], within: int) -> bool:
    """Whether two different targets were reported within so many microseconds. acts: latest first."""
    return any(a[1] != b[1] and a[0] - b[0] <= within for a, b in zip(acts, acts[1:], strict=False))
