"""Shares of the fallen, on worlds whose truth is known, and on tables made by hand."""

import datetime as dt
import gzip
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from birdfall.explanations.evidence import flagged_share
from birdfall.measures.automation import automation_of_accounts
from birdfall.measures.automation.matching import match_controls
from birdfall.measures.automation.signals import signals
from birdfall.record.record import from_tables
from birdfall.world.simulate import simulate

UTC = dt.UTC
BEFORE = dt.datetime(2020, 6, 1, tzinfo=UTC)


def us(moment):
    return int(moment.timestamp() * 1_000_000)


def stamps(moments):
    return pa.array(moments, pa.timestamp("us", tz="UTC"))


def of_world(name, seed=1, acts=1_200_000):
    world = simulate(
        name, seed=seed, accounts=30_000, acts=acts, fallen=3_500, fallen_followers=3_300
    )
    record = world.record()
    fell = world.truth["falls"].filter(world.truth["falls"]["wave"])
    state = dict(
        zip(*(world.truth["accounts"][c].to_pylist() for c in ("account", "state")), strict=True)
    )
    ids = fell["account"].to_pylist()
    before = int(fell["time"].cast(pa.int64()).to_numpy().min())
    found = automation_of_accounts(
        record, record.ids.encode(pa.array(ids)), before, leaders=list(world.settings.leaders)
    )
    return found, {
        s: sum(state[i] == s for i in ids) / len(ids)
        for s in ("inauthentic", "with app", "by hand")
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["caracas-2013-error", "caracas-2013-purge", "caracas-2013-targeted"]
)
def test_the_truth_lies_within_the_bounds(name):
    found, truth = of_world(name)
    assert found.simulated
    for share, true in (
        ("inauthentic", truth["inauthentic"]),
        ("automated_authentic", truth["with app"]),
        ("manual", truth["by hand"]),
    ):
        low, high = found[share].low, found[share].high
        assert low - 1e-9 <= true <= high + 1e-9, (share, low, true, high)


@pytest.mark.slow
def test_each_cause_shows_what_it_should():
    error, _ = of_world("caracas-2013-error")
    assert error.answer == "found"
    assert error["automated"].low > 0.2
    signs = error.table("signals")["signal"].to_pylist()
    assert signs[0] == "client", "a rule on one app's accounts"
    assert "quick" in signs[:3]
    purge, _ = of_world("caracas-2013-purge")
    # few of the accounts this world makes to order look it; what can be seen is seen, and bounded
    assert purge["inauthentic"].low > 0.2
    assert purge["manual"].high < 0.8
    targeted, _ = of_world("caracas-2013-targeted")
    assert targeted.answer == "nothing"
    assert "nothing-visible-is-not-manual" in {n.code for n in targeted.limits}
    assert (targeted["inauthentic"].low, targeted["inauthentic"].high) == (0.0, 1.0)
    # to the explanations it says something only where it is bounded
    assert flagged_share(targeted) == {}
    low, high = flagged_share(purge).get("flagged_share", (0.0, 1.0))
    assert 0.2 < low < high


def profiles(number, rng, *, bought):
    return {
        "handle": [
            f"h{'7' * int(d)}"
            for d in (rng.integers(4, 9, number) if bought else rng.integers(0, 3, number))
        ],
        "description": [
            "" if bought and rng.random() < 0.9 else f"words of account {rng.integers(1e9)}"
            for _ in range(number)
        ],
        "followers": (
            rng.integers(0, 20, number) if bought else rng.integers(50, 900, number)
        ).tolist(),
        "following": rng.integers(200, 900, number).tolist(),
        "created_at": [BEFORE - dt.timedelta(days=int(d)) for d in rng.integers(30, 900, number)],
    }


def a_record(bought, people, controls, seed=0):
    rng = np.random.default_rng(seed)
    parts = [
        profiles(bought, rng, bought=True),
        profiles(people, rng, bought=False),
        profiles(controls, rng, bought=False),
    ]
    names = [f"a{i}" for i in range(bought + people + controls)]
    columns = {k: [v for p in parts for v in p[k]] for k in parts[0]}
    columns["created_at"] = stamps(columns["created_at"])
    fell = names[: bought + people]
    statuses = {
        "account": fell,
        "status": ["suspended"] * len(fell),
        "observation": ["change"] * len(fell),
        "time": stamps([BEFORE] * len(fell)),
    }
    record = from_tables(
        {"accounts": pa.table({"account": names, **columns}), "statuses": pa.table(statuses)}
    )
    return record, record.ids.encode(pa.array(fell))


def test_bought_profiles_are_seen_and_people_are_not():
    record, fallen = a_record(240, 160, 600)
    found = automation_of_accounts(record, fallen, us(BEFORE))
    assert found["inauthentic"].low > 0.4
    assert found["inauthentic"].value == pytest.approx(0.6, abs=0.07)
    assert found["automated"].value is None, "no acts, no timing"
    assert {n.code for n in found.reasons} == {"too-few-known-by-timing"}
    record, fallen = a_record(0, 400, 600)
    assert automation_of_accounts(record, fallen, us(BEFORE)).answer == "nothing"


def test_fallen_without_their_like_may_be_anything():
    """What they have in common must not vanish with them: the upper bound makes room for them."""
    record, fallen = a_record(200, 200, 600)
    first = automation_of_accounts(record, fallen, us(BEFORE))
    table = record.sql("SELECT * FROM accounts")
    lonely = set(record.ids.decode(fallen[:150]).to_pylist())
    none = pa.array(
        [
            None if a in lonely else h
            for a, h in zip(table["account"].to_pylist(), table["handle"].to_pylist(), strict=True)
        ],
        pa.string(),
    )
    without = from_tables(
        {
            "accounts": table.set_column(table.schema.get_field_index("handle"), "handle", none),
            "statuses": record.sql("SELECT * FROM statuses"),
        }
    )
    found = automation_of_accounts(
        without, without.ids.encode(record.ids.decode(fallen)), us(BEFORE)
    )
    [note] = [n for n in found.limits if n.code == "fallen-without-like"]
    assert note.values["accounts"] == 150
    assert found["inauthentic"].low < first["inauthentic"].low
    assert found["inauthentic"].high == 1.0


def test_too_few_are_refused_with_the_reason():
    record, fallen = a_record(20, 10, 600)
    found = automation_of_accounts(record, fallen, us(BEFORE))
    assert found.answer == "cannot"
    assert {n.code for n in found.reasons} == {
        "too-few-known-by-timing",
        "too-few-known-by-profile",
    }
    record, fallen = a_record(200, 100, 20)
    assert automation_of_accounts(record, fallen, us(BEFORE)).answer == "cannot"


def test_what_came_after_the_wave_is_not_looked_at():
    moments = [BEFORE - dt.timedelta(hours=h) for h in range(1, 40)]
    late = [BEFORE + dt.timedelta(hours=h) for h in range(1, 40)]
    acts = {
        "account": ["a"] * 78,
        "kind": ["post"] * 78,
        "object": [f"p{i}" for i in range(78)],
        "time": stamps(moments + late),
    }
    record = from_tables({"acts": pa.table(acts)})
    assert signals(record, us(BEFORE)).acts.tolist() == [39]


def test_matching_gives_up_the_last_trait_first():
    first = np.array([0] * 40 + [1] * 40)
    second = np.array([0] * 20 + [1] * 20 + [0] * 38 + [1] * 2)
    fallen, others = np.array([0, 1, 21, 41, 79]), np.setdiff1d(np.arange(80), [0, 1, 21, 41, 79])
    found = match_controls(fallen, others, [first, second])
    assert found.unmatched == 0
    assert found.weight.sum() == pytest.approx(5)
    # 79 has one like it only, so it is compared with all of its first trait
    assert found.weight[first[found.controls] == 1].sum() == pytest.approx(2)
    alone = match_controls(np.array([0]), np.array([41, 42]), [first])
    assert alone.unmatched == 1
    assert len(alone.fallen) == 0


SETS = Path("../shared/data/labelled-profiles")


@pytest.mark.skipif(not SETS.is_dir(), reason="no labelled profiles here")
def test_on_labelled_profiles_the_bounds_hold_and_the_visible_share_is_near():
    sys.path.insert(0, "benchmarks")
    try:
        import automation as benchmark
    finally:
        sys.path.remove("benchmarks")
    with gzip.open(SETS / "mib-2015.csv.gz"):
        values, created, labels = benchmark.read(SETS / "mib-2015.csv.gz")
    made = np.array([lab == "fake_follower" for lab in labels])
    rng = np.random.default_rng(5)
    robots, people = rng.permutation(np.flatnonzero(made)), rng.permutation(np.flatnonzero(~made))
    found = benchmark.measured(
        values, created, np.concatenate([robots[:200], people[:200]]), people[200:]
    )["inauthentic"]
    assert found.low <= 0.5 <= found.high
    assert found.value == pytest.approx(0.5, abs=0.06)
