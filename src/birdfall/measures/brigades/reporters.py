"""Reporters: what each one's earlier reports were worth, and whether they report anything else.

Track record: of the targets a reporter reported outside the blocks, the share that then fell and
was not seen back. Specificity: the share of a reporter's reports that lie within a block. Both
describe; neither names anybody. Only reporters that the crowd of their block does not explain are
named (`measures.brigades.crew`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from birdfall.measures.brigades.dense_blocks import ReportBlock
from birdfall.measures.brigades.reports import NEVER, Reports, TargetFalls


@dataclass(frozen=True)
class Reporters:
    """By code, int32[r] ascending.

    reports, targets: int64[r]; judged: int64[r], targets outside the blocks; upheld: float64[r],
    share of these that fell and stayed down, NaN where none is judged; specificity: float64[r];
    block: int64[r], from 1, 0 if in none; crowd: float64[r], chance to be of the crowd, NaN where
    no block asks; named: bool[r].
    """

    code: np.ndarray
    reports: np.ndarray
    targets: np.ndarray
    judged: np.ndarray
    upheld: np.ndarray
    specificity: np.ndarray
    block: np.ndarray
    crowd: np.ndarray
    named: np.ndarray


def judge_reporters(
    reports: Reports, falls: TargetFalls, blocks: list[ReportBlock], *, within: int, alpha: float
) -> Reporters:
    """Everyone who reported.

    within: us after a report in which a fall upholds it. alpha: expected share of honest ones
    named.
    """
    code, where = np.unique(reports.reporter, return_inverse=True)
    number = len(code)
    inside = np.zeros(len(reports), bool)
    block, crowd, named = (
        np.zeros(number, np.int64),
        np.full(number, np.nan),
        np.zeros(number, bool),
    )
    for i, found in enumerate(blocks, 1):
        inside |= (
            np.isin(reports.target, found.targets)
            & (reports.time >= found.first)
            & (reports.time <= found.last)
        )
        at = np.searchsorted(code, found.crew.reporter)
        fresh = np.isnan(crowd[at]) | (found.crew.crowd < crowd[at])
        crowd[at[fresh]] = found.crew.crowd[fresh]
        chosen = np.searchsorted(code, found.crew.named_reporters(alpha))
        block[chosen[~named[chosen]]] = i
        named[chosen] = True
    first = reports.first_mask()
    # a fall upholds a report if it came within the time, and the account was not seen back
    upheld = _upheld_reports(reports, falls, within)
    pair_inside = np.unique((where.astype(np.int64) << 32 | reports.target)[inside])
    outside = first & ~np.isin(where.astype(np.int64) << 32 | reports.target, pair_inside)
    judged = np.bincount(where[outside], minlength=number)
    good = np.bincount(where[outside & upheld], minlength=number)
    share = np.full(number, np.nan)
    share[judged > 0] = good[judged > 0] / judged[judged > 0]
    total = np.bincount(where, minlength=number)
    specific = np.bincount(where[inside], minlength=number) / total
    targets = np.bincount(where[first], minlength=number)
    return Reporters(code, total, targets, judged, share, specific, block, crowd, named)


def _upheld_reports(reports: Reports, falls: TargetFalls, within: int) -> np.ndarray:
    """bool[n]: whether the target's next fall came within `within` us of the report and lasted as
    far as is known.
    """
    if not len(falls):
        return np.zeros(len(reports), bool)
    order = np.lexsort((falls.by, falls.code))
    code, by, ended = falls.code[order].astype(np.int64), falls.by[order], falls.ended[order]
    # the first fall of the target at or after the report, by one axis that holds (code, time)
    low = min(int(by.min()), int(reports.time.min()))
    span = max(int(by.max()), int(reports.time.max())) - low + 1
    rank = np.unique(np.concatenate([code, reports.target.astype(np.int64)]), return_inverse=True)[
        1
    ].astype(np.int64)
    place = rank[: len(code)] * span + (by - low)
    at = np.searchsorted(place, rank[len(code) :] * span + (reports.time - low))
    there = np.minimum(at, len(code) - 1)
    next_one = (at < len(code)) & (code[there] == reports.target)
    return np.asarray(
        next_one & (by[there] - reports.time <= within) & (ended[there] == NEVER), bool
    )
