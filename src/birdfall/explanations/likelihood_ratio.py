"""Likelihood ratios by calibrated classification.

A multinomial logistic regression on piecewise-linear items and products of items seen together,
fitted for exactly the items a case has, on simulated worlds in which each cause is as frequent: a
difference of two causes' logits is then the logarithm of their likelihood ratio. Missing items are
not imputed; they are left out. Sources: Cranmer, Pavez and Louppe 2015 (likelihood ratios by
classification); Hastie and Tibshirani 1986 (additive models); Robert, Cornuet, Marin and Pillai
2011 (why not ABC posteriors).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import logsumexp

from birdfall.explanations.logistic import Bound, logistic
from birdfall.explanations.recalibration import recalibration
from birdfall.explanations.reference_worlds import CAUSES, Reference, Worlds
from birdfall.world.evidence import ITEMS

#: Ridge, times the squared number of columns over the number of worlds: keeps separable causes
#: finite. The more columns, the more of what a fit finds is chance. Of factors from a tenth to ten
#: times this, worlds not learnt from are classified best by this one.
RIDGE: Final = 5e-5
#: Quantiles of an item over worlds at which its line may bend; values are clipped to the outer two.
KNOT_QUANTILES: Final = (0.005, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.995)
#: Standardised values are clipped to this in products.
MAX_STANDARDISED: Final = 3.0
#: An item of which more never supports the second cause against the first, whatever the sample
#: says.
MONOTONE_ITEMS: Final = {"returned_share": ("error", "purge")}
#: Largest entry of the gradient at the end of a fit, and of a quick one.
GRADIENT_TOLERANCE: Final = 1e-9
QUICK_GRADIENT_TOLERANCE: Final = 1e-7
#: Worlds that give a first guess.
FIRST_GUESS_WORLDS: Final = 3_000
#: Items lacking in more worlds than this share have a column for that.
MAX_LACKING_SHARE: Final = 0.002


@dataclass(frozen=True)
class Scale:
    """How items become columns of the regression.

    Parameters
    ----------
    items
        Names of the items.
    centre, spread
        float64[items], median and half the range from the 16th to the 84th percentile.
    knots
        Where the line of each item bends.
    gaps
        Whether worlds may lack an item even where its way of looking was had.
    """

    items: tuple[str, ...]
    centre: np.ndarray
    spread: np.ndarray
    knots: tuple[np.ndarray, ...]
    gaps: tuple[bool, ...]

    def columns(self, values: np.ndarray) -> np.ndarray:
        """float64[n, items] with NaN to float64[n, columns], in the order of `labels`."""
        lacking = np.isnan(values)
        parts = []
        for j, knots in enumerate(self.knots):
            x = np.clip(np.where(lacking[:, j], self.centre[j], values[:, j]), knots[0], knots[-1])
            # a ramp from knot to knot: a line that bends is a sum of them, and rises where all of
            # them do
            parts.append(np.clip((x[:, None] - knots[:-1]) / np.diff(knots), 0.0, 1.0))
            if self.gaps[j]:
                parts.append(lacking[:, j : j + 1].astype(float))
        z = np.where(
            lacking,
            0.0,
            np.clip((values - self.centre) / self.spread, -MAX_STANDARDISED, MAX_STANDARDISED),
        )
        one, other = self._pairs
        parts.append(z[:, one] * z[:, other])
        return np.concatenate(parts, axis=1)

    def subset(self, items: tuple[str, ...]) -> Scale | None:
        """The same for some of the items; None if it does not have them all."""
        if not set(items) <= set(self.items):
            return None
        at = [self.items.index(i) for i in items]
        return Scale(
            items,
            self.centre[at],
            self.spread[at],
            tuple(self.knots[j] for j in at),
            tuple(self.gaps[j] for j in at),
        )

    @property
    def labels(self) -> list[tuple[str, ...]]:
        """What each column is: (item, number of the ramp), (item, "lacking") or (item, item)."""
        found: list[tuple[str, ...]] = []
        for item, knots, gap in zip(self.items, self.knots, self.gaps, strict=True):
            found += [(item, str(k)) for k in range(len(knots) - 1)]
            found += [(item, "lacking")] if gap else []
        one, other = self._pairs
        return found + [(self.items[i], self.items[j]) for i, j in zip(one, other, strict=True)]

    @property
    def owners(self) -> np.ndarray:
        """Share of each column that is an item's, float64[items, columns].

        Half of a product (Shapley).
        """
        where = {item: j for j, item in enumerate(self.items)}
        labels = self.labels
        found = np.zeros((len(self.items), len(labels)))
        for c, label in enumerate(labels):
            names = [n for n in label if n in where]
            for name in names:
                found[where[name], c] = 1 / len(names)
        return found

    @property
    def _pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of items of one way of looking.

        A monotone item has none, as products could bend it.
        """
        ways = [None if i in MONOTONE_ITEMS else ITEMS[i] for i in self.items]
        pairs = [
            (i, j)
            for i in range(len(ways))
            for j in range(i + 1, len(ways))
            if ways[i] and ways[i] == ways[j]
        ]
        both = np.array(pairs, np.int64).reshape(-1, 2)
        return both[:, 0], both[:, 1]


def scale_of(items: tuple[str, ...], values: np.ndarray) -> Scale:
    """Median, spread and knots of each item over worlds."""
    low, centre, high = np.nanquantile(values, [0.16, 0.5, 0.84], axis=0)
    spread = np.maximum((high - low) / 2, 1e-3)
    knots = []
    for j in range(len(items)):
        at = np.unique(np.round(np.nanquantile(values[:, j], KNOT_QUANTILES), 9))
        knots.append(at if len(at) > 1 else np.array([at[0], at[0] + 1.0]))
    gaps = tuple(bool(share > MAX_LACKING_SHARE) for share in np.isnan(values).mean(axis=0))
    return Scale(items, centre, spread, tuple(knots), gaps)


@dataclass(frozen=True)
class CauseClassifier:
    """The fitted classifier of causes.

    Parameters
    ----------
    scale
        How items become columns.
    weight
        float64[columns, causes].
    bias
        float64[causes].
    mean
        float64[columns], of each column over worlds.
    learnt
        The classifier before it was recalibrated, if it was.
    """

    scale: Scale
    weight: np.ndarray
    bias: np.ndarray
    mean: np.ndarray
    learnt: CauseClassifier | None = None

    def logits(self, values: np.ndarray) -> np.ndarray:
        """float64[n, causes], up to a constant per world: differences are natural-log ratios."""
        found: np.ndarray = self.scale.columns(values) @ self.weight + self.bias
        return found

    def probabilities(self, values: np.ndarray) -> np.ndarray:
        """With every cause as likely beforehand, float64[n, causes]."""
        z = self.logits(values)
        found: np.ndarray = np.exp(z - logsumexp(z, axis=1, keepdims=True))
        return found

    def contributions(self, values: np.ndarray) -> np.ndarray:
        """What each item adds to the mean logits beyond the average world.

        Returns float64[items, causes].
        """
        columns = self.scale.columns(values).mean(axis=0) - self.mean
        found: np.ndarray = self.scale.owners @ (columns[:, None] * self.weight)
        return found

    @property
    def rest(self) -> np.ndarray:
        """The logits of the average world: what no single item adds, float64[causes]."""
        found: np.ndarray = self.mean @ self.weight + self.bias
        return found


def fit_classifier(
    worlds: Worlds,
    items: tuple[str, ...],
    start: CauseClassifier | None = None,
    *,
    scale: Scale | None = None,
    quick: bool = False,
) -> CauseClassifier:
    """The classifier of `items`, learnt from worlds.

    Parameters
    ----------
    worlds
        Worlds to learn from.
    items
        Names of the items.
    start
        A classifier to begin from.
    scale
        Of these items; by default that of the worlds.
    quick
        Logits good to four digits are enough.
    """
    values = worlds.columns(items)
    scale = scale or scale_of(items, values)
    x = scale.columns(values)
    mean = x.mean(axis=0)
    x -= mean
    cause, bound = worlds.cause.astype(np.int64), _rising_bound(scale)
    begin = _starting_weights(scale, start)
    tolerance, ridge = (
        QUICK_GRADIENT_TOLERANCE if quick else GRADIENT_TOLERANCE,
        RIDGE * x.shape[1] ** 2 / len(x),
    )
    if begin is None and len(x) >= 2 * FIRST_GUESS_WORLDS:
        some = slice(None, None, len(x) // FIRST_GUESS_WORLDS)
        begin = logistic(
            x[some],
            cause[some],
            len(CAUSES),
            ridge=ridge,
            bound=bound,
            tolerance=QUICK_GRADIENT_TOLERANCE,
        )
    weight, bias = logistic(
        x, cause, len(CAUSES), ridge=ridge, bound=bound, begin=begin, tolerance=tolerance
    )
    return CauseClassifier(scale, weight, bias - mean @ weight, mean)


def _starting_weights(
    scale: Scale, start: CauseClassifier | None
) -> tuple[np.ndarray, np.ndarray] | None:
    """The weights of a model for the columns it shares."""
    if start is None:
        return None
    start = start.learnt or start
    theirs = {label: n for n, label in enumerate(start.scale.labels)}
    weight = np.zeros((len(scale.labels), len(CAUSES)))
    for n, label in enumerate(scale.labels):
        if label in theirs:
            weight[n] = start.weight[theirs[label]]
    return weight, start.rest - start.rest.mean()


def fit_calibrated(
    reference: Reference,
    items: tuple[str, ...],
    start: CauseClassifier | None = None,
    *,
    quick: bool = False,
) -> CauseClassifier:
    """The classifier of `items`, learnt and then recalibrated on worlds of the reference.

    start, quick: as of `fit_classifier`.
    """
    scale = start.scale.subset(items) if start is not None else None
    model = fit_classifier(reference.learn, items, start, scale=scale, quick=quick)
    map_, shift = recalibration(
        model.logits(reference.tune.columns(items)), reference.tune.cause, quick=quick
    )
    weight = _enforce_bound(model.weight @ map_, _rising_bound(model.scale))
    return CauseClassifier(model.scale, weight, model.bias @ map_ + shift, model.mean, model)


@functools.lru_cache(maxsize=32)
def fit_full(reference: Reference, items: tuple[str, ...]) -> CauseClassifier:
    """`fit_calibrated` on all worlds of the reference, kept.

    The fit hangs on nothing else, and takes seconds.
    """
    return fit_calibrated(reference, items)


def _rising_bound(scale: Scale) -> Bound | None:
    """The ramps of the monotone item, as a bound of the regression; None without it."""
    found = [
        n
        for n, label in enumerate(scale.labels)
        if label[0] in MONOTONE_ITEMS and label[1] != "lacking"
    ]
    if not found:
        return None
    more, less = MONOTONE_ITEMS[scale.labels[found[0]][0]]
    return Bound(np.array(found), CAUSES.index(more), CAUSES.index(less))


def _enforce_bound(weight: np.ndarray, bound: Bound | None) -> np.ndarray:
    """Weights that keep to the bound: where they do not, both become their mean."""
    if bound is None:
        return weight
    weight = weight.copy()
    more, less = weight[bound.columns, bound.more], weight[bound.columns, bound.less]
    middle = (more + less) / 2
    weight[bound.columns, bound.more] = np.where(more < less, middle, more)
    weight[bound.columns, bound.less] = np.where(more < less, middle, less)
    return weight
