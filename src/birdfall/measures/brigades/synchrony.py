"""Whether those who come back to the targets of a block also come at once, next to those who came
to one of them only.

An honest circle that meets again on several targets comes to each as the rest of the crowd does. A
crew follows a call: on every target its reports lie close together, whatever the crowd's do. Both
are seen on the same targets in the same hours, so nothing need be known of how fast people are
elsewhere: under one crowd, who came to several targets and who to one could be exchanged on each
target.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: With fewer reports of either kind nothing is said.
MIN_REPORTS = 10
DRAWS = 499


@dataclass(frozen=True)
class Synchrony:
    """ratio: spread in time of those who came back over that of those who came once, on the same
    targets; p: of so small a ratio.
    """

    ratio: float
    p: float


NO_SYNCHRONY = Synchrony(1.0, 1.0)


def measure_synchrony(
    target: np.ndarray, time: np.ndarray, back: np.ndarray, *, seed: list[int]
) -> Synchrony:
    """target: int[n]; time: int64[n] us; back: bool[n], of somebody who reported several targets of
    the block.

    Spread is the median over reports of the distance to the median time of their own kind on their
    target. p by exchanging the kinds within targets.
    """
    if back.sum() < MIN_REPORTS or (~back).sum() < MIN_REPORTS:
        return NO_SYNCHRONY
    order = np.argsort(target, kind="stable")
    target, time, back = target[order], time[order], back[order]
    cuts = np.flatnonzero(np.diff(target)) + 1
    times = [t.astype(float) for t in np.split(time - time.min(), cuts)]
    kinds = np.split(back, cuts)
    rng = np.random.default_rng([*seed, 9])
    seen = _spread_ratio(times, kinds)
    as_small = sum(
        _spread_ratio(times, [rng.permutation(k) for k in kinds]) <= seen + 1e-12
        for _ in range(DRAWS)
    )
    return Synchrony(seen, (1 + as_small) / (1 + DRAWS))


def _spread_ratio(times: list[np.ndarray], kinds: list[np.ndarray]) -> float:
    of_back = [
        np.abs(t[k] - np.median(t[k])) for t, k in zip(times, kinds, strict=True) if k.sum() > 1
    ]
    of_once = [
        np.abs(t[~k] - np.median(t[~k]))
        for t, k in zip(times, kinds, strict=True)
        if (~k).sum() > 1
    ]
    if not of_back or not of_once:
        return 1.0
    return float(
        (np.median(np.concatenate(of_back)) + 1.0) / (np.median(np.concatenate(of_once)) + 1.0)
    )
