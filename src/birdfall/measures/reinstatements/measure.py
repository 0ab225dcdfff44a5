"""Reinstatements: intervals in which suspended accounts come back more than the base rate explains.

The scan for waves (`waves.bursts`), asked of the moments at which suspensions were lifted. Reads
`statuses`; returns a finding of kind `reinstatements`. Method: docs/methods/reinstatements.md.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from birdfall.measures.reinstatements.applies import MIN_REINSTATED, applies_to, lifted_suspensions
from birdfall.measures.suspensions import (
    ALWAYS,
    Absences,
    find_stray_statuses,
)
from birdfall.measures.waves import (
    BURSTS,
    DAY_S,
    Bursts,
    burst_columns,
    find_bursts,
    is_inside,
    scan_clock,
    smallest_planted,
)
from birdfall.model.findings import Estimate, Finding, Note
from birdfall.model.progress import Progress, silent
from birdfall.model.schemas import TIME
from birdfall.record.record import Record

METHOD: Final = (
    "the scan for waves, of the moments at which suspensions were lifted "
    "(docs/methods/reinstatements.md)",
)
#: Grows when the same data would give other numbers. 2: `smallest_1d` is asked of bursts planted in
#: the record.
METHOD_VERSION: Final = 2
#: Steps below which a record is too short to scan.
MIN_STEPS: Final = 8
#: A burst whose times away spread over less than this share of the time in which its members fell
#: came back at the pace at which it had fallen: its time ran out, and nobody lifted it.
RAN_OUT_SPREAD: Final = 0.1

REINSTATEMENTS: Final = pa.schema(
    [
        *BURSTS,
        ("fell_from", TIME),
        ("fell_to", TIME),
        ("away_s", pa.float64()),
        ("ran_out", pa.bool_()),
    ]
)
MEMBERS: Final = pa.schema(
    [
        ("burst", pa.int32()),
        ("account", pa.string()),
        ("fell_by", TIME),
        ("back_after", TIME),
        ("back_by", TIME),
    ]
)


def reinstatements(
    record: Record,
    *,
    alpha: float = 0.01,
    replicates: int = 199,
    seed: int = 0,
    progress: Progress = silent,
) -> Finding:
    """Find the intervals in which many suspended accounts were reinstated at once.

    Parameters
    ----------
    record
        Read: `statuses`, `coverage`.
    alpha
        Chance of any false burst in the whole record.
    replicates
        Records drawn in which nothing happened.
    seed
        Seed of the draws.
    progress
        Called after each pass.

    Returns
    -------
    Finding
        Of kind `reinstatements`, with the tables `bursts` and `members`
        (docs/reference/findings.md).

    Examples
    --------
    Somebody comes back every eight hours, and sixty at once at hour 500:

    >>> from birdfall.record.record import from_tables
    >>> hours = np.r_[np.arange(0, 960, 8), np.full(60, 500)]
    >>> rows = pa.table({
    ...     "account": [f"a{i}" for i in range(180)] * 2,
    ...     "status": ["suspended"] * 180 + ["active"] * 180,
    ...     "time": pa.array(
    ...         np.r_[np.arange(180) - 800, hours] * 3_600_000_000
    ...     ).cast(TIME),
    ...     "observation": ["change"] * 360,
    ... })
    >>> finding = reinstatements(from_tables({"statuses": rows}))
    >>> finding.answer, finding.table("bursts").column("observed").to_pylist()
    ('found', [60])
    """
    parameters = {"alpha": alpha, "replicates": replicates, "seed": seed}
    blank = Finding(
        "reinstatements",
        "reinstatements",
        "nothing",
        parameters=parameters,
        inputs=tuple(record.input(t) for t in ("statuses", "coverage") if record.has(t)),
        method=METHOD,
        simulated=record.settings.simulated,
        tables={"bursts": REINSTATEMENTS.empty_table(), "members": MEMBERS.empty_table()},
    )
    note = applies_to(record)
    if note is not None:
        return blank.replace(answer="cannot", reasons=(note,))
    found = lifted_suspensions(record)
    low, high = found.back_after, found.back_by
    clock = scan_clock(record, low, high, None, find_stray_statuses(record))
    timed = high - low <= 2e6 * max(clock.resolution, clock.step)
    if clock.steps < MIN_STEPS or int(timed.sum()) < MIN_REINSTATED:
        note = Note("record-too-short", {"steps": clock.steps, "needs": "a longer record"})
        return blank.replace(answer="cannot", reasons=(note,))
    scanned = find_bursts(
        high[timed], clock, alpha=alpha, replicates=replicates, seed=seed, progress=progress
    )
    return _described(blank, record, found.select(timed), scanned, int((~timed).sum()), seed)


def _described(
    blank: Finding, record: Record, found: Absences, scanned: Bursts, untimed: int, seed: int
) -> Finding:
    """The blank finding filled in. untimed: reinstatements known too roughly to be scanned."""
    rows = {**burst_columns(scanned.found), **{n: [] for n in REINSTATEMENTS.names[len(BURSTS) :]}}
    pieces, ran_out = [MEMBERS.empty_table()], []
    every = np.ones(len(found), bool)
    for number, burst in enumerate(scanned.found, 1):
        members = found.select(is_inside(burst, found.back_by, every))
        away = _times_away(members)
        fell = np.quantile(members.fell_by, [0.1, 0.9]).astype(np.int64)
        rows["fell_from"].append(int(fell[0]))
        rows["fell_to"].append(int(fell[1]))
        rows["away_s"].append(float(np.median(away)) if len(away) else None)
        rows["ran_out"].append(_ran_out(members))
        if rows["ran_out"][-1]:
            values = {"accounts": len(members), "burst": number, "away_s": rows["away_s"][-1]}
            ran_out.append(Note("times-ran-out", values))
        pieces.append(_members(record, members, number))
    table = pa.table(
        [pa.array(rows[f.name], f.type) for f in REINSTATEMENTS], schema=REINSTATEMENTS
    )
    clock = scanned.clock
    observed = sum(w.observed for w in scanned.found)
    estimates = {
        "bursts": Estimate(len(scanned.found), "count", level=None, bounds="none"),
        "reinstated": Estimate(len(found) + untimed, "accounts", level=None, bounds="none"),
        "in_bursts": Estimate(observed, "accounts", level=None, bounds="none"),
        "base_rate": Estimate(
            float(scanned.searched.base.expected[clock.covered].mean() / clock.step * DAY_S),
            "per_day",
            level=None,
            bounds="none",
        ),
        "smallest_1d": Estimate(
            smallest_planted(
                clock.count_per_step(found.back_by), scanned.searched, clock, DAY_S, seed=seed
            ),
            "accounts",
            level=None,
            bounds="none",
        ),
    }
    limits = [*ran_out]
    if untimed:
        limits.append(Note("reinstated-within-intervals", {"accounts": untimed}))
    limits += [
        Note("backlog-of-reinstatements", {"accounts": w.observed, "silent_s": c.end - c.begin})
        for w, c in scanned.backlogs
    ]
    if scanned.searched.base.short:
        limits.append(Note("short-history", {
            "blocks": scanned.searched.base.blocks, "days": clock.covered_seconds / DAY_S
        }))  # fmt: skip
    return blank.replace(
        answer="found" if scanned.found else "nothing",
        estimates=estimates,
        limits=tuple(limits),
        tables={"bursts": table, "members": pa.concat_tables(pieces)},
    )


def _times_away(members: Absences) -> np.ndarray:
    """How long those were away whose fall has a time, seconds, float64[m]."""
    timed = members.fell_after != ALWAYS
    away: np.ndarray = (members.back_by - members.fell_by)[timed] / 1e6
    return away


def _ran_out(members: Absences) -> bool:
    """Whether they came back at the pace at which they had fallen."""
    timed = members.fell_after != ALWAYS
    if timed.sum() < MIN_REINSTATED // 2:
        return False
    fell = members.fell_by[timed] / 1e6
    away = _times_away(members)
    apart, wide = (float(np.subtract(*np.quantile(x, [0.9, 0.1]))) for x in (away, fell))
    return apart <= RAN_OUT_SPREAD * wide


def _members(record: Record, found: Absences, number: int) -> pa.Table:
    after = np.where(found.back_after == found.back_by, found.back_by, found.back_after)
    columns = [
        pa.array([number] * len(found), pa.int32()),
        record.ids.decode(found.code).cast(pa.string()),
        *(pa.array(c, pa.int64()).cast(TIME) for c in (found.fell_by, after, found.back_by)),
    ]
    return pa.table(columns, schema=MEMBERS)
