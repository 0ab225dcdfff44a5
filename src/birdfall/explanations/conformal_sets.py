"""Sets of explanations that hold the true one in 95 of 100 worlds, and a test of misfit.

Class-conditional split conformal prediction (Vovk, Gammerman and Shafer 2005): a cause stays in the
set unless worlds of that cause almost never look so unlike it. The threshold is the widest over the
reference, its mixtures by themselves (Vovk's Mondrian taxonomies), and a stress ensemble of
simulators with other assumptions: the union of their sets. One member is a verdict, several cannot
be told apart, none means outside what was simulated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import logsumexp

from birdfall.explanations.likelihood_ratio import CauseClassifier
from birdfall.explanations.reference_worlds import CAUSES, Worlds

#: Coverage of the sets over the reference.
COVERAGE_LEVEL: Final = 0.95
#: Coverage under each simulator and for mixtures: a little more, as the real one is not among them.
STRESS_COVERAGE_LEVEL: Final = 0.96
#: Coverage of the worlds in which nothing happened: a false alarm is worse than a missed cause.
CHURN_COVERAGE_LEVEL: Final = 0.995
#: A case whose misfit p-value is lower is outside what was simulated.
MIN_MISFIT_P: Final = 0.002


@dataclass(frozen=True)
class CauseSets:
    """Thresholds of strangeness, by cause.

    Parameters
    ----------
    model
        The classifier they belong to.
    bound
        float64[causes], of the reference alone.
    wide
        float64[causes], of the reference and the stress ensemble together.
    """

    model: CauseClassifier
    bound: np.ndarray
    wide: np.ndarray

    def members(self, values: np.ndarray, *, stressed: bool = True) -> np.ndarray:
        """Which causes are in the sets of worlds float64[n, items]: bool[n, causes].

        stressed: by the wide thresholds.
        """
        found: np.ndarray = strangeness(self.model, values) <= (
            self.wide if stressed else self.bound
        )
        return found


def strangeness(model: CauseClassifier, values: np.ndarray) -> np.ndarray:
    """How unlike each cause a world looks: minus the log of its probability, float64[n, causes]."""
    found: np.ndarray = -np.log(np.maximum(model.probabilities(values), 1e-300))
    return found


def calibrate_sets(
    model: CauseClassifier,
    calibrate: Worlds,
    stress: Mapping[str, Worlds],
    level: float = COVERAGE_LEVEL,
) -> CauseSets:
    """Thresholds from worlds that the model did not learn from."""
    whole = _score_worlds(model, calibrate)
    stressed = [_score_worlds(model, worlds) for worlds in stress.values()]
    bound = whole.bounds(level)
    # worlds of one cause and mixtures apart: one threshold would leave out too many of the mixtures
    groups = [whole.select(~calibrate.mixed), whole.select(calibrate.mixed), *stressed]
    each = [bound, *(group.bounds(STRESS_COVERAGE_LEVEL) for group in groups)]
    wide = np.max([np.where(np.isfinite(b), b, bound) for b in each], axis=0)
    quiet = [scores.bounds(CHURN_COVERAGE_LEVEL)[0] for scores in (whole, *stressed)]
    wide[CAUSES.index("churn")] = (
        max(b for b in quiet if np.isfinite(b)) if np.isfinite(quiet).any() else np.inf
    )
    return CauseSets(model, bound, wide)


@dataclass(frozen=True)
class _Scores:
    """Strangeness of worlds, float64[n, causes], and their causes, int64[n]."""

    strange: np.ndarray
    cause: np.ndarray

    def select(self, rows: np.ndarray) -> _Scores:
        """Those of some of the worlds."""
        return _Scores(self.strange[rows], self.cause[rows])

    def bounds(self, level: float) -> np.ndarray:
        """The score of rank ceil((n + 1) level) of each cause.

        A new world exceeds it no more often.
        """
        found = np.full(len(CAUSES), np.inf)
        for k in range(len(CAUSES)):
            own = np.sort(self.strange[self.cause == k, k])
            rank = int(np.ceil((len(own) + 1) * level))
            if rank <= len(own):
                found[k] = own[rank - 1]
        return found


def _score_worlds(model: CauseClassifier, worlds: Worlds) -> _Scores:
    if not len(worlds):
        return _Scores(np.empty((0, len(CAUSES))), worlds.cause)
    return _Scores(strangeness(model, worlds.columns(model.scale.items)), worlds.cause)


@dataclass(frozen=True)
class WorldCloud:
    """Where worlds lie in the space of standardised items.

    Parameters
    ----------
    model
        The classifier whose items they are.
    centre, inverse
        float64[causes, items] and float64[causes, items, items], mean and inverse covariance.
    usual
        float64[n], squared distance of each world to the nearest centre, ascending.
    """

    model: CauseClassifier
    centre: np.ndarray
    inverse: np.ndarray
    usual: np.ndarray

    def misfit(self, values: np.ndarray) -> float:
        """A p-value: the share of worlds that lie at least as far from every cause as this one."""
        return float(self.misfits(values[None])[0])

    def misfits(self, values: np.ndarray) -> np.ndarray:
        """The p-values of worlds float64[n, items]: float64[n]."""
        distance = _distances(self.model, values, self.centre, self.inverse).min(axis=1)
        farther = len(self.usual) - np.searchsorted(self.usual, distance, "left")
        return np.asarray((1 + farther) / (1 + len(self.usual)))

    def log_density(self, values: np.ndarray) -> np.ndarray:
        """How thick worlds lie at float64[n, items], each cause as frequent, up to a constant.

        A normal distribution for each cause. float64[n].
        """
        distance = _distances(self.model, values, self.centre, self.inverse)
        thick = np.linalg.slogdet(self.inverse)[1] / 2 - distance / 2
        return np.asarray(logsumexp(thick, axis=1))


def fit_cloud(model: CauseClassifier, worlds: Worlds) -> WorldCloud:
    """Centres, covariances and distances of worlds."""
    values = worlds.columns(model.scale.items)
    z = _standardise(model, values)
    size = z.shape[1]
    centre, inverse = np.zeros((len(CAUSES), size)), np.zeros((len(CAUSES), size, size))
    for k in range(len(CAUSES)):
        own = z[worlds.cause == k]
        centre[k] = own.mean(axis=0)
        inverse[k] = np.linalg.inv(np.cov(own.T).reshape(size, size) + 0.05 * np.eye(size))
    usual = _distances(model, values, centre, inverse).min(axis=1)
    return WorldCloud(model, centre, inverse, np.sort(usual))


def _standardise(model: CauseClassifier, values: np.ndarray) -> np.ndarray:
    z = (values - model.scale.centre) / model.scale.spread
    return np.where(np.isnan(z), 0.0, z)


def _distances(
    model: CauseClassifier, values: np.ndarray, centre: np.ndarray, inverse: np.ndarray
) -> np.ndarray:
    z = _standardise(model, values)
    return np.stack(
        [
            np.einsum("ni,ij,nj->n", z - centre[k], inverse[k], z - centre[k])
            for k in range(len(CAUSES))
        ],
        axis=1,
    )
