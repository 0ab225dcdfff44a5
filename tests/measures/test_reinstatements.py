"""Reinstatements that come at once are found, and what only looks so is told as what it is."""

import numpy as np
import pytest

from birdfall.measures.reinstatements import applies_to, reinstatements
from birdfall.record.record import from_tables
from builders import statuses

HOUR = 3_600_000_000
BEGIN = 1_614_556_800_000_000


def record(fell, back):
    """Accounts that fell and came back at these hours; nan: did not come back."""
    rows = [(f"a{i}", "suspended", BEGIN + int(t * HOUR)) for i, t in enumerate(fell)]
    rows += [
        (f"a{i}", "active", BEGIN + int(t * HOUR)) for i, t in enumerate(back) if np.isfinite(t)
    ]
    return from_tables({"statuses": statuses(rows)})


@pytest.fixture(scope="module")
def months():
    """Hours of falls and returns of two ordinary months."""
    rng = np.random.default_rng(8)
    fell = np.sort(rng.random(600)) * 1400
    return fell, np.where(rng.random(600) < 0.6, fell + rng.exponential(60, 600), np.nan)


def test_ordinary_returns_are_none_and_what_would_have_been_found_is_said(months):
    finding = reinstatements(record(*months))
    assert finding.answer == "nothing"
    assert 5 < finding["smallest_1d"].value < 200


def test_one_decision_is_found_with_its_members(months):
    fell, back = (a.copy() for a in months)
    chosen = np.flatnonzero(np.isnan(back) & (fell < 900))
    back[chosen] = 1000 + np.linspace(0, 2, len(chosen))
    finding = reinstatements(record(fell, back))
    [burst] = finding.table("bursts").to_pylist()
    assert burst["size_low"] <= len(chosen) <= burst["size_high"] and not burst["ran_out"]
    named = set(finding.table("members").column("account").to_pylist())
    assert {f"a{i}" for i in chosen} <= named


def test_temporary_suspensions_that_end_are_told_as_such(months):
    fell, back = months
    wave = 500 + np.linspace(0, 6, 300)
    finding = reinstatements(record(np.r_[fell, wave], np.r_[back, wave + 72]))
    [burst] = finding.table("bursts").to_pylist()
    assert burst["ran_out"]
    assert [n.code for n in finding.limits] == ["times-ran-out"]


def test_too_few_have_no_usual_rate():
    few = record(np.arange(30.0), np.r_[np.arange(19) + 5.0, [np.nan] * 11])
    assert applies_to(few).code == "too-few-reinstated"
    assert reinstatements(few).answer == "cannot"
    assert applies_to(from_tables({})).code == "no-statuses"
