"""Waves: planted ones are found whole, quiet worlds stay quiet, real days are not called waves by
the hundred.
"""

import csv
import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from scipy import stats

from birdfall.measures.waves import applies_to, waves, waves_from_counts
from birdfall.model.schemas import TIME
from birdfall.record.record import from_tables
from builders import after as moment
from builders import coverage as covered
from builders import falls
from tiers import some_fast

START = dt.datetime(2013, 9, 19, tzinfo=dt.UTC)
DAY = 86400.0


def record(seconds, *, days=42.0, coverage=(), after=None, extra=None):
    """Accounts that fell at `seconds` after START, in a record watched for `days`."""
    earlier = None if after is None else [moment(START, s) for s in after]
    spans = [("watched", START, START + dt.timedelta(days=days))]
    spans += [("gap", moment(START, a), moment(START, b)) for a, b in coverage]
    tables = {
        "statuses": falls([moment(START, s) for s in seconds], earlier=earlier),
        "coverage": covered(spans),
    }
    return from_tables(tables | (extra or {}))


def quiet(rng, days=42.0, per_day=200.0, size=2.0):
    """Over-dispersed, seasonal suspensions: gamma-modulated hours with a day and night."""
    found = []
    level = 1.0
    for hour in range(int(days * 24)):
        level = np.exp(0.9 * np.log(level) + 0.15 * rng.normal())
        season = 1 + 0.7 * np.sin(2 * np.pi * hour / 24)
        rate = per_day / 24 * season * level * rng.gamma(size, 1 / size)
        found.append(hour * 3600 + rng.random(rng.poisson(rate)) * 3600)
    return np.sort(np.concatenate(found))


@pytest.mark.parametrize("seed", some_fast([1, 2, 3], 1))
def test_a_planted_wave_is_found_whole(seed):
    rng = np.random.default_rng(seed)
    onset = 30 * DAY + 3600 * rng.uniform(0, 24)
    planted = onset + np.sort(rng.random(2000)) * 600
    finding = waves(record(np.r_[quiet(rng), planted]), replicates=199, seed=seed)
    assert finding.answer == "found"
    (wave,) = finding.table("waves").to_pylist()
    assert wave["size"] == pytest.approx(2000, rel=0.02)
    assert wave["size_low"] <= 2000 <= wave["size_high"]
    first = START + dt.timedelta(seconds=planted[0])
    assert (
        wave["onset_low"] - dt.timedelta(seconds=1)
        <= first
        <= wave["onset_high"] + dt.timedelta(seconds=1)
    )
    # 3.3 a second begin to show at once: the set of plausible onsets is seconds, not back to
    # whoever fell last before
    assert wave["onset_high"] - wave["onset_low"] < dt.timedelta(seconds=10)
    assert wave["peak_per_minute"] >= 200
    assert finding.table("members").num_rows == wave["observed"]
    assert 0.01 >= wave["p_value"] > 0


def test_a_wave_of_thousands_keeps_its_exact_edges():
    rng = np.random.default_rng(8)
    planted = 30 * DAY + np.sort(rng.random(9000)) * 600
    (wave,) = waves(record(np.r_[quiet(rng), planted]), replicates=99).table("waves").to_pylist()
    assert wave["size"] == pytest.approx(9000, rel=0.002)
    assert abs((wave["start"] - START).total_seconds() - planted[0]) < 1
    assert abs((wave["end"] - START).total_seconds() - planted[-1]) < 1


@pytest.mark.parametrize(("worlds", "most"), some_fast([(4, 0), (12, 1)], 1))
def test_quiet_worlds_yield_no_wave(worlds, most):
    false = sum(
        waves(
            record(quiet(np.random.default_rng(seed), days=35, per_day=120)),
            replicates=99,
            alpha=0.02,
        ).answer
        == "found"
        for seed in range(worlds)
    )
    assert false <= most


def test_a_restoration_or_a_limit_is_no_wave():
    n = 300
    at = pa.array([START + dt.timedelta(seconds=10 * DAY + i) for i in range(n)], TIME)
    table = pa.table(
        {
            "account": [f"a{i}" for i in range(n)],
            "status": ["limited"] * n,
            "time": at,
            "observation": ["change"] * n,
        }
    )
    base = (
        record(quiet(np.random.default_rng(5)))
        .table("statuses")
        .select(["account", "status", "time", "observation"])
    )
    base = base.set_column(
        0, "account", pc.binary_join_element_wise(base["account"], pa.scalar("x"), "-")
    )
    assert (
        waves(from_tables({"statuses": pa.concat_tables([base, table])}), replicates=99).answer
        == "nothing"
    )


def test_a_gap_is_not_taken_for_silence():
    rng = np.random.default_rng(7)
    seconds = quiet(rng, per_day=400)
    gap = (12 * DAY, 15 * DAY)
    seconds = seconds[(seconds < gap[0]) | (seconds > gap[1])]
    finding = waves(record(seconds, coverage=[gap]), replicates=99)
    assert finding.answer == "nothing"
    series = finding.table("series").to_pylist()
    inside = [
        s
        for s in series
        if s["from"] >= START + dt.timedelta(days=12.2)
        and s["to"] <= START + dt.timedelta(days=14.8)
    ]
    assert inside and not any(s["covered"] for s in inside)
    assert "gaps-in-coverage" in {note.code for note in finding.limits}


def test_detection_days_are_not_read_as_moments():
    rng = np.random.default_rng(3)
    days = np.repeat(np.arange(1, 200), rng.negative_binomial(3, 3 / 33, 199))
    days = np.r_[days, np.full(600, 120)]
    finding = waves(record(days * DAY, days=200, after=(days - 1) * DAY), replicates=199)
    top = finding.table("waves").to_pylist()[0]
    assert top["start"] == START + dt.timedelta(days=120)
    assert top["onset_high"] - top["onset_low"] == dt.timedelta(days=1)
    # seen on day 120: every one of them fell on day 119, and nobody else
    assert top["certain_low"] == top["observed"] == top["certain_high"] == (days == 120).sum()
    assert finding.table("members").column("wave").to_pylist().count(1) == top["observed"]
    assert (top["onset_low"], top["onset_high"]) == (
        START + dt.timedelta(days=119),
        START + dt.timedelta(days=120),
    )
    assert top["peak_per_minute"] is None
    assert "times-known-within-intervals" in {note.code for note in finding.limits}


def test_a_gap_in_another_table_is_no_gap_here():
    table = record(quiet(np.random.default_rng(7)), coverage=[(12 * DAY, 15 * DAY)]).table(
        "coverage"
    )
    named = table.set_column(
        table.schema.get_field_index("what"), "what", pa.array(["statuses", "follows"])
    )
    statuses = record(quiet(np.random.default_rng(7))).table("statuses")
    finding = waves(from_tables({"statuses": statuses, "coverage": named}), replicates=19)
    assert finding.details["covered_share"] == 1.0


def test_what_the_fallen_share_is_named():
    rng = np.random.default_rng(11)
    seconds = np.r_[quiet(rng), 25 * DAY + rng.random(500) * 300]
    order = np.argsort(seconds, kind="stable")
    n = len(seconds)
    client = np.where(rng.random(n) < 0.1, "app X", rng.choice(["web", "phone", "tablet"], n))
    client[np.arange(n)[seconds >= 25 * DAY][-500:]] = "app X"
    is_wave = (seconds >= 25 * DAY) & (seconds <= 25 * DAY + 300)
    client = np.where(
        is_wave,
        np.where(rng.random(n) < 0.91, "app X", "web"),
        rng.choice(["web", "phone", "app X"], n, p=[0.6, 0.35, 0.05]),
    )
    acts = pa.table(
        {
            "account": [f"a{i}" for i in range(n)],
            "kind": ["post"] * n,
            "object": [f"p{i}" for i in range(n)],
            "time": pa.array([START] * n, TIME),
            "client": client.tolist(),
        }
    )
    assert len(order) == n
    finding = waves(record(seconds, extra={"acts": acts}), replicates=99)
    top = finding.table("waves").to_pylist()[0]
    assert (top["trigger"], top["trigger_value"]) == ("client", "app X")
    assert top["trigger_share"] == pytest.approx(0.91, abs=0.05)


@pytest.mark.parametrize(("recordings", "most"), some_fast([(8, 1), (20, 2)], 1))
@pytest.mark.parametrize("rate", [0.1, 1.0])
def test_a_short_quiet_recording_yields_no_wave(rate, recordings, most):
    false = 0
    for seed in range(recordings):
        rng = np.random.default_rng(seed)
        seconds = np.sort(rng.random(rng.poisson(170 * rate)) * 170)
        false += waves(record(seconds, days=170 / DAY), replicates=99, alpha=0.05).answer == "found"
    assert false <= most


def test_levels_that_wander_for_days_are_no_waves():
    false = 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        level = np.zeros(400)
        for day in range(1, 400):
            level[day] = 0.65 * level[day - 1] + np.sqrt(1 - 0.65**2) * rng.normal()
        counts = rng.poisson(1700 * stats.gamma(2.7, scale=1 / 2.7).ppf(stats.norm.cdf(level)))
        times = (np.arange(400) * DAY * 1e6).astype(np.int64)
        false += len(waves_from_counts(times, counts, alpha=0.05, replicates=99).waves) > 0
    assert false <= 3


def test_accounts_first_seen_fallen_are_no_wave():
    seconds = quiet(np.random.default_rng(2))
    fell = record(seconds).table("statuses")
    n = 800
    seen = pa.table(
        {
            "account": [f"s{i}" for i in range(n)],
            "status": ["suspended"] * n,
            "time": pa.array([START + dt.timedelta(days=20)] * n, TIME),
            "observation": ["seen"] * n,
        }
    )
    both = pa.concat_tables([fell.select(seen.schema.names), seen])
    finding = waves(
        from_tables({"statuses": both, "coverage": record(seconds).table("coverage")}),
        replicates=99,
    )
    assert finding.answer == "nothing"
    (note,) = [n for n in finding.limits if n.code == "fallen-when-first-seen"]
    assert note.values == {"accounts": n, "of": n + len(seconds)}


def test_falls_known_only_within_months_are_no_wave_of_the_day_they_were_found_out():
    rng = np.random.default_rng(6)
    seconds = quiet(rng)
    late = np.full(500, 33 * DAY)
    after = np.r_[seconds, rng.uniform(0, 20 * DAY, 500)]
    finding = waves(record(np.r_[seconds, late], after=after), replicates=99)
    assert finding.answer == "nothing"
    assert {"times-too-wide-to-scan"} <= {note.code for note in finding.limits}


def test_falls_known_loosely_are_shared_out_by_what_is_known_exactly():
    rng = np.random.default_rng(9)
    seconds = np.r_[quiet(rng), 25 * DAY + rng.random(1500) * 600]
    loose = np.full(300, 30 * DAY)
    finding = waves(
        record(np.r_[seconds, loose], after=np.r_[seconds, np.full(300, 20 * DAY)]), replicates=99
    )
    (wave,) = finding.table("waves").to_pylist()
    assert wave["certain_low"] == wave["observed"]
    assert wave["certain_high"] == wave["observed"] + 300
    # in those ten days 1,500 fell in the wave and some 2,000 else
    inside = ((seconds > 20 * DAY) & (seconds <= 30 * DAY)).sum()
    assert wave["likely"] == pytest.approx(wave["observed"] * (1 + 300 / inside), rel=0.01)


def test_no_statuses_is_a_refusal_with_its_reason():
    empty = from_tables({})
    assert applies_to(empty).code == "no-statuses"
    finding = waves(empty)
    assert finding.answer == "cannot"
    assert finding.reasons[0].values["needs"] == "statuses"


def test_the_same_seed_gives_the_same_finding():
    seconds = quiet(np.random.default_rng(1))
    one, two = (waves(record(seconds), replicates=99, seed=4).to_json() for _ in range(2))
    assert one == two


@pytest.mark.parametrize(("name", "size"), [("wave-ci", 80), ("wave-pds0.4.217", 200)])
def test_the_recorded_wave_is_found(real, name, size):
    rows = list(csv.DictReader(real(f"atproto-recordings/{name}-truth.csv").open()))
    said = [(r["did"], "active", r["created_at"]) for r in rows]
    said += [(r["did"], "taken_down", r["takedown_at"]) for r in rows if r["takedown_at"]]
    said += [(r["did"], "active", r["restored_at"]) for r in rows if r["restored_at"]]
    accounts, statuses, times = zip(*said, strict=True)
    times = [dt.datetime.fromisoformat(t.replace("Z", "+00:00")) for t in times]
    table = {
        "account": accounts,
        "status": statuses,
        "time": pa.array(times, TIME),
        "observation": ["change"] * len(said),
    }
    finding = waves(from_tables({"statuses": pa.table(table)}))
    (wave,) = finding.table("waves").to_pylist()
    assert wave["observed"] in (size, size + 1)
    truth = {r["did"] for r in rows if r["wave"] == "1"}
    assert truth <= set(finding.table("members").column("account").to_pylist())
    assert "short-history" in {note.code for note in finding.limits}


def test_real_days_are_not_waves_by_the_hundred(real):
    table = pq.read_table(real("suspensions-2022/suspensions.parquet"))
    day = table.column("suspended_observed").cast(TIME)
    statuses = pa.table(
        {
            "account": table.column("account").cast(pa.string()),
            "status": ["suspended"] * table.num_rows,
            "time": day,
            "after": pc.subtract(day, pa.scalar(86400 * 10**6, pa.duration("us"))),
            "observation": ["change"] * table.num_rows,
        }
    )
    finding = waves(from_tables({"statuses": statuses}))
    assert 1 <= finding["waves"].value <= 20
    assert finding["poisson_alarms"].value > 2 * finding["waves"].value
    assert finding.table("waves").to_pylist()[0]["start"].date() == dt.date(2022, 10, 29)
    assert finding["variance_to_mean"].value > 50


def test_real_daily_totals(real):
    rows = list(csv.DictReader(real("suspensions-2022/daily_totals.csv").open()))
    times = np.array(
        [
            int(dt.datetime.fromisoformat(r["report_date"] + "T00:00:00+00:00").timestamp() * 1e6)
            for r in rows
        ]
    )
    counts = np.array(
        [int(r["tracked_suspensions"]) + int(r["untracked_suspensions"]) for r in rows]
    )
    found = waves_from_counts(times, counts)
    assert 1 <= len(found.waves) <= 20
    assert found.poisson_alarms > 100
    assert found.variance_to_mean > 500


@pytest.mark.slow
def test_80_000_blocks_of_2013(real):
    """Exact to the second: a base rate with its season, and bursts of seconds as well as of
    hours.
    """
    table = pq.read_table(
        real("wikipedia-2013/blocks.parquet"), columns=["account", "action", "time"]
    )
    table = table.filter(pc.not_equal(table.column("action"), "reblock"))
    status = pc.if_else(pc.equal(table.column("action"), "unblock"), "active", "suspended")
    data = from_tables(
        {
            "statuses": pa.table(
                {
                    "account": table.column("account").cast(pa.string()),
                    "status": status,
                    "time": table.column("time").cast(TIME),
                    "observation": ["change"] * table.num_rows,
                }
            )
        }
    )
    finding = waves(data, attributes=False)
    rows = finding.table("waves").to_pylist()
    assert finding.details["season"] == "hour of week"
    assert 150 < finding["base_rate"].value < 250
    assert 5 <= len(rows) <= 25
    assert any(w["observed"] > 100 and w["duration_s"] < 60 for w in rows)
    assert any(w["observed"] > 100 and w["duration_s"] > 3600 for w in rows)
