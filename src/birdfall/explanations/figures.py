"""The figures of a calibration: of figures.json and of what `birdfall calibrate` prints."""

from __future__ import annotations

from typing import TypedDict


class PairFigures(TypedDict):
    """How well ratios of one cause to another keep to their definition.

    mean: of all ratios. effective: worlds the mean rests on (Kish). reach: the ratio that enough
    worlds of the other cause still exceed. shared, error: mean of the ratios cut there over what it
    should be (1 if calibrated), and its standard error. estimable: whether it rests on enough
    worlds.
    """

    cause: str
    against: str
    mean: float
    effective: float
    reach: float
    shared: float
    error: float
    estimable: bool


class RatioCost(TypedDict):
    """Cllr in bits, over all pairs of causes."""

    mean: float
    worst: float


class ScoreFigures(TypedDict):
    """Scores of probabilities, every cause as heavy."""

    log_score_bits: float
    log_score: float
    brier: float
    accuracy: float
    reliability_error: float


class StressFigures(TypedDict):
    """Figures under one simulator of the stress ensemble; coverage by cause."""

    log_score: float
    reliability_error: float
    coverage: dict[str, float]


class LeftOutFigures(TypedDict):
    """Worlds of a make, with limits and thresholds from all others.

    outside: unlike all that was simulated, and not counted in what follows. held: with the true
    cause in the set. sure: said 0.99 or more, and of these right. one_left: with one cause left,
    and of these wrong. off: reliability error of what is said.
    """

    worlds: int
    outside: int
    held: int
    sure: int
    sure_right: int
    one_left: int
    one_left_wrong: int
    off: float


class OtherWorlds(TypedDict):
    """What stays the same where weights are learnt from each half of the worlds alone."""

    same_set: float
    log10_ratio_apart: float


class TierFigures(ScoreFigures):
    """The figures of one way of looking.

    coverage, coverage_wide: by cause, of the sets of the reference alone and of those used.
    decided, decided_narrow, empty: shares of worlds with one cause left, by both, and with none.
    wrong_when_decided: of those with one. churn_left_out, churn_verdicts: shares of worlds in which
    nothing happened without churn in the set, and with another cause alone. misleading: by ratio.
    stress: by simulator. left_out: by make.
    """

    coverage: dict[str, float]
    coverage_wide: dict[str, float]
    decided: float
    decided_narrow: float
    empty: float
    wrong_when_decided: float
    churn_left_out: float
    churn_verdicts: float
    ratios: list[PairFigures]
    cost_of_ratios: RatioCost
    misleading: dict[str, float]
    other_worlds: OtherWorlds
    stress: dict[str, StressFigures]
    left_out: dict[str, LeftOutFigures]


class WorldCounts(TypedDict):
    """Worlds in each part of the reference."""

    learn: int
    tune: int
    calibrate: int
    measure: int
    stress: dict[str, int]
    makes: dict[str, int]


class CalibrationFigures(TypedDict):
    """All figures: digest and sizes of the reference, and the figures by way of looking."""

    digest: str
    worlds: WorldCounts
    tiers: dict[str, TierFigures]


class SecondOpinion(TypedDict):
    """Boosted trees beside the weighing: log scores, and how often the leading cause is the same.

    agree_when_decided: of worlds in which one cause is ten times as likely as any other; None if
    there is no such world.
    """

    log_score_bits: float
    trees_log_score_bits: float
    agree: float
    agree_when_decided: float | None
