"""How machine-like the timing of accounts is: regularity, repetition, full minutes, no nights.

Every signal is larger the more machine-like, and NaN where an account gave too little to tell. Acts
at one and the same moment (a post and the hashtags in it) count once.

- regularity: minus the burstiness of the gaps, corrected for their number (Goh and Barabási 2008;
  Kim and Jo 2016); -1..1.
- repetition: 1 minus the corrected conditional entropy of the gaps in five bins (Porta et al. 1998;
  Gianvecchio et al. 2011) as a share of the entropy that five even bins have; up to 1.
- full_second: how far seconds of the minute are from even, chi-square over its largest possible
  value; about 0..1.
- sleepless: 24 less the longest run of hours of the day with less than a quarter of the usual acts;
  hours.
- clockless: 1 minus the length of the mean vector over the hours of the day (Rayleigh); 0..1.
- sameness: 1 minus the entropy of the gaps in five bins, corrected for their number (Miller 1955),
  over that of five even bins; 0..1.

Beside them `scripts`: the same corrected conditional entropy on what an account does and after
which pause (behaviour strings: Cresci et al. 2016; Nwala et al. 2023).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

SIGNALS: Final = ("regularity", "repetition", "full_second", "sleepless", "clockless", "sameness")
#: Moments an account must have for any signal, and for those of its days, over so many days.
MIN_MOMENTS, MIN_MOMENTS_OVER_DAYS, MIN_DAYS = 20, 48, 14
GAP_BINS, MAX_PATTERN_LENGTH = 5, 6
#: Acts told apart in behaviour strings, all others being one more; each after one of four pauses:
#: under a minute, an hour, a day, longer.
KINDS: Final = ("post", "repost", "reply", "quote", "like", "follow", "mention")
_SYMBOLS = 4 * (len(KINDS) + 1)
_SECOND_US, _HOUR_US, _DAY_US = 1_000_000, 3_600_000_000, 86_400_000_000


def timing(start: np.ndarray, time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the timing signals of k accounts.

    Parameters
    ----------
    start
        int64[k + 1], where the acts of each account begin in `time`.
    time
        int64[n], microseconds, ascending within an account.

    Returns
    -------
    signals
        float64[k, 6] in the order of `SIGNALS`. Gaps are binned by the fifths of all gaps given, so
        compare only what was computed together.
    moments
        int64[k], distinct moments.
    """
    cuts = _cuts(start, time)
    out = np.full((len(start) - 1, len(SIGNALS)), np.nan)
    moments = np.zeros(len(start) - 1, np.int64)
    _fill_timing(start.astype(np.int64), time.astype(np.int64), cuts, out, moments)
    return out, moments


def scripts(start: np.ndarray, time: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """How repetitive the behaviour string of each account is, float64[k]; NaN below `MIN_MOMENTS`.

    1 - corrected conditional entropy over the entropy of as many even symbols. start, time: as for
    `timing`. kind: int64[n], place in `KINDS` from 1, 0 for another act.
    """
    out = np.full(len(start) - 1, np.nan)
    _fill_scripts(start.astype(np.int64), time.astype(np.int64), kind.astype(np.int64), out)
    return out


def _cuts(start: np.ndarray, time: np.ndarray) -> np.ndarray:
    """The fifths of all gaps, float64[4]."""
    gaps = np.diff(time)
    inside = np.ones(len(gaps), np.bool_)
    between = start[1:-1]
    inside[between[(between > 0) & (between < len(time))] - 1] = False
    chosen = gaps[inside & (gaps > 0)]
    if not len(chosen):
        return np.ones(GAP_BINS - 1)
    found: np.ndarray = np.quantile(chosen, np.arange(1, GAP_BINS) / GAP_BINS).astype(np.float64)
    return found


@njit(cache=True)
def _fill_timing(
    start: np.ndarray, time: np.ndarray, cuts: np.ndarray, out: np.ndarray, moments: np.ndarray
) -> None:
    for k in range(len(start) - 1):
        times = _distinct_moments(time[start[k] : start[k + 1]])
        n = len(times)
        moments[k] = n
        if n < MIN_MOMENTS:
            continue
        gaps = np.empty(n - 1)
        for i in range(n - 1):
            gaps[i] = times[i + 1] - times[i]
        out[k, 0] = -_burstiness(gaps)
        symbol = np.searchsorted(cuts, gaps)
        out[k, 1] = 1.0 - _corrected_entropy(symbol, GAP_BINS) / np.log(GAP_BINS)
        out[k, 5] = 1.0 - _entropy(symbol) / np.log(GAP_BINS)
        out[k, 2] = _second_unevenness(times)
        if n >= MIN_MOMENTS_OVER_DAYS and times[-1] - times[0] >= MIN_DAYS * _DAY_US:
            out[k, 3], out[k, 4] = _daily_rhythm(times)


@njit(cache=True)
def _distinct_moments(times: np.ndarray) -> np.ndarray:
    kept = np.empty(len(times), np.int64)
    n = 0
    for t in times:
        if n == 0 or t != kept[n - 1]:
            kept[n] = t
            n += 1
    return kept[:n]


@njit(cache=True)
def _burstiness(gaps: np.ndarray) -> float:
    n = len(gaps)
    r = gaps.std() / gaps.mean()
    return float(
        ((n + 1) ** 0.5 * r - (n - 1) ** 0.5) / (((n + 1) ** 0.5 - 2) * r + (n - 1) ** 0.5)
    )


@njit(cache=True)
def _entropy(symbol: np.ndarray) -> float:
    """Entropy of gaps in bins (nats) with Miller's correction, no more than that of even bins."""
    counts = np.bincount(symbol, minlength=GAP_BINS)
    n = len(symbol)
    entropy, used = 0.0, 0
    for c in counts:
        if c:
            entropy -= c / n * np.log(c / n)
            used += 1
    return float(min(entropy + (used - 1) / (2 * n), np.log(GAP_BINS)))


@njit(cache=True)
def _fill_scripts(start: np.ndarray, time: np.ndarray, kind: np.ndarray, out: np.ndarray) -> None:
    for k in range(len(start) - 1):
        n = start[k + 1] - start[k]
        if n < MIN_MOMENTS:
            continue
        symbol = np.empty(n, np.int64)
        for i in range(n):
            gap = time[start[k] + i] - time[start[k] + i - 1] if i else _DAY_US
            pause = (
                0 if gap < 60 * _SECOND_US else 1 if gap < _HOUR_US else 2 if gap < _DAY_US else 3
            )
            symbol[i] = 4 * kind[start[k] + i] + pause
        out[k] = 1.0 - _corrected_entropy(symbol, _SYMBOLS) / np.log(_SYMBOLS)


@njit(cache=True)
def _corrected_entropy(symbol: np.ndarray, base: int) -> float:
    """Corrected conditional entropy, nats: the smallest over pattern lengths.

    Conditional entropy + share of patterns seen once * entropy of single symbols.
    """
    n = len(symbol)
    codes = np.zeros(n, np.int64)
    before = first = 0.0
    best = np.inf
    for length in range(1, MAX_PATTERN_LENGTH + 1):
        m = n - length + 1
        if m < 2:
            break
        for i in range(m):
            codes[i] = codes[i] * base + symbol[i + length - 1]
        ordered = np.sort(codes[:m])
        entropy, once, run = 0.0, 0, 1
        for i in range(1, m + 1):
            if i < m and ordered[i] == ordered[i - 1]:
                run += 1
                continue
            entropy -= run / m * np.log(run / m)
            once += run == 1
            run = 1
        if length == 1:
            first = entropy
        best = min(best, entropy - before + once / m * first)
        before = entropy
    return best


@njit(cache=True)
def _second_unevenness(times: np.ndarray) -> float:
    counts = np.zeros(60)
    for t in times:
        counts[(t // _SECOND_US) % 60] += 1
    n = len(times)
    usual = n / 60
    chi = ((counts - usual) ** 2).sum() / usual
    return float((chi - 59) / (59 * (n - 1)))


@njit(cache=True)
def _daily_rhythm(times: np.ndarray) -> tuple[float, float]:
    counts = np.zeros(24)
    x = y = 0.0
    for t in times:
        hour = (t % _DAY_US) / _HOUR_US
        counts[int(hour)] += 1
        x += np.cos(hour * np.pi / 12)
        y += np.sin(hour * np.pi / 12)
    few = counts < 0.25 * len(times) / 24
    longest = run = 0
    for i in range(48):
        run = run + 1 if few[i % 24] else 0
        longest = max(longest, run)
    return 24.0 - min(longest, 24), 1.0 - float(np.hypot(x, y)) / len(times)
