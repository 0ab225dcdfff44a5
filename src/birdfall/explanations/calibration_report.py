"""The figures of the calibration as Markdown tables.

`birdfall calibrate` prints them, and docs/methods/explanations.md holds them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from birdfall.explanations.calibration import Z_95
from birdfall.explanations.figures import CalibrationFigures, SecondOpinion
from birdfall.explanations.other_makes import left_out_together


def calibration_tables(found: CalibrationFigures) -> str:
    """Scores and coverage, ratios in short, and every estimable pair of causes.

    By way of looking.
    """
    return "\n\n".join((_left_out(found), _scores(found), _ratios(found), _pairs(found)))


def _left_out(found: CalibrationFigures) -> str:
    head = [
        "way of looking",
        "make left out",
        "worlds told",
        "cause in the set",
        "said 0.99 or more",
        "of these true",
        "one left",
        "of these wrong",
        "off by",
    ]
    rows = []
    for tier, f in found["tiers"].items():
        makes = f["left_out"]
        together = left_out_together(makes)
        for make, m in (*makes.items(), ("all", together)):
            told = m["worlds"] - m["outside"]
            rows.append(
                [
                    tier,
                    make,
                    f"{told}",
                    _share_of(m["held"], told),
                    f"{m['sure']}",
                    _share_of(m["sure_right"], m["sure"]),
                    f"{m['one_left']}",
                    _share_of(m["one_left_wrong"], m["one_left"]),
                    f"{m['off']:.3f}",
                ]
            )
    return _table(head, rows)


def second_opinion_table(found: Mapping[str, SecondOpinion]) -> str:
    """The second opinion, by way of looking."""
    head = [
        "way of looking",
        "log score (bits)",
        "of the trees",
        "same leading cause",
        "where one is ten times as likely",
    ]
    rows = [
        [
            tier,
            f"{f['log_score_bits']:.2f}",
            f"{f['trees_log_score_bits']:.2f}",
            f"{f['agree']:.1%}",
            _share(f["agree_when_decided"]),
        ]
        for tier, f in found.items()
    ]
    return _table(head, rows)


def _scores(found: CalibrationFigures) -> str:
    head = [
        "way of looking",
        "log score (bits)",
        "Brier",
        "reliability error",
        "stressed, at most",
        "coverage, least",
        "most",
        "stressed, least",
        "one left",
        "of these wrong",
        "churn called a cause",
    ]
    rows = []
    for tier, f in found["tiers"].items():
        stressed = f["stress"].values()
        rows.append(
            [
                tier,
                f"{f['log_score_bits']:.2f}",
                f"{f['brier']:.3f}",
                f"{f['reliability_error']:.3f}",
                f"{max(s['reliability_error'] for s in stressed):.3f}",
                f"{min(f['coverage'].values()):.3f}",
                f"{max(f['coverage'].values()):.3f}",
                f"{min(min(s['coverage'].values()) for s in stressed):.3f}",
                f"{f['decided']:.0%}",
                f"{f['wrong_when_decided']:.1%}",
                f"{f['churn_verdicts']:.2%}",
            ]
        )
    return _table(head, rows)


def _ratios(found: CalibrationFigures) -> str:
    head = [
        "way of looking",
        "pairs estimable",
        "mean ratio, least",
        "most",
        "Cllr (bits), mean",
        "worst pair",
        "misleading by 10, at most",
        "by 100",
        "same set from other worlds",
        "log10 ratios apart",
    ]
    rows = []
    for tier, f in found["tiers"].items():
        means = [r["shared"] for r in f["ratios"] if r["estimable"]]
        ends = [f"{min(means):.2f}", f"{max(means):.2f}"] if means else ["n/a", "n/a"]
        rows.append(
            [
                tier,
                f"{len(means)} of {len(f['ratios'])}",
                *ends,
                f"{f['cost_of_ratios']['mean']:.3f}",
                f"{f['cost_of_ratios']['worst']:.3f}",
                *(f"{f['misleading'][k]:.2%}" for k in ("10", "100")),
                f"{f['other_worlds']['same_set']:.1%}",
                f"{f['other_worlds']['log10_ratio_apart']:.2f}",
            ]
        )
    return _table(head, rows)


def _pairs(found: CalibrationFigures) -> str:
    head = [
        "way of looking",
        "ratio of",
        "against",
        "mean, cut",
        "95 % interval",
        "cut at",
        "mean, whole",
        "rests on worlds",
    ]
    rows = []
    for tier, f in found["tiers"].items():
        for r in f["ratios"]:
            if r["estimable"]:
                half = Z_95 * r["error"]
                rows.append(
                    [
                        tier,
                        r["cause"],
                        r["against"],
                        f"{r['shared']:.2f}",
                        f"{r['shared'] - half:.2f} to {r['shared'] + half:.2f}",
                        f"{r['reach']:.1f}",
                        f"{r['mean']:.2f}",
                        f"{r['effective']:.0f}",
                    ]
                )
    return _table(head, rows)


def _share_of(part: int, whole: int) -> str:
    return _share(part / whole if whole else None)


def _share(share: float | None) -> str:
    return "n/a" if share is None else f"{share:.1%}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(
        "| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)
    )
