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

from birdfall.kernels import scan
from birdfall.measures.waves.baseline import MAX_WINDOW_SHARE, count_band
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
#: A burst widens the spread that it is held against, unless it is short beside the record: nothing
#: is said of bursts of which the record could not hold so many.
POWER_FROM_LENGTHS: Final = 60
#: A burst as large as is said would have been found in so many records of one.
STATED_POWER: Final = 0.9


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


def smallest_found(searched: SearchResult, clock: ScanClock, length_s: float) -> int | None:
    """How many events within `length_s` would have been called a burst in nine records of ten.

    None where the record is too short to show its own spread or that of such lengths, and where
    its steps are coarser.

    Parameters
    ----------
    searched
        What chance does, and the base rate.
    clock
        The steps that were scanned.
    length_s
        Seconds.

    Notes
    -----
    An even burst lies in a window of 2^j steps that is longer, or fills a shorter one with its
    share. The likelihood ratio of that window must exceed what chance reaches, in the busier part
    of the week, with fewer ordinary events in it than usual (lower 10 % bound).
    """
    base, covered = searched.base, clock.covered
    if base.short or length_s < clock.step * 0.999:
        return None
    if clock.covered_seconds < POWER_FROM_LENGTHS * length_s * 0.999:
        return None
    expected = base.expected[covered]
    wanted = length_s / clock.step
    found: list[int] = []
    for j, size in enumerate(base.sizes.tolist()):
        steps = 2**j
        if steps > max(1.0, clock.steps * MAX_WINDOW_SHARE) or len(expected) < steps:
            break
        sums = np.add.reduceat(expected, np.arange(0, len(expected) - steps + 1, steps))
        usual = float(np.quantile(sums, STATED_POWER))
        fewer = float(count_band(np.array([usual]), size, 2 * STATED_POWER - 1)[0][0])
        inside = min(1.0, steps / (wanted + 1))
        more = max(_count_called(usual, size, searched.null_threshold) - fewer, 1.0) / inside
        # how many of them lie in the window is drawn
        found.append(int(np.ceil(more + 1.3 * np.sqrt(more * (1 - inside) / inside))))
    return min(found, default=None)


def smallest_crowd(
    number: int, searched: SearchResult, clock: ScanClock, length_s: float
) -> int | None:
    """As `smallest_found`, of a series that is scanned given its number of events.

    Parameters
    ----------
    number
        Its events.
    searched, clock, length_s
        As for `smallest_found`.
    """
    steps = 2 ** int(np.ceil(np.log2(length_s / clock.step + 1)))
    share = steps / max(int(clock.covered.sum()), 1)
    if share >= MAX_WINDOW_SHARE:
        return None
    more = 1
    while more < number and crowding_of(more, number + more, share) <= searched.null_threshold:
        more += 1
    # A larger burst makes the record larger, and chance with it; and how many lie in the window is
    # drawn.
    return int(np.ceil(1.1 * more + 1.3 * np.sqrt(more)))


def crowding_of(inside: int, number: int, share: float) -> float:
    """How much likelier so many of a number are in a share of the time than by an even rate (log).

    Examples
    --------
    >>> round(crowding_of(30, 100, 0.1), 2)
    15.37
    """
    mean = number * share
    outside = number - inside
    rest = outside * np.log(outside / (number - mean)) if outside else 0.0
    return float(inside * np.log(inside / mean) + rest) if inside > mean else 0.0


def _count_called(mean: float, size: float, threshold: float) -> float:
    """The smallest count of a window whose log-likelihood ratio exceeds the threshold."""
    low, high = mean, mean + 1.0
    while scan.excess(high, mean, size) <= threshold:
        low, high = high, 2 * high
    while high - low > 0.5:
        middle = (low + high) / 2
        low, high = (low, middle) if scan.excess(middle, mean, size) > threshold else (middle, high)
    return float(np.ceil(high))
