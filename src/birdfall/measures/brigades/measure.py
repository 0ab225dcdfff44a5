"""Brigades: were accounts reported by a crew that works together, and did the reports move the suspensions?

In order: targets under fire, reporters in lockstep, the densest suspicious block with its camouflage bound and its crew,
dose-response with a test for a jump, order of reports and suspensions, reporters' track record; and, as a weaker sign, public
calls to report. Reads acts of kind `report`, `statuses`, and posts. Method: docs/methods/brigades.md.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from birdfall.measures.brigades import tables
from birdfall.measures.brigades.calls_to_report import calls_of
from birdfall.measures.brigades.dense_blocks import Block, blocks
from birdfall.measures.brigades.dense_subgraph import dense
from birdfall.measures.brigades.dose_response import DAY, DOSES, FORGET, Curve, curve, occasions
from birdfall.measures.brigades.lockstep import lockstep, voices
from birdfall.measures.brigades.report_order import Order, order_of
from birdfall.measures.brigades.reporters import Reporters, reporters_of
from birdfall.measures.brigades.reports import Falls, Reports, falls_of, reports_of
from birdfall.measures.brigades.targets import Fire, targets_under_fire
from birdfall.measures.brigades.threshold_test import PLACEBOS, Jump, jump, placebos
from birdfall.measures.coordination.measure import microseconds
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
FEWEST_FALLS = 5
#: The sizes of crew for which the camouflage bound is told: members, targets, share of each target's reporters.
UNSEEN = ((10, 5, 0.5), (30, 5, 0.5), (100, 10, 0.5))
#: A jump is called at this level, and only if it is greater than those of the placebos at the same level.
LEVEL = 0.05


def applies_to(record: Record) -> Note | None:
    """None if there is a report, or at least a post in which calls to report may stand; else what is missing."""
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

    window: two reports on one target at most this far apart are together. alpha: for blocks, and the expected share of honest
    reporters among those named. false_alarms: targets falsely under fire per 1,000. within: a fall this soon after a report may
    have to do with it. draws: of the permutations. most: blocks sought at most. Finding and tables: docs/reference/findings.md.
    Raises WindowError, UsageError.
    """
    together, soon = microseconds(window), microseconds(within)
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
        "forget_s": FORGET / 1e6,
        "draws": draws,
        "placebos": PLACEBOS,
        "most": most,
        "seed": seed,
    }
    reports = reports_of(record)
    calls, posts, callers = calls_of(record)
    spoken = {"calls": _count(posts), "callers": _plain(callers, "accounts")}
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
    falls = falls_of(record)
    progress("brigades: targets", 0, 4, "steps")
    fire = targets_under_fire(reports, false_alarms=false_alarms)
    together_found = lockstep(reports, window=together, alpha=alpha)
    graph = dense(reports, together)
    progress("brigades: blocks", 1, 4, "steps")
    sought = blocks(reports, window=together, shuffles=shuffles, alpha=alpha, most=most, seed=seed)
    found, left = sought.blocks, sought.left
    people = reporters_of(reports, falls, found, within=30 * DAY, alpha=alpha)
    progress("brigades: dose", 2, 4, "steps")
    voice = voices(reports, together_found.partners)
    doses, notes = _doses(reports, falls, voice, soon, draws, seed)
    progress("brigades: order", 3, 4, "steps")
    order = order_of(reports, falls, begin=int(reports.time.min()), draws=draws, seed=seed)
    progress("brigades", 4, 4, "steps")
    named = int(people.named.sum())
    return Finding(
        kind=KIND,
        name=NAME,
        answer="found" if found else "nothing",
        estimates={
            "reports": _plain(len(reports), "events"),
            "targets": _plain(len(fire.code), "accounts"),
            "reporters_seen": _plain(len(people.code), "accounts"),
            "targets_under_fire": _plain(int(fire.under_fire.sum()), "accounts"),
            "brigades": _count(len(found)),
            "circles": _count(sought.circles),
            "reporters": _plain(named, "accounts"),
            "lockstep_pairs": _plain(together_found.pairs, "pairs"),
            "lockstep_significant": _plain(together_found.significant, "pairs"),
            "victims": _plain(len(tables.victims(found)), "accounts"),
            "busiest_minute_hits": _count(_baseline_hits(fire, found)),
            **_dose_estimates(doses),
            "order_p": _plain(order.p, "p"),
            "order_tested": _plain(order.tested, "accounts"),
            **spoken,
        },
        parameters=parameters,
        inputs=inputs,
        limits=_limits(reports, falls, people, found, sought.circles, order) + notes + weak,
        method=METHOD,
        details={
            "tick_s": fire.tick / 1e6,
            "base_per_day": fire.base * DAY / fire.tick,
            "dispersion": fire.size,
            "unseen": tables.unseen(left, UNSEEN),
            "density_left": left,
            "jump": _called(doses),
            "jumps": {d: _jump_details(j, p) for d, (_, j, p) in doses.items()},
        },
        tables={
            "targets": tables.targets(
                record, reports, fire, graph, together_found.partners, people, found, falls
            ),
            "reporters": tables.reporters(record, people, together_found),
            "blocks": tables.blocks(record, found, people, alpha),
            "dose": tables.dose({d: c for d, (c, _, _) in doses.items()}),
            "order": tables.order(record, order),
            "calls": calls,
        },
        simulated=record.settings.simulated,
    )


Doses = dict[str, tuple[Curve, Jump | None, list[tuple[float, float]]]]


def _doses(
    reports: Reports, falls: Falls, voice: np.ndarray, within: int, draws: int, seed: int
) -> tuple[Doses, tuple[Note, ...]]:
    """Curve, jump and placebos for each way to count a dose; nothing where too few of the reported fell."""
    made: Doses = {}
    undated = down = 0
    for number, dose in enumerate(DOSES):
        found = occasions(reports, falls, within=within, dose=dose, voice=voice)
        undated, down = found.undated, found.down
        if int(found.fell.sum()) < FEWEST_FALLS:
            return {}, (
                Note(
                    "too-few-falls-for-dose", {"falls": int(found.fell.sum()), "needs": "statuses"}
                ),
            )
        tested = jump(found, draws=draws, seed=seed + number)
        made[dose] = (curve(found), tested, placebos(found, seed=seed) if dose == DOSES[0] else [])
    notes = [Note("dose-is-not-cause", {})]
    if undated:
        notes.append(Note("falls-between-reports", {"falls": undated}))
    if down:
        notes.append(Note("reports-while-down", {"reports": down}))
    return made, tuple(notes)


def _dose_estimates(doses: Doses) -> dict[str, Estimate]:
    """Of the dose by distinct reporters; whether it is the number of reporters or of independent voices, beside it."""
    made: dict[str, Estimate] = {}
    for dose, prefix in (("reporters", ""), ("voices", "voices_")):
        tested = doses[dose][1] if dose in doses else None
        if tested is None:
            continue
        made[f"{prefix}jump_at"] = Estimate(tested.at, "count", tested.low, tested.high)
        made[f"{prefix}jump_ratio"] = Estimate(
            tested.ratio, "ratio", tested.ratio_low, tested.ratio_high
        )
        made[f"{prefix}jump_p"] = _plain(tested.p, "p")
        made[f"{prefix}flat_p"] = _plain(tested.flat_p, "p")
        made[f"{prefix}step_p"] = _plain(tested.step_p, "p")
    shown = doses.get("reporters")
    if shown is not None and shown[2]:
        made["placebo_p"] = _plain(float(np.median([p for p, _ in shown[2]])), "p")
        made["beyond_placebo_p"] = _plain(_beyond(shown[1], shown[2]), "p")
    return made


def _called(doses: Doses) -> bool:
    """Whether a jump may be spoken of: it is there, surely leads up, and is greater than those of the placebos."""
    shown = doses.get("reporters")
    if shown is None or shown[1] is None or shown[1].at is None:
        return False
    if shown[1].ratio_low is None or shown[1].ratio_low <= 1.0:
        return False
    return shown[1].p <= LEVEL and _beyond(shown[1], shown[2]) <= LEVEL


def _beyond(tested: Jump | None, placebo: list[tuple[float, float]]) -> float:
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


def _baseline_hits(fire: Fire, found: list[Block]) -> int:
    """Of as many targets as the blocks hold, chosen by their busiest minute alone, how many the blocks hold."""
    hit = tables.victims(found)
    first = fire.code[np.lexsort((fire.code, -fire.busiest_minute))][: len(hit)]
    return int(np.isin(first, hit).sum())


def _limits(
    reports: Reports,
    falls: Falls,
    people: Reporters,
    found: list[Block],
    circles: int,
    order: Order,
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


def _plain(value: float | int | None, unit: str) -> Estimate:
    return Estimate(value, unit, level=None, bounds="none")


def _count(value: int) -> Estimate:
    return _plain(value, "count")
