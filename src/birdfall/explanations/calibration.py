"""How well calibrated the weighing is, measured on worlds it did not learn from, by way of looking.

Figures: log score and Brier score; reliability error (how far probabilities lie from frequencies,
over ten bins); coverage of the sets by cause, in distribution and under each simulator of the
stress ensemble while that one is held out of the thresholds; likelihood ratios against their own
definition (`ratio_check`); how often one cause is left; how often a world in which nothing happened
is given another explanation; and how much of it depends on the worlds that happened to be drawn.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from birdfall.explanations.conformal_sets import calibrate_sets
from birdfall.explanations.figures import (
    CalibrationFigures,
    OtherWorlds,
    PairFigures,
    ScoreFigures,
    StressFigures,
    TierFigures,
    WorldCounts,
)
from birdfall.explanations.likelihood_ratio import CauseClassifier, fit_calibrated
from birdfall.explanations.other_makes import (
    left_out_figures,
    left_out_together,
    reliability_error,
)
from birdfall.explanations.ratio_check import misleading_shares, pair_figures, ratio_cost
from birdfall.explanations.reference_worlds import CAUSES, Reference, Worlds
from birdfall.model.progress import Progress, silent
from birdfall.world.evidence import ITEMS
from birdfall.world.observation import TIERS

# The gates: what a new reference must keep to (docs/methods/explanations.md).
#: Reliability error, in distribution and under a simulator of the stress ensemble.
MAX_RELIABILITY_ERROR, MAX_STRESSED_RELIABILITY_ERROR = 0.02, 0.05
#: Coverage of every cause (from, to), and at least under stress.
COVERAGE_RANGE, MIN_STRESSED_COVERAGE = (0.94, 0.96), 0.90
#: Share of worlds in which nothing happened that are given another cause alone.
MAX_CHURN_VERDICTS: Final = 0.01
#: Distance of a mean ratio from 1.
MAX_RATIO_ERROR: Final = 0.1
#: Share of what is said 0.99 or more that is true, on makes left out, from so many such worlds on.
MIN_SURE_RIGHT, ENOUGH_SURE = 0.97, 300
#: Half-width of a 95 % interval, in standard errors.
Z_95: Final = 1.96
#: Log10 ratios beyond this are certain either way, and say the same whatever they are.
MAX_COMPARED_LOG10_RATIO: Final = 3


def items_of_tier(tier: str) -> tuple[str, ...]:
    """What can be known by a way of looking and those before it."""
    allowed = TIERS[: TIERS.index(tier) + 1]
    return tuple(i for i, way in ITEMS.items() if way in allowed)


def measure_calibration(reference: Reference, progress: Progress = silent) -> CalibrationFigures:
    """All figures, by way of looking, on the worlds `reference.measure`."""
    sizes: WorldCounts = {
        "learn": len(reference.learn),
        "tune": len(reference.tune),
        "calibrate": len(reference.calibrate),
        "measure": len(reference.measure),
        "stress": {how: len(worlds) for how, worlds in reference.stress.items()},
        "makes": {how: len(worlds) for how, worlds in reference.makes.items()},
    }
    tiers: dict[str, TierFigures] = {}
    for number, tier in enumerate(TIERS):
        progress(f"calibration: {tier}", number, len(TIERS), "ways of looking")
        tiers[tier] = measure_tier(reference, items_of_tier(tier))
    return {"digest": reference.digest, "worlds": sizes, "tiers": tiers}


def measure_tier(reference: Reference, items: tuple[str, ...]) -> TierFigures:
    """The figures of one way of looking."""
    model = fit_calibrated(reference, items)
    sets = calibrate_sets(model, reference.calibrate, reference.unlike)
    worlds, values = reference.measure, reference.measure.columns(items)
    inside, wide = sets.members(values, stressed=False), sets.members(values)
    one = wide.sum(axis=1) == 1
    churn = worlds.cause == 0
    ratios = pair_figures(model.logits(values), worlds.cause)
    return {
        **_scores(model.probabilities(values), worlds.cause),
        "coverage": _coverage(inside, worlds),
        "coverage_wide": _coverage(wide, worlds),
        "decided": float(one.mean()),
        "decided_narrow": float((inside.sum(axis=1) == 1).mean()),
        "empty": float((~wide.any(axis=1)).mean()),
        "wrong_when_decided": _wrong_share(wide, worlds),
        "churn_left_out": float((~wide[churn, 0] & wide[churn].any(axis=1)).mean()),
        "churn_verdicts": float((one & ~wide[:, 0])[churn].mean()),
        "ratios": ratios,
        "cost_of_ratios": ratio_cost(model.logits(values), worlds.cause),
        "misleading": misleading_shares(model.logits(values), worlds.cause),
        "other_worlds": _other_worlds(reference, model),
        "stress": _stress_figures(reference, model),
        "left_out": left_out_figures(reference, model),
    }


def failed_gates(figures: CalibrationFigures) -> list[str]:
    """Gates that figures do not keep, one sentence each; none if all are kept."""
    found = []
    for tier, f in figures["tiers"].items():
        stress = f["stress"].items()
        checks = [
            ("reliability error", f["reliability_error"], 0.0, MAX_RELIABILITY_ERROR),
            ("churn called a cause", f["churn_verdicts"], 0.0, MAX_CHURN_VERDICTS),
            *((f"coverage of {c}", share, *COVERAGE_RANGE) for c, share in f["coverage"].items()),
            *(
                (
                    f"reliability error, simulator {how}",
                    s["reliability_error"],
                    0.0,
                    MAX_STRESSED_RELIABILITY_ERROR,
                )
                for how, s in stress
            ),
            *(
                (f"coverage of {c}, simulator {how}", share, MIN_STRESSED_COVERAGE, 1.0)
                for how, s in stress
                for c, share in s["coverage"].items()
            ),
            *(
                (
                    f"mean ratio of {r['cause']} against {r['against']}",
                    _nearest_to_1(r),
                    1 - MAX_RATIO_ERROR,
                    1 + MAX_RATIO_ERROR,
                )
                for r in f["ratios"]
                if r["estimable"]
            ),
        ]
        left_out = left_out_together(f["left_out"])
        if left_out["sure"] >= ENOUGH_SURE:
            right = left_out["sure_right"] / left_out["sure"]
            checks.append(("what is said 0.99 of makes left out", right, MIN_SURE_RIGHT, 1.0))
        found += [
            f"{tier}: {what} is {v:.3f}, not {low:g} to {high:g}"
            for what, v, low, high in checks
            if not low <= v <= high
        ]
    return found


def _nearest_to_1(ratio: PairFigures) -> float:
    """The value nearest to 1 in the 95 % interval of a mean ratio: few worlds leave it wide."""
    low, high = (ratio["shared"] + sign * Z_95 * ratio["error"] for sign in (-1, 1))
    return float(min(max(1.0, low), high))


def _scores(p: np.ndarray, cause: np.ndarray) -> ScoreFigures:
    """Log, Brier and reliability of probabilities float64[n, causes], with every cause as heavy."""
    n = len(cause)
    weight = (n / len(CAUSES) / np.maximum(np.bincount(cause, minlength=len(CAUSES)), 1))[cause]
    own, target = p[np.arange(n), cause], np.eye(len(CAUSES))[cause]
    return {
        "log_score_bits": float(-(weight * np.log2(np.maximum(own, 1e-12))).mean()),
        "log_score": float(-(weight * np.log(np.maximum(own, 1e-12))).mean()),
        "brier": float((weight * ((p - target) ** 2).sum(axis=1)).mean()),
        "accuracy": float((weight * (p.argmax(axis=1) == cause)).mean()),
        "reliability_error": reliability_error(p, target, weight),
    }


def _stress_figures(reference: Reference, model: CauseClassifier) -> dict[str, StressFigures]:
    """Each simulator of the ensemble, held against thresholds from all others."""
    found: dict[str, StressFigures] = {}
    for how, worlds in reference.stress.items():
        others = {n: w for n, w in reference.unlike.items() if n != how}
        values = worlds.columns(model.scale.items)
        members = calibrate_sets(model, reference.calibrate, others).members(values)
        scores = _scores(model.probabilities(values), worlds.cause)
        found[how] = {
            "log_score": scores["log_score"],
            "reliability_error": scores["reliability_error"],
            "coverage": _coverage(members, worlds),
        }
    return found


def _other_worlds(reference: Reference, model: CauseClassifier) -> OtherWorlds:
    """What stays the same where the weights are learnt from each half of the worlds alone."""
    values = reference.measure.columns(model.scale.items)
    members, logits = [], []
    for half in (0, 1):
        learn = reference.learn.select(slice(half, None, 2))
        other = fit_calibrated(replace(reference, learn=learn), model.scale.items, model)
        members.append(calibrate_sets(other, reference.calibrate, reference.unlike).members(values))
        logits.append(other.logits(values))
    pairs = [(z[:, :, None] - z[:, None, :]) / np.log(10) for z in logits]
    near = np.abs(pairs[0]) < MAX_COMPARED_LOG10_RATIO
    return {
        "same_set": float((members[0] == members[1]).all(axis=1).mean()),
        "log10_ratio_apart": float(np.median(np.abs(pairs[0] - pairs[1])[near])),
    }


def _coverage(members: np.ndarray, worlds: Worlds) -> dict[str, float]:
    """By cause, the share of its worlds whose set holds it."""
    return {c: float(members[worlds.cause == k, k].mean()) for k, c in enumerate(CAUSES)}


def _wrong_share(members: np.ndarray, worlds: Worlds) -> float:
    """Of worlds with one cause left, the share for which it is another."""
    one = members.sum(axis=1) == 1
    return float((~members[np.arange(len(worlds)), worlds.cause])[one].mean()) if one.any() else 0.0
