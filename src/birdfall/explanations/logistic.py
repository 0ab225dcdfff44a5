"""Multinomial logistic regression with a ridge, to its one optimum.

By Newton's method, so that the answer is the same wherever it is computed. First-order methods stop
somewhere in a long flat valley, where the logits of unlikely causes still change by whole units,
and where they stop depends on the processor's rounding. Some weights may be bounded below by
others: by projection (Bertsekas 1982).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.linalg import cho_factor, cho_solve

#: Steps, at most. Ten are usual from zero, four from near the optimum.
MAX_STEPS: Final = 200
#: A Hessian is computed anew if the gradient has not shrunk to this share within so many steps.
HESSIAN_STEPS: Final = 5
MAX_GRADIENT_SHARE: Final = 0.1
#: Halvings of a step, at most.
MAX_HALVINGS: Final = 20
#: Smallest damping of the Hessian's diagonal, where a step does not decrease the loss.
MIN_DAMPING: Final = 1e-6
#: An unknown this near its bound may be held there.
BOUND_DISTANCE: Final = 1e-3
#: Share of the decrease predicted by the gradient that a step must reach (Armijo 1966).
ARMIJO_SHARE: Final = 1e-4


@dataclass(frozen=True)
class Bound:
    """Weights that must not be less than others of the same columns.

    Parameters
    ----------
    columns
        int64[m], the columns.
    more, less
        The class of the larger and of the smaller weights; neither is the last class.
    """

    columns: np.ndarray
    more: int
    less: int


class _Problem:
    """The loss as a function of the unknowns, float64[(classes - 1) * (k + 1)].

    Unknowns are weights and bias of each class less those of the last: logits are known up to a
    constant, and the ridge takes the weights whose mean over classes is 0. Of a bounded weight the
    unknown is what it exceeds the other by. heavy: float64[n], weight of each row, summing to 1.
    """

    def __init__(
        self,
        x: np.ndarray,
        kind: np.ndarray,
        classes: int,
        heavy: np.ndarray,
        ridge: float,
        bound: Bound | None,
    ) -> None:
        n, k = x.shape
        self.x, self.heavy, self.ridge, self.classes = x, heavy, ridge, classes
        self.rows = np.flatnonzero(kind < classes - 1)
        self.own = kind[self.rows]
        self.wide = np.empty((n, k + 1), np.float32)
        self.wide[:, :k] = x
        self.wide[:, k] = 1.0
        at = np.arange((classes - 1) * (k + 1)).reshape(classes - 1, k + 1)
        none = np.empty(0, np.int64)
        self.over = none if bound is None else at[bound.more, bound.columns]
        self.under = none if bound is None else at[bound.less, bound.columns]

    def coefficients(self, unknown: np.ndarray) -> np.ndarray:
        """Weights and bias that the unknowns stand for, float64[classes - 1, k + 1]."""
        found = unknown.copy()
        found[self.over] += unknown[self.under]
        return found.reshape(self.classes - 1, -1)

    def probabilities(self, unknown: np.ndarray) -> tuple[np.ndarray, float]:
        """Probabilities of all classes but the last, float64[n, classes - 1], and the loss."""
        weight = self.coefficients(unknown)
        z = self.x @ weight[:, :-1].T + weight[:, -1]
        top = np.maximum(z.max(axis=1), 0.0)
        own = float(self.heavy[self.rows] @ z[self.rows, self.own])
        p = np.exp(z - top[:, None])
        total = p.sum(axis=1) + np.exp(-top)
        p /= total[:, None]
        return p, float(self.heavy @ (np.log(total) + top)) - own + self._ridge(weight[:, :-1])

    def gradient(self, unknown: np.ndarray, p: np.ndarray) -> np.ndarray:
        """The gradient."""
        off = p.copy()
        off[self.rows, self.own] -= 1.0
        off *= self.heavy[:, None]
        weight = self.coefficients(unknown)[:, :-1]
        found = np.empty((self.classes - 1, weight.shape[1] + 1))
        found[:, :-1] = off.T @ self.x + self.ridge * (weight - weight.sum(axis=0) / self.classes)
        found[:, -1] = off.sum(axis=0)
        flat = found.ravel()
        flat[self.under] += flat[self.over]
        return flat

    def hessian(self, p: np.ndarray) -> np.ndarray:
        """The Hessian, to single precision.

        It directs the steps, and does not decide where they end.
        """
        size, some = self.wide.shape[1], self.classes - 1
        found = np.empty((some, size, some, size))
        at = np.arange(size - 1)
        for a in range(some):
            for b in range(a, some):
                share = self.heavy * p[:, a] * ((a == b) - p[:, b])
                both = (self.wide * share[:, None].astype(np.float32)).T @ self.wide
                found[a, :, b, :] = both
                found[b, :, a, :] = both.T
                held = self.ridge * ((a == b) - 1 / self.classes)
                found[a, at, b, at] += held
                if a != b:
                    found[b, at, a, at] += held
        flat = found.reshape(some * size, -1)
        flat[self.under] += flat[self.over]
        flat[:, self.under] += flat[:, self.over]
        return flat

    def _ridge(self, weight: np.ndarray) -> float:
        squares = float((weight**2).sum()) - float((weight.sum(axis=0) ** 2).sum()) / self.classes
        return self.ridge * squares / 2


def logistic(
    x: np.ndarray,
    kind: np.ndarray,
    classes: int,
    *,
    ridge: float,
    bound: Bound | None = None,
    begin: tuple[np.ndarray, np.ndarray] | None = None,
    tolerance: float = 1e-9,
) -> tuple[np.ndarray, np.ndarray]:
    """Weights and bias of least mean cross-entropy, every class as heavy however many rows it has.

    Parameters
    ----------
    x
        float64[n, k].
    kind
        int64[n], 0 to classes - 1.
    classes
        Number of classes.
    ridge
        Half of it times the square of each weight is added to the loss.
    bound
        Weights that must not be less than others.
    begin
        Weights and bias to begin from; zeros by default.
    tolerance
        Largest entry of the gradient at the end.

    Returns
    -------
    weight, bias
        float64[k, classes] and float64[classes].

    Raises
    ------
    ValueError
        If the last class is bounded.
    ArithmeticError
        If the optimum is not reached within `MAX_STEPS`.
    """
    if bound is not None and classes - 1 in (bound.more, bound.less):
        raise ValueError("the last class cannot be bounded")
    n, k = x.shape
    heavy = (n / classes / np.maximum(np.bincount(kind, minlength=classes), 1))[kind] / n
    problem = _Problem(x, kind, classes, heavy, ridge, bound)
    weight, bias = begin if begin is not None else (np.zeros((k, classes)), np.zeros(classes))
    both = np.concatenate([weight.T, bias[:, None]], axis=1)
    unknown = (both[:-1] - both[-1]).ravel()
    unknown[problem.over] = np.maximum(unknown[problem.over] - unknown[problem.under], 0.0)
    found = np.zeros((classes, k + 1))
    found[:-1] = problem.coefficients(_minimise(problem, unknown, tolerance))
    found -= found.mean(axis=0)
    return found[:, :k].T.copy(), found[:, k].copy()


def _minimise(problem: _Problem, unknown: np.ndarray, tolerance: float) -> np.ndarray:
    p, value = problem.probabilities(unknown)
    gradient = problem.gradient(unknown, p)
    bent: _QuasiNewton | None = None
    damping = 0.0
    held = np.zeros(len(unknown), bool)
    for _ in range(MAX_STEPS):
        left = _largest_gradient(problem, unknown, gradient)
        if left <= tolerance:
            return unknown
        # unknowns so near their bound that this step would take them there stay (Bertsekas'
        # epsilon)
        at_bound = np.zeros(len(unknown), bool)
        at_bound[problem.over] = (unknown[problem.over] <= min(left, BOUND_DISTANCE)) & (
            gradient[problem.over] > 0.0
        )
        if bent is None or bent.stale(left) or (at_bound != held).any():
            held = at_bound
            bent = _QuasiNewton(_solver(problem.hessian(p)[np.ix_(~held, ~held)], damping))
        step = np.zeros(len(unknown))
        step[~held] = -bent.solve(gradient[~held])
        step[held] = -gradient[held]
        moved = _line_search(problem, unknown, value, gradient, step)
        if moved is None:
            bent, damping = None, max(10 * damping, MIN_DAMPING)
            continue
        damping = damping / 10 if damping > MIN_DAMPING else 0.0
        before, gradient_before = unknown, gradient
        unknown, p, value = moved
        gradient = problem.gradient(unknown, p)
        bent.learn((unknown - before)[~held], (gradient - gradient_before)[~held])
    raise ArithmeticError(f"no optimum within {MAX_STEPS} steps")


class _QuasiNewton:
    """A Hessian that was computed once, updated by the steps since (L-BFGS, Nocedal 1980)."""

    def __init__(self, solver: Callable[[np.ndarray], np.ndarray]) -> None:
        self._solver = solver
        self._pairs: list[tuple[np.ndarray, np.ndarray, float]] = []
        self._gradients: list[float] = []

    def stale(self, left: float) -> bool:
        """Whether the gradient (largest entry `left`) shrank too little for this Hessian."""
        self._gradients.append(left)
        return (
            len(self._gradients) > HESSIAN_STEPS
            and left > MAX_GRADIENT_SHARE * self._gradients[-1 - HESSIAN_STEPS]
        )

    def learn(self, moved: np.ndarray, turned: np.ndarray) -> None:
        """Update by a step and the change of the gradient along it."""
        along = float(moved @ turned)
        if along > 0.0:
            self._pairs.append((moved, turned, along))

    def solve(self, gradient: np.ndarray) -> np.ndarray:
        """The inverse Hessian times a gradient."""
        rest, shares = gradient.copy(), []
        for moved, turned, along in reversed(self._pairs):
            shares.append(float(moved @ rest) / along)
            rest -= shares[-1] * turned
        found = self._solver(rest)
        for (moved, turned, along), share in zip(self._pairs, reversed(shares), strict=True):
            found += moved * (share - float(turned @ found) / along)
        return found


def _largest_gradient(problem: _Problem, unknown: np.ndarray, gradient: np.ndarray) -> float:
    """The largest entry of the gradient, where a bound does not hold it."""
    free = np.abs(gradient)
    over = problem.over
    free[over] = np.where(
        gradient[over] > 0.0, np.minimum(gradient[over], unknown[over]), free[over]
    )
    return float(free.max())


def _solver(curvature: np.ndarray, damping: float) -> Callable[[np.ndarray], np.ndarray]:
    """Solver of a linear system, with the diagonal damped until the matrix can be factored.

    Where no class is in doubt the biases are not determined.
    """
    while True:
        raised = curvature.copy()
        raised[np.diag_indices(len(raised))] += damping
        try:
            factor = cho_factor(raised, lower=True, overwrite_a=True)
        except np.linalg.LinAlgError:
            damping = max(10 * damping, MIN_DAMPING)
        else:
            return lambda gradient: np.array(cho_solve(factor, gradient))


def _line_search(
    problem: _Problem, unknown: np.ndarray, value: float, gradient: np.ndarray, step: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float] | None:
    """The unknowns a step further, halved until the loss decreases; None if it never does."""
    share = 1.0
    for _ in range(MAX_HALVINGS):
        tried = unknown + share * step
        tried[problem.over] = np.maximum(tried[problem.over], 0.0)
        p, found = problem.probabilities(tried)
        promised = float(gradient @ (tried - unknown))
        # near the end a step changes less than a sum can show
        if promised <= 0.0 and found <= value + ARMIJO_SHARE * promised + 1e-14 * abs(value):
            return tried, p, found
        share /= 2
    return None
