"""Follower counts alone: a fall is told from growth, and a real, acknowledged clean-up is found by
the scan itself.
"""

import datetime as dt

import numpy as np
import pyarrow.parquet as pq
import pytest

from birdfall.measures.follower_counts import applies_to, follower_counts
from birdfall.model.schemas import TIME
from birdfall.record.record import from_tables
from builders import counts

DAY_US = 86_400_000_000
START = dt.datetime(2018, 3, 1, 8, tzinfo=dt.UTC)


def record(levels):
    """levels: {account: followers per day}; NaN: not counted that day."""
    rows = [
        (a, START + dt.timedelta(days=d), int(v))
        for a, series in levels.items()
        for d, v in enumerate(series)
        if np.isfinite(v)
    ]
    return from_tables({"counts": counts(rows)})


def growing(rng, days=90, start=10_000.0, growth=20.0, noise=6.0):
    return start + np.cumsum(growth + noise * rng.standard_normal(days))


def test_net_and_gross_of_a_planted_fall():
    rng = np.random.default_rng(1)
    levels = {f"a{i}": growing(rng) for i in range(30)}
    levels["leader"] = growing(rng, start=50_000, growth=100)
    levels["leader"][60:] -= 2_000
    levels["control"] = growing(rng, start=50_000, growth=100)
    levels["control"][60:] -= 200
    for i in range(12):
        levels[f"a{i}"][60:] -= 300
    finding = follower_counts(record(levels), leaders=("leader",), controls=("control",))
    top = finding.table("waves").to_pylist()[0]
    assert top["start"].date() == (START + dt.timedelta(days=60)).date()
    drops = {d["account"]: d for d in finding.table("drops").to_pylist() if d["wave"] == 1}
    assert drops["leader"]["gross_low"] <= 2_000 <= drops["leader"]["gross_high"]
    assert drops["leader"]["gross"] > -drops["leader"]["net"], "gross is net and the growth it hid"
    (ratio,) = finding.table("ratios").to_pylist()
    assert ratio["low"] <= 10 <= ratio["high"]


def test_a_profile_that_was_itself_down_is_no_loss_of_followers():
    """2013: a suspended minister's count read 1 of 32,000, and 17,000 hours later."""
    rng = np.random.default_rng(3)
    levels = {f"a{i}": growing(rng) for i in range(30)}
    for i in range(10):
        levels[f"a{i}"][60:] -= 300
    levels["minister"] = growing(rng, start=32_000, growth=30)
    levels["minister"][60] = 1
    levels["minister"][61] = 17_000
    finding = follower_counts(record(levels), leaders=("minister", "a0"), controls=("a20",))
    top = finding.table("waves").to_pylist()[0]
    assert top["start"].date() == (START + dt.timedelta(days=60)).date()
    assert top["accounts"] == 30 and top["largest_account"] != "minister"
    assert 2_500 < top["gross"] < 4_500
    assert {r["leader"] for r in finding.table("ratios").to_pylist()} == {"a0"}
    assert [n.values for n in finding.limits if n.code == "profiles-rebuilt"] == [{"accounts": 1}]
    assert {d["account"] for d in finding.table("drops").to_pylist() if d["rebuilt"]} == {
        "minister"
    }


def test_one_profile_alone_makes_no_fall():
    rng = np.random.default_rng(4)
    levels = {f"a{i}": growing(rng) for i in range(5)}
    levels["minister"] = growing(rng, start=32_000, growth=30)
    levels["minister"][60:] = 1
    assert follower_counts(record(levels)).answer == "nothing"


def test_growth_alone_is_no_fall():
    rng = np.random.default_rng(2)
    found = sum(
        follower_counts(record({f"a{i}": growing(rng) for i in range(30)})).answer == "found"
        for _ in range(6)
    )
    assert found <= 1


def test_days_without_counts_are_not_falls():
    rng = np.random.default_rng(3)
    levels = {f"a{i}": growing(rng) for i in range(25)}
    for series in levels.values():
        series[40:47] = np.nan
    assert follower_counts(record(levels)).answer == "nothing"


def test_too_few_counts_are_refused():
    assert applies_to(from_tables({})).code == "no-counts"
    assert follower_counts(record({"a": [1.0, 2.0, 3.0]})).reasons[0].code == "too-few-counts"


def test_the_clean_up_of_july_2018(real):
    table = pq.read_table(real("follower-counts-2018/counts.parquet"))
    data = table.select(["account", "followers"]).append_column(
        "time", table.column("time").cast(TIME)
    )
    finding = follower_counts(from_tables({"counts": data}))
    top = finding.table("waves").to_pylist()[0]
    assert top["start"].date() in (dt.date(2018, 7, 12), dt.date(2018, 7, 13))
    assert top["largest_hazard"] == pytest.approx(0.41, abs=0.02)
    assert top["median_hazard"] < 0.01
    assert top["gross_low"] <= top["gross"] <= top["gross_high"]
    assert "widespread-not-targeted" in {note.code for note in finding.limits}
    assert finding["waves"].value <= 8


def test_days_without_counts_are_gaps_and_the_change_over_them_is_no_fall():
    rng = np.random.default_rng(5)
    days = np.r_[0:40, 42:60, 79:110]  # two days and nineteen days are missing
    rows = []
    for a in range(30):
        level = 90_000 - 60 * np.arange(110) + np.cumsum(rng.integers(-4, 5, 110))
        rows += [(f"a{a}", int(d) * DAY_US, int(level[d])) for d in days]
    finding = follower_counts(from_tables({"counts": counts(rows)}))
    assert finding.answer == "nothing"
    (gap,) = [n for n in finding.limits if n.code == "gaps-in-coverage"]
    assert gap.values["share"] == pytest.approx(21 / 110)


def test_a_fall_sums_only_accounts_that_surely_lost():
    rng = np.random.default_rng(6)
    rows = []
    for a in range(60):
        spread = 400 if a >= 20 else 4  # most accounts wander widely
        level = 50_000 + 10 * np.arange(90) + np.cumsum(rng.normal(0, spread, 90)).astype(int)
        if a < 20:
            level[60:] -= 300
        rows += [(f"a{a}", d * DAY_US, int(level[d])) for d in range(90)]
    finding = follower_counts(from_tables({"counts": counts(rows)}))
    wave = finding.table("waves").to_pylist()[0]
    drops = {d["account"]: d for d in finding.table("drops").to_pylist() if d["wave"] == 1}
    hit = [d for d in drops.values() if d["gross_low"] > 0]
    assert wave["accounts_hit"] == len(hit) < 40 and wave["gross_low"] > 0
    assert wave["gross"] == pytest.approx(sum(d["gross"] for d in hit))
    assert wave["gross"] > 20 * 250


def test_growth_that_slows_is_not_told_as_a_loss_alone():
    rows = []
    for a in range(40):
        gain = np.full(80, 500)
        gain[50] = 40  # a day on which few came
        level = 10_000 + np.cumsum(gain) + np.random.default_rng(a).integers(-3, 4, 80)
        rows += [(f"a{a}", d * DAY_US, int(level[d])) for d in range(80)]
    finding = follower_counts(from_tables({"counts": counts(rows)}))
    assert finding.table("waves").column("net").to_pylist()[0] > 0
    assert "growth-slowed" in {n.code for n in finding.limits}
