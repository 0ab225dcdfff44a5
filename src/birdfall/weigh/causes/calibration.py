"""How well calibrated the weighing is: measured on worlds it neither learnt from nor was calibrated on, for every way of looking.

Figures: log score and Brier score; reliability error (how far said probabilities lie from frequencies, over ten bins); coverage of the sets by
cause, in and out of distribution; the mean likelihood ratio of each cause against the true one (1 if it is one: Tippett, Good);
how often one cause is left; and how often a world in which nothing happened is given another explanation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from birdfall.weigh.causes.model import Model, fitted
from birdfall.weigh.causes.sets import sets_of
from birdfall.weigh.causes.worlds import CAUSES, Reference, Worlds
from birdfall.world.evidence import ITEMS
from birdfall.world.observation import TIERS


def items_of(tier: str) -> tuple[str, ...]:
    """What can be known by a way of looking and those before it."""
    allowed = TIERS[: TIERS.index(tier) + 1]
    return tuple(i for i, way in ITEMS.items() if way in allowed)


def measured(reference: Reference) -> dict[str, Any]:
    """All figures, by way of looking."""
    out: dict[str, Any] = {"digest": reference.digest, "worlds": len(reference.measure), "tiers": {}}
    for tier in TIERS:
        model = fitted(reference.learn, items_of(tier))
        sets = sets_of(model, reference.calibrate, reference.stress)
        alone = _figures(model, reference.measure)
        inside = sets.members(reference.measure.columns(model.scale.items), stressed=False)
        wide = sets.members(reference.measure.columns(model.scale.items))
        stressed = {}
        for name, worlds in reference.stress.items():
            half = Worlds(worlds.features[::2], worlds.cause[::2])
            other = {n: (w if n != name else half) for n, w in reference.stress.items()}
            test = Worlds(worlds.features[1::2], worlds.cause[1::2])
            members = sets_of(model, reference.calibrate, other).members(test.columns(model.scale.items))
            stressed[name] = {
                **{k: _figures(model, test)[k] for k in ("log_score", "reliability_error")},
                "coverage": _coverage(members, test),
            }
        out["tiers"][tier] = {
            **alone, "coverage": _coverage(inside, reference.measure), "coverage_wide": _coverage(wide, reference.measure),
            "decided": float((wide.sum(axis=1) == 1).mean()), "decided_narrow": float((inside.sum(axis=1) == 1).mean()),
            "empty": float((wide.sum(axis=1) == 0).mean()),
            "wrong_when_decided": _wrong(wide, reference.measure),
            "churn_left_out": _churn(wide, reference.measure),
            "churn_verdicts": float(((wide.sum(axis=1) == 1) & ~wide[:, 0])[reference.measure.cause == 0].mean()),
            "stress": stressed,
        }  # fmt: skip
    return out


def _figures(model: Model, worlds: Worlds) -> dict[str, Any]:
    p = model.probabilities(worlds.columns(model.scale.items))
    n = len(worlds)
    weight = (n / len(CAUSES) / np.bincount(worlds.cause, minlength=len(CAUSES)))[worlds.cause]
    own = p[np.arange(n), worlds.cause]
    target = np.zeros_like(p)
    target[np.arange(n), worlds.cause] = 1.0
    return {
        "log_score_bits": float(-(weight * np.log2(np.maximum(own, 1e-12))).mean()),
        "log_score": float(-(weight * np.log(np.maximum(own, 1e-12))).mean()),
        "brier": float((weight * ((p - target) ** 2).sum(axis=1)).mean()),
        "accuracy": float((weight * (p.argmax(axis=1) == worlds.cause)).mean()),
        "reliability_error": _reliability(p, target, weight),
        "mean_ratio": _mean_ratios(p, worlds.cause),
    }


def _reliability(p: np.ndarray, target: np.ndarray, weight: np.ndarray) -> float:
    """Expected calibration error over all causes together, ten equal bins of said probability."""
    said, was = p.ravel(), target.ravel()
    w = np.repeat(weight, p.shape[1])
    where = np.minimum((said * 10).astype(int), 9)
    total = 0.0
    for b in range(10):
        inside = where == b
        if w[inside].sum() > 0:
            total += abs((w[inside] * (said[inside] - was[inside])).sum())
    return float(total / w.sum())


def _mean_ratios(p: np.ndarray, cause: np.ndarray) -> list[list[float]]:
    """Mean over worlds of cause j of the likelihood ratio of i against j: 1 where ratios are calibrated. [i][j]."""
    ratio = p[:, :, None] / np.maximum(p[:, None, :], 1e-300)
    k = len(CAUSES)
    # a mean of ratios hangs on its few largest: those beyond the cap are counted as the cap
    ratio = np.minimum(ratio, 1e6)
    return [[float(ratio[cause == j, i, j].mean()) for j in range(k)] for i in range(k)]


def _coverage(members: np.ndarray, worlds: Worlds) -> dict[str, float]:
    return {c: float(members[worlds.cause == k, k].mean()) for k, c in enumerate(CAUSES)}


def _wrong(members: np.ndarray, worlds: Worlds) -> float:
    one = members.sum(axis=1) == 1
    return float((~members[np.arange(len(worlds)), worlds.cause])[one].mean()) if one.any() else 0.0


def _churn(members: np.ndarray, worlds: Worlds) -> float:
    """Worlds in which nothing happened whose set leaves churn out and holds another."""
    churn = worlds.cause == 0
    return float((~members[churn, 0] & members[churn].any(axis=1)).mean())
