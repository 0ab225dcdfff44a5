"""Are likelihood ratios what they say? Held against their definition on worlds never seen before.

A ratio R of i to j is calibrated if its mean over worlds of j is 1 (Good 1985): those worlds, weighted by it, are worlds of i. That can be
checked only where worlds of j reach: what i makes and j never does has no worlds of j to weigh. So both sides are cut at the largest ratio c that
worlds of j reach in number: E[min(R, c)] over worlds of j is E[min(1, c / R)] over worlds of i, exactly, if R is what it says. Also: Cllr
(Brummer and du Preez 2006) and the share of misleading evidence, which calibrated ratios keep below 1/k (Royall 1997).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from birdfall.explanations.recalibration import REACHED, effective
from birdfall.explanations.reference_worlds import CAUSES

#: A mean with fewer effective worlds than this is not estimable: its standard error would be beyond a twentieth.
EFFECTIVE: Final = 400
#: Ratios at which misleading evidence is counted.
STEPS: Final = (10, 100)


def pair_figures(logits: np.ndarray, cause: np.ndarray) -> list[dict[str, Any]]:
    """Every ordered pair of causes. logits: float64[n, causes]; cause: int64[n].

    mean: of all ratios, and the effective number of worlds it rests on (Kish). reach: the ratio that `REACHED` worlds of the other
    cause still exceed. shared: mean of the ratios cut there over what it should be, 1 if calibrated, with its standard error.
    estimable: whether that rests on enough worlds of both, and reaches to 1 at least.
    """
    return [
        {
            "cause": one,
            "against": other,
            **_pair(_log_ratio(logits, cause == j, i, j), _log_ratio(logits, cause == i, i, j)),
        }
        for i, one in enumerate(CAUSES)
        for j, other in enumerate(CAUSES)
        if i != j
    ]


def _log_ratio(logits: np.ndarray, of: np.ndarray, i: int, j: int) -> np.ndarray:
    return np.asarray(np.clip(logits[of, i] - logits[of, j], -60.0, 60.0))


def _pair(under_other: np.ndarray, under_own: np.ndarray) -> dict[str, Any]:
    cut = float(np.sort(under_other)[-min(REACHED, len(under_other))])
    counted, due = np.exp(np.minimum(under_other, cut)), np.exp(np.minimum(0.0, cut - under_own))
    shared = float(counted.mean() / due.mean())
    error = shared * np.sqrt(sum(v.var() / len(v) / v.mean() ** 2 for v in (counted, due)))
    ratios = np.exp(under_other)
    return {
        "mean": float(ratios.mean()),
        "effective": effective(ratios),
        "reach": float(np.exp(cut)),
        "shared": shared,
        "error": float(error),
        "estimable": bool(cut >= 0 and min(effective(counted), effective(due)) >= EFFECTIVE),
    }


def ratio_cost(logits: np.ndarray, cause: np.ndarray) -> dict[str, float]:
    """Cllr in bits over all pairs of causes, mean and worst: 0 if all is known, 1 if nothing is."""
    costs = []
    for i in range(len(CAUSES)):
        for j in range(i):
            own = np.log2(1 + 1 / np.exp(_log_ratio(logits, cause == i, i, j))).mean()
            other = np.log2(1 + np.exp(_log_ratio(logits, cause == j, i, j))).mean()
            costs.append((own + other) / 2)
    return {"mean": float(np.mean(costs)), "worst": float(np.max(costs))}


def misleading_shares(logits: np.ndarray, cause: np.ndarray) -> dict[str, float]:
    """The largest share, over pairs, of worlds of one cause in which the ratio of another to it is k or more."""
    found = {}
    for k in STEPS:
        shares = [
            (np.exp(_log_ratio(logits, cause == j, i, j)) >= k).mean()
            for i in range(len(CAUSES))
            for j in range(len(CAUSES))
            if i != j
        ]
        found[str(k)] = float(max(shares))
    return found
