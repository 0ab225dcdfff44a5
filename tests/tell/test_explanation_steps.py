"""The steps between the two leading explanations add up to the weight that is told.

The levers are there only where they may be.
"""

import math

import pytest

from birdfall.record.record import from_tables
from birdfall.tell.blocks import unfolded
from birdfall.tell.page import Page
from birdfall.tell.sections.explanations import section
from birdfall.tell.words import LANGUAGES, words


@pytest.fixture(scope="module")
def finding():
    from birdfall.explanations.evidence import CaseEvidence
    from birdfall.explanations.measure import explain_evidence

    known = {
        "log10_size": 3.8,
        "log10_excess": 3.0,
        "log10_duration_s": 2.8,
        "log_hazard_ratio": 2.3,
        "returned_share": (0.3, 0.9),
    }
    evidence = CaseEvidence(known, dict.fromkeys(known, "figures"))
    return explain_evidence("explanations-1", evidence, {})


def told(finding, language="en"):
    return list(
        unfolded(section(Page({"explanations-1": finding}, from_tables({}), words(language), str)))
    )


def log10(factor):
    return (1 if factor[0] == "×" else -1) * math.log10(float(factor[1:].replace(",", "")))


def test_the_steps_add_up(finding):
    [steps] = [b for b in told(finding) if b.kind == "steps"]
    best, second = finding.details["order"][:2]
    [ratio] = [
        r["log10_ratio"]
        for r in finding.table("ratios").to_pylist()
        if (r["cause"], r["against"]) == (best, second)
    ]
    # two digits a step
    assert sum(log10(r.factor) for r in steps.rows) == pytest.approx(
        ratio, abs=0.03 * len(steps.rows)
    )
    # the last bar ends where the weight lies: for or against, measured from the zero line
    last = steps.rows[-1].bar
    end = last.x + (last.width if last.supports else 0)
    assert (end >= steps.zero) == (ratio >= 0)
    assert all(0 <= r.bar.x <= steps.wide + 1 for r in steps.rows)


@pytest.mark.parametrize("language", LANGUAGES)
def test_levers_carry_the_evidence(finding, language):
    [prior] = [b for b in told(finding, language) if b.kind == "prior"]
    assert [c.log10 for c in prior.causes] == sorted((c.log10 for c in prior.causes), reverse=True)
    assert prior.causes[0].log10 == 0
    assert prior.own


def test_outside_what_was_simulated_there_are_no_levers(finding):
    outside = finding.replace(details={**finding.details, "set": []})
    blocks = told(outside)
    assert not {"prior", "steps", "table"} & {b.kind for b in blocks}, "nothing is ranked"
    assert words("en")("explanations.none") == blocks[0].text
