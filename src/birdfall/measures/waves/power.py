"""Power: how large a burst would have had to be to be found, which says what "none" is worth.

Short bursts are reckoned from the base rate. A long one lifts the level and the spread that it is
held against, so long ones are planted in the record and looked for (docs/methods/waves.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from birdfall.kernels import scan
from birdfall.measures.waves.baseline import (
    HOUR_S,
    MAX_WINDOW_SHARE,
    count_band,
    fit_baseline,
)
from birdfall.measures.waves.clock import ScanClock
from birdfall.measures.waves.search import SearchResult

#: A burst widens the spread that it is held against, unless it is short beside the record: of
#: bursts of which the record could not hold so many nothing is reckoned.
POWER_FROM_LENGTHS: Final = 60
#: And of which it could not hold so many, none is planted.
PLANTED_FROM_LENGTHS: Final = 30
#: A burst as large as is said would have been found in so many records of one.
STATED_POWER: Final = 0.9
#: Bursts of one size that are planted, each by itself; none may be missed.
PLACES: Final = 6
#: By how much a planted burst must exceed what chance reaches: with it in the record, chance itself
#: reaches further, by up to so much.
BEYOND_CHANCE: Final = 1.6
#: Sizes begin at this share of what is reckoned and grow by this factor, to so many times it.
FIRST_SHARE, GROWTH, MOST_GROWTH = 0.8, 1.2, 8.0
#: Larger bursts are not planted.
MOST_PLANTED: Final = 1_000_000
#: A planted burst lasts so many steps at least.
STEPS_OF_A_BURST: Final = 8


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
    if searched.base.short or length_s < clock.step * 0.999:
        return None
    if clock.covered_seconds < POWER_FROM_LENGTHS * length_s * 0.999:
        return None
    return _reckoned(searched, clock, length_s)


def _reckoned(searched: SearchResult, clock: ScanClock, length_s: float) -> int | None:
    """What `smallest_found` reckons, however long the burst is beside the record."""
    base, covered = searched.base, clock.covered
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


@dataclass(frozen=True)
class _Planting:
    """What bursts are planted in: float64[n] events and bool[n] watched of coarse steps."""

    counts: np.ndarray
    covered: np.ndarray
    step: float
    begin: float
    lengths: int
    threshold: float


def smallest_planted(
    counts: np.ndarray,
    searched: SearchResult,
    clock: ScanClock,
    length_s: float,
    *,
    seed: int,
) -> int | None:
    """As `smallest_found`, of long bursts: each size is planted in the record and looked for.

    None where the record holds fewer than thirty such lengths, is too short to show its own spread,
    has coarser steps, or where a burst of that length hides itself, however large.

    Parameters
    ----------
    counts
        float64[n], events per step of `clock`.
    searched, clock
        What chance does, and the steps that were scanned.
    length_s
        Seconds.
    seed
        Of the places and moments.

    Notes
    -----
    An even burst is added in six places, one at a time. With it the base rate and its spread are
    fitted anew, in steps up to an hour, and once more without its strongest window, as the search
    does. Both times it must exceed by far what chance reaches in the record as it is.
    """
    if searched.base.short or length_s < clock.step * 0.999:
        return None
    if clock.covered_seconds < PLANTED_FROM_LENGTHS * length_s * 0.999:
        return None
    ground = _coarsened(counts, searched, clock, length_s)
    least = _reckoned(searched, clock, length_s)
    rng = np.random.default_rng([seed, round(length_s)])
    places = _places(ground, length_s, rng)
    if least is None or least > MOST_PLANTED or not len(places):
        return None
    size = FIRST_SHARE * least
    while size < MOST_GROWTH * least:
        number = int(np.ceil(size))
        if all(
            _is_called(ground, place + rng.random(number) * length_s, place, length_s)
            for place in places
        ):
            return number
        size *= GROWTH
    return None


def _coarsened(
    counts: np.ndarray, searched: SearchResult, clock: ScanClock, length_s: float
) -> _Planting:
    """The record without the bursts found, in steps that are long but short beside a burst."""
    longest = min(max(HOUR_S, clock.step), max(length_s / STEPS_OF_A_BURST, clock.step))
    together = 2 ** int(np.log2(longest / clock.step * 1.001))
    watched = clock.covered.copy()
    for window in searched.windows:
        watched[window.steps] = False
    whole = len(counts) // together
    kept = whole * together
    covered = np.asarray(watched[:kept].reshape(whole, together).all(axis=1))
    return _Planting(
        np.where(watched, counts, 0.0)[:kept].reshape(whole, together).sum(axis=1),
        covered,
        clock.step * together,
        clock.begin,
        max(1, int(whole * MAX_WINDOW_SHARE)),
        BEYOND_CHANCE * searched.null_threshold,
    )


def _places(ground: _Planting, length_s: float, rng: np.random.Generator) -> np.ndarray:
    """Where bursts can begin: seconds after the first step, float64[places], in watched time."""
    steps = int(np.ceil(length_s / ground.step)) + 1
    if len(ground.covered) <= steps:
        return np.empty(0)
    watched = np.lib.stride_tricks.sliding_window_view(ground.covered, steps).all(axis=1)
    open_ = np.flatnonzero(watched)
    if not len(open_):
        return np.empty(0)
    # One in each sixth of the watched time.
    at = ((np.arange(PLACES) + rng.random(PLACES)) / PLACES * len(open_)).astype(np.int64)
    begins: np.ndarray = (open_[at] + rng.random(PLACES)) * ground.step
    return begins


def _is_called(ground: _Planting, moments: np.ndarray, place: float, length_s: float) -> bool:
    """Whether the scan would call what is added at these moments, seconds after the first step."""
    n = len(ground.counts)
    at = np.minimum((moments / ground.step).astype(np.int64), n - 1)
    counts = ground.counts + np.bincount(at, minlength=n)
    kept = ground.covered
    for _ in range(2):  # what is found is left out of the next fit, and must stand out again
        base = fit_baseline(counts, kept, ground.step, ground.begin)
        value, first, length = scan.dyadic_maximum(
            counts, base.expected, ground.covered, base.sizes
        )
        here = first * ground.step < place + length_s and (first + length) * ground.step > place
        if value <= ground.threshold or length > ground.lengths or not here:
            return False
        kept = ground.covered.copy()
        kept[first : first + length] = False
    return True


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
