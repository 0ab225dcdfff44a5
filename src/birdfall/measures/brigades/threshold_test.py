"""A jump in a dose-response curve: is the dose without meaning, is it a smooth rise, or is there a
step?

Two tests, by permutation within strata and by parametric bootstrap, and placebos in which times
mean nothing. What an occasion and a dose are: measures.brigade_dose. Method:
docs/methods/brigades.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from birdfall.measures.brigades.dose_response import Occasions, curve_from_bins, dose_bins

#: A step is looked for only where so many occasions lie on either side.
MIN_SIDE_OCCASIONS = 10
#: Degree of the smooth rise: of second degree, one that is merely steep was taken for a step in
#: more than one log in four.
SMOOTH_DEGREE = 3
#: Holds the smooth rise together where a draw has no falls at some tempo.
RIDGE_PENALTY = 1e-4
#: Placebos are judged with fewer draws each.
PLACEBOS, PLACEBO_DRAWS = 40, 99


@dataclass(frozen=True)
class Jump:
    """at: the dose at which the chance rises most beyond a smooth rise, low, high: doses nearly as
    good; None without a rise.

    below, above: chance at doses from half of it, and from it up to twice; ratio: of the two;
    ratio_low, ratio_high at 95 %. flat_p: of a dose that means nothing, by permutation within
    strata. step_p: of a smooth rise, by parametric bootstrap. p: the larger of the two. score: z of
    the step on top of the smooth rise.
    """

    at: int | None
    low: int | None
    high: int | None
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    below: float | None
    above: float | None
    flat_p: float
    step_p: float
    score: float

    @property
    def p(self) -> float:
        """The larger of flat_p and step_p."""
        return max(self.flat_p, self.step_p)


class PlaceboJump(NamedTuple):
    """The jump of a placebo: its p, and its score z (0 without one)."""

    p: float
    score: float


def find_jump(found: Occasions, *, draws: int = 999, seed: int = 0) -> Jump | None:
    """Whether the chance to fall jumps at some dose. None where no fall, or only one dose, was
    seen.

    flat_p: outcomes are exchanged among occasions of one stratum (a period of the record, and how
    soon the report followed the last one); the statistic is the greatest excess of falls from some
    dose on. step_p: outcomes are drawn from a logistic curve of third degree in the logarithm of
    the dose, with a level per tempo; the statistic is the greatest score of a step up on top of it.
    """
    low, high = dose_bins(found.dose)
    shown = curve_from_bins(low, high, found.dose, found.fell)
    if not found.fell.any() or found.fell.all() or len(low) < 2:
        return None
    where = np.searchsorted(low, found.dose, "right") - 1
    rng = np.random.default_rng([seed, 11])
    table, k = _stratum_tables(where, len(low), found.fell, found.stratum)
    observed = _excess_z(shown.falls[None, :].astype(float), table, k)
    flat = _excess_z(_permute_outcomes(table, k, draws, rng), table, k).max(1)
    flat_p = float((1 + (flat >= observed.max() - 1e-9).sum()) / (1 + draws))
    cells, number, falls, design = design_cells(
        where, len(low), found.fell, found.stratum % 4, low, high
    )
    level, score = fit_smooth_rise(number, falls[None, :], design, cells, len(low))
    mean = number * level[0]
    drawn = rng.binomial(
        number.astype(np.int64), np.clip(level[0], 0.0, 1.0), (draws, len(number))
    ).astype(float)
    _, null = fit_smooth_rise(number, drawn, design, cells, len(low))
    step_p = (
        float((1 + (null.max(1) >= score[0].max() - 1e-9).sum()) / (1 + draws))
        if mean.sum() > 0
        else 1.0
    )
    if score[0].max() <= 0:
        return Jump(None, None, None, None, None, None, None, None, flat_p, 1.0, 0.0)
    best = int(score[0].argmax())
    near = np.flatnonzero((score[0] > 0) & (score[0] ** 2 >= score[0][best] ** 2 - 3.84))
    at = int(low[best + 1])
    near_below, near_above = (low >= at / 2) & (low < at), (low >= at) & (low < 2 * at)
    near_below[best] = True
    below = int(shown.falls[near_below].sum()), int(shown.occasions[near_below].sum())
    above = int(shown.falls[near_above].sum()), int(shown.occasions[near_above].sum())
    ratio, ratio_low, ratio_high = _katz_ratio(above, below)
    return Jump(
        at,
        int(low[near.min() + 1]),
        int(low[near.max() + 1]),
        ratio,
        ratio_low,
        ratio_high,
        below[0] / max(1, below[1]),
        above[0] / max(1, above[1]),
        flat_p,
        step_p,
        float(score[0][best]),
    )


def _katz_ratio(above: tuple[int, int], below: tuple[int, int]) -> tuple[float, float, float]:
    """Ratio of two chances with the interval of Katz et al. 1978, half a fall added to each."""
    a, n, b, m = above[0] + 0.5, above[1] + 0.5, below[0] + 0.5, below[1] + 0.5
    spread = 1.96 * np.sqrt(max(0.0, 1 / a - 1 / n + 1 / b - 1 / m))
    ratio = (a / n) / (b / m)
    return float(ratio), float(ratio * np.exp(-spread)), float(ratio * np.exp(spread))


def _stratum_tables(
    where: np.ndarray, bins: int, fell: np.ndarray, stratum: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Occasions int64[s, b] and falls int64[s] of the strata that hold both occasions with a fall
    and without.
    """
    strata, at = np.unique(stratum, return_inverse=True)
    table = np.zeros((len(strata), bins), np.int64)
    np.add.at(table, (at, where), 1)
    falls = np.bincount(at[fell], minlength=len(strata))
    return table, falls


def _excess_z(falls: np.ndarray, table: np.ndarray, k: np.ndarray) -> np.ndarray:
    """float64[r, b - 1]: z of the falls after each bin beyond what the strata expect (Mantel and
    Haenszel 1959).

    falls: float64[r, b], over all strata. 0 where too few occasions lie on either side.
    """
    number = table.sum(1).astype(float)
    after = number[:, None] - np.cumsum(table, 1)[:, :-1]
    share = after / number[:, None]
    expected = (k[:, None] * share).sum(0)
    free = k * (number - k) / np.maximum(1.0, number - 1.0)
    variance = (free[:, None] * share * (1.0 - share)).sum(0)
    seen = falls.sum(1, keepdims=True) - np.cumsum(falls, 1)[:, :-1]
    total = after.sum(0)
    usable = (
        (variance > 1e-9)
        & (total >= MIN_SIDE_OCCASIONS)
        & (number.sum() - total >= MIN_SIDE_OCCASIONS)
    )
    return np.asarray(
        np.where(usable, (seen - expected) / np.sqrt(np.maximum(variance, 1e-9)), -np.inf),
        np.float64,
    )


def _permute_outcomes(
    table: np.ndarray, k: np.ndarray, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """float64[draws, bins]: falls by bin when outcomes are exchanged within strata (a multivariate
    hypergeometric draw each).
    """
    found = np.zeros((draws, table.shape[1]))
    for row, falls in zip(table, k, strict=True):
        if falls:
            found += rng.multivariate_hypergeometric(
                row, int(falls), size=draws, method="marginals"
            )
    return found


def design_cells(
    where: np.ndarray,
    bins: int,
    fell: np.ndarray,
    tempo: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Cells of (bin, tempo) with occasions: their bin, occasions, falls, and the design of the
    smooth rise.
    """
    cell = where * 4 + tempo
    number = np.bincount(cell, minlength=4 * bins).astype(float)
    falls = np.bincount(cell[fell], minlength=4 * bins).astype(float)
    used = np.flatnonzero(number)
    # a tempo with no fall, or nothing but falls, says nothing of the dose
    by_tempo = np.bincount(used % 4, falls[used], 4), np.bincount(used % 4, number[used], 4)
    used = used[(by_tempo[0][used % 4] > 0) & (by_tempo[0][used % 4] < by_tempo[1][used % 4])]
    levels = np.unique(used % 4)
    middle = np.log(np.sqrt(low.astype(float) * high))
    # centred, and each power freed of the lower ones, so that Newton's method starts near and does
    # not stall
    x = middle[used // 4] - np.average(middle[used // 4], weights=number[used])
    degree = min(SMOOTH_DEGREE, len(np.unique(used // 4)) - 1)
    powers = np.column_stack([x**k for k in range(degree + 1)]) * np.sqrt(number[used])[:, None]
    rise = np.zeros(
        (len(used), SMOOTH_DEGREE)
    )  # with fewer doses than powers the rest says nothing
    rise[:, :degree] = np.linalg.qr(powers)[0][:, 1:] / np.sqrt(number[used])[:, None]
    rise /= np.maximum(1e-9, np.abs(rise).max(axis=0))
    design = np.column_stack([(used % 4)[:, None] == levels[None, :], rise]).astype(float)
    return used // 4, number[used], falls[used], design


def fit_smooth_rise(
    number: np.ndarray, falls: np.ndarray, design: np.ndarray, bin_of: np.ndarray, bins: int
) -> tuple[np.ndarray, np.ndarray]:
    """Chance per cell float64[r, c] under the logistic rise, and the score z of a step up after
    each bin float64[r, bins - 1].

    number: float64[c]; falls: float64[r, c]; design: float64[c, p]. Newton's method with a little
    ridge, so that a draw without falls at some tempo has a fit; the score is that of Rao (1948),
    corrected for the parameters fitted.
    """
    rows, width = falls.shape[0], design.shape[1]
    chance = np.full((rows, len(number)), 0.5)
    beta = np.zeros((rows, width))
    mean = (falls.sum(1) + 0.5) / (number.sum() + 1.0)
    beta[:, : width - SMOOTH_DEGREE] = np.log(mean / (1.0 - mean))[:, None]
    ridge = RIDGE_PENALTY * np.eye(width)
    reached = np.full(rows, -np.inf)
    step = np.zeros((rows, width))
    for _ in range(40):
        # a step that makes the fit worse is halved, at most ten times
        for _ in range(10):
            odds = np.clip((beta + step) @ design.T, -30, 30)
            fit = (falls * odds - number * np.logaddexp(0.0, odds)).sum(1) - 0.5 * (
                (beta + step) ** 2
            ).sum(1) * RIDGE_PENALTY
            worse = fit < reached - 1e-9
            if not worse.any():
                break
            step[worse] *= 0.5
        beta = beta + np.where(worse[:, None], 0.0, step)
        reached = np.where(worse, reached, fit)
        chance = 1.0 / (1.0 + np.exp(-np.clip(beta @ design.T, -30, 30)))
        spread = number * chance * (1.0 - chance)
        slope = (falls - number * chance) @ design - RIDGE_PENALTY * beta
        bend = np.einsum("rc,ci,cj->rij", spread, design, design) + ridge
        step = np.clip(np.linalg.solve(bend, slope[:, :, None])[:, :, 0], -5.0, 5.0)
        if np.abs(step).max() < 1e-6:
            break
    above = (bin_of[None, :] > np.arange(bins - 1)[:, None]).astype(float)
    excess = (falls - number * chance) @ above.T
    bend = np.einsum("rc,ci,cj->rij", spread, design, design) + ridge
    crossed = np.einsum("rc,sc,ci->rsi", spread, above, design)
    taken = np.einsum(
        "rsi,rsi->rs", crossed, np.linalg.solve(bend, crossed.transpose(0, 2, 1)).transpose(0, 2, 1)
    )
    variance = spread @ above.T - taken
    both_sides = (above @ number >= MIN_SIDE_OCCASIONS) & (
        (1.0 - above) @ number >= MIN_SIDE_OCCASIONS
    )
    usable = (variance > 1e-6 * np.maximum(1e-12, spread.sum(1))[:, None]) & both_sides
    return chance, np.where(usable, excess / np.sqrt(np.maximum(variance, 1e-12)), 0.0)


def placebo_jumps(
    found: Occasions, *, number: int = PLACEBOS, draws: int = PLACEBO_DRAWS, seed: int = 0
) -> list[PlaceboJump]:
    """(p, score) of the jump where times mean nothing: every fall follows a report of its own count
    drawn at random instead.

    Reports after the drawn one leave the record, as they do after a real fall. Targets keep their
    reports, and that they fell.
    """
    falling = found.fell.nonzero()[0]
    begin = np.searchsorted(found.episode, found.episode[falling])
    judged: list[PlaceboJump] = []
    for i in range(number):
        rng = np.random.default_rng([seed, 13, i])
        drawn = rng.integers(begin, falling + 1)
        fell = np.zeros(len(found.fell), bool)
        fell[drawn] = True
        # what lies after the drawn report and up to the real fall leaves
        gone = np.zeros(len(found.fell) + 1, np.int64)
        np.add.at(gone, drawn + 1, 1)
        np.add.at(gone, falling + 1, -1)
        keep = np.cumsum(gone)[:-1] == 0
        other = Occasions(
            found.target[keep],
            found.time[keep],
            found.dose[keep],
            fell[keep],
            found.episode[keep],
            found.stratum[keep],
            0,
            0,
        )
        tested = find_jump(other, draws=draws, seed=seed + i + 1)
        judged.append(
            PlaceboJump(1.0, 0.0) if tested is None else PlaceboJump(tested.p, tested.score)
        )
    return judged
