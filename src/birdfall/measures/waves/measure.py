"""Waves: intervals in which suspensions exceed the base rate more than chance allows.

Offline scan over all dyadic windows with a negative-binomial likelihood ratio; significance by a
block bootstrap of the record's own ups and downs. Reads `statuses`; returns a finding of kind
`waves`. Method: docs/methods/waves.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa

from birdfall.measures.suspensions import (
    StrayTimes,
    count_set_anew,
    find_stray_statuses,
    spells,
)
from birdfall.measures.waves import describe
from birdfall.measures.waves.applies import applies_to
from birdfall.measures.waves.baseline import Baseline
from birdfall.measures.waves.bursts import Bursts, find_bursts
from birdfall.measures.waves.clock import DAY_S, ScanClock, scan_clock, to_datetime
from birdfall.measures.waves.delivery import batch_cycle
from birdfall.measures.waves.power import smallest_found, smallest_planted
from birdfall.measures.waves.search import MAX_WAVES, SearchResult
from birdfall.model.findings import Estimate, Finding, Note
from birdfall.model.progress import Progress, silent
from birdfall.model.schemas import FALLEN
from birdfall.record.record import Record

METHOD: Final = (
    "scan over dyadic windows, negative-binomial likelihood ratio "
    "(Kulldorff 1997; docs/methods/waves.md)",
    "moving-block bootstrap of the maximum (Kuensch 1989); Gumbel tail beyond it, said so",
    "onset by profile likelihood",
)
#: Grows when the same data would give other numbers. 4: sizes allow for waves that thin out over
#: hours, and the base rate of a desk with hours is that of its hours. 5: of acts of one account at
#: one time the first line gives its client and domain, not whichever was met first. 6: where no
#: wave is found, deletions and deactivations are counted. 7: and where one is. 8: how large a wave
#: of a day or of three would have been found is asked of waves planted in the record.
METHOD_VERSION: Final = 8
#: A record that does not say when it was watched, and is shorter, may be nothing but a wave.
MIN_ALONE_S: Final = 3600.0
#: Steps below which a record is too short to scan.
MIN_STEPS: Final = 8
#: Waves that are shown in fine steps.
DETAILED_WAVES: Final = 5
YEAR_DAYS: Final = 365.25
#: Waves so long are planted, to say which would have been found.
PLANTED_DAYS: Final = (1, 3)
#: The fit of the base rate is doubted below this p of its probability integral transform.
POOR_FIT_P: Final = 0.001


def waves(
    record: Record,
    *,
    alpha: float = 0.01,
    replicates: int = 999,
    statuses: tuple[str, ...] = FALLEN,
    step: float | None = None,
    attributes: bool = True,
    seed: int = 0,
    progress: Progress = silent,
) -> Finding:
    """Find the waves of suspensions in a record.

    Parameters
    ----------
    record
        Read: `statuses`, and `coverage` for what was watched.
    alpha
        Chance of any false wave in the whole record.
    replicates
        Bootstrap records drawn.
    statuses
        Statuses that count as fallen.
    step
        Resolution of the scan in seconds; chosen from the data if None.
    attributes
        Whether to look for what the fallen of each wave share (client, age, words, ...).
    seed
        Seed of all draws; the finding is the same for the same seed.
    progress
        Called after each pass of the search.

    Returns
    -------
    Finding
        Of kind `waves`, with tables `waves`, `series`, `minutes`, `members` and `pit`
        (docs/reference/findings.md). It answers "cannot" where the data are too few; it never
        raises for lack of data.

    References
    ----------
    Kulldorff (1997), A spatial scan statistic. Kuensch (1989), The jackknife and the bootstrap for
    general stationary observations.

    Examples
    --------
    One fall every eight hours, and sixty at hour 500:

    >>> from birdfall.model.schemas import TIME
    >>> from birdfall.record.record import from_tables
    >>> hours = np.r_[np.arange(0, 960, 8), np.full(60, 500)]
    >>> statuses = pa.table({
    ...     "account": [f"a{i}" for i in range(180)],
    ...     "status": ["suspended"] * 180,
    ...     "time": pa.array(hours * 3_600_000_000).cast(TIME),
    ...     "observation": ["change"] * 180,
    ... })
    >>> finding = waves(from_tables({"statuses": statuses}), replicates=99)
    >>> finding.answer, finding.table("waves").column("observed").to_pylist()
    ('found', [60])
    """
    parameters: dict[str, float | int | bool | list[str] | None] = {
        "alpha": alpha,
        "replicates": replicates,
        "statuses": list(statuses),
        "step": step,
        "seed": seed,
    }
    if not attributes:
        parameters["attributes"] = False

    def refuse(*reasons: Note) -> Finding:
        return Finding("waves", "waves", "cannot", reasons=reasons, parameters=parameters)

    note = applies_to(record)
    if note is not None:
        return refuse(note)
    fallen = spells(record, statuses)
    low, high = describe.fall_bounds(fallen)
    begun = low > describe.NEVER
    stray = find_stray_statuses(record)
    aside = np.zeros(len(high), dtype=np.bool_)
    if stray is not None:
        aside = (high < stray.first) | (high > stray.last)
        begun &= ~aside
    clock = scan_clock(record, low[begun], high[begun], step, stray)
    # A fall known only within a month is no event of the day it was noticed.
    timed = begun & (high - np.where(begun, low, 0) <= 2e6 * max(clock.resolution, clock.step))
    if clock.steps < MIN_STEPS:
        needs = "a longer record or finer times"
        return refuse(Note("record-too-short", {"steps": clock.steps, "needs": needs}))
    if fallen.num_rows and not timed.any():
        return refuse(*_untimed_notes(begun))
    times = high[timed]
    batches = batch_cycle(times, clock) if step is None else None
    cycle = None if batches is None else batches[0]
    if batches is not None:
        # Falls handed over in batches: a batch is one event, and nothing within it is a burst.
        clock = scan_clock(record, low[begun], high[begun], batches[0], stray, batches[1])
        clock = replace(clock, resolution=max(clock.resolution, batches[0]))
    if clock.steps < MIN_STEPS:
        return refuse(Note("batched", {"cycle_s": cycle, "suspensions": len(times)}))
    scanned = find_bursts(
        times, clock, alpha=alpha, replicates=replicates, seed=seed, progress=progress
    )
    counts, searched, found = clock.count_per_step(times), scanned.searched, scanned.found
    base = searched.base
    shared_seed = seed if attributes else None
    tables: dict[str, pa.Table] = {
        "waves": describe.wave_table(found, low, high, timed, record, fallen, shared_seed),
        "series": describe.series_table(counts, clock, base),
        "minutes": describe.minutes_table(found[:DETAILED_WAVES], times, clock, base),
        "members": describe.members_table(found, fallen, high, timed),
        "pit": describe.pit_table(base),
    }
    alone = describe.lacks_watch_span(record) and clock.covered_seconds < MIN_ALONE_S
    if not found and alone:
        values = {
            "seconds": clock.covered_seconds,
            "suspensions": fallen.num_rows,
            "needs": "coverage",
        }
        return refuse(Note("no-baseline", values))
    alarms = describe.count_poisson_alarms(counts, clock, base)
    return Finding(
        kind="waves",
        name="waves",
        answer="found" if found else "nothing",
        estimates={
            **_estimates(record, clock, base, len(found), fallen.num_rows, alarms, alpha),
            **_power(counts, searched, clock, seed),
        },
        parameters=parameters,
        inputs=(record.input("statuses"), record.input("coverage")),
        limits=(
            *_record_limits(clock, base, low[~aside], high[~aside], timed[~aside]),
            *_left_out(record, stray),
            *_wave_limits(clock, searched, found, replicates),
            *_delivery_limits(cycle, len(times), scanned),
        ),
        method=METHOD,
        details={
            "step_s": clock.step,
            "resolution_s": clock.resolution,
            "season": base.season,
            "from": clock.begin_time,
            "to": clock.end_time,
            "covered_share": float(clock.covered.mean()),
            "null_median": searched.null_median,
        },
        tables=tables,
    )


def _untimed_notes(begun: np.ndarray) -> tuple[Note, ...]:
    """Why no fall can be placed in time. begun: bool[n], falls of accounts seen standing before."""
    unseen, wide = int((~begun).sum()), int(begun.sum())
    notes = []
    if unseen:
        notes.append(Note("fallen-when-first-seen", {"accounts": unseen, "of": len(begun)}))
    if wide:
        notes.append(Note("times-too-wide-to-scan", {"accounts": wide, "of": len(begun)}))
    return tuple(notes)


def _estimates(
    record: Record,
    clock: ScanClock,
    base: Baseline,
    found: int,
    suspensions: int,
    alarms: int,
    alpha: float,
) -> dict[str, Estimate]:
    """The finding's numbers. found: waves; alarms: blocks a Poisson test would have called."""
    years = clock.covered_seconds / (YEAR_DAYS * DAY_S)
    daily = float(base.expected[clock.covered].mean() / clock.step * DAY_S)
    values: dict[str, tuple[float | int | None, str]] = {
        "waves": (found, "count"),
        "suspensions": (suspensions, "accounts"),
        "watched": (len(record.ids) or None, "accounts"),
        "base_rate": (daily, "per_day"),
        "variance_to_mean": (_finite(base.variance_to_mean), "ratio"),
        "poisson_alarms": (alarms, "count"),
        "false_alarm_rate": (alpha / years if years > 0 else None, "per_year"),
        "pit_p": (_finite(base.pit_p), "p"),
    }
    values |= describe.count_departures(record)
    return {
        name: Estimate(value, unit, level=None, bounds="none")
        for name, (value, unit) in values.items()
    }


def _power(
    counts: np.ndarray, searched: SearchResult, clock: ScanClock, seed: int
) -> dict[str, Estimate]:
    """The smallest waves found in nine records of ten, by how long they last."""
    smallest = {"smallest_10min": smallest_found(searched, clock, 600.0)} | {
        f"smallest_{days}d": smallest_planted(counts, searched, clock, days * DAY_S, seed=seed)
        for days in PLANTED_DAYS
    }
    return {
        name: Estimate(value, "accounts", level=None, bounds="none")
        for name, value in smallest.items()
    }


def _record_limits(
    clock: ScanClock, base: Baseline, low: np.ndarray, high: np.ndarray, timed: np.ndarray
) -> list[Note]:
    """What the record leaves open: history, fit, times within intervals, gaps.

    low, high: int64[n] us, bounds of each fall; timed: bool[n], those that could be scanned.
    """
    notes = []
    if base.short:
        days = clock.covered_seconds / DAY_S
        notes.append(Note("short-history", {"blocks": base.blocks, "days": days}))
    if base.pit_p < POOR_FIT_P:  # false for nan
        notes.append(Note("base-rate-fits-poorly", {"p": base.pit_p}))
    never = low == describe.NEVER
    of = len(high)
    censored = int(((low < high) & ~never).sum())
    if censored:
        values = {"accounts": censored, "of": of, "resolution_s": clock.resolution}
        notes.append(Note("times-known-within-intervals", values))
    if never.any():
        notes.append(Note("fallen-when-first-seen", {"accounts": int(never.sum()), "of": of}))
    wide = int((~timed & ~never).sum())
    if wide:
        notes.append(Note("times-too-wide-to-scan", {"accounts": wide, "of": of}))
    if not clock.covered.all():
        notes.append(Note("gaps-in-coverage", {"share": float(1 - clock.covered.mean())}))
    return notes


def _left_out(record: Record, stray: StrayTimes | None) -> list[Note]:
    """What was set apart as no fall of this record's time."""
    notes = []
    if anew := count_set_anew(record):
        notes.append(Note("set-anew-within-seconds", {"suspensions": anew}))
    if stray is not None:
        notes.append(Note("stray-times", {"rows": stray.rows}))
    return notes


def _wave_limits(
    clock: ScanClock,
    searched: SearchResult,
    found: list[describe.RefinedWave],
    replicates: int,
) -> list[Note]:
    """What is doubtful about the waves themselves."""
    notes = []
    if any(w.first == 0 for w in searched.windows) or any(
        w.start <= clock.begin + clock.step for w in found
    ):
        # A list that begins may hold what fell before it began.
        notes.append(Note("wave-at-the-beginning", {"from": clock.begin_time.isoformat()}))
    if len(searched.windows) >= MAX_WAVES:
        notes.append(Note("more-waves-than-listed", {"listed": MAX_WAVES}))
    if any(w.p_kind == "extrapolated" for w in searched.windows):
        notes.append(Note("p-extrapolated", {"floor": 1 / (replicates + 1)}))
    return notes


def _delivery_limits(
    cycle: float | None,
    suspensions: int,
    scanned: Bursts,
) -> list[Note]:
    """What in the record is due to how falls reached it: in batches, caught up on.

    cycle: of batches, seconds.
    """
    notes = []
    if cycle is not None:
        notes.append(Note("batched", {"cycle_s": cycle, "suspensions": suspensions}))
    for wave, catch in scanned.backlogs:
        values = {
            "suspensions": wave.observed,
            "from": to_datetime(wave.start).isoformat(),
            "silent_from": to_datetime(catch.begin).isoformat(),
            "silent_s": catch.end - catch.begin,
        }
        notes.append(Note("backlog", values))
    for wave, catch in scanned.after_gaps:
        values = {
            "suspensions": wave.observed,
            "from": to_datetime(wave.start).isoformat(),
            "gap_s": catch.end - catch.begin,
        }
        notes.append(Note("wave-after-a-gap", values))
    return notes


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
