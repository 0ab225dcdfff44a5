"""Accounts that were made together are found, beside how many of the others were made then."""

import numpy as np
import pyarrow as pa
import pytest

from birdfall.kernels.crowding import most_crowded_window
from birdfall.measures.creations import applies_to, creations
from birdfall.measures.waves.power import crowding_of
from birdfall.model.errors import UsageError
from birdfall.model.schemas import TIME
from birdfall.record.record import from_tables
from builders import statuses

DAY = 86_400_000_000
BEGIN = 1_200_000_000_000_000


def record(days, fallen=0):
    """Accounts made on these days, of which the first ones were suspended."""
    when = pa.array([BEGIN + int(d * DAY) for d in days], pa.int64()).cast(TIME)
    tables = {"accounts": pa.table({"account": [f"a{i}" for i in range(len(days))],
                                    "created_at": when})}  # fmt: skip
    if fallen:
        rows = [(f"a{i}", "suspended", BEGIN + 4000 * DAY + i) for i in range(fallen)]
        tables["statuses"] = statuses(rows)
    return from_tables(tables)


def growth(number, seed=3):
    """Days on which newcomers joined a platform that grows fourfold in eight years."""
    return 2900 * np.random.default_rng(seed).beta(1.6, 1, number)


def test_714_of_943_made_in_one_week_are_found():
    week = 1500 + np.random.default_rng(1).random(714) * 7
    finding = creations(record(np.r_[week, growth(229)]))
    assert finding.answer == "found"
    assert finding["in_bursts"].value >= 714
    named = set(finding.table("members").column("account").to_pylist())
    assert {f"a{i}" for i in range(714)} <= named


def test_a_growing_platform_is_no_burst_and_what_would_have_been_found_is_found():
    finding = creations(record(growth(800)))
    assert finding.answer == "nothing"
    farm = 700 + np.linspace(0, 6.9, finding["smallest_1w"].value)
    assert creations(record(np.r_[farm, growth(800)])).answer == "found"


def test_the_fallen_are_asked_beside_the_others():
    """A surge of newcomers takes as large a share of the others."""
    rng = np.random.default_rng(5)
    fallen = np.r_[900 + rng.random(150) * 5, growth(100)]
    others = np.r_[900 + rng.random(60) * 5, growth(300, 9)]
    finding = creations(record(np.r_[fallen, others], fallen=250))
    assert finding.details["population"] == "fallen" and finding["accounts"].value == 250
    [burst] = finding.table("bursts").to_pylist()
    assert burst["share"] > 0.5 and 55 <= burst["others"] <= 65
    assert [n.code for n in finding.limits] == ["made-together-is-not-by-one-hand"]


def test_chosen_accounts_are_asked_and_unknown_ones_are_refused():
    days = np.r_[500 + np.linspace(0, 3, 60), growth(100)]
    chosen = [f"a{i}" for i in range(120)]
    assert creations(record(days), accounts=chosen)["accounts"].value == 120
    with pytest.raises(UsageError, match="does not know the account"):
        creations(record(days), accounts=["nobody"])


@pytest.mark.parametrize(
    ("days", "code"),
    [
        (np.arange(29), "too-few-creation-dates"),
        (np.linspace(0, 0.4, 80), "made-within-days"),
    ],
)
def test_what_cannot_be_told_is_refused(days, code):
    finding = creations(record(days))
    assert finding.answer == "cannot" and finding.reasons[0].code == code


def test_months_are_no_days():
    first = np.array(["2013-01", "2013-02", "2014-07"] * 40, "datetime64[M]")
    table = pa.table({
        "account": [f"a{i}" for i in range(120)],
        "created_at": pa.array(first.astype("datetime64[us]").astype(np.int64)).cast(TIME),
    })  # fmt: skip
    [reason] = creations(from_tables({"accounts": table})).reasons
    assert reason.code == "creation-dates-are-months"
    assert applies_to(from_tables({})).code == "no-creation-dates"


def test_crowding_is_that_of_the_kernel():
    counts = np.array([1.0, 0, 9, 0, 2, 0, 0, 1])
    value, _, length = most_crowded_window(counts, np.ones(8, bool), 2)
    assert length == 1 and np.isclose(value, crowding_of(9, 13, 1 / 8))
