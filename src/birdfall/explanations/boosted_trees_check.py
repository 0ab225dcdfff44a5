"""A second opinion on the weighing: boosted trees on the same worlds, never used in a verdict.

Needs scikit-learn (`pip install birdfall[calibrate]`). Trees find interactions that a sum of lines
and a few products cannot: where they score much better, the weighing loses information; where the
two disagree, neither is to be trusted. Source: Friedman 2001.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from birdfall.explanations.calibration import items_of_tier
from birdfall.explanations.figures import SecondOpinion
from birdfall.explanations.likelihood_ratio import fit_calibrated
from birdfall.explanations.reference_worlds import CAUSES, Reference
from birdfall.model.errors import UsageError
from birdfall.model.progress import Progress, silent
from birdfall.world.observation import TIERS

#: Settings of the trees: chosen once, not searched for.
TREE_SETTINGS: Final = {
    "max_iter": 120,
    "max_leaf_nodes": 15,
    "learning_rate": 0.08,
    "min_samples_leaf": 30,
}


def second_opinion(
    reference: Reference, tiers: tuple[str, ...] = TIERS, progress: Progress = silent
) -> dict[str, SecondOpinion]:
    """The trees beside the weighing, by way of looking.

    Raises
    ------
    UsageError
        Without scikit-learn.
    """
    try:
        # an optional dependency
        from sklearn.ensemble import (  # type: ignore[import-untyped,unused-ignore]
            HistGradientBoostingClassifier,
        )
    except ImportError as error:
        raise UsageError(
            "a second opinion needs scikit-learn, which is not installed",
            fix="pip install 'birdfall[calibrate]'",
        ) from error
    found: dict[str, SecondOpinion] = {}
    learn, measure = reference.learn, reference.measure
    for number, tier in enumerate(tiers):
        progress(f"second opinion: {tier}", number, len(tiers), "ways of looking")
        items = items_of_tier(tier)
        trees = HistGradientBoostingClassifier(
            **TREE_SETTINGS, early_stopping=False, random_state=0
        )
        trees.fit(learn.columns(items), learn.cause)
        other = trees.predict_proba(measure.columns(items))
        own = fit_calibrated(reference, items).probabilities(measure.columns(items))
        ranked = np.sort(own, axis=1)
        sure = ranked[:, -1] >= 10 * ranked[:, -2]
        same = own.argmax(axis=1) == other.argmax(axis=1)
        found[tier] = {
            "log_score_bits": _bits(own, measure.cause),
            "trees_log_score_bits": _bits(other, measure.cause),
            "agree": float(same.mean()),
            "agree_when_decided": float(same[sure].mean()) if sure.any() else None,
        }
    return found


def _bits(p: np.ndarray, cause: np.ndarray) -> float:
    weight = 1 / np.maximum(np.bincount(cause, minlength=len(CAUSES)), 1)[cause] / len(CAUSES)
    return float(-(weight * np.log2(np.maximum(p[np.arange(len(cause)), cause], 1e-12))).sum())
