"""Dose-response: does the chance to fall depend on how many reported, and does it jump?

A brigade that trips a threshold predicts a jump; a purge or an order predicts a flat curve; worse
accounts that are reported more predict a smooth rise. Every report is an occasion: the dose so far,
and whether the target fell within `within` of it and before the next report. The curve is made
monotone (isotonic regression, Ayer et al. 1955); two questions are asked of it, by permutation
within strata and by parametric bootstrap; placebos say what the same tests find where times mean
nothing. Method: docs/methods/brigades.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from birdfall.measures.brigades.reports import Reports, TargetFalls

Dose = Literal["reporters", "reports", "voices"]
DOSES: tuple[Dose, ...] = ("reporters", "reports", "voices")

MINUTE_US, HOUR_US, DAY_US = 60_000_000, 3_600_000_000, 86_400_000_000
#: A count begins anew after the target fell, and after this long without a report.
FORGET_US = 30 * DAY_US
#: A dose with fewer occasions is joined with the next; doses beyond `SINGLE` are taken in steps of
#: an eighth.
MIN_OCCASIONS, MAX_SINGLE_DOSE = 20, 16
#: Periods of the record within which outcomes are exchanged.
PERIODS = 26


@dataclass(frozen=True)
class Occasions:
    """One row per report that could have had an effect.

    target int32[n]; time int64[n] us; dose: int64[n], so far; fell: bool[n].

    episode: int64[n], the count it belongs to; stratum: int64[n]; undated: falls within an interval
    that holds a report, which are left out with the occasions they may belong to; down: reports on
    a target that was down, left out.
    """

    target: np.ndarray
    time: np.ndarray
    dose: np.ndarray
    fell: np.ndarray
    episode: np.ndarray
    stratum: np.ndarray
    undated: int
    down: int


@dataclass(frozen=True)
class DoseCurve:
    """By dose bin: low, high int64[b], inclusive; occasions, falls: int64[b]; isotonic: float64[b],
    never falling.
    """

    low: np.ndarray
    high: np.ndarray
    occasions: np.ndarray
    falls: np.ndarray
    isotonic: np.ndarray

    @property
    def chance(self) -> np.ndarray:
        """float64[b]: falls per occasion."""
        return np.asarray(self.falls / np.maximum(1, self.occasions), np.float64)

    def interval(self, z: float = 1.959963984540054) -> tuple[np.ndarray, np.ndarray]:
        """Wilson's interval (1927) of the chance in each bin."""
        n, p = np.maximum(1, self.occasions), self.chance
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4.0 * n * n))
        return np.maximum(0.0, centre - half), np.minimum(1.0, centre + half)


def find_occasions(
    reports: Reports,
    falls: TargetFalls,
    *,
    within: int,
    dose: Dose = "reporters",
    voice: np.ndarray | None = None,
    forget: int = FORGET_US,
) -> Occasions:
    """The occasions of a log of reports.

    within, forget: us. voice: float64[n], what each report adds if dose is "voices".
    """
    order = np.lexsort((reports.reporter, reports.time, reports.target))
    target, time, reporter = reports.target[order], reports.time[order], reports.reporter[order]
    n = len(target)
    same = np.r_[False, target[1:] == target[:-1]]
    gap = np.r_[0, np.diff(time)]
    # a report made at the very moment of a fall counts as made before
    code, by, after, ended = _sorted_falls(falls)
    passed = _rank(code, by, target, time)
    start = np.searchsorted(code, target)
    down = (passed > start) & (time < ended[np.maximum(passed - 1, 0)])
    fresh = ~same | (gap > forget) | (np.r_[0, passed[:-1]] != passed)
    episode = np.cumsum(fresh) - 1
    # the next fall of the target, if there is one
    has_next = passed < np.searchsorted(code, target, "right")
    at = np.minimum(passed, len(code) - 1)
    next_by = np.where(has_next, by[at], np.iinfo(np.int64).max)
    next_after = np.where(has_next, after[at], np.iinfo(np.int64).max)
    next_report = _next_report_times(time, same)
    until = np.minimum(
        next_report - 1, np.where(time > np.iinfo(np.int64).max - within, time, time + within)
    )
    fell = (next_by <= until) & (next_by >= time)
    # a fall in (after, by] that does not lie whole within one occasion
    uncertain = (
        has_next
        & (next_after != next_by)
        & (next_after < until)
        & (next_by >= time)
        & ~(fell & (next_after >= time))
    )
    undated = len(np.unique(np.stack([target[uncertain], at[uncertain]]), axis=1).T)
    count = _running_doses(dose, episode, reporter, None if voice is None else voice[order])
    # reports of one moment are one occasion, at the dose after the last of them
    last = ~np.r_[same[1:] & (gap[1:] == 0), np.zeros(min(1, n), bool)]
    tempo_gap = _gap_to_previous(np.where(fresh, DAY_US, gap), ~(same & (gap == 0)))
    kept = ~down & ~uncertain & last
    return Occasions(
        target[kept],
        time[kept],
        count[kept],
        fell[kept],
        episode[kept],
        _strata(time, tempo_gap)[kept],
        undated,
        int(down.sum()),
    )


def _sorted_falls(falls: TargetFalls) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Codes and the times `by`, `after` and `ended` of the falls, int64[k] each, by code.

    One fall of nobody spares every line that follows the case of none.
    """
    if not len(falls):
        none = np.zeros(1, np.int64)
        return np.array([-1]), none, none, none
    order = np.argsort(falls.code, kind="stable")
    return falls.code[order], falls.by[order], falls.after[order], falls.ended[order]


def _next_report_times(time: np.ndarray, same: np.ndarray) -> np.ndarray:
    """int64[n] us: the next report on the same target, the largest number if there is none.

    same: bool[n], whether the report before is on the same target.
    """
    if not len(time):
        return time
    never = np.iinfo(np.int64).max
    return np.asarray(np.r_[np.where(same[1:], time[1:], never), never], np.int64)


def _strata(time: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """int64[n]: the period of the record, and how soon a report followed the one before."""
    period = np.zeros(len(time), np.int64)
    if len(time):
        period = (time - time.min()) * PERIODS // (int(time.max() - time.min()) + 1)
    tempo = np.digitize(gap, [MINUTE_US, HOUR_US, DAY_US])
    return np.asarray(period * 4 + tempo, np.int64)


def _gap_to_previous(gap: np.ndarray, leads: np.ndarray) -> np.ndarray:
    """int64[n]: the time before the moment each report is of.

    leads: bool[n], the first report of each moment.
    """
    if not len(gap):
        return gap
    return np.asarray(gap[leads][np.cumsum(leads) - 1], np.int64)


def _rank(code: np.ndarray, by: np.ndarray, target: np.ndarray, time: np.ndarray) -> np.ndarray:
    """int64[n]: position in (code, by), both ascending, of the first fall of `target` not before
    `time`.
    """
    keys = np.concatenate([code, target]).astype(np.int64)
    times = np.concatenate([by, time])
    # a report goes before a fall at the same moment
    kind = np.r_[np.ones(len(code), np.int8), np.zeros(len(target), np.int8)]
    order = np.lexsort((kind, times, keys))
    falls_so_far = np.cumsum(kind[order])
    found = np.empty(len(keys), np.int64)
    found[order] = falls_so_far
    return found[len(code) :]


def _running_doses(
    dose: Dose, episode: np.ndarray, reporter: np.ndarray, voice: np.ndarray | None
) -> np.ndarray:
    """int64[n]: the dose at each report, its own included. Rows are ordered by episode and time."""
    if not len(episode):
        return np.zeros(0, np.int64)
    begin = np.r_[True, episode[1:] != episode[:-1]]
    first = np.zeros(len(episode), bool)
    first[np.unique(episode << 32 | reporter, return_index=True)[1]] = True
    adds = np.ones(len(episode)) if dose == "reports" else first.astype(float)
    if dose == "voices":
        if voice is None:
            raise ValueError("voices need what each report adds")
        adds = adds * voice
    total = np.cumsum(adds)
    total -= (total - adds)[begin][np.cumsum(begin) - 1]
    return np.maximum(1, np.floor(total + 1e-6)).astype(np.int64)


def dose_curve(found: Occasions) -> DoseCurve:
    """The chance to fall by dose, in bins that hold enough occasions, and its isotonic fit."""
    return curve_from_bins(*dose_bins(found.dose), found.dose, found.fell)


def dose_bins(dose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inclusive bounds low, high of the dose bins."""
    if not len(dose):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    top = int(dose.max())
    edges = list(range(1, min(top, MAX_SINGLE_DOSE) + 1))
    while edges[-1] < top:
        edges.append(max(edges[-1] + 1, round(edges[-1] * 1.125)))
    counts = np.bincount(np.searchsorted(edges, dose, "right") - 1, minlength=len(edges))
    low: list[int] = []
    held = 0
    for edge, count in zip(edges, counts, strict=True):
        if not low or held >= MIN_OCCASIONS:
            low.append(edge)
            held = 0
        held += int(count)
    if len(low) > 1 and held < MIN_OCCASIONS:
        low.pop()
    return np.array(low, np.int64), np.array([*[x - 1 for x in low[1:]], top], np.int64)


def curve_from_bins(
    low: np.ndarray, high: np.ndarray, dose: np.ndarray, fell: np.ndarray
) -> DoseCurve:
    """The chance to fall by dose in given bins (inclusive bounds), and its isotonic fit."""
    where = np.searchsorted(low, dose, "right") - 1
    number = np.bincount(where, minlength=len(low))
    falls = np.bincount(where[fell], minlength=len(low))
    return DoseCurve(
        low, high, number, falls, isotonic_fit(falls / np.maximum(1, number), number.astype(float))
    )


def isotonic_fit(value: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """float64[n]: the closest never-falling sequence by weighted squares (pooling adjacent
    violators, Ayer et al. 1955).
    """
    blocks: list[list[float]] = []
    for v, w in zip(value.tolist(), weight.tolist(), strict=True):
        blocks.append([v, w, 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            v2, w2, n2 = blocks.pop()
            v1, w1, n1 = blocks.pop()
            whole = w1 + w2
            blocks.append([(v1 * w1 + v2 * w2) / whole if whole else v1, whole, n1 + n2])
    return np.repeat([b[0] for b in blocks], [int(b[2]) for b in blocks]).astype(float)
