"""Lockstep among reporters: who reported several targets together, and how independent the reports
on a target are.

The co-action kernel on the report trace, with its degree null (measures.coordination). An honest
pile-on has many who report once and are in lockstep with nobody; a brigade reuses its people.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from birdfall.kernels.coaction.coaction import coaction
from birdfall.kernels.coaction.edges import index_edges
from birdfall.kernels.coaction.lockstep import count_partners
from birdfall.kernels.coaction.null import benjamini_hochberg
from birdfall.measures.brigades.reports import Reports
from birdfall.measures.coordination import Trace, build_layer

#: Two reporters are in lockstep from this many targets on that they reported together.
MIN_SHARED_TARGETS = 2


@dataclass(frozen=True)
class Lockstep:
    """partners: int32[n], per report, reports on the same target within the window by reporters in
    lockstep with its own.

    reporter: int32[r], all reporters by code; p, q: float64[r], of each one's closest partnership
    under the degree null, Bonferroni over partners, Benjamini-Hochberg over reporters; mates:
    int64[r], reporters in lockstep with it. pairs: how many pairs there are; significant: how many
    pairs the degree null does not explain; expected: co-actions per product of degrees.
    """

    partners: np.ndarray
    reporter: np.ndarray
    p: np.ndarray
    q: np.ndarray
    mates: np.ndarray
    pairs: int
    significant: int
    expected: float


def lockstep(reports: Reports, *, window: int, alpha: float = 0.01) -> Lockstep:
    """Lockstep among the reporters of `reports` (at least one), within `window` us."""
    nothing = pa.array([], pa.string())
    trace = Trace(
        "report", reports.reporter, reports.target, reports.time, nothing, nothing, {}, None, "acts"
    )
    layer = build_layer(
        trace, window=window, at_least=MIN_SHARED_TARGETS, count="objects", alpha=alpha
    )
    reporter = np.unique(reports.reporter)
    best = np.zeros(len(reporter))
    mates = np.zeros(len(reporter), np.int64)
    for ends in (layer.lo, layer.hi):
        at = np.searchsorted(reporter, ends)
        np.minimum.at(best, at, layer.log_p)
        np.add.at(mates, at, 1)
    log_p = np.minimum(0.0, best + np.log(max(1, len(reporter) - 1)))
    q, _ = benjamini_hochberg(log_p, len(reporter), alpha)
    return Lockstep(
        find_partners(reports, layer.lo, layer.hi, window),
        reporter,
        np.exp(log_p),
        q,
        mates,
        len(layer),
        int(layer.significant(alpha).sum()),
        layer.null.kappa,
    )


def find_partners(reports: Reports, lo: np.ndarray, hi: np.ndarray, window: int) -> np.ndarray:
    """int32[n]: partners of each report, given the pairs (lo, hi) that are in lockstep."""
    found = np.zeros(len(reports), np.int32)
    if not len(lo):
        return found
    paired = np.zeros(int(reports.reporter.max()) + 1, bool)
    paired[lo] = True
    paired[hi] = True
    mine = np.flatnonzero(paired[reports.reporter])
    mine = mine[np.lexsort((reports.time[mine], reports.target[mine]))]
    table = np.full(1 << max(4, int(2 * len(lo)).bit_length()), -1, np.int64)
    index_edges(lo, hi, table)
    found[mine] = count_partners(
        reports.reporter[mine], reports.target[mine], reports.time[mine], window, lo, hi, table
    )
    return found


def lockstep_pairs(reports: Reports, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (lo, hi) of reporters with at least `TOGETHER` targets reported together; no null is
    asked.
    """
    # who reported but once can be in no pair
    several = np.bincount(reports.reporter)[reports.reporter] >= MIN_SHARED_TARGETS
    if not several.any():
        none = np.empty(0, np.int32)
        return none, none
    some = reports.filter(several)
    edges = coaction(
        some.reporter,
        some.target,
        some.time,
        window=window,
        count="objects",
        at_least=MIN_SHARED_TARGETS,
    )
    return edges.lo, edges.hi


def voice_weights(alike: np.ndarray) -> np.ndarray:
    """float64[n]: what a report counts for as an independent voice, 1 / (1 + its partners).

    alike: int32[n] from `Lockstep.partners`. n reporters all in lockstep on a target count as one
    voice together (the effective sample size of a design with clusters, Kish 1965).
    """
    return np.asarray(1.0 / (1.0 + alike), np.float64)
