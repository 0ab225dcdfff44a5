"""Recalibration of logits on worlds the weights did not learn from, so that ratios are calibrated.

One linear map of the causes' logits and one shift each (Brummer and du Preez 2006; Kull et al.
2019), by cross-entropy and by the definition of a likelihood ratio itself: cut at c, its mean over
worlds of j, E[min(R, c)], is that of min(1, c / R) over worlds of i. With c beyond all bounds this
is E[R] = 1 (Good 1985); with c where worlds of j still reach, it can be estimated.
"""

from __future__ import annotations

import functools
from typing import Final

import numpy as np
from scipy.optimize import minimize

from birdfall.explanations.reference_worlds import CAUSES

#: So many worlds of j have a ratio at least as large as the cut.
CUT_WORLDS: Final = 50
#: Pairs whose mean rests on fewer effective worlds than this do not count.
MIN_EFFECTIVE_WORLDS: Final = 200
#: Largest entry of the gradient at the end, and of a quick recalibration.
GRADIENT_TOLERANCE, QUICK_GRADIENT_TOLERANCE = 1e-9, 1e-8
Pair = tuple[int, int, float]


def pairs_to_keep(logits: np.ndarray, cause: np.ndarray) -> list[Pair]:
    """(i, j, log of the cut) of the pairs whose definition can be estimated.

    logits: float64[n, causes]; cause: int64[n].
    """
    found = []
    for i in range(len(CAUSES)):
        for j in range(len(CAUSES)):
            under_j = logits[cause == j, i] - logits[cause == j, j]
            under_i = logits[cause == i, i] - logits[cause == i, j]
            if i == j or min(len(under_i), len(under_j)) < MIN_EFFECTIVE_WORLDS:
                continue
            cut = float(np.sort(under_j)[-CUT_WORLDS])
            if (
                cut >= 0
                and min(
                    effective_number(np.exp(np.minimum(under_j, cut))),
                    effective_number(np.exp(np.minimum(0.0, cut - under_i))),
                )
                >= MIN_EFFECTIVE_WORLDS
            ):
                found.append((i, j, cut))
    return found


def effective_number(weights: np.ndarray) -> float:
    """How many worlds a weighted mean rests on (Kish 1965)."""
    return float(weights.sum() ** 2 / max((weights**2).sum(), 1e-300))


def recalibration(
    logits: np.ndarray, cause: np.ndarray, *, quick: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """The map and the shift that recalibrate logits: logits @ map + shift.

    Parameters
    ----------
    logits
        float64[n, causes].
    cause
        int64[n].
    quick
        By cross-entropy alone.

    Returns
    -------
    map, shift
        float64[causes, causes] and float64[causes].
    """
    n, c = len(cause), len(CAUSES)
    middle = logits.mean(axis=1, keepdims=True)
    z, rows = logits - middle, np.arange(n)
    weights = (n / c / np.maximum(np.bincount(cause, minlength=c), 1))[cause] / n
    pairs = [] if quick else pairs_to_keep(z, cause)
    of = [np.flatnonzero(cause == k) for k in range(c)]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        q = z @ flat[: c * c].reshape(c, c) + flat[c * c :]
        # cause by cause: reducing many rows of few numbers takes several times as long
        by_cause = np.ascontiguousarray(q.T)
        by_cause -= functools.reduce(np.maximum, by_cause)
        np.exp(by_cause, out=by_cause)
        by_cause /= functools.reduce(np.add, by_cause)
        value = -(weights * np.log(np.maximum(by_cause[cause, rows], 1e-300))).sum()
        by_cause[cause, rows] -= 1.0
        by_cause *= weights
        steep = np.ascontiguousarray(by_cause.T)
        for i, j, cut in pairs:
            value += _definition(q, steep, of[i], of[j], (i, j, cut))
        return float(value), np.concatenate([(z.T @ steep).ravel(), steep.sum(axis=0)])

    began = np.concatenate([np.eye(c).ravel(), np.zeros(c)])
    found = minimize(
        loss,
        began,
        jac=True,
        method="BFGS",
        options={
            "gtol": QUICK_GRADIENT_TOLERANCE if quick else GRADIENT_TOLERANCE,
            "maxiter": 1000,
        },
    ).x
    # the middle of a world's logits is the same for all causes, and stays out of their differences
    map_ = (np.eye(c) - 1 / c) @ found[: c * c].reshape(c, c)
    return map_, found[c * c :]


def _definition(
    q: np.ndarray, steep: np.ndarray, of_i: np.ndarray, of_j: np.ndarray, pair: Pair
) -> float:
    """Half the squared logarithm of the ratio of both means; its gradient is added to `steep`."""
    i, j, cut = pair
    under_j = np.minimum(q[of_j, i] - q[of_j, j], cut)
    under_i = np.minimum(0.0, cut - q[of_i, i] + q[of_i, j])
    mass_j, mass_i = np.exp(under_j), np.exp(under_i)
    off = float(np.log(mass_j.mean() / mass_i.mean()))
    pull = off * np.where(under_j < cut, mass_j, 0.0) / mass_j.sum()
    steep[of_j, i] += pull
    steep[of_j, j] -= pull
    pull = off * np.where(under_i < 0, mass_i, 0.0) / mass_i.sum()
    steep[of_i, i] += pull
    steep[of_i, j] -= pull
    return off * off / 2
