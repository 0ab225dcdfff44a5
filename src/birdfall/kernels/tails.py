"""Tails and quantiles of counts, from `scipy.special` alone.

`scipy.stats` has them all, and takes a second to load: more than most of what a user asks for.
Plain version: the functions of `scipy.stats` of the same names; the tests hold both together.
"""

from __future__ import annotations

import numpy as np
from scipy import special

#: Terms below this share of their sum are left out.
_NEGLIGIBLE = 1e-17


def poisson_quantile(share: float, mean: np.ndarray) -> np.ndarray:
    """The smallest count that a Poisson count does not exceed with chance `share`, float64[n]."""
    above = np.ceil(special.pdtrik(share, mean))
    below = np.maximum(above - 1, 0)
    found: np.ndarray = np.where(special.pdtr(below, mean) >= share, below, above)
    return found


def poisson_tail(least: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Chance of a Poisson count of at least so many, float64[n]."""
    found: np.ndarray = np.where(
        least > 0, special.pdtrc(np.maximum(np.ceil(least) - 1, 0), mean), 1.0
    )
    return found


def negative_binomial_quantile(share: float, size: float, success: np.ndarray) -> np.ndarray:
    """As `poisson_quantile`; size: of the gamma of rates; success: size / (size + mean)."""
    above = np.ceil(special.nbdtrik(share, size, success))
    below = np.maximum(above - 1, 0)
    enough = special.betainc(size, below + 1, success) >= share
    found: np.ndarray = np.where(enough, below, above)
    return found


def negative_binomial_share(most: np.ndarray, size: float, success: np.ndarray) -> np.ndarray:
    """Chance of at most so many of a negative-binomial count, float64[n]."""
    share = special.betainc(size, np.maximum(np.floor(most), 0) + 1, success)
    found: np.ndarray = np.where(most >= 0, share, 0.0)
    return found


def binomial_tail(least: int, trials: int, chance: float) -> float:
    """Chance of at least so many successes."""
    if least <= 0 or least > trials:
        return float(least <= 0)
    return float(special.betainc(least, trials - least + 1, chance))


def even_counts_p(counts: np.ndarray) -> float:
    """p of Pearson's chi-square test that counts come from bins of one chance."""
    expected = counts.mean()
    distance = float(((counts - expected) ** 2 / expected).sum())
    return float(special.chdtrc(len(counts) - 1, distance))


def hypergeometric_tail(
    least: np.ndarray, population: int, marked: int, drawn: np.ndarray
) -> np.ndarray:
    """Chance that of `drawn` members at least so many are among the marked, float64[n].

    Summed from the count away from the middle, so few terms count and none cancel.
    """
    at, draws = np.asarray(least, float), np.asarray(drawn, float)
    upward = at > draws * marked / population
    at = np.where(upward, at, at - 1)
    spare = population - marked - draws
    lowest, highest = np.maximum(0, -spare), np.minimum(marked, draws)
    possible = (at >= lowest) & (at <= highest)
    j = np.clip(at, lowest, highest)
    log_chance = (
        _log_choices(float(marked), j)
        + _log_choices(float(population - marked), draws - j)
        - _log_choices(float(population), draws)
    )
    term = np.where(possible, np.exp(log_chance), 0.0)
    total = term.copy()
    while (term > _NEGLIGIBLE * total).any():
        up = (marked - j) * (draws - j) / ((j + 1) * np.maximum(spare + j + 1, 1))
        down = j * (spare + j) / ((marked - j + 1) * (draws - j + 1))
        term *= np.maximum(np.where(upward, up, down), 0.0)
        j = np.clip(np.where(upward, j + 1, j - 1), lowest, highest)
        total += term
    return np.clip(np.where(upward, total, 1 - total), 0.0, 1.0)


def _log_choices(of: float, some: np.ndarray) -> np.ndarray:
    """Logarithm of the number of ways to choose `some` of so many."""
    found: np.ndarray = -special.betaln(some + 1, of - some + 1) - np.log(of + 1)
    return found
