"""The base rate: how many suspensions a step would have had if nothing unusual happened.

Season (hour of the week, or day of the week) times a robust trailing level. The spread is measured
at every window length by itself, so that what hangs together in time widens the longer windows too.
Single bursts do not lift their own base rate: levels are winsorised.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtri

from birdfall.kernels import tails

HOUR_S: Final = 3600.0
DAY_S: Final = 86400.0
WEEK_S: Final = 7 * DAY_S
#: A season is fitted from this many weeks on, a trailing level over this many days.
SEASON_WEEKS, LEVEL_DAYS = 4, 28
#: Windows are at most this share of the record: a wave that fills the record has no base rate.
MAX_WINDOW_SHARE: Final = 0.4
#: Blocks below which a record is too short to show its own spread.
MIN_HISTORY_BLOCKS: Final = 60
#: The negative-binomial size then assumed: at the wide end of what real streams show (1 to 6).
ASSUMED_SIZE: Final = 1.0
#: Counts that chance exceeds less often than this are capped when the spread is measured.
CAP_TAIL: Final = 0.005


@dataclass(frozen=True)
class Baseline:
    """The base rate of a series of counts, and how widely counts vary about it.

    Parameters
    ----------
    expected
        float64[n], events per step.
    sizes
        float64[J], negative-binomial size of sums over 2^j steps.
    block
        Steps per block.
    blocks
        Blocks that were watched.
    ranks
        int64[blocks], their order by observed / expected.
    block_size
        Negative-binomial size of the blocks' spread.
    run
        Blocks that hang together.
    clump
        Parameter in [0, 1) of the logarithmic number of events that come at once; 0: one by one.
    variance_to_mean
        Of the raw block counts.
    season
        "hour of week", "day of week" or "none".
    pit, pit_p
        Histogram (int64[10]) of the probability integral transform, and its chi-squared p.
    """

    expected: np.ndarray
    sizes: np.ndarray
    block: int
    blocks: int
    ranks: np.ndarray
    block_size: float
    run: int
    clump: float
    variance_to_mean: float
    season: str
    pit: np.ndarray
    pit_p: float

    @property
    def short(self) -> bool:
        """Whether the record is too short to show its own spread."""
        return self.blocks < MIN_HISTORY_BLOCKS


def fit_baseline(
    counts: np.ndarray,
    covered: np.ndarray,
    step: float,
    begin: float,
    *,
    trailing: bool = False,
    seed: int = 0,
) -> Baseline:
    """Fit the base rate of a series of counts.

    Parameters
    ----------
    counts
        float64[n], events per step.
    covered
        bool[n], steps that were watched.
    step
        Seconds per step.
    begin
        Start of the first step, seconds since 1970 UTC.
    trailing
        Whether the level looks back only, as a watch must, or to both sides.
    seed
        Seed of the randomised transform.

    Returns
    -------
    Baseline

    References
    ----------
    Czado, Gneiting and Held (2009), Predictive model assessment for count data.

    Examples
    --------
    >>> counts = np.random.default_rng(0).poisson(12, 500).astype(float)
    >>> base = fit_baseline(counts, np.ones(500, bool), 3600.0, 0.0)
    >>> round(float(base.expected.mean())), base.short
    (12, False)
    """
    n = len(counts)
    block = _block(counts, covered)
    season_name, season = _season(counts, covered, step, begin)
    level = _level(
        np.where(covered, counts, 0.0), np.where(covered, season, 0.0), block, step, trailing
    )
    expected = np.maximum(season * level, 1e-12)
    observed, meant = _block_sums(counts, expected, covered, block)
    observed, meant = observed[meant > 0], meant[meant > 0]
    blocks = len(observed)
    sizes = _sizes(counts, expected, covered, n)
    block_size = _size(observed, meant)
    if blocks < MIN_HISTORY_BLOCKS:
        sizes, block_size = np.full(len(sizes), ASSUMED_SIZE), ASSUMED_SIZE
    ratios = (observed + 0.5) / (meant + 0.5)
    pit, pit_p = _pit(observed, meant, block_size, seed)
    return Baseline(
        expected=expected,
        sizes=sizes,
        block=block,
        blocks=blocks,
        ranks=np.argsort(np.argsort(ratios, kind="stable"), kind="stable"),
        block_size=block_size,
        run=_run(np.minimum(ratios, _cap(ratios))) if blocks else 1,
        clump=_clump(expected, covered, sizes[0], block_size),
        variance_to_mean=float(observed.var() / observed.mean())
        if blocks > 1 and observed.mean() > 0
        else float("nan"),
        season=season_name,
        pit=pit,
        pit_p=pit_p,
    )


def size_at(sizes: np.ndarray, steps: float) -> float:
    """The negative-binomial size of a sum over `steps` steps: that of the nearest dyadic length.

    sizes: float64[J], as in `Baseline`.
    """
    return float(sizes[min(len(sizes) - 1, max(0, round(np.log2(max(steps, 1)))))])


def count_band(mean: np.ndarray, size: float, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Central interval of negative-binomial counts: (low, high), float64[n] each.

    mean: float64[n]. size: of all of them. level: share of counts inside.
    """
    tail = (1 - level) / 2
    share = size / (size + mean)
    if size > 1e7:
        return tails.poisson_quantile(tail, mean), tails.poisson_quantile(1 - tail, mean)
    return (
        tails.negative_binomial_quantile(tail, size, share),
        tails.negative_binomial_quantile(1 - tail, size, share),
    )


def _block(counts: np.ndarray, covered: np.ndarray) -> int:
    """Steps per block: enough for about five events, few enough for twenty blocks."""
    n = len(counts)
    pieces = np.arange(0, n, max(1, n // 40))
    seen = np.add.reduceat(covered.astype(float), pieces)
    per_step = max(
        _robust_rate(np.add.reduceat(np.where(covered, counts, 0.0), pieces), seen), 1e-9
    )
    return int(max(1, min(np.ceil(5 / per_step), max(1, n // 20))))


def _robust_rate(events: np.ndarray, exposure: np.ndarray) -> float:
    """Events per unit of exposure in ordinary blocks.

    The mean of capped rates, or of the quieter three fifths of blocks where most are empty.
    """
    seen = exposure > 0
    events, exposure = events[seen], exposure[seen]
    if not len(events):
        return 0.0
    rate = events / exposure
    if _median(events) > 0:
        return float((np.minimum(rate, _cap(rate)) * exposure).sum() / exposure.sum())
    order = np.argsort(rate, kind="stable")
    # A desk with hours leaves most pieces empty, of which little was to be expected.
    weight = np.cumsum(exposure[order])
    middle = float(rate[order[np.searchsorted(weight, weight[-1] / 2)]])
    if middle > 0:
        held = exposure > _median(exposure) / 100
        capped = np.minimum(rate, max(_cap(rate[held]), 4 * middle))
        return float((capped * exposure).sum() / exposure.sum())
    kept = order[: max(1, int(np.ceil(0.6 * len(rate))))]
    # Nothing seen in the quiet part is not a rate of zero: half an event, spread over it.
    return float(max(events[kept].sum(), 0.5) / exposure[kept].sum())


def _cap(values: np.ndarray) -> float:
    """Median + 6 robust deviations: beyond it lies what may be a wave rather than the base rate."""
    middle = _median(values)
    return float(
        middle + 6 * 1.4826 * max(_median(np.abs(values - middle)), 0.25 * middle, 1e-9) + 1e-9
    )


def _median(values: np.ndarray) -> float:
    """`np.median` of finite numbers, without what it spends on looking at them."""
    ordered = np.sort(values)
    half = len(ordered) // 2
    return float(ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2)


def _season(
    counts: np.ndarray, covered: np.ndarray, step: float, begin: float
) -> tuple[str, np.ndarray]:
    """A factor per step with mean 1 over the week."""
    n = len(counts)
    if n * step < SEASON_WEEKS * WEEK_S or step > DAY_S:
        return "none", np.ones(n)
    unit, name = (HOUR_S, "hour of week") if step <= HOUR_S else (DAY_S, "day of week")
    slots = round(WEEK_S / unit)
    slot = (((begin + (np.arange(n) + 0.5) * step) % WEEK_S) // unit).astype(np.int64) % slots
    week = ((np.arange(n) + 0.5) * step // WEEK_S).astype(np.int64)
    sums = np.zeros((week[-1] + 1, slots))
    seen = np.zeros((week[-1] + 1, slots))
    np.add.at(sums, (week, slot), np.where(covered, counts, 0.0))
    np.add.at(seen, (week, slot), covered.astype(float))
    rate = np.divide(sums, seen, out=np.full_like(sums, np.nan), where=seen > 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # weeks never watched
        per_week = np.nanmedian(rate, axis=1, keepdims=True)
    scaled = rate / np.where(per_week > 0, per_week, np.nanmean(rate) + 1e-12)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # slots never watched
        capped = np.minimum(scaled, np.nanmedian(scaled, axis=0) * 3 + 1)
    profile = _profile(capped, round(DAY_S / unit))
    # shrink to a flat week where a slot holds few events
    evidence = sums.sum(axis=0)
    profile = (profile * evidence + 10) / (evidence + 10) if evidence.sum() else np.ones(slots)
    profile /= max(profile.mean(), 1e-12)
    return name, profile[slot]


def _profile(scaled: np.ndarray, per_day: int) -> np.ndarray:
    """The mean week of `scaled`, drawn towards hour of day times day of week.

    Six Mondays at four o'clock say little of Mondays at four o'clock. The product says more; what
    the slots add to it is believed as far as they differ by more than their own noise (an
    empirical-Bayes weight, Efron and Morris 1975).

    scaled: float64[weeks, slots], nan where not watched. per_day: slots of a day.
    """
    weeks, slots = scaled.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # slots never watched
        mean = np.nanmean(scaled, axis=0)
        noise = (
            np.nanvar(scaled, axis=0, ddof=1) / np.maximum(np.isfinite(scaled).sum(axis=0), 1)
            if weeks > 1
            else mean
        )
        whole = np.nanmean(mean)
        days = mean.reshape(slots // per_day, per_day)
        by_hour, by_day = np.nanmean(days, axis=0) / whole, np.nanmean(days, axis=1) / whole
    product = np.nan_to_num((by_day[:, None] * by_hour[None, :]).ravel() * whole, nan=1.0)
    apart = float(np.nanmean((mean - product) ** 2))
    weight = (
        max(0.0, 1 - float(np.nanmean(noise)) / apart) if apart > 0 and np.isfinite(apart) else 0.0
    )
    profile: np.ndarray = np.where(np.isfinite(mean), product + weight * (mean - product), product)
    return profile


def _level(
    counts: np.ndarray, season: np.ndarray, block: int, step: float, trailing: bool
) -> np.ndarray:
    """The level per step, float64[n]: a winsorised mean over `LEVEL_DAYS` on either side.

    trailing: before only. A short record has one level.
    """
    n = len(counts)
    # A level that is to hold for weeks is computed a few times a day, not more often.
    piece = max(block, min(int(LEVEL_DAYS * DAY_S / step / 112), n // 40))
    span = max(1, round(LEVEL_DAYS * DAY_S / step / piece))
    edges = np.minimum(np.arange((n + piece - 1) // piece + 1) * piece, n)
    pieces = len(edges) - 1
    c = np.add.reduceat(counts, edges[:-1])
    s = np.add.reduceat(season, edges[:-1])
    if pieces <= span or pieces < 2 * 20:
        return np.full(n, _robust_rate(c, s))
    level = np.empty(pieces)
    done = np.zeros(pieces, np.bool_)
    if not trailing and pieces > 2 * span:
        level[span : pieces - span], done[span : pieces - span] = _whole_rates(c, s, 2 * span + 1)
    for b in np.flatnonzero(~done):
        if trailing:
            near = slice(max(0, b - span), b) if b >= span // 2 else slice(0, span)
        else:
            near = slice(max(0, b - span), b + span + 1)
        level[b] = _robust_rate(c[near], s[near])
    return np.repeat(level, np.diff(edges))


def _whole_rates(
    events: np.ndarray, exposure: np.ndarray, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """`_robust_rate` of every run of `width` pieces at once, and whether it holds, bool.

    It holds where the run was watched throughout and is seldom empty.
    """
    seen = np.lib.stride_tricks.sliding_window_view(exposure, width)
    watched = (seen > 0).all(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = np.lib.stride_tricks.sliding_window_view(events / exposure, width)
        middle = np.median(rate, axis=1, keepdims=True)
        apart = np.median(np.abs(rate - middle), axis=1, keepdims=True)
        cap = middle + 6 * 1.4826 * np.maximum(np.maximum(apart, 0.25 * middle), 1e-9) + 1e-9
        level = (np.minimum(rate, cap) * seen).sum(axis=1) / seen.sum(axis=1)
    return level, watched & (middle[:, 0] > 0)


def _block_sums(
    counts: np.ndarray, expected: np.ndarray, covered: np.ndarray, block: int
) -> tuple[np.ndarray, np.ndarray]:
    """Observed and expected events of every block of `block` steps, covered steps only."""
    starts = np.arange(0, len(counts), block)
    return (
        np.add.reduceat(np.where(covered, counts, 0.0), starts),
        np.add.reduceat(np.where(covered, expected, 0.0), starts),
    )


def _run(ratios: np.ndarray) -> int:
    """Blocks to draw together: Carlstein's length (1986) for the first autocorrelation."""
    n = len(ratios)
    if n < 8 or np.std(ratios[:-1]) == 0 or np.std(ratios[1:]) == 0:
        return 1  # all alike but for the last block, of another length
    rho = float(np.clip(np.corrcoef(ratios[:-1], ratios[1:])[0, 1], 0.0, 0.95))
    return int(
        np.clip(
            np.ceil((np.sqrt(6) * rho / (1 - rho**2)) ** (2 / 3) * n ** (1 / 3)), 1, max(1, n // 4)
        )
    )


def _clump(expected: np.ndarray, covered: np.ndarray, size: float, block_size: float) -> float:
    """How far events come together within a step, beyond what the blocks' spread explains."""
    mean = float(expected[covered].mean()) if covered.any() else 0.0
    surplus = 1.0 / size - 1.0 / block_size
    if surplus <= 0 or mean <= 0 or mean > 5:
        return 0.0
    return float(min(mean * surplus / (1 + mean * surplus), 0.95))


def _size(observed: np.ndarray, meant: np.ndarray) -> float:
    """The negative-binomial size of counts about their means, by moments of capped counts.

    Capped, a wave among the counts widens the spread hardly more than the largest ordinary count.
    """
    if not len(observed):
        return ASSUMED_SIZE
    # Counts below one are nearly all 0 and 1: there the cap lies far out to spare the spread.
    share = 1 - (CAP_TAIL if meant.mean() >= 1 else min(CAP_TAIL, 1 / len(observed)))
    kept = np.argsort((observed - meant) / np.sqrt(meant + 1e-9), kind="stable")
    kept = kept[: max(3, int(np.floor(0.98 * len(kept))))]
    size = _moments(observed[kept], meant[kept])
    for _ in range(4):
        size = _moments(np.minimum(observed, _quantile(share, size, meant)), meant)
    return size


def level_quantiles(base: Baseline) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles of the blocks' level ratios under the fitted spread.

    Returns
    -------
    bulk
        float64[blocks], by rank.
    tail
        float64[321], far out, at 1 - exp(-x) for x = 0, 1/8, ..., 40.

    Notes
    -----
    Lognormal with the variance of the negative binomial's gamma: the longer tail of the two. A
    record cannot show its own tail beyond its largest blocks, and levels that wander make it longer
    than the gamma's.
    """
    shares = (np.arange(base.blocks) + 0.5) / max(base.blocks, 1)
    wide = np.sqrt(np.log1p(1 / base.block_size))
    far = np.maximum(-ndtri(np.exp(-np.arange(321) / 8)), -40.0)
    return np.exp(wide * ndtri(shares) - wide**2 / 2), np.exp(wide * far - wide**2 / 2)


def _moments(observed: np.ndarray, meant: np.ndarray) -> float:
    """The negative-binomial size of counts about their means by moments, between 0.05 and 1e9."""
    surplus = float(((observed - meant) ** 2 - meant).sum())
    return max(float((meant**2).sum()) / surplus, 0.05) if surplus > 0 else 1e9


def _quantile(share: float, size: float, mean: np.ndarray) -> np.ndarray:
    """Quantiles of negative-binomial counts by Wilson and Hilferty's cube root (1931)."""
    spread = 1 / size + 1 / np.maximum(mean, 1e-9)
    root = 1 - spread / 9 + ndtri(share) * np.sqrt(spread) / 3
    found: np.ndarray = np.maximum(mean * np.maximum(root, 0) ** 3, 1.0)
    return found


def _sizes(counts: np.ndarray, expected: np.ndarray, covered: np.ndarray, n: int) -> np.ndarray:
    """The negative-binomial size at every dyadic length, float64[J].

    A length of which the record holds fewer than ten windows has that of the length before.
    """
    found: list[float] = []
    length = 1
    while length <= max(1, int(n * MAX_WINDOW_SHARE)):
        c, m = _block_sums(counts, expected, covered, length)
        kept = m > 0
        if found and kept.sum() < 10:
            found.append(found[-1])
        else:
            size = _size(c[kept], m[kept])
            # A longer window cannot be much steadier than its parts: sizes grow by steps of four.
            found.append(min(size, found[-1] * 4) if found and found[-1] < 1e8 else size)
        length *= 2
    return np.array(found)


def _pit(
    observed: np.ndarray, meant: np.ndarray, size: float, seed: int
) -> tuple[np.ndarray, float]:
    """Randomised probability integral transform of blocks: histogram (int64[10]) and its p.

    Source: Czado, Gneiting and Held 2009.
    """
    if len(observed) < 20:
        return np.zeros(10, np.int64), float("nan")
    share = size / (size + meant)
    rng = np.random.default_rng(seed)
    low, high = (
        tails.negative_binomial_share(most, size, share) for most in (observed - 1, observed)
    )
    u = low + rng.random(len(observed)) * (high - low)
    histogram = np.bincount(np.minimum((u * 10).astype(int), 9), minlength=10)
    return histogram, tails.even_counts_p(histogram)
