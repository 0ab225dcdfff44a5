"""Check of likelihood ratios against their definition, on worlds never seen before.

A ratio R of i to j is calibrated if its mean over worlds of j is 1 (Good 1985): those worlds,
weighted by it, are worlds of i. That can be checked only where worlds of j reach: what i makes and
j never does has no worlds of j to weigh. So both sides are cut at the largest ratio c that worlds
of j reach in number: E[min(R, c)] over worlds of j is E[min(1, c / R)] over worlds of i, exactly,
if R is calibrated. Also: Cllr (Brummer and du Preez 2006) and the share of misleading evidence,
which calibrated ratios keep below 1/k (Royall 1997).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from birdfall.explanations.figures import PairFigures, RatioCost
from birdfall.explanations.recalibration import CUT_WORLDS, effective_number
from birdfall.explanations.reference_worlds import CAUSES

#: A mean over fewer effective worlds is not estimable: its standard error would exceed a twentieth.
MIN_EFFECTIVE_WORLDS: Final = 400
#: Ratios at which misleading evidence is counted.
MISLEADING_RATIOS: Final = (10, 100)
#: Natural-log ratios are clipped to this.
MAX_LOG_RATIO: Final = 60.0


def pair_figures(logits: np.ndarray, cause: np.ndarray) -> list[PairFigures]:
    """Every ordered pair of causes.

    Parameters
    ----------
    logits
        float64[n, causes].
    cause
        int64[n].

    Notes
    -----
    The cut is the ratio that `CUT_WORLDS` worlds of the other cause still exceed. A pair is
    estimable if the cut means rest on enough worlds of both causes, and the cut is 1 at least.
    """
    return [
        _pair(
            one, other, _log_ratio(logits, cause == j, i, j), _log_ratio(logits, cause == i, i, j)
        )
        for i, one in enumerate(CAUSES)
        for j, other in enumerate(CAUSES)
        if i != j
    ]


def _log_ratio(logits: np.ndarray, rows: np.ndarray, i: int, j: int) -> np.ndarray:
    """Natural-log ratio of cause i to cause j in some worlds."""
    ratio = logits[rows, i] - logits[rows, j]
    return np.asarray(np.clip(ratio, -MAX_LOG_RATIO, MAX_LOG_RATIO))


def _pair(cause: str, against: str, under_other: np.ndarray, under_own: np.ndarray) -> PairFigures:
    """One pair, from the log ratios in worlds of the other cause and of the own one."""
    cut = float(np.sort(under_other)[-min(CUT_WORLDS, len(under_other))])
    counted, due = np.exp(np.minimum(under_other, cut)), np.exp(np.minimum(0.0, cut - under_own))
    shared = float(counted.mean() / due.mean())
    error = shared * np.sqrt(sum(v.var() / len(v) / v.mean() ** 2 for v in (counted, due)))
    ratios = np.exp(under_other)
    enough = min(effective_number(counted), effective_number(due)) >= MIN_EFFECTIVE_WORLDS
    return {
        "cause": cause,
        "against": against,
        "mean": float(ratios.mean()),
        "effective": effective_number(ratios),
        "reach": float(np.exp(cut)),
        "shared": shared,
        "error": float(error),
        "estimable": bool(cut >= 0 and enough),
    }


def ratio_cost(logits: np.ndarray, cause: np.ndarray) -> RatioCost:
    """Cllr in bits over all pairs of causes, mean and worst: 0 if all is known, 1 if nothing is."""
    costs = []
    for i in range(len(CAUSES)):
        for j in range(i):
            own = np.log2(1 + 1 / np.exp(_log_ratio(logits, cause == i, i, j))).mean()
            other = np.log2(1 + np.exp(_log_ratio(logits, cause == j, i, j))).mean()
            costs.append((own + other) / 2)
    return {"mean": float(np.mean(costs)), "worst": float(np.max(costs))}


def misleading_shares(logits: np.ndarray, cause: np.ndarray) -> dict[str, float]:
    """By k, the largest share of worlds of one cause in which another is k times as likely."""
    found = {}
    for k in MISLEADING_RATIOS:
        shares = [
            (np.exp(_log_ratio(logits, cause == j, i, j)) >= k).mean()
            for i in range(len(CAUSES))
            for j in range(len(CAUSES))
            if i != j
        ]
        found[str(k)] = float(max(shares))
    return found
