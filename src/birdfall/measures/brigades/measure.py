"""Brigades: were accounts reported by a crew that works together, and did the reports move the
suspensions?

In order: targets under fire, reporters in lockstep, the densest suspicious block with its
camouflage bound and its crew, dose-response with a test for a jump, order of reports and
suspensions, reporters' track record; and, as a weaker sign, public calls to report. Reads acts of
kind `report`, `statuses`, and posts. Method: docs/methods/brigades.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypedDict, Unpack

import numpy as np
import pyarrow as pa

from birdfall.measures.brigades import tables
from birdfall.measures.brigades.calls_to_report import tabulate_calls
from birdfall.measures.brigades.dense_blocks import BlockSearch, ReportBlock, find_blocks
from birdfall.measures.brigades.dense_subgraph import ReportGraph, peel_reports
from birdfall.measures.brigades.dose_response import DAY_US, FORGET_US, Dose
from birdfall.measures.brigades.dose_tests import (
    DoseTests,
    JumpDetails,
    dose_estimates,
    may_call_jump,
    measure_doses,
)
from birdfall.measures.brigades.lockstep import Lockstep, lockstep, voice_weights
from birdfall.measures.brigades.report_order import ReportOrder, report_order
from birdfall.measures.brigades.reporters import Reporters, judge_reporters
from birdfall.measures.brigades.reports import (
    ReportAccounts,
    Reports,
    TargetFalls,
    canonical_reports,
    read_falls,
    read_reports,
)
from birdfall.measures.brigades.targets import TargetFire, find_targets_under_fire
from birdfall.measures.brigades.threshold_test import PLACEBOS
from birdfall.measures.coordination import Window, parse_window
from birdfall.model.errors import UsageError
from birdfall.model.findings import Estimate, Finding, Note
from birdfall.model.progress import Progress, silent
from birdfall.record.record import Record

KIND: Final = "brigades"
NAME: Final = "brigades"
#: Raised whenever the same data may give other numbers. 2: shuffles that do not hang on the key.
#: 4: nor on how accounts are called; accounts that are only ever reported are targets.
METHOD_VERSION: Final = 4
METHOD = (
    "targets under fire: an e-detector per target (Shin, Ramdas and Rinaldo 2023)",
    "lockstep: co-action on the report trace with a degree null (docs/methods/coordination.md)",
    "densest block: greedy peeling with column weights 1 / log(c + 5) and its camouflage bound "
    "(Hooi et al. 2016), p by shuffles",
    "crew and crowd: two classes by expectation-maximisation (Dempster, Laird and Rubin 1977), "
    "parametric bootstrap",
    "dose-response: isotonic regression (Ayer et al. 1955), permutation within strata, "
    "score test of a step (Rao 1948), placebos",
    "order: circular shifts within targets",
)
#: The sizes of crew for which the camouflage bound is stated: members, targets, share of each
#: target's reporters.
CAMOUFLAGE_SIZES = ((10, 5, 0.5), (30, 5, 0.5), (100, 10, 0.5))
#: A fall that lasts upholds a report if it came this soon after it.
UPHELD_WITHIN_US: Final = 30 * DAY_US

Parameters = dict[str, Any]


@dataclass(frozen=True)
class BrigadeOptions:
    """What is asked of `brigades`.

    Attributes
    ----------
    window : str, timedelta or float
        Two reports on one target at most this far apart are together.
    alpha : float
        For blocks, and the expected share of honest reporters among those named.
    false_alarms : float
        Targets falsely under fire per 1,000.
    shuffles : int
        Of the reports, for each block.
    within : str, timedelta or float
        A fall this soon after a report may have to do with it.
    draws : int
        Of the permutations.
    most : int
        Blocks sought at most.
    seed : int
        Of all random draws.
    """

    window: Window = "5min"
    alpha: float = 0.01
    false_alarms: float = 1.0
    shuffles: int = 199
    within: Window = "1d"
    draws: int = 999
    most: int = 10
    seed: int = 0

    def check(self) -> None:
        """Raise UsageError for what cannot be asked."""
        positive = (self.false_alarms, self.shuffles, self.draws, self.most)
        if not 0 < self.alpha < 1 or min(positive) <= 0:
            raise UsageError(
                "alpha lies between 0 and 1; false_alarms, shuffles, draws and most are positive"
            )

    def to_json(self) -> Parameters:
        """What was asked, as the finding states it."""
        return {
            "window_s": parse_window(self.window) / 1e6,
            "alpha": self.alpha,
            "false_alarms": self.false_alarms,
            "shuffles": self.shuffles,
            "within_s": parse_window(self.within) / 1e6,
            "forget_s": FORGET_US / 1e6,
            "draws": self.draws,
            "placebos": PLACEBOS,
            "most": self.most,
            "seed": self.seed,
        }


class BrigadeKeywords(TypedDict, total=False):
    """The same as keywords: the fields of `BrigadeOptions`."""

    window: Window
    alpha: float
    false_alarms: float
    shuffles: int
    within: Window
    draws: int
    most: int
    seed: int


def brigades(
    record: Record,
    options: BrigadeOptions | None = None,
    *,
    progress: Progress = silent,
    **keywords: Unpack[BrigadeKeywords],
) -> Finding:
    """Who reported accounts together, and whether it worked.

    Parameters
    ----------
    record : Record
        With acts of kind `report`; statuses say who fell.
    options : BrigadeOptions, optional
        What is asked; its fields may be given as keywords instead.
    progress : callable
        Told what is done.

    Returns
    -------
    Finding
        Of kind `brigades`; its tables are described in docs/reference/findings.md.

    Raises
    ------
    WindowError, UsageError
        For what cannot be asked.

    References
    ----------
    Hooi et al. 2016 (FRAUDAR); Shin, Ramdas and Rinaldo 2023; docs/methods/brigades.md.

    Examples
    --------
    >>> import datetime as dt
    >>> import pyarrow as pa
    >>> from birdfall.record.record import from_tables
    >>> noon = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)
    >>> acts = [
    ...     {"account": who, "kind": "report", "time": noon, "object": whom, "target": whom}
    ...     for whom in ("t1", "t2") for who in ("ana", "ben", "eva")
    ... ]
    >>> found = brigades(from_tables({"acts": pa.Table.from_pylist(acts)}))
    >>> found.answer, found.estimates["lockstep_pairs"].value
    ('nothing', 3)
    """
    asked = BrigadeOptions(**keywords) if options is None else options
    asked.check()
    reports = read_reports(record)
    blank = _blank_finding(record, asked)
    if not len(reports):
        return blank
    return _fill_finding(blank, _measure(record, reports, asked, progress), asked.alpha)


def _blank_finding(record: Record, asked: BrigadeOptions) -> Finding:
    """A finding without reports: the question, and the calls to report."""
    calls, posts, callers = tabulate_calls(record)
    return Finding(
        kind=KIND,
        name=NAME,
        answer="cannot",
        estimates={"calls": _count_estimate(posts), "callers": _estimate(callers, "accounts")},
        parameters=asked.to_json(),
        inputs=tuple(record.input(t) for t in ("acts", "statuses")),
        reasons=(Note("no-reports", {"needs": "reports"}),),
        limits=(Note("calls-are-a-weak-sign", {"posts": posts}),) if posts else (),
        method=METHOD,
        tables={"calls": calls},
        simulated=record.settings.simulated,
        method_version=METHOD_VERSION,
    )


@dataclass(frozen=True)
class _Measured:
    """Everything that was found, by codes in the order of what accounts did."""

    accounts: ReportAccounts
    reports: Reports
    falls: TargetFalls
    fire: TargetFire
    lockstep: Lockstep
    graph: ReportGraph
    sought: BlockSearch
    people: Reporters
    doses: DoseTests
    dose_notes: tuple[Note, ...]
    order: ReportOrder


def _measure(
    record: Record, reports: Reports, asked: BrigadeOptions, progress: Progress
) -> _Measured:
    """Targets, lockstep, blocks, people, doses and order of at least one report."""
    accounts, reports, falls = canonical_reports(record, reports, read_falls(record))
    window, within = parse_window(asked.window), parse_window(asked.within)
    progress("brigades: targets", 0, 4, "steps")
    fire = find_targets_under_fire(reports, false_alarms=asked.false_alarms)
    together = lockstep(reports, window=window, alpha=asked.alpha)
    graph = peel_reports(reports, window)
    progress("brigades: blocks", 1, 4, "steps")
    sought = find_blocks(
        reports,
        window=window,
        shuffles=asked.shuffles,
        alpha=asked.alpha,
        most=asked.most,
        seed=asked.seed,
    )
    people = judge_reporters(
        reports, falls, sought.blocks, within=UPHELD_WITHIN_US, alpha=asked.alpha
    )
    progress("brigades: dose", 2, 4, "steps")
    voice = voice_weights(together.partners)
    doses, notes = measure_doses(reports, falls, voice, within, asked.draws, asked.seed)
    progress("brigades: order", 3, 4, "steps")
    begin = int(reports.time.min())
    order = report_order(reports, falls, begin=begin, draws=asked.draws, seed=asked.seed)
    progress("brigades", 4, 4, "steps")
    return _Measured(
        accounts, reports, falls, fire, together, graph, sought, people, doses, notes, order
    )


def _fill_finding(blank: Finding, found: _Measured, alpha: float) -> Finding:
    """The blank finding with what was found."""
    return blank.replace(
        answer="found" if found.sought.blocks else "nothing",
        estimates=_estimates(found) | blank.estimates,
        reasons=(),
        limits=_limit_notes(found) + found.dose_notes + blank.limits,
        details=_details(found),
        tables=_tables(found, alpha) | blank.tables,
    )


def _estimates(found: _Measured) -> dict[str, Estimate]:
    """The finding's numbers, but for the calls."""
    return {
        "reports": _estimate(len(found.reports), "events"),
        "targets": _estimate(len(found.fire.code), "accounts"),
        "reporters_seen": _estimate(len(found.people.code), "accounts"),
        "targets_under_fire": _estimate(int(found.fire.under_fire.sum()), "accounts"),
        "brigades": _count_estimate(len(found.sought.blocks)),
        "circles": _count_estimate(found.sought.circles),
        "reporters": _estimate(int(found.people.named.sum()), "accounts"),
        "lockstep_pairs": _estimate(found.lockstep.pairs, "pairs"),
        "lockstep_significant": _estimate(found.lockstep.significant, "pairs"),
        "victims": _estimate(len(tables.victims(found.sought.blocks)), "accounts"),
        "busiest_minute_hits": _count_estimate(_baseline_hits(found.fire, found.sought.blocks)),
        **dose_estimates(found.doses),
        "order_p": _estimate(found.order.p, "p"),
        "order_tested": _estimate(found.order.tested, "accounts"),
    }


class _Details(TypedDict):
    """Small structured results of a brigade finding."""

    tick_s: float
    base_per_day: float
    dispersion: float
    unseen: list[tables.CamouflageBound]
    density_left: float
    jump: bool
    jumps: dict[Dose, JumpDetails | None]


def _details(found: _Measured) -> _Details:
    """What the finding states beside its numbers and tables."""
    return {
        "tick_s": found.fire.tick / 1e6,
        "base_per_day": found.fire.base * DAY_US / found.fire.tick,
        "dispersion": found.fire.size,
        "unseen": tables.camouflage_bounds(found.sought.left, CAMOUFLAGE_SIZES),
        "density_left": found.sought.left,
        "jump": may_call_jump(found.doses),
        "jumps": {dose: tested.to_json() for dose, tested in found.doses.items()},
    }


def _tables(found: _Measured, alpha: float) -> dict[str, pa.Table]:
    """The finding's tables, but for the calls."""
    accounts, partners = found.accounts, found.lockstep.partners
    people, blocks = found.people, found.sought.blocks
    return {
        "targets": tables.target_table(
            accounts, found.reports, found.fire, found.graph, partners, people, blocks, found.falls
        ),
        "reporters": tables.reporter_table(accounts, people, found.lockstep),
        "blocks": tables.block_table(accounts, blocks, alpha),
        "dose": tables.dose_table({dose: tested.curve for dose, tested in found.doses.items()}),
        "order": tables.order_table(accounts, found.order),
    }


def _baseline_hits(fire: TargetFire, found: list[ReportBlock]) -> int:
    """Of as many targets as the blocks hold, chosen by their busiest minute alone, how many the
    blocks hold.
    """
    hit = tables.victims(found)
    first = fire.code[np.lexsort((fire.code, -fire.busiest_minute))][: len(hit)]
    return int(np.isin(first, hit).sum())


def _limit_notes(found: _Measured) -> tuple[Note, ...]:
    """What the reader must know, but for doses and calls."""
    notes = [Note("lockstep-is-not-intent", {})]
    if found.reports.of_self:
        notes.append(Note("reports-of-self", {"reports": found.reports.of_self}))
    if found.reports.unknown:
        notes.append(Note("reports-on-unknown", {"reports": found.reports.unknown}))
    if not len(found.falls):
        notes.append(Note("no-falls-among-reported", {"needs": "statuses"}))
    elif not found.order.tested:
        notes.append(Note("order-not-testable", {"needs": "statuses"}))
    if found.sought.circles:
        notes.append(Note("circles-beyond-chance", {"circles": found.sought.circles}))
    if found.sought.blocks and not found.people.named.any():
        notes.append(Note("crew-not-named", {"blocks": len(found.sought.blocks)}))
    return tuple(notes)


def _estimate(value: float | int | None, unit: str) -> Estimate:
    return Estimate(value, unit, level=None, bounds="none")


def _count_estimate(value: int) -> Estimate:
    return _estimate(value, "count")
