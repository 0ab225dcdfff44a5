"""One score per account from several signals, weighted by what sets the fallen apart.

Each signal becomes its rank among the controls, -log(1 - rank). Weights are those of a logistic
regression of fallen against controls that may be nothing or more (non-negative least deviance), so
a score can only rise with what is machine-like: a trait that merely differs weighs nothing. No
account is scored by weights fitted on itself (cross-fitting in five folds, Chernozhukov et al.
2018): bounds on the excess of such scores hold though the weights were learnt.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from birdfall.measures.automation.matching import MatchedControls

FOLDS: Final = 5
#: Ridge penalty: holds weights together where signals agree.
RIDGE: Final = 1e-3


def account_scores(values: np.ndarray, pair: MatchedControls, *, seed: int = 0) -> np.ndarray:
    """Score accounts by how much they are like what sets the fallen apart.

    Parameters
    ----------
    values
        float64[signals, accounts], NaN where unknown.
    pair
        The fallen and their controls. Other accounts are scored by the mean of the folds' weights.
    seed
        Seed of the folds.

    Returns
    -------
    float64[accounts]
        Larger means more machine-like; NaN without any signal.
    """
    signals = _surprise_among_controls(values, pair)
    known = np.isfinite(values).any(axis=0)
    mine = np.concatenate([pair.fallen, pair.controls])
    fell = np.arange(len(mine)) < len(pair.fallen)
    share = np.where(fell, 1.0, np.concatenate([np.ones(len(pair.fallen)), pair.weight]))
    part = _assign_folds(fell, seed)
    weights = np.stack(
        [
            _fit_weights(signals[:, mine[part != k]], fell[part != k], share[part != k])
            for k in range(FOLDS)
        ]
    )
    found: np.ndarray = np.where(known, weights.mean(axis=0) @ signals, np.nan)
    for k in range(FOLDS):
        found[mine[part == k]] = weights[k] @ signals[:, mine[part == k]]
    return found


def _assign_folds(fell: np.ndarray, seed: int) -> np.ndarray:
    """The fold of each, int64[n]; fallen and controls are dealt out evenly."""
    rng = np.random.default_rng([seed, 5])
    part = np.empty(len(fell), np.int64)
    for side in (fell, ~fell):
        part[side] = rng.permutation(int(side.sum())) % FOLDS
    return part


def _surprise_among_controls(values: np.ndarray, pair: MatchedControls) -> np.ndarray:
    """-log(1 - rank among controls) less its mean by chance, float64[signals, accounts].

    0 where unknown. Source: Fisher 1932.
    """
    made = np.zeros(values.shape)
    for row, value in enumerate(values):
        mine = np.isfinite(value[pair.controls])
        if not mine.any():
            continue
        has = np.isfinite(value)
        rank = weighted_ranks(value[has], value[pair.controls][mine], pair.weight[mine])
        made[row, has] = -np.log1p(-rank + 0.5 / pair.effective) - 1.0
    return made


def weighted_ranks(value: np.ndarray, controls: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The middle rank of each value among weighted controls, 0..1.

    value: float64[n]. controls, weight: float64[m].
    """
    order = np.argsort(controls, kind="stable")
    summed = np.concatenate([[0.0], np.cumsum(weight[order])]) / weight.sum()
    below = summed[np.searchsorted(controls[order], value, "left")]
    upto = summed[np.searchsorted(controls[order], value, "right")]
    return np.asarray((below + upto) / 2)


def _fit_weights(signals: np.ndarray, fell: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Weights of the logistic regression, float64[signals] >= 0; both sides count alike.

    signals: float64[signals, n]. fell: bool[n]. share: float64[n], weight of each account.
    """
    # Takes a third of a second to load, and only a fit needs it.
    from scipy.optimize import minimize

    side = np.where(fell, 1.0, -1.0)
    share = np.where(fell, share / share[fell].sum(), share / share[~fell].sum()) / 2

    def deviance(at: np.ndarray) -> tuple[float, np.ndarray]:
        margin = side * (at[1:] @ signals + at[0])
        pull = -share * side / (1.0 + np.exp(np.clip(margin, -500, 500)))
        slope = np.concatenate([[pull.sum()], signals @ pull + 2 * RIDGE * at[1:]])
        return float(
            (share * np.logaddexp(0.0, -margin)).sum() + RIDGE * (at[1:] ** 2).sum()
        ), slope

    rows = len(signals)
    best = minimize(
        deviance,
        np.zeros(rows + 1),
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None)] + [(0.0, None)] * rows,
    )
    return np.asarray(best.x[1:], np.float64)
