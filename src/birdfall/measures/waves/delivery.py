"""How falls reached the record: in batches, as the backlog of an outage, at the end of a gap.

A queue that is emptied once an hour, a desk that works on weekday mornings, a service that catches
up after an outage: each makes bursts that are none of the falls themselves. Times in seconds since
1970 UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from birdfall.measures.waves.baseline import Baseline, count_band, size_at
from birdfall.measures.waves.clock import DAY_S, ScanClock
from birdfall.measures.waves.describe import RefinedWave

#: Cycles in which a queue may be emptied, seconds.
CYCLES_S: Final = (3600.0, DAY_S)
#: Falls come in batches if so large a share of them (each cycle counted once) lies within so small
#: a part of the cycle, in so many cycles.
BATCHED_SHARE, BATCH_ARC, MIN_CYCLES = 0.95, 0.25, 12
#: A silence is one that the base rate brings about less often than this.
SILENCE_P: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Catch:
    """What a wave may have caught up on.

    Parameters
    ----------
    begin, end
        The gap or silence before it, seconds.
    known
        Whether the record's coverage says that nothing was watched then.
    explained
        Whether what fell meanwhile at the ordinary rate may make up the whole wave.
    """

    begin: float
    end: float
    known: bool
    explained: bool


def batch_cycle(times: np.ndarray, clock: ScanClock) -> tuple[float, float] | None:
    """The cycle (s) in which the falls were delivered in batches, and where in it (s) none were.

    None if they came one by one.

    times: int64[n] us. A cycle counts once however much fell in it, so one large wave is no cycle.

    Examples
    --------
    >>> hours = np.arange(200) * 3_600_000_000
    >>> batch_cycle(np.repeat(hours, 5) + np.tile(np.arange(5) * 1_000_000, 200),
    ...             ScanClock(0.0, 60.0, 12_000, np.ones(12_000, bool), 1.0))
    (3600.0, 1802.0)
    """
    seconds = times / 1e6
    for cycle in CYCLES_S:
        if clock.step >= cycle or clock.resolution >= cycle:
            continue
        number = np.floor(seconds / cycle)
        _, where, held = np.unique(number, return_inverse=True, return_counts=True)
        if len(held) < MIN_CYCLES or len(times) < 3 * len(held):
            continue
        phase = seconds % cycle / cycle
        first, arc = _smallest_arc(phase, 1.0 / held[where])
        if arc <= BATCH_ARC:
            return cycle, float((first + arc + (1 - arc) / 2) % 1.0 * cycle)
    return None


def _smallest_arc(phase: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Begin and length of the shortest part of the circle that holds `BATCHED_SHARE` of the weight.

    phase: [0, 1).
    """
    order = np.argsort(phase, kind="stable")
    phase, weight = np.tile(phase[order], 2), np.tile(weight[order], 2)
    n = len(order)
    phase[n:] += 1
    held = np.r_[0, np.cumsum(weight)]
    wanted = BATCHED_SHARE * held[n] - 1e-9
    ends = np.searchsorted(held, held[:n] + wanted)  # events [i, ends) hold enough
    lengths = phase[np.minimum(ends - 1, 2 * n - 1)] - phase[:n]
    best = int(lengths.argmin())
    return float(phase[best]), float(lengths[best])


def caught_up(
    wave: RefinedWave, counts: np.ndarray, clock: ScanClock, base: Baseline
) -> Catch | None:
    """The gap or silence that a wave begins at the end of; None if there is none.

    counts: float64[n] per step of `clock`.
    """
    start = wave.start - wave.late
    first = int(np.clip(np.floor((start - clock.begin) / clock.step + 1e-9), 0, clock.steps - 1))
    near = first - 1 - max(1, round((wave.end - wave.start) / clock.step))
    rate = float(np.median(base.expected[clock.covered])) if clock.covered.any() else 0.0
    last = _last_of_silence(counts, clock, rate, max(near, -1), first)
    if last is None:
        return None
    at = last
    while at >= 0 and (not clock.covered[at] or counts[at] == 0):
        at -= 1
    silent = slice(at + 1, last + 1)
    known = bool((~clock.covered[silent]).mean() > 0.5)
    steps = last - at
    # What the ordinary rate brings in all that time, and during the wave itself.
    mean = rate * steps + wave.expected
    _, most = count_band(np.array([mean]), size_at(base.sizes, steps), level=0.99)
    return Catch(clock.edge(at + 1), clock.edge(last + 1), known, wave.observed <= float(most[0]))


def _last_of_silence(
    counts: np.ndarray, clock: ScanClock, rate: float, near: int, first: int
) -> int | None:
    """The last step of a gap or of a silence that ends between `near` and `first`; None if none."""
    for at in range(first - 1, near, -1):
        if not clock.covered[at]:
            return at
        if counts[at]:
            continue
        begin = at
        while begin > 0 and clock.covered[begin - 1] and not counts[begin - 1]:
            begin -= 1
        if np.exp(-rate * (at - begin + 1)) < SILENCE_P:
            return at
    return None


def split_backlogs(
    found: Sequence[RefinedWave], counts: np.ndarray, clock: ScanClock, base: Baseline
) -> tuple[list[RefinedWave], list[tuple[RefinedWave, Catch]], list[tuple[RefinedWave, Catch]]]:
    """Waves, the backlogs among what was found, and the waves that begin at the end of a gap."""
    waves: list[RefinedWave] = []
    backlogs: list[tuple[RefinedWave, Catch]] = []
    after_gaps: list[tuple[RefinedWave, Catch]] = []
    for wave in found:
        catch = caught_up(wave, counts, clock, base)
        if catch is not None and catch.explained:
            backlogs.append((wave, catch))
            continue
        waves.append(wave)
        if catch is not None and catch.known:
            after_gaps.append((wave, catch))
    return waves, backlogs, after_gaps
