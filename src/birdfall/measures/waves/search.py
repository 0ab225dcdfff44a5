"""Search a series of counts for waves: take the strongest window, cut it out, search the rest.

A record long enough to show its own ups and downs is scanned with the negative-binomial likelihood
ratio against bootstrap records of itself. A short one is scanned for windows that hold more of its
events than their share of the time. Method: docs/methods/waves.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np

from birdfall.kernels import crowding, scan
from birdfall.measures.waves.baseline import (
    ASSUMED_SIZE,
    MAX_WINDOW_SHARE,
    Baseline,
    fit_baseline,
    level_quantiles,
)
from birdfall.measures.waves.clock import ScanClock
from birdfall.model.progress import Progress, silent

#: Waves are searched for until none is left, at most this many.
MAX_WAVES: Final = 60
#: How often the base rate is fitted, each time without the waves found before.
MAX_PASSES: Final = 3
#: Bootstrap records of all passes but the last: enough to decide what to leave out of the fit.
QUICK_REPLICATES: Final = 199
#: Blocks of levels of a series that is scanned given its number of events.
FEWEST_BLOCKS: Final = 20
#: Euler's constant, the mean of the standard Gumbel distribution.
_EULER: Final = 0.5772156649


@dataclass(frozen=True, slots=True)
class ScanWindow:
    """A window of steps that chance does not explain.

    Parameters
    ----------
    evidence
        Log-likelihood ratio of the window.
    first, length
        First step and number of steps: the window is [first, first + length).
    p
        Chance of a window as strong anywhere in a record without waves.
    p_kind
        "monte_carlo", or "extrapolated" where `p` lies below what the replicates can show.
    """

    evidence: float
    first: int
    length: int
    p: float
    p_kind: str

    @property
    def steps(self) -> slice:
        """The window's steps, as a slice of a series."""
        return slice(self.first, self.first + self.length)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Windows found, the base rate fitted without them, and what chance does.

    Parameters
    ----------
    windows
        In order of time; windows that touched are joined.
    base
        Base rate without the windows; its `variance_to_mean` is that of the whole series.
    null_median, null_threshold
        Median and (1 - alpha) quantile of the largest log-likelihood ratio without waves.
    """

    windows: list[ScanWindow]
    base: Baseline
    null_median: float
    null_threshold: float


def search(
    counts: np.ndarray,
    clock: ScanClock,
    *,
    alpha: float,
    replicates: int,
    seed: int,
    longest: int | None = None,
    progress: Progress = silent,
) -> SearchResult:
    """Scan a series of counts for windows above its base rate.

    Parameters
    ----------
    counts
        float64[n], events per step of `clock`.
    clock
        Steps of the scan; uncovered steps count for nothing.
    alpha
        Chance of any false window in the whole series.
    replicates
        Bootstrap records drawn in the last pass.
    seed
        Seed of the draws; the result is the same for the same seed.
    longest
        Steps of the longest window, for a series whose level cannot be told from its waves: it is
        scanned given its number of events, as a short one is. None: as the series allows.
    progress
        Called after each pass.

    Notes
    -----
    Whether there is any wave is decided in the first pass, in which nothing has been left out.
    Cutting out only lowers the maximum, so testing the rest against the same null errs on the side
    of fewer waves.
    """
    # A wave must not raise the base rate it is held against: steps found are left out of the refit.
    masked = clock.covered.copy()
    windows: list[ScanWindow] = []
    quick = min(replicates, max(QUICK_REPLICATES, int(np.ceil(2 / alpha))))
    raw = float("nan")
    for turn in range(MAX_PASSES):
        base = fit_baseline(counts, masked, clock.step, clock.begin, seed=seed)
        raw = raw if turn else base.variance_to_mean
        if longest is not None:
            block = max(base.block, clock.steps // FEWEST_BLOCKS)
            base = dataclasses.replace(base, block=block)
        by_number = base.short or longest is not None
        progress("waves: what chance does", turn, MAX_PASSES, "passes")
        draws = replicates if by_number or turn == MAX_PASSES - 1 else quick
        if by_number:
            windows, maxima, base = _find_crowds(
                counts, clock, base, alpha=alpha, replicates=draws, seed=seed, longest=longest
            )
        else:
            windows, maxima, base = _find_bursts(
                counts, clock, base, alpha=alpha, replicates=draws, seed=seed
            )
        if not windows or by_number:
            break
        masked = clock.covered.copy()
        for window in windows:
            masked[window.steps] = False
    base = dataclasses.replace(base, variance_to_mean=raw)
    progress("waves: what chance does", MAX_PASSES, MAX_PASSES, "passes")
    return SearchResult(
        _join_touching(windows),
        base,
        float(np.median(maxima)),
        float(np.quantile(maxima, 1 - alpha)),
    )


def _find_bursts(
    counts: np.ndarray,
    clock: ScanClock,
    base: Baseline,
    *,
    alpha: float,
    replicates: int,
    seed: int,
) -> tuple[list[ScanWindow], np.ndarray, Baseline]:
    """Windows above the base rate of a record that shows its own spread; null maxima; base rate."""
    halves = _halves(replicates)
    bulk, tail = level_quantiles(base)

    def draw(half: int) -> np.ndarray:
        maxima: np.ndarray = scan.null_maxima(
            base.expected,
            clock.covered,
            base.sizes,
            base.ranks,
            base.block,
            bulk,
            tail,
            base.run,
            base.clump,
            halves[half],
            _seed_of_stream(seed, half),
        )
        return maxima

    maxima = _draw_in_two_threads(draw)
    rest = counts.copy()
    windows: list[ScanWindow] = []
    while len(windows) < MAX_WAVES:
        value, first, length = scan.dyadic_maximum(rest, base.expected, clock.covered, base.sizes)
        if length == 0 or length > max(1, clock.steps * MAX_WINDOW_SHARE):
            break
        p, kind = _p_value(value, maxima)
        if p > alpha:
            break
        first, length = _trim(rest, base.expected, first, length)
        window = ScanWindow(value, first, length, p, kind)
        windows.append(window)
        rest[window.steps] = np.minimum(rest[window.steps], base.expected[window.steps])
        # The shoulders of a wave are the wave, not a second one.
        _level_shoulders(rest, base.expected, first, length)
    return windows, maxima, base


def _find_crowds(
    counts: np.ndarray,
    clock: ScanClock,
    base: Baseline,
    *,
    alpha: float,
    replicates: int,
    seed: int,
    longest: int | None = None,
) -> tuple[list[ScanWindow], np.ndarray, Baseline]:
    """Windows of a short record that hold more of its events than their share of the time.

    Such a record cannot show its own spread. So records of as many events are drawn whose blocks
    have rates as uneven as real streams' (gamma of size 1), and what is left after a window is cut
    out is held against records of what is left.
    """
    most = clock.steps * MAX_WINDOW_SHARE
    lengths = int(np.log2(max(1.0, most if longest is None else min(most, longest)))) + 1
    left = clock.covered.copy()
    windows: list[ScanWindow] = []
    first_maxima: np.ndarray | None = None
    while True:
        maxima = _crowd_maxima(counts, left, lengths, base.block, replicates, seed, len(windows))
        first_maxima = maxima if first_maxima is None else first_maxima
        value, first, length = crowding.most_crowded_window(counts, left, lengths)
        p, kind = _p_value(value, maxima)
        if length == 0 or p > alpha or len(windows) >= MAX_WAVES:
            break
        events = int(counts[left].sum())
        rate = np.full(clock.steps, events / max(float(left.sum()), 1.0))
        first, length = _trim(np.where(left, counts, 0.0), rate, first, length)
        windows.append(ScanWindow(value, first, length, p, kind))
        left[first : first + length] = False
    # Half an event where nothing was seen: a rate of zero cannot be known.
    quiet = max(float(counts[left].sum()), 0.5) / max(float(left.sum()), 1.0)
    return windows, first_maxima, dataclasses.replace(base, expected=np.full(clock.steps, quiet))


def _crowd_maxima(
    counts: np.ndarray,
    left: np.ndarray,
    lengths: int,
    block: int,
    replicates: int,
    seed: int,
    turn: int,
) -> np.ndarray:
    """Sorted largest crowding of `replicates` records with the events that are left."""
    if not left.any():
        return np.zeros(replicates)
    events = int(counts[left].sum())
    halves = _halves(replicates)

    def draw(half: int) -> np.ndarray:
        stream = _seed_of_stream(seed, 2 * turn + half)
        maxima: np.ndarray = crowding.crowding_null_maxima(
            events, left, lengths, block, ASSUMED_SIZE, halves[half], stream
        )
        return maxima

    return _draw_in_two_threads(draw)


def _halves(replicates: int) -> tuple[int, int]:
    return replicates // 2, replicates - replicates // 2


def _draw_in_two_threads(draw: Callable[[int], np.ndarray]) -> np.ndarray:
    """Sorted maxima of records without waves; each thread has a random stream of its own."""
    with ThreadPoolExecutor(2) as pool:
        maxima: np.ndarray = np.concatenate(list(pool.map(draw, range(2))))
    maxima.sort()
    return maxima


def _p_value(value: float, maxima: np.ndarray) -> tuple[float, str]:
    """Monte-Carlo p; below its floor a Gumbel tail fitted by moments, never below 1e-12."""
    above = int((maxima >= value).sum())
    floor = 1 / (len(maxima) + 1)
    if above or np.std(maxima) == 0:
        return (above + 1) / (len(maxima) + 1), "monte_carlo"
    scale = np.std(maxima) * np.sqrt(6) / np.pi
    mode = np.mean(maxima) - _EULER * scale
    tail = -np.expm1(-np.exp(-(value - mode) / scale))
    return float(min(floor, max(tail, 1e-12))), "extrapolated"


def _trim(counts: np.ndarray, expected: np.ndarray, first: int, length: int) -> tuple[int, int]:
    """A window without steps at its ends that hold no more than expected."""
    last = first + length - 1
    while first < last and counts[first] <= expected[first]:
        first += 1
    while last > first and counts[last] <= expected[last]:
        last -= 1
    return first, last - first + 1


def _level_shoulders(rest: np.ndarray, expected: np.ndarray, first: int, length: int) -> None:
    """Set raised steps on either side of a window to the base rate, in place."""
    for direction, edge in ((-1, first - 1), (1, first + length)):
        at, quiet = edge, 0
        while 0 <= at < len(rest) and quiet < max(2, length // 2) and abs(at - edge) < 4 * length:
            if rest[at] > 2 * expected[at] + 1:
                rest[at] = expected[at]
                quiet = 0
            else:
                quiet += 1
            at += direction


def _join_touching(windows: list[ScanWindow]) -> list[ScanWindow]:
    """Windows that touch, or nearly, are one wave, with the evidence of the strongest."""
    found: list[ScanWindow] = []
    for window in sorted(windows, key=lambda w: w.first):
        if not found or window.first > found[-1].steps.stop + max(1, found[-1].length // 2):
            found.append(window)
            continue
        before = found.pop()
        end = max(before.steps.stop, window.steps.stop)
        strong = before if before.evidence >= window.evidence else window
        found.append(
            ScanWindow(strong.evidence, before.first, end - before.first, strong.p, strong.p_kind)
        )
    return found


def _seed_of_stream(seed: int, stream: int) -> int:
    return int(np.random.SeedSequence([seed, stream]).generate_state(1)[0] & 0x7FFFFFFF)
