"""Bursts among any moments: the scan for waves, asked of other events than suspensions.

Accounts that are reinstated, or made, come at a base rate too, and what exceeds it is found by the
same scan with the same null (docs/methods/waves.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from birdfall.measures.waves.beyond_edges import widen_sizes
from birdfall.measures.waves.clock import ScanClock, to_datetime
from birdfall.measures.waves.delivery import Catch, split_backlogs
from birdfall.measures.waves.describe import RefinedWave, refine_window
from birdfall.measures.waves.search import SearchResult, search
from birdfall.model.progress import Progress, silent
from birdfall.model.schemas import TIME

#: Columns that every table of bursts begins with.
BURSTS: Final = (
    ("burst", pa.int32()), ("start", TIME), ("end", TIME), ("duration_s", pa.float64()),
    ("observed", pa.int64()), ("expected", pa.float64()), ("size", pa.float64()),
    ("size_low", pa.float64()), ("size_high", pa.float64()), ("p_value", pa.float64()),
    ("p_kind", pa.string()),
)  # fmt: skip


@dataclass(frozen=True)
class Bursts:
    """What a scan found.

    Parameters
    ----------
    clock, searched
        The steps that were scanned, and the windows found in them.
    found
        Bursts, largest first.
    backlogs, after_gaps
        What only catches up on a silence, and what begins at the end of a gap.
    """

    clock: ScanClock
    searched: SearchResult
    found: list[RefinedWave]
    backlogs: list[tuple[RefinedWave, Catch]]
    after_gaps: list[tuple[RefinedWave, Catch]]


def find_bursts(
    times: np.ndarray,
    clock: ScanClock,
    *,
    alpha: float,
    replicates: int,
    seed: int,
    catches_up: bool = True,
    longest: int | None = None,
    progress: Progress = silent,
) -> Bursts:
    """The intervals in which more happened than the base rate explains.

    Parameters
    ----------
    times
        int64[n], microseconds since 1970 UTC.
    clock
        The steps to scan.
    alpha
        Chance of any false burst in all of them.
    replicates
        Records drawn in which nothing happened.
    seed
        Seed of the draws.
    catches_up
        Whether what comes after a silence may be its backlog.
    longest
        Steps of the longest burst, where the level cannot be told from the bursts.
    progress
        Called after each pass.
    """
    counts = clock.count_per_step(times)
    searched = search(
        counts,
        clock,
        alpha=alpha,
        replicates=replicates,
        seed=seed,
        longest=longest,
        progress=progress,
    )
    strongest = sorted(searched.windows, key=lambda w: -w.evidence)
    found = drop_shoulders([refine_window(w, times, clock, searched.base) for w in strongest])
    backlogs: list[tuple[RefinedWave, Catch]] = []
    after_gaps: list[tuple[RefinedWave, Catch]] = []
    if catches_up:
        found, backlogs, after_gaps = split_backlogs(found, counts, clock, searched.base)
    found = widen_sizes(found, times, clock, searched.base)
    found = sorted(found, key=lambda w: (-w.size, w.start))
    return Bursts(clock, searched, found, backlogs, after_gaps)


def drop_shoulders(found: Sequence[RefinedWave]) -> list[RefinedWave]:
    """Waves, strongest first, without those that are the shoulder of a stronger one."""
    kept: list[RefinedWave] = []
    for wave in found:
        if all(
            wave.start > w.end + (w.end - w.start) / 2 or wave.end < w.start - (w.end - w.start) / 2
            for w in kept
        ):
            kept.append(wave)
    return kept


def burst_columns(found: Sequence[RefinedWave]) -> dict[str, list[object]]:
    """The columns of `BURSTS`, one row per burst, in the order given."""
    columns: dict[str, list[object]] = {name: [] for name, _ in BURSTS}
    for number, wave in enumerate(found, 1):
        row = (
            number, to_datetime(wave.start), to_datetime(wave.end), wave.end - wave.start,
            wave.observed, wave.expected, wave.size, wave.size_low, wave.size_high, wave.p,
            wave.p_kind,
        )  # fmt: skip
        for (name, _), value in zip(BURSTS, row, strict=True):
            columns[name].append(value)
    return columns
