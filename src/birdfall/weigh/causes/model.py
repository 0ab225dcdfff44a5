"""Likelihood ratios by calibrated classification: a multinomial logistic on what is known and its squares.

Fitted anew for exactly the items a case has, on simulated worlds in which each cause is as frequent: a difference of two causes' logits is
then the logarithm of their likelihood ratio. Nothing stands in for what is missing; it is not asked. Sources: Cranmer, Pavez and
Louppe 2015 (likelihood ratios by classification); Robert, Cornuet, Marin and Pillai 2011 (why not ABC posteriors).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

from birdfall.weigh.causes.worlds import CAUSES, Worlds

#: Ridge, per world: keeps separable causes finite.
RIDGE = 1e-3
#: Standardised values beyond this say no more than this.
FARTHEST = 4.0


@dataclass(frozen=True)
class Scale:
    """How items become columns. centre, spread: float64[items]. gaps: items that even a full look may lack."""

    items: tuple[str, ...]
    centre: np.ndarray
    spread: np.ndarray
    gaps: tuple[int, ...]

    def columns(self, values: np.ndarray) -> np.ndarray:
        """float64[n, items] with NaN to float64[n, columns]: per item value, square, and whether it is lacking."""
        z = np.clip((values - self.centre) / self.spread, -FARTHEST, FARTHEST)
        lacking = np.isnan(z)
        z = np.where(lacking, 0.0, z)
        parts = [z, z**2 - np.where(lacking, 0.0, 1.0)]
        if self.gaps:
            parts.append(lacking[:, list(self.gaps)].astype(float))
        return np.concatenate(parts, axis=1)

    def of_item(self, j: int) -> list[int]:
        """Which columns belong to item j."""
        n = len(self.items)
        return [j, n + j] + [2 * n + k for k, g in enumerate(self.gaps) if g == j]


def scale_of(items: tuple[str, ...], values: np.ndarray) -> Scale:
    """Median and spread of each item over worlds."""
    low, centre, high = np.nanquantile(values, [0.16, 0.5, 0.84], axis=0)
    spread = np.maximum((high - low) / 2, 1e-3)
    gaps = tuple(int(j) for j in np.flatnonzero(np.isnan(values).mean(axis=0) > 0.002))
    return Scale(items, centre, spread, gaps)


@dataclass(frozen=True)
class Model:
    """The fitted classifier. weight: float64[columns, causes]; bias: float64[causes]; mean: of each column over worlds."""

    scale: Scale
    weight: np.ndarray
    bias: np.ndarray
    mean: np.ndarray

    def logits(self, values: np.ndarray) -> np.ndarray:
        """float64[n, causes], up to a constant per world: differences are natural-log likelihood ratios."""
        found: np.ndarray = self.scale.columns(values) @ self.weight + self.bias
        return found

    def probabilities(self, values: np.ndarray) -> np.ndarray:
        """With every cause as likely beforehand, float64[n, causes]."""
        z = self.logits(values)
        found: np.ndarray = np.exp(z - logsumexp(z, axis=1, keepdims=True))
        return found

    def contributions(self, values: np.ndarray) -> np.ndarray:
        """What each item adds to the logits of one world, beyond the average world: float64[items, causes]."""
        columns = self.scale.columns(values[None])[0] - self.mean
        return np.array(
            [columns[c] @ self.weight[c] for c in (self.scale.of_item(j) for j in range(len(self.scale.items)))]
        )

    @property
    def rest(self) -> np.ndarray:
        """The logits of the average world: what no single item adds, float64[causes]."""
        found: np.ndarray = self.mean @ self.weight + self.bias
        return found


def fitted(worlds: Worlds, items: tuple[str, ...], start: Model | None = None, *, quick: bool = False) -> Model:
    """The classifier of `items`, learnt from worlds. start: one of other items, to begin from. quick: good to two digits."""
    values = worlds.columns(items)
    scale = scale_of(items, values)
    x = scale.columns(values)
    n, k, c = len(x), x.shape[1], len(CAUSES)
    weights = (n / c / np.bincount(worlds.cause, minlength=c))[worlds.cause]
    target = np.zeros((n, c))
    target[np.arange(n), worlds.cause] = 1.0

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weight, bias = flat[: k * c].reshape(k, c), flat[k * c :]
        z = x @ weight + bias
        z -= z.max(axis=1, keepdims=True)
        p = np.exp(z)
        total = p.sum(axis=1, keepdims=True)
        p /= total
        value = -(weights * (z[np.arange(n), worlds.cause] - np.log(total[:, 0]))).sum() / n
        error = (p - target) * weights[:, None] / n
        gradient = np.concatenate([(x.T @ error + RIDGE * weight).ravel(), error.sum(axis=0)])
        return float(value + RIDGE / 2 * (weight**2).sum()), gradient

    begin = np.zeros((k, c))
    bias = np.zeros(c)
    if start is not None:
        bias = start.bias
        for j, item in enumerate(items):
            if item in start.scale.items:
                theirs = start.scale.of_item(start.scale.items.index(item))
                ours = scale.of_item(j)
                shared = min(len(ours), len(theirs))
                begin[ours[:shared]] = start.weight[theirs[:shared]]
    options = {"maxiter": 60, "ftol": 1e-6} if quick else {"maxiter": 400, "ftol": 1e-9}
    found = minimize(loss, np.concatenate([begin.ravel(), bias]), jac=True, method="L-BFGS-B", options=options)
    weight, bias = found.x[: k * c].reshape(k, c), found.x[k * c :]
    return Model(scale, weight, bias, x.mean(axis=0))
