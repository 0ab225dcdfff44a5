"""Sets of explanations that hold the true one in 95 of 100 worlds, whatever the cause; and whether a case lies among the worlds at all.

Class-conditional split conformal prediction (Vovk, Gammerman and Shafer 2005): a cause stays in the set unless worlds of that cause almost never
look so unlike it. The threshold is the widest over the reference, its mixtures by themselves (Vovk's Mondrian taxonomies), and a stress
ensemble of simulators that assume otherwise: the union of their sets. One member is a verdict, several cannot be told apart, none means outside what was simulated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from birdfall.explanations.likelihood_ratio import CauseClassifier
from birdfall.explanations.reference_worlds import CAUSES, Worlds

LEVEL = 0.95
#: The level under each simulator and for mixtures: the real one is not among them, so each is held to a little more.
WIDE = 0.96
#: That nothing happened is left out only where hardly any world in which nothing happened looks so: to cry wolf is worse.
NOTHING = 0.995
#: A case less like any world than this share of worlds are is outside what was simulated.
MISFIT = 0.002


@dataclass(frozen=True)
class CauseSets:
    """Thresholds. bound: float64[causes], of the reference alone; wide: of reference and stress ensemble together."""

    model: CauseClassifier
    bound: np.ndarray
    wide: np.ndarray

    def members(self, values: np.ndarray, *, stressed: bool = True) -> np.ndarray:
        """bool[n, causes]."""
        found: np.ndarray = strangeness(self.model, values) <= (
            self.wide if stressed else self.bound
        )
        return found


def strangeness(model: CauseClassifier, values: np.ndarray) -> np.ndarray:
    """How unlike each cause a world looks: minus the logarithm of its probability, float64[n, causes]."""
    found: np.ndarray = -np.log(np.maximum(model.probabilities(values), 1e-300))
    return found


def calibrate_sets(
    model: CauseClassifier, calibrate: Worlds, stress: Mapping[str, Worlds], level: float = LEVEL
) -> CauseSets:
    """Thresholds from worlds that the model did not learn from."""
    # worlds of one cause and mixtures apart: a threshold for both together would leave out too many of the few mixtures
    groups = [
        calibrate.select(~calibrate.mixed),
        calibrate.select(calibrate.mixed),
        *stress.values(),
    ]
    bound = _score_bounds(model, calibrate, level)
    each = [bound, *(_score_bounds(model, group, WIDE) for group in groups)]
    wide = np.max([np.where(np.isfinite(b), b, bound) for b in each], axis=0)
    quiet = [_score_bounds(model, worlds, NOTHING)[0] for worlds in (calibrate, *stress.values())]
    wide[CAUSES.index("churn")] = (
        max(b for b in quiet if np.isfinite(b)) if np.isfinite(quiet).any() else np.inf
    )
    return CauseSets(model, bound, wide)


def _score_bounds(model: CauseClassifier, worlds: Worlds, level: float) -> np.ndarray:
    """Of n scores of each cause, the one of rank ceil((n + 1) level): a new world's is at most that with at least that chance."""
    scores = (
        strangeness(model, worlds.columns(model.scale.items))
        if len(worlds)
        else np.empty((0, len(CAUSES)))
    )
    found = np.full(len(CAUSES), np.inf)
    for k in range(len(CAUSES)):
        own = np.sort(scores[worlds.cause == k, k])
        rank = int(np.ceil((len(own) + 1) * level))
        if rank <= len(own):
            found[k] = own[rank - 1]
    return found


@dataclass(frozen=True)
class WorldCloud:
    """Where worlds lie: per cause centre and inverse covariance of the standardised items, and distances of worlds to the nearest."""

    model: CauseClassifier
    centre: np.ndarray
    inverse: np.ndarray
    usual: np.ndarray

    def misfit(self, values: np.ndarray) -> float:
        """The share of worlds that lie at least as far from every cause as this one."""
        distance = float(_distances(self.model, values[None], self.centre, self.inverse).min())
        return float((1 + (self.usual >= distance).sum()) / (1 + len(self.usual)))


def fit_cloud(model: CauseClassifier, worlds: Worlds) -> WorldCloud:
    """The cloud of worlds."""
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
