"""The dose-response of a log of reports: curve, jump and placebos for each way to count a dose.

What may be said of a jump, and the numbers of it that a finding states.
Method: docs/methods/brigades.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypedDict

import numpy as np

from birdfall.measures.brigades.dose_response import (
    DOSES,
    Dose,
    DoseCurve,
    dose_curve,
    find_occasions,
)
from birdfall.measures.brigades.reports import Reports, TargetFalls
from birdfall.measures.brigades.threshold_test import Jump, PlaceboJump, find_jump, placebo_jumps
from birdfall.model.findings import Estimate, Note

#: With fewer falls a dose-response curve is not drawn.
MIN_FALLS: Final = 5
#: A jump is called at this level, and only if it is greater than the placebos' at the same level.
JUMP_LEVEL: Final = 0.05


class JumpDetails(TypedDict):
    """A jump with its placebos, as a finding states it."""

    at: int | None
    low: int | None
    high: int | None
    below: float | None
    above: float | None
    flat_p: float
    step_p: float
    score: float
    placebo_p: list[float]
    placebo_score: list[float]


@dataclass(frozen=True)
class DoseTest:
    """One way to count a dose, tested.

    Attributes
    ----------
    curve : DoseCurve
        The chance to fall by dose.
    jump : Jump or None
        None where no fall, or only one dose, was seen.
    placebos : list of PlaceboJump
        The jump where times mean nothing; asked of the first way to count alone.
    """

    curve: DoseCurve
    jump: Jump | None
    placebos: list[PlaceboJump]

    @property
    def placebo_rank_p(self) -> float:
        """p of the jump among the jumps that the placebos show."""
        score = 0.0 if self.jump is None else self.jump.score
        return (1 + sum(p.score >= score for p in self.placebos)) / (1 + len(self.placebos))

    def to_json(self) -> JumpDetails | None:
        """The jump as a finding states it; None if there is none."""
        if self.jump is None:
            return None
        return {
            "at": self.jump.at,
            "low": self.jump.low,
            "high": self.jump.high,
            "below": self.jump.below,
            "above": self.jump.above,
            "flat_p": self.jump.flat_p,
            "step_p": self.jump.step_p,
            "score": self.jump.score,
            "placebo_p": [placebo.p for placebo in self.placebos],
            "placebo_score": [placebo.score for placebo in self.placebos],
        }


DoseTests = dict[Dose, DoseTest]


def measure_doses(
    reports: Reports, falls: TargetFalls, voice: np.ndarray, within: int, draws: int, seed: int
) -> tuple[DoseTests, tuple[Note, ...]]:
    """Curve, jump and placebos for each way to count a dose.

    Parameters
    ----------
    reports : Reports
        n reports.
    falls : TargetFalls
        When their targets fell.
    voice : float64[n]
        What each report counts for as an independent voice.
    within : int
        Microseconds after a report in which a fall may have to do with it.
    draws, seed : int
        Of the tests.

    Returns
    -------
    DoseTests, tuple of Note
        No tests where too few of the reported fell; and what the reader must know.
    """
    made: DoseTests = {}
    undated = down = 0
    for number, dose in enumerate(DOSES):
        found = find_occasions(reports, falls, within=within, dose=dose, voice=voice)
        undated, down = found.undated, found.down
        fell = int(found.fell.sum())
        if fell < MIN_FALLS:
            return {}, (Note("too-few-falls-for-dose", {"falls": fell, "needs": "statuses"}),)
        jump = find_jump(found, draws=draws, seed=seed + number)
        placebos = placebo_jumps(found, seed=seed) if dose == DOSES[0] else []
        made[dose] = DoseTest(dose_curve(found), jump, placebos)
    notes = [Note("dose-is-not-cause", {})]
    if undated:
        notes.append(Note("falls-between-reports", {"falls": undated}))
    if down:
        notes.append(Note("reports-while-down", {"reports": down}))
    return made, tuple(notes)


def dose_estimates(doses: DoseTests) -> dict[str, Estimate]:
    """The numbers of a finding: of the dose by distinct reporters, and by independent voices beside
    it.
    """

    def p_value(value: float) -> Estimate:
        return Estimate(value, "p", level=None, bounds="none")

    made: dict[str, Estimate] = {}
    ways: tuple[tuple[Dose, str], ...] = (("reporters", ""), ("voices", "voices_"))
    for dose, prefix in ways:
        jump = doses[dose].jump if dose in doses else None
        if jump is None:
            continue
        made[f"{prefix}jump_at"] = Estimate(jump.at, "count", jump.low, jump.high)
        made[f"{prefix}jump_ratio"] = Estimate(jump.ratio, "ratio", jump.ratio_low, jump.ratio_high)
        made[f"{prefix}jump_p"] = p_value(jump.p)
        made[f"{prefix}flat_p"] = p_value(jump.flat_p)
        made[f"{prefix}step_p"] = p_value(jump.step_p)
    shown = doses.get("reporters")
    if shown is not None and shown.placebos:
        made["placebo_p"] = p_value(float(np.median([p.p for p in shown.placebos])))
        made["beyond_placebo_p"] = p_value(shown.placebo_rank_p)
    return made


def may_call_jump(doses: DoseTests) -> bool:
    """Whether a jump may be spoken of: it is there, surely leads up, and is greater than the
    placebos'.
    """
    shown = doses.get("reporters")
    if shown is None or shown.jump is None or shown.jump.at is None:
        return False
    if shown.jump.ratio_low is None or shown.jump.ratio_low <= 1.0:
        return False
    return shown.jump.p <= JUMP_LEVEL and shown.placebo_rank_p <= JUMP_LEVEL
