"""The base rate: how many suspensions a step of time would have had if nothing unusual happened, and how widely that varies.

Season (hour of the week, or day of the week) times a robust trailing level; the spread is measured at every window length by
itself, so that what hangs together in time widens the longer windows too. Single bursts do not lift their own base rate:
levels are winsorised.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

HOUR = 3600.0
DAY = 86400.0
WEEK = 7 * DAY
#: A season is fitted from this many weeks on, a trailing level over this many days.
SEASON_WEEKS, LEVEL_DAYS = 4, 28
#: Windows are at most this share of the record: a wave that fills the record has no base rate.
LONGEST_SHARE = 0.4
#: Blocks below which a record is too short to show its own spread.
HISTORY_BLOCKS = 60
#: The negative-binomial size then assumed: at the wide end of what real streams show (1 to 6).
ASSUMED_SIZE = 1.0


@dataclass(frozen=True)
class Baseline:
    """expected: float64[n] per step. sizes: float64[J], negative-binomial size of sums over 2^j steps.

    ratios: capped observed / expected per block of `block` steps. variance_to_mean: of the raw block counts. season: "hour of
    week", "day of week" or "none". pit: histogram of 10 bins; pit_p: its chi-squared p. blocks: how many the record has.
    """

    expected: np.ndarray
    sizes: np.ndarray
    ratios: np.ndarray
    block: int
    blocks: int
    run: int
    variance_to_mean: float
    season: str
    pit: np.ndarray
    pit_p: float


def baseline(counts: np.ndarray, covered: np.ndarray, step: float, begin: float, *, seed: int = 0) -> Baseline:
    """The base rate of `counts` (float64[n], events per step of `step` seconds, from `begin`, seconds since 1970 UTC)."""
    n = len(counts)
    block = _block(counts, covered)
    season_name, season = _season(counts, covered, step, begin)
    level = _level(np.where(covered, counts, 0.0), np.where(covered, season, 0.0), block, step)
    expected = np.maximum(season * level, 1e-12)
    observed, meant = _summed(counts, expected, covered, block)
    raw = observed[meant > 0]
    ratio = (observed + 0.5) / (meant + 0.5)
    ratios = np.minimum(ratio[meant > 0], _cap(ratio[meant > 0]))
    blocks = len(ratios)
    sizes = _sizes(counts, expected, covered, n)
    if blocks < HISTORY_BLOCKS:
        sizes = np.full(len(sizes), ASSUMED_SIZE)
        ratios = np.random.default_rng(seed).gamma(ASSUMED_SIZE, 1 / ASSUMED_SIZE, 400)
    pit, pit_p = _pit(observed[meant > 0], meant[meant > 0], seed)
    return Baseline(
        expected=expected,
        sizes=sizes,
        ratios=np.maximum(ratios / max(ratios.mean(), 1e-9), 0.0) if len(ratios) else np.ones(1),
        block=block,
        run=max(1, min(blocks // 4, 5)),
        blocks=blocks,
        variance_to_mean=float(raw.var() / raw.mean()) if len(raw) > 1 and raw.mean() > 0 else float("nan"),
        season=season_name,
        pit=pit,
        pit_p=pit_p,
    )


def size_at(sizes: np.ndarray, steps: float) -> float:
    """The negative-binomial size of a sum over `steps` steps: that of the nearest dyadic length."""
    return float(sizes[min(len(sizes) - 1, max(0, round(np.log2(max(steps, 1)))))])


def band(mean: np.ndarray, size: float, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles of negative-binomial counts of these means: what is usual."""
    tail = (1 - level) / 2
    share = size / (size + mean)
    if size > 1e7:
        return stats.poisson.ppf(tail, mean), stats.poisson.ppf(1 - tail, mean)
    return stats.nbinom.ppf(tail, size, share), stats.nbinom.ppf(1 - tail, size, share)


def _block(counts: np.ndarray, covered: np.ndarray) -> int:
    """Steps per block: enough for about five events, few enough for twenty blocks."""
    n = len(counts)
    pieces = np.arange(0, n, max(1, n // 40))
    seen = np.add.reduceat(covered.astype(float), pieces)
    per_step = max(_robust_rate(np.add.reduceat(np.where(covered, counts, 0.0), pieces), seen), 1e-9)
    return int(max(1, min(np.ceil(5 / per_step), max(1, n // 20))))


def _robust_rate(events: np.ndarray, exposure: np.ndarray) -> float:
    """Events per unit of exposure in ordinary blocks: capped rates, or the quieter three fifths where most are empty."""
    seen = exposure > 0
    events, exposure = events[seen], exposure[seen]
    if not len(events):
        return 0.0
    rate = events / exposure
    if np.median(events) > 0:
        return float((np.minimum(rate, _cap(rate)) * exposure).sum() / exposure.sum())
    kept = np.argsort(rate, kind="stable")[: max(1, int(np.ceil(0.6 * len(rate))))]
    # nothing seen in the quiet part is not a rate of zero: half an event, spread over it
    return float(max(events[kept].sum(), 0.5) / exposure[kept].sum())


def _cap(values: np.ndarray) -> float:
    """Median + 6 robust deviations: beyond it lies what may be a wave rather than the base rate."""
    middle = np.median(values)
    return float(middle + 6 * 1.4826 * max(np.median(np.abs(values - middle)), 0.25 * middle, 1e-9) + 1e-9)


def _season(counts: np.ndarray, covered: np.ndarray, step: float, begin: float) -> tuple[str, np.ndarray]:
    """A factor per step with mean 1 over the week."""
    n = len(counts)
    if n * step < SEASON_WEEKS * WEEK or step > DAY:
        return "none", np.ones(n)
    unit, name = (HOUR, "hour of week") if step <= HOUR else (DAY, "day of week")
    slots = round(WEEK / unit)
    slot = (((begin + (np.arange(n) + 0.5) * step) % WEEK) // unit).astype(np.int64) % slots
    week = ((np.arange(n) + 0.5) * step // WEEK).astype(np.int64)
    sums = np.zeros((week[-1] + 1, slots))
    seen = np.zeros((week[-1] + 1, slots))
    np.add.at(sums, (week, slot), np.where(covered, counts, 0.0))
    np.add.at(seen, (week, slot), covered.astype(float))
    rate = np.divide(sums, seen, out=np.full_like(sums, np.nan), where=seen > 0)
    per_week = np.nanmedian(rate, axis=1, keepdims=True)
    scaled = rate / np.where(per_week > 0, per_week, np.nanmean(rate) + 1e-12)
    with np.errstate(all="ignore"):
        capped = np.minimum(scaled, np.nanmedian(scaled, axis=0) * 3 + 1)
        profile = np.nanmean(capped, axis=0)
    profile = np.where(np.isfinite(profile), profile, 1.0)
    # shrink to a flat week where a slot holds few events
    evidence = sums.sum(axis=0)
    profile = (profile * evidence + 10) / (evidence + 10) if evidence.sum() else np.ones(slots)
    profile /= max(profile.mean(), 1e-12)
    return name, profile[slot]


def _level(counts: np.ndarray, season: np.ndarray, block: int, step: float) -> np.ndarray:
    """The trailing level, per step: a winsorised mean over the last `LEVEL_DAYS`, or over the record if it is short."""
    n = len(counts)
    span = max(1, round(LEVEL_DAYS * DAY / step / block))
    blocks = (n + block - 1) // block
    edges = np.minimum(np.arange(blocks + 1) * block, n)
    c = np.add.reduceat(counts, edges[:-1])
    s = np.add.reduceat(season, edges[:-1])
    if blocks <= span or blocks < 2 * 20:
        return np.full(n, _robust_rate(c, s))
    level = np.empty(blocks)
    for b in range(blocks):
        past = slice(max(0, b - span), b) if b >= span // 2 else slice(0, span)
        level[b] = _robust_rate(c[past], s[past])
    return np.repeat(level, np.diff(edges))


def _summed(counts: np.ndarray, expected: np.ndarray, covered: np.ndarray, block: int) -> tuple[np.ndarray, np.ndarray]:
    starts = np.arange(0, len(counts), block)
    return (
        np.add.reduceat(np.where(covered, counts, 0.0), starts),
        np.add.reduceat(np.where(covered, expected, 0.0), starts),
    )


def _sizes(counts: np.ndarray, expected: np.ndarray, covered: np.ndarray, n: int) -> np.ndarray:
    """Moment estimates of the negative-binomial size at every dyadic length, without the busiest fiftieth of windows."""
    found: list[float] = []
    length = 1
    while length <= max(1, int(n * LONGEST_SHARE)):
        c, m = _summed(counts, expected, covered, length)
        kept = m > 0
        c, m = c[kept], m[kept]
        order = np.argsort((c - m) / np.sqrt(m + 1e-9), kind="stable")[: max(3, int(np.ceil(0.98 * len(c))))]
        c, m = c[order], m[order]
        surplus = float(((c - m) ** 2 - m).sum())
        size = float((m**2).sum()) / surplus if surplus > 0 else 1e9
        # a longer window cannot be steadier than its parts are by chance: sizes shrink or stay
        found.append(min(size, found[-1] * 4) if found and found[-1] < 1e8 else size)
        length *= 2
    return np.maximum(np.array(found), 0.05)


def _pit(observed: np.ndarray, meant: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
    """Randomised probability integral transform of blocks under the fitted model (Czado, Gneiting and Held 2009)."""
    if len(observed) < 20:
        return np.zeros(10, np.int64), float("nan")
    surplus = float((np.minimum((observed - meant) ** 2, 36 * (meant + meant**2)) - meant).sum())
    size = float((meant**2).sum()) / surplus if surplus > 0 else 1e9
    share = size / (size + meant)
    rng = np.random.default_rng(seed)
    low, high = stats.nbinom.cdf(observed - 1, size, share), stats.nbinom.cdf(observed, size, share)
    u = low + rng.random(len(observed)) * (high - low)
    histogram = np.bincount(np.minimum((u * 10).astype(int), 9), minlength=10)
    return histogram, float(stats.chisquare(histogram).pvalue)
