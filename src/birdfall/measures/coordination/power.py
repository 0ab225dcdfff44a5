"""Power: which group would have been found, where nothing was.

"Nobody acted in concert" is worth as much as the test could have seen. Method:
docs/methods/coordination.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from birdfall.measures.coordination.layers import SESSION_US, Layer
from birdfall.measures.coordination.null_model import bonferroni_log_p

#: Sizes of the groups that are asked about.
GROUP_SIZES: Final = (5, 10, 25)
#: Pairs of accounts that stand for all.
SAMPLED_PAIRS: Final = 400
#: A closed circle has so many accounts at least, each of which met one other of it so many times,
#: and with so large a share of what it did.
CIRCLE_ACCOUNTS: Final = 5
CIRCLE_MEETINGS: Final = 5
CIRCLE_SHARE: Final = 0.8
#: More meetings than this are not asked about.
MAX_MEETINGS: Final = 4096
#: A layer has no power if even the largest of the groups would need more meetings than so large a
#: share of the accounts act on objects.
BUSY_SHARE: Final = 0.9


@dataclass(frozen=True)
class Power:
    """How often all pairs of a group must meet to be found.

    Parameters
    ----------
    trace
        The layer.
    meetings
        By size of group (`GROUP_SIZES`); None where no number of meetings would do.
    possible
        Meetings that the busier accounts can have in this record at all.
    """

    trace: str
    meetings: tuple[int | None, ...]
    possible: int

    @property
    def none(self) -> bool:
        """Whether not even the largest group would be found."""
        return self.meetings[-1] is None or self.meetings[-1] > self.possible


def power_of(layer: Layer, alpha: float) -> Power:
    """The power of a layer's test for accounts as active as most.

    All pairs of a group of g meet k times: they are found if p(k), by the usual rate of a pair, is
    at most alpha g (g - 1) / 2 over the pairs tested (Benjamini and Hochberg).
    """
    active = np.flatnonzero(layer.null.activity > 0)
    rng = np.random.default_rng(0)
    one, other = rng.choice(active, (2, SAMPLED_PAIRS))
    apart = one != other
    lo = np.minimum(one, other)[apart].astype(np.int32)
    hi = np.maximum(one, other)[apart].astype(np.int32)
    acts = layer.null.activity[active]
    span = int(np.ptp(layer.trace.time)) // max(SESSION_US, layer.window) + 1
    possible = int(min(np.quantile(acts, BUSY_SHARE), span))
    rate = layer.null.rate(lo, hi) if len(lo) else np.empty(0)

    def log_p(meetings: int) -> float:
        counted = layer.null.count_log_p(lo, hi, np.full(len(lo), meetings), rate)
        return float(np.median(bonferroni_log_p(counted, np.zeros(len(lo)))))

    found: list[int | None] = []
    for size in GROUP_SIZES:
        wanted = float(np.log(alpha * size * (size - 1) / 2 / max(1, layer.null.tests)))
        low, high = 1, MAX_MEETINGS
        if not len(lo) or log_p(high) > wanted:
            found.append(None)
            continue
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if log_p(middle) <= wanted else (middle + 1, high)
        found.append(low)
    return Power(layer.trace.name, tuple(found), possible)


def count_closed_circles(layer: Layer) -> int:
    """How many accounts of a layer did most of what they did together with others who did too.

    The null model takes what such accounts share for their interest, as it knows them by nothing
    else: it neither finds them nor clears them.
    """
    # here: where something is found it is not asked, and a command would wait for it
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    number = 1 + int(layer.trace.account.max(initial=-1))
    acts = np.bincount(layer.trace.account, minlength=number)
    fewer = np.minimum(acts[layer.lo], acts[layer.hi])
    close = (layer.weight >= CIRCLE_MEETINGS) & (layer.weight >= CIRCLE_SHARE * fewer)
    ends = layer.lo[close], layer.hi[close]
    pairs = coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(number, number))
    _, part = connected_components(pairs, directed=False)
    sizes = np.bincount(part)
    return int(sizes[sizes >= CIRCLE_ACCOUNTS].sum())
