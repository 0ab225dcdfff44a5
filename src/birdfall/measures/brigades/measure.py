"""Brigades: were accounts reported by a crew that works together, and did the reports move the
suspensions?

In order: targets under fire, reporters in lockstep, the densest suspicious block with its
camouflage bound and its crew, dose-response with a test for a jump, order of reports and
suspensions, reporters' track record; and, as a weaker sign, public calls to report. Reads acts of
kind `report`, `statuses`, and posts. Method: docs/methods/brigades.md.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from birdfall.measures.brigades import tables
from birdfall.measures.brigades.calls_to_report import tabulate_calls
from birdfall.measures.brigades.dense_blocks import ReportBlock, find_blocks
from birdfall.measures.brigades.dense_subgraph import peel_reports
from birdfall.measures.brigades.dose_response import (
    DAY_US,
    DOSES,
    FORGET_US,
    DoseCurve,
    dose_curve,
    find_occasions,
)
from birdfall.measures.brigades.lockstep import lockstep, voice_weights
from birdfall.measures.brigades.report_order import ReportOrder, report_order
from birdfall.measures.brigades.reporters import Reporters, judge_reporters
from birdfall.measures.brigades.reports import Reports, TargetFalls, read_falls, read_reports
from birdfall.measures.brigades.targets import TargetFire, find_targets_under_fire
from birdfall.measures.brigades.threshold_test import PLACEBOS, Jump, find_jump, placebo_jumps
from birdfall.measures.coordination import parse_window
from birdfall.model.errors import UsageError
from birdfall.model.findings import Estimate, Finding, Note
from birdfall.model.progress import Progress, silent
from birdfall.record.record import Record

KIND = NAME = "brigades"
METHOD = (
    "targets under fire: an e-detector per target (Shin, Ramdas and Rinaldo 2023)",
    "lockstep: co-action on the report trace with a degree null (docs/methods/coordination.md)",
    "densest block: greedy peeling with column weights 1 / log(c + 5) and its camouflage bound (Hooi et al. 2016), p by shuffles",
    "crew and crowd: two classes by expectation-maximisation (Dempster, Laird and Rubin 1977), parametric bootstrap",
    "dose-response: isotonic regression (Ayer et al. 1955), permutation within strata, score test of a step (Rao 1948), placebos",
    "order: circular shifts within targets",
)
#: With fewer falls a dose-response curve is not drawn.
MIN_FALLS = 5
#: The sizes of crew for which the camouflage bound is told: members, targets, share of each
#: target's reporters.
CAMOUFLAGE_SIZES = ((10, 5, 0.5), (30, 5, 0.5), (100, 10, 0.5))
#: A jump is called at this level, and only if it is greater than those of the placebos at the same
#: level.
JUMP_LEVEL = 0.05


def applies_to(record: Record) -> Note | None:
    """None if there is a report, or at least a post in which calls to report may stand; else what
    is missing.
    """
    if not record.has("acts"):
        return Note("no-reports", {"needs": "reports"})
    found = record.sql(
        "SELECT 1 FROM acts WHERE kind = 'report' OR text IS NOT NULL LIMIT 1"
    ).num_rows
    return None if found else Note("no-reports", {"needs": "reports"})


def brigades(
    record: Record,
    *,
    window: str | dt.timedelta | float = "5min",
    alpha: float = 0.01,
    false_alarms: float = 1.0,
    shuffles: int = 199,
    within: str | dt.timedelta | float = "1d",
    draws: int = 999,
    most: int = 10,
    seed: int = 0,
    progress: Progress = silent,
) -> Finding:
    """Who reported them together, and whether it worked.

    window: two reports on one target at most this far apart are together. alpha: for blocks, and
    the expected share of honest reporters among those named. false_alarms: targets falsely under
    fire per 1,000. within: a fall this soon after a report may have to do with it. draws: of the
    permutations. most: blocks sought at most. Finding and tables: docs/reference/findings.md.
    Raises WindowError, UsageError.
    """
    together, soon = parse_window(window), parse_window(within)
    if not 0 < alpha < 1 or false_alarms <= 0 or shuffles < 1 or draws < 1 or most < 1:
        raise UsageError(
            "alpha lies between 0 and 1; false_alarms, shuffles, draws and most are positive"
        )
    parameters = {
        "window_s": together / 1e6,
        "alpha": alpha,
        "false_alarms": false_alarms,
        "shuffles": shuffles,
        "within_s": soon / 1e6,
        "forget_s": FORGET_US / 1e6,
        "draws": draws,
        "placebos": PLACEBOS,
        "most": most,
        "seed": seed,
    }
    reports = read_reports(record)
    calls, posts, callers = tabulate_calls(record)
    spoken = {"calls": _count_estimate(posts), "callers": _estimate(callers, "accounts")}
    inputs = tuple(record.input(t) for t in ("acts", "statuses"))
    weak = (Note("calls-are-a-weak-sign", {"posts": posts}),) if posts else ()
    if not len(reports):
        return Finding(
            KIND,
            NAME,
            "cannot",
            spoken,
            parameters,
            inputs,
            (Note("no-reports", {"needs": "reports"}),),
            weak,
            METHOD,
            tables={"calls": calls},
            simulated=record.settings.simulated,
        )
    falls = read_falls(record)
    progress("brigades: targets", 0, 4, "steps")
    fire = find_targets_under_fire(reports, false_alarms=false_alarms)
    together_found = lockstep(reports, window=together, alpha=alpha)
    graph = peel_reports(reports, together)
    progress("brigades: blocks", 1, 4, "steps")
    sought = find_blocks(
        reports, window=together, shuffles=shuffles, alpha=alpha, most=most, seed=seed
    )
    found, left = sought.blocks, sought.left
    people = judge_reporters(reports, falls, found, within=30 * DAY_US, alpha=alpha)
    progress("brigades: dose", 2, 4, "steps")
    voice = voice_weights(together_found.partners)
    doses, notes = _test_doses(reports, falls, voice, soon, draws, seed)
    progress("brigades: order", 3, 4, "steps")
    order = report_order(reports, falls, begin=int(reports.time.min()), draws=draws, seed=seed)
    progress("brigades", 4, 4, "steps")
    named = int(people.named.sum())
    return Finding(
        kind=KIND,
        name=NAME,
        answer="found" if found else "nothing",
        estimates={
            "reports": _estimate(len(reports), "events"),
            "targets": _estimate(len(fire.code), "accounts"),
            "reporters_seen": _estimate(len(people.code), "accounts"),
            "targets_under_fire": _estimate(int(fire.under_fire.sum()), "accounts"),
            "brigades": _count_estimate(len(found)),
            "circles": _count_estimate(sought.circles),
            "reporters": _estimate(named, "accounts"),
            "lockstep_pairs": _estimate(together_found.pairs, "pairs"),
            "lockstep_significant": _estimate(together_found.significant, "pairs"),
            "victims": _estimate(len(tables.victims(found)), "accounts"),
            "busiest_minute_hits": _count_estimate(_baseline_hits(fire, found)),
            **_dose_estimates(doses),
            "order_p": _estimate(order.p, "p"),
            "order_tested": _estimate(order.tested, "accounts"),
            **spoken,
        },
        parameters=parameters,
        inputs=inputs,
        limits=_limit_notes(reports, falls, people, found, sought.circles, order) + notes + weak,
        method=METHOD,
        details={
            "tick_s": fire.tick / 1e6,
            "base_per_day": fire.base * DAY_US / fire.tick,
            "dispersion": fire.size,
            "unseen": tables.camouflage_bounds(left, CAMOUFLAGE_SIZES),
            "density_left": left,
            "jump": is_jump_called(doses),
            "jumps": {d: _jump_details(j, p) for d, (_, j, p) in doses.items()},
        },
        tables={
            "targets": tables.target_table(
                record, reports, fire, graph, together_found.partners, people, found, falls
            ),
            "reporters": tables.reporter_table(record, people, together_found),
            "blocks": tables.block_table(record, found, alpha),
            "dose": tables.dose_table({d: c for d, (c, _, _) in doses.items()}),
            "order": tables.order_table(record, order),
            "calls": calls,
        },
        simulated=record.settings.simulated,
    )


Doses = dict[str, tuple[DoseCurve, Jump | None, list[tuple[float, float]]]]


def _test_doses(
    reports: Reports, falls: TargetFalls, voice: np.ndarray, within: int, draws: int, seed: int
) -> tuple[Doses, tuple[Note, ...]]:
    """Curve, jump and placebos for each way to count a dose; nothing where too few of the reported
    fell.
    """
    made: Doses = {}
    undated = down = 0
    for number, dose in enumerate(DOSES):
        found = find_occasions(reports, falls, within=within, dose=dose, voice=voice)
        undated, down = found.undated, found.down
        if int(found.fell.sum()) < MIN_FALLS:
            return {}, (
                Note(
                    "too-few-falls-for-dose", {"falls": int(found.fell.sum()), "needs": "statuses"}
                ),
            )
        tested = find_jump(found, draws=draws, seed=seed + number)
        made[dose] = (
            dose_curve(found),
            tested,
            placebo_jumps(found, seed=seed) if dose == DOSES[0] else [],
        )
    notes = [Note("dose-is-not-cause", {})]
    if undated:
        notes.append(Note("falls-between-reports", {"falls": undated}))
    if down:
        notes.append(Note("reports-while-down", {"reports": down}))
    return made, tuple(notes)


def _dose_estimates(doses: Doses) -> dict[str, Estimate]:
    """Of the dose by distinct reporters; whether it is the number of reporters or of independent
    voices, beside it.
    """
    made: dict[str, Estimate] = {}
    for dose, prefix in (("reporters", ""), ("voices", "voices_")):
        tested = doses[dose][1] if dose in doses else None
        if tested is None:
            continue
        made[f"{prefix}jump_at"] = Estimate(tested.at, "count", tested.low, tested.high)
        made[f"{prefix}jump_ratio"] = Estimate(
            tested.ratio, "ratio", tested.ratio_low, tested.ratio_high
        )
        made[f"{prefix}jump_p"] = _estimate(tested.p, "p")
        made[f"{prefix}flat_p"] = _estimate(tested.flat_p, "p")
        made[f"{prefix}step_p"] = _estimate(tested.step_p, "p")
    shown = doses.get("reporters")
    if shown is not None and shown[2]:
        made["placebo_p"] = _estimate(float(np.median([p for p, _ in shown[2]])), "p")
        made["beyond_placebo_p"] = _estimate(_placebo_rank_p(shown[1], shown[2]), "p")
    return made


def is_jump_called(doses: Doses) -> bool:
    """Whether a jump may be spoken of: it is there, surely leads up, and is greater than those of
    the placebos.
    """
    shown = doses.get("reporters")
    if shown is None or shown[1] is None or shown[1].at is None:
        return False
    if shown[1].ratio_low is None or shown[1].ratio_low <= 1.0:
        return False
    return shown[1].p <= JUMP_LEVEL and _placebo_rank_p(shown[1], shown[2]) <= JUMP_LEVEL


def _placebo_rank_p(tested: Jump | None, placebo: list[tuple[float, float]]) -> float:
    """p of the jump among the jumps that the placebos show."""
    score = 0.0 if tested is None else tested.score
    return (1 + sum(s >= score for _, s in placebo)) / (1 + len(placebo))


def _jump_details(tested: Jump | None, placebo: list[tuple[float, float]]) -> dict[str, Any] | None:
    if tested is None:
        return None
    return {
        "at": tested.at,
        "low": tested.low,
        "high": tested.high,
        "below": tested.below,
        "above": tested.above,
        "flat_p": tested.flat_p,
        "step_p": tested.step_p,
        "score": tested.score,
        "placebo_p": [p for p, _ in placebo],
        "placebo_score": [s for _, s in placebo],
    }


def _baseline_hits(fire: TargetFire, found: list[ReportBlock]) -> int:
    """Of as many targets as the blocks hold, chosen by their busiest minute alone, how many the
    blocks hold.
    """
    hit = tables.victims(found)
    first = fire.code[np.lexsort((fire.code, -fire.busiest_minute))][: len(hit)]
    return int(np.isin(first, hit).sum())


def _limit_notes(
    reports: Reports,
    falls: TargetFalls,
    people: Reporters,
    found: list[ReportBlock],
    circles: int,
    order: ReportOrder,
) -> tuple[Note, ...]:
    notes = [Note("lockstep-is-not-intent", {})]
    if reports.of_self:
        notes.append(Note("reports-of-self", {"reports": reports.of_self}))
    if reports.unknown:
        notes.append(Note("reports-on-unknown", {"reports": reports.unknown}))
    if not len(falls):
        notes.append(Note("no-falls-among-reported", {"needs": "statuses"}))
    elif not order.tested:
        notes.append(Note("order-not-testable", {"needs": "statuses"}))
    if circles:
        notes.append(Note("circles-beyond-chance", {"circles": circles}))
    if found and not people.named.any():
        notes.append(Note("crew-not-named", {"blocks": len(found)}))
    return tuple(notes)


def _estimate(value: float | int | None, unit: str) -> Estimate:
    return Estimate(value, unit, level=None, bounds="none")


def _count_estimate(value: int) -> Estimate:
    return _estimate(value, "count")
