"""What worlds of other makes leave of a ratio, and how a verdict fares on a make it never saw.

Weights are learnt on one account of each cause. On others they are too sure of themselves. So every
log ratio is multiplied by the one factor that gives worlds of other makes their best log score, and
is then cut where those worlds no longer bear it out: a ratio of k may be exceeded in at most 1 of k
worlds of the other cause (Royall 1997), counting one more than there are (Vergeer, van Es, de
Jongh, Alberink and Stoel 2016). Left out one after another, the makes say how far that carries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import logsumexp

from birdfall.explanations.conformal_sets import (
    MIN_MISFIT_P,
    calibrate_sets,
    fit_cloud,
)
from birdfall.explanations.figures import LeftOutFigures
from birdfall.explanations.likelihood_ratio import CauseClassifier
from birdfall.explanations.reference_worlds import CAUSES, Reference, Worlds

#: Log10 of the largest ratio that is ever stated, and of that of one item.
TOTAL_CAP, ITEM_CAP = 6.0, 3.0
#: The factor of log ratios lies between these.
LEAST_FACTOR, MOST_FACTOR = 0.05, 1.0
#: Newton steps that find it.
STEPS: Final = 60
#: Bins of probability in the reliability error.
RELIABILITY_BINS: Final = 10
#: Said so surely or more, with every cause as likely, counts as sure.
SURE: Final = 0.99
LOG10: Final = float(np.log(10))


@dataclass(frozen=True)
class RatioLimits:
    """What other makes leave of ratios.

    Parameters
    ----------
    factor
        Of every log ratio, 0..1.
    largest
        float64[causes, causes], log10 of the largest ratio of row over column.
    """

    factor: float
    largest: np.ndarray

    def pairs(self, logits: np.ndarray) -> np.ndarray:
        """Log10 ratios of row over column, float64[..., causes, causes].

        Parameters
        ----------
        logits
            float64[..., causes], as learnt.
        """
        apart = (logits[..., :, None] - logits[..., None, :]) * self.factor / LOG10
        found: np.ndarray = np.clip(apart, -self.largest.T, self.largest)
        return found

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """What the ratios against the best leave where every cause is as likely beforehand.

        Parameters
        ----------
        logits
            float64[n, causes], as learnt.
        """
        best = logits.argmax(axis=1)
        against = self.pairs(logits)[np.arange(len(logits)), :, best]
        shares = 10.0**against
        found: np.ndarray = shares / shares.sum(axis=1, keepdims=True)
        return found


#: No limit but that of what is stated at all.
NO_LIMITS: Final = RatioLimits(1.0, np.full((len(CAUSES), len(CAUSES)), TOTAL_CAP))


def ratio_limits(model: CauseClassifier, makes: Mapping[str, Worlds]) -> RatioLimits:
    """The limits that worlds of other makes set; without any, those of `NO_LIMITS`."""
    scored = [(model.logits(w.columns(model.scale.items)), w.cause) for w in makes.values()]
    scored = [(z, cause) for z, cause in scored if len(cause)]
    if not scored:
        return NO_LIMITS
    factor = _best_factor(scored)
    largest = np.full((len(CAUSES), len(CAUSES)), TOTAL_CAP)
    for i in range(len(CAUSES)):
        for j in range(len(CAUSES)):
            if i != j:
                under = [(z[of == j, i] - z[of == j, j]) * factor / LOG10 for z, of in scored]
                largest[i, j] = _borne_out(np.concatenate(under))
    return RatioLimits(factor, largest)


def _best_factor(scored: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Where the mean log score over makes, every cause as heavy, is best; Newton's method."""
    parts = []
    for z, cause in scored:
        weight = 1 / np.maximum(np.bincount(cause, minlength=len(CAUSES)), 1)[cause]
        parts.append((z, z[np.arange(len(cause)), cause], weight / weight.sum()))
    at = MOST_FACTOR
    for _ in range(STEPS):
        steep = curved = 0.0
        for z, own, weight in parts:
            p = np.exp(at * z - logsumexp(at * z, axis=1, keepdims=True))
            mean = (p * z).sum(axis=1)
            steep += float((weight * (mean - own)).sum())
            curved += float((weight * ((p * z**2).sum(axis=1) - mean**2)).sum())
        new = float(np.clip(at - steep / max(curved, 1e-12), LEAST_FACTOR, MOST_FACTOR))
        if abs(new - at) < 1e-12:
            break
        at = new
    return at


def _borne_out(misleading: np.ndarray) -> float:
    """The largest log10 ratio r that at most a share 10^-r of worlds of the other cause reach.

    misleading: log10 ratios in those worlds, float64[n].
    """
    ranked = np.r_[np.inf, np.sort(misleading)[::-1], -np.inf]
    number = len(misleading)
    allowed = np.log10((number + 1) / (np.arange(number + 1) + 1))
    first = int(np.argmax(allowed > ranked[1:]))
    return float(np.clip(min(ranked[first], allowed[first]), 0.0, TOTAL_CAP))


def reliability_error(p: np.ndarray, target: np.ndarray, weight: np.ndarray) -> float:
    """Expected calibration error over all causes together, in equal bins of probability."""
    said, was = p.ravel(), target.ravel()
    w = np.repeat(weight, p.shape[1])
    where = np.minimum((said * RELIABILITY_BINS).astype(int), RELIABILITY_BINS - 1)
    off = np.bincount(where, w * (said - was), minlength=RELIABILITY_BINS)
    return float(np.abs(off).sum() / w.sum())


def left_out_figures(reference: Reference, model: CauseClassifier) -> dict[str, LeftOutFigures]:
    """How ratios and sets fare on each make, with limits and thresholds from all others."""
    cloud = fit_cloud(model, reference.calibrate)
    found: dict[str, LeftOutFigures] = {}
    for how, worlds in reference.makes.items():
        others = {name: w for name, w in reference.makes.items() if name != how}
        values = worlds.columns(model.scale.items)
        inside = calibrate_sets(model, reference.calibrate, {**reference.stress, **others})
        members = inside.members(values)
        told = cloud.misfits(values) >= MIN_MISFIT_P
        said = ratio_limits(model, others).probabilities(model.logits(values))
        right = said.argmax(axis=1) == worlds.cause
        sure = (said.max(axis=1) >= SURE) & told
        one = (members.sum(axis=1) == 1) & told
        held = members[np.arange(len(worlds)), worlds.cause]
        found[how] = {
            "worlds": len(worlds),
            "outside": int((~told).sum()),
            "held": int((held & told).sum()),
            "sure": int(sure.sum()),
            "sure_right": int((sure & right).sum()),
            "one_left": int(one.sum()),
            "one_left_wrong": int((one & ~held).sum()),
            "off": reliability_error(said, np.eye(len(CAUSES))[worlds.cause], np.ones(len(said))),
        }
    return found


def left_out_together(makes: Mapping[str, LeftOutFigures]) -> LeftOutFigures:
    """The figures of all makes left out, added up; how far off they are is their mean."""
    every = list(makes.values())
    return {
        "worlds": sum(m["worlds"] for m in every),
        "outside": sum(m["outside"] for m in every),
        "held": sum(m["held"] for m in every),
        "sure": sum(m["sure"] for m in every),
        "sure_right": sum(m["sure_right"] for m in every),
        "one_left": sum(m["one_left"] for m in every),
        "one_left_wrong": sum(m["one_left_wrong"] for m in every),
        "off": sum(m["off"] for m in every) / max(len(every), 1),
    }
