"""Recalibration of logits on worlds the weights did not learn from, so that ratios are calibrated.

One linear map of the causes' logits and one shift each (Brummer and du Preez 2006; Kull et al.
2019), by cross-entropy and by the definition of a likelihood ratio itself: cut at c, its mean over
worlds of j, E[min(R, c)], is that of min(1, c / R) over worlds of i. With c beyond all bounds this
is E[R] = 1 (Good 1985); with c where worlds of j still reach, it can be estimated. A small penalty
keeps map and shift finite where worlds of two causes do not overlap.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Final

import numpy as np

from birdfall.explanations.reference_worlds import CAUSES

#: So many worlds of j have a ratio at least as large as the cut.
CUT_WORLDS: Final = 50
#: Pairs whose mean rests on fewer effective worlds than this do not count.
MIN_EFFECTIVE_WORLDS: Final = 200
#: Pull of map and shift towards those that change nothing, per squared unit: as of a prior with a
#: spread of a third, over the worlds there are. Where worlds of two causes do not overlap the
#: likelihood has no maximum, and without it the end of the search would hang on rounding.
RIDGE: Final = 5e-4
#: How far a step must still lead down for another; steps of the search, and the shortest of them.
LEAST_FALL, MAX_STEPS, SHORTEST_STEP = 1e-20, 200, 1e-4
#: Share of a value that its rounding may hide; a fall by less is none, and so many of them the end.
ROUNDING, LEVEL, LEVEL_STEPS = 1e-12, 1e-14, 5
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

    inputs = np.column_stack([z, np.ones(n)])
    identity = np.vstack([np.eye(c), np.zeros(c)])

    def loss(found: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """The loss of a map over a shift, float64[c + 1, c], its gradient and its curvature."""
        q = inputs @ found
        # cause by cause: reducing many rows of few numbers takes several times as long
        by_cause = np.ascontiguousarray(q.T)
        by_cause -= functools.reduce(np.maximum, by_cause)
        np.exp(by_cause, out=by_cause)
        by_cause /= functools.reduce(np.add, by_cause)
        value = -(weights * np.log(np.maximum(by_cause[cause, rows], 1e-300))).sum()
        curved = _curvature(inputs, by_cause, weights)
        by_cause[cause, rows] -= 1.0
        by_cause *= weights
        steep = inputs.T @ by_cause.T
        for pair in pairs:
            off, slope = _definition(inputs, q, of[pair[0]], of[pair[1]], pair)
            value += off * off / 2
            steep += off * slope
            curved += np.outer(slope.ravel(), slope.ravel())
        away = found - identity
        value += RIDGE / 2 * (away**2).sum()
        curved[np.diag_indices_from(curved)] += RIDGE
        return float(value), steep + RIDGE * away, curved

    found = _minimum(loss, identity)
    # the middle of a world's logits is the same for all causes, and stays out of their differences
    return (np.eye(c) - 1 / c) @ found[:c], found[c]


def _minimum(
    loss: Callable[[np.ndarray], tuple[float, np.ndarray, np.ndarray]], began: np.ndarray
) -> np.ndarray:
    """Where a loss is least, by damped Newton steps from `began`.

    loss: gives its value, gradient and a positive definite curvature.
    """
    at = began
    value, steep, curved = loss(at)
    level = 0
    for _ in range(MAX_STEPS):
        step = np.linalg.solve(curved, -steep.ravel()).reshape(at.shape)
        fall, length = float((steep * step).sum()), 1.0
        new = loss(at + step)
        # a fall below what the value's last digits can show is a step within its bowl
        while -fall > ROUNDING * abs(value) and new[0] > value + 1e-4 * length * fall:
            length /= 2
            if length < SHORTEST_STEP:
                return at
            new = loss(at + length * step)
        # where a cut is just reached the slope jumps, and steps may go to and fro about the least
        level = 0 if new[0] < value - LEVEL * abs(value) else level + 1
        at = at + length * step
        value, steep, curved = new
        if -fall < LEAST_FALL or level == LEVEL_STEPS:
            break
    return at


def _curvature(inputs: np.ndarray, shares: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The second derivatives of the cross-entropy, float64[k c, k c] by (input, cause).

    inputs: float64[n, k]; shares: float64[c, n], probabilities; weights: float64[n].
    """
    c, k = len(shares), inputs.shape[1]
    found = np.empty((k, c, k, c))
    for one in range(c):
        for other in range(one, c):
            weight = weights * shares[one] * ((one == other) - shares[other])
            block = inputs.T @ (inputs * weight[:, None])
            found[:, one, :, other] = block
            found[:, other, :, one] = block
    return found.reshape(k * c, k * c)


def _definition(
    inputs: np.ndarray, q: np.ndarray, of_i: np.ndarray, of_j: np.ndarray, pair: Pair
) -> tuple[float, np.ndarray]:
    """The logarithm of the ratio of both means, and its gradient by the map and the shift."""
    i, j, cut = pair
    under_j = np.minimum(q[of_j, i] - q[of_j, j], cut)
    under_i = np.minimum(0.0, cut - q[of_i, i] + q[of_i, j])
    mass_j, mass_i = np.exp(under_j), np.exp(under_i)
    off = float(np.log(mass_j.mean() / mass_i.mean()))
    pull = np.where(under_j < cut, mass_j, 0.0) / mass_j.sum() @ inputs[of_j]
    pull = pull + np.where(under_i < 0, mass_i, 0.0) / mass_i.sum() @ inputs[of_i]
    slope = np.zeros((inputs.shape[1], q.shape[1]))
    slope[:, i], slope[:, j] = pull, -pull
    return off, slope
